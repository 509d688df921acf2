"""Metadata of a picture: only its orientation is read, and nothing in it decides about pixels."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image

_ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Chunks of PNG and WebP, segments of JPEG and tags of TIFF
_OF_PNG = (
    b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tIME", b"pHYs", b"sPLT", b"hIST", b"cHRM",
    b"gAMA", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"oFFs", b"bKGD",
)  # fmt: skip
_OF_WEBP = (b"EXIF", b"ICCP", b"XMP ")
_OF_JPEG = (*range(0xE1, 0xEE), 0xEF, 0xFE)  # APP0 (JFIF) and APP14 (Adobe) tell the colours
_KEPT_OF_TIFF = (
    254, 256, 257, 258, 259, 262, 266, _ORIENTATION, 273, 277, 278, 279, 281, 284, 292, 293, 317,
    320, 322, 323, 324, 325, 330, 332, 338, 339, 340, 341, 347, 529, 530, 531, 532,
)  # fmt: skip


def orientation(image: Image.Image) -> int:
    """Read how a picture is turned, where that can be read.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened by Pillow.

    Returns
    -------
    int
        EXIF's number, 1 to 8; 1 (upright) where the metadata is missing or broken.

    Examples
    --------
    >>> orientation(Image.new("L", (2, 2)))
    1
    """
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - odd tags raise anything, and pixels do not need them
        value = orientation_in(image.info.get("exif", b""))
    return _as_number(value)


def _as_number(value: object) -> int:
    if isinstance(value, tuple | bytes | list) and len(value) == 1:
        value = value[0]
    try:
        number = int(value)  # type: ignore[call-overload]  # odd types are what this is for
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return 1
    return number if number in TURNS else 1


def orientation_in(exif: bytes) -> int:
    """Read the orientation in a block of EXIF and nothing else, whatever else is broken.

    Parameters
    ----------
    exif : bytes
        With or without its marker ``Exif``.

    Returns
    -------
    int
        1 to 8; 1 where there is none.

    Examples
    --------
    >>> exif = Image.Exif()
    >>> exif[0x0112] = 6
    >>> orientation_in(exif.tobytes())
    6
    """
    block = exif[6:] if exif.startswith(b"Exif\0\0") else exif
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "L", block, 4)
        (count,) = struct.unpack_from(order + "H", block, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", block, at)
            if tag == _ORIENTATION:
                code = {1: "B", 3: "H", 4: "L", 7: "B"}.get(kind)
                return _as_number(struct.unpack_from(order + code, block, at + 8)[0] if code else 1)
    except struct.error:
        pass  # cut off
    return 1


def without_metadata(content: bytes, reader: str) -> tuple[bytes, int] | None:
    """Take a picture's metadata out; pixels, palettes and transparency stay as they are.

    Parameters
    ----------
    content : bytes
        The whole file.
    reader : str
        Pillow's format.

    Returns
    -------
    tuple of (bytes, int) or None
        The file without metadata, and its orientation; None if nothing was there to be taken out.

    Examples
    --------
    >>> import io
    >>> file, exif = io.BytesIO(), Image.Exif()
    >>> exif[0x0112] = 6
    >>> Image.new("L", (4, 3)).save(file, "PNG", exif=exif)
    >>> smaller, turned = without_metadata(file.getvalue(), "PNG")
    >>> len(smaller) < len(file.getvalue()), turned
    (True, 6)
    """
    split = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp}.get(reader)
    if reader == "TIFF":
        return _tiff(content)
    if split is None:
        return None
    kept, turned = [], 1
    for is_metadata, part, exif in split(content):
        if is_metadata:
            turned = orientation_in(exif) if turned == 1 else turned
        else:
            kept.append(part)
    smaller = b"".join(kept)
    if len(smaller) == len(content):
        return None
    if reader == "WEBP":  # the size of all, and the flags of what was taken out
        smaller = b"RIFF" + struct.pack("<L", len(smaller) - 8) + smaller[8:]
        if smaller[12:16] == b"VP8X":
            smaller = smaller[:20] + bytes([smaller[20] & ~0x2C]) + smaller[21:]
    return smaller, turned


Part = tuple[bool, bytes, bytes]  # whether it is metadata, all its bytes, those of EXIF


def _png(content: bytes) -> Iterator[Part]:
    yield False, content[:8], b""
    at = 8
    while at + 8 <= len(content):
        size, name = struct.unpack_from(">L4s", content, at)
        part = content[at : at + 12 + size]
        yield name in _OF_PNG, part, part[8:-4] if name == b"eXIf" else b""
        at += 12 + size
    yield False, content[at:], b""


def _webp(content: bytes) -> Iterator[Part]:
    yield False, content[:12], b""
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sL", content, at)
        end = at + 8 + size + size % 2
        yield name in _OF_WEBP, content[at:end], content[at + 8 : end] if name == b"EXIF" else b""
        at = end


def _jpeg(content: bytes) -> Iterator[Part]:
    yield False, content[:2], b""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        part = content[at:end]
        yield content[at + 1] in _OF_JPEG, part, part[4:] if part[4:8] == b"Exif" else b""
        at = end
    yield False, content[at:], b""


def _tiff(content: bytes) -> tuple[bytes, int] | None:
    """Append a list of tags with those that pixels need, and let the header point at it.

    Pillow turns a TIFF itself, so that the orientation stays in it.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(order + "L", content, 4)
        (count,) = struct.unpack_from(order + "H", content, start)
        entries = [content[at : at + 12] for at in range(start + 2, start + 2 + 12 * count, 12)]
        tags = [struct.unpack_from(order + "H", entry)[0] for entry in entries]
    except struct.error:
        return None
    kept = [e for tag, e in zip(tags, entries, strict=True) if tag in _KEPT_OF_TIFF]
    if len(kept) == len(entries):
        return None
    padded = content + b"\0" * (len(content) % 2)
    listed = struct.pack(order + "H", len(kept)) + b"".join(kept) + b"\0" * 4
    return padded[:4] + struct.pack(order + "L", len(padded)) + padded[8:] + listed, 1
