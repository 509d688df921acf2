"""Metrics with intervals, and differences of metrics: the estimates without each group, once.

Everything here ends in `harmlib.analysis.jackknife`. The estimates need no resamples and no seed:
the same items give the same intervals. All functions take

`labels` : array_like, shape (n,)
    0 or 1. With one class alone there are values, but no intervals.
`scores` : array_like, shape (n,)
    Finite. The rule is `score > threshold`.
`groups` : array_like, shape (n,), optional
    Hashable names; items of one group are left out together. None: each item is a group.
`level` : float
    Confidence, in (0, 1).

An interval needs MIN_GROUPS groups that hold a harmful item, and as many that hold a safe one;
without them `low` and `high` are NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy.typing as npt
import pandas as pd

from harmlib.analysis.average_precision import average_precision_estimate
from harmlib.analysis.checks import FloatArray, check_level, check_thresholds
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.group_counts import GroupCounts, count_groups
from harmlib.analysis.rate_estimates import rate_estimates, rates_at
from harmlib.analysis.rates import RATES

METRICS = (*RATES, "average_precision")


def metric_estimates(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    metrics: Sequence[str] = METRICS,
    repeats: npt.ArrayLike | None = None,
) -> dict[str, Estimates]:
    """Each rate at one threshold, and average precision where it is asked for.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    threshold : float or array_like, shape (n,)
        Finite; one for all items, or one for each.
    groups : array_like, shape (n,), optional
        None: each item is a group.
    metrics : sequence of str
        Of METRICS; average precision is the one that takes long.
    repeats : array_like, shape (n,), optional
        As in `rate_estimates.rates_at`.

    Returns
    -------
    dict of str to Estimates
        With k = 1; each of `RATES`, whatever is asked for.

    Raises
    ------
    ValueError
        What `rate_estimates` refuses.

    Examples
    --------
    >>> list(metric_estimates([0, 1, 1], [0.2, 0.4, 0.9], 0.3, metrics=["f1"])) == list(RATES)
    True
    """
    found = rates_at(labels, scores, threshold, groups, repeats=repeats)
    if "average_precision" in metrics:
        found["average_precision"] = average_precision_estimate(
            labels, scores, groups, repeats=repeats
        )
    return found


def interval_table(
    found: Mapping[str, Estimates],
    counts: GroupCounts,
    metrics: Sequence[str] = METRICS,
    level: float = 0.95,
) -> pd.DataFrame:
    """Tabulate metrics and their intervals.

    Parameters
    ----------
    found : mapping of str to Estimates
        With k = 1, by metric.
    counts : GroupCounts
        Of the same items.
    metrics : sequence of str
        Keys of `found`.
    level : float
        In (0, 1).

    Returns
    -------
    DataFrame
        As `metric_intervals` returns it.

    Examples
    --------
    >>> labels, scores = [0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10
    >>> found = rates_at(labels, scores, 0.5)
    >>> interval_table(found, count_groups(labels), ["precision"]).round(2)
          metric  value   low  high  harmful_groups  safe_groups
    0  precision   0.67  0.47  0.82              20           20
    """
    rows = []
    for name in metrics:
        (low,), (high,) = _ends(name, found[name], level)
        rows.append((name, found[name].value[0], low, high, counts.harmful, counts.safe))
    columns = ["metric", "value", "low", "high", "harmful_groups", "safe_groups"]
    return pd.DataFrame(rows, columns=columns)


def _ends(metric: str, found: Estimates, level: float) -> tuple[FloatArray, FloatArray]:
    return found.interval("correlation" if metric == "mcc" else "share", level)


def metric_intervals(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    metrics: Sequence[str] = METRICS,
    level: float = 0.95,
    repeats: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Metrics at one threshold, and average precision, with intervals.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    threshold : float or array_like, shape (n,)
        Finite; one for all items, or one for each.
    groups : array_like, shape (n,), optional
        None: each item is a group.
    metrics : sequence of str
        Of METRICS; average precision is the one that takes long.
    level : float
        In (0, 1).
    repeats : array_like, shape (n,), optional
        As in `rate_estimates.rates_at`.

    Returns
    -------
    DataFrame
        One row for each of `metrics`: metric, value, low, high (NaN with too few groups),
        harmful_groups, safe_groups (that hold such an item).

    Raises
    ------
    ValueError
        What `sweep` refuses; groups that do not fit; a level outside (0, 1).

    Examples
    --------
    >>> labels, scores = [0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10
    >>> metric_intervals(labels, scores, 0.5).round(2).head(2)
          metric  value   low  high  harmful_groups  safe_groups
    0  precision   0.67  0.47  0.82              20           20
    1     recall   1.00  0.83  1.00              20           20
    """
    check_level(level)
    found = metric_estimates(labels, scores, threshold, groups, metrics=metrics, repeats=repeats)
    return interval_table(found, count_groups(labels, groups), metrics, level)


def curve_band(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Each rate along the thresholds, with a band.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    thresholds : array_like, shape (t,)
        Finite, in any order.
    groups : array_like, shape (n,), optional
        None: each item is a group.
    level : float
        In (0, 1).

    Returns
    -------
    DataFrame
        Columns threshold (ascending), metric (each of `RATES`), value, low, high. The band is
        pointwise: it holds at one threshold at a time, not along the whole curve.

    Raises
    ------
    ValueError
        As in `metric_intervals`.

    Examples
    --------
    >>> labels, scores = [0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10
    >>> band = curve_band(labels, scores, [0.5, 0.7])
    >>> band[band["metric"] == "precision"].round(2)
       threshold     metric  value   low  high
    0        0.5  precision   0.67  0.47  0.82
    1        0.7  precision   1.00  0.83  1.00
    """
    grid = check_thresholds(thresholds)
    return band_along(grid, rate_estimates(labels, scores, grid, groups), level)


def band_along(
    thresholds: FloatArray, rates: Mapping[str, Estimates], level: float = 0.95
) -> pd.DataFrame:
    """Tabulate rates along the thresholds, with a band.

    Parameters
    ----------
    thresholds : ndarray of float64, shape (t,)
        Ascending.
    rates : mapping of str to Estimates
        With k = t.
    level : float
        In (0, 1).

    Returns
    -------
    DataFrame
        As `curve_band` returns it.

    Examples
    --------
    >>> grid = check_thresholds([0.5, 0.7])
    >>> found = rate_estimates([0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10, grid)
    >>> band_along(grid, {"precision": found["precision"]}).round(2)
       threshold     metric  value   low  high
    0        0.5  precision   0.67  0.47  0.82
    1        0.7  precision   1.00  0.83  1.00
    """
    tables = []
    for name, found in rates.items():
        low, high = _ends(name, found, level)
        columns = {"threshold": thresholds, "metric": name, "value": found.value}
        tables.append(pd.DataFrame(columns | {"low": low, "high": high}))
    return pd.concat(tables, ignore_index=True)
