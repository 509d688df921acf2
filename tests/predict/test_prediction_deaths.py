"""Predicting when the process that decodes a file really dies: that file is lost, no other."""

import signal
from fractions import Fraction

import av
import numpy as np
import pytest
from deaths import DEATHS, dies_on
from PIL import Image
from tiny_predictor import TinyPredictor

from harmlib.media import contained as contained_module
from harmlib.media import held_video
from harmlib.media.in_hand import noting
from harmlib.media.ledger import Unusable
from harmlib.models.explanation import Explanation
from harmlib.predict import prediction
from harmlib.predict.stream import predict_stream


@pytest.fixture(autouse=True)
def _no_explanation(monkeypatch):
    monkeypatch.setattr(prediction, "explain", lambda *_: Explanation({}, []))


def write_video(path, seed, seconds=1):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for i in range(10 * seconds):
            picture = np.full((24, 32, 3), 20 * seed + i % 10, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.fixture
def files(tmp_path):
    images = [tmp_path / f"{i}.png" for i in range(4)]
    for i, path in enumerate(images):
        Image.new("RGB", (8, 6), (40 * i, 0, 0)).save(path)
    return [*images, *(write_video(tmp_path / f"{i}.mp4", i) for i in range(4))]


@pytest.mark.parametrize("bad", [1, 5])
@pytest.mark.parametrize("death", DEATHS)
def test_one_file_is_lost_with_a_true_reason(files, monkeypatch, death, bad):
    reason = dies_on(monkeypatch, files[bad], death)
    found = list(predict_stream([TinyPredictor("image"), TinyPredictor("video")], files))
    lost = [one for one in found if isinstance(one, Unusable)]
    assert [one.path for one in lost] == [str(files[bad])]
    assert reason in lost[0].reason
    rest = sorted(one.path for one in found if not isinstance(one, Unusable))
    assert rest == sorted(map(str, files[:bad] + files[bad + 1 :]))


@pytest.mark.parametrize("step", ["identify", "probe"])
def test_a_second_start_steps_over_what_crashed_the_decoder(files, tmp_path, monkeypatch, step):
    real = contained_module.contained
    asked = []

    def dies(limits, function, path, *args):
        asked.append((function.__name__, path))
        if path == files[1] and function.__name__ == step:
            return real(limits, signal.raise_signal, signal.SIGSEGV)
        return real(limits, function, path, *args)

    monkeypatch.setattr(contained_module, "contained", dies)
    reasons = []
    for _ in range(2):
        with noting(tmp_path / "notes") as notes:
            found = list(predict_stream([TinyPredictor("image")], files[:4], notes=notes))
        reasons += [one.reason for one in found if isinstance(one, Unusable)]
    assert asked.count((step, files[1])) == 1
    assert asked.count((step, files[2])) == 2
    crashed, stepped_over = reasons
    assert stepped_over.startswith(f"{crashed}; not tried again (delete {tmp_path / 'notes'}")


@pytest.fixture
def _nothing_held(monkeypatch):
    """Every video is too long for its frames to be kept."""
    monkeypatch.setattr(held_video, "MAX_KEPT_BYTES", 0)


@pytest.mark.usefixtures("_nothing_held")
@pytest.mark.parametrize("step", ["probe", "sample_sizes"])
def test_a_long_video_that_kills_at_a_later_step(files, tmp_path, monkeypatch, step):
    long = write_video(tmp_path / "long.mp4", 4, seconds=20)
    ways = {
        # With its frames, and again without them.
        "probe": [(held_video, "Conversation"), (held_video.decoders, "contained")],
        "sample_sizes": [(contained_module, "contained")],
    }[step]

    def dying(real):
        def dies(limits, function, path, *args):
            if path == long and step in function.__name__:
                return real(limits, eval, "__import__('ctypes').string_at(0)")
            return real(limits, function, path, *args)

        return dies

    for module, name in ways:
        monkeypatch.setattr(module, name, dying(getattr(module, name)))
    found = list(predict_stream([TinyPredictor("video")], [*files[4:6], long, *files[6:]]))
    lost = [one for one in found if isinstance(one, Unusable)]
    assert [(one.path, one.reason) for one in lost] == [
        (str(long), "the decoder crashed on this file (signal 11)")
    ]
    assert lost[0].step == {"probe": "probe", "sample_sizes": "extract"}[step]
    assert len(found) == 5


@pytest.mark.usefixtures("_nothing_held")
def test_a_video_that_is_decoded_in_one_pass(files, tmp_path, monkeypatch):
    """One whose clock steps back."""
    joined = tmp_path / "joined.ts"
    parts = [write_video(tmp_path / f"part{i}.ts", i, seconds=3).read_bytes() for i in range(2)]
    joined.write_bytes(b"".join(parts))
    real = contained_module.contained_stream

    def dies(limits, *_):
        # Two frames as they should be, then the end.
        code = (
            "(__import__('numpy').zeros((24, 32, 3), 'u1') if i < 2 else "
            "__import__('signal').raise_signal(11) for i in range(9))"
        )
        return real(limits, eval, code)

    monkeypatch.setattr(contained_module, "contained_stream", dies)
    found = list(predict_stream([TinyPredictor("video")], [files[4], joined, files[5]]))
    lost = [one for one in found if isinstance(one, Unusable)]
    assert [(one.path, one.reason) for one in lost] == [
        (str(joined), "the decoder crashed on this file (signal 11)")
    ]
    assert len(found) == 3
