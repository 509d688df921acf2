"""The sweep for scores that come in shards: count each shard, merge in any order, sweep once.

`ScoreCounts` keeps every distinct score, so it gives every attainable threshold; it needs memory
for the distinct scores. `GridCounts` keeps four counts a threshold of a grid chosen beforehand,
however many scores pass by. Both are exact, and merging is associative and commutative.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harmlib.analysis.thresholds import (
    attainable_thresholds,
    count_below,
    rates_table,
    sweep,
)


@dataclass(frozen=True)
class ScoreCounts:
    """How many harmful and safe items have each score.

    scores: (k,) float32 or float64, strictly ascending. harmful, safe: (k,) int64, >= 0.
    """

    scores: np.ndarray
    harmful: np.ndarray
    safe: np.ndarray

    @classmethod
    def of(cls, labels, scores) -> "ScoreCounts":
        """Count one shard; arguments and errors as `sweep`."""
        distinct, fn, tn = count_below(labels, scores)
        return cls(distinct, np.diff(fn), np.diff(tn))

    def merge(self, other: "ScoreCounts") -> "ScoreCounts":
        """The counts of both shards together. float32 and float64 scores merge as float64."""
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
        """The table that `harmlib.analysis.thresholds.sweep` gives for all shards at once."""
        fn, tn = (np.append(0, np.cumsum(count)) for count in (self.harmful, self.safe))
        return rates_table(attainable_thresholds(self.scores), fn[-1] - fn, tn[-1] - tn, fn, tn)


@dataclass(frozen=True)
class GridCounts:
    """The confusion counts at each threshold of a grid.

    thresholds: (m,) float64, strictly ascending. counts: (4, m) int64, rows tp, fp, fn, tn.
    """

    thresholds: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, labels, scores, thresholds) -> "GridCounts":
        """Count one shard at the grid; arguments and errors as `sweep`."""
        table = sweep(labels, scores, thresholds)
        counts = table[["tp", "fp", "fn", "tn"]].to_numpy().T
        return cls(table["threshold"].to_numpy(), counts)

    def merge(self, other: "GridCounts") -> "GridCounts":
        """The counts of both shards together. Raises ValueError if their grids differ."""
        if not np.array_equal(self.thresholds, other.thresholds):
            raise ValueError(
                f"shards were counted at different thresholds ({self.thresholds.size} from "
                f"{self.thresholds[0]} to {self.thresholds[-1]}, {other.thresholds.size} from "
                f"{other.thresholds[0]} to {other.thresholds[-1]}): count them at one grid"
            )
        return GridCounts(self.thresholds, self.counts + other.counts)

    def sweep(self) -> pd.DataFrame:
        """The table that `harmlib.analysis.thresholds.sweep` gives for all shards at this grid."""
        return rates_table(self.thresholds, *self.counts)
