"""The lab of 06_explore: which run, which section of it, and the threshold lab over both."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Protocol

import ipywidgets as widgets
import pandas as pd

from harmlib.analysis.saved_scores import with_groups
from harmlib.params import Params, ScoresParams
from harmlib.reporting.lab.answers import Change, observer
from harmlib.reporting.lab.notes import FILE, Notes
from harmlib.reporting.lab.threshold_files import ThresholdFiles
from harmlib.reporting.lab.threshold_form import field, row
from harmlib.reporting.lab.threshold_lab import ThresholdLab
from harmlib.reporting.text.korean import MODALITY, particle


class OpenedRun(Protocol):
    """What the lab asks of a run: `harmlib.workflow.run.Run` is one."""

    params: Params | ScoresParams
    dir: Path

    def items(self, section: str) -> pd.DataFrame:
        """Return the rows of the manifest."""

    def scores(self, modality: str) -> pd.DataFrame:
        """Return the scores of every variant and epoch."""

    def operating_points(self, modality: str) -> pd.DataFrame:
        """Return where each variant operates."""

    def checkpoint(self, variant: str, modality: str) -> Path:
        """Return the path of a saved classifier."""


class FoundRun(Protocol):
    """A run's folder: `harmlib.workflow.found_runs.FoundRun` is one."""

    @property
    def name(self) -> str:
        """What the run is called."""

    @property
    def missing(self) -> str:
        """Why it can't be opened, in Korean; empty if it can."""

    def open(self) -> OpenedRun:
        """Open it."""


class RunLab:
    """Widgets that choose a run and a section, with the threshold lab below.

    Parameters
    ----------
    runs : sequence of FoundRun
        At least one. Those whose tables are missing are listed, and can't be chosen.
    run : str
        The name of the run to begin with.
    section : str
        Its section to begin with; empty for the first.

    Attributes
    ----------
    view : ipywidgets.Widget
        What a notebook shows.
    lab : ThresholdLab
        Over the chosen run and section.
    notes : Notes
        Of the chosen run.

    Raises
    ------
    ValueError
        No run can be opened, or there is no such section.
    """

    def __init__(self, runs: Sequence[FoundRun], run: str, section: str = "") -> None:
        self._runs = {one.name: one for one in runs if not one.missing}
        if not self._runs:
            reasons = " ".join(f"{one.name}: {one.missing}" for one in runs)
            raise ValueError(
                f"살펴볼 수 있는 실행이 없습니다. 먼저 ./run_all.sh를 끝까지 실행하십시오. {reasons}"
            )
        begin = run if run in self._runs else next(iter(self._runs))
        self.run = field(widgets.Dropdown, "실행", options=list(self._runs), value=begin)
        self.section = field(widgets.Dropdown, "종류")
        self.problem = widgets.HTML()
        self.is_setting = False
        self._left_out = widgets.HTML(_left_out(runs, run, begin))
        self._place = widgets.VBox()
        self.view = widgets.VBox(
            [row(self.run, self.section), self._left_out, self.problem, self._place]
        )
        self.view.add_class("harm-lab-view")
        self._open(section)
        self.run.observe(self._choose, "value")
        self.section.observe(self._choose, "value")

    @observer
    def _choose(self, change: Change) -> None:
        self._open("" if change["owner"] is self.run else change["new"])

    def _open(self, section: str) -> None:
        opened = self._runs[self.run.value].open()
        sections = opened.params.sections
        chosen = section or (self.section.value if self.section.value in sections else sections[0])
        if chosen not in sections:
            raise ValueError(
                f"{self.run.value}에는 {particle(chosen, '이/가')} 없습니다. 있는 것: {', '.join(sections)}"
            )
        items = opened.items(chosen)
        scored = with_groups(opened.scores(chosen), items)
        gallery = getattr(opened.params, "gallery", None)  # a table of scores has no media
        self.notes = Notes(opened.dir / FILE)
        files = ThresholdFiles(
            opened.params, opened.dir, chosen, lambda variant: opened.checkpoint(variant, chosen)
        )
        media = items if gallery is not None and gallery.pictures else None
        lab = ThresholdLab(scored, opened.operating_points(chosen), media, self.notes, files)
        self.section.options = [(MODALITY[name], name) for name in sections]
        self.section.value = chosen
        before = self._place.children
        self.lab: ThresholdLab = lab
        self._place.children = [lab.view]
        for view in before:
            _let_go(view)


def _let_go(view: widgets.Widget) -> None:
    """Close the widgets that are shown no more: the browser keeps Vega and pictures for each."""
    for part in getattr(view, "children", ()):
        _let_go(part)
    view.close()


def _left_out(runs: Sequence[FoundRun], wanted: str, begin: str) -> str:
    """Which runs can't be explored, and why."""
    lines = [f"{one.name}: {one.missing}" for one in runs if one.missing]
    if not lines:
        return ""
    other = (
        ""
        if wanted == begin
        else f"<p>{escape(wanted)} 대신 {escape(particle(begin, '을/를'))} 엽니다.</p>"
    )
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return (
        f'<div class="harm-lab">{other}<details><summary>열 수 없는 실행 {len(lines):,}개</summary>'
        f"<ul>{listed}</ul></details></div>"
    )
