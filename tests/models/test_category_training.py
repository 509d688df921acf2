"""Categories learned by one network: weights, thresholds, the epoch, and the file it is kept in."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from harmlib.models.category_checkpoint import (
    load_checkpoints,
    make_category_checkpoints,
    save_category_checkpoints,
)
from harmlib.models.category_training import (
    category_weights,
    choose_category_points,
    of_category,
    train_categories,
)
from harmlib.models.checkpoint import CheckpointError, load_checkpoint
from harmlib.models.classifier import HarmfulClassifier
from harmlib.models.losses import build_loss
from harmlib.models.scaler import Scaler
from harmlib.models.training import Split, Training, train
from harmlib.models.training_data import TrainingData
from harmlib.models.variant_training import choose_operating_points
from harmlib.params import FeatureParams, Schedule
from tests.models.made_splits import made_variant

CPU = torch.device("cpu")
NAMES = ("gun", "fire")
DIMS = {"clip": 4}
SCHEDULE = Schedule(epochs=8, batch_size=16, learning_rate=0.02)
SPEC = made_variant(
    head="mlp", penalty=None, backbones="all", validation="part", pos_weight="balanced",
    threshold_rule="best_f1", image=SCHEDULE, video=SCHEDULE,
)  # fmt: skip


def made_split(name, n, seed):
    """Gun shows in the first number, fire (every fifth item) in the second; some have both."""
    rng = np.random.default_rng(seed)
    labels = np.column_stack([np.arange(n) % 2, np.arange(n) % 5 == 0]).astype(int)
    features = rng.normal(size=(n, 4)).astype(np.float32)
    features[:, :2] += 3 * labels
    ids = [f"{name}{i:03d}" for i in range(n)]
    return Split(torch.from_numpy(features), torch.tensor(labels), ids, list(ids), NAMES)


SPLITS = {name: made_split(name, n, i) for i, (name, n) in enumerate(
    {"train": 120, "val": 60, "test": 60}.items()
)}  # fmt: skip


@pytest.fixture(scope="module")
def training():
    return train_categories(SPLITS, DIMS, SPEC, SCHEDULE, seed=1, device=CPU)


def last_epoch(training, split, category):
    own = of_category(training, category).scores
    return own[(own["epoch"] == SCHEDULE.epochs) & (own["split"] == split)]


def test_each_output_learns_its_own_category(training):
    for number, category in enumerate(NAMES):
        rows = last_epoch(training, "test", category)
        assert rows["item_id"].tolist() == SPLITS["test"].item_ids
        assert rows["label"].tolist() == SPLITS["test"].labels[:, number].tolist()
        by_label = rows.groupby("label")["probability"].mean()
        assert by_label[1] > by_label[0] + 0.5
    gun, fire = (last_epoch(training, "test", name)["logit"] for name in NAMES)
    assert not np.allclose(gun, fire)


def test_each_category_has_its_own_weight_in_the_loss():
    weights = category_weights(SPEC, SPLITS["train"])
    assert weights == {"gun": 1.0, "fire": 4.0}
    outputs, labels = torch.randn(6, 2), torch.tensor([[1.0, 0], [0, 1], [1, 1]] * 2)
    joint = build_loss("bce_with_logits", list(weights.values()))(outputs, labels)
    apart = [
        build_loss("bce_with_logits", weight)(outputs[:, i], labels[:, i])
        for i, weight in enumerate(weights.values())
    ]
    assert joint.item() == pytest.approx(sum(apart).item() / 2)
    probabilities = torch.sigmoid(outputs)
    plain = build_loss("bce", [1.0, 1.0])(probabilities, labels)
    assert plain.item() == pytest.approx(build_loss("bce")(probabilities, labels).item())


def test_the_loss_that_is_trained_weighs_each_category_by_its_own_weight(training):
    losses = []
    for category, weight in (("gun", 1.0), ("fire", 4.0)):
        rows = last_epoch(training, "val", category)
        signed = rows["logit"] * np.where(rows["label"] == 1, -1, 1)
        losses.append(np.logaddexp(0, signed) * np.where(rows["label"] == 1, weight, 1.0))
    told = training.history["val_loss"].iloc[-1]
    assert told == pytest.approx(np.mean(losses), rel=1e-5)


def test_a_category_without_items_is_refused_where_it_should_be_balanced():
    none = replace(SPLITS["train"], labels=SPLITS["train"].labels * torch.tensor([1, 0]))
    with pytest.raises(ValueError, match="at least one harmful item"):
        category_weights(SPEC, none)


def test_one_category_alone_is_the_binary_training_to_the_bit():
    alone = {
        name: replace(split, labels=split.labels[:, :1], categories=("gun",))
        for name, split in SPLITS.items()
    }
    found = train_categories(alone, DIMS, SPEC, SCHEDULE, seed=3, device=CPU)
    binary = train(
        lambda: HarmfulClassifier(DIMS, "logits"),
        build_loss("bce_with_logits", 1.0),
        SCHEDULE,
        {name: split.of_category("gun") for name, split in SPLITS.items()},
        seed=3,
        device=CPU,
    )
    own = of_category(found, "gun")
    pd.testing.assert_frame_equal(own.scores, binary.scores)
    for name, value in binary.states[SCHEDULE.epochs].items():
        assert torch.equal(own.states[SCHEDULE.epochs][name], value)


def test_one_epoch_is_kept_for_all_by_the_mean_of_f1():
    scores = pd.DataFrame(
        {
            "epoch": np.tile(np.repeat([1, 2, 3], 4), 2),
            "split": "val",
            "category": np.repeat(["gun", "fire"], 12),
            "label": [1, 1, 0, 0] * 6,
            # F1 at 0.5 of gun: 1, 0.8, 0.67; of fire: 0, 0.8, 0.67
            "probability": [0.9, 0.9, 0.1, 0.1] + [0.9, 0.9, 0.9, 0.1] + [0.9] * 4
            + [0.1, 0.1, 0.1, 0.1] + [0.9, 0.9, 0.9, 0.1] + [0.9] * 4,
        }
    )  # fmt: skip
    spec = SPEC.model_copy(update={"threshold_rule": "fixed", "fixed_threshold": 0.5})
    points = choose_category_points(Training(pd.DataFrame(), scores, {}), spec)
    assert points["gun"]["f1"].round(2).tolist() == [1.0, 0.8, 0.67]
    for table in points.values():
        assert table.loc[table["chosen"], "epoch"].tolist() == [2]
    alone = choose_operating_points(of_category(Training(pd.DataFrame(), scores, {}), "gun"), spec)
    assert alone.loc[alone["chosen"], "epoch"].tolist() == [1]


@pytest.fixture
def saved(training, tmp_path):
    rows = [
        {"item_id": name, "sha256": name, "split": split, "group": name, "duration_sec": 0.0,
         "label": int(any(row)), "category": "|".join(
             sorted(category for category, has in zip(NAMES, row, strict=True) if has))}
        for split, own in SPLITS.items()
        for name, row in zip(own.item_ids, own.labels.tolist(), strict=True)
    ]  # fmt: skip
    features = FeatureParams.model_validate(
        {"clip": {"weights": "untrained"}, "yolo": None, "slowfast": None, "motion": None}
    )
    data = TrainingData(
        "image", pd.DataFrame(rows), SPLITS, Scaler(torch.zeros(4), torch.ones(4)), DIMS,
        features, {"clip": {"weights": "untrained:0"}},
    )  # fmt: skip
    weights = category_weights(SPEC, SPLITS["train"])
    points = {
        name: own.assign(pos_weight=weights[name])
        for name, own in choose_category_points(training, SPEC).items()
    }
    made = make_category_checkpoints(data, training, points, variant="model4", spec=SPEC, seed=1)
    path = tmp_path / "image_model_best.pth"
    save_category_checkpoints(path, made)
    return path, points


def test_the_file_has_a_threshold_and_the_scores_of_each_category(saved, training):
    path, points = saved
    loaded = load_checkpoints(path)
    assert list(loaded) == list(NAMES)
    for category, checkpoint in loaded.items():
        chosen = points[category].query("chosen").iloc[0]
        assert checkpoint.threshold == chosen["threshold"]
        assert checkpoint.about.epoch == chosen["epoch"]
        assert checkpoint.about.pos_weight == {"gun": 1.0, "fire": 4.0}[category]
        own = of_category(training, category).scores
        own = own[(own["epoch"] == chosen["epoch"]) & (own["split"] == "val")]
        assert checkpoint.validation.item_id == own["item_id"].tolist()
        np.testing.assert_allclose(checkpoint.validation.logit, own["logit"], atol=1e-5)
        again = checkpoint.classifier.logits(SPLITS["val"].features).detach()
        np.testing.assert_allclose(again, own["logit"], atol=1e-5)
        harmful = int(SPLITS["train"].labels[:, NAMES.index(category)].sum())
        assert checkpoint.about.counts["train"] == {"harmful": harmful, "safe": 120 - harmful}
    gun, fire = (checkpoint.training.label.tolist() for checkpoint in loaded.values())
    assert gun != fire


def test_what_reads_one_score_refuses_the_file_in_a_line(saved):
    with pytest.raises(CheckpointError, match=r"scores categories.*only `harmlib predict`"):
        load_checkpoint(saved[0])


def damaged(path, change):
    content = torch.load(path, weights_only=True)
    change(content)
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.write_bytes(buffer.getvalue())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(categories=[]), "categories is"),
        (lambda c: c.update(categories="gun"), "categories is 'gun'"),
        (lambda c: c.update(categories=["gun", "smoke"]), "lacks 'smoke'"),
        (lambda c: c.update(categories=["../gun"]), "a name becomes a folder"),
        (lambda c: c.update(categories=[1]), "damaged"),
        (lambda c: c.pop("outputs"), "lacks 'outputs'"),
        (lambda c: c["outputs"]["fire"].pop("threshold"), "lacks 'threshold'"),
        (lambda c: c["outputs"]["fire"].update(threshold="0.5"), "threshold is '0.5'"),
        (lambda c: c["outputs"]["fire"]["about"].update(modality="sound"), "about.modality"),
        (lambda c: c["model_state_dict"].pop("classifier.4.bias"), "classifier.4.bias"),
        (
            lambda c: c["model_state_dict"].update({"classifier.4.bias": torch.zeros(1)}),
            "damaged",
        ),
    ],
)
def test_damage_is_named(saved, change, said):
    path, _ = saved
    damaged(path, change)
    with pytest.raises(CheckpointError) as told:
        load_checkpoints(path)
    assert said in str(told.value)
    assert str(path) in str(told.value)
