"""Decode a picture safely, as an RGB array."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from harmlib.media.deep_pixels import RangeError, to_8_bits
from harmlib.media.formats import HEAD, Format, recognise
from harmlib.media.metadata import TURNS, orientation, without_metadata
from harmlib.params import MAX_PIXELS

# What Pillow's readers raise for damaged files, with a message that says enough by itself
DAMAGED = (
    OSError, SyntaxError, ValueError, IndexError, RuntimeError, EOFError, struct.error,
)  # fmt: skip
_UNREAD = re.compile(r"unknown|unsupported|not supported|cannot handle|not available", re.I)
_MAX_REWRITTEN = 1 << 28  # bytes of a file whose metadata is taken out in memory
_MAX_REASON = 300  # characters
_NEEDS_HEIF = (
    "HEIC, a format that isn't supported without the package pillow-heif; install it, or convert "
    "the file to JPEG or PNG"
)

RGB = npt.NDArray[np.uint8]  # (height, width, 3)
Result = TypeVar("Result")


class MediaError(ValueError):
    """A file that can't be used; the message is the reason that the ledger keeps."""


def loss_reason(error: Exception) -> str:
    """Say in words for the ledger why one file is lost, whatever it raised.

    Parameters
    ----------
    error : Exception
        A `MediaError`, or what nobody expected.

    Returns
    -------
    str
        The message of a `MediaError` as it is; else with the exception's kind.

    Notes
    -----
    Any `Exception` is the loss of the file that raised it, and no more; MemoryError too, since the
    memory of one file is free again afterwards. KeyboardInterrupt and SystemExit are no
    `Exception`: they end the run.

    Examples
    --------
    >>> loss_reason(MediaError("no video stream"))
    'no video stream'
    >>> loss_reason(KeyError("x"))
    "can't be decoded (KeyError: 'x')"
    """
    if isinstance(error, MediaError):
        return str(error)
    if isinstance(error, MemoryError):
        return "needs more memory to be decoded than there is (MemoryError)"
    if isinstance(error, OSError):
        return f"can't be read: {_one_line(error)}"
    return f"can't be decoded ({type(error).__name__}: {_one_line(error)})"


def _one_line(error: Exception) -> str:
    """What a damaged file makes a reader say may be long, and hold line ends."""
    text = " ".join(str(error).split())
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]}…"


def load_image(path: Path, max_pixels: int = MAX_PIXELS) -> RGB:
    """Decode a picture.

    Parameters
    ----------
    path : Path
        A file that begins as a picture does; its name doesn't count.
    max_pixels : int
        The most pixels that a picture may have.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB, upright according to the EXIF orientation, transparent pixels laid on white, deeper
        pixels scaled to 8 bits as `harmlib.media.deep_pixels` says.

    Raises
    ------
    MediaError
        If the file is empty, no picture, cut off, or has more than `max_pixels`.

    Notes
    -----
    Metadata doesn't decide: what is broken or too large there is taken out before a second try.

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
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head:
            raise MediaError("empty file (0 bytes)")
        found = recognise(head)
        if found.kind != "picture":
            raise MediaError(
                f"not a picture that Pillow can read{found.name and f' ({found.name})'}"
            )
        return read_picture(
            file, found, "picture", lambda whole, turned: _rgb(whole, found, max_pixels, turned)
        )


def read_picture(
    file: BinaryIO, found: Format, what: str, read: Callable[[BinaryIO, int], Result]
) -> Result:
    """Read a picture; where that fails, once more without its metadata.

    Parameters
    ----------
    file : binary file
        The picture.
    found : Format
        What it is.
    what : str
        The damaged thing's name in a reason.
    read : callable
        Called with a file, and the orientation that was in metadata which is gone (else 1).

    Returns
    -------
    object
        What `read` returns.

    Raises
    ------
    MediaError
        With the reason, whatever `read` raises.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> Image.new("L", (8, 6)).save(file, "PNG")
    >>> png = recognise(file.getvalue())
    >>> read_picture(file, png, "PNG", lambda whole, _: open_picture(whole, png, 48).mode)
    'L'
    """
    try:
        return read(file, 1)
    except MediaError:
        raise
    except Exception as first:  # what Pillow's readers raise for odd files has no end
        rewritten = None if isinstance(first, MemoryError) else _rewritten(file, found)
        if rewritten is not None:
            smaller, turned = rewritten
            with contextlib.suppress(Exception):  # the first error is the one to tell
                return read(io.BytesIO(smaller), turned)
        raise MediaError(_why_damaged(first, found, what)) from first


def open_picture(file: BinaryIO, found: Format, max_pixels: int) -> ImageFile.ImageFile:
    """Open a picture by the one reader of its format; nothing is decoded yet.

    Parameters
    ----------
    file : binary file
        Anywhere in the file.
    found : Format
        What the file is; a picture.
    max_pixels : int
        The most pixels that it may have.

    Returns
    -------
    PIL.ImageFile.ImageFile

    Raises
    ------
    MediaError
        If it has more pixels, or if nothing here reads its format.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> Image.new("L", (8, 6)).save(file, "PNG")
    >>> open_picture(file, recognise(file.getvalue()), 48).size
    (8, 6)
    """
    _know_readers(found)
    factory, _ = Image.OPEN[found.reader]
    file.seek(0)
    try:
        # Not by Image.open: it asks other readers too, and has a limit of its own.
        image = factory(file, "")
    except Image.DecompressionBombError as error:
        raise MediaError(f"too large: {_one_line(error)}") from error
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise MediaError(
            f"{image.width}x{image.height} pixels: more than the limit of {max_pixels:,}"
        )
    _refuse_raw(image)
    return image


def _know_readers(found: Format) -> None:
    Image.init()
    if found.reader == "HEIF" and "HEIF" not in Image.OPEN:
        try:
            importlib.import_module("pillow_heif").register_heif_opener()
        except ImportError:
            raise MediaError(_NEEDS_HEIF) from None
    if found.reader not in Image.OPEN:
        raise MediaError(
            f"{found.name}, which this build of Pillow can't read; convert it to JPEG or PNG"
        )


_DNG_VERSION, _SUBFILE, _PHOTOMETRIC = 50706, 254, 262
_SENSORS = (32803, 34892)  # photometric interpretations: a colour filter array, linear raw


def _refuse_raw(image: Image.Image) -> None:
    """Cameras' raw files are TIFFs whose first picture is a small preview."""
    tags = getattr(image, "tag_v2", {})
    if (
        _DNG_VERSION in tags
        or tags.get(_PHOTOMETRIC) in _SENSORS
        or (tags.get(_SUBFILE) == 1 and 330 in tags)
    ):
        raise MediaError(
            "unsupported format: camera's raw file (DNG, NEF, ARW or the like), of which only a "
            "preview could be read; convert it to JPEG or PNG"
        )


def _rgb(file: BinaryIO, found: Format, max_pixels: int, turned: int = 1) -> RGB:
    """Decode; `turned` is the orientation that was found in metadata which is gone now."""
    opened = open_picture(file, found, max_pixels)
    image = to_8_bits(opened, lambda: open_picture(file, found, max_pixels))
    # Pillow has turned a TIFF while it loaded it.
    turn = TURNS.get(turned if turned > 1 else orientation(opened))
    if turn is not None and found.reader != "TIFF":
        transparency = image.info.get("transparency")
        image = image.transpose(turn)
        if transparency is not None:
            image.info["transparency"] = transparency
    # Transparent pixels carry arbitrary colours: lay the picture on white.
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _rewritten(file: BinaryIO, found: Format) -> tuple[bytes, int] | None:
    if file.seek(0, io.SEEK_END) > _MAX_REWRITTEN:
        return None
    file.seek(0)
    return without_metadata(file.read(), found.reader)


def _why_damaged(error: Exception, found: Format, what: str) -> str:
    """Tell damage from what is only not supported, by what Pillow says."""
    if isinstance(error, MemoryError | Image.DecompressionBombError):
        return loss_reason(error)
    if isinstance(error, RangeError):
        return str(error)
    text = "its header is cut off" if "requires a buffer" in str(error) else _one_line(error)
    if not text or not (type(error) in DAMAGED or isinstance(error, OSError | ValueError)):
        text = f"{type(error).__name__}: {text}"
    if _UNREAD.search(text):
        return f"a {found.name} of a kind that can't be read here ({text}); save it as 8-bit PNG"
    return f"damaged {what}: {text}"
