import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import average_precision_score

from harmlib.analysis import bootstrap
from harmlib.analysis.bootstrap import (
    METRICS,
    average_precision_draws,
    best_threshold_interval,
    best_thresholds,
    confusion_draws,
    curve_band,
    draw_groups,
    group_codes,
    interval,
    metric_intervals,
    precision_recall_band,
    rate,
)
from harmlib.analysis.choice import Objective, choose
from harmlib.analysis.thresholds import sweep

GRID = np.array([0.15, 0.3, 0.5, 0.7])
item = st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 4))


@st.composite
def small_samples(draw):
    """Labels, tied scores and groups with both classes and at least two groups."""
    items = [(0, draw(st.integers(0, 6)), 0), (1, draw(st.integers(0, 6)), 1)]
    labels, scores, groups = zip(*(items + draw(st.lists(item, max_size=20))), strict=True)
    return np.array(labels), np.array(scores) / 6, np.array(groups)


def clustered(n_groups=60, size=5, seed=3):
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.random(n_groups) < 0.6, size).astype(int)
    logits = np.repeat(rng.normal(size=n_groups), size) + rng.normal(size=n_groups * size)
    return labels, 1 / (1 + np.exp(-logits - 2 * labels + 1)), np.repeat(np.arange(n_groups), size)


def weights_of(groups, resamples, seed):
    """The item weights that the draws stand for, row 0 the sample itself."""
    codes, n_groups = group_codes(groups, len(groups))
    return np.concatenate(list(draw_groups(n_groups, resamples, seed)))[:, codes]


def holds_both(labels, weights):
    return 0 < weights @ labels < weights.sum()


@settings(deadline=None)
@given(small_samples(), st.integers(0, 100))
def test_average_precision_is_scikit_learns_with_the_draws_as_weights(sample, seed):
    labels, scores, groups = sample
    draws = average_precision_draws(labels, scores, groups, resamples=6, seed=seed)
    for value, weights in zip(draws, weights_of(groups, 6, seed), strict=True):
        if holds_both(labels, weights):
            expected = average_precision_score(labels, scores, sample_weight=weights)
            assert value == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(value)


@settings(deadline=None)
@given(small_samples(), st.integers(0, 100), st.permutations(list(GRID)))
def test_counts_and_rates_are_the_sweeps_with_the_draws_as_weights(sample, seed, thresholds):
    labels, scores, groups = sample
    counts = confusion_draws(labels, scores, thresholds, groups, resamples=4, seed=seed)
    for row, weights in enumerate(weights_of(groups, 4, seed)):
        if not holds_both(labels, weights):
            assert np.isnan(counts[:, row]).all()
            continue
        table = sweep(labels, scores, thresholds, weights=weights)
        table = table.set_index("threshold").loc[list(thresholds)]
        np.testing.assert_array_equal(counts[:, row], table[["tp", "fp", "fn", "tn"]].T)
        for metric in METRICS:
            np.testing.assert_allclose(rate(metric, counts)[row], table[metric], atol=1e-12)


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
    for metric in METRICS:
        assert table.loc[metric, "value"] == pytest.approx(row[metric])
    assert table.loc["average_precision", "value"] == pytest.approx(
        average_precision_score(labels, scores)
    )
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


def coverage_of_recall(by_group, simulations=300):
    """How often the 95 % interval holds the recall that the generating law implies."""
    rng = np.random.default_rng(11)
    n_groups, size, threshold = 50, 8, -0.5
    truth = norm.sf(threshold / np.sqrt(5))
    groups = np.repeat(np.arange(n_groups), size)
    hits = 0
    for simulation in range(simulations):
        shared = np.repeat(2 * rng.normal(size=n_groups), size)
        scores = shared + rng.normal(size=n_groups * size)
        labels = rng.integers(0, 2, n_groups * size)
        counts = confusion_draws(
            labels,
            scores,
            [threshold],
            groups if by_group else None,
            resamples=400,
            seed=simulation,
        )
        low, high, _ = interval(rate("recall", counts)[1:, 0])
        hits += low <= truth <= high
    return hits / simulations


def test_group_bootstrap_covers_where_item_bootstrap_is_too_narrow():
    assert 0.90 <= coverage_of_recall(by_group=True) <= 0.98
    assert coverage_of_recall(by_group=False) <= 0.80


def test_draws_are_the_sample_then_multinomial_rows():
    rows = np.concatenate(list(draw_groups(20, 4000, seed=1)))
    assert (rows[0] == 1).all()
    assert (rows.sum(axis=1) == 20).all()
    assert rows[1:].mean(axis=0) == pytest.approx(np.ones(20), abs=0.08)
    assert rows[1:].var() == pytest.approx(0.95, abs=0.02)  # n p (1 - p)


def test_draws_do_not_depend_on_the_block_size(monkeypatch):
    whole = np.concatenate(list(draw_groups(7, 50, seed=5)))
    monkeypatch.setattr(bootstrap, "BLOCK_CELLS", 7 * 3)
    blocks = list(draw_groups(7, 50, seed=5))
    assert max(len(block) for block in blocks) == 3
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    assert not np.array_equal(np.concatenate(list(draw_groups(7, 50, seed=6))), whole)


def test_blocks_do_not_change_results(monkeypatch):
    labels, scores, groups = clustered()
    band = precision_recall_band(labels, scores, groups, resamples=40)
    table = metric_intervals(labels, scores, 0.5, groups, resamples=40)
    monkeypatch.setattr(bootstrap, "BLOCK_CELLS", 1000)
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
    for metric in METRICS:
        part = band[band["metric"] == metric]
        np.testing.assert_allclose(part["value"], table[metric])
    at_half = band[band["threshold"] == 0.5].set_index("metric")
    alone = metric_intervals(labels, scores, 0.5, groups, resamples=300, seed=4).set_index("metric")
    for metric in METRICS:
        np.testing.assert_allclose(at_half.loc[metric, ["low", "high"]].astype(float),
                                   alone.loc[metric, ["low", "high"]].astype(float))  # fmt: skip


def test_interval_takes_percentiles_without_missing_rows():
    draws = np.append(np.arange(101.0), np.nan)
    assert interval(draws, 0.9) == (pytest.approx(5), pytest.approx(95), 1)
    low, high, excluded = interval(np.full((3, 2), np.nan))
    assert np.isnan([low, high]).all()
    assert excluded == 3
    assert low.shape == (2,)


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


def test_unknown_metric_is_named():
    with pytest.raises(ValueError, match="unknown metric 'accuracy'; known: precision, recall"):
        rate("accuracy", np.ones((4, 1)))


def test_unknown_objective_is_named():
    with pytest.raises(ValueError, match="unknown objective 'accuracy'"):
        best_threshold_interval([0, 1], [0.1, 0.9], GRID, objective="accuracy")
