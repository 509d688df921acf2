"""How a long video is cut into windows, and how their scores become one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harmlib.params import MAX_FRAMES, MAX_PIXELS

LONG = 1.5  # a video this many times as long as a window, or shorter, is one window
_TOLERANCE = 1e-9  # of a stride: 0.6 / 0.2 is not 3


@dataclass(frozen=True)
class Windowing:
    """How videos are cut into windows, and how the scores of the windows become the file's.

    Attributes
    ----------
    window_sec : float or None
        Length of a window in seconds; None: the median duration of the training videos.
    stride_sec : float or None
        Seconds from the start of one window to the start of the next; None: half a window.
    how : {"max", "top_mean"}
        The file's probability is the highest of its windows, or the mean of the `k` highest.
    k : int
        For "top_mean".
    early_exit : bool
        Stop reading a file once the remaining windows cannot change its decision. Its segments
        may then be incomplete.
    max_frames : int
        Frames of a file that are looked at, of all its video streams together.
    max_pixels : int
        The most pixels that an image may have; one with more is not decoded.
    max_windows : int
        Windows of a file that are scored. Of more, as many are scored, spread evenly.

    Raises
    ------
    ValueError
        For a length that is not a positive number, and for `k` or a `max_…` below 1.

    Examples
    --------
    >>> Windowing(window_sec=4.0).cut(10.0, training_sec=2.0)
    [(0.0, 4.0), (2.0, 4.0), (4.0, 4.0), (6.0, 4.0)]
    """

    window_sec: float | None = None
    stride_sec: float | None = None
    how: Literal["max", "top_mean"] = "max"
    k: int = 3
    early_exit: bool = False
    max_frames: int = MAX_FRAMES
    max_windows: int = 5_000
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        for name, seconds in (("window_sec", self.window_sec), ("stride_sec", self.stride_sec)):
            if seconds is not None and not 0 < seconds < math.inf:
                raise ValueError(f"{name} is {seconds}; it must be a positive number of seconds")
        if self.k < 1:
            raise ValueError(f"k is {self.k}; average at least 1 window")
        for name in ("max_frames", "max_windows", "max_pixels"):
            if (most := getattr(self, name)) < 1:
                raise ValueError(f"{name} is {most}; it must be at least 1")

    def cut(
        self, duration_sec: float, training_sec: float, times_sec: Sequence[float] | None = None
    ) -> list[tuple[float, float]]:
        """Cut one file. Files not much longer than a window are one window, as in the training.

        Parameters
        ----------
        duration_sec : float
            Of the file; 0.0 for an image.
        training_sec : float
            Median duration of the training videos.
        times_sec : sequence of float, optional
            When each frame begins; see `cut_windows`.

        Returns
        -------
        list of tuple of (float, float)
            Start and length of each window, in seconds.
        """
        window_sec = training_sec if self.window_sec is None else self.window_sec
        if duration_sec <= LONG * window_sec:
            return [(0.0, duration_sec)]
        stride_sec = window_sec / 2 if self.stride_sec is None else self.stride_sec
        return cut_windows(duration_sec, window_sec, stride_sec, times_sec)


def cut_windows(
    duration_sec: float,
    window_sec: float,
    stride_sec: float,
    times_sec: Sequence[float] | None = None,
) -> list[tuple[float, float]]:
    """Cut a video into windows of one length.

    Parameters
    ----------
    duration_sec : float
        Of the video, at least 0.
    window_sec : float
        Length of a window, above 0.
    stride_sec : float
        From the start of one window to the start of the next, above 0. A stride longer than the
        window leaves gaps.
    times_sec : sequence of float, optional
        When each frame begins, ascending from 0. A window in which no frame begins that the
        windows before it don't hold would show nothing new, and is left out: there are never more
        windows than frames. By default a frame may begin at any time.

    Returns
    -------
    list of tuple of (float, float)
        Start and length of each window in seconds, starts ascending, at least one window. The
        last one ends with the video, so it may start less than a stride after the one before. A
        video no longer than a window is one window of its own duration.

    Raises
    ------
    ValueError
        For times out of these ranges.

    Examples
    --------
    >>> cut_windows(5.0, 2.0, 2.0)
    [(0.0, 2.0), (2.0, 2.0), (3.0, 2.0)]
    >>> cut_windows(1.2, 2.0, 1.0)
    [(0.0, 1.2)]
    >>> cut_windows(60.0, 2.0, 1.0, times_sec=[0.0, 20.0, 40.5])
    [(0.0, 2.0), (19.0, 2.0), (39.0, 2.0)]
    """
    if not (0 <= duration_sec < math.inf and 0 < window_sec < math.inf and stride_sec > 0):
        raise ValueError(
            f"a video of {duration_sec} seconds can't be cut into windows of {window_sec} seconds, "
            f"{stride_sec} seconds apart"
        )
    last_start = duration_sec - window_sec
    if last_start <= 0:
        return [(0.0, duration_sec)]
    before = math.ceil(last_start / stride_sec - _TOLERANCE)  # windows before the last one
    if times_sec is None:
        starts = [*(i * stride_sec for i in range(before)), last_start]
    else:
        starts = _starts_at_frames(
            np.asarray(times_sec), window_sec, stride_sec, before, last_start
        )
    return [(start, window_sec) for start in starts]


def _starts_at_frames(
    times_sec: npt.NDArray[np.float64],
    window_sec: float,
    stride_sec: float,
    before: int,
    last_start: float,
) -> list[float]:
    """The starts of those windows that hold a frame which the ones before them don't hold."""
    starts: list[float] = []
    number, held = 0, 0  # of the next window; frames that windows hold so far
    while number < before and held < len(times_sec):
        start = number * stride_sec
        end = int(np.searchsorted(times_sec, start + window_sec))
        if end > held and times_sec[end - 1] >= start:
            starts.append(start)
            held = end
            number += 1
        else:  # go to the first window that reaches behind the next frame
            held = max(held, int(np.searchsorted(times_sec, start)))
            reach = math.floor((times_sec[held] - window_sec) / stride_sec)
            number = max(number + 1, reach)
    if not starts or (times_sec[-1] >= last_start and len(starts) < len(times_sec)):
        starts.append(last_start)
    return starts


def thin_out(windows: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Leave windows out, evenly, so that no more than `most` remain.

    Parameters
    ----------
    windows : sequence of tuple of (float, float)
        Start and length of each.
    most : int
        At least 1.

    Returns
    -------
    list of tuple of (float, float)
        The first one and, from two on, the last one are among them.

    Examples
    --------
    >>> thin_out([(0.0, 2.0), (1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (4.0, 2.0)], 3)
    [(0.0, 2.0), (2.0, 2.0), (4.0, 2.0)]
    """
    if len(windows) <= most:
        return list(windows)
    return [windows[round(i)] for i in np.linspace(0, len(windows) - 1, most)]
