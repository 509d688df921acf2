"""Long videos: from the scores of sliding windows to one decision, and to when it happens."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import EmptyScores, check_scored, check_thresholds

HOW = ("max", "top_mean")
_TIMES = ["start_sec", "end_sec"]
_TOUCHING_SEC = 1e-6  # 3 * 0.1 is not 0.3: between windows end to end, rounding leaves gaps


def reduce_scores(
    probabilities: npt.ArrayLike, how: Literal["max", "top_mean"], k: int = 3
) -> float:
    """One score of a file from those of its windows: the highest, or the mean of the `k` highest.

    Parameters
    ----------
    probabilities : array_like, shape (n,)
        Finite, at least one, in any order. Logits work as well, but their mean is another score
        than that of the probabilities.
    how : {"max", "top_mean"}
        The highest score, or the mean of the `k` highest.
    k : int
        At least 1; not used by "max". With fewer than `k` windows: the mean of all.

    Returns
    -------
    float
        It does not depend on the order of the windows, and lies within the scores it averages.

    Raises
    ------
    ScoresError
        Scores that are empty or not finite.
    ValueError
        Another `how`, or a `k` below 1.

    Examples
    --------
    >>> reduce_scores([0.25, 0.875, 0.5], "max"), reduce_scores([0.25, 0.875, 0.5], "top_mean", k=2)
    (0.875, 0.6875)
    """
    scores = _checked(probabilities)
    if how not in HOW:
        raise ValueError(f"how is {how!r}; known: {', '.join(HOW)}")
    if k < 1:
        raise ValueError(f"k is {k}; average at least 1 window")
    if how == "max":
        return float(scores.max())
    top = np.sort(scores)[-k:]
    # fsum rounds once: the order of the windows, and rounding itself, can't turn a decision
    return float(np.clip(math.fsum(top) / top.size, top[0], top[-1]))


def can_stop(
    seen_probabilities: npt.ArrayLike,
    remaining_windows: int,
    threshold: float,
    how: Literal["max", "top_mean"],
    k: int = 3,
) -> bool:
    """Whether the file's decision is settled, whatever the remaining windows will score.

    Parameters
    ----------
    seen_probabilities : array_like, shape (n,)
        In [0, 1]; may be empty.
    remaining_windows : int
        How many windows are still to come, exactly.
    threshold : float
        Finite. The decision is `reduce_scores(all_windows, how, k) > threshold`.
    how : {"max", "top_mean"}
        As in `reduce_scores`.
    k : int
        At least 1; not used by "max".

    Returns
    -------
    bool
        True where the decision cannot change any more.

    Raises
    ------
    ValueError
        Probabilities outside [0, 1] (logits have no bounds), or less than one window in all.

    Notes
    -----
    Every outcome lies between those for windows that all score 0 and that all score 1; these two
    are compared. With "max", one window above the threshold settles it, and only the end settles
    `safe`. With "top_mean" one window seldom settles it: the sum of those seen must exceed
    `k * threshold`.

    Examples
    --------
    >>> can_stop([0.2, 0.9], remaining_windows=10, threshold=0.5, how="max")
    True
    """
    seen = np.asarray(seen_probabilities, float)
    if seen.size:
        seen = _checked(seen)
    if not ((seen >= 0) & (seen <= 1)).all():
        raise ValueError(
            f"probabilities range from {seen.min()} to {seen.max()}; they must lie in [0, 1] "
            "(are these logits?)"
        )
    if remaining_windows < 0 or seen.size + remaining_windows == 0:
        raise ValueError(f"{seen.size} windows seen, {remaining_windows} remain; need at least 1")
    (checked_threshold,) = check_thresholds([threshold])
    # More than k windows of one score add nothing to the k highest
    coming = min(remaining_windows, max(k, 1))
    flagged = [
        reduce_scores(np.append(seen, np.full(coming, bound)), how, k) > checked_threshold
        for bound in (0.0, 1.0)
    ]
    return bool(flagged[0] == flagged[1])


def harmful_segments(
    windows: pd.DataFrame, threshold: float, *, min_gap_sec: float = 0
) -> pd.DataFrame:
    """When it happens: the segments of a video whose windows score above the threshold.

    Parameters
    ----------
    windows : pandas.DataFrame
        Columns start_sec, end_sec, probability; one row per window, in any order. Windows have one
        length, but the last ones may end early, with the video.
    threshold : float
        A window is flagged where its probability exceeds it.
    min_gap_sec : float
        Segments that are no farther apart than this many seconds are joined, with the windows
        between them.

    Returns
    -------
    pandas.DataFrame
        One row per segment, ascending: start_sec, end_sec, peak_probability, mean_probability,
        windows (how many, with those that were joined). Every flagged window lies in a segment, so
        that a flagged file always has one. Time that no window covers belongs to none.

    Raises
    ------
    ValueError
        Missing columns, times or scores that are missing or not finite, windows without length or
        inside one another, a negative gap, or no window (EmptyScores).

    Notes
    -----
    Each instant takes the score of the window whose middle is nearest: neighbours that overlap
    share the overlap half and half. So an event that flags the windows it fills by half or more is
    found from its beginning to its end, within half a stride. The highest score of all windows over
    an instant would make segments longer than the event, by up to a window at each end; their mean
    would lose short events of one flagged window.

    Examples
    --------
    >>> windows = pd.DataFrame({"start_sec": [0, 2, 4, 6], "end_sec": [4, 6, 8, 10],
    ...                         "probability": [0.1, 0.8, 0.9, 0.2]})
    >>> harmful_segments(windows, 0.5)
       start_sec  end_sec  peak_probability  mean_probability  windows
    0        3.0      7.0               0.9              0.85        2
    """
    found = _checked_windows(windows)
    (checked_threshold,) = check_thresholds([threshold])
    if not min_gap_sec >= 0:
        raise ValueError(f"min_gap_sec is {min_gap_sec}; it must be 0 or more seconds")
    middles = (found.ends[:-1] + found.starts[1:]) / 2
    overlapping = found.starts[1:] <= found.ends[:-1]
    begins = np.append(found.starts[:1], np.where(overlapping, middles, found.starts[1:]))
    stops = np.append(np.where(overlapping, middles, found.ends[:-1]), found.ends[-1:])
    flagged = np.flatnonzero(found.scores > checked_threshold)
    gaps = begins[flagged[1:]] - stops[flagged[:-1]]
    apart = np.flatnonzero(gaps > min_gap_sec + _TOUCHING_SEC) + 1
    rows = []
    for run in np.split(flagged, apart) if flagged.size else []:
        first, last = run[0], run[-1]
        own = found.scores[first : last + 1]
        rows.append((begins[first], stops[last], own.max(), own.mean(), own.size))
    columns = [*_TIMES, "peak_probability", "mean_probability", "windows"]
    types = dict.fromkeys(columns[:-1], float) | {"windows": int}
    return pd.DataFrame(rows, columns=columns).astype(types)


class _Windows(NamedTuple):
    """Windows by ascending start; (n,) each."""

    starts: npt.NDArray[np.float64]
    ends: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]


def _checked(probabilities: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(probabilities)
    if not values.size:
        raise EmptyScores("there is no window; score at least one")
    _, scores = check_scored(np.zeros(values.shape), values)
    return scores.astype(float)


def _checked_windows(windows: pd.DataFrame) -> _Windows:
    missing = [column for column in (*_TIMES, "probability") if column not in windows]
    if missing:
        raise ValueError(
            f"windows lack {', '.join(missing)}; they have {', '.join(map(str, windows))}"
        )
    times = windows[_TIMES].to_numpy(float)
    bad = ~np.isfinite(times).all(axis=1)
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(
            f"windows, row {at}: from {times[at, 0]} to {times[at, 1]} seconds; times must be "
            "finite"
        )
    scores = _checked(windows["probability"].to_numpy())
    order = np.argsort(times[:, 0])
    starts, ends = times[order].T
    empty = ends <= starts
    if empty.any():
        at = int(np.argmax(empty))
        raise ValueError(
            f"the window from {starts[at]} to {ends[at]} seconds has no length; windows must end "
            "after they start"
        )
    inside = (np.diff(starts) <= 0) | (np.diff(ends) < 0)
    if inside.any():
        at = int(np.argmax(inside))
        raise ValueError(
            f"the windows from {starts[at]} to {ends[at]} and from {starts[at + 1]} to "
            f"{ends[at + 1]} seconds lie inside one another; pass windows of one length"
        )
    return _Windows(starts, ends, scores[order])
