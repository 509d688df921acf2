"""The highest threshold that promises a recall on new groups, by conformal risk control.

Recall is that of the average group: each source with a harmful item counts the same, whatever its
number of items. The promise is kept on average over many such validations; `single_run_shortfall`
says how often one of them falls below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy

from harmlib.analysis.checks import FloatArray, Harmful, IntArray, Scores, check_scored
from harmlib.analysis.groups import group_codes, group_table
from harmlib.analysis.thresholds import attainable_thresholds


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
    take `selected_floors.selected_recall_floors`. It promises nothing about one given sample, nor
    about precision.

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
    return floor_at(harmful, checked, codes, min_recall, 1 - min_recall)


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
    larger: up to `selected_floors.MEASURED_SHORTFALL`, also where `selected_recall_floors` keeps
    the average.

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


def floor_at(
    harmful: Harmful, scores: Scores, codes: IntArray, min_recall: float, allowed: float
) -> RecallFloor:
    """The floor whose threshold was set for a share of misses.

    Parameters
    ----------
    harmful : ndarray of bool, shape (n,)
    scores : ndarray of float, shape (n,)
    codes : ndarray of int, shape (n,)
        The group of each item.
    min_recall : float
        What is promised, in (0, 1).
    allowed : float
        Share of misses, at most 1 - min_recall.

    Returns
    -------
    RecallFloor

    Examples
    --------
    >>> floor_at(np.ones(9, bool), np.arange(9.0), np.arange(9), 0.7, 0.2).threshold
    0.5
    """
    units = len(np.unique(codes[harmful]))
    infeasible = RecallFloor(min_recall, False, np.nan, np.nan, np.nan, units, allowed)
    threshold = conformal_thresholds(harmful, scores, codes, np.array([allowed]))[0]
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


def conformal_thresholds(
    harmful: Harmful, scores: Scores, codes: IntArray, allowed: FloatArray
) -> FloatArray:
    """The highest threshold for each share of misses.

    Parameters
    ----------
    harmful, scores, codes : ndarray, shape (n,)
        As in `floor_at`.
    allowed : ndarray of float64, shape (k,)
        Shares of misses.

    Returns
    -------
    ndarray of float64, shape (k,)
        NaN where there are too few groups.

    Examples
    --------
    >>> own = np.ones(9, bool), np.arange(9.0), np.arange(9)
    >>> conformal_thresholds(*own, np.array([0.2, 0.05])).tolist()
    [0.5, nan]
    """
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
