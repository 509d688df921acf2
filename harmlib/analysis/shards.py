"""The sweep for scores that come in shards: count each shard, merge in any order, sweep once.

`ScoreCounts` keeps every distinct score, so it gives every attainable threshold; it needs memory
for the distinct scores. `GridCounts` keeps four counts per threshold of a grid chosen beforehand,
however many scores pass by. Both are exact, and merging is associative and commutative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, Scores
from harmlib.analysis.rates import COUNTS, rates_table
from harmlib.analysis.thresholds import attainable_thresholds, count_below, sweep

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScoreCounts:
    """How many harmful and safe items have each score.

    Parameters
    ----------
    scores : ndarray of float32 or float64, shape (k,)
        Strictly ascending.
    harmful, safe : ndarray of int64, shape (k,)
        Items with that score, not negative.

    Examples
    --------
    >>> first = ScoreCounts.of([0, 1], [0.25, 0.75])
    >>> merged = first.merge(ScoreCounts.of([1], [0.25]))
    >>> merged.scores.tolist(), merged.harmful.tolist(), merged.safe.tolist()
    ([0.25, 0.75], [1, 1], [1, 0])
    >>> merged.sweep()[["threshold", "tp", "fp", "fn", "tn"]]
       threshold  tp  fp  fn  tn
    0        0.0   2   1   0   0
    1        0.5   1   0   1   1
    2        1.0   0   0   2   1
    """

    scores: Scores
    harmful: IntArray
    safe: IntArray

    @classmethod
    def of(cls, labels: npt.ArrayLike, scores: npt.ArrayLike) -> ScoreCounts:
        """Count one shard; arguments and errors as in `sweep` of `thresholds`."""
        distinct, fn, tn = count_below(labels, scores)
        return cls(distinct, np.diff(fn), np.diff(tn))

    def merge(self, other: ScoreCounts) -> ScoreCounts:
        """Add another shard. float32 and float64 scores merge as float64."""
        scores = np.concatenate((self.scores, other.scores))
        order = np.argsort(scores, kind="stable")  # two sorted runs: merged in one pass
        scores = scores[order]
        start = np.flatnonzero(np.append(True, scores[1:] != scores[:-1]))
        harmful = np.concatenate((self.harmful, other.harmful))[order]
        safe = np.concatenate((self.safe, other.safe))[order]
        return ScoreCounts(
            scores[start], np.add.reduceat(harmful, start), np.add.reduceat(safe, start)
        )

    def sweep(self) -> pd.DataFrame:
        """Make the table that `sweep` of `thresholds` makes of all shards at once."""
        fn, tn = (np.append(0, np.cumsum(count)) for count in (self.harmful, self.safe))
        return rates_table(attainable_thresholds(self.scores), fn[-1] - fn, tn[-1] - tn, fn, tn)


@dataclass(frozen=True)
class GridCounts:
    """The confusion counts at each threshold of a grid.

    Parameters
    ----------
    thresholds : ndarray of float64, shape (m,)
        Strictly ascending.
    counts : ndarray of int64, shape (4, m)
        tp, fp, fn, tn.

    Examples
    --------
    >>> first = GridCounts.of([0, 1], [0.25, 0.75], [0.5])
    >>> first.merge(GridCounts.of([1], [0.25], [0.5])).counts.tolist()
    [[1], [0], [1], [1]]
    """

    thresholds: FloatArray
    counts: IntArray

    @classmethod
    def of(
        cls, labels: npt.ArrayLike, scores: npt.ArrayLike, thresholds: npt.ArrayLike
    ) -> GridCounts:
        """Count one shard at the grid; arguments and errors as in `sweep` of `thresholds`."""
        table = sweep(labels, scores, thresholds)
        return cls(table["threshold"].to_numpy(), table[list(COUNTS)].to_numpy().T)

    def merge(self, other: GridCounts) -> GridCounts:
        """Add another shard. Raises ValueError if the grids differ."""
        if not np.array_equal(self.thresholds, other.thresholds):
            raise ValueError(
                f"shards were counted at different thresholds ({self.thresholds.size} from "
                f"{self.thresholds[0]} to {self.thresholds[-1]}, {other.thresholds.size} from "
                f"{other.thresholds[0]} to {other.thresholds[-1]}): count them at one grid"
            )
        return GridCounts(self.thresholds, self.counts + other.counts)

    def sweep(self) -> pd.DataFrame:
        """Make the table that `sweep` of `thresholds` makes of all shards at this grid."""
        return rates_table(self.thresholds, *self.counts)
