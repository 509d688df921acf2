"""Stored vectors as scaled splits."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from harmlib.address import place
from harmlib.features.backbones import find_weights, open_store
from harmlib.media.folds import assign_folds
from harmlib.models.scaler import Scaler
from harmlib.models.training_data import load_folds, load_training_data
from harmlib.params import FeatureParams

CPU = torch.device("cpu")
PARAMS = FeatureParams.model_validate(
    {
        "precision": "fp32",
        "clip": {"weights": "untrained"},
        "yolo": {"weights": "untrained"},
        "slowfast": {"weights": "untrained"},
    }
)
ITEMS = pd.DataFrame(
    {
        "item_id": [f"item{i}" for i in range(12)],
        "sha256": [f"{i:064x}" for i in range(12)],
        "label": [0, 1, 1] * 4,
        "split": ["test", "train", "val", "train"] * 3,
        "group": [f"group{i // 2}" for i in range(12)],
        "duration_sec": 2.0,
    }
)
DIMS = {"clip": 4, "yolo": 3}


@pytest.fixture
def vectors(tmp_path):
    """The stores of both backbones of images, filled in another order than the items'."""
    rng = np.random.default_rng(0)
    kept = {}
    for name, dim in DIMS.items():
        kept[name] = rng.normal(3, 2, (12, dim)).astype(np.float32)
        weights = find_weights(PARAMS, name, tmp_path / "weights")
        store = open_store(
            PARAMS, name, weights, "image", str(torch.float32), tmp_path / "features"
        )
        order = rng.permutation(12)
        store.add({ITEMS["sha256"][i]: kept[name][i] for i in order})
    return np.hstack(list(kept.values()))


def load(folder, items=ITEMS):
    return load_training_data(items, PARAMS, "image", device=CPU, artifacts=folder)


def test_splits_hold_their_own_items_in_order(tmp_path, vectors):
    data = load(tmp_path)
    assert list(data.splits) == ["train", "val", "test"], "train first, then what is scored"
    scaler = Scaler.fit(vectors[ITEMS["split"] == "train"])
    for name, split in data.splits.items():
        own = ITEMS["split"] == name
        assert split.item_ids == ITEMS.loc[own, "item_id"].tolist()
        assert split.groups == ITEMS.loc[own, "group"].tolist()
        assert split.labels.tolist() == ITEMS.loc[own, "label"].tolist()
        assert torch.equal(split.features, scaler(vectors[own]))


@pytest.mark.usefixtures("vectors")
def test_how_the_features_were_made_goes_with_them(tmp_path):
    data = load(tmp_path)
    assert data.dims == DIMS
    assert list(data.backbones) == ["clip", "yolo"], "images have no motion"
    assert data.backbones["yolo"]["weights"] == "untrained:0"
    assert data.backbones["yolo"]["precision"] == "torch.float32"
    assert data.features == PARAMS
    assert data.modality == "image"


def test_vectors_are_read_from_an_address(tmp_path, vectors):
    there = place("memory://training-data/features")
    for name, dim in DIMS.items():
        weights = find_weights(PARAMS, name, tmp_path / "weights")
        first = 0 if name == "clip" else DIMS["clip"]
        store = open_store(PARAMS, name, weights, "image", str(torch.float32), there)
        store.add(dict(zip(ITEMS["sha256"], vectors[:, first : first + dim], strict=True)))
    here = load(tmp_path)
    shutil.rmtree(tmp_path / "features")
    data = load_training_data(ITEMS, PARAMS, "image", device=CPU, artifacts=tmp_path, vectors=there)
    for name, split in data.splits.items():
        assert torch.equal(split.features, here.splits[name].features)
    how = {"device": CPU, "artifacts": tmp_path, "vectors": there}
    assert len(load_folds(ITEMS, PARAMS, "image", folds=3, seed=1, **how)) == 3
    assert not (tmp_path / "features").exists()


@pytest.mark.usefixtures("vectors")
def test_an_item_without_a_vector_is_named(tmp_path):
    more = pd.concat([ITEMS, ITEMS.tail(1).assign(sha256="f" * 64)], ignore_index=True)
    with pytest.raises(KeyError, match=r"clip: 1 of 13 items have no vector .*run 01_extract"):
        load(tmp_path, more)


def test_folds_test_every_item_once_and_fit_their_own_scaler(tmp_path, vectors):
    folds = load_folds(ITEMS, PARAMS, "image", folds=3, seed=1, device=CPU, artifacts=tmp_path)
    tested = [item for splits in folds for item in splits["test"].item_ids]
    assert sorted(tested) == sorted(ITEMS["item_id"])
    fold_of = assign_folds(ITEMS, 3, 1)
    for fold, splits in enumerate(folds):
        assert list(splits) == ["train", "val", "test"]
        assert splits["test"].item_ids == ITEMS.loc[fold_of == fold, "item_id"].tolist()
        scaler = Scaler.fit(vectors[ITEMS["item_id"].isin(splits["train"].item_ids)])
        for split in splits.values():
            own = ITEMS["item_id"].isin(split.item_ids)
            assert torch.equal(split.features, scaler(vectors[own]))
            assert split.labels.tolist() == ITEMS.loc[own, "label"].tolist()
        groups = [group for split in splits.values() for group in set(split.groups)]
        assert len(groups) == len(set(groups))
