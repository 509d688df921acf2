"""Which thresholds are as good as the best one, as far as the items can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harmlib.analysis.choice import PLATEAU_TOLERANCE
from harmlib.analysis.objectives import TIE

COLUMNS = ("variant", "threshold", "low", "high", "tolerance")


def item_plateaus(curves: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    """The run of thresholds around the best F1 in which one item more or less decides.

    With few items one decision moves F1 by more than PLATEAU_TOLERANCE: a plateau that is drawn
    narrower says more than the items can.

    Parameters
    ----------
    curves : pandas.DataFrame
        One row per variant and attainable threshold on validation; columns variant, threshold, tp,
        fp, fn, f1.
    choices : pandas.DataFrame
        As `variant_tables.choices` returns it; the rows of the objective `f1` with a threshold.

    Returns
    -------
    pandas.DataFrame
        COLUMNS, one row per variant: the chosen threshold, the ends of the plateau, and how much F1
        falls if one more item is decided wrongly there (at least PLATEAU_TOLERANCE). The plateau
        holds the one of `choices`.

    Examples
    --------
    >>> curves = pd.DataFrame({"variant": "a", "threshold": [0.2, 0.4, 0.6], "tp": [9, 9, 8],
    ...                        "fp": [2, 1, 1], "fn": [1, 1, 2], "f1": [6 / 7, 0.9, 16 / 19]})
    >>> choices = pd.DataFrame({"variant": ["a"], "objective": "f1", "threshold": 0.4,
    ...                         "plateau_low": 0.3, "plateau_high": 0.5})
    >>> item_plateaus(curves, choices).round(3).to_numpy().tolist()
    [['a', 0.4, 0.2, 0.6, 0.058]]
    """
    best = choices[(choices["objective"] == "f1") & choices["threshold"].notna()]
    rows = []
    for one in best.itertuples():
        own = curves[curves["variant"] == one.variant].sort_values("threshold", ignore_index=True)
        at = int((own["threshold"] - one.threshold).abs().idxmin())
        counts = (float(own.loc[at, name]) for name in ("tp", "fp", "fn"))
        tolerance = max(PLATEAU_TOLERANCE, one_item(*counts))
        worse = np.flatnonzero(own["f1"] < own["f1"][at] - tolerance - TIE)
        after = int(np.searchsorted(worse, at))
        first = worse[after - 1] + 1 if after > 0 else 0
        last = worse[after] - 1 if after < len(worse) else len(own) - 1
        low = min(own["threshold"][first], one.plateau_low)
        high = max(own["threshold"][last], one.plateau_high)
        rows.append((one.variant, one.threshold, low, high, tolerance))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def one_item(tp: float, fp: float, fn: float) -> float:
    """How much F1 falls if one more item is decided wrongly.

    Parameters
    ----------
    tp, fp, fn : float
        Items that were found, falsely alarmed and missed.

    Returns
    -------
    float
        The larger fall of one more miss and of one more false alarm; 0 where nothing is found.

    Examples
    --------
    >>> round(one_item(9, 1, 1), 3)
    0.058
    """
    if tp == 0:
        return 0.0
    f1 = 2 * tp / (2 * tp + fp + fn)
    with_miss = 2 * (tp - 1) / (2 * tp + fp + fn - 1)
    with_alarm = 2 * tp / (2 * tp + fp + fn + 1)
    return float(f1 - min(with_miss, with_alarm))
