"""Extraction when the process that decodes a file really dies: that file is lost, no other."""

import pytest
from deaths import DEATHS, dies_on
from tiny_backbone import PARAMS, TinyBackbone, engines_of

from harmlib.features.extraction import extract
from harmlib.features.store import FeatureStore

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def files(tmp_path, write_image, write_video):
    images = [write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(5)]
    return [*images, *(write_video(tmp_path / f"{i}.mp4", seed=i) for i in range(3))]


@pytest.mark.parametrize("bad", [2, 6])
@pytest.mark.parametrize("death", DEATHS)
def test_one_file_is_lost_with_a_true_reason(tmp_path, files, listed, monkeypatch, death, bad):
    stores = {"clip": FeatureStore(tmp_path / "store", "clip", {})}
    items = listed(files)
    with monkeypatch.context() as patch:
        reason = dies_on(patch, files[bad], death)
        unusable = extract(items, engines_of({"clip": TinyBackbone()}), stores, PARAMS)
    assert unusable["path"].tolist() == [str(files[bad])]
    assert reason in unusable["reason"].item()
    assert stores["clip"].missing(items["sha256"]) == [items["sha256"][bad]]
    again = extract(items, engines_of({"clip": TinyBackbone()}), stores, PARAMS)
    assert again.empty
    assert not stores["clip"].missing(items["sha256"])
