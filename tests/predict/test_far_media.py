"""A file at an address that changes while it is being predicted: one loss, never a mixture."""

import io
import tempfile
from pathlib import Path

import fsspec
import pytest
from PIL import Image
from tiny_predictor import TinyPredictor

from harmlib.media import fetching
from harmlib.media.find import find_files
from harmlib.media.ledger import Unusable
from harmlib.models.explanation import Explanation
from harmlib.predict import prediction, taking_up
from harmlib.predict.stream import predict_stream


def moving(level):
    """A GIF; of all levels with the same number of bytes."""
    pictures = [Image.new("L", (32, 24), level + i) for i in range(4)]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=500)
    return file.getvalue()


@pytest.fixture
def far(tmp_path, monkeypatch):
    """A video at an address, of which no copy and no frame is kept once it was probed."""
    memory = fsspec.filesystem("memory")
    memory.pipe("/far-media/a.gif", moving(10))
    monkeypatch.setattr(prediction, "explain", lambda *_: Explanation({}, []))
    changes, real, hold = [], taking_up.probe_and_hold, fetching.Copies.held

    def held_anew(_, *given):
        return hold(fetching.Copies(Path(tempfile.mkdtemp(dir=tmp_path))), *given)

    monkeypatch.setattr(fetching.Copies, "held", held_anew)

    def probe(*given):
        facts, held = real(*given)
        held.close()
        for content in changes:
            memory.pipe("/far-media/a.gif", content)
        return facts, None

    monkeypatch.setattr(taking_up, "probe_and_hold", probe)
    yield changes
    memory.rm("/far-media", recursive=True)


def predict():
    (one,) = predict_stream([TinyPredictor()], find_files(["memory://far-media"]))
    return one


def test_a_copy_that_is_fetched_again_is_the_file_that_was_probed(far):
    assert predict().probability == pytest.approx(predict().probability)
    first, other = moving(10), moving(200)
    assert len(first) == len(other)
    far.append(other)
    lost = predict()
    assert isinstance(lost, Unusable)
    assert (lost.path, lost.step) == ("memory://far-media/a.gif", "extract")
    assert "its content has changed since it was listed" in lost.reason
