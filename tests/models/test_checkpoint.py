"""The checkpoint: assembled, saved and loaded by the real functions; damage is named."""

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from harmlib.analysis.calibration import fit_temperature
from harmlib.analysis.operating_points import operating_points
from harmlib.media.splits import split_digest
from harmlib.models.about import CURVE_COLUMNS, CURVE_THRESHOLDS
from harmlib.models.checkpoint import (
    FORMAT_VERSION,
    CheckpointError,
    checkpoint_digest,
    load_checkpoint,
    make_checkpoint,
    save_checkpoint,
)
from harmlib.models.classifier import HarmfulClassifier
from harmlib.models.losses import build_loss
from harmlib.models.recipe import PENALTIES
from harmlib.models.scaler import Scaler
from harmlib.models.stacked import Head
from harmlib.models.training import Split, train
from harmlib.models.training_data import TrainingData
from harmlib.models.variant_training import choose_operating_points, train_one
from harmlib.params import FeatureParams, Schedule, Variant

DIMS = {"yolo": 3, "clip": 4}  # not in the order of the alphabet
SIZES = {"train": 12, "val": 8, "test": 5}
DURATIONS = [1.5, 2.5, 4.5]  # seconds, in turn
FEATURES = {
    "video_frames": 3,
    "clip": {"weights": "untrained", "architecture": "ViT-B/16"},
    "slowfast": None,
}
BACKBONES = {
    "yolo": {"architecture": "yolov8n", "weights": "sha256:ab", "frames": 3, "version": 3},
    "clip": {"architecture": "ViT-B/16", "weights": "untrained:0", "frames": 3, "clip_sec": 2.0},
}


def training_data(modality="video"):
    rng = np.random.default_rng(0)
    rows = [
        {
            "item_id": f"{split}/{i}",
            "sha256": f"{split}{i:061}",
            "label": int(i % 3 > 0),
            "split": split,
            "group": f"{split}-{i // 2}",
            "duration_sec": DURATIONS[i % 3] if split == "train" else 99.0,
        }
        for split, size in SIZES.items()
        for i in range(size)
    ]
    items = pd.DataFrame(rows)
    matrix = rng.normal(2, 5, (len(items), 7)).astype(np.float32) * [1, 1, 1, 1, 1, 1, 0]
    matrix[:, 0] += 4 * items["label"]
    scaler = Scaler.fit(matrix[items["split"] == "train"])
    splits = {
        name: Split(
            scaler(matrix[items["split"] == name]),
            torch.tensor(own["label"].to_numpy()),
            own["item_id"].to_list(),
            own["group"].to_list(),
        )
        for name, own in items.groupby("split", sort=False)
    }
    features = FeatureParams.model_validate(FEATURES)
    return TrainingData(modality, items, splits, scaler, DIMS, features, BACKBONES)


def variant(last_layer="logits", rule="best_f1"):
    schedule = Schedule(epochs=3, batch_size=4, learning_rate=0.01)
    return Variant(
        last_layer=last_layer,
        loss="bce" if last_layer == "sigmoid" else "bce_with_logits",
        pos_weight=None if last_layer == "sigmoid" else 0.5,
        thresholds=[0.3, 0.35, 0.7],
        threshold_rule=rule,
        fixed_threshold=0.35 if rule == "fixed" else None,
        image=schedule,
        video=schedule,
    )


def made(modality="video", last_layer="logits", rule="best_f1"):
    """The checkpoint of a short training, as 02_train makes it; with what it was made of."""
    data, spec = training_data(modality), variant(last_layer, rule)
    pos_weight = spec.pos_weight or 1.0
    training = train(
        lambda: HarmfulClassifier(data.dims, spec.last_layer),
        build_loss(spec.loss, pos_weight),
        spec.schedule(modality),
        data.splits,
        seed=3,
        device=torch.device("cpu"),
    )
    validation = training.scores[training.scores["split"] == "val"]
    points = operating_points(validation, spec.thresholds, spec.fixed_threshold)
    points["pos_weight"] = pos_weight
    checkpoint = make_checkpoint(data, training, points, variant="model9", spec=spec, seed=3)
    return checkpoint, data, training, points


@pytest.fixture(scope="module")
def checkpoint():
    return made()[0]


def is_same(one, other):
    return all(
        torch.equal(getattr(one, name), getattr(other, name))
        if isinstance(getattr(one, name), torch.Tensor)
        else getattr(one, name) == getattr(other, name)
        for name in vars(one)
    )


@pytest.mark.parametrize("modality", ["image", "video"])
@pytest.mark.parametrize(
    ("last_layer", "rule"), [("sigmoid", "fixed"), ("logits", "best_f1"), ("logits", "fixed")]
)
def test_what_is_made_and_saved_is_what_is_loaded(tmp_path, modality, last_layer, rule):
    before = made(modality, last_layer, rule)[0]
    path = tmp_path / "models" / "model9" / f"{modality}_model_best.pth"
    save_checkpoint(path, before)
    after = load_checkpoint(path)
    assert after.about == before.about
    assert after.threshold == before.threshold
    for name in ("scaler", "training", "validation"):
        assert is_same(getattr(before, name), getattr(after, name)), name
    assert list(after.classifier.dims.items()) == list(DIMS.items())
    assert after.classifier.last_layer == last_layer
    assert not after.classifier.training
    features = np.random.default_rng(1).normal(0, 9, (30, 7)).astype(np.float32)
    with torch.inference_mode():
        expected, found = (c.classifier.logits(c.scaler(features)) for c in (before, after))
    assert torch.equal(expected, found)
    assert [p.name for p in path.parent.iterdir()] == [path.name], "no part is left"


def test_about_says_where_classifier_and_threshold_come_from():
    checkpoint, data, training, points = made()
    about = checkpoint.about
    chosen = points[points["chosen"]].iloc[0]
    assert (about.modality, about.variant, about.seed) == ("video", "model9", 3)
    assert (about.epoch, about.validation_f1) == (chosen["epoch"], chosen["f1"])
    assert checkpoint.threshold == chosen["threshold"]
    assert (about.threshold_rule, about.objective) == ("best_f1", "f1")
    assert (about.pos_weight, about.thresholds) == (0.5, [0.3, 0.35, 0.7])
    assert about.duration_sec == 2.5, "the median of the training videos alone"
    assert about.features == FeatureParams.model_validate(FEATURES)
    assert about.backbones == BACKBONES
    assert about.split_digest == split_digest(data.items)
    assert about.counts == {
        "train": {"harmful": 8, "safe": 4},
        "val": {"harmful": 5, "safe": 3},
        "test": {"harmful": 3, "safe": 2},
    }
    assert about.calibration.method == "unweighted"
    assert about.calibration.offset == -math.log(0.5), "exactly what the weight did"
    own = checkpoint.validation.label.numpy(), checkpoint.validation.logit.numpy()
    assert about.calibration.temperature == fit_temperature(*own, 0.5)
    assert list(about.validation_curve) == CURVE_COLUMNS
    assert about.validation_curve["threshold"] == CURVE_THRESHOLDS
    assert about.versions["torch"] == torch.__version__.split("+")[0]
    rows = training.scores.query("split == 'val' and epoch == @about.epoch")
    flagged = [(rows["probability"] > t).mean() for t in CURVE_THRESHOLDS]
    assert about.validation_curve["flagged_share"] == flagged


def test_the_saved_items_are_scored_by_the_saved_epoch():
    checkpoint, data, training, _ = made()
    own = training.scores.query("split == 'val' and epoch == @checkpoint.about.epoch")
    assert checkpoint.validation.item_id == own["item_id"].tolist()
    assert checkpoint.validation.logit.tolist() == own["logit"].tolist()
    assert checkpoint.validation.label.tolist() == own["label"].tolist()
    assert checkpoint.training.item_id == data.splits["train"].item_ids
    assert checkpoint.training.group == data.splits["train"].groups
    assert checkpoint.training.embedding.shape == (SIZES["train"], 128)
    assert checkpoint.training.embedding.dtype == torch.float16
    state = training.states[checkpoint.about.epoch]
    assert all(torch.equal(v, state[k]) for k, v in checkpoint.classifier.state_dict().items())


OPEN = {
    "head": "linear",
    "penalty": "chosen",
    "backbones": "chosen",
    "validation": "cross_fitted",
    "threshold_rule": "exact_f1",
    "pos_weight": None,
}


def made_by_choice(**changes):
    """A checkpoint of a variant that chooses; `yolo` alone tells the label here."""
    data = training_data()
    spec = Variant.model_validate(variant().model_dump() | OPEN | changes)
    head = Head(data.splits, 3, spec.pos_weight or 1.0)
    training = train_one(head, DIMS, spec, spec.video, device=torch.device("cpu"))
    points = choose_operating_points(training, spec).assign(pos_weight=head.pos_weight)
    return make_checkpoint(data, training, points, variant="m", spec=spec, seed=3), data, training


def test_a_chosen_recipe_goes_through_the_file(tmp_path):
    before, data, training = made_by_choice()
    save_checkpoint(tmp_path / "model.pth", before)
    after = load_checkpoint(tmp_path / "model.pth")
    assert after.about == before.about
    about, recipe = after.about, training.recipe
    assert list(after.classifier.dims.items()) == [("yolo", 3)]
    assert (about.head, after.classifier.head) == ("linear", "linear")
    assert (about.penalty, tuple(about.backbones)) == (recipe.penalty, recipe.backbones)
    assert about.backbones == {"yolo": BACKBONES["yolo"]}
    assert about.features == data.features, "what was extracted, used or not"
    assert (about.validation, about.threshold_rule) == ("cross_fitted", "exact_f1")
    assert about.objective == "f1"
    labels = data.splits["test"].labels
    share = float(labels.float().mean())
    assert about.test.n == len(labels)
    assert about.test.baseline_f1 == pytest.approx(2 * share / (1 + share))
    assert about.test.f1 > 0.5, "of the classifier at its threshold, not of the baseline"
    assert (about.epochs, about.recipes) == (1, 3 * len(PENALTIES))
    for name in ("scaler", "training", "validation"):
        assert is_same(getattr(before, name), getattr(after, name)), name
    content = torch.load(tmp_path / "model.pth", weights_only=True)
    assert content["best_threshold"] == after.threshold


@pytest.mark.parametrize("changes", [{}, {"head": "mlp", "penalty": None}], ids=str)
def test_the_loaded_classifier_decides_as_in_training(tmp_path, changes):
    """From the numbers of the chosen backbones alone."""
    before, data, training = made_by_choice(**changes)
    save_checkpoint(tmp_path / "model.pth", before)
    after = load_checkpoint(tmp_path / "model.pth")
    test = data.splits["test"].features
    raw = (test * data.scaler.sd.nan_to_num(posinf=1) + data.scaler.mean)[:, :3].numpy()
    with torch.inference_mode():
        logits = after.classifier.logits(after.scaler(raw))
    rows = training.scores.query("split == 'test' and epoch == @after.about.epoch")
    np.testing.assert_allclose(logits, rows["logit"], atol=1e-4)


def test_cross_fitted_items_keep_the_logits_that_chose_the_threshold():
    checkpoint, data, training = made_by_choice()
    items = data.splits["train"].item_ids + data.splits["val"].item_ids
    scores = training.cross_fitted.set_index("item_id")["logit"]
    for reference in (checkpoint.training, checkpoint.validation):
        assert reference.item_id == items
        assert reference.embedding.shape == (len(items), 3)
    assert checkpoint.validation.logit.tolist() == scores[items].tolist()
    assert checkpoint.training.logit.tolist() != scores[items].tolist()
    own = checkpoint.validation.label.numpy(), checkpoint.validation.logit.numpy()
    assert checkpoint.about.calibration.temperature == fit_temperature(*own, 1.0)
    assert checkpoint.about.calibration.method == "temperature"


def test_validation_kept_apart_stays_apart():
    checkpoint, data, _ = made_by_choice(validation="part")
    assert checkpoint.about.recipes == 1, "none was chosen on the items that chose the threshold"
    assert checkpoint.training.item_id == data.splits["train"].item_ids
    assert checkpoint.validation.item_id == data.splits["val"].item_ids


def test_another_epoch_is_saved_when_another_is_chosen():
    _, data, training, points = made()
    for epoch in (1, 3):
        moved = points.assign(chosen=points["epoch"] == epoch)
        saved = make_checkpoint(data, training, moved, variant="m", spec=variant(), seed=3)
        assert saved.about.epoch == epoch
        own = training.scores.query("split == 'val' and epoch == @epoch")
        assert saved.validation.logit.tolist() == own["logit"].tolist()


@pytest.fixture
def content(tmp_path, checkpoint):
    """The content of a saved file, to be damaged."""
    save_checkpoint(tmp_path / "whole.pth", checkpoint)
    return torch.load(tmp_path / "whole.pth", weights_only=True)


def refused(tmp_path, content, message):
    torch.save(content, tmp_path / "bad.pth")
    with pytest.raises(CheckpointError, match=rf"bad\.pth: a damaged checkpoint: {message}"):
        load_checkpoint(tmp_path / "bad.pth")


@pytest.mark.parametrize(
    "part",
    ["validation", "training", "about", "dims", "last_layer", "head", "scaler_sd", "threshold"],
)
def test_a_missing_part_is_named(tmp_path, content, part):
    del content[part]
    refused(tmp_path, content, f"lacks '{part}'; train again")


@pytest.mark.parametrize("part", ["item_id", "logit", "embedding"])
def test_a_missing_part_of_the_items_is_named(tmp_path, content, part):
    del content["training"][part]
    refused(tmp_path, content, f".*{part}")


@pytest.mark.parametrize(
    "field", ["duration_sec", "features", "calibration", "threshold_rule", "backbones", "seed"]
)
def test_a_missing_field_of_about_is_named(tmp_path, content, field):
    del content["about"][field]
    refused(tmp_path, content, rf"about\.{field}: Field required; train again")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": "2"}, r"about\.epoch: Input should be a valid integer"),
        ({"duration_sec": "2.0"}, r"about\.duration_sec: Input should be a valid number"),
        ({"modality": "sound"}, r"about\.modality: Input should be 'image' or 'video'"),
        ({"calibration": {"method": "temperature"}}, r"about\.calibration\.temperature: Field req"),
        ({"calibration": {"method": "platt"}}, r"about\.calibration\.method: Input should be"),
        ({"window_sec": 2.0}, r"about\.window_sec: Extra inputs are not permitted"),
        ({"features": {"clip": {"size": 1}}}, r"about\.features\.clip\.size: Extra inputs"),
    ],
)
def test_a_field_of_another_type_or_name_is_named(tmp_path, content, change, message):
    content["about"] |= change
    refused(tmp_path, content, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": "0.5"}, "threshold is '0.5', not a float"),
        ({"last_layer": "softmax"}, "last_layer is 'softmax'"),
        ({"head": "forest"}, "head is 'forest'"),
        ({"dims": {"clip": 4}}, "the scaler is not of the 4 numbers of its dims"),
        ({"dims": {"clip": 3, "yolo": 4}}, r"Error\(s\) in loading state_dict"),
        ({"dims": {"clip": 10**12}}, "the scaler is not of the 1,000,000,000,000 numbers"),
        ({"dims": {"clip": -1, "yolo": 8}}, "dims is"),
        ({"dims": {"precision": 7}}, "it has vectors of 'precision', but says nothing"),
        ({"scaler_mean": [0.0] * 7}, "'scaler_mean' is no tensor but a list"),
        ({"model_state_dict": [1]}, "it holds no state_dict but a list"),
        ({"model_state_dict": {"a": 1}}, "'a' is no tensor but an int"),
    ],
)
def test_parts_that_do_not_fit_are_named(tmp_path, content, change, message):
    refused(tmp_path, content | change, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_id": [1, 2]}, "training has items or groups that are no names"),
        ({"group": ["a"]}, "training has lists of different lengths"),
        ({"logit": "0.5"}, r"'training\.logit' is no tensor but a str"),
        (
            {"label": torch.zeros(1).expand(10**9)},
            r"'training\.label' claims 1,000,000,000 numbers",
        ),
    ],
)
def test_items_that_do_not_fit_are_named(tmp_path, content, change, message):
    content["training"] |= change
    refused(tmp_path, content, message)


@pytest.mark.parametrize("path", ["/tmp/${HARMLIB_SECRET}", "~/w.pt", "${HARMLIB_SECRET:-a}"])
def test_paths_in_a_checkpoint_fill_in_no_secret(tmp_path, content, monkeypatch, path):
    monkeypatch.setenv("HARMLIB_SECRET", "hush-hush")
    content["about"]["features"]["clip"]["weights"] = path
    torch.save(content, tmp_path / "bad.pth")
    with pytest.raises(
        CheckpointError, match=r"features\.clip\.weights is .*, not a whole"
    ) as caught:
        load_checkpoint(tmp_path / "bad.pth")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("variant", ["../../evil", "=cmd", "a\x1b[2J", ""])
def test_a_variant_that_is_no_name(tmp_path, content, variant):
    content["about"]["variant"] = variant
    refused(tmp_path, content, r"about\.variant: ")


def test_the_digest_follows_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    a, b, c = (checkpoint_digest(tmp_path / name) for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(("rule", "is_there"), [("best_f1", True), ("fixed", False)])
def test_best_threshold_is_there_when_it_was_chosen_automatically(tmp_path, rule, is_there):
    save_checkpoint(tmp_path / "model.pth", made(rule=rule)[0])
    content = torch.load(tmp_path / "model.pth", weights_only=True)
    assert ("best_threshold" in content) == is_there
    assert content.get("best_threshold", 0.35) == content["threshold"]
    assert content["format_version"] == FORMAT_VERSION == 5


def test_a_threshold_straight_from_a_table_is_saved_as_a_plain_number(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "model.pth", replace(checkpoint, threshold=np.float64(0.4)))
    assert load_checkpoint(tmp_path / "model.pth").threshold == 0.4


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch, checkpoint):
    path = tmp_path / "model.pth"
    save_checkpoint(path, replace(checkpoint, threshold=0.35))

    real = Path.write_bytes

    def cut_off(part, content):
        real(part, content[:7])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", cut_off)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, replace(checkpoint, threshold=0.6))
    assert load_checkpoint(path).threshold == 0.35
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_classifier_is_the_same_bytes_in_any_file(tmp_path, checkpoint):
    paths = [tmp_path / name for name in ("one.pth", "two.pth")]
    for path in paths:
        save_checkpoint(path, checkpoint)
    assert paths[0].read_bytes() == paths[1].read_bytes()


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
        (saved(torch.ones(2)), "format version None, this program reads 5"),
        (saved({"model_state": {}}), "format version None"),
        (saved({"format_version": 2}), "format version 2, this program reads 5; train again"),
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
