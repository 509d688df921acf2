"""How a video is cut into windows: a table of edge cases, and what always holds."""

import itertools

import pytest

from harmlib.predict.windows import LONG, Windowing, cut_windows, thin_out

FRAME = 1 / 25  # seconds


@pytest.mark.parametrize(
    ("duration_sec", "window_sec", "stride_sec", "expected"),
    [
        (0.0, 2.0, 1.0, [(0.0, 0.0)]),  # no duration: a single frame
        (1.2, 2.0, 1.0, [(0.0, 1.2)]),  # shorter than a window
        (2.0, 2.0, 1.0, [(0.0, 2.0)]),  # exactly one window
        (2.0 + FRAME, 2.0, 1.0, [(0.0, 2.0), (FRAME, 2.0)]),  # one frame over a window
        (4.0, 2.0, 1.0, [(0.0, 2.0), (1.0, 2.0), (2.0, 2.0)]),  # strides fit exactly
        (4.0 + FRAME, 2.0, 1.0, [(0.0, 2.0), (1.0, 2.0), (2.0, 2.0), (2.0 + FRAME, 2.0)]),
        (4.0 - FRAME, 2.0, 1.0, [(0.0, 2.0), (1.0, 2.0), (2.0 - FRAME, 2.0)]),
        (6.0, 2.0, 2.0, [(0.0, 2.0), (2.0, 2.0), (4.0, 2.0)]),  # end to end
        (8.0, 2.0, 3.0, [(0.0, 2.0), (3.0, 2.0), (6.0, 2.0)]),  # stride > window: gaps
        (9.0, 2.0, 3.0, [(0.0, 2.0), (3.0, 2.0), (6.0, 2.0), (7.0, 2.0)]),
        (3.0, 2.0, 50.0, [(0.0, 2.0), (1.0, 2.0)]),  # one stride leads beyond the end
        (1.1, 0.5, 0.2, [(0.0, 0.5), (0.2, 0.5), (0.4, 0.5), (0.6, 0.5)]),  # 0.6 / 0.2 > 3
        (1.7, 0.5, 0.4, [(0.0, 0.5), (0.4, 0.5), (0.8, 0.5), (1.2, 0.5)]),
    ],
)
def test_windows_of_a_video(duration_sec, window_sec, stride_sec, expected):
    found = cut_windows(duration_sec, window_sec, stride_sec)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-12)


TENTHS = [n / 10 for n in range(1, 40, 3)]


@pytest.mark.parametrize("window_sec", TENTHS)
@pytest.mark.parametrize("stride_sec", TENTHS)
def test_windows_cover_the_video_and_never_repeat(window_sec, stride_sec):
    for duration_sec in (n / 10 for n in range(60)):
        windows = cut_windows(duration_sec, window_sec, stride_sec)
        starts = [start for start, _ in windows]
        steps = [b - a for a, b in itertools.pairwise(starts)]
        assert starts[0] == 0
        assert sum(windows[-1]) == pytest.approx(duration_sec), "the last one ends with the video"
        assert all(1e-6 < step < stride_sec + 1e-6 for step in steps)
        assert all(step == pytest.approx(stride_sec) for step in steps[:-1])
        assert {length for _, length in windows} == {min(duration_sec, window_sec)}


@pytest.mark.parametrize(
    "times",
    [
        (-1.0, 2.0, 1.0),
        (float("nan"), 2.0, 1.0),
        (float("inf"), 2.0, 1.0),
        (5.0, 0.0, 1.0),
        (5.0, -2.0, 1.0),
        (5.0, float("nan"), 1.0),
        (5.0, float("inf"), 1.0),
        (5.0, 2.0, 0.0),
        (5.0, 2.0, -1.0),
        (5.0, 2.0, float("nan")),
    ],
)
def test_times_that_make_no_windows_are_refused(times):
    with pytest.raises(ValueError, match=r"a video of .* can't be cut into windows of"):
        cut_windows(*times)


@pytest.mark.parametrize(
    ("windowing", "duration_sec", "expected"),
    [
        (Windowing(), 0.0, [(0.0, 0.0)]),  # an image
        (Windowing(), 2.0 * LONG, [(0.0, 3.0)]),  # not much longer than in the training
        (Windowing(), 2.0 * LONG + FRAME, [(0, 2), (1, 2), (1 + FRAME, 2)]),  # half a window apart
        (Windowing(stride_sec=2.0), 4.0, [(0, 2), (2, 2)]),
        (Windowing(window_sec=4.0), 6.0, [(0, 6)]),
        (Windowing(window_sec=4.0), 8.0, [(0, 4), (2, 4), (4, 4)]),
        (Windowing(window_sec=1.0, stride_sec=2.0), 4.0, [(0, 1), (2, 1), (3, 1)]),
    ],
)
def test_files_not_much_longer_than_a_window_are_one_window(windowing, duration_sec, expected):
    found = windowing.cut(duration_sec, training_sec=2.0)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other)


@pytest.mark.parametrize("name", ["window_sec", "stride_sec"])
@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
def test_a_length_must_be_a_positive_number(name, seconds):
    with pytest.raises(ValueError, match=f"{name} is .*must be a positive number of seconds"):
        Windowing(**{name: seconds})


def test_at_least_one_window_is_averaged():
    assert Windowing(how="top_mean", k=1).k == 1
    with pytest.raises(ValueError, match="k is 0; average at least 1 window"):
        Windowing(how="top_mean", k=0)


def test_by_default_the_highest_window_counts_and_files_are_read_whole():
    assert Windowing() == Windowing(
        window_sec=None, stride_sec=None, how="max", k=3, early_exit=False
    )


@pytest.mark.parametrize("stride_sec", [0.3, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("frames", [1, 2, 50, 101, 250])
def test_a_usual_video_has_the_same_windows_with_its_frames(frames, stride_sec):
    times_sec = [i * FRAME for i in range(frames)]
    duration_sec = frames * FRAME
    expected = cut_windows(duration_sec, 2.0, stride_sec)
    assert cut_windows(duration_sec, 2.0, stride_sec, times_sec) == expected


def ticking(*gaps):
    """Times of frames with these gaps between them."""
    return list(itertools.accumulate(gaps, initial=0.0))


@pytest.mark.parametrize(
    "times_sec",
    [
        ticking(*[30.0] * 19),  # a slideshow
        ticking(*[80_000.0] * 30),
        ticking(*[0.04] * 50, 9.0, *[0.04] * 50, 9.5, *[0.04] * 50),
        ticking(*[0.04] * 100, *[30.0] * 20),
        ticking(*[7.0, 0.1] * 20),
        ticking(0.1),
        ticking(50.0),
    ],
)
@pytest.mark.parametrize("stride_sec", [0.25, 1.0, 2.0])
def test_windows_are_bounded_by_frames_and_hold_all(times_sec, stride_sec):
    windows = cut_windows(times_sec[-1] + 0.04, 2.0, stride_sec, times_sec)
    held = [{t for t in times_sec if start <= t < start + length} for start, length in windows]
    assert set().union(*held) == set(times_sec)
    assert all(held), "no window without a frame"
    assert len(windows) <= len(times_sec)
    assert [start for start, _ in windows] == sorted({start for start, _ in windows})


def test_the_last_window_is_left_out_where_it_would_be_one_too_many():
    windows = cut_windows(7.5, 2.0, 1.0, ticking(3.0, 3.9))
    assert windows == [(0.0, 2.0), (2.0, 2.0), (5.0, 2.0)]


def test_windows_of_very_long_gaps_are_found_at_once():
    assert len(cut_windows(1e12, 2.0, 1.0, [0.0, 1e11, 5e11, 9e11])) <= 4


@pytest.mark.parametrize(
    ("most", "expected"), [(1, [0]), (2, [0, 9]), (4, [0, 3, 6, 9]), (10, range(10))]
)
def test_windows_are_thinned_out_evenly(most, expected):
    windows = [(float(i), 2.0) for i in range(10)]
    assert thin_out(windows, most) == [windows[i] for i in expected]


@pytest.mark.parametrize("name", ["max_frames", "max_windows"])
def test_bounds_leave_something(name):
    with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
        Windowing(**{name: 0})
