from dataclasses import FrozenInstanceError
from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from group_samples import draw_groups_of_items
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm
from sklearn.metrics import average_precision_score, f1_score

from harmlib.analysis import paired
from harmlib.analysis.intervals import METRICS, metric_intervals
from harmlib.analysis.paired import (
    baseline_difference,
    corrected_differences,
    gain_parts,
    matched_threshold,
    mcnemar,
    paired_difference,
)
from harmlib.analysis.rates import RATES

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


def grouped(seed=5, groups=30, size=8):
    """Labels, the scores of two models that share most of what they know, and groups."""
    rng = np.random.default_rng(seed)
    labels, shared, codes = draw_groups_of_items(rng, groups, size)
    a = shared + 0.5 * rng.normal(size=len(labels))
    return labels, a, shared + 0.5 * rng.normal(size=len(labels)), codes


def f1_of(table):
    return table.set_index("metric").loc["f1"]


def test_moving_the_seeds_threshold_gains_little_and_not_surely():
    labels, scores = published_scores()
    f1 = f1_of(paired_difference(labels, scores, 0.5, scores, 0.7))
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


def test_most_of_the_seeds_gain_is_in_the_weights():
    labels, scores = published_scores()
    everything = np.ones(len(labels))  # Model 2 calls everything harmful
    stages = {"weights": (scores, 0.5), "threshold": (scores, 0.7)}
    table = gain_parts(labels, (everything, 0.5), stages).set_index("part")
    assert table.loc["total", "value"] == pytest.approx(0.0979, abs=5e-5)
    assert table.loc["weights", "value"] == pytest.approx(0.0872, abs=1e-4)
    assert table.loc["threshold", "value"] == pytest.approx(0.0107, abs=5e-5)
    assert table.loc["weights", "share"] == pytest.approx(0.890, abs=1e-3)
    assert table.loc["weights", "low"] > table.loc["threshold", "high"]


def test_difference_is_b_minus_a():
    labels, a, b, groups = grouped()
    table = paired_difference(labels, a, 0, b, 0.3, groups)
    assert table["metric"].tolist() == list(METRICS)
    expected = f1_score(labels, b > 0.3) - f1_score(labels, a > 0)
    assert f1_of(table)["difference"] == pytest.approx(expected)
    ranked = average_precision_score(labels, b) - average_precision_score(labels, a)
    assert table["difference"].iloc[-1] == pytest.approx(ranked)
    np.testing.assert_allclose(table["difference"], table["b"] - table["a"])


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(6, 25), st.integers(1, 5))
def test_the_other_way_round_it_is_the_negative(seed, groups, size):
    labels, a, b, codes = grouped(seed, groups, size)
    table = paired_difference(labels, a, 0, b, 0.3, codes, comparisons=3)
    swapped = paired_difference(labels, b, 0.3, a, 0, codes, comparisons=3)
    for here, there in (("low", "high"), ("corrected_low", "corrected_high")):
        np.testing.assert_allclose(swapped[here], -table[there], atol=1e-12)
        np.testing.assert_allclose(swapped[there], -table[here], atol=1e-12)
    np.testing.assert_allclose(swapped["difference"], -table["difference"], atol=1e-12)
    np.testing.assert_array_equal(swapped[["error", "groups"]], table[["error", "groups"]])
    known = table.dropna()
    assert (known["corrected_low"] <= known["low"]).all()
    assert (known["low"] <= known["difference"]).all()
    assert (known["difference"] <= known["high"]).all()
    assert (known["high"] <= known["corrected_high"]).all()


def test_pairing_cancels_what_the_models_share():
    labels, a, b, groups = grouped()
    table = paired_difference(labels, a, 0, b, 0, groups).set_index("metric")
    widths = [
        metric_intervals(labels, scores, 0, groups).set_index("metric").eval("high - low")
        for scores in (a, b)
    ]
    assert (table.eval("high - low") < np.hypot(*widths)).all()
    same = paired_difference(labels, a, 0, a, 0, groups)
    assert same[["difference", "low", "high", "error"]].eq(0).all(axis=None)


def test_several_comparisons_widen_by_bonferroni():
    labels, a, b, groups = grouped()
    alone, of_ten = (
        f1_of(paired_difference(labels, a, 0, b, 0.3, groups, comparisons=k)) for k in (1, 10)
    )
    assert alone["corrected_low"] == alone["low"] == of_ten["low"]
    assert alone["corrected_high"] == alone["high"] == of_ten["high"]
    strict = f1_of(paired_difference(labels, a, 0, b, 0.3, groups, level=0.995))
    assert of_ten["corrected_low"] == pytest.approx(strict["low"])
    assert of_ten["corrected_high"] == pytest.approx(strict["high"])


def test_the_baseline_loses_the_same_group_at_a_time():
    labels, a, _, groups = grouped()
    table = baseline_difference(labels, a, 0, groups, metrics=["f1", "recall"], comparisons=4)
    everything = paired_difference(
        labels, np.ones(len(labels)), 0.5, a, 0, groups, metrics=["f1", "recall"], comparisons=4
    )
    pd.testing.assert_frame_equal(table, everything)
    share = labels.mean()
    assert table["a"].tolist() == pytest.approx([2 * share / (1 + share), 1])
    alike = baseline_difference(labels, np.ones(len(labels)), 0.5, groups)
    assert alike[["difference", "low", "high"]].eq(0).all(axis=None)


def no_better_than_the_baseline():
    """The threshold at which F1 is the baseline's: much knowledge, spoilt by a high threshold."""
    labels, scores, _ = draw_groups_of_items(np.random.default_rng(999), 50_000)
    order = np.argsort(-scores)
    f1 = 2 * np.cumsum(labels[order]) / (np.arange(1, len(labels) + 1) + labels.sum())
    return scores[order][np.argmax(f1 >= 2 * labels.sum() / (len(labels) + labels.sum()))]


@pytest.mark.parametrize(("groups", "runs"), [(10, 300), (20, 300), (50, 300)])
def test_a_model_like_the_baseline_is_rarely_called_better(groups, runs):
    threshold, told, contrast = no_better_than_the_baseline(), [], []
    for run in range(runs):
        rng = np.random.default_rng([run, groups])
        labels, scores, codes = draw_groups_of_items(rng, groups)
        row = baseline_difference(labels, scores, threshold, codes, metrics=["f1"]).iloc[0]
        if np.isnan(row["low"]):
            continue
        told.append((row["corrected_low"] > 0, row["corrected_high"] < 0))
        # Percentiles of F1 of whole groups drawn anew, the baseline held fixed
        flagged = scores > threshold
        kinds = (labels * flagged, (1 - labels) * flagged, labels * ~flagged)
        table = np.stack([np.bincount(codes, kind, groups) for kind in kinds])
        tp, fp, fn = table @ rng.multinomial(groups, np.full(groups, 1 / groups), 300).T
        contrast.append(np.nanquantile(2 * tp / (2 * tp + fp + fn), 0.025) > row["a"])
    better, worse = np.mean(told, axis=0)
    assert len(told) >= 200
    assert better <= 0.05
    assert worse <= 0.05
    assert np.mean(contrast) > better + 0.015


def test_a_copy_with_noise_is_rarely_told_from_its_twin():
    told = []
    for run in range(200):
        labels, a, b, codes = grouped(run, groups=12, size=4)
        row = paired_difference(labels, a, 0, b, 0, codes, metrics=["f1"]).iloc[0]
        if not np.isnan(row["low"]):
            told.append(row["low"] > 0 or row["high"] < 0)
    assert len(told) > 180
    assert np.mean(told) <= 0.08


@pytest.mark.parametrize("groups", [["one"] * 8, [*"aabbccdd"]])
def test_too_few_groups_have_differences_and_no_intervals(groups):
    labels, a, b = [0, 1] * 4, np.linspace(0, 1, 8), np.linspace(1, 0, 8)
    table = paired_difference(labels, a, 0.5, b, 0.3, groups)
    ends = ["low", "high", "corrected_low", "corrected_high", "error"]
    assert table["difference"].notna().all()
    assert table[ends].isna().all(axis=None)
    tried = corrected_differences(labels, a, 0.5, b, [0.3, 0.6], groups)
    assert tried["difference"].notna().all()
    assert tried.drop(columns=["threshold", "difference"]).isna().all(axis=None)
    parts = gain_parts(labels, (a, 0.5), {"weights": (b, 0.5), "threshold": (b, 0.3)}, groups)
    assert parts["value"].notna().all()
    assert parts[["low", "high"]].isna().all(axis=None)


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


@settings(max_examples=50)
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
    labels, a, b, groups = grouped()
    table = corrected_differences(labels, a, 0, b, [0.3], groups).iloc[0]
    assert table["corrected_low"] == pytest.approx(table["low"], abs=0.002)
    assert table["corrected_high"] == pytest.approx(table["high"], abs=0.002)
    pair = f1_of(paired_difference(labels, a, 0, b, 0.3, groups))
    assert table[["low", "high"]].tolist() == pair[["low", "high"]].tolist()


def test_correction_widens_with_thresholds_but_less_than_bonferroni():
    labels, a, b, groups = grouped()
    grid = np.linspace(0.1, 1, 10)
    one, ten = (
        corrected_differences(labels, a, 0, b, tried, groups).set_index("threshold")
        for tried in (grid[:1], grid)
    )
    widths = [table.eval("corrected_high - corrected_low").iloc[0] for table in (one, ten)]
    assert 1.05 < widths[1] / widths[0] < 1.45
    bonferroni = f1_of(paired_difference(labels, a, 0, b, 0.1, groups, comparisons=10))
    assert widths[1] < bonferroni["corrected_high"] - bonferroni["corrected_low"]
    assert ten["p_corrected"].iloc[0] >= one["p_corrected"].iloc[0]


def test_corrected_intervals_hold_at_all_thresholds_at_once(monkeypatch):
    """Coverage of the true recall differences, which the generating law gives."""
    monkeypatch.setattr(paired, "DRAWS", 2000)
    rng = np.random.default_rng(2)
    grid = np.linspace(-1.2, 1.2, 8)
    truth = norm.sf(grid) - norm.sf(0)
    alone, corrected, simulations = 0, 0, 150
    labels, groups = np.tile([1] * 7 + [0], 30), np.repeat(np.arange(30), 8)
    for _ in range(simulations):
        a, b = rng.normal(size=(2, len(labels)))
        table = corrected_differences(labels, a, 0, b, grid, groups, metric="recall")
        alone += table["low"].le(truth).all() and table["high"].ge(truth).all()
        corrected += (
            table["corrected_low"].le(truth).all() & table["corrected_high"].ge(truth).all()
        )
    assert alone / simulations < 0.88
    assert 0.92 < corrected / simulations < 0.99


def test_a_corrected_p_agrees_with_its_interval():
    labels, a, b, groups = grouped()
    b = b + 0.5 * labels
    table = corrected_differences(labels, a, 0, b, np.linspace(-2, 2, 15), groups)
    outside = (table["corrected_low"] > 0) | (table["corrected_high"] < 0)
    assert 0 < outside.sum() < len(table)
    assert (table.loc[outside, "p_corrected"] <= 0.0502).all()
    assert (table.loc[~outside, "p_corrected"] >= 0.0498).all()


def test_no_draw_beats_a_clear_difference_and_p_says_so():
    labels = np.tile([0, 1], 100)
    blind = np.random.default_rng(0).random(200)
    table = corrected_differences(labels, blind, 0.5, labels, [0.5])
    assert table["p_corrected"].item() == 1 / (1 + paired.DRAWS)


def test_a_threshold_that_is_the_reference_differs_by_nothing_for_certain():
    labels, scores = [0, 0, 1, 1] * 5, [0.1, 0.6, 0.4, 0.9] * 5
    row = corrected_differences(labels, scores, 0.5, scores, [0.5]).iloc[0]
    assert row["p_corrected"] == 1
    assert (row["corrected_low"], row["corrected_high"]) == (0, 0)


@settings(max_examples=25)
@given(
    st.integers(0, 10**6),
    st.lists(st.floats(-1, 1), min_size=1, max_size=4),
    st.sampled_from(RATES),
)
def test_parts_of_a_gain_sum_to_the_total(seed, thresholds, metric):
    labels, a, b, groups = grouped(seed, groups=12, size=3)
    stages = {f"step {i}": (b, at) for i, at in enumerate(thresholds)}
    table = gain_parts(labels, (a, 0.9), stages, groups, metric=metric)
    parts = table.set_index("part")
    assert parts.index.tolist() == [*stages, "total"]
    total = parts.loc["total", "value"]
    assert parts.loc[list(stages), "value"].sum() == pytest.approx(total, abs=1e-12)
    if total:
        assert parts.loc[list(stages), "share"].sum() == pytest.approx(1)
    else:
        assert parts["share"].isna().all()
    pair = paired_difference(labels, a, 0.9, b, thresholds[-1], groups).set_index("metric")
    np.testing.assert_array_equal(
        parts.loc["total", ["low", "high"]].astype(float),
        pair.loc[metric, ["low", "high"]].astype(float),
    )


def test_each_part_is_a_step():
    labels, a, b, groups = grouped()
    steps = [(a, 0.9), (b, 0.9), (b, 0.6)]
    table = gain_parts(
        labels, steps[0], {"weights": steps[1], "threshold": steps[2]}, groups, metric="recall"
    )
    recall = [(scores[labels == 1] > at).mean() for scores, at in steps]
    np.testing.assert_allclose(table["value"][:2], np.diff(recall))
    for (old, new), row in zip(pairwise(steps), table.itertuples(), strict=False):
        pair = paired_difference(labels, *old, *new, groups).set_index("metric").loc["recall"]
        assert (row.low, row.high) == (pair["low"], pair["high"])


def test_no_gain_has_no_shares():
    labels, a, _, _ = grouped()
    table = gain_parts(labels, (a, 0.5), {"weights": (a, 0.5), "threshold": (a, 0.5)})
    assert table[["value", "low", "high"]].eq(0).all(axis=None)
    assert table["share"].isna().all()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(0, 12))
def test_no_threshold_flags_a_closer_number(scores, flagged):
    scores = np.array(scores) / 4
    flagged = min(flagged, len(scores))
    found = int((scores > matched_threshold(scores, flagged)).sum())
    possible = {int((scores > at).sum()) for at in (-1, *scores)}
    off = min(abs(count - flagged) for count in possible)
    assert abs(found - flagged) == off
    assert found == min(count for count in possible if abs(count - flagged) == off)


def test_a_matched_threshold_flags_all_or_nothing_where_asked():
    scores = [0.2, 0.4, 0.9]
    assert matched_threshold(scores, 3) < 0.2
    assert matched_threshold(scores, 0) >= 0.9
    with pytest.raises(ValueError, match="scores"):
        matched_threshold([0.1, np.nan], 1)


DIFFERENCE_COLUMNS = "metric a b difference low high corrected_low corrected_high error groups"


def test_columns_and_defaults_are_those_documented():
    labels, a, b, groups = grouped(groups=15)
    table = paired_difference(labels, a, 0, b, 0.3, groups)
    assert list(table) == DIFFERENCE_COLUMNS.split()
    options = {"metrics": METRICS, "level": 0.95, "comparisons": 1}
    pd.testing.assert_frame_equal(table, paired_difference(labels, a, 0, b, 0.3, groups, **options))
    table = baseline_difference(labels, a, 0, groups)
    assert list(table) == DIFFERENCE_COLUMNS.split()
    pd.testing.assert_frame_equal(table, baseline_difference(labels, a, 0, groups, **options))
    table = corrected_differences(labels, a, 0, b, [0.1, 0.3], groups)
    assert list(table) == [
        "threshold", "difference", "low", "high", "corrected_low", "corrected_high", "p_corrected",
    ]  # fmt: skip
    again = corrected_differences(labels, a, 0, b, [0.1, 0.3], groups, metric="f1", level=0.95)
    pd.testing.assert_frame_equal(table, again)
    table = gain_parts(labels, (a, 0), {"weights": (b, 0.3)}, groups)
    assert list(table) == ["part", "value", "low", "high", "share"]
    again = gain_parts(labels, (a, 0), {"weights": (b, 0.3)}, groups, metric="f1", level=0.95)
    pd.testing.assert_frame_equal(table, again)


@pytest.mark.parametrize("option", [{"level": 0.8}, {"groups": None}])
def test_options_reach_every_interval(option):
    labels, a, b, groups = grouped(groups=15)
    calls = (
        lambda **o: paired_difference(labels, a, 0, b, 0.3, **o),
        lambda **o: baseline_difference(labels, a, 0, **o).query("metric != 'average_precision'"),
        lambda **o: corrected_differences(labels, a, 0, b, [0.2, 0.5], **o),
        lambda **o: gain_parts(labels, (a, 0), {"weights": (b, 0), "threshold": (b, 0.5)}, **o),
    )
    for call in calls:
        plain, changed = (
            call(**options)[["low", "high"]]
            for options in ({"groups": groups}, {"groups": groups} | option)
        )
        assert (plain != changed).any(axis=1).all()


@pytest.mark.parametrize("shorter", [0, 1, 3])
def test_lengths_must_agree(shorter):
    arguments = [np.array([0, 1, 1, 0]), np.arange(4.0), 0.5, np.arange(4.0), 0.5]
    arguments[shorter] = arguments[shorter][:3]
    for compare in (paired_difference, mcnemar):
        with pytest.raises(ValueError, match=r"3.*4|4.*3"):
            compare(*arguments)
    labels, a, at, b, _ = arguments
    with pytest.raises(ValueError, match=r"3.*4|4.*3"):
        gain_parts(labels, (a, at), {"weights": (b, at)})
