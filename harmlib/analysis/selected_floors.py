"""Recall floors of models whose epochs the same items chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, Harmful, IntArray, check_scored
from harmlib.analysis.groups import group_codes, group_table
from harmlib.analysis.rates import rate
from harmlib.analysis.recall_floor import RecallFloor, conformal_thresholds, floor_at, recall_floor

MAX_FOLDS = 200  # more groups are left out in as many folds
FEWEST_FOLDS = 10  # of very many items
_MOST_CELLS = 4_000_000  # folds times items, where that leaves more folds than the fewest
LEVELS = 50  # how many smaller shares of misses are tried to make up for choices
# Share of single runs below the floor after a choice among 30 epochs and models: the highest of
# benchmarks/coverage_floors.py
MEASURED_SHORTFALL = 0.53


class Candidate(NamedTuple):
    """A model of which validation chose the epoch.

    Attributes
    ----------
    scores : ndarray of float64, shape (epochs, n)
        Of the same items in each epoch.
    chosen : int
        Place of the chosen epoch.
    thresholds : sequence of float
        Among which epoch and threshold with the highest F1 were chosen; one where it is fixed.
    """

    scores: FloatArray
    chosen: int
    thresholds: npt.ArrayLike


def selected_recall_floors(
    labels: npt.ArrayLike,
    models: Mapping[str, Candidate],
    min_recall: float,
    groups: npt.ArrayLike | None = None,
) -> dict[str, RecallFloor]:
    """Recall floors of models whose epochs these items chose, and among which one may choose.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    models : mapping of str to Candidate
        Name -> the scores of the same items in each of its epochs.
    min_recall : float
        In (0, 1).
    groups : array_like, shape (n,), optional
        As in `recall_floor.recall_floor`.

    Returns
    -------
    dict of str to RecallFloor
        Of the chosen epoch of each model, with an `allowed` that makes up for the choice of the
        epoch, and for taking the model that flags the fewest items.

    Raises
    ------
    ValueError
        As in `recall_floor.recall_floor`.

    Notes
    -----
    Each group (or fold, of more than MAX_FOLDS groups) is left out once; the rest chooses the epoch
    by F1, sets the threshold for a share of misses, and the group left out tells its loss. For a
    given share, the mean of these losses is an unbiased estimate of what choice and threshold
    together miss (of one group less). `allowed` is the largest share with a mean of at most
    1 - min_recall, both for the model itself and for the model that flags least in each fold. With
    one epoch and one model that is 1 - min_recall itself. Unlike `recall_floor` without choices,
    this is no theorem: it is measured.

    Examples
    --------
    >>> labels = [1] * 30 + [0] * 10
    >>> scores = np.linspace(0.9, 0.1, 40)
    >>> model = Candidate(np.stack([scores, scores[::-1]]), 0, [0.3, 0.5])
    >>> floor = selected_recall_floors(labels, {"mine": model}, 0.9)["mine"]
    >>> floor == recall_floor(labels, scores, 0.9)  # the other epoch is never chosen
    True
    """
    floors = {
        name: recall_floor(labels, model.scores[model.chosen], min_recall, groups)
        for name, model in models.items()
    }
    choices = sum(len(model.scores) for model in models.values())
    if choices == 1 or not all(floor.feasible for floor in floors.values()):
        return floors
    harmful, _ = check_scored(labels, np.zeros(np.shape(labels)))
    codes, _ = group_codes(groups, len(harmful))
    shares = (1 - min_recall) * np.linspace(1, 0, LEVELS, endpoint=False)
    tried = [_left_out(harmful, model, codes, shares) for model in models.values()]
    losses, flagged = (np.stack(part) for part in zip(*tried, strict=True))
    cheapest = np.take_along_axis(losses, flagged.argmin(axis=0)[None], axis=0)
    own, picked = (_largest(part, shares) for part in (losses, cheapest))
    return {
        name: floor_at(
            harmful, model.scores[model.chosen], codes, min_recall, min(allowed, picked[0])
        )
        for (name, model), allowed in zip(models.items(), own, strict=True)
    }


def _left_out(
    harmful: Harmful, model: Candidate, codes: IntArray, shares: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What each fold loses when the others choose, and what these flag: (folds, shares) each.

    A fold's loss is its groups' sum, in units of the mean number of groups per fold.
    """
    with_harm, places = np.unique(codes[harmful], return_inverse=True)
    bounded = max(FEWEST_FOLDS, _MOST_CELLS // len(codes))  # folds differ ever less
    n_folds = min(len(with_harm), MAX_FOLDS, bounded)
    fold_of = np.full(codes.max() + 1, -1)  # groups without a harmful item are never left out
    fold_of[with_harm] = np.arange(len(with_harm)) % n_folds
    folds = fold_of[codes]
    weights = np.zeros(len(codes))
    weights[harmful] = n_folds / len(with_harm) / np.bincount(places)[places]
    losses, flagged = np.empty((2, n_folds, len(shares)))
    epochs = _epochs_without(harmful, model, folds, n_folds)
    in_order = {epoch: np.argsort(model.scores[epoch], kind="stable") for epoch in set(epochs)}
    for fold, epoch in enumerate(epochs):
        order, scores = in_order[epoch], model.scores[epoch]
        rest = order[folds[order] != fold]
        thresholds = conformal_thresholds(harmful[rest], scores[rest], codes[rest], shares)
        # Too small a share for these few groups: nothing passes
        thresholds = np.where(np.isnan(thresholds), -np.inf, thresholds)
        own = folds == fold
        losses[fold] = weights[own] @ (scores[own, None] <= thresholds)
        below = np.searchsorted(scores[rest], thresholds, side="right")
        flagged[fold] = (len(rest) - below) / len(rest)
    return losses, flagged


def _epochs_without(harmful: Harmful, model: Candidate, folds: IntArray, n_folds: int) -> list[int]:
    """The epoch with the highest F1 without each fold, the first of equals: (n_folds,)."""
    best = []
    in_order = np.argsort(pd.unique(folds))[-n_folds:]  # `group_table` numbers as they appear
    for scores in model.scores:
        table = group_table(harmful, scores, model.thresholds, folds)
        rest = table.sum(axis=0) - table[in_order]
        tp, fp = np.split(rest[:, :-2], 2, axis=1)
        counts = np.stack([tp, fp, rest[:, -2:-1] - tp, rest[:, -1:] - fp])
        best.append(rate("f1", counts).max(axis=1))
    return [int(epoch) for epoch in np.argmax(best, axis=0)]


def _largest(losses: FloatArray, shares: FloatArray) -> FloatArray:
    """The largest of the shares (descending) whose mean loss is no more than the first of them."""
    kept = losses.mean(axis=1) <= shares[0] + 1e-9
    return np.where(kept.any(axis=1), shares[kept.argmax(axis=1)], 0.0)
