"""What a checkpoint's own training and validation items say about a new item."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import torch

from harmlib.models.checkpoint import Checkpoint, Reference
from harmlib.models.classifier import probabilities

NEIGHBOURS = 5


@dataclass(frozen=True)
class Neighbour:
    """A training item that the classifier sees as near.

    Attributes
    ----------
    item_id : str
    label : int
        1 harmful, 0 safe.
    probability : float
        Of the item itself, in [0, 1].
    similarity : float
        Cosine of the two embeddings, in [-1, 1].
    """

    item_id: str
    label: int
    probability: float
    similarity: float


@dataclass(frozen=True)
class Explanation:
    """Why an item got its logit.

    Attributes
    ----------
    contributions : dict of str to float
        Backbone to what it adds to the logit, against the average training item.
    nearest : list of Neighbour
        The `NEIGHBOURS` nearest training items, the nearest first.
    """

    contributions: dict[str, float]
    nearest: list[Neighbour]


def validation_items(checkpoint: Checkpoint) -> pd.DataFrame:
    """The validation items as the saved classifier scored them.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    pandas.DataFrame
        One row per item: label (0/1), probability, group.
    """
    items = checkpoint.validation
    return pd.DataFrame(
        {
            "label": items.label.numpy().astype(int),
            "probability": probabilities(items.logit),
            "group": items.group,
        }
    )


def explain(checkpoint: Checkpoint, features: torch.Tensor) -> Explanation:
    """Explain one item by its backbones and by the training items near it.

    Parameters
    ----------
    checkpoint : Checkpoint
    features : torch.Tensor
        (1, sum of dims), scaled.

    Returns
    -------
    Explanation
    """
    classifier = checkpoint.classifier
    with torch.inference_mode():
        contributions = classifier.contributions(features)
        embedding = classifier.embed(features)
    return Explanation(
        {name: float(value) for name, value in contributions.items()},
        _nearest(checkpoint.training, embedding),
    )


def _nearest(training: Reference, embedding: torch.Tensor) -> list[Neighbour]:
    similarity = torch.nn.functional.cosine_similarity(embedding, training.embedding.float())
    return [
        Neighbour(
            training.item_id[i],
            int(training.label[i]),
            float(probabilities(training.logit[i])),
            float(similarity[i]),
        )
        for i in similarity.argsort(descending=True)[:NEIGHBOURS].tolist()
    ]
