"""Thresholds that decide alike: against every threshold tried one by one, ties and ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.alike_thresholds import alike_thresholds

SCORES = st.lists(st.integers(0, 20).map(lambda k: k / 20), max_size=15)


@given(SCORES, st.integers(0, 20).map(lambda k: k / 20), st.integers(0, 3))
def test_within_the_range_few_are_decided_otherwise_and_beyond_it_more(scores, threshold, few):
    values = np.array(scores)
    found = alike_thresholds(values, threshold, few)
    for tried in np.arange(-1, 42) / 40:
        changed = ((values > tried) != (values > threshold)).sum()
        is_end = tried < 0 or tried >= 1  # nothing lies beyond 0 and 1
        if not is_end:
            assert (found.low <= tried < found.high) == (changed <= few), tried


@pytest.mark.parametrize(
    ("scores", "threshold", "low", "high"),
    [
        ([], 0.5, 0.0, 1.0),
        ([0.5], 0.5, 0.0, 1.0),
        ([0.5, 0.5], 0.5, 0.5, 1.0),  # both change at once: none may
        ([0.2, 0.2, 0.8, 0.8], 0.5, 0.2, 0.8),
        ([0.1, 0.2, 0.3], 0.9, 0.2, 1.0),
    ],
)
def test_ties_and_ends(scores, threshold, low, high):
    found = alike_thresholds(scores, threshold)
    assert (found.low, found.high) == (low, high)


def test_near_is_what_some_of_them_flag():
    found = alike_thresholds([0.1, 0.3, 0.4, 0.7, 0.8, 0.9], 0.5)
    new = np.array([0.3, 0.31, 0.5, 0.79, 0.8])
    flagged = new > np.arange(0.3, 0.8, 0.001)[:, None]
    assert (flagged.any(axis=0) & ~flagged.all(axis=0)).tolist() == found.near(new).tolist()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="differing is -1"):
        alike_thresholds([0.5], 0.5, -1)
    with pytest.raises(ValueError, match="not finite"):
        alike_thresholds([np.nan], 0.5)
