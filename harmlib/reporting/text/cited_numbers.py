"""Numbers that remember the table cell they come from, so that a sentence can be checked.

In a sentence such a number becomes `<data value="0.9630…" data-cell="tables/test_video.csv[3].f1">`.
Tables carry their file's name in `attrs["name"]` (`Run.read` puts it there, and their length), and keep the file's
row numbers as their index; a table without a name gives plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
import pandas as pd

_ELEMENT = r"</?data\b[^>]*>"


class Bound(float):
    """A number, and where it stands. Sums and differences of two are bound to both cells."""

    cell: str

    def __new__(cls, value: float, cell: str) -> Bound:
        number = super().__new__(cls, value)
        number.cell = cell
        return number

    def __sub__(self, other: float) -> float:
        if not isinstance(other, Bound):
            return float(self) - other
        return Bound(float(self) - float(other), self._with(other, "-"))

    def __add__(self, other: float) -> float:
        if not isinstance(other, Bound):
            return float(self) + other
        return Bound(float(self) + float(other), self._with(other, "+"))

    def _with(self, other: Bound, sign: str) -> str:
        return f"{self.cell} {sign} {other.cell}" if self.cell and other.cell else ""

    def __format__(self, spec: str) -> str:
        whole = spec in ("", ",") and self.is_integer()
        text = format(int(self) if whole else float(self), spec)
        # A typographic minus, and none before a zero that is only rounding.
        text = re.sub(r"^-(?=0[.0]*%?$)", "", text).replace("-", "−")
        if not self.cell:
            return text
        return f'<data value="{float(self)!r}" data-cell="{escape(self.cell)}">{text}</data>'


class Row:
    """One row of a table: `row.f1` or `row["f1"]`, numbers bound to their cells."""

    def __init__(self, values: pd.Series, table: str) -> None:
        self._values = values
        self._cell = f"{table}[{values.name}]" if table else ""

    def __getitem__(self, column: str) -> Any:
        value = self._values[column]
        if isinstance(value, int | float | np.integer | np.floating) and not isinstance(
            value, bool
        ):
            return Bound(value, f"{self._cell}.{column}" if self._cell else "")
        return value

    def __getattr__(self, column: str) -> Any:
        if column.startswith("_") or column not in self._values.index:
            raise AttributeError(column)
        return self[column]


def at(table: pd.DataFrame, label: int) -> Row:
    """The row with this index label, such as `idxmax` gives it."""
    return Row(table.loc[label], table.attrs.get("name", ""))


def rows(table: pd.DataFrame) -> Iterator[Row]:
    """The rows of a table, in order."""
    return (at(table, label) for label in table.index)


def row(table: pd.DataFrame, column: str, value: object) -> Row:
    """The first row in which `column` is `value`. KeyError: there is none."""
    found = table.index[table[column] == value]
    if found.empty:
        raise KeyError(f"no row with {column} {value!r} in {table.attrs.get('name', 'the table')}")
    return at(table, found[0])


def count(table: pd.DataFrame) -> Bound:
    """How many rows `table` has, bound to those rows (or to the file, when it is all of it)."""
    name = table.attrs.get("name", "")
    whole = len(table) == table.attrs.get("rows")
    which = "" if whole else f"[{','.join(map(str, table.index))}]"
    return Bound(len(table), f"count({name}{which})" if name else "")


def plain(text: str) -> str:
    """A sentence without its bindings, for alt texts."""
    return re.sub(_ELEMENT, "", text)


def html(text: str) -> str:
    """A sentence as HTML: everything escaped but its bindings."""
    parts = re.split(f"({_ELEMENT})", text)
    return "".join(part if i % 2 else escape(part) for i, part in enumerate(parts))
