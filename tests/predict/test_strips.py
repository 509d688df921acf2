"""Pictures of harmful segments: a decision never depends on them."""

from dataclasses import replace
from threading import Event

import numpy as np
import pandas as pd
import pytest
from decided_files import FakePredictor, stream
from PIL import Image

from harmlib.media.ledger import Unusable
from harmlib.media.probe import probe
from harmlib.predict import strips
from harmlib.predict.strips import add_strips, entries_of


@pytest.fixture
def entry_and_facts(tmp_path):
    path = tmp_path / "a.gif"
    rng = np.random.default_rng(0)
    first, *rest = (Image.fromarray(rng.integers(0, 255, (24, 32), np.uint8)) for _ in range(4))
    first.save(path, save_all=True, append_images=rest, duration=500)
    facts = probe(path, "video")
    assert facts.reason == ""
    segment = {"start_sec": 0.0, "end_sec": 1.0, "stream": facts.stream}
    return {"id": "1", "file": str(path), "segments": [segment], "note": "cut"}, facts, path


def test_strips_are_named_in_the_entry(tmp_path, entry_and_facts):
    entry, facts, _ = entry_and_facts
    add_strips(entry, facts, tmp_path / "strips")
    assert entry["segments"][0]["strip"] == "strips/1-1.jpg"
    assert (tmp_path / "strips/1-1.jpg").is_file()
    assert entry["note"] == "cut"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("words"),
        lambda path: path.write_bytes(path.read_bytes()[:40]),
    ],
)
def test_a_video_that_is_gone_or_spoilt_meanwhile_keeps_its_decision(
    tmp_path, entry_and_facts, spoil
):
    entry, facts, path = entry_and_facts
    spoil(path)
    add_strips(entry, facts, tmp_path / "strips")
    assert "strip" not in entry["segments"][0]
    assert entry["note"].startswith("cut; no pictures of its segments: ")


@pytest.fixture
def decided(tmp_path):
    """Predictions: those whose name begins with v have a harmful segment."""

    def decide(*names):
        for name in names:
            path = tmp_path / name
            path.write_text("0.9", encoding="utf-8")
            (one,) = stream([FakePredictor()], [path])
            segments = pd.DataFrame([{"start_sec": 0.0, "end_sec": 1.0, "stream": 0}])
            yield replace(one, segments=segments) if name.startswith("v") else one

    return decide


class Drawing:
    """Stands for drawing: goes on when it may, and notes how many it was asked for."""

    def __init__(self, monkeypatch):
        self.may, self.asked = Event(), []
        monkeypatch.setattr(strips, "add_strips", self)

    def __call__(self, entry, _, folder):
        self.asked.append(folder)
        assert self.may.wait(30)
        return entry | {"note": "drawn"}


def names(entries):
    return [entry["path"].rpartition("/")[2] for entry in entries]


def test_nothing_waits_for_the_strips_of_another_file(tmp_path, decided, monkeypatch):
    drawing = Drawing(monkeypatch)
    lost = Unusable("lost.jpg", "empty file", "identify")
    results = [*decided("v1", "a", "v2", "b"), lost]
    entries = entries_of(results, tmp_path / "strips")
    assert names([next(entries), next(entries)]) == ["a", "b"]
    assert next(entries) == lost
    drawing.may.set()
    left = list(entries)
    assert names(left) == ["v1", "v2"]
    assert [entry["note"] for entry in left] == ["drawn", "drawn"]
    assert drawing.asked == [tmp_path / "strips"] * 2


def test_few_wait(tmp_path, decided, monkeypatch):
    monkeypatch.setattr(strips, "_WAITING", 2)
    drawing, taken = Drawing(monkeypatch), []
    results = (taken.append(one) or one for one in decided("v1", "v2", "v3", "v4", "v5"))
    drawing.may.set()
    entries = entries_of(results, tmp_path)
    assert names([next(entries)]) == ["v1"]
    assert len(taken) <= 3


def test_without_strips_nothing_is_drawn(decided, monkeypatch):
    monkeypatch.setattr(strips, "add_strips", pytest.fail)
    assert names(entries_of(decided("v1", "a"), None)) == ["v1", "a"]


def test_what_was_decided_before_an_error_is_kept(tmp_path, decided, monkeypatch):
    drawing, came = Drawing(monkeypatch), []

    def results():
        yield from decided("v1", "a", "v2")
        drawing.may.set()
        raise ConnectionError("a node is gone")

    with pytest.raises(ConnectionError, match="a node is gone"):
        came.extend(entries_of(results(), tmp_path))
    assert sorted(names(came)) == ["a", "v1", "v2"]
