"""Whether a file is still the one that was read, without reading it again."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


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


def file_state(path: Path) -> FileState | None:
    """Return a file's state; of a link, that of the file which it leads to.

    Parameters
    ----------
    path : Path
        Any path.

    Returns
    -------
    FileState or None
        None where there is nothing, or nothing that may be looked at.

    Examples
    --------
    >>> file_state(Path("no such file")) is None
    True
    """
    try:
        stat = path.stat()
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return None
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
