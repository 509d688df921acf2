import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import (
    confusion_matrix,
    matthews_corrcoef,
    precision_recall_curve,
    precision_recall_fscore_support,
    recall_score,
)

from harmlib.analysis import thresholds as module
from harmlib.analysis.checks import (
    EmptyScores,
    InvalidWeights,
    NonFiniteScores,
    NonFiniteThresholds,
    NotBinaryLabels,
    NotOneDimensional,
    ScoresError,
    UnequalLengths,
)
from harmlib.analysis.thresholds import attainable_thresholds, sweep

COUNTS = ["tp", "fp", "fn", "tn"]
RATES = ["precision", "recall", "f1", "specificity", "mcc", "flagged_share"]
COLUMNS = ["threshold", *COUNTS, *RATES]
BIG = np.finfo(np.float64).max
TINY = 5e-324
BELOW_ONE = np.nextafter(1.0, 0.0)
EXTREMES = [0.0, -0.0, TINY, -TINY, 3 * TINY, 4 * TINY, 2.2e-308, 1e308, -1e308, BIG]
EXTREMES += [0.5, np.nextafter(0.5, 1), BELOW_ONE, 1.0, np.nextafter(1.0, 2), 1e-7, -37.5]
SCORES = {
    "random": st.floats(-1e6, 1e6),
    "probabilities": st.floats(0, 1),
    "tied": st.sampled_from([0.1, 0.2, 0.30000000000000004, 0.3]),
    "constant": st.just(0.7),
    "extreme": st.sampled_from(EXTREMES),
    "any": st.floats(-1e308, 1e308, allow_subnormal=True),
    "float32": st.floats(-(2.0**100), 2.0**100, width=32).map(np.float32),
    "float32 extreme": st.sampled_from(
        [np.float32(x) for x in (0.1, 0.3, 0.7, 1e-45, 3e-45, 3.4e38, 0.0, 1.0)]
        + [np.nextafter(np.float32(0.7), np.float32(1)), np.finfo(np.float32).max]
    ),
}  # fmt: skip


@st.composite
def labelled(draw, kind):
    dtype = np.float32 if kind.startswith("float32") else np.float64
    scores = draw(hnp.arrays(dtype, st.integers(1, 20), elements=SCORES[kind], fill=st.nothing()))
    one_class = st.sampled_from([[0], [1], [0, 1]])
    labels = draw(hnp.arrays(np.int64, scores.size, elements=st.sampled_from(draw(one_class))))
    return labels, scores


def expect_counts(table, labels, scores):
    """Every row holds the counts of the rule, by brute force in Python's exact floats."""
    for row in table.itertuples():
        flagged = [float(score) > row.threshold for score in scores]
        pairs = list(zip(labels.tolist(), flagged, strict=True))
        assert row[2:6] == tuple(map(pairs.count, [(1, True), (0, True), (1, False), (0, False)]))


def expect_like_sklearn(row, labels, scores, weights=None):
    """One row equals scikit-learn on the decisions that its threshold makes."""
    flagged = [int(float(score) > row.threshold) for score in scores]
    matrix = confusion_matrix(labels, flagged, labels=[0, 1], sample_weight=weights)
    options = {"average": "binary", "zero_division": 0, "sample_weight": weights}
    precision, recall, f1, _ = precision_recall_fscore_support(labels, flagged, **options)
    specificity = recall_score(labels, flagged, pos_label=0, zero_division=0, sample_weight=weights)
    mcc = matthews_corrcoef(labels, flagged, sample_weight=weights)
    np.testing.assert_allclose([row.tn, row.fp, row.fn, row.tp], matrix.ravel(), atol=1e-9)
    np.testing.assert_allclose(
        [row.precision, row.recall, row.f1, row.specificity],
        [precision, recall, f1, specificity],
        rtol=1e-15 if weights is None else 1e-9,
    )
    assert row.mcc == pytest.approx(mcc, abs=1e-12)
    assert row.flagged_share == pytest.approx(np.average(flagged, weights=weights), abs=1e-12)


# scikit-learn's matthews_corrcoef offers no way to name the labels.
one_label = pytest.mark.filterwarnings("ignore:A single label was found")


@one_label
@pytest.mark.parametrize("kind", SCORES)
@settings(max_examples=40)
@given(data=st.data())
def test_every_attainable_decision_is_one_row(kind, data):
    labels, scores = data.draw(labelled(kind))
    table = sweep(labels, scores)
    at_or_above = [(scores >= score).sum() for score in np.unique(scores)]
    assert (table["tp"] + table["fp"]).tolist() == [*at_or_above, 0]
    assert np.isfinite(table["threshold"]).all()
    assert (np.diff(table["threshold"]) > 0).all()
    expect_counts(table, labels, scores)
    expect_like_sklearn(table.iloc[data.draw(st.integers(0, len(table) - 1))], labels, scores)


@one_label
@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("few", [0, 64], ids=["by sorting", "by comparing"])
@settings(max_examples=15)
@given(data=st.data())
def test_a_grid_decides_as_the_rule_does(kind, few, data):
    labels, scores = data.draw(labelled(kind))
    near = [float(x) for score in scores for x in (score, np.nextafter(score, -1))]
    grid = data.draw(st.lists(st.sampled_from(near) | st.floats(-1, 1), min_size=1, max_size=9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW_THRESHOLDS", few)
        table = sweep(labels, scores, grid)
    assert table["threshold"].tolist() == sorted(set(grid))
    expect_counts(table, labels, scores)
    expect_like_sklearn(table.iloc[data.draw(st.integers(0, len(table) - 1))], labels, scores)


@one_label
@pytest.mark.parametrize("grid", [None, [0.0, 0.15, 0.25]], ids=["all", "grid"])
@settings(max_examples=60)
@given(data=st.data())
def test_weights_are_scikit_learns(grid, data):
    labels, scores = data.draw(labelled(data.draw(st.sampled_from(["random", "tied", "constant"]))))
    heavy = st.floats(1e-3, 1e3) | st.just(0.0)
    weights = data.draw(hnp.arrays(np.float64, scores.size, elements=heavy))
    weights[0] = 1.0
    table = sweep(labels, scores, grid, weights=weights)
    assert table["tp"].dtype == np.float64
    assert (table[COUNTS] >= 0).all(axis=None)
    row = table.iloc[data.draw(st.integers(0, len(table) - 1))]
    expect_like_sklearn(row, labels, scores, weights)


@pytest.mark.parametrize("scale", [1e-290, 1e-80, 1.0, 1e80, 1e290])
def test_the_unit_of_weights_changes_no_rate(scale):
    labels, scores, weights = [0, 1, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5], np.arange(1.0, 6.0)
    expected = sweep(labels, scores, weights=weights)[RATES]
    pd.testing.assert_frame_equal(sweep(labels, scores, weights=weights * scale)[RATES], expected)


def test_unit_weights_give_the_unweighted_rows():
    rng = np.random.default_rng(3)
    labels, scores = rng.integers(0, 2, 500), rng.integers(0, 50, 500) / 7
    weighted = sweep(labels, scores, weights=np.ones(500))
    pd.testing.assert_frame_equal(weighted, sweep(labels, scores), check_dtype=False)


def test_table_format_and_order():
    table = sweep([0, 1, 1, 0], [0.2, 0.4, 0.4, 0.8])
    assert list(table.columns) == COLUMNS
    assert [str(table[name].dtype) for name in COLUMNS] == ["float64"] + 4 * ["int64"] + 6 * [
        "float64"
    ]
    np.testing.assert_allclose(table["threshold"], [0.1, 0.3, 0.6, 1.0])
    assert table[["tp", "fp", "fn", "tn"]].to_numpy().tolist() == [
        [2, 2, 0, 0], [2, 1, 0, 1], [0, 1, 2, 1], [0, 0, 2, 2],
    ]  # fmt: skip
    assert table["mcc"].tolist() == pytest.approx([0, 1 / np.sqrt(3), -1 / np.sqrt(3), 0])


def test_a_score_on_the_threshold_is_not_flagged():
    assert sweep([1, 1], [0.5, np.nextafter(0.5, 1)], [0.5])["tp"].tolist() == [1]


def test_float32_scores_are_compared_exactly():
    # float32(0.3) is 0.30000001192..., above 0.3; float32(0.7) is 0.69999998..., below 0.7.
    scores = np.array([0.3, 0.7], np.float32)
    assert sweep([1, 1], scores, [0.3, 0.7])["tp"].tolist() == [2, 0]
    many = np.arange(101) / 100
    assert sweep([1, 1], scores, many).query("threshold in (0.3, 0.7)")["tp"].tolist() == [2, 0]


def test_float32_thresholds_decide_the_same_in_float32():
    score = np.float32(0.7)
    scores = np.array([score, np.nextafter(score, np.float32(1)), 0.1, 0.9], np.float32)
    table = sweep([0, 1, 0, 1], scores)
    thresholds = table["threshold"].to_numpy()
    assert (thresholds.astype(np.float32) == thresholds).all()
    assert [(scores > t).sum() for t in thresholds.astype(np.float32)] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("distinct", "expected"),
    [
        ([0.2, 0.4], [0.1, 0.3, 0.5]),
        ([0.01, 0.5], [0.0, 0.255, 0.745]),  # not below 0 while every score is above
        ([0.5, 0.99], [0.255, 0.745, 1.0]),
        ([0.0, 0.5, 1.0], [-0.25, 0.25, 0.75, 1.25]),
        ([-4.0, 6.0], [-9.0, 1.0, 11.0]),
        ([3.0], [np.nextafter(3, 0), np.nextafter(3, 4)]),
        ([0.0], [-TINY, TINY]),
        ([1.0, np.nextafter(1, 2)], [BELOW_ONE, 1.0, 1 + 2 * np.finfo(float).eps]),
        ([TINY, 2 * TINY], [0.0, TINY, 3 * TINY]),
        ([1e308, BIG], [1e308 - (BIG / 2 - 5e307), 1e308, BIG]),  # the midpoint's sum overflows
        ([-1e308, 1e308], [np.nextafter(-1e308, -np.inf), 0.0, np.nextafter(1e308, np.inf)]),
    ],
)
def test_where_thresholds_lie(distinct, expected):
    thresholds = attainable_thresholds(np.array(distinct))
    np.testing.assert_allclose(thresholds, expected, rtol=1e-15, atol=0)


def test_lowest_float_has_no_threshold():
    with pytest.raises(NonFiniteScores, match="no finite threshold lies below"):
        sweep([0, 1], [-BIG, 0.5])
    assert sweep([0, 1], [-BIG, 0.5], [0.0])["tp"].tolist() == [1]


@pytest.mark.parametrize(
    ("dtype", "decimals"), [(np.float64, 16), (np.float32, 16), (np.float64, 2)]
)
def test_counts_match_precision_recall_curve(dtype, decimals):
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 20_000)
    scores = np.round(rng.random(20_000), decimals).astype(dtype)
    precision, recall, _ = precision_recall_curve(labels, scores)
    table = sweep(labels, scores)
    np.testing.assert_array_equal(table["precision"][:-1], precision[:-1])
    np.testing.assert_array_equal(table["recall"], recall)
    on_grid = sweep(labels, scores, table["threshold"])  # by search instead of by rank
    pd.testing.assert_frame_equal(on_grid, table)


@pytest.mark.parametrize("weights", [None, np.ones(4)])
def test_arguments_are_left_alone(weights):
    labels, scores, grid = (
        np.array([1, 0, 1, 0]),
        np.array([0.9, 0.1, 0.5, 0.5]),
        np.array([0.5, 0.2]),
    )
    before = [labels.copy(), scores.copy(), grid.copy()]
    sweep(labels, scores, weights=weights)
    sweep(labels, scores, grid, weights=weights)
    for kept, now in zip(before, [labels, scores, grid], strict=True):
        np.testing.assert_array_equal(kept, now)


@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        ([True, False], [1, 0]),
        (np.array([1.0, 0.0]), np.array([1, 0], np.float16)),
        (pd.Series([1, 0], index=[7, 3]), pd.Series([0.9, 0.1], index=[1, 0])),
        (np.array([1, 0], np.uint8), np.array([0.9, 0.1], ">f8")),
        (np.array([1, 9, 0, 9])[::2], np.array([0.9, 5, 0.1, 5])[::2]),
    ],
)
def test_types_that_work(labels, scores):
    assert sweep(labels, scores)[["tp", "fp"]].to_numpy().tolist() == [[1, 1], [1, 0], [0, 0]]


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("error", "match", "labels", "scores", "options"),
    [
        (EmptyScores, "pass at least one item", [], [], {}),
        (EmptyScores, "pass None", [0, 1], [0.1, 0.2], {"thresholds": []}),
        (NonFiniteScores, r"scores\[1\] is nan \(2 of 3", [0, 1, 1], [0.1, NAN, NAN], {}),
        (NonFiniteScores, r"scores\[0\] is inf", [0, 1], [INF, 0.1], {}),
        (NonFiniteScores, r"scores\[0\] is -inf", [0, 1], [-INF, 0.1], {}),
        (
            NonFiniteThresholds,
            r"thresholds\[1\] is nan",
            [0, 1],
            [0.1, 0.2],
            {"thresholds": [0, NAN]},
        ),
        (NonFiniteThresholds, r"thresholds\[0\] is inf", [0, 1], [0.1, 0.2], {"thresholds": [INF]}),
        (NotBinaryLabels, r"labels\[1\] is 2", [0, 2], [0.1, 0.2], {}),
        (NotBinaryLabels, r"labels\[0\] is -1", [-1, 1], [0.1, 0.2], {}),
        (NotBinaryLabels, r"labels\[1\] is 0.5", [1, 0.5], [0.1, 0.2], {}),
        (NotBinaryLabels, r"labels\[1\] is nan", [1, NAN], [0.1, 0.2], {}),
        (NotBinaryLabels, "got dtype <U7", ["harmful", "safe"], [0.1, 0.2], {}),
        (NotBinaryLabels, "got dtype object", [1, None], [0.1, 0.2], {}),
        (UnequalLengths, "3 labels but 2 scores", [0, 1, 1], [0.1, 0.2], {}),
        (UnequalLengths, "2 labels but 1 weights", [0, 1], [0.1, 0.2], {"weights": [1.0]}),
        (NotOneDimensional, r"labels .* shape \(2, 1\)", [[0], [1]], [0.1, 0.2], {}),
        (NotOneDimensional, r"scores .* shape \(1, 2\)", [0, 1], [[0.1, 0.2]], {}),
        (NotOneDimensional, r"thresholds .* shape \(\)", [0, 1], [0.1, 0.2], {"thresholds": 0.5}),
        (ScoresError, "dtype object", [0, 1], [0.1, None], {}),
        (ScoresError, "dtype complex", [0, 1], [0.1, 1j], {}),
        (InvalidWeights, "none negative", [0, 1], [0.1, 0.2], {"weights": [-1, 2]}),
        (InvalidWeights, "not all zero", [0, 1], [0.1, 0.2], {"weights": [0, 0]}),
        (InvalidWeights, "finite", [0, 1], [0.1, 0.2], {"weights": [NAN, 1]}),
        (InvalidWeights, "finite", [0, 1], [0.1, 0.2], {"weights": [INF, 1]}),
    ],
)
def test_bad_input_is_named(error, match, labels, scores, options):
    assert issubclass(error, ValueError)
    with pytest.raises(error, match=match):
        sweep(labels, scores, **options)
