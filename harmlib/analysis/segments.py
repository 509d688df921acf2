"""Long videos: from the scores of sliding windows to one decision, and to when it happens."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from harmlib.analysis.thresholds import EmptyScores, check_scored, check_thresholds

HOW = ("max", "top_mean")
_TIMES = ["start_sec", "end_sec"]
_TOUCHING_SEC = 1e-6  # 3 * 0.1 is not 0.3: windows end to end leave gaps of rounding


@dataclass(frozen=True)
class Overlap:
    """How well found segments cover the true ones, by time.

    iou: seconds in both / seconds in either. recall: share of the true seconds that were found.
    precision: share of the found seconds that are true. Each NaN where it would be 0 / 0.
    """

    iou: float
    recall: float
    precision: float
    found_sec: float
    true_sec: float
    shared_sec: float


def reduce_scores(probabilities, how: Literal["max", "top_mean"], k: int = 3) -> float:
    """One score of a file from those of its windows: the highest, or the mean of the `k` highest.

    probabilities: (n,) finite, at least one, in any order; logits work as well, but the mean of
        logits is another one. k: at least 1; for `max` of no account. Fewer than `k` windows:
        the mean of all.
    The mean does not depend on the order of the windows, and lies within the scores it averages.
    Raises ScoresError for scores that are empty or not finite, ValueError for another `how` or k.
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
    seen_probabilities,
    remaining_windows: int,
    threshold: float,
    how: Literal["max", "top_mean"],
    k: int = 3,
) -> bool:
    """Is the file's decision settled, whatever the windows to come will score?

    seen_probabilities: (n,) in [0, 1], may be empty. remaining_windows: how many come, exactly.
    threshold, how, k: of the decision `reduce_scores(all, how, k) > threshold`.
    It compares the outcomes for windows that all score 0 and that all score 1, between which every
    outcome lies. With `max`, one window above the threshold settles it; nothing but the end says
    `safe`. With `top_mean`, one window seldom does: the sum of those seen must exceed
    `k * threshold`.
    Raises ValueError for probabilities outside [0, 1] (logits have no bounds), and for less than
    one window in all.
    """
    seen = np.asarray(seen_probabilities, float)
    if seen.size:
        seen = _checked(seen)
    if not ((seen >= 0) & (seen <= 1)).all():
        raise ValueError(
            f"probabilities run from {seen.min()} to {seen.max()}; they must lie in [0, 1] "
            "(are these logits?)"
        )
    if remaining_windows < 0 or seen.size + remaining_windows == 0:
        raise ValueError(f"{seen.size} windows seen, {remaining_windows} remain; need at least 1")
    (line,) = check_thresholds([threshold])
    # More than k windows of one score add nothing to the k highest
    coming = min(remaining_windows, max(k, 1))
    low, high = (
        reduce_scores(np.append(seen, np.full(coming, bound)), how, k) for bound in (0.0, 1.0)
    )
    return bool((low > line) == (high > line))


def harmful_segments(
    windows: pd.DataFrame, threshold: float, *, min_gap_sec: float = 0
) -> pd.DataFrame:
    """When it happens: the stretches of a video whose windows score above the threshold.

    windows: columns start_sec, end_sec, probability; one row a window, in any order. Windows of
        one length, but the last ones may end early, with the video.
    threshold: flagged is what lies above it.
    min_gap_sec: segments no farther apart than this are joined, with the windows between them.

    Each instant takes the score of the window whose middle is nearest: neighbours that overlap
    share the overlap half and half. So an event that lights up the windows it fills by half or
    more is found from where it begins to where it ends, within half a stride. Taking the highest
    score of all windows over an instant makes segments longer than the event, by up to a window at
    each end; taking their mean loses short events of one flagged window. Here every flagged window
    lies in a segment, so a file that is flagged always has one. Time that no window covers belongs
    to none.

    Returns one row a segment, ascending: start_sec, end_sec, peak_probability, mean_probability,
    windows (how many, those joined over included).
    Raises ValueError for missing columns, for times or scores that are missing or not finite, for
    windows without length or inside one another, and for a negative gap; EmptyScores for no window.
    """
    starts, ends, scores = _checked_windows(windows)
    (line,) = check_thresholds([threshold])
    if not min_gap_sec >= 0:
        raise ValueError(f"min_gap_sec is {min_gap_sec}; it must be 0 or more seconds")
    middles = (ends[:-1] + starts[1:]) / 2
    overlapping = starts[1:] <= ends[:-1]
    begins = np.append(starts[:1], np.where(overlapping, middles, starts[1:]))
    stops = np.append(np.where(overlapping, middles, ends[:-1]), ends[-1:])
    flagged = np.flatnonzero(scores > line)
    gaps = begins[flagged[1:]] - stops[flagged[:-1]]
    runs = (
        np.split(flagged, np.flatnonzero(gaps > min_gap_sec + _TOUCHING_SEC) + 1)
        if flagged.size
        else []
    )
    rows = []
    for run in runs:
        first, last = run[0], run[-1]
        own = scores[first : last + 1]
        rows.append((begins[first], stops[last], own.max(), own.mean(), own.size))
    columns = [*_TIMES, "peak_probability", "mean_probability", "windows"]
    types = dict.fromkeys(columns[:-1], float) | {"windows": int}
    return pd.DataFrame(rows, columns=columns).astype(types)


def overlap(found: pd.DataFrame, truth: pd.DataFrame) -> Overlap:
    """Found segments against true ones, each with the columns start_sec and end_sec, any order.

    Segments of one table that overlap count once. Raises ValueError for times that are missing or
    not finite, and for ends before starts.
    """
    spans = [_checked_spans(table, name) for table, name in ((found, "found"), (truth, "truth"))]
    found_sec, true_sec = map(_covered_sec, spans)
    either_sec = _covered_sec(np.concatenate(spans))
    shared_sec = max(found_sec + true_sec - either_sec, 0.0)  # rounding may leave -1e-16
    return Overlap(
        iou=shared_sec / either_sec if either_sec else math.nan,
        recall=shared_sec / true_sec if true_sec else math.nan,
        precision=shared_sec / found_sec if found_sec else math.nan,
        found_sec=found_sec,
        true_sec=true_sec,
        shared_sec=shared_sec,
    )


def _covered_sec(spans: np.ndarray) -> float:
    """Seconds that at least one of the spans (n, 2) covers."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reached = np.maximum.accumulate(spans[:, 1])
    starts = np.append(spans[:1, 0], np.maximum(spans[1:, 0], reached[:-1]))
    return math.fsum(np.maximum(spans[:, 1] - starts, 0))


def _checked(probabilities) -> np.ndarray:
    values = np.asarray(probabilities)
    if not values.size:
        raise EmptyScores("there is no window; score at least one")
    _, scores, _ = check_scored(np.zeros(values.shape), values)
    return scores.astype(float)


def _checked_spans(table: pd.DataFrame, name: str) -> np.ndarray:
    """Starts and ends, (n, 2); NumPy float64 whatever the table held."""
    missing = [column for column in _TIMES if column not in table]
    if missing:
        raise ValueError(f"{name} lacks {', '.join(missing)}; it has {', '.join(map(str, table))}")
    spans = table[_TIMES].to_numpy(float)
    bad = ~np.isfinite(spans).all(axis=1) | (spans[:, 1] < spans[:, 0])
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(
            f"{name}, row {at}: from {spans[at, 0]} to {spans[at, 1]} seconds; times must be "
            "finite, and an end not before its start"
        )
    return spans


def _checked_windows(windows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if "probability" not in windows:
        raise ValueError(f"windows lack probability; they have {', '.join(map(str, windows))}")
    spans = _checked_spans(windows, "windows")
    scores = _checked(windows["probability"].to_numpy())
    order = np.lexsort(spans.T[::-1])
    starts, ends = spans[order].T
    if (ends <= starts).any():
        at = starts[np.argmax(ends <= starts)]
        raise ValueError(f"the window at {at} seconds has no length")
    inside = (np.diff(starts) <= 0) | (np.diff(ends) < 0)
    if inside.any():
        at = int(np.argmax(inside))
        raise ValueError(
            f"the windows from {starts[at]} to {ends[at]} and from {starts[at + 1]} to "
            f"{ends[at + 1]} seconds lie inside one another; pass windows of one length"
        )
    return starts, ends, scores[order]
