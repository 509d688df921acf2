"""Two models on the same items: how far apart they are, and where the gain comes from.

Differences are always b - a (new - old), from the same resamples for both models (same `groups`
and `seed`). What an item does to both models cancels, so that the interval is narrower than the
intervals of the two models suggest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.signal import convolve
from scipy.stats import binom

from harmlib.analysis.checks import FloatArray, check_scored, check_thresholds
from harmlib.analysis.rates import RATES, rate
from harmlib.analysis.resampling import (
    average_precision_draws,
    confusion_draws,
    group_codes,
    interval,
)


def paired_difference(
    labels: npt.ArrayLike,
    scores_a: npt.ArrayLike,
    threshold_a: float,
    scores_b: npt.ArrayLike,
    threshold_b: float,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Metrics of two models on the same items, each at its own threshold.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, both present.
    scores_a, scores_b : array_like, shape (n,)
        Finite, any scale; the items in the order of `labels`.
    threshold_a, threshold_b : float
        An item is flagged where its score exceeds the threshold.
    groups : array_like, shape (n,), optional
        Items of one group are drawn together; None for one group per item.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    pandas.DataFrame
        One row per metric (`rates.RATES`, average_precision): metric, a, b, difference (b - a),
        low, high (of the difference), excluded (resamples without both classes).

    Raises
    ------
    ValueError
        One class only, fewer than two groups, or scores that `sweep` refuses.

    Examples
    --------
    >>> labels = [0, 0, 0, 1, 1, 1] * 5
    >>> old, new = [1, 2, 4, 3, 5, 6] * 5, [1, 2, 3, 4, 5, 6] * 5
    >>> table = paired_difference(labels, old, 3.5, new, 3.5, resamples=200)
    >>> table[table["metric"] == "f1"].round(2)
      metric     a    b  difference   low  high  excluded
    2     f1  0.67  1.0        0.33  0.17  0.54         0
    """
    draws = []
    for scores, threshold in ((scores_a, threshold_a), (scores_b, threshold_b)):
        counts = confusion_draws(
            labels, scores, [threshold], groups, resamples=resamples, seed=seed
        )
        values = {metric: rate(metric, counts)[:, 0] for metric in RATES}
        values["average_precision"] = average_precision_draws(
            labels, scores, groups, resamples=resamples, seed=seed
        )
        draws.append(values)
    rows = []
    for metric, a in draws[0].items():
        b = draws[1][metric]
        rows.append((metric, a[0], b[0], b[0] - a[0], *interval((b - a)[1:], level)))
    columns = ["metric", "a", "b", "difference", "low", "high", "excluded"]
    return pd.DataFrame(rows, columns=columns)


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
    threshold_a: float,
    scores_b: npt.ArrayLike,
    threshold_b: float,
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
    threshold_a, threshold_b : float
        An item is flagged where its score exceeds the threshold.
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
    right_a = (checked_a > threshold_a) == harmful
    right_b = (checked_b > threshold_b) == harmful
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
        part[::size] = binom.pmf(np.arange(k + 1), k, 0.5)
        law = part if law.size == 1 else np.maximum(convolve(law, part), 0)
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
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Model b at every threshold that was tried, against model a at its one threshold.

    Whoever tries t thresholds and reports the best has t chances to be lucky. The corrected
    interval holds for all t at once, and so for the best one too. Pass the same scores twice to
    compare thresholds of one model.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, both present.
    scores_a, scores_b : array_like, shape (n,)
        Finite, any scale; the items in the order of `labels`.
    threshold_a : float
        Model a flags an item where its score exceeds this.
    thresholds : array_like, shape (t,)
        All thresholds that were tried for model b.
    groups : array_like, shape (n,), optional
        Items of one group are drawn together; None for one group per item.
    metric : str
        One of `rates.RATES`.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    pandas.DataFrame
        One row per threshold: threshold, difference, low, high (this threshold alone, percentile),
        corrected_low, corrected_high, p_corrected (two-sided, at least 1/(resamples + 1)), excluded
        (resamples without both classes).

    Raises
    ------
    ValueError
        As `paired_difference`; also where fewer than two resamples hold both classes.

    Notes
    -----
    The corrected interval is difference +- c x standard error, where c is the `level` quantile of
    the largest absolute deviation / standard error over the thresholds (max-T; Westfall & Young
    1993; Romano & Wolf 2005, Econometrica 73:1237). Unlike Bonferroni's, it takes into account that
    neighbouring thresholds decide nearly alike.

    Examples
    --------
    >>> labels, scores = [0, 0, 0, 1, 1, 1] * 5, [1, 2, 4, 3, 5, 6] * 5
    >>> table = corrected_differences(labels, scores, 2.5, scores, [2.5, 4.5], resamples=200)
    >>> table[["threshold", "difference", "corrected_low", "corrected_high"]].round(2)
       threshold  difference  corrected_low  corrected_high
    0        2.5        0.00           0.00            0.00
    1        4.5       -0.06          -0.27            0.16
    """
    grid = check_thresholds(thresholds)
    draw = partial(confusion_draws, labels, groups=groups, resamples=resamples, seed=seed)
    reference = rate(metric, draw(scores_a, [threshold_a]))
    differences = rate(metric, draw(scores_b, grid)) - reference
    observed, draws = differences[0], differences[1:]
    low, high, excluded = interval(draws, level)
    draws = draws[~np.isnan(draws).any(axis=1)]
    if len(draws) < 2:
        raise ValueError(f"{len(draws)} of {resamples} resamples hold both classes; draw more")
    error = draws.std(axis=0, ddof=1)

    def scaled(difference: FloatArray) -> FloatArray:
        # A threshold that decides like the reference has no error, and no difference either
        errors: FloatArray = np.zeros_like(difference)
        np.divide(np.abs(difference), error, out=errors, where=error > 0)
        return errors

    largest = scaled(draws - observed).max(axis=1)
    reach = np.quantile(largest, level) * error
    as_large = (largest[:, None] >= scaled(observed)).sum(axis=0)
    return pd.DataFrame(
        {
            "threshold": grid,
            "difference": observed,
            "low": low,
            "high": high,
            "corrected_low": observed - reach,
            "corrected_high": observed + reach,
            "p_corrected": (1 + as_large) / (1 + len(draws)),
            "excluded": excluded,
        }
    )


def decompose_gain(
    labels: npt.ArrayLike,
    scores_old: npt.ArrayLike,
    threshold_old: float,
    scores_new: npt.ArrayLike,
    threshold_new: float,
    groups: npt.ArrayLike | None = None,
    *,
    metric: str = "f1",
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Split a gain into retraining (at the old threshold) and moving the threshold (new model).

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, both present.
    scores_old, scores_new : array_like, shape (n,)
        Finite, on one scale; the items in the order of `labels`.
    threshold_old, threshold_new : float
        An item is flagged where its score exceeds the threshold.
    groups : array_like, shape (n,), optional
        Items of one group are drawn together; None for one group per item.
    metric : str
        One of `rates.RATES`.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    pandas.DataFrame
        One row per part (retraining, threshold, total): part, value, low, high, share (of the
        total; NaN for a total of 0), excluded (resamples without both classes).

    Raises
    ------
    ValueError
        As `paired_difference`.

    Notes
    -----
    - retraining = new model at threshold_old - old model at threshold_old
    - threshold = new model at threshold_new - new model at threshold_old
    - total = their sum, in every resample too

    The order is that of the work: first retrained, then moved. Moving the threshold of the old
    model first can give other parts with the same total.

    Examples
    --------
    >>> labels = [0, 0, 0, 1, 1, 1] * 5
    >>> old, new = [1, 2, 4, 3, 5, 6] * 5, [1, 2, 3, 4, 5, 6] * 5
    >>> table = decompose_gain(labels, old, 2.5, new, 3.5, resamples=200)
    >>> table[["part", "value", "share"]].round(2)
             part  value  share
    0  retraining   0.00    0.0
    1   threshold   0.14    1.0
    2       total   0.14    1.0
    """
    draw = partial(confusion_draws, labels, groups=groups, resamples=resamples, seed=seed)
    old = rate(metric, draw(scores_old, [threshold_old]))[:, 0]
    kept, moved = rate(metric, draw(scores_new, [threshold_old, threshold_new])).T
    total = moved - old
    rows = []
    for part, draws in (("retraining", kept - old), ("threshold", moved - kept), ("total", total)):
        low, high, excluded = interval(draws[1:], level)
        share = draws[0] / total[0] if total[0] else np.nan
        rows.append((part, draws[0], low, high, share, excluded))
    return pd.DataFrame(rows, columns=["part", "value", "low", "high", "share", "excluded"])
