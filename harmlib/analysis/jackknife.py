"""The interval of every estimate in this product: leave each group out once.

Items of one group (clips of one source) are not independent, so the group is what is left out. The
standard error of the estimates without each group is carried to a scale without ends (the logit),
where the interval is symmetric, with the t distribution of as many degrees of freedom as groups
allow. At 0 and 1, where nothing varies, the interval is Clopper and Pearson's for groups.

Fewer than MIN_GROUPS groups say too little about how groups differ: there is no interval then.

References
----------
Efron & Stein (1981), Ann. Stat. 9:586 (the jackknife); MacKinnon, Nielsen & Webb (2023), J. Appl.
Econom. 38:671 (with few groups it covers where the bootstrap does not); Clopper & Pearson (1934),
Biometrika 26:404.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import beta, t

from harmlib.analysis.checks import FloatArray, check_level

MIN_GROUPS = 5  # that hold each class; with fewer there is no interval
Scale = Literal["share", "correlation", "difference"]


def jackknife_error(
    value: npt.ArrayLike, left_out: npt.ArrayLike, units: npt.ArrayLike | None = None
) -> FloatArray:
    """Standard error of estimates, from the same estimates without each group.

    Parameters
    ----------
    value : array_like, shape (...)
        Of all groups.
    left_out : array_like, shape (groups, ...)
        Of all groups but one. A group that takes no part in an estimate leaves it as it is.
    units : array_like of int, shape (...), optional
        Groups that take part in each estimate; None: all.

    Returns
    -------
    ndarray of float64, shape (...)
        NaN where fewer than two groups take part, or an estimate is NaN.

    Notes
    -----
    sqrt((G - 1) / G x sum of (left_out - value)^2): deviations from the estimate itself, not from
    their mean (CV3 of MacKinnon, Nielsen & Webb 2023), which is never the smaller one.

    Examples
    --------
    >>> jackknife_error(2.0, [2.5, 2.0, 1.5]).round(3).item()
    0.577
    """
    estimates, without = np.asarray(value, np.float64), np.asarray(left_out, np.float64)
    groups = _groups(without, units)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(groups > 1, (groups - 1) / groups, np.nan)
    return np.sqrt(share * ((without - estimates) ** 2).sum(axis=0))


def jackknife_interval(
    value: npt.ArrayLike,
    left_out: npt.ArrayLike,
    *,
    scale: Scale = "share",
    units: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    """Interval of estimates, from the same estimates without each group.

    Parameters
    ----------
    value : array_like, shape (...)
        Of all groups.
    left_out : array_like, shape (groups, ...)
        Of all groups but one.
    scale : {"share", "correlation", "difference"}
        In [0, 1], in [-1, 1], or without ends.
    units : array_like of int, shape (...), optional
        Groups that take part in each estimate (for recall: that hold a harmful item); None: all.
    level : float
        In (0, 1).

    Returns
    -------
    low, high : ndarray of float64, shape (...)
        NaN where fewer than MIN_GROUPS groups take part, or an estimate is NaN.

    Raises
    ------
    ValueError
        The level lies outside (0, 1).

    Examples
    --------
    >>> shares = np.array([0.8, 0.9, 1.0, 0.7, 0.6])
    >>> without = (shares.sum() - shares) / 4
    >>> [round(float(end), 3) for end in jackknife_interval(shares.mean(), without)]
    [0.54, 0.932]
    >>> low, high = jackknife_interval(1.0, np.ones(9))
    >>> round(float(low), 3), float(high)
    (0.664, 1.0)
    """
    estimates = np.asarray(value, np.float64)
    groups = _groups(np.asarray(left_out), units)
    error = jackknife_error(estimates, left_out, units)
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = t.ppf((1 + check_level(level)) / 2, groups - 1) * error
        if scale == "difference":
            low, high = estimates - reach, estimates + reach
        else:
            shares = (estimates + 1) / 2 if scale == "correlation" else estimates
            slope = shares * (1 - shares) * (2 if scale == "correlation" else 1)
            low, high = (expit(logit(shares) + sign * reach / slope) for sign in (-1, 1))
            exact = _clopper_pearson(shares, groups, level)
            low, high = (
                np.where((shares == 0) | (shares == 1), end, plain)
                for end, plain in zip(exact, (low, high), strict=True)
            )
            if scale == "correlation":
                low, high = 2 * low - 1, 2 * high - 1
    known = (groups >= MIN_GROUPS) & np.isfinite(estimates)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _groups(left_out: npt.NDArray[np.number], units: npt.ArrayLike | None) -> FloatArray:
    return np.asarray(len(left_out) if units is None else units, np.float64)


def _clopper_pearson(
    shares: FloatArray, groups: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Where all groups are at 0, or all at 1."""
    tail = (1 - level) / 2
    low = np.where(shares == 1, beta.ppf(tail, groups, 1), 0.0)
    high = np.where(shares == 0, beta.ppf(1 - tail, 1, groups), 1.0)
    return low, high
