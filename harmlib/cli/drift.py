"""`harmlib drift`: new scores against those that the threshold was chosen on."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from harmlib.analysis.drift import compare_scores
from harmlib.cli.drift_text import format_drift
from harmlib.language import told
from harmlib.models.checkpoint import CheckpointError, load_checkpoint
from harmlib.models.explanation import validation_items
from harmlib.predict.read_scores import read_scores, with_sources


def run_drift(options: argparse.Namespace) -> int:
    """Print whether new scores still look like those of validation.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `drift`.

    Returns
    -------
    int
        Exit status: 0 steady or too few scores, 1 watch, choose again or name the sources, 2
        unusable input.
    """
    try:
        checkpoint = load_checkpoint(_asked_checkpoint(options))
        scores = read_scores(options.scores, checkpoint.about.modality)
        new, told_by = with_sources(scores, options.group)
        optimism = checkpoint.about.f1_optimism
        found = compare_scores(
            validation_items(checkpoint),
            new,
            checkpoint.threshold,
            f1_optimism=math.nan if optimism is None else optimism,
        )
    except (CheckpointError, ValueError, OSError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(format_drift(found, told_by))
    return int(found.verdict not in ("steady", "too_few"))


def _asked_checkpoint(options: argparse.Namespace) -> Path:
    """The checkpoint file; what to give in place of a folder, or of a table that is missing."""
    path: Path = options.checkpoint
    files = sorted(path.glob("*_model_best.pth")) if path.is_dir() else [path]
    given = options.scores or "scores.csv"
    if path.is_dir() and len(files) != 1:
        if not files:
            files = sorted(path.glob("**/*_model_best.pth"))[:8]
        ways = "".join(f"\n  harmlib drift {file} {given}" for file in files)
        raise ValueError(
            told(
                f"{path}: a folder; give one checkpoint"
                + (f":{ways}" if ways else " (.pth), as a run keeps them in models/<variant>/"),
                f"{path}: 폴더입니다. 체크포인트 하나를 적으십시오"
                + (f":{ways}" if ways else "(.pth). 실행 폴더의 models/<모델>/에 있습니다"),
            )
        )
    if options.scores is None:
        raise ValueError(
            told(
                f"which new scores? Name the table of `harmlib predict`: harmlib drift {files[0]} "
                "scores.csv",
                "새 점수표를 적으십시오(`harmlib predict`가 쓴 표): "
                f"harmlib drift {files[0]} scores.csv",
            )
        )
    return files[0]
