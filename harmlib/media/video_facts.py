"""Measure a video by decoding the whole file: its streams, the times of their frames."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import NamedTuple

import av

from harmlib.media.clock import MendedTimes, mend_times
from harmlib.media.decode import MediaError
from harmlib.media.kept_frames import KeptFrames
from harmlib.media.perceptual_hash import FrameHashes
from harmlib.media.tracks import Track, decode, open_video, split_streams
from harmlib.params import MAX_FRAMES

_FEW = 0.75  # frames for each packet; in a file that can be decoded nearly all give one


class VideoFacts(NamedTuple):
    """What one video stream is, from decoding all of it.

    Attributes
    ----------
    width, height : int
        Pixels of the first upright frame.
    frames : int
        How many frames were decoded.
    duration_sec : float
        From the first frame's start to the last one's end, by the mended clock.
    track : Track
        The stream, and how its clock is read.
    times_sec : array of float
        When each frame begins, strictly ascending from 0.
    perceptual_hash : str
        Of some frames, as `FrameHashes` tells it.
    brightness : float
        Of these, too.
    """

    width: int
    height: int
    frames: int
    duration_sec: float
    track: Track
    times_sec: array[float]
    perceptual_hash: str = ""
    brightness: float = 0.0


class Video(NamedTuple):
    """All real video streams of a file.

    Attributes
    ----------
    tracks : tuple of VideoFacts
        At least one. That of most frames comes first, of equals the first in the file.
    note : str
        What a person should know: where time was mended, which streams there are, what was not
        looked at. Mostly empty.
    is_whole : bool
        False where the file has more frames than were to be decoded.
    """

    tracks: tuple[VideoFacts, ...]
    note: str
    is_whole: bool


class _Seen:
    """What decoding has shown of one stream so far."""

    def __init__(self, stream: av.VideoStream) -> None:
        self.stream = stream
        self.stamps_sec: list[float | None] = []
        self.packets = 0
        self.size = (0, 0)
        self.is_interlaced = False
        self.hashes = FrameHashes()

    def add(self, frame: av.VideoFrame) -> None:
        if not self.stamps_sec:
            self.size = upright_size(frame)
            self.is_interlaced = frame.interlaced_frame  # two packets may make one frame
        self.stamps_sec.append(frame.time)
        self.hashes.add(frame, frame.time, quarter_turns(frame))

    def require_most_packets(self) -> None:
        """Decoders pass over what they don't know without an error: nobody would have seen it."""
        frames = len(self.stamps_sec)
        if frames < _FEW * self.packets and not self.is_interlaced:
            raise MediaError(
                f"video stream {self.stream.index}: only {frames:,} of {self.packets:,} packets "
                "gave a frame; it is damaged, or its coding changes on the way: cut it there"
            )

    def mended(self) -> MendedTimes:
        rate = self.stream.codec_context.framerate or self.stream.guessed_rate
        return mend_times(self.stamps_sec, float(rate) if rate else None)


def read_video(path: Path, max_frames: int = MAX_FRAMES, kept: KeptFrames | None = None) -> Video:
    """Measure a video by decoding the whole file, since headers may lie.

    Parameters
    ----------
    path : Path
        A file that FFmpeg can read.
    max_frames : int
        Of all streams together; what lies behind them is not looked at.
    kept : KeptFrames, optional
        Where the frames go as they pass; by default nowhere.

    Returns
    -------
    Video

    Raises
    ------
    MediaError
        If any part of any real video stream can't be decoded.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> pictures = [Image.new("L", (8, 6), 80 * i) for i in range(4)]
    >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
    ...     pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=500)
    ...     file.flush()
    ...     (found,), note, is_whole = read_video(Path(file.name), max_frames=3)
    >>> found.width, found.height, found.frames, found.duration_sec, is_whole
    (8, 6, 3, 1.5, False)
    >>> note
    'only the first 3 frames were looked at'
    """
    with open_video(path) as container:
        real, attached = split_streams(container)
        seen = {stream.index: _Seen(stream) for stream in real}
        is_whole = _decode_all(container, seen, max_frames, kept)
        found = [one for one in seen.values() if one.stamps_sec]
        unseen = [one for one in seen.values() if not one.stamps_sec and one.packets]
        if unseen or not found:
            where = f" of video stream {unseen[0].stream.index}" if found else ""
            raise MediaError(f"no frame{where} could be decoded")
        found.sort(key=lambda one: -len(one.stamps_sec))
        for one in found if is_whole else ():
            one.require_most_packets()
        clocks = [one.mended() for one in found]
        notes = [
            _describe_streams([one.stream.index for one in found]),
            _describe_attached([stream.index for stream in attached]),
            *(_describe(one, clock) for one, clock in zip(found, clocks, strict=True)),
            "" if is_whole else f"only the first {max_frames:,} frames were looked at",
        ]
        tracks = tuple(_facts(one, clock) for one, clock in zip(found, clocks, strict=True))
    return Video(tracks, "; ".join(filter(None, notes)), is_whole)


def _decode_all(
    container: av.container.InputContainer,
    seen: dict[int, _Seen],
    max_frames: int,
    kept: KeptFrames | None,
) -> bool:
    """Decode into `seen`; whether the file's end was reached."""
    for one in seen.values():
        one.stream.thread_type = "AUTO"
    left = max_frames
    for index, frames, is_coded in decode(container, [one.stream for one in seen.values()]):
        seen[index].packets += is_coded
        for frame in frames:
            if left == 0:
                return False
            seen[index].add(frame)
            if kept is not None:
                kept.add(index, frame)
            left -= 1
    return True


def _facts(seen: _Seen, clock: MendedTimes) -> VideoFacts:
    gap_sec = clock.usual_gap_sec if clock.mended else 0.0
    return VideoFacts(
        *seen.size,
        len(seen.stamps_sec),
        clock.duration_sec,
        Track(seen.stream.index, gap_sec),
        array("d", clock.times_sec.tolist()),
        seen.hashes.text,
        seen.hashes.brightness,
    )


def _describe_streams(indices: list[int]) -> str:
    if len(indices) == 1:
        return ""
    names = ", ".join(map(str, sorted(indices)))
    return (
        f"{len(indices)} video streams ({names}): a prediction judges all of them, the training "
        f"takes stream {indices[0]}"
    )


def _describe_attached(indices: list[int]) -> str:
    names = ", ".join(map(str, indices))
    return f"an attached picture was not looked at (stream {names})" if indices else ""


def _describe(seen: _Seen, clock: MendedTimes) -> str:
    frames, gap = len(seen.stamps_sec), f"{clock.usual_gap_sec:.3g} s"
    if clock.mended == 0:
        return ""
    if clock.mended == frames:
        return f"video stream {seen.stream.index} has no times: its frames count {gap} each"
    return (
        f"the clock of video stream {seen.stream.index} stands still, steps back or jumps at "
        f"{clock.mended:,} of {frames:,} frames: there {gap} were counted"
    )


def upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Return width and height of a frame as a phone shows it.

    Parameters
    ----------
    frame : av.VideoFrame

    Returns
    -------
    tuple of int
    """
    size = frame.width, frame.height
    return (size[1], size[0]) if quarter_turns(frame) % 2 else size


def quarter_turns(frame: av.VideoFrame) -> int:
    """Return the quarter turns counter-clockwise that make a phone's frame upright.

    Parameters
    ----------
    frame : av.VideoFrame

    Returns
    -------
    int
        0 to 3.
    """
    return round(getattr(frame, "rotation", 0) / 90) % 4
