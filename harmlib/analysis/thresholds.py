"""Every confusion matrix that a threshold can give, as one table.

The rule is `score > threshold`: an item whose score equals the threshold is not flagged.
"Positive" is label 1, harmful.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import (
    FloatArray,
    Harmful,
    NonFiniteScores,
    Scores,
    check_scored,
    check_thresholds,
    check_weights,
)
from harmlib.analysis.rates import CountArray, rates_table

_FEW_THRESHOLDS = 64  # up to here, comparing every score with every threshold beats sorting


def sweep(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike | None = None,
    *,
    weights: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Count and rate the decisions at every threshold.

    A threshold picked from this table looks better on the same items than it is: choose it on
    validation scores, evaluate it on test scores.

    Parameters
    ----------
    labels : array_like, shape (n,)
        1 or True for harmful, 0 or False for safe. One class alone is allowed.
    scores : array_like, shape (n,)
        Finite, any scale (probabilities, logits). Decisions are exact in the scores' own
        precision; other types than float32 and float64 are read as float64.
    thresholds : array_like, shape (m,), optional
        Finite, in any order; repeated values give one row. None sweeps every threshold that
        changes a decision, see `attainable_thresholds`.
    weights : array_like, shape (n,), optional
        What each item counts for, not negative and not all zero. None: 1 each.

    Returns
    -------
    DataFrame
        One row per threshold, ascending, with the columns `threshold`, `tp`, `fp`, `fn`, `tn`
        (int64; float64 with weights), `precision`, `recall`, `f1`, `specificity`, `mcc`,
        `flagged_share` ((tp + fp) / n). A rate without a denominator is 0.0, see
        `harmlib.analysis.rates`.

    Raises
    ------
    ScoresError
        Its subclass names the reason.

    Examples
    --------
    >>> table = sweep([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], thresholds=[0.2, 0.5])
    >>> table[["threshold", "tp", "fp", "fn", "tn", "recall"]]
       threshold  tp  fp  fn  tn  recall
    0        0.2   2   1   0   1     1.0
    1        0.5   1   1   1   1     0.5
    """
    grid = None if thresholds is None else check_thresholds(thresholds)
    if grid is not None and weights is None and grid.size <= _FEW_THRESHOLDS:
        return rates_table(grid, *_compare(labels, scores, grid))
    distinct, fn, tn = count_below(labels, scores, weights)
    if grid is None:
        grid = attainable_thresholds(distinct)
        tp, fp = fn[-1] - fn, tn[-1] - tn
    else:
        row = np.searchsorted(distinct, grid, side="right")
        tp, fp, fn, tn = fn[-1] - fn[row], tn[-1] - tn[row], fn[row], tn[row]
    return rates_table(grid, tp, fp, fn, tn)


def count_below(
    labels: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Scores, CountArray, CountArray]:
    """Find the distinct scores, and count the items below each.

    Parameters
    ----------
    labels, scores, weights : array_like, shape (n,)
        As in `sweep`.

    Returns
    -------
    distinct : ndarray of float32 or float64, shape (k,)
        Ascending.
    fn, tn : ndarray of int64, or float64 with weights, shape (k + 1,)
        Harmful and safe items below each distinct score, and last all of them: the counts at
        `attainable_thresholds(distinct)`.

    Raises
    ------
    ScoresError
        Its subclass names the reason.

    Examples
    --------
    >>> distinct, fn, tn = count_below([0, 1, 1], [0.1, 0.4, 0.4])
    >>> distinct.tolist(), fn.tolist(), tn.tolist()
    ([0.1, 0.4], [0, 0, 2], [0, 1, 1])
    """
    harmful, values = check_scored(labels, scores)
    heavy = None if weights is None else check_weights(weights, values.size)
    if heavy is None:
        ranked, is_harmful = _rank(harmful, values)
    else:
        order = np.argsort(values, kind="stable")
        ranked, is_harmful, heavy = values[order], harmful[order], heavy[order]
    first = np.ones(values.size + 1, dtype=bool)
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:-1])
    distinct = ranked[first[:-1]]
    del ranked  # at 10^7 scores every array is 80 MB
    n_below = np.flatnonzero(first)
    if heavy is None:
        fn = _sum_below(is_harmful, np.int64)[n_below]
        return distinct, fn, np.subtract(n_below, fn, out=n_below)
    return (
        distinct,
        _sum_below(np.where(is_harmful, heavy, 0.0), np.float64)[n_below],
        _sum_below(np.where(is_harmful, 0.0, heavy), np.float64)[n_below],
    )


def attainable_thresholds(distinct: Scores) -> FloatArray:
    """One threshold for every set of items that the rule `score > threshold` can flag.

    Parameters
    ----------
    distinct : ndarray of float32 or float64, shape (k,)
        Scores, strictly ascending, at least one.

    Returns
    -------
    ndarray of float64, shape (k + 1,)
        Finite, ascending. The first lies below the lowest score (everything is flagged), the last
        flags nothing.

    Raises
    ------
    NonFiniteScores
        The lowest score is the lowest float: no finite threshold flags it.

    Notes
    -----
    Between neighbouring scores lies their midpoint, rounded to the scores' precision. Where that
    rounds up to the upper score, or the sum of the two overflows, the lower score stands in, which
    under `>` decides the same. The two ends lie half the neighbouring gap outside the scores, at
    least one float step, and do not cross 0 or 1 unless a score does: thresholds of probabilities
    stay in [0, 1] except next to a score of exactly 0 or 1. Above the largest float there is
    nothing, so a highest score that large is its own threshold.

    Examples
    --------
    >>> attainable_thresholds(np.array([0.25, 0.75])).tolist()
    [0.0, 0.5, 1.0]
    """
    thresholds = np.empty(distinct.size + 1)
    lower, upper, middle = distinct[:-1], distinct[1:], thresholds[1:-1]
    with np.errstate(over="ignore"):
        np.add(lower, upper, out=middle, dtype=distinct.dtype)
    np.divide(middle, 2, out=middle, dtype=distinct.dtype)
    outside = ~((middle >= lower) & (middle < upper))
    middle[outside] = lower[outside] + 0.0  # -0.0 becomes 0.0
    below = _outside(distinct[:2], -np.inf)
    above = _outside(distinct[-2:][::-1], np.inf)
    if not np.isfinite(below):
        raise NonFiniteScores(
            f"the lowest score is {distinct[0]}, the lowest {distinct.dtype}: no finite threshold "
            "lies below it; rescale the scores"
        )
    thresholds[0] = max(below, 0.0) if distinct[0] > 0 else below
    thresholds[-1] = min(above, 1.0) if distinct[-1] < 1 else above
    if np.isinf(above):
        thresholds[-1] = distinct[-1]
    return thresholds


def _outside(edge_and_neighbour: Scores, towards: float) -> np.float32 | np.float64:
    """Half a gap beyond the edge, away from its neighbour, but no less than the next float."""
    edge, neighbour = edge_and_neighbour[0], edge_and_neighbour[-1]
    with np.errstate(over="ignore"):
        beyond, next_float = edge + (edge / 2 - neighbour / 2), np.nextafter(edge, towards)
    farther = abs(beyond - edge) > abs(next_float - edge)
    outside: np.float32 | np.float64 = beyond if farther and np.isfinite(beyond) else next_float
    return outside


def _compare(
    labels: npt.ArrayLike, scores: npt.ArrayLike, grid: FloatArray
) -> tuple[CountArray, CountArray, CountArray, CountArray]:
    """Counts tp, fp, fn, tn at a few thresholds, without sorting."""
    harmful, values = check_scored(labels, scores)
    tp, flagged = np.empty((2, grid.size), np.int64)
    for i, threshold in enumerate(grid):  # a NumPy float64, so float32 scores are widened
        above = values > threshold
        flagged[i] = np.count_nonzero(above)
        above &= harmful
        tp[i] = np.count_nonzero(above)
    fp, fn = flagged - tp, np.count_nonzero(harmful) - tp
    return tp, fp, fn, values.size - flagged - fn


def _sum_below(
    values: npt.NDArray[np.bool_ | np.float64], dtype: type[np.int64 | np.float64]
) -> CountArray:
    sums = np.zeros(values.size + 1, dtype)
    np.cumsum(values, out=sums[1:])
    return sums


def _rank(harmful: Harmful, scores: Scores) -> tuple[Scores, Harmful]:
    """Scores ascending, and whether each is harmful.

    Values sort several times faster than indices, so the classes are sorted apart; a stable
    argsort then finds two runs and merges them in one pass.
    """
    n_harmful = np.count_nonzero(harmful)
    apart = np.empty_like(scores)
    np.compress(harmful, scores, out=apart[:n_harmful])
    np.compress(~harmful, scores, out=apart[n_harmful:])
    apart[:n_harmful].sort()
    apart[n_harmful:].sort()
    order = np.argsort(apart, kind="stable")
    return apart[order], order < n_harmful
