"""What training minimises, and how the classes are weighed in it."""

from __future__ import annotations

import torch
from torch import nn


def positive_weight(setting: str | float | None, labels: torch.Tensor) -> float | None:
    """The weight of a harmful item relative to a safe one.

    setting : 'balanced' is safe/harmful of `labels`; a number is itself; None is no weighting
    labels : (n,) 0/1, of the training split
    """
    if setting != "balanced":
        return setting
    harmful = int(labels.sum())
    if harmful == 0:
        raise ValueError("pos_weight 'balanced' needs at least one harmful item to train on")
    return (len(labels) - harmful) / harmful


def build_loss(name: str, pos_weight: float | None) -> nn.Module:
    """'bce' takes probabilities, 'bce_with_logits' takes logits and may weigh the harmful class."""
    if name == "bce":
        return nn.BCELoss()
    weight = None if pos_weight is None else torch.tensor(float(pos_weight))
    return nn.BCEWithLogitsLoss(pos_weight=weight)
