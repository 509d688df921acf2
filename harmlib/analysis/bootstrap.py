"""How sure are we? Intervals from redrawing whole groups (all clips of one source together).

A resample draws as many groups as there are, with replacement, and keeps how often each was drawn:
a row of group counts, used as weights. The rows depend on `seed` and the number of groups alone,
so calls on the same items in the same order, with the same `groups` and `seed`, see the same
draws: that is what makes two models comparable pairwise.

Intervals are percentile intervals (Efron & Tibshirani 1993, An Introduction to the Bootstrap,
ch. 13). With fewer than about 30 groups they are somewhat too narrow. A resample that holds one
class only has no recall or specificity; it is NaN, left out, and counted as `excluded`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harmlib.analysis.choice import Objective
from harmlib.analysis.thresholds import check_scored, check_thresholds

BLOCK_CELLS = 1 << 16  # half a megabyte an array: a block stays in the processor's cache
TIE = 1e-12  # of a full unit of the objective: values closer than this differ by rounding
METRICS = ("precision", "recall", "f1", "specificity", "mcc", "flagged_share")


@dataclass(frozen=True)
class BestThreshold:
    """`value` is the sample's best threshold; `low` and `high` are grid points.

    shares: DataFrame threshold, share: how many of the resamples chose each grid point.
    """

    value: float
    low: float
    high: float
    shares: pd.DataFrame
    excluded: int


def metric_intervals(
    labels, scores, threshold, groups=None, *, resamples=2000, level=0.95, seed=0
) -> pd.DataFrame:
    """Metrics at one threshold, and average precision, with intervals.

    labels: (n,) 0 or 1. scores: (n,) finite. groups: (n,) hashable, None for one group an item.
    The rule is `score > threshold`.
    Returns DataFrame metric, value, low, high, excluded (resamples left out).
    Raises ValueError for one class only, for fewer than two groups, and for unusable scores.
    """
    counts = confusion_draws(labels, scores, [threshold], groups, resamples=resamples, seed=seed)
    draws = {metric: rate(metric, counts)[:, 0] for metric in METRICS}
    draws["average_precision"] = average_precision_draws(
        labels, scores, groups, resamples=resamples, seed=seed
    )
    rows = [(name, draw[0], *interval(draw[1:], level)) for name, draw in draws.items()]
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "excluded"])


def best_threshold_interval(
    labels, scores, thresholds, groups=None, *, objective="f1", resamples=2000, level=0.95, seed=0
) -> BestThreshold:
    """Where the best threshold of the grid lands when the sample is drawn anew.

    thresholds: (t,) grid; memory grows with groups x t, so pass a grid, not every score.
    objective: a text that `Objective.parse` reads; ties are settled as in `choose`. A resample that
    no threshold is feasible for is left out, and counted.
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
    labels, scores, thresholds, groups=None, *, resamples=2000, level=0.95, seed=0
) -> pd.DataFrame:
    """Each metric along the thresholds: DataFrame threshold, metric, value, low, high, excluded.

    The band is pointwise: it holds at one threshold at a time, not along the whole curve.
    """
    grid = check_thresholds(thresholds)
    counts = confusion_draws(labels, scores, grid, groups, resamples=resamples, seed=seed)
    tables = []
    for metric in METRICS:
        draws = rate(metric, counts)
        low, high, excluded = interval(draws[1:], level)
        columns = {"threshold": grid, "metric": metric, "value": draws[0]}
        tables.append(pd.DataFrame(columns | {"low": low, "high": high, "excluded": excluded}))
    return pd.concat(tables, ignore_index=True)


def precision_recall_band(
    labels, scores, groups=None, *, recalls=None, resamples=2000, level=0.95, seed=0
) -> pd.DataFrame:
    """Precision at fixed recalls: DataFrame recall, value, low, high, excluded.

    Precision is taken at the highest threshold whose recall reaches the wanted one, without
    interpolation. recalls: fractions in [0, 1], default 0.00, 0.01, ..., 1.00; at 0 the first
    harmful item counts.
    """
    recalls = np.linspace(0, 1, 101) if recalls is None else np.asarray(recalls, float)
    if recalls.ndim != 1 or not ((recalls >= 0) & (recalls <= 1)).all():
        raise ValueError(f"recalls must be a 1-D list of fractions in [0, 1], not {recalls}")
    blocks = []
    for tp, flagged, valid in _ranked_draws(labels, scores, groups, resamples, seed):
        # 1e-9: 0.3 x 10 items must ask for 3, not for 4
        needed = np.maximum(np.ceil(tp[:, -1:] * recalls - 1e-9), 1)
        # One search for all rows: lifting row r by r x span keeps the joined rows ascending
        lift = np.arange(len(tp))[:, None] * (tp[:, -1].max() + 1)
        first = np.searchsorted((tp + lift).ravel(), (needed + lift).ravel())
        at = np.minimum(first, tp.size - 1)  # only rows without harmful items overrun
        precision = _ratio(tp.ravel()[at], flagged.ravel()[at]).reshape(needed.shape)
        blocks.append(np.where(valid[:, None], precision, np.nan))
    draws = np.concatenate(blocks)
    low, high, excluded = interval(draws[1:], level)
    return pd.DataFrame(
        {"recall": recalls, "value": draws[0], "low": low, "high": high, "excluded": excluded}
    )


def rate(metric, counts) -> np.ndarray:
    """One metric from confusion counts (4, ...) in the order tp, fp, fn, tn; 0/0 counts as 0."""
    tp, fp, fn, tn = counts
    if metric == "precision":
        return _ratio(tp, tp + fp)
    if metric == "recall":
        return _ratio(tp, tp + fn)
    if metric == "f1":
        return _ratio(2 * tp, 2 * tp + fp + fn)
    if metric == "specificity":
        return _ratio(tn, tn + fp)
    if metric == "flagged_share":
        return _ratio(tp + fp, tp + fp + fn + tn)
    if metric == "mcc":
        scale = np.sqrt((tp + fp) * (tp + fn)) * np.sqrt((tn + fp) * (tn + fn))
        return _ratio(tp * tn - fp * fn, scale)
    raise ValueError(f"unknown metric {metric!r}; known: {', '.join(METRICS)}")


def gains(counts, goal: Objective) -> tuple[np.ndarray, np.ndarray]:
    """What `goal` gains, and whether it is feasible, for counts (4, rows, t): each (rows, t)."""
    columns = dict(zip(("tp", "fp", "fn", "tn"), counts.reshape(4, -1), strict=True))
    table = pd.DataFrame(columns | {metric: rate(metric, counts).ravel() for metric in METRICS})
    shape = counts.shape[1:]
    return goal.gain(table).to_numpy().reshape(shape), goal.feasible(table).to_numpy().reshape(
        shape
    )


def best_thresholds(counts, grid, goal: Objective) -> np.ndarray:
    """The best grid point of each row of counts (4, rows, t).

    Of equals the lowest, under a recall objective of those with the fewest false alarms (as
    `choose`). NaN where a class is missing or no grid point is feasible.
    """
    values, feasible = gains(counts, goal)
    values = np.where(feasible, values, -np.inf)
    top = values.max(axis=1, keepdims=True)
    tied = values >= top - TIE * goal.scale
    if goal.text.startswith("recall@"):
        alarms = np.where(tied, counts[1], np.inf)
        tied = alarms == alarms.min(axis=1, keepdims=True)
    best = grid[np.argmax(tied, axis=1)]
    return np.where(np.isfinite(top[:, 0]), best, np.nan)


def interval(draws, level=0.95, *, method="linear"):
    """Percentile interval of draws (resamples, ...) along axis 0: low, high, excluded.

    A row with a NaN is left out as a whole and counted. `method` is numpy.quantile's:
    "inverted_cdf" keeps the ends on values that occurred.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1, like 0.95")
    missing = np.isnan(draws).reshape(len(draws), -1).any(axis=1)
    if missing.all():
        nothing = np.full(draws.shape[1:], np.nan)[()]
        return nothing, nothing, len(draws)
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(draws[~missing], tails, axis=0, method=method)
    return low, high, int(missing.sum())


def confusion_draws(labels, scores, thresholds, groups=None, *, resamples=2000, seed=0):
    """Confusion counts (4, 1 + resamples, t), in the order tp, fp, fn, tn.

    Row 0 is the sample itself; the others are resamples, NaN where one class is missing.
    thresholds: (t,) in any order, kept.
    """
    table = group_table(labels, scores, thresholds, groups)
    blocks = draw_groups(len(table), resamples, seed, width=table.shape[1])
    return np.concatenate([confusion(counts, table) for counts in blocks], axis=1)


def group_table(labels, scores, thresholds, groups=None) -> np.ndarray:
    """What each group adds to the counts: (groups, 2t + 2) = tp at t, fp at t, harmful, safe."""
    harmful, scores, codes, n_groups = _grouped(labels, scores, groups)
    grid = check_thresholds(thresholds)
    place = np.searchsorted(grid, thresholds)
    passed = np.searchsorted(grid, scores, side="left")  # how many thresholds lie below the score
    cells = codes * (len(grid) + 1) + passed

    def flagged(members):
        tally = np.bincount(cells[members], minlength=n_groups * (len(grid) + 1))
        above = np.cumsum(tally.reshape(n_groups, -1)[:, ::-1], axis=1)[:, ::-1]
        return above[:, 1 + place], above[:, :1]

    (tp, positives), (fp, negatives) = flagged(harmful), flagged(~harmful)
    return np.hstack([tp, fp, positives, negatives]).astype(float)


def confusion(counts, table) -> np.ndarray:
    """Group counts (rows, groups) and a group_table to (4, rows, t); NaN rows lack a class."""
    sums = counts @ table  # sums of integers: exact in float64
    sums[(sums[:, -2:] == 0).any(axis=1)] = np.nan
    tp, fp = np.split(sums[:, :-2], 2, axis=1)
    return np.stack([tp, fp, sums[:, -2:-1] - tp, sums[:, -1:] - fp])


def average_precision_draws(labels, scores, groups=None, *, resamples=2000, seed=0):
    """Average precision as scikit-learn weighs it, ties included: (1 + resamples,), row 0 as is."""
    values = []
    for tp, flagged, valid in _ranked_draws(labels, scores, groups, resamples, seed):
        gained = np.diff(tp, axis=1, prepend=0)
        area = np.einsum("ij,ij->i", gained, _ratio(tp, flagged))
        values.append(np.where(valid, _ratio(area, tp[:, -1]), np.nan))
    return np.concatenate(values)


def draw_groups(n_groups, resamples, seed, *, width=1) -> Iterator[np.ndarray]:
    """Blocks (rows, n_groups) of how often each group is drawn; the first is the sample itself.

    A block has about BLOCK_CELLS / max(n_groups, width) rows, at least one. Its size does not
    change the draws.
    """
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}; draw at least 1, better 2000")
    if not isinstance(seed, int | np.integer):
        raise ValueError(f"seed is {seed!r}; only an integer gives paired calls the same draws")
    rng = np.random.default_rng(seed)
    yield np.ones((1, n_groups), int)
    rows = max(1, BLOCK_CELLS // max(n_groups, width))
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        drawn = rng.integers(n_groups, size=(size, n_groups))
        drawn += np.arange(size)[:, None] * n_groups
        tally = np.bincount(drawn.ravel(), minlength=size * n_groups)
        yield tally.reshape(size, n_groups)


def group_codes(groups, n_items):
    """Groups as integers in order of appearance, and how many there are; at least two."""
    codes = np.arange(n_items) if groups is None else pd.factorize(pd.Series(groups))[0]
    if len(codes) != n_items:
        raise ValueError(f"{n_items} labels but {len(codes)} groups; pass one group an item")
    if codes.min() < 0:
        raise ValueError(f"groups hold {(codes < 0).sum()} missing values; name every group")
    if codes.max() < 1:
        raise ValueError("all items are of one group; intervals need at least two groups")
    return codes, int(codes.max()) + 1


def _ranked_draws(labels, scores, groups, resamples, seed):
    """Blocks of tp and flagged (rows, k) down the ranking, and which rows hold both classes.

    One column for each distinct score that a harmful item has: at the others recall stands still,
    so neither average precision nor precision at a recall can end there.
    """
    harmful, scores, codes, n_groups = _grouped(labels, scores, groups)
    order = np.argsort(-scores, kind="stable")
    ranked, ranked_harmful, codes = scores[order], harmful[order], codes[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    ends = ends[np.diff(np.cumsum(ranked_harmful)[ends], prepend=0) > 0]
    for counts in draw_groups(n_groups, resamples, seed, width=len(scores)):
        weights = counts[:, codes]
        flagged = np.cumsum(weights, axis=1)
        tp = np.cumsum(np.multiply(weights, ranked_harmful, out=weights), axis=1)[:, ends]
        both = (tp[:, -1] > 0) & (tp[:, -1] < flagged[:, -1])
        yield tp, flagged[:, ends], both


def _grouped(labels, scores, groups):
    harmful, scores, _ = check_scored(labels, scores)
    if harmful.all() or not harmful.any():
        raise ValueError(
            f"all {len(harmful)} labels are {int(harmful[0])}; intervals need both classes"
        )
    return harmful, scores.astype(float), *group_codes(groups, len(harmful))


def _ratio(part, whole):
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)
