"""The lab over runs: which can be opened, what opens, and what is told of the others."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from lab_scores import make_operating_points, make_scored

from harmlib.params import PROJECT_ROOT, load_params
from harmlib.reporting.lab.notes import FILE
from harmlib.reporting.lab.run_lab import RunLab

DEMO = load_params(PROJECT_ROOT / "params/demo.yaml")


class MadeUpRun:
    """A run whose videos are fewer than its images."""

    def __init__(self, folder):
        self.params, self.dir = DEMO, folder
        scored = make_scored(n=80)
        self._scored = {"image": scored, "video": make_scored(n=30, epochs=(1, 2))}

    def scores(self, section):
        return self._scored[section].drop(columns="group")

    def items(self, section):
        rows = self._scored[section].drop_duplicates("item_id")
        return rows[["item_id", "group"]].assign(path="nowhere.jpg", modality=section)

    def operating_points(self, section):
        return make_operating_points(self._scored[section])

    def checkpoint(self, variant, section):
        return self.dir / f"models/{variant}/{section}_model_best.pth"


@dataclass
class Found:
    name: str
    missing: str
    folder: Path

    def open(self):
        return MadeUpRun(self.folder / self.name)


@pytest.fixture
def found(tmp_path):
    names = {"demo": "", "broken": "표가 없습니다(scores.parquet).", "other": ""}
    return [Found(name, missing, tmp_path) for name, missing in names.items()]


def told(lab):
    page = BeautifulSoup(lab._left_out.value, "html.parser")
    return page.get_text(" ")


def test_runs_and_sections_are_chosen_by_widgets(found, tmp_path):
    lab = RunLab(found, "demo")
    assert lab.run.options == ("demo", "other"), "the broken one can't be chosen"
    assert "열 수 없는 실행 1개" in told(lab)
    assert "broken: 표가 없습니다(scores.parquet)." in told(lab)
    assert [value for _, value in lab.section.options] == ["image", "video"]
    assert (lab.section.value, len(lab.lab.rows)) == ("image", 80)
    lab.section.value = "video"
    assert len(lab.lab.rows) == 30
    assert lab._place.children == (lab.lab.view,)
    lab.run.value = "other"
    assert (lab.section.value, len(lab.lab.rows)) == ("video", 30), "the section stays"
    assert lab.notes.path == tmp_path / "other" / FILE
    item = lab.lab.items.page["rows"][0]["item"]
    lab.lab.items.answer({"kind": "note", "item": item, "note": "가"})
    assert len(lab.notes.read()) == 1
    lab.run.value = "demo"
    assert len(lab.notes.read()) == 0, "each run has notes of its own"


def test_it_begins_where_it_is_asked_to(found):
    lab = RunLab(found, "other", "video")
    assert (lab.run.value, lab.section.value) == ("other", "video")
    assert lab.lab.items.page["pictures"], "the demo's params show pictures"
    other = RunLab(found, "broken")
    assert other.run.value == "demo"
    assert "broken 대신 demo를 엽니다." in told(other)


def test_what_is_not_there_is_told(found):
    with pytest.raises(ValueError, match=r"demo에는 sound가 없습니다\. 있는 것: image, video"):
        RunLab(found, "demo", "sound")
    with pytest.raises(ValueError, match=r"먼저 ./run_all.sh를 .* broken: 표가 없습니다"):
        RunLab(found[1:2], "broken")


def test_a_run_that_cannot_be_read_is_told_and_the_last_one_stays(found, monkeypatch):
    lab = RunLab(found, "demo")
    before = lab.lab
    broken = SimpleNamespace(open=lambda: 1 / 0)
    monkeypatch.setitem(lab._runs, "other", broken)
    with pytest.raises(ZeroDivisionError):
        lab.run.value = "other"
    assert "ZeroDivisionError" in lab.problem.value
    assert lab._place.children == (before.view,)
