"""Pictures of harmful segments: a decision never depends on them."""

import numpy as np
import pytest
from PIL import Image

from harmlib.media.probe import probe
from harmlib.predict.outputs import _add_strips


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
    _add_strips(entry, facts, tmp_path / "strips")
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
    _add_strips(entry, facts, tmp_path / "strips")
    assert "strip" not in entry["segments"][0]
    assert entry["note"].startswith("cut; no pictures of its segments: ")
