"""Videos as people have them: joined, with a broken clock, with several streams, in no container.

Frame i of each recording is grey, 8 + 4 (first + i), as `write_video` draws it.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 10  # frames a second


def picture(number: int, size: tuple[int, int]) -> av.VideoFrame:
    pixels = np.full((size[1], size[0], 3), 8 + 4 * number, np.uint8)
    return av.VideoFrame.from_ndarray(pixels, format="rgb24")


def record(
    path: Path,
    frames: int = 20,
    *,
    first: int = 0,
    size: tuple[int, int] = (64, 48),
    ticks: list[int] | None = None,  # of a tenth of a second, one for each frame
    codec: str = "libx264",
    streams: int = 1,
    **options: str,
) -> Path:
    """One recording; a second stream goes on where the first one's pictures end."""
    with av.open(str(path), "w", options=options) as container:
        made = [add_stream(container, codec, size) for _ in range(streams)]
        for i in range(frames):
            for at, stream in enumerate(made):
                frame = picture(first + at * frames + i, size).reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = (ticks[i] if ticks else i), Fraction(1, RATE)
                container.mux(stream.encode(frame))
        for stream in made:
            container.mux(stream.encode())
    return path


def add_stream(container, codec="libx264", size=(64, 48)):
    stream = container.add_stream(codec, rate=RATE)
    stream.width, stream.height = size
    stream.pix_fmt = {"mjpeg": "yuvj420p", "png": "rgb24"}.get(codec, "yuv420p")
    stream.codec_context.time_base = Fraction(1, RATE)
    options = {"crf": "8", "preset": "veryfast", "g": "5", "bf": "0", "threads": "1"}
    stream.options = options if codec == "libx264" else {}
    return stream


def joined(path: Path, *parts: Path) -> Path:
    """Byte by byte, as `cat` does."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path
