"""Find files: from files, folders, patterns and lists of paths, one at a time, none dropped."""

# Strings and `os.path`, not `Path`: `os.path.isdir` answers False for a name that is too long and
# below a folder that can't be searched, where `Path.is_dir` raises; and strings are several times
# faster, which counts for millions of files.
# ruff: noqa: PTH112, PTH114, PTH118, PTH208

from __future__ import annotations

import errno
import fnmatch
import glob
import hashlib
import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from fsspec.utils import glob_translate

from harmlib.address import (
    Address,
    AddressError,
    address,
    is_address,
    local_text,
    without_secrets,
)
from harmlib.media.ledger import Unusable
from harmlib.media.remote_files import files_at

_BLOCK = 1 << 16  # bytes read from stdin at once


def find_files(
    paths: Iterable[str | Path], *, stdin: BinaryIO | None = None
) -> Iterator[Path | Address | Unusable]:
    """Yield every file that `paths` lead to: in the order of `paths`, within folders by name.

    What a file is, `harmlib.media.identify.identify` tells; here no file is opened.

    Parameters
    ----------
    paths : iterable of str or Path
        Files; folders, which are searched to the bottom; patterns (``*``, ``?``, ``[ab]``, and
        ``**`` for any depth) that the shell did not expand; ``-`` for the paths that `stdin`
        lists. A path may hold any bytes (as surrogates, which `os.fsencode` turns back). Each may
        be an address, too (``s3://bucket/media``, ``file:///media``): of a file, a folder or a
        pattern.
    stdin : binary stream, optional
        Buffered; by default the process's own standard input. It has one path per line, or paths
        that end in NUL (``find -print0``) if its first block contains a NUL. Lines are names,
        never patterns.

    Yields
    ------
    Path or Address
        A path that exists and is not a folder; a file at an address, with what its listing tells.
    Unusable
        What leads to no file, with step ``find``: a missing path, an unreadable folder, a folder
        without a visible file, a pattern without a match, a link to a folder inside a folder.

    Raises
    ------
    ValueError
        If `paths` is a single path instead of a list.

    Notes
    -----
    Names that begin with a dot are left out of folders and patterns, unless they are named
    (``.hidden/*``). Links to files are followed. Links to folders are followed only where they
    are named, so that the search never runs in a loop. A file or folder that is met again, also
    through a link, is not yielded again.

    Memory holds the names in the folders from the top to the current one, and some 130 bytes for
    every file met. Of addresses it holds a page of names, and 130 bytes for every file that was
    named by itself.

    Examples
    --------
    >>> [found] = find_files(["nowhere.png"])
    >>> found.step, found.reason
    ('find', 'no such file or folder')
    """
    if isinstance(paths, str | os.PathLike):
        raise ValueError(f"paths is {os.fspath(paths)!r}; pass a list of paths")
    seen: set[bytes] = set()
    remote = _Remote()
    for path in (local_text(os.fspath(path)) for path in paths):
        if path == "-":
            lines = _read_paths(sys.stdin.buffer if stdin is None else stdin)
            for line in map(local_text, lines):
                yield from remote.search(line) if is_address(line) else _search(line, seen)
        elif is_address(path):
            yield from remote.search(path)
        elif glob.has_magic(path) and not os.path.lexists(path):
            is_matched = False
            for match in _expand(path):
                is_matched = True
                yield from _search(match, seen)
            if not is_matched:
                yield _unusable(path, "nothing matches this pattern")
        else:
            yield from _search(path, seen)


class _Remote:
    """The files at addresses, none twice."""

    def __init__(self) -> None:
        self._named: set[bytes] = set()  # files that were named by themselves
        self._searched: list[str] = []  # folders that were
        self._matched: list[re.Pattern[str]] = []  # patterns that were

    def search(self, text: str) -> Iterator[Address | Unusable]:
        """Yield what one address leads to, or why it leads nowhere."""
        shown = without_secrets(text).rstrip("/")
        try:
            where = address(text)
            is_folder = False
            for one in files_at(where):
                is_folder |= one != where
                if self._is_new(one, is_folder):
                    yield one
            if is_folder and glob.has_magic(shown):
                self._matched.append(re.compile(glob_translate(where.text)))
            elif is_folder:
                self._searched.append(f"{shown}/")
        except (OSError, AddressError) as error:
            yield Unusable(shown, str(error).removeprefix(f"{shown}: "), "find")

    def _is_new(self, one: Address, is_listed: bool) -> bool:
        if any(one.text.startswith(folder) for folder in self._searched):
            return False
        if any(pattern.match(one.text) for pattern in self._matched):
            return False
        if is_listed and not self._named:
            return True
        key = hashlib.blake2b(one.text.encode("utf-8", "surrogateescape"), digest_size=16).digest()
        if key in self._named:
            return False
        if not is_listed:
            self._named.add(key)
        return True


def _unusable(path: str, reason: str) -> Unusable:
    return Unusable(str(Path(path)), reason, "find")


def _search(path: str, seen: set[bytes]) -> Iterator[Path | Unusable]:
    """Yield what one named path leads to: the file, or all files of the folder; nothing twice."""
    stack, is_empty = [("", "", path)], True  # folder, its real path, a name in it
    while stack:
        folder, real, name = stack.pop()
        current = os.path.join(folder, name)
        is_folder, is_link = os.path.isdir(current), os.path.islink(current)
        # realpath examines every folder above: call it only where a link may have been taken
        real = os.path.join(real, name) if folder and not is_link else _real(current)
        key = hashlib.blake2b(os.fsencode(real), digest_size=16).digest()
        is_empty &= is_folder and key not in seen
        if key in seen:
            continue
        if is_folder and is_link and folder:
            is_empty = False
            yield _unusable(current, "a link to a folder, not followed; name it to search it")
            continue
        seen.add(key)
        if not is_folder:
            yield _existing(current)
            continue
        try:
            stack += [(current, real, name) for name in reversed(_names(current))]
        except OSError as error:
            is_empty = False
            yield _unusable(current, f"folder can't be read: {error.strerror}")
    if is_empty:
        yield _unusable(path, "a folder without a visible file")


def _real(path: str) -> str:
    return path if "\0" in path else os.path.realpath(path)


def _existing(path: str) -> Path | Unusable:
    if "\0" in path:
        return _unusable(path, "no file name can hold a NUL")
    found = Path(path)
    try:
        found.stat()
    except FileNotFoundError:
        return _unusable(path, _why_missing(path))
    except OSError as error:
        return _unusable(path, f"can't be read: {error.strerror}")
    return found


def _why_missing(path: str) -> str:
    if os.path.islink(path):
        try:
            os.stat(path)  # noqa: PTH116
        except OSError as error:
            if error.errno == errno.ELOOP:
                return "a link that leads to itself"
        return "a link to nowhere"
    if any(os.path.lexists(unicodedata.normalize(form, path)) for form in ("NFC", "NFD")):
        return "no such file; one of this name exists in another Unicode form (NFC, NFD)"
    return "no such file or folder"


def _names(folder: str, dotted: bool = False) -> list[str]:
    return sorted(n for n in os.listdir(folder or ".") if dotted or not n.startswith("."))


def _expand(pattern: str) -> Iterator[str]:
    """Yield the paths that match, sorted by name as the shell does, and unreadable folders.

    Python's `glob` neither sorts nor reports what it could not read.
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
                yield base or "."  # searching it reports why it can't be read


def _step(base: str, parts: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Return where the first part leads from a folder: paths, each with the remaining parts."""
    first, rest = parts[0], parts[1:]
    if first != "**":
        names = fnmatch.filter(_names(base, dotted=first.startswith(".")), first)
        return [(os.path.join(base, name), rest) for name in names]
    inside = [os.path.join(base, name) for name in _names(base)] if rest else []
    folders = [path for path in inside if os.path.isdir(path) and not os.path.islink(path)]
    return [(base, rest), *((folder, parts) for folder in folders)]


def _read_paths(stdin: BinaryIO) -> Iterator[str]:
    stream = cast("io.BufferedIOBase", stdin)  # its read1 doesn't wait for a whole block
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
