"""How scores of groups are distributed, and whether two samples differ by more than noise.

Noise is what leaving out one group does to the share of items above a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from harmlib.analysis.checks import FloatArray, IntArray
from harmlib.analysis.groups import block_codes, group_codes
from harmlib.analysis.jackknife import jackknife_error

_DRAWS = 2000
_MAX_BLOCKS = 200  # fewer than elsewhere: Platt's scaling is fitted anew without each
_PERCENTS = np.arange(1, 101) / 100


class GroupedScores(NamedTuple):
    """The scores of one sample by block: a group, or several of more than _MAX_BLOCKS.

    Attributes
    ----------
    above : ndarray of float64, shape (edges,)
        Share of items above each edge.
    without : ndarray of float64, shape (blocks, edges)
        The same without each block.
    cells : ndarray of float64, shape (blocks, edges + 1)
        Items between the edges.
    codes : ndarray of int, shape (n,)
        The block of each item.
    n_groups : int
    widening : float
        How much larger the variance of shares is than blocks tell.
    """

    above: FloatArray
    without: FloatArray
    cells: FloatArray
    codes: IntArray
    n_groups: int
    widening: float

    @classmethod
    def of(cls, scores: FloatArray, groups: pd.Series | None, edges: FloatArray) -> GroupedScores:
        """Count a sample between the edges; without groups, each item is one."""
        _, n_groups = group_codes(groups, len(scores))
        codes, blocks = block_codes(groups, len(scores), _MAX_BLOCKS)
        width = len(edges) + 1
        places = codes * width + np.searchsorted(edges, scores, side="left")
        cells = np.bincount(places, minlength=blocks * width).reshape(blocks, width).astype(float)
        counts = np.cumsum(cells[:, ::-1], axis=1)[:, ::-1]
        total = counts.sum(axis=0)
        left = total - counts
        with np.errstate(invalid="ignore"):  # nothing is left without the only group
            without = left[:, 1:] / left[:, :1]
        return cls(total[1:] / total[0], without, cells, codes, n_groups, 1.0)


def edges_of(samples: Sequence[FloatArray], threshold: float) -> FloatArray:
    """Where scores are compared: the percentiles of all samples, and the threshold.

    Parameters
    ----------
    samples : sequence of ndarray of float64, shape (n,)
        The scores of each.
    threshold : float

    Returns
    -------
    ndarray of float64, shape (edges,)
        Ascending, distinct.

    Examples
    --------
    >>> edges_of([np.array([0.1, 0.4]), np.array([0.4])], 0.5).tolist()
    [0.1, 0.4, 0.5]
    """
    percentiles = [np.quantile(sample, _PERCENTS, method="inverted_cdf") for sample in samples]
    return np.unique(np.concatenate([*percentiles, [threshold]]))


def design_effect(sample: GroupedScores, n: int) -> float:
    """How much larger the variance of shares is than that of single items (Kish 1965); at least 1.

    Parameters
    ----------
    sample : GroupedScores
    n : int
        Its items, at least 2.

    Returns
    -------
    float
        Both variances are summed over the edges.

    Examples
    --------
    >>> scores = np.repeat(np.arange(1, 9) / 10, 5)
    >>> of_fives = GroupedScores.of(scores, pd.Series(np.repeat(range(8), 5)), np.array([0.3, 0.6]))
    >>> round(design_effect(of_fives, len(scores)), 2)
    5.57
    """
    single = sample.above * (1 - sample.above) / (n - 1)
    grouped = jackknife_error(sample.above, sample.without) ** 2
    return float(max(1.0, grouped.sum() / single.sum()))


def kolmogorov_smirnov(old: GroupedScores, new: GroupedScores, seed: int) -> tuple[float, float]:
    """The largest difference between the shares above any edge, and how often noise is as large.

    Parameters
    ----------
    old, new : GroupedScores
        Independent samples, at the same edges.
    seed : int
        Of the noise.

    Returns
    -------
    statistic, p_value : float
        The p-value is 1 where a side has one block.

    Notes
    -----
    Noise is a multiplier bootstrap of the jackknife deviations: each block's is multiplied by a
    standard normal number (van der Vaart & Wellner 1996, Weak Convergence and Empirical Processes,
    sec. 2.9; by whole clusters). `scipy.stats.ks_2samp` takes items for independent: of 30 groups
    of ten alike it calls every other unchanged set changed.

    Examples
    --------
    >>> low, high = np.linspace(0, 0.6, 50), np.linspace(0.4, 1, 50)
    >>> edges = edges_of([low, high], 0.5)
    >>> old, new = (GroupedScores.of(scores, None, edges) for scores in (low, high))
    >>> statistic, p_value = kolmogorov_smirnov(old, new, seed=0)
    >>> round(statistic, 2), p_value < 0.01
    (0.66, True)
    """
    ks = float(np.abs(new.above - old.above).max())
    rng = np.random.default_rng(seed)
    noise = np.zeros((_DRAWS, len(old.above)))
    for side in (old, new):
        blocks = len(side.without)
        if blocks < 2:
            return ks, 1.0
        scale = np.sqrt((blocks - 1) / blocks * side.widening)
        noise += rng.normal(size=(_DRAWS, blocks)) @ (side.without - side.above) * scale
    # 1e-12: equal shares may differ by rounding
    as_large = (np.abs(noise).max(axis=1) >= ks - 1e-12).sum()
    return ks, float((1 + as_large) / (1 + _DRAWS))
