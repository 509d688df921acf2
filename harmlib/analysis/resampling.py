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
import pandas as pd

from harmlib.analysis.checks import FloatArray, Harmful, check_level, check_scored, check_thresholds

BLOCK_CELLS = 1 << 16  # half a megabyte per array: a block stays in the processor's cache

IntArray = npt.NDArray[np.int64]


def group_codes(groups: npt.ArrayLike | None, n_items: int) -> tuple[IntArray, int]:
    """Number the groups.

    Parameters
    ----------
    groups : array_like, shape (n_items,), or None
        Hashable names, none missing, at least two distinct. None: each item is a group.
    n_items : int
        How many labels there are.

    Returns
    -------
    codes : ndarray of int, shape (n_items,)
        The group of each item, numbered from 0 in order of appearance.
    n_groups : int

    Raises
    ------
    ValueError
        Another number of groups than of labels, a missing name, or one group only.

    Examples
    --------
    >>> codes, n_groups = group_codes(["b", "a", "b"], 3)
    >>> codes.tolist(), n_groups
    ([0, 1, 0], 2)
    """
    codes = np.arange(n_items) if groups is None else pd.factorize(pd.Series(groups))[0]
    if len(codes) != n_items:
        raise ValueError(f"{n_items} labels but {len(codes)} groups; pass one group per item")
    if codes.min() < 0:
        raise ValueError(f"groups hold {(codes < 0).sum()} missing values; name every group")
    if codes.max() < 1:
        raise ValueError("all items are of one group; intervals need at least two groups")
    return codes, int(codes.max()) + 1


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
        As in `group_codes`.
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
    blocks = draw_groups(len(table), resamples, seed, width=table.shape[1])
    return np.concatenate([confusion(counts, table) for counts in blocks], axis=1)


def group_table(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
) -> FloatArray:
    """Count what each group adds to the confusion matrices.

    Parameters
    ----------
    labels, scores, thresholds, groups : array_like
        As in `confusion_draws`.

    Returns
    -------
    ndarray of float64, shape (groups, 2 t + 2)
        tp at each of the t thresholds, fp at each, harmful items, safe items.

    Raises
    ------
    ValueError
        As in `confusion_draws`.

    Examples
    --------
    >>> group_table([0, 1, 1], [0.6, 0.4, 0.9], [0.5], ["a", "b", "b"]).tolist()
    [[0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 2.0, 0.0]]
    """
    harmful, values, codes, n_groups = _grouped(labels, scores, groups)
    grid = check_thresholds(thresholds)
    place = np.searchsorted(grid, thresholds)
    passed = np.searchsorted(grid, values, side="left")  # how many thresholds lie below the score
    cells = codes * (len(grid) + 1) + passed

    def flagged(members: Harmful) -> tuple[IntArray, IntArray]:
        tally = np.bincount(cells[members], minlength=n_groups * (len(grid) + 1))
        above = np.cumsum(tally.reshape(n_groups, -1)[:, ::-1], axis=1)[:, ::-1]
        return above[:, 1 + place], above[:, :1]

    (tp, positives), (fp, negatives) = flagged(harmful), flagged(~harmful)
    return np.hstack([tp, fp, positives, negatives]).astype(float)


def confusion(counts: npt.NDArray[np.int64 | np.bool_], table: FloatArray) -> FloatArray:
    """Sum the groups that were drawn to confusion matrices.

    Parameters
    ----------
    counts : ndarray of int or bool, shape (rows, groups)
        How often each group was drawn.
    table : ndarray of float64, shape (groups, 2 t + 2)
        From `group_table`.

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


def average_precision_draws(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> FloatArray:
    """Average precision of each resample, as scikit-learn weighs it, ties included.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, both present; and finite scores.
    groups : array_like, shape (n,), optional
        As in `group_codes`.
    resamples, seed : int
        As in `draw_groups`.

    Returns
    -------
    ndarray of float64, shape (1 + resamples,)
        Row 0 is the sample itself; a resample without one of the classes is NaN.

    Raises
    ------
    ValueError
        As in `confusion_draws`.

    Examples
    --------
    >>> average_precision_draws([0, 1, 1], [0.6, 0.4, 0.9], resamples=10)[0].round(4).item()
    0.8333
    """
    values = []
    for tp, flagged, valid in _ranked_draws(labels, scores, groups, resamples, seed):
        gained = np.diff(tp, axis=1, prepend=0)
        area = np.einsum("ij,ij->i", gained, _ratio(tp, flagged))
        values.append(np.where(valid, _ratio(area, tp[:, -1]), np.nan))
    return np.concatenate(values)


def precision_draws(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    recalls: FloatArray,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> FloatArray:
    """Precision of each resample at the highest threshold whose recall reaches the wanted one.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, both present; and finite scores.
    recalls : ndarray of float64, shape (r,)
        In [0, 1]; at 0 the first harmful item counts.
    groups : array_like, shape (n,), optional
        As in `group_codes`.
    resamples, seed : int
        As in `draw_groups`.

    Returns
    -------
    ndarray of float64, shape (1 + resamples, r)
        Row 0 is the sample itself; a resample without one of the classes is NaN.

    Raises
    ------
    ValueError
        As in `confusion_draws`.

    Examples
    --------
    >>> precision_draws([0, 1, 1], [0.6, 0.4, 0.9], np.array([0.5, 1]), resamples=10)[0].round(4)
    array([1.    , 0.6667])
    """
    blocks = []
    for tp, flagged, valid in _ranked_draws(labels, scores, groups, resamples, seed):
        # 1e-9: 0.3 x 10 items must ask for 3, not for 4
        needed = np.maximum(np.ceil(tp[:, -1:] * recalls - 1e-9), 1)
        # One search for all rows: lifting row r by r x span keeps the joined rows ascending
        lift = np.arange(len(tp))[:, None] * (tp[:, -1].max() + 1)
        first = np.searchsorted((tp + lift).ravel(), (needed + lift).ravel())
        at = np.minimum(first, tp.size - 1)  # only rows without harmful items overrun
        precision = _ratio(tp.ravel()[at], flagged.ravel()[at]).reshape(needed.shape)
        blocks.append(np.where(valid[:, None], precision, np.nan))
    return np.concatenate(blocks)


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
    missing = np.isnan(draws).reshape(len(draws), -1).any(axis=1)
    if missing.all():
        nothing = np.full(draws.shape[1:], np.nan)[()]
        return nothing, nothing, len(draws)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(draws[~missing], tails, axis=0, method=method)
    return low, high, int(missing.sum())


def _ranked_draws(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    resamples: int,
    seed: int,
) -> Iterator[tuple[IntArray, IntArray, npt.NDArray[np.bool_]]]:
    """Blocks of tp and flagged (rows, k) down the ranking, and which rows hold both classes.

    One column for each distinct score that a harmful item has: at the others recall stands still,
    so neither average precision nor precision at a recall can end there.
    """
    harmful, values, codes, n_groups = _grouped(labels, scores, groups)
    order = np.argsort(-values, kind="stable")
    ranked, ranked_harmful, codes = values[order], harmful[order], codes[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    ends = ends[np.diff(np.cumsum(ranked_harmful)[ends], prepend=0) > 0]
    for counts in draw_groups(n_groups, resamples, seed, width=len(values)):
        weights = counts[:, codes]
        flagged = np.cumsum(weights, axis=1)
        tp = np.cumsum(np.multiply(weights, ranked_harmful, out=weights), axis=1)[:, ends]
        both = (tp[:, -1] > 0) & (tp[:, -1] < flagged[:, -1])
        yield tp, flagged[:, ends], both


def _grouped(
    labels: npt.ArrayLike, scores: npt.ArrayLike, groups: npt.ArrayLike | None
) -> tuple[Harmful, FloatArray, IntArray, int]:
    harmful, values = check_scored(labels, scores)
    if harmful.all() or not harmful.any():
        raise ValueError(
            f"all {len(harmful)} labels are {int(harmful[0])}; intervals need both classes"
        )
    return harmful, values.astype(np.float64), *group_codes(groups, len(harmful))


def _ratio(part: npt.NDArray[np.number], whole: IntArray) -> FloatArray:
    out = np.zeros(part.shape)
    np.divide(part, whole, out=out, where=whole != 0)
    return out
