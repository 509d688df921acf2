"""Open a video file safely, tell its real video streams from covers, and decode them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import av

from harmlib.media.decode import MediaError
from harmlib.media.formats import HEAD, recognise, refusal
from harmlib.media.memory_limit import ran_short
from harmlib.params import MAX_PIXELS


class Track(NamedTuple):
    """A video stream of a file, and how its clock is read.

    Attributes
    ----------
    stream : int or None
        The stream's number in the file, as ffprobe counts; None: the first video stream that is no
        cover picture.
    mended_gap_sec : float
        What a gap between two frames counts as that can't be believed (`harmlib.media.clock`).
        0 where all can, so that the file's own times hold.
    """

    stream: int | None = None
    mended_gap_sec: float = 0.0


MAIN = Track()


@contextlib.contextmanager
def open_video(path: Path) -> Iterator[av.container.InputContainer]:
    """Open a file with FFmpeg; what FFmpeg raises within the block becomes a MediaError.

    Parameters
    ----------
    path : Path
        A file that FFmpeg can read.

    Yields
    ------
    av.container.InputContainer

    Raises
    ------
    MediaError
        If the file is empty, unknown or damaged.
    """
    if not path.stat().st_size:
        raise MediaError("empty file (0 bytes)")
    with path.open("rb") as file:
        found = recognise(file.read(HEAD))
    if not found.demuxer:  # FFmpeg would take a playlist or any text for something
        raise MediaError(f"damaged or unknown video: {refusal(found, path.suffix)}")
    try:
        # Absolute: FFmpeg takes a relative `concat:a.mp4` for a command, not a name.
        with av.open(
            str(path.absolute()), format=found.demuxer, metadata_errors="replace"
        ) as container:
            yield container
    except MemoryError:  # FFmpeg's own is one, too
        raise
    except (av.FFmpegError, OSError) as error:
        if ran_short():  # most decoders call a picture invalid if they get no memory for it
            raise MemoryError from error
        # Not the file's path, which is in `error` too: a file of the same content has another.
        raise MediaError(f"damaged or unknown video: {error.strerror or error}") from error


def split_streams(
    container: av.container.InputContainer,
) -> tuple[list[av.VideoStream], list[av.VideoStream]]:
    """Tell the real video streams from pictures that are attached to the file.

    Parameters
    ----------
    container : av.container.InputContainer
        An open file.

    Returns
    -------
    real, attached : list of av.VideoStream
        Attached are covers and thumbnails, as the file itself declares them.

    Raises
    ------
    MediaError
        If no stream is real, or a real one is of a coding that isn't known.
    """
    attached_pic = av.stream.Disposition.attached_pic
    real = [s for s in container.streams.video if not s.disposition & attached_pic]
    attached = [s for s in container.streams.video if s.disposition & attached_pic]
    if not real:
        cover = ", only a cover picture" if attached else ""
        raise MediaError(f"no video stream{cover}")
    for stream in real:
        if stream.codec_context is None:
            raise MediaError(f"video stream {stream.index} is of a coding that isn't known")
        if stream.width * stream.height > MAX_PIXELS:
            raise MediaError(
                f"{stream.width}x{stream.height} pixels: more than the limit of {MAX_PIXELS:,}"
            )
    return real, attached


def pick_stream(container: av.container.InputContainer, track: Track) -> av.VideoStream:
    """Find the stream of a track.

    Parameters
    ----------
    container : av.container.InputContainer
        An open file.
    track : Track

    Returns
    -------
    av.VideoStream

    Raises
    ------
    MediaError
        If the file has no such stream.
    """
    real, _ = split_streams(container)
    for stream in real:
        if track.stream in (None, stream.index):
            return stream
    raise MediaError(f"video stream {track.stream} is no longer there")


class Decoded(NamedTuple):
    """What one packet of a file gave.

    Attributes
    ----------
    stream : int
        The stream's number in the file.
    frames : list of av.VideoFrame
        May be empty: decoders hold frames back.
    is_coded : bool
        Whether the packet should give a frame, sooner or later.
    """

    stream: int
    frames: list[av.VideoFrame]
    is_coded: bool


def decode(
    container: av.container.InputContainer, streams: Iterable[av.VideoStream]
) -> Iterator[Decoded]:
    """Decode streams side by side, in one pass over the file.

    Parameters
    ----------
    container : av.container.InputContainer
        An open file.
    streams : iterable of av.VideoStream
        Those of its streams that are wanted.

    Yields
    ------
    Decoded
        Packet by packet, as they lie in the file.

    Raises
    ------
    MediaError
        If the file ends in the middle of a frame.
    """
    cut_off: dict[int, bool] = {}
    for packet in container.demux(*streams):
        index, has_content = packet.stream.index, bool(packet.size)
        if has_content:  # the one that flushes the decoder has none
            cut_off[index] = packet.is_corrupt
        frames = [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
        yield Decoded(index, frames, has_content and not packet.is_discard)
    if any(cut_off.values()):
        raise MediaError("cut off: the file ends in the middle of a frame")
