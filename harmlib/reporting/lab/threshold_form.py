"""The fields of the threshold lab: which model, which threshold, for what, at which costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from harmlib.reporting.lab.item_rows import ALL, KINDS
from harmlib.reporting.text.certainty import OBJECTIVES

BY_HAND, OPERATING_THRESHOLD, COST = "by_hand", "operating_threshold", "cost"
LIMITS = {"precision@recall>=": 0.95, "recall@precision>=": 0.95, "recall@flagged<=": 0.5}
# What a person can choose as the objective.
OFFERED = {
    BY_HAND: "직접 조정",
    OPERATING_THRESHOLD: "보고서의 운영 threshold",
    **{name: OBJECTIVES[name] for name in ("f1", "fbeta:2", "mcc", "youden")},
    "precision@recall>=": "Recall 하한을 지키며 Precision 최대",
    "recall@precision>=": "Precision 하한을 지키며 Recall 최대",
    "recall@flagged<=": "검토량 상한을 지키며 Recall 최대",
    COST: "비용 최소(아래에 적은 비용으로)",
}
_WRAP = {"flex_flow": "row wrap"}


def field(kind: type[widgets.Widget], name: str, **options: Any) -> widgets.Widget:
    """Make a field whose label stands in front of it.

    Parameters
    ----------
    kind : type
        Of the widget.
    name : str
        Its label.
    **options
        Of the widget.

    Returns
    -------
    ipywidgets.Widget

    Examples
    --------
    >>> field(widgets.Dropdown, "모델", options=["a"]).description
    '모델'
    """
    look = {"style": {"description_width": "8em"}, "layout": {"width": "24em", "max_width": "100%"}}
    return kind(description=name, **look | options)


def offer(chosen: widgets.Dropdown, values: Sequence[int], wanted: int | None) -> None:
    """Offer other values, and keep the wanted one where it is among them.

    Parameters
    ----------
    chosen : Dropdown
        It is changed.
    values : sequence of int
        At least one.
    wanted : int or None
        Else the first is chosen.

    Examples
    --------
    >>> epochs = widgets.Dropdown()
    >>> offer(epochs, [1, 2], 2)
    >>> epochs.value
    2
    """
    chosen.options = values
    chosen.value = wanted if wanted in values else values[0]


def row(*parts: widgets.Widget) -> widgets.HBox:
    """Put widgets in a row that breaks where there is no room.

    Parameters
    ----------
    *parts : ipywidgets.Widget

    Returns
    -------
    ipywidgets.HBox

    Examples
    --------
    >>> len(row(widgets.HTML(), widgets.HTML()).children)
    2
    """
    return widgets.HBox(parts, layout=_WRAP)


class ThresholdForm:
    """The fields, without what they do.

    Parameters
    ----------
    models : list of (str, str)
        What each is called, and its variant; the last one is chosen.

    Examples
    --------
    >>> ThresholdForm([("Model 4", "model4")]).objective_text()
    'fixed'
    """

    def __init__(self, models: list[tuple[str, str]]) -> None:
        self.model = field(widgets.Dropdown, "모델", options=models, value=models[-1][1])
        self.epoch, self.seed = (field(widgets.Dropdown, name) for name in ("Epoch", "시드"))
        offered = [(name, objective) for objective, name in OFFERED.items()]
        wide = {"width": "36em", "max_width": "100%"}
        self.objective = field(
            widgets.Dropdown, "목적", options=offered, value=OPERATING_THRESHOLD, layout=wide
        )
        unit = {"min": 0, "max": 1, "step": 0.001}
        self.limit = field(widgets.BoundedFloatText, "하한 또는 상한", **unit)
        wide = wide | {"width": "48em"}
        self.slider = field(widgets.FloatSlider, "Threshold", readout=False, layout=wide, **unit)
        self.exact = field(widgets.BoundedFloatText, "정확한 값", **unit)
        amounts = {"미탐 하나(원)": 5000, "오탐 하나(원)": 1000, "하루 항목 수": 10_000}
        self.miss_cost, self.alarm_cost, self.items_per_day = (
            field(widgets.BoundedFloatText, name, min=1, max=1e12, value=value)
            for name, value in amounts.items()
        )
        kinds = [(name, kind) for kind, name in KINDS.items()]
        self.kind = field(widgets.Dropdown, "보일 항목", options=kinds, value=ALL)
        self.brushed = field(
            widgets.FloatRangeSlider, "확률 범위", value=(0, 1), readout_format=".3f",
            layout={"width": "36em", "max_width": "100%"}, **unit,
        )  # fmt: skip
        self.whole_range = widgets.Button(description="범위 해제")

    @property
    def amounts(self) -> tuple[float, float, float]:
        """What a miss and a false alarm cost, and how many items come a day."""
        return self.miss_cost.value, self.alarm_cost.value, self.items_per_day.value

    def cost_text(self) -> str:
        """Return the costs as `harmlib.analysis.objectives` reads them."""
        return f"cost:miss={self.miss_cost.value},alarm={self.alarm_cost.value}"

    def objective_text(self) -> str:
        """Return the objective as `harmlib.analysis.objectives` reads it; ``fixed`` without one."""
        objective = self.objective.value
        if objective in (BY_HAND, OPERATING_THRESHOLD):
            return "fixed"
        if objective == COST:
            return self.cost_text()
        return f"{objective}{self.limit.value:.6f}" if objective in LIMITS else str(objective)
