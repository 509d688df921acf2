"""Precision-recall and ROC curves under the rule `score > threshold`, and a row of key figures."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from harmlib.analysis.thresholds import check_scored, sweep


def pr_curve(labels, scores) -> pd.DataFrame:
    """Columns `threshold recall precision`, one row an attainable threshold, ascending.

    Where nothing is flagged (last row), precision is 1.0, as in scikit-learn's
    `precision_recall_curve`, so that the curve meets its axis; `sweep` says 0.0 there.
    """
    table = sweep(labels, scores)
    precision = table["precision"].where(table["flagged_share"] > 0, 1.0)
    return pd.DataFrame(
        {"threshold": table["threshold"], "recall": table["recall"], "precision": precision}
    )


def roc_curve(labels, scores) -> pd.DataFrame:
    """Columns `threshold false_alarm_rate recall`, one row an attainable threshold, ascending.

    The false alarm rate is fp / (fp + tn). Without safe items it is 0.0.
    """
    table = sweep(labels, scores)
    safe = table["fp"] + table["tn"]
    rate = table["fp"] / safe.where(safe > 0, 1)
    return pd.DataFrame(
        {"threshold": table["threshold"], "false_alarm_rate": rate, "recall": table["recall"]}
    )


def summary(labels, scores, threshold: float) -> dict[str, float]:
    """Key figures of one model: at `threshold`, and over all thresholds.

    Keys: accuracy, precision, recall, f1 (with `sweep`'s conventions), average_precision,
    roc_auc, n. Without harmful items average_precision is NaN; with one class roc_auc is NaN.
    Errors as `sweep`.
    """
    harmful, scores, _ = check_scored(labels, scores)
    row = sweep(harmful, scores, [threshold]).iloc[0]
    return {
        "accuracy": float(row["tp"] + row["tn"]) / harmful.size,
        "precision": float(row["precision"]),
        "recall": float(row["recall"]),
        "f1": float(row["f1"]),
        "average_precision": (
            float(average_precision_score(harmful, scores)) if harmful.any() else np.nan
        ),
        "roc_auc": (
            float(roc_auc_score(harmful, scores)) if harmful.any() and not harmful.all() else np.nan
        ),
        "n": harmful.size,
    }


def baseline_row(labels) -> dict[str, float]:
    """The `summary` of calling everything harmful: what a model has to beat."""
    return summary(labels, np.ones(np.size(labels)), 0.0)
