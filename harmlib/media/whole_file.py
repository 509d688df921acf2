"""Files that appear whole or not at all, and damaged ones that are set aside to be made again."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from harmlib.language import told

_LOG = logging.getLogger(__name__)
_HOST = re.sub(r"\W", "", socket.gethostname())[:20]
_PROCESS = uuid.uuid4().hex[:8]  # a number of a process is given again to a later one
SET_ASIDE = "set aside as *.damaged"  # a line that says so has these words

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NOTHING_LEFT_BYTES = 65_536  # with less free, what a library calls its own error is a full disk


class CannotWrite(OSError):
    """A file can't be written; the message names the folder and what it lacks."""

    def __str__(self) -> str:
        """Return the message alone, without the number."""
        return str(self.strerror)


@contextlib.contextmanager
def written_whole(path: Path, size_bytes: int | None = None) -> Iterator[Path]:
    """Give a path to write to, and put that file into the place of `path` at the end.

    A reader sees the old file or the whole new one. Writers at the same time don't disturb each
    other: the last one stays. What writers that were killed have left behind is removed.

    Parameters
    ----------
    path : Path
        The file to write. Its folder is made if it is missing.
    size_bytes : int, optional
        How large it will be, where that is known, for the message when there is no room.

    Yields
    ------
    Path
        A file of its own beside `path`, which ends in ``.part``. When the block raises, it is
        removed and `path` stays as it was.

    Raises
    ------
    CannotWrite
        If there is no room, or the folder can't be written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(Path(folder, "a.txt")) as part:
    ...         _ = part.write_text("all of it")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    owner = f"{_HOST}-{os.getpid()}-{_PROCESS}"
    part = path.with_name(f"{path.name}.{owner}-{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        yield part
        part.replace(path)
    except Exception as error:  # libraries have errors of their own for a full disk
        if (why := cannot_write(error, path, part, size_bytes)) is None:
            raise
        raise why from error
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone, or read-only by now
            part.unlink(missing_ok=True)


def cannot_write(
    error: Exception, path: Path, part: Path | None = None, size_bytes: int | None = None
) -> CannotWrite | None:
    """Return what keeps a file from being written; None where the error is about something else.

    Parameters
    ----------
    error : Exception
        What came of writing it.
    path : Path
        The file.
    part : Path, optional
        Where it was written to, if that was another file.
    size_bytes : int, optional
        How large the file will be, where that is known.

    Returns
    -------
    CannotWrite or None

    Examples
    --------
    >>> str(cannot_write(PermissionError(13, "Permission denied"), Path("/proc/a.txt")))
    "/proc can't be written to (Permission denied): a.txt. Allow it, or name another folder, and \
start again"
    """
    part = part or path
    folder = next(place for place in (*part.parents, Path()) if place.is_dir())
    free_bytes = shutil.disk_usage(folder).free
    if not isinstance(error, OSError):  # torch.save raises others
        number = errno.ENOSPC if free_bytes < _NOTHING_LEFT_BYTES else None
    elif error.filename and Path(os.fsdecode(error.filename)) not in (path, part, *part.parents):
        return None
    else:
        number = error.errno
    if isinstance(error, CannotWrite) or number not in _FULL | _FORBIDDEN:
        return None
    reason = os.strerror(number)
    text = told(
        f"{folder} can't be written to ({reason}): {path.name}",
        f"{folder}: 이 폴더에 쓸 수 없습니다({reason}): {path.name}",
    )
    if number in _FORBIDDEN:
        text += told(
            ". Allow it, or name another folder, and start again",
            ". 쓰기 권한을 주거나 다른 폴더를 지정한 뒤 다시 시작하십시오",
        )
        return CannotWrite(number, text)
    written_bytes = part.stat().st_size if part.exists() else 0
    needed = (
        told(f"more than {written_bytes:,} bytes", f"{written_bytes:,}바이트 이상")
        if size_bytes is None
        else told(f"{size_bytes:,} bytes", f"{size_bytes:,}바이트")
    )
    text += told(
        f" needs {needed}, {free_bytes:,} are free. Make room there, or name another folder, and "
        "start again",
        f"에는 {needed}의 공간이 필요한데 {free_bytes:,}바이트가 남아 있습니다. 공간을 비우거나 "
        "다른 폴더를 지정한 뒤 다시 시작하십시오",
    )
    return CannotWrite(number, text)


def write_text_whole(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to write.
    text : str
        Its content.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text_whole(Path(folder, "deep/a.txt"), "words")
    ...     Path(folder, "deep/a.txt").read_text()
    'words'
    """
    content = text.encode("utf-8")
    with written_whole(path, len(content)) as part:
        part.write_bytes(content)


def remove_leftovers(folder: Path, *, ours_too: bool = False) -> None:
    """Remove what killed processes of this machine have left of their writes below a folder.

    Parameters
    ----------
    folder : Path
        It is searched with all folders below; there may be none.
    ours_too : bool
        Whether to remove those of this process as well, which is about to end.

    Examples
    --------
    >>> remove_leftovers(Path("no such folder"))
    """
    named = re.compile(rf".+\.{_HOST}-(\d+)-(\w{{8}})-\w{{8}}\.part")
    for place, _, names in os.walk(folder):
        for name in names:
            if found := named.fullmatch(name):
                ours = ours_too and found[2] == _PROCESS and int(found[1]) == os.getpid()
                if ours or not _is_alive(int(found[1]), found[2]):
                    with contextlib.suppress(OSError):
                        Path(place, name).unlink()


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes of this machine have left of earlier writes of `path`."""
    named = re.compile(re.escape(f"{path.name}.{_HOST}-") + r"(\d+)-(\w{8})-\w{8}\.part")
    for entry in os.scandir(path.parent):
        found = named.fullmatch(entry.name)
        if found and not _is_alive(int(found[1]), found[2]):
            Path(entry.path).unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Whether a process of this machine still runs; one that has ended unreaped doesn't.

    Parameters
    ----------
    pid : int
        Its number.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_alive(os.getpid())
    True
    """
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's, or no Linux
        return True
    return state.rpartition(")")[2].split()[0] not in ("Z", "X")


def _is_alive(pid: int, process: str) -> bool:
    return process == _PROCESS if pid == os.getpid() else is_alive(pid)


def set_aside(damaged: Mapping[Path, str]) -> None:
    """Rename derived data that can't be used, so that it is made again; say so in one line.

    Parameters
    ----------
    damaged : mapping of Path to str
        Files or folders, and what is wrong with them. Each gets the ending ``.damaged``, in place
        of one that was set aside before.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "steps.json")
    ...     _ = path.write_text("{")
    ...     set_aside({path: "cut off"})
    ...     [path.name for path in Path(folder).iterdir()]
    ['steps.json.damaged']
    """
    done: dict[Path, str] = {}
    for path, reason in damaged.items():
        aside = path.with_name(path.name + ".damaged")
        try:
            if aside.is_dir():  # a file would be replaced
                shutil.rmtree(aside)
            path.replace(aside)
        except FileNotFoundError:
            continue  # another process was faster
        except OSError as error:
            _LOG.warning("%s: %s; it is not used, nor can it be renamed: %s", path, reason, error)
            continue
        done[path] = reason
    report_set_aside(done)


def report_set_aside(done: Mapping[Path, str] | Mapping[str, str]) -> None:
    """Say in one line that derived data was set aside; nothing where none was.

    Parameters
    ----------
    done : mapping of Path or str to str
        Where it was, as it may be printed, and what is wrong with it.

    Examples
    --------
    >>> report_set_aside({})
    """
    if done:
        (first, reason), more = next(iter(done.items())), len(done) - 1
        others = f" (and {more} more)" if more else ""
        _LOG.warning("%s%s: %s; %s, made again", first, others, reason, SET_ASIDE)


def temporary_prefix(kind: str) -> str:
    """Begin the name of a temporary folder with whose it is.

    Parameters
    ----------
    kind : str
        What it is for.

    Returns
    -------
    str
        For `tempfile`; with this host and process, so that `remove_ownerless` finds it.

    Examples
    --------
    >>> temporary_prefix("kernels").startswith("harmlib-kernels-")
    True
    """
    return f"harmlib-{kind}-{_HOST}-{os.getpid()}-"


def remove_ownerless() -> None:
    """Remove temporary folders whose processes were killed.

    Examples
    --------
    >>> remove_ownerless()
    """
    for folder in Path(tempfile.gettempdir()).glob(f"harmlib-*-{_HOST}-*-*"):
        pid = folder.name.partition(f"-{_HOST}-")[2].partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
