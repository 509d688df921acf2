import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.checks import EmptyScores, NonFiniteScores, ScoresError
from harmlib.analysis.segments import can_stop, harmful_segments, reduce_scores

SCORES = st.floats(0, 1) | st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0])


# One score of a file


@pytest.mark.parametrize(
    ("scores", "how", "k", "expected"),
    [
        ([0.2, 0.9, 0.4], "max", 3, 0.9),
        ([0.2, 0.9, 0.4], "top_mean", 1, 0.9),
        ([0.2, 0.9, 0.4], "top_mean", 2, 0.65),
        ([0.2, 0.9, 0.4], "top_mean", 3, 0.5),
        ([0.2, 0.9, 0.4], "top_mean", 99, 0.5),
        ([-3.0, 2.0, 5.0], "top_mean", 2, 3.5),
        ([-3.0], "max", 3, -3.0),
        ([0.7, 0.7, 0.7], "top_mean", 3, 0.7),
        ([0.1] * 10, "top_mean", 10, 0.1),
    ],
)
def test_reductions(scores, how, k, expected):
    score = reduce_scores(scores, how, k)
    assert type(score) is float
    assert score == pytest.approx(expected, rel=1e-15)
    if len(set(scores)) == 1:
        assert score == scores[0]  # exactly, or a threshold of that score would be exceeded


def test_three_windows_are_averaged_by_default():
    assert reduce_scores(pd.Series([0.9, 0.6, 0.0, 0.3]), "top_mean") == pytest.approx(0.6)
    assert reduce_scores(np.float32([0.5, 0.25]), "top_mean") == 0.375


@given(scores=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20), k=st.integers(1, 9))
def test_the_mean_of_the_highest_is_that_in_any_order(scores, k):
    score = reduce_scores(scores, "top_mean", k)
    top = sorted(scores)[-k:]
    assert top[0] <= score <= top[-1]
    assert score == pytest.approx(math.fsum(top) / len(top), rel=1e-12, abs=1e-300)
    assert score == reduce_scores(scores[::-1], "top_mean", k)


@pytest.mark.parametrize(
    ("scores", "how", "k", "error", "match"),
    [
        ([], "max", 3, EmptyScores, "there is no window"),
        ([[0.1, math.nan]], "max", 3, ScoresError, "one axis"),
        ([0.1, math.nan], "max", 3, NonFiniteScores, r"scores\[1\] is nan"),
        ([0.1], "mean", 3, ValueError, "how is 'mean'; known: max, top_mean"),
        ([0.1], "top_mean", 0, ValueError, "k is 0; average at least 1"),
    ],
)
def test_reductions_that_make_no_sense(scores, how, k, error, match):
    with pytest.raises(error, match=match):
        reduce_scores(scores, how, k)


# Early exit


@pytest.mark.parametrize(
    ("seen", "remaining", "how", "k", "settled"),
    [
        ([0.6], 10**15, "max", 3, True),
        ([0.5], 1, "max", 3, False),
        ([0.5], 0, "max", 3, True),
        ([], 5, "max", 3, False),
        ([0.9], 99, "top_mean", 3, False),
        ([0.9, 0.7], 99, "top_mean", 3, True),
        ([0.8, 0.7], 99, "top_mean", 3, False),  # exactly 0.5 isn't above it
        ([0.9, 0.7], 99, "top_mean", 4, False),
        ([0.2, 0.2], 1, "top_mean", 3, True),  # 1.4 / 3 at most
        ([0.3, 0.3], 1, "top_mean", 3, False),
        ([0.2, 0.2], 2, "top_mean", 3, False),
        ([0.1] * 9, 1, "top_mean", 99, True),
        ([0.9], 1, "top_mean", 99, False),
    ],
)
def test_when_the_rest_can_t_matter(seen, remaining, how, k, settled):
    assert can_stop(seen, remaining, 0.5, how, k) is settled
    if k == 3:
        assert can_stop(seen, remaining, 0.5, how) is settled


@settings(max_examples=300)
@given(
    scores=st.lists(SCORES, min_size=1, max_size=12),
    threshold=SCORES,
    how=st.sampled_from(["max", "top_mean"]),
    k=st.integers(1, 14),
    rest=st.sampled_from([0.0, 1.0]),
)
def test_stopping_early_changes_no_decision_and_waits_no_longer_than_needed(
    scores, threshold, how, k, rest
):
    decision = reduce_scores(scores, how, k) > threshold
    for seen in range(len(scores) + 1):
        remaining = len(scores) - seen
        other = reduce_scores([*scores[:seen], *[rest] * remaining], how, k) > threshold
        if can_stop(scores[:seen], remaining, threshold, how, k):
            assert other == decision
        else:
            bounds = [
                reduce_scores([*scores[:seen], *[value] * remaining], how, k) > threshold
                for value in (0.0, 1.0)
            ]
            assert bounds == [False, True]
    assert can_stop(scores, 0, threshold, how, k)


@pytest.mark.parametrize(
    ("seen", "remaining", "how", "match"),
    [
        ([], 0, "max", "0 windows seen, 0 remain; need at least 1"),
        ([0.5, 0.5], -1, "max", "-1 remain"),
        ([0.5, -0.1], 3, "max", r"range from -0.1 to 0.5; they must lie in \[0, 1\] \(are these"),
        ([7.0], 3, "max", r"must lie in \[0, 1\]"),
        ([1.5], 3, "max", r"must lie in \[0, 1\]"),
        ([math.nan], 3, "max", "is nan"),
        ([0.5], 3, "mean", "how is 'mean'"),
    ],
)
def test_no_early_exit_from_nonsense(seen, remaining, how, match):
    with pytest.raises(ValueError, match=match):
        can_stop(seen, remaining, 0.5, how)
    with pytest.raises(ValueError, match="thresholds"):
        can_stop([0.5], 1, math.nan, "max")


# When it happens


def windows(*rows):
    return pd.DataFrame(rows, columns=["start_sec", "end_sec", "probability"])


def sliding(probabilities, window=4.0, stride=2.0):
    starts = np.arange(len(probabilities)) * stride
    return windows(*zip(starts, starts + window, probabilities, strict=True))


def times(table):
    return list(table[["start_sec", "end_sec"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("table", "gap", "expected"),
    [
        (sliding([0.1, 0.2]), 0, []),
        (sliding([0.1, 0.5]), 0, []),  # equal is not above
        (sliding([0.9]), 0, [(0, 4)]),
        (sliding([0.9, 0.1, 0.1]), 0, [(0, 3)]),
        (sliding([0.1, 0.9, 0.1]), 0, [(3, 5)]),
        (sliding([0.1, 0.1, 0.9]), 0, [(5, 8)]),
        (sliding([0.1, 0.9, 0.8, 0.1]), 0, [(3, 7)]),
        (sliding([0.9, 0.1, 0.9]), 0, [(0, 3), (5, 8)]),
        (sliding([0.9, 0.1, 0.9]), 1.9, [(0, 3), (5, 8)]),
        (sliding([0.9, 0.1, 0.9]), 2, [(0, 8)]),
        (sliding([0.9, 0.9], stride=4), 0, [(0, 8)]),  # end to end
        (sliding([0.9, 0.9], stride=5), 0, [(0, 4), (5, 9)]),  # a second that none covers
        (sliding([0.9, 0.9], stride=5), 1, [(0, 9)]),
        (sliding([0.9] * 9, window=0.1, stride=0.1), 0, [(0, 0.9)]),  # 3 * 0.1 isn't 0.3
        (windows((0, 4, 0.1), (2, 5, 0.1), (4, 5, 0.9)), 0, [(4.5, 5)]),  # the video ends at 5
        (sliding([0.9, 0.1, 0.1]).iloc[::-1], 0, [(0, 3)]),
        (windows((4, 5, 0.9), (2, 5, 0.1), (0, 4, 0.1)), 0, [(4.5, 5)]),
        (windows((0, 4, 0.9), (4.0005, 8, 0.9)), 0, [(0, 4), (4.0005, 8)]),
    ],
)
def test_segments(table, gap, expected):
    before = table.copy()
    found = harmful_segments(table, 0.5, min_gap_sec=gap)
    assert times(found) == [pytest.approx(segment) for segment in expected]
    assert list(found.dtypes.astype(str)) == ["float64"] * 4 + ["int64"]
    pd.testing.assert_frame_equal(table, before)


def test_what_a_segment_tells():
    found = harmful_segments(sliding([0.6, 0.9, 0.1, 0.7, 0.2, 0.8]), 0.5, min_gap_sec=0)
    assert found["peak_probability"].tolist() == [0.9, 0.7, 0.8]
    assert found["mean_probability"].tolist() == pytest.approx([0.75, 0.7, 0.8])
    assert found["windows"].tolist() == [2, 1, 1]
    assert len(harmful_segments(windows((0, 4, 0.9), (4.1, 8, 0.9)), 0.5)) == 2  # not joined
    joined = harmful_segments(sliding([0.6, 0.9, 0.1, 0.7, 0.2]), 0.5, min_gap_sec=2)
    assert joined.values.tolist() == [pytest.approx([0, 9, 0.9, 2.3 / 4, 4])]


@settings(max_examples=200)
@given(
    scores=st.lists(SCORES, min_size=1, max_size=15),
    stride=st.integers(1, 6),
    gap=st.integers(0, 5),
)
def test_an_instant_counts_as_its_nearest_window_does(scores, stride, gap):
    found = harmful_segments(table := sliding(scores, 4, stride), 0.5, min_gap_sec=gap)
    assert len(found) > 0 or reduce_scores(scores, "max") <= 0.5
    marked = np.zeros(4 + stride * len(scores) * 8, bool)
    for start, end in times(found):
        marked[round(start * 8) : round(end * 8)] = True
    middles = table["start_sec"].to_numpy() + 2
    instants = (np.arange(marked.size) + 0.5) / 8  # half-second grid points are never ties
    distance = np.abs(instants[:, None] - middles)
    flagged = np.array(scores)[distance.argmin(axis=1)] > 0.5
    flagged &= distance.min(axis=1) < 2  # covered at all
    assert (marked >= flagged).all()
    lengths = [len(run) for run in "".join("x "[int(m)] for m in marked).split()]
    assert min([*lengths[1:-1], math.inf]) > 8 * gap
    if gap == 0:
        assert (marked == flagged).all()


@pytest.mark.parametrize(("begin", "end"), [(10, 20), (11.3, 17.9), (0, 30), (3, 4)])
def test_an_event_is_found_within_half_a_stride(begin, end):
    starts = np.arange(0, 27, 1.0)
    share = np.clip(np.minimum(starts + 4, end) - np.maximum(starts, begin), 0, 4) / 4
    threshold = min(0.5, share.max() - 0.01)
    ((start, stop),) = times(harmful_segments(sliding(share, 4, 1), threshold))
    if end - begin > 4:
        assert abs(start - begin) <= 0.5
        assert abs(stop - end) <= 0.5
    else:
        assert start <= begin
        assert stop >= end


@pytest.mark.parametrize(
    ("table", "gap", "match"),
    [
        (windows(), 0, "there is no window"),
        (windows((0, 4, 0.1)).drop(columns="probability"), 0, "windows lack probability; they"),
        (windows((0, 4, 0.1)).drop(columns="end_sec"), 0, "windows lack end_sec; they have start"),
        (windows((0, 4, math.nan)), 0, r"scores\[0\] is nan"),
        (windows((0, 4, 0.1), (2, math.nan, 0.1)), 0, "windows, row 1: from 2.0 to nan seconds"),
        (windows((6, 4, 0.1)), 0, "from 6.0 to 4.0 seconds has no length; windows must end after"),
        (windows((4, 4, 0.1)), 0, "the window from 4.0 to 4.0 seconds has no length"),
        (windows((0, 4, 0.1), (0, 4, 0.2)), 0, "from 0.0 to 4.0 and from 0.0 to 4.0 seconds lie"),
        (windows((0, 9, 0.1), (2, 6, 0.2)), 0, "inside one another; pass windows of one length"),
        (windows((0, 4, 0.1)), -1, "min_gap_sec is -1"),
        (windows((0, 4, 0.1)), math.nan, "min_gap_sec is nan"),
    ],
)
def test_windows_that_make_no_sense(table, gap, match):
    with pytest.raises(ValueError, match=match):
        harmful_segments(table, 0.5, min_gap_sec=gap)
