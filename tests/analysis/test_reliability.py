"""Do probabilities mean what they say? By hand, and by simulation where the truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm
from sklearn.metrics import brier_score_loss

from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.reliability import calibration_intervals, reliability_table


def drawn(rng, n_groups, sharpness=1.0, size=4, alike=0.3):
    """Items in groups whose scores and labels are alike; sharpness 1 is a calibrated model."""
    shape = n_groups, size
    logits = 1 + 1.4 * (rng.normal(size=(n_groups, 1)) + rng.normal(size=shape))
    luck = np.sqrt(alike) * rng.normal(size=(n_groups, 1))
    luck = luck + np.sqrt(1 - alike) * rng.normal(size=shape)
    labels = norm.cdf(luck) < expit(logits)
    groups = np.repeat(np.arange(n_groups), size)
    return labels.ravel().astype(int), expit(sharpness * logits).ravel(), groups


def test_reliability_table_by_hand():
    table = reliability_table([0, 1, 1, 0, 1], [0.0, 0.1, 0.5, 0.5, 1.0], bins=2)
    assert list(table) == [
        "low", "high", "count", "groups", "mean_probability", "observed_share", "observed_low",
        "observed_high",
    ]  # fmt: skip
    assert table["count"].tolist() == [2, 3]
    assert table["groups"].tolist() == [2, 3]
    assert table["low"].tolist() == [0, 0.5]
    assert table["high"].tolist() == [0.5, 1]
    assert table["mean_probability"].tolist() == pytest.approx([0.05, 2 / 3])
    assert table["observed_share"].tolist() == pytest.approx([0.5, 2 / 3])
    assert table[["observed_low", "observed_high"]].isna().all(axis=None), "too few groups"


@pytest.mark.parametrize(
    ("probability", "place"), [(0.0, 0), (0.0999, 0), (0.1, 1), (0.3, 3), (0.95, 9), (1.0, 9)]
)
def test_bins_are_closed_below_and_the_last_above(probability, place):
    table = reliability_table([1], [probability], bins=10)
    assert table["count"].tolist() == [int(i == place) for i in range(10)]
    empty = table.drop(index=place)
    assert empty[["mean_probability", "observed_share", "observed_low"]].isna().all(axis=None)


def test_bars_leave_whole_groups_out():
    labels, groups = np.array([1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1]), np.arange(12) // 2
    (row,) = reliability_table(labels, np.full(12, 0.5), groups, bins=1).itertuples()
    without = [np.delete(labels, [2 * g, 2 * g + 1]).mean() for g in range(6)]
    low, high = map(float, jackknife_interval(labels.mean(), without))
    assert (row.observed_low, row.observed_high) == pytest.approx((low, high))
    # A group elsewhere takes no part; four groups are too few
    labels, groups = np.append(labels, [1, 0]), np.append(groups, [8, 9])
    table = reliability_table(labels, np.append(np.full(12, 0.9), [0.1, 0.1]), groups, bins=2)
    assert table["groups"].tolist() == [2, 6]
    assert table.loc[1, "observed_low"] == pytest.approx(low)
    assert np.isnan(table.loc[0, "observed_low"])
    few = reliability_table(labels[:8], np.full(8, 0.9), groups[:8], bins=1)
    assert few["observed_low"].isna().all()


def test_bars_cover_where_items_of_a_group_are_alike():
    rng = np.random.default_rng(5)
    held, bars = 0, 0
    for _ in range(200):
        labels, probabilities, groups = drawn(rng, 20, size=12, alike=0.8)
        rows = reliability_table(labels, probabilities, groups).dropna()
        held += rows["mean_probability"].between(rows["observed_low"], rows["observed_high"]).sum()
        bars += len(rows)
    assert 0.93 <= held / bars <= 0.99  # Wilson's, which takes items as independent: 0.83


def test_brier_by_scikit_learn_and_by_hand():
    labels, probabilities, groups = drawn(np.random.default_rng(1), 12)
    (brier,) = calibration_intervals(labels, probabilities, groups).head(1).itertuples()
    assert brier.value == pytest.approx(brier_score_loss(labels, probabilities))
    without = [brier_score_loss(labels[groups != g], probabilities[groups != g]) for g in range(12)]
    low, high = map(float, jackknife_interval(brier.value, without))
    assert (brier.low, brier.high) == pytest.approx((low, high))
    assert np.isnan(brier.p_calibrated)


def test_calibration_error_pairs_different_groups_only():
    labels, probabilities, groups = drawn(np.random.default_rng(2), 8, sharpness=3)
    gaps, place = probabilities - labels, np.minimum((probabilities * 5).astype(int), 4)
    squares, weights = [], []
    for b in range(5):
        mine = place == b
        apart = groups[mine][:, None] != groups[mine]
        if apart.any():
            squares.append((np.outer(gaps[mine], gaps[mine]) * apart).sum() / apart.sum())
            weights.append(mine.sum())
    expected = np.average(squares, weights=weights)
    assert expected > 0
    found = calibration_intervals(labels, probabilities, groups).set_index("metric")
    assert found.loc["calibration_error", "value"] == pytest.approx(np.sqrt(expected))


def rejections(n_groups, sharpness, runs, seed):
    rng = np.random.default_rng(seed)
    rows = [
        calibration_intervals(*drawn(rng, n_groups, sharpness), seed=run).iloc[1]
        for run in range(runs)
    ]
    table = pd.DataFrame(rows)
    return (table["low"] > 0).mean(), (table["p_calibrated"] <= 0.05).mean()


@pytest.mark.parametrize("n_groups", [9, 40])
def test_a_calibrated_model_does_not_look_miscalibrated(n_groups):
    interval, test = rejections(n_groups, 1.0, runs=500, seed=n_groups)
    assert interval <= 0.025  # of the plain ECE's interval: 1.0
    assert 0.025 <= test <= 0.08


def test_an_overconfident_model_does():
    interval, test = rejections(150, 2.0, runs=60, seed=3)
    assert interval >= 0.7
    assert test >= 0.95


def test_an_error_that_is_estimated_below_zero_has_an_interval():
    labels, groups = np.tile([0, 1], 20), np.arange(40) // 2
    found = calibration_intervals(labels, np.full(40, 0.5), groups).set_index("metric")
    error = found.loc["calibration_error"]
    assert (error["value"], error["low"]) == (0, 0)
    labels, probabilities, groups = drawn(np.random.default_rng(8), 30)
    error = calibration_intervals(labels, probabilities, groups).iloc[1]
    assert error["value"] == 0
    assert error["high"] > 0.01


def test_few_groups_have_no_interval_and_no_test():
    labels, probabilities, groups = drawn(np.random.default_rng(1), 4)
    table = calibration_intervals(labels, probabilities, groups)
    assert table[["low", "high", "p_calibrated"]].isna().all(axis=None)
    alone = calibration_intervals(labels, probabilities, np.zeros(16))
    assert np.isnan(alone["value"][1])
    assert alone["value"][0] == pytest.approx(brier_score_loss(labels, probabilities))


@pytest.mark.parametrize("option", [{"bins": 8}, {"level": 0.8}, {"seed": 1}, {"groups": None}])
def test_options_reach_the_intervals(option):
    labels, probabilities, groups = drawn(np.random.default_rng(4), 30, sharpness=1.6)
    plain = calibration_intervals(labels, probabilities, groups)
    defaults = {"groups": groups, "bins": 5, "level": 0.95, "seed": 0}
    same = calibration_intervals(labels, probabilities, **defaults)
    pd.testing.assert_frame_equal(plain, same)
    assert not plain.equals(calibration_intervals(labels, probabilities, **(defaults | option)))


@pytest.mark.parametrize("function", [reliability_table, calibration_intervals])
@pytest.mark.parametrize(
    ("probabilities", "message"),
    [([3.2, 0.1], r"range from 0.1 to 3.2.*are these logits"), ([-0.2, 0.1], "from -0.2")],
)
def test_what_is_no_probability_is_named(function, probabilities, message):
    with pytest.raises(ValueError, match=message):
        function([1, 0], probabilities)
