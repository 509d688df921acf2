"""Cut items into folds, so that each is judged once by a model that never saw its group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harmlib.media.splits import (
    SplitError,
    content_order,
    give_lacking_classes,
    group_counts,
    join_duplicates,
)

OWN_SPLIT = -1  # in place of a fold: the split that the run itself trains its checkpoints on


def assign_folds(items: pd.DataFrame, folds: int, seed: int) -> pd.Series:
    """Give every item of one modality the fold that tests it: stratified, groups kept together.

    Parameters
    ----------
    items : DataFrame
        Columns label (0/1), sha256, group (None or NaN: the item has no group).
    folds : int
        How many, at least 3.
    seed : int
        Another seed gives other folds. They depend on it and on the content only.

    Returns
    -------
    Series of int
        0 to `folds` - 1, with the index of `items`. Each fold has items of both classes.

    Raises
    ------
    SplitError
        If a class is in fewer groups than there are folds.

    Notes
    -----
    The folds are those of `sklearn.model_selection.StratifiedGroupKFold`. With few groups it may
    leave a fold without a class; such a fold is given the smallest group that another can spare.

    Examples
    --------
    >>> contents = [f"{i:02}" for i in range(20)]
    >>> items = pd.DataFrame({"sha256": contents, "label": [0, 1] * 10, "group": None})
    >>> assign_folds(items, 5, seed=1).value_counts().tolist()
    [4, 4, 4, 4, 4]
    """
    unit = join_duplicates(items)
    counts = group_counts(items, unit)
    _require_enough_groups(counts, folds)
    # Numbered by content: scikit-learn deals the groups out in the order of their names.
    first = items["sha256"].groupby(unit).min()
    drawn = content_order(first, seed).sort_values().index
    numbers = pd.Series(np.arange(len(drawn)), index=drawn)
    number = unit.map(numbers)
    rows = np.argsort(number.to_numpy(), kind="stable")
    labels, groups = items["label"].to_numpy()[rows], number.to_numpy()[rows]
    from sklearn.model_selection import StratifiedGroupKFold  # a second that a prediction spares

    kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    chosen = pd.Series(-1, index=drawn)
    for fold, (_, test) in enumerate(kfold.split(labels, labels, groups)):
        chosen.iloc[groups[test]] = fold
    sizes = (counts["safe"] + counts["harmful"])[drawn]
    smallest_first = sizes.sort_values(kind="stable").index
    chosen = give_lacking_classes(chosen, counts, list(smallest_first), range(folds))
    return unit.map(chosen)


def fold_splits(fold_of: pd.Series, fold: int) -> pd.Series:
    """Split the items for one fold: it is tested, the next one validates, the others train.

    So every item is tested once and validates once, and what holds of the folds (groups kept
    together, both classes in each) holds of these splits.

    Parameters
    ----------
    fold_of : Series of int
        As `assign_folds` returns it.
    fold : int
        Which fold is tested.

    Returns
    -------
    Series of str
        "train", "val" or "test" for each item, with the index of `fold_of`.

    Examples
    --------
    >>> fold_splits(pd.Series([0, 1, 2, 0]), 2).tolist()
    ['val', 'train', 'test', 'val']
    """
    folds = int(fold_of.max()) + 1
    splits = pd.Series("train", index=fold_of.index)
    splits[fold_of == (fold + 1) % folds] = "val"
    splits[fold_of == fold] = "test"
    return splits


def _require_enough_groups(counts: pd.DataFrame, folds: int) -> None:
    with_class = (counts[["harmful", "safe"]] > 0).sum()
    possible = int(with_class.min())
    if possible >= folds:
        return
    total = counts.sum()
    remedy = (
        f"set splits.folds to at most {possible}" if possible >= 3 else "set splits.folds to null"
    )
    raise SplitError(
        f"{folds} folds need both classes in at least {folds} groups each. There are "
        f"{total['harmful']} harmful items in {with_class['harmful']} group(s) and "
        f"{total['safe']} safe items in {with_class['safe']} group(s). "
        f"Add media, use finer groups, or {remedy}"
    )
