"""The rates of confusion matrices: the formula of each rate, once.

"Positive" is label 1, harmful. A rate is a fraction; one without a denominator is 0.0, as
scikit-learn's `zero_division=0` (precision where nothing is flagged, recall without harmful
items, `mcc` where a class or a decision is absent).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray

CountArray = npt.NDArray[np.int64 | np.float64]  # floats where items have weights

COUNTS = ("tp", "fp", "fn", "tn")
RATES = ("precision", "recall", "f1", "specificity", "mcc", "flagged_share")
_BLOCK_ROWS = 1 << 15  # a block's dozen temporaries stay in the processor's cache


@dataclass(frozen=True)
class _Confusion:
    """Counts of one shape, and their sums, each computed once and only when a rate needs it."""

    tp: FloatArray
    fp: FloatArray
    fn: FloatArray
    tn: FloatArray

    @cached_property
    def harmful(self) -> FloatArray:
        return self.tp + self.fn

    @cached_property
    def safe(self) -> FloatArray:
        return self.fp + self.tn

    @cached_property
    def flagged(self) -> FloatArray:
        return self.tp + self.fp

    @cached_property
    def passed(self) -> FloatArray:
        return self.fn + self.tn


# Numerator and denominator of each rate.
# mcc: Matthews (1975), Biochim. Biophys. Acta 405; the correlation of two binary variables.
_FRACTIONS: Mapping[str, Callable[[_Confusion], tuple[FloatArray, FloatArray]]] = {
    "precision": lambda c: (c.tp, c.flagged),
    "recall": lambda c: (c.tp, c.harmful),
    "f1": lambda c: (2 * c.tp, c.flagged + c.harmful),
    "specificity": lambda c: (c.tn, c.safe),
    "mcc": lambda c: (
        c.tp * c.tn - c.fp * c.fn,
        np.sqrt((c.harmful * c.safe) * (c.flagged * c.passed)),
    ),
    "flagged_share": lambda c: (c.flagged, c.flagged + c.passed),
    "accuracy": lambda c: (c.tp + c.tn, c.flagged + c.passed),
}


def rate(name: str, counts: npt.ArrayLike) -> FloatArray:
    """One rate of confusion matrices.

    Parameters
    ----------
    name : str
        One of `RATES`, or `accuracy`.
    counts : array_like, shape (4, ...)
        tp, fp, fn, tn, in this order; not negative. NaN gives NaN.

    Returns
    -------
    ndarray of float64, shape (...)
        In [0, 1]; `mcc` in [-1, 1]. 0.0 where the denominator is 0.

    Raises
    ------
    ValueError
        The name is unknown.

    Examples
    --------
    >>> rate("precision", [[8, 0], [2, 0], [0, 5], [5, 5]]).tolist()
    [0.8, 0.0]
    """
    if name not in _FRACTIONS:
        raise ValueError(f"unknown rate {name!r}; known: {', '.join(_FRACTIONS)}")
    tp, fp, fn, tn = np.asarray(counts, dtype=np.float64)
    return _fill(name, _Confusion(tp, fp, fn, tn), np.empty_like(tp))


def rates_table(
    thresholds: FloatArray,
    tp: CountArray,
    fp: CountArray,
    fn: CountArray,
    tn: CountArray,
) -> pd.DataFrame:
    """Counts and rates side by side: the table that `harmlib.analysis.thresholds.sweep` returns.

    Parameters
    ----------
    thresholds : ndarray of float64, shape (m,)
        At least one.
    tp, fp, fn, tn : ndarray of int64 or float64, shape (m,)
        The counts at each threshold, over the same items in every row; floats where items have
        weights.

    Returns
    -------
    DataFrame
        One row per threshold: `threshold`, `COUNTS`, `RATES`. The arrays become its columns
        without a copy.

    Examples
    --------
    >>> table = rates_table(*np.array([[0.5], [8.0], [2.0], [0.0], [10.0]]))
    >>> table[["threshold", "precision", "recall", "flagged_share"]]
       threshold  precision  recall  flagged_share
    0        0.5        0.8     1.0            0.5
    """
    counts = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    rates = {name: np.empty(len(tp)) for name in RATES}
    # A power of two changes no ratio, and keeps the products of four counts within range.
    unit = np.ldexp(1.0, -np.frexp(tp[0] + fp[0] + fn[0] + tn[0])[1])
    for start in range(0, len(tp), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        block = _Confusion(**{name: unit * count[rows] for name, count in counts.items()})
        for name in RATES:
            _fill(name, block, rates[name][rows])
    return pd.DataFrame({"threshold": thresholds} | counts | rates, copy=False)


def _fill(name: str, counts: _Confusion, out: FloatArray) -> FloatArray:
    numerator, denominator = _FRACTIONS[name](counts)
    with np.errstate(invalid="ignore"):
        np.divide(numerator, denominator, out=out)
    out[denominator == 0] = 0.0
    return out
