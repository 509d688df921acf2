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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from harmlib.analysis.checks import FloatArray, Harmful, check_level, check_scored, check_thresholds
from harmlib.analysis.jackknife import (
    MIN_GROUPS,
    Scale,
    jackknife_error,
    jackknife_interval,
)
from harmlib.analysis.rates import RATES, rate
from harmlib.analysis.resampling import IntArray, block_codes, group_codes, group_table

METRICS = (*RATES, "average_precision")
_BLOCK_CELLS = 1 << 18


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


class GroupCounts(NamedTuple):
    """How many groups hold each class.

    Attributes
    ----------
    harmful, safe : int
        Groups with at least one harmful item, and with at least one safe item.
    """

    harmful: int
    safe: int

    @property
    def enough(self) -> bool:
        """Whether there are enough of both for an interval."""
        return min(self) >= MIN_GROUPS


def count_groups(labels: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> GroupCounts:
    """Count the groups that hold a harmful item, and those that hold a safe one.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    groups : array_like, shape (n,), optional
        None: each item is a group.

    Returns
    -------
    GroupCounts

    Raises
    ------
    ValueError
        Labels other than 0 and 1, another number of groups than of labels, or a missing name.

    Examples
    --------
    >>> count_groups([0, 1, 1, 1], ["a", "a", "b", "b"])
    GroupCounts(harmful=2, safe=1)
    """
    harmful, _ = check_scored(labels, np.zeros(np.shape(labels)))
    codes, n_groups = group_codes(groups, len(harmful))
    with_harm, with_safe = (  # np.unique takes half a second for a million
        int(np.count_nonzero(np.bincount(codes[own], minlength=n_groups)))
        for own in (harmful, ~harmful)
    )
    return GroupCounts(with_harm, with_safe)


def rate_estimates(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
) -> dict[str, Estimates]:
    """Each rate at each threshold, with its value without each group.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    thresholds : array_like, shape (t,)
        Finite; their order is kept.
    groups : array_like, shape (n,), optional
        None: each item is a group.

    Returns
    -------
    dict of str to Estimates
        One entry for each of `RATES`, with k = t.

    Raises
    ------
    ValueError
        What `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> found = rate_estimates([0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10, [0.5])
    >>> low, high = found["precision"].interval("share")
    >>> found["precision"].value.round(2).tolist(), low.round(2).tolist(), high.round(2).tolist()
    ([0.67], [0.47], [0.82])
    """
    enough = count_groups(labels, groups).enough
    blocks, _ = block_codes(groups, np.size(labels))
    return rates_of_blocks(group_table(labels, scores, thresholds, blocks), enough)


def rates_of_blocks(table: FloatArray, enough: bool) -> dict[str, Estimates]:
    """Each rate at each threshold, from what each block of groups adds to the counts.

    Parameters
    ----------
    table : ndarray of float64, shape (blocks, 2 t + 2)
        As `resampling.group_table` returns it.
    enough : bool
        Whether each class lies in at least MIN_GROUPS groups.

    Returns
    -------
    dict of str to Estimates
        As `rate_estimates` returns it.

    Examples
    --------
    >>> table = np.array([[4.0, 1.0, 5.0, 5.0]] * 6)
    >>> found = rates_of_blocks(table, enough=True)["recall"]
    >>> found.value.tolist(), found.units.tolist()
    ([0.8], [6])
    """
    total = table.sum(axis=0)
    sums = np.vstack([total, total - table])
    tp, fp = np.split(sums[:, :-2], 2, axis=1)
    counts = np.stack([tp, fp, sums[:, -2:-1] - tp, sums[:, -1:] - fp])
    own_tp, own_fp = np.split(table[:, :-2], 2, axis=1)
    harmful, safe = table[:, -2:-1] > 0, table[:, -1:] > 0
    takes_part = {"precision": own_tp + own_fp > 0, "recall": harmful, "specificity": safe}
    takes_part["f1"] = harmful | (own_fp > 0)
    everyone = np.ones_like(own_tp, bool)
    found = {}
    for name in RATES:
        values = rate(name, counts)
        units = (takes_part.get(name, everyone) & everyone).sum(axis=0)
        if name == "mcc":  # of a perfect one the groups of the rarer class are the evidence
            units = np.where(values[0] == 1, min(harmful.sum(), safe.sum()), units)
        found[name] = Estimates(values[0], values[1:], units, enough)
    return found


def rates_at(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
) -> dict[str, Estimates]:
    """Each rate at one threshold, or where every item has its own.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    threshold : float or array_like, shape (n,)
        Finite; one for all items, or one for each.
    groups : array_like, shape (n,), optional
        None: each item is a group.
    repeats : array_like, shape (n,), optional
        As in `average_precision_estimate`; the rates are those of all rows together.

    Returns
    -------
    dict of str to Estimates
        As `rate_estimates` returns it, with k = 1.

    Raises
    ------
    ValueError
        What `rate_estimates` refuses.

    Examples
    --------
    >>> rates_at([0, 1, 1], [0.2, 0.4, 0.9], [0.1, 0.3, 0.95])["precision"].value.tolist()
    [0.5]
    """
    if repeats is None and np.ndim(threshold) == 0:
        return rate_estimates(labels, scores, np.reshape(threshold, 1), groups)
    check_thresholds(np.ravel(threshold))
    # x - y > 0 just where x > y: floats have numbers small enough for every difference
    margins = np.asarray(scores, np.float64) - np.asarray(threshold, np.float64)
    found = rate_estimates(labels, margins, [0.0], groups)
    if repeats is None:
        return found
    which, harmful = np.asarray(repeats), np.asarray(labels)
    of_repeats = [
        rate_estimates(harmful[which == one], margins[which == one], [0.0])
        for one in np.unique(which)
    ]
    return {
        name: replace(rates, repeats=np.array([one[name].value for one in of_repeats]))
        for name, rates in found.items()
    }


def average_precision_estimate(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
) -> Estimates:
    """Average precision, as scikit-learn defines it, with its value without each group.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    groups : array_like, shape (n,), optional
        None: each item is a group.
    repeats : array_like, shape (n,), optional
        Which of several scorings of the same items a row belongs to, such as its seed: they are
        not ranked against each other, but the mean of theirs is taken. What differs between them
        widens the interval. None: there is one.

    Returns
    -------
    Estimates
        With k = 1; NaN without a harmful item.

    Raises
    ------
    ValueError
        What `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> found = average_precision_estimate([0, 1, 1], [0.6, 0.4, 0.9])
    >>> found.value.round(4).tolist(), found.left_out.round(4).ravel().tolist()
    ([0.8333], [1.0, 1.0, 0.5])
    """
    if repeats is not None:
        return _mean_over_repeats(labels, scores, groups, np.asarray(repeats))
    harmful, values = check_scored(labels, scores)
    enough = count_groups(labels, groups).enough
    codes, n_blocks = block_codes(groups, len(harmful))
    order = np.argsort(-values, kind="stable")
    ranked, ranked_harmful, codes = values[order], harmful[order], codes[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of ties
    ends = ends[np.diff(np.cumsum(ranked_harmful)[ends], prepend=0) > 0]  # where recall rises
    whole = area_of_counts((ends + 1)[None], np.cumsum(ranked_harmful)[ends][None])
    left_out = _precision_without(codes, n_blocks, ranked_harmful, ends)
    # Of one class a few groups decide: their number counts, not that of all groups
    units = min(len(np.unique(codes[own])) for own in (ranked_harmful, ~ranked_harmful))
    return Estimates(whole, left_out[:, None], np.array([units]), enough)


def _mean_over_repeats(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    repeats: npt.NDArray[np.generic],
) -> Estimates:
    columns = [np.asarray(labels), np.asarray(scores)]
    columns += [] if groups is None else [pd.Series(groups).array]
    found = [
        average_precision_estimate(*(column[repeats == one] for column in columns))
        for one in np.unique(repeats)
    ]
    return Estimates(
        np.mean([one.value for one in found], axis=0),
        np.mean([one.left_out for one in found], axis=0),
        found[0].units,
        found[0].enough,
        np.array([one.value for one in found]),
    )


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
        As in `rates_at`.

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
    found = rates_at(labels, scores, threshold, groups, repeats=repeats)
    if "average_precision" in metrics:
        found["average_precision"] = average_precision_estimate(
            labels, scores, groups, repeats=repeats
        )
    counts = count_groups(labels, groups)
    rows = []
    for name in metrics:
        low, high = found[name].interval("correlation" if name == "mcc" else "share", level)
        rows.append((name, found[name].value[0], low[0], high[0], counts.harmful, counts.safe))
    columns = ["metric", "value", "low", "high", "harmful_groups", "safe_groups"]
    return pd.DataFrame(rows, columns=columns)


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
    tables = []
    for name, found in rate_estimates(labels, scores, grid, groups).items():
        low, high = found.interval("correlation" if name == "mcc" else "share", level)
        columns = {"threshold": grid, "metric": name, "value": found.value}
        tables.append(pd.DataFrame(columns | {"low": low, "high": high}))
    return pd.concat(tables, ignore_index=True)


def _precision_without(
    codes: IntArray, n_blocks: int, harmful: Harmful, ends: IntArray
) -> FloatArray:
    """Average precision without each block (n_blocks,); items ranked, counted at `ends`.

    What a block holds is taken away from the counts of all: that touches each item once.
    """
    flagged, tp = ends + 1, np.cumsum(harmful)[ends]
    run = np.searchsorted(ends, np.arange(len(codes)))  # the first end at or after each item
    counted = np.flatnonzero(run < len(ends))
    counted = counted[np.argsort(codes[counted], kind="stable")]
    first = np.searchsorted(codes[counted], np.arange(n_blocks + 1))
    rows = max(1, _BLOCK_CELLS // len(codes))
    areas = []
    for i in range(0, n_blocks, rows):
        size = min(rows, n_blocks - i)
        own = counted[first[i] : first[i + size]]
        cells = run[own] * size + codes[own] - i
        apart = [
            np.bincount(some, minlength=len(ends) * size).reshape(-1, size).cumsum(axis=0).T
            for some in (cells, cells[harmful[own]])
        ]
        areas.append(area_of_counts(flagged - apart[0], tp - apart[1]))
    return np.concatenate(areas)


def area_of_counts(flagged: IntArray, tp: IntArray) -> FloatArray:
    """Average precision of rankings, from the counts at each of their thresholds.

    Parameters
    ----------
    flagged, tp : ndarray of int, shape (rankings, thresholds)
        Items, and harmful ones, above each threshold; the highest threshold first.

    Returns
    -------
    ndarray of float64, shape (rankings,)
        NaN without a harmful item.

    Examples
    --------
    >>> area_of_counts(np.array([[1, 2, 3]]), np.array([[1, 1, 2]])).round(4).tolist()
    [0.8333]
    """
    with np.errstate(invalid="ignore"):
        precision = np.where(flagged > 0, tp / flagged, 0.0)
        gained = np.diff(tp, axis=1, prepend=0)
        area: FloatArray = (gained * precision).sum(axis=1) / (tp[:, -1] if len(tp.T) else np.nan)
    return area
