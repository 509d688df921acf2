"""The scores of the saved epochs: what the tables of one modality's report are made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray

# Names of groups; a Categorical behaves as an array of them
Names = npt.NDArray[np.object_]


class SavedScores(NamedTuple):
    """One split at the saved epoch of a variant, its items in the order of their ids.

    Attributes
    ----------
    epoch : int
        The saved one.
    threshold : float
        Where the variant operates, a probability.
    labels : ndarray of int, shape (n,)
        0 or 1.
    probabilities, logits : ndarray of float64, shape (n,)
    groups : ndarray of object, or Categorical, shape (n,)
        The source of each item (see `compact_names`).
    """

    epoch: int
    threshold: float
    labels: npt.NDArray[np.int64]
    probabilities: FloatArray
    logits: FloatArray
    groups: Names


def with_groups(scores: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Scores with each item's group in a column `group`.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per item, variant and epoch; a column item_id.
    manifest : pandas.DataFrame
        One row per item; columns item_id, group.

    Returns
    -------
    pandas.DataFrame
        The rows and columns of `scores`, and group. Item_id and group are categorical, their
        categories in order: a million names sort and compare as fast as numbers.

    Raises
    ------
    pandas.errors.MergeError
        An item has several rows in `manifest`.

    Examples
    --------
    >>> scores = pd.DataFrame({"item_id": list("aab"), "epoch": [1, 2, 1]})
    >>> manifest = pd.DataFrame({"item_id": ["a", "b"], "group": ["one", "two"]})
    >>> with_groups(scores, manifest)["group"].tolist()
    ['one', 'one', 'two']
    """
    items = manifest[["item_id", "group"]]
    if items["item_id"].duplicated().any():
        return scores.merge(items, on="item_id", validate="many_to_one")  # it says what is wrong
    items = items.sort_values("item_id")
    groups = pd.Categorical.from_codes(*pd.factorize(items["group"], sort=True))
    # Items come first, and are distinct: their codes are their places
    both = pd.concat([items["item_id"], scores["item_id"]])
    at = pd.factorize(both)[0][len(items) :]
    known = at < len(items)
    rows, at = scores[known].reset_index(drop=True), at[known]
    return rows.assign(
        item_id=pd.Categorical.from_codes(at, pd.Index(items["item_id"])), group=groups[at]
    )


def compact_names(column: pd.Series) -> Names:
    """Take a column's names: categorical ones as they are, which is far faster, else objects.

    Parameters
    ----------
    column : pandas.Series
        Such as the groups of `with_groups`.

    Returns
    -------
    ndarray of object, or Categorical, shape (n,)

    Examples
    --------
    >>> compact_names(pd.Series(["b", "a", "b"], dtype="category")).tolist()
    ['b', 'a', 'b']
    """
    is_compact = isinstance(column.dtype, pd.CategoricalDtype)
    names: Names = column.array if is_compact else column.to_numpy()
    return names


def with_names(table: pd.DataFrame) -> pd.DataFrame:
    """Turn categorical columns back into those of their names, to be written or shown.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> with_names(pd.DataFrame({"group": pd.Categorical(["b"])})).dtypes["group"]
    <StringDtype(na_value=nan)>
    """
    kinds = {
        name: kind.categories.dtype
        for name, kind in table.dtypes.items()
        if isinstance(kind, pd.CategoricalDtype)
    }
    return table.astype(kinds) if kinds else table


def saved_scores(
    scored: pd.DataFrame, operating_points: pd.DataFrame, split: str
) -> dict[str, SavedScores]:
    """Take one split at the saved epoch of each variant.

    Parameters
    ----------
    scored : pandas.DataFrame
        One row per item, variant and epoch: variant, epoch, split, item_id, label, probability,
        logit, group.
    operating_points : pandas.DataFrame
        One row per variant and epoch: variant, epoch, threshold, chosen.
    split : {"val", "test"}

    Returns
    -------
    dict of str to SavedScores
        By variant, in the order of `operating_points`.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": [1, 2], "split": "val", "item_id": "x",
    ...                        "label": 1, "probability": [0.5, 0.9], "logit": 0.0, "group": "g"})
    >>> points = pd.DataFrame({"variant": "a", "epoch": [1, 2], "threshold": [0.4, 0.6],
    ...                        "chosen": [False, True]})
    >>> saved_scores(scored, points, "val")["a"].probabilities.tolist()
    [0.9]
    """
    found = {}
    for point in operating_points[operating_points["chosen"]].itertuples():
        rows = epoch_scores(scored, point.variant, point.epoch, split)
        found[point.variant] = SavedScores(
            point.epoch,
            point.threshold,
            rows["label"].to_numpy(),
            rows["probability"].to_numpy(),
            rows["logit"].to_numpy(),
            compact_names(rows["group"]),
        )
    return found


def epoch_scores(scored: pd.DataFrame, variant: str, epoch: int, split: str) -> pd.DataFrame:
    """Take one split at one epoch of a variant.

    Parameters
    ----------
    scored : pandas.DataFrame
        As in `saved_scores`.
    variant : str
    epoch : int
    split : {"val", "test"}

    Returns
    -------
    pandas.DataFrame
        The rows, in the order of their ids.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": 1, "split": "val", "item_id": ["y", "x"]})
    >>> epoch_scores(scored, "a", 1, "val")["item_id"].tolist()
    ['x', 'y']
    """
    own = (scored["variant"] == variant) & (scored["epoch"] == epoch) & (scored["split"] == split)
    return scored[own].sort_values("item_id")


def join_tables(tables: Iterable[pd.DataFrame], columns: Sequence[str] = ()) -> pd.DataFrame:
    """Put the variants' tables below each other.

    Parameters
    ----------
    tables : iterable of pandas.DataFrame
        Possibly none.
    columns : sequence of str
        Those to keep, which are there without any table, too; none for all.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> join_tables([], ["variant", "f1"]).columns.tolist()
    ['variant', 'f1']
    """
    found = list(tables)
    if not found:
        return pd.DataFrame(columns=list(columns))
    joined = pd.concat(found, ignore_index=True)
    return joined[list(columns)] if columns else joined
