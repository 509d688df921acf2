"""CSV files that this package writes, and takes back as they were.

Two things that the csv module leaves to its user, since names of files may hold anything:

- A carriage return in a text is quoted like a line feed. Unquoted it would split the row.
- A text that a spreadsheet would calculate (it begins with one of ``= + - @``, their full-width
  forms, a tab or a line end) gets an apostrophe in front. So does a text that begins with
  apostrophes and such a character, so that exactly one is taken away in reading. Numbers stay.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # the full-width ones too
_QUOTED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_ROWS = 1 << 17  # at once: their texts take some 100 bytes each


def as_text(text: str) -> str:
    """Mark a text so that no spreadsheet calculates it.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    str
        `text`, or an apostrophe and `text`. Bytes of a name that isn't UTF-8 are written out.

    Examples
    --------
    >>> as_text("=1+1"), as_text("'=1"), as_text("a=1"), as_text("'a")
    ("'=1+1", "''=1", 'a=1', "'a")
    """
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return f"'{text}" if _FORMULA.match(text) else text


def from_text(text: str) -> str:
    """Take away the mark of `as_text`.

    Parameters
    ----------
    text : str
        A cell that `as_text` made.

    Returns
    -------
    str

    Examples
    --------
    >>> from_text("'=1+1"), from_text("''=1"), from_text("'a")
    ('=1+1', "'=1", "'a")
    """
    return text[1:] if _QUOTED.match(text) else text


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts `as_text` has marked; numbers and missing values stay.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> marked(pd.DataFrame({"path": ["=a", "b"], "n": [-1, 2]}))["path"].tolist()
    ["'=a", 'b']
    """
    return _mapped(table, as_text, "'=+-@\t\r\n")


def unmarked(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that was read from a CSV with its texts as they were before `marked`.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
        With the `attrs` of `table`.

    Examples
    --------
    >>> unmarked(pd.DataFrame({"path": ["'=a", "b"], "n": [-1, 2]}))["path"].tolist()
    ['=a', 'b']
    """
    return _mapped(table, from_text, "'")


def _mapped(table: pd.DataFrame, change: Callable[[str], str], starts: str) -> pd.DataFrame:
    """Change the texts that begin with one of `starts`, or aren't ASCII: few, of many."""
    table = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if isinstance(kind, pd.CategoricalDtype):  # its names are texts too
            kind = kind.categories.dtype
            table.isetitem(place, table.iloc[:, place].astype(kind))
        if isinstance(kind, pd.StringDtype) and not _some(table.iloc[:, place], starts).any():
            continue
        if not (pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind)):
            continue
        cells = table.iloc[:, place].to_numpy(dtype=object)
        changed = {
            i: change(cell)
            for i, cell in enumerate(cells)
            if isinstance(cell, str) and (cell[:1] in starts or not cell.isascii())
        }
        if changed:
            cells = cells.copy()
            cells[list(changed)] = list(changed.values())
            table.isetitem(place, pd.Series(cells, index=table.index, dtype=kind))
    return table


def _some(texts: pd.Series, starts: str) -> pd.Series:
    """Which texts begin with one of `starts`, or aren't ASCII: without a look at each in Python."""
    asks = f"^[{re.escape(starts)}]|[^\\x00-\\x7f]"
    return texts.str.contains(asks, regex=True, na=False)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    r"""Write a table, without its index, as UTF-8 with a byte-order mark.

    Parameters
    ----------
    table : DataFrame
        Names of columns are written as they are.
    path : Path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(pd.DataFrame({"path": ["a\rb", "=c"]}), Path(folder, "a.csv"))
    ...     read_csv(Path(folder, "a.csv"))["path"].tolist()
    ['a\rb', '=c']
    """
    cells = marked(table)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        if not _plain(cells):
            cells.to_csv(_LineFeeds(file), index=False, lineterminator="\r\n")
            return
        cells.iloc[:0].to_csv(_LineFeeds(file), index=False, lineterminator="\r\n")
        file.flush()
        bare = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
        for start in range(0, len(cells), _ROWS):
            arrow_csv.write_csv(_texts(cells.iloc[start : start + _ROWS]), file.buffer, bare)


def _plain(table: pd.DataFrame) -> bool:
    """Whether no cell needs quotes, and `_texts` knows all types: large tables are such."""
    kinds = table.dtypes.tolist()
    texts = [place for place, kind in enumerate(kinds) if isinstance(kind, pd.StringDtype)]
    numbers = [kind for kind in kinds if kind in (np.float64, np.int64, np.bool_)]
    return (
        len(kinds) > 1  # an empty cell alone in its row is quoted
        and len(texts) + len(numbers) == len(kinds)
        and not any(
            table.iloc[:, place].str.contains('[",\r\n]', regex=True, na=False).any()
            for place in texts
        )
    )


def _texts(table: pd.DataFrame) -> pa.Table:
    """The cells as pandas writes them, in a fifth of its time."""
    columns = []
    for place in range(table.shape[1]):
        column = pa.array(table.iloc[:, place], from_pandas=True)
        if pa.types.is_boolean(column.type):
            texts = pc.if_else(column, "True", "False")
        elif pa.types.is_float64(column.type):
            texts = _float_texts(column)
        else:
            texts = column.cast(pa.large_string())
        columns.append(texts)
    return pa.table(columns, names=[str(place) for place in range(len(columns))])


def _float_texts(column: pa.DoubleArray) -> pa.Array:
    """The shortest text that gives each number back; Arrow writes some of them in another form."""
    values = column.to_numpy(zero_copy_only=False)
    size = np.abs(values)
    with np.errstate(invalid="ignore"):  # of infinite ones
        other = ~((size >= 1e-4) & (size < 1e9) & (values % 1 != 0)) & ~np.isnan(values)
    bits, place = np.unique(values[other].view(np.int64), return_inverse=True)  # -0.0 isn't 0.0
    distinct = pa.array([repr(value) for value in bits.view(np.float64).tolist()], pa.string())
    texts = pc.if_else(pa.array(other), None, column.cast(pa.string()))
    return pc.replace_with_mask(texts, pa.array(other), distinct.take(pa.array(place)))


def read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """Read a table that `write_csv` wrote.

    Parameters
    ----------
    path : Path
        The file.
    **options
        Of `pandas.read_csv`.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(pd.DataFrame({"n": [1, 2]}), Path(folder, "a.csv"))
    ...     read_csv(Path(folder, "a.csv"))["n"].tolist()
    [1, 2]
    """
    return unmarked(pd.read_csv(path, **options))


class RowWriter:
    """Rows of a CSV file, one at a time, as `write_csv` writes them.

    Parameters
    ----------
    file : TextIO
        Opened with ``newline=""``.
    columns : iterable of str
        Their order.
    header : bool
        Write the names of the columns at once; False where the file has them already.

    Examples
    --------
    >>> import sys
    >>> rows = RowWriter(sys.stdout, ["path", "p"])
    path,p
    >>> rows.write({"path": "=a", "p": -0.5})
    '=a,-0.5
    """

    def __init__(self, file: TextIO, columns: Iterable[str], *, header: bool = True) -> None:
        self._rows = csv.DictWriter(_LineFeeds(file), list(columns), lineterminator="\r\n")
        if header:
            self._rows.writeheader()

    def write(self, row: Mapping[str, Any]) -> None:
        """Write one row."""
        self._rows.writerow(
            {name: as_text(one) if isinstance(one, str) else one for name, one in row.items()}
        )


class _LineFeeds:
    """A file for the csv module, which quotes what is in its own line end: both characters.

    Each write is one row or several whole ones; in a cell both characters may stand together too.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write one row, its line end a line feed."""
        return self._file.write(text.removesuffix("\r\n") + "\n")
