import numpy as np
import pandas as pd
import pytest
from group_samples import draw_groups_of_items
from hypothesis import given, settings
from hypothesis import strategies as st
from paired_samples import grouped, published_scores
from sklearn.metrics import average_precision_score, f1_score

from harmlib.analysis.corrected_differences import corrected_differences
from harmlib.analysis.gain_parts import gain_parts
from harmlib.analysis.intervals import METRICS, metric_intervals
from harmlib.analysis.mcnemar import mcnemar
from harmlib.analysis.paired import baseline_difference, paired_difference


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
