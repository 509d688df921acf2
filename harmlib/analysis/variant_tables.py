"""The tables of one modality's report: one function per table.

Every function reads these two tables:

`scored`
    One row per item, variant and epoch, as `with_groups` returns them. Columns: variant, epoch,
    split (val or test), item_id, label (0 or 1), logit, probability (0 to 1), group.
`operating_points`
    One row per variant and epoch, as 02_train writes them. Columns used: variant, epoch, threshold,
    chosen (True for the saved epoch), pos_weight.

`grids` gives the thresholds that were analysed, for each variant. `seed` is that of the
resamples of whole groups in which choices are repeated.

Examples
--------
>>> count = np.arange(120)
>>> label = (count % 3 > 0).astype(int)
>>> scores = pd.DataFrame({
...     "variant": np.repeat(["model2", "model4"], 120),
...     "epoch": 1,
...     "split": np.tile(np.repeat(["val", "test"], 60), 2),
...     "item_id": np.tile([f"item{i:03d}" for i in count], 2),
...     "label": np.tile(label, 2),
...     "logit": np.concatenate([2 * label - 1 + count % 5 - 2, 3 * label - 1 + count % 4 - 2]),
... })
>>> scores["probability"] = 1 / (1 + np.exp(-scores["logit"]))
>>> manifest = scores[["item_id", "split"]].drop_duplicates().assign(group=count // 3)
>>> from harmlib.analysis.saved_scores import with_groups
>>> scored = with_groups(scores, manifest)
>>> operating_points = pd.DataFrame({
...     "variant": ["model2", "model4"], "epoch": 1, "threshold": [0.5, 0.6],
...     "chosen": True, "pos_weight": [1.0, 0.5],
... })
>>> grids = {"model2": [0.5], "model4": [0.4, 0.5, 0.6]}

>>> threshold_bands(scored, operating_points).query("metric == 'f1'").head(1).round(2)
    threshold metric  value   low  high variant
98       0.02     f1    0.8  0.56  0.94  model2
>>> optimism_table(scored, operating_points, grids, seed=0).head(1).round(2)
  variant     figure  threshold  value  excluded  low  high
0  model2  same_data        0.5   0.71       0.0  NaN   NaN
>>> choices(scored, operating_points)[["variant", "objective", "threshold", "f1"]].head(1).round(2)
  variant objective  threshold    f1
0  model2        f1       0.19  0.87
>>> tried_thresholds(scored, operating_points, grids).head(1).round(2)
  variant  threshold  difference  corrected_low  corrected_high  baseline_low
0  model4        0.4        0.08           0.02            0.15          0.09
>>> epochs, changes = stability(scored, grids, seed=0)
>>> epochs
  variant  epoch  threshold  low  high     value  excluded
0  model4      1        0.4  0.4   0.4  0.941176         0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harmlib.analysis.calibration import unweighted_probability
from harmlib.analysis.choice import Choice, choose
from harmlib.analysis.corrected_differences import corrected_differences
from harmlib.analysis.intervals import curve_band, metric_intervals
from harmlib.analysis.optimism import BEST, optimism
from harmlib.analysis.paired import baseline_difference
from harmlib.analysis.saved_scores import join_tables, saved_scores
from harmlib.analysis.stability import epoch_stability

OBJECTIVES = (
    "f1",
    "fbeta:2",
    "mcc",
    "youden",
    "precision@recall>=0.95",
    "recall@precision>=0.95",
    "cost:miss=5,alarm=1",
    "recall@flagged<=0.5",
)
RATES_OF_CHOICE = ("precision", "recall", "f1", "flagged_share")
REFERENCE_THRESHOLD = 0.5  # every tried threshold is compared with this one
BAND_THRESHOLDS = tuple(i / 50 for i in range(1, 50))

# Of the tables that have no rows where there is one variant, or none with several thresholds.
STABILITY_COLUMNS = ("variant", "epoch", "threshold", "low", "high", "value", "excluded")
CHANGE_COLUMNS = (
    "variant", "epoch_from", "epoch_to", "difference", "low", "high", "verdict", "detectable",
    "power", "excluded",
)  # fmt: skip
OPTIMISM_COLUMNS = ("variant", "figure", "threshold", "value", "excluded", "low", "high")
TRIED_COLUMNS = (
    "variant", "threshold", "difference", "corrected_low", "corrected_high", "baseline_low",
)  # fmt: skip


def threshold_bands(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Metrics of each saved epoch along BAND_THRESHOLDS on validation, with pointwise bands.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.

    Returns
    -------
    pandas.DataFrame
        Columns threshold, metric, value, low, high (see `intervals.curve_band`), variant.
    """
    return join_tables(
        curve_band(val.labels, val.probabilities, BAND_THRESHOLDS, val.groups).assign(
            variant=variant
        )
        for variant, val in saved_scores(scored, operating_points, "val").items()
    )


def stability(
    scored: pd.DataFrame, grids: Mapping[str, Sequence[float]], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The best threshold of each epoch on validation, and whether it moved between epochs.

    A variant whose grid has one threshold has none to move, and is left out.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    grids : mapping of str to sequence of float
        Variant -> the thresholds that were analysed, probabilities.
    seed : int
        Of the resamples.

    Returns
    -------
    epochs : pandas.DataFrame
        STABILITY_COLUMNS; their meaning is in `stability.EpochStability`.
    changes : pandas.DataFrame
        CHANGE_COLUMNS, likewise.
    """
    validation = scored[scored["split"] == "val"]
    found = {
        variant: epoch_stability(validation[validation["variant"] == variant], grid, seed=seed)
        for variant, grid in grids.items()
        if len(grid) > 1
    }
    epochs = (own.epochs.assign(variant=variant) for variant, own in found.items())
    changes = (own.changes.assign(variant=variant) for variant, own in found.items())
    return join_tables(epochs, STABILITY_COLUMNS), join_tables(changes, CHANGE_COLUMNS)


def optimism_table(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    offered: Mapping[str, Sequence[float]],
    seed: int,
) -> pd.DataFrame:
    """What choosing on validation adds to F1 there, and the F1 on test of what was chosen.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.
    offered : mapping of str to sequence of float
        Variant -> the thresholds among which it chose, probabilities; one where it is fixed. With
        none the table is empty.
    seed : int
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        OPTIMISM_COLUMNS: variant, figure, threshold, value, excluded (see `optimism.optimism`),
        low, high. Each block has one more figure, `test`, at the operating point; only this one
        has an interval. The block BEST has that of the variant with the highest F1 on validation.
    """
    if not offered:
        return pd.DataFrame(columns=list(OPTIMISM_COLUMNS))
    validation = scored[scored["split"] == "val"]
    found = optimism(validation, offered, seed=seed)
    shown = found[found["figure"] == "same_data"].set_index("variant")["value"]
    tests = saved_scores(scored, operating_points, "test")
    tables = []
    for variant, own in found.groupby("variant", sort=False):
        test = tests[shown.drop(BEST).idxmax() if variant == BEST else variant]
        f1 = metric_intervals(test.labels, test.probabilities, test.threshold, test.groups)
        row = f1.loc[f1["metric"] == "f1", ["value", "low", "high"]]
        tables += [own, row.assign(variant=variant, figure="test", threshold=test.threshold)]
    return join_tables(tables)


def choices(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """What each of OBJECTIVES chooses among all thresholds on validation, and its figures on test.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.

    Returns
    -------
    pandas.DataFrame
        Columns variant, objective, state, threshold, value (of the objective, on validation),
        plateau_low, plateau_high (see `choice.Choice`), and on test precision, recall, f1,
        flagged_share, gain_low, gain_high (of the F1 less the baseline's, corrected for the rows
        of the table; all missing where no threshold is feasible).
    """
    tests = saved_scores(scored, operating_points, "test")
    rows = []
    for variant, val in saved_scores(scored, operating_points, "val").items():
        for objective in OBJECTIVES:
            choice = choose(val.labels, val.probabilities, objective)
            gain = None
            if choice.threshold is not None:
                test, at = tests[variant], choice.threshold
                gain = baseline_difference(
                    test.labels, test.probabilities, at, test.groups,
                    metrics=RATES_OF_CHOICE, comparisons=len(tests) * len(OBJECTIVES),
                )  # fmt: skip
            rows.append({"variant": variant, "objective": objective} | choice_cells(choice, gain))
    return pd.DataFrame(rows)


def choice_cells(choice: Choice, gain: pd.DataFrame | None) -> dict[str, Any]:
    """Name what an objective chose, and what that does on test.

    Parameters
    ----------
    choice : Choice
        On validation.
    gain : pandas.DataFrame or None
        RATES_OF_CHOICE on test less the baseline's, as `paired.difference_table` returns them; None
        where no threshold is feasible.

    Returns
    -------
    dict of str to object
        The columns of `choices` from `state` on.

    Examples
    --------
    >>> cells = choice_cells(choose([0, 1, 1], [0.2, 0.6, 0.9], "f1"), None)
    >>> cells["state"], cells["threshold"], cells["value"]
    ('ok', 0.4, 1.0)
    """
    cells: dict[str, Any] = {
        "state": choice.state,
        "threshold": choice.threshold,
        "value": choice.value,
        "plateau_low": choice.plateau.low if choice.plateau else None,
        "plateau_high": choice.plateau.high if choice.plateau else None,
    }
    if gain is not None:
        by_metric = gain.set_index("metric")
        cells |= by_metric["b"].to_dict()
        cells["gain_low"] = by_metric.at["f1", "corrected_low"]
        cells["gain_high"] = by_metric.at["f1", "corrected_high"]
    return cells


def tried_thresholds(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    grids: Mapping[str, Sequence[float]],
) -> pd.DataFrame:
    """F1 on validation at every tried threshold, minus F1 at REFERENCE_THRESHOLD.

    A variant whose grid has one threshold is left out.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.
    grids : mapping of str to sequence of float
        Variant -> the thresholds that were analysed, probabilities.

    Returns
    -------
    pandas.DataFrame
        TRIED_COLUMNS; the interval is corrected for the number of thresholds tried, see
        `corrected_differences`. baseline_low is the corrected lower end of the difference from
        calling everything harmful: a lower threshold may raise F1 by flagging more alone.
    """
    tables = []
    for variant, val in saved_scores(scored, operating_points, "val").items():
        if len(grids[variant]) < 2:
            continue
        sample = (val.probabilities, grids[variant], val.groups)
        table = corrected_differences(val.labels, val.probabilities, REFERENCE_THRESHOLD, *sample)
        everything = np.ones(len(val.labels))
        beyond = corrected_differences(val.labels, everything, 0.5, *sample)
        tables.append(table.assign(variant=variant, baseline_low=beyond["corrected_low"]))
    return join_tables(tables, TRIED_COLUMNS)


def weighted_scale(operating_points: pd.DataFrame) -> pd.DataFrame:
    """Each variant's operating threshold on the scale of a model trained without `pos_weight`.

    Parameters
    ----------
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.

    Returns
    -------
    pandas.DataFrame
        Columns variant, pos_weight, threshold, unweighted_threshold, half_unweighted (what this
        variant's 0.5 is on that scale).

    Examples
    --------
    >>> points = {"variant": ["a", "b"], "threshold": 0.6, "chosen": True, "pos_weight": [1.0, 0.5]}
    >>> weighted_scale(pd.DataFrame(points))
      variant  pos_weight  threshold  unweighted_threshold  half_unweighted
    0       a         1.0        0.6                  0.60         0.500000
    1       b         0.5        0.6                  0.75         0.666667
    """
    saved = operating_points[operating_points["chosen"]]
    table = saved[["variant", "pos_weight", "threshold"]].reset_index(drop=True)
    pairs = list(zip(table["threshold"], table["pos_weight"], strict=True))
    return table.assign(
        unweighted_threshold=[float(unweighted_probability(t, w)) for t, w in pairs],
        half_unweighted=[float(unweighted_probability(0.5, w)) for _, w in pairs],
    )
