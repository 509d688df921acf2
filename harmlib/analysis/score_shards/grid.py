"""The thresholds at which scores are counted, and the bin between two of them for each score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harmlib.analysis.checks import FloatArray, Scores
from harmlib.analysis.own_scores.scales import Scale

IntArray = npt.NDArray[np.int64]
DECIMALS = 4  # of the thresholds between the two tails
SIGNIFICANT = 3  # digits of thresholds below 0.01, and of 1 - threshold above 0.99
SMALLEST = 7  # the tails go down to 1e-7: float32 probabilities next to 1 lie no closer
_CELLS = 1 << 16


def fine_grid(scale: Scale, decided: float | None = None) -> FloatArray:
    """Choose the thresholds at which a model's scores are counted.

    Parameters
    ----------
    scale : Scale
        What its scores are.
    decided : float, optional
        A threshold on probabilities that must be among them.

    Returns
    -------
    ndarray of float64, shape (m,)
        On probabilities, ascending, from 0 or above to 1. Between levels, else every number with
        four decimals, and towards 0 and 1 those with three significant digits (of 1 - threshold)
        down to 1e-7: scores crowd there.

    Examples
    --------
    >>> grid = fine_grid(Scale("probability"))
    >>> len(grid), grid[:2].tolist(), [t in grid for t in (0.5, 0.7381, 0.00123, 0.9999876)]
    (18803, [0.0, 1e-07], [True, True, True, True])
    >>> fine_grid(Scale("levels", (0, 2, 4))).tolist()
    [0.25, 0.75, 1.0]
    """
    own = [] if decided is None else [decided]
    if scale.kind == "levels":
        return np.unique([*scale.grid(), 1.0, *own])
    parts = [np.arange(10**DECIMALS + 1) / 10**DECIMALS]
    digits = np.arange(10 ** (SIGNIFICANT - 1), 10**SIGNIFICANT)
    for power in range(
        DECIMALS + 1, SMALLEST + SIGNIFICANT
    ):  # divided once: as written in decimals
        parts += [digits / 10**power, (10**power - digits) / 10**power]
    return np.unique(np.concatenate([*parts, own]))


class Bins:
    """Which bin of a grid each score falls into.

    Bin 0 holds the scores up to the first threshold, bin i those above threshold i - 1 and up to
    threshold i: a score is above threshold j just where its bin is above j.

    Parameters
    ----------
    thresholds : ndarray of float64, shape (m,)
        Ascending, in [0, 1].

    Examples
    --------
    >>> Bins(np.array([0.25, 0.5])).of(np.array([0.0, 0.25, 0.3, 0.5, 1.0])).tolist()
    [0, 0, 1, 1, 2]
    """

    def __init__(self, thresholds: FloatArray) -> None:
        self.thresholds = thresholds
        self.count = len(thresholds) + 1
        # The unit interval in cells: most of them hold one threshold or none
        starts = np.arange(_CELLS + 1) / _CELLS
        self._first = np.searchsorted(thresholds, starts, side="left")
        self._crowded = np.diff(self._first, append=len(thresholds)) > 1
        self._padded = np.append(thresholds, np.inf)

    def of(self, probabilities: Scores) -> IntArray:
        """Return the bin of each score.

        Parameters
        ----------
        probabilities : ndarray of float32 or float64, shape (n,)
            In [0, 1].

        Returns
        -------
        ndarray of int64, shape (n,)
            From 0 to m.
        """
        values = probabilities.astype(np.float64, copy=False)
        cell = (values * _CELLS).astype(np.int64)  # a power of two: nothing is rounded
        found = self._first[cell]
        found += values > self._padded[found]
        crowded = self._crowded[cell]
        found[crowded] = np.searchsorted(self.thresholds, values[crowded], side="left")
        return found
