import numpy as np
import pandas as pd
import pytest
from group_samples import clustered, draw_groups_of_items
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from harmlib.analysis import average_precision
from harmlib.analysis import rate_estimates as by_rate
from harmlib.analysis.average_precision import average_precision_estimate
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import group_codes
from harmlib.analysis.intervals import METRICS, curve_band, metric_intervals
from harmlib.analysis.rate_estimates import rate_estimates, rates_at
from harmlib.analysis.rates import RATES

GRID = np.array([0.15, 0.3, 0.5, 0.7])
COVERED = ("precision", "recall", "f1", "average_precision")


@pytest.fixture(scope="module")
def truth():
    """What COVERED are of a very large sample, at threshold 0."""
    labels, scores, _ = draw_groups_of_items(np.random.default_rng(999), 100_000)
    flagged = scores > 0
    decided = [score(labels, flagged) for score in (precision_score, recall_score, f1_score)]
    return np.array([*decided, average_precision_score(labels, scores)])


def percentile_intervals(labels, scores, groups, rng, resamples=300):
    """The contrast: percentiles of the metrics of whole groups drawn anew; (4, 2)."""
    n = groups.max() + 1
    order = np.argsort(-scores)
    weights = rng.multinomial(n, np.full(n, 1 / n), resamples)[:, groups[order]]
    harmful = labels[order]
    tp, flagged = np.cumsum(weights * harmful, axis=1), np.cumsum(weights, axis=1)
    with np.errstate(invalid="ignore"):
        gained = np.where(flagged > 0, weights * harmful * tp / flagged, 0).sum(axis=1)
        total, last = tp[:, -1], int((scores > 0).sum()) - 1
        hit, alarmed = tp[:, last], flagged[:, last]
        draws = [hit / alarmed, hit / total, 2 * hit / (alarmed + total), gained / total]
    return np.nanquantile(draws, [0.025, 0.975], axis=1).T


@pytest.mark.parametrize("groups", [9, 20, 50])
def test_intervals_cover_where_percentiles_of_resamples_do_not(groups, truth):
    hits, contrast = [], []
    for run in range({9: 300, 20: 350, 50: 200}[groups]):
        rng = np.random.default_rng([run, groups])
        labels, scores, codes = draw_groups_of_items(rng, groups)
        found = rate_estimates(labels, scores, [0.0], codes)
        if not found["f1"].enough:
            continue
        found["average_precision"] = average_precision_estimate(labels, scores, codes)
        low, high = np.array([found[name].interval("share") for name in COVERED])[..., 0].T
        hits.append((low <= truth) & (truth <= high))
        low, high = percentile_intervals(labels, scores, codes, rng).T
        contrast.append((low <= truth) & (truth <= high))
    coverage, of_percentiles = np.mean(hits, axis=0), np.mean(contrast, axis=0)
    assert len(hits) >= 200
    assert (coverage >= 0.92).all()
    assert (coverage <= 0.995).all()
    assert of_percentiles.min() < 0.92
    assert of_percentiles.mean() < coverage.mean() - 0.02
    if groups == 9:
        assert (of_percentiles < 0.92).all()


def samples_in_groups(values, groups=9):
    """Each group's items as a (labels, scores) pair repeated: groups are alike."""
    labels, scores = values
    return labels * groups, scores * groups, np.repeat(np.arange(groups), len(labels))


def test_all_right_is_not_certain():
    """26 harmful items of 13 groups, all found: Clopper and Pearson's interval for 13 of 13."""
    labels, scores = [1, 1, 0] * 13, [0.9, 0.8, 0.1] * 13
    table = metric_intervals(labels, scores, 0.5, np.repeat(np.arange(13), 3)).set_index("metric")
    for metric in ("precision", "recall", "f1", "specificity", "average_precision"):
        assert table.loc[metric, "value"] == 1
        assert table.loc[metric, "low"] == pytest.approx(0.025 ** (1 / 13))
        assert table.loc[metric, "high"] == 1
    assert table.loc["mcc", "low"] == pytest.approx(2 * 0.025 ** (1 / 13) - 1)
    assert (table["harmful_groups"] == 13).all()


def test_a_perfect_correlation_rests_on_the_groups_of_the_rarer_class():
    labels, scores = np.repeat([1, 0], [30, 6]), np.repeat([0.9, 0.1], [30, 6])
    for flip in (False, True):
        own = 1 - labels if flip else labels
        shown = 1 - scores if flip else scores
        row = metric_intervals(own, shown, 0.5).set_index("metric").loc["mcc"]
        assert row["value"] == 1
        assert row["low"] == pytest.approx(2 * 0.025 ** (1 / 6) - 1)


def test_all_wrong_is_not_certain_either():
    sample = samples_in_groups(([1, 0], [0.1, 0.9]))
    table = metric_intervals(*sample[:2], 0.5, sample[2]).set_index("metric")
    for metric in ("precision", "recall", "f1", "specificity"):
        assert table.loc[metric, ["value", "low"]].tolist() == [0, 0]
        assert table.loc[metric, "high"] == pytest.approx(1 - 0.025 ** (1 / 9))
    assert table.loc["mcc", "value"] == -1
    assert -1 < table.loc["mcc", "high"] < 0


def test_groups_that_are_alike_still_have_a_wide_interval():
    sample = samples_in_groups(([1, 1, 0, 0], [0.9, 0.2, 0.8, 0.1]))
    table = metric_intervals(*sample[:2], 0.5, sample[2]).set_index("metric")
    assert (table["high"] - table["low"] > 0.4).all()
    assert table.loc["mcc", "value"] == 0


@pytest.mark.parametrize(("rare", "common"), [(4, 30), (2, 2), (1, 1)])
@pytest.mark.parametrize("swapped", [False, True])
def test_four_groups_of_a_class_have_no_interval_for_any_metric(rare, common, swapped):
    labels = np.repeat([1, 0], [rare, common])
    groups = np.concatenate([np.arange(rare), np.arange(common)])
    labels = 1 - labels if swapped else labels
    scores = np.linspace(0.1, 0.9, len(labels))
    table = metric_intervals(labels, scores, 0.5, groups)
    assert table["metric"].tolist() == list(METRICS)
    assert table["value"].notna().all()
    assert table[["low", "high"]].isna().all(axis=None)
    counts = [common, rare] if swapped else [rare, common]
    assert table[["harmful_groups", "safe_groups"]].drop_duplicates().to_numpy().tolist() == [
        counts
    ]
    band = curve_band(labels, scores, GRID, groups)
    assert band[["low", "high"]].isna().all(axis=None)
    assert not count_groups(labels, groups).enough


def test_five_groups_of_each_class_are_enough():
    labels, groups = [0, 1] * 5, np.repeat(np.arange(5), 2)
    table = metric_intervals(labels, [0.4, 0.9] * 5, 0.5, groups)
    assert table[["low", "high"]].notna().all(axis=None)
    assert count_groups(labels, groups).enough


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_has_values_and_no_intervals(label):
    table = metric_intervals([label] * 20, np.linspace(0, 1, 20), 0.5).set_index("metric")
    assert table[["low", "high"]].isna().all(axis=None)
    assert table.loc["recall", "value"] == (0.5 if label else 0)
    assert table.loc["specificity", "value"] == (0 if label else 0.5)
    assert np.isnan(table.loc["average_precision", "value"]) == (label == 0)


@pytest.mark.parametrize("groups", [None, ["one"] * 6])
def test_nothing_flagged_has_no_precision_to_speak_of(groups):
    table = metric_intervals([0, 1] * 3, [0.1] * 6, 0.5, groups).set_index("metric")
    assert table.loc["precision", "value"] == 0
    assert np.isnan(table.loc["precision", ["low", "high"]].astype(float)).all()


def test_many_groups_in_blocks_have_nearly_the_same_interval(monkeypatch):
    labels, scores, groups = draw_groups_of_items(np.random.default_rng(2), 1500)
    in_blocks = metric_intervals(labels, scores, 0.0, groups)
    assert len(rate_estimates(labels, scores, [0.0], groups)["f1"].left_out) == 400
    for module in (average_precision, by_rate):
        monkeypatch.setattr(module, "block_codes", group_codes)
    alone = metric_intervals(labels, scores, 0.0, groups)
    assert len(rate_estimates(labels, scores, [0.0], groups)["f1"].left_out) == 1500
    np.testing.assert_array_equal(in_blocks["value"], alone["value"])
    widths = [table["high"] - table["low"] for table in (in_blocks, alone)]
    np.testing.assert_allclose(widths[0] / widths[1], 1, atol=0.12)
    for end in ("low", "high"):
        np.testing.assert_allclose(in_blocks[end], alone[end], atol=0.004)


def test_a_group_of_copies_counts_once():
    labels, scores, _ = clustered()
    alone = metric_intervals(labels, scores, 0.5)
    again = [np.repeat(values, 3) for values in (labels, scores, np.arange(300))]
    copies = metric_intervals(*again[:2], 0.5, again[2])
    np.testing.assert_allclose(copies[["value", "low", "high"]], alone[["value", "low", "high"]])
    as_items = metric_intervals(*again[:2], 0.5)
    narrower = (as_items["high"] - as_items["low"]) / (alone["high"] - alone["low"])
    np.testing.assert_allclose(narrower, 1 / np.sqrt(3), rtol=0.15)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(1, 4))
def test_intervals_hold_the_value_and_care_for_no_order_or_name(seed, groups, size):
    rng = np.random.default_rng(seed)
    labels, scores, codes = draw_groups_of_items(rng, groups, size)
    scores = np.round(scores, 1)
    table = metric_intervals(labels, scores, 0.05, codes)
    ends = ["value", "low", "high"]
    known = table[table["low"].notna()]
    assert (known["low"] <= known["value"] + 1e-12).all()
    assert (known["value"] <= known["high"] + 1e-12).all()
    order = rng.permutation(len(labels))
    named = np.array([f"source {code}" for code in rng.permutation(groups)])[codes]
    again = metric_intervals(labels[order], scores[order], 0.05, named[order])
    np.testing.assert_allclose(again[ends], table[ends], atol=1e-9)
    wide = metric_intervals(labels, scores, 0.05, codes, level=0.99)
    assert (wide["low"].isna() == table["low"].isna()).all()
    assert ((wide["low"] <= table["low"]) & (wide["high"] >= table["high"]))[known.index].all()


def test_the_band_is_the_table_at_each_threshold():
    labels, scores, groups = clustered()
    band = curve_band(labels, scores, GRID[::-1], groups, level=0.9)
    assert list(band) == ["threshold", "metric", "value", "low", "high"]
    assert band["metric"].drop_duplicates().tolist() == list(RATES)
    for threshold in GRID:
        own = band[band["threshold"] == threshold].set_index("metric")
        alone = metric_intervals(labels, scores, threshold, groups, level=0.9).set_index("metric")
        columns = ["value", "low", "high"]
        np.testing.assert_allclose(own.loc[list(RATES), columns], alone.loc[list(RATES), columns])
    assert (band.groupby("metric")["threshold"].apply(list).apply(lambda t: t == list(GRID))).all()


def test_defaults_are_95_percent_and_nothing_is_drawn():
    labels, scores, groups = clustered()
    table = metric_intervals(labels, scores, 0.5, groups)
    assert table.equals(metric_intervals(labels, scores, 0.5, groups, level=0.95))
    assert not table.equals(metric_intervals(labels, scores, 0.5, groups, level=0.9))
    band = curve_band(labels, scores, GRID, groups)
    assert band.equals(curve_band(labels, scores, GRID, groups, level=0.95))


def test_arguments_are_not_changed():
    labels, scores, groups = clustered()
    before = labels.copy(), scores.copy(), groups.copy()
    metric_intervals(labels, scores, 0.5, groups)
    for array, copy in zip((labels, scores, groups), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("groups", [["a", "b", "a", "b"], [(1, "x"), (2, "y"), (1, "x"), (2, "y")]])
def test_groups_may_be_any_hashable(groups):
    named, coded = (
        rate_estimates([0, 1, 1, 0], [0.1, 0.8, 0.4, 0.6], [0.5], own)["f1"].left_out
        for own in (groups, [7, 3, 7, 3])
    )
    np.testing.assert_array_equal(named, coded)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 1, 2]}, "must be 0"),
        ({"scores": [0.1, np.nan, 0.3]}, "scores"),
        ({"groups": ["a", "b"]}, "3 labels but 2 groups"),
        ({"groups": ["a", None, "b"]}, "1 missing values"),
        ({"level": 95}, "level is 95"),
        ({"threshold": np.nan}, "thresholds"),
    ],
)
def test_bad_input_is_named(change, message):
    arguments = {"labels": [0, 1, 1], "scores": [0.2, 0.4, 0.9], "threshold": 0.5} | change
    with pytest.raises(ValueError, match=message):
        metric_intervals(**arguments)


@pytest.mark.parametrize("seed", range(3))
def test_a_threshold_for_each_row_decides_that_row(seed):
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(0, 2, 120), np.arange(120) // 4
    scores, own = rng.random(120), rng.random(120)
    scores[:10] = own[:10]  # on the line: not flagged
    found = rates_at(labels, scores, own, groups)
    expected = rate_estimates(labels, (scores > own).astype(float), [0.5], groups)
    for name, estimates in expected.items():
        np.testing.assert_array_equal(found[name].value, estimates.value)
        np.testing.assert_array_equal(found[name].left_out, estimates.left_out)
    one = rates_at(labels, scores, 0.4, groups)["f1"]
    np.testing.assert_array_equal(
        one.left_out, rates_at(labels, scores, np.full(120, 0.4), groups)["f1"].left_out
    )


def test_the_same_scoring_twice_is_no_more_evidence():
    rng = np.random.default_rng(3)
    labels, groups = rng.integers(0, 2, 80), np.arange(80) // 4
    scores = rng.normal(labels, 1)
    once = metric_intervals(labels, scores, 0.5, groups)
    twice = metric_intervals(
        *(np.tile(column, 2) for column in (labels, scores)), 0.5, np.tile(groups, 2),
        repeats=np.repeat([0, 1], 80),
    )  # fmt: skip
    pd.testing.assert_frame_equal(once, twice)


def test_what_seeds_differ_by_widens_the_interval_of_a_rate():
    rng = np.random.default_rng(3)
    labels, groups = np.tile([0, 1], 40), np.repeat(np.arange(16), 5)
    calm = rng.normal(size=80) + labels
    wild = np.concatenate([calm, calm + 0.6, calm - 0.6])  # the same items, shifted by the seed
    repeats = np.repeat([1, 2, 3], 80)
    rows = (np.tile(labels, 3), wild, 0.5, np.tile(groups, 3))
    known, unknown = rates_at(*rows, repeats=repeats), rates_at(*rows)
    recalls = [
        ((wild > 0.5) & (repeats == r))[np.tile(labels, 3) == 1].sum() / 40 for r in (1, 2, 3)
    ]
    assert known["recall"].repeats.ravel().tolist() == pytest.approx(recalls)
    assert known["recall"].value == unknown["recall"].value
    (low,), (high,) = known["recall"].interval("share")
    (without_low,), (without_high,) = unknown["recall"].interval("share")
    value = known["recall"].value[0]
    reach = t.ppf(0.975, 15) * np.std(recalls, ddof=1) / np.sqrt(3)
    assert value - low == pytest.approx(np.hypot(value - without_low, reach))
    assert high - value == pytest.approx(np.hypot(without_high - value, reach))


def test_a_seed_that_moves_all_models_alike_moves_no_difference():
    rng = np.random.default_rng(4)
    labels, groups = np.tile([0, 1], 60), np.tile(np.repeat(np.arange(12), 5), 2)
    a = rng.normal(size=120) + labels
    repeats = np.repeat([1, 2], 60)
    one = rates_at(labels, a, 0.4, groups, repeats=repeats)["f1"]
    assert (one - one).repeat_error.tolist() == [0.0]
    assert one.repeat_error[0] > 0
