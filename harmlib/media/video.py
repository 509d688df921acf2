"""Decode frames of a video at given times, as RGB arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from harmlib.media.clock import Clock
from harmlib.media.decode import RGB, MediaError
from harmlib.media.tracks import MAIN, Track, decode, open_video, pick_stream
from harmlib.media.video_facts import quarter_turns

_MAX_ASPECT = 16  # of a scaled frame's long side to its short one
SEEK_AHEAD_SEC = 10.0  # a gap longer than this is jumped over, not decoded through


def _frames(
    path: Path, track: Track, jump_to: list[float] | None = None
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield frames with their time in seconds from the first one.

    `jump_to` is a list of one time, the next that the caller wants; the caller keeps it up to
    date. When it lies far ahead, the decoder seeks to the key frame before it. The next frame may
    then lie before the previous one, but never after that target. Where the clock had to be
    mended, nothing is jumped over: the way there tells the time.
    """
    with open_video(path) as container:
        stream = pick_stream(container, track)
        stream.thread_type = "AUTO"
        if track.mended_gap_sec:
            clock = Clock(track.mended_gap_sec)
            for frame in _decode(container, stream):
                yield clock.read(frame.time), frame
            return
        first: float | None = None
        target: float | None = None  # of the last jump; each only once, or long GOPs would loop
        jumping = True
        while jumping:
            jumping, landed = False, target is None
            for frame in _decode(container, stream):
                if frame.time is None:
                    continue
                first = frame.time if first is None else first
                time_sec = frame.time - first
                if target is not None and not landed and time_sec > target:
                    break
                landed = True
                yield time_sec, frame
                if (
                    jump_to
                    and stream.time_base
                    and target != jump_to[0] > time_sec + SEEK_AHEAD_SEC
                ):
                    target = jump_to[0]
                    container.seek(int((target + first) / stream.time_base), stream=stream)
                    jumping = True
                    break
            if not landed:  # AVI's and MPEG-TS's indexes may lead past the target
                yield from _frames(path, track)
                return
        if first is None:
            raise MediaError("no frame could be decoded")


def _decode(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[av.VideoFrame]:
    for _, frames, _ in decode(container, [stream]):
        yield from frames


def sample_frames(
    path: Path, times_sec: list[float], short_side: int | None = None, track: Track = MAIN
) -> list[RGB]:
    """Decode the frames that are on screen at given times.

    Parameters
    ----------
    path : Path
        A video.
    times_sec : list of float
        Ascending, in seconds from the first frame. Times past the end give the last frame.
    short_side : int, optional
        Pixels that the shorter side is scaled to; by default frames keep their size.
    track : Track
        Which stream, and how its clock is read, as `harmlib.media.video_facts.read_video` found
        it; by default the first real one, by its own clock.

    Returns
    -------
    list of ndarray of uint8, shape (height, width, 3)
        RGB, one for each time. A frame that is wanted twice is the same array twice.

    Raises
    ------
    MediaError
        If any part up to the last time can't be decoded.
    ValueError
        If the times don't ascend.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> pictures = [Image.new("L", (8, 6), 80 * i) for i in range(4)]
    >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
    ...     pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=500)
    ...     file.flush()
    ...     frames = sample_frames(Path(file.name), [0.0, 1.2, 9.0])
    >>> [int(frame.mean()) for frame in frames]
    [0, 160, 240]
    """
    return sample_sizes(path, [(t, short_side) for t in times_sec], track)


def sample_sizes(
    path: Path, wanted: list[tuple[float, int | None]], track: Track = MAIN
) -> list[RGB]:
    """Decode frames in several sizes in one pass, which serves several backbones.

    Parameters
    ----------
    path : Path
        A video.
    wanted : list of (float, int or None)
        For each frame its time and its short side, as in `sample_frames`.
    track : Track
        As in `sample_frames`.

    Returns
    -------
    list of ndarray of uint8, shape (height, width, 3)
        RGB, one for each wanted frame.

    Raises
    ------
    MediaError, ValueError
        As `sample_frames` does.
    """
    return list(stream_sizes(path, wanted, track))


def stream_sizes(path: Path, wanted: list[tuple[float, int | None]], track: Track) -> Iterator[RGB]:
    """Yield what `sample_sizes` returns one frame at a time, so that memory doesn't grow.

    Parameters
    ----------
    path, wanted, track : Path, list of (float, int or None), Track
        As in `sample_sizes`.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    MediaError, ValueError
        As `sample_frames` does.
    """
    if any(later[0] < earlier[0] for earlier, later in pairwise(wanted)):
        raise ValueError("times_sec must ascend")
    if not wanted:
        return
    done = 0
    jump_to = [wanted[0][0]]
    shown: Shown | None = None
    for time_sec, frame in _frames(path, track, jump_to):
        while shown is not None and wanted[done][0] < time_sec:
            yield shown.rgb(wanted[done][1])
            done += 1
            if done == len(wanted):
                return
        shown = Shown(frame)
        jump_to[0] = wanted[done][0]
    for _, short_side in wanted[done:]:
        if shown is not None:
            yield shown.rgb(short_side)


class Shown:
    """The frame on screen, converted once to each size that is wanted.

    Parameters
    ----------
    frame : av.VideoFrame
    """

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame
        self._converted: dict[int | None, RGB] = {}

    def rgb(self, short_side: int | None) -> RGB:
        """Upright, its shorter side scaled to so many pixels; None: as it is."""
        if short_side not in self._converted:
            self._converted[short_side] = _to_rgb(self._frame, short_side)
        return self._converted[short_side]


def _to_rgb(frame: av.VideoFrame, short_side: int | None) -> RGB:
    """Convert by a reformatter of our own: a frame keeps its own, with threads and memory."""
    if short_side:
        scale = short_side / min(frame.width, frame.height)
        # A line of 30,000 x 2 would become 3,360,000 x 224: it is squeezed instead.
        most = _MAX_ASPECT * short_side
        size = [min(max(2, round(side * scale)), most) for side in (frame.width, frame.height)]
        converted = VideoReformatter().reformat(frame, size[0], size[1], format="rgb24")
    else:
        converted = VideoReformatter().reformat(frame, format="rgb24")
    rgb = np.asarray(converted.to_ndarray(), np.uint8)
    turn = quarter_turns(frame)
    return np.ascontiguousarray(np.rot90(rgb, turn)) if turn else rgb
