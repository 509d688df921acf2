"""Decode safely: a picture, or frames of a video at given times, as RGB arrays."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 100_000_000  # a picture beyond this is a mistake or an attack
# What Pillow's readers were seen to raise for damaged files
DAMAGED = (
    OSError, SyntaxError, ValueError, IndexError, RuntimeError, EOFError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
SEEK_AHEAD_SEC = 10.0  # a gap longer than this is jumped over, not decoded through

RGB = npt.NDArray[np.uint8]  # (height, width, 3)


class MediaError(ValueError):
    """A file that can't be used; the message is the reason that the ledger keeps."""


class VideoFacts(NamedTuple):
    """What a video is, from decoding all of it.

    Attributes
    ----------
    width, height : int
        Pixels of the upright frame.
    frames : int
        How many frames were decoded.
    duration_sec : float
        From the first frame's start to the last one's end.
    """

    width: int
    height: int
    frames: int
    duration_sec: float


def load_image(path: Path) -> RGB:
    """Decode a picture.

    Parameters
    ----------
    path : Path
        A file that Pillow can read.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB, upright according to the EXIF orientation, transparent pixels laid on white.

    Raises
    ------
    MediaError
        If the file is empty, no picture, cut off, or has more than `MAX_PIXELS`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     Image.new("RGB", (8, 6), "red").save(file, "PNG")
    ...     file.flush()
    ...     picture = load_image(Path(file.name))
    >>> picture.shape, picture[0, 0].tolist()
    ((6, 8, 3), [255, 0, 0])
    """
    if not path.stat().st_size:
        raise MediaError("empty file (0 bytes)")
    try:
        with Image.open(path) as file:
            image: Image.Image = file
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(f"{image.width}x{image.height} pixels: more than {MAX_PIXELS:,}")
            ImageOps.exif_transpose(image, in_place=True)
            if image.mode.startswith("I;16"):  # Pillow would clip at 255, all but black to white
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
            # Transparent pixels carry arbitrary colours: lay the picture on white.
            if image.has_transparency_data:
                image = Image.alpha_composite(
                    Image.new("RGBA", image.size, "white"), image.convert("RGBA")
                )
            return np.asarray(image.convert("RGB"))
    except UnidentifiedImageError:
        raise MediaError("not a picture that Pillow can read") from None
    except DAMAGED as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(f"damaged picture: {error}") from error


def _frames(
    path: Path, jump_to: list[float] | None = None
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield frames with their time in seconds from the first one.

    `jump_to` is a list of one time, the next that the caller wants; the caller keeps it up to
    date. When it lies far ahead, the decoder seeks to the key frame before it. The next frame may
    then lie before the previous one, but never after that target.
    """
    if not path.stat().st_size:
        raise MediaError("empty file (0 bytes)")
    try:
        # Absolute: FFmpeg takes a relative `concat:a.mp4` for a command, not a name.
        with av.open(str(path.absolute()), metadata_errors="replace") as container:
            if not container.streams.video:
                raise MediaError("no video stream")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
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
                    yield from _frames(path)
                    return
            if first is None:
                raise MediaError("no frame could be decoded")
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"damaged or unknown video: {error}") from error


def _decode(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[av.VideoFrame]:
    cut_off = False
    for packet in container.demux(stream):
        if packet.size:  # the one that flushes the decoder has none
            cut_off = packet.is_corrupt
        yield from packet.decode()
    if cut_off:
        raise MediaError("cut off: the file ends in the middle of a frame")


def video_facts(path: Path) -> VideoFacts:
    """Measure a video by decoding the whole file, since headers may lie.

    Parameters
    ----------
    path : Path
        A file that FFmpeg can read.

    Returns
    -------
    VideoFacts

    Raises
    ------
    MediaError
        If any part can't be decoded.

    Examples
    --------
    >>> import tempfile
    >>> pictures = [Image.new("L", (8, 6), 80 * i) for i in range(4)]
    >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
    ...     pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=500)
    ...     file.flush()
    ...     video_facts(Path(file.name))
    VideoFacts(width=8, height=6, frames=4, duration_sec=2.0)
    """
    count, last, step = 0, 0.0, 0.0
    width = height = 0
    for time_sec, frame in _frames(path):
        if count == 0:
            width, height = _upright_size(frame)
        step = time_sec - last or step
        last = time_sec
        count += 1
    return VideoFacts(width, height, count, last + step)


def sample_frames(path: Path, times_sec: list[float], short_side: int | None = None) -> list[RGB]:
    """Decode the frames that are on screen at given times.

    Parameters
    ----------
    path : Path
        A video.
    times_sec : list of float
        Ascending, in seconds from the first frame. Times past the end give the last frame.
    short_side : int, optional
        Pixels that the shorter side is scaled to; by default frames keep their size.

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
    >>> pictures = [Image.new("L", (8, 6), 80 * i) for i in range(4)]
    >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
    ...     pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=500)
    ...     file.flush()
    ...     frames = sample_frames(Path(file.name), [0.0, 1.2, 9.0])
    >>> [int(frame.mean()) for frame in frames]
    [0, 160, 240]
    """
    return list(sample_sizes(path, [(t, short_side) for t in times_sec]))


def sample_sizes(path: Path, wanted: list[tuple[float, int | None]]) -> list[RGB]:
    """Decode frames in several sizes in one pass, which serves several backbones.

    Parameters
    ----------
    path : Path
        A video.
    wanted : list of (float, int or None)
        For each frame its time and its short side, as in `sample_frames`.

    Returns
    -------
    list of ndarray of uint8, shape (height, width, 3)
        RGB, one for each wanted frame.

    Raises
    ------
    MediaError, ValueError
        As `sample_frames` does.
    """
    out: list[RGB] = []
    if not wanted:
        return out
    if any(later[0] < earlier[0] for earlier, later in pairwise(wanted)):
        raise ValueError("times_sec must ascend")
    jump_to = [wanted[0][0]]
    shown: av.VideoFrame | None = None
    converted: dict[int | None, RGB] = {}  # of the frame that is shown

    def take(frame: av.VideoFrame) -> None:
        short_side = wanted[len(out)][1]
        if short_side not in converted:
            converted[short_side] = _to_rgb(frame, short_side)
        out.append(converted[short_side])

    for time_sec, frame in _frames(path, jump_to):
        while shown is not None and wanted[len(out)][0] < time_sec:
            take(shown)
            if len(out) == len(wanted):
                return out
        shown, converted = frame, {}
        jump_to[0] = wanted[len(out)][0]
    while shown is not None and len(out) < len(wanted):
        take(shown)
    return out


def _turn(frame: av.VideoFrame) -> int:
    """Return the quarter turns counter-clockwise that make a phone's frame upright."""
    return round(getattr(frame, "rotation", 0) / 90) % 4


def _upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    size = frame.width, frame.height
    return (size[1], size[0]) if _turn(frame) % 2 else size


def _to_rgb(frame: av.VideoFrame, short_side: int | None) -> RGB:
    if short_side:
        scale = short_side / min(frame.width, frame.height)
        size = [max(2, round(side * scale)) for side in (frame.width, frame.height)]
        pixels = frame.to_ndarray(width=size[0], height=size[1], format="rgb24")
    else:
        pixels = frame.to_ndarray(format="rgb24")
    rgb = np.asarray(pixels, np.uint8)
    turn = _turn(frame)
    return np.ascontiguousarray(np.rot90(rgb, turn)) if turn else rgb
