"""Files that are nearly the same and lie on both sides of a line that they should not cross.

A test item with a twin in training or validation isn't new to the classifier. Equal files can't be
torn apart (`harmlib.media.splits.join_duplicates`); nearly equal ones can, if nobody named their
common source as their group. Two rules find them:

- hash: the perceptual hashes (`harmlib.media.perceptual_hash`) differ in few bits. Of a video the
  mean over the frames that both have; these must be half of those of the longer one.
- cosine: the vectors of trained backbones, standardised (each dimension less its mean over the
  items, divided by its standard deviation, as the classifier gets them), point the same way. Raw
  vectors of a backbone all point nearly the same way.

Every item is compared with every one across the line, in blocks of bounded size: memory grows with
the items, time with their square, up to `max_comparisons`. Beyond that only some items are
compared with all others: those of test first, in an order that their content alone decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.likeness import BITS, Ints, Matrix, Rule, cosine_rule, hash_rule

PAIR_COLUMNS = (
    "item_a", "item_b", "split_a", "split_b", "label_a", "label_b", "group_a", "group_b",
    "hash_distance", "cosine", "rule",
)  # fmt: skip
SEARCH_COLUMNS = (
    "rule", "state", "threshold", "backbones", "items", "comparable", "compared", "comparisons",
    "pairs",
)  # fmt: skip
KEPT_PER_ITEM = 5  # nearest partners of equal label, and as many of the other
_ORDER = {"test": 0, "val": 1, "train": 2}
_ROWS, _COLUMNS = 512, 8192  # of a block: 16 MB of float32


def near_duplicates(
    items: pd.DataFrame,
    vectors: npt.NDArray[np.float32] | None,
    *,
    hash_distance: int | None,
    cosine: float | None,
    max_comparisons: int,
    across_groups: bool,
    backbones: str = "",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find pairs of items that are nearly the same.

    Parameters
    ----------
    items : DataFrame
        Columns item_id, split, label, group, sha256, perceptual_hash and unit (the name of the
        items that are never torn apart: no pair lies within one).
    vectors : ndarray of float32, shape (n, d), or None
        Of trained backbones, by row of `items`; None where there are none: the cosine of
        untrained ones means nothing.
    hash_distance, cosine : int, float or None
        The thresholds; None leaves the rule out.
    max_comparisons : int
        Of each rule.
    across_groups : bool
        Pairs of any two units, as folds may tear them apart; else only of two splits.
    backbones : str
        Which ones made the vectors; told in the table.

    Returns
    -------
    pairs : DataFrame
        PAIR_COLUMNS: of different labels first, then the nearest first. item_a is of the split
        that is judged, where one of the two is. Each item keeps its KEPT_PER_ITEM nearest partners
        of each label; every item that has a partner is in some pair.
    search : DataFrame
        SEARCH_COLUMNS, one row per rule. state is "searched", "bounded" (by `max_comparisons`),
        "untrained" (no trained backbone), "no hash" or "off"; compared is how many of the
        comparable items were compared with all others, pairs how many were found.

    Examples
    --------
    >>> items = pd.DataFrame({"item_id": list("abc"), "split": ["train", "test", "test"],
    ...     "label": [0, 1, 1], "group": list("abc"), "unit": list("abc"), "sha256": list("abc"),
    ...     "perceptual_hash": ["0" * 64, "0" * 63 + "1", "f" * 64]})
    >>> pairs, search = near_duplicates(items, None, hash_distance=31, cosine=0.95,
    ...                                 max_comparisons=10**6, across_groups=False)
    >>> pairs[["item_a", "item_b", "hash_distance", "rule"]]
      item_a item_b  hash_distance  rule
    0      b      a            1.0  hash
    >>> search[["rule", "state", "pairs"]]
         rule      state  pairs
    0    hash   searched      1
    1  cosine  untrained      0
    """
    ordered = items.assign(rank=items["split"].map(_ORDER)).sort_values(["rank", "sha256"])
    places = items.index.get_indexer(ordered.index)
    rules: dict[str, Rule] = {}
    if hash_distance is not None and (ordered["perceptual_hash"] != "").any():
        rules["hash"] = hash_rule(ordered["perceptual_hash"], hash_distance)
    if cosine is not None and vectors is not None:
        rules["cosine"] = cosine_rule(vectors[places], cosine)
    states = {
        "hash": "off" if hash_distance is None else "no hash",
        "cosine": "off" if cosine is None else "untrained",
    }
    thresholds = {"hash": hash_distance, "cosine": cosine}
    found, searched = [], []
    for name in ("hash", "cosine"):
        told: dict[str, Any] = {"rule": name, "state": states[name], "threshold": thresholds[name]}
        told |= {"backbones": backbones if name == "cosine" else "", "items": len(items)}
        if name in rules:
            search = _Search(ordered, rules[name], across_groups)
            found.append(search.run(max_comparisons))
            told |= search.told
        searched.append(told)
    search_table = pd.DataFrame(searched, columns=list(SEARCH_COLUMNS))
    counts = ["comparable", "compared", "comparisons", "pairs"]
    search_table[counts] = search_table[counts].fillna(0).astype("int64")
    return _pair_table(ordered, rules, found), search_table


class _Search:
    """One rule's pass over all items, which are in the order of their splits."""

    def __init__(self, ordered: pd.DataFrame, rule: Rule, across_groups: bool) -> None:
        self.rule, self.across_groups = rule, across_groups
        self.unit = pd.factorize(ordered["unit"])[0]
        self.label = ordered["label"].to_numpy()
        rank = ordered["rank"].to_numpy()
        # Where the items begin that a row is compared with: what lies before has met it already
        count = np.arange(len(rank))
        self.first = count + 1 if across_groups else np.searchsorted(rank, rank, side="right")
        self.best = np.full(len(rank), -np.inf, np.float32)  # of each item as the second of a pair
        self.best_of = np.full(len(rank), -1)
        self.told: dict[str, Any] = {}

    def run(self, max_comparisons: int) -> tuple[Ints, Ints]:
        """Return the pairs that are kept, as places in the order."""
        n = len(self.unit)
        kept, pairs, comparisons, done = [], 0, 0, 0
        for rows in _blocks(0, n, _ROWS):
            own = n - self.first[rows]
            if comparisons + own.sum() > max_comparisons:
                rows = slice(
                    rows.start, rows.start + _affordable(own, max_comparisons - comparisons)
                )
                own = n - self.first[rows]
            i, j, likeness = self._near(rows)
            pairs += len(i)
            kept.append(self._nearest(i, j, likeness))
            comparisons, done = comparisons + int(own.sum()), rows.stop
            if done < min(n, rows.start + _ROWS):
                break
        can = self.rule.comparable
        is_whole = bool((self.first[done:] >= n).all())
        self.told = {
            "state": "searched" if is_whole else "bounded", "comparable": int(can.sum()),
            "compared": int(can.sum() if is_whole else can[:done].sum()),
            "comparisons": comparisons, "pairs": pairs,
        }  # fmt: skip
        second = np.flatnonzero(self.best_of >= 0)
        i = np.concatenate([*(one[0] for one in kept), self.best_of[second]])
        j = np.concatenate([*(one[1] for one in kept), second])
        return i.astype(np.int64), j.astype(np.int64)

    def _near(self, rows: slice) -> tuple[Ints, Ints, Matrix]:
        """All near pairs of a block of rows with what they are compared with."""
        found = []
        for columns in _blocks(
            int(self.first[rows].min(initial=len(self.unit))), len(self.unit), _COLUMNS
        ):
            i, j, likeness = self.rule.near(rows, columns)
            i, j = i + rows.start, j + columns.start
            apart = (self.unit[i] != self.unit[j]) & (j >= self.first[i])
            found.append((i[apart], j[apart], likeness[apart]))
            self._remember(*found[-1])
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
        i, j, likeness = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return i, j, likeness

    def _remember(self, i: Ints, j: Ints, likeness: Matrix) -> None:
        """Keep the best partner of each second item: no item that has one may be lost."""
        order = np.argsort(likeness, kind="stable")  # the last write of an item is its best
        i, j, likeness = i[order], j[order], likeness[order]
        better = likeness > self.best[j]
        self.best[j[better]], self.best_of[j[better]] = likeness[better], i[better]

    def _nearest(self, i: Ints, j: Ints, likeness: Matrix) -> tuple[Ints, Ints]:
        """The KEPT_PER_ITEM nearest of each first item, of either label."""
        order = np.lexsort((j, -likeness, self.label[i] != self.label[j], i))
        i, j = i[order], j[order]
        key = 2 * i + (self.label[i] != self.label[j])
        starts = np.searchsorted(key, key, side="left")
        keep = np.arange(len(key)) - starts < KEPT_PER_ITEM
        return i[keep], j[keep]


def _blocks(start: int, stop: int, size: int) -> Iterator[slice]:
    for low in range(start, stop, size):
        yield slice(low, min(low + size, stop))


def _affordable(costs: Ints, budget: int) -> int:
    """How many items can be compared with all others, in their order."""
    return int(np.searchsorted(np.cumsum(costs), budget, side="right"))


def _pair_table(
    ordered: pd.DataFrame, rules: dict[str, Rule], found: list[tuple[Ints, Ints]]
) -> pd.DataFrame:
    """PAIR_COLUMNS of the pairs that any rule found, each once."""
    n = len(ordered)
    keys = np.unique(np.concatenate([np.empty(0, np.int64), *(i * n + j for i, j in found)]))
    i, j = keys // n, keys % n
    table = pd.DataFrame(
        {
            f"{name}_{side}": ordered[column].to_numpy()[at]
            for name, column in (
                ("item", "item_id"),
                *((c, c) for c in ("split", "label", "group")),
            )
            for side, at in (("a", i), ("b", j))
        }
    )
    measured = {name: rule.measured(i, j) for name, rule in rules.items()}
    table["hash_distance"] = measured.get("hash", np.full(len(i), np.nan))
    table["cosine"] = measured.get("cosine", np.full(len(i), np.nan))
    by_hash = table["hash_distance"] <= rules["hash"].threshold if "hash" in rules else False
    by_cosine = table["cosine"] >= rules["cosine"].threshold - 1e-6 if "cosine" in rules else False
    table["rule"] = np.select([by_hash & by_cosine, by_cosine], ["both", "cosine"], "hash")
    same = table["label_a"] == table["label_b"]
    bits = table["hash_distance"].fillna(BITS)
    order = np.lexsort((table["item_b"], table["item_a"], -table["cosine"].fillna(-1), bits, same))
    return table.iloc[order].reset_index(drop=True)[list(PAIR_COLUMNS)]
