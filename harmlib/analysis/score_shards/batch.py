"""A batch of rows of a shard: which are of use, and which groups and sections they belong to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harmlib.analysis.checks import FloatArray, IntArray
from harmlib.analysis.score_shards.counts import Hashes
from harmlib.analysis.score_shards.group_hashes import hashes, rows_alone
from harmlib.analysis.score_shards.refusals import EXAMPLES
from harmlib.analysis.score_shards.rows import Coded, ShardColumns, coded
from harmlib.analysis.score_shards.tally import Tally

Bools = npt.NDArray[np.bool_]


class Batch:
    """Some rows of a shard, and which of them are of use.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
    columns : ShardColumns
        Which column is what.
    file : str
        The shard's name.
    first : int
        Number of the first row, from 1.

    Attributes
    ----------
    kept : ndarray of bool, shape (n,)
        Rows that are of use so far.
    """

    def __init__(self, rows: pa.RecordBatch, columns: ShardColumns, file: str, first: int) -> None:
        self._rows, self.columns, self.file, self.first = rows, columns, file, first
        self.kept = np.ones(len(rows), np.bool_)
        self._coded: dict[str, Coded] = {}

    def column(self, name: str) -> pa.Array:
        """Return a column by its name in the file."""
        return self._rows.column(self._rows.schema.get_field_index(name))

    def coded(self, role: str) -> Coded:
        """Return the column of a role as codes and words."""
        if role not in self._coded:
            self._coded[role] = coded(self.column(self.columns.roles[role]))
        return self._coded[role]

    def refuse(
        self,
        rows: Bools,
        reason: str,
        found: Tally,
        values: Coded | FloatArray | None = None,
        *,
        model: str = "",
    ) -> None:
        """Leave rows out, and record why; a row that is left out already has its reason."""
        at = np.flatnonzero(rows & self.kept)
        if not len(at):
            return
        self.kept[at] = False
        if isinstance(values, Coded):
            shown = [values.words[code] for code in values.codes[at[:EXAMPLES]]]
        else:
            shown = [""] * EXAMPLES if values is None else [f"{v:g}" for v in values[at[:EXAMPLES]]]
        found.refused.add(reason, model, self.file, self.first + at, shown)

    def groups(self) -> Hashes:
        """A hash of each row's group; of its item, or its place, where it has none."""
        found = rows_alone(self.file, self.first, len(self._rows))
        for role in ("item", "group"):
            if role in self.columns.roles:
                found = hashes(self.column(self.columns.roles[role]), found)
        return found

    def sections(self) -> Iterator[tuple[tuple[str, str], Bools | bool]]:
        """Each modality and category, and its rows."""
        roles = [role for role in ("modality", "category") if role in self.columns.roles]
        if not roles:
            yield ("", ""), True
            return
        codes = {role: self.coded(role) for role in roles}
        none = Coded(np.zeros(len(self._rows), np.int64), [""])
        one, two = codes.get("modality", none), codes.get("category", none)
        pairs: IntArray = one.codes * len(two.words) + two.codes
        for pair in np.unique(pairs):
            first, second = divmod(int(pair), len(two.words))
            yield (one.words[first], two.words[second]), pairs == pair
