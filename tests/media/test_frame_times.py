import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.media.frame_times import clip_times, even_times


@pytest.mark.parametrize(
    ("duration_sec", "count", "expected"),
    [
        (0.0, 3, [0, 0, 0]),
        (1.0, 1, [0.5]),
        (2.0, 4, [0.25, 0.75, 1.25, 1.75]),
        (3.0, 2, [0.75, 2.25]),
    ],
)
def test_even_times(duration_sec, count, expected):
    assert even_times(duration_sec, count) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("duration_sec", "clips", "clip_sec", "frames", "expected"),
    [
        (2.0, 1, 2.0, 2, [[0.5, 1.5]]),  # exact fit
        (2.0, 3, 2.0, 2, [[0.5, 1.5]]),  # exact fit: three clips would all be this one
        (1.0, 1, 2.0, 4, [[0.125, 0.375, 0.625, 0.875]]),  # shorter: as long as the video
        (1.0, 2, 2.0, 1, [[0.5]]),
        (0.0, 2, 2.0, 3, [[0, 0, 0]]),  # a single frame
        (2.1, 1, 2.0, 2, [[0.55, 1.55]]),  # one frame over: in the middle of the room
        (6.0, 1, 2.0, 2, [[2.5, 3.5]]),
        (6.0, 2, 2.0, 1, [[2.0], [4.0]]),
        (10.0, 4, 2.0, 1, [[2.0], [4.0], [6.0], [8.0]]),
        (3.0, 2, 2.0, 2, [[0.75, 1.75], [1.25, 2.25]]),  # clips may overlap
    ],
)
def test_clip_times(duration_sec, clips, clip_sec, frames, expected):
    found = clip_times(duration_sec, clips, clip_sec, frames)
    assert len(found) == len(expected)
    for clip, wanted in zip(found, expected, strict=True):
        assert clip == pytest.approx(wanted)


@given(st.floats(0, 1e4), st.integers(1, 9), st.floats(0.01, 60), st.integers(1, 32))
def test_clip_times_stay_inside(duration_sec, clips, clip_sec, frames):
    found = clip_times(duration_sec, clips, clip_sec, frames)
    times = [t for clip in found for t in clip]
    assert all(0 <= t <= duration_sec for t in times)
    assert all(clip == sorted(clip) for clip in found)
    assert all(max(clip) - min(clip) <= clip_sec for clip in found)
    assert len(found) in (1, clips)
