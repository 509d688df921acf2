"""Notes on the files in hand, so that what ends a run, or its decoder, isn't tried for ever."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harmlib.address import Address
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits, DecoderDied
from harmlib.media.file_state import file_state
from harmlib.params.places import portable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# One kill may have had any cause; a file that was in hand at two of them is the likely one.
_MOST_KILLS = 2


class NotTriedAgain(MediaError):
    """An earlier start ended on this file, or its decoder did."""


@contextlib.contextmanager
def noting(notes: Path) -> Iterator[Path]:
    """Have a folder for notes as long as the block runs, and after it if a note is left.

    Parameters
    ----------
    notes : Path
        The folder.

    Yields
    ------
    Path
        The folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with noting(Path(folder, "in_hand")) as notes:
    ...         notes.is_dir()
    ...     notes.exists()
    True
    False
    """
    with contextlib.suppress(OSError):  # what is written there later says why it can't be
        notes.mkdir(parents=True, exist_ok=True)
    try:
        yield notes
    finally:
        with contextlib.suppress(OSError):  # notes are left, or another run uses it
            notes.rmdir()


@contextlib.contextmanager
def in_hand(file: Path | Address, notes: Path, limits: DecodeLimits) -> Iterator[None]:
    """Note that a file is being decoded, until the block ends.

    A note that outlives its process (the system ends its lock) tells that the whole program was
    killed meanwhile, as a container is whose memory runs out. After the second time the file is
    stepped over. So is one, from the next time on, whose decoder crashed or took too long. Both end
    when the file or the limits change, or the note is deleted.

    Parameters
    ----------
    file : Path or Address
        What is decoded.
    notes : Path
        A folder, as `noting` makes it.
    limits : DecodeLimits
        What it may take.

    Yields
    ------
    None
        While the file may be decoded.

    Raises
    ------
    NotTriedAgain
        With what happened before, and the note to delete.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with in_hand(Path("a.mp4"), Path(folder), DecodeLimits()):
    ...         len(list(Path(folder).iterdir()))
    ...     list(Path(folder).iterdir())
    1
    []
    """
    key = f"{file}\0{file_state(file)}\0{limits}".encode("utf-8", "surrogateescape")
    note = notes / f"{hashlib.sha256(key).hexdigest()[:32]}.json"
    try:
        descriptor = os.open(note, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:  # a full disk, or one that can't be written to: no note
        yield
        return
    is_kept = False
    try:
        is_kept = not _lock(descriptor)
        if is_kept:  # another process has it in hand, and this is its note
            yield
            return
        kills, reason = _read(descriptor)
        is_kept = bool(reason) or kills >= _MOST_KILLS
        if is_kept:
            raise NotTriedAgain(_why(kills, reason, note))
        _write(descriptor, file, kills + 1)
        try:
            yield
        except DecoderDied as error:
            if error.is_lasting:
                is_kept = True
                _write(descriptor, file, kills, str(error))
            raise
    finally:
        if not is_kept:
            note.unlink(missing_ok=True)  # while its lock is ours
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Whether nobody else holds the note; where there are no locks, nobody is taken to."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True


def _why(kills: int, reason: str, note: Path) -> str:
    again = f"not tried again (delete {portable(note)} to do so)"
    if reason:
        return f"{reason}; {again}"
    return (
        f"it was being decoded each of the {kills} times that the whole program was killed, as "
        f"happens where memory runs out; {again}"
    )


def _read(descriptor: int) -> tuple[int, str]:
    try:
        noted: dict[str, Any] = json.loads(os.pread(descriptor, 1 << 16, 0))
        return int(noted["kills"]), str(noted["reason"])
    except (ValueError, KeyError, TypeError):  # new, or cut off by the kill
        return 0, ""


def _write(descriptor: int, file: Path | Address, kills: int, reason: str = "") -> None:
    noted = {"file": str(file), "kills": kills, "reason": reason}
    content = json.dumps(noted).encode()
    with contextlib.suppress(OSError):  # a full disk: it is decoded all the same
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
