"""Small real media files and frames for the tests of this room."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

VIDEO_FPS = 10


@pytest.fixture(scope="session")
def frames() -> Callable[..., list[np.ndarray]]:
    """`frames(count, seed, height, width)`: smooth random RGB pictures, (h, w, 3) uint8."""

    def make(count: int = 1, seed: int = 0, height: int = 48, width: int = 64) -> list:
        rng = np.random.default_rng(seed)
        small = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
        return [np.asarray(Image.fromarray(s).resize((width, height))) for s in small]

    return make


@pytest.fixture(scope="session")
def write_image(frames) -> Callable[..., Path]:
    def write(path: Path, seed: int = 0) -> Path:
        Image.fromarray(frames(1, seed)[0]).save(path, "JPEG")
        return path

    return write


@pytest.fixture(scope="session")
def write_video(frames) -> Callable[..., Path]:
    """An H.264 MP4 of `count` different pictures, VIDEO_FPS a second."""

    def write(path: Path, seed: int = 0, count: int = 10) -> Path:
        with av.open(str(path), "w") as out:
            stream = out.add_stream("libx264", rate=VIDEO_FPS)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for picture in frames(count, seed):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode())
        return path

    return write


@pytest.fixture(scope="session")
def listed() -> Callable[[list[Path]], pd.DataFrame]:
    """The rows of a manifest, as far as extraction reads them."""

    def rows(paths: list[Path]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "path": [str(p) for p in paths],
                "modality": ["video" if p.suffix == ".mp4" else "image" for p in paths],
                "sha256": [hashlib.sha256(p.read_bytes()).hexdigest() for p in paths],
                "duration_sec": [1.0 if p.suffix == ".mp4" else 0.0 for p in paths],
            }
        )

    return rows
