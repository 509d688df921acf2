"""Items as the saved epochs judged them: on one split, or on the parts of all folds together.

With folds, every item is judged once per seed by a classifier that never saw its group, at the
epoch and threshold that validation chose for its own fold. So there is a threshold for each row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray
from harmlib.analysis.saved_scores import Names, compact_names, with_names

JUDGED_COLUMNS = ["item_id", "label", "group", "epoch", "logit", "probability", "threshold",
                  "flagged"]  # fmt: skip


class Judged(NamedTuple):
    """The judged items of one variant, n rows.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
        0 or 1.
    probabilities, thresholds : ndarray of float64, shape (n,)
        A row is flagged where its probability exceeds its threshold.
    groups : ndarray of object, or Categorical, shape (n,)
        The source of each item (`saved_scores.compact_names`).
    repeats : ndarray of int, shape (n,), or None
        The seed of the training that judged each row; None where there is one training.
    """

    labels: npt.NDArray[np.int64]
    probabilities: FloatArray
    thresholds: FloatArray
    groups: Names
    repeats: npt.NDArray[np.int64] | None


def judged_items(
    scored: pd.DataFrame, operating_points: pd.DataFrame, split: str = "test"
) -> pd.DataFrame:
    """Take one part of each training at its chosen epoch, and decide at its threshold.

    Parameters
    ----------
    scored : pandas.DataFrame
        Of one variant: epoch, split, item_id, label, logit, probability, group; with several
        trainings seed and fold, too.
    operating_points : pandas.DataFrame
        Of the same variant, one row per training and epoch: epoch, threshold, chosen; with several
        trainings seed and fold, too.
    split : {"val", "test"}
        Of each training. With folds each item is in both parts of one fold each.

    Returns
    -------
    pandas.DataFrame
        Seed and fold, if there are, and JUDGED_COLUMNS; by seed and item_id.

    Examples
    --------
    >>> scored = pd.DataFrame({"seed": 1, "fold": [0, 1], "epoch": 1, "split": "test", "label": 1,
    ...     "item_id": ["a", "b"], "logit": 0.0, "probability": 0.5, "group": ["x", "y"]})
    >>> points = pd.DataFrame({"seed": 1, "fold": [0, 1], "epoch": 1, "threshold": [0.4, 0.6],
    ...                        "chosen": True})
    >>> judged_items(scored, points)[["item_id", "threshold", "flagged"]]
      item_id  threshold  flagged
    0       a        0.4     True
    1       b        0.6    False
    """
    return with_names(judged_rows(scored, operating_points, split))


def judged_rows(
    scored: pd.DataFrame, operating_points: pd.DataFrame, split: str = "test"
) -> pd.DataFrame:
    """Do what `judged_items` does, but leave categorical columns as they are: to be counted.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        As in `judged_items`.
    split : {"val", "test"}

    Returns
    -------
    pandas.DataFrame
        As `judged_items` returns it; item_id and group may be categorical.

    Examples
    --------
    >>> scored = pd.DataFrame({"epoch": 1, "split": "test", "label": 1, "item_id": ["b", "a"],
    ...     "logit": 0.0, "probability": [0.5, 0.3], "group": pd.Categorical(["x", "y"])})
    >>> points = pd.DataFrame({"epoch": [1], "threshold": 0.4, "chosen": True})
    >>> judged_rows(scored, points)["flagged"].tolist()
    [False, True]
    """
    training = [name for name in ("seed", "fold") if name in operating_points]
    keys = [*training, "epoch"]
    chosen = operating_points.loc[operating_points["chosen"], [*keys, "threshold"]]
    rows = scored[scored["split"] == split].merge(chosen, on=keys, validate="many_to_one")
    rows = rows.assign(flagged=rows["probability"] > rows["threshold"])
    rows = rows[[*training, *JUDGED_COLUMNS]]
    return rows.sort_values([*training[:1], "item_id"], ignore_index=True)


def judged_by_variant(
    scored: pd.DataFrame, operating_points: pd.DataFrame, split: str
) -> dict[str, Judged]:
    """Take the judged items of each variant.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        As in `judged_items`, of all variants, with a column variant.
    split : {"val", "test"}

    Returns
    -------
    dict of str to Judged
        By variant, in the order of `operating_points`. The rows of all are the same.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": [1, 2], "split": "val", "item_id": "x",
    ...                        "label": 1, "probability": [0.5, 0.9], "logit": 0.0, "group": "g"})
    >>> points = pd.DataFrame({"variant": "a", "epoch": [1, 2], "threshold": [0.4, 0.6],
    ...                        "chosen": [False, True]})
    >>> judged_by_variant(scored, points, "val")["a"].probabilities.tolist()
    [0.9]
    """
    found = {}
    for variant, points in operating_points.groupby("variant", sort=False):
        rows = judged_rows(scored[scored["variant"] == variant], points, split)
        several = points["chosen"].sum() > 1
        found[variant] = Judged(
            rows["label"].to_numpy(),
            rows["probability"].to_numpy(),
            rows["threshold"].to_numpy(np.float64),
            compact_names(rows["group"]),
            rows["seed"].to_numpy() if several else None,
        )
    return found
