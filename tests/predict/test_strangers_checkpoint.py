"""A checkpoint that somebody else made opens no files of its own choice, and runs nothing."""

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from harmlib.cli import main as cli
from harmlib.features.backbones import find_weights, open_store
from harmlib.features.weights import Weights, WeightsError
from harmlib.models.about import About, Calibration
from harmlib.models.checkpoint import (
    Checkpoint,
    CheckpointError,
    Reference,
    checkpoint_digest,
    save_checkpoint,
)
from harmlib.models.classifier import HarmfulClassifier
from harmlib.models.scaler import Scaler
from harmlib.params import FeatureParams
from harmlib.predict.decision_log import DecisionLog, LogError
from harmlib.predict.predictor import Predictor
from harmlib.predict.replay import replay
from harmlib.predict.windows import Windowing

pytestmark = pytest.mark.usefixtures("one_thread")
DIM = 256 + 80 + 7  # of YOLO's vector


def file_of(path, folder):
    """A checkpoint beside which, or elsewhere, a file of weights lies that it names."""
    features = FeatureParams(
        clip=None, slowfast=None, motion=None,
        yolo={"weights": str(path) if path else "untrained", "image_size": 64},
    )  # fmt: skip
    weights = Weights("untrained", None, None, 0)
    if path is not None and path.is_file():
        weights = find_weights(features, "yolo", folder)
    settings = open_store(features, "yolo", weights, "image", "torch.float32", folder).settings
    items = Reference(["a", "b"], ["a", "b"], torch.tensor([0, 1]).byte(),
                      torch.tensor([-1.0, 1.0]).double(), torch.zeros(2, DIM).half())  # fmt: skip
    about = About(
        modality="image", variant="theirs", epoch=1, epochs=1, seed=0, head="linear", penalty=1.0,
        validation="part", recipes=1, threshold_rule="fixed", objective="fixed",
        threshold_unit="probability", pos_weight=1.0, thresholds=[0.5], validation_f1=0.5,
        f1_optimism=None, validation_curve={}, counts={}, split_digest="", duration_sec=0.0,
        calibration=Calibration(method="temperature", temperature=1.0, offset=0.0),
        features=features, backbones={"yolo": settings}, versions={},
    )  # fmt: skip
    checkpoint = Checkpoint(
        HarmfulClassifier({"yolo": DIM}, "logits", "linear").eval(),
        Scaler(torch.zeros(DIM), torch.ones(DIM)), 0.5, about, items, items,
    )  # fmt: skip
    target = folder / "image_model_best.pth"
    save_checkpoint(target, checkpoint)
    return target


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "artifacts" / "weights").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def opened(monkeypatch):
    """Which files of weights were looked for."""
    seen = []

    def look(params, name, *_):
        seen.append(getattr(params, name).weights)
        raise WeightsError("looked for")

    monkeypatch.setattr("harmlib.predict.predictor.find_weights", look)
    return seen


def predictor(checkpoint, folder, **kwargs):
    return Predictor(checkpoint, artifacts=folder / "artifacts", device="cpu", **kwargs)


@pytest.mark.parametrize(
    "place",
    [
        "elsewhere/yolo.pt", "model/../elsewhere/yolo.pt", "model2/yolo.pt", "artifacts-2/yolo.pt",
        "/dev/zero", "/proc/self/environ", "/etc/passwd", "link/yolo.pt", "model/link.pt",
    ],
)  # fmt: skip
def test_a_path_elsewhere_is_not_even_looked_at(folder, opened, place):
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "yolo.pt").write_bytes(b"x")
    (folder / "link").symlink_to(folder / "elsewhere")
    (folder / "model" / "link.pt").symlink_to(folder / "elsewhere" / "yolo.pt")
    path = folder / place
    checkpoint = file_of(None, folder / "model")
    content = torch.load(checkpoint, weights_only=True)
    content["about"]["features"]["yolo"]["weights"] = str(path)
    torch.save(content, checkpoint)
    with pytest.raises(
        CheckpointError, match=r"names weights of yolo at .*--weights yolo="
    ) as caught:
        predictor(checkpoint, folder)
    assert str(checkpoint) in str(caught.value)
    assert opened == []


@pytest.mark.parametrize(
    "place", ["model/yolo.pt", "model/below/yolo.pt", "artifacts/weights/yolo.pt"]
)
def test_beside_it_and_below_artifacts_is_allowed(folder, opened, place):
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    checkpoint = file_of(path, folder / "model")
    with pytest.raises(WeightsError, match="looked for"):
        predictor(checkpoint, folder)
    assert opened == [str(path)]


def test_the_users_word_counts_for_any_place(folder, opened):
    checkpoint = file_of(folder / "far.pt", folder / "model")
    with pytest.raises(WeightsError, match="looked for"):
        predictor(checkpoint, folder, weights={"yolo": str(folder / "far.pt")})
    assert opened == [str(folder / "far.pt")]


def test_weights_beside_a_checkpoint_run_nothing(folder):
    """Their hash is the one that the checkpoint names; both are an attacker's."""

    class Payload:
        def __reduce__(self):
            return os.system, (f"touch '{folder / 'mark'}'",)

    torch.save({"model": Payload()}, folder / "model" / "yolo.pt")
    checkpoint = file_of(folder / "model" / "yolo.pt", folder / "model")
    with pytest.raises(WeightsError, match=r"yolo\.pt: .*it asks for posix\.system"):
        predictor(checkpoint, folder)
    assert not (folder / "mark").exists()


def test_other_weights_than_those_of_the_training_are_not_read(folder, monkeypatch):
    path = folder / "model" / "yolo.pt"
    path.write_bytes(b"these were there")
    checkpoint = file_of(path, folder / "model")
    path.write_bytes(b"these are there now")
    monkeypatch.setattr("harmlib.predict.predictor.load_backbone", lambda *_: pytest.fail("read"))
    with pytest.raises(CheckpointError, match="yolo differs from the training: weights"):
        predictor(checkpoint, folder)


def test_the_command_says_it_in_one_line(folder, capfd):
    checkpoint = file_of(folder / "far.pt", folder / "model")
    assert cli.main(["predict", str(checkpoint), str(folder)]) == 2
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert f"--weights yolo={folder / 'far.pt'}" in said[0]


@pytest.fixture
def entry(folder):
    """Of a log, for a picture and an untrained checkpoint."""
    checkpoint = file_of(None, folder / "model")
    picture = folder / "a.png"
    Image.fromarray(np.full((64, 64, 3), 99, np.uint8)).save(picture)
    return {
        "id": "1", "checkpoint": str(checkpoint), "file": str(picture),
        "windowing": asdict(Windowing()),
        "model_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "sha256": hashlib.sha256(picture.read_bytes()).hexdigest(),
        "probability": 0.5, "decision": "safe",
    }  # fmt: skip


def test_a_decision_is_replayed(folder, entry):
    again = replay(entry, artifacts=folder / "artifacts", device="cpu")
    assert 0 < again.probability < 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"checkpoint": "/dev/zero"}, "there is no such checkpoint any more"),
        ({"checkpoint": None}, "there is no such checkpoint any more"),
        ({"model_sha256": "0" * 64}, "the checkpoint there is another one now"),
        ({"windowing": {"evil": 1}}, "this entry of the log is damaged"),
        ({"windowing": None}, "this entry of the log is damaged"),
        ({"probability": "high"}, "this entry of the log is damaged"),
        ({"sha256": "0" * 64}, "is gone, or has another content now"),
        ({"file": "/dev/zero"}, "is gone, or has another content now"),
        ({"file": "/nowhere.png"}, "is gone, or has another content now"),
    ],
)
def test_a_log_opens_only_what_it_logged(folder, entry, monkeypatch, change, message):
    """Hashes are compared before anything is read or decoded."""
    if "file" not in change and "sha256" not in change:
        monkeypatch.setattr(
            "harmlib.predict.replay.Predictor", lambda *_, **__: pytest.fail("read")
        )
    monkeypatch.setattr("harmlib.predict.replay.predict_stream", lambda *_: pytest.fail("decoded"))
    with pytest.raises(LogError, match=message):
        replay(entry | change, artifacts=folder / "artifacts", device="cpu")


def test_a_replay_takes_the_users_word_too(folder, entry, capfd):
    content = torch.load(entry["checkpoint"], weights_only=True)
    content["about"]["features"]["yolo"]["weights"] = "/far/yolo.pt"
    torch.save(content, entry["checkpoint"])
    entry["model_sha256"] = checkpoint_digest(Path(entry["checkpoint"]))
    log = DecisionLog(folder / "a.decisions.jsonl")
    needed = {"model_id": "x", "time": "", "path": "a", "threshold": 0.5, "contributions": {},
              "nearest": [], "segments": []}  # fmt: skip
    log.append(entry | needed)
    assert cli.main(["explain", str(log.path), "1", "--replay"]) == 2
    assert "--weights yolo=/far/yolo.pt" in capfd.readouterr().err
    again = ["explain", str(log.path), "1", "--replay", "--weights", "yolo=untrained"]
    assert cli.main(again) in (0, 1), "explained, whatever was logged"


def test_a_given_threshold_decides_and_is_logged(folder, capsys):
    checkpoint = file_of(None, folder / "model")
    Image.new("RGB", (64, 48), (9, 99, 9)).save(folder / "a.png")
    command = ["predict", str(checkpoint), str(folder / "a.png"), "--out", str(folder / "s.csv")]
    for threshold, decision in (("0", "harmful"), ("1", "safe")):
        assert cli.main([*command, "--device", "cpu", "--threshold", threshold]) == 0
        printed = capsys.readouterr()
        assert f"threshold {threshold} as given (the checkpoint's own is 0.5)" in printed.err
        assert "yolo) ran with untrained (random) weights" in printed.err
        assert f"1 {decision}" in printed.out
    first, _ = DecisionLog(folder / "s.decisions.jsonl")
    assert (first["threshold"], first["decision"]) == (0.0, "harmful")
    assert replay(first, artifacts=folder / "artifacts", device="cpu").same
    assert cli.main([*command, "--device", "cpu", "--threshold", "1.5"]) == 2
    assert "threshold 1.5: a probability, 0 to 1" in capsys.readouterr().err
