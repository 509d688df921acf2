"""Tables of the earlier report's printed figures."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.rates import COUNTS
from harmlib.audit.claims import METRICS
from harmlib.reporting.text.column_names import earlier_report


def beside_published(table: pd.DataFrame, published: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Put the earlier report's precision, recall and F1 into columns beside this run's rows.

    Parameters
    ----------
    table : DataFrame
        Rows of one variant; columns epoch, threshold, precision, recall, f1.
    published : DataFrame
        Printed figures of one modality; columns model, epoch, threshold, precision, recall, f1.
    variant : str
        `model3` is the printed Model 3.

    Returns
    -------
    DataFrame
        A row without a printed counterpart (same model, epoch and threshold) has missing values
        there. Without any printed row the table is returned as it is.

    Examples
    --------
    >>> figures = {"precision": [0.7], "recall": [1.0], "f1": [0.8]}
    >>> table = pd.DataFrame({"epoch": [1], "threshold": [0.5]} | figures)
    >>> beside_published(table, table.assign(model="2", f1=0.84), "model2")["이전 보고서 F1"].tolist()
    [0.84]
    """
    if published.empty:
        return table
    own = published[published["model"].astype(str) == variant.removeprefix("model")]
    own = own[["epoch", "threshold", *METRICS]].round({"threshold": 2})
    names = {metric: earlier_report(metric.capitalize()) for metric in METRICS}
    return table.assign(threshold=table["threshold"].round(2)).merge(
        own.rename(columns=names), on=["epoch", "threshold"], how="left"
    )


def shown_audit_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Take the columns of the confusion matrices that the audit found.

    Parameters
    ----------
    counts : DataFrame
        `Audit.counts`.

    Returns
    -------
    DataFrame
        Columns model, epoch, threshold, precision, recall, f1, tp, fp, fn, tn, unique.

    Examples
    --------
    >>> columns = ["row", "model", "epoch", "threshold", "precision", "recall", "f1", "tp", "fp", "fn",
    ...            "tn", "unique"]
    >>> list(shown_audit_counts(pd.DataFrame([range(12)], columns=columns)))[:4]
    ['model', 'epoch', 'threshold', 'precision']
    """
    return counts[["model", "epoch", "threshold", *METRICS, *COUNTS, "unique"]]
