import io

import numpy as np
import pytest
import torch

from harmlib.models.checkpoint import (
    FORMAT_VERSION,
    Checkpoint,
    CheckpointError,
    checkpoint_digest,
    load_checkpoint,
    refer,
    save_checkpoint,
)
from harmlib.models.classifier import build_classifier
from harmlib.models.scaler import Scaler

DIMS = {"yolo": 3, "clip": 4}  # not in the order of the alphabet


def checkpoint(modality="video", last_layer="logits", operating="best_f1", threshold=0.35):
    torch.manual_seed(3)
    rng = np.random.default_rng(0)
    scaler = Scaler.fit(rng.normal(2, 5, (20, 7)).astype(np.float32) * [1, 1, 1, 1, 1, 1, 0])
    about = {
        "modality": modality,
        "variant": "model4",
        "epoch": 2,
        "operating": operating,
        "pos_weight": None,
        "thresholds": [0.3, 0.35],
        "backbones": {"clip": {"model": "tiny", "frames": 4}},
    }
    model = build_classifier(modality, DIMS, last_layer).eval()
    items = [
        refer(model, torch.randn(n, 7), [f"{n}_{i}" for i in range(n)], ["g"] * n, torch.ones(n))
        for n in (6, 4)
    ]
    return Checkpoint(model, scaler, threshold, about, *items)


@pytest.mark.parametrize("modality", ["image", "video"])
@pytest.mark.parametrize("last_layer", ["sigmoid", "logits"])
def test_a_round_trip_gives_the_same_probabilities(tmp_path, modality, last_layer):
    path = tmp_path / "models" / "model4" / f"{modality}_model_best.pth"
    before = checkpoint(modality, last_layer)
    save_checkpoint(path, before)
    after = load_checkpoint(path)
    features = np.random.default_rng(1).normal(0, 9, (30, 7)).astype(np.float32)
    with torch.inference_mode():
        expected, found = (c.model.logits(c.scaler(features)) for c in (before, after))
    assert torch.equal(expected, found)
    assert type(after.model) is type(before.model)
    assert after.model.ends_in_sigmoid == (last_layer == "sigmoid")
    assert list(after.model.dims.items()) == list(DIMS.items())
    assert not after.model.training
    assert (after.threshold, after.about) == (before.threshold, before.about)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_scored_items_come_back(tmp_path):
    before = checkpoint()
    save_checkpoint(tmp_path / "model.pth", before)
    after = load_checkpoint(tmp_path / "model.pth")
    for name, n in (("training", 6), ("validation", 4)):
        old, new = getattr(before, name), getattr(after, name)
        assert new.item_id == [f"{n}_{i}" for i in range(n)]
        assert torch.equal(old.logit, new.logit)
        assert new.logit.dtype == torch.float64
        assert torch.equal(old.embedding, new.embedding)
        assert new.embedding.shape == (n, 128)


def test_a_part_that_is_missing_is_named(tmp_path):
    save_checkpoint(tmp_path / "model.pth", checkpoint())
    content = torch.load(tmp_path / "model.pth", weights_only=True)
    del content["validation"]
    torch.save(content, tmp_path / "part.pth")
    with pytest.raises(CheckpointError, match=r"part\.pth: a checkpoint with parts missing.*valid"):
        load_checkpoint(tmp_path / "part.pth")


def test_the_digest_follows_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    a, b, c = (checkpoint_digest(tmp_path / name) for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(("operating", "there"), [("best_f1", True), ("fixed", False)])
def test_best_threshold_is_there_when_it_was_chosen_automatically(tmp_path, operating, there):
    save_checkpoint(tmp_path / "model.pth", checkpoint(operating=operating))
    content = torch.load(tmp_path / "model.pth", weights_only=True)
    assert ("best_threshold" in content) == there
    assert content.get("best_threshold", 0.35) == content["threshold"] == 0.35
    assert content["format_version"] == FORMAT_VERSION


def test_a_threshold_straight_from_a_table_is_saved_as_a_plain_number(tmp_path):
    save_checkpoint(tmp_path / "model.pth", checkpoint(threshold=np.float64(0.4)))
    assert load_checkpoint(tmp_path / "model.pth").threshold == 0.4


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.pth"
    save_checkpoint(path, checkpoint(threshold=0.35))

    def cut_off(content, part):
        part.write_bytes(b"PK half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", cut_off)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, checkpoint(threshold=0.6))
    assert load_checkpoint(path).threshold == 0.35


def saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a checkpoint"),
        (b"hello\n" * 99, "not a checkpoint"),
        (b"\x89PNG" + bytes(99), "not a checkpoint"),
        (saved(torch.ones(9999))[:9999], "not a checkpoint"),
        (saved(torch.nn.Linear(2, 2)), "not a checkpoint"),
        (saved(torch.ones(2)), "format version None, this program reads 2"),
        (saved({"model_state": {}}), "format version None"),
        (saved({"format_version": 99}), "format version 99, this program reads 2; train again"),
    ],
)
def test_another_file(tmp_path, content, message):
    (tmp_path / "other.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"other\.pth: {message}"):
        load_checkpoint(tmp_path / "other.pth")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.pth: there is no such checkpoint"):
        load_checkpoint(tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_checkpoint(tmp_path)
