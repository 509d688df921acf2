"""The baseline: the classifier that calls everything harmful, which every model has to beat."""

from __future__ import annotations

import math

from harmlib.analysis.rates import RATES, rate

BASELINE = "baseline"  # its name in the column `variant` of tables, and in `metrics.json`


def baseline_row(harmful: int, safe: int) -> dict[str, float]:
    """Count what the baseline gets right and wrong, with the rates that follow.

    Parameters
    ----------
    harmful, safe : int
        Items of each label, not negative.

    Returns
    -------
    dict
        n, tp, fp, fn, tn (int), the rates `RATES` and accuracy (as `harmlib.analysis.rates.rate`
        computes them), average_precision (NaN without harmful items) and roc_auc (0.5; NaN unless
        both labels occur). There is no threshold.

    Examples
    --------
    >>> row = baseline_row(harmful=3, safe=1)
    >>> row["precision"], row["recall"], row["tp"], row["fp"]
    (0.75, 1.0, 3, 1)
    """
    counts = {"tp": harmful, "fp": safe, "fn": 0, "tn": 0}
    rates = {name: float(rate(name, [*counts.values()])) for name in (*RATES, "accuracy")}
    # One score for all items: one step of the ranking, which holds every harmful item.
    ranking = {
        "average_precision": rates["precision"] if harmful else math.nan,
        "roc_auc": 0.5 if harmful and safe else math.nan,
    }
    return {"n": harmful + safe} | counts | rates | ranking
