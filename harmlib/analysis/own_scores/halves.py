"""Two halves of the items: one to choose thresholds on, one to judge them on."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray

HALVES: tuple[Literal["val"], Literal["test"]] = ("val", "test")


def halves(items: pd.DataFrame, seed: int) -> pd.Series:
    """Give each group a half: each class as evenly as groups allow.

    Parameters
    ----------
    items : DataFrame
        Columns group, label (0/1), and section: each section is balanced by itself, but a group
        that is in several sections is in one half everywhere.
    seed : int
        Another seed gives other halves.

    Returns
    -------
    Series of str
        ``val`` or ``test``, by the group's name. It depends on the seed and on the names of the
        groups, not on the order of the rows.

    Examples
    --------
    >>> items = pd.DataFrame({"group": list("aabbccdd"), "label": [1, 0] * 4, "section": "all"})
    >>> halves(items, seed=1).value_counts().to_dict()
    {'val': 2, 'test': 2}
    """
    of_group, names = pd.factorize(items["group"].astype("str"), sort=True)
    kinds = items.groupby(["section", "label"], observed=True).ngroup().to_numpy()
    counts = np.zeros((len(names), kinds.max() + 1))
    np.add.at(counts, (of_group, kinds), 1)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    half = np.empty(len(names), dtype=np.int64)
    half[shuffled] = _assign(counts[shuffled])
    return pd.Series(half, index=names).map(dict(enumerate(HALVES)))


def _assign(counts: FloatArray) -> npt.NDArray[np.int64]:
    """Groups that are alike go to the halves in turn; each odd one where it fits better."""
    of_kind = np.zeros(len(counts), np.int64)
    for column in counts.T:  # `np.unique` of whole rows takes seconds for a million
        of_kind = pd.factorize(of_kind * int(column.max() + 1) + column.astype(np.int64))[0]
    sizes = np.bincount(of_kind)
    turn = pd.Series(of_kind).groupby(of_kind).cumcount().to_numpy()
    half: npt.NDArray[np.int64] = turn % 2
    wished = np.maximum(counts.sum(axis=0) / 2, 1.0)
    filled = np.zeros((2, counts.shape[1]))  # what the odd ones add: the others are even
    odd = np.flatnonzero((turn == sizes[of_kind] - 1) & (turn % 2 == 0))
    for i in odd[np.argsort(-counts[odd].sum(axis=1), kind="stable")]:
        row = counts[i]
        then = (((filled + row) / wished) ** 2).sum(axis=1) - ((filled / wished) ** 2).sum(axis=1)
        half[i] = int(then.argmin())
        filled[half[i]] += row
    return half
