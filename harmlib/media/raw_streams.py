"""Recognise video that is coded but in no container: H.264, HEVC, MPEG-4, motion JPEG."""

from __future__ import annotations

import mmap
import re
from typing import BinaryIO, NamedTuple

_START = b"\0\0\1"
# First unit of an H.264 stream (ITU-T H.264, 7.3.1): parameter sets, messages, delimiters, or a
# slice that others refer to; of an HEVC stream (H.265, 7.3.1.2): the same, of the base layer.
_H264_UNITS = {0x06, 0x09, *(ref << 5 | kind for ref in (1, 2, 3) for kind in (1, 5, 7, 8))}
_HEVC_UNITS = {bytes([kind << 1, 1]) for kind in (32, 33, 34, 35, 39)}
_MPEG4 = (b"\xb0", b"\xb5\x09", b"\0\0\0\1\x20")  # sequence, visual object, video object and layer
# A marker within the coded data of a JPEG: 0xff before a stuffed zero, a restart or a fill byte is
# none.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def raw_video(head: bytes) -> tuple[str, str] | None:
    """Tell a raw video stream by its first bytes.

    Parameters
    ----------
    head : bytes
        The first bytes of a file; ten are enough.

    Returns
    -------
    tuple of (str, str) or None
        What people call it, and FFmpeg's demuxer; None for anything else.

    Examples
    --------
    >>> raw_video(bytes.fromhex("00000001 6764000b ac"))
    ('raw H.264 video', 'h264')
    >>> raw_video(b"GIF89a")
    """
    unit = head[1:] if head.startswith(b"\0" + _START) else head
    if not unit.startswith(_START):
        return None
    unit = unit[len(_START) :]
    if unit[:2] in _HEVC_UNITS:
        return "raw HEVC video", "hevc"
    if unit.startswith(_MPEG4):
        return "raw MPEG-4 video", "m4v"
    if unit and unit[0] in _H264_UNITS:
        return "raw H.264 video", "h264"
    return None


def is_motion_jpeg(file: BinaryIO) -> bool:
    """Whether pictures of one size follow each other end to end, as motion JPEG.

    A JPEG that carries another picture behind it is no motion JPEG: a preview has another size,
    and cameras that store several pictures declare them (MPO, a segment ``MPF``).

    Parameters
    ----------
    file : binary file
        Of a name on disk; it begins with a JPEG. Its position stays.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryFile() as file:
    ...     for i in range(2):
    ...         Image.new("L", (8, 6), i).save(file, "JPEG")
    ...     file.flush()
    ...     is_motion_jpeg(file)
    True
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        first = _read_jpeg(content, 0)
        if first is None or first.is_declared:
            return False
        second = _read_jpeg(content, first.end)
        return second is not None and second.size == first.size


class _Jpeg(NamedTuple):
    end: int  # the position behind it
    size: bytes  # height and width as they are stored; empty where no header tells them
    is_declared: bool  # it says that others follow


def _read_jpeg(content: mmap.mmap, start: int) -> _Jpeg | None:
    """Walk from marker to marker (ITU-T T.81, annex B)."""
    if content[start : start + 3] != b"\xff\xd8\xff":
        return None
    at, size, is_declared = start + 2, b"", False
    while found := _MARKER.search(content, at):
        kind, at = content[found.start() + 1], found.end()
        if kind == 0xD9:
            return _Jpeg(at, size, is_declared)
        if kind in _FRAME_HEADERS:
            size = content[at + 3 : at + 7]
        is_declared |= content[at + 2 : at + 6] == b"MPF\0"
        at += int.from_bytes(content[at : at + 2], "big")
    return None
