from functools import reduce
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harmlib.analysis.checks import EmptyScores
from harmlib.analysis.shards import GridCounts, ScoreCounts
from harmlib.analysis.thresholds import sweep

GRID = [-1.0, 0.0, 0.25, 0.3, 0.7]
SCORE = (
    st.sampled_from([0.0, -0.0, 0.25, 0.3, 0.5, np.nextafter(0.5, 1), 5e-324, 1e308])
    | st.floats(-10, 10)
)  # fmt: skip


@st.composite
def shards(draw):
    """Labels and scores, cut into shards and shuffled."""
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    value = st.floats(-10, 10, width=32) if dtype == np.float32 else SCORE
    scores = draw(hnp.arrays(dtype, st.integers(1, 40), elements=value, fill=st.nothing()))
    labels = draw(hnp.arrays(np.int64, scores.size, elements=st.integers(0, 1)))
    home = draw(hnp.arrays(np.int64, scores.size, elements=st.integers(0, 4)))
    parts = [(labels[home == i], scores[home == i]) for i in np.unique(home)]
    return labels, scores, draw(st.permutations(parts))


def merge_as_tree(parts):
    """(a b) (c d) ... instead of ((a b) c) d."""
    while len(parts) > 1:
        merged = [a.merge(b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = merged + (parts[-1:] if len(parts) % 2 else [])
    return parts[0]


@settings(max_examples=150)
@given(shards())
def test_any_partition_in_any_order_gives_the_sweep(case):
    labels, scores, parts = case
    counted = [ScoreCounts.of(*part) for part in parts]
    expected = sweep(labels, scores)
    for merged in (reduce(ScoreCounts.merge, counted), merge_as_tree(counted)):
        pd.testing.assert_frame_equal(merged.sweep(), expected, check_exact=True)


@settings(max_examples=100)
@given(shards())
def test_any_partition_in_any_order_gives_the_grid(case):
    labels, scores, parts = case
    counted = [GridCounts.of(*part, GRID) for part in parts]
    expected = sweep(labels, scores, GRID)
    for merged in (reduce(GridCounts.merge, counted), merge_as_tree(counted)):
        pd.testing.assert_frame_equal(merged.sweep(), expected, check_exact=True)


def test_every_order_of_three_shards_has_equal_counts():
    parts = [([1, 0], [0.5, 0.1]), ([1, 1], [0.1, 0.9]), ([0], [0.5])]
    for order in permutations(ScoreCounts.of(*part) for part in parts):
        merged = reduce(ScoreCounts.merge, order)
        assert merged.scores.tolist() == [0.1, 0.5, 0.9]
        assert merged.harmful.tolist() == [1, 1, 1]
        assert merged.safe.tolist() == [1, 1, 0]


def test_mixed_precisions_count_as_float64():
    a, b = np.array([0.1], np.float32), np.array([0.1])
    merged = ScoreCounts.of([1], a).merge(ScoreCounts.of([0], b))
    expected = sweep([1, 0], np.concatenate((a, b)))
    pd.testing.assert_frame_equal(merged.sweep(), expected, check_exact=True)
    assert len(expected) == 3  # float32(0.1) is not 0.1


def test_merging_leaves_the_shards_alone():
    a, b = ScoreCounts.of([1, 0], [0.5, 0.1]), ScoreCounts.of([1], [0.5])
    a.merge(b)
    assert (a.harmful.tolist(), a.safe.tolist(), b.harmful.tolist()) == ([0, 1], [1, 0], [1])
    c, d = GridCounts.of([1], [0.5], GRID), GridCounts.of([0], [0.5], GRID)
    c.merge(d)
    assert c.counts.tolist() == [[1, 1, 1, 1, 0], [0] * 5, [0, 0, 0, 0, 1], [0] * 5]


@pytest.mark.parametrize("other", [[0.5], [0.2, 0.6]])
def test_grids_must_agree(other):
    with pytest.raises(ValueError, match="counted at different thresholds"):
        GridCounts.of([1], [0.5], [0.2, 0.5]).merge(GridCounts.of([1], [0.5], other))


@pytest.mark.parametrize("count", [ScoreCounts.of, lambda y, s: GridCounts.of(y, s, GRID)])
def test_an_empty_shard_is_an_error(count):
    with pytest.raises(EmptyScores, match="pass at least one item"):
        count([], [])
