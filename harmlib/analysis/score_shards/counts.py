"""How many items of each class lie in each bin and block of groups: what shards are merged into."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import IntArray
from harmlib.analysis.own_scores.halves import HALVES, halves

Hashes = npt.NDArray[np.uint64]
Key = tuple[str, str, str]  # modality, category, model
Split = Literal["val", "test"]
BLOCKS = 128  # of groups, in each split: what the jackknife leaves out at a time


class ShardCounts:
    """Counts of shards, of a size that doesn't depend on the number of rows or groups.

    Groups are known by a hash of their names. As long as there are no more of them than blocks,
    each is a block of its own; with more, the hash deals them into the blocks. Which of both is
    decided by the set of groups alone, so shards may be counted in any order and partition, and
    merged.

    Parameters
    ----------
    has_splits : bool
        Whether rows say their split. If not, whole blocks are dealt into two halves at the end.

    Attributes
    ----------
    cells : dict of Key to ndarray of int64, shape (splits, 2, blocks, bins)
        Validation and test (or one for both), safe and harmful.

    Examples
    --------
    >>> def of_shard(groups):
    ...     counts = ShardCounts(has_splits=True)
    ...     slots = counts.slots(np.array(groups, np.uint64))
    ...     zeros = np.zeros(len(groups), np.int64)
    ...     counts.add(("", "", "api"), 3, zeros, zeros, slots, bins=zeros + 2)
    ...     return counts
    >>> merged = of_shard([7, 9]).merge(of_shard([9]))
    >>> merged.of_split(merged.cells["", "", "api"], "val", seed=0)[0].tolist()
    [[0, 0, 1], [0, 0, 2]]
    """

    def __init__(self, *, has_splits: bool) -> None:
        self.has_splits = has_splits
        self.most = BLOCKS if has_splits else 2 * BLOCKS
        self.groups: dict[int, int] | None = {}  # hash -> slot; None: dealt by the hash
        self.cells: dict[Key, IntArray] = {}

    def slots(self, hashes: Hashes) -> IntArray:
        """Return the slot of each group, by the hash of its name; new ones get one.

        Parameters
        ----------
        hashes : ndarray of uint64, shape (g,)
            Of the groups of some rows.

        Returns
        -------
        ndarray of int64, shape (g,)
            They hold until the next call.
        """
        if self.groups is not None:
            distinct = pd.unique(hashes)
            for one in distinct[: self.most + 1].tolist():
                self.groups.setdefault(one, len(self.groups))
            if max(len(self.groups), len(distinct)) > self.most:
                self._deal()
        if self.groups is None:
            return (hashes % np.uint64(self.most)).astype(np.int64)
        codes, distinct = pd.factorize(hashes)
        own = np.array([self.groups[one] for one in distinct.tolist()], np.int64)
        return own[codes] if len(own) else np.zeros(0, np.int64)

    def add(
        self,
        key: Key,
        n_bins: int,
        splits: IntArray,
        labels: IntArray,
        slots: IntArray,
        *,
        bins: IntArray,
    ) -> None:
        """Count rows.

        Parameters
        ----------
        key : Key
            What the rows are of.
        n_bins : int
            Bins of the key's grid; the same at each call.
        splits, labels, slots, bins : ndarray of int64, shape (n,)
            0 for validation and 1 for test (0 where rows have no split); 0 or 1; as `slots` returns
            them; from 0.
        """
        cells = self.cells.get(key)
        if cells is None:
            shape = (1 + self.has_splits, 2, self.most, n_bins)
            cells = self.cells[key] = np.zeros(shape, np.int64)
        flat = ((splits * 2 + labels) * self.most + slots) * n_bins + bins
        np.add.at(cells.reshape(-1), flat, 1)

    def merge(self, other: ShardCounts) -> ShardCounts:
        """Add another's counts to these, and return these; `other` may be dealt into blocks."""
        if self.groups is not None and other.groups is not None:
            for one in other.groups:
                self.groups.setdefault(one, len(self.groups))
            if len(self.groups) > self.most:
                # Slots beyond the last one hold nothing yet: they are dealt with the others
                self._deal()
        if self.groups is None or other.groups is None:
            self._deal()
            other._deal()
        place: slice | IntArray = slice(None)
        if self.groups is not None and other.groups is not None:
            place = np.array([self.groups[one] for one in other.groups], np.int64)
        for key, theirs in other.cells.items():
            mine = self.cells.setdefault(key, np.zeros_like(theirs))
            filled = theirs if other.groups is None else theirs[:, :, : len(other.groups)]
            mine[:, :, place] += filled
        return self

    def _deal(self) -> None:
        """Deal named groups into the blocks by their hashes."""
        if self.groups is None:
            return
        for key, cells in self.cells.items():
            dealt = np.zeros_like(cells)
            for one, slot in self.groups.items():
                if slot < self.most:
                    dealt[:, :, one % self.most] += cells[:, :, slot]
            self.cells[key] = dealt
        self.groups = None

    @property
    def n_groups(self) -> int | None:
        """How many groups there are; None where they are too many to be known by name."""
        return None if self.groups is None else len(self.groups)

    def of_split(self, cells: IntArray, split: Split, seed: int) -> IntArray:
        """Take the counts of a split, by block.

        Parameters
        ----------
        cells : ndarray of int64, shape (splits, 2, blocks, bins)
            Of `cells`, or a sum of some.
        split : {"val", "test"}
        seed : int
            Decides the halves, where rows don't say their split.

        Returns
        -------
        ndarray of int64, shape (2, blocks, bins)
            Safe and harmful; blocks in the order of their hashes, the same for all cells.
        """
        order = self._order()
        at = HALVES.index(split)
        if self.has_splits:
            return np.asarray(cells[at][:, order])
        return np.asarray(cells[0][:, order[self._half(order, seed) == at]])

    def _order(self) -> IntArray:
        if self.groups is None:
            return np.arange(self.most)
        return np.array([self.groups[one] for one in sorted(self.groups)], np.int64)

    def _half(self, order: IntArray, seed: int) -> IntArray:
        """The half of each slot of `order`, 0 or 1."""
        if self.groups is None:  # equally many blocks in each
            return np.random.default_rng(seed).permutation(self.most) % 2
        held = sum(cells[0].any(axis=-1) for cells in self.cells.values())  # (2, slots)
        label, slot = np.nonzero(held[:, order])
        items = pd.DataFrame({"group": [f"{i:03d}" for i in slot], "label": label, "section": ""})
        found = halves(items, seed).map(HALVES.index)
        of_slots = found.reindex([f"{i:03d}" for i in range(len(order))]).fillna(0)
        return np.asarray(of_slots, np.int64)
