"""Strata of decisions, and how many items of each are looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from harmlib.analysis.checks import FloatArray

FEWEST = 5  # items of each stratum, or all of a smaller one
_SURE = 0.01  # no score makes a stratum so sure that it isn't looked at
# Shares of the items of one decision, from the threshold on; the fewer, the smaller samples have.
_PASSED_BANDS = ((0.05, 0.2), (0.1,), ())
_FLAGGED_BANDS = ((0.4,), (0.4,), ())


class TooFew(ValueError):
    """The sample is too small for its strata; the message says what would do."""


def stratify(decisions: pd.DataFrame, by: list[str], n: int) -> pd.Series:
    """Put each decision into a stratum: decision x band of scores x slice.

    Bands are counted from the threshold on, by rank: among the passed the 5 % nearest to it, the
    next 15 %, the others; among the flagged the nearest 40 %, the others. Ranks need no calibrated
    score. Equal scores are never parted. Small samples have fewer bands.

    Parameters
    ----------
    decisions : DataFrame
        Columns flagged (bool), probability, and those of `by`.
    by : list of str
        Columns whose values are slices.
    n : int
        Items that are to be looked at.

    Returns
    -------
    Series of str
        Such as ``passed 1`` (nearest to the threshold) or ``flagged 2, camera=a``.

    Raises
    ------
    TooFew
        Even without bands there are more strata than half of `n` fills with `FEWEST` items.

    Examples
    --------
    >>> decisions = pd.DataFrame({"flagged": [False] * 90 + [True] * 10,
    ...                           "probability": np.arange(100) / 100})
    >>> stratify(decisions, [], n=60).value_counts().sort_index().to_dict()
    {'flagged 1': 4, 'flagged 2': 6, 'passed 1': 4, 'passed 2': 14, 'passed 3': 72}
    """
    slices = _slices(decisions, by)
    flagged = decisions["flagged"].to_numpy()
    # Passed from the highest score down, flagged from the lowest up: 1 is nearest to the threshold
    nearness = np.where(flagged, decisions["probability"], -decisions["probability"])
    cells = pd.DataFrame({"flagged": flagged, "slice": slices, "nearness": nearness})
    rank = cells.groupby(["flagged", "slice"], sort=False)["nearness"].rank(method="min", pct=True)
    for passed_cuts, flagged_cuts in zip(_PASSED_BANDS, _FLAGGED_BANDS, strict=True):
        band = np.where(flagged, _bands(rank, flagged_cuts), _bands(rank, passed_cuts))
        names = _names(flagged, band, slices)
        count = names.nunique()
        if count * FEWEST <= n / 2:
            return names.set_axis(decisions.index)
    least = 2 * FEWEST * count
    shown = f" ({decisions[by].drop_duplicates().shape[0]:,} slices of {', '.join(by)})"
    raise TooFew(
        f"{n} items are too few for {count:,} strata{shown if by else ''}; look at {least:,} or "
        f"more{', or name fewer columns with --by' if by else ''}"
    )


def _slices(decisions: pd.DataFrame, by: list[str]) -> pd.Series:
    texts = pd.Series("", index=decisions.index)
    for name in by:
        texts = texts + f", {name}=" + decisions[name].astype("str")
    return texts


def _bands(rank: pd.Series, cuts: tuple[float, ...]) -> npt.NDArray[np.int64]:
    band: npt.NDArray[np.int64] = np.searchsorted(np.array(cuts), rank.to_numpy(), side="left") + 1
    return band


def _names(
    flagged: npt.NDArray[np.bool_], band: npt.NDArray[np.int64], slices: pd.Series
) -> pd.Series:
    codes, found = pd.factorize(slices)
    most = int(band.max())
    keys = (codes * 2 + flagged) * (most + 1) + band
    distinct, inverse = np.unique(keys, return_inverse=True)
    names = [
        f"{'flagged' if (key // (most + 1)) % 2 else 'passed'} {key % (most + 1)}"
        f"{found[key // (most + 1) // 2]}"
        for key in distinct
    ]
    return pd.Series(np.array(names, dtype=object)[inverse], dtype="str")


def doubt(probability: FloatArray, threshold: FloatArray) -> FloatArray:
    """Guess the standard deviation of each item's label: largest at the threshold.

    The threshold is taken for the score at which harmful and safe are equally likely, whatever the
    scale: scores of strangers are seldom calibrated. A wrong guess costs precision, never validity.

    Parameters
    ----------
    probability, threshold : ndarray of float, shape (n,)
        In [0, 1].

    Returns
    -------
    ndarray of float, shape (n,)
        sqrt(p (1 - p)), with p kept in [0.01, 0.99].

    Examples
    --------
    >>> doubt(np.array([0.0, 0.3, 0.9]), np.array([0.3] * 3)).round(2).tolist()
    [0.1, 0.5, 0.21]
    """
    tiny = 1e-6
    odds = logit(np.clip(probability, tiny, 1 - tiny)) - logit(np.clip(threshold, tiny, 1 - tiny))
    share = np.clip(expit(odds), _SURE, 1 - _SURE)
    return np.asarray(np.sqrt(share * (1 - share)))


def allocate(
    size: npt.NDArray[np.int64], flagged: npt.NDArray[np.bool_], spread: FloatArray, n: int
) -> npt.NDArray[np.int64]:
    """Say how many items of each stratum are looked at.

    Half of the sample is flagged, half passed: precision needs the first, missed items the second,
    recall both. Each half goes to its strata by Neyman's rule, size times guessed standard
    deviation, with at least `FEWEST` items each.

    Parameters
    ----------
    size : ndarray of int, shape (strata,)
        Items of each stratum.
    flagged : ndarray of bool, shape (strata,)
    spread : ndarray of float, shape (strata,)
        Guessed standard deviation of the labels; more than 0.
    n : int
        In all.

    Returns
    -------
    ndarray of int, shape (strata,)
        Their sum is `n`, or all items where there are no more.

    References
    ----------
    Neyman (1934), J. R. Stat. Soc. 97:558; Cochran (1977), Sampling Techniques, 5.5.

    Examples
    --------
    >>> allocate(np.array([40, 60, 900]), np.array([True, True, False]),
    ...          np.array([0.5, 0.25, 0.25]), 40).tolist()
    [11, 9, 20]
    """
    n = min(n, int(size.sum()))
    half = {True: min(n // 2, int(size[flagged].sum())), False: 0}
    half[False] = min(n - half[True], int(size[~flagged].sum()))
    half[True] = n - half[False]
    drawn = np.zeros(len(size), dtype=np.int64)
    for decision, items in half.items():
        own = flagged == decision
        if own.any():
            drawn[own] = _neyman(size[own], spread[own], items)
    return drawn


def _neyman(size: npt.NDArray[np.int64], spread: FloatArray, n: int) -> npt.NDArray[np.int64]:
    """Whole numbers between the floor and the size, with the sum `n`."""
    floor = np.minimum(size, min(FEWEST, n // len(size)))
    low, high = 0.0, float(size.max() / (size * spread).min() + 1)
    for _ in range(100):  # n_h = rate x N_h x S_h, cut to its ends: the rate that gives n
        rate = (low + high) / 2
        wished = np.clip(rate * size * spread, floor, size)
        low, high = (rate, high) if wished.sum() < n else (low, rate)
    whole = np.floor(wished + 1e-9).astype(np.int64)
    order = np.argsort(-(wished - whole), kind="stable")
    order = order[whole[order] < size[order]]
    whole[order[: n - int(whole.sum())]] += 1
    return whole
