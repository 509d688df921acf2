from dataclasses import FrozenInstanceError
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm
from sklearn.metrics import f1_score

from harmlib.analysis.bootstrap import metric_intervals
from harmlib.analysis.paired import (
    corrected_differences,
    decompose_gain,
    mcnemar,
    paired_difference,
)

# Published counts of Model 3, epoch 1, on 423 harmful and 158 safe clips
GRID = np.array([0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70])
TP = [419, 419, 418, 417, 417, 417, 415, 413, 411]
FP = [75, 66, 62, 60, 57, 54, 48, 44, 40]
HARMFUL, SAFE = 423, 158


def published_scores():
    """Labels and scores with the published counts: what a threshold drops scores just below it."""
    just_below = np.append(GRID - 0.01, 0.9)
    scores = [
        np.repeat(just_below, -np.diff([total, *kept, 0]))
        for total, kept in ((HARMFUL, TP), (SAFE, FP))
    ]
    return np.repeat([1, 0], [HARMFUL, SAFE]), np.concatenate(scores)


def two_models(n=300, seed=5):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    shared = rng.normal(size=n) + 1.5 * labels
    a = shared + 0.5 * rng.normal(size=n)
    b = shared + 0.5 * rng.normal(size=n) + 0.5 * labels
    return labels, a, b, rng.integers(0, n // 4, n)


def test_moving_the_seeds_threshold_gains_little_and_not_surely():
    labels, scores = published_scores()
    table = paired_difference(labels, scores, 0.5, scores, 0.7, resamples=20_000)
    f1 = table.set_index("metric").loc["f1"]
    assert f1["a"] == pytest.approx(0.9298, abs=5e-5)
    assert f1["b"] == pytest.approx(0.9405, abs=5e-5)
    assert f1["difference"] == pytest.approx(0.0107, abs=5e-5)
    assert f1["low"] == pytest.approx(0.0004, abs=5e-4)
    assert f1["high"] == pytest.approx(0.0211, abs=5e-4)


def test_the_seeds_threshold_gain_does_not_survive_having_tried_nine():
    labels, scores = published_scores()
    table = corrected_differences(labels, scores, 0.5, scores, GRID).set_index("threshold")
    assert table["difference"].idxmax() == 0.7
    best = table.loc[0.7]
    assert best["low"] > 0 > best["corrected_low"]
    assert best["p_corrected"] > 0.05
    same = table.loc[0.5]
    assert same[["difference", "corrected_low", "corrected_high"]].eq(0).all()
    assert same["p_corrected"] == 1


def test_most_of_the_seeds_gain_is_retraining():
    labels, scores = published_scores()
    everything = np.ones(len(labels))  # Model 2 calls everything harmful
    table = decompose_gain(labels, everything, 0.5, scores, 0.7).set_index("part")
    assert table.loc["total", "value"] == pytest.approx(0.0979, abs=5e-5)
    assert table.loc["retraining", "value"] == pytest.approx(0.0872, abs=1e-4)
    assert table.loc["threshold", "value"] == pytest.approx(0.0107, abs=5e-5)
    assert table.loc["retraining", "share"] == pytest.approx(0.890, abs=1e-3)
    assert table.loc["retraining", "low"] > table.loc["threshold", "high"]


def test_difference_is_b_minus_a():
    labels, a, b, groups = two_models()
    table = paired_difference(labels, a, 0.5, b, 0.8, groups, resamples=300).set_index("metric")
    expected = f1_score(labels, b > 0.8) - f1_score(labels, a > 0.5)
    assert table.loc["f1", "difference"] == pytest.approx(expected)
    assert table["difference"].tolist() == pytest.approx((table["b"] - table["a"]).tolist())
    swapped = paired_difference(labels, b, 0.8, a, 0.5, groups, resamples=300).set_index("metric")
    np.testing.assert_allclose(swapped["low"], -table["high"], atol=1e-12)
    np.testing.assert_allclose(swapped["difference"], -table["difference"])


def test_pairing_cancels_what_the_models_share():
    labels, a, b, groups = two_models()
    paired = paired_difference(labels, a, 0.5, b, 0.5, groups, resamples=500).set_index("metric")
    widths = [
        table.set_index("metric").eval("high - low")
        for table in (
            metric_intervals(labels, a, 0.5, groups, resamples=500),
            metric_intervals(labels, b, 0.5, groups, resamples=500),
        )
    ]
    unpaired = np.hypot(*widths)
    assert (paired.eval("high - low") < unpaired).all()
    same = paired_difference(labels, a, 0.5, a, 0.5, groups, resamples=50)
    assert same[["difference", "low", "high"]].eq(0).all(axis=None)


def with_discordant(only_a, only_b, agreed=5):
    """Harmful items that a alone finds, that b alone finds, and that both find."""
    a = np.repeat([1.0, 0.0, 1.0], [only_a, only_b, agreed])
    b = np.repeat([0.0, 1.0, 1.0], [only_a, only_b, agreed])
    return np.ones(len(a), int), a, 0.5, b, 0.5


@pytest.mark.parametrize(
    ("only_a", "only_b"), [(6, 17), (17, 6), (0, 5), (1, 0), (4, 4), (7, 8), (0, 12), (120, 90)]
)
def test_mcnemar_is_the_binomial_test(only_a, only_b):
    found = mcnemar(*with_discordant(only_a, only_b))
    assert (found.only_a, found.only_b) == (only_a, only_b)
    n, least = only_a + only_b, min(only_a, only_b)
    assert found.p_exact == pytest.approx(binomtest(least, n).pvalue)
    assert found.p_exact <= 1  # rounding alone would give 1.0000000000000004 for 7 and 8
    # Fagerland et al. 2013: the exact p less the point probability, halved where both tails meet
    point = binom.pmf(least, n, 0.5) * (0.5 if only_a == only_b else 1)
    assert found.p_mid == pytest.approx(found.p_exact - point)


def test_mcnemar_without_disagreement_finds_nothing():
    found = mcnemar(*with_discordant(0, 0))
    assert (found.only_a, found.only_b, found.p_exact, found.p_mid) == (0, 0, 1.0, 1.0)
    with pytest.raises(FrozenInstanceError):
        found.only_a = 1


def test_mcnemar_counts_safe_items_too():
    found = mcnemar([0, 0, 0, 1], [0.9, 0.1, 0.1, 0.1], 0.5, [0.1, 0.1, 0.1, 0.9], 0.5)
    assert (found.only_a, found.only_b) == (0, 2)
    swapped = mcnemar([0, 0, 0, 1], [0.1, 0.1, 0.1, 0.9], 0.5, [0.9, 0.1, 0.1, 0.1], 0.5)
    assert (swapped.only_a, swapped.only_b) == (2, 0)


def test_mcnemar_does_not_flag_a_score_at_the_threshold():
    found = mcnemar([1, 0, 1], [0.5, 0.5, 0.9], 0.5, [0.7, 0.5, 0.7], 0.7)
    assert (found.only_a, found.only_b) == (1, 0)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abn")), min_size=2, max_size=30))
def test_group_mcnemar_is_the_enumerated_sign_flip_test(items):
    groups, verdicts = zip(*[*items, (7, "n"), (8, "n")], strict=True)
    a = np.array([verdict != "b" for verdict in verdicts], float)
    b = np.array([verdict != "a" for verdict in verdicts], float)
    found = mcnemar(np.ones(len(a), int), a, 0.5, b, 0.5, groups)
    totals = [(b - a)[np.array(groups) == group].sum() for group in set(groups)]
    flips = np.abs(np.array(list(product([-1, 1], repeat=len(totals)))) @ totals)
    observed = abs(sum(totals))
    assert found.p_exact == pytest.approx((flips >= observed).mean())
    if any(totals):
        expected = (flips > observed).mean() + (flips == observed).mean() / 2
        assert found.p_mid == pytest.approx(expected)


def test_one_source_that_repeats_itself_is_one_witness():
    alone = mcnemar(*with_discordant(0, 3))
    groups = np.repeat(np.arange(3), 10)
    copies = mcnemar(np.ones(30, int), np.zeros(30), 0.5, np.ones(30), 0.5, groups)
    assert copies.only_b == 30
    assert copies.p_exact == pytest.approx(alone.p_exact)


def test_one_threshold_needs_no_correction():
    labels, a, b, groups = two_models()
    table = corrected_differences(labels, a, 0.5, b, [0.5], groups, resamples=4000).iloc[0]
    assert table["corrected_low"] == pytest.approx(table["low"], abs=0.01)
    assert table["corrected_high"] == pytest.approx(table["high"], abs=0.01)
    pair = paired_difference(labels, a, 0.5, b, 0.5, groups, resamples=4000).set_index("metric")
    assert table["low"] == pair.loc["f1", "low"]


def test_correction_widens_with_thresholds_but_less_than_bonferroni():
    labels, a, b, groups = two_models()
    grid = np.linspace(0.3, 1.2, 10)
    one, ten = (
        corrected_differences(labels, a, 0.5, b, tried, groups).set_index("threshold")
        for tried in (grid[:1], grid)
    )
    widths = [table.eval("corrected_high - corrected_low").iloc[0] for table in (one, ten)]
    assert 1.05 < widths[1] / widths[0] < 2.807 / 1.960  # normal quantiles at 1 - 0.05/2/10 and /1
    assert ten["p_corrected"].iloc[0] >= one["p_corrected"].iloc[0]


def test_corrected_intervals_hold_at_all_thresholds_at_once():
    """Coverage of the true recall differences, which the generating law gives."""
    rng = np.random.default_rng(2)
    grid = np.linspace(-1.2, 1.2, 8)
    truth = norm.sf(grid) - norm.sf(0)
    alone, corrected, simulations = 0, 0, 200
    labels = np.repeat([0, 1], [20, 300])
    for simulation in range(simulations):
        a, b = rng.normal(size=(2, len(labels)))
        table = corrected_differences(
            labels, a, 0, b, grid, metric="recall", resamples=400, seed=simulation
        )
        alone += table["low"].le(truth).all() and table["high"].ge(truth).all()
        corrected += (
            table["corrected_low"].le(truth).all() & table["corrected_high"].ge(truth).all()
        )
    assert alone / simulations < 0.88
    assert 0.92 < corrected / simulations < 0.985


def test_parts_of_a_gain_sum_to_the_total():
    labels, a, b, groups = two_models()
    table = decompose_gain(labels, a, 0.9, b, 0.6, groups, metric="recall", resamples=300)
    parts = table.set_index("part")
    total = parts.loc["total", "value"]
    assert parts.loc[["retraining", "threshold"], "value"].sum() == pytest.approx(total)
    assert parts.loc[["retraining", "threshold"], "share"].sum() == pytest.approx(1)
    recall = [(scores[labels == 1] > at).mean() for scores, at in ((a, 0.9), (b, 0.9), (b, 0.6))]
    np.testing.assert_allclose(table["value"][:2], np.diff(recall))
    pair = paired_difference(labels, a, 0.9, b, 0.6, groups, resamples=300).set_index("metric")
    ends = ["low", "high", "excluded"]
    assert parts.loc["total", ends].tolist() == pair.loc["recall", ends].tolist()
    assert (parts["low"] <= parts["value"]).all()
    assert (parts["value"] <= parts["high"]).all()


def test_no_gain_has_no_shares():
    labels, a, _, _ = two_models()
    table = decompose_gain(labels, a, 0.5, a, 0.5, resamples=20)
    assert table["value"].eq(0).all()
    assert table["share"].isna().all()


COLUMNS = {
    paired_difference: "metric a b difference low high excluded",
    decompose_gain: "part value low high share excluded",
    corrected_differences: (
        "threshold difference low high corrected_low corrected_high p_corrected excluded"
    ),
}
COMPARED = [(paired_difference, 0.5), (decompose_gain, 1.0), (corrected_differences, [0.2, 1.0])]


@pytest.mark.parametrize(("compare", "threshold_b"), COMPARED)
def test_columns_and_defaults_are_those_documented(compare, threshold_b):
    labels, a, b, groups = two_models(60)
    table = compare(labels, a, 0.5, b, threshold_b, groups)
    assert list(table) == COLUMNS[compare].split()
    options = {"resamples": 2000, "level": 0.95, "seed": 0}
    if compare is not paired_difference:
        options["metric"] = "f1"
    pd.testing.assert_frame_equal(table, compare(labels, a, 0.5, b, threshold_b, groups, **options))


@pytest.mark.parametrize(("compare", "threshold_b"), COMPARED)
@pytest.mark.parametrize(
    "option", [{"resamples": 90}, {"level": 0.8}, {"seed": 1}, {"groups": None}]
)
def test_options_reach_every_interval(compare, threshold_b, option):
    labels, a, b, groups = two_models(60)
    known = {"groups": groups, "resamples": 100}
    plain, changed = (
        compare(labels, a, 0.5, b, threshold_b, **options)[["low", "high"]]
        for options in (known, known | option)
    )
    assert (plain != changed).any(axis=1).all()


def test_resamples_of_one_class_are_counted_as_excluded():
    labels, scores = [0, 1, 1, 1, 1, 1], [0.1, 0.3, 0.5, 0.7, 0.8, 0.9]
    tables = [compare(labels, scores, 0.4, scores, at, resamples=100) for compare, at in COMPARED]
    counts = {count for table in tables for count in table["excluded"]}
    assert len(counts) == 1
    assert 20 < counts.pop() < 50  # (5/6)^6 is 0.33


@pytest.mark.parametrize("compare", [paired_difference, mcnemar, decompose_gain])
@pytest.mark.parametrize("shorter", [0, 1, 3])
def test_lengths_must_agree(compare, shorter):
    arguments = [np.array([0, 1, 1, 0]), np.arange(4.0), 0.5, np.arange(4.0), 0.5]
    arguments[shorter] = arguments[shorter][:3]
    with pytest.raises(ValueError, match=r"3.*4|4.*3"):
        compare(*arguments)


def test_no_resample_beats_a_clear_difference_and_p_says_so():
    labels = np.tile([0, 1], 100)
    blind = np.random.default_rng(0).random(200)
    table = corrected_differences(labels, blind, 0.5, labels, [0.5], resamples=99)
    assert table["p_corrected"].item() == 1 / 100


def test_a_threshold_that_is_the_reference_differs_by_nothing_for_certain():
    labels, scores = [0, 0, 1, 1] * 5, [0.1, 0.6, 0.4, 0.9] * 5
    row = corrected_differences(labels, scores, 0.5, scores, [0.5], resamples=50).iloc[0]
    assert row["p_corrected"] == 1
    assert (row["corrected_low"], row["corrected_high"]) == (0, 0)


def test_correction_needs_two_resamples_of_both_classes():
    labels, scores = [0] + [1] * 2, [0.1, 0.6, 0.9]
    with pytest.raises(ValueError, match="of 1 resamples hold both classes; draw more"):
        corrected_differences(labels, scores, 0.5, scores, [0.7], resamples=1)
    labels, scores = [0, 1] * 20, np.arange(40) % 7
    assert len(corrected_differences(labels, scores, 3, scores, [4], resamples=2)) == 1
