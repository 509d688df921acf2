"""Small pictures of media for the report: an image, or a strip of frames of a video."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from harmlib.media.decode import even_times, load_image, sample_frames, video_facts

MAX_BYTES = {"image": 6_000, "video": 12_000}
GAP = 4  # pixels between the frames of a strip
_GAP_COLOUR = (128, 128, 128)  # set off from the frames on a light and on a dark page


def thumbnail(
    path: Path, modality: str, height: int = 120, frames: int = 4, max_width: int = 480
) -> bytes:
    """A JPEG of an image, or of up to `frames` frames spread evenly over a video, side by side.

    modality : `image` or `video`
    height, max_width : pixels that the whole picture, or strip, fits in; proportions stay, and
        nothing is enlarged
    The quality is 70, or the next lower step of 10 that keeps an image within 6,000 bytes and a
    strip within 12,000. No metadata. The same file gives the same bytes.

    Raises MediaError for a file that can't be decoded, ValueError for a bad argument.
    """
    if modality not in MAX_BYTES:
        raise ValueError(f"modality is {modality!r}; known: {', '.join(MAX_BYTES)}")
    if height < 1 or frames < 1:
        raise ValueError(f"height is {height} px and frames {frames}; both must be at least 1")
    if modality == "image":
        return _strip([load_image(path)], height, max_width, MAX_BYTES[modality])
    *_, count, duration_sec = video_facts(path)
    arrays = sample_frames(path, even_times(duration_sec, min(frames, count)))
    return _strip(arrays, height, max_width, MAX_BYTES[modality])


def segment_strip(
    path: Path, start_sec: float, end_sec: float, height: int = 180, frames: int = 6
) -> bytes:
    """A JPEG of `frames` frames spread evenly over a stretch of a video, side by side.

    Raises MediaError when the video can't be decoded.
    """
    times = [start_sec + t for t in even_times(end_sec - start_sec, frames)]
    return _strip(sample_frames(path, times), height, 320 * frames, 100_000)


def _strip(arrays: list[np.ndarray], height: int, max_width: int, max_bytes: int) -> bytes:
    share = (max_width - GAP * (len(arrays) - 1)) // len(arrays)
    if share < 1:
        raise ValueError(f"max_width is {max_width} px: too narrow for {len(arrays)} frames")
    pictures = [Image.fromarray(array) for array in arrays]
    for picture in pictures:
        picture.thumbnail((share, height))
    return _jpeg(_side_by_side(pictures), max_bytes)


def _side_by_side(pictures: list[Image.Image]) -> Image.Image:
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    strip = Image.new("RGB", (width, max(p.height for p in pictures)), _GAP_COLOUR)
    left = 0
    for picture in pictures:
        strip.paste(picture, (left, 0))
        left += picture.width + GAP
    return strip


def _jpeg(picture: Image.Image, max_bytes: int) -> bytes:
    for quality in range(70, 0, -10):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= max_bytes:
            break
    return buffer.getvalue()
