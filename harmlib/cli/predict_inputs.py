"""What `harmlib predict` is given, looked at before anything heavy is imported."""

from __future__ import annotations

import argparse
import difflib
import glob
from pathlib import Path

from harmlib.address import (
    Address,
    AddressError,
    is_address,
    local_text,
    open_system,
    place,
    without_secrets,
)
from harmlib.features.ray_cluster import RayMissing, require_ray
from harmlib.language import told
from harmlib.media.find import find_files
from harmlib.media.ledger import Unusable
from harmlib.predict import FORMATS

STDIN = "-"
CHECKPOINTS = "*_model_best.pth"


def unusable_inputs(options: argparse.Namespace) -> str:
    """Say why nothing could be predicted; files that can't be used among others are no reason.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `predict`.

    Returns
    -------
    str
        One line; empty where there is something to do.
    """
    return _options(options) or _checkpoint(options.checkpoint) or _paths(options.paths)


def weights_by_backbone(given: list[str]) -> dict[str, str]:
    """Read what `--weights` says.

    Parameters
    ----------
    given : list of str
        Each as BACKBONE=PATH.

    Returns
    -------
    dict of str to str
        Backbone to path.

    Raises
    ------
    ValueError
        For another form, and for an address with credentials.

    Examples
    --------
    >>> weights_by_backbone(["clip=a.pt"])
    {'clip': 'a.pt'}
    """
    pairs = {}
    for text in given:
        name, _, path = text.partition("=")
        if not (name and path):
            shown = without_secrets(text)
            raise ValueError(
                told(
                    f"--weights {shown}: write BACKBONE=PATH, e.g. yolo=yolov8n.pt",
                    f"--weights {shown}: 백본=경로로 적으십시오(예: yolo=yolov8n.pt)",
                )
            )
        place(path)  # with credentials it would be shown where there is no such file
        pairs[name] = path
    return pairs


def _options(options: argparse.Namespace) -> str:
    """Say which options don't go together, or can't be read."""
    if options.out is not None and (said := _out(options.out)):
        return said
    if options.shard_files is not None:
        if options.shard_files < 1:
            return told("--shard-files: at least 1", "--shard-files: 1 이상이어야 합니다")
        if not is_sharded_out(options.out):
            return _goes_with("--shard-files", told("--out FOLDER/", "--out 폴더/"))
    if options.engine == "ray" and (said := _ray(options.out)):
        return said
    if options.confidence is not None and not options.bands:
        return _goes_with("--confidence", "--bands RECALL PRECISION")
    if options.policy_file is not None and not options.policy:
        return _goes_with("--policy-file", told("--policy NAME", "--policy 이름"))
    try:
        weights_by_backbone(options.weights)
    except ValueError as error:
        return str(error)
    return _two_lines(options)


def _ray(out: str | None) -> str:
    """Say why nothing could be predicted on Ray."""
    if not is_sharded_out(out):
        return _goes_with("--engine ray", told("--out FOLDER/", "--out 폴더/"))
    try:
        require_ray()
    except RayMissing as error:
        return str(error)
    return ""


def is_sharded_out(out: str | None) -> bool:
    """Whether `--out` names a folder for shards.

    Parameters
    ----------
    out : str, optional
        As it was given.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_sharded_out("s3://bucket/scores/"), is_sharded_out("scores.csv")
    (True, False)
    """
    return out is not None and out.endswith("/")


def _out(out: str) -> str:
    try:
        where = place(out)
        if isinstance(where, Address):
            open_system(where)
    except AddressError as error:
        return f"--out {error}"
    if is_sharded_out(out) or where.suffix in FORMATS:
        return ""
    endings = ", ".join(FORMATS)
    return told(
        f"--out {out}: must end in one of {endings}, or in / for a folder of shards",
        f"--out {out}: 파일 이름이 {endings} 중 하나로 끝나거나, 조각을 담을 폴더라면 /로 끝나야 "
        "합니다",
    )


def _goes_with(option: str, other: str) -> str:
    return told(f"{option} goes with {other}", f"{option}: {other}도 함께 적어야 합니다")


def _two_lines(options: argparse.Namespace) -> str:
    """Say so where the question where the line is has two answers."""
    given = {
        "--threshold": options.threshold is not None,
        "--policy": bool(options.policy),
        "--bands": bool(options.bands),
    }
    names = [name for name, is_given in given.items() if is_given]
    if len(names) < 2:
        return ""
    return told(
        f"{' and '.join(names)} both draw the line: give one of them",
        f"{', '.join(names)}: 모두 기준을 정하는 옵션입니다. 하나만 주십시오",
    )


def _checkpoint(path: Path) -> str:
    if not path.exists():
        return told(
            f"{path}: there is no such checkpoint{instead(path)}",
            f"{path}: 그런 체크포인트가 없습니다{instead(path)}",
        )
    if path.is_dir() and not any(path.glob(CHECKPOINTS)):
        below = sorted({str(file.parent) for file in path.glob(f"*/{CHECKPOINTS}")})
        below += sorted({str(file.parent) for file in path.glob(f"models/*/{CHECKPOINTS}")})
        return told(
            f"{path}: holds no checkpoint ({CHECKPOINTS})",
            f"{path}: 체크포인트가 없습니다({CHECKPOINTS})",
        ) + _or(below)
    return ""


def instead(path: Path) -> str:
    """What lies beside a place that isn't there, and may have been meant.

    Parameters
    ----------
    path : Path
        The place.

    Returns
    -------
    str
        The end of a message; empty where nothing is called alike.
    """
    above = next((folder for folder in path.parents if folder.is_dir()), None)
    if above is None:
        return ""
    missing = path.relative_to(above).parts[0]
    names = sorted(entry.name for entry in above.iterdir() if not entry.name.startswith("."))
    return _or([str(above / name) for name in difflib.get_close_matches(missing, names, 1)])


def _or(places: list[str]) -> str:
    listed = ", ".join(places[:8])
    return told(f". Did you mean {listed}?", f". {listed}입니까?") if places else ""


def _paths(paths: list[str]) -> str:
    """Say so where none of the paths leads anywhere; one of many is a row of the ledger."""
    near = [local_text(path) for path in paths if not is_address(path)]
    if any(path == STDIN or Path(path).exists() or _matches(path) for path in near):
        return ""
    first_found = [next(find_files([path]), None) for path in paths if is_address(path)]
    lost = [one for one in first_found if isinstance(one, Unusable)]
    if len(lost) < len(first_found):
        return ""
    if lost:
        return f"{lost[0].path}: {lost[0].reason}"
    first, more = local_text(paths[0]), len(paths) - 1
    others = told(f" (nor {more} others)", f" (다른 {more}개도 없습니다)") if more else ""
    return told(
        f"{first}: no such file or folder{others}{instead(Path(first))}. Give files, folders, "
        "patterns, or - for a list on standard input",
        f"{first}: 그런 파일이나 폴더가 없습니다{others}{instead(Path(first))}. 파일, 폴더, "
        "패턴을 적거나, 표준 입력의 목록을 읽으려면 -를 적으십시오",
    )


def _matches(path: str) -> bool:
    if not glob.has_magic(path):
        return False
    return any(isinstance(found, Path) for found in find_files([path]))
