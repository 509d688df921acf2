"""Files that appear whole or not at all, and damaged ones that are set aside to be made again."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import socket
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

_LOG = logging.getLogger(__name__)
_HOST = re.sub(r"\W", "", socket.gethostname())[:20]
_PROCESS = uuid.uuid4().hex[:8]  # a number of a process is given again to a later one
SET_ASIDE = "set aside as *.damaged"  # a line that says so has these words


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path to write to, and put that file into the place of `path` at the end.

    A reader sees the old file or the whole new one. Writers at the same time don't disturb each
    other: the last one stays. What writers that were killed have left behind is removed.

    Parameters
    ----------
    path : Path
        The file to write. Its folder is made if it is missing.

    Yields
    ------
    Path
        A file of its own beside `path`, which ends in ``.part``. When the block raises, it is
        removed and `path` stays as it was.

    Raises
    ------
    OSError
        If the folder can't be written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(Path(folder, "a.txt")) as part:
    ...         _ = part.write_text("all of it")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    owner = f"{_HOST}-{os.getpid()}-{_PROCESS}"
    part = path.with_name(f"{path.name}.{owner}-{uuid.uuid4().hex[:8]}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


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
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes of this machine have left of earlier writes of `path`."""
    named = re.compile(re.escape(f"{path.name}.{_HOST}-") + r"(\d+)-(\w{8})-\w{8}\.part")
    for entry in os.scandir(path.parent):
        found = named.fullmatch(entry.name)
        if found and not _is_alive(int(found[1]), found[2]):
            Path(entry.path).unlink(missing_ok=True)


def _is_alive(pid: int, process: str) -> bool:
    if pid == os.getpid():
        return process == _PROCESS
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


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
    if done:
        (first, reason), more = next(iter(done.items())), len(done) - 1
        others = f" (and {more} more)" if more else ""
        _LOG.warning("%s%s: %s; %s, made again", first, others, reason, SET_ASIDE)
