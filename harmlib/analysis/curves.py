"""The precision-recall curve under the rule `score > threshold`."""

from __future__ import annotations

import numpy.typing as npt
import pandas as pd

from harmlib.analysis.thresholds import sweep


def pr_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> pd.DataFrame:
    """Precision against recall at every attainable threshold.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        As in `harmlib.analysis.thresholds.sweep`.

    Returns
    -------
    DataFrame
        Columns `threshold`, `recall`, `precision`, one row per attainable threshold, ascending.
        Where nothing is flagged (the last row) precision is 1.0, as in scikit-learn's
        `precision_recall_curve`, so that the curve meets its axis; `sweep` says 0.0 there.

    Raises
    ------
    ScoresError
        Its subclass names the reason.

    Examples
    --------
    >>> pr_curve([0, 1, 1], [0.2, 0.4, 0.8])
       threshold  recall  precision
    0        0.1     1.0   0.666667
    1        0.3     1.0   1.000000
    2        0.6     0.5   1.000000
    3        1.0     0.0   1.000000
    """
    table = sweep(labels, scores)
    precision = table["precision"].where(table["flagged_share"] > 0, 1.0)
    return table[["threshold", "recall"]].assign(precision=precision)
