"""The scores of the saved epochs: what the tables of one modality's report are made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray


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
    groups : ndarray of object, shape (n,)
        The source of each item.
    """

    epoch: int
    threshold: float
    labels: npt.NDArray[np.int64]
    probabilities: FloatArray
    logits: FloatArray
    groups: npt.NDArray[np.object_]


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
        The rows and columns of `scores`, and group.

    Examples
    --------
    >>> scores = pd.DataFrame({"item_id": list("aab"), "epoch": [1, 2, 1]})
    >>> manifest = pd.DataFrame({"item_id": ["a", "b"], "group": ["one", "two"]})
    >>> with_groups(scores, manifest)["group"].tolist()
    ['one', 'one', 'two']
    """
    return scores.merge(manifest[["item_id", "group"]], on="item_id", validate="many_to_one")


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
        columns = (rows[name].to_numpy() for name in ("label", "probability", "logit", "group"))
        found[point.variant] = SavedScores(point.epoch, point.threshold, *columns)
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
