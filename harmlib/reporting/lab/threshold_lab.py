"""The threshold lab: move the threshold over the saved validation scores, and see what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, wraps
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd

from harmlib.analysis.choice import choose
from harmlib.analysis.misclassified import instructive_errors
from harmlib.media.thumbnails import thumbnail
from harmlib.reporting.lab import views
from harmlib.reporting.lab.charts import Charts, bar_rows, curve_rows
from harmlib.reporting.page.gallery import gallery_html
from harmlib.reporting.text.certainty import OBJECTIVES, STATES
from harmlib.reporting.text.korean import model_name, number

BY_HAND, OPERATING_THRESHOLD, COST = "by_hand", "operating_threshold", "cost"
LIMITS = {"precision@recall>=": 0.95, "recall@precision>=": 0.95, "recall@flagged<=": 0.5}
# What a person can choose as the objective.
OFFERED = {
    BY_HAND: "직접 옮김",
    OPERATING_THRESHOLD: "보고서의 운영 threshold",
    **{name: OBJECTIVES[name] for name in ("f1", "fbeta:2", "mcc", "youden")},
    "precision@recall>=": "Recall 하한을 지키며 Precision 최대",
    "recall@precision>=": "Precision 하한을 지키며 Recall 최대",
    "recall@flagged<=": "검토량 상한을 지키며 Recall 최대",
    COST: "비용 최소(아래에 적은 비용으로)",
}
_MOVED = (
    "아래의 오류는 바꾸기 전의 선에서 본 것입니다. 지금의 선에서 보려면 버튼을 다시 누르십시오."
)
_STYLE = f"<style>{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>"

_Change = dict[str, Any]  # what ipywidgets says of a change: owner, name, old, new, ...


def _field(kind: type[widgets.Widget], name: str, **options: Any) -> widgets.Widget:
    look = {"style": {"description_width": "8em"}, "layout": {"width": "24em", "max_width": "100%"}}
    return kind(description=name, **look | options)


def _offer(field: widgets.Dropdown, values: Sequence[int], wanted: int | None) -> None:
    field.options = values
    field.value = wanted if wanted in values else values[0]


def _observer(
    method: Callable[[ThresholdLab, _Change], None],
) -> Callable[[ThresholdLab, _Change], None]:
    """Make a method answer to what a person changes, and not to what another observer sets.

    An error is shown above the widgets before it is raised: JupyterLab hides it in its log.
    """

    @wraps(method)
    def observe(self: ThresholdLab, change: _Change) -> None:
        if self._is_setting:
            return
        self._is_setting = True
        try:
            method(self, change)
            self.problem.value = ""
        except Exception as error:
            what = escape(f"{type(error).__name__}: {error}")
            self.problem.value = f'<div class="harm-lab"><p role="alert">계산하지 못했습니다. 아래에는 바꾸기 전의 수치가 남아 있을 수 있습니다. {what}</p></div>'
            raise
        finally:
            self._is_setting = False

    return observe


class ThresholdLab:
    """Widgets over the validation scores of one modality.

    Parameters
    ----------
    scored : DataFrame
        One row per item, variant, seed and epoch, as `with_groups` returns them: columns variant,
        seed, epoch, split, item_id, group, label, probability. Only the rows of split `val` are
        read.
    operating_points : DataFrame
        One row per variant, seed and epoch: columns variant, seed, epoch, threshold, chosen.
    media : DataFrame, optional
        Columns item_id, path, modality, for the pictures of errors; without it there are none.

    Attributes
    ----------
    view : ipywidgets.Widget
        What a notebook shows.
    threshold : float
        The current threshold to the last digit, 0 to 1.
    rows : DataFrame
        The validation rows of the selected model, seed and epoch.

    Raises
    ------
    ValueError
        `scored` has no validation rows of the models in `operating_points`.

    Notes
    -----
    The lab does not wait for a slider to rest: while Python is busy, ipywidgets holds messages back
    and then sends the last position only.

    Examples
    --------
    >>> import pandas as pd
    >>> model = {"variant": "model4", "seed": 1, "epoch": 1}
    >>> scored = pd.DataFrame(model | {
    ...     "split": "val", "item_id": [*"abcd"], "group": [*"abcd"], "label": [0, 0, 1, 1],
    ...     "probability": [0.1, 0.6, 0.4, 0.9],
    ... })
    >>> lab = ThresholdLab(scored, pd.DataFrame([model | {"threshold": 0.5, "chosen": True}]))
    >>> lab.threshold
    0.5
    >>> lab.slider.value = 0.3
    >>> lab.threshold
    0.3
    """

    def __init__(
        self,
        scored: pd.DataFrame,
        operating_points: pd.DataFrame,
        media: pd.DataFrame | None = None,
    ) -> None:
        validation = scored[scored["split"] == "val"]
        scored_variants = set(validation["variant"])
        variants = [v for v in operating_points["variant"].unique() if v in scored_variants]
        if not variants:
            raise ValueError("scored has no validation rows of the models in operating_points")
        self._parts = dict(tuple(validation.groupby(["variant", "seed", "epoch"])))
        keys = ["variant", "seed", "epoch"]
        self._operating_points = operating_points.set_index(keys).sort_index()
        self._media = None if media is None else media.set_index("item_id")
        self._picture = cache(self._load_picture)
        self._make_fields([(model_name(v), v) for v in variants])
        self._arrange()
        self.threshold = 0.0
        self._is_setting = False
        self._gallery_place: tuple[str, int, int, float] | None = None
        self._select({"owner": self.model})

    def _make_fields(self, models: list[tuple[str, str]]) -> None:
        self.model = _field(widgets.Dropdown, "모델", options=models, value=models[-1][1])
        self.epoch, self.seed = (_field(widgets.Dropdown, name) for name in ("Epoch", "시드"))
        offered = [(name, objective) for objective, name in OFFERED.items()]
        wide = {"width": "36em", "max_width": "100%"}
        self.objective = _field(
            widgets.Dropdown, "목적", options=offered, value=OPERATING_THRESHOLD, layout=wide
        )
        unit = {"min": 0, "max": 1, "step": 0.001}
        self.limit = _field(widgets.BoundedFloatText, "하한 또는 상한", **unit)
        wide = wide | {"width": "48em"}
        self.slider = _field(widgets.FloatSlider, "Threshold", readout=False, layout=wide, **unit)
        self.exact = _field(widgets.BoundedFloatText, "정확한 값", **unit)
        amounts = {"미탐 하나(원)": 5000, "오탐 하나(원)": 1000, "하루 항목 수": 10_000}
        self.miss_cost, self.alarm_cost, self.items_per_day = (
            _field(widgets.BoundedFloatText, name, min=1, max=1e12, value=value)
            for name, value in amounts.items()
        )
        self.errors_button = _field(widgets.Button, "이 선의 오류 보기", style={})

    def _arrange(self) -> None:
        self.charts = Charts(layout={"max_width": "100%", "overflow": "auto"})
        self.gallery = widgets.Output()
        self.problem, self.sentences, self.figures, self.effects, self.gallery_note = (
            widgets.HTML() for _ in range(5)
        )
        rows = [
            [widgets.HTML(_STYLE), self.problem],
            [self.model, self.epoch, self.seed],
            [self.objective, self.limit],
            [self.slider, self.exact],
            [self.sentences],
            [self.figures],
            [self.charts],
            [self.miss_cost, self.alarm_cost, self.items_per_day],
            [self.effects],
            [self.errors_button, self.gallery_note],
        ]
        wrap = {"flex_flow": "row wrap"}
        self.view = widgets.VBox([*(widgets.HBox(row, layout=wrap) for row in rows), self.gallery])
        self.view.add_class("harm-lab-view")
        for field in (self.model, self.seed, self.epoch):
            field.observe(self._select, "value")
        amounts = (self.miss_cost, self.alarm_cost, self.items_per_day)
        for field in (self.objective, self.limit, *amounts):
            field.observe(self._follow_objective, "value")
        for field in (self.slider, self.exact):
            field.observe(self._move, "value")
        self.errors_button.on_click(self._show_errors)

    @_observer
    def _select(self, change: _Change) -> None:
        """Another model, seed or epoch. A model is first shown at the epoch that was saved."""
        variant = self.model.value
        own = [key for key in self._parts if key[0] == variant]
        _offer(self.seed, sorted({seed for _, seed, _ in own}), self.seed.value)
        seed = self.seed.value
        saved = self._operating_points.loc[(variant, seed)].query("chosen").index[0]
        wanted = saved if change["owner"] is self.model else self.epoch.value
        _offer(self.epoch, [epoch for _, of_seed, epoch in own if of_seed == seed], wanted)
        self.rows = self._parts[variant, seed, self.epoch.value]
        self._scored = self.rows["label"].to_numpy(), self.rows["probability"].to_numpy()
        self._baseline = views.baseline_figures(self._scored[0])
        # The numbers first, then both charts at once.
        with self.charts.hold_sync():
            self.charts.tables = {
                "curve": curve_rows(*self._scored),
                "bars": bar_rows(*self._scored),
                "baseline": [{"precision": self._baseline["precision"]}],
            }
            self._choose_threshold()
            self._draw()

    @_observer
    def _follow_objective(self, change: _Change) -> None:
        """Another objective, limit, cost or number of items."""
        if change["owner"] is self.objective:
            self.limit.value = LIMITS.get(change["new"], 0)
        self._choose_threshold()
        self._draw()

    @_observer
    def _move(self, change: _Change) -> None:
        """Another threshold, by hand."""
        threshold = change["new"]
        if change["owner"] is self.slider:
            threshold = round(threshold, 3)  # a browser's steps are such as 0.48100000000000004
            if threshold == round(self.threshold, 3):
                return  # a browser's answer to the threshold that was set here
        self.objective.value = BY_HAND
        self.threshold = threshold
        self._choose_threshold()
        self._draw()

    def _choose_threshold(self) -> None:
        objective = self.objective.value
        self.limit.layout.display = None if objective in LIMITS else "none"
        costs = f"cost:miss={self.miss_cost.value},alarm={self.alarm_cost.value}"
        self._cheapest = choose(*self._scored, costs)
        self._reason = ""
        if objective == OPERATING_THRESHOLD:
            place = self.model.value, self.seed.value, self.epoch.value
            self.threshold = float(self._operating_points.loc[place, "threshold"])
        elif objective != BY_HAND:
            limit = f"{self.limit.value:.6f}" if objective in LIMITS else ""
            is_cost = objective == COST
            choice = self._cheapest if is_cost else choose(*self._scored, f"{objective}{limit}")
            self._reason = views.choice_sentence(choice)
            if choice.threshold is not None:
                self.threshold = choice.threshold

    def _draw(self) -> None:
        """Show everything that depends on the threshold."""
        here = views.figures_at(*self._scored, self.threshold)
        defined = {n: None if np.isnan(here[n]) else here[n] for n in ("recall", "precision")}
        self.charts.current = {"threshold": self.threshold} | defined
        self.exact.value = self.threshold
        if round(self.slider.value, 3) != round(self.threshold, 3):
            # Set the slider on a step, or a browser would answer with the nearest one. Leave it
            # alone after its own move: by now the person is farther on, and would be put back.
            self.slider.value = round(self.threshold, 3)
        self.sentences.value = views.paragraphs(
            f"{model_name(self.model.value)}, epoch {self.epoch.value}, 시드 {self.seed.value}: 검증 항목 "
            f"{len(self.rows):,}개(유해 {int(self._scored[0].sum()):,}개)",
            "" if self._cheapest.row else f"{STATES[self._cheapest.state]}: 선을 고를 수 없습니다.",
            self._reason,
            "" if here["tp"] + here["fp"] else "이 선에서는 아무것도 유해로 판정하지 않습니다.",
        )
        self.figures.value = views.beside(
            views.figures_table(here, self._baseline), views.confusion_table(here)
        )
        amounts = self.miss_cost.value, self.alarm_cost.value, self.items_per_day.value
        self.effects.value = views.beside(
            views.costs_table(here, self._cheapest, self._baseline, *amounts),
            views.groups_table(self.rows, self.threshold),
        )
        is_old = self._gallery_place not in (None, self._place())
        self.gallery_note.value = views.paragraphs(_MOVED if is_old else "")

    def _place(self) -> tuple[str, int, int, float]:
        return self.model.value, self.seed.value, self.epoch.value, self.threshold

    @_observer
    def _show_errors(self, _: _Change) -> None:
        errors = instructive_errors(self.rows, self.threshold)
        pictures = None
        if self._media is not None:
            found = {item_id: self._picture(item_id) for item_id in errors["item_id"]}
            pictures = {item_id: jpeg for item_id, jpeg in found.items() if jpeg}
        title = f"{model_name(self.model.value)}, epoch {self.epoch.value}, threshold {number(self.threshold)}에서의 오류"
        html = gallery_html(errors, pictures, title)
        # An HTML widget would not run the script that shows a picture on request.
        data = {"text/html": html, "text/plain": title}
        self.gallery.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        self._gallery_place = self._place()
        self.gallery_note.value = ""

    def _load_picture(self, item_id: str) -> bytes | None:
        """None for a file that is gone or damaged: the gallery then says so in its place."""
        assert self._media is not None
        item = self._media.loc[item_id]
        try:
            return thumbnail(Path(item["path"]), item["modality"])
        except Exception:  # noqa: BLE001 - whatever one file raises, the lab goes on without it
            return None
