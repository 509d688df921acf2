import numpy as np
import pytest
from scipy.special import expit

from harmlib.analysis.groups import MAX_BLOCKS, block_codes
from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.net_benefit import (
    PROBABILITY_COSTS,
    THRESHOLD_PROBABILITIES,
    cost_curve,
    decision_curve,
)
from harmlib.analysis.prevalence import precision_at_prevalences
from harmlib.analysis.thresholds import sweep


def drawn(seed=0, n_groups=40, strength=2.0):
    rng = np.random.default_rng(seed)
    logits = strength * (rng.normal(size=(n_groups, 1)) + rng.normal(size=(n_groups, 4)))
    labels = rng.random((n_groups, 4)) < expit(logits)
    return labels.ravel().astype(int), expit(logits).ravel(), np.repeat(np.arange(n_groups), 4)


def test_net_benefit_by_hand():
    labels, probabilities, groups = drawn()
    curve = decision_curve(labels, probabilities, groups).set_index("threshold")
    for t in (0.1, 0.5, 0.9):
        flagged = probabilities > t
        price = t / (1 - t)
        benefit = (flagged * np.where(labels == 1, 1, -price)).mean()
        treat_all = np.where(labels == 1, 1, -price).mean()
        row = curve.loc[t]
        assert row["net_benefit"] == pytest.approx(benefit)
        assert row["treat_all"] == pytest.approx(treat_all)
        assert row["gain"] == pytest.approx(benefit - max(treat_all, 0))
    assert curve.index.tolist() == list(THRESHOLD_PROBABILITIES)


def test_the_gain_s_ends_leave_whole_groups_out():
    labels, probabilities, groups = drawn(n_groups=12)
    curve = decision_curve(labels, probabilities, groups, level=0.9).set_index("threshold")
    for t, other in ((0.1, 1), (0.9, 0)):  # flagging all is the better of the trivial ones, nothing
        worth = np.where(labels == 1, 1, -t / (1 - t)) * ((probabilities > t) - float(other))
        without = [worth[groups != g].mean() for g in range(12)]
        ends = jackknife_interval(worth.mean(), without, scale="difference", level=0.9)
        assert curve.loc[t, ["low", "high"]].tolist() == pytest.approx([float(e) for e in ends])


def test_many_groups_are_left_out_in_blocks():
    labels, probabilities, groups = drawn(n_groups=2 * MAX_BLOCKS, seed=3)
    curve = decision_curve(labels, probabilities, groups).set_index("threshold")
    blocks, n_blocks = block_codes(groups, len(labels))
    worth = np.where(labels == 1, 1, -9) * (probabilities > 0.9)
    without = [worth[blocks != block].mean() for block in range(n_blocks)]
    ends = jackknife_interval(worth.mean(), without, scale="difference")
    assert curve.loc[0.9, "treat_all"] < 0
    assert curve.loc[0.9, ["low", "high"]].tolist() == pytest.approx([float(e) for e in ends])
    alone = [worth[groups != group].mean() for group in range(2 * MAX_BLOCKS)]
    low, high = jackknife_interval(worth.mean(), alone, scale="difference")
    assert curve.loc[0.9, "high"] - curve.loc[0.9, "low"] == pytest.approx(high - low, rel=0.15)


def test_scores_that_know_nothing_gain_nothing():
    rng = np.random.default_rng(4)
    claims = []
    for _ in range(40):
        labels, groups = (rng.random(120) < 0.7).astype(int), np.arange(120) // 4
        curve = decision_curve(labels, rng.random(120), groups)
        claims.append((curve["low"] > 0).mean())
    assert np.mean(claims) <= 0.025


def test_a_good_model_is_worth_more_than_flagging_all_or_nothing():
    curve = decision_curve(*drawn(n_groups=100)).set_index("threshold")
    assert (curve.loc[0.3:0.7, "low"] > 0).all()


def test_cost_by_hand():
    labels, scores, groups = drawn()
    curve = cost_curve(labels, scores, 0.4, groups, validation=(labels, scores))
    rates = sweep(labels, scores, [0.4]).iloc[0]
    x = np.array(PROBABILITY_COSTS)
    expected = x * (1 - rates["recall"]) + (1 - x) * (1 - rates["specificity"])
    np.testing.assert_allclose(curve["cost"], expected)
    np.testing.assert_allclose(curve["trivial_cost"], np.minimum(x, 1 - x))
    assert (curve["low"] <= curve["cost"]).all()
    assert (curve["cost"] <= curve["high"]).all()
    # Chosen on the same items no cost is above that of a fixed threshold, or of a trivial choice
    assert (curve["chosen_cost"] <= curve[["cost", "trivial_cost"]].min(axis=1) + 1e-12).all()


def test_cost_is_chosen_on_validation():
    labels, scores, groups = drawn(1)
    other = drawn(2)
    curve = cost_curve(labels, scores, 0.4, groups, validation=other[:2]).set_index(
        "probability_cost"
    )
    rows = sweep(*other[:2])
    for x in (0.3, 0.6):
        cost = x * (1 - rows["recall"]) + (1 - x) * (1 - rows["specificity"])
        at = sweep(labels, scores, [rows["threshold"][cost.idxmin()]]).iloc[0]
        expected = x * (1 - at["recall"]) + (1 - x) * (1 - at["specificity"])
        assert curve.loc[x, "chosen_cost"] == pytest.approx(expected)


def test_a_class_that_is_missed_by_nobody_still_has_a_band():
    labels, groups = np.tile([1, 1, 1, 0], 20), np.arange(80) // 4
    scores = labels.astype(float)
    curve = cost_curve(labels, scores, 0.5, groups, validation=(labels, scores))
    assert (curve["cost"] == 0).all()
    assert (curve["high"] > 0.1).all()


@pytest.mark.parametrize("value", [0, 1])
def test_one_class_claims_nothing(value):
    labels, scores = np.full(40, value), np.linspace(0.1, 0.9, 40)
    curve = decision_curve(labels, scores)
    assert curve[["low", "high"]].isna().all(axis=None)
    costs = cost_curve(labels, scores, 0.5, validation=(labels, scores))
    assert costs[["cost", "low", "high", "chosen_cost"]].isna().all(axis=None)


def test_cost_and_precision_tell_the_same_rates():
    labels, scores, groups = drawn(5)
    cost = cost_curve(labels, scores, 0.5, groups, validation=(labels, scores)).iloc[[0, -1]]
    alarms, misses = cost["cost"]
    (row,) = precision_at_prevalences(labels, scores, 0.5, [0.2], groups).itertuples()
    assert row.flagged_share == pytest.approx(0.2 * (1 - misses) + 0.8 * alarms)
