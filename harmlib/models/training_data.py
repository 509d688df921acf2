"""The stored features of one modality as scaled splits, ready to train on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from harmlib.features.backbones import backbone_names, find_weights, open_store
from harmlib.features.device import choose_precision
from harmlib.features.store import join_features
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
        Folder that holds `weights` and the feature store `features`.

    Returns
    -------
    TrainingData

    Raises
    ------
    KeyError
        If an item has no vector in the store.
    WeightsError
        If a backbone's weights are not there.
    """
    precision = str(choose_precision(features.precision, device))
    stores = {}
    for name in backbone_names(features, modality):
        weights = find_weights(features, name, artifacts / "weights")
        stores[name] = open_store(
            features, name, weights, modality, precision, artifacts / "features"
        )
    matrix, dims = join_features(stores, items["sha256"])
    scaler = Scaler.fit(matrix[items["split"] == "train"])
    splits = {}
    for name in SPLITS:
        own = items["split"] == name
        rows = items[own]
        splits[name] = Split(
            scaler(matrix[own]),
            torch.tensor(rows["label"].to_numpy()),
            rows["item_id"].to_list(),
            rows["group"].to_list(),
        )
    settings = {name: store.settings for name, store in stores.items()}
    return TrainingData(modality, items, splits, scaler, dims, features, settings)
