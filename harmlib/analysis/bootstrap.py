"""The best threshold of each resample: where it lands when whole groups are drawn anew.

A best threshold is no smooth function of the items, so the jackknife does not apply to it. Its
percentiles over resamples describe how far it scatters; they are no interval that covers a true
best threshold at a known rate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray
from harmlib.analysis.objectives import Objective
from harmlib.analysis.rates import COUNTS, RATES, rate


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
    >>> from harmlib.analysis.resampling import confusion_draws
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
    >>> from harmlib.analysis.resampling import confusion_draws
    >>> counts = confusion_draws([0, 1, 1], [0.6, 0.4, 0.9], grid, resamples=10)
    >>> best_thresholds(counts, grid, Objective.parse("f1"))[0].item()
    0.3
    """
    values, feasible = gains(counts, goal)
    values = np.where(feasible, values, -np.inf)
    best = grid[np.argmax(goal.best(values, counts[1]), axis=1)]
    return np.where(np.isfinite(values.max(axis=1)), best, np.nan)
