"""The loss that training minimises, and how it weighs the two classes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn


def positive_weight(setting: Literal["balanced"] | float | None, labels: torch.Tensor) -> float:
    """The weight of a harmful item relative to a safe one.

    Parameters
    ----------
    setting : "balanced", float or None
        "balanced" is safe / harmful of `labels`; a number is itself; None is no weighting.
    labels : torch.Tensor
        (n,) 0/1, of the training split.

    Returns
    -------
    float
        1.0 where the classes weigh the same.

    Raises
    ------
    ValueError
        If the setting is "balanced" and no item is harmful.

    Examples
    --------
    >>> positive_weight("balanced", torch.tensor([1, 1, 0]))
    0.5
    """
    if setting is None:
        return 1.0
    if setting != "balanced":
        return float(setting)
    harmful = int(labels.sum())
    if harmful == 0:
        raise ValueError("pos_weight 'balanced' needs at least one harmful item to train on")
    return (len(labels) - harmful) / harmful


def build_loss(name: Literal["bce", "bce_with_logits"], pos_weight: float = 1.0) -> nn.Module:
    """Build the loss, a mean over items.

    Parameters
    ----------
    name : {"bce", "bce_with_logits"}
        "bce" takes probabilities, "bce_with_logits" takes logits.
    pos_weight : float
        Weight of a harmful item relative to a safe one, of "bce_with_logits" only.

    Returns
    -------
    torch.nn.Module
        Called with (n,) outputs of the classifier and (n,) labels as floats.

    Raises
    ------
    ValueError
        If "bce" is given a weight.

    Examples
    --------
    >>> loss = build_loss("bce_with_logits", 4.0)
    >>> round(loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0])).item(), 4)
    1.7329
    """
    if name == "bce":
        if pos_weight != 1:
            raise ValueError(f"pos_weight {pos_weight} needs the loss 'bce_with_logits'")
        return nn.BCELoss()
    # torch computes an unweighted loss in another way: with a weight of 1 its last bits differ.
    return nn.BCEWithLogitsLoss(pos_weight=None if pos_weight == 1 else torch.tensor(pos_weight))
