"""Average precision, of all groups and without each of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, Harmful, IntArray, check_scored
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import block_codes

_BLOCK_CELLS = 1 << 18


def average_precision_estimate(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
) -> Estimates:
    """Average precision, as scikit-learn defines it, with its value without each group.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    groups : array_like, shape (n,), optional
        None: each item is a group.
    repeats : array_like, shape (n,), optional
        Which of several scorings of the same items a row belongs to, such as its seed: they are
        not ranked against each other, but the mean of theirs is taken. What differs between them
        widens the interval. None: there is one.

    Returns
    -------
    Estimates
        With k = 1; NaN without a harmful item.

    Raises
    ------
    ValueError
        What `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> found = average_precision_estimate([0, 1, 1], [0.6, 0.4, 0.9])
    >>> found.value.round(4).tolist(), found.left_out.round(4).ravel().tolist()
    ([0.8333], [1.0, 1.0, 0.5])
    """
    if repeats is not None:
        return _mean_over_repeats(labels, scores, groups, np.asarray(repeats))
    harmful, values = check_scored(labels, scores)
    enough = count_groups(labels, groups).enough
    codes, n_blocks = block_codes(groups, len(harmful))
    order = np.argsort(-values, kind="stable")
    ranked, ranked_harmful, codes = values[order], harmful[order], codes[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of ties
    ends = ends[np.diff(np.cumsum(ranked_harmful)[ends], prepend=0) > 0]  # where recall rises
    whole = area_of_counts((ends + 1)[None], np.cumsum(ranked_harmful)[ends][None])
    left_out = _precision_without(codes, n_blocks, ranked_harmful, ends)
    # Of one class a few groups decide: their number counts, not that of all groups
    units = min(len(np.unique(codes[own])) for own in (ranked_harmful, ~ranked_harmful))
    return Estimates(whole, left_out[:, None], np.array([units]), enough)


def _mean_over_repeats(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    repeats: npt.NDArray[np.generic],
) -> Estimates:
    columns = [np.asarray(labels), np.asarray(scores)]
    columns += [] if groups is None else [pd.Series(groups).array]
    found = [
        average_precision_estimate(*(column[repeats == one] for column in columns))
        for one in np.unique(repeats)
    ]
    return Estimates(
        np.mean([one.value for one in found], axis=0),
        np.mean([one.left_out for one in found], axis=0),
        found[0].units,
        found[0].enough,
        np.array([one.value for one in found]),
    )


def _precision_without(
    codes: IntArray, n_blocks: int, harmful: Harmful, ends: IntArray
) -> FloatArray:
    """Average precision without each block (n_blocks,); items ranked, counted at `ends`.

    What a block holds is taken away from the counts of all: that touches each item once.
    """
    flagged, tp = ends + 1, np.cumsum(harmful)[ends]
    run = np.searchsorted(ends, np.arange(len(codes)))  # the first end at or after each item
    counted = np.flatnonzero(run < len(ends))
    counted = counted[np.argsort(codes[counted], kind="stable")]
    first = np.searchsorted(codes[counted], np.arange(n_blocks + 1))
    rows = max(1, _BLOCK_CELLS // len(codes))
    areas = []
    for i in range(0, n_blocks, rows):
        size = min(rows, n_blocks - i)
        own = counted[first[i] : first[i + size]]
        cells = run[own] * size + codes[own] - i
        apart = [
            np.bincount(some, minlength=len(ends) * size).reshape(-1, size).cumsum(axis=0).T
            for some in (cells, cells[harmful[own]])
        ]
        areas.append(area_of_counts(flagged - apart[0], tp - apart[1]))
    return np.concatenate(areas)


def area_of_counts(flagged: IntArray, tp: IntArray) -> FloatArray:
    """Average precision of rankings, from the counts at each of their thresholds.

    Parameters
    ----------
    flagged, tp : ndarray of int, shape (rankings, thresholds)
        Items, and harmful ones, above each threshold; the highest threshold first.

    Returns
    -------
    ndarray of float64, shape (rankings,)
        NaN without a harmful item.

    Examples
    --------
    >>> area_of_counts(np.array([[1, 2, 3]]), np.array([[1, 1, 2]])).round(4).tolist()
    [0.8333]
    """
    with np.errstate(invalid="ignore"):
        precision = np.where(flagged > 0, tp / flagged, 0.0)
        gained = np.diff(tp, axis=1, prepend=0)
        area: FloatArray = (gained * precision).sum(axis=1) / (tp[:, -1] if len(tp.T) else np.nan)
    return area
