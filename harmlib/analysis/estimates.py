"""Metrics of all groups and without each of them, and the intervals that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from harmlib.analysis.checks import FloatArray, IntArray, check_level
from harmlib.analysis.jackknife import Scale, jackknife_error, jackknife_interval


@dataclass(frozen=True)
class Estimates:
    """Metrics of all groups, and without each of them.

    Attributes
    ----------
    value : ndarray of float64, shape (k,)
        Of all groups.
    left_out : ndarray of float64, shape (blocks, k)
        Without each block: a group, or several where there are many (`resampling.block_codes`).
    units : ndarray of int, shape (k,)
        Blocks that take part in each metric.
    enough : bool
        Whether each class lies in at least MIN_GROUPS groups.
    repeats : ndarray of float64, shape (r, k), optional
        The metrics of each of r trainings (seeds) that scored the same items; None: of one.
    """

    value: FloatArray
    left_out: FloatArray
    units: IntArray
    enough: bool
    repeats: FloatArray | None = None

    def __sub__(self, other: Estimates) -> Estimates:
        """Differences of the same metrics on the same items."""
        if self.repeats is None or other.repeats is None:
            repeats = None
        else:
            repeats = self.repeats - other.repeats
        return Estimates(
            self.value - other.value,
            self.left_out - other.left_out,
            np.maximum(self.units, other.units),
            self.enough,
            repeats,
        )

    @property
    def repeat_error(self) -> FloatArray:
        """Standard error of each metric that other seeds would make; 0 where one can't tell."""
        if self.repeats is None or len(self.repeats) < 2:
            return np.zeros_like(self.value)
        error: FloatArray = self.repeats.std(axis=0, ddof=1) / np.sqrt(len(self.repeats))
        return error

    @property
    def error(self) -> FloatArray:
        """Standard error of each metric that other groups and other seeds would make."""
        error: FloatArray = np.hypot(
            jackknife_error(self.value, self.left_out, self.units), self.repeat_error
        )
        return error

    def interval(self, scale: Scale, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """The ends of each interval, each (k,); NaN where there are too few groups.

        The interval over groups is `jackknife_interval`; the error of the repeats is added to the
        distance of each end in squares (Zou & Donner 2008, Stat. Med. 27:1693).
        """
        low, high = jackknife_interval(
            self.value, self.left_out, scale=scale, units=self.units, level=level
        )
        if not self.enough:
            return (np.full_like(low, np.nan),) * 2
        reach = scipy.stats.t.ppf((1 + check_level(level)) / 2, self.units - 1) * self.repeat_error
        low = self.value - np.hypot(self.value - low, reach)
        high = self.value + np.hypot(high - self.value, reach)
        least, most = {"share": (0, 1), "correlation": (-1, 1)}.get(scale, (-np.inf, np.inf))
        return np.maximum(low, least), np.minimum(high, most)
