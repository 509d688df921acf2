"""How far `harmlib predict` is: done and total, the rate, the time left."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from harmlib.cli.predict_inputs import STDIN
from harmlib.language import told
from harmlib.media.find import find_files

LINE_EVERY_SEC = 15.0  # where no terminal shows a bar


class Total:
    """How many files there are, counted beside the work; unknown of standard input.

    Parameters
    ----------
    paths : sequence of str
        As for `find_files`.

    Attributes
    ----------
    files : int or None
        None while it isn't known.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.files: int | None = None
        if STDIN not in paths:
            threading.Thread(target=self._count, args=(paths,), daemon=True).start()

    def _count(self, paths: Sequence[str]) -> None:
        self.files = sum(1 for _ in find_files(paths))


@contextmanager
def shown_progress(total: Total) -> Iterator[Callable[[int], None]]:
    """Show progress on standard error: a bar on a terminal, else a line now and then.

    Parameters
    ----------
    total : Total
        Of the files.

    Yields
    ------
    callable
        Call it with the number of files that are done.
    """
    if not sys.stderr.isatty():
        yield _lines(total)
        return
    from tqdm import tqdm

    unit = told(" files", "개")
    with tqdm(total=total.files, unit=unit, desc=told("predicting", "판정"), leave=False) as bar:

        def report(done: int) -> None:
            bar.total = total.files
            bar.update(done - bar.n)

        yield report


def _lines(total: Total) -> Callable[[int], None]:
    start = last = time.monotonic()

    def report(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_EVERY_SEC:
            last = now
            print(progress_line(done, total.files, now - start), file=sys.stderr, flush=True)

    return report


def progress_line(done: int, total: int | None, seconds: float) -> str:
    """Say in a line how far it is.

    Parameters
    ----------
    done : int
        Files.
    total : int, optional
        None where it isn't known.
    seconds : float
        Since the start.

    Returns
    -------
    str

    Examples
    --------
    >>> progress_line(30, 90, 60.0)
    '  30 of 90 files (0.5/s), 2 min left'
    >>> progress_line(30, None, 60.0)
    '  30 files (0.5/s)'
    """
    rate = done / seconds
    if total is None:
        return told(f"  {done:,} files ({rate:.1f}/s)", f"  파일 {done:,}개({rate:.1f}개/초)")
    left = seconds * (total - done) / max(done, 1)
    unit = told("min", "분") if left >= 60 else told("s", "초")
    amount = f"{left / 60 if left >= 60 else left:.0f} {unit}"
    return told(
        f"  {done:,} of {total:,} files ({rate:.1f}/s), {amount} left",
        f"  파일 {total:,}개 중 {done:,}개({rate:.1f}개/초), {amount} 남음",
    )
