"""List the media of folders that are named by their labels."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from harmlib.address import Address, AddressError
from harmlib.language import told
from harmlib.media.formats import HEAD, recognise
from harmlib.media.ledger import LABEL_WORDS, LABELS, plain_label
from harmlib.media.remote_media import label_files
from harmlib.params import Modality

# Of a file whose content tells nothing: it goes into the ledger with those of its kind
_VIDEO_ENDINGS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv")


class DataError(ValueError):
    """Media or CSV files that can't be used at all; the message says what to do."""


def scan_folders(root: Path | Address, modality: Modality) -> pd.DataFrame:
    """List every visible file below the two folders of a modality, whatever its ending.

    Parameters
    ----------
    root : Path or Address
        Holds `images/{harmful,safe}`, `videos/{harmful,safe}`; or, where it has neither `images`
        nor `videos`, `{harmful,safe}` with files of both kinds, which their content tells apart.
        The two may be named in other ways, too (`harmlib.media.ledger.LABEL_WORDS`).
    modality : {"image", "video"}
        Which files to list.

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
    ...     for name in ("images/harmful/a.jpg", "images/안전/b.jpg"):
    ...         (Path(folder) / name).parent.mkdir(parents=True)
    ...         (Path(folder) / name).touch()
    ...     scan_folders(Path(folder), "image")
                       path    label group split
    0  images/harmful/a.jpg  harmful  None  None
    1       images/안전/b.jpg     safe  None  None
    """
    if isinstance(root, Address):
        return _scan_address(root, modality)
    top, mixed = folder_of(root, modality), is_mixed(root)
    folders = label_folders(top)
    rows = []
    for label in LABELS:
        if not folders[label]:
            raise DataError(_missing(top, label, modality))
        for path in _files(folders[label], top):
            if not mixed or kind_of(path) == modality:
                rows.append({"path": _printable(path.relative_to(root)), "label": label})
    return pd.DataFrame(rows, columns=["path", "label"]).assign(group=None, split=None)


def _scan_address(root: Address, modality: Modality) -> pd.DataFrame:
    try:
        found = label_files(root, modality)
    except (OSError, AddressError) as error:
        raise DataError(str(error)) from None
    for label, paths in found.items():
        if not paths:
            raise DataError(_missing(root / f"{modality}s", label, modality))
    rows = [{"path": path, "label": label} for label, paths in found.items() for path in paths]
    return pd.DataFrame(rows, columns=["path", "label"]).assign(group=None, split=None)


def folder_of(root: Path, modality: Modality) -> Path:
    """Find the folder whose folders are named by labels.

    Parameters
    ----------
    root : Path
    modality : {"image", "video"}
        These two as for `scan_folders`.

    Returns
    -------
    Path
        `images` or `videos` below `root`, or `root` itself where files of both kinds are mixed.

    Raises
    ------
    DataError
        If there is none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "images").mkdir()
    ...     folder_of(Path(folder), "image").name
    'images'
    """
    if is_mixed(root):
        return root
    top = root / f"{modality}s"
    if top.is_dir():
        return top
    raise DataError(
        told(
            f"{top}: there is no such folder. Expected {modality}s/harmful and {modality}s/safe "
            f"below {root}; or name a CSV (data.{modality}_csv), or leave {modality!r} out of "
            "`modalities`",
            f"{top}: 그런 폴더가 없습니다. {root} 아래에 {modality}s/harmful과 {modality}s/safe가 "
            f"있어야 합니다. 또는 CSV를 적거나(data.{modality}_csv) `modalities`에서 "
            f"{modality!r}를 빼십시오",
        )
    )


def is_mixed(root: Path) -> bool:
    """Whether images and videos lie together in folders of labels, right below `root`.

    Parameters
    ----------
    root : Path
        As for `scan_folders`.

    Returns
    -------
    bool

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("harmful", "안전"):
    ...         (Path(folder) / label).mkdir()
    ...     is_mixed(Path(folder))
    True
    """
    if (root / "images").is_dir() or (root / "videos").is_dir():
        return False
    return all(label_folders(root).values())


def label_folders(top: Path) -> dict[str, list[Path]]:
    """Find the folders that are named by a label.

    Parameters
    ----------
    top : Path
        Where they lie.

    Returns
    -------
    dict of str to list of Path
        By label, ``harmful`` and ``safe``; empty lists where there is none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("harmful", "안전"):
    ...         (Path(folder) / label).mkdir()
    ...     [path.name for path in label_folders(Path(folder))["safe"]]
    ['안전']
    """
    found: dict[str, list[Path]] = {label: [] for label in LABEL_WORDS}
    for path in sorted(top.iterdir()) if top.is_dir() else ():
        label = plain_label(path.name)
        if label and path.is_dir():
            found[label].append(path)
    return found


def _missing(top: Path | Address, label: str, modality: Modality) -> str:
    words = ", ".join(LABEL_WORDS[label][:2])
    return told(
        f"{top / label}: there is no such folder; {modality}s need both classes (it may also be "
        f"named {words})",
        f"{top / label}: 그런 폴더가 없습니다. {modality}에는 두 클래스가 모두 필요합니다"
        f"(폴더 이름은 {words}여도 됩니다)",
    )


def _files(folders: list[Path], top: Path) -> Iterator[Path]:
    for folder in folders:
        # Links to nowhere or to folders are listed too: the ledger says why they aren't used.
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(top).parts)
            if not hidden and (path.is_symlink() or not path.is_dir()):
                yield path


def kind_of(path: Path) -> Modality:
    """Tell what a file is by its first bytes; by its name where these tell nothing.

    A file that is neither counts as one of the two all the same: it must reach the ledger.

    Parameters
    ----------
    path : Path

    Returns
    -------
    {"image", "video"}

    Examples
    --------
    >>> kind_of(Path("/nowhere/a.mp4"))
    'video'
    """
    kind = "other"
    with contextlib.suppress(OSError):
        if path.is_file():  # reading a pipe would never end
            with path.open("rb") as file:
                kind = recognise(file.read(HEAD)).kind
    if kind in ("picture", "video"):
        return "image" if kind == "picture" else "video"
    return "video" if path.suffix.lower() in _VIDEO_ENDINGS else "image"


def _printable(path: Path) -> str:
    """Names from an old Korean Windows aren't UTF-8; no table could hold their bytes."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()
