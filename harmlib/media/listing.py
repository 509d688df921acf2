"""List media: the files of a folder or of a CSV, with their labels, not opened yet."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from harmlib.address import (
    Address,
    AddressError,
    has_credentials,
    is_address,
    located,
    look_up,
)
from harmlib.language import told
from harmlib.media.categories import check_category, folder_category, plain_category
from harmlib.media.fetching import local_file
from harmlib.media.folders import DataError, scan_folders
from harmlib.media.ledger import LABELS, plain_label
from harmlib.media.listed_paths import FilesOnDisk, listed_files
from harmlib.media.remote_media import FilesAtAddress
from harmlib.media.splits import SPLITS
from harmlib.params import DataParams, Modality
from harmlib.tables.complaint import TableError
from harmlib.tables.headers import check_names, fold
from harmlib.tables.spreadsheet import check_groups, check_texts, what_it_is
from harmlib.tables.table import Table, read_table

LISTING_COLUMNS = ("path", "label", "group", "split")
BY_FOLDER = "folder"
WAYS = ("guess", "file", BY_FOLDER)  # of `data.groups`, beside the name of a column


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
        Columns `LISTING_COLUMNS`, as `scan_folders` and `read_csv` return them; with
        `data.categories` also category (as `harmlib.media.categories` writes it); further columns
        of the CSV behind them.

    Raises
    ------
    DataError
        As `scan_folders` and `read_csv` do; if none of the listed files is there.

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
    csv = data.csv_file(modality)
    if not csv:
        listed = scan_folders(data.root, modality)
        if data.categories is not None:
            listed = _of_folders(listed, data.categories)
    else:
        listed = read_csv(csv, data.root, data.categories, _group_column(data))
        _require_one(listed["path"], data.root, csv)
    if data.groups == BY_FOLDER:
        return listed.assign(group=[_plain_folder(path) for path in listed["path"]])
    if not csv and data.groups not in WAYS:
        raise DataError(
            told(
                f"data.groups: {data.groups}: a column of a CSV, but the {modality}s are found in "
                f"folders; use one of {', '.join(WAYS)}, or name a CSV (data.{modality}_csv)",
                f"data.groups: {data.groups}: CSV의 열 이름인데 {modality}는 폴더에서 찾습니다. "
                f"{', '.join(WAYS)} 중 하나를 쓰거나 CSV를 적으십시오(data.{modality}_csv)",
            )
        )
    return listed


def _group_column(data: DataParams) -> str:
    return "group" if data.groups in WAYS else fold(data.groups)


def _plain_folder(path: str) -> str:
    """The folder of a file, without those of the labels: both may show one source."""
    parts = PurePosixPath(path.replace("\\", "/")).parts[:-1]
    return "/".join(part for part in parts if plain_label(part) is None) or "."


def _require_one(paths: pd.Series, root: Path | Address, csv_path: Path | Address) -> None:
    """Say once that no listed file is there, instead of once for each in the ledger."""
    files = listed_files(root)
    if paths.empty or files.any_exists(paths):
        return
    hint = files.hint(paths.iloc[0])
    raise DataError(
        told(
            f"{csv_path}: none of the {len(paths):,} listed files is there. The first is "
            f"{paths.iloc[0]!r}, looked for at {located(files.root, paths.iloc[0])}; ",
            f"{csv_path}: 적힌 파일 {len(paths):,}개가 하나도 없습니다. 첫 파일은 "
            f"{paths.iloc[0]!r}이며 {located(files.root, paths.iloc[0])}에서 찾았습니다. ",
        )
        + (hint or told("paths are relative to data.root", "경로는 data.root 기준입니다"))
    )


def _of_folders(listed: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """Give each file the category whose folder below harmful/ it lies in."""
    category = [folder_category(*row) for row in zip(listed["path"], listed["label"], strict=True)]
    for path, label, own in zip(listed["path"], listed["label"], category, strict=True):
        if said := check_category(own, label, categories):
            raise DataError(f"{path}: {said}; its category is the folder below {label}/")
    return listed.assign(category=category)


def read_csv(
    csv_path: Path | Address,
    root: Path | Address | None = None,
    categories: Sequence[str] | None = None,
    group_column: str = "group",
) -> pd.DataFrame:
    """Read a list of media from a CSV file.

    Parameters
    ----------
    csv_path : Path or Address
        Columns path (relative to `root`, absolute, or an address), label (`harmful` or `safe`, or
        as `harmlib.media.ledger.LABEL_WORDS` has them: 유해, 안전, 1, 0) and, if wished, group and
        split (`train`, `val` or `validation`, `test`); further columns are not used.
        Encodings, separators and all else as `harmlib.tables.table.read_table` reads them.
    root : Path or Address, optional
        The folder of the media, `data.root`; by default that of the CSV.
    categories : sequence of str, optional
        Those that are learned: the CSV has a column category too, with one or several (``gun|fire``
        or ``gun;fire``) for each harmful item, and none for a safe one.
    group_column : str
        The column that names the groups; another than group must be there.

    Returns
    -------
    DataFrame
        Columns `LISTING_COLUMNS`, category where it is asked for, and the CSV's further ones, by
        which results are told apart (`harmlib.analysis.slices`); paths as
        `harmlib.media.listed_paths` finds them; group and split are None where the CSV says
        nothing.

    Raises
    ------
    DataError
        With file, line and column, for a missing or misspelt column, an unknown label or split,
        a group that a spreadsheet seems to have changed, or a file that is listed twice.

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
    where = csv_path.parent if root is None else root
    if isinstance(csv_path, Path):
        return _read_csv(csv_path, where, categories, group_column)
    try:
        with local_file(Address(csv_path.text, look_up(csv_path))) as near:  # as it is now
            try:
                return _read_csv(near, where, categories, group_column)
            except DataError as error:
                raise DataError(str(error).replace(str(near), str(csv_path))) from None
    except (OSError, AddressError) as error:
        raise DataError(str(error)) from None


def _read_csv(
    csv_path: Path, root: Path | Address, categories: Sequence[str] | None, group_column: str
) -> pd.DataFrame:
    try:
        needed = ("path", "label") if categories is None else ("path", "label", "category")
        needed = needed if group_column == "group" else (*needed, group_column)
        table = read_table(csv_path, needed=needed)
        check_names(table.frame.columns, needed, ("group", "split"), csv_path)
        columns = [*LISTING_COLUMNS, *(["category"] if categories is not None else [])]
        further = [name for name in table.frame if name and name not in columns]
        frame = table.frame.reindex(columns=[*columns, *further], fill_value="")
        frame = frame[(frame[columns] != "").any(axis=1)]
        frame["split"] = frame["split"].replace("validation", "val")
        frame["group"] = frame[group_column].str.normalize("NFC")
        frame["label"] = [plain_label(word) or word for word in frame["label"]]
        table = Table(csv_path, frame)
        _check_values(table, "label", tuple(LABELS))
        _check_values(table, "split", (*SPLITS, ""))
        check_groups(table, "group")
        if categories is not None:
            table = _with_categories(table, categories)
        table = _with_paths(table, listed_files(root))
    except (TableError, AddressError) as error:
        raise DataError(str(error)) from None
    frame = table.frame.reset_index(drop=True)
    return frame.replace({"group": {"": None}, "split": {"": None}})


def _with_categories(table: Table, categories: Sequence[str]) -> Table:
    """Return the table with categories as the manifest holds them."""
    plain = table.frame["category"].map(plain_category)
    said = pd.Series(
        [check_category(*row, categories) for row in zip(plain, table.frame["label"], strict=True)],
        index=plain.index,
    )
    if (said != "").any():
        first = said[said != ""].iloc[0]
        table.refuse(said == first, first)
    return Table(table.path, table.frame.assign(category=plain))


def _with_paths(table: Table, files: FilesOnDisk | FilesAtAddress) -> Table:
    """Return the table with paths as they are on disk; no two lines name one file."""
    check_texts(table, "path")
    listed = table.frame["path"]
    if (listed == "").any():
        table.refuse(listed == "", "empty path; write one, or remove the line")
    secret = pd.Series([is_address(p) and has_credentials(p) for p in listed], listed.index)
    if secret.any():
        table.refuse(secret, "path: an address with credentials or a query; leave them out")
    paths = listed.map(files.named)
    keys = paths.map(files.key)
    twice = keys.duplicated()
    if twice.any():
        first = keys.index[keys == keys[twice].iloc[0]][0]
        also = "" if listed[first] == listed[twice].iloc[0] else f" as {listed[first]}"
        table.refuse(
            twice, f"{listed[twice].iloc[0]} is listed twice: in line {first}{also}; remove one"
        )
    return Table(table.path, table.frame.assign(path=paths))


def _check_values(table: Table, column: str, known: tuple[str, ...]) -> None:
    bad = ~table.frame[column].isin(known)
    if not bad.any():
        return
    value = table.frame[column][bad].iloc[0]
    allowed = ", ".join(filter(None, known))
    if value == "":
        table.refuse(bad, f"{column} is empty; allowed: {allowed}")
    near = difflib.get_close_matches(value, known, 1) or [
        name for name in known if name and name == value.lower()
    ]
    hint = f"did you mean {near[0]!r}?" if near else f"allowed: {allowed}"
    spoilt = what_it_is(value)
    table.refuse(bad, f"{column} {value!r}; {f'{spoilt}; ' if spoilt else ''}{hint}")
