"""Each video is decoded once, whatever its clock, and says what it would if decoded again.

Frame i of a recording has the level 3 i of grey, so that another frame gives another score.
"""

from collections import Counter
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tiny_predictor import TinyPredictor

from harmlib.media import contained as contained_module
from harmlib.media import decoders, held_video, tracks, video, video_facts
from harmlib.media.decoders import DecodeLimits
from harmlib.media.ledger import Unusable
from harmlib.media.probe import probe
from harmlib.models.explanation import Explanation
from harmlib.predict import prediction
from harmlib.predict.stream import predict_stream
from harmlib.predict.windows import Windowing


@pytest.fixture(autouse=True)
def _no_explanation(monkeypatch):
    monkeypatch.setattr(prediction, "explain", lambda *_: Explanation({}, []))


def record(path, frames=40, *, ticks=None, streams=1, codec="libx264", first=0, **options):
    """`ticks` : times of the frames, in tenths of a second."""
    with av.open(str(path), "w", options=options) as container:
        made = [container.add_stream(codec, rate=10) for _ in range(streams)]
        for stream in made:
            stream.width, stream.height = 64, 48
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = Fraction(1, 10)
        for i in range(frames):
            for stream in made:
                level = 3 * (first + i) % 251
                pixels = np.full((48, 64, 3), level, np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                    format=stream.pix_fmt
                )
                frame.pts, frame.time_base = ticks[i] if ticks else i, Fraction(1, 10)
                container.mux(stream.encode(frame))
        for stream in made:
            container.mux(stream.encode())
    return path


def varying(path, frames=40):
    """Gaps of one, two and five tenths of a second."""
    gaps = np.resize([1, 1, 5, 2], frames - 1)
    return record(path, frames, ticks=[0, *np.cumsum(gaps).tolist()])


def joined(path):
    """Two recordings byte by byte: the clock steps back in the middle."""
    parts = [record(path.with_name(f"{i}.ts"), 20, first=20 * i) for i in range(2)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    return path


def cut(path, **options):
    """Whole but for its last packets."""
    record(path, 60, **options)
    path.write_bytes(path.read_bytes()[:-700])
    return path


VIDEOS = {
    "constant.mp4": record,
    "short.mp4": lambda path: record(path, 12),
    "one frame.mp4": lambda path: record(path, 1),
    "varying.mp4": varying,
    "joined.ts": joined,
    "two streams.mkv": lambda path: record(path, streams=2),
    "no times.h264": record,
    "mpeg4.avi": lambda path: record(path, codec="mpeg4"),
    "cut.ts": cut,
    "cut behind its index.mp4": lambda path: cut(path, movflags="faststart"),
    "an hour.mp4": lambda path: record(path, ticks=[80 * i for i in range(40)]),
}


@pytest.fixture(params=VIDEOS)
def clip(request, tmp_path):
    return VIDEOS[request.param](tmp_path / request.param)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return record(tmp_path_factory.mktemp("long") / "long.mp4", 600)


class Here:
    """Stands for a conversation with another process."""

    is_spent = False

    def __init__(self, _, function, *args):
        self._answers, self.said = function(*args), 0

    def say(self, value=None):
        self.said += 1
        return self._answers.send(value)

    def close(self):
        self._answers.close()


@pytest.fixture
def decoded(monkeypatch):
    """How many frames of each file were decoded."""
    counts = Counter()

    def decode(container, streams):
        for one in tracks.decode(container, streams):
            counts[Path(container.name).name] += len(one.frames)
            yield one

    for module in (video, video_facts):
        monkeypatch.setattr(module, "decode", decode)
    monkeypatch.setattr(held_video, "Conversation", Here)
    monkeypatch.setattr(contained_module, "contained", lambda _, work, *args: work(*args))
    monkeypatch.setattr(contained_module, "contained_stream", lambda _, work, *args: work(*args))
    return counts


@contextmanager
def nothing_kept():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_video, "MAX_KEPT_BYTES", 0)
        yield


def judged(path, windowing=None, **options):
    predictor = TinyPredictor(windowing=windowing or Windowing())
    (found,) = predict_stream([predictor], [path], **options)
    if isinstance(found, Unusable):
        return found
    tables = [table.to_dict("records") for table in (found.windows, found.segments)]
    return {**found.row(), "seconds": 0}, tables, found.facts


def test_a_video_says_what_it_would_if_it_were_decoded_again(clip):
    with nothing_kept():
        twice = judged(clip)
    assert judged(clip) == twice
    assert isinstance(twice, Unusable) == (clip.name == "cut behind its index.mp4")


def test_each_frame_is_decoded_once(clip, decoded):
    facts = probe(clip, "video")
    before = decoded.total()
    assert before == sum(one.frames for one in facts.tracks) or facts.reason
    assert before > 0
    judged(clip)
    assert decoded.total() == 2 * before, "by predicting as many as by probing alone"


def test_many_windows_of_one_video_decode_it_once(long, decoded):
    result = judged(long)
    assert len(result[1][0]) == 59
    assert decoded == {"long.mp4": 600}


def test_behind_the_bound_on_frames_there_may_be_one_that_is_wanted(tmp_path):
    # The second frame counts four tenths, as the first one did, and the third comes sooner.
    path = record(tmp_path / "a.mkv", 8, ticks=[0, 4, 5, 6, 7, 8, 9, 10])
    windowing = Windowing(max_frames=2)
    with nothing_kept():
        expected = judged(path, windowing)
    assert "only the first 2 frames" in expected[0]["note"]
    assert judged(path, windowing) == expected


@pytest.mark.parametrize("max_frames", [None, 100])
def test_a_video_beyond_the_bound_says_the_same(long, monkeypatch, max_frames):
    windowing = Windowing(max_frames=max_frames or 1000, max_windows=20)
    with nothing_kept():
        expected = judged(long, windowing)
    assert judged(long, windowing) == expected
    monkeypatch.setattr(held_video, "MAX_KEPT_BYTES", 64 * 48 * 2 * 599)  # the last doesn't fit
    assert judged(long, windowing) == expected


def test_what_is_kept_is_bounded_by_what_decoding_may_take(long, decoded):
    judged(long, limits=DecodeLimits(max_gib=600 * 64 * 48 * 8 / (1 << 30)))
    assert decoded["long.mp4"] > 1200


def test_where_the_process_that_held_them_is_gone_a_video_is_decoded_again(long, monkeypatch):
    expected = judged(long)
    monkeypatch.setattr(
        held_video, "Conversation", lambda *args: DiesAfter(decoders.Conversation(*args), 5)
    )
    assert judged(long) == expected


class DiesAfter:
    """A conversation whose process is killed when it was asked so often."""

    def __init__(self, real, asks):
        self._real, self._left = real, asks

    def say(self, value=None):
        self._left -= 1
        if not self._left:
            self._real._decoder.kill()
        return self._real.say(value)

    def __getattr__(self, name):
        return getattr(self._real, name)


@pytest.mark.parametrize("is_left_early", [False, True])
def test_no_process_and_no_room_stays_taken(long, tmp_path, is_left_early):
    paths = [long, *(record(tmp_path / f"{i}.mp4") for i in range(3))]
    decoders.end_decoders()
    room = held_video._ROOM._left_bytes
    windowing = Windowing(early_exit=True)  # the first is harmful from some window on
    predicting = predict_stream([TinyPredictor(windowing=windowing)], paths)
    found = [next(predicting) for _ in (paths[:1] if is_left_early else paths)]
    assert found[0].decision == "harmful"
    assert len(found[0].windows) < 59
    predicting.close()
    assert held_video._ROOM._left_bytes == room == held_video._ALL_KEPT_BYTES
    alive = [one for one in decoders._all if one.is_alive()]
    assert sorted(map(id, alive)) == sorted(map(id, decoders._idle))
