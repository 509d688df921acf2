"""Identify a file by its content: an image, a video, or neither."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

import av
from PIL import Image

from harmlib.media.decode import DAMAGED, MediaError
from harmlib.params import Modality

_HEAD = 256  # bytes that every signature lies in
# (offset, signature, Pillow's format) and (offset, signature, FFmpeg's demuxer). Nothing else is
# opened: FFmpeg takes any text for a video of a terminal, and playlists lead to other files.
_PICTURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WEBP"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    # The family of HEIF, which AVIF is the readable member of
    *((4, b"ftyp" + brand, "AVIF") for brand in (b"avi", b"he", b"mif1", b"msf1")),
)
_VIDEOS = (
    *((4, box, "mov") for box in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (0, b"\0\0\1\xba", "mpeg"),
    (0, b"\0\0\1\xb3", "mpegvideo"),
    (0, b"FLV\1", "flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"OggS", "ogg"),
)
_MOVING = {"GIF": "gif", "PNG": "apng"}  # FFmpeg's demuxers
_UNREADABLE = "HEIC, or AVIF that Pillow can't read; convert it to JPEG or PNG"
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def identify(path: str | Path) -> Modality:
    """Tell what a file is by its content: the signature, then the header; never by its name.

    Parameters
    ----------
    path : str or Path
        A file of any name.

    Returns
    -------
    {"image", "video"}
        A picture that moves (GIF or PNG of several frames) is a video: if it were scored by its
        first frame alone, the others would pass unseen. A TIFF of several pages, and a JPEG with
        more pictures behind the first, are images.

    Raises
    ------
    MediaError
        With the reason, for everything else: empty files, folders, pipes and sockets (they are
        never opened, so nothing hangs), sound, text, unknown formats, damaged headers. Moving
        WebP and AVIF are refused, because FFmpeg decodes one frame of them at most.

    Notes
    -----
    The file can still be damaged behind its header; `harmlib.media.probe.probe` decodes it whole.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
    ...     Image.new("RGB", (8, 6)).save(file, "PNG")
    ...     file.flush()
    ...     identify(file.name)
    'image'
    """
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MediaError(f"{_KINDS[stat.S_IFMT(status.st_mode)]}, not a file")
        if not status.st_size:
            raise MediaError("empty file (0 bytes)")
        with path.open("rb") as file:
            return _by_content(file)
    except OSError as error:
        raise MediaError(f"can't be read: {error.strerror or error}") from error


def _by_content(file: BinaryIO) -> Modality:
    head = file.read(_HEAD)
    file.seek(0)
    if name := _match(head, _PICTURES):
        if not _is_moving(file, name):
            return "image"
        if name not in _MOVING:
            raise MediaError(f"a moving {name}, which FFmpeg can't decode; convert it to MP4")
        file.seek(0)
        _check_video(file, _MOVING[name])
        return "video"
    # Packets of 188 bytes, each beginning with G; in M2TS each behind a time code of 4 bytes
    is_mpegts = any(head[at::step][:2] == b"GG" for at, step in ((0, 188), (4, 192)))
    demuxer = "mpegts" if is_mpegts else _match(head, _VIDEOS)
    if not demuxer:
        raise MediaError("neither a picture nor a video, by its content")
    _check_video(file, demuxer)
    return "video"


def _match(head: bytes, signatures: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for at, start, name in signatures if head.startswith(start, at)), None)


def _is_moving(file: BinaryIO, name: str) -> bool:
    Image.init()
    if name not in Image.OPEN:
        raise MediaError(_UNREADABLE)
    try:
        with Image.open(file, formats=[name]) as image:
            may_move = name in (*_MOVING, "WEBP", "AVIF")
            return may_move and bool(getattr(image, "is_animated", False))
    except DAMAGED as error:
        if name == "AVIF":
            raise MediaError(_UNREADABLE) from error
        raise MediaError(f"damaged {name}: its header can't be read") from error


def _check_video(file: BinaryIO, demuxer: str) -> None:
    # A file object, because FFmpeg takes a name like `concat:a.mp4` for a command to open others
    try:
        with av.open(file, format=demuxer, metadata_errors="replace") as container:
            covers = av.stream.Disposition.attached_pic
            if all(stream.disposition & covers for stream in container.streams.video):
                raise MediaError("no video stream")  # sound only, perhaps with a cover
    except av.FFmpegError as error:
        raise MediaError(f"damaged or unknown video: {error.strerror}") from error
