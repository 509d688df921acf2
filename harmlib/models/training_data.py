"""The stored features of one modality as scaled splits, ready to train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from harmlib.address import Address
from harmlib.features.backbones import backbone_names, find_weights, open_store
from harmlib.features.device import choose_precision
from harmlib.features.store import join_features
from harmlib.media.categories import has_category
from harmlib.media.folds import assign_folds, fold_splits
from harmlib.media.splits import SPLITS
from harmlib.models.scaler import Scaler
from harmlib.models.training import Split
from harmlib.params import FeatureParams, Modality


@dataclass(frozen=True)
class TrainingData:
    """What a classifier is trained on, and how its features were made.

    Attributes
    ----------
    modality : {"image", "video"}
    items : pandas.DataFrame
        The manifest's rows of the modality.
    splits : dict of str to Split
        "train", "val" and "test", scaled by `scaler`.
    scaler : Scaler
        Fitted to the training split alone.
    dims : dict of str to int
        Length of each backbone's vector, in the order in which the vectors are joined.
    features : FeatureParams
        The params of the backbones.
    backbones : dict of str to dict
        Backbone name to the settings of its feature store: everything that changes a vector.
    """

    modality: Modality
    items: pd.DataFrame
    splits: dict[str, Split]
    scaler: Scaler
    dims: dict[str, int]
    features: FeatureParams
    backbones: dict[str, dict[str, Any]]


def load_training_data(
    items: pd.DataFrame,
    features: FeatureParams,
    modality: Modality,
    *,
    device: torch.device,
    artifacts: Path,
    vectors: Path | Address | None = None,
    categories: Sequence[str] = (),
) -> TrainingData:
    """Read the vectors of `items` from the feature store; split and scale them.

    Parameters
    ----------
    items : pandas.DataFrame
        Columns item_id, sha256, label (0/1), split, group, duration_sec; one row per item.
    features : FeatureParams
        The params of the backbones.
    modality : {"image", "video"}
        Of the items.
    device : torch.device
        Where the features were extracted; decides what the precision "auto" means.
    artifacts : pathlib.Path
        Folder that holds `weights`, and the feature stores unless `vectors` tells another.
    vectors : pathlib.Path or Address, optional
        Folder of all feature stores; by default `artifacts` / "features".
    categories : sequence of str
        Those to learn, instead of the label; `items` then has a column category.

    Returns
    -------
    TrainingData

    Raises
    ------
    KeyError
        If an item has no vector in the store.
    ValueError
        If a vector holds NaN or infinity.
    WeightsError
        If a backbone's weights are not there.
    """
    matrix, dims, settings = _read(items, features, modality, device, artifacts, vectors)
    splits, scaler = _split(matrix, items, items["split"], tuple(categories))
    return TrainingData(modality, items, splits, scaler, dims, features, settings)


def load_folds(
    items: pd.DataFrame,
    features: FeatureParams,
    modality: Modality,
    *,
    folds: int,
    seed: int,
    device: torch.device,
    artifacts: Path,
    vectors: Path | Address | None = None,
) -> list[dict[str, Split]]:
    """Read the vectors of `items` from the feature store; split and scale them for each fold.

    Parameters
    ----------
    items : pandas.DataFrame
        As in `load_training_data`; the column split is not used.
    features : FeatureParams
        The params of the backbones.
    modality : {"image", "video"}
        Of the items.
    folds : int
        How many, at least 3.
    seed : int
        Of the folds, as in `harmlib.media.folds.assign_folds`.
    device : torch.device
        Where the features were extracted, as in `load_training_data`.
    artifacts : pathlib.Path
        Folder that holds `weights`, and the feature stores unless `vectors` tells another.
    vectors : pathlib.Path or Address, optional
        Folder of all feature stores; by default `artifacts` / "features".

    Returns
    -------
    list of dict of str to Split
        For each fold "train", "val" and "test", scaled by the training items of the fold. The test
        items of all folds are `items`, each once.

    Raises
    ------
    SplitError
        If a class is in fewer groups than there are folds.
    KeyError
        If an item has no vector in the store.
    WeightsError
        If a backbone's weights are not there.
    """
    fold_of = assign_folds(items, folds, seed)
    matrix, _, _ = _read(items, features, modality, device, artifacts, vectors)
    return [_split(matrix, items, fold_splits(fold_of, fold))[0] for fold in range(folds)]


def _read(
    items: pd.DataFrame,
    features: FeatureParams,
    modality: Modality,
    device: torch.device,
    artifacts: Path,
    vectors: Path | Address | None,
) -> tuple[npt.NDArray[np.float32], dict[str, int], dict[str, dict[str, Any]]]:
    """The joined vectors (n, dim), each backbone's length, and the settings of its store."""
    precision = str(choose_precision(features.precision, device))
    stores, root = {}, vectors or artifacts / "features"
    for name in backbone_names(features, modality):
        weights = find_weights(features, name, artifacts / "weights")
        stores[name] = open_store(features, name, weights, modality, precision, root)
    matrix, dims = join_features(stores, items["sha256"])
    broken = items["item_id"][~np.isfinite(matrix).all(axis=1)]
    if len(broken):
        raise ValueError(
            f"the vectors of {len(broken)} {modality}(s) hold NaN or infinity (first: "
            f"{broken.iloc[0]}); delete {root} and run 01_extract_features"
        )
    return matrix, dims, {name: store.settings for name, store in stores.items()}


def _split(
    matrix: npt.NDArray[np.float32],
    items: pd.DataFrame,
    split_of: pd.Series,
    categories: tuple[str, ...] = (),
) -> tuple[dict[str, Split], Scaler]:
    """The splits, scaled, and the scaler that was fitted to the training items."""
    scaler = Scaler.fit(matrix[split_of == "train"])
    splits = {}
    for name in SPLITS:
        own = split_of == name
        rows = items[own]
        splits[name] = Split(
            scaler(matrix[own]),
            _labels(rows, categories),
            rows["item_id"].to_list(),
            rows["group"].to_list(),
            categories,
        )
    return splits, scaler


def _labels(rows: pd.DataFrame, categories: tuple[str, ...]) -> torch.Tensor:
    """(n,) whether an item is harmful, or (n, k) whether it is of each category."""
    if not categories:
        return torch.tensor(rows["label"].to_numpy())
    return torch.tensor(
        np.column_stack([has_category(rows["category"], category) for category in categories])
    )
