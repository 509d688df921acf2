"""All thresholds that were tried for one model, against another at its threshold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, check_thresholds
from harmlib.analysis.jackknife import jackknife_error
from harmlib.analysis.rate_estimates import rate_estimates

DRAWS = 10_000  # of the law of the largest of several t: its quantile to about 1 %


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
        What `rate_estimates` refuses.

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
