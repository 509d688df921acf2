"""Draw small pictures of media for the report: an image, or a strip of frames of a video."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from PIL import Image

from harmlib.address import Address, place
from harmlib.media.decode import RGB, load_image
from harmlib.media.decoders import DecodeLimits, contained, contained_stream
from harmlib.media.fetching import local_file
from harmlib.media.frame_times import even_times
from harmlib.media.tracks import MAIN, Track
from harmlib.media.video import sample_frames, stream_sizes
from harmlib.media.video_facts import read_video
from harmlib.params import Modality

MAX_BYTES = {"image": 6_000, "video": 12_000}
_MAX_SEGMENT_BYTES = 100_000
GAP = 4  # pixels between the frames of a strip
_GAP_COLOUR = (128, 128, 128)  # set off from the frames on a light and on a dark page


def thumbnail(
    path: Path,
    modality: Modality,
    height: int = 120,
    frames: int = 4,
    max_width: int = 480,
    max_bytes: int | None = None,
) -> bytes:
    """Draw an image, or frames spread evenly over a video side by side, as a small JPEG.

    Parameters
    ----------
    path : Path
        The media file.
    modality : {"image", "video"}
        What it is.
    height, max_width : int
        Pixels that the whole picture, or strip, fits in; proportions stay, nothing is enlarged.
    frames : int
        Frames of a video, at least 1; a video with fewer frames shows each once.
    max_bytes : int, optional
        6,000 for an image and 12,000 for a strip by default.

    Returns
    -------
    bytes
        A JPEG of quality 70, or of the next lower step of 10 that keeps it within `max_bytes`. No
        metadata. The same file gives the same bytes.

    Raises
    ------
    MediaError
        If the file can't be decoded.
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     Image.new("RGB", (800, 600)).save(file, "PNG")
    ...     file.flush()
    ...     jpeg = thumbnail(Path(file.name), "image")
    >>> Image.open(io.BytesIO(jpeg)).size
    (160, 120)
    """
    if modality not in MAX_BYTES:
        raise ValueError(f"modality is {modality!r}; known: {', '.join(MAX_BYTES)}")
    if height < 1 or frames < 1:
        raise ValueError(f"height is {height} px and frames {frames}; both must be at least 1")
    most = MAX_BYTES[modality] if max_bytes is None else max_bytes
    if modality == "image":
        return _strip([load_image(path)], height, max_width, most)
    facts = read_video(path).tracks[0]
    times_sec = even_times(facts.duration_sec, min(frames, facts.frames))
    pictures = sample_frames(path, times_sec, track=facts.track)
    return _strip(pictures, height, max_width, most)


def thumbnails(
    paths: Mapping[str, str | Path | Address],
    modality: Modality,
    height: int = 120,
    max_width: int = 480,
    max_bytes: int | None = None,
) -> dict[str, bytes]:
    """Draw those of several media files that can be drawn.

    Parameters
    ----------
    paths : mapping of str to str, Path or Address
        Name of an item to its file.
    modality : {"image", "video"}
        What they all are.
    height, max_width, max_bytes : int
        As for `thumbnail`.

    Returns
    -------
    dict of str to bytes
        Name of an item to its JPEG, as `thumbnail` makes it; a file that is gone or damaged by now
        has none.

    Examples
    --------
    >>> thumbnails({"a": "nowhere.png"}, "image")
    {}
    """
    draw = partial(
        thumbnail, modality=modality, height=height, max_width=max_width, max_bytes=max_bytes
    )
    drawn = {}
    for name, path in paths.items():
        # Whatever one file raises: a page without this picture is better than no page.
        with contextlib.suppress(Exception), local_file(place(path)) as file:
            drawn[name] = contained(DecodeLimits(), draw, file)
    return drawn


def segment_strips(
    path: Path | Address,
    segments_sec: Sequence[tuple[float, float]],
    track: Track = MAIN,
    *,
    height: int = 180,
    frames: int = 6,
) -> Iterator[bytes]:
    """Draw frames spread evenly over each segment of a video, side by side, as a JPEG.

    Parameters
    ----------
    path : Path or Address
        The video.
    segments_sec : sequence of (float, float)
        Start and end of each segment, in seconds from the first frame. They ascend and don't
        overlap, so that one pass over the file finds them all.
    track : Track
        Which stream, and how its clock is read.
    height : int
        Pixels of the strip; frames are not enlarged.
    frames : int
        How many frames.

    Yields
    ------
    bytes
        For each segment a JPEG as `thumbnail` makes it, of at most 100,000 bytes.

    Raises
    ------
    MediaError
        If the video can't be decoded.
    """
    with local_file(path) as file:
        yield from contained_stream(
            DecodeLimits(), _segment_strips, file, segments_sec, track, height, frames
        )


def _segment_strips(
    path: Path, segments_sec: Sequence[tuple[float, float]], track: Track, height: int, frames: int
) -> Iterator[bytes]:
    times_sec = [s + t for s, end in segments_sec for t in even_times(end - s, frames)]
    pictures = stream_sizes(path, [(time_sec, None) for time_sec in times_sec], track)
    for _ in segments_sec:
        yield _strip(list(islice(pictures, frames)), height, 320 * frames, _MAX_SEGMENT_BYTES)


def _strip(arrays: list[RGB], height: int, max_width: int, max_bytes: int) -> bytes:
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
