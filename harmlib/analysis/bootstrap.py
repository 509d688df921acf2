"""How sure are we? Intervals of metrics and of thresholds, from redrawing whole groups.

Intervals are percentile intervals (Efron & Tibshirani 1993, An Introduction to the Bootstrap,
ch. 13). With fewer than about 30 groups they are somewhat too narrow. A resample that holds one
class only is left out, and counted as `excluded`.

All functions take the same arguments:

`labels` : array_like, shape (n,)
    0 or 1, both present.
`scores` : array_like, shape (n,)
    Finite. The rule is `score > threshold`.
`groups` : array_like, shape (n,), optional
    Hashable names, at least two distinct; None: each item is a group. Groups are drawn as a whole.
`resamples`, `seed` : int
    How many resamples, at least 1; equal seeds give equal draws.
`level` : float
    Confidence, in (0, 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, check_thresholds
from harmlib.analysis.objectives import Objective
from harmlib.analysis.rates import COUNTS, RATES, rate
from harmlib.analysis.resampling import (
    average_precision_draws,
    confusion_draws,
    interval,
    precision_draws,
)


@dataclass(frozen=True)
class BestThreshold:
    """The best threshold of a grid, and where it lands in resamples.

    Parameters
    ----------
    value : float
        The sample's best threshold; NaN where no grid point is feasible.
    low, high : float
        Its interval; both are grid points.
    shares : DataFrame
        Columns threshold, share: how many of the resamples chose each grid point, in [0, 1].
    excluded : int
        Resamples left out.
    """

    value: float
    low: float
    high: float
    shares: pd.DataFrame
    excluded: int


def metric_intervals(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Metrics at one threshold, and average precision, with intervals.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, both present; and finite scores.
    threshold : float
        Finite.
    groups : array_like, shape (n,), optional
        Names; items of one group are drawn together. None: each item is a group.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    DataFrame
        Columns metric (`RATES` of `harmlib.analysis.rates`, then average_precision), value (of the
        sample), low, high, excluded (resamples left out).

    Raises
    ------
    ValueError
        One class only, fewer than two groups, or unusable scores or threshold.

    Examples
    --------
    >>> labels, scores = [0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10
    >>> metric_intervals(labels, scores, 0.5, resamples=500).round(1).head(2)
          metric  value  low  high  excluded
    0  precision    0.7  0.5   0.8         0
    1     recall    1.0  1.0   1.0         0
    """
    counts = confusion_draws(labels, scores, [threshold], groups, resamples=resamples, seed=seed)
    draws = {metric: rate(metric, counts)[:, 0] for metric in RATES}
    draws["average_precision"] = average_precision_draws(
        labels, scores, groups, resamples=resamples, seed=seed
    )
    rows = [(name, draw[0], *interval(draw[1:], level)) for name, draw in draws.items()]
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "excluded"])


def best_threshold_interval(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    objective: str = "f1",
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> BestThreshold:
    """Find where the best threshold of the grid lands when the sample is drawn anew.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, both present; and finite scores.
    thresholds : array_like, shape (t,)
        Finite. Memory grows with groups x t, so pass a grid, not every score.
    groups : array_like, shape (n,), optional
        Names; items of one group are drawn together. None: each item is a group.
    objective : str
        A text that `Objective.parse` reads; ties are settled as in `choose`. A resample for which
        no threshold is feasible is left out, and counted.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    BestThreshold

    Raises
    ------
    ValueError
        As in `metric_intervals`; or the objective is unknown.

    Examples
    --------
    >>> labels, scores = [0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10
    >>> best = best_threshold_interval(labels, scores, [0.5, 0.7], resamples=500)
    >>> best.value, best.low, best.high, best.shares["share"].tolist()
    (0.7, 0.7, 0.7, [0.0, 1.0])
    """
    goal, grid = Objective.parse(objective), check_thresholds(thresholds)
    counts = confusion_draws(labels, scores, grid, groups, resamples=resamples, seed=seed)
    best = best_thresholds(counts, grid, goal)
    low, high, excluded = interval(best[1:], level, method="inverted_cdf")
    kept = best[1:][~np.isnan(best[1:])]
    share = (kept[:, None] == grid).mean(axis=0) if len(kept) else np.full(len(grid), np.nan)
    shares = pd.DataFrame({"threshold": grid, "share": share})
    return BestThreshold(float(best[0]), float(low), float(high), shares, excluded)


def curve_band(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Each rate along the thresholds, with a band.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, both present; and finite scores.
    thresholds : array_like, shape (t,)
        Finite, in any order.
    groups : array_like, shape (n,), optional
        Names; items of one group are drawn together. None: each item is a group.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    DataFrame
        Columns threshold (ascending), metric (each of `RATES`), value (of the sample), low, high,
        excluded. The band is pointwise: it holds at one threshold at a time, not along the whole
        curve.

    Raises
    ------
    ValueError
        As in `metric_intervals`.

    Examples
    --------
    >>> labels, scores = [0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10
    >>> band = curve_band(labels, scores, [0.5, 0.7], resamples=500)
    >>> band[band["metric"] == "precision"].round(1)
       threshold     metric  value  low  high  excluded
    0        0.5  precision    0.7  0.5   0.8         0
    1        0.7  precision    1.0  1.0   1.0         0
    """
    grid = check_thresholds(thresholds)
    counts = confusion_draws(labels, scores, grid, groups, resamples=resamples, seed=seed)
    tables = []
    for metric in RATES:
        draws = rate(metric, counts)
        low, high, excluded = interval(draws[1:], level)
        columns = {"threshold": grid, "metric": metric, "value": draws[0]}
        tables.append(pd.DataFrame(columns | {"low": low, "high": high, "excluded": excluded}))
    return pd.concat(tables, ignore_index=True)


def precision_recall_band(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    recalls: npt.ArrayLike | None = None,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Precision at fixed recalls, with a band.

    Precision is taken at the highest threshold whose recall reaches the wanted one, without
    interpolation.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, both present; and finite scores.
    groups : array_like, shape (n,), optional
        Names; items of one group are drawn together. None: each item is a group.
    recalls : array_like, shape (r,), optional
        In [0, 1]; at 0 the first harmful item counts. None: 0.00, 0.01, ..., 1.00.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    DataFrame
        Columns recall, value (of the sample), low, high, excluded. The band is pointwise.

    Raises
    ------
    ValueError
        As in `metric_intervals`; or a recall lies outside [0, 1].

    Examples
    --------
    >>> labels, scores = [0, 1] * 20, [0.2, 0.9, 0.6, 0.5] * 10
    >>> precision_recall_band(labels, scores, recalls=[0.5, 1], resamples=500).round(1)
       recall  value  low  high  excluded
    0     0.5    1.0  0.5   1.0         0
    1     1.0    0.7  0.5   0.8         0
    """
    wanted = np.linspace(0, 1, 101) if recalls is None else np.asarray(recalls, np.float64)
    if wanted.ndim != 1 or not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueError(f"recalls must be a 1-D list of fractions in [0, 1], not {wanted}")
    draws = precision_draws(labels, scores, wanted, groups, resamples=resamples, seed=seed)
    low, high, excluded = interval(draws[1:], level)
    return pd.DataFrame(
        {"recall": wanted, "value": draws[0], "low": low, "high": high, "excluded": excluded}
    )


def gains(counts: FloatArray, goal: Objective) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Tell what an objective gains from confusion counts.

    Parameters
    ----------
    counts : ndarray of float64, shape (4, rows, t)
        From `confusion_draws`.
    goal : Objective

    Returns
    -------
    gain : ndarray of float64, shape (rows, t)
        Higher is better; NaN where the counts are.
    feasible : ndarray of bool, shape (rows, t)
        False where the counts are NaN.

    Examples
    --------
    >>> counts = confusion_draws([0, 1, 1], [0.6, 0.4, 0.9], [0.3, 0.5], resamples=10)
    >>> gain, feasible = gains(counts, Objective.parse("recall@flagged<=0.9"))
    >>> gain[0].tolist(), feasible[0].tolist()
    ([1.0, 0.5], [False, True])
    """
    flat = counts.reshape(4, -1)
    columns = dict(zip(COUNTS, flat, strict=True)) | {name: rate(name, flat) for name in RATES}
    rows, shape = pd.DataFrame(columns), counts.shape[1:]
    gain, feasible = goal.gain(rows).to_numpy(), goal.feasible(rows).to_numpy()
    return gain.reshape(shape), feasible.reshape(shape)


def best_thresholds(counts: FloatArray, grid: FloatArray, goal: Objective) -> FloatArray:
    """Choose the best grid point in each resample.

    Parameters
    ----------
    counts : ndarray of float64, shape (4, rows, t)
        From `confusion_draws` at `grid`.
    grid : ndarray of float64, shape (t,)
        Ascending.
    goal : Objective
        Ties are settled as in `choose`.

    Returns
    -------
    ndarray of float64, shape (rows,)
        NaN where a class is missing or no grid point is feasible.

    Examples
    --------
    >>> grid = np.array([0.3, 0.5, 0.7])
    >>> counts = confusion_draws([0, 1, 1], [0.6, 0.4, 0.9], grid, resamples=10)
    >>> best_thresholds(counts, grid, Objective.parse("f1"))[0].item()
    0.3
    """
    values, feasible = gains(counts, goal)
    values = np.where(feasible, values, -np.inf)
    best = grid[np.argmax(goal.best(values, counts[1]), axis=1)]
    return np.where(np.isfinite(values.max(axis=1)), best, np.nan)
