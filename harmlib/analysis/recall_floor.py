"""The highest threshold that promises a recall on new groups, by conformal risk control.

Recall is that of the average group: each source with a harmful item counts the same, whatever its
number of items. The promise is kept on average over many such validations; `single_run_shortfall`
says how often one of them falls below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from harmlib.analysis.checks import FloatArray, Harmful, Scores, check_scored
from harmlib.analysis.rates import rate
from harmlib.analysis.resampling import IntArray, group_codes, group_table
from harmlib.analysis.thresholds import attainable_thresholds

MAX_FOLDS = 200  # more groups are left out in as many folds
FEWEST_FOLDS = 10  # of very many items
_MOST_CELLS = 4_000_000  # folds times items, where that leaves more folds than the fewest
LEVELS = 50  # how many smaller shares of misses are tried to make up for choices
# Share of single runs below the floor after a choice among 30 epochs and models: the highest of
# benchmarks/coverage_floors.py
MEASURED_SHORTFALL = 0.53


@dataclass(frozen=True)
class RecallFloor:
    """A threshold that promises a recall, or the finding that there is none.

    Attributes
    ----------
    min_recall : float
        What was asked for, in (0, 1).
    feasible : bool
        Whether there are enough groups for the promise.
    threshold, recall, flagged_share : float
        NaN where it is not feasible. recall is that of the average group and flagged_share the
        share of all items (that people have to review), both on the items on which the threshold
        was set.
    units : int
        Groups with a harmful item: what the promise rests on.
    allowed : float
        Share of misses with which the threshold was set: 1 - min_recall, or less to make up for
        what else the items chose.
    """

    min_recall: float
    feasible: bool
    threshold: float
    recall: float
    flagged_share: float
    units: int
    allowed: float


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


def recall_floor(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    min_recall: float,
    groups: npt.ArrayLike | None = None,
) -> RecallFloor:
    """The highest threshold that keeps recall at `min_recall` or above on new groups.

    A new group's expected recall, over the draw of these items as well, is at least `min_recall`,
    whatever the model and the distribution. This needs no more than that new harmful groups come
    from where these came from, and that these items chose nothing else; where they chose the epoch,
    take `selected_recall_floors`. It promises nothing about one given sample, nor about precision.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, of items that were used for no other choice before.
    scores : array_like, shape (n,)
        Finite, any scale.
    min_recall : float
        In (0, 1).
    groups : array_like, shape (n,), optional
        The unit is the group, and its loss the share of its harmful items that are missed; None for
        one group per item.

    Returns
    -------
    RecallFloor
        Not feasible with fewer than min_recall / (1 - min_recall) harmful groups: 0.95 needs 19.

    Raises
    ------
    ValueError
        A `min_recall` outside (0, 1), no harmful item, missing groups, or what `sweep` refuses.

    Notes
    -----
    Conformal risk control (Angelopoulos, Bates, Fisch, Lei & Schuster 2022, Theorem 1): with n
    exchangeable harmful groups and miss rate R(t) at threshold t, take the highest t with
    n/(n+1) R(t) + 1/(n+1) <= 1 - min_recall. The threshold is set midway to the next score below,
    where no more is missed.

    Examples
    --------
    >>> floor = recall_floor([1] * 9 + [0], [0.1 * i for i in range(1, 11)], min_recall=0.8)
    >>> floor.units, round(floor.threshold, 2), floor.flagged_share
    (9, 0.15, 0.9)
    """
    if not 0 < min_recall < 1:
        raise ValueError(f"min_recall is {min_recall}; it must be a fraction between 0 and 1")
    harmful, checked = check_scored(labels, scores)
    if not harmful.any():
        raise ValueError("no item is harmful; a recall floor needs harmful items")
    codes, _ = group_codes(groups, len(harmful))
    return _floor_at(harmful, checked, codes, min_recall, 1 - min_recall)


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
        As in `recall_floor`.

    Returns
    -------
    dict of str to RecallFloor
        Of the chosen epoch of each model, with an `allowed` that makes up for the choice of the
        epoch, and for taking the model that flags the fewest items.

    Raises
    ------
    ValueError
        As in `recall_floor`.

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
        name: _floor_at(
            harmful, model.scores[model.chosen], codes, min_recall, min(allowed, picked[0])
        )
        for (name, model), allowed in zip(models.items(), own, strict=True)
    }


def single_run_shortfall(min_recall: float, units: int) -> float:
    """How often one threshold of `recall_floor` has a recall below the floor on new groups.

    Parameters
    ----------
    min_recall : float
        In (0, 1).
    units : int
        Groups with a harmful item.

    Returns
    -------
    float
        A probability; NaN where there are too few groups for the floor.

    Notes
    -----
    The recall of a conformal threshold that may miss k of n groups is beta distributed (Vovk 2012):
    it falls short as often as at most k of n groups fail, binomial in n and 1 - min_recall. That
    is exact for the highest threshold allowed, where each group is caught or missed as a whole.
    Groups that are caught in part make it smaller (measured). Choices on the same items make it
    larger: up to MEASURED_SHORTFALL, also where `selected_recall_floors` keeps the average.

    Examples
    --------
    >>> round(single_run_shortfall(0.9, 40), 2)
    0.42
    """
    budget = _budget(1 - min_recall, units)
    return (
        float(scipy.stats.binom.cdf(np.floor(budget), units, 1 - min_recall))
        if budget >= 0
        else np.nan
    )


def group_recalls(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float,
    groups: npt.ArrayLike | None = None,
) -> FloatArray:
    """The recall of each group that holds a harmful item.

    Parameters
    ----------
    labels, scores, groups : array_like, shape (n,)
        As in `recall_floor`.
    threshold : float
        Finite.

    Returns
    -------
    ndarray of float64, shape (harmful groups,)
        Shares of the harmful items above the threshold.

    Raises
    ------
    ValueError
        What `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> group_recalls([1, 1, 1, 0], [0.2, 0.9, 0.8, 0.9], 0.5, ["a", "a", "b", "c"]).tolist()
    [0.5, 1.0]
    """
    table = group_table(labels, scores, [threshold], groups)
    caught, _, harmful, _ = table[table[:, 2] > 0].T
    recalls: FloatArray = caught / harmful
    return recalls


def _floor_at(
    harmful: Harmful, scores: Scores, codes: IntArray, min_recall: float, allowed: float
) -> RecallFloor:
    units = len(np.unique(codes[harmful]))
    infeasible = RecallFloor(min_recall, False, np.nan, np.nan, np.nan, units, allowed)
    threshold = _thresholds(harmful, scores, codes, np.array([allowed]))[0]
    if np.isnan(threshold):
        return infeasible
    recall = group_recalls(harmful, scores, threshold, codes).mean()
    return replace(
        infeasible,
        feasible=True,
        threshold=float(threshold),
        recall=float(recall),
        flagged_share=float((scores > threshold).mean()),
    )


def _budget(allowed: npt.ArrayLike, units: int) -> FloatArray:
    """How many groups may be missed; 1e-9: 0.1 x 10 - 1 must not fail for being -2e-16."""
    return np.asarray(allowed) * (units + 1) - 1 + 1e-9


def _thresholds(
    harmful: Harmful, scores: Scores, codes: IntArray, allowed: FloatArray
) -> FloatArray:
    """The highest threshold for each share of misses; NaN where there are too few groups."""
    sizes = np.bincount(codes[harmful])
    budget = _budget(allowed, int((sizes > 0).sum()))
    order = np.argsort(scores[harmful], kind="stable")
    ranked = scores[harmful][order]
    missed = np.cumsum((1 / sizes[codes[harmful]])[order])  # n R just above each harmful score
    # The 1e-9 can exceed the last miss, for a floor next to 0: the last item stays kept
    kept = np.minimum(np.searchsorted(missed, budget, side="right"), len(ranked) - 1)
    distinct = np.unique(scores)
    found = attainable_thresholds(distinct)[np.searchsorted(distinct, ranked[kept])]
    return np.where(budget < 0, np.nan, found)


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
        thresholds = _thresholds(harmful[rest], scores[rest], codes[rest], shares)
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
