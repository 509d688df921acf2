"""Find out how somebody's media lie: in folders of labels, or in lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harmlib.address import Address, located
from harmlib.language import told
from harmlib.media.folders import DataError, is_mixed, kind_of, label_folders
from harmlib.media.listing import read_csv
from harmlib.media.remote_media import kinds_at, label_files, names_in
from harmlib.params import MODALITIES, Modality

_LOOKED_AT = 50  # files of a list, to tell what it lists


@dataclass(frozen=True)
class Layout:
    """Where the media of a run are.

    Attributes
    ----------
    root : Path or Address
        The folder, absolute.
    csv : dict of str to str
        Modality to its list, relative to `root`; without one its folders are scanned.
    modalities : list of str
        Those that are there.
    passed_over : list of str
        Lists that can't be used, each with the reason.
    """

    root: Path | Address
    csv: dict[Modality, str]
    modalities: list[Modality]
    passed_over: list[str] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """The section `data` of a params file."""
        return {"root": str(self.root)} | {f"{m}_csv": name for m, name in self.csv.items()}


def find_layout(place: Path | Address) -> Layout:
    """Find the media of a folder, or those that a CSV lists.

    Parameters
    ----------
    place : Path or Address
        A folder as `scan_folders` takes it, or with CSV files in it; or a CSV file.

    Returns
    -------
    Layout

    Raises
    ------
    DataError
        If there is nothing that could be used; the message says what is expected.
    FileNotFoundError, Unreachable, AddressError
        Of an address, as `harmlib.address.asking` does.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for label in ("harmful", "safe"):
    ...         (Path(folder) / "videos" / label).mkdir(parents=True)
    ...     find_layout(Path(folder)).modalities
    ['video']
    """
    root, files = _lists_at(place)
    if isinstance(root, Path) and not root.is_dir():
        raise DataError(
            told(f"{place}: there is no such folder. {_EXPECTED[0]}",
                 f"{place}: 그런 폴더가 없습니다. {_EXPECTED[1]}")
        )  # fmt: skip
    lists, passed_over = _lists(files, root)
    csv: dict[Modality, str] = {}
    for name, modality in lists.items():
        if modality in csv:
            passed_over.append(
                told(f"{name}: {csv[modality]} lists {modality}s already",
                     f"{name}: {csv[modality]}이 이미 {modality} 목록입니다")
            )  # fmt: skip
        else:
            csv[modality] = name
    found = [m for m in MODALITIES if m in csv or _has_folders(root, m)]
    if found:
        return Layout(root, csv, found, passed_over)
    seen = ", ".join(_folders(root)[:8]) or "-"
    raise DataError(
        "\n  ".join(
            [
                told(f"{root}: no media in folders named by their labels, and no list of them. "
                     f"{_EXPECTED[0]} Its folders: {seen}",
                     f"{root}: 라벨로 이름 지은 폴더도, 파일 목록도 없습니다. {_EXPECTED[1]} 지금 "
                     "있는 "
                     f"폴더: {seen}"),
                *passed_over,
            ]
        )
    )  # fmt: skip


_EXPECTED = (
    "Expected images/harmful and images/safe, videos/harmful and videos/safe (one of the two is "
    "enough), or harmful and safe with both kinds mixed; 유해 and 안전, 1 and 0 are read too. Or "
    "a CSV with the columns path and label.",
    "images/harmful과 images/safe, videos/harmful과 videos/safe(둘 중 하나면 충분), 또는 둘이 섞인 "
    "harmful과 safe가 있어야 합니다. 유해와 안전, 1과 0도 읽습니다. 또는 path와 label 열이 있는 "
    "CSV를 "
    "둡니다.",
)


def _lists_at(place: Path | Address) -> tuple[Path | Address, list[Path] | list[Address]]:
    """The root of the media, and the CSV files that may list them."""
    if isinstance(place, Path):
        if place.is_file():
            return place.parent, [place]
        return place, sorted(place.glob("*.csv"))
    if place.suffix.lower() == ".csv":
        return place.parent, [place]
    return place, [place / name for name in names_in(place) if name.lower().endswith(".csv")]


def _folders(root: Path | Address) -> list[str]:
    if isinstance(root, Address):
        return [name for name in names_in(root) if "." not in name]
    return sorted(path.name for path in root.iterdir() if path.is_dir())


def _has_folders(root: Path | Address, modality: Modality) -> bool:
    if isinstance(root, Address):
        return all(label_files(root, modality).values())
    if not is_mixed(root):
        return all(label_folders(root / f"{modality}s").values())
    files = (p for own in label_folders(root).values() for f in own for p in f.rglob("*"))
    return any(kind_of(path) == modality for path in files if path.is_file())


def _lists(
    files: list[Path] | list[Address], root: Path | Address
) -> tuple[dict[str, Modality], list[str]]:
    found: dict[str, Modality] = {}
    passed_over = []
    for file in files:
        try:
            paths = read_csv(file, root)["path"]
        except DataError as error:
            passed_over.append(str(error))
            continue
        kinds = Counter(_kinds(root, paths[:_LOOKED_AT] if isinstance(root, Address) else paths))
        if len(kinds) == 1:
            found[file.name] = next(iter(kinds))
        elif kinds:
            passed_over.append(
                told(f"{file}: lists images and videos; make it two files, one of each",
                     f"{file}: 이미지와 비디오가 섞여 있습니다. 종류마다 한 파일로 나누십시오")
            )  # fmt: skip
        else:
            passed_over.append(
                told(f"{file}: none of its files is there; paths are relative to {root}",
                     f"{file}: 적힌 파일이 하나도 없습니다. 경로는 {root} 기준입니다")
            )  # fmt: skip
    return found, passed_over


def _kinds(root: Path | Address, paths: Iterable[str]) -> list[Modality]:
    """What the first files that are there are."""
    places = [located(root, path) for path in paths]
    near = [place for place in places if isinstance(place, Path) and place.is_file()]
    far = [place for place in places if isinstance(place, Address)]
    return [*map(kind_of, near[:_LOOKED_AT]), *kinds_at(far[:_LOOKED_AT])]
