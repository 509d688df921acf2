"""What a change of the settings does to the metrics of judged items, and how sure that is.

A setting is trained with several seeds, and every item is judged once per seed. Its metrics are the
means over the seeds of the metrics of all items together. Effects are sums and differences of such
means, so that effects of the same settings add up, and their intervals come from the same estimates
without each group (see `harmlib.analysis.over_seeds`).

A `judged` table has the columns seed, item_id, label, group, logit and flagged, as
`harmlib.analysis.judged.judged_items` returns them.

Examples
--------
>>> judged = pd.DataFrame({"seed": 1, "item_id": list("abcd"), "label": [0, 0, 1, 1],
...     "group": list("abcd"), "logit": [-2.0, 0.5, 1.0, 2.0],
...     "flagged": [False, True, True, True]})
>>> better = judged.assign(flagged=judged["label"] == 1)
>>> found = measure({"model2": judged, "model4": better})
>>> levels(found)[["setting", "metric", "value"]].round(2).iloc[[0, 2, 4]]
  setting    metric  value
0  model2        f1   0.80
2  model2  accuracy   0.75
4  model4        f1   1.00
>>> pairs = {"threshold": (found["model2"], found["model4"])}
>>> differences(pairs)[["name", "metric", "before", "after", "difference"]].round(2).head(1)
        name metric  before  after  difference
0  threshold     f1     0.8    1.0         0.2
>>> combined = measure({("clip",): judged, ("yolo",): better, ("clip", "yolo"): better})
>>> gains = gains_of_each(combined)
>>> gains.loc[gains["metric"] == "f1", ["part", "difference"]].round(2)
   part  difference
0  clip         0.0
4  yolo         0.2
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd

from harmlib.analysis.bonferroni import corrected_level
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import block_codes
from harmlib.analysis.over_seeds import SeedEstimates, estimate_over_seeds

METRICS = ("f1", "average_precision", "accuracy", "roc_auc")
LEVEL_COLUMNS = ["setting", "metric", "value", "low", "high", "seed_spread", "seeds", "groups"]
DIFFERENCE_COLUMNS = ["metric", "before", "after", "difference", "low", "high", "corrected_low",
                      "corrected_high", "seeds", "groups"]  # fmt: skip

Measured = Mapping[str, SeedEstimates]  # each of METRICS
Pair = tuple[Measured, Measured]  # before, after
_Name = TypeVar("_Name", bound=Hashable)


def measure(settings: Mapping[_Name, pd.DataFrame]) -> dict[_Name, Measured]:
    """Measure the judged items of several settings.

    Parameters
    ----------
    settings : mapping of any name to pandas.DataFrame
        `judged` tables.

    Returns
    -------
    dict of the names to mapping of str to SeedEstimates
        Each of METRICS.

    Raises
    ------
    ValueError
        A setting judged other items than the first one, or with other seeds.
    """
    keys = ["seed", "item_id"]
    tables = {name: judged.sort_values(keys) for name, judged in settings.items()}
    expected: tuple[_Name, pd.DataFrame] | None = None
    for name, judged in tables.items():
        first, reference = expected = expected or (name, judged)
        if judged[keys].to_numpy().tolist() != reference[keys].to_numpy().tolist():
            seeds = " and ".join(str(sorted(set(own["seed"]))) for own in (reference, judged))
            raise ValueError(
                f"{first} and {name} can't be compared: they judged {len(reference)} and "
                f"{len(judged)} items, with the seeds {seeds}; judge the same items with the same "
                "seeds (see `of_shared_seeds`)"
            )
    return {name: _measure(judged) for name, judged in tables.items()}


def _measure(judged: pd.DataFrame) -> Measured:
    return {
        name: _accuracy(judged) if name == "accuracy" else estimate_over_seeds(judged, name)
        for name in METRICS
    }


def _accuracy(judged: pd.DataFrame) -> SeedEstimates:
    """The share of items that are decided correctly: of each seed, and without each group."""
    right = judged["flagged"] == (judged["label"] == 1)
    items = judged.drop_duplicates("item_id")
    codes, blocks = block_codes(items["group"], len(items))
    of_item = right.groupby(judged["item_id"]).mean()[items["item_id"]].to_numpy()
    left_out = of_item.sum() - np.bincount(codes, of_item)
    return SeedEstimates(
        right.groupby(judged["seed"]).mean().to_numpy(),
        left_out / (len(items) - np.bincount(codes)),
        blocks,
        count_groups(items["label"], items["group"]).enough,
    )


def weighted_sum(parts: Sequence[tuple[float, SeedEstimates]]) -> SeedEstimates:
    """Add up one metric of several settings, each with a weight.

    Parameters
    ----------
    parts : sequence of (float, SeedEstimates)
        At least one; all of the same items and seeds, as `measure` returns them.

    Returns
    -------
    SeedEstimates
    """
    estimates = [estimate for _, estimate in parts]
    weights = np.array([weight for weight, _ in parts])
    return SeedEstimates(
        weights @ np.stack([estimate.values for estimate in estimates]),
        weights @ np.stack([estimate.left_out for estimate in estimates]),
        max(estimate.units for estimate in estimates),
        all(estimate.enough for estimate in estimates),
    )


def of_shared_seeds(judged: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Keep what was judged with the seeds that all tables share.

    Parameters
    ----------
    judged : mapping of str to pandas.DataFrame
        Tables with a column seed.

    Returns
    -------
    dict of str to pandas.DataFrame

    Raises
    ------
    ValueError
        They share none.

    Examples
    --------
    >>> tables = {"a": pd.DataFrame({"seed": [1, 2]}), "b": pd.DataFrame({"seed": [2, 3]})}
    >>> [table["seed"].tolist() for table in of_shared_seeds(tables).values()]
    [[2], [2]]
    """
    shared = set.intersection(*(set(table["seed"]) for table in judged.values()))
    if not shared:
        raise ValueError(f"{', '.join(judged)} share no seed; train them with the same seeds")
    return {name: table[table["seed"].isin(shared)] for name, table in judged.items()}


def levels(settings: Mapping[str, Measured], level: float = 0.95) -> pd.DataFrame:
    """Tabulate the metrics of settings.

    Parameters
    ----------
    settings : mapping of str to mapping of str to SeedEstimates
        As `measure` returns them.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        LEVEL_COLUMNS, one row per setting and metric. `seed_spread` is the standard deviation over
        the seeds (NaN of one); `groups` counts those that the metric rests on, or the blocks of
        groups where there are many (see `resampling.block_codes`).
    """
    rows = []
    for name, measured in settings.items():
        for metric, found in measured.items():
            seeds = len(found.values)
            spread = float(found.values.std(ddof=1)) if seeds > 1 else np.nan
            ends = found.interval("share", level)
            rows.append((name, metric, found.value, *ends, spread, seeds, found.units))
    return pd.DataFrame(rows, columns=LEVEL_COLUMNS)


def differences(
    pairs: Mapping[str, Pair], *, comparisons: int | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Tabulate the differences of pairs of settings.

    Parameters
    ----------
    pairs : mapping of str to (before, after)
        Each as `measure` returns them together.
    comparisons : int, optional
        How many effects are looked at together: the corrected intervals hold for all of them at
        once (Bonferroni). None: as many as there are pairs.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Column name, then DIFFERENCE_COLUMNS; one row per pair and metric.
    """
    rows = []
    for name, (before, after) in pairs.items():
        for metric in before:
            effect = after[metric] - before[metric]
            told = difference_cells(effect, comparisons or len(pairs), level)
            told |= {"before": before[metric].value, "after": after[metric].value}
            rows.append(told | {"name": name, "metric": metric})
    return pd.DataFrame(rows, columns=["name", *DIFFERENCE_COLUMNS])


def difference_cells(
    effect: SeedEstimates, comparisons: int, level: float
) -> dict[str, float | str]:
    """Find the cells of DIFFERENCE_COLUMNS that a difference of one metric alone tells.

    Parameters
    ----------
    effect : SeedEstimates
        The difference.
    comparisons : int
        How many effects are looked at together, at least 1.
    level : float
        Of the intervals.

    Returns
    -------
    dict of str to float
        difference, low, high, corrected_low, corrected_high, seeds, groups.
    """
    low, high = effect.interval("difference", level)
    corrected = corrected_level(comparisons, 1 - level)
    corrected_low, corrected_high = effect.interval("difference", corrected)
    return {
        "difference": effect.value,
        "low": low,
        "high": high,
        "corrected_low": corrected_low,
        "corrected_high": corrected_high,
        "seeds": len(effect.values),
        "groups": effect.units,
    }


def gains_of_each(
    combined: Mapping[tuple[str, ...], Measured], level: float = 0.95
) -> pd.DataFrame:
    """Tabulate what each part adds to the rest: all parts together less all but one.

    Parameters
    ----------
    combined : mapping of tuple of str to mapping of str to SeedEstimates
        Combinations of parts, as `measure` returns them; the longest is all of them. Combinations
        that are not needed are passed over.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Column part, then DIFFERENCE_COLUMNS; one row per part and metric, none where there is one
        part only. The corrected intervals hold for all parts at once.

    Raises
    ------
    ValueError
        All parts but one were not judged.
    """
    everything = max(combined, key=len)
    pairs = {}
    for part in everything if len(everything) > 1 else ():
        rest = tuple(other for other in everything if other != part)
        if rest not in combined:
            raise ValueError(f"{'+'.join(rest)} was not judged: what {part} adds to it is unknown")
        pairs[part] = combined[rest], combined[everything]
    return differences(pairs, level=level).rename(columns={"name": "part"})
