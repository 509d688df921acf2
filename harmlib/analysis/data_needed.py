"""How much more data it would take to tell two variants apart.

What counts is the number of groups (sources): more items of the same sources say little more. All
of this holds for new groups that are like the ones at hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy

from harmlib.analysis.checks import FloatArray, IntArray
from harmlib.analysis.jackknife import MIN_GROUPS, jackknife_error
from harmlib.analysis.over_seeds import SeedEstimates, estimate_over_seeds
from harmlib.analysis.power import detectable_difference, groups_needed, power_of
from harmlib.analysis.rates import rate

_SUBSETS = 200  # of each size: the median of their widths is then sure to about 2 %


def data_needed(
    judged_a: pd.DataFrame, judged_b: pd.DataFrame, difference: float, metric: str = "f1"
) -> pd.DataFrame:
    """How many groups, and items, would tell a difference between two variants.

    Parameters
    ----------
    judged_a, judged_b : pandas.DataFrame
        Judged items of both, as `harmlib.analysis.judged.judged_items` returns them: the same
        items, with as many seeds of each.
    difference : float
        The one that matters, positive.
    metric : str
        As in `estimate_over_seeds`.

    Returns
    -------
    pandas.DataFrame
        One row: metric, observed (b - a), low, high, error (standard error over groups and seeds),
        seed_error (its part that more seeds would shrink), groups (of the items), items, wanted
        (`difference`), power (how often it is told now), detectable (told four times in five now),
        groups_needed (infinite beyond 100,000; NaN without an interval), items_needed (at as many
        items a group as here), observed_needed (groups that would tell the observed difference).

    Raises
    ------
    ValueError
        Variants that judged other items, or had another number of seeds.

    Notes
    -----
    `harmlib.analysis.power`: the standard error shrinks with the root of the number of groups. Its
    part over seeds shrinks as items are added, or with more seeds; that they are as many as now is
    assumed. Fewer groups than there are is an answer, too: these are enough.

    Examples
    --------
    >>> items = pd.DataFrame({"seed": 1, "item_id": range(40), "label": [0, 1] * 20, "logit": 0.0,
    ...                       "group": [i // 4 for i in range(40)], "flagged": True})
    >>> better = items.assign(flagged=[i % 8 != 0 for i in range(40)])
    >>> data_needed(items, better, 0.02)[["observed", "groups", "groups_needed"]].round(3)
       observed  groups  groups_needed
    0     0.061      10           98.0
    """
    apart = _apart(judged_a, judged_b, metric)
    items = judged_b.drop_duplicates("item_id")
    groups, error = items["group"].nunique(), apart.error
    units = apart.units
    low, high = apart.interval("difference")
    known = math.isfinite(error) and units >= MIN_GROUPS

    def needed(wanted: float) -> float:
        # Of the units (blocks of groups, or the groups that take part) to all groups
        found = groups_needed(wanted, error, units) * groups / units if known else math.nan
        return float(math.ceil(found)) if math.isfinite(found) else found

    wanted_groups = needed(difference)
    row = {
        "metric": metric,
        "observed": apart.value,
        "low": low,
        "high": high,
        "error": error,
        "seed_error": apart.seed_error,
        "groups": groups,
        "items": len(items),
        "wanted": difference,
        "power": power_of(difference, error, units) if known else math.nan,
        "detectable": detectable_difference(error, units) if known else math.nan,
        "groups_needed": wanted_groups,
        "items_needed": wanted_groups * len(items) / groups,
        "observed_needed": needed(apart.value),
    }
    return pd.DataFrame([row])


def width_by_groups(
    judged_a: pd.DataFrame,
    judged_b: pd.DataFrame,
    needed: float,
    *,
    metric: str = "f1",
    seed: int = 0,
    subsets: int = _SUBSETS,
) -> pd.DataFrame:
    """Half the width of the interval of a difference, against the number of groups.

    Parameters
    ----------
    judged_a, judged_b : pandas.DataFrame
        As in `data_needed`.
    needed : float
        How far to extrapolate, in groups; NaN or infinite: to four times the groups at hand.
    metric : str
        One of `rates.RATES`.
    seed : int
        Of the subsets.
    subsets : int
        How many are drawn of each size.

    Returns
    -------
    pandas.DataFrame
        One row per number of groups, ascending: groups, items (expected), kind ("observed": of
        subsets of the groups at hand; "extrapolated": beyond them), half_width (median over the
        subsets), low, high (the tenth and the ninetieth percentile of them), expected (from all
        groups, by the root of their number). Subsets in which a class has fewer than MIN_GROUPS
        groups count as none; there is no row where more than half of them do. Empty with too few
        groups for an interval.

    Notes
    -----
    Of g groups: t(0.975, g - 1) x error of all x sqrt(G / g). Subsets of nearly all groups are
    nearly the same, so what their widths vary by says less and less.

    Examples
    --------
    >>> items = pd.DataFrame({"seed": 1, "item_id": range(80), "label": [0, 1] * 40, "logit": 0.0,
    ...                       "group": [i // 4 for i in range(80)], "flagged": True})
    >>> better = items.assign(flagged=[i % 12 != 0 for i in range(80)])
    >>> width_by_groups(items, better, 40)[["groups", "kind", "expected"]].round(3)
       groups          kind  expected
    0       8      observed     0.051
    1      12      observed     0.039
    2      16      observed     0.033
    3      20      observed     0.029
    4      40  extrapolated     0.020
    """
    apart = _apart(judged_a, judged_b, metric)
    counts = np.stack([_group_counts(judged) for judged in (judged_a, judged_b)])
    groups = counts.shape[2]
    columns = ["groups", "items", "kind", "half_width", "low", "high", "expected"]
    if not (math.isfinite(apart.error) and apart.units >= MIN_GROUPS):
        return pd.DataFrame(columns=columns)
    per_group = judged_b["item_id"].nunique() / groups
    rng = np.random.default_rng(seed)
    rows = []
    for size in _sizes(groups, needed):
        expected = scipy.stats.t.ppf(0.975, size - 1) * apart.error * math.sqrt(groups / size)
        observed = size <= groups
        middle = low = high = math.nan
        if observed:
            drawn = [
                _half_width(counts[:, :, rng.permutation(groups)[:size]], metric)
                for _ in range(subsets if size < groups else 1)
            ]
            if np.isnan(drawn).mean() > 0.5:
                continue
            low, middle, high = np.nanquantile(drawn, [0.1, 0.5, 0.9])
        kind = "observed" if observed else "extrapolated"
        rows.append((size, size * per_group, kind, middle, low, high, expected))
    return pd.DataFrame(rows, columns=columns)


def _apart(judged_a: pd.DataFrame, judged_b: pd.DataFrame, metric: str) -> SeedEstimates:
    ids = [sorted(judged["item_id"].unique()) for judged in (judged_a, judged_b)]
    seeds = [judged["seed"].nunique() for judged in (judged_a, judged_b)]
    if ids[0] != ids[1]:
        raise ValueError("the variants judged other items; pass the judged items of the same folds")
    if seeds[0] != seeds[1]:
        raise ValueError(f"the variants have {seeds[0]} and {seeds[1]} seeds; pass as many of each")
    return estimate_over_seeds(judged_b, metric) - estimate_over_seeds(judged_a, metric)


def _group_counts(judged: pd.DataFrame) -> FloatArray:
    """Tp, fp, fn, tn of each seed and group, shape (seeds, groups, 4), in one order of groups."""
    seeds, _ = pd.factorize(judged["seed"], sort=True)
    groups, names = pd.factorize(judged["group"], sort=True)
    harmful, flagged = judged["label"].to_numpy() == 1, judged["flagged"].to_numpy(bool)
    cell = np.where(harmful, np.where(flagged, 0, 2), np.where(flagged, 1, 3))
    shape = (int(seeds.max()) + 1, len(names), 4)
    index: IntArray = np.ravel_multi_index((seeds, groups, cell), shape)
    return np.bincount(index, minlength=math.prod(shape)).reshape(shape).astype(np.float64)


def _half_width(counts: FloatArray, metric: str) -> float:
    """Half the width of the interval from counts (2, seeds, groups, 4); NaN with too few groups."""
    held = counts[0, 0]
    harmful, safe = held[:, 0] + held[:, 2] > 0, held[:, 1] + held[:, 3] > 0
    if min(harmful.sum(), safe.sum()) < MIN_GROUPS:
        return math.nan
    total = counts.sum(axis=2, keepdims=True)
    sums = np.concatenate([total, total - counts], axis=2)  # all groups, then without each
    values = np.diff(rate(metric, np.moveaxis(sums, 3, 0)), axis=0)[0]  # (seeds, 1 + groups)
    mean = values.mean(axis=0)
    groups, seeds = counts.shape[2], counts.shape[1]
    over_seeds = values[:, 0].std(ddof=1) / math.sqrt(seeds) if seeds > 1 else 0.0
    error = math.hypot(float(jackknife_error(mean[0], mean[1:])), over_seeds)
    return float(scipy.stats.t.ppf(0.975, groups - 1) * error)


def _sizes(groups: int, needed: float) -> Sequence[int]:
    """Numbers of groups to look at: five up to those at hand, then up to those needed."""
    first = max(2 * MIN_GROUPS - 2, groups // 6)
    inside = np.linspace(first, groups, 6 if groups > 30 else 4).round().astype(int)
    furthest = needed if math.isfinite(needed) else 4 * groups
    beyond = [groups * 2**i for i in range(1, 20) if groups * 2**i < furthest]
    last = [math.ceil(furthest)] if furthest > groups else []
    return sorted({*inside.tolist(), *beyond, *last})
