"""From the text of a CSV file to its header and rows, each with its line.

The separator is the one of comma, semicolon and tab that the header line has outside of quotes.
Where it has several, it is the only one that yields the columns that are needed; where that does
not decide, the header is refused. A first line ``sep=;``, as Excel writes it, decides at once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmlib.tables.complaint import TableError, complaint
from harmlib.tables.encoding import line_at
from harmlib.tables.headers import fold, strip

if TYPE_CHECKING:
    from _csv import Reader  # what `csv.reader` returns; it can't be imported from 3.11

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_DIALECT: Any = {"strict": True, "skipinitialspace": True}
_CHUNK = 10_000  # rows held as lists at a time
_HINT_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass
class Layout:
    """Where the header is, and what lies between cells.

    Attributes
    ----------
    path : Path
        The file, for messages.
    text : str
        From the header on.
    first_line : int
        Of the header.
    separator : str
        One of SEPARATORS.
    header : list of str
        The names as they are written.
    """

    path: Path
    text: str
    first_line: int
    separator: str
    header: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
        """Yield the rows below the header, a chunk at a time, with the lines where they begin.

        Yields
        ------
        rows : list of list of str
            Each as long as the header; blank lines are left out.
        lines : sequence of int
            Ascending.

        Raises
        ------
        TableError
            A row with more or fewer fields than the header, or a quote without an end.
        """
        wrong = _WrongWidths(self)
        try:
            for rows, lines in _chunks(self):
                if set(map(len, rows)) == {wrong.width}:
                    yield rows, lines
                    continue
                pairs = (wrong.fit(*pair) for pair in zip(rows, lines, strict=True))
                fitting = [pair for pair in pairs if pair]
                yield [row for row, _ in fitting], [line for _, line in fitting]
        except TableError:
            wrong.raise_any()  # it stands before the broken quote
            raise
        wrong.raise_any()


def find_layout(text: str, path: Path, needed: Collection[str]) -> Layout:
    r"""Find the header and the separator.

    Parameters
    ----------
    text : str
        The text of the file.
    path : Path
        The file, for messages.
    needed : collection of str
        Names of columns that the table must have; they decide where the header has several
        separators.

    Returns
    -------
    Layout

    Raises
    ------
    TableError
        A header with several separators, or with a quote that has no end.

    Examples
    --------
    >>> find_layout("path;label;note, free\n", Path("a.csv"), ["path", "label"]).header
    ['path', 'label', 'note, free']
    """
    start, told = _header_start(text, path)
    layout = Layout(path, text[start:], line_at(text, start), told or ",")
    possible = (told,) if told else tuple(SEPARATORS)
    readings = _readings(layout, possible)
    parts = {sign: cells for sign, cells in readings.items() if len(cells) > 1}
    # A wrong separator cuts through quotes, and leaves them in the names.
    parts = {s: cells for s, cells in parts.items() if '"' not in "".join(cells)} or parts
    broken = [sign for sign in possible if sign not in readings]
    if broken and not parts:  # only a quote keeps the header from being parted
        first_line = layout.text.partition("\n")[0]
        layout.separator = max(broken, key=first_line.count)
        raise _broken(layout, layout.first_line, "")
    if len(parts) > 1:
        wanted = {fold(name) for name in needed}
        fitting = {s: cells for s, cells in parts.items() if wanted <= set(map(fold, cells))}
        if len(fitting) != 1 or not wanted:
            names = " or ".join(SEPARATORS[sign] for sign in parts)
            raise complaint(
                path,
                [layout.first_line],
                f"the header's columns may be separated by {names}; use one, and put a name that "
                "holds another in quotes",
            )
        parts = fitting
    layout.separator, layout.header = next(iter((parts or readings).items()))
    return layout


def _header_start(text: str, path: Path) -> tuple[int, str | None]:
    """Return where the first line that says something begins, and the separator it tells."""
    position, told = 0, None
    for line in io.StringIO(text, newline=""):
        hint = _HINT_LINE.fullmatch(line)
        if hint and told is None:
            told = hint[1]
            if told not in SEPARATORS:
                known = ", ".join(SEPARATORS.values())
                wrong = f"separator {told!r}; use one of {known}"
                raise complaint(path, [line_at(text, position)], wrong)
        elif line.strip(" \t\r\n,;"):
            return position, told
        position += len(line)
    raise TableError(f"{path}: not a readable CSV: no header; write one, and rows below it")


def _readings(layout: Layout, separators: tuple[str, ...]) -> dict[str, list[str]]:
    readings = {}
    lines = io.StringIO(layout.text, newline="")
    for sign in separators:
        lines.seek(0)
        try:
            readings[sign] = next(csv.reader(lines, delimiter=sign, **_DIALECT))
        except csv.Error:
            continue
    return readings


def _chunks(layout: Layout) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
    """Yield all records below the header, blank ones (no fields) too, and where they begin."""
    lines = io.StringIO(layout.text, newline="")
    reader: Reader = csv.reader(lines, delimiter=layout.separator, **_DIALECT)
    next(reader)  # the header
    return (_quoted if '"' in layout.text else _unquoted)(layout, reader)


def _unquoted(layout: Layout, reader: Reader) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
    """Every line is a record: no need to ask each for its line, which takes most of the time."""
    line = layout.first_line + 1
    try:
        while rows := list(islice(reader, _CHUNK)):
            yield rows, range(line, line + len(rows))
            line += len(rows)
    except csv.Error as error:
        raise _broken(layout, layout.first_line + reader.line_num - 1, str(error)) from None


def _quoted(layout: Layout, reader: Reader) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
    rows: list[list[str]] = []
    lines: list[int] = []
    line = layout.first_line + reader.line_num
    try:
        for row in reader:
            rows.append(row)
            lines.append(line)
            line = layout.first_line + reader.line_num
            if len(rows) == _CHUNK:
                yield rows, lines
                rows, lines = [], []
    except csv.Error as error:
        yield rows, lines
        raise _broken(layout, line, str(error)) from None
    yield rows, lines


def _broken(layout: Layout, line: int, said: str) -> TableError:
    """Say where the quote opens that makes no sense to the csv module."""
    lines = io.StringIO(layout.text, newline="")
    start = sum(len(one) for one in islice(lines, line - layout.first_line))
    sign = re.escape(layout.separator)
    cell = rf'(?: *+"(?:[^"]++|"")*+"|[^"{sign}\r\n][^{sign}\r\n]*+)?{sign}'
    sound = re.compile(rf"(?:{cell})*+").match(layout.text, start)
    opening = sound.end() if sound else start
    at = line + line_at(layout.text[start:], opening - start) - 1
    is_open = '"' in layout.text[opening : opening + 2]
    if "field larger" in said and not is_open:
        return complaint(layout.path, [at], f"a cell of more than {csv.field_size_limit():,} signs")
    if "expected after" in said:
        text = (
            'a quote (") opens here and closes in the middle of a cell; write it twice inside of a '
            'cell (""), and nothing between a closing quote and the separator'
        )
    else:
        text = 'a quote (") opens here and is never closed; close it, or remove it'
    return complaint(layout.path, [at], text)


class _WrongWidths:
    """Rows that are longer or shorter than the header."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.width = len(layout.header)
        self.lines: dict[int, list[int]] = {}  # by the number of fields

    def fit(self, row: list[str], line: int) -> tuple[list[str], int] | None:
        """Return the row, cut to the header's length; None for a blank one or a wrong one."""
        if not any(map(strip, row)):
            return None
        if len(row) == self.width or (len(row) > self.width and not any(row[self.width :])):
            return row[: self.width], line
        self.lines.setdefault(len(row), []).append(line)
        return None

    def raise_any(self) -> None:
        if not self.lines:
            return
        number, lines = min(self.lines.items(), key=lambda item: item[1][0])
        lines = sorted(line for found in self.lines.values() for line in found)
        fields = f"{number} field{'s' * (number != 1)}, but the header names {self.width} columns"
        if number < self.width:
            lacking = ", ".join(self.layout.header[number:])
            cure = f"missing: {lacking}; write an empty cell for what is not known"
        else:
            name = SEPARATORS[self.layout.separator]
            cure = f"put a cell that holds a {name} in quotes, or remove what is too much"
        raise complaint(self.layout.path, lines, f"{fields}; {cure}")
