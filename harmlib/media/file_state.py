"""Whether a file is still the one that was read, without reading it again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from harmlib.address import Address, AddressError, look_up


class FileState(NamedTuple):
    """What a file system tells of a file's content without reading it.

    Attributes
    ----------
    size : int
        Bytes.
    mtime_ns : int
        Time of the last change of the content, nanoseconds since 1970. Programs can set it.
    ctime_ns : int
        Time of the last change of the file in any way. Programs can't set it, so a copy that kept
        size and `mtime_ns` (``rsync -t``, ``touch -r``) still has another one.
    inode : int
        The file's number in its file system: another one for another file of the same name.

    Notes
    -----
    Not seen: a change within the same tick of the file system's clock (4 ms on most Linux kernels,
    up to 2 s on FAT), and one that keeps size and `mtime_ns` where the file system keeps no
    `ctime_ns` of its own (FAT, some network file systems).
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def file_state(path: Path | Address) -> FileState | None:
    """Return a file's state; of a link, that of the file which it leads to.

    Parameters
    ----------
    path : Path or Address
        Any path. Of a file at an address, what its listing tells, else what its store does.

    Returns
    -------
    FileState or None
        None where there is nothing, or nothing that may be looked at. Of an address `inode` stands
        for the store's own mark of the content and its version, as an ETag.

    Examples
    --------
    >>> file_state(Path("no such file")) is None
    True
    """
    if isinstance(path, Address):
        return _state_at(path)
    try:
        stat = path.stat()
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return None
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def _state_at(where: Address) -> FileState | None:
    try:
        listed = where.listed or look_up(where)
    except (OSError, AddressError):
        return None
    tag = hashlib.blake2b(listed.tag.encode(), digest_size=8).digest()
    number = int.from_bytes(tag) >> 1  # fits into a table's column
    return FileState(listed.size, listed.mtime_ns, listed.mtime_ns, number)
