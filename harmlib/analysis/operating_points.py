"""Where each model operates: a threshold for each epoch from validation, evaluated on test.

`scores` tables have one row per item, variant and epoch; `label` is 1 for harmful, 0 for safe, and
`probability` lies in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from harmlib.analysis.baseline import BASELINE, baseline_row
from harmlib.analysis.checks import FloatArray, Harmful
from harmlib.analysis.choice import choose
from harmlib.analysis.rates import COUNTS, rate
from harmlib.analysis.thresholds import sweep

UNDECIDED_THRESHOLD = 0.5  # where all scores are equal and no threshold is better than another
_MAIN_RATES = ("precision", "recall", "f1")


def sweep_epochs(scores: pd.DataFrame, thresholds: Sequence[float]) -> pd.DataFrame:
    """Sweep each epoch of one variant.

    Parameters
    ----------
    scores : DataFrame
        Columns epoch, label, probability; one split of one variant.
    thresholds : sequence of float
        The grid.

    Returns
    -------
    DataFrame
        `epoch`, then the columns of `harmlib.analysis.thresholds.sweep`; one row per epoch and
        threshold, ascending.

    Examples
    --------
    >>> scores = pd.DataFrame({"epoch": [1, 1], "label": [0, 1], "probability": [0.2, 0.7]})
    >>> sweep_epochs(scores, [0.5])[["epoch", "threshold", "tp", "fp", "fn", "tn"]]
       epoch  threshold  tp  fp  fn  tn
    0      1        0.5   1   0   0   1
    """
    tables = []
    for epoch, rows in scores.groupby("epoch"):
        table = sweep(rows["label"], rows["probability"], thresholds)
        table.insert(0, "epoch", epoch)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def operating_points(
    validation: pd.DataFrame,
    thresholds: Sequence[float],
    fixed_threshold: float | None,
    *,
    exact: bool = False,
) -> pd.DataFrame:
    """Find the best threshold of the grid for each epoch, and set the one to operate at.

    Parameters
    ----------
    validation : DataFrame
        Columns epoch, label, probability; the validation rows of one variant.
    thresholds : sequence of float
        The grid that is analysed.
    fixed_threshold : float or None
        Where the variant operates; None: at the best F1 of each epoch.
    exact : bool
        Without a fixed threshold, operate at the best of all attainable thresholds instead of the
        grid's.

    Returns
    -------
    DataFrame
        One row per epoch, ascending:

        - epoch
        - threshold: the operating threshold
        - precision, recall, f1, flagged_share: of `sweep` at the operating threshold
        - best_threshold, best_precision, best_recall, best_f1: of `choose` with `f1` on the grid
        - at_grid_edge: of `choose`; `low`, `high` or empty (always empty for a grid of one)
        - state: of `choose`. Unless it is `ok` there is no best threshold (NaN), and a variant
          without a fixed threshold operates at UNDECIDED_THRESHOLD
        - average_precision: of scikit-learn, over all thresholds; NaN without harmful items
        - chosen: True for the epoch with the highest F1 at its operating threshold, the earliest
          of equals

    Examples
    --------
    >>> validation = pd.DataFrame({"epoch": 1, "label": [0, 1], "probability": [0.2, 0.7]})
    >>> found = operating_points(validation, [0.1, 0.3, 0.5], fixed_threshold=None)
    >>> found[["epoch", "threshold", "f1", "best_threshold", "chosen"]]
       epoch  threshold   f1  best_threshold  chosen
    0      1        0.3  1.0             0.3    True
    """
    rows = []
    for epoch, scored in validation.groupby("epoch"):
        labels, probabilities = scored["label"].to_numpy(), scored["probability"].to_numpy()
        best = choose(labels, probabilities, "f1", thresholds=thresholds)
        edge = best.at_grid_edge if len(thresholds) > 1 else None  # one threshold is no grid
        best_row = best.row or dict.fromkeys(("threshold", *_MAIN_RATES), math.nan)
        threshold = fixed_threshold
        if threshold is None:
            own = choose(labels, probabilities, "f1") if exact else best
            threshold = UNDECIDED_THRESHOLD if own.threshold is None else own.threshold
        at_threshold = sweep(labels, probabilities, [threshold]).iloc[0]
        rows.append(
            {"epoch": epoch, "threshold": threshold}
            | at_threshold[[*_MAIN_RATES, "flagged_share"]].to_dict()
            | {f"best_{name}": best_row[name] for name in ("threshold", *_MAIN_RATES)}
            | {"at_grid_edge": edge or "", "state": best.state}
            | {"average_precision": _average_precision(labels == 1, probabilities)}
        )
    table = pd.DataFrame(rows)
    table["chosen"] = table.index == table["f1"].idxmax()
    return table


def evaluate(test: pd.DataFrame, operating_points: pd.DataFrame) -> dict[str, float]:
    """Measure one variant on test, at the epoch and threshold that validation chose.

    Parameters
    ----------
    test : DataFrame
        Columns epoch, label, probability; the test rows of one variant.
    operating_points : DataFrame
        Columns epoch, threshold, chosen; as the function `operating_points` returns them for the
        same variant.

    Returns
    -------
    dict
        epoch and threshold (of the chosen operating point); tp, fp, fn, tn (int) of `sweep` there;
        accuracy, precision, recall, f1 from these counts; average_precision (NaN without harmful
        items) and roc_auc (NaN for one class) of scikit-learn, over all thresholds; n (items).

    Examples
    --------
    >>> chosen = pd.DataFrame({"epoch": [1, 2], "threshold": 0.5, "chosen": [False, True]})
    >>> test = pd.DataFrame({"epoch": 2, "label": [0, 1], "probability": [0.6, 0.7]})
    >>> found = evaluate(test, chosen)
    >>> found["epoch"], found["tp"], found["fp"], found["precision"]
    (2, 1, 1, 0.5)
    """
    from sklearn.metrics import roc_auc_score  # scikit-learn takes a second, which others spare

    chosen = operating_points[operating_points["chosen"]].iloc[0]
    threshold = float(chosen["threshold"])
    rows = test[test["epoch"] == chosen["epoch"]]
    harmful, probabilities = rows["label"].to_numpy() == 1, rows["probability"].to_numpy()
    row = sweep(rows["label"], probabilities, [threshold]).iloc[0]
    counts = {name: int(row[name]) for name in COUNTS}
    both_classes = harmful.any() and not harmful.all()
    return (
        {"epoch": int(chosen["epoch"]), "threshold": threshold}
        | counts
        | {"accuracy": float(rate("accuracy", [*counts.values()]))}
        | {name: float(row[name]) for name in _MAIN_RATES}
        | {
            "average_precision": _average_precision(harmful, probabilities),
            "roc_auc": float(roc_auc_score(harmful, probabilities)) if both_classes else math.nan,
            "n": len(rows),
        }
    )


def compare_on_test(scores: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Measure every variant, and the baseline, on test.

    Parameters
    ----------
    scores : DataFrame
        Columns variant, split, epoch, label, probability; all variants scored the same items.
    operating_points : DataFrame
        As the function `operating_points` returns them, with a column variant.

    Returns
    -------
    DataFrame
        Columns variant, and those of `evaluate`. One row per variant, in the order of
        `operating_points`, then `BASELINE`, which has neither epoch nor threshold (NaN) and the
        figures of `harmlib.analysis.baseline.baseline_row`.

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["a"], "epoch": 1, "threshold": 0.5, "chosen": True})
    >>> scores = pd.DataFrame({"variant": "a", "split": "test", "epoch": 1,
    ...                        "label": [0, 1], "probability": [0.2, 0.7]})
    >>> compare_on_test(scores, chosen)[["variant", "threshold", "tp", "fp", "f1"]]
        variant  threshold  tp  fp        f1
    0         a        0.5   1   0  1.000000
    1  baseline        NaN   1   1  0.666667
    """
    test = scores[scores["split"] == "test"]
    rows = [
        {"variant": variant} | evaluate(test[test["variant"] == variant], own)
        for variant, own in operating_points.groupby("variant", sort=False)
    ]
    harmful, safe = rows[0]["tp"] + rows[0]["fn"], rows[0]["fp"] + rows[0]["tn"]
    baseline = {"variant": BASELINE} | baseline_row(harmful, safe)
    return pd.DataFrame([*rows, baseline], columns=list(rows[0]))


def count_items(items: pd.DataFrame) -> pd.DataFrame:
    """Count the items of each split, and of all splits together.

    Parameters
    ----------
    items : DataFrame
        Columns split, label, group; the manifest of one modality.

    Returns
    -------
    DataFrame
        One row per split (train, val, test, all):

        - split, n, harmful, safe: how many items
        - group: how many groups
        - harmful_groups, safe_groups: how many of them hold a harmful item, a safe item
        - harmful_share, baseline_f1: precision and F1 of `harmlib.analysis.baseline.baseline_row`;
          NaN without items
        - harmful_per_safe: NaN without safe items
        - safe_per_harmful: the `pos_weight` called `balanced`; NaN without harmful items

    Examples
    --------
    >>> items = pd.DataFrame({"split": ["train", "train", "val", "test"], "label": [1, 0, 1, 1],
    ...                       "group": ["a", "b", "c", "c"]})
    >>> count_items(items)[["split", "n", "harmful", "safe", "group", "harmful_share"]]
       split  n  harmful  safe  group  harmful_share
    0  train  2        1     1      2           0.50
    1    val  1        1     0      1           1.00
    2   test  1        1     0      1           1.00
    3    all  4        3     1      3           0.75
    """
    rows = []
    codes = pd.Series(pd.factorize(items["group"])[0], items.index)  # names are counted slowly
    items = items[["split", "label"]].assign(group=codes.where(codes >= 0))
    for split in ("train", "val", "test", "all"):
        own = items if split == "all" else items[items["split"] == split]
        n, harmful = len(own), int(own["label"].sum())
        safe = n - harmful
        baseline = baseline_row(harmful, safe)
        rows.append(
            {
                "split": split,
                "n": n,
                "harmful": harmful,
                "safe": safe,
                "group": own["group"].nunique(),
                "harmful_groups": own.loc[own["label"] == 1, "group"].nunique(),
                "safe_groups": own.loc[own["label"] == 0, "group"].nunique(),
                "harmful_share": baseline["precision"] if n else math.nan,
                "baseline_f1": baseline["f1"] if n else math.nan,
                "harmful_per_safe": harmful / safe if safe else math.nan,
                "safe_per_harmful": safe / harmful if harmful else math.nan,
            }
        )
    return pd.DataFrame(rows)


def _average_precision(harmful: Harmful, probabilities: FloatArray) -> float:
    from sklearn.metrics import average_precision_score

    if not np.any(harmful):
        return math.nan
    return float(average_precision_score(harmful, probabilities))
