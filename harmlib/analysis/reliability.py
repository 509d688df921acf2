"""Whether probabilities mean what they say, and how sure that is where items come in groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, Harmful, check_scored
from harmlib.analysis.groups import group_codes
from harmlib.analysis.jackknife import MIN_GROUPS, jackknife_interval

_FLIPS = 999
_MOST_SIGNS = 5000
_BLOCK_CELLS = 1 << 20


def reliability_table(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    bins: int = 5,
    level: float = 0.95,
) -> pd.DataFrame:
    """What was predicted against what was observed, in bins of equal width.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    probabilities : array_like, shape (n,)
        In [0, 1].
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None for one group per item.
    bins : int
        At least 1. A bin holds low <= p < high; the last one holds 1, too.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row per bin: low, high, count, groups (with an item in the bin), mean_probability,
        observed_share (of harmful items), observed_low, observed_high. The last four are NaN where
        the bin is empty, the last two also with fewer than MIN_GROUPS groups.

    Raises
    ------
    ValueError
        Probabilities outside [0, 1], groups that do not fit, or what `sweep` refuses.

    Examples
    --------
    >>> table = reliability_table([0, 1, 1, 0, 1] * 4, [0.0, 0.1, 0.5, 0.5, 1.0] * 4, bins=2)
    >>> table[["low", "high", "count", "observed_share", "observed_low", "observed_high"]].round(2)
       low  high  count  observed_share  observed_low  observed_high
    0  0.0   0.5      8            0.50          0.14           0.86
    1  0.5   1.0     12            0.67          0.32           0.90
    """
    harmful, checked = _checked_probabilities(labels, probabilities)
    codes, n_groups = group_codes(groups, len(harmful))
    edges, place = _binned(checked, bins)
    cells = codes * bins + place
    items = np.bincount(cells, minlength=n_groups * bins).reshape(n_groups, bins)
    hits = np.bincount(cells, harmful, minlength=n_groups * bins).reshape(n_groups, bins)
    count, in_bin = items.sum(axis=0), (items > 0).sum(axis=0)
    n = np.where(count, count, np.nan)
    share = hits.sum(axis=0) / n
    with np.errstate(invalid="ignore"):  # a bin that lies in one group has no share without it
        without = (hits.sum(axis=0) - hits) / (count - items)
    low, high = jackknife_interval(share, without, units=in_bin, level=level)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
            "groups": in_bin,
            "mean_probability": np.bincount(place, weights=checked, minlength=bins) / n,
            "observed_share": share,
            "observed_low": low,
            "observed_high": high,
        }
    )


def calibration_intervals(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    bins: int = 5,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Brier score and calibration error, with intervals, and a test of perfect calibration.

    Lower is better for both.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1; one class alone is allowed.
    probabilities : array_like, shape (n,)
        In [0, 1].
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None for one group per item.
    bins : int
        Of equal width, for the calibration error.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        Of the test's random signs.

    Returns
    -------
    pandas.DataFrame
        One row per metric (brier, calibration_error): metric, value, low, high, p_calibrated (NaN
        for brier). With fewer than MIN_GROUPS groups low, high and p_calibrated are NaN.

    Raises
    ------
    ValueError
        Probabilities outside [0, 1], groups that do not fit, or what `sweep` refuses.

    Notes
    -----
    brier: mean of (probability - label)^2 (Brier 1950, Mon. Weather Rev. 78:1).

    calibration_error: the root of the mean squared gap between predicted and observed share over
    the bins, weighted by their items. The squared gap of a bin is the sum over pairs of *different*
    groups of the product of their gaps, over the same sum of the product of their items. It is
    unbiased: 0 on average for a calibrated model, where the gap as it stands grows as items become
    few (Bröcker 2012, Clim. Dyn. 39:655; Ferro & Fricker 2012, Q. J. R. Meteorol. Soc. 138:1954;
    Kumar, Liang & Ma 2019, NeurIPS, sec. 4; there for independent items). Below 0 it counts as 0.
    Near 0 the jackknife is conservative: the interval holds 0 for a calibrated model more often
    than `level` says, so that it can't tell a small error from none.

    p_calibrated tells more. Were the model calibrated, a group's gaps would fall on either side
    alike: it is the share of random signs of whole groups (Rademacher; Canay, Romano & Shaikh 2017,
    Econometrica 85:1013) that give as large a sum of squared gaps.

    Examples
    --------
    >>> labels, probabilities = [0, 1, 1, 0] * 9, [0.2, 0.9, 0.4, 0.3] * 9
    >>> calibration_intervals(labels, probabilities, bins=2).round(2)
                  metric  value   low  high  p_calibrated
    0              brier   0.12  0.08  0.18           NaN
    1  calibration_error   0.00  0.00  0.08          0.41
    """
    harmful, checked = _checked_probabilities(labels, probabilities)
    codes, n_groups = group_codes(groups, len(harmful))
    cells = codes * bins + _binned(checked, bins)[1]
    shape = n_groups, bins
    items = np.bincount(cells, minlength=n_groups * bins).reshape(shape).astype(float)
    gap_sums = np.bincount(cells, (checked - harmful).astype(float), minlength=n_groups * bins)
    gaps = gap_sums.reshape(shape).astype(float)
    errors = np.bincount(codes, (checked - harmful) ** 2)
    size = items.sum(axis=1)
    with np.errstate(invalid="ignore"):  # nothing is left without the only group
        without = (errors.sum() - errors) / (size.sum() - size)
    brier = errors.sum() / size.sum()
    ends = jackknife_interval(brier, without, level=level)
    error, low, high = _calibration_error(gaps, items, level)
    known = n_groups >= MIN_GROUPS
    p = _sign_flip_p(gaps, items.sum(axis=0), seed) if known else np.nan
    rows = [("brier", brier, *ends, np.nan), ("calibration_error", error, low, high, p)]
    table = pd.DataFrame(rows, columns=["metric", "value", "low", "high", "p_calibrated"])
    return table.astype(dict.fromkeys(table.columns[1:], float))


def _calibration_error(
    gaps: FloatArray, items: FloatArray, level: float
) -> tuple[float, float, float]:
    """The error and its interval, from each group's gaps and items in each bin, (groups, bins)."""
    total = [part.sum(axis=0) for part in (gaps, gaps**2, items, items**2)]
    value = _squared_error(*total)
    without = _squared_error(
        total[0] - gaps, total[1] - gaps**2, total[2] - items, total[3] - items**2
    )
    lift = np.maximum(-value, 0)  # an error is not negative: the interval lies around 0 then
    low, high = jackknife_interval(value + lift, without + lift, scale="difference", level=level)
    error, low, high = np.sqrt(np.maximum([value, low, high], 0))
    return float(error), float(low), float(high)


def _squared_error(
    gap: FloatArray, gap_squares: FloatArray, items: FloatArray, item_squares: FloatArray
) -> FloatArray:
    """Sums over groups (..., bins) to the squared calibration error (...), pairs of groups only."""
    pairs = items**2 - item_squares
    known = pairs > 0  # a bin that lies in one group says nothing
    squares = np.divide(gap**2 - gap_squares, pairs, out=np.zeros_like(pairs), where=known)
    weight = np.where(known, items, 0.0)
    whole = weight.sum(axis=-1)
    error = np.full(whole.shape, np.nan)
    np.divide((squares * weight).sum(axis=-1), whole, out=error, where=whole > 0)
    return error


def _sign_flip_p(gaps: FloatArray, items: FloatArray, seed: int) -> float:
    """Share of random signs (and the signs as they are) with as large a sum of gap^2 / items."""
    if len(gaps) > _MOST_SIGNS:  # groups that flip together: as valid, and bounded work
        starts = np.arange(_MOST_SIGNS) * len(gaps) // _MOST_SIGNS
        gaps = np.add.reduceat(gaps, starts, axis=0)
    scaled = gaps[:, items > 0] / np.sqrt(items[items > 0])
    found = (scaled.sum(axis=0) ** 2).sum()
    rng = np.random.default_rng(seed)
    rows = max(1, _BLOCK_CELLS // len(gaps))
    as_large = 0
    for start in range(0, _FLIPS, rows):
        size = min(rows, _FLIPS - start), len(gaps)
        flipped = (2.0 * rng.integers(0, 2, size, np.int8) - 1) @ scaled
        as_large += int(((flipped**2).sum(axis=1) >= found * (1 - 1e-9)).sum())
    return (1 + as_large) / (1 + _FLIPS)


def _checked_probabilities(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike
) -> tuple[Harmful, FloatArray]:
    harmful, checked = check_scored(labels, probabilities)
    if checked.min() < 0 or checked.max() > 1:
        raise ValueError(
            f"probabilities range from {checked.min()} to {checked.max()}; "
            "they must lie in [0, 1] (are these logits?)"
        )
    return harmful, checked.astype(float)


def _binned(probabilities: FloatArray, bins: int) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Edges (bins + 1,) and the bin of each probability."""
    edges = np.arange(bins + 1) / bins  # linspace has 0.30000000000000004, which 0.3 falls short of
    return edges, np.searchsorted(edges[1:-1], probabilities, side="right")
