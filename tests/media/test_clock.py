"""Time moves forward, whatever the timestamps say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.media.clock import LONGEST_GAP_SEC, Clock, mend_times

TENTHS = [i / 10 for i in range(6)]


@pytest.mark.parametrize(
    ("stamps", "times", "duration_sec", "mended"),
    [
        ([7.0], [0], 0, 0),
        ([7.0, 7.1, 7.2], [0, 0.1, 0.2], 0.3, 0),
        ([-3.0, -2.9, -2.8], [0, 0.1, 0.2], 0.3, 0),  # before zero is a time like any other
        ([5.0, 5.1, 5.2, 5.0, 5.1, 5.2], TENTHS, 0.6, 1),  # joined: back to the start
        ([5.0, 5.1, 5.2, 1.0, 1.1, 1.2], TENTHS, 0.6, 1),  # back before the start
        ([5.0, 5.1, 5.2, 80005.2, 80005.3, 80005.4], TENTHS, 0.6, 1),
        ([5.0, 80005.0, 80005.1, 80005.2, 5.4, 5.5], TENTHS, 0.6, 2),  # there and back
        ([0.0, 0.1, 0.2, 0.3, 0.4, 36000.0], TENTHS, 0.6, 1),  # a late last frame
        ([0.0, 36000.0, 36000.1, 36000.2, 36000.3, 36000.4], TENTHS, 0.6, 1),  # an early first one
        ([0.0, 0.1, 0.1, 0.2, 0.3, 0.4], TENTHS, 0.6, 1),  # it stands still
        ([0.0, 0.1, None, 0.2, 0.3, None], TENTHS, 0.6, 3),  # one that lacks its time moves others
        ([None, None, None], [0, 0.04, 0.08], 0.12, 3),  # 25 frames a second
        ([None, 5.0, 5.1, 5.2], [0, 0.1, 0.2, 0.3], 0.4, 2),
        # honest long gaps: a slideshow, a still camera, pictures of other lengths
        ([0.0, 30.0, 60.0, 90.0], [0, 30, 60, 90], 120, 0),
        ([0.0, 30.0, 90.0, 120.0], [0, 30, 90, 120], 150, 0),
        ([0.0, 30.0, 60.0, 160.0], [0, 30, 60, 90], 120, 1),
        ([0.0, 50.0, 100.0, 200.0], [0, 50, 100, 150], 200, 1),
        ([0.0, 86400.0, 172800.0], [0, 0.04, 0.08], 0.12, 2),  # a picture a day hides what moves
        ([0.0, 86400.0, 86400.5, 172800.0], [0, 0.5, 1.0, 1.5], 2.0, 2),
        ([0.0, 0.1, 0.2, 9.0, 9.1, 9.2], [0, 0.1, 0.2, 9.0, 9.1, 9.2], 9.3, 0),
        ([0.0, 2.0, 2.5, 7.5, 8.0, 8.5], [0, 2, 2.5, 7.5, 8, 8.5], 9.0, 0),
        ([0.0, 0.1, 0.2, 9.0], [0, 0.1, 0.2, 9.0], 9.1, 0),  # a last gap doesn't count twice
        ([0.0, 0.1, 0.2, 0.4], [0, 0.1, 0.2, 0.4], 0.6, 0),  # at 30 a second, gaps are 33 or 34 ms
    ],
)
def test_times_of_frames(stamps, times, duration_sec, mended):
    found = mend_times(stamps, None)
    assert found.times_sec == pytest.approx(times)
    assert found.duration_sec == pytest.approx(duration_sec)
    assert found.mended == mended


@pytest.mark.parametrize(("rate", "gap_sec"), [(12.5, 0.08), (1 / 86400, 0.04), (None, 0.04)])
def test_the_streams_own_rate_where_no_gap_can_be_believed(rate, gap_sec):
    assert mend_times([None, None], rate).times_sec.tolist() == [0.0, gap_sec]


@pytest.mark.parametrize(("gap_sec", "mended"), [(LONGEST_GAP_SEC, 0), (LONGEST_GAP_SEC + 0.1, 1)])
def test_the_longest_gap(gap_sec, mended):
    assert mend_times([0.0, 0.5, 1.0, 1.0 + gap_sec], None).mended == mended


STAMP = st.none() | st.floats(-1e9, 1e9)


@given(st.lists(STAMP, min_size=1, max_size=40))
def test_always_forward_and_bounded(stamps):
    found = mend_times(stamps, None)
    steps = np.diff(found.times_sec)
    longest = max(LONGEST_GAP_SEC, min(60, 3 * found.usual_gap_sec))
    assert found.times_sec[0] == 0
    assert (steps > 0).all()
    assert (steps <= longest * (1 + 1e-6)).all()
    assert found.duration_sec - found.times_sec[-1] <= 2 * found.usual_gap_sec * (1 + 1e-6)
    assert math.isfinite(found.duration_sec)


@given(st.lists(STAMP, min_size=1, max_size=40))
def test_read_again_the_times_are_the_same(stamps):
    found = mend_times(stamps, None)
    clock = Clock(found.usual_gap_sec)
    assert [clock.read(stamp) for stamp in stamps] == found.times_sec.tolist()


@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=40))
def test_a_clean_clocks_own_times(gaps):
    stamps = np.cumsum([3.0, *gaps]).tolist()
    found = mend_times(stamps, None)
    assert found.mended == 0
    assert found.times_sec.tolist() == [stamp - stamps[0] for stamp in stamps]
