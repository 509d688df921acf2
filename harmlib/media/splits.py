"""Split items into training, validation and test: stratified, groups kept together."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from harmlib.media.categories import has_category

SPLITS = ("train", "val", "test")
GROUP_WEIGHT = 0.3  # against 1 for each class: item counts first, variety second


class SplitError(ValueError):
    """The items can't be split as asked; the message says what is missing."""


def content_order(sha256: pd.Series, seed: int) -> pd.Series:
    """Return a seeded, random-looking text for each content, by which to sort items.

    Parameters
    ----------
    sha256 : Series of str
        Content hashes.
    seed : int
        Another seed gives another order.

    Returns
    -------
    Series of str
        64 hexadecimal digits, with the index of `sha256`. They depend on the content and the
        seed, never on the file's name.

    Examples
    --------
    >>> content_order(pd.Series(["aa", "bb"]), seed=1).str[:8].tolist()
    ['5fae5a1f', 'b298f020']
    """
    return sha256.map(lambda sha: hashlib.sha256(f"{seed}:{sha}".encode()).hexdigest())


def subsample_to_ratio(items: pd.DataFrame, ratio: float, seed: int) -> pd.Series:
    """Choose the items to keep so that harmful : safe comes nearest to `ratio` : 1.

    Only the class with a surplus loses items; which ones depends on seed and content alone.

    Parameters
    ----------
    items : DataFrame
        Columns label (0/1) and sha256.
    ratio : float
        Harmful items per safe item, above 0.
    seed : int
        Decides which items of the surplus are left out.

    Returns
    -------
    Series of bool
        True for the items to keep, with the index of `items`.

    Raises
    ------
    SplitError
        If no item of a class would be left.

    Examples
    --------
    >>> items = pd.DataFrame({"label": [1, 1, 1, 0], "sha256": ["aa", "bb", "cc", "dd"]})
    >>> subsample_to_ratio(items, 2.0, seed=1).tolist()
    [True, True, False, True]
    """
    labels = items["label"].to_numpy()
    harmful, safe = int(labels.sum()), int((1 - labels).sum())
    surplus_label = 1 if harmful > ratio * safe else 0
    keep_count = round(ratio * safe) if surplus_label else round(harmful / ratio)
    if keep_count < 1:
        raise SplitError(
            f"no item would be left at the ratio {ratio}:1 of {harmful} harmful and {safe} safe "
            "items; choose a ratio nearer to that of the data"
        )
    surplus = items[items["label"] == surplus_label]
    order = content_order(surplus["sha256"], seed).sort_values(kind="stable")
    keep = pd.Series(True, index=items.index)
    keep[order.index[keep_count:]] = False
    return keep


def join_duplicates(items: pd.DataFrame) -> pd.Series:
    """Name groups so that items of one group, and items of equal content, are together.

    Parameters
    ----------
    items : DataFrame
        Columns sha256 and group (None or NaN: the item has no group).

    Returns
    -------
    Series of str
        The name of each item's joined group, with the index of `items`: the smallest of the
        names `group:…` and `sha:…` that it joins, so that it doesn't depend on the rows' order.

    Examples
    --------
    >>> items = pd.DataFrame({"sha256": ["aa", "aa", "bb"], "group": [None, "cam1", "cam1"]})
    >>> join_duplicates(items).tolist()
    ['group:cam1', 'group:cam1', 'group:cam1']
    """
    contents = [f"sha:{sha}" for sha in items["sha256"]]
    groups = [
        f"group:{group}" if pd.notna(group) else content
        for group, content in zip(items["group"], contents, strict=True)
    ]
    nodes, names = pd.factorize(np.array(contents + groups, dtype=object), sort=True)
    content_nodes, group_nodes = nodes.reshape(2, len(items))
    links = scipy.sparse.coo_array(
        (np.ones(len(items)), (content_nodes, group_nodes)), shape=(len(names), len(names))
    )
    _, components = scipy.sparse.csgraph.connected_components(links, directed=False)
    _, firsts = np.unique(components, return_index=True)  # the names are sorted
    return pd.Series(names[firsts[components[content_nodes]]], index=items.index)


def assign_splits(
    items: pd.DataFrame,
    val_fraction: float,
    test_fraction: float,
    seed: int,
    categories: Sequence[str] = (),
) -> pd.Series:
    """Give every item of one modality a split.

    Whole groups go, roughly the largest first, to the split that then lies nearest to its wished
    counts of safe items, harmful items and groups (without the groups, a few large ones would
    fill test and leave it little variety). The order depends on the seed and the content only.
    Items with a given split keep it, and their group follows them.

    Parameters
    ----------
    items : DataFrame
        Columns path, label (0/1), sha256, group, split (one of `SPLITS`, or None).
    val_fraction, test_fraction : float
        Shares of the items, in (0, 1), together below 1; training gets the rest.
    seed : int
        Another seed gives other splits.
    categories : sequence of str
        Each is spread over the splits as the classes are; `items` then has a column category.

    Returns
    -------
    Series of str
        One of `SPLITS` for each item, with the index of `items`.

    Raises
    ------
    SplitError
        If a group is given two splits, or if a split would lack a class or a category.

    Examples
    --------
    >>> contents = [hashlib.sha256(bytes([i])).hexdigest() for i in range(20)]
    >>> items = pd.DataFrame({"sha256": contents, "label": [0, 1] * 10, "path": contents})
    >>> items = items.assign(group=None, split=None)
    >>> assign_splits(items, 0.2, 0.2, seed=1).value_counts()[list(SPLITS)].tolist()
    [12, 4, 4]
    """
    unit = join_duplicates(items)
    given = items["split"].astype(object).where(items["split"].notna(), None)
    _require_one_split_each(items, unit, given)
    counts = group_counts(items, unit, categories)
    fractions = np.array([1 - val_fraction - test_fraction, val_fraction, test_fraction])
    wished = fractions[:, None] * counts.sum().to_numpy()[None, :]  # (3 splits, counts)
    filled = np.zeros_like(wished)
    chosen = given.groupby(unit).first().to_dict()
    free = [name for name in _filling_order(items, unit, seed) if chosen[name] is None]
    for name, split in chosen.items():
        if split is not None:
            filled[SPLITS.index(split)] += counts.loc[name].to_numpy()
    for name in free:
        best = int(np.argmin(_misfit(filled, wished, counts.loc[name].to_numpy())))
        filled[best] += counts.loc[name].to_numpy()
        chosen[name] = SPLITS[best]
    final = give_lacking_classes(pd.Series(chosen), counts, free[::-1], SPLITS)
    _require_all_classes(final, counts)
    return unit.map(final)


def _require_one_split_each(items: pd.DataFrame, unit: pd.Series, given: pd.Series) -> None:
    clash = given.groupby(unit).nunique() > 1
    if clash.any():
        names = items[unit.isin(clash.index[clash])]
        examples = ", ".join(map(str, names["path"].head(4)))
        raise SplitError(
            f"{int(clash.sum())} group(s) are given in several splits (e.g. {examples}): "
            "items of one source or of equal content must stay together. "
            "Correct the CSV's split column, or leave it empty"
        )


def group_counts(
    items: pd.DataFrame, unit: pd.Series, categories: Sequence[str] = ()
) -> pd.DataFrame:
    """Count the safe and harmful items of each group, those of each category, and the group itself.

    Parameters
    ----------
    items : DataFrame
        Column label (0/1); with `categories` also category, as the manifest holds it.
    unit : Series of str
        The name of each item's group, with the index of `items`.
    categories : sequence of str
        Those to count.

    Returns
    -------
    DataFrame
        One row per group: safe, harmful, ``category 'gun'`` and so on, groups (always 1).

    Examples
    --------
    >>> group_counts(pd.DataFrame({"label": [1, 0, 1]}), pd.Series(["a", "a", "b"]))
       safe  harmful  groups
    a     1        1       1
    b     0        1       1
    """
    labels = items["label"].groupby(unit)
    counts = pd.DataFrame({"safe": labels.size() - labels.sum(), "harmful": labels.sum()})
    for category in categories:
        has = has_category(items["category"], category)
        counts[f"category {category!r}"] = has.groupby(unit).sum()
    return counts.assign(groups=1)


def _filling_order(items: pd.DataFrame, unit: pd.Series, seed: int) -> pd.Index:
    """Order the groups by size, times up to two either way, so that seeds give other splits."""
    first = items["sha256"].groupby(unit).min()
    jitter = content_order(first, seed).map(lambda digest: 4.0 ** (int(digest[:8], 16) / 2**32))
    sizes = items["label"].groupby(unit).size()
    return (sizes * jitter).sort_values(ascending=False, kind="stable").index


def _misfit(
    filled: npt.NDArray[np.float64], wished: npt.NDArray[np.float64], group: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return how badly the three splits would fit if `group` joined each in turn, shape (3,).

    Counts are those of `group_counts`, the groups last.

    Squared error relative to the wished counts, so that a small class weighs as much as a large.
    """
    weights = np.ones(wished.shape[1])
    weights[-1] = GROUP_WEIGHT
    scale = np.maximum(wished, 1.0) / weights
    now: npt.NDArray[np.float64] = (((filled - wished) / scale) ** 2).sum(axis=1)
    then: npt.NDArray[np.float64] = (((filled + group - wished) / scale) ** 2).sum(axis=1)
    return then - now


def give_lacking_classes(
    chosen: pd.Series, counts: pd.DataFrame, free: Iterable[str], parts: Iterable[Hashable]
) -> pd.Series:
    """Give each part that lacks a class the first group that another part can spare.

    A part can spare a group if it keeps every class that it has.

    Parameters
    ----------
    chosen : Series
        The part of each group, by the group's name.
    counts : DataFrame
        As `group_counts` returns it.
    free : iterable of str
        The groups that may move, in the order in which they are tried.
    parts : iterable of hashable
        All parts.

    Returns
    -------
    Series
        A changed copy of `chosen`. If all groups are free and each class is in as many groups as
        there are parts, no part lacks a class.

    Examples
    --------
    >>> counts = pd.DataFrame({"safe": [1, 1, 0], "harmful": [0, 2, 3]}, index=["a", "b", "c"])
    >>> chosen = pd.Series({"a": "val", "b": "val", "c": "test"})
    >>> give_lacking_classes(chosen, counts, ["a", "b"], ["val", "test"]).to_dict()
    {'a': 'test', 'b': 'val', 'c': 'test'}
    """
    chosen, free = chosen.copy(), list(free)
    classes = [name for name in counts if name != "groups"]
    for part in parts:
        for label in classes:
            if counts.loc[chosen == part, label].any():
                continue
            for name in free:
                own = counts.loc[chosen == chosen[name], classes]
                has, keeps = own.any(), own.drop(name).any()
                if counts.loc[name, label] and (keeps | ~has).all():
                    chosen[name] = part
                    break
    return chosen


def _require_all_classes(chosen: pd.Series, counts: pd.DataFrame) -> None:
    _require_both_classes(chosen, counts)
    for name in [name for name in counts if str(name).startswith("category ")]:
        own = counts[name] > 0
        lacking = [split for split in SPLITS if not own[chosen == split].any()]
        if lacking:
            raise SplitError(
                f"{name} has no item in {' and '.join(lacking)}: its {int(counts[name].sum())} "
                f"item(s) are in {int(own.sum())} group(s), and training, a threshold and its test "
                "need three groups at least, one in each split. Add media, or leave it out of "
                "data.categories: its items stay harmful, and no output learns it"
            )


def _require_both_classes(chosen: pd.Series, counts: pd.DataFrame) -> None:
    lacking = [
        f"{split} has no {label} item"
        for split in SPLITS
        for label in ("safe", "harmful")
        if not counts.loc[chosen == split, label].any()
    ]
    if lacking:
        total = counts.sum()
        with_class = (counts > 0).sum()
        raise SplitError(
            f"{'; '.join(lacking)}. There are {total['harmful']} harmful items in "
            f"{with_class['harmful']} group(s) and {total['safe']} safe items in "
            f"{with_class['safe']} group(s); three splits need both classes in at least three "
            "groups each. Add media, use finer groups, or give the splits in the CSV"
        )


def split_digest(items: pd.DataFrame) -> str:
    """Hash which content is in which split under which label; the rows' order has no effect.

    Parameters
    ----------
    items : DataFrame
        Columns sha256, label (0/1) and split.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Examples
    --------
    >>> items = pd.DataFrame({"sha256": ["aa", "bb"], "label": [0, 1], "split": ["val", "test"]})
    >>> split_digest(items) == split_digest(items[::-1])
    True
    """
    lines = items["sha256"] + " " + items["label"].astype(str) + " " + items["split"]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
