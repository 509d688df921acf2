"""What a regulator asks of automated means: accuracy, and how often they err, with intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.judged import Judged
from harmlib.analysis.rate_estimates import rates_at

# Each figure, and of which rate it is the complement: an interval of 1 - x is that of x, mirrored.
_MIRRORED = {
    "error_rate": "accuracy",
    "false_positive_rate": "specificity",
    "false_negative_rate": "recall",
}
FIGURES = ("accuracy", "precision", "recall", *_MIRRORED)


def error_rates(judged: Judged, level: float = 0.95) -> pd.DataFrame:
    """Measure accuracy, precision, recall and the rates of error of decisions.

    Parameters
    ----------
    judged : Judged
        Items as they were decided.
    level : float
        Confidence of each interval, in (0, 1).

    Returns
    -------
    DataFrame
        One row for each of FIGURES: metric, value (NaN without a denominator), low, high (NaN with
        too few groups of a class).

    Examples
    --------
    >>> labels, scores = np.array([0, 1] * 20), np.array([0.2, 0.9, 0.6, 0.4] * 10)
    >>> groups = np.arange(40).astype(object)
    >>> error_rates(Judged(labels, scores, np.full(40, 0.5), groups, None)).round(2).head(4)
           metric  value   low  high
    0    accuracy    0.5  0.34  0.66
    1   precision    0.5  0.28  0.72
    2      recall    0.5  0.28  0.72
    3  error_rate    0.5  0.34  0.66
    """
    labels, groups = np.asarray(judged.labels), judged.groups
    flagged = judged.probabilities > judged.thresholds
    found = rates_at(
        labels, judged.probabilities, judged.thresholds, groups, repeats=judged.repeats
    )
    # The share of items that are flagged, of items flagged where the decision was right
    right = (flagged == (labels == 1)).astype(np.float64)
    found["accuracy"] = rates_at(labels, right, np.full(len(right), 0.5), groups,
                                 repeats=judged.repeats)["flagged_share"]  # fmt: skip
    exists = {
        "accuracy": len(labels) > 0,
        "precision": bool(flagged.any()),
        "recall": bool((labels == 1).any()),
        "specificity": bool((labels == 0).any()),
    }
    rows: list[dict[str, Any]] = []
    for name in FIGURES:
        of = _MIRRORED.get(name, name)
        low, high = found[of].interval("share", level)
        ends = (float(found[of].value[0]), float(low[0]), float(high[0]))
        if not exists[of]:
            ends = (math.nan, math.nan, math.nan)
        if name in _MIRRORED:
            ends = (1 - ends[0], 1 - ends[2], 1 - ends[1])
        rows.append(dict(zip(("metric", "value", "low", "high"), (name, *ends), strict=True)))
    return pd.DataFrame(rows)


def decision_counts(judged: Judged) -> dict[str, int]:
    """Count decisions, and the groups that they come from.

    Parameters
    ----------
    judged : Judged
        Items as they were decided; with several trainings each decision counts.

    Returns
    -------
    dict of str to int
        decisions, tp, fp, fn, tn, harmful_groups, safe_groups.

    Examples
    --------
    >>> decision_counts(Judged(np.array([0, 1]), np.array([0.9, 0.9]), np.full(2, 0.5),
    ...                        np.array(["a", "b"], object), None))
    {'decisions': 2, 'tp': 1, 'fp': 1, 'fn': 0, 'tn': 0, 'harmful_groups': 1, 'safe_groups': 1}
    """
    harmful, flagged = judged.labels == 1, judged.probabilities > judged.thresholds
    groups = count_groups(judged.labels, judged.groups)
    return {
        "decisions": len(harmful),
        "tp": int((harmful & flagged).sum()),
        "fp": int((~harmful & flagged).sum()),
        "fn": int((harmful & ~flagged).sum()),
        "tn": int((~harmful & ~flagged).sum()),
        "harmful_groups": int(groups.harmful),
        "safe_groups": int(groups.safe),
    }
