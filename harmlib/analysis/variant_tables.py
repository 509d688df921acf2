"""The evidence tables of one modality: how sure we are of each model's threshold and figures.

Each is a function of the scores (with the manifest's groups) and the operating points alone.
`scored` has the columns variant, epoch, split, item_id, label, logit, probability, group, and one
row an item, model and epoch; `points` is `operating_points` of every model, with variant.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from harmlib.analysis.bootstrap import curve_band, metric_intervals
from harmlib.analysis.calibration import (
    compare_calibrations,
    recall_floor,
    reliability_table,
    unweighted_probability,
)
from harmlib.analysis.choice import choose
from harmlib.analysis.paired import (
    corrected_differences,
    decompose_gain,
    mcnemar,
    paired_difference,
)
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
REFERENCE_THRESHOLD = 0.5  # what every tried threshold is held against

# Of the tables that have no rows where there is one model, or none with several thresholds.
MOVING_COLUMNS = ("variant", "epoch", "threshold", "low", "high", "value")
CHANGE_COLUMNS = ("variant", "epoch_from", "epoch_to", "difference", "low", "high", "verdict")
DIFFERENCE_COLUMNS = ("a", "b", "metric", "value_a", "value_b", "difference", "low", "high",
                      "only_a", "only_b", "p_mid")  # fmt: skip
GAIN_COLUMNS = ("a", "b", "part", "value", "low", "high", "share")
TRIED_COLUMNS = ("variant", "threshold", "difference", "corrected_low", "corrected_high")


def _joined(tables: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    """The tables below each other, with these columns; they are there without rows, too."""
    if not tables:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(tables, ignore_index=True)[list(columns)]


def with_groups(scores: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """The scores with each item's group beside it.

    A split that is one single group can't be redrawn by groups: there each item is its own, and
    intervals are too narrow. `item_level_splits` names those splits, so that the reader is told.
    """
    scored = scores.merge(manifest[["item_id", "group"]], on="item_id", validate="many_to_one")
    alone = scored["split"].isin(item_level_splits(manifest))
    return scored.assign(group=scored["group"].mask(alone, scored["item_id"]))


def item_level_splits(manifest: pd.DataFrame) -> list[str]:
    """The splits whose items are all of one group. manifest : columns split, group."""
    groups = manifest.groupby("split")["group"].nunique()
    return [split for split in ("val", "test") if groups[split] < 2]


def _saved(
    scored: pd.DataFrame, points: pd.DataFrame, split: str
) -> Iterator[tuple[pd.Series, pd.DataFrame]]:
    """Each model's chosen operating point, and the rows of `split` at that epoch, by item."""
    for _, point in points[points["chosen"]].iterrows():
        own = (scored["variant"] == point["variant"]) & (scored["epoch"] == point["epoch"])
        yield point, scored[own & (scored["split"] == split)].sort_values("item_id")


def _columns(rows: pd.DataFrame) -> tuple:
    return rows["label"].to_numpy(), rows["probability"].to_numpy()


def test_intervals(scored: pd.DataFrame, points: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Each model's test metrics at its operating threshold: variant, metric, value, low, high."""
    tables = [
        metric_intervals(*_columns(rows), point["threshold"], rows["group"], seed=seed).assign(
            variant=point["variant"]
        )
        for point, rows in _saved(scored, points, "test")
    ]
    return pd.concat(tables, ignore_index=True)


def threshold_bands(scored: pd.DataFrame, points: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Metrics along a fine grid of thresholds on validation, with bands, of each saved model."""
    grid = [i / 50 for i in range(1, 50)]
    tables = [
        curve_band(*_columns(rows), grid, rows["group"], seed=seed).assign(variant=point["variant"])
        for point, rows in _saved(scored, points, "val")
    ]
    return pd.concat(tables, ignore_index=True)


def stability(
    scored: pd.DataFrame, thresholds: dict[str, list[float]], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The best threshold of each epoch with its interval, and whether it moved, of each model.

    thresholds : the grid of each model; models with one threshold have none to move
    Returns (epochs, changes) as in `EpochStability`, with variant.
    """
    epochs, changes = [], []
    validation = scored[scored["split"] == "val"]
    for variant, grid in thresholds.items():
        if len(grid) > 1:
            found = epoch_stability(validation[validation["variant"] == variant], grid, seed=seed)
            epochs.append(found.epochs.assign(variant=variant))
            changes.append(found.changes.assign(variant=variant))
    return _joined(epochs, MOVING_COLUMNS), _joined(changes, CHANGE_COLUMNS)


def optimism_table(
    scored: pd.DataFrame, points: pd.DataFrame, thresholds: dict[str, list[float]], seed: int
) -> pd.DataFrame:
    """What choosing on the validation items adds to their F1, and the honest test figure."""
    test = {point["variant"]: rows for point, rows in _saved(scored, points, "test")}
    tables = []
    for point, rows in _saved(scored, points, "val"):
        own = test[point["variant"]]
        table = optimism(
            *_columns(rows),
            thresholds[point["variant"]],
            rows["group"],
            test=(*_columns(own), own["group"]),
            seed=seed,
        )
        tables.append(table.assign(variant=point["variant"]))
    return pd.concat(tables, ignore_index=True)


def choices(scored: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """What each objective would choose among all thresholds, and what comes of it on test.

    Columns: variant, objective, state, threshold, value (of the objective, on validation),
    plateau_low, plateau_high, better_than_baseline, and precision, recall, f1, flagged_share on
    test (missing where no threshold is feasible).
    """
    test = {point["variant"]: rows for point, rows in _saved(scored, points, "test")}
    rows = []
    for point, validation in _saved(scored, points, "val"):
        for objective in OBJECTIVES:
            made = choose(*_columns(validation), objective)
            row = {
                "variant": point["variant"],
                "objective": objective,
                "state": made.state,
                "threshold": made.threshold,
                "value": made.value,
                "plateau_low": made.plateau.low if made.plateau else None,
                "plateau_high": made.plateau.high if made.plateau else None,
                "better_than_baseline": made.better_than_baseline,
            }
            if made.threshold is not None:
                judged = sweep(*_columns(test[point["variant"]]), [made.threshold]).iloc[0]
                row |= judged[["precision", "recall", "f1", "flagged_share"]].to_dict()
            rows.append(row)
    return pd.DataFrame(rows)


def comparisons(
    scored: pd.DataFrame, points: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each later model against the first on the same test items, and where its gain came from.

    Returns (differences, gains): `paired_difference` of F1, precision, recall and average
    precision with McNemar's counts and mid-p; and `decompose_gain` of F1; with a and b.
    """
    (first, old), *later = _saved(scored, points, "test")
    differences, gains = [], []
    for point, new in later:
        labels, scores_a = _columns(old)
        pair = (labels, scores_a, first["threshold"], new["probability"].to_numpy())
        names = {"a": first["variant"], "b": point["variant"]}
        table = paired_difference(*pair, point["threshold"], old["group"], seed=seed)
        test = mcnemar(*pair, point["threshold"], old["group"])
        table = table.rename(columns={"a": "value_a", "b": "value_b"})
        differences.append(
            table.assign(**names, only_a=test.only_a, only_b=test.only_b, p_mid=test.p_mid)
        )
        gains.append(
            decompose_gain(*pair, point["threshold"], old["group"], seed=seed).assign(**names)
        )
    shown = ("f1", "precision", "recall", "average_precision")
    differences = _joined(differences, DIFFERENCE_COLUMNS)
    return differences[differences["metric"].isin(shown)], _joined(gains, GAIN_COLUMNS)


def tried_thresholds(
    scored: pd.DataFrame, points: pd.DataFrame, thresholds: dict[str, list[float]], seed: int
) -> pd.DataFrame:
    """Every tried threshold against REFERENCE_THRESHOLD, on validation, corrected for trying."""
    tables = []
    for point, rows in _saved(scored, points, "val"):
        labels, scores = _columns(rows)
        if len(grid := thresholds[point["variant"]]) > 1:
            table = corrected_differences(
                labels, scores, REFERENCE_THRESHOLD, scores, grid, rows["group"], seed=seed
            )
            tables.append(table.assign(variant=point["variant"]))
    return _joined(tables, TRIED_COLUMNS)


def calibrations(
    scored: pd.DataFrame, points: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reliability on test, and Brier score and ECE before and after calibration on validation."""
    validation = {point["variant"]: rows for point, rows in _saved(scored, points, "val")}
    reliability, compared = [], []
    for point, test in _saved(scored, points, "test"):
        variant, fit = point["variant"], validation[point["variant"]]
        reliability.append(reliability_table(*_columns(test), bins=5).assign(variant=variant))
        table = compare_calibrations(
            fit["label"], fit["logit"], test["label"], test["logit"], test["group"], seed=seed
        )
        compared.append(table.assign(variant=variant))
    return pd.concat(reliability, ignore_index=True), pd.concat(compared, ignore_index=True)


def floors(scored: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Thresholds that promise a recall (set on validation), and what they do on test.

    Columns: variant, min_recall, units, feasible, threshold, flagged_share (on validation),
    test_recall, test_flagged_share.
    """
    test = {point["variant"]: rows for point, rows in _saved(scored, points, "test")}
    rows = []
    for point, validation in _saved(scored, points, "val"):
        for min_recall in RECALL_FLOORS:
            found = recall_floor(*_columns(validation), min_recall, validation["group"])
            row = {
                "variant": point["variant"],
                "min_recall": min_recall,
                "units": found.units,
                "feasible": found.feasible,
                "threshold": found.threshold,
            }
            if found.feasible:
                own = sweep(*_columns(validation), [found.threshold]).iloc[0]
                at = sweep(*_columns(test[point["variant"]]), [found.threshold]).iloc[0]
                row |= {
                    "flagged_share": own["flagged_share"],
                    "test_recall": at["recall"],
                    "test_flagged_share": at["flagged_share"],
                }
            rows.append(row)
    return pd.DataFrame(rows)


def weighted_scale(points: pd.DataFrame, pos_weights: dict[str, float | None]) -> pd.DataFrame:
    """Each model's operating threshold on the scale of a model without `pos_weight`.

    Columns: variant, pos_weight (1 where there is none), threshold, unweighted_threshold,
    half_unweighted (what this model's 0.5 is on that scale).
    """
    chosen = points[points["chosen"]]
    weights = [pos_weights[variant] or 1.0 for variant in chosen["variant"]]
    pairs = list(zip(chosen["threshold"], weights, strict=True))
    return pd.DataFrame(
        {
            "variant": chosen["variant"].to_list(),
            "pos_weight": weights,
            "threshold": chosen["threshold"].to_list(),
            "unweighted_threshold": [float(unweighted_probability(t, w)) for t, w in pairs],
            "half_unweighted": [float(unweighted_probability(0.5, w)) for w in weights],
        }
    )
