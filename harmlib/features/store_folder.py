"""The files of one feature store: in a folder of this machine, or at an fsspec address."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from harmlib.address import Address, asking, listed_as, place
from harmlib.media.whole_file import report_set_aside, set_aside, written_whole

Range = tuple[int, int]  # from this byte up to that one

_AT_ONCE_BYTES = 64 << 20  # of files that are fetched side by side; this bounds the memory
_AT_ONCE_FILES = 64
# There, a folder that is made may be a new bucket, of a mistyped name.
_WITHOUT_FOLDERS = {"s3", "s3a", "gs", "gcs", "abfs", "abfss"}


class StoreFolder(Protocol):
    """What a store asks of the place where its files lie.

    A file appears whole or not at all, and isn't changed afterwards.
    """

    gap_bytes: int  # two ranges that lie no farther apart are read as one

    def shown(self, name: str) -> str:
        """Name a file as it may be printed: without credentials."""

    def sizes(self, pattern: str) -> dict[str, int]:
        """Return the size in bytes of each file whose name matches, in the order of names."""

    def older(self, pattern: str, sec: float) -> list[str]:
        """List the files whose name matches, and which were last changed longer ago."""

    def read(self, name: str) -> bytes:
        """Return a file. Raises FileNotFoundError where it isn't, OSError."""

    def read_all(self, sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes | OSError]]:
        """Yield files, or why each can't be read; few are in memory at once."""

    def read_ranges(self, name: str, ranges: list[Range]) -> list[bytes]:
        """Return parts of a file. Raises as `read`."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that may be gone already."""

    def set_aside(self, refused: Mapping[str, str]) -> None:
        """Rename files that can't be used to ``*.damaged``; say so, and why, in one line."""


def open_folder(root: Path | str | Address, name: str) -> StoreFolder:
    """Open a folder below a path or an address; it need not exist.

    Parameters
    ----------
    root : Path, str or Address
        A path, or whatever address fsspec knows (``s3://bucket/features``).
    name : str
        Of the folder.

    Returns
    -------
    StoreFolder

    Raises
    ------
    AddressError
        If it is an address with credentials.

    Examples
    --------
    >>> open_folder("file:///data/features", "clip-0a").shown("settings.json")
    '/data/features/clip-0a/settings.json'
    >>> open_folder("memory://features", "clip-0a").shown("settings.json")
    'memory://features/clip-0a/settings.json'
    """
    where = place(root)
    return LocalFolder(where / name) if isinstance(where, Path) else RemoteFolder(where / name)


class LocalFolder:
    """A folder of this machine.

    Parameters
    ----------
    path : Path
        The folder, which need not exist.
    """

    gap_bytes = 0

    def __init__(self, path: Path) -> None:
        self.path = path

    def shown(self, name: str) -> str:
        """Name a file as it may be printed."""
        return str(self.path / name)

    def sizes(self, pattern: str) -> dict[str, int]:
        """Return the size in bytes of each file whose name matches, in the order of names."""
        sizes = {}
        for path in sorted(self.path.glob(pattern)):
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                sizes[path.name] = path.stat().st_size
        return sizes

    def older(self, pattern: str, sec: float) -> list[str]:
        """List the files whose name matches, and which were last changed longer ago."""
        names, until = [], time.time() - sec
        for path in sorted(self.path.glob(pattern)):
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                if path.stat().st_mtime < until:
                    names.append(path.name)
        return names

    def read(self, name: str) -> bytes:
        """Return a file."""
        return (self.path / name).read_bytes()

    def read_all(self, sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes | OSError]]:
        """Yield files, or why each can't be read, one after the other."""
        for name in sizes:
            try:
                yield name, self.read(name)
            except OSError as error:
                yield name, error

    def read_ranges(self, name: str, ranges: list[Range]) -> list[bytes]:
        """Return parts of a file."""
        with (self.path / name).open("rb", buffering=0) as file:
            number = file.fileno()
            if hasattr(os, "posix_fadvise"):  # fetch these side by side, and nothing around them
                os.posix_fadvise(number, 0, 0, os.POSIX_FADV_RANDOM)
                for start, stop in ranges:
                    os.posix_fadvise(number, start, stop - start, os.POSIX_FADV_WILLNEED)
            return [os.pread(number, stop - start, start) for start, stop in ranges]

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        with written_whole(self.path / name, len(content)) as part:
            part.write_bytes(content)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that may be gone already."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)

    def set_aside(self, refused: Mapping[str, str]) -> None:
        """Rename files that can't be used; say so in one line."""
        set_aside({self.path / name: reason for name, reason in refused.items()})


class RemoteFolder:
    """A folder, or what stands for one, at an address.

    An object that is put there in one piece appears whole or not at all. What doesn't answer
    raises `Unreachable`: it never makes a vector count as missing.

    Parameters
    ----------
    where : Address
        Of the folder, which need not exist.
    """

    gap_bytes = 64 << 10  # about what a request costs

    def __init__(self, where: Address) -> None:
        self.where = where

    def shown(self, name: str) -> str:
        """Name a file as it may be printed."""
        return str(self.where / name)

    def sizes(self, pattern: str) -> dict[str, int]:
        """Return the size in bytes of each file whose name matches, in the order of names."""
        return {name: about["size"] for name, about in self._matching(pattern).items()}

    def older(self, pattern: str, sec: float) -> list[str]:
        """List the files whose name matches, and which were last changed longer ago."""
        until_ns = int((time.time() - sec) * 1e9)
        changed = {name: listed_as(info).mtime_ns for name, info in self._matching(pattern).items()}
        return [name for name, mtime_ns in changed.items() if 0 < mtime_ns < until_ns]

    def _matching(self, pattern: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with contextlib.suppress(FileNotFoundError), asking(self.where) as (system, path):
            system.invalidate_cache(path)  # others write here as well
            found = system.glob(f"{path}/{pattern}", detail=True)
        return {path.rpartition("/")[2]: found[path] for path in sorted(found)}

    def read(self, name: str) -> bytes:
        """Return a file."""
        with asking(self.where / name) as (system, path):
            content: bytes = system.cat_file(path)
        return content

    def read_all(self, sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes | OSError]]:
        """Yield files, or that they aren't there; some are fetched side by side."""
        for names in _groups(sizes):
            with asking(self.where) as (system, path):
                found = system.cat([f"{path}/{name}" for name in names], on_error="return")
                for content in found.values():
                    if not isinstance(content, bytes | FileNotFoundError):
                        raise content
            for at, content in found.items():
                yield at.rpartition("/")[2], content

    def read_ranges(self, name: str, ranges: list[Range]) -> list[bytes]:
        """Return parts of a file, which are fetched side by side."""
        starts, stops = (list(ends) for ends in zip(*ranges, strict=True))
        with asking(self.where / name) as (system, path):
            content: list[bytes] = system.cat_ranges(
                [path] * len(ranges), starts, stops, on_error="raise"
            )
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one piece."""
        if self.where.protocol not in _WITHOUT_FOLDERS:
            with asking(self.where) as (system, path):
                system.makedirs(path, exist_ok=True)
        with asking(self.where / name) as (system, path):
            system.pipe_file(path, content)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that may be gone already."""
        for name in names:
            with contextlib.suppress(FileNotFoundError), asking(self.where / name) as (system, at):
                system.rm_file(at)

    def set_aside(self, refused: Mapping[str, str]) -> None:
        """Rename files that can't be used; say so in one line."""
        done = {}
        for name, reason in refused.items():
            with contextlib.suppress(FileNotFoundError), asking(self.where / name) as (system, at):
                system.cp_file(at, f"{at}.damaged")
                system.rm_file(at)
                done[self.shown(name)] = reason
        report_set_aside(done)


def _groups(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Cut files into groups that may be in memory together."""
    names: list[str] = []
    held = 0
    for name, size in sizes.items():
        if names and (held + size > _AT_ONCE_BYTES or len(names) == _AT_ONCE_FILES):
            yield names
            names, held = [], 0
        names.append(name)
        held += size
    if names:
        yield names
