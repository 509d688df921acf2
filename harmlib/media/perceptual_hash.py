"""A perceptual hash: 256 bits of a picture that small changes of it leave nearly the same.

A video has one for each of a few frames, at fixed times from its first one.

The transform is that of PDQ (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm", 2019, section "PDQ"): 64 x 64 levels of grey, the discrete cosine
transform of the 16 x 16 lowest frequencies without the constant, each above or below their median.
Pixels are averaged in boxes where PDQ filters twice, so that hashes of the two differ by some bits.
`pdqhash` itself has no wheel for Linux.
"""

from __future__ import annotations

import math

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter
from PIL import Image

from harmlib.media.decode import RGB

BITS = 256
SIDE = 64  # pixels of the picture that is transformed
# Below it PDQ's authors take no hash: a picture without detail is like every other of its kind.
MIN_QUALITY = 50  # of 100
# Seconds after a video's first frame at which a frame is hashed
FRAME_SEC = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)

_ENOUGH = 8 * SIDE  # pixels of the short side; to average more took as long as decoding
_FREQUENCIES = np.arange(1, 17)[:, None]
_COSINES = np.cos(math.pi / (2 * SIDE) * _FREQUENCIES * (2 * np.arange(SIDE) + 1))


def small_grey(picture: RGB) -> npt.NDArray[np.uint8]:
    """Average a picture in boxes.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB.

    Returns
    -------
    ndarray of uint8, shape (64, 64)
        Levels of grey.

    Examples
    --------
    >>> small_grey(np.full((480, 640, 3), 7, np.uint8)).mean().item()
    7.0
    """
    step = max(1, min(picture.shape[:2]) // _ENOUGH)  # each box still averages 64 pixels
    thinned = np.ascontiguousarray(picture[::step, ::step])
    grey = Image.fromarray(thinned).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(grey)


def grey_hash(grey: npt.NDArray[np.uint8]) -> str:
    """Hash a picture that has been made small already.

    Parameters
    ----------
    grey : ndarray of uint8, shape (64, 64)
        Levels of grey.

    Returns
    -------
    str
        64 hexadecimal digits; empty where the picture has too little detail.

    Examples
    --------
    >>> noise = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    >>> picture = np.kron(noise, np.ones((40, 40, 1), np.uint8))
    >>> hashes = [grey_hash(small_grey(p)) for p in (picture, picture[::2, ::2] // 2 + 60)]
    >>> hash_distance(*hashes) < 16
    True
    >>> slope = np.arange(64, dtype=np.uint8)[None, :] * np.ones((64, 1), np.uint8)
    >>> grey_hash(slope)
    ''
    """
    if quality(grey) < MIN_QUALITY:
        return ""
    waves = _COSINES @ grey.astype(float) @ _COSINES.T
    # Equal values, as a mirrored picture has many, are on one side
    bits = waves.ravel() > np.sort(waves.ravel())[BITS // 2 - 1]
    return np.packbits(bits).tobytes().hex()


def quality(grey: npt.NDArray[np.uint8]) -> int:
    """How much detail there is to hash: the sum of all steps between neighbours, as PDQ has it.

    Parameters
    ----------
    grey : ndarray of uint8, shape (64, 64)
        Levels of grey.

    Returns
    -------
    int
        0 to 100.

    Examples
    --------
    >>> quality(np.full((64, 64), 7, np.uint8))
    0
    """
    levels = grey.astype(int)
    steps = sum(
        int(np.abs(np.diff(levels, axis=axis) * 100 / 255).astype(int).sum()) for axis in (0, 1)
    )
    return min(100, steps // 90)


class FrameHashes:
    """Hashes of frames of a video, and their brightness, taken while all of it is decoded.

    Examples
    --------
    >>> hashes = FrameHashes()
    >>> for second in range(3):
    ...     hashes.add(av.VideoFrame.from_ndarray(np.zeros((24, 32), np.uint8), "gray"), second, 0)
    >>> hashes.text, hashes.brightness  # black frames have no hash
    ('', 0.0)
    """

    def __init__(self) -> None:
        self._found: list[str] = []
        self._grey: list[float] = []
        self._begin_sec: float | None = None

    def add(self, frame: av.VideoFrame, time_sec: float | None, turns: int) -> None:
        """Hash `frame` where it is the first one at or after the next time of FRAME_SEC.

        `turns` are the quarter turns counter-clockwise that make it upright. Frames without a
        time, and those whose pixels can't be converted, have no hash.
        """
        if time_sec is None or len(self._found) == len(FRAME_SEC):
            return
        if self._begin_sec is None:
            self._begin_sec = time_sec
        due = sum(sec <= time_sec - self._begin_sec for sec in FRAME_SEC)
        if due <= len(self._found):
            return
        self._found += [""] * (due - len(self._found) - 1)  # passed over between two frames
        grey = _frame_grey(frame)
        self._found.append("" if grey is None else grey_hash(np.rot90(grey, turns)))
        self._grey += [] if grey is None else [float(grey.mean())]

    @property
    def text(self) -> str:
        """The hashes in the order of FRAME_SEC, joined by commas; empty where there is none."""
        return ",".join(self._found) if any(self._found) else ""

    @property
    def brightness(self) -> float:
        """Mean level of grey of these frames, 0 to 255; 0 too where there is none."""
        return float(np.mean(self._grey)) if self._grey else 0.0


def _frame_grey(frame: av.VideoFrame) -> npt.NDArray[np.uint8] | None:
    try:
        # Of our own: a frame that is kept would keep the reformatter that it makes for itself.
        reformatter = VideoReformatter()
        small = reformatter.reformat(frame, SIDE, SIDE, "gray", interpolation="AREA").to_ndarray()
    except (av.FFmpegError, ValueError):
        return None  # the decoder knows the pixels, the converter doesn't: the file isn't lost
    return np.asarray(small, np.uint8)


def hash_distance(a: str, b: str) -> int:
    """Count the bits in which two hashes differ.

    Parameters
    ----------
    a, b : str
        Hashes of pictures, neither of them empty.

    Returns
    -------
    int
        0 to 256; about 128 for pictures that have nothing to do with each other.

    Examples
    --------
    >>> hash_distance("ff" * 32, "fe" * 32)
    32
    """
    return (int(a, 16) ^ int(b, 16)).bit_count()
