"""Draw the demo set's cameras at random: what they look at, and how their pictures look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Pixels = npt.NDArray[np.float32]
SUPERSAMPLING = 2  # shapes are drawn at twice the size, which smooths their edges


@dataclass(frozen=True)
class Camera:
    """One fixed camera: its view and its optics.

    Attributes
    ----------
    background : Image
        RGB, `SUPERSAMPLING` times as large as a frame.
    horizon : float
        Where the ground begins, as a fraction of the height.
    gain : ndarray of float32, shape (height, width, 3)
        Light, colour cast and vignette together.
    noise : float
        Standard deviation in grey levels.
    infrared : bool
        Whether frames are grey.
    quality : int
        JPEG quality; the x264 rate factor derives from it.
    """

    background: Image.Image
    horizon: float
    gain: Pixels
    noise: float
    infrared: bool
    quality: int


def random_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """Draw a camera at random.

    Parameters
    ----------
    rng : Generator
        Decides everything.
    size : tuple of int
        Width and height of its frames, pixels.

    Returns
    -------
    Camera

    Examples
    --------
    >>> random_camera(np.random.default_rng(0), (64, 48)).gain.shape
    (48, 64, 3)
    """
    width, height = size
    horizon = rng.uniform(0.3, 0.5)
    light = rng.choice([1.0, 0.85, 0.7], p=[0.5, 0.3, 0.2])  # day, dusk, night
    cast = rng.normal(1.0, 0.03, 3)
    yy, xx = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    vignette = 1 - rng.uniform(0.05, 0.3) * (xx**2 + yy**2) / 2
    return Camera(
        background=_background(rng, (width * SUPERSAMPLING, height * SUPERSAMPLING), horizon),
        horizon=horizon,
        gain=(light * vignette[..., None] * cast).astype(np.float32),
        noise=rng.uniform(2, 7),
        infrared=bool(rng.random() < 0.1),
        quality=int(rng.integers(55, 90)),
    )


def _background(rng: np.random.Generator, size: tuple[int, int], horizon: float) -> Image.Image:
    """Draw a wall or sky over textured ground, with windows, parked cars or trees before it."""
    width, height = size
    split = int(horizon * height)
    wall, ground = (rng.uniform(*grey) + rng.normal(0, 6, 3) for grey in ((125, 180), (90, 135)))
    rows = np.arange(height)[:, None, None] / height
    base = np.where(rows < horizon, wall * (0.8 + 0.5 * rows), ground * (0.75 + 0.35 * rows))
    texture = 14 * (smooth_noise(rng, size, 12) - 0.5) + 22 * (smooth_noise(rng, size, 70) - 0.5)
    pixels = np.broadcast_to(base, (height, width, 3)) + texture[..., None]
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image, "RGBA")
    kind = rng.choice(["windows", "cars", "trees"])
    for left in np.arange(rng.uniform(0, 0.1), 1, rng.uniform(0.14, 0.26)) * width:
        shade = tuple(int(v) for v in rng.uniform(40, 120, 3))
        if kind == "windows":
            box = (left, split * 0.25, left + 0.08 * width, split * 0.7)
            draw.rectangle(box, fill=(*shade, 200), outline=(230, 230, 225, 150), width=3)
        elif kind == "cars":
            box = (left, split - 0.07 * height, left + 0.13 * width, split + 0.02 * height)
            draw.rounded_rectangle(box, 0.03 * height, fill=shade)
        else:
            box = (left, split * 0.2, left + 0.12 * width, split * 0.85)
            draw.line(
                (left + 0.06 * width, split * 0.6, left + 0.06 * width, split), (70, 55, 40), 8
            )
            draw.ellipse(box, fill=(40, int(rng.uniform(70, 120)), 45, 235))
    for edge in np.arange(-0.5, 1.6, rng.uniform(0.2, 0.5)):  # lane or floor lines to one far point
        ends = (width * (0.5 + (edge - 0.5) * 0.5), split, width * (0.5 + (edge - 0.5) * 2), height)
        draw.line(ends, fill=(235, 235, 220, 45), width=4)
    return image


def smooth_noise(rng: np.random.Generator, size: tuple[int, int], cells: int) -> Pixels:
    """Draw smooth noise.

    Parameters
    ----------
    rng : Generator
        Decides the values.
    size : tuple of int
        Width and height, pixels.
    cells : int
        About how many bumps there are across.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Values from 0 to 1.

    Examples
    --------
    >>> smooth_noise(np.random.default_rng(0), (64, 48), 8).shape
    (48, 64)
    """
    coarse = rng.random((max(2, cells * size[1] // size[0]), cells)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)).clip(0, 1)
