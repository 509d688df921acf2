"""A training whose numbers are none any more is stopped, and called what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd

# How torch says on the CPU and on a GPU that the loss "bce" was given NaN.
_NO_PROBABILITIES = ("between 0 and 1", "device-side assert")


class TrainingDiverged(ValueError):
    """The losses or scores of a training are no numbers any more."""


def require_finite(
    epoch: int,
    learning_rate: float,
    seed: int,
    losses: Iterable[float],
    scores: Iterable[pd.DataFrame],
) -> None:
    """Stop a training that has diverged.

    Parameters
    ----------
    epoch : int
        The epoch that has just ended.
    learning_rate : float
        Of the training, for the message.
    seed : int
        Of the training, for the message.
    losses : iterable of float
        After this epoch.
    scores : iterable of DataFrame
        After this epoch, with a column logit.

    Raises
    ------
    TrainingDiverged
        If a loss or a logit is NaN or infinite.

    Examples
    --------
    >>> require_finite(2, 10.0, 1, [float("nan")], [])
    Traceback (most recent call last):
        ...
    harmlib.models.divergence.TrainingDiverged: the training diverged in epoch 2 (seed 1): with \
the learning rate 10.0, its loss or scores are NaN or infinite. Lower the variant's learning_rate
    """
    logits = [table["logit"].to_numpy() for table in scores]
    if not all(np.isfinite(values).all() for values in [np.array(list(losses)), *logits]):
        raise _diverged(epoch, learning_rate, seed)


@contextmanager
def divergence_told(epoch: int, learning_rate: float, seeds: Sequence[int]) -> Iterator[None]:
    """Call it a divergence when the loss "bce" refuses outputs that are no probabilities.

    Parameters
    ----------
    epoch : int
        The epoch that is being trained.
    learning_rate : float
    seeds : sequence of int
        These two for the message.

    Yields
    ------
    None

    Raises
    ------
    TrainingDiverged
        In place of torch's own error.

    Examples
    --------
    >>> import torch
    >>> with divergence_told(2, 10.0, [1]):
    ...     torch.nn.BCELoss()(torch.tensor([float("nan")]), torch.ones(1))
    Traceback (most recent call last):
        ...
    harmlib.models.divergence.TrainingDiverged: the training diverged in epoch 2 (seed 1): with \
the learning rate 10.0, its loss or scores are NaN or infinite. Lower the variant's learning_rate
    """
    try:
        yield
    except RuntimeError as error:
        if not any(text in str(error) for text in _NO_PROBABILITIES):
            raise
        raise _diverged(epoch, learning_rate, *seeds) from None


def _diverged(epoch: int, learning_rate: float, *seeds: int) -> TrainingDiverged:
    told = ", ".join(map(str, dict.fromkeys(seeds)))
    return TrainingDiverged(
        f"the training diverged in epoch {epoch} (seed {told}): with the learning rate "
        f"{learning_rate}, its loss or scores are NaN or infinite. Lower the variant's "
        "learning_rate"
    )
