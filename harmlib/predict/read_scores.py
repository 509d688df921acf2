"""Read a table of scores that `harmlib predict` wrote, with labels that people may have added."""

from __future__ import annotations

from pathlib import Path, PurePath, PureWindowsPath

import pandas as pd

from harmlib.address import Address, AddressError, look_up
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.media.fetching import local_file
from harmlib.media.ledger import LABELS
from harmlib.tables.complaint import TableError
from harmlib.tables.csv_output import unmarked
from harmlib.tables.files import read_file
from harmlib.tables.headers import check_names, fold
from harmlib.tables.numbers import numbers
from harmlib.tables.spreadsheet import check_groups, check_texts, what_it_is
from harmlib.tables.table import Table

BY_FOLDER = "folder"
NEEDED = ("modality", "probability")
MODALITIES = ("image", "video")
_ONE_FILE = (".csv", ".tsv", ".txt", ".jsonl")  # at an address; all else there is shards
# How a label may be written; a column with empty cells holds its numbers as 1.0 and 0.0.
_LABELS = LABELS | {"1": 1, "0": 0, "1.0": 1, "0.0": 0}
# True is harmful everywhere in this package; spreadsheets write it in capitals.
_LABELS |= {"TRUE": 1, "True": 1, "true": 1, "FALSE": 0, "False": 0, "false": 0}
_UNKNOWN = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "<NA>")


def read_scores(path: Path | Address, modality: str) -> pd.DataFrame:
    """Return the rows of one modality of a table of scores.

    Parameters
    ----------
    path : Path or Address
        A table with at least the columns modality and probability, as
        `harmlib.tables.files.read_file` reads it; at an address a CSV or JSON file, too.
    modality : {"image", "video"}

    Returns
    -------
    pandas.DataFrame
        The columns of the table; of a CSV as text, empty cells missing. probability is a number. A
        column ``label`` holds 1 (harmful), 0 (safe) or NaN (unknown). The index is named ``line``
        (of a CSV) or ``row``, and counts from 1.

    Raises
    ------
    ValueError
        For another suffix, a table without the needed columns or without a row of the modality, a
        probability outside [0, 1] or missing, or a label, modality or group that can't be used.
    """
    table = _read(path)
    columns = table.frame.columns
    if missing := set(NEEDED) - set(columns):
        # The misspelt, then all: a table of something else has other names altogether.
        check_names(columns, (), NEEDED, path)
        raise TableError(
            f"{path}: no column {', '.join(sorted(missing))}; give a table of `harmlib predict`"
        )
    check_names(columns, (), ("label", "group", "path"), path)
    table = _of_modality(table, modality)
    read = {"probability": numbers(table, "probability", 0, 1)}
    if "label" in table.frame:
        read["label"] = _as_numbers(table)
    if table.frame.index.name == "line":
        if "group" in table.frame:
            check_groups(table, "group")
        if "path" in table.frame:
            check_texts(table, "path")
    frame = table.frame.assign(**read)
    if table.frame.index.name == "line":  # a CSV, in which our own marks stand before formulas
        frame = unmarked(frame)
    texts = frame.select_dtypes(["object", "string"]).columns
    return frame.assign(**{name: frame[name].mask(frame[name] == "") for name in texts})


def _read(path: Path | Address) -> Table:
    if isinstance(path, Path) or path.suffix.lower() not in _ONE_FILE:
        return read_file(path, NEEDED)
    try:
        with local_file(Address(path.text, look_up(path))) as near:  # as it is now
            try:
                return Table(path, read_file(near, NEEDED).frame)
            except TableError as error:
                raise TableError(str(error).replace(str(near), str(path))) from None
    except (OSError, AddressError) as error:
        raise TableError(str(error)) from None


def _of_modality(table: Table, modality: str) -> Table:
    found = table.frame["modality"]
    odd = ~found.isin(MODALITIES)
    if odd.any():
        table.refuse(
            odd, f"column 'modality': {table.first('modality', odd)}; use {' or '.join(MODALITIES)}"
        )
    if not (found == modality).any():
        raise TableError(
            f"{table.path}: no row of modality {modality}; the table has {len(found):,} of "
            f"{' and '.join(sorted(set(found))) or 'any'}"
        )
    return Table(table.path, table.frame[found == modality])


def with_sources(scores: pd.DataFrame, by: str | None = None) -> tuple[pd.DataFrame, str]:
    """Give each row the source that it comes from, as a column ``group``, where that can be told.

    Rows of one source (clips of one camera, copies of one file) are not independent.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `read_scores` returns it.
    by : str, optional
        A column that names the source (``path``: each file is its own), or ``folder`` for the
        parent folder of ``path``. None: the column ``group`` where there is one, else the parent
        folders where there are at least MIN_GROUPS.

    Returns
    -------
    scores : pandas.DataFrame
        Without a column ``group`` where sources are unknown.
    told_by : str
        The column, ``folder``, or empty where sources are unknown. Near-duplicates in several
        folders are not looked for: that takes the media.

    Raises
    ------
    ValueError
        A column that the table lacks, or that has empty cells.
    """
    if by is None and "group" in scores:
        by = "group"
    if by not in (None, BY_FOLDER):
        by = fold(by)
        if by not in scores:
            raise ValueError(f"no column {by} in the table of scores; it has {', '.join(scores)}")
        if scores[by].isna().any():
            raise ValueError(_empty_cells(scores[by], by))
        return scores.assign(group=scores[by]), by
    if "path" not in scores:
        if by:
            raise ValueError("no column path in the table of scores: folders are unknown")
        return scores, ""
    if scores["path"].isna().any():
        raise ValueError(_empty_cells(scores["path"], "path"))
    folders = scores["path"].map(_folder)
    if by == BY_FOLDER or folders.nunique() >= MIN_GROUPS:
        return scores.assign(group=folders), BY_FOLDER
    return scores, ""


def _empty_cells(column: pd.Series, name: str) -> str:
    empty = column.index[column.isna()]
    first = f"; the first in {column.index.name} {empty[0]}" if column.index.name else ""
    return f"column {name} has {len(empty)} empty cells{first}; name each"


def _folder(path: str) -> str:
    """The parent folder; of a table that was written on Windows too."""
    is_windows = "\\" in path and "/" not in path
    return (PureWindowsPath(path) if is_windows else PurePath(path)).parent.as_posix()


def _as_numbers(table: Table) -> pd.Series:
    labels = table.frame["label"]
    known = labels.notna() & ~labels.isin(_UNKNOWN)
    read = labels.astype(str).map(_LABELS).where(known)
    odd = known & read.isna()
    if odd.any():
        spoilt = what_it_is(str(labels[odd].iloc[0]))
        table.refuse(
            odd,
            f"label {table.first('label', odd)}; {f'{spoilt}; ' if spoilt else ''}use harmful or "
            "safe, 1 or 0, or leave it empty",
        )
    return read.astype(float)
