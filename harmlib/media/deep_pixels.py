"""Scale pixels of more than 8 bits by the range that they use, so that none turns black.

The rule: a range that the file declares (TIFF's BitsPerSample, MaxSampleValue, SMinSampleValue and
SMaxSampleValue) is taken. Where it declares none, the range is that of the fewest of 8, 10, 12, 14
and 16 (of whole numbers of 32 bits: up to 32) bits that hold the brightest pixel; but if all values
are multiples of 256 or of 257, they are 8-bit values made wider, and the range is all 16 bits. So a
picture looks the same in 8, 10, 12, 14 and 16 bits; one that is darker than a quarter everywhere
is made brighter. Floating point is read as 0 to 1 or as 0 to 255, and refused beyond.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

_BITS = (8, 10, 12, 14, 16)
_BITS_OF_INTEGERS = (8, 10, 12, 14, 15, 16, 24, 31, 32)
_DIM = 64  # of 255: below it, what lies in the low bytes of 16 bits may be the picture
_BITS_PER_SAMPLE, _WHITE_IS_ZERO, _SAMPLE_FORMAT = 258, 262, 339
_MAX, _SMIN, _SMAX = 281, 340, 341
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_COLOURS = ("RGB;16", "RGBA;16", "RGBX;16")  # of one pixel after the other

Values = npt.NDArray[np.generic]


class RangeError(ValueError):
    """Pixels whose range nobody can tell."""


def to_8_bits(image: ImageFile.ImageFile, reopen: Callable[[], ImageFile.ImageFile]) -> Image.Image:
    """Load a picture, and scale its pixels to 8 bits where they are deeper.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Just opened.
    reopen : callable
        Opens the same file once more: Pillow keeps only the high bytes of deep colours.

    Returns
    -------
    PIL.Image.Image
        Of 8 bits a channel; `image` itself if it was that.

    Raises
    ------
    RangeError
        For floating point pixels of a range that the file doesn't declare.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> Image.fromarray(np.array([[0, 4095]], np.uint16)).save(file, "PNG")
    >>> to_8_bits(Image.open(file), lambda: Image.open(file)).getextrema()
    (0, 255)
    """
    order = _raw_mode(image)
    image.load()
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        grey = _grey(image)
        return Image.fromarray(grey)
    if order.startswith((*_COLOURS, "LA;16")):
        return _colours(image, order, reopen)
    return image


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """How Pillow's decoder takes the pixels, such as ``RGB;16B``."""
    if not image.tile:
        return ""
    args = image.tile[0].args
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _grey(image: Image.Image) -> npt.NDArray[np.uint8]:
    tags = getattr(image, "tag_v2", {})
    values: Values = np.asarray(image)
    if image.mode == "I" and _number(tags, _SAMPLE_FORMAT) in (None, 1) and _bits(tags) == 32:
        values = values.view(np.uint32)  # Pillow's own 32 bits are signed
    low, high = _number(tags, _SMIN), _number(tags, _SMAX) or _number(tags, _MAX)
    if high is None and 8 < _bits(tags) < 16:
        high = 2 ** _bits(tags) - 1
    scaled = _scaled(values, image.mode, low, high)
    return ~scaled if _number(tags, _WHITE_IS_ZERO) == 0 else scaled


def _scaled(
    values: Values, mode: str, low: float | None, high: float | None
) -> npt.NDArray[np.uint8]:
    """To 0 to 255, from the declared range if it holds the values, else from the one in use."""
    bottom, peak = float(values.min()), float(values.max())
    if high is not None and high > 0 and peak <= high and bottom >= (low or 0):
        bits = int(high).bit_length()
        if low or high != 2**bits - 1 or bits < 8 or mode == "F":
            return _linear(values, low or 0.0, high)
    elif mode == "F":
        return _linear(values, 0.0, _white_of_floats(values, bottom, peak))
    elif bottom < 0:
        return _linear(values, bottom, peak)
    else:
        bits = _bits_in_use(values, _BITS if mode != "I" else _BITS_OF_INTEGERS)
    return np.asarray(np.right_shift(values, bits - 8), np.uint8)


def _linear(values: Values, low: float, high: float) -> npt.NDArray[np.uint8]:
    share = values.astype(np.float32)  # worked on in place: a picture may have 100 megapixels
    share -= low
    share *= 255 / max(high - low, 1e-12)
    return np.asarray(np.rint(share, out=share).clip(0, 255, out=share), np.uint8)


def _white_of_floats(values: Values, bottom: float, peak: float) -> float:
    if np.isfinite(values).all() and bottom >= 0:
        if peak <= 1:
            return 1.0
        if 16 <= peak <= 255:
            return 255.0
    raise RangeError(
        f"floating point pixels from {bottom:g} to {peak:g}, and the file doesn't say which is "
        "white; convert it to 8 or 16 bits"
    )


def _bits_in_use(values: Values, allowed: tuple[int, ...]) -> int:
    peak = int(values.max())
    bits = next(bits for bits in allowed if peak < 2**bits)
    if 8 < bits < 16 and not all(np.remainder(values, wider).any() for wider in (256, 257)):
        return 16
    return bits


def _colours(
    image: ImageFile.ImageFile, order: str, reopen: Callable[[], ImageFile.ImageFile]
) -> Image.Image:
    """Pillow has kept the high bytes; add the low ones where those alone are nearly black."""
    high = np.asarray(image)
    if int(high[..., :3].max()) >= _DIM:
        return image
    values = high.astype(np.uint16) << 8 | _low_bytes(reopen(), order)
    parts = [values[..., :3], values[..., 3:]]  # colours and alpha may differ in their range
    scaled = [_scaled(part, "I;16", None, None) for part in parts if part.size]
    return Image.fromarray(np.concatenate(scaled, axis=2), image.mode)


def _low_bytes(again: ImageFile.ImageFile, order: str) -> npt.NDArray[np.uint8]:
    """Decode in the other byte order: Pillow's "high" bytes are then the low ones."""
    if order.startswith("LA"):  # as four bytes a pixel: grey high, low, alpha high, low
        _take_as(again, "RGBA")
        pairs = np.asarray(again)
        return pairs[..., [1, 1, 1, 3]]
    _take_as(again, order[:-1] + _OTHER_ORDER[order[-1]])
    return np.asarray(again)


def _take_as(image: ImageFile.ImageFile, order: str) -> None:
    image.tile = [
        tile._replace(args=(order, *tile.args[1:]) if isinstance(tile.args, tuple) else order)
        for tile in image.tile
    ]


def _bits(tags: object) -> int:
    return int(_number(tags, _BITS_PER_SAMPLE) or 0)


def _number(tags: object, tag: int) -> float | None:
    """A TIFF tag's number, the highest of several; None where it is missing or none."""
    value = tags.get(tag) if hasattr(tags, "get") else None
    several = value if isinstance(value, tuple) else (value,)
    try:
        return max(float(one) for one in several)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
