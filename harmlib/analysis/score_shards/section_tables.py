"""The tables of one section's report, from counts: those of 03_thresholds, with the same columns.

Every function takes `Samples`: each model's counts on validation and on test. As everywhere,
thresholds are chosen on validation and judged on test. What needs single items (McNemar's test, the
gains from epoch to epoch, recall floors by group) isn't among them.

Examples
--------
>>> rng = np.random.default_rng(0)
>>> label, group = rng.integers(0, 2, 4000), rng.integers(0, 20, 4000)
>>> bins = np.clip(rng.normal(2 + label, 1, 4000).astype(int), 0, 4)
>>> cells = np.zeros((2, 20, 5), np.int64)
>>> np.add.at(cells, (label, group, bins), 1)
>>> from harmlib.analysis.score_shards.block_table import BlockTable
>>> one = BlockTable(np.array([0.2, 0.4, 0.6, 1.0]), cells)
>>> samples = {"api": (one, one)}
>>> points = operating_points(samples, {"api": None})
>>> points[["variant", "threshold", "f1"]].round(2)
  variant  threshold    f1
0     api        0.4  0.73
>>> results(samples, points)[["variant", "tp", "fp", "f1"]].round(2)
    variant    tp    fp    f1
0       api  1718   968  0.73
1  baseline  2029  1971  0.67
>>> intervals(samples, points).query("metric == 'f1'")[["value", "low", "high"]].round(2)
   value   low  high
2   0.73  0.71  0.75
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from harmlib.analysis.baseline import BASELINE, baseline_row
from harmlib.analysis.choice import choose_row
from harmlib.analysis.comparison_tables import (
    COMPARED_METRICS,
    DIFFERENCE_COLUMNS,
    baseline_cells,
)
from harmlib.analysis.intervals import interval_table
from harmlib.analysis.operating_points import UNDECIDED_THRESHOLD
from harmlib.analysis.own_scores.halves import HALVES
from harmlib.analysis.paired import difference_table
from harmlib.analysis.rates import COUNTS, RATES, rate
from harmlib.analysis.saved_scores import join_tables
from harmlib.analysis.score_shards.block_table import Samples
from harmlib.analysis.score_shards.section_curves import (
    bands,
    curves,
    operating,
    prevalences,
)
from harmlib.analysis.variant_tables import OBJECTIVES, RATES_OF_CHOICE, choice_cells

_EPOCH = 1  # a finished model has one
_MAIN_RATES = ("precision", "recall", "f1")


def operating_points(samples: Samples, fixed: Mapping[str, float | None]) -> pd.DataFrame:
    """Set where each model operates: at the highest F1 of the grid on validation.

    Parameters
    ----------
    samples : mapping of str to (BlockTable, BlockTable)
        See the module.
    fixed : mapping of str to (float or None)
        A model's threshold that was decided beforehand, of the grid.

    Returns
    -------
    DataFrame
        As the function `harmlib.analysis.operating_points.operating_points` makes it, with variant.
    """
    rows = []
    for variant, (val, _) in samples.items():
        swept = val.sweep()
        best = choose_row(swept, "f1", is_constant=val.is_constant)
        best_row = best.row or dict.fromkeys(("threshold", *_MAIN_RATES), math.nan)
        threshold = fixed[variant]
        if threshold is None:
            undecided = val.thresholds[np.searchsorted(val.thresholds, UNDECIDED_THRESHOLD)]
            threshold = float(undecided) if best.threshold is None else best.threshold
        at = swept[swept["threshold"] == threshold].iloc[0]
        rows.append(
            {"variant": variant, "epoch": _EPOCH, "threshold": threshold}
            | at[[*_MAIN_RATES, "flagged_share"]].to_dict()
            | {f"best_{name}": best_row[name] for name in ("threshold", *_MAIN_RATES)}
            | {"at_grid_edge": "", "state": best.state}
            | {"average_precision": val.average_precision().value[0], "chosen": True}
        )
    return pd.DataFrame(rows)


def results(samples: Samples, points: pd.DataFrame) -> pd.DataFrame:
    """Measure every model, and the baseline, on test.

    Parameters
    ----------
    samples : mapping of str to (BlockTable, BlockTable)
        See the module.
    points : DataFrame
        As `operating_points` returns it.

    Returns
    -------
    DataFrame
        As `harmlib.analysis.operating_points.compare_on_test` makes it.
    """
    rows = []
    for variant, threshold in operating(points):
        test = samples[variant][1]
        swept = test.sweep()
        at = swept[swept["threshold"] == threshold].iloc[0]
        counts = {name: int(at[name]) for name in COUNTS}
        rows.append(
            {"variant": variant, "epoch": _EPOCH, "threshold": threshold}
            | {"n": test.safe + test.harmful}
            | counts
            | {name: float(rate(name, [*counts.values()])) for name in (*RATES, "accuracy")}
            | {"average_precision": test.average_precision().value[0], "roc_auc": test.roc_auc()}
        )
    first = next(iter(samples.values()))[1]
    baseline = {"variant": BASELINE} | baseline_row(first.harmful, first.safe)
    return pd.DataFrame([*rows, baseline], columns=list(rows[0]))


def intervals(samples: Samples, points: pd.DataFrame) -> pd.DataFrame:
    """Each model's test metrics at its operating threshold, with intervals.

    Parameters
    ----------
    samples, points : mapping of str to (BlockTable, BlockTable), DataFrame
        As in `results`.

    Returns
    -------
    DataFrame
        As `harmlib.analysis.comparison_tables.intervals_on_test` makes it; groups are blocks where
        there are many.
    """
    tables = []
    for variant, threshold in operating(points):
        test = samples[variant][1]
        table = interval_table(test.rates_at(threshold), test.groups)
        tables.append(table.assign(variant=variant))
    return join_tables(tables)


def against_baseline(samples: Samples, points: pd.DataFrame) -> pd.DataFrame:
    """Each model's F1 on test less that of calling everything harmful.

    Parameters
    ----------
    samples, points : mapping of str to (BlockTable, BlockTable), DataFrame
        As in `results`.

    Returns
    -------
    DataFrame
        As `harmlib.analysis.comparison_tables.against_baseline` makes it; groups_needed is NaN,
        since blocks are no groups.
    """
    rows = []
    for variant, threshold in operating(points):
        test = samples[variant][1]
        of_model = test.rates(np.array([threshold]))
        table = difference_table(test.baseline(), of_model, ["f1"], comparisons=len(points))
        cells = baseline_cells(variant, table.iloc[0], len(points))
        rows.append(cells | {"groups_needed": math.nan})
    return pd.DataFrame(rows).astype({"groups": int})


def differences(samples: Samples, points: pd.DataFrame) -> pd.DataFrame:
    """Every model (b) against every one before it (a), on the same items.

    Parameters
    ----------
    samples, points : mapping of str to (BlockTable, BlockTable), DataFrame
        As in `results`.

    Returns
    -------
    DataFrame
        As `harmlib.analysis.comparison_tables.differences` makes it; what needs single items
        (only_a, only_b, p_mid) and groups_needed are NaN.
    """
    tables = []
    pairs = list(combinations(operating(points), 2))
    for place, split in ((1, "test"), (0, "val")):
        for (a, old), (b, new) in pairs:
            of_a, of_b = samples[a][place].rates_at(old), samples[b][place].rates_at(new)
            table = difference_table(of_a, of_b, COMPARED_METRICS, comparisons=len(pairs))
            unknown = dict.fromkeys(("groups_needed", "only_a", "only_b", "p_mid"), math.nan)
            names = {"split": split, "a": a, "b": b}
            table = table.rename(columns={"a": "value_a", "b": "value_b"})
            tables.append(table.assign(**names, **unknown))
    return join_tables(tables, DIFFERENCE_COLUMNS)


def choices(samples: Samples) -> pd.DataFrame:
    """What each of OBJECTIVES chooses on validation, and its figures on test.

    Parameters
    ----------
    samples : mapping of str to (BlockTable, BlockTable)
        See the module.

    Returns
    -------
    DataFrame
        As `harmlib.analysis.variant_tables.choices` makes it.
    """
    rows = []
    for variant, (val, test) in samples.items():
        swept = val.sweep()
        for objective in OBJECTIVES:
            choice = choose_row(swept, objective, is_constant=val.is_constant)
            gain = None
            if choice.threshold is not None:
                gain = difference_table(
                    test.baseline(), test.rates(np.array([choice.threshold])), RATES_OF_CHOICE,
                    comparisons=len(samples) * len(OBJECTIVES),
                )  # fmt: skip
            rows.append({"variant": variant, "objective": objective} | choice_cells(choice, gain))
    return pd.DataFrame(rows)


def group_counts(samples: Samples) -> pd.DataFrame:
    """Count the blocks of groups that hold each class, of the first model.

    Parameters
    ----------
    samples : mapping of str to (BlockTable, BlockTable)
        See the module.

    Returns
    -------
    DataFrame
        One row per split: split, harmful_groups, safe_groups.
    """
    first = next(iter(samples.values()))
    rows = [(split, *own.groups) for split, own in zip(HALVES, first, strict=True)]
    return pd.DataFrame(rows, columns=["split", "harmful_groups", "safe_groups"])


def tables_of(
    samples: Samples, fixed: Mapping[str, float | None], given: float | None
) -> dict[str, pd.DataFrame]:
    """Make all tables of a section.

    Parameters
    ----------
    samples : mapping of str to (BlockTable, BlockTable)
        See the module.
    fixed : mapping of str to (float or None)
        As `operating_points` takes it.
    given : float or None
        As `prevalences` takes it.

    Returns
    -------
    dict of str to DataFrame
        By the kind of the table's name, `tables/<kind>_<section>.csv`.
    """
    points = operating_points(samples, fixed)
    calibrated = [test.reliability().assign(variant=v) for v, (_, test) in samples.items()]
    return {
        "operating_points": points,
        "test": results(samples, points),
        "intervals": intervals(samples, points),
        "against_baseline": against_baseline(samples, points),
        "differences": differences(samples, points),
        "choices": choices(samples),
        "bands": bands(samples),
        "curves": curves(samples, points),
        "prevalence": prevalences(samples, points, given),
        "reliability": join_tables(calibrated),
    }
