"""Tables of one section along thresholds and harmful shares, from counts.

They have the columns of those that 03_thresholds makes of rows; `section_tables` has the others.

Examples
--------
>>> from harmlib.analysis.score_shards.block_table import BlockTable
>>> cells = np.zeros((2, 6, 3), np.int64)
>>> cells[0, :, 0], cells[1, :, 1], cells[1, :, 2] = 5, 1, 4
>>> one = BlockTable(np.array([0.25, 0.5]), cells)
>>> points = pd.DataFrame({"variant": ["api"], "threshold": [0.5]})
>>> curves({"api": (one, one)}, points)[["variant", "threshold", "precision", "recall"]]
  variant  threshold  precision  recall
0     api       0.25        1.0     1.0
1     api       0.50        1.0     0.8
>>> bands({"api": (one, one)}).query("metric == 'recall'")[["threshold", "value"]]
   threshold  value
2       0.25    1.0
3       0.50    0.8
>>> prevalences({"api": (one, one)}, points, 0.02).tail(1)[["origin", "prevalence", "precision"]]
   origin  prevalence  precision
21  given        0.02        1.0
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from harmlib.analysis.choice import choose_row
from harmlib.analysis.intervals import band_along
from harmlib.analysis.prevalence import PREVALENCES, at_prevalence, mixtures, precision_at
from harmlib.analysis.saved_scores import join_tables
from harmlib.analysis.score_shards.block_table import Samples
from harmlib.analysis.variant_tables import BAND_THRESHOLDS

_DRAWN = 400  # steps of each rate along a curve that a figure shows


def operating(points: pd.DataFrame) -> list[tuple[str, float]]:
    """Return each model and its operating threshold.

    Parameters
    ----------
    points : DataFrame
        As `section_tables.operating_points` returns it.

    Returns
    -------
    list of (str, float)

    Examples
    --------
    >>> operating(pd.DataFrame({"variant": ["api"], "threshold": [0.5]}))
    [('api', 0.5)]
    """
    return list(zip(points["variant"], points["threshold"], strict=True))


def prevalences(samples: Samples, points: pd.DataFrame, given: float | None) -> pd.DataFrame:
    """Precision and flagged share on test at other harmful shares, and thresholds chosen for them.

    Parameters
    ----------
    samples, points : mapping of str to (BlockTable, BlockTable), DataFrame
        As in `section_tables.results`.
    given : float or None
        The harmful share of the traffic, in (0, 1); None where it is not known.

    Returns
    -------
    DataFrame
        As `harmlib.analysis.probability_tables.prevalences` makes it.
    """
    tables = []
    for variant, threshold in operating(points):
        val, test = samples[variant]
        rows = [("grid", at) for at in PREVALENCES]
        rows += [("data", test.harmful / (test.harmful + test.safe))]
        rows += [("given", given)] if given else []
        origins, mixed = (list(column) for column in zip(*rows, strict=True))
        found, swept = test.rates(np.array([threshold])), val.sweep()
        table = mixtures(found["recall"], found["specificity"], mixed)
        table.insert(0, "origin", origins)
        chosen = [choose_row(at_prevalence(swept, at), "f1").threshold for at in mixed]
        if val.is_constant:  # no threshold is better than another
            recall = alarms = np.full(len(mixed), np.nan)
        else:
            on_test = test.rates(np.array(chosen, float))
            recall, alarms = on_test["recall"].value, 1 - on_test["specificity"].value
        tables.append(
            table.assign(
                variant=variant,
                reweighted_threshold=chosen,
                reweighted_precision=precision_at(recall, alarms, mixed),
                reweighted_recall=recall,
            )
        )
    table = join_tables(tables)
    return table[["variant", *(name for name in table if name != "variant")]]


def bands(samples: Samples) -> pd.DataFrame:
    """Metrics along the thresholds on validation, with pointwise bands.

    Parameters
    ----------
    samples : mapping of str to (BlockTable, BlockTable)
        Each model's counts on validation and on test.

    Returns
    -------
    DataFrame
        As `harmlib.analysis.variant_tables.threshold_bands` makes it; between levels at these.
    """
    tables = []
    for variant, (val, _) in samples.items():
        grid = np.array([t for t in BAND_THRESHOLDS if t in val.thresholds])
        grid = val.thresholds if len(grid) < len(BAND_THRESHOLDS) else grid
        tables.append(band_along(grid, val.rates(grid)).assign(variant=variant))
    return join_tables(tables)


def curves(samples: Samples, points: pd.DataFrame) -> pd.DataFrame:
    """The sweep of validation, without rows that a figure would draw on the ones before.

    Parameters
    ----------
    samples, points : mapping of str to (BlockTable, BlockTable), DataFrame
        As in `section_tables.results`.

    Returns
    -------
    DataFrame
        Columns variant and those of `harmlib.analysis.thresholds.sweep`; of the thresholds that
        flag an item, each operating one, and those where precision, recall or the threshold has
        moved by a 400th.
    """
    tables = []
    for variant, threshold in operating(points):
        rows = samples[variant][0].sweep()
        rows = rows[rows["tp"] + rows["fp"] > 0]
        steps = np.floor(rows[["threshold", "precision", "recall"]].to_numpy() * _DRAWN)
        moved = np.append(True, (np.diff(steps, axis=0) != 0).any(axis=1))
        shown = moved | (rows["threshold"] == threshold)
        shown |= rows["threshold"] == rows["threshold"].iloc[-1]
        table = rows[shown]
        table.insert(0, "variant", variant)
        tables.append(table)
    return join_tables(tables)
