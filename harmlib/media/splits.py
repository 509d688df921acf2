"""Which items train, validate and test: stratified, groups kept together, content decides."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

SPLITS = ("train", "val", "test")
GROUP_WEIGHT = 0.3  # against 1 for each class: item counts first, variety second


class SplitError(ValueError):
    """The items can't be split as asked; the message says what is missing."""


def content_order(sha256: pd.Series, seed: int) -> pd.Series:
    """A seeded random-looking text to sort each content hash by, whatever the file's name."""
    return sha256.map(lambda sha: hashlib.sha256(f"{seed}:{sha}".encode()).hexdigest())


def subsample_to_ratio(items: pd.DataFrame, ratio: float, seed: int) -> pd.Series:
    """True for the items to keep so that harmful : safe comes nearest to `ratio` : 1.

    Only the class with a surplus loses items; which ones depends on seed and content alone.
    `items` has the columns label (0/1) and sha256.
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
    """Group names in which items of one group, and items of equal content, are together.

    `items` has the columns sha256 and group (None or NaN: a group of its own).
    """
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for sha, group in zip(items["sha256"], items["group"], strict=True):
        a, b = root(f"sha:{sha}"), root(f"group:{group}") if pd.notna(group) else root(f"sha:{sha}")
        # The smaller name becomes the root, so the result doesn't depend on the order of rows.
        parent[max(a, b)] = min(a, b)
    return items["sha256"].map(lambda sha: root(f"sha:{sha}"))


def assign_splits(
    items: pd.DataFrame, val_fraction: float, test_fraction: float, seed: int
) -> pd.Series:
    """A split for every item of one modality.

    Whole groups go, roughly the largest first, to the split that then lies nearest to its wished
    counts of safe and harmful items, and of groups (or a few large groups would fill test and
    leave it little variety). The order depends on the seed and the content only.
    Items with a given `split` keep it, and their group follows them.

    items : columns label (0/1), sha256, group, split (one of SPLITS, or None)
    Raises SplitError when a group is given two splits, or a split would lack a class.
    """
    unit = join_duplicates(items)
    given = items["split"].astype(object).where(items["split"].notna(), None)
    clash = given.groupby(unit).nunique()
    if (clash > 1).any():
        names = items[unit.isin(clash.index[clash > 1])]
        examples = ", ".join(map(str, names["path"].head(4)))
        raise SplitError(
            f"{int((clash > 1).sum())} group(s) are given in several splits (e.g. {examples}): "
            "items of one source or of equal content must stay together. "
            "Correct the CSV's split column, or leave it empty"
        )
    labels = items["label"].groupby(unit)
    counts = pd.DataFrame({"safe": labels.size() - labels.sum(), "harmful": labels.sum()})
    counts["groups"] = 1
    first = items["sha256"].groupby(unit).min()
    # Up to a factor of two either way, so that another seed gives other splits.
    jitter = content_order(first, seed).map(lambda digest: 4.0 ** (int(digest[:8], 16) / 2**32))
    order = (labels.size() * jitter).sort_values(ascending=False, kind="stable")

    fractions = np.array([1 - val_fraction - test_fraction, val_fraction, test_fraction])
    wished = fractions[:, None] * counts.sum().to_numpy()[None, :]  # (3 splits, 3 counts)
    filled = np.zeros_like(wished)
    chosen = given.groupby(unit).first().to_dict()
    free = [name for name in order.index if chosen[name] is None]
    for name, split in chosen.items():
        if split is not None:
            filled[SPLITS.index(split)] += counts.loc[name].to_numpy()
    for name in free:
        best = int(np.argmin(_misfit(filled, wished, counts.loc[name].to_numpy())))
        filled[best] += counts.loc[name].to_numpy()
        chosen[name] = SPLITS[best]
    final = _give_lacking(pd.Series(chosen), counts, free[::-1])
    _require_both_classes(final, counts)
    return unit.map(final)


def _misfit(filled: np.ndarray, wished: np.ndarray, group: np.ndarray) -> np.ndarray:
    """How badly the three splits would fit if `group` joined each in turn, shape (3,).

    Squared error relative to the wished counts, so that a small class weighs as much as a large.
    """
    scale = np.maximum(wished, 1.0) / [1.0, 1.0, GROUP_WEIGHT]
    now = (((filled - wished) / scale) ** 2).sum(axis=1)
    then = (((filled + group - wished) / scale) ** 2).sum(axis=1)
    return then - now


def _give_lacking(chosen: pd.Series, counts: pd.DataFrame, free: list[str]) -> pd.Series:
    """Give a split that lacks a class the first of the `free` groups that another can spare."""
    chosen = chosen.copy()
    for split in SPLITS:
        for label in ("safe", "harmful"):
            if counts.loc[chosen == split, label].any():
                continue
            for name in free:
                left = counts[(chosen == chosen[name]) & (chosen.index != name)]
                if counts.loc[name, label] and left["safe"].any() and left["harmful"].any():
                    chosen[name] = split
                    break
    return chosen


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
    """sha256 of which content was in which split under which label; the items' order is all one.

    items : columns sha256, label (0/1), split
    """
    lines = items["sha256"] + " " + items["label"].astype(str) + " " + items["split"]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
