"""What `harmlib predict` is given, looked at before anything heavy is imported."""

from __future__ import annotations

import argparse
import difflib
import glob
from pathlib import Path

from harmlib.language import told
from harmlib.media.find import find_files

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
    return _checkpoint(options.checkpoint) or _paths(options.paths)


def _checkpoint(path: Path) -> str:
    if not path.exists():
        return told(
            f"{path}: there is no such checkpoint{_instead(path)}",
            f"{path}: 그런 체크포인트가 없습니다{_instead(path)}",
        )
    if path.is_dir() and not any(path.glob(CHECKPOINTS)):
        below = sorted({str(file.parent) for file in path.glob(f"*/{CHECKPOINTS}")})
        below += sorted({str(file.parent) for file in path.glob(f"models/*/{CHECKPOINTS}")})
        return told(
            f"{path}: holds no checkpoint ({CHECKPOINTS})",
            f"{path}: 체크포인트가 없습니다({CHECKPOINTS})",
        ) + _or(below)
    return ""


def _instead(path: Path) -> str:
    """What lies beside a place that isn't there, and may have been meant."""
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
    if any(path == STDIN or Path(path).exists() or _matches(path) for path in paths):
        return ""
    first, more = paths[0], len(paths) - 1
    others = told(f" (nor {more} others)", f" (다른 {more}개도 없습니다)") if more else ""
    return told(
        f"{first}: no such file or folder{others}{_instead(Path(first))}. Give files, folders, "
        "patterns, or - for a list on standard input",
        f"{first}: 그런 파일이나 폴더가 없습니다{others}{_instead(Path(first))}. 파일, 폴더, "
        "패턴을 적거나, 표준 입력의 목록을 읽으려면 -를 적으십시오",
    )


def _matches(path: str) -> bool:
    if not glob.has_magic(path):
        return False
    return any(isinstance(found, Path) for found in find_files([path]))
