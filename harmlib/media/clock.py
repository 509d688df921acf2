"""Read a video's clock so that time only moves forward, whatever the file's timestamps say.

Recordings that were joined byte by byte step back; a broken clock jumps by hours; raw streams have
no times at all. The rule:

- A gap between two neighbouring frames is believed where it is above a microsecond and at most
  `LONGEST_GAP_SEC`; in a slideshow at most `SLIDES` usual gaps, and at most `LONGEST_SLIDE_SEC`.
- Any other gap (a step back, a repeated or missing time, a jump) counts as one usual gap: the
  median of the file's own gaps up to `LONGEST_SLIDE_SEC`, or where there are none what the stream
  says of its rate.
- The last frame stays as long as the one before it, or for one usual gap where that one stayed
  longer than twice the usual.

Times count from the first frame. Those of a file without such gaps are its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LONGEST_GAP_SEC = 10.0
SLIDES = 3.0  # usual gaps
LONGEST_SLIDE_SEC = 60.0  # a clock that is always slower is broken, and hides what moves
_LEAST_SEC = 1e-6  # what is shorter is no gap: 0.1 + 0.2 isn't 0.3


class MendedTimes(NamedTuple):
    """The frames' times, after the clock was read by the rule.

    Attributes
    ----------
    times_sec : ndarray of float64, shape (frames,)
        Strictly ascending from 0.
    duration_sec : float
        To the end of the last frame; 0 for a single frame.
    usual_gap_sec : float
        What a gap counts as that can't be believed.
    mended : int
        How many such gaps there were.
    """

    times_sec: np.ndarray
    duration_sec: float
    usual_gap_sec: float
    mended: int


class Clock:
    """Turns the timestamps of one frame after the other into mended times.

    Parameters
    ----------
    usual_gap_sec : float
        As `mend_times` found it.

    Examples
    --------
    >>> clock = Clock(usual_gap_sec=0.5)
    >>> [clock.read(stamp) for stamp in (7.0, 7.5, 0.0, 0.5, 80000.0, None)]
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    """

    def __init__(self, usual_gap_sec: float) -> None:
        self.mended = 0
        self._usual_gap_sec = usual_gap_sec
        slide_sec = min(SLIDES * usual_gap_sec, LONGEST_SLIDE_SEC)
        self._longest_gap_sec = max(LONGEST_GAP_SEC, slide_sec)
        self._start: float | None = None  # the stamp that time 0 would have
        self._time_sec = 0.0

    def read(self, stamp_sec: float | None) -> float:
        """The time of the next frame, in seconds from the first one."""
        if self._start is None and self.mended == 0:
            return self._begin(stamp_sec)
        if stamp_sec is not None and self._start is not None:
            time_sec = stamp_sec - self._start
            if _LEAST_SEC < time_sec - self._time_sec <= self._longest_gap_sec:
                self._time_sec = time_sec
                return time_sec
        self.mended += 1
        self._time_sec += self._usual_gap_sec
        if stamp_sec is not None:
            self._start = stamp_sec - self._time_sec
        return self._time_sec

    def _begin(self, stamp_sec: float | None) -> float:
        self._start = stamp_sec
        self.mended = int(stamp_sec is None)
        return 0.0


def mend_times(stamps_sec: Sequence[float | None], frames_per_sec: float | None) -> MendedTimes:
    """Read the timestamps of all frames by the rule above.

    Parameters
    ----------
    stamps_sec : sequence of float or None
        Of at least one frame, in the order in which frames were decoded; None where it has none.
    frames_per_sec : float or None
        What the stream says of itself: used where no gap can be believed. None: 25.

    Returns
    -------
    MendedTimes

    Examples
    --------
    >>> found = mend_times([5.0, 5.5, 6.0, 0.5, 1.0, 36000.0], None)
    >>> found.times_sec.tolist(), found.duration_sec, found.mended
    ([0.0, 0.5, 1.0, 1.5, 2.0, 2.5], 3.0, 2)
    """
    usual_gap_sec = _usual_gap(stamps_sec, frames_per_sec)
    clock = Clock(usual_gap_sec)
    times_sec = np.array([clock.read(stamp) for stamp in stamps_sec])
    last_gap_sec = 0.0
    if len(times_sec) > 1:
        last_gap_sec = float(times_sec[-1] - times_sec[-2])
        if last_gap_sec > 2 * usual_gap_sec:
            last_gap_sec = usual_gap_sec
    return MendedTimes(times_sec, float(times_sec[-1]) + last_gap_sec, usual_gap_sec, clock.mended)


def _usual_gap(stamps_sec: Sequence[float | None], frames_per_sec: float | None) -> float:
    stamps = np.array([math.nan if stamp is None else stamp for stamp in stamps_sec])
    gaps = np.diff(stamps)
    # Those beside a missing time are NaN, and compare as false
    gaps = np.sort(gaps[(gaps > _LEAST_SEC) & (gaps <= LONGEST_SLIDE_SEC)])
    if gaps.size:
        return float(gaps[(gaps.size - 1) // 2])
    own_sec = 1 / (frames_per_sec or 25.0)
    return own_sec if own_sec <= LONGEST_GAP_SEC else 1 / 25  # a rate may come from the clock
