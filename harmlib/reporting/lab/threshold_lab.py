"""The lab of 05_explore: move the line over the saved validation scores, and see what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, wraps
from html import escape
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd

from harmlib.analysis.choice import choose
from harmlib.analysis.misclassified import instructive_errors
from harmlib.media.decode import MediaError
from harmlib.media.thumbnails import thumbnail
from harmlib.reporting.lab import views as views
from harmlib.reporting.page.gallery import gallery_html
from harmlib.reporting.text.certainty import OBJECTIVES, STATES
from harmlib.reporting.text.korean import model_name, number

BY_HAND, OPERATING, COST = "by_hand", "operating", "cost"
LIMITS = {"precision@recall>=": 0.95, "recall@precision>=": 0.95, "recall@flagged<=": 0.5}
AIMS = {
    BY_HAND: "직접 옮김",
    OPERATING: "보고서의 운영 threshold",
    **{name: OBJECTIVES[name] for name in ("f1", "fbeta:2", "mcc", "youden")},
    "precision@recall>=": "Recall 하한을 지키며 Precision 최대",
    "recall@precision>=": "Precision 하한을 지키며 Recall 최대",
    "recall@flagged<=": "검토량 상한을 지키며 Recall 최대",
    COST: "비용 최소(아래에 적은 비용으로)",
}
_MOVED = (
    "아래의 오류는 바꾸기 전의 선에서 본 것입니다. 지금의 선에서 보려면 버튼을 다시 누르십시오."
)
_STYLE = """<style>
.harm-lab.beside { display: flex; flex-wrap: wrap; align-items: flex-start; column-gap: 2rem; }
.harm-lab table { border-collapse: collapse; line-height: 1.5; font-variant-numeric: tabular-nums; }
.harm-lab caption { text-align: left; font-weight: 700; padding: .3rem 0; white-space: nowrap; }
.harm-lab th, .harm-lab td { padding: .2rem .7rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--jp-border-color2, #d1d5db); }
.harm-lab th:first-child { text-align: left; font-weight: 400; }
.harm-lab p { margin: .2rem 0; line-height: 1.6; word-break: keep-all; }
.harm-lab [role=alert] { padding: .5rem .8rem; border-left: 4px solid #D55E00; }
</style>"""


def _field(kind: type[widgets.Widget], name: str, **about: object) -> widgets.Widget:
    look = {"style": {"description_width": "8em"}, "layout": {"width": "24em", "max_width": "100%"}}
    return kind(description=name, **look | about)


def _offer(field: widgets.Dropdown, values: Sequence[int], wanted: int | None) -> None:
    field.options = values
    field.value = wanted if wanted in values else values[0]


def _observer(method: Callable) -> Callable:
    """Follows what a person changes, not what another observer sets.

    An error is shown above the widgets before it is raised: JupyterLab hides it in its log.
    """

    @wraps(method)
    def observe(self: Explorer, change: object) -> None:
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


class Explorer:
    """Widgets over the validation scores of one modality; `view` is what a notebook shows.

    scored : as `evidence.with_groups` returns it, with a column seed
    points : `operating_points` of every model, with variant
    media : columns item_id, path, modality, for the pictures of errors; None leaves them out
    `line` is the threshold to the last digit; `rows` are the items of the seed, model and epoch.
    Nothing waits for a slider to rest: while Python is busy, ipywidgets holds messages back and
    then sends the last position only. Raises ValueError without validation rows.
    """

    def __init__(
        self, scored: pd.DataFrame, points: pd.DataFrame, media: pd.DataFrame | None = None
    ) -> None:
        validation = scored[scored["split"] == "val"]
        variants = [v for v in points["variant"].unique() if v in set(validation["variant"])]
        if not variants:
            raise ValueError("scored has no validation rows of the models in points")
        self._parts = dict(tuple(validation.groupby(["variant", "seed", "epoch"])))
        self._points = points.set_index(["variant", "epoch"]).sort_index()
        self._media = None if media is None else media.set_index("item_id")
        self._picture = cache(self._load_picture)
        self._make_fields([(model_name(v), v) for v in variants])
        self._arrange()
        self._is_setting, self._looked_at = False, None
        self._select({"owner": self.model})

    def _make_fields(self, models: list[tuple[str, str]]) -> None:
        self.model = _field(widgets.Dropdown, "모델", options=models, value=models[-1][1])
        self.epoch, self.seed = (_field(widgets.Dropdown, name) for name in ("Epoch", "시드"))
        aims = [(name, aim) for aim, name in AIMS.items()]
        wide = {"width": "36em", "max_width": "100%"}
        self.objective = _field(
            widgets.Dropdown, "목적", options=aims, value=OPERATING, layout=wide
        )
        unit = {"min": 0, "max": 1, "step": 0.001}
        self.limit = _field(widgets.BoundedFloatText, "하한 또는 상한", **unit)
        wide = wide | {"width": "48em"}
        self.slider = _field(widgets.FloatSlider, "Threshold", readout=False, layout=wide, **unit)
        self.exact = _field(widgets.BoundedFloatText, "정확한 값", **unit)
        prices = {"미탐 하나(원)": 5000, "오탐 하나(원)": 1000, "하루 항목 수": 10_000}
        self.miss, self.alarm, self.per_day = (
            _field(widgets.BoundedFloatText, name, min=1, max=1e12, value=value)
            for name, value in prices.items()
        )
        self.look = _field(widgets.Button, "이 선의 오류 보기", style={})

    def _arrange(self) -> None:
        self.charts = views.Charts(layout={"max_width": "100%", "overflow": "auto"})
        self.gallery = widgets.Output()
        self.problem, self.said, self.numbers, self.effects, self.note = (
            widgets.HTML() for _ in range(5)
        )
        rows = [
            [widgets.HTML(_STYLE), self.problem],
            [self.model, self.epoch, self.seed],
            [self.objective, self.limit],
            [self.slider, self.exact],
            [self.said],
            [self.numbers],
            [self.charts],
            [self.miss, self.alarm, self.per_day],
            [self.effects],
            [self.look, self.note],
        ]
        wrap = {"flex_flow": "row wrap"}
        self.view = widgets.VBox([*(widgets.HBox(row, layout=wrap) for row in rows), self.gallery])
        self.view.add_class("harm-lab-view")
        for field in (self.model, self.seed, self.epoch):
            field.observe(self._select, "value")
        for field in (self.objective, self.limit, self.miss, self.alarm, self.per_day):
            field.observe(self._aim, "value")
        for field in (self.slider, self.exact):
            field.observe(self._move, "value")
        self.look.on_click(self._show_errors)

    @_observer
    def _select(self, change: dict) -> None:
        """Another model, seed or epoch. A model comes first at the epoch that its training saved."""
        variant = self.model.value
        own = [key for key in self._parts if key[0] == variant]
        _offer(self.seed, sorted({seed for _, seed, _ in own}), self.seed.value)
        saved = self._points.loc[variant].query("chosen").index[0]
        wanted = saved if change["owner"] is self.model else self.epoch.value
        _offer(self.epoch, [epoch for _, seed, epoch in own if seed == self.seed.value], wanted)
        self.rows = self._parts[variant, self.seed.value, self.epoch.value]
        self._scored = self.rows["label"].to_numpy(), self.rows["probability"].to_numpy()
        self._everything = views.row_at(self._scored[0], np.ones(len(self.rows)), 0.0)
        # The numbers first, then both charts at once.
        with self.charts.hold_sync():
            self.charts.tables = {
                "curve": views.curve_rows(*self._scored),
                "bars": views.bar_rows(*self._scored),
                "baseline": [{"precision": self._everything["precision"]}],
            }
            self._choose_line()
            self._draw()

    @_observer
    def _aim(self, change: dict) -> None:
        """Another objective, limit or price."""
        if change["owner"] is self.objective:
            self.limit.value = LIMITS.get(change["new"], 0)
        self._choose_line()
        self._draw()

    @_observer
    def _move(self, change: dict) -> None:
        """Another line, by hand."""
        line = change["new"]
        if change["owner"] is self.slider:
            line = round(line, 3)  # a browser's steps are such as 0.48100000000000004
            if line == round(self.line, 3):
                return  # a browser's answer to the line that was set here
        self.objective.value = BY_HAND
        self.line = line
        self._choose_line()
        self._draw()

    def _choose_line(self) -> None:
        aim = self.objective.value
        self.limit.layout.display = None if aim in LIMITS else "none"
        prices = f"cost:miss={self.miss.value},alarm={self.alarm.value}"
        self._cheapest = choose(*self._scored, prices)
        self._reason = ""
        if aim == OPERATING:
            self.line = float(self._points.loc[(self.model.value, self.epoch.value), "threshold"])
        elif aim != BY_HAND:
            limited = f"{aim}{self.limit.value:.6f}" if aim in LIMITS else aim
            choice = self._cheapest if aim == COST else choose(*self._scored, limited)
            self._reason = views.choice_sentence(choice)
            if choice.threshold is not None:
                self.line = choice.threshold

    def _draw(self) -> None:
        """Everything that depends on the line."""
        here = views.row_at(*self._scored, self.line)
        defined = {n: None if np.isnan(here[n]) else here[n] for n in ("recall", "precision")}
        self.charts.line = {"threshold": self.line} | defined
        self.exact.value = self.line
        if round(self.slider.value, 3) != round(self.line, 3):
            # On a step, or a browser would answer with the nearest. Never the slider's own move:
            # by then the person is farther on, and would be put back.
            self.slider.value = round(self.line, 3)
        self.said.value = views.said(
            f"{model_name(self.model.value)}, epoch {self.epoch.value}, 시드 {self.seed.value}: 검증 항목 "
            f"{len(self.rows):,}개(유해 {int(self._scored[0].sum()):,}개)",
            "" if self._cheapest.row else f"{STATES[self._cheapest.state]}: 선을 고를 수 없습니다.",
            self._reason,
            "" if here["tp"] + here["fp"] else "이 선에서는 아무것도 유해로 판정하지 않습니다.",
        )
        self.numbers.value = views.beside(
            views.figures_table(here, self._everything), views.confusion_table(here)
        )
        prices = self.miss.value, self.alarm.value, self.per_day.value
        self.effects.value = views.beside(
            views.costs_table(here, self._cheapest, self._everything, *prices),
            views.groups_table(self.rows, self.line),
        )
        self.note.value = views.said(_MOVED if self._looked_at not in (None, self._place()) else "")

    def _place(self) -> tuple[str, int, int, float]:
        return self.model.value, self.seed.value, self.epoch.value, self.line

    @_observer
    def _show_errors(self, _: widgets.Button) -> None:
        errors = instructive_errors(self.rows, self.line)
        pictures = None
        if self._media is not None:
            found = {item_id: self._picture(item_id) for item_id in errors["item_id"]}
            pictures = {item_id: jpeg for item_id, jpeg in found.items() if jpeg}
        title = f"{model_name(self.model.value)}, epoch {self.epoch.value}, threshold {number(self.line)}에서의 오류"
        html = gallery_html(errors, pictures, title)
        # An HTML widget would not run the script that shows a picture on request.
        data = {"text/html": html, "text/plain": title}
        self.gallery.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        self._looked_at = self._place()
        self.note.value = ""

    def _load_picture(self, item_id: str) -> bytes | None:
        """None for a file that is gone or damaged: the gallery then says so in its place."""
        item = self._media.loc[item_id]
        try:
            return thumbnail(Path(item["path"]), item["modality"])
        except (MediaError, OSError):
            return None
