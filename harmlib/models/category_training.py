"""One network that learns several categories: a logit of each, their weights, thresholds, epoch.

An item may be of several categories; all others are a category's negatives. The network is trained
with the loss of all categories together, and each category then has a threshold of its own. There
is one network, so one epoch is kept for all: the one at which F1, averaged over the categories
(macro F1), is highest on validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd
import torch

from harmlib.media.categories import has_category
from harmlib.models.classifier import HarmfulClassifier, output_of
from harmlib.models.losses import build_loss, positive_weight
from harmlib.models.training import Split, Training, train
from harmlib.models.training_data import TrainingData
from harmlib.models.variant_training import choose_operating_points
from harmlib.params import Schedule, Variant


def category_weights(spec: Variant, split: Split) -> dict[str, float]:
    """The weight of each category's items relative to all other items.

    Parameters
    ----------
    spec : Variant
    split : Split
        The training items, with categories.

    Returns
    -------
    dict of str to float
        By category, as `positive_weight` gives it.

    Raises
    ------
    ValueError
        If the variant weighs by balance, and a category has no item.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> spec = load_params("params/demo.yaml").variants["model4"]
    >>> labels = torch.tensor([[1, 0], [0, 1], [0, 1], [0, 0]])
    >>> split = Split(torch.eye(4), labels, list("abcd"), list("abcd"), ("gun", "fire"))
    >>> category_weights(spec, split)
    {'gun': 3.0, 'fire': 1.0}
    """
    return {
        category: positive_weight(spec.pos_weight, split.of_category(category).labels)
        for category in split.categories
    }


def train_categories(
    splits: Mapping[str, Split],
    dims: dict[str, int],
    spec: Variant,
    schedule: Schedule,
    *,
    seed: int,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> Training:
    """Train one network on all categories of the splits.

    Parameters
    ----------
    splits : mapping of str to Split
        As in `train`, with categories.
    dims : dict of str to int
        As in `HarmfulClassifier`.
    spec : Variant
        One that leaves nothing open.
    schedule : Schedule
    seed : int
    device : torch.device
    progress : callable, optional
        These four as in `train`.

    Returns
    -------
    Training
        Its scores have a column category.

    Raises
    ------
    TrainingDiverged, ValueError
        As `train` and `category_weights`.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> spec = load_params("params/demo.yaml").variants["model4"]
    >>> labels = torch.tensor([[1, 0], [0, 1], [0, 1], [0, 0]])
    >>> split = Split(torch.eye(4), labels, list("abcd"), list("abcd"), ("gun", "fire"))
    >>> training = train_categories({"train": split, "val": split}, {"clip": 4}, spec, spec.video,
    ...                             seed=1, device=torch.device("cpu"))
    >>> of_category(training, "fire").scores.query("epoch == 1")["label"].tolist()
    [0, 1, 1, 0]
    """
    weights = category_weights(spec, splits["train"])
    return train(
        lambda: HarmfulClassifier(dims, spec.last_layer, outputs=len(weights)),
        build_loss(spec.loss, list(weights.values())),
        schedule,
        splits,
        seed=seed,
        device=device,
        progress=progress,
    )


def choose_category_points(training: Training, spec: Variant) -> dict[str, pd.DataFrame]:
    """The operating points of each category, at one epoch for all.

    Parameters
    ----------
    training : Training
        Of `train_categories`.
    spec : Variant
        Of the training.

    Returns
    -------
    dict of str to DataFrame
        By category, as `choose_operating_points` returns them, but for the chosen epoch: that with
        the highest mean of the categories' F1 at their own thresholds, the earliest of equals.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> spec = load_params("params/demo.yaml").variants["model2"]
    >>> scores = pd.DataFrame({"epoch": [1, 1, 2, 2] * 2, "split": "val", "label": [1, 0] * 4,
    ...                        "category": ["gun"] * 4 + ["fire"] * 4,
    ...                        "probability": [0.6, 0.4, 0.6, 0.7, 0.4, 0.2, 0.6, 0.4]})
    >>> points = choose_category_points(Training(pd.DataFrame(), scores, {}), spec)
    >>> {name: table["chosen"].tolist() for name, table in points.items()}
    {'gun': [False, True], 'fire': [False, True]}
    """
    names = training.scores["category"].unique()
    points = {name: choose_operating_points(of_category(training, name), spec) for name in names}
    mean = pd.concat([table["f1"] for table in points.values()], axis=1).mean(axis=1)
    return {
        name: table.assign(chosen=table.index == mean.idxmax()) for name, table in points.items()
    }


def of_category(training: Training, category: str) -> Training:
    """One category's part of a training: what a training of it alone would have returned.

    Parameters
    ----------
    training : Training
        Of `train_categories`.
    category : str

    Returns
    -------
    Training
        The category's scores, and the network's weights with the category's output alone. The
        history is that of all categories: there was one loss.
    """
    names = list(training.scores["category"].unique())
    own = training.scores[training.scores["category"] == category]
    return replace(
        training,
        scores=own.drop(columns="category").reset_index(drop=True),
        states={
            epoch: output_of(state, names.index(category))
            for epoch, state in training.states.items()
        },
    )


def data_of_category(data: TrainingData, category: str) -> TrainingData:
    """The same items, labelled by whether they are of a category.

    Parameters
    ----------
    data : TrainingData
        Of which categories are learned.
    category : str

    Returns
    -------
    TrainingData
    """
    return replace(
        data,
        items=data.items.assign(label=has_category(data.items["category"], category)),
        splits={name: split.of_category(category) for name, split in data.splits.items()},
    )
