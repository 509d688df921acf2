"""Groups as numbers, what is left out together, and what each group adds to the counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, Harmful, IntArray, check_scored, check_thresholds

MAX_BLOCKS = 400  # more groups are left out in as many blocks: the interval hardly changes


def group_codes(groups: npt.ArrayLike | None, n_items: int) -> tuple[IntArray, int]:
    """Number the groups.

    Parameters
    ----------
    groups : array_like, shape (n_items,), or None
        Hashable names, none missing. None: each item is a group.
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
        Another number of groups than of labels, or a missing name.

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
    return codes, int(codes.max()) + 1


def block_codes(
    groups: npt.ArrayLike | None, n_items: int, most: int = MAX_BLOCKS
) -> tuple[IntArray, int]:
    """Number what is left out together: each group, or blocks of groups where there are many.

    Parameters
    ----------
    groups : array_like, shape (n_items,), or None
        As in `group_codes`.
    n_items : int
        How many labels there are.
    most : int
        More groups are dealt into as many blocks, by a fixed shuffle.

    Returns
    -------
    codes : ndarray of int, shape (n_items,)
        The block of each item.
    n_blocks : int
        `most` at most.

    Raises
    ------
    ValueError
        As in `group_codes`.

    Notes
    -----
    The delete-d jackknife (Shao & Wu 1989, Ann. Stat. 17:1176).

    Examples
    --------
    >>> codes, n_blocks = block_codes(None, 1000)
    >>> n_blocks, np.bincount(codes).tolist() == [3] * 200 + [2] * 200
    (400, True)
    """
    codes, n_groups = group_codes(groups, n_items)
    if n_groups <= most:
        return codes, n_groups
    return (np.random.default_rng(0).permutation(n_groups) % most)[codes], most


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
        As in `rate_estimates.rate_estimates`.

    Returns
    -------
    ndarray of float64, shape (groups, 2 t + 2)
        tp at each of the t thresholds, fp at each, harmful items, safe items.

    Raises
    ------
    ValueError
        What `sweep` or `group_codes` refuse.

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


def _grouped(
    labels: npt.ArrayLike, scores: npt.ArrayLike, groups: npt.ArrayLike | None
) -> tuple[Harmful, FloatArray, IntArray, int]:
    harmful, values = check_scored(labels, scores)
    return harmful, values.astype(np.float64), *group_codes(groups, len(harmful))
