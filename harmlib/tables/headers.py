"""Names of columns: what counts as the same name, and what was probably meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from harmlib.address import Address
from harmlib.language import told
from harmlib.tables.complaint import TableError

# What stands around a cell unseen: white space of all scripts, zero-width signs, a mark (BOM)
# where files were joined.
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"


def strip(cell: str) -> str:
    r"""Remove what can't be seen from both ends of a cell.

    Parameters
    ----------
    cell : str
        A cell of a table.

    Returns
    -------
    str

    Examples
    --------
    >>> strip(" \ufeffpath\u200b\xa0")
    'path'
    """
    inner = cell.strip()
    while inner != (shorter := inner.strip(_UNSEEN).strip()):
        inner = shorter
    return inner


def fold(name: str) -> str:
    """The name of a column as it is compared: without case, spaces around it, and Unicode form.

    Parameters
    ----------
    name : str
        As it is written in a header.

    Returns
    -------
    str
        In lower case and NFC.

    Examples
    --------
    >>> fold(" Label ")
    'label'
    """
    return unicodedata.normalize("NFC", strip(str(name))).lower()


def distinct_names(names: Sequence[str], where: str) -> list[str]:
    """The names of all columns, folded; no two are the same.

    Parameters
    ----------
    names : sequence of str
        As they are written in a header. Several may be empty.
    where : str
        File and line, for the message.

    Returns
    -------
    list of str

    Raises
    ------
    TableError
        Two columns of one name.

    Examples
    --------
    >>> distinct_names(["Path", "label", "Label"], "a.csv: line 1")
    Traceback (most recent call last):
    harmlib.tables.complaint.TableError: a.csv: line 1: columns 2 ('label') and 3 ('Label') ...
    """
    seen: dict[str, int] = {}
    for number, name in enumerate(names):
        folded = fold(name)
        if folded and folded in seen:
            first = seen[folded]
            raise TableError(
                f"{where}: columns {first + 1} ({names[first]!r}) and {number + 1} ({name!r}) have "
                "the same name (case, spaces and Unicode form don't count); rename or remove one"
            )
        seen[folded] = number
    return [fold(name) for name in names]


def check_names(
    columns: Collection[str], needed: Iterable[str], optional: Iterable[str], path: Path | Address
) -> None:
    """Refuse a table that lacks a column, or seems to have one under a misspelt name.

    Parameters
    ----------
    columns : collection of str
        Folded names.
    needed, optional : iterable of str
        Columns that must be there, and those that are used where they are.
    path : Path
        The file, for the message.

    Raises
    ------
    TableError
        A column that is missing, or misspelt.

    Examples
    --------
    >>> check_names(["path", "labl"], ["path"], ["label"], Path("a.csv"))
    Traceback (most recent call last):
    harmlib.tables.complaint.TableError: a.csv: no column 'label'; did you mean 'labl'?
    """
    needed = list(needed)
    for name in [*needed, *optional]:
        if name in columns:
            continue
        # Without this, a misspelt `group` would mean no groups: one source leaks into two splits.
        near = difflib.get_close_matches(name, list(columns), 1, cutoff=0.75)
        if near:
            raise TableError(
                told(
                    f"{path}: no column {name!r}; did you mean {near[0]!r}?",
                    f"{path}: {name!r} 열이 없습니다. {near[0]!r}입니까?",
                )
            )
        if name in needed:
            has = ", ".join(filter(None, columns))
            is_one = len(columns) <= 1
            raise TableError(
                told(
                    f"{path}: no column {name!r}; it has {has}"
                    + ("; separate columns by comma, semicolon or tab" if is_one else ""),
                    f"{path}: {name!r} 열이 없습니다. 있는 열: {has}"
                    + (". 열은 쉼표, 세미콜론, 탭으로 나눕니다" if is_one else ""),
                )
            )
