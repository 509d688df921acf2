"""Which integer confusion counts a printed precision, recall and F1 allow.

A figure printed as k / 10^d came from a value in [(k - 1/2) / 10^d, (k + 1/2) / 10^d]: both ends
belong to it, since a tie may have gone either way. With P positives in the evaluation set,
recall bounds tp, precision bounds tp + fp for each tp, and F1 = 2 tp / (tp + fp + P) bounds it
once more. All of it is integer arithmetic, so no tolerance is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_DIGITS = 12  # keeps every product below 2^63; further digits identify nothing more
MAX_VALUE = 1000  # percentages are read, and reported as out of range; rubbish is an error
BLOCK = 1000  # numbers of positives searched at a time
UNBOUNDED = np.iinfo(np.int32).max
# A set stands alone only where its first few multiples were searched as well.
SEARCHED_MULTIPLES = 4
FAR_LARGER = 10  # a set this many times as large disproves no misprint
MIN_WITNESSES = 3  # rows that must tell evaluation sets apart, before another row is a misfit

IntArray = npt.NDArray[np.integer]


class Printed(NamedTuple):
    """A printed decimal, with as many digits as were printed."""

    value: Decimal

    @property
    def scale(self) -> int:
        """10^d, where d digits were printed."""
        return int(10 ** _digits(self.value))

    @property
    def units(self) -> int:
        """The figure in units of its last digit: k where k / scale was printed."""
        return int(self.value * self.scale)

    @property
    def low(self) -> Fraction:
        """The smallest value that prints as this figure, at least 0."""
        return max(Fraction(2 * self.units - 1, 2 * self.scale), Fraction(0))

    @property
    def high(self) -> Fraction:
        """The largest value that prints as this figure, at most 1."""
        return min(Fraction(2 * self.units + 1, 2 * self.scale), Fraction(1))


class Row(NamedTuple):
    """The three printed figures of one row."""

    precision: Printed
    recall: Printed
    f1: Printed


def parse_printed(column: pd.Series) -> list[Printed]:
    """Read a column of figures, each with its own number of digits.

    Parameters
    ----------
    column : pandas.Series
        Text keeps its trailing zeros ("0.7100" has four digits). Numbers have lost them, so every
        number gets the largest number of digits seen among the numbers of the column. More than
        MAX_DIGITS digits are rounded to so many.

    Returns
    -------
    list of Printed
        In the order of the column.

    Raises
    ------
    ValueError
        A cell that is no finite number; the message names the column and the row (from 1).

    Examples
    --------
    >>> [str(figure.value) for figure in parse_printed(pd.Series(["0.7100", 0.5, 0.75]))]
    ['0.7100', '0.50', '0.75']
    """
    values = [_decimal(cell, column.name, row) for row, cell in enumerate(column, start=1)]
    digits = np.array([_digits(value) for value in values])
    is_text = np.array([isinstance(cell, str) for cell in column])
    digits[~is_text] = digits[~is_text].max(initial=0)
    digits = np.minimum(digits, MAX_DIGITS)
    return [Printed(round(v, int(d))) for v, d in zip(values, digits, strict=True)]


def _decimal(cell: Any, column: str, row: int) -> Decimal:
    try:
        value = Decimal(cell.strip() if isinstance(cell, str) else repr(float(cell)))
    except (InvalidOperation, TypeError, ValueError):
        value = Decimal("nan")
    if not value.is_finite() or abs(value) > MAX_VALUE:
        raise ValueError(
            f"column {column!r}, row {row}: {cell!r} is not a fraction; "
            "write a number such as 0.9113 in every cell, or leave the row out"
        )
    return value


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "only NaN and infinity have another one"
    # A float's repr ends in ".0" where it has no decimals at all.
    return max(-exponent, 0)


class RowFits(NamedTuple):
    """All counts that fit one row: for positives[i] and tp[i], fp from fp_low[i] to fp_high[i].

    Four integer arrays of one length, ascending in positives, then in tp.
    """

    positives: IntArray
    tp: IntArray
    fp_low: IntArray
    fp_high: IntArray


def count_fits(row: Row, positives: IntArray, max_items: int) -> RowFits:
    """All (tp, fp) that print as `row`, for every candidate number of positives.

    Parameters
    ----------
    row : Row
        The printed figures.
    positives : ndarray of int, shape (n,)
        Ascending, each at least 1.
    max_items : int
        At most so many items are flagged.

    Returns
    -------
    RowFits
        Zero flagged items print as precision 0 or 1, by either convention for 0/0.

    Examples
    --------
    >>> row = Row(*parse_printed(pd.Series(["0.8571", "0.8571", "0.8571"])))
    >>> fits = count_fits(row, np.arange(1, 15), max_items=20)
    >>> fits.positives, fits.tp, fits.fp_low
    (array([ 7, 14]), array([ 6, 12]), array([1, 2]))
    """
    p, r, f = row
    low = np.maximum(-((1 - 2 * r.units) * positives // (2 * r.scale)), 0)
    high = np.minimum((2 * r.units + 1) * positives // (2 * r.scale), positives)
    width = np.maximum(high - low + 1, 0)
    start = np.cumsum(width) - width
    total = np.repeat(positives, width)
    tp = np.repeat(low - start, width) + np.arange(width.sum())

    # flagged = tp + fp, bounded by precision = tp / flagged and by F1 = 2 tp / (flagged + P)
    flagged_low = np.maximum(tp, -(-2 * p.scale * tp // (2 * p.units + 1)))
    flagged_low = np.maximum(flagged_low, -(-4 * f.scale * tp // (2 * f.units + 1)) - total)
    flagged_high = np.full_like(tp, max_items)
    if p.units > 0:
        flagged_high = np.minimum(flagged_high, 2 * p.scale * tp // (2 * p.units - 1))
    if f.units > 0:
        flagged_high = np.minimum(flagged_high, 4 * f.scale * tp // (2 * f.units - 1) - total)
    fits = flagged_low <= flagged_high
    if 0 < p.units < p.scale:
        fits &= tp > 0
    return RowFits(*(a[fits] for a in (total, tp, flagged_low - tp, flagged_high - tp)))


class Ranges(NamedTuple):
    """Ranges of the fitting counts: row i of each array is claim i, column P is P positives.

    Shape (rows, max_items + 1). Where nothing fits, `n` is 0 and the ranges are unbounded.
    """

    tp_low: npt.NDArray[np.int32]
    tp_high: npt.NDArray[np.int32]
    fp_low: npt.NDArray[np.int32]
    fp_high: npt.NDArray[np.int32]
    n: npt.NDArray[np.int32]


def count_ranges(rows: list[Row], max_items: int) -> Ranges:
    """Ranges of fitting counts for every row and every number of positives up to max_items.

    Parameters
    ----------
    rows : list of Row
        The printed figures.
    max_items : int
        Largest number of positives, and of flagged items.

    Returns
    -------
    Ranges
        Arrays of shape (rows, max_items + 1).

    Examples
    --------
    >>> row = Row(*parse_printed(pd.Series(["0.8571", "0.8571", "0.8571"])))
    >>> np.flatnonzero(count_ranges([row], max_items=20).n[0])
    array([ 7, 14])
    """
    shape = (len(rows), max_items + 1)
    ranges = Ranges(
        *(np.full(shape, fill, dtype=np.int32) for fill in (0, UNBOUNDED, 0, UNBOUNDED, 0))
    )
    # In blocks, since a figure of one digit fits thousands of counts for each large P.
    blocks = np.split(np.arange(1, max_items + 1), np.arange(BLOCK, max_items, BLOCK))
    for (i, row), block in product(enumerate(rows), blocks):
        fits = count_fits(row, block, max_items)
        positives, first = np.unique(fits.positives, return_index=True)
        if positives.size == 0:
            continue
        ranges.tp_low[i, positives] = np.minimum.reduceat(fits.tp, first)
        ranges.tp_high[i, positives] = np.maximum.reduceat(fits.tp, first)
        ranges.fp_low[i, positives] = np.minimum.reduceat(fits.fp_low, first)
        ranges.fp_high[i, positives] = np.maximum.reduceat(fits.fp_high, first)
        n = np.add.reduceat(fits.fp_high - fits.fp_low + 1, first)
        ranges.n[i, positives] = np.minimum(n, UNBOUNDED)
    return ranges


def rises(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Where a quantity that may only fall from row to row must have risen.

    Parameters
    ----------
    low, high : ndarray, shape (rows, ...)
        Bounds of the quantity, rows by ascending threshold.

    Returns
    -------
    ndarray of bool, shape (rows, ...)
        True where a row certainly lies above some row before it.

    Examples
    --------
    >>> rises(np.array([0.8, 0.7, 0.75]), np.array([0.9, 0.72, 0.78]))
    array([False, False,  True])
    """
    ceiling = np.minimum.accumulate(high, axis=0)
    above: npt.NDArray[np.bool_] = low[1:] > ceiling[:-1]
    return np.concatenate([np.zeros_like(low[:1], dtype=bool), above])


@dataclass(frozen=True)
class EvaluationSet:
    """The evaluation sets that fit the rows printed for one of them.

    Attributes
    ----------
    positives : ndarray of int
        Every fitting number of positives, ascending; empty where none fits.
    misfits : ndarray of int
        Positions of rows that do not fit, although the others fit and leave no choice.
    ranges : Ranges
        Counts of every row for every number of positives.
    """

    positives: npt.NDArray[np.intp]
    misfits: npt.NDArray[np.intp]
    ranges: Ranges

    @property
    def smallest(self) -> int:
        """The smallest fitting number of positives."""
        return int(self.positives[0])

    @property
    def negatives(self) -> int:
        """Negatives that the smallest set must have. Nothing printed bounds them from above."""
        return int(self.ranges.fp_low[:, self.smallest].max())

    @property
    def rivals(self) -> npt.NDArray[np.intp]:
        """Fitting numbers of positives that are no multiple of the smallest."""
        others: npt.NDArray[np.intp] = self.positives[self.positives % self.positives[0] != 0]
        return others

    @property
    def stands_alone(self) -> bool:
        """Whether only multiples of the smallest set fit, of those up to four times its size."""
        return not bool((self.rivals <= SEARCHED_MULTIPLES * self.smallest).any())


def find_sets(rows: list[Row], max_items: int) -> EvaluationSet:
    """Evaluation sets of up to `max_items` items that fit all rows at once.

    Parameters
    ----------
    rows : list of Row
        The printed figures of one evaluation set.
    max_items : int
        Largest set searched.

    Returns
    -------
    EvaluationSet
        Up to a quarter of the rows are misfits, where the others prove them wrong.

    Notes
    -----
    By chance, the other rows would agree on a wrong set only if it is large, and then they soon
    agree on more sets; or if all their counts share a factor. So the other rows must tell sets
    apart and fit one set that stands alone, and all rows together must fit no set except a far
    larger one.

    Examples
    --------
    >>> row = Row(*parse_printed(pd.Series(["0.8571", "0.8571", "0.8571"])))
    >>> found = find_sets([row], max_items=20)
    >>> found.smallest, found.negatives, found.positives
    (7, 1, array([ 7, 14]))
    """
    ranges = count_ranges(rows, max_items)
    n_fails = (ranges.n == 0).sum(axis=0)
    within = np.arange(max_items + 1) + ranges.fp_low.max(axis=0, initial=0) <= max_items
    within[0] = False  # recall needs a positive
    within &= len(rows) > 0
    by_all = EvaluationSet(np.flatnonzero(within & (n_fails == 0)), np.empty(0, dtype=int), ranges)
    for allowed in range(1, len(rows) // 4 + 1):
        positives = np.flatnonzero(within & (n_fails <= allowed))
        if positives.size == 0:
            continue
        misfits = np.flatnonzero(ranges.n[:, positives[0]] == 0)
        by_most = EvaluationSet(positives, misfits, ranges)
        if _is_proof(by_most, by_all, rows, max_items):
            return by_most
    return by_all


def _is_proof(
    by_most: EvaluationSet, by_all: EvaluationSet, rows: list[Row], max_items: int
) -> bool:
    kept = [row for i, row in enumerate(rows) if i not in by_most.misfits]
    # A recall of 0 or 1 fits every number of positives.
    witnesses = {row[:2] for row in kept if 0 < row.recall.units < row.recall.scale}
    # Below a tenth of the scale, few figures of so many digits are the recall of any count.
    scale = min(row.recall.scale for row in rows)
    too_near = max(FAR_LARGER * by_most.smallest, scale // 10)
    return (
        len(witnesses) >= MIN_WITNESSES
        and SEARCHED_MULTIPLES * (by_most.smallest + by_most.negatives) <= max_items
        and by_most.stands_alone
        and not bool((by_all.positives <= too_near).any())
    )
