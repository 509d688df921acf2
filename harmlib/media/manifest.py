"""Folders or CSV files to a manifest (what is used) and a ledger (what isn't, and why)."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from harmlib.media.decode import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from harmlib.media.probe import probe_all
from harmlib.media.splits import SPLITS, assign_splits, subsample_to_ratio

LABELS = {"harmful": 1, "safe": 0}
LEDGER_COLUMNS = ["path", "label", "modality", "step", "reason"]
MANIFEST_COLUMNS = [
    "item_id",
    "path",
    "modality",
    "label",
    "group",
    "split",
    "sha256",
    "width",
    "height",
    "frames",
    "duration_sec",
]
_CSV_COLUMNS = ("path", "label", "group", "split")
_SUFFIXES = {"image": IMAGE_SUFFIXES, "video": VIDEO_SUFFIXES}


class DataError(ValueError):
    """Media or CSV files that can't be used at all; the message says what to do."""


def scan_folders(root: Path, modality: str) -> pd.DataFrame:
    """Every visible file below `root/images/{harmful,safe}` (or `videos`), whatever its ending.

    Returns the columns path (relative to root), label (`harmful` or `safe`), group and split
    (both empty). Raises DataError for a missing folder.
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
    """A CSV with the columns path,label[,group][,split]; paths are relative to `data.root`.

    Raises DataError, naming file, line and column, for a missing or misspelt column, an unknown
    label or split, or a path listed twice.
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
        {name: table[name].str.strip() if name in table else "" for name in _CSV_COLUMNS}
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
    for name in _CSV_COLUMNS:
        near = difflib.get_close_matches(name, columns, 1, cutoff=0.75)
        # A misspelt `group` would pass for none and let one source leak into two splits.
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


def build_manifest(
    listed: pd.DataFrame,
    root: Path,
    modality: str,
    *,
    ratio: float | None,
    val_fraction: float,
    test_fraction: float,
    seed: int,
    probe_cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Probe the listed files of one modality and split the usable ones.

    listed : columns path (relative to `root`), label, group, split, as `scan_folders` or
        `read_csv` return them
    Returns (manifest, ledger). Files listed = manifest rows + ledger rows, always.
    Raises DataError when a class has no usable file, SplitError when no split is possible.
    """
    full = pd.Series([root / path for path in listed["path"]], index=listed.index, dtype=object)
    reason = pd.Series("", index=listed.index)
    reason[[p.suffix.lower() not in _SUFFIXES[modality] for p in full]] = (
        f"not {'an image' if modality == 'image' else 'a video'} by its file name ending"
    )
    reason[[not p.is_file() for p in full]] = "file is missing"
    reason[[p.is_dir() for p in full]] = "a folder or a link to one, which is not followed"
    reason[listed["path"].str.contains(r"\udc", regex=False)] = "file name is not UTF-8; rename it"

    usable = listed[reason == ""]
    facts = probe_all(list(full[usable.index]), modality, probe_cache, progress)
    facts.index = usable.index
    reason[usable.index] = facts["reason"]
    items = listed.join(facts.drop(columns=["path", "reason"]))[reason == ""]
    items = items.assign(label=items["label"].map(LABELS), modality=modality)

    conflict = items.groupby("sha256")["label"].transform("nunique") > 1
    reason[items.index[conflict]] = "same content is labelled both harmful and safe"
    items = items[~conflict]
    _require_classes(items, modality, root, reason[reason != ""])

    if ratio is not None:
        keep = subsample_to_ratio(items, ratio, seed)
        reason[items.index[~keep]] = f"left out to reach harmful:safe {ratio}:1"
        items = items[keep]
    items = items.assign(split=assign_splits(items, val_fraction, test_fraction, seed))

    manifest = items.assign(
        item_id=items["path"],
        path=[str(full[i]) for i in items.index],
        group=items["group"].where(items["group"].notna(), items["sha256"].str[:16]),
    )
    reason = reason[reason != ""]
    ledger = listed.loc[reason.index].assign(modality=modality, step="data", reason=reason)
    return (
        manifest.sort_values("item_id")[MANIFEST_COLUMNS].reset_index(drop=True),
        ledger[LEDGER_COLUMNS].reset_index(drop=True),
    )


def _require_classes(items: pd.DataFrame, modality: str, root: Path, reasons: pd.Series) -> None:
    lacking = [name for name, label in LABELS.items() if not (items["label"] == label).any()]
    if lacking:
        common = reasons.value_counts().head(3)
        seen = "; ".join(f"{count} x {text}" for text, count in common.items())
        raise DataError(
            f"{root}: no usable {' and no usable '.join(lacking)} {modality}: a detector needs "
            f"both classes. {f'Files that could not be used: {seen}. ' if seen else ''}"
            f"Put files below {modality}s/harmful and {modality}s/safe, or list them in a CSV"
        )


def exact_duplicates(manifest: pd.DataFrame) -> pd.DataFrame:
    """One row a content that stands in several files: sha256, copies, splits, first item_id."""
    copies = manifest.groupby(["modality", "sha256"]).agg(
        copies=("item_id", "size"),
        splits=("split", lambda s: ", ".join(sorted(set(s)))),
        first_item_id=("item_id", "min"),
    )
    return copies[copies["copies"] > 1].reset_index()
