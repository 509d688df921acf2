"""The tables of a modality's report on made-up scores: the right rows reach the right functions."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis import variant_tables
from harmlib.analysis.choice import choose
from harmlib.analysis.corrected_differences import corrected_differences
from harmlib.analysis.intervals import curve_band
from harmlib.analysis.operating_points import operating_points as make_operating_points
from harmlib.analysis.optimism import BEST, FIGURES, optimism
from harmlib.analysis.paired import baseline_difference
from harmlib.analysis.saved_scores import with_groups
from harmlib.analysis.stability import epoch_stability
from harmlib.analysis.thresholds import sweep

GRID = [0.3, 0.4, 0.5, 0.6, 0.7]
GRIDS = {"model2": [0.5], "model4": GRID}
POS_WEIGHTS = {"model2": 1.0, "model4": 893 / 2393}


@pytest.fixture(scope="module")
def scored():
    """Two models, two epochs; the second epoch ranks better, and model4 better than model2."""
    rng = np.random.default_rng(5)
    frames = []
    for split, n in (("val", 120), ("test", 100)):
        labels = (np.arange(n) % 3 > 0).astype(int)
        for variant, strength in (("model2", 0.5), ("model4", 1.5)):
            for epoch in (1, 2):
                logits = (labels - 0.5) * strength * epoch + rng.normal(0, 1, n) + 0.4
                frames.append(
                    pd.DataFrame(
                        {
                            "variant": variant,
                            "epoch": epoch,
                            "split": split,
                            "item_id": [f"{split}{i:03d}" for i in range(n)],
                            "label": labels,
                            "logit": logits,
                            "probability": 1 / (1 + np.exp(-logits)),
                        }
                    )
                )
    scores = pd.concat(frames, ignore_index=True)
    ids = scores["item_id"].unique()
    splits = [name.rstrip("0123456789") for name in ids]
    groups = [name[:-1] for name in ids]
    manifest = pd.DataFrame({"item_id": ids, "group": groups, "split": splits})
    return with_groups(scores, manifest)


@pytest.fixture(scope="module")
def operating_points(scored):
    validation = scored[scored["split"] == "val"]
    tables = [
        make_operating_points(
            validation[validation["variant"] == v], grid, 0.5 if v == "model2" else None
        ).assign(variant=v, pos_weight=POS_WEIGHTS[v])
        for v, grid in GRIDS.items()
    ]
    return pd.concat(tables, ignore_index=True)


def rows_of(scored, operating_points, variant, split):
    point = operating_points[
        operating_points["chosen"] & (operating_points["variant"] == variant)
    ].iloc[0]
    keys = {"variant": variant, "epoch": point["epoch"], "split": split}
    own = scored[(scored[list(keys)] == pd.Series(keys)).all(axis=1)]
    return point, own.sort_values("item_id")


def test_choices_are_made_on_validation_and_evaluated_on_test(scored, operating_points):
    table = variant_tables.choices(scored, operating_points).set_index(["variant", "objective"])
    assert len(table) == 2 * len(variant_tables.OBJECTIVES)
    _, own = rows_of(scored, operating_points, "model4", "test")
    assert list(table) == [
        "state", "threshold", "value", "plateau_low", "plateau_high", "precision", "recall",
        "f1", "flagged_share", "gain_low", "gain_high",
    ]  # fmt: skip
    row = table.loc[("model4", "f1")]
    at = sweep(own["label"], own["probability"], [row["threshold"]]).iloc[0]
    assert row["f1"] == at["f1"]
    _, validation = rows_of(scored, operating_points, "model4", "val")
    best = sweep(validation["label"], validation["probability"])["f1"].max()
    assert row["value"] == best
    choice = choose(validation["label"], validation["probability"], "f1")
    assert row["threshold"] == choice.threshold
    assert (row["plateau_low"], row["plateau_high"]) == (choice.plateau.low, choice.plateau.high)
    flipped = scored.assign(
        label=np.where(scored["split"] == "test", 1 - scored["label"], scored["label"])
    )
    again = variant_tables.choices(flipped, operating_points).set_index(["variant", "objective"])
    pd.testing.assert_series_equal(table["threshold"], again["threshold"])


def test_choices_gain_over_the_baseline_is_corrected_for_every_row(scored, operating_points):
    table = variant_tables.choices(scored, operating_points)
    assert table["gain_low"].notna().tolist() == table["threshold"].notna().tolist()
    for row in table.dropna(subset="threshold").itertuples():
        _, own = rows_of(scored, operating_points, row.variant, "test")
        expected = baseline_difference(
            own["label"], own["probability"], row.threshold, own["group"], metrics=["f1"],
            comparisons=len(table),
        ).iloc[0]  # fmt: skip
        assert (row.gain_low, row.gain_high) == (
            expected["corrected_low"], expected["corrected_high"],
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_random_scores_choose_nothing_that_is_better_than_the_baseline(
    scored, operating_points, seed
):
    rng = np.random.default_rng(seed)
    blind = scored.assign(probability=rng.random(len(scored)))
    table = variant_tables.choices(blind, operating_points)
    assert not (table["gain_low"] > 0).any()


def test_no_group_to_spare_is_no_gain_to_claim(scored, operating_points):
    few = scored.assign(group=scored["split"])
    table = variant_tables.choices(few, operating_points)
    assert table["f1"].notna().any()
    assert table[["gain_low", "gain_high"]].isna().all(axis=None)
    tried = variant_tables.tried_thresholds(few, operating_points, GRIDS)
    assert tried[["corrected_low", "corrected_high"]].isna().all(axis=None)
    epochs, changes = variant_tables.stability(few, GRIDS, seed=0)
    assert set(changes["verdict"]) == {"unknown"}
    assert epochs[["low", "high"]].isna().all(axis=None)
    bands = variant_tables.threshold_bands(few, operating_points)
    assert bands[["low", "high"]].isna().all(axis=None)


def test_stability_leaves_out_models_with_one_threshold(scored):
    epochs, changes = variant_tables.stability(scored, GRIDS, seed=0)
    assert set(epochs["variant"]) == {"model4"}
    assert len(changes) == 1


def test_stability_of_fixed_models_alone_is_empty(scored):
    epochs, changes = variant_tables.stability(scored, {"model2": [0.5]}, seed=0)
    assert epochs.empty
    assert list(epochs) == list(variant_tables.STABILITY_COLUMNS)
    assert changes.empty
    assert list(changes) == list(variant_tables.CHANGE_COLUMNS)


def test_tried_thresholds_are_of_the_grid_and_half_differs_by_nothing(scored, operating_points):
    table = variant_tables.tried_thresholds(scored, operating_points, GRIDS)
    assert table["threshold"].tolist() == GRID
    assert table.set_index("threshold").loc[0.5, "difference"] == 0


def test_optimism_holds_the_figure_on_test(scored, operating_points):
    table = variant_tables.optimism_table(scored, operating_points, GRIDS, seed=2)
    validation = scored[scored["split"] == "val"]
    made = table[table["figure"] != "test"].reset_index(drop=True)
    expected = optimism(validation, GRIDS, seed=2)
    pd.testing.assert_frame_equal(made[list(expected)], expected, check_dtype=False)
    assert made[["low", "high"]].isna().all(axis=None)
    for variant, chosen in (("model2", "model2"), ("model4", "model4"), (BEST, "model4")):
        own = table[table["variant"] == variant].set_index("figure")
        assert own.index.tolist() == [*FIGURES, "test"]
        point, test = rows_of(scored, operating_points, chosen, "test")
        assert own.loc["same_data", "value"] == pytest.approx(point["f1"])
        assert own.loc["same_data", "threshold"] == own.loc["test", "threshold"]
        assert own.loc["test", "threshold"] == point["threshold"]
        at = sweep(test["label"], test["probability"], [point["threshold"]]).iloc[0]
        assert own.loc["test", "value"] == pytest.approx(at["f1"])
        assert own.loc["test", "low"] < at["f1"] < own.loc["test", "high"]


def test_scale_maps_weighted_thresholds_only(operating_points):
    table = variant_tables.weighted_scale(operating_points)
    table = table.set_index("variant")
    assert table.loc["model2", "unweighted_threshold"] == table.loc["model2", "threshold"]
    assert table.loc["model4", "half_unweighted"] == pytest.approx(0.728, abs=5e-4)


def test_bands_cover_a_fine_grid_for_each_model(scored, operating_points):
    table = variant_tables.threshold_bands(scored, operating_points)
    assert (table.groupby(["variant", "metric"]).size() == 49).all()
    known = table.dropna()
    assert len(known) > 0.9 * len(table)
    assert (known["low"] <= known["high"]).all()
    for variant in GRIDS:
        _, val = rows_of(scored, operating_points, variant, "val")
        grid = variant_tables.BAND_THRESHOLDS
        expected = curve_band(val["label"], val["probability"], grid, val["group"])
        found = table[table["variant"] == variant].drop(columns="variant")
        pd.testing.assert_frame_equal(found.reset_index(drop=True), expected)


def test_the_seed_reaches_every_resample(scored, operating_points):
    made = [
        [
            variant_tables.optimism_table(scored, operating_points, GRIDS, seed),
        ]
        for seed in (0, 1)
    ]
    for one, other in zip(*made, strict=True):
        assert not one.equals(other)
        assert one.index.equals(pd.RangeIndex(len(one)))
    # Intervals of best thresholds end on grid points: few seeds differ, and on a fine grid only
    fine = {"model4": [i / 200 for i in range(40, 161)]}
    tables = [variant_tables.stability(scored, fine, seed) for seed in (0, 3)]
    validation = scored[(scored["split"] == "val") & (scored["variant"] == "model4")]
    expected = epoch_stability(validation, fine["model4"], seed=3)
    for found, table in zip(tables[1], (expected.epochs, expected.changes), strict=True):
        pd.testing.assert_frame_equal(found.drop(columns="variant"), table[list(found)[1:]])
    assert not tables[0][1].equals(tables[1][1])


def test_two_thresholds_are_enough_to_move(scored, operating_points):
    grids = {"model2": [0.5], "model4": [0.4, 0.6]}
    assert len(variant_tables.stability(scored, grids, seed=0)[0]) == 2
    tried = variant_tables.tried_thresholds(scored, operating_points, grids)
    assert tried["threshold"].tolist() == [0.4, 0.6]


def test_tried_thresholds_are_compared_with_half_and_with_the_baseline(scored, operating_points):
    tried = variant_tables.tried_thresholds(scored, operating_points, GRIDS)
    assert list(tried) == list(variant_tables.TRIED_COLUMNS)
    assert set(tried["variant"]) == {"model4"}
    _, val = rows_of(scored, operating_points, "model4", "val")
    sample = val["probability"], GRID, val["group"]
    half = corrected_differences(val["label"], val["probability"], 0.5, *sample)
    for column in ("threshold", "difference", "corrected_low", "corrected_high"):
        assert tried[column].tolist() == half[column].tolist()
    everything = corrected_differences(val["label"], np.ones(len(val)), 0.5, *sample)
    assert tried["baseline_low"].tolist() == everything["corrected_low"].tolist()
