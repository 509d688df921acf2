"""The interval of every estimate in this product: leave each group out once.

Items of one group (clips of one source) are not independent, so the group is what is left out. The
standard error of the estimates without each group is carried to a scale without ends (the logit),
where the interval is symmetric, with the t distribution of as many degrees of freedom as groups
allow. Where nothing varies, as with 9 groups of 9 right, it is Clopper and Pearson's for groups.

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
import scipy
from scipy.special import expit, logit

from harmlib.analysis.checks import FloatArray, check_level

MIN_GROUPS = 5  # that hold each class; with fewer there is no interval
MOST = 1.25  # by simulation: more widens the intervals with few groups, and covers no better
Scale = Literal["share", "correlation", "difference"]
_ROUNDING = 1e-12  # estimates that differ by no more are equal, but for the order of a sum


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
    error: FloatArray = np.sqrt(share * ((without - estimates) ** 2).sum(axis=0))
    return error


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

    Notes
    -----
    A difference that is the same without any group excludes 0 only where as many groups on one side
    would be rare by chance (the sign test): from 6 groups on at the level 0.95.

    Examples
    --------
    >>> shares = np.array([0.8, 0.9, 1.0, 0.7, 0.6])
    >>> without = (shares.sum() - shares) / 4
    >>> [round(float(end), 3) for end in jackknife_interval(shares.mean(), without)]
    [0.524, 0.936]
    >>> low, high = jackknife_interval(1.0, np.ones(9))
    >>> round(float(low), 3), float(high)
    (0.664, 1.0)
    """
    estimates, without = np.asarray(value, np.float64), np.asarray(left_out, np.float64)
    groups = _groups(without, units)
    with np.errstate(invalid="ignore", divide="ignore"):
        quantile = scipy.stats.t.ppf((1 + check_level(level)) / 2, groups - 1)
        if scale == "difference":
            reach = quantile * jackknife_error(estimates, without, units)
            low, high = estimates - reach, estimates + reach
            # All groups alike: no more than that all of so few lie on one side (the sign test)
            few = _alike(estimates, without) & (2.0 ** (1 - groups) > 1 - level)
            low = np.where(few, np.minimum(low, 0), low)
            high = np.where(few, np.maximum(high, 0), high)
        elif scale == "correlation":
            low, high = _of_shares((estimates + 1) / 2, (without + 1) / 2, groups, quantile, level)
            low, high = 2 * low - 1, 2 * high - 1
        else:
            low, high = _of_shares(estimates, without, groups, quantile, level)
    known = (groups >= MIN_GROUPS) & np.isfinite(estimates)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _of_shares(
    shares: FloatArray, without: FloatArray, groups: FloatArray, quantile: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """On the logit scale, and where nothing varies Clopper and Pearson's for groups.

    A deviation is the difference of the logits, but no smaller than its linear form and at most
    MOST times that: without one group an estimate may be 1, and its logit infinite.
    """
    linear = np.abs((without - shares) / (shares * (1 - shares)))
    deviations = np.clip(np.abs(logit(without) - logit(shares)), linear, MOST * linear)
    reach = quantile * jackknife_error(0.0, deviations, groups)
    low, high = expit(logit(shares) - reach), expit(logit(shares) + reach)
    # Groups that don't vary at all, as with 9 of 9 right: that share of so many groups
    tail, hits = (1 - level) / 2, shares * groups
    misses = groups - hits
    # Nearly none counts as none: the beta function overflows there
    fewest = np.where(
        hits > _ROUNDING, scipy.stats.beta.ppf(tail, np.maximum(hits, _ROUNDING), misses + 1), 0.0
    )
    most = np.where(
        misses > _ROUNDING,
        scipy.stats.beta.ppf(1 - tail, hits + 1, np.maximum(misses, _ROUNDING)),
        1.0,
    )
    alike = _alike(shares, without)
    return np.where(alike, fewest, low), np.where(alike, most, high)


def _alike(estimates: FloatArray, without: FloatArray) -> npt.NDArray[np.bool_]:
    return np.asarray((np.abs(without - estimates) <= _ROUNDING).all(axis=0))


def _groups(left_out: npt.NDArray[np.number], units: npt.ArrayLike | None) -> FloatArray:
    return np.asarray(len(left_out) if units is None else units, np.float64)
