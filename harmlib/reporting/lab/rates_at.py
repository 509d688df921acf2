"""What a threshold gets right and wrong, of validation items and on an expected day."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from harmlib.analysis.baseline import baseline_row
from harmlib.analysis.thresholds import sweep

Figures = Mapping[str, float]  # counts and rates by the column names of `sweep`


def figures_at(labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> dict[str, float]:
    """Count what a threshold gets right and wrong, with the rates that follow.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        1 for harmful, 0 for safe.
    scores : array-like of float, shape (n,)
        Probabilities, 0 to 1.
    threshold : float
        What scores above it is flagged.

    Returns
    -------
    dict
        The row of `sweep`, with NaN for each ratio without a denominator (`sweep` says 0).

    Examples
    --------
    >>> figures = figures_at([0, 1, 1], [0.2, 0.6, 0.9], 0.95)
    >>> figures["recall"], figures["precision"]
    (0.0, nan)
    """
    return _with_gaps(sweep(labels, scores, [threshold]).iloc[0].to_dict())


def baseline_figures(labels: npt.NDArray[np.integer]) -> dict[str, float]:
    """Count what calling everything harmful gets right and wrong.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        1 for harmful, 0 for safe.

    Returns
    -------
    dict
        As `baseline_row`, with NaN for each ratio without a denominator.

    Examples
    --------
    >>> import numpy as np
    >>> baseline_figures(np.array([1, 1, 1]))["specificity"]
    nan
    """
    harmful = int(labels.sum())
    return _with_gaps(baseline_row(harmful, len(labels) - harmful))


def _with_gaps(figures: dict[str, float]) -> dict[str, float]:
    undefined = [] if figures["tp"] + figures["fp"] else ["precision"]
    undefined += [] if figures["tp"] + figures["fn"] else ["recall", "f1"]
    undefined += [] if figures["fp"] + figures["tn"] else ["specificity"]
    return figures | dict.fromkeys(undefined, np.nan)


def expected_day(
    figures: Figures, miss_cost: float, alarm_cost: float, items_per_day: float
) -> dict[str, float]:
    """Scale errors to a day, as if harmful items were as frequent as in validation.

    Parameters
    ----------
    figures : mapping of str to float
        Counts tp, fp, fn, tn.
    miss_cost, alarm_cost : float
        What one miss and one false alarm cost, in any currency.
    items_per_day : float
        Items that arrive per day.

    Returns
    -------
    dict
        misses and alarms (items per day), cost (per day).

    Examples
    --------
    >>> expected_day({"tp": 6, "fp": 1, "fn": 2, "tn": 1}, 5000, 1000, items_per_day=100)
    {'misses': 20.0, 'alarms': 10.0, 'cost': 110000.0}
    """
    share = items_per_day / sum(figures[name] for name in ("tp", "fp", "fn", "tn"))
    misses, alarms = share * figures["fn"], share * figures["fp"]
    return {"misses": misses, "alarms": alarms, "cost": miss_cost * misses + alarm_cost * alarms}
