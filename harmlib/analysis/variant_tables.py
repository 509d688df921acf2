"""The tables of one modality's report: one function per table.

Every function reads these two tables:

`scored`
    One row per item, variant and epoch, as `with_groups` returns them. Columns: variant, epoch,
    split (val or test), item_id, label (0 or 1), logit, probability (0 to 1), group.
`operating_points`
    One row per variant and epoch, as 02_train writes them. Columns used: variant, epoch, threshold,
    chosen (True for the saved epoch), pos_weight.

`grids` gives the thresholds that were analysed, for each variant. `seed` is an integer; intervals
are 95 % bootstrap intervals from resamples of whole groups.

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
>>> scored = with_groups(scores, manifest)
>>> operating_points = pd.DataFrame({
...     "variant": ["model2", "model4"], "epoch": 1, "threshold": [0.5, 0.6],
...     "chosen": True, "pos_weight": [1.0, 0.5],
... })
>>> grids = {"model2": [0.5], "model4": [0.4, 0.5, 0.6]}

>>> intervals_on_test(scored, operating_points, seed=0).query("metric == 'f1'").round(2)
  metric  value   low  high  excluded variant
2     f1   0.71  0.54  0.85         0  model2
9     f1   0.86  0.77  0.92         0  model4
>>> threshold_bands(scored, operating_points, seed=0).query("metric == 'f1'").head(1).round(2)
    threshold metric  value  low  high  excluded variant
98       0.02     f1    0.8  0.8   0.8         0  model2
>>> optimism_table(scored, operating_points, grids, seed=0).head(1).round(2)
      figure  threshold  value   low  high  excluded variant
0  same_data        0.5   0.71  0.54  0.85         0  model2
>>> choices(scored, operating_points)[["variant", "objective", "threshold", "f1"]].head(1).round(2)
  variant objective  threshold    f1
0  model2        f1       0.19  0.87
>>> differences, gains = comparisons(scored, operating_points, seed=0)
>>> differences[["a", "b", "metric", "difference", "p_mid"]].head(1).round(2)
        a       b     metric  difference  p_mid
0  model2  model4  precision        0.14   0.09
>>> gains[["part", "value", "low", "high"]].head(1).round(2)
         part  value   low  high
0  retraining   0.15 -0.01  0.33
>>> tried_thresholds(scored, operating_points, grids, seed=0).head(1).round(2)
  variant  threshold  difference  corrected_low  corrected_high
0  model4        0.4        0.08           0.03            0.14
>>> reliability, compared = calibrations(scored, operating_points, seed=0)
>>> compared.head(1).round(2)
  method metric  value   low  high variant
0   none  brier   0.17  0.11  0.25  model2
>>> floors(scored, operating_points)[["variant", "min_recall", "feasible", "threshold"]].head(1)
  variant  min_recall  feasible  threshold
0  model2         0.8      True   0.194072
>>> epochs, changes = stability(scored, grids, seed=0)
>>> epochs
  variant  epoch  threshold  low  high     value
0  model4      1        0.4  0.4   0.4  0.941176
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.bootstrap import curve_band, metric_intervals
from harmlib.analysis.calibration import (
    compare_calibrations,
    reliability_table,
    unweighted_probability,
)
from harmlib.analysis.checks import FloatArray
from harmlib.analysis.choice import choose
from harmlib.analysis.paired import (
    corrected_differences,
    decompose_gain,
    mcnemar,
    paired_difference,
)
from harmlib.analysis.recall_floor import recall_floor
from harmlib.analysis.stability import epoch_stability, optimism
from harmlib.analysis.thresholds import sweep

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
RECALL_FLOORS = (0.8, 0.9, 0.95)
REFERENCE_THRESHOLD = 0.5  # every tried threshold is compared with this one
COMPARED_METRICS = ("f1", "precision", "recall", "average_precision")
BAND_THRESHOLDS = tuple(i / 50 for i in range(1, 50))

# Of the tables that have no rows where there is one variant, or none with several thresholds.
STABILITY_COLUMNS = ("variant", "epoch", "threshold", "low", "high", "value")
CHANGE_COLUMNS = ("variant", "epoch_from", "epoch_to", "difference", "low", "high", "verdict")
DIFFERENCE_COLUMNS = ("a", "b", "metric", "value_a", "value_b", "difference", "low", "high",
                      "only_a", "only_b", "p_mid")  # fmt: skip
GAIN_COLUMNS = ("a", "b", "part", "value", "low", "high", "share")
TRIED_COLUMNS = ("variant", "threshold", "difference", "corrected_low", "corrected_high")


def with_groups(scores: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Scores with each item's group in a column `group`.

    A split whose items are all of one group cannot be resampled by groups: there each item is a
    group of its own, and intervals are too narrow. `item_level_splits` names these splits.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per item, variant and epoch; columns split, item_id.
    manifest : pandas.DataFrame
        One row per item; columns split, item_id, group.

    Returns
    -------
    pandas.DataFrame
        The rows and columns of `scores`, and group.

    Examples
    --------
    >>> scores = pd.DataFrame({"split": ["val", "val", "test", "test"], "item_id": list("abcd")})
    >>> with_groups(scores, scores.assign(group=["one", "one", "two", "three"]))["group"].tolist()
    ['a', 'b', 'two', 'three']
    """
    scored = scores.merge(manifest[["item_id", "group"]], on="item_id", validate="many_to_one")
    alone = scored["split"].isin(item_level_splits(manifest))
    return scored.assign(group=scored["group"].mask(alone, scored["item_id"]))


def item_level_splits(manifest: pd.DataFrame) -> list[str]:
    """The splits (val, test) whose items are all of one group.

    Parameters
    ----------
    manifest : pandas.DataFrame
        One row per item; columns split, group.

    Returns
    -------
    list of str
        Names of splits, possibly none.

    Examples
    --------
    >>> item_level_splits(pd.DataFrame({"split": ["val", "val", "test", "test"],
    ...                                 "group": ["a", "a", "b", "c"]}))
    ['val']
    """
    groups = manifest.groupby("split")["group"].nunique()
    return [split for split in ("val", "test") if groups[split] < 2]


def intervals_on_test(
    scored: pd.DataFrame, operating_points: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Each variant's test metrics at its operating threshold, with intervals.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.
    seed : int
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        Columns metric, value, low, high, excluded (see `bootstrap.metric_intervals`), variant.
    """
    return _joined(
        metric_intervals(
            test.labels, test.probabilities, test.threshold, test.groups, seed=seed
        ).assign(variant=variant)
        for variant, test in _saved(scored, operating_points, "test").items()
    )


def threshold_bands(
    scored: pd.DataFrame, operating_points: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Metrics of each saved epoch along BAND_THRESHOLDS on validation, with pointwise bands.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.
    seed : int
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        Columns threshold, metric, value, low, high, excluded (see `bootstrap.curve_band`), variant.
    """
    return _joined(
        curve_band(val.labels, val.probabilities, BAND_THRESHOLDS, val.groups, seed=seed).assign(
            variant=variant
        )
        for variant, val in _saved(scored, operating_points, "val").items()
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
    return _joined(epochs, STABILITY_COLUMNS), _joined(changes, CHANGE_COLUMNS)


def optimism_table(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    grids: Mapping[str, Sequence[float]],
    seed: int,
) -> pd.DataFrame:
    """What choosing the threshold on the validation items adds to their F1, and the F1 on test.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.
    grids : mapping of str to sequence of float
        Variant -> the thresholds that were analysed, probabilities.
    seed : int
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        Columns figure, threshold, value, low, high, excluded (see `stability.optimism`), variant.
    """
    tests = _saved(scored, operating_points, "test")
    return _joined(
        optimism(
            val.labels,
            val.probabilities,
            grids[variant],
            val.groups,
            test=(tests[variant].labels, tests[variant].probabilities, tests[variant].groups),
            seed=seed,
        ).assign(variant=variant)
        for variant, val in _saved(scored, operating_points, "val").items()
    )


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
        plateau_low, plateau_high, better_than_baseline (see `choice.Choice`), and precision,
        recall, f1, flagged_share on test (missing where no threshold is feasible).
    """
    tests = _saved(scored, operating_points, "test")
    rows = []
    for variant, val in _saved(scored, operating_points, "val").items():
        for objective in OBJECTIVES:
            choice = choose(val.labels, val.probabilities, objective)
            row = {
                "variant": variant,
                "objective": objective,
                "state": choice.state,
                "threshold": choice.threshold,
                "value": choice.value,
                "plateau_low": choice.plateau.low if choice.plateau else None,
                "plateau_high": choice.plateau.high if choice.plateau else None,
                "better_than_baseline": choice.better_than_baseline,
            }
            if choice.threshold is not None:
                on_test = _rates(tests[variant], choice.threshold)
                row |= on_test[["precision", "recall", "f1", "flagged_share"]].to_dict()
            rows.append(row)
    return pd.DataFrame(rows)


def comparisons(
    scored: pd.DataFrame, operating_points: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each later variant (b) against the first (a) on the same test items.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.
    seed : int
        Of the resamples.

    Returns
    -------
    differences : pandas.DataFrame
        DIFFERENCE_COLUMNS, one row per pair and metric of COMPARED_METRICS; see
        `paired.paired_difference`, and `paired.McNemar` for only_a, only_b and p_mid.
    gains : pandas.DataFrame
        GAIN_COLUMNS, one row per pair and part of the F1 gained; see `paired.decompose_gain`.
    """
    (first, old), *later = _saved(scored, operating_points, "test").items()
    differences, gains = [], []
    for variant, new in later:
        pair = (old.labels, old.probabilities, old.threshold, new.probabilities, new.threshold)
        names = {"a": first, "b": variant}
        decisions = mcnemar(*pair, old.groups)
        table = paired_difference(*pair, old.groups, seed=seed)
        table = table[table["metric"].isin(COMPARED_METRICS)]
        differences.append(
            table.rename(columns={"a": "value_a", "b": "value_b"}).assign(
                **names, only_a=decisions.only_a, only_b=decisions.only_b, p_mid=decisions.p_mid
            )
        )
        gains.append(decompose_gain(*pair, old.groups, seed=seed).assign(**names))
    return _joined(differences, DIFFERENCE_COLUMNS), _joined(gains, GAIN_COLUMNS)


def tried_thresholds(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    grids: Mapping[str, Sequence[float]],
    seed: int,
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
    seed : int
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        TRIED_COLUMNS; the interval is corrected for the number of thresholds tried, see
        `paired.corrected_differences`.
    """
    tables = [
        corrected_differences(
            val.labels,
            val.probabilities,
            REFERENCE_THRESHOLD,
            val.probabilities,
            grids[variant],
            val.groups,
            seed=seed,
        ).assign(variant=variant)
        for variant, val in _saved(scored, operating_points, "val").items()
        if len(grids[variant]) > 1
    ]
    return _joined(tables, TRIED_COLUMNS)


def calibrations(
    scored: pd.DataFrame, operating_points: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether probabilities hold on test, before and after calibration on validation.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.
    seed : int
        Of the resamples.

    Returns
    -------
    reliability : pandas.DataFrame
        `calibration.reliability_table` of test in five bins, with a column variant.
    compared : pandas.DataFrame
        `calibration.compare_calibrations`, with a column variant.
    """
    tests = _saved(scored, operating_points, "test")
    fitted = _saved(scored, operating_points, "val")
    reliability = (
        reliability_table(test.labels, test.probabilities, bins=5).assign(variant=variant)
        for variant, test in tests.items()
    )
    compared = (
        compare_calibrations(
            fitted[variant].labels,
            fitted[variant].logits,
            test.labels,
            test.logits,
            test.groups,
            seed=seed,
        ).assign(variant=variant)
        for variant, test in tests.items()
    )
    return _joined(reliability), _joined(compared)


def floors(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Thresholds that promise each of RECALL_FLOORS, set on validation, and their figures on test.

    Parameters
    ----------
    scored : pandas.DataFrame
        As `with_groups` returns it.
    operating_points : pandas.DataFrame
        One row per variant and epoch; see the module.

    Returns
    -------
    pandas.DataFrame
        Columns variant, min_recall, units, feasible, threshold (see `recall_floor.RecallFloor`),
        flagged_share (on validation), test_recall, test_flagged_share (missing where no threshold
        is feasible).
    """
    tests = _saved(scored, operating_points, "test")
    rows = []
    for variant, val in _saved(scored, operating_points, "val").items():
        for min_recall in RECALL_FLOORS:
            floor = recall_floor(val.labels, val.probabilities, min_recall, val.groups)
            row = {
                "variant": variant,
                "min_recall": min_recall,
                "units": floor.units,
                "feasible": floor.feasible,
                "threshold": floor.threshold,
            }
            if floor.feasible:
                on_test = _rates(tests[variant], floor.threshold)
                row |= {
                    "flagged_share": floor.flagged_share,
                    "test_recall": on_test["recall"],
                    "test_flagged_share": on_test["flagged_share"],
                }
            rows.append(row)
    return pd.DataFrame(rows)


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


class _Saved(NamedTuple):
    """One split at the saved epoch of a variant, its items in the order of their ids: (n,) each."""

    threshold: float
    labels: npt.NDArray[np.int64]
    probabilities: FloatArray
    logits: FloatArray
    groups: npt.NDArray[np.object_]


def _saved(scored: pd.DataFrame, operating_points: pd.DataFrame, split: str) -> dict[str, _Saved]:
    """`split` at the saved epoch of each variant, in the order of `operating_points`."""
    found = {}
    for point in operating_points[operating_points["chosen"]].itertuples():
        own = (scored["variant"] == point.variant) & (scored["epoch"] == point.epoch)
        rows = scored[own & (scored["split"] == split)].sort_values("item_id")
        columns = (rows[name].to_numpy() for name in ("label", "probability", "logit", "group"))
        found[point.variant] = _Saved(point.threshold, *columns)
    return found


def _rates(saved: _Saved, threshold: float) -> pd.Series:
    """The row of `sweep` at one threshold."""
    return sweep(saved.labels, saved.probabilities, [threshold]).iloc[0]


def _joined(tables: Iterable[pd.DataFrame], columns: Sequence[str] = ()) -> pd.DataFrame:
    """The tables below each other; with these columns alone, also where there is no table."""
    found = list(tables)
    if not found:
        return pd.DataFrame(columns=list(columns))
    joined = pd.concat(found, ignore_index=True)
    return joined[list(columns)] if columns else joined
