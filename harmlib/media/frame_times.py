"""Choose the times at which frames of a video are taken."""

from __future__ import annotations


def even_times(duration_sec: float, count: int) -> list[float]:
    """Spread times evenly, each in the middle of its equal share of a duration.

    Parameters
    ----------
    duration_sec : float
        At least 0.
    count : int
        How many times, at least 1.

    Returns
    -------
    list of float
        Seconds, ascending.

    Examples
    --------
    >>> even_times(2.0, 4)
    [0.25, 0.75, 1.25, 1.75]
    """
    return [duration_sec * (i + 0.5) / count for i in range(count)]


def clip_times(duration_sec: float, clips: int, clip_sec: float, frames: int) -> list[list[float]]:
    """Spread clips evenly over a video, and frames evenly over each clip.

    Parameters
    ----------
    duration_sec : float
        Length of the video.
    clips : int
        How many clips. They may overlap; a video that is not longer than one has one clip.
    clip_sec : float
        Length of a clip; a shorter video is a clip as long as the video.
    frames : int
        Frames of each clip.

    Returns
    -------
    list of list of float
        For each clip the times of its frames, in seconds, ascending.

    Examples
    --------
    >>> clip_times(6.0, clips=2, clip_sec=2.0, frames=2)
    [[1.5, 2.5], [3.5, 4.5]]
    """
    length = min(clip_sec, duration_sec)
    room = duration_sec - length
    starts = [room * (i + 0.5) / clips for i in range(clips)] if room > 0 else [0.0]
    return [[start + t for t in even_times(length, frames)] for start in starts]
