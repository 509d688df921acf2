"""What the variants did on the test parts of all folds together."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from harmlib.analysis.baseline import BASELINE, baseline_row
from harmlib.analysis.judged import judged_rows
from harmlib.analysis.rates import rate
from harmlib.analysis.thresholds import sweep

_RATES = ("accuracy", "precision", "recall", "f1")


def pooled_results(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Measure every variant, and the baseline, on the test parts of all folds and seeds together.

    Parameters
    ----------
    scored : pandas.DataFrame
        Variant, seed, fold, epoch, split, item_id, label, logit, probability, group.
    operating_points : pandas.DataFrame
        Variant, seed, fold, epoch, threshold, chosen.

    Returns
    -------
    pandas.DataFrame
        One row per variant in the order of `operating_points`, then `BASELINE`: variant, folds,
        seeds, items, validation_f1 (of all validation parts together, where epoch and threshold
        were chosen; NaN of the baseline), tp, fp, fn, tn (decisions: items times seeds), accuracy,
        precision, recall, f1 (from these counts), average_precision, roc_auc (the means over seeds
        of what all items give together), f1_sd (the standard deviation of the seeds' F1; NaN with
        one seed), n (decisions).

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "seed": 1, "fold": [0, 0, 1, 1], "epoch": 1,
    ...     "split": "test", "label": [0, 1, 0, 1], "item_id": list("abcd"), "logit": 0.0,
    ...     "probability": [0.2, 0.9, 0.6, 0.7], "group": list("abcd")})
    >>> scored = pd.concat([scored, scored.assign(split="val", fold=1 - scored["fold"])])
    >>> points = pd.DataFrame({"variant": "a", "seed": 1, "fold": [0, 1], "epoch": 1,
    ...                        "threshold": [0.5, 0.5], "chosen": True})
    >>> pooled_results(scored, points)[["variant", "items", "tp", "fp", "f1", "roc_auc"]]
        variant  items  tp  fp        f1  roc_auc
    0         a      4   2   1  0.800000      1.0
    1  baseline      4   2   2  0.666667      0.5
    """
    rows = []
    for variant, points in operating_points.groupby("variant", sort=False):
        own = scored[scored["variant"] == variant]
        rows.append({"variant": variant} | _measured(own, points))
    first = rows[0]
    harmful, safe = first["tp"] + first["fn"], first["fp"] + first["tn"]
    about = {name: first[name] for name in ("folds", "seeds", "items")}
    rows.append({"variant": BASELINE} | about | baseline_row(harmful, safe))
    return pd.DataFrame(rows, columns=list(first))


def _measured(scored: pd.DataFrame, points: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    test, validation = (judged_rows(scored, points, split) for split in ("test", "val"))
    counts = _counts(test)
    f1_of_seeds = [float(rate("f1", [*_counts(own).values()])) for _, own in test.groupby("seed")]
    both = test["label"].nunique() == 2
    return (
        {"folds": points["fold"].nunique(), "seeds": points["seed"].nunique()}
        | {"items": test["item_id"].nunique()}
        | {"validation_f1": float(rate("f1", [*_counts(validation).values()]))}
        | counts
        | {name: float(rate(name, [*counts.values()])) for name in _RATES}
        | {"average_precision": _mean_over_seeds(average_precision_score, test)}
        | {"roc_auc": _mean_over_seeds(roc_auc_score, test) if both else math.nan}
        | {"f1_sd": float(pd.Series(f1_of_seeds).std()), "n": len(test)}
    )


def _counts(judged: pd.DataFrame) -> dict[str, int]:
    # Each row has its own threshold: what is flagged is 1, and the line lies between
    row = sweep(judged["label"], judged["flagged"].astype(float), [0.5]).iloc[0]
    return {name: int(row[name]) for name in ("tp", "fp", "fn", "tn")}


def _mean_over_seeds(metric: Callable[..., float], judged: pd.DataFrame) -> float:
    values = [metric(own["label"], own["probability"]) for _, own in judged.groupby("seed")]
    return float(pd.Series(values).mean())
