"""Safe decoding: a picture, or frames of a video at given times, as RGB arrays."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts"}
)

MAX_PIXELS = 100_000_000  # a picture beyond this is a mistake or an attack
# What Pillow's readers were seen to raise for damaged files
DAMAGED = (
    OSError, SyntaxError, ValueError, IndexError, RuntimeError, EOFError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
SEEK_AHEAD_SEC = 10.0  # a gap longer than this is jumped over, not decoded through


class MediaError(ValueError):
    """A file that can't be used; the message is the reason that the ledger keeps."""


def load_image(path: Path) -> np.ndarray:
    """The picture as (height, width, 3) uint8 RGB, upright according to its EXIF orientation.

    Raises MediaError for a file that is empty, no picture, cut off, or absurdly large.
    """
    if not path.stat().st_size:
        raise MediaError("empty file (0 bytes)")
    try:
        with Image.open(path) as image:
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
    """Frames with their time in seconds from the first one.

    `jump_to` is a list that the caller keeps at [the next time of interest]: when that lies far
    ahead, the decoder seeks to the key frame before it. Time may then step back, never past
    that target.
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
            target: float | None = None  # of the last jump; one each, or long GOPs would loop
            jumping = True
            while jumping:
                jumping, landed = False, target is None
                for frame in _decode(container, stream):
                    if frame.time is None:
                        continue
                    first = frame.time if first is None else first
                    time_sec = frame.time - first
                    if not landed and time_sec > target:
                        break
                    landed = True
                    yield time_sec, frame
                    if jump_to and target != jump_to[0] > time_sec + SEEK_AHEAD_SEC:
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


def video_facts(path: Path) -> tuple[int, int, int, float]:
    """(width, height, frames, duration_sec), by decoding the whole file: headers may lie.

    Raises MediaError when any part can't be decoded.
    """
    count, last, step = 0, 0.0, 0.0
    width = height = 0
    for time_sec, frame in _frames(path):
        if count == 0:
            width, height = _upright_size(frame)
        step = time_sec - last or step
        last = time_sec
        count += 1
    return width, height, count, last + step


def sample_frames(
    path: Path, times_sec: list[float], short_side: int | None = None
) -> list[np.ndarray]:
    """The frame on screen at each of the ascending `times_sec`, as (height, width, 3) uint8 RGB.

    Times past the end give the last frame. With `short_side` (pixels) frames come scaled so
    that the shorter side has that length. A frame wanted twice is the same array twice.

    Raises MediaError as `video_facts` does, up to the last time asked for.
    """
    return list(sample_sizes(path, [(t, short_side) for t in times_sec]))


def sample_sizes(path: Path, wanted: list[tuple[float, int | None]]) -> list[np.ndarray]:
    """As `sample_frames`, with a short side for each time: one pass serves several backbones."""
    out: list[np.ndarray] = []
    if not wanted:
        return out
    if any(b[0] < a[0] for a, b in zip(wanted, wanted[1:], strict=False)):
        raise ValueError("times_sec must ascend")
    jump_to = [wanted[0][0]]
    shown: av.VideoFrame | None = None
    converted: dict[int | None, np.ndarray] = {}

    def take() -> None:
        short_side = wanted[len(out)][1]
        if short_side not in converted:
            converted[short_side] = _to_rgb(shown, short_side)
        out.append(converted[short_side])

    for time_sec, frame in _frames(path, jump_to):
        while shown is not None and wanted[len(out)][0] < time_sec:
            take()
            if len(out) == len(wanted):
                return out
        shown, converted = frame, {}
        jump_to[0] = wanted[len(out)][0]
    while len(out) < len(wanted):
        take()
    return out


def _turn(frame: av.VideoFrame) -> int:
    """Quarter turns counter-clockwise that make a phone's frame upright."""
    return round(getattr(frame, "rotation", 0) / 90) % 4


def _upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    size = frame.width, frame.height
    return (size[1], size[0]) if _turn(frame) % 2 else size


def _to_rgb(frame: av.VideoFrame, short_side: int | None) -> np.ndarray:
    if short_side:
        scale = short_side / min(frame.width, frame.height)
        size = [max(2, round(side * scale)) for side in (frame.width, frame.height)]
        rgb = frame.to_ndarray(width=size[0], height=size[1], format="rgb24")
    else:
        rgb = frame.to_ndarray(format="rgb24")
    turn = _turn(frame)
    return np.ascontiguousarray(np.rot90(rgb, turn)) if turn else rgb


def even_times(duration_sec: float, count: int) -> list[float]:
    """`count` times (seconds), each in the middle of its equal share of the duration."""
    return [duration_sec * (i + 0.5) / count for i in range(count)]


def clip_times(duration_sec: float, clips: int, clip_sec: float, frames: int) -> list[list[float]]:
    """For each of `clips` windows, spread evenly, the times (seconds) of its `frames` frames.

    A video shorter than `clip_sec` is one window as long as the video.
    """
    span = min(clip_sec, duration_sec)
    room = duration_sec - span
    starts = [room * (i + 0.5) / clips for i in range(clips)] if room > 0 else [0.0]
    return [[start + t for t in even_times(span, frames)] for start in starts]
