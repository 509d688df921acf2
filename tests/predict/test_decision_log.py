"""The log of decisions: only added to, whole lines, found again."""

import json
from pathlib import Path

import pandas as pd
import pytest
from two_languages import differences, english_words, in_both

from harmlib.media.probe import Facts
from harmlib.models.explanation import Explanation, Neighbour
from harmlib.predict.decision_log import DecisionLog, LogError, format_decision, log_entry
from harmlib.predict.prediction import COLUMNS, Prediction
from harmlib.predict.windows import Windowing


def predicted(path="a.mp4", probability=0.7, model="m1"):
    segments = pd.DataFrame({"start_sec": [1.0], "end_sec": [2.5], "peak_probability": [0.9]})
    return Prediction(
        facts=Facts(path, 12, 34, "ab" * 32, 8, 6, 50, 2.0),
        modality="video",
        logit=0.85,
        probability=probability,
        threshold=0.5,
        model_id=f"model4/video@{model}",
        seconds=0.1,
        model_sha256=model,
        checkpoint=Path("models/video.pth"),
        windowing=Windowing(stride_sec=1.0),
        windows=pd.DataFrame(),
        segments=segments,
        explanation=Explanation({"clip": 0.25, "yolo": -0.5}, [Neighbour("x", 1, 0.8, 0.99)]),
    )


def test_an_entry_is_plain_and_complete():
    entry = log_entry(predicted())
    assert json.loads(json.dumps(entry)) == entry, "nothing but plain values"
    assert {name: entry[name] for name in COLUMNS} == predicted().row()
    assert (entry["sha256"], entry["size"], entry["mtime_ns"]) == ("ab" * 32, 12, 34)
    assert entry["windowing"] == {
        "window_sec": None,
        "stride_sec": 1.0,
        "how": "max",
        "k": 3,
        "early_exit": False,
        "max_frames": 500_000,
        "max_windows": 5_000,
        "max_pixels": 100_000_000,
    }
    assert Windowing(**entry["windowing"]) == Windowing(stride_sec=1.0)
    assert entry["segments"] == [{"start_sec": 1.0, "end_sec": 2.5, "peak_probability": 0.9}]
    assert entry["contributions"] == {"clip": 0.25, "yolo": -0.5}
    assert entry["nearest"] == [
        {"item_id": "x", "label": 1, "probability": 0.8, "similarity": 0.99}
    ]
    assert Path(entry["file"]).is_absolute()
    assert Path(entry["checkpoint"]).is_absolute()
    assert len(entry["id"]) == 12
    assert log_entry(predicted(model="m2"))["id"] != entry["id"]


@pytest.mark.parametrize(
    ("probability", "decision", "margin"),
    [(0.7, "harmful", 0.2), (0.5, "safe", 0), (0, "safe", -0.5)],
)
def test_a_file_is_harmful_above_the_threshold_only(probability, decision, margin):
    row = predicted(probability=probability).row()
    assert list(row) == COLUMNS
    assert row["decision"] == decision
    assert row["margin"] == pytest.approx(margin)


@pytest.fixture
def log(tmp_path):
    return DecisionLog(tmp_path / "new" / "a.decisions.jsonl")


def test_lines_are_only_added_and_half_ones_never_counted(log):
    assert list(log) == []
    log.append({"id": "1"})
    first = log.path.read_bytes()
    with log.path.open("ab") as file:  # a crash in the middle of a line
        file.write(b'{"id": "ha')
    log.append({"id": "2", "path": "odd\udcff"})
    assert log.path.read_bytes().startswith(first)
    assert list(log) == [{"id": "1"}, {"id": "2", "path": "odd\udcff"}]


def test_an_entry_is_found_by_its_id(log):
    with pytest.raises(LogError, match=r"a\.decisions\.jsonl: there is no such log"):
        log.find("1")
    log.path.parent.mkdir()
    log.path.touch()
    with pytest.raises(LogError, match="no decision '1'; it is empty"):
        log.find("1")
    for name in ("1", "2"):
        log.append({"id": name, "model_id": "m"})
    assert log.find("1")["id"] == "1"
    with pytest.raises(LogError, match="no decision '3', by id or file; the last one is 2"):
        log.find("3")


def test_an_entry_of_an_earlier_version_is_refused(log):
    log.append({"id": "1", "model": "model4/video@m1"})
    with pytest.raises(LogError, match="decision 1 was logged by an earlier version"):
        log.find("1")


def test_the_last_entry_on_each_path_by_these_models(log):
    for number, (path, model) in enumerate(
        [("a", "m1"), ("b", "m1"), ("a", "m2"), ("a", "m1"), ("c", "m3")]
    ):
        log.append({"n": number, "path": path, "model_sha256": model})
    assert [e["n"] for e in log.latest({"m1"})] == [1, 3]
    assert [e["n"] for e in log.latest({"m1", "m2", "m3"})] == [1, 3, 4]
    assert [e["n"] for e in log.latest({"m2"})] == [2]
    assert list(log.latest({"m4"})) == []


def test_states_are_those_of_one_model_and_one_windowing(log):
    entry = log_entry(predicted())
    log.append(entry)
    log.append(entry | {"path": "b.mp4", "model_sha256": "m2"})
    log.append(entry | {"path": "c.mp4", "windowing": entry["windowing"] | {"k": 9}})
    log.append({"path": "d.mp4", "size": 1, "mtime_ns": 1, "model_sha256": "m1"})  # earlier version
    assert log.states("m1", entry["windowing"]) == {("a.mp4", 12, 34)}


def test_states_of_a_policy_are_those_of_its_threshold(log):
    entry = log_entry(predicted())
    for number, (policy, threshold) in enumerate([("", 0.5), ("night", 0.5), ("night", 0.6)]):
        log.append(entry | {"path": f"{number}.mp4", "policy": policy, "threshold": threshold})
    for policy, threshold, path in [("", 0.5, "0"), ("night", 0.5, "1"), ("night", 0.6, "2")]:
        states = log.states("m1", entry["windowing"], policy, {"threshold": threshold})
        assert states == {(f"{path}.mp4", 12, 34)}


def test_a_policy_is_named_in_words():
    said = format_decision(log_entry(predicted()) | {"policy": "night"})
    assert "policy     night" in said


def test_a_decision_in_words():
    said = format_decision(log_entry(predicted()))
    assert "model_id   model4/video@m1" in said
    assert "harmful: probability 0.7000, threshold 0.5000 (margin +0.2000)" in said
    assert "safe at any threshold from 0.700000 up" in said
    assert "yolo      -0.5000" in said
    assert "harmful  similarity 0.990, probability 0.800  x" in said
    assert "segment    1.0 s to 2.5 s, highest probability 0.900" in said
    safe = format_decision(log_entry(predicted(probability=0.2)))
    assert "harmful at any threshold below 0.200000" in safe


@pytest.mark.parametrize("probability", [0.2, 0.7])
def test_a_decision_in_words_is_in_both_languages(probability):
    entry = log_entry(predicted(probability=probability)) | {"policy": "night", "note": "n"}
    english, korean = in_both(lambda: format_decision(entry))
    assert not differences(english, korean)
    assert not english_words(korean)
    assert not {"harmful", "safe"} & set(korean.split())


def test_an_entry_is_found_by_the_name_of_its_file(tmp_path):
    log = DecisionLog(tmp_path / "a.decisions.jsonl")
    for path, probability in (("x/a.mp4", 0.1), ("x/b.mp4", 0.2), ("x/a.mp4", 0.3), ("y/b.mp4", 1)):
        log.append(log_entry(predicted(path, probability)))
    assert log.find("a.mp4")["probability"] == 0.3, "the last one on it"
    assert log.find("y/b.mp4")["probability"] == 1
    with pytest.raises(LogError, match=r"2 files are called 'b.mp4': x/b.mp4, y/b.mp4; give"):
        log.find("b.mp4")
    with pytest.raises(LogError, match=r"no decision '\.mp4', by id or file"):
        log.find(".mp4")


def test_decisions_at_another_threshold_are_made_again(tmp_path):
    log = DecisionLog(tmp_path / "a.decisions.jsonl")
    log.append(log_entry(predicted()))
    windowing = log_entry(predicted())["windowing"]
    assert log.states("m1", windowing, thresholds={"threshold": 0.5})
    assert not log.states("m1", windowing, thresholds={"threshold": 0.3})
