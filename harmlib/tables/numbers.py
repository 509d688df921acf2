r"""Numbers in a table, as people and their spreadsheets write them.

A number is written with a point (0.87, .87, 8.7e-1). One rule for everything else, a column at a
time, so that no cell is read by another rule than its neighbours:

- Per cent signs are read (87 % is 0.87) where every cell that isn't empty has one.
- Decimal commas are read (0,87) where no cell has a point. What may be a thousands separator too
  (1,234) is a decimal comma only beside one that is for sure (0,5; 12,25).
- Thousands separators (1,234.5; 1.234,5; 1 234) are refused.
- So are numbers that are none, and empty cells where every row needs a number.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from harmlib.tables.spreadsheet import what_it_is
from harmlib.tables.table import Table

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
_EITHER = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"
_THOUSANDS = (
    r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3}){2,}|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}"
    r"|[0-9]{1,3}(?:[ \u00a0\u202f'’_][0-9]{3})+(?:[.,][0-9]+)?)"
)
# A minus as it is typeset, and full-width signs, which Asian keyboards write.
_SIGNS = {0x2212: "-"} | {0xFEE0 + ord(sign): sign for sign in "0123456789+-.,%eE"}
_PER_CENT = r"\s*%"


def plain_numbers(table: Table, column: str, *, may_be_empty: bool = False) -> pd.Series:
    r"""Read a column of numbers, as texts with a point that keep every digit.

    Parameters
    ----------
    table : Table
        As `harmlib.tables.table.read_table` returns it.
    column : str
        One of its columns.
    may_be_empty : bool
        Whether a row may lack a number.

    Returns
    -------
    pandas.Series of str
        With the index of the table. "90.0 %" becomes "0.900".

    Raises
    ------
    TableError
        An empty cell, a cell that is no number, or one that may be two different numbers.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from harmlib.tables.table import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_text("recall;precision\n0,50;90.0 %\n1,000;100.0 %\n")
    ...     table = read_table(path)
    >>> plain_numbers(table, "recall").tolist(), plain_numbers(table, "precision").tolist()
    (['0.50', '1.000'], ['0.900', '1.000'])
    """
    texts = table.frame[column]
    empty = texts == ""
    if empty.any() and not may_be_empty:
        table.refuse(empty, f"column {column!r} is empty; write a number, or remove the row")
    if (texts.str.fullmatch(_NUMBER) | empty).all():
        return texts
    texts = texts.str.translate(_SIGNS)
    per_cent = texts.str.contains(_PER_CENT + "$", regex=True)
    if per_cent.any():
        _require_all(table, column, per_cent, empty)
        texts = texts.str.replace(_PER_CENT + "$", "", regex=True)
    texts = _with_points(table, column, texts)
    wrong = ~texts.str.fullmatch(_NUMBER) & ~empty
    if wrong.any():
        cell = table.frame[column][wrong].iloc[0]
        empty_it = "leave the cell empty" if may_be_empty else "remove the row"
        why = what_it_is(cell) or f"write one such as 0.87, or {empty_it}"
        table.refuse(wrong, f"column {column!r}: {table.first(column, wrong)} is no number; {why}")
    if per_cent.any():
        texts = texts.where(empty, texts[~empty].map(_hundredth))
    return texts


def numbers(
    table: Table, column: str, low: float, high: float, *, may_be_empty: bool = False
) -> pd.Series:
    """Read a column of numbers that lie in a range.

    Parameters
    ----------
    table : Table
        Text is read as `plain_numbers` does; numbers (of a Parquet file, say) are taken as such.
    column : str
        One of its columns.
    low, high : float
        Both belong to the range.
    may_be_empty : bool
        Whether a row may lack a number.

    Returns
    -------
    pandas.Series of float
        With the index of the table; NaN where a row lacks a number.

    Raises
    ------
    TableError
        As `plain_numbers` does, or a number outside of the range.

    Examples
    --------
    >>> from pathlib import Path
    >>> frame = pd.DataFrame({"probability": ["0.5", "87"]}, index=pd.Index([2, 3], name="line"))
    >>> numbers(Table(Path("a.csv"), frame), "probability", 0, 1)
    Traceback (most recent call last):
    harmlib.tables.complaint.TableError: a.csv: line 3: column 'probability': '87' is not ...
    """
    cells = table.frame[column]
    if is_numeric_dtype(cells) and not is_bool_dtype(cells):
        values = cells.astype(np.float64)
        if values.isna().any() and not may_be_empty:
            table.refuse(values.isna(), f"column {column!r} is empty; every row needs a number")
    elif table.frame.index.name == "line":
        texts = plain_numbers(table, column, may_be_empty=may_be_empty)
        values = pd.to_numeric(texts.replace({"": None}) if may_be_empty else texts)
        values = values.astype(np.float64)
    else:
        wrong = pd.Series(True, index=cells.index)
        shown = table.first(column, wrong)
        table.refuse(wrong, f"column {column!r} holds no numbers, but {cells.dtype}: {shown}")
    outside = (values < low) | (values > high)
    if outside.any():
        shown = table.first(column, outside)
        cure = "; write a fraction such as 0.87, or 87%" if (low, high) == (0, 1) else ""
        table.refuse(
            outside, f"column {column!r}: {shown} is not between {low:g} and {high:g}{cure}"
        )
    return values


def _require_all(table: Table, column: str, per_cent: pd.Series, empty: pd.Series) -> None:
    without = ~per_cent & ~empty
    if without.any():
        line = table.frame.index[per_cent.to_numpy()][0]
        table.refuse(
            without,
            f"column {column!r}: {table.first(column, without)} has no per cent sign, but "
            f"{table.first(column, per_cent)} in line {line} has; write all with one, or none",
        )


def _with_points(table: Table, column: str, texts: pd.Series) -> pd.Series:
    thousands = texts.str.fullmatch(_THOUSANDS)
    either = texts.str.fullmatch(_EITHER)
    comma = texts.str.contains(",", regex=False)
    point = texts.str.contains(".", regex=False)
    if thousands.any():
        shown = table.first(column, thousands)
        table.refuse(
            thousands,
            f"column {column!r}: {shown} has a thousands separator; write it without",
        )
    if not comma.any():
        return texts
    if (texts.str.fullmatch(_NUMBER) & point).any():
        line = table.frame.index[point.to_numpy()][0]
        table.refuse(
            comma,
            f"column {column!r}: {table.first(column, comma)} has a comma, but "
            f"{table.first(column, point)} in line {line} a point; write all numbers with a point",
        )
    if either.any() and not (texts.str.fullmatch(_DECIMAL_COMMA) & ~either).any():
        shown = table.first(column, either)
        digits = texts[either].iloc[0]
        either_way = f"{digits.replace(',', '.')} or {digits.replace(',', '')}"
        table.refuse(either, f"column {column!r}: {shown} may be {either_way}; write which")
    return texts.where(~texts.str.fullmatch(_DECIMAL_COMMA), texts.str.replace(",", "."))


def _hundredth(text: str) -> str:
    return format(Decimal(text).scaleb(-2), "f")
