"""What `harmlib drift` is given, looked at before anything heavy is imported."""

from __future__ import annotations

import argparse
import glob
from pathlib import Path

from harmlib.address import Address, AddressError, place
from harmlib.cli.predict_inputs import CHECKPOINTS, instead
from harmlib.language import told


def unusable_drift(options: argparse.Namespace) -> str:
    """Say why nothing could be compared, by what lies where.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `drift`.

    Returns
    -------
    str
        What to say; empty where both inputs are there.
    """
    path: Path = options.checkpoint
    try:
        scores = place(options.scores) if options.scores else None
    except AddressError as error:  # before anything shows the address
        return str(error)
    if not path.exists():
        return told(
            f"{path}: there is no such checkpoint{instead(path)}",
            f"{path}: 그런 체크포인트가 없습니다{instead(path)}",
        )
    if asked_checkpoint(path).is_dir():
        return _which_checkpoint(path, str(scores or "scores.csv"))
    return _scores(asked_checkpoint(path), scores)


def asked_checkpoint(path: Path) -> Path:
    """Return the only checkpoint of a folder; of another folder, and of a file, that itself.

    Parameters
    ----------
    path : Path
        As it was given.

    Returns
    -------
    Path
    """
    files = list(path.glob(CHECKPOINTS)) if path.is_dir() else []
    return files[0] if len(files) == 1 else path


def _which_checkpoint(folder: Path, scores: str) -> str:
    files = sorted(folder.glob(CHECKPOINTS)) or sorted(folder.glob(f"**/{CHECKPOINTS}"))[:8]
    ways = "".join(f"\n  harmlib drift {file} {scores}" for file in files)
    return told(
        f"{folder}: a folder; give one checkpoint"
        + (f":{ways}" if ways else " (.pth), as a run keeps them in models/<variant>/"),
        f"{folder}: 폴더입니다. 체크포인트 하나를 적으십시오"
        + (f":{ways}" if ways else "(.pth). 실행 폴더의 models/<모델>/에 있습니다"),
    )


def _scores(checkpoint: Path, scores: Path | Address | None) -> str:
    if not scores:
        return told(
            f"which new scores? Name the table of `harmlib predict`: harmlib drift {checkpoint} "
            "scores.csv",
            "새 점수표를 적으십시오(`harmlib predict`가 쓴 표): "
            f"harmlib drift {checkpoint} scores.csv",
        )
    if isinstance(scores, Address) or glob.has_magic(str(scores)) or scores.exists():
        return ""
    return told(
        f"{scores}: there is no such file{instead(scores)}",
        f"{scores}: 그런 파일이 없습니다{instead(scores)}",
    )
