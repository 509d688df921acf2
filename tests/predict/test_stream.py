"""The stream from paths to predictions, with a backbone that needs no network.

A video's content is a list of logits, one for each second: what its windows of one second score.
"""

import json
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from harmlib.media.decode import MediaError
from harmlib.media.ledger import Unusable
from harmlib.media.probe import Facts
from harmlib.media.tracks import Track
from harmlib.media.video_facts import VideoFacts
from harmlib.models.classifier import probabilities
from harmlib.models.explanation import Explanation
from harmlib.predict import prediction, stream, taking_up
from harmlib.predict.prediction import Prediction
from harmlib.predict.stream import predict_stream
from harmlib.predict.windows import Windowing

THRESHOLD = 0.6
LOOK_AHEAD = 3  # windows that the fake stream of vectors takes before it gives the first


@dataclass
class About:
    duration_sec: float = 1.0


@dataclass
class Checkpoint:
    threshold: float = THRESHOLD
    about: About = field(default_factory=About)


@dataclass
class FakePredictor:
    """Takes a window's vector, one number, for its logit."""

    modality: str = "video"
    windowing: Windowing = field(default_factory=lambda: Windowing(stride_sec=1.0))
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    model_id: str = "fake/video@0"
    digest: str = "0"
    path: Path = Path("fake.pth")
    engines: dict = field(default_factory=lambda: {"one": None})
    params: None = None
    policy: str = ""

    @property
    def threshold(self):
        return self.checkpoint.threshold

    @property
    def outputs(self):
        return {"": self}

    def score(self, vectors):
        return float(vectors["one"][0]), torch.from_numpy(vectors["one"])[None]


@pytest.fixture
def read(monkeypatch):
    """Replaces identifying, probing, decoding and explaining; lists the windows that were read."""
    windows = []

    def content(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))

    def identify(path, _max_pixels, _limits):
        if not isinstance(content(path), list):
            raise MediaError("neither a picture nor a video")
        return "image" if Path(path).suffix == ".jpg" else "video"

    def probe(path, modality, *_):
        if path.name.startswith("gone"):
            raise FileNotFoundError("gone")
        reason = "cut off" if path.name.startswith("cut") else ""
        duration_sec = float(len(content(path))) if modality == "video" else 0.0
        return Facts(str(path), 1, 1, "a" * 64, 1, 1, 1, duration_sec, reason)

    def stream_vectors(coming, *_):
        waiting = []
        for window in coming:
            windows.append(window)
            waiting.append(window)
            if len(waiting) > LOOK_AHEAD:
                yield vectors(waiting.pop(0))
        yield from map(vectors, waiting)

    def vectors(window):
        logit = content(window.path)[int(window.start_sec)]
        if logit is None:
            return window, MediaError("a frame is damaged")
        return window, {"one": np.array([logit], dtype=np.float32)}

    for name, fake in (
        ("identify", identify),
        ("probe", probe),
        ("probe_and_hold", lambda path, *_: (probe(path, "video"), None)),
    ):
        monkeypatch.setattr(taking_up, name, fake)
    monkeypatch.setattr(stream, "stream_vectors", stream_vectors)
    monkeypatch.setattr(prediction, "explain", lambda *_: Explanation({}, []))
    return windows


@pytest.fixture
def file(tmp_path):
    def write(name, logits):
        path = tmp_path / name
        path.write_text(json.dumps(logits), encoding="utf-8")
        return path

    return write


def names(results):
    return [Path(one.path).name for one in results]


@pytest.mark.usefixtures("read")
def test_everything_comes_out_once_and_in_order(file):
    found = [
        Unusable("none.mp4", "no such file", "find"),
        file("a.mp4", [1.0]),
        file("words.txt", {"no": "media"}),
        file("cut.mp4", [1.0]),
        file("b.mp4", [-1.0]),
        file("gone.mp4", [1.0]),
        file("picture.jpg", [1.0]),
        file("damaged.mp4", [None]),
        file("c.mp4", [2.0]),
    ]
    results = list(predict_stream([FakePredictor()], found))
    assert sorted(names(results)) == sorted(Path(getattr(f, "path", f)).name for f in found)
    predicted = [one for one in results if isinstance(one, Prediction)]
    assert names(predicted) == ["a.mp4", "b.mp4", "c.mp4"]
    assert [one.decision for one in predicted] == ["harmful", "safe", "harmful"]
    unusable = {Path(one.path).name: one for one in results if isinstance(one, Unusable)}
    assert {name: one.step for name, one in unusable.items()} == {
        "none.mp4": "find",
        "words.txt": "identify",
        "picture.jpg": "identify",
        "cut.mp4": "probe",
        "gone.mp4": "probe",
        "damaged.mp4": "extract",
    }
    assert unusable["cut.mp4"].reason == "cut off"
    assert unusable["picture.jpg"].modality == "image"
    assert "modality is image; this checkpoint is for videos" in unusable["picture.jpg"].reason
    assert names(results)[0] == "none.mp4", "what drops out first is told first"


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize("step", ["identify", "probe_and_hold"])
@pytest.mark.parametrize(
    "error", [TypeError("odd"), MemoryError(), KeyError("x"), RecursionError()]
)
def test_whatever_one_file_raises_costs_that_file_alone(file, monkeypatch, step, error):
    real = getattr(taking_up, step)

    def stumble(path, *args):
        if path.name == "odd.mp4":
            raise error
        return real(path, *args)

    monkeypatch.setattr(taking_up, step, stumble)
    found = [file(name, [1.0]) for name in ("a.mp4", "odd.mp4", "b.mp4")]
    results = {Path(one.path).name: one for one in predict_stream([FakePredictor()], found)}
    assert isinstance(results["a.mp4"], Prediction)
    assert isinstance(results["b.mp4"], Prediction)
    assert results["odd.mp4"].step == step.removesuffix("_and_hold")
    assert type(error).__name__ in results["odd.mp4"].reason


def test_a_file_of_many_windows_gets_one_prediction(file, read):
    logits = [-1.0, 3.0, 0.5, -2.0, 2.0]
    (found,) = predict_stream([FakePredictor()], [file("long.mp4", logits)])
    assert [window.start_sec for window in read] == [0, 1, 2, 3, 4]
    assert found.windows["logit"].tolist() == logits
    assert found.windows["end_sec"].tolist() == [1, 2, 3, 4, 5]
    assert found.logit == 3.0
    assert found.probability == probabilities(3.0)
    assert found.margin == found.probability - THRESHOLD
    flagged = found.segments[["start_sec", "end_sec"]].to_numpy().tolist()
    assert flagged == [[1.0, 3.0], [4.0, 5.0]]
    assert "decision" in found.row()


@pytest.mark.usefixtures("read")
def test_the_mean_of_the_highest_windows(file):
    windowing = Windowing(stride_sec=1.0, how="top_mean", k=2)
    path = file("long.mp4", [-1.0, 3.0, 0.5, -2.0, 2.0])
    (found,) = predict_stream([FakePredictor(windowing=windowing)], [path])
    expected = probabilities([2.0, 3.0]).mean()
    assert found.probability == pytest.approx(expected)
    assert probabilities(found.logit) == pytest.approx(expected)


def test_a_file_of_one_window_has_no_segments(file, read):
    (found,) = predict_stream([FakePredictor()], [file("short.mp4", [5.0])])
    assert len(read) == len(found.windows) == 1
    assert len(found.segments) == 0
    assert found.decision == "harmful"


@pytest.mark.parametrize(("early_exit", "expected"), [(False, 40), (True, 2 + 1 + LOOK_AHEAD)])
def test_early_exit_stops_reading_a_file_that_is_decided(file, read, early_exit, expected):
    windowing = Windowing(stride_sec=1.0, early_exit=early_exit)
    path = file("long.mp4", [-1.0, -1.0, 4.0] + 37 * [-1.0])
    (found,) = predict_stream([FakePredictor(windowing=windowing)], [path])
    assert found.decision == "harmful"
    assert len(read) == expected, "windows that were read"
    assert len(found.windows) == (3 if early_exit else 40), "windows that were scored"


def test_early_exit_reads_a_safe_file_to_its_end(file, read):
    windowing = Windowing(stride_sec=1.0, early_exit=True)
    path = file("long.mp4", 20 * [-1.0])
    (found,) = predict_stream([FakePredictor(windowing=windowing)], [path])
    assert found.decision == "safe"
    assert len(found.windows) == len(read) == 20


def test_early_exit_goes_on_with_the_next_file(file, read):
    windowing = Windowing(stride_sec=1.0, early_exit=True)
    found = [file("a.mp4", 30 * [4.0]), file("b.mp4", 5 * [-4.0]), file("c.mp4", 30 * [4.0])]
    results = list(predict_stream([FakePredictor(windowing=windowing)], found))
    assert names(results) == ["a.mp4", "b.mp4", "c.mp4"]
    assert [one.decision for one in results] == ["harmful", "safe", "harmful"]
    assert len(read) < 30


def test_a_damaged_window_gives_the_whole_file_up(file, read):
    found = [file("a.mp4", [1.0, None] + 30 * [1.0]), file("b.mp4", [1.0])]
    results = list(predict_stream([FakePredictor()], found))
    assert names(results) == ["a.mp4", "b.mp4"]
    assert (results[0].step, results[0].reason) == ("extract", "a frame is damaged")
    assert len(read) == 2 + LOOK_AHEAD + 1, "the rest of the file is not read"


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([-1.0, 4.0, None, -1.0], "harmful"),  # decided before the damage
        ([-1.0, None, 4.0, None], "a frame is damaged"),
        ([-1.0, -1.0, -1.0, None], "a frame is damaged"),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_decided_early_does_not_depend_on_which_window_comes_first(
    file, monkeypatch, logits, expected, reverse
):
    def mixed(*args, real=stream.stream_vectors):
        came = list(real(*args))
        damaged = [one for one in came if isinstance(one[1], MediaError)]
        others = [one for one in came if one not in damaged]  # these wait for a full batch
        yield from damaged + (others[::-1] if reverse else others)

    monkeypatch.setattr(stream, "stream_vectors", mixed)
    windowing = Windowing(stride_sec=1.0, early_exit=True)
    (found,) = predict_stream([FakePredictor(windowing=windowing)], [file("a.mp4", logits)])
    if isinstance(found, Prediction):
        assert (found.decision, len(found.windows)) == (expected, 2)
    else:
        assert found.reason == expected


@pytest.mark.usefixtures("read")
def test_the_window_that_scored_highest_is_explained(file, monkeypatch):
    seen = []

    def explain(_, features):
        seen.append(float(features))
        return Explanation({}, [])

    monkeypatch.setattr(prediction, "explain", explain)
    list(predict_stream([FakePredictor()], [file("long.mp4", [0.5, 2.0, 3.0, 1.0])]))
    assert seen == [3.0]


@pytest.mark.usefixtures("read")
def test_images_first_then_the_videos(file):
    found = [
        file("1.mp4", [1.0]),
        file("2.jpg", [1.0]),
        Unusable("none", "no such file", "find"),
        file("3\nline\udcff.mp4", [-1.0]),
        file("4.jpg", [-1.0]),
        file("cut.mp4", [-1.0]),
    ]
    image, video = FakePredictor(modality="image"), FakePredictor()
    results = list(predict_stream([image, video], found))
    predicted = [one for one in results if isinstance(one, Prediction)]
    assert names(predicted) == ["2.jpg", "4.jpg", "1.mp4", "3\nline\udcff.mp4"]
    assert [one.modality for one in predicted] == ["image", "image", "video", "video"]
    unusable = [one for one in results if isinstance(one, Unusable)]
    assert names(unusable) == ["none", "cut.mp4"]


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize("both", [False, True])
def test_files_are_taken_a_few_ahead_never_all(file, both):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield file(f"{taken}.jpg", [1.0])

    image = FakePredictor(modality="image")
    results = predict_stream([image, FakePredictor()] if both else [image], endless())
    for number in range(1, 50):
        assert Path(next(results).path).name == f"{number}.jpg"
        assert taken - number < 20
    results.close()


@pytest.mark.usefixtures("read")
def test_nothing_in_nothing_out():
    assert list(predict_stream([FakePredictor()], [])) == []


@pytest.mark.usefixtures("read")
def test_files_that_are_all_unusable_all_come_out(file):
    found = [file(f"cut{number}.mp4", [1.0]) for number in range(20)]
    results = list(predict_stream([FakePredictor()], found))
    assert names(results) == [path.name for path in found]
    assert {one.reason for one in results} == {"cut off"}


@pytest.mark.usefixtures("read")
def test_what_was_found_unusable_comes_before_the_next_prediction(file):
    found = [file(f"cut{number}.mp4", [1.0]) for number in range(5)] + [file("a.mp4", [1.0])]
    results = list(predict_stream([FakePredictor()], [*found, file("cut9.mp4", [1.0])]))
    assert names(results)[:5] == [path.name for path in found[:5]]
    assert sorted(names(results)[5:]) == ["a.mp4", "cut9.mp4"]


def tracks(*lengths, gap_sec=0.25):
    """Video streams of these lengths in seconds."""
    return tuple(
        VideoFacts(4, 4, int(sec / gap_sec), sec, Track(i), array("d", np.arange(0, sec, gap_sec)))
        for i, sec in enumerate(lengths)
    )


@pytest.fixture
def probed(monkeypatch, read):
    """Sets what probing finds; the fake windows read their logit by stream and second."""

    def find(facts, note="", logits=None):
        def probe(path, *_):
            first = facts[0]
            return Facts(
                str(path), 1, 1, "a" * 64, 4, 4, first.frames, first.duration_sec, note=note,
                tracks=facts,
            )  # fmt: skip

        def stream_vectors(coming, *_):
            for window in coming:
                read.append(window)
                logit = (logits or {}).get((window.track.stream, int(window.start_sec)), -3.0)
                yield window, {"one": np.array([logit], dtype=np.float32)}

        monkeypatch.setattr(taking_up, "probe_and_hold", lambda path, *_: (probe(path), None))
        monkeypatch.setattr(stream, "stream_vectors", stream_vectors)

    return find


def test_every_video_stream_is_judged_and_the_highest_counts(file, probed):
    probed(tracks(3.0, 2.0), note="2 video streams", logits={(1, 1): 4.0})
    (found,) = predict_stream([FakePredictor()], [file("a.mp4", [0.0])])
    assert found.windows["stream"].tolist() == [0, 0, 0, 1, 1]
    assert (found.decision, found.note) == ("harmful", "2 video streams")
    assert found.segments[["stream", "start_sec", "end_sec"]].to_numpy().tolist() == [[1, 1, 2]]
    assert found.row()["note"] == "2 video streams"


def test_a_stream_of_one_frame_beside_another(file, probed):
    one = VideoFacts(4, 4, 1, 0.0, Track(1), array("d", [0.0]))
    probed((*tracks(2.0), one), logits={(1, 0): 4.0})
    (found,) = predict_stream([FakePredictor()], [file("a.mp4", [0.0])])
    assert found.decision == "harmful"
    assert len(found.segments) == 0


def test_the_bound_on_windows_is_said_and_leaves_each_stream_one(file, probed, read):
    probed(tracks(30.0, 1.0))
    windowing = Windowing(stride_sec=1.0, max_windows=10)
    (found,) = predict_stream([FakePredictor(windowing=windowing)], [file("a.mp4", [0.0])])
    assert found.note == "of 31 windows 10 were judged, spread evenly"
    assert [window.track.stream for window in read] == [0] * 9 + [1]


def test_the_bound_on_frames_reaches_the_probe(file, probed, monkeypatch):
    probed(tracks(1.0))
    seen = []
    real = taking_up.probe_and_hold
    monkeypatch.setattr(taking_up, "probe_and_hold", lambda *args: seen.append(args) or real(*args))
    windowing = Windowing(max_frames=7)
    list(predict_stream([FakePredictor(windowing=windowing)], [file("a.mp4", [0.0])]))
    assert 7 in seen[0]
