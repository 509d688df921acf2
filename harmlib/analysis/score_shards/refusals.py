"""Rows that can't be counted: how many for each reason, and where the first ones are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

EXAMPLES = 3  # of each reason that are named
REFUSED_COLUMNS = ("reason", "model", "rows", "first_file", "first_row", "examples")


@dataclass
class Refusals:
    """Counts of rows by reason and model; the same for shards in any order.

    Attributes
    ----------
    counts : dict of (reason, model) to int
        The model is empty where a row is of no use to any.
    examples : dict of (reason, model) to list of (file, row, value)
        The first by name of file and number of row, which counts from 1; at most `EXAMPLES`.

    Examples
    --------
    >>> refused = Refusals()
    >>> refused.add("no score", "api", "b.parquet", np.array([7, 9]), ["", ""])
    >>> refused.add("no score", "api", "a.parquet", np.array([2]), [""])
    >>> refused.table()[["reason", "rows", "first_file", "first_row"]]
         reason  rows first_file  first_row
    0  no score     3  a.parquet          2
    """

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    examples: dict[tuple[str, str], list[tuple[str, int, str]]] = field(default_factory=dict)

    def add(
        self,
        reason: str,
        model: str,
        file: str,
        rows: npt.NDArray[np.int64],
        values: Iterable[str],
    ) -> None:
        """Count the rows of a file; `values` says what stands in the first of them."""
        if len(rows):
            first = zip(rows[:EXAMPLES].tolist(), values, strict=False)
            self._take((reason, model), len(rows), [(file, row, value) for row, value in first])

    def merge(self, other: Refusals) -> None:
        """Add another's."""
        for key, count in other.counts.items():
            self._take(key, count, other.examples[key])

    def _take(self, key: tuple[str, str], count: int, examples: list[tuple[str, int, str]]) -> None:
        self.counts[key] = self.counts.get(key, 0) + count
        known = sorted({*self.examples.get(key, []), *examples})
        self.examples[key] = known[:EXAMPLES]

    def table(self) -> pd.DataFrame:
        """Return a row for each reason and model, `REFUSED_COLUMNS`, the most frequent first."""
        rows = []
        for (reason, model), count in sorted(self.counts.items(), key=lambda one: (-one[1], one)):
            named = self.examples[reason, model]
            shown = "; ".join(f"{file}:{row} {value}".rstrip() for file, row, value in named)
            rows.append((reason, model, count, *named[0][:2], shown))
        return pd.DataFrame(rows, columns=list(REFUSED_COLUMNS))
