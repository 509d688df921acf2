"""Progress of long work: a bar on a terminal, plain lines in a log, nothing in a notebook's copy.

Work in a notebook's kernel has no terminal. It writes its state to the file that the environment
variable HARMLIB_PROGRESS names, and the process that started the kernel shows it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from harmlib.media.whole_file import write_text_whole

VARIABLE = "HARMLIB_PROGRESS"
LOG_EVERY_SEC = 15.0

Progress = Callable[[int, int], None]


def progress(description: str, unit: str = "") -> Progress:
    """Return a function that shows how far some work is, where people look.

    Parameters
    ----------
    description : str
        What is being done.
    unit : str
        What is counted, such as ``files``.

    Returns
    -------
    callable
        Call it with (done, total), two counts.
    """
    if path := os.environ.get(VARIABLE):
        return _to_file(Path(path), description, unit)
    return show(description, unit)


def tell(text: str) -> None:
    """Say a line in a notebook, and where the person looks who started the run.

    Parameters
    ----------
    text : str
        One line.
    """
    print(text)
    if path := os.environ.get(VARIABLE):
        with (
            contextlib.suppress(OSError),
            _lines_beside(Path(path)).open("a", encoding="utf-8") as f,
        ):
            f.write(f"{text}\n")  # in one write: another kernel may say something as well


def _lines_beside(path: Path) -> Path:
    return path.with_suffix(".said")


def _to_file(path: Path, description: str, unit: str) -> Progress:
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if done < total and time.monotonic() - last < 0.5:
            return
        last = time.monotonic()
        with contextlib.suppress(OSError):  # no room: the work itself will say so
            write_text_whole(path, json.dumps([description, unit, done, total]))

    return report


def show(description: str, unit: str = "") -> Progress:
    """Do as `progress`, in this process: a bar on a terminal or in Jupyter, else some lines.

    Parameters
    ----------
    description, unit : str
        As in `progress`.

    Returns
    -------
    callable
        As `progress` returns it.
    """
    if not sys.stderr.isatty() and not _in_ipython():
        return _to_log(description, unit)
    from tqdm.auto import tqdm  # looks where it is when imported, and may load ipywidgets

    bar: tqdm[NoReturn] | None = None

    def report(done: int, total: int) -> None:
        nonlocal bar
        bar = bar or tqdm(total=total, desc=description, unit=unit or "it", leave=False)
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return report


def _in_ipython() -> bool:
    ipython = sys.modules.get("IPython")  # a process without it doesn't run in it
    return ipython is not None and ipython.get_ipython() is not None


def _to_log(description: str, unit: str) -> Progress:
    start = last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LOG_EVERY_SEC:
            last = now
            rate = done / (now - start)
            print(f"    {description}: {done}/{total} {unit} ({rate:.1f}/s)", flush=True)

    return report


def _say(line: str) -> None:
    """Print a line; on a terminal above the bars that are there."""
    if sys.stderr.isatty():
        from tqdm.auto import tqdm

        tqdm.write(line)
        return
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Watch:
    """Shows what kernels write to the progress file, in the process that started them.

    A context manager.

    Parameters
    ----------
    path : Path
        The file; it and the lines beside it are removed at the beginning and at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0  # bytes of the lines beside it
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Watch:
        self._remove()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        with contextlib.suppress(OSError):  # nobody reads the output any more
            self._say_lines()  # of the last moment
        self._remove()

    def _remove(self) -> None:
        self.path.unlink(missing_ok=True)
        _lines_beside(self.path).unlink(missing_ok=True)

    def _say_lines(self) -> None:
        try:
            content = _lines_beside(self.path).read_bytes()
        except FileNotFoundError:
            return
        new = content[self._read : content.rfind(b"\n") + 1]
        self._read += len(new)
        for line in new.decode("utf-8", "replace").splitlines():
            _say(f"    {line}")

    def _follow(self) -> None:
        reports: dict[str, Progress] = {}
        seen = None
        while not self._stop.wait(0.5):
            try:
                self._say_lines()
                state = json.loads(self.path.read_text(encoding="utf-8"))
            except (FileNotFoundError, ValueError):
                continue
            except OSError:  # nobody reads the output any more; the run will notice
                return
            if state == seen:  # nothing new, or work that ended long ago
                continue
            seen = state
            description, unit, done, total = state
            if description not in reports:  # two kernels side by side take turns in the file
                reports[description] = show(description, unit)
            try:
                reports[description](done, total)
            except OSError:  # nobody reads the output any more; the run will notice
                return
