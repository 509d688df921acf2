"""Read a table that somebody handed in as CSV; every row knows its line."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from harmlib.address import Address
from harmlib.tables.complaint import complaint
from harmlib.tables.encoding import read_text
from harmlib.tables.headers import distinct_names, strip
from harmlib.tables.layout import Layout, find_layout

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Table:
    """A table and where it comes from.

    Attributes
    ----------
    path : Path or Address
        The file.
    frame : pandas.DataFrame
        Columns by their folded names. The index says where each row begins; its name is ``line``
        for a CSV (the physical line of the file, from 1) and ``row`` for other files.
    """

    path: Path | Address
    frame: pd.DataFrame

    def refuse(self, bad: pd.Series, text: str) -> NoReturn:
        """Raise what is wrong with some rows.

        Parameters
        ----------
        bad : pandas.Series of bool
            Which rows; at least one.
        text : str
            About the first of them, with the column and the cure.

        Raises
        ------
        TableError
            Always.
        """
        lines = self.frame.index[bad.to_numpy()].tolist()
        raise complaint(self.path, lines, text, unit=str(self.frame.index.name))

    def first(self, column: str | int, bad: pd.Series) -> str:
        """The first bad cell of a column, as it is shown in messages: in quotes, not too long."""
        shown = repr(self.frame[column][bad.to_numpy()].iloc[0])
        return shown if len(shown) <= 80 else f"{shown[:78]}…'"


def read_table(path: str | Path, needed: Collection[str] = ()) -> Table:
    r"""Read a CSV file as text.

    Parameters
    ----------
    path : str or Path
        A file as `harmlib.tables.encoding` and `harmlib.tables.layout` describe it.
    needed : collection of str
        Columns that the caller needs; only for a header with several separators. That they are
        there, `harmlib.tables.headers.check_names` checks.

    Returns
    -------
    Table
        Every cell is text without spaces around it; an empty cell is an empty text. Blank rows are
        left out, and so are columns without a name that are empty or only count the rows.
        ``="007"``, which keeps a spreadsheet from taking a text for a number, is read as 007.

    Raises
    ------
    TableError
        A file that can't be read, two columns of one name, a column without a name, rows with more
        or fewer fields than the header, or a quote without an end.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_bytes("Path;Label\r\n가.png;safe\r\n".encode("cp949"))
    ...     read_table(path).frame
           path label
    line
    2     가.png  safe
    """
    path = Path(path)
    layout = find_layout(read_text(path), path, needed)
    names = distinct_names(layout.header, f"{path}: line {layout.first_line}")
    frame = _regular(layout)
    frame = (_row_by_row(layout) if frame is None else frame).apply(_clean)
    frame.index = pd.Index(frame.index, dtype="int64", name="line")
    frame = frame[(frame != "").any(axis=1)]  # spreadsheets leave empty rows behind
    table = Table(path, frame)
    again = pd.Series(True, index=frame.index)
    for number, name in enumerate(layout.header):
        again &= frame[number] == strip(name)
    if again.any():
        table.refuse(again, "the header stands here again: remove it where files were joined")
    return _named(table, names)


def _row_by_row(layout: Layout) -> pd.DataFrame:
    width = len(layout.header)
    parts = [pd.DataFrame({number: [] for number in range(width)}, dtype="str")]
    for rows, lines in layout.rows():
        columns = dict(enumerate(zip(*rows, strict=True))) if rows else {}
        parts.append(pd.DataFrame(columns, index=lines, dtype="str"))
    return pd.concat(parts) if len(parts) > 1 else parts[0]


def _regular(layout: Layout) -> pd.DataFrame | None:
    """All rows at once, ten times as fast; None unless each line has one cell for each column."""
    header = _LINE_END.search(layout.text)
    if header is None or '"' in layout.text:
        return None
    text = layout.text[header.end() :]
    if not text or text.count("\r") != text.count("\r\n"):
        return None
    names = [str(number) for number in range(len(layout.header))]
    try:
        rows = read_csv(
            pa.BufferReader(text.encode()),
            ReadOptions(column_names=names),
            ParseOptions(delimiter=layout.separator, quote_char=False, ignore_empty_lines=False),
            ConvertOptions(column_types=dict.fromkeys(names, pa.large_string())),
        )
    except pa.ArrowInvalid:  # the csv module knows which line is wrong
        return None
    longest = [pc.max(pc.utf8_length(column)).as_py() or 0 for column in rows.columns]
    if max(longest) > csv.field_size_limit():
        return None
    frame = rows.to_pandas().astype("str").set_axis(range(len(names)), axis=1)
    return frame.set_axis(layout.first_line + 1 + frame.index, axis=0)


def _clean(column: pd.Series) -> pd.Series:
    column = column.str.strip()
    around = column.str.contains("[\u200b-\u200d\u2060\ufeff]", regex=True)
    if around.any():
        column = column.where(~around, column[around].map(strip))
    kept = column.str.startswith('="')
    if kept.any():
        column = column.where(~kept, column.str.replace(r'^="(.*)"$', r"\1", regex=True))
    return column


def _named(table: Table, names: list[str]) -> Table:
    """Name the columns; those without a name must say nothing."""
    frame = table.frame
    for number in (number for number, name in enumerate(names) if not name):
        cells = frame[number]
        filled = cells != ""
        counts = [[str(row) for row in range(base, base + len(cells))] for base in (0, 1)]
        # pandas and R write the number of the row first, without a name.
        if filled.any() and not (number == 0 and cells.tolist() in counts):
            shown = table.first(number, filled)
            table.refuse(filled, f"column {number + 1} has no name, but holds {shown}; name it")
    frame = frame[[number for number, name in enumerate(names) if name]]
    return Table(table.path, frame.set_axis([name for name in names if name], axis=1))
