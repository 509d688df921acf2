"""What a spreadsheet makes of names on their way through it, as far as it can be seen.

It turns 3-4 into a date, 1e5 and long digits into 1.2E+11, 007 into 7, -lens into #NAME?. Two
names that become one put two sources into one group; one name that becomes two puts one source
into two splits. So names that look so are refused, unless they can't be meant otherwise.
"""

from __future__ import annotations

import re

import pandas as pd

from harmlib.tables.table import Table

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_ERRORS = r"#(?:N/A|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|[#]+)"
_FORMULA = r'=(?:"|[+-]|[0-9]|\$?[A-Z]{1,3}\$?[0-9]|[A-Z][A-Z0-9.]*\().*'
_ROUNDED = r"[0-9](?:\.[0-9]+)?E\+[0-9]{2,3}"
# How spreadsheets show a date that they made of a name such as 3-4; people write dates otherwise.
_SHORT_DATE = (
    rf"(?i:[0-9]{{1,2}}-(?:{_MONTHS})(?:-[0-9]{{2,4}})?|(?:{_MONTHS})-[0-9]{{2}})"
    r"|[0-9]{1,2}월 ?[0-9]{1,2}일"
)
_DATE = (
    r"[0-9]{4}([-./])[0-9]{1,2}\1[0-9]{1,2}(?: [0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?"
    r"|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}"
)
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]*)?"
_LOST = {
    _ERRORS: "it is an error of a spreadsheet; write the cell's text",
    _FORMULA: "it is a formula; paste the cell's value",
    _ROUNDED: "a spreadsheet rounded a longer name; format the column as text and enter it anew",
}
_SPOILT = {re.compile(pattern): why for pattern, why in _LOST.items()}


def what_it_is(cell: str) -> str:
    """Say what a spreadsheet left in a cell instead of its text.

    Parameters
    ----------
    cell : str
        Without spaces around it.

    Returns
    -------
    str
        Empty where it can't be told.

    Examples
    --------
    >>> what_it_is("#REF!"), what_it_is("camera 1")
    ("it is an error of a spreadsheet; write the cell's text", '')
    """
    return next((why for pattern, why in _SPOILT.items() if pattern.fullmatch(cell)), "")


def check_texts(table: Table, column: str) -> None:
    """Refuse formulas, errors and rounded numbers in a column of names.

    Parameters
    ----------
    table : Table
        As `harmlib.tables.table.read_table` returns it.
    column : str
        One of its columns.

    Raises
    ------
    TableError
        With the first such cell.

    Examples
    --------
    >>> from pathlib import Path
    >>> frame = pd.DataFrame({"path": ["a.png", "#N/A"]}, index=pd.Index([2, 3], name="line"))
    >>> check_texts(Table(Path("a.csv"), frame), "path")
    Traceback (most recent call last):
    harmlib.tables.complaint.TableError: a.csv: line 3: column 'path': '#N/A': it is an error ...
    """
    cells = table.frame[column]
    for pattern, why in _LOST.items():
        bad = cells.str.fullmatch(pattern)
        if bad.any():
            table.refuse(bad, f"column {column!r}: {table.first(column, bad)}: {why}")


def check_groups(table: Table, column: str) -> None:
    """Refuse names of sources that a spreadsheet changed, or may have.

    Parameters
    ----------
    table : Table
        As `harmlib.tables.table.read_table` returns it.
    column : str
        Its column of groups; empty cells are no names.

    Raises
    ------
    TableError
        What `check_texts` refuses; dates as spreadsheets show them (04-Mar), or dates beside names
        that are none; one number written in two ways (1 and 1.0, 7 and 007).

    Examples
    --------
    >>> from pathlib import Path
    >>> frame = pd.DataFrame({"group": ["3-14", "04-Mar"]}, index=pd.Index([2, 3], name="line"))
    >>> check_groups(Table(Path("a.csv"), frame), "group")
    Traceback (most recent call last):
    harmlib.tables.complaint.TableError: a.csv: line 3: column 'group': '04-Mar' looks like ...
    """
    check_texts(table, column)
    cells = table.frame[column]
    date = cells.str.fullmatch(_DATE)
    if ((cells != "") & ~date).any():
        date |= cells.str.fullmatch(_SHORT_DATE)
    else:
        date = cells.str.fullmatch(_SHORT_DATE)
    if date.any():
        table.refuse(
            date,
            f"column {column!r}: {table.first(column, date)} looks like a date that a spreadsheet "
            "made of a name; format the column as text and enter it anew, or write all groups as "
            "dates (2026-03-04)",
        )
    _check_numbers(table, column)


def _check_numbers(table: Table, column: str) -> None:
    """One source under two names would stand in two splits."""
    cells = table.frame[column]
    names = cells[cells.str.fullmatch(_NUMBER)].drop_duplicates()
    values = pd.to_numeric(names)
    twice = values.duplicated()
    if twice.any():
        other = names[twice].iloc[0]
        first = names[values == values[twice].iloc[0]].iloc[0]
        line = names.index[names == first][0]
        bad = cells == other
        table.refuse(
            bad,
            f"column {column!r}: {other!r} and {first!r} in line {line} are one number; write one "
            "source in one way (a spreadsheet makes 1.0 of 1, and 7 of 007)",
        )
