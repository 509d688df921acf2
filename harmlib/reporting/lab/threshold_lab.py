"""The threshold lab: move the threshold over the saved validation scores, and see what follows."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pandas as pd

from harmlib.analysis.alike_thresholds import alike_thresholds
from harmlib.analysis.choice import choose
from harmlib.reporting.lab import views
from harmlib.reporting.lab.answers import Busy, Change, observer
from harmlib.reporting.lab.charts import WHOLE, Charts, bar_rows, curve_rows
from harmlib.reporting.lab.errors_shown import ErrorsShown, Place
from harmlib.reporting.lab.items import ItemTable
from harmlib.reporting.lab.notes import Notes
from harmlib.reporting.lab.pictures import Pictures
from harmlib.reporting.lab.rates_at import Figures, baseline_figures, figures_at
from harmlib.reporting.lab.saving import Saving
from harmlib.reporting.lab.threshold_files import ThresholdFiles
from harmlib.reporting.lab.threshold_form import (
    BY_HAND,
    LIMITS,
    OPERATING_THRESHOLD,
    ThresholdForm,
    field,
    offer,
    row,
)
from harmlib.reporting.text.certainty import STATES
from harmlib.reporting.text.korean import model_name, number

_STYLE = f"<style>{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>"


class ThresholdLab(ThresholdForm):
    """Widgets over the validation scores of one section.

    Parameters
    ----------
    scored : DataFrame
        One row per item, variant, seed and epoch, as `with_groups` returns them: columns variant,
        seed, epoch, split, item_id, group, label, probability. Only the rows of split `val` are
        read.
    operating_points : DataFrame
        One row per variant, seed and epoch: columns variant, seed, epoch, threshold, chosen.
    media : DataFrame, optional
        Columns item_id, path, modality, for the pictures of items; without it there are none.
    notes : Notes, optional
        Where notes on items are kept; without it there are none.
    files : ThresholdFiles, optional
        What writes the chosen threshold down; without it there are no buttons for that.

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
        notes: Notes | None = None,
        files: ThresholdFiles | None = None,
    ) -> None:
        validation = scored[scored["split"] == "val"]
        scored_variants = set(validation["variant"])
        variants = [v for v in operating_points["variant"].unique() if v in scored_variants]
        if not variants:
            raise ValueError("scored has no validation rows of the models in operating_points")
        super().__init__([(model_name(v), v) for v in variants])
        keys = ["variant", "seed", "epoch"]
        self._parts = dict(tuple(validation.groupby(keys, observed=True)))
        self._operating_points = operating_points.set_index(keys).sort_index()
        pictures = None if media is None else Pictures(media)
        self.charts = Charts(layout={"max_width": "100%", "overflow": "auto"})
        self.items = ItemTable(pictures, notes, self._mark)
        self.errors = ErrorsShown(pictures)
        self.saving = None if files is None else Saving(files)
        self.threshold = 0.0
        self.is_setting = False
        self._arrange()
        self._select({"owner": self.model})

    def _arrange(self) -> None:
        self.errors_button = field(widgets.Button, "이 threshold의 오류 보기", style={})
        self.problem, self.sentences, self.figures, self.effects = (
            widgets.HTML() for _ in range(4)
        )
        rows = [
            row(widgets.HTML(_STYLE), self.problem),
            Busy(),
            row(self.model, self.epoch, self.seed),
            row(self.objective, self.limit),
            row(self.slider, self.exact),
            self.sentences,
            self.figures,
            self.charts,
            row(self.brushed, self.whole_range, self.kind),
            self.items,
            row(self.miss_cost, self.alarm_cost, self.items_per_day),
            self.effects,
            row(self.errors_button, self.errors.note),
            self.errors.gallery,
        ]
        rows += [] if self.saving is None else [self.saving.view]
        self.view = widgets.VBox(rows)
        self.view.add_class("harm-lab-view")
        for chosen in (self.model, self.seed, self.epoch):
            chosen.observe(self._select, "value")
        for aim in (
            self.objective,
            self.limit,
            self.miss_cost,
            self.alarm_cost,
            self.items_per_day,
        ):
            aim.observe(self._follow_objective, "value")
        for place in (self.slider, self.exact):
            place.observe(self._move, "value")
        for part in (self.brushed, self.kind):
            part.observe(self._narrow, "value")
        self.charts.observe(self._narrow, "brushed")
        self.whole_range.on_click(lambda _: self.brushed.set_trait("value", tuple(WHOLE)))
        self.errors_button.on_click(self._show_errors)

    @observer
    def _select(self, change: Change) -> None:
        """Another model, seed or epoch. A model is first shown at the epoch that was saved."""
        variant = self.model.value
        own = [key for key in self._parts if key[0] == variant]
        offer(self.seed, sorted({seed for _, seed, _ in own}), self.seed.value)
        seed = self.seed.value
        wanted = self._saved_epoch() if change["owner"] is self.model else self.epoch.value
        offer(self.epoch, [epoch for _, of_seed, epoch in own if of_seed == seed], wanted)
        self.rows = self._parts[variant, seed, self.epoch.value]
        self._scored = self.rows["label"].to_numpy(), self.rows["probability"].to_numpy()
        self._baseline = baseline_figures(self._scored[0])
        # The numbers first, then both charts at once.
        with self.charts.hold_sync():
            self.charts.tables = {
                "curve": curve_rows(*self._scored),
                "bars": bar_rows(*self._scored),
                "baseline": [{"precision": self._baseline["precision"]}],
            }
            self._choose_threshold()
            self._draw()
            self._mark(self.items.picked)

    def _saved_epoch(self) -> int:
        points = self._operating_points.loc[(self.model.value, self.seed.value)]
        return int(points.query("chosen").index[0])

    @observer
    def _follow_objective(self, change: Change) -> None:
        """Another objective, limit, cost or number of items."""
        if change["owner"] is self.objective:
            self.limit.value = LIMITS.get(change["new"], 0)
        self._choose_threshold()
        self._draw()

    @observer
    def _move(self, change: Change) -> None:
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

    @observer
    def _narrow(self, change: Change) -> None:
        """Other items to list: a range brushed in a chart or set below it, or another kind."""
        if change["owner"] is self.charts:
            low, high = self.charts.brushed
            self.brushed.value = max(0.0, low), min(1.0, high)
        elif change["owner"] is self.brushed:
            self.charts.brushed = list(self.brushed.value)
        self._list_items()

    def _choose_threshold(self) -> None:
        objective = self.objective.value
        self.limit.layout.display = None if objective in LIMITS else "none"
        self._cheapest = choose(*self._scored, self.cost_text())
        self._reason = ""
        if objective == OPERATING_THRESHOLD:
            place = self.model.value, self.seed.value, self.epoch.value
            self.threshold = float(self._operating_points.loc[place, "threshold"])
        elif objective != BY_HAND:
            choice = choose(*self._scored, self.objective_text())
            self._reason = views.choice_sentence(choice)
            if choice.threshold is not None:
                self.threshold = choice.threshold

    def _draw(self) -> None:
        """Show everything that depends on the threshold."""
        here = figures_at(*self._scored, self.threshold)
        self.charts.current = _point(here)
        self.exact.value = self.threshold
        if round(self.slider.value, 3) != round(self.threshold, 3):
            # Set the slider on a step, or a browser would answer with the nearest one. Leave it
            # alone after its own move: by now the person is farther on, and would be put back.
            self.slider.value = round(self.threshold, 3)
        alike = alike_thresholds(self._scored[1], self.threshold)
        undecided = f"{STATES[self._cheapest.state]}: threshold를 고를 수 없습니다."
        nothing = "이 threshold에서는 아무것도 유해로 판정하지 않습니다."
        self.sentences.value = views.paragraphs(
            f"{model_name(self.model.value)}, epoch {self.epoch.value}, 시드 {self.seed.value}: 검증 항목 "
            f"{len(self.rows):,}개(유해 {int(self._scored[0].sum()):,}개)",
            "" if self._cheapest.row else undecided,
            self._reason,
            "" if here["tp"] + here["fp"] else nothing,
            views.alike_sentence(alike, int(alike.near(self._scored[1]).sum())),
        )
        self.figures.value = views.beside(
            views.figures_table(here, self._baseline), views.confusion_table(here)
        )
        self.effects.value = views.beside(
            views.costs_table(here, self._cheapest, self._baseline, *self.amounts),
            views.groups_table(self.rows, self.threshold),
        )
        self.errors.compare(self._place())
        self._list_items()
        if self.saving is not None:
            is_saved = self.epoch.value == self._saved_epoch()
            self.saving.choose(*self._place(), self.objective_text(), is_saved=is_saved)

    def _list_items(self) -> None:
        self.items.show(self.rows, self.threshold, self.kind.value, self.brushed.value)

    def _mark(self, item_id: str | None) -> None:
        """Mark the item that was picked in the table in both charts."""
        own = self.rows[self.rows["item_id"] == item_id]
        probability = own["probability"].iloc[0] if len(own) else None
        self.charts.picked = (
            {} if probability is None else _point(figures_at(*self._scored, probability))
        )

    def _place(self) -> Place:
        return self.model.value, self.seed.value, self.epoch.value, self.threshold

    @observer
    def _show_errors(self, _: Change) -> None:
        title = (
            f"{model_name(self.model.value)}, epoch {self.epoch.value}, "
            f"threshold {number(self.threshold)}에서의 오류"
        )
        self.errors.show(self.rows, title, self._place())


def _point(figures: Figures) -> dict[str, float | None]:
    """Where figures stand in the charts; None for a rate that is undefined."""
    names = ("threshold", "recall", "precision")
    return {n: None if np.isnan(figures[n]) else float(figures[n]) for n in names}
