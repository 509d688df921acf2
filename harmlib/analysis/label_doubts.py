"""Labels in doubt: which the scores contradict most, and how far F1 could move if they were wrong.

An item's confidence is the calibrated probability of the label that it has (self-confidence); of
two classes the normalized margin ranks alike. The calibration is fitted where the item was not:
on validation, or the other half. Suspects are the items off the diagonal of the confident joint: a
label j is claimed where its probability is at least the mean of it over the items that have it.

References
----------
Northcutt, Jiang & Chuang (2021), Confident learning: estimating uncertainty in dataset labels, J.
Artif. Intell. Res. 70:1373, sections 3.1 and 3.2 (`cleanlab` ranks and counts the same).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from harmlib.analysis.calibration import fit_platt
from harmlib.analysis.checks import FloatArray
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.groups import block_codes
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.analysis.saved_scores import join_tables, with_names

SHOWN = 200  # of the ranking of a variant: what people may look through
FEW = (10, 50)  # suspects whose labels may be wrong, beside all of them
DOUBT_COLUMNS = ("variant", "rank", "item_id", "group", "label", "probability", "confidence",
                 "is_suspect", "flagged")  # fmt: skip
BOUND_COLUMNS = ("variant", "which", "items", "f1", "f1_relabelled", "f1_low", "f1_high")
AGREEMENT_COLUMNS = ("items", "both_harmful", "only_first", "only_second", "both_safe",
                     "agreement", "kappa", "kappa_low", "kappa_high", "groups")  # fmt: skip


def ranked_labels(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Rank the judged items by how much the scores contradict their labels.

    Parameters
    ----------
    scored : DataFrame
        With groups (see `harmlib.analysis.variant_tables`); of folds with seed and fold.
    operating_points : DataFrame
        Of the same trainings. Each part of them is calibrated (Platt) on its own validation items.

    Returns
    -------
    DataFrame
        DOUBT_COLUMNS: for each variant all judged items, the least confident label first;
        probability is that of being harmful. A part whose validation holds one class has no rows.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "api", "epoch": 1, "split": ["val"] * 4 + ["test"] * 4,
    ...     "item_id": list("abcdwxyz"), "label": [0, 0, 1, 1, 0, 1, 1, 1], "group": range(8),
    ...     "logit": [-1.0, 0.5, 0.0, 2.0, -2.0, -3.0, 2.0, 3.0], "probability": 0.6})
    >>> points = pd.DataFrame({"variant": ["api"], "epoch": 1, "threshold": 0.5, "chosen": True})
    >>> ranked_labels(scored, points)[["rank", "item_id", "label"]].head(2)
       rank item_id  label
    0     1       x      1
    1     2       y      1
    """
    chosen = operating_points[operating_points["chosen"]]
    keys = [name for name in ("seed", "fold", "epoch") if name in chosen]
    tables = []
    for variant, points in chosen.groupby("variant", sort=False):
        own = scored[scored["variant"] == variant].merge(points[[*keys, "threshold"]], on=keys)
        parts = [_calibrated(part) for _, part in own.groupby(keys)]
        rows = pd.concat(parts, ignore_index=True)
        rows = rows.assign(
            confidence=rows["probability"].where(rows["label"] == 1, 1 - rows["probability"]),
            is_suspect=_suspects(rows["label"].to_numpy(), rows["probability"].to_numpy()),
            variant=variant,
        ).sort_values(["confidence", "item_id"], ignore_index=True)
        tables.append(rows.assign(rank=np.arange(1, len(rows) + 1)))
    return with_names(join_tables(tables, DOUBT_COLUMNS))


def _calibrated(part: pd.DataFrame) -> pd.DataFrame:
    """The test items of one training, with probabilities that its validation calibrated."""
    validation, test = (part[part["split"] == split] for split in ("val", "test"))
    test = test.assign(flagged=test["probability"] > test["threshold"])
    if validation["label"].nunique() < 2:
        return test[:0]
    slope, offset = fit_platt(validation["label"], validation["logit"])
    return test.assign(probability=expit(slope * test["logit"] + offset))


def _suspects(labels: npt.NDArray[np.int64], probabilities: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether an item is counted as of the other class than its label says."""
    if len(np.unique(labels)) < 2:
        return np.zeros(len(labels), np.bool_)
    claims = np.column_stack([1 - probabilities, probabilities])
    least = np.array([claims[labels == label, label].mean() for label in (0, 1)])
    other = 1 - labels
    at = np.arange(len(labels))
    likelier = claims[at, other] > claims[at, labels]
    return np.asarray((claims[at, other] >= least[other]) & likelier)


def doubt_bounds(ranked: pd.DataFrame) -> pd.DataFrame:
    """How far F1 could move if the labels most in doubt were wrong.

    Parameters
    ----------
    ranked : DataFrame
        As `ranked_labels` returns it.

    Returns
    -------
    DataFrame
        BOUND_COLUMNS: for each variant the first of FEW items, and all suspects (`which`: ``first``
        or ``suspects``). f1 is that of the labels as they are, f1_relabelled with all of these
        labels turned, f1_low and f1_high with those of them that lower or raise it: whichever of
        them are wrong, F1 lies between. The thresholds are not chosen anew.

    Examples
    --------
    >>> ranked = pd.DataFrame({"variant": "api", "label": [1, 0, 1, 0], "is_suspect": [True, False,
    ...     False, False], "flagged": [False, False, True, False]})
    >>> doubt_bounds(ranked).round(2).loc[0, "items":"f1_high"].tolist()
    [1.0, 0.67, 1.0, 0.67, 1.0]
    """
    rows = []
    for variant, own in ranked.groupby("variant", sort=False):
        labels, flagged = own["label"].to_numpy(), own["flagged"].to_numpy(np.bool_)
        first = np.arange(len(own))
        taken = {("first", k): first < k for k in FEW if k < len(own)}
        suspects = own["is_suspect"].to_numpy(np.bool_)
        taken[("suspects", int(suspects.sum()))] = suspects
        for (which, k), turned in taken.items():
            wrong = (labels == 1) != flagged  # turned, they raise F1; the others lower it
            values = [
                _f1(np.where(some, 1 - labels, labels), flagged)
                for some in (first < 0, turned, turned & ~wrong, turned & wrong)
            ]
            rows.append((variant, which, k, *values))
    return pd.DataFrame(rows, columns=list(BOUND_COLUMNS))


def _f1(labels: npt.NDArray[np.int64], flagged: npt.NDArray[np.bool_]) -> float:
    harmful = labels == 1
    below = int(harmful.sum() + flagged.sum())
    return 2 * int((harmful & flagged).sum()) / below if below else float("nan")


def rater_agreement(
    first: npt.ArrayLike, second: npt.ArrayLike, groups: npt.ArrayLike, level: float = 0.95
) -> pd.DataFrame:
    """Compare two raters' labels of the same items.

    Parameters
    ----------
    first : array_like, shape (n,)
        0 or 1.
    second : array_like, shape (n,)
        0, 1 or NaN: not labelled a second time.
    groups : array_like, shape (n,)
        Items of one group are left out together.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    DataFrame
        One row with AGREEMENT_COLUMNS, of the items with both labels; agreement is their share with
        equal ones. Without an interval where fewer than MIN_GROUPS groups have a harmful or a safe
        first label; kappa is NaN where both raters know one class only.

    Notes
    -----
    kappa = (p_o - p_e) / (1 - p_e): Cohen (1960), Educ. Psychol. Meas. 20:37.

    Examples
    --------
    >>> table = rater_agreement([0, 1, 1, 0] * 5, [0, 1, 0, 0] * 5, range(20))
    >>> table[["agreement", "kappa", "kappa_low", "kappa_high"]].round(2).to_numpy().tolist()
    [[0.75, 0.5, 0.03, 0.79]]
    """
    other = np.asarray(second, np.float64)
    both = np.isfinite(other)
    one, two = np.asarray(first)[both].astype(np.int64), other[both].astype(np.int64)
    names = np.asarray(groups)[both]
    row: dict[str, Any] = {"items": len(one), "groups": len(pd.unique(pd.Series(names)))}
    if len(one) == 0:
        return pd.DataFrame([row], columns=list(AGREEMENT_COLUMNS))
    blocks, n_blocks = block_codes(names, len(one))
    cells = np.bincount(blocks * 4 + 2 * one + two, minlength=4 * n_blocks).reshape(-1, 4)
    total = cells.sum(axis=0)
    of_class = [len(pd.unique(pd.Series(names[one == label]))) for label in (0, 1)]
    kappas = _kappa(np.vstack([total, total - cells]))
    estimate = Estimates(
        kappas[:1], kappas[1:, None], np.array([n_blocks]), min(of_class) >= MIN_GROUPS
    )
    low, high = estimate.interval("correlation", level)
    names_of = ("both_safe", "only_second", "only_first", "both_harmful")
    row |= dict(zip(names_of, total.tolist(), strict=True))
    row |= {"agreement": (total[0] + total[3]) / total.sum(), "kappa": kappas[0]}
    row |= {"kappa_low": low[0], "kappa_high": high[0]}
    return pd.DataFrame([row], columns=list(AGREEMENT_COLUMNS))


def _kappa(cells: npt.NDArray[np.int64]) -> FloatArray:
    """Of each row of counts: both 0, only the second 1, only the first 1, both 1."""
    items = np.maximum(cells.sum(axis=1), 1)
    observed = (cells[:, 0] + cells[:, 3]) / items
    first, second = ((cells[:, k] + cells[:, 3]) / items for k in (2, 1))
    chance = first * second + (1 - first) * (1 - second)
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa: FloatArray = (observed - chance) / (1 - chance)
    return kappa
