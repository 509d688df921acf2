"""Files, folders, patterns and lists of paths to media, one at a time; nothing lost quietly."""

from __future__ import annotations

import fnmatch
import glob
import hashlib
import os
import stat
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from PIL import Image

from harmlib.media.decode import DAMAGED, MediaError
from harmlib.params import Modality

_BLOCK = 1 << 16
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


@dataclass(frozen=True)
class Found:
    """A path as it was named or met, and what it is; `reason` is empty for usable media."""

    path: Path
    modality: Modality | None
    reason: str = ""


def find_media(paths: Iterable[str | Path], *, stdin: BinaryIO | None = None) -> Iterator[Found]:
    """Every file that `paths` lead to, as it is met: in the order of `paths`, folders by name.

    paths: files; folders, searched to the bottom; patterns (`*`, `?`, `[ab]`, `**` for any depth)
        that the shell left alone; `-` for one path a line from `stdin`, or paths that end in NUL
        (`find -print0`) if its first block has a NUL. Lines are names, never patterns.
    stdin: binary and buffered; None for the process's own.

    Names that begin with a dot are left out of folders and patterns, unless they are named
    (`.hidden/*`). Links to files are followed; links to folders only where named, so that no loop
    is walked. A file or folder that is met again, also through a link, doesn't come again.
    Whatever can't be used comes too, with the reason: missing paths, unreadable folders, folders
    without a visible file, patterns without a match, and what `modality_of` refuses.

    Held in memory: the names in the folders from the top to the current one, and some 130 bytes
    for every file met. A path may hold any bytes (as surrogates, which `os.fsencode` turns back).
    Raises ValueError for a single path instead of a list.
    """
    if isinstance(paths, str | os.PathLike):
        raise ValueError(f"paths is {os.fspath(paths)!r}; pass a list of paths")
    seen: set[bytes] = set()
    for path in map(os.fspath, paths):
        if path == "-":
            for line in _read_paths(sys.stdin.buffer if stdin is None else stdin):
                yield from _search(line, seen)
        elif glob.has_magic(path) and not os.path.lexists(path):
            matched = False
            for match in _expand(path):
                matched = True
                yield from _search(match, seen)
            if not matched:
                yield Found(Path(path), None, "nothing matches this pattern")
        else:
            yield from _search(path, seen)


def modality_of(path: str | Path) -> Modality:
    """What a file is by its content: the signature, then the header; never by its name.

    A picture that moves (GIF or PNG of several frames) is a video: judged by its first frame
    alone, the others would pass unseen. Moving WebP and AVIF are refused, as FFmpeg decodes one
    frame of them at most. A TIFF of several pages, and a JPEG with more pictures behind the first,
    are images. A file can still turn out damaged behind its header.

    Raises MediaError, with the reason, for everything else: missing, empty, a folder, a pipe or
    socket (never opened, so nothing hangs), sound, text, unknown formats, damaged headers.
    """
    if "\0" in os.fspath(path):
        raise MediaError("no file name can hold a NUL")
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise MediaError(f"{_KINDS[stat.S_IFMT(status.st_mode)]}, not a file")
        if not status.st_size:
            raise MediaError("empty file (0 bytes)")
        with open(path, "rb") as file:
            return _by_content(file)
    except FileNotFoundError:
        raise MediaError(_missing(path)) from None
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
            return name in (*_MOVING, "WEBP", "AVIF") and image.is_animated
    except DAMAGED as error:
        if name == "AVIF":
            raise MediaError(_UNREADABLE) from error
        raise MediaError(f"damaged {name}: its header can't be read") from error


def _check_video(file: BinaryIO, demuxer: str) -> None:
    # A file object, because FFmpeg takes a name like `concat:a.mp4` for an order to open others
    try:
        with av.open(file, format=demuxer, metadata_errors="replace") as container:
            covers = av.stream.Disposition.attached_pic
            if all(stream.disposition & covers for stream in container.streams.video):
                raise MediaError("no video stream")  # sound only, perhaps with a cover
    except av.FFmpegError as error:
        raise MediaError(f"damaged or unknown video: {error.strerror}") from error


def _missing(path: str | Path) -> str:
    name = os.fspath(path)
    if os.path.islink(name):
        return "a link to nowhere"
    if any(os.path.lexists(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")):
        return "no such file; one of this name exists in another Unicode form (NFC, NFD)"
    return "no such file or folder"


def _search(path: str, seen: set[bytes]) -> Iterator[Found]:
    """What one named path leads to: the file, or all files of the folder; but nothing twice."""
    stack, is_empty = [("", "", path)], True  # folder, its real path, a name in it
    while stack:
        folder, real, name = stack.pop()
        current = os.path.join(folder, name)
        is_folder, is_link = os.path.isdir(current), os.path.islink(current)
        # realpath asks for every folder above: only where a link may have been taken
        real = os.path.join(real, name) if folder and not is_link else _real(current)
        key = hashlib.blake2b(os.fsencode(real), digest_size=16).digest()
        is_empty &= is_folder and key not in seen
        if key in seen:
            continue
        if is_folder and is_link and folder:
            is_empty = False
            reason = "a link to a folder, not followed; name it to search it"
            yield Found(Path(current), None, reason)
            continue
        seen.add(key)
        if not is_folder:
            yield _judge(current)
            continue
        try:
            stack += [(current, real, name) for name in reversed(_names(current))]
        except OSError as error:
            is_empty = False
            yield Found(Path(current), None, f"folder can't be read: {error.strerror}")
    if is_empty:
        yield Found(Path(path), None, "a folder without a visible file")


def _real(path: str) -> str:
    return path if "\0" in path else os.path.realpath(path)


def _judge(path: str) -> Found:
    try:
        return Found(Path(path), modality_of(path))
    except MediaError as error:
        return Found(Path(path), None, str(error))


def _names(folder: str, dotted: bool = False) -> list[str]:
    return sorted(n for n in os.listdir(folder or ".") if dotted or not n.startswith("."))


def _expand(pattern: str) -> Iterator[str]:
    """The paths that match, one at a time, by name; and the folders that can't be read.

    As the shell would; Python's `glob` neither sorts, nor says what it couldn't read.
    """
    anchor = Path(pattern).anchor
    stack = [(anchor, Path(pattern).parts[bool(anchor) :])]
    while stack:
        base, parts = stack.pop()
        if not parts:
            yield base or "."
        elif not glob.has_magic(parts[0]):
            named = os.path.join(base, parts[0])
            stack += [(named, parts[1:])] if os.path.lexists(named) else []
        elif os.path.isdir(base or "."):
            try:
                stack += reversed(_step(base, parts))
            except OSError:
                yield base or "."  # searching it will say why it can't be read


def _step(base: str, parts: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Where the first part leads from a folder: paths, each with the parts that remain."""
    first, rest = parts[0], parts[1:]
    if first != "**":
        names = fnmatch.filter(_names(base, dotted=first.startswith(".")), first)
        return [(os.path.join(base, name), rest) for name in names]
    inside = [os.path.join(base, name) for name in _names(base)] if rest else []
    folders = [path for path in inside if os.path.isdir(path) and not os.path.islink(path)]
    return [(base, rest), *((folder, parts) for folder in folders)]


def _read_paths(stream: BinaryIO) -> Iterator[str]:
    rest, end = b"", b""
    while block := stream.read1(_BLOCK):
        rest += block
        end = end or next((mark for mark in (b"\0", b"\n") if mark in rest), b"")
        if end:
            *whole, rest = rest.split(end)
            yield from _decoded(whole, end)
    yield from _decoded([rest], end)


def _decoded(lines: list[bytes], end: bytes) -> Iterator[str]:
    for line in lines:
        name = line if end == b"\0" else line.removesuffix(b"\r")  # lists from Windows
        if name:
            yield os.fsdecode(name)
