"""What the counts of one model on one split say: sweep, rates with intervals, ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmlib.analysis.average_precision import area_of_counts
from harmlib.analysis.checks import FloatArray, IntArray
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.group_counts import GroupCounts
from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.rate_estimates import rates_of_blocks
from harmlib.analysis.rates import rates_table


@dataclass(frozen=True)
class BlockTable:
    """The counts of one model on one split.

    Attributes
    ----------
    thresholds : ndarray of float64, shape (m,)
        The grid, ascending.
    cells : ndarray of int64, shape (2, blocks, m + 1)
        Safe and harmful items in each block of groups and bin (`grid.Bins`).
    levels : tuple of float
        Probabilities of the levels, ascending, where scores are levels: a bin holds one of them.

    Examples
    --------
    >>> cells = np.zeros((2, 6, 3), np.int64)
    >>> cells[0, :, 0], cells[1, :, 1], cells[1, :, 2] = 5, 1, 4
    >>> table = BlockTable(np.array([0.25, 0.5]), cells)
    >>> table.sweep()[["threshold", "tp", "fp", "fn", "tn"]]
       threshold  tp  fp  fn  tn
    0       0.25  30   0   0  30
    1       0.50  24   0   6  30
    >>> table.rates_at(0.5)["recall"].value.tolist(), table.roc_auc()
    ([0.8], 1.0)
    """

    thresholds: FloatArray
    cells: IntArray
    levels: tuple[float, ...] = ()

    @cached_property
    def _bins(self) -> IntArray:
        """Items of each class in each bin, (2, m + 1)."""
        return np.asarray(self.cells.sum(axis=1))

    @cached_property
    def _above(self) -> IntArray:
        """Items of each class and block above each threshold, (2, blocks, m)."""
        return np.asarray(self.cells[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:])

    @property
    def safe(self) -> int:
        """Safe items."""
        return int(self._bins[0].sum())

    @property
    def harmful(self) -> int:
        """Harmful items."""
        return int(self._bins[1].sum())

    @property
    def groups(self) -> GroupCounts:
        """Blocks of groups that hold each class."""
        safe, harmful = np.count_nonzero(self.cells.any(axis=2), axis=1).tolist()
        return GroupCounts(harmful, safe)

    @property
    def is_constant(self) -> bool:
        """Whether all items lie in one bin."""
        return int(np.count_nonzero(self._bins.sum(axis=0))) < 2

    def sweep(self) -> pd.DataFrame:
        """Make the table of `harmlib.analysis.thresholds.sweep` at the grid."""
        tn, fn = self._bins.cumsum(axis=1)[:, :-1]
        return rates_table(self.thresholds, self.harmful - fn, self.safe - tn, fn, tn)

    def _places(self, thresholds: FloatArray) -> IntArray:
        found = np.searchsorted(self.thresholds, thresholds)
        assert np.array_equal(self.thresholds[found], thresholds), "a count is exact at the grid"
        return found

    def rates(self, thresholds: FloatArray) -> dict[str, Estimates]:
        """Each rate at thresholds of the grid, with its value without each block."""
        fp, tp = self._above[:, :, self._places(np.asarray(thresholds, float))]
        safe, harmful = self.cells.sum(axis=2, keepdims=True)
        table = np.concatenate([tp, fp, harmful, safe], axis=1).astype(float)
        return rates_of_blocks(table, self.groups.enough)

    def rates_at(self, threshold: float) -> dict[str, Estimates]:
        """Each rate at one threshold of the grid, and average precision."""
        found = self.rates(np.array([threshold]))
        return found | {"average_precision": self.average_precision()}

    def baseline(self) -> dict[str, Estimates]:
        """Each rate of calling everything harmful, with its value without each block."""
        safe, harmful = self.cells.sum(axis=2, keepdims=True)
        table = np.concatenate([harmful, safe, harmful, safe], axis=1).astype(float)
        return rates_of_blocks(table, self.groups.enough)

    def average_precision(self) -> Estimates:
        """Average precision; scores of one bin count as equal."""
        blocks = self.cells[:, :, ::-1].cumsum(axis=2)
        whole = blocks.sum(axis=1, keepdims=True)

        def areas(counts: IntArray) -> FloatArray:
            return area_of_counts(counts.sum(axis=0), counts[1])

        left_out = areas(whole - blocks)
        units = np.array([min(self.groups)])
        return Estimates(areas(whole), left_out[:, None], units, self.groups.enough)

    def roc_auc(self) -> float:
        """Share of pairs in which the harmful item scores higher; those of one bin count half."""
        if not self.safe or not self.harmful:
            return float("nan")
        safe, harmful = self._bins.astype(float)
        won = (harmful * (safe.cumsum() - safe / 2)).sum()
        return float(won / (self.safe * self.harmful))

    def items(self, scale: Scale) -> pd.DataFrame:
        """Tell the items of each class and bin as rows: label, probability, count.

        Parameters
        ----------
        scale : Scale
            What the scores are.

        Returns
        -------
        DataFrame
            The probability is the level, or the highest that the bin can hold: at each threshold of
            the grid, the rows decide as the items do.
        """
        ends = np.append(self.thresholds, 1.0)
        if scale.kind == "levels":
            ends = _highest(scale.to_probability(np.array(scale.levels)), ends)
        rows = {"label": np.repeat([0, 1], len(ends)), "probability": np.tile(ends, 2)}
        table = pd.DataFrame(rows | {"count": self._bins.ravel()})
        return table[table["count"] > 0].reset_index(drop=True)

    @property
    def _values(self) -> FloatArray:
        """The probability for which the items of each bin are taken, (m + 1,)."""
        ends = np.concatenate([[0.0], self.thresholds, [1.0]])
        if self.levels:
            return _highest(np.array(self.levels), ends[1:])
        return np.asarray((ends[1:] + ends[:-1]) / 2)

    def _starts(self, bins: int) -> IntArray:
        """The first bin of the grid in each of `bins` of equal width, and the end of the last."""
        edges = np.arange(1, bins) / bins
        if self.levels:
            inner = np.searchsorted(self._values, edges, side="left")
        else:
            inner = self._places(edges) + 1
        return np.concatenate([[0], inner, [len(self.thresholds) + 1]])

    def in_bins(self, bins: int) -> pd.DataFrame:
        """Count the items of each class in bins of equal width.

        Parameters
        ----------
        bins : int
            As in `reliability`.

        Returns
        -------
        DataFrame
            One row per bin and label: label, probability (its middle), count.
        """
        counts = _between(self._bins, self._starts(bins))
        middle = (np.arange(bins) + 0.5) / bins
        rows = {"label": np.repeat([0, 1], bins), "probability": np.tile(middle, 2)}
        return pd.DataFrame(rows | {"count": counts.ravel()})

    def reliability(self, bins: int = 5) -> pd.DataFrame:
        """What was predicted against what was observed, as `reliability_table` tells it.

        Parameters
        ----------
        bins : int
            Of equal width; one holds low < p <= high, the first also 0, and their edges must be
            thresholds of the grid. Of levels, low <= p < high as in `reliability_table`.

        Returns
        -------
        DataFrame
            Columns of `harmlib.analysis.reliability.reliability_table`; mean_probability takes each
            item for the middle of its own bin of the grid, or for its level.
        """
        edges, starts = np.arange(bins + 1) / bins, self._starts(bins)
        safe, hits = _between(self.cells, starts)
        items = safe + hits
        count, in_bin = items.sum(axis=0), (items > 0).sum(axis=0)
        n = np.where(count, count, np.nan)
        share = hits.sum(axis=0) / n
        with np.errstate(invalid="ignore"):  # a bin that lies in one block has no share without it
            without = (hits.sum(axis=0) - hits) / (count - items)
        low, high = jackknife_interval(share, without, units=in_bin)
        mass = self._bins.sum(axis=0) * self._values
        return pd.DataFrame(
            {"low": edges[:-1], "high": edges[1:], "count": count, "groups": in_bin}
            | {"mean_probability": _between(mass, starts) / n, "observed_share": share}
            | {"observed_low": low, "observed_high": high}
        )


def _highest(levels: FloatArray, ends: FloatArray) -> FloatArray:
    """The level in each bin of a grid between levels, by the end of the bin."""
    return np.asarray(levels[np.maximum(np.searchsorted(levels, ends, side="right") - 1, 0)])


def _between(values: NDArray[Any], starts: IntArray) -> NDArray[Any]:
    """Sums along the last axis from each start up to the next one; of nothing 0."""
    edge = np.zeros((*values.shape[:-1], 1), values.dtype)
    sums = np.concatenate([edge, values.cumsum(axis=-1)], axis=-1)
    return np.asarray(np.diff(sums[..., starts], axis=-1))


Samples = Mapping[str, tuple[BlockTable, BlockTable]]  # model: its counts on validation, on test
