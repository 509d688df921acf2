"""A lock on what only one process may write at a time, with its owner's name in it."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from harmlib.language import told

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LOG = logging.getLogger(__name__)
_OPENED: set[int] = set()  # descriptors of the locks that this process holds
# File systems without locks answer with these.
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class InUse(RuntimeError):
    """Another process is writing there; the message names it and says what to do."""


@contextlib.contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold a lock as long as the block runs; the file `path` is the lock, and names its owner.

    The operating system ends the lock with its process, however that ends: a lock whose owner is
    dead is taken over, with a line that says so. Readers need no lock: what is written appears
    whole (`harmlib.media.whole_file`).

    Parameters
    ----------
    path : Path
        The lock's file, such as ``out.csv.lock``. Its folder is made if it is missing. The file is
        removed at the end.
    what : str
        What is locked, for messages, such as ``the run reports/demo``.

    Yields
    ------
    None
        While this process holds the lock.

    Raises
    ------
    InUse
        If another process holds it, or this one already does: with the owner's host, process and
        since when.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with held(Path(folder, "out.csv.lock"), "out.csv"):
    ...         sorted(path.name for path in Path(folder).iterdir())
    ...     list(Path(folder).iterdir())
    ['out.csv.lock']
    []
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _acquire(path, what)
    _OPENED.add(descriptor)
    try:
        before = _read_owner(path)
        if before:
            _LOG.warning("%s: taken over from %s, which has ended without leaving it", what, before)
        _write_owner(descriptor)
        yield
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone, or read-only by now
            path.unlink()  # while it is still ours
        _OPENED.discard(descriptor)
        os.close(descriptor)


def _acquire(path: Path, what: str) -> int:
    """Return a descriptor that holds the lock; the file of this name is the one that is locked."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if _lock(descriptor, what):
                if _is_there(path, descriptor):
                    return descriptor
            elif _is_there(path, descriptor):
                owner = _read_owner(path) or told("another process", "다른 프로세스")
                raise InUse(
                    told(
                        f"{what} is in use: {owner}. Wait until that has ended, or end it, and "
                        "start this again",
                        f"{what}: 사용 중입니다({owner}). 끝나기를 기다리거나 끝낸 뒤 다시 "
                        "시작하십시오",
                    )
                )
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its owner has just removed it: once more


def _lock(descriptor: int, what: str) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            _LOG.warning("%s: this file system has no locks (%s): start nothing else that writes "
                         "there", what, error.strerror)  # fmt: skip
            return True
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _write_owner(descriptor: int) -> None:
    owner = {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
    }
    with contextlib.suppress(OSError):  # a full disk: it is locked all the same
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(owner).encode(), 0)


def _read_owner(path: Path) -> str:
    """Return who wrote the lock's file, in words; empty where nobody has yet."""
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        is_here = owner["host"] == socket.gethostname()
        here = told(" (this host)", "(이 컴퓨터)") if is_here else ""
        return told(
            f"process {owner['process']} on {owner['host']}{here}, since {owner['since']}",
            f"{owner['host']}{here}의 프로세스 {owner['process']}, {owner['since']}부터",
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _closed_in_child() -> None:
    """Leave the locks to the parent: else a child that outlives it would go on holding them."""
    for descriptor in _OPENED:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _OPENED.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_closed_in_child)
