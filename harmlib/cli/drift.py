"""`harmlib drift`: new scores against those that the threshold was chosen on."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from harmlib.analysis.drift import MIN_ITEMS, REASONS, Drift, compare_scores
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import told
from harmlib.models.checkpoint import CheckpointError, load_checkpoint
from harmlib.models.explanation import validation_items
from harmlib.predict.read_scores import read_scores, with_sources

VERDICTS = {
    "too_few": f"too few to tell: that takes {MIN_ITEMS} new scores, and {MIN_GROUPS} sources here "
    "and in validation",
    "steady": "steady: keep the threshold",
    "watch": "watch: something changed; look at it before the next report",
    "groups_unknown": "something seems changed, but a few sources look so by chance: name them "
    "with --group (--group path: each file is its own source)",
    "choose_again": "choose the threshold again, on newly labelled items",
}


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


def format_drift(found: Drift, told_by: str) -> str:
    """Describe a drift for the terminal.

    Parameters
    ----------
    found : Drift
        As `harmlib.analysis.drift.compare_scores` returns it.
    told_by : str
        What tells the sources, as `harmlib.predict.read_scores.with_sources` returns it.

    Returns
    -------
    str
        Several lines.
    """
    sources = "sources unknown"
    if found.n_sources is not None:
        sources = f"{found.n_sources:,} sources by {told_by}"
    lines = [
        VERDICTS[found.verdict],
        f"{found.n_new:,} new scores ({sources}) against {found.n_validation:,} of validation; "
        f"Kolmogorov-Smirnov {found.ks:.3f} (p {found.p_value:.3g})",
        f"{'':<15}{'validation':>11}{'new':>9}{'change':>9}   interval ({found.level:.2%})",
    ]
    lines += [
        f"{row.metric:<15}{row.validation:>11.4f}{row.new:>9.4f}{row.difference:>+9.4f}   "
        + ("too few sources" if math.isnan(row.low) else f"{row.low:+.4f} to {row.high:+.4f}")
        for row in found.table.itertuples()
    ]
    lines.append(
        "harmful_share of the new scores is an estimate; if nothing else had changed, "
        f"{found.expected_flagged_share:.4f} would be flagged"
    )
    return "\n".join(lines + [f"- {REASONS[reason]}" for reason in found.reasons])
