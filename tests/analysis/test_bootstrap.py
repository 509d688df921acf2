from functools import partial

import numpy as np
import pytest
from group_samples import clustered, holds_both, small_samples, weights_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from harmlib.analysis import resampling
from harmlib.analysis.bootstrap import (
    best_threshold_interval,
    best_thresholds,
    curve_band,
    metric_intervals,
    precision_recall_band,
)
from harmlib.analysis.choice import choose
from harmlib.analysis.objectives import Objective
from harmlib.analysis.rates import RATES
from harmlib.analysis.resampling import (
    confusion_draws,
)
from harmlib.analysis.thresholds import sweep

GRID = np.array([0.15, 0.3, 0.5, 0.7])


@settings(deadline=None)
@given(small_samples(), st.integers(0, 100))
def test_precision_at_recall_is_read_at_the_highest_threshold_that_reaches_it(sample, seed):
    labels, scores, groups = sample
    recalls = np.array([0.0, 0.3, 0.5, 0.9, 1.0])
    band = precision_recall_band(
        labels, scores, groups, recalls=recalls, resamples=1, seed=seed, level=0.5
    )
    whole, drawn = weights_of(groups, 1, seed)
    for column, weights in (("value", whole), ("low", drawn), ("high", drawn)):
        if not holds_both(labels, weights):
            assert band[column].isna().all()
            assert (band["excluded"] == 1).all()
            continue
        table = sweep(labels, scores, weights=weights).query("tp > 0")
        expected = [
            table[table["recall"] >= recall - 1e-12]["precision"].iloc[-1] for recall in recalls
        ]
        np.testing.assert_allclose(band[column], expected, atol=1e-12)


def test_a_group_of_copies_counts_once():
    labels, scores, _ = clustered()
    alone = metric_intervals(labels, scores, 0.5, resamples=300)
    copies = metric_intervals(
        np.repeat(labels, 3), np.repeat(scores, 3), 0.5, np.repeat(np.arange(300), 3), resamples=300
    )
    np.testing.assert_allclose(copies["low"], alone["low"], atol=1e-12)
    np.testing.assert_allclose(copies["high"], alone["high"], atol=1e-12)
    as_items = metric_intervals(np.repeat(labels, 3), np.repeat(scores, 3), 0.5, resamples=300)
    narrower = (as_items["high"] - as_items["low"]) / (alone["high"] - alone["low"])
    np.testing.assert_allclose(narrower, 1 / np.sqrt(3), rtol=0.25)


def test_metric_intervals_hold_the_sample_value_of_the_sweep():
    labels, scores, groups = clustered()
    table = metric_intervals(labels, scores, 0.5, groups, resamples=500).set_index("metric")
    row = sweep(labels, scores, [0.5]).iloc[0]
    for metric in RATES:
        assert table.loc[metric, "value"] == pytest.approx(row[metric])
    assert table.loc["average_precision", "value"] == pytest.approx(
        average_precision_score(labels, scores)
    )
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


def test_blocks_do_not_change_results(monkeypatch):
    labels, scores, groups = clustered()
    band = precision_recall_band(labels, scores, groups, resamples=40)
    table = metric_intervals(labels, scores, 0.5, groups, resamples=40)
    monkeypatch.setattr(resampling, "BLOCK_CELLS", 1000)
    np.testing.assert_array_equal(precision_recall_band(labels, scores, groups, resamples=40), band)
    assert metric_intervals(labels, scores, 0.5, groups, resamples=40).equals(table)


def test_resamples_of_one_class_are_left_out_and_counted():
    labels, scores = np.array([1, 0]), np.array([0.9, 0.1])
    weights = weights_of(np.arange(2), 200, 0)[1:]
    one_class = int((weights != 1).any(axis=1).sum())
    assert 60 < one_class < 140
    table = metric_intervals(labels, scores, 0.5, resamples=200)
    assert (table["excluded"] == one_class).all()
    assert table[["low", "high"]].notna().all(axis=None)
    assert best_threshold_interval(labels, scores, GRID, resamples=200).excluded == one_class
    assert (curve_band(labels, scores, GRID, resamples=200)["excluded"] == one_class).all()


def test_best_threshold_is_a_grid_point_with_shares():
    labels, scores, groups = clustered()
    best = best_threshold_interval(labels, scores, GRID[::-1], groups, resamples=400)
    table = sweep(labels, scores, GRID)
    assert best.value == table["threshold"][table["f1"].idxmax()]
    assert {best.low, best.high} <= set(GRID)
    assert best.low <= best.value <= best.high
    assert best.shares["threshold"].tolist() == GRID.tolist()
    assert best.shares["share"].sum() == pytest.approx(1)
    assert best.shares["share"].max() < 1
    outside = best.shares.query("threshold < @best.low or threshold > @best.high")
    assert outside["share"].sum() <= 0.05


def test_equally_good_thresholds_give_the_lowest():
    best = best_threshold_interval([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9], [0.6, 0.2, 0.4, 0.95])
    assert (best.value, best.low, best.high) == (0.2, 0.2, 0.2)


OBJECTIVES = ["f1", "mcc", "youden", "fbeta:2", "cost:miss=5,alarm=1", "precision@recall>=0.7",
              "recall@precision>=0.8", "recall@flagged<=0.4"]  # fmt: skip


@settings(deadline=None)
@given(small_samples(), st.integers(0, 100), st.sampled_from(OBJECTIVES))
def test_every_resample_chooses_as_choose_does(sample, seed, objective):
    labels, scores, groups = sample
    counts = confusion_draws(labels, scores, GRID, groups, resamples=3, seed=seed)
    found = best_thresholds(counts, GRID, Objective.parse(objective))
    for value, weights in zip(found, weights_of(groups, 3, seed), strict=True):
        drawn = np.repeat(np.arange(len(labels)), weights)
        chosen = choose(labels[drawn], scores[drawn], objective, thresholds=GRID)
        if chosen.state == "constant_scores":
            continue  # here a grid can still be searched: it says which side the score is on
        if chosen.state != "ok":
            assert np.isnan(value)
        else:
            assert value == chosen.threshold


def test_interval_ends_of_the_best_threshold_are_grid_points():
    labels, scores, groups = clustered()
    for seed in range(10):
        best = best_threshold_interval(labels, scores, GRID, groups, resamples=2, seed=seed)
        assert {best.low, best.high} <= set(GRID)


def test_curve_band_is_the_sweep_with_pointwise_intervals():
    labels, scores, groups = clustered()
    band = curve_band(labels, scores, GRID, groups, resamples=300, seed=4)
    assert list(band.columns) == ["threshold", "metric", "value", "low", "high", "excluded"]
    table = sweep(labels, scores, GRID)
    for metric in RATES:
        part = band[band["metric"] == metric]
        np.testing.assert_allclose(part["value"], table[metric])
    at_half = band[band["threshold"] == 0.5].set_index("metric")
    alone = metric_intervals(labels, scores, 0.5, groups, resamples=300, seed=4).set_index("metric")
    for metric in RATES:
        np.testing.assert_allclose(at_half.loc[metric, ["low", "high"]].astype(float),
                                   alone.loc[metric, ["low", "high"]].astype(float))  # fmt: skip


def test_arguments_are_not_changed():
    labels, scores, groups = clustered()
    before = labels.copy(), scores.copy(), groups.copy()
    metric_intervals(labels, scores, 0.5, groups, resamples=20)
    precision_recall_band(labels, scores, groups, resamples=20)
    for array, copy in zip((labels, scores, groups), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("groups", [["a", "b", "a", "b"], [(1, "x"), (2, "y"), (1, "x"), (2, "y")]])
def test_groups_may_be_any_hashable(groups):
    named = metric_intervals([0, 1, 1, 0], [0.1, 0.8, 0.4, 0.6], 0.5, groups, resamples=50)
    coded = metric_intervals([0, 1, 1, 0], [0.1, 0.8, 0.4, 0.6], 0.5, [7, 3, 7, 3], resamples=50)
    assert named.equals(coded)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [1, 1, 1]}, "all 3 labels are 1; intervals need both classes"),
        ({"labels": [0, 0, 0]}, "all 3 labels are 0"),
        ({"labels": [0, 1, 2]}, "must be 0"),
        ({"scores": [0.1, np.nan, 0.3]}, "scores"),
        ({"groups": ["a", "a", "a"]}, "at least two groups"),
        ({"groups": ["a", "b"]}, "3 labels but 2 groups"),
        ({"groups": ["a", None, "b"]}, "1 missing values"),
        ({"resamples": 0}, "resamples is 0"),
        ({"level": 95}, "level is 95"),
        ({"seed": None}, "seed is None"),
        ({"seed": np.random.default_rng(0)}, "only an integer gives paired calls"),
        ({"threshold": np.nan}, "thresholds"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"labels": [0, 1, 1], "scores": [0.2, 0.4, 0.9], "threshold": 0.5} | change
    with pytest.raises(ValueError, match=message):
        metric_intervals(**arguments)


@pytest.mark.parametrize("recalls", [[1.1], [-0.1], [np.nan], [[0.5]]])
def test_recalls_are_fractions(recalls):
    with pytest.raises(ValueError, match="fractions in"):
        precision_recall_band([0, 1], [0.1, 0.9], recalls=recalls)


def test_unknown_objective_is_named():
    with pytest.raises(ValueError, match="unknown objective 'accuracy'"):
        best_threshold_interval([0, 1], [0.1, 0.9], GRID, objective="accuracy")


@pytest.mark.parametrize(
    "function",
    [
        partial(metric_intervals, threshold=0.5),
        lambda *sample, **options: best_threshold_interval(*sample, GRID, **options).shares,
        partial(curve_band, thresholds=GRID),
        precision_recall_band,
    ],
    ids=["metrics", "best threshold", "curve", "precision-recall"],
)
def test_defaults_are_2000_resamples_of_seed_0_at_95_percent(function):
    labels, scores, _ = clustered(n_groups=10)
    default = function(labels, scores)
    assert default.equals(function(labels, scores, resamples=2000, level=0.95, seed=0))
    assert not default.equals(function(labels, scores, seed=1))


def test_the_default_objective_is_f1():
    labels, scores, groups = clustered()
    found = best_threshold_interval(labels, scores, GRID, groups, resamples=200)
    f1 = best_threshold_interval(labels, scores, GRID, groups, resamples=200, objective="f1")
    assert found.shares.equals(f1.shares)


def test_default_recalls_are_percent_steps():
    recalls = precision_recall_band([0, 1, 1], [0.1, 0.9, 0.5], resamples=5)["recall"]
    assert recalls.tolist() == pytest.approx([i / 100 for i in range(101)])


def test_no_feasible_threshold_in_any_resample():
    best = best_threshold_interval(
        [0, 1], [0.9, 0.1], [0.2, 0.5], objective="recall@precision>=0.9", resamples=20
    )
    assert np.isnan([best.value, best.low, best.high]).all()
    assert best.excluded == 20
    assert best.shares["share"].isna().all()


def test_level_sets_the_width():
    labels, scores, groups = clustered()
    for function in (curve_band, best_threshold_interval):
        wide, narrow = (
            function(labels, scores, GRID, groups, resamples=300, level=level)
            for level in (0.99, 0.5)
        )
        assert np.all(np.less_equal(wide.low, narrow.low))
        assert np.all(np.greater_equal(wide.high, narrow.high))
        assert np.any(np.less(wide.low, narrow.low)) or np.any(np.greater(wide.high, narrow.high))
