"""Where a gain comes from: the steps from one model to another, each with its part."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import check_scored
from harmlib.analysis.rate_estimates import rates_at
from harmlib.analysis.thresholds import attainable_thresholds

# Scores, and the threshold that decides: one for all items, or one for each
Decided = tuple[npt.ArrayLike, float | npt.ArrayLike]


def gain_parts(
    labels: npt.ArrayLike,
    start: Decided,
    stages: Mapping[str, Decided],
    groups: npt.ArrayLike | None = None,
    *,
    metric: str = "f1",
    level: float = 0.95,
) -> pd.DataFrame:
    """Split a gain into the steps that led from one model to another.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    start : tuple (scores, threshold)
        The old model's decisions.
    stages : mapping of str to tuple (scores, threshold)
        The decisions after each step, in order; the last are the new model's. Steps that change
        scores should keep the share that is flagged (`matched_threshold`): equal thresholds mean
        nothing on two scales.
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None for one group per item.
    metric : str
        One of `rates.RATES`.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row per step, then `total`: part, value, low, high, share (of the total; NaN for a
        total of 0). The values of the steps sum to the total.

    Raises
    ------
    ValueError
        What `rate_estimates` refuses.

    Examples
    --------
    >>> labels = [0, 0, 0, 1, 1, 1] * 5
    >>> old, new = [1, 2, 4, 3, 5, 6] * 5, [1, 2, 3, 4, 5, 6] * 5
    >>> stages = {"weights": (new, 2.5), "threshold": (new, 3.5)}
    >>> gain_parts(labels, (old, 2.5), stages)[["part", "value", "share"]].round(2)
            part  value  share
    0    weights   0.00    0.0
    1  threshold   0.14    1.0
    2      total   0.14    1.0
    """
    found = [
        rates_at(labels, scores, threshold, groups)[metric]
        for scores, threshold in (start, *stages.values())
    ]
    parts = dict(zip(stages, (new - old for old, new in pairwise(found)), strict=True))
    total = parts["total"] = found[-1] - found[0]
    whole = total.value[0]
    rows = []
    for part, apart in parts.items():
        value = apart.value[0]
        low, high = apart.interval("difference", level)
        rows.append((part, value, low[0], high[0], value / whole if whole else np.nan))
    return pd.DataFrame(rows, columns=["part", "value", "low", "high", "share"])


def matched_threshold(scores: npt.ArrayLike, flagged: int) -> float:
    """The threshold that flags as many items as another model did.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Finite, any scale.
    flagged : int
        How many items to flag, 0 to n.

    Returns
    -------
    float
        The attainable threshold whose number of flagged items is closest; with ties among the
        scores, the lower number of two that are equally close.

    Raises
    ------
    ValueError
        Scores that `sweep` refuses.

    Examples
    --------
    >>> matched_threshold([0.1, 0.4, 0.6, 0.9], 2)
    0.5
    """
    _, checked = check_scored(np.zeros(np.shape(scores)), scores)
    distinct, members = np.unique(checked, return_counts=True)
    above = len(checked) - np.concatenate([[0], np.cumsum(members)])  # per threshold, ascending
    off = np.abs(above - flagged)
    closest = int(np.flatnonzero(off == off.min())[-1])
    return float(attainable_thresholds(distinct)[closest])
