"""The loss that training minimises, and how it weighs the two classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

LossName = Literal["bce", "bce_with_logits", "focal"]

FOCUS = 2.0  # gamma of the focal loss, the best one of Lin et al. (2017)


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


def build_loss(name: LossName, pos_weight: float | Sequence[float] = 1.0) -> nn.Module:
    """Build the loss, a mean over items.

    Parameters
    ----------
    name : {"bce", "bce_with_logits", "focal"}
        "bce" takes probabilities, the others take logits. "focal" is the cross-entropy of each item
        times (1 - probability of its label)^FOCUS (Lin et al. 2017, Focal Loss for Dense Object
        Detection, ICCV): items that are decided well already count for little.
    pos_weight : float or sequence of float
        Weight of a harmful item relative to a safe one. Several: of an item of each category
        relative to one that isn't, of "bce_with_logits" (or all 1).

    Returns
    -------
    torch.nn.Module
        Called with (n,) outputs of the classifier and (n,) labels as floats; (n, k) of several.

    Examples
    --------
    >>> loss = build_loss("bce_with_logits", 4.0)
    >>> round(loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0])).item(), 4)
    1.7329
    """
    if isinstance(pos_weight, Sequence):
        if any(weight != 1 for weight in pos_weight):
            return nn.BCEWithLogitsLoss(pos_weight=torch.tensor(list(pos_weight)))
        pos_weight = 1.0
    if name == "bce":
        return nn.BCELoss() if pos_weight == 1 else _WeightedBCELoss(pos_weight)
    if name == "focal":
        return _FocalLoss(pos_weight)
    # torch computes an unweighted loss in another way: with a weight of 1 its last bits differ.
    return nn.BCEWithLogitsLoss(pos_weight=None if pos_weight == 1 else torch.tensor(pos_weight))


def item_losses(
    name: LossName,
    outputs: torch.Tensor,
    labels: torch.Tensor,
    pos_weights: torch.Tensor | None,
) -> torch.Tensor:
    """Compute the loss of each item of k classifiers, each with its own weight.

    Parameters
    ----------
    name : {"bce", "bce_with_logits", "focal"}
        As in `build_loss`.
    outputs, labels : torch.Tensor
        (k, n) outputs of the classifiers, and labels as floats.
    pos_weights : torch.Tensor or None
        (k,) weights; None where all are 1.

    Returns
    -------
    torch.Tensor
        (k, n); the mean of row i is what `build_loss(name, pos_weights[i])` gives.

    Examples
    --------
    >>> outputs, labels = torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> losses = item_losses("bce_with_logits", outputs, labels, torch.tensor([1.0, 4.0]))
    >>> losses.mean(dim=1).numpy().round(2)
    array([0.69, 1.73], dtype=float32)
    """
    if name == "bce":
        losses = functional.binary_cross_entropy(outputs, labels, reduction="none")
        return losses if pos_weights is None else losses * _weights(labels, pos_weights[:, None])
    losses = functional.binary_cross_entropy_with_logits(
        outputs,
        labels,
        pos_weight=None if pos_weights is None else pos_weights[:, None],
        reduction="none",
    )
    return losses * _focus(outputs, labels) if name == "focal" else losses


class _WeightedBCELoss(nn.Module):
    """Mean binary cross-entropy of probabilities; torch weighs the classes of logits only."""

    def __init__(self, pos_weight: float) -> None:
        super().__init__()
        self.pos_weight = pos_weight

    def forward(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        losses = functional.binary_cross_entropy(outputs, labels, reduction="none")
        return (losses * _weights(labels, self.pos_weight)).mean()


class _FocalLoss(nn.Module):
    """Mean focal loss of logits."""

    pos_weights: torch.Tensor | None

    def __init__(self, pos_weight: float) -> None:
        super().__init__()
        weights = None if pos_weight == 1 else torch.tensor([pos_weight])
        self.register_buffer("pos_weights", weights)  # so that it moves with the loss

    def forward(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return item_losses("focal", outputs[None], labels[None], self.pos_weights).mean()


def _focus(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """(1 - probability of the item's own label)^FOCUS."""
    return torch.sigmoid(torch.where(labels == 1, -logits, logits)) ** FOCUS


def _weights(labels: torch.Tensor, pos_weight: torch.Tensor | float) -> torch.Tensor:
    return 1 + (pos_weight - 1) * labels
