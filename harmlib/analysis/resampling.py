"""Redraw whole groups of items (all clips of one source together), and count what each draw holds.

A resample draws as many groups as there are, with replacement, and keeps how often each was drawn:
a row of group counts, used as weights. The rows depend on `seed` and the number of groups alone, so
calls on the same items in the same order, with the same `groups` and `seed`, see the same draws.
That makes two models comparable pairwise.

A resample that holds one class only has no recall or specificity: its counts are NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from harmlib.analysis.checks import (
    FloatArray,
    check_level,
)
from harmlib.analysis.groups import group_table

BLOCK_CELLS = 1 << 16  # half a megabyte per array: a block stays in the processor's cache


def draw_groups(
    n_groups: int, resamples: int, seed: int, *, width: int = 1
) -> Iterator[npt.NDArray[np.int64]]:
    """Draw groups with replacement, in blocks of resamples.

    Parameters
    ----------
    n_groups : int
        How many groups there are, and how many each resample draws.
    resamples : int
        How many resamples, at least 1.
    seed : int
        Equal seeds give equal draws.
    width : int
        Cells per resample that the caller will need. A block has about
        BLOCK_CELLS / max(n_groups, width) rows, at least one. Its size does not change the draws.

    Yields
    ------
    ndarray of int, shape (rows, n_groups)
        How often each group was drawn. The first block has one row of ones: the sample itself.

    Raises
    ------
    ValueError
        `resamples` is below 1, or `seed` is no integer.

    Examples
    --------
    >>> sample, drawn = draw_groups(4, resamples=2, seed=0)
    >>> sample.tolist(), drawn.sum(axis=1).tolist()
    ([[1, 1, 1, 1]], [4, 4])
    """
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}; draw at least 1, better 2000")
    if not isinstance(seed, int | np.integer):
        raise ValueError(f"seed is {seed!r}; only an integer gives paired calls the same draws")
    rng = np.random.default_rng(seed)
    yield np.ones((1, n_groups), int)
    rows = max(1, BLOCK_CELLS // max(n_groups, width))
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        drawn = rng.integers(n_groups, size=(size, n_groups))
        drawn += np.arange(size)[:, None] * n_groups
        tally = np.bincount(drawn.ravel(), minlength=size * n_groups)
        yield tally.reshape(size, n_groups)


def confusion_draws(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> FloatArray:
    """Count the decisions at each threshold in each resample.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, both present.
    scores : array_like, shape (n,)
        Finite. The rule is `score > threshold`.
    thresholds : array_like, shape (t,)
        Finite; their order is kept.
    groups : array_like, shape (n,), optional
        As in `groups.group_codes`.
    resamples, seed : int
        As in `draw_groups`.

    Returns
    -------
    ndarray of float64, shape (4, 1 + resamples, t)
        tp, fp, fn, tn. Row 0 is the sample itself; a resample without one of the classes is NaN.

    Raises
    ------
    ValueError
        One class only, fewer than two groups, or unusable scores or thresholds.

    Examples
    --------
    >>> counts = confusion_draws([0, 1, 1], [0.6, 0.4, 0.9], [0.5], resamples=10)
    >>> counts.shape, counts[:, 0, 0].tolist()
    ((4, 11, 1), [1.0, 1.0, 1.0, 0.0])
    """
    table = group_table(labels, scores, thresholds, groups)
    _refuse_alone(table)
    blocks = draw_groups(len(table), resamples, seed, width=table.shape[1])
    return np.concatenate([confusion(counts, table) for counts in blocks], axis=1)


def confusion(counts: npt.NDArray[np.int64 | np.bool_], table: FloatArray) -> FloatArray:
    """Sum the groups that were drawn to confusion matrices.

    Parameters
    ----------
    counts : ndarray of int or bool, shape (rows, groups)
        How often each group was drawn.
    table : ndarray of float64, shape (groups, 2 t + 2)
        From `groups.group_table`.

    Returns
    -------
    ndarray of float64, shape (4, rows, t)
        tp, fp, fn, tn; NaN in rows without one of the classes.

    Examples
    --------
    >>> table = group_table([0, 1, 1], [0.6, 0.4, 0.9], [0.5], ["a", "b", "b"])
    >>> confusion(np.array([[1, 2]]), table)[:, 0, 0].tolist()
    [2.0, 1.0, 2.0, 0.0]
    """
    sums = counts @ table  # sums of integers: exact in float64
    sums[(sums[:, -2:] == 0).any(axis=1)] = np.nan
    tp, fp = np.split(sums[:, :-2], 2, axis=1)
    return np.stack([tp, fp, sums[:, -2:-1] - tp, sums[:, -1:] - fp])


def interval(
    draws: FloatArray, level: float = 0.95, *, method: Literal["linear", "inverted_cdf"] = "linear"
) -> tuple[FloatArray, FloatArray, int]:
    """Percentile interval of draws.

    Parameters
    ----------
    draws : ndarray of float64, shape (resamples, ...)
        A row with a NaN is left out as a whole, and counted.
    level : float
        Confidence, in (0, 1).
    method : {"linear", "inverted_cdf"}
        As in `numpy.quantile`; `inverted_cdf` keeps the ends on values that occurred.

    Returns
    -------
    low, high : ndarray of float64, shape (...)
        NaN where every row is left out.
    excluded : int
        Rows left out.

    Raises
    ------
    ValueError
        The level lies outside (0, 1).

    Examples
    --------
    >>> low, high, excluded = interval(np.array([*range(101), np.nan]), 0.9)
    >>> round(float(low), 6), round(float(high), 6), excluded
    (5.0, 95.0, 1)
    """
    check_level(level)
    missing = np.isnan(draws).any(axis=tuple(range(1, draws.ndim)))
    if missing.all():
        nothing = np.full(draws.shape[1:], np.nan)[()]
        return nothing, nothing, len(draws)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(draws[~missing], tails, axis=0, method=method)
    return low, high, int(missing.sum())


def _refuse_alone(table: FloatArray) -> None:
    """Refuse what cannot be redrawn: one class, or one group."""
    harmful, safe = table[:, -2:].sum(axis=0)
    if not (harmful and safe):
        label = int(harmful > 0)
        raise ValueError(f"all labels are {label}; resamples need both classes")
    if len(table) < 2:
        raise ValueError("all items are of one group; resamples need at least two groups")
