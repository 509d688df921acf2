"""List media: the files of a folder or of a CSV, with their labels, not opened yet."""

from __future__ import annotations

import difflib
from pathlib import Path

import pandas as pd

from harmlib.media.ledger import LABELS
from harmlib.media.splits import SPLITS
from harmlib.params import DataParams, Modality

LISTING_COLUMNS = ("path", "label", "group", "split")


class DataError(ValueError):
    """Media or CSV files that can't be used at all; the message says what to do."""


def list_media(data: DataParams, modality: Modality) -> pd.DataFrame:
    """List the files of one modality: those of the CSV that `data` names, or of its folders.

    Parameters
    ----------
    data : DataParams
        Root folder, and the CSV of each modality (None: scan the folders).
    modality : {"image", "video"}
        Which files to list.

    Returns
    -------
    DataFrame
        Columns `LISTING_COLUMNS`, as `scan_folders` and `read_csv` return them.

    Raises
    ------
    DataError
        As `scan_folders` and `read_csv` do.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("images/harmful/a.jpg", "images/safe/b.jpg"):
    ...         (Path(folder) / name).parent.mkdir(parents=True)
    ...         (Path(folder) / name).touch()
    ...     list_media(DataParams(root=folder), "image")["path"].tolist()
    ['images/harmful/a.jpg', 'images/safe/b.jpg']
    """
    csv = data.csv(modality)
    return read_csv(data.root / csv) if csv else scan_folders(data.root, modality)


def scan_folders(root: Path, modality: Modality) -> pd.DataFrame:
    """List every visible file below the two folders of a modality, whatever its ending.

    Parameters
    ----------
    root : Path
        Holds `images/{harmful,safe}`, `videos/{harmful,safe}`.
    modality : {"image", "video"}
        Which of the two pairs of folders to scan.

    Returns
    -------
    DataFrame
        One row per file, sorted: path (relative to `root`), label (`harmful` or `safe`), group
        and split (both None).

    Raises
    ------
    DataError
        If a folder is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("images/harmful/a.jpg", "images/safe/b.jpg"):
    ...         (Path(folder) / name).parent.mkdir(parents=True)
    ...         (Path(folder) / name).touch()
    ...     scan_folders(Path(folder), "image")
                       path    label group split
    0  images/harmful/a.jpg  harmful  None  None
    1     images/safe/b.jpg     safe  None  None
    """
    top = root / f"{modality}s"
    if not top.is_dir():
        raise DataError(
            f"{top}: there is no such folder. Expected {modality}s/harmful and {modality}s/safe "
            f"below {root}; or name a CSV (data.{modality}_csv), or leave {modality!r} out of "
            "`modalities`"
        )
    rows = []
    for label in LABELS:
        if not (top / label).is_dir():
            raise DataError(
                f"{top / label}: there is no such folder; {modality}s need both classes"
            )
        # Links to nowhere or to folders are listed too: the ledger says why they aren't used.
        files = (p for p in sorted((top / label).rglob("*")) if p.is_symlink() or not p.is_dir())
        rows += [
            {"path": _printable(p.relative_to(root)), "label": label}
            for p in files
            if not any(part.startswith(".") for part in p.relative_to(top).parts)
        ]
    return pd.DataFrame(rows, columns=["path", "label"]).assign(group=None, split=None)


def _printable(path: Path) -> str:
    """Names from an old Korean Windows aren't UTF-8; no table could hold their bytes."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def read_csv(csv_path: Path) -> pd.DataFrame:
    """Read a list of media from a CSV file in UTF-8.

    Parameters
    ----------
    csv_path : Path
        Columns path (relative to `data.root`), label (`harmful` or `safe`) and, if wished, group
        and split (`train`, `val` or `validation`, `test`); further columns are not used.

    Returns
    -------
    DataFrame
        Columns `LISTING_COLUMNS`; group and split are None where the CSV says nothing.

    Raises
    ------
    DataError
        With file, line and column, for a missing or misspelt column, an unknown label or split,
        or a path that is listed twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("path,label,group", file=file)
    ...     print("a.jpg,safe,camera1", file=file)
    ...     file.flush()
    ...     read_csv(Path(file.name))
        path label    group split
    0  a.jpg  safe  camera1  None
    """
    try:
        table = pd.read_csv(
            csv_path, dtype=str, na_filter=False, encoding="utf-8-sig", skip_blank_lines=False
        )
    except FileNotFoundError:
        raise DataError(f"{csv_path}: there is no such CSV file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{csv_path}: not in UTF-8; save it as 'CSV UTF-8' ({error})") from None
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{csv_path}: not a readable CSV: {error}") from None
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(f"{csv_path}: the rows have more fields than the header names columns")
    table.columns = [str(name).strip().lower() for name in table.columns]
    _check_columns(list(table.columns), csv_path)
    table = pd.DataFrame(
        {name: table[name].str.strip() if name in table else "" for name in LISTING_COLUMNS}
    )
    table = table[(table != "").any(axis=1)]  # spreadsheets leave empty rows behind
    table["split"] = table["split"].replace("validation", "val")
    _check_values(table, "label", tuple(LABELS), csv_path)
    _check_values(table, "split", (*SPLITS, ""), csv_path)
    if (table["path"] == "").any():
        raise DataError(f"{csv_path}: line {_line(table['path'] == '')}: empty path")
    twice = table["path"].duplicated()
    if twice.any():
        line = _line(twice)
        raise DataError(f"{csv_path}: line {line}: {table['path'][twice].iloc[0]} is listed twice")
    return table.reset_index(drop=True).replace({"group": {"": None}, "split": {"": None}})


def _check_columns(columns: list[str], csv_path: Path) -> None:
    for name in LISTING_COLUMNS:
        near = difflib.get_close_matches(name, columns, 1, cutoff=0.75)
        # Without this, a misspelt `group` would mean no groups: one source leaks into two splits.
        if name not in columns and (near or name in ("path", "label")):
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(columns)}"
            raise DataError(f"{csv_path}: no column {name!r}; {hint}")


def _line(bad: pd.Series) -> int:
    return int(bad.idxmax()) + 2  # the header is line 1


def _check_values(table: pd.DataFrame, column: str, known: tuple[str, ...], path: Path) -> None:
    bad = ~table[column].isin(known)
    if bad.any():
        value = table[column][bad].iloc[0]
        near = difflib.get_close_matches(value, known, 1)
        hint = (
            f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(filter(None, known))}"
        )
        raise DataError(f"{path}: line {_line(bad)}: {column} {value!r}; {hint}")
