"""Numbers that know the table cell they come from, so that a sentence can be checked.

On the page such a number becomes `<data value="0.9630…" data-cell="tables/test_video.csv[3].f1">`. In a
sentence the element also bears the seal of this process, which no name in the data can hold: what looks
like a citation and wasn't made here is text. `Run.read` puts a file's name and number of rows into `attrs["name"]` and `attrs["rows"]` of the
table; the table's index holds the row numbers of the file. A table without a name gives plain text.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
import pandas as pd

_SEAL = secrets.token_hex(16)
_ELEMENT = re.compile(rf'<data {_SEAL}( value="[^"<>]*" data-cell="[^"<>]*")>([^<>]*)</data>')
# What Markdown would take for its own, in names from the data; with the seal it is their letter.
_SPECIAL = re.compile(r"[*`\[\]\\]")
_NO_LINK = re.compile(r"[*`]|(?<=\])\(")  # in a citation, whose brackets are many
_LETTER = re.compile(rf"&{_SEAL}:(\d+);")


class CitedNumber(float):
    """A number that cites its cell; the sum and the difference of two cite both cells.

    Attributes
    ----------
    cell : str
        Such as `tables/test_video.csv[3].f1`; empty where the source is unknown.

    Examples
    --------
    >>> html(f"{CitedNumber(0.875, 'tables/test.csv[0].f1'):.2f}")
    '<data value="0.875" data-cell="tables/test.csv[0].f1">0.88</data>'
    >>> f"{CitedNumber(1200, ''):,}"
    '1,200'
    """

    cell: str

    def __new__(cls, value: float, cell: str) -> CitedNumber:
        """Make a number that cites `cell`."""
        number = super().__new__(cls, value)
        number.cell = cell
        return number

    def __sub__(self, other: float) -> float:
        if not isinstance(other, CitedNumber):
            return float(self) - other
        return CitedNumber(float(self) - float(other), self._with(other, "-"))

    def __add__(self, other: float) -> float:
        if not isinstance(other, CitedNumber):
            return float(self) + other
        return CitedNumber(float(self) + float(other), self._with(other, "+"))

    def _with(self, other: CitedNumber, sign: str) -> str:
        return f"{self.cell} {sign} {other.cell}" if self.cell and other.cell else ""

    def __format__(self, spec: str) -> str:
        whole = spec in ("", ",") and self.is_integer()
        text = format(int(self) if whole else float(self), spec)
        # A typographic minus, and none before a zero that is only rounding.
        text = re.sub(r"^-(?=0[.0]*%?$)", "", text).replace("-", "−")
        if not self.cell:
            return text
        cell = _NO_LINK.sub(_sealed, escape(self.cell))
        return f'<data {_SEAL} value="{float(self)!r}" data-cell="{cell}">{text}</data>'


class Row:
    """One row of a table: `row.f1` or `row["f1"]`; its numbers cite their cells.

    Examples
    --------
    >>> row = Row(pd.Series({"variant": "model4", "f1": 0.875}, name=3), "tables/test.csv")
    >>> row.variant, row.f1.cell
    ('model4', 'tables/test.csv[3].f1')
    """

    def __init__(self, values: pd.Series, table: str) -> None:
        self._values = values
        self._cell = f"{table}[{values.name}]" if table else ""

    def __getitem__(self, column: str) -> Any:
        value = self._values[column]
        is_number = isinstance(value, int | float | np.integer | np.floating)
        if not is_number or isinstance(value, bool):
            return value
        return CitedNumber(value, f"{self._cell}.{column}" if self._cell else "")

    def __getattr__(self, column: str) -> Any:
        if column.startswith("_") or column not in self._values.index:
            raise AttributeError(column)
        return self[column]


def at(table: pd.DataFrame, label: int) -> Row:
    """Take one row by its index label.

    Parameters
    ----------
    table : DataFrame
        With the file's name in `attrs["name"]`, where it has one.
    label : int
        Label of the index, as `idxmax` gives it.

    Returns
    -------
    Row

    Examples
    --------
    >>> table = pd.DataFrame({"f1": [0.25, 0.875]})
    >>> f"{at(table, table['f1'].idxmax()).f1:.2f}"
    '0.88'
    """
    return Row(table.loc[label], table.attrs.get("name", ""))


def rows(table: pd.DataFrame) -> Iterator[Row]:
    """Go through the rows of a table in their order.

    Parameters
    ----------
    table : DataFrame
        With the file's name in `attrs["name"]`, where it has one.

    Yields
    ------
    Row

    Examples
    --------
    >>> [float(row.n) for row in rows(pd.DataFrame({"n": [3, 1]}))]
    [3.0, 1.0]
    """
    return (at(table, label) for label in table.index)


def row(table: pd.DataFrame, column: str, value: object) -> Row:
    """Take the first row in which `column` is `value`.

    Parameters
    ----------
    table : DataFrame
        With the file's name in `attrs["name"]`, where it has one.
    column : str
        A column of the table.
    value : object
        What to look for.

    Returns
    -------
    Row

    Raises
    ------
    KeyError
        No row has this value.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["model2", "model4"], "f1": [0.25, 0.875]})
    >>> float(row(table, "variant", "model4").f1)
    0.875
    """
    found = table.index[table[column] == value]
    if found.empty:
        raise KeyError(f"no row with {column} {value!r} in {table.attrs.get('name', 'the table')}")
    return at(table, found[0])


def count(table: pd.DataFrame) -> CitedNumber:
    """Count the rows of a table; the number cites those rows, or the file where they are all of it.

    Parameters
    ----------
    table : DataFrame
        Rows of a file, with its name in `attrs["name"]` and its length in `attrs["rows"]`.

    Returns
    -------
    CitedNumber

    Examples
    --------
    >>> table = pd.DataFrame({"f1": [0.25, 0.875]})
    >>> table.attrs = {"name": "tables/test.csv", "rows": 2}
    >>> count(table).cell, count(table[table["f1"] > 0.5]).cell
    ('count(tables/test.csv)', 'count(tables/test.csv[1])')
    """
    name = table.attrs.get("name", "")
    whole = len(table) == table.attrs.get("rows")
    which = "" if whole else f"[{','.join(map(str, table.index))}]"
    return CitedNumber(len(table), f"count({name}{which})" if name else "")


def literal(name: object) -> str:
    """Put a name from the data into a sentence of Markdown, so that it stands there as it is.

    Parameters
    ----------
    name : object
        Such as the name of a file; its text is taken.

    Returns
    -------
    str

    Examples
    --------
    >>> html(f"{literal('**a**.mp4')}: safe"), plain(literal("[a](b)"))
    ('**a**.mp4: safe', '[a](b)')
    """
    return _SPECIAL.sub(_sealed, str(name))


def _sealed(found: re.Match[str]) -> str:
    return f"&{_SEAL}:{ord(found[0])};"


def plain(text: str) -> str:
    """Remove the citations from a sentence, for alt texts.

    Parameters
    ----------
    text : str
        A sentence in which numbers may cite their cells.

    Returns
    -------
    str

    Examples
    --------
    >>> plain(f"F1 {CitedNumber(0.875, 'tables/test.csv[0].f1'):.2f}")
    'F1 0.88'
    """
    return settled(_ELEMENT.sub(r"\2", text))


def html(text: str) -> str:
    """Escape a sentence for HTML, all but its citations.

    Parameters
    ----------
    text : str
        A sentence in which numbers may cite their cells. A citation that this process didn't make
        is text like any other.

    Returns
    -------
    str

    Examples
    --------
    >>> html(f"a < b, {CitedNumber(1, 't.csv[0].n')}, <data onfocus=x>")
    'a &lt; b, <data value="1.0" data-cell="t.csv[0].n">1</data>, &lt;data onfocus=x&gt;'
    """
    return settled(marked_up(text))


def marked_up(text: str) -> str:
    """`html`, in which the letters of `literal` still wait for `settled`: for a Markdown reader.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> settled(marked_up(literal("*"))), marked_up("<")
    ('*', '&lt;')
    """
    ends, found = 0, []
    for element in _ELEMENT.finditer(text):
        found += [_escaped(text[ends : element.start()]), f"<data{element[1]}>{element[2]}</data>"]
        ends = element.end()
    return "".join([*found, _escaped(text[ends:])])


def settled(text: str) -> str:
    """Give the letters that `literal` has put away their place in HTML.

    Parameters
    ----------
    text : str
        Of `marked_up`.

    Returns
    -------
    str

    Examples
    --------
    >>> settled("a")
    'a'
    """
    return _LETTER.sub(lambda found: chr(int(found[1])), text)


def _escaped(text: str) -> str:
    """Escape for HTML; the sealed letters stay."""
    return escape(text).replace(f"&amp;{_SEAL}:", f"&{_SEAL}:")
