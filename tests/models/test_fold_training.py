import numpy as np
import pandas as pd
import pytest
import torch

from harmlib.analysis.operating_points import operating_points
from harmlib.models.classifier import HarmfulClassifier
from harmlib.models.fold_training import train_folds
from harmlib.models.losses import build_loss, positive_weight
from harmlib.models.training import Split, train
from harmlib.params import load_params

CPU = torch.device("cpu")
DIMS = {"clip": 6}


def split(rng, names, harmful):
    labels = torch.tensor([int(i < harmful) for i in range(len(names))])
    drawn = rng.normal(labels.numpy()[:, None], 1, (len(names), 6))
    features = torch.tensor(drawn, dtype=torch.float32)
    return Split(features, labels, names, names)


@pytest.fixture
def folds():
    """Three folds whose training parts hold different shares of harmful items."""
    rng = np.random.default_rng(0)
    return [
        {
            part: split(rng, [f"{part}{fold}{i}" for i in range(12)], 4 + fold)
            for part in ("train", "val", "test")
        }
        for fold in range(3)
    ]


@pytest.fixture
def spec():
    return load_params("params/demo.yaml").variants["model4"]


def test_every_fold_and_seed_is_trained_as_it_would_be_alone(folds, spec):
    found = train_folds(folds, DIMS, spec, "video", [5, 6], device=CPU)
    assert found.operating_points.groupby(["seed", "fold"]).ngroups == 6
    for seed, number in ((5, 0), (6, 2)):
        weight = positive_weight(spec.pos_weight, folds[number]["train"].labels)
        alone = train(
            lambda: HarmfulClassifier(DIMS, spec.last_layer),
            build_loss(spec.loss, weight),
            spec.video,
            folds[number],
            seed=seed,
            device=CPU,
        )
        own = found.scores.query(f"seed == {seed} and fold == {number}").reset_index(drop=True)
        np.testing.assert_allclose(own["logit"], alone.scores["logit"], atol=1e-5)
        assert own["item_id"].tolist() == alone.scores["item_id"].tolist()
        points = found.operating_points.query(f"seed == {seed} and fold == {number}")
        assert (points["pos_weight"] == weight).all()


def test_epoch_and_threshold_come_from_the_folds_own_validation_part(folds, spec):
    found = train_folds(folds, DIMS, spec, "video", [5], device=CPU)
    for number in range(3):
        own = found.scores.query(f"fold == {number} and split == 'val'")
        expected = operating_points(own, spec.thresholds, spec.fixed_threshold)
        points = found.operating_points.query(f"fold == {number}").reset_index(drop=True)
        pd.testing.assert_frame_equal(points[expected.columns], expected)
        assert points["chosen"].sum() == 1


def test_test_parts_decide_nothing(folds, spec):
    before = train_folds(folds, DIMS, spec, "video", [5], device=CPU)
    for fold in folds:
        test = fold["test"]
        fold["test"] = Split(test.features, 1 - test.labels, test.item_ids, test.groups)
    after = train_folds(folds, DIMS, spec, "video", [5], device=CPU)
    pd.testing.assert_frame_equal(before.operating_points, after.operating_points)


def test_all_tables_name_seed_and_fold_first_and_progress_is_told(folds, spec):
    seen = []
    told = lambda done, total: seen.append((done, total))  # noqa: E731
    found = train_folds(folds, DIMS, spec, "video", range(6), device=CPU, progress=told)
    for table in (found.scores, found.history, found.operating_points):
        assert list(table)[:2] == ["seed", "fold"]
        assert table.groupby(["seed", "fold"]).ngroups == 18
    epochs = spec.video.epochs
    assert seen == [(i, 2 * epochs) for i in range(1, 2 * epochs + 1)]
