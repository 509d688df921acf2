"""What is wrong with a table that somebody handed in: in which file, in which line, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harmlib.address import Address

SHOWN = 5  # further lines of the same mistake that are named


class TableError(ValueError):
    """A table that can't be used; the message names the file, the line, the column and the cure."""


def complaint(
    path: Path | Address, lines: Sequence[int], text: str, unit: str = "line"
) -> TableError:
    """One error for the same mistake in one or more lines.

    Parameters
    ----------
    path : Path or Address
        The file.
    lines : sequence of int
        Where the mistake is, ascending, from 1. `text` is about the first.
    text : str
        What is wrong there, and what to do.
    unit : str
        What `lines` counts: lines of the file, or rows of a table that has no lines.

    Returns
    -------
    TableError
        To be raised.

    Examples
    --------
    >>> str(complaint(Path("a.csv"), [2], "empty path"))
    'a.csv: line 2: empty path'
    >>> str(complaint(Path("a.csv"), range(2, 14), "empty path"))
    'a.csv: line 2: empty path (and 11 more lines: 3, 4, 5, 6, 7, …)'
    """
    first, *others = lines
    message = f"{path}: {unit} {first}: {text}"
    if others:
        named = ", ".join(map(str, others[:SHOWN])) + (", …" if len(others) > SHOWN else "")
        message += f" (and {len(others):,} more {unit}{'s' * (len(others) > 1)}: {named})"
    return TableError(message)
