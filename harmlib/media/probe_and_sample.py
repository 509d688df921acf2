"""Probe a video and take frames of it while it is decoded once.

Which frames are wanted depends on how long the video is, and that is known when all of it has been
decoded. So its frames are kept where they fit into memory, until it is said which are wanted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from harmlib.media.decode import RGB
from harmlib.media.kept_frames import KeptFrames
from harmlib.media.probe import Facts, probe
from harmlib.media.video import Shown


class Wanted(NamedTuple):
    """Frames of a video that was probed.

    Attributes
    ----------
    stream : int
        The stream's number in the file.
    frames : list of (float, int or None)
        For each its time and its short side, as in `harmlib.media.video.sample_sizes`.
    """

    stream: int
    frames: list[tuple[float, int | None]]


class Probed(NamedTuple):
    """What a file is.

    Attributes
    ----------
    facts : Facts
    kept_bytes : int
        What its frames take that wait to be asked for; 0 where none does.
    """

    facts: Facts
    kept_bytes: int


def probe_and_sample(
    path: Path, max_frames: int, max_pixels: int, max_bytes: int
) -> Generator[Probed | list[RGB], Wanted]:
    """Probe a video, then give the frames that are asked for.

    Parameters
    ----------
    path, max_frames, max_pixels : Path, int, int
        As `harmlib.media.probe.probe` takes them.
    max_bytes : int
        What the frames may take as they are kept, which is as they are coded: mostly one and a half
        bytes a pixel. Where they take more, or are not all, none is kept.

    Yields
    ------
    Probed
        First; nothing follows where no frame is kept.
    list of ndarray of uint8, shape (height, width, 3)
        For each `Wanted` that is sent, what `harmlib.media.video.sample_sizes` returns for it.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> pictures = [Image.new("L", (8, 6), 80 * i) for i in range(4)]
    >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
    ...     pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=500)
    ...     file.flush()
    ...     decoding = probe_and_sample(Path(file.name), 99, 99, max_bytes=1_000_000)
    ...     probed = next(decoding)
    >>> probed.facts.duration_sec, probed.kept_bytes > 0
    (2.0, True)
    >>> [int(frame.mean()) for frame in decoding.send(Wanted(0, [(0.0, None), (1.2, None)]))]
    [0, 160]
    """
    kept = KeptFrames(max_bytes)
    facts = probe(path, "video", max_frames, max_pixels, kept)
    if facts.reason or not facts.is_whole:  # behind the last frame there may be one that is wanted
        kept.forget()
    wanted = yield Probed(facts, kept.total_bytes)
    times_sec = {one.track.stream: one.times_sec for one in facts.tracks}
    while kept.by_stream:
        frames = kept.by_stream[wanted.stream]
        shown: dict[int, Shown] = {}
        sampled = []
        for time_sec, short_side in wanted.frames:
            number = max(0, bisect_right(times_sec[wanted.stream], time_sec) - 1)
            sampled.append(shown.setdefault(number, Shown(frames[number])).rgb(short_side))
        wanted = yield sampled
