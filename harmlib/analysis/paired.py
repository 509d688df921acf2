"""Two models on the same items: how far apart they are, and where the gain comes from.

Differences are always b - a (new - old). Both models lose the same group at a time, so that what an
item does to both cancels, and the interval is narrower than the intervals of the two suggest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from harmlib.analysis.checks import FloatArray, check_level, check_scored, check_thresholds
from harmlib.analysis.intervals import (
    METRICS,
    Estimates,
    average_precision_estimate,
    rate_estimates,
    rates_at,
)
from harmlib.analysis.jackknife import jackknife_error
from harmlib.analysis.resampling import group_codes
from harmlib.analysis.thresholds import attainable_thresholds

DRAWS = 10_000  # of the law of the largest of several t: its quantile to about 1 %

# Scores, and the threshold that decides: one for all items, or one for each
Decided = tuple[npt.ArrayLike, float | npt.ArrayLike]


def paired_difference(
    labels: npt.ArrayLike,
    scores_a: npt.ArrayLike,
    threshold_a: float | npt.ArrayLike,
    scores_b: npt.ArrayLike,
    threshold_b: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
    metrics: Sequence[str] = METRICS,
    level: float = 0.95,
    comparisons: int = 1,
) -> pd.DataFrame:
    """Metrics of two models on the same items, each at its own threshold.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    scores_a, scores_b : array_like, shape (n,)
        Finite, any scale; the items in the order of `labels`.
    threshold_a, threshold_b : float or array_like, shape (n,)
        An item is flagged where its score exceeds the threshold: one for all, or its own.
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None for one group per item.
    repeats : array_like, shape (n,), optional
        As in `intervals.metric_intervals`.
    metrics : sequence of str
        Of `intervals.METRICS`.
    level : float
        Of the intervals, in (0, 1).
    comparisons : int
        How many differences are looked at together, at least 1; the corrected interval is
        Bonferroni's.

    Returns
    -------
    pandas.DataFrame
        One row per metric: metric, a, b, difference (b - a), low, high (of
        the difference), corrected_low, corrected_high, error (its standard error), groups (that
        take part). Ends and error are NaN with too few groups.

    Raises
    ------
    ValueError
        Scores or groups that `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> labels = [0, 0, 0, 1, 1, 1] * 5
    >>> old, new = [1, 2, 4, 3, 5, 6] * 5, [1, 2, 3, 4, 5, 6] * 5
    >>> table = paired_difference(labels, old, 3.5, new, 3.5)
    >>> table.query("metric == 'f1'")[["a", "b", "difference", "low", "high"]].round(2)
          a    b  difference   low  high
    2  0.67  1.0        0.33  0.12  0.55
    """
    check_level(level)
    of_a, of_b = (
        _estimates(labels, scores, threshold, groups, repeats, metrics)
        for scores, threshold in ((scores_a, threshold_a), (scores_b, threshold_b))
    )
    return difference_table(of_a, of_b, metrics, level=level, comparisons=comparisons)


def difference_table(
    of_a: Mapping[str, Estimates],
    of_b: Mapping[str, Estimates],
    metrics: Sequence[str],
    *,
    level: float = 0.95,
    comparisons: int = 1,
) -> pd.DataFrame:
    """Differences of estimates on the same items and blocks of groups.

    Parameters
    ----------
    of_a, of_b : mapping of str to Estimates
        With k = 1, by metric.
    metrics : sequence of str
        Keys of both.
    level : float
    comparisons : int
        As in `paired_difference`.

    Returns
    -------
    pandas.DataFrame
        As `paired_difference` returns it.

    Examples
    --------
    >>> labels, scores = [0, 1, 1] * 10, [0.2, 0.9, 0.4] * 10
    >>> of_a, of_b = (rate_estimates(labels, scores, [t]) for t in (0.1, 0.3))
    >>> difference_table(of_a, of_b, ["precision"])[["a", "b", "difference"]].round(2)
          a    b  difference
    0  0.67  1.0        0.33
    """
    rows = []
    for metric in metrics:
        apart = of_b[metric] - of_a[metric]
        values = (of_a[metric].value[0], of_b[metric].value[0], apart.value[0])
        rows.append((metric, *values, *_difference(apart, level, comparisons)))
    columns = ["metric", "a", "b", "difference", "low", "high", "corrected_low", "corrected_high"]
    return pd.DataFrame(rows, columns=[*columns, "error", "groups"])


def baseline_difference(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
    metrics: Sequence[str] = METRICS,
    level: float = 0.95,
    comparisons: int = 1,
) -> pd.DataFrame:
    """Metrics of a model less those of calling everything harmful, on the same items.

    The baseline's F1 varies with the items that it is measured on, as the model's does: it loses
    the same group at a time.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    threshold : float or array_like, shape (n,)
        Of the model.
    groups : array_like, shape (n,), optional
        None for one group per item.
    repeats : array_like, shape (n,), optional
    metrics : sequence of str
    level : float
    comparisons : int
        These four as in `paired_difference`.

    Returns
    -------
    pandas.DataFrame
        As `paired_difference` returns it; a is the baseline, b the model.

    Raises
    ------
    ValueError
        As `paired_difference`.

    Examples
    --------
    >>> table = baseline_difference([0, 1, 1] * 10, [0.2, 0.9, 0.4] * 10, 0.3)
    >>> table.query("metric == 'f1'")[["a", "b", "difference"]].round(2)
         a    b  difference
    2  0.8  1.0         0.2
    """
    everything = np.ones(np.size(labels))
    return paired_difference(
        labels, everything, 0.5, scores, threshold, groups,
        repeats=repeats, metrics=metrics, level=level, comparisons=comparisons,
    )  # fmt: skip


@dataclass(frozen=True)
class McNemar:
    """Whether two models decide equally many items correctly.

    Attributes
    ----------
    only_a, only_b : int
        Items that only this model decides correctly.
    p_exact, p_mid : float
        Two-sided p-values, in (0, 1].
    """

    only_a: int
    only_b: int
    p_exact: float
    p_mid: float


def mcnemar(
    labels: npt.ArrayLike,
    scores_a: npt.ArrayLike,
    threshold_a: float | npt.ArrayLike,
    scores_b: npt.ArrayLike,
    threshold_b: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
) -> McNemar:
    """Test whether two models decide equally many items correctly.

    It compares decisions on all items, not F1, and does not correct for thresholds that were tried
    before.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1; one class alone is allowed.
    scores_a, scores_b : array_like, shape (n,)
        Finite, any scale; the items in the order of `labels`.
    threshold_a, threshold_b : float or array_like, shape (n,)
        An item is flagged where its score exceeds the threshold: one for all, or its own.
    groups : array_like, shape (n,), optional
        With groups, the two models swap places for a whole group at a time (the sign-flip test on
        group totals); with one item per group this is McNemar's test itself.

    Returns
    -------
    McNemar
        The counts and both p-values; both are 1 where the models never disagree.

    Notes
    -----
    The exact conditional test is of McNemar (1947), its mid-p form of Fagerland, Lydersen & Laake
    (2013), BMC Med. Res. Methodol. 13:91. The mid-p is less conservative, and closer to its nominal
    level.

    Examples
    --------
    >>> found = mcnemar([1] * 6, [0, 0, 0, 0, 0, 1], 0.5, [1, 1, 1, 1, 1, 1], 0.5)
    >>> found.only_a, found.only_b, round(found.p_exact, 4), round(found.p_mid, 4)
    (0, 5, 0.0625, 0.0312)
    """
    harmful, checked_a = check_scored(labels, scores_a)
    _, checked_b = check_scored(labels, scores_b)
    right_a = (checked_a > np.asarray(threshold_a)) == harmful
    right_b = (checked_b > np.asarray(threshold_b)) == harmful
    only_a, only_b = right_a & ~right_b, right_b & ~right_a
    codes, n_groups = group_codes(groups, len(harmful))
    balance = np.bincount(codes[only_b], minlength=n_groups)
    balance = balance - np.bincount(codes[only_a], minlength=n_groups)
    # Nothing to flip: no sign of a difference, where the mid-p formula alone would say 0.5
    beyond, same = _sign_flip_tails(balance) if balance.any() else (1.0, 0.0)
    return McNemar(
        only_a=int(only_a.sum()),
        only_b=int(only_b.sum()),
        p_exact=min(1.0, beyond + same),
        p_mid=beyond + same / 2,
    )


def _sign_flip_tails(balance: npt.NDArray[np.int64]) -> tuple[float, float]:
    """P(|T| > |observed|) and P(|T| = |observed|) for T = sum of +-balance, signs by fair coin.

    Groups of equal size m sum to m x (2 Binomial(k, 1/2) - k), so the exact law is a convolution
    of few binomials, whatever the number of groups.
    """
    sizes, members = np.unique(np.abs(balance[balance != 0]), return_counts=True)
    law = np.ones(1)  # law[i] = P(sum of the positive parts = i)
    for size, k in zip(sizes, members, strict=True):
        part = np.zeros(size * k + 1)
        part[::size] = scipy.stats.binom.pmf(np.arange(k + 1), k, 0.5)
        law = part if law.size == 1 else np.maximum(scipy.signal.convolve(law, part), 0)
    total = np.abs(2 * np.arange(law.size) - (law.size - 1))
    observed = abs(int(balance.sum()))
    return float(law[total > observed].sum()), float(law[total == observed].sum())


def corrected_differences(
    labels: npt.ArrayLike,
    scores_a: npt.ArrayLike,
    threshold_a: float,
    scores_b: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    metric: str = "f1",
    level: float = 0.95,
) -> pd.DataFrame:
    """Model b at every threshold that was tried, against model a at its one threshold.

    Whoever tries t thresholds and reports the best has t chances to be lucky. The corrected
    interval holds for all t at once, and so for the best one too. Pass the same scores twice to
    compare thresholds of one model.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    scores_a, scores_b : array_like, shape (n,)
        Finite, any scale; the items in the order of `labels`.
    threshold_a : float
        Model a flags an item where its score exceeds this.
    thresholds : array_like, shape (t,)
        All thresholds that were tried for model b.
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None for one group per item.
    metric : str
        One of `rates.RATES`.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row per threshold: threshold, difference, low, high (this threshold alone),
        corrected_low, corrected_high, p_corrected (two-sided, at least 1/(DRAWS + 1)). All but the
        first two are NaN with too few groups.

    Raises
    ------
    ValueError
        As `paired_difference`.

    Notes
    -----
    The corrected interval is difference +- c x standard error, where c is the `level` quantile of
    the largest of t absolute values of the multivariate t distribution whose correlations are those
    of the jackknife (Hothorn, Bretz & Westfall 2008, Biom. J. 50:346). Unlike Bonferroni's, it
    takes into account that neighbouring thresholds decide nearly alike.

    Examples
    --------
    >>> labels, scores = [0, 0, 0, 1, 1, 1] * 5, [1, 2, 4, 3, 5, 6] * 5
    >>> table = corrected_differences(labels, scores, 2.5, scores, [2.5, 4.5])
    >>> table[["threshold", "difference", "corrected_low", "corrected_high"]].round(2)
       threshold  difference  corrected_low  corrected_high
    0        2.5        0.00           0.00            0.00
    1        4.5       -0.06          -0.28            0.17
    """
    grid = check_thresholds(thresholds)
    of_b = rate_estimates(labels, scores_b, grid, groups)[metric]
    apart = of_b - rate_estimates(labels, scores_a, [threshold_a], groups)[metric]
    low, high = apart.interval("difference", level)
    error = np.nan_to_num(jackknife_error(apart.value, apart.left_out, apart.units))
    largest = _largest_of_t(apart.left_out - apart.value)
    enough = np.where(apart.enough, 1.0, np.nan)
    reach = np.quantile(largest, level) * error * enough
    # A threshold that decides like the reference has no error, and no difference either
    scaled = np.divide(np.abs(apart.value), error, out=np.zeros_like(error), where=error > 0)
    as_large = (largest[:, None] >= scaled).sum(axis=0)
    return pd.DataFrame(
        {
            "threshold": grid,
            "difference": apart.value,
            "low": low,
            "high": high,
            "corrected_low": apart.value - reach,
            "corrected_high": apart.value + reach,
            "p_corrected": (1 + as_large) / (1 + DRAWS) * enough,
        }
    )


def _largest_of_t(deviations: FloatArray) -> FloatArray:
    """Draws (DRAWS,) of the largest of several correlated |t|, from deviations (groups, t)."""
    length = np.sqrt((deviations**2).sum(axis=0))
    directions = deviations[:, length > 0] / length[length > 0]
    if not directions.size or len(deviations) < 2:  # all decide alike, or one group
        return np.zeros(DRAWS)
    rng, n = np.random.default_rng(0), len(deviations)
    normal = np.abs(rng.standard_normal((DRAWS, n)) @ directions).max(axis=1)
    largest: FloatArray = normal / np.sqrt(rng.chisquare(n - 1, DRAWS) / (n - 1))
    return largest


def gain_parts(
    labels: npt.ArrayLike,
    start: Decided,
    stages: Mapping[str, Decided],
    groups: npt.ArrayLike | None = None,
    *,
    metric: str = "f1",
    level: float = 0.95,
) -> pd.DataFrame:
    """Split a gain into the steps that led from one model to another.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    start : tuple (scores, threshold)
        The old model's decisions.
    stages : mapping of str to tuple (scores, threshold)
        The decisions after each step, in order; the last are the new model's. Steps that change
        scores should keep the share that is flagged (`matched_threshold`): equal thresholds mean
        nothing on two scales.
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None for one group per item.
    metric : str
        One of `rates.RATES`.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row per step, then `total`: part, value, low, high, share (of the total; NaN for a
        total of 0). The values of the steps sum to the total.

    Raises
    ------
    ValueError
        As `paired_difference`.

    Examples
    --------
    >>> labels = [0, 0, 0, 1, 1, 1] * 5
    >>> old, new = [1, 2, 4, 3, 5, 6] * 5, [1, 2, 3, 4, 5, 6] * 5
    >>> stages = {"weights": (new, 2.5), "threshold": (new, 3.5)}
    >>> gain_parts(labels, (old, 2.5), stages)[["part", "value", "share"]].round(2)
            part  value  share
    0    weights   0.00    0.0
    1  threshold   0.14    1.0
    2      total   0.14    1.0
    """
    found = [
        rates_at(labels, scores, threshold, groups)[metric]
        for scores, threshold in (start, *stages.values())
    ]
    parts = dict(zip(stages, (new - old for old, new in pairwise(found)), strict=True))
    total = parts["total"] = found[-1] - found[0]
    whole = total.value[0]
    rows = []
    for part, apart in parts.items():
        value = apart.value[0]
        low, high = apart.interval("difference", level)
        rows.append((part, value, low[0], high[0], value / whole if whole else np.nan))
    return pd.DataFrame(rows, columns=["part", "value", "low", "high", "share"])


def matched_threshold(scores: npt.ArrayLike, flagged: int) -> float:
    """The threshold that flags as many items as another model did.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Finite, any scale.
    flagged : int
        How many items to flag, 0 to n.

    Returns
    -------
    float
        The attainable threshold whose number of flagged items is closest; with ties among the
        scores, the lower number of two that are equally close.

    Raises
    ------
    ValueError
        Scores that `sweep` refuses.

    Examples
    --------
    >>> matched_threshold([0.1, 0.4, 0.6, 0.9], 2)
    0.5
    """
    _, checked = check_scored(np.zeros(np.shape(scores)), scores)
    distinct, members = np.unique(checked, return_counts=True)
    above = len(checked) - np.concatenate([[0], np.cumsum(members)])  # per threshold, ascending
    off = np.abs(above - flagged)
    closest = int(np.flatnonzero(off == off.min())[-1])
    return float(attainable_thresholds(distinct)[closest])


def _estimates(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float | npt.ArrayLike,
    groups: npt.ArrayLike | None,
    repeats: npt.ArrayLike | None,
    metrics: Sequence[str],
) -> dict[str, Estimates]:
    found = rates_at(labels, scores, threshold, groups, repeats=repeats)
    if "average_precision" in metrics:
        found["average_precision"] = average_precision_estimate(
            labels, scores, groups, repeats=repeats
        )
    return found


def _difference(
    apart: Estimates, level: float, comparisons: int
) -> tuple[float, float, float, float, float, int]:
    """Both intervals, the standard error and the groups of one difference."""
    corrected = 1 - (1 - level) / comparisons
    ends = [apart.interval("difference", at) for at in (level, corrected)]
    low, high, corrected_low, corrected_high = (float(end[0]) for pair in ends for end in pair)
    known = np.nan if np.isnan(low) else float(apart.error[0])
    return low, high, corrected_low, corrected_high, known, int(apart.units[0])
