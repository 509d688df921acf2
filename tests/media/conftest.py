"""Real media files, tiny: pictures by Pillow, H.264 clips whose grey level tells the frame."""

import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from manifest_folders import PER_CLASS
from PIL import Image


@pytest.fixture(scope="session")
def write_image():
    """write(path, seed): a picture of its own content for each seed; the ending is the format."""

    def write(path: Path, seed: int, size: tuple[int, int] = (12, 8)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3))
        Image.fromarray(noise.astype(np.uint8)).save(path)
        return path

    return write


@pytest.fixture(scope="session")
def write_video():
    """write(path, frames): 10 frames a second; frame i is grey, 8 + 4 i, its left half white."""

    def write(
        path: Path,
        frames: int = 20,
        *,
        size: tuple[int, int] = (64, 48),
        key_every: int = 5,
        b_frames: int = 0,
        options: dict[str, str] | None = None,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w", options=options or {}) as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.options = {
                "crf": "8", "preset": "veryfast", "g": str(key_every), "bf": str(b_frames),
                "sc_threshold": "0", "threads": "1",
            }  # fmt: skip
            for i in range(frames):
                picture = np.full((size[1], size[0], 3), 8 + 4 * i, np.uint8)
                picture[:, : size[0] // 2] = 255
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = i, Fraction(1, 10)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


@pytest.fixture(scope="session")
def frame_index():
    """The number of the frame that an array from a `write_video` clip shows."""

    def index(rgb: np.ndarray) -> int:
        return round((float(rgb[-4:, -4:].mean()) - 8) / 4)

    return index


@pytest.fixture(scope="session")
def clip(tmp_path_factory, write_video):
    """20 frames, 2 s, 64x48."""
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="module")
def basic(tmp_path_factory, write_image):
    """Six good pictures of each class."""
    root = tmp_path_factory.mktemp("basic")
    for i in range(PER_CLASS):
        write_image(root / f"images/harmful/{i}.png", i)
        write_image(root / f"images/safe/{i}.png", 100 + i)
    return root


@pytest.fixture
def root(basic, tmp_path):
    return shutil.copytree(basic, tmp_path / "media")
