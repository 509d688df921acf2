from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from harmlib.analysis.bands import (
    BANDS,
    Bands,
    Promise,
    assign,
    band_shares,
    band_table,
    choose_bands,
)
from harmlib.analysis.checks import EmptyScores, NonFiniteScores, NotBinaryLabels
from harmlib.analysis.choice import choose
from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.risk_control import precision_keepers, recall_keepers
from harmlib.analysis.thresholds import sweep

# Ten items: harmful at 0.9 0.8 0.7 0.6 0.3, safe at 0.65 0.5 0.4 0.2 0.1
LABELS = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.65, 0.5, 0.4, 0.2, 0.1])


def thresholds_of(labels, scores, min_recall, min_precision):
    bands = choose_bands(labels, scores, min_recall=min_recall, min_precision=min_precision)
    return bands.state, bands.pass_at, bands.block_above


@pytest.mark.parametrize(
    ("min_recall", "min_precision", "pass_at", "block_above"),
    [
        (1.0, 1.0, 0.25, 0.675),
        (0.8, 1.0, 0.55, 0.675),  # 4 of 5 is exactly 0.8
        (0.81, 1.0, 0.25, 0.675),
        (1.0, 0.9, 0.25, 0.675),
        (1.0, 0.66, 0.25, 0.55),  # 4 of 6 would do, but the sixth is safe
        (1.0, 0.625, 0.25, 0.25),  # 5 of 8: one threshold keeps both
        (0.8, 0.8, 0.55, 0.55),
        (0.2, 0.5, 0.55, 0.55),  # many thresholds keep both: the best F1
        (0.2, 0.9, 0.675, 0.675),
    ],
)
def test_thresholds_on_ten_items(min_recall, min_precision, pass_at, block_above):
    found = thresholds_of(LABELS, SCORES, min_recall, min_precision)
    assert found == ("ok", pytest.approx(pass_at), pytest.approx(block_above))


@pytest.mark.parametrize(
    ("labels", "scores", "expected"),
    [
        ([1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4], ("ok", None, None)),
        ([0, 1, 0], [0.1, 0.2, 0.3], ("ok", 0.15, None)),
        ([1, 0, 1], [0.1, 0.2, 0.3], ("ok", None, 0.25)),
        ([0, 1, 1], [0.1, 0.1, 0.3], ("ok", None, 0.2)),  # a tie can't be parted
        ([0, 1], [0.1, 0.3], ("ok", 0.2, 0.2)),
        ([1, 0], [0.1, 0.3], ("ok", None, None)),
        ([1, 1, 1], [0.1, 0.2, 0.3], ("one_class", None, None)),
        ([0, 0], [0.1, 0.3], ("one_class", None, None)),
        ([0, 1], [0.3, 0.3], ("constant_scores", None, None)),
    ],
)
def test_floors_that_cannot_be_met_leave_it_all_to_people(labels, scores, expected):
    found = thresholds_of(labels, scores, 1.0, 1.0)
    assert found == tuple(pytest.approx(v) if isinstance(v, float) else v for v in expected)
    bands = Bands(1.0, 1.0, *found, pd.DataFrame())
    decided = assign(scores, bands)
    assert set(decided) <= {"review"} | ({"pass"} if found[1] is not None else set()) | (
        {"block"} if found[2] is not None else set()
    )


def floors_kept(labels, scores, threshold, min_recall, min_precision):
    flagged = scores > threshold
    tp, n_flagged, harmful = (labels & flagged).sum(), flagged.sum(), labels.sum()
    return (
        Fraction(int(tp), int(harmful)) >= min_recall,
        bool(n_flagged) and Fraction(int(tp), int(n_flagged)) >= min_precision,
    )


def f1(labels, scores, threshold):
    flagged = scores > threshold
    return Fraction(int(2 * (labels & flagged).sum()), int(flagged.sum() + labels.sum()))


@settings(max_examples=250)
@given(
    items=st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=25),
    min_recall=st.sampled_from([Fraction(n, 20) for n in range(1, 21)]),
    min_precision=st.sampled_from([Fraction(n, 20) for n in range(1, 21)]),
)
def test_thresholds_are_those_of_the_definition(items, min_recall, min_precision):
    labels, scores = (np.array(column) for column in zip(*items, strict=True))
    state, pass_at, block_above = thresholds_of(
        labels, scores, float(min_recall), float(min_precision)
    )
    if labels.all() or not labels.any() or (scores == scores[0]).all():
        assert (state != "ok", pass_at, block_above) == (True, None, None)
        return
    thresholds = sweep(labels, scores)["threshold"].tolist()
    kept = {t: floors_kept(labels, scores, t, min_recall, min_precision) for t in thresholds}
    both = [t for t in thresholds if all(kept[t])]
    if both:
        best = max(f1(labels, scores, t) for t in both)
        first = next(t for t in both if f1(labels, scores, t) == best)
        assert (pass_at, block_above) == (first, first)
        return
    highest = max(t for t in thresholds if kept[t][0])
    assert pass_at == (highest if (scores <= highest).any() else None)
    blocking = [t for t in thresholds if kept[t][1]]
    if not blocking:
        assert block_above is None
        return
    blocked = [(-(labels & (scores > t)).sum(), (~labels & (scores > t)).sum()) for t in blocking]
    assert block_above == blocking[blocked.index(min(blocked))]
    lowest = min(blocking)  # what lies between it and the chosen one is safe
    assert not labels[(scores > lowest) & (scores <= block_above)].any()
    assert pass_at is None or pass_at < block_above


@settings(max_examples=100)
@given(
    items=st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=4, max_size=40),
    single=st.booleans(),
)
def test_bands_keep_what_they_promise(items, single):
    labels, scores = map(np.array, zip(*items, strict=True))
    scores = scores.astype(np.float32) if single else scores
    bands = choose_bands(labels, scores, min_recall=0.9, min_precision=0.8)
    decided = assign(scores, bands)
    if bands.state != "ok":
        assert set(decided) == {"review"}
        return
    assert 10 * (labels & (decided == "pass")).sum() <= labels.sum()
    blocked = decided == "block"
    assert bool(blocked.any()) == (bands.block_above is not None)
    assert 5 * (labels & blocked).sum() >= 4 * blocked.sum()
    assert bool((decided == "pass").any()) or bands.pass_at in (None, bands.block_above)
    assert bands.table["n"].tolist() == [(decided == band).sum() for band in BANDS]


def test_assigning_new_items():
    bands = Bands(0.9, 0.9, "ok", 0.25, 0.75, pd.DataFrame())
    assert assign([0.0, 0.25, 0.2500001, 0.75, 0.7500001, 1.0], bands).tolist() == [
        "pass", "pass", "review", "review", "block", "block",
    ]  # fmt: skip
    tenth = Bands(0.9, 0.9, "ok", 0.1, 0.1, pd.DataFrame())
    assert assign(np.float32([0.1]), tenth).tolist() == ["block"]  # 0.1 in float32 is more
    assert assign(np.array([0.1]), tenth).tolist() == ["pass"]
    assert assign([], bands).shape == (0,)
    assert assign([], bands).dtype == assign([0.5], bands).dtype
    with pytest.raises(NonFiniteScores, match=r"scores\[1\] is nan"):
        assign([0.1, np.nan], bands)


# What the bands hold


def test_the_table_counts_each_band():
    table = choose_bands(LABELS, SCORES, min_recall=0.8, min_precision=1.0).table
    assert table["band"].tolist() == list(BANDS)
    assert table["n"].tolist() == [5, 2, 3]
    assert table["share"].tolist() == [0.5, 0.2, 0.3]
    assert table["harmful"].tolist() == [1, 1, 3]
    assert table["harmful_share"].tolist() == [0.2, 0.5, 1.0]
    assert (table["low"] < table["share"]).all()
    assert (table["share"] < table["high"]).all()
    assert table["harmful_low"].notna().tolist() == [True, False, False]  # 5, 2 and 3 groups


def test_an_empty_band_has_no_harmful_share_and_a_share_that_may_be_more():
    table = band_table(LABELS, SCORES, 0.5, 0.5)
    review = table.iloc[1]
    assert review[["n", "share", "low", "harmful"]].tolist() == [0, 0, 0, 0]
    assert review["high"] == pytest.approx(1 - 0.025 ** (1 / 10))  # Clopper and Pearson
    assert review[["harmful_share", "harmful_low", "harmful_high"]].isna().all()


@pytest.mark.parametrize("groups", [["one"] * 10, [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]])
def test_few_groups_give_no_interval(groups):
    bands = choose_bands(LABELS, SCORES, groups, min_recall=0.8, min_precision=1.0)
    assert (bands.pass_at, bands.block_above) == (pytest.approx(0.55), pytest.approx(0.675))
    ends = ["low", "high", "harmful_low", "harmful_high"]
    assert bands.table[ends].isna().all(axis=None)


def test_the_interval_of_a_share_is_that_of_its_groups():
    """Ten copies of every item in a group tell no more than one; apart they tell more."""
    rng = np.random.default_rng(1)
    labels = rng.random(60) < 0.4
    scores = np.clip(rng.normal(0.35 + 0.3 * labels, 0.2), 0, 1)
    wide = band_table(labels, scores, 0.3, 0.6)
    again, groups = (np.repeat(values, 10) for values in (scores, np.arange(60)))
    same = band_table(np.repeat(labels, 10), again, 0.3, 0.6, groups)
    apart = band_table(np.repeat(labels, 10), again, 0.3, 0.6)
    ends = ["low", "high", "harmful_low", "harmful_high"]
    np.testing.assert_allclose(same[ends], wide[ends])
    error = np.sqrt(wide["share"] * (1 - wide["share"]) / 60)
    np.testing.assert_allclose(wide["high"] - wide["low"], 2 * 1.96 * error, rtol=0.15)
    np.testing.assert_allclose(
        apart["high"] - apart["low"], (wide["high"] - wide["low"]) / 10**0.5, rtol=0.15
    )


def test_intervals_are_those_without_each_group():
    labels = np.arange(40) % 3 > 0
    scores = (np.arange(40) * 17 % 40) / 40
    groups = np.arange(40) // 4
    table = band_table(labels, scores, 0.35, 0.65, groups, level=0.9).set_index("band")
    passed = scores <= 0.35
    for column, part, whole in (
        ("", passed, np.ones(40, bool)),
        ("harmful_", passed & labels, passed),
    ):
        without = [(part & (groups != g)).sum() / (whole & (groups != g)).sum() for g in range(10)]
        units = len(np.unique(groups[whole]))
        expected = jackknife_interval(part.sum() / whole.sum(), without, units=units, level=0.9)
        assert table.loc["pass", [f"{column}low", f"{column}high"]].tolist() == pytest.approx(
            [float(end) for end in expected]
        )


def test_groups_reach_the_table_and_the_level_is_95_percent():
    labels = np.arange(97) % 3 > 0
    scores = (np.arange(97) * 37 % 97) / 97 + 0.4 * labels
    floors = {"min_recall": 0.8, "min_precision": 0.95}
    bands = choose_bands(labels, scores, **floors)
    ends = bands.pass_at, bands.block_above
    plain = band_table(labels, scores, *ends, level=0.95)
    assert list(plain) == [
        "band", "n", "share", "low", "high", "harmful", "harmful_share", "harmful_low",
        "harmful_high",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(bands.table, plain)
    groups = np.arange(97) // 4
    grouped = choose_bands(labels, scores, groups, **floors).table
    pd.testing.assert_frame_equal(grouped, band_table(labels, scores, *ends, groups))
    assert not grouped.equals(plain)
    with pytest.raises(FrozenInstanceError):
        bands.pass_at = 0


# With a confidence


def promised(seed=0, n_groups=200, **changes):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), 4)
    labels = (rng.random(4 * n_groups) < 0.5).astype(int)
    scores = expit(3 * (2 * labels - 1) + 2 * rng.normal(size=len(labels)))
    asked = {"min_recall": 0.9, "min_precision": 0.9, "confidence": 0.9} | changes
    return labels, scores, groups, choose_bands(labels, scores, groups, **asked)


def test_bands_with_a_confidence_are_the_widest_that_can_be_promised():
    labels, scores, groups, bands = promised(min_recall=0.97, min_precision=0.94, candidates=3)
    with_harm = len(np.unique(groups[labels == 1]))
    assert bands.promise == Promise(0.9, "learn-then-test", 3, with_harm, 200)
    error = 0.1 / 2 / 3
    assert bands.pass_at == recall_keepers(labels, scores, 0.97, error, groups)[0]
    assert bands.block_above == precision_keepers(labels, scores, 0.94, error, groups)[-1]
    assert bands.pass_at < bands.block_above
    lenient = choose_bands(labels, scores, groups, min_recall=0.97, min_precision=0.94)
    assert bands.pass_at < lenient.pass_at
    assert lenient.promise is None


def test_one_threshold_that_keeps_both_floors_leaves_nothing_to_review():
    labels, scores, groups, bands = promised(min_recall=0.8, min_precision=0.8)
    assert bands.pass_at == bands.block_above
    both = np.intersect1d(
        recall_keepers(labels, scores, 0.8, 0.05, groups),
        precision_keepers(labels, scores, 0.8, 0.05, groups),
    )
    assert len(both) > 1
    best = choose(labels, scores, "f1", thresholds=both).threshold
    assert bands.pass_at == best


@pytest.mark.parametrize("method", ["learn-then-test", "jackknife"])
def test_too_few_groups_leave_it_all_to_people(method):
    _, _, _, bands = promised(n_groups=12, min_recall=0.95, method=method)
    assert (bands.state, bands.pass_at, bands.block_above) == ("ok", None, None)
    assert bands.promise.needed(0.95, of_precision=False) == 59
    assert bands.promise.needed(0.9, of_precision=True) == 39  # a third of the error
    one = choose_bands(
        LABELS, SCORES, ["one"] * 10, min_recall=0.6, min_precision=0.6, confidence=0.9
    )
    assert (one.pass_at, one.block_above) == (None, None)
    assert (one.promise.harmful_groups, one.promise.groups) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"min_recall": 0}, ValueError, "^min_recall is 0; it must be a fraction above 0, at most"),
        ({"min_precision": 95}, ValueError, "^min_precision is 95; it must be a fraction"),
        ({"min_precision": np.nan}, ValueError, "min_precision is nan"),
        ({"labels": [0, 2] * 5}, NotBinaryLabels, r"labels\[1\] is 2"),
        ({"probabilities": [np.nan] * 10}, NonFiniteScores, "10 of 10 are not finite"),
        ({"labels": [], "probabilities": []}, EmptyScores, "empty"),
        ({"confidence": 1}, ValueError, "level is 1"),
        ({"confidence": 0.9, "min_recall": 1.0}, ValueError, "the floor is 1.0; with a confidence"),
        ({"groups": ["a", "b"]}, ValueError, "10 labels but 2 groups"),
    ],
)
def test_bad_input(changes, error, match):
    arguments = {"labels": LABELS, "probabilities": SCORES, "min_recall": 0.9, "min_precision": 0.9}
    with pytest.raises(error, match=match):
        choose_bands(**arguments | changes)


def test_shares_without_labels_count_as_assign_does():
    bands = Bands(0.9, 0.9, "ok", 0.3, 0.7, pd.DataFrame())
    scores = [0.1, 0.3, 0.30001, 0.7, 0.70001, 1.0, 0.5]
    table = band_shares(scores, bands).set_index("band")
    assert table["n"].to_dict() == {"pass": 2, "review": 3, "block": 2}
    assert table.at["review", "share"] == pytest.approx(3 / 7)
    # Wilson (1927) by hand for 2 of 7
    z, p, n = 1.959964, 2 / 7, 7
    middle, reach = p + z**2 / 2 / n, z * np.sqrt(p * (1 - p) / n + z**2 / 4 / n**2)
    ends = [(middle + side * reach) / (1 + z**2 / n) for side in (-1, 1)]
    assert table.loc["pass", ["low", "high"]].tolist() == pytest.approx(ends, abs=1e-6)
    none = band_shares([0.1, 0.2], bands)
    assert list(none) == ["band", "n", "share", "low", "high"]
    assert none["n"].tolist() == [2, 0, 0]
    wide, narrow = (
        band_shares(scores, bands, **level).eval("high - low") for level in ({}, {"level": 0.5})
    )
    assert (narrow < wide).all()
    pd.testing.assert_frame_equal(
        band_shares(scores, bands), band_shares(scores, bands, level=0.95)
    )
    with pytest.raises(EmptyScores):
        band_shares([], bands)
