"""What travels between the stages of predicting on Ray: files, ranges of windows, outcomes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from harmlib.address import Address
from harmlib.features.vector_stream import Window
from harmlib.media.file_state import file_state
from harmlib.media.probe import Facts

RANGE = 32  # windows of a long video that are prepared by one task
TASK_BYTES = 256 << 20  # of files that are taken up by one
OF_FILE = pa.field("file", pa.binary())  # of a file: a pickled `TakenUp` or `Unusable`
_FILES = pa.schema([("number", pa.int64()), ("file", pa.binary())])
_RANGES = pa.schema([("predictor", pa.int64()), ("number", pa.int64()), ("windows", pa.binary())])


class TakenUp(NamedTuple):
    """A file that can be used.

    Attributes
    ----------
    predictor : int
        Number of the predictor that is for it.
    facts : Facts
        Without the times of its frames.
    windows : list of Window
        All of them, in order.
    note : str
        What to say of the file.
    at : float
        When it was taken up, of `time.time`.
    is_split : bool
        Whether its windows are left to others.
    """

    predictor: int
    facts: Facts
    windows: list[Window]
    note: str
    at: float
    is_split: bool


class Outcome(NamedTuple):
    """What came of a file, or of one of its windows.

    Attributes
    ----------
    number : int
        Of the file.
    window : int or None
        Number of the window; None where the file is told of.
    content : bytes
        A pickled `TakenUp` or `Unusable` of a file; of a window its scores, or why it has none.
    """

    number: int
    window: int | None
    content: bytes


def file_tables(files: dict[int, Path | Address], rows: int) -> list[pa.Table]:
    """Cut a list of files into tables, each for one task.

    Parameters
    ----------
    files : dict of int to Path or Address
        By number.
    rows : int
        Of a table at most. It is also full when its files have `TASK_BYTES`, so that hours of
        video don't wait in one for each other.

    Returns
    -------
    list of pyarrow.Table
    """
    tables, own, size = [], [], 0
    for number, file in files.items():
        own.append({"number": number, "file": pickle.dumps(file)})
        size += _size(file)
        if len(own) == rows or size >= TASK_BYTES:
            tables.append(pa.Table.from_pylist(own, _FILES))
            own, size = [], 0
    return [*tables, pa.Table.from_pylist(own, _FILES)] if own else tables


def _size(file: Path | Address) -> int:
    """Bytes, where it costs no question to a store."""
    state = file_state(file) if isinstance(file, Path) else file.listed
    return state.size if state else 0


def range_tables(split: dict[int, TakenUp]) -> list[pa.Table]:
    """Cut the windows of long videos into ranges, each for one task.

    Parameters
    ----------
    split : dict of int to TakenUp
        By number.

    Returns
    -------
    list of pyarrow.Table
    """
    return [
        pa.Table.from_pylist(
            [{"predictor": taken.predictor, "number": number, "windows": pickle.dumps(windows)}],
            _RANGES,
        )
        for number, taken in split.items()
        for windows in window_ranges(taken.windows)
    ]


def window_ranges(windows: list[Window]) -> list[list[Window]]:
    """Cut the windows of one file into ranges that can be prepared apart from each other.

    Parameters
    ----------
    windows : list of Window
        In order.

    Returns
    -------
    list of list of Window
        In order, `RANGE` windows at most; but all of a stream whose clock was mended, which can't
        be sought in.

    Examples
    --------
    >>> windows = [Window(f"a#{i}", Path("a"), "video", 2.0, (), float(i)) for i in range(70)]
    >>> [len(own) for own in window_ranges(windows)]
    [32, 32, 6]
    """
    ranges = []
    for track, group in groupby(windows, key=lambda window: window.track):
        own = list(group)
        step = len(own) if track.mended_gap_sec else RANGE
        ranges += [own[start : start + step] for start in range(0, len(own), step)]
    return ranges


def files_in(table: pa.Table) -> dict[int, Path | Address]:
    """Unpack a table of `file_tables`.

    Parameters
    ----------
    table : pyarrow.Table

    Returns
    -------
    dict of int to Path or Address
        By number.
    """
    return {row["number"]: pickle.loads(row["file"]) for row in table.to_pylist()}


def ranges_in(table: pa.Table) -> Iterator[tuple[int, int, list[Window]]]:
    """Unpack a table of `range_tables`.

    Parameters
    ----------
    table : pyarrow.Table

    Yields
    ------
    tuple of (int, int, list of Window)
        Numbers of the predictor and of the file, and the windows.
    """
    for row in table.to_pylist():
        yield row["predictor"], row["number"], pickle.loads(row["windows"])


def outcomes_in(table: pa.Table) -> Iterator[Outcome]:
    """Unpack a table of `Score`.

    Parameters
    ----------
    table : pyarrow.Table

    Yields
    ------
    Outcome
    """
    columns = (table[name].to_pylist() for name in ("sha256", OF_FILE.name, "scores"))
    for key, of_file, of_window in zip(*columns, strict=True):
        _, number, window = parsed_key(key)
        yield Outcome(number, window, of_window if of_file is None else of_file)


def file_key(number: int) -> str:
    """The key of the row that tells of a file.

    Parameters
    ----------
    number : int
        Of the file.

    Returns
    -------
    str

    Examples
    --------
    >>> parsed_key(file_key(7))
    (None, 7, None)
    """
    return f"{number}"


def window_key(predictor: int, number: int, window: Window) -> str:
    """The key of a window's row.

    Parameters
    ----------
    predictor, number : int
        Numbers of the predictor and of the file.
    window : Window
        Whose own key ends in its number.

    Returns
    -------
    str
    """
    return f"{predictor} {number} {window.key.rpartition('#')[2]}"


def parsed_key(key: str) -> tuple[int | None, int, int | None]:
    """Read a row's key.

    Parameters
    ----------
    key : str
        As `file_key` and `window_key` make it.

    Returns
    -------
    predictor : int or None
        None where a file is told of.
    number : int
        Of the file.
    window : int or None
        None where a file is told of.

    Examples
    --------
    >>> parsed_key(window_key(1, 7, Window("a.mp4#3", Path("a.mp4"), "video", 2.0, ())))
    (1, 7, 3)
    """
    first, *others = map(int, key.split())
    return (first, others[0], others[1]) if others else (None, first, None)
