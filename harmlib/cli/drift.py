"""`harmlib drift`: new scores against those that the threshold was chosen on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from harmlib.analysis.drift import MIN_ITEMS, REASONS, Drift, compare_scores
from harmlib.models.checkpoint import CheckpointError, load_checkpoint
from harmlib.models.explanation import validation_items

VERDICTS = {
    "too_few": f"too few new scores to tell (at least {MIN_ITEMS})",
    "steady": "steady: keep the threshold",
    "watch": "watch: something changed; look at it before the next report",
    "choose_again": "choose the threshold again, on newly labelled items",
}


def run_drift(options: argparse.Namespace) -> int:
    try:
        checkpoint = load_checkpoint(options.checkpoint)
        new = read_scores(options.scores, checkpoint.about["modality"])
        found = compare_scores(validation_items(checkpoint), new, checkpoint.threshold)
    except (CheckpointError, ValueError, OSError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(format_drift(found))
    return int(found.verdict in ("watch", "choose_again"))


def read_scores(path: Path, modality: str) -> pd.DataFrame:
    """The rows of one modality: probability, and label (0, 1 or missing) and group where there.

    Rows of one group (clips of one source) are one piece of news; without the column `group` each
    row is its own. Raises ValueError for a table without the needed columns, and for a label of
    another name.
    """
    readers = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".jsonl": lambda p: pd.read_json(p, lines=True),
    }
    if path.suffix not in readers:
        raise ValueError(f"{path}: must end in one of {', '.join(readers)}")
    table = readers[path.suffix](path)
    lacking = {"modality", "probability"} - set(table)
    if lacking:
        raise ValueError(f"{path}: no column {', '.join(sorted(lacking))}; is it of predict?")
    table = table[table["modality"] == modality]
    if "label" in table:
        names = {"harmful": 1, "safe": 0, "1": 1, "0": 0, "1.0": 1, "0.0": 0}
        known = table["label"].notna()
        labels = table["label"].astype(str).map(names).where(known)
        if labels[known].isna().any():
            odd = table.loc[known & labels.isna(), "label"].iloc[0]
            raise ValueError(f"{path}: label {odd!r}; use harmful or safe, 1 or 0, or leave empty")
        table = table.assign(label=labels)
    return table


def format_drift(found: Drift) -> str:
    """In words, for the terminal."""
    lines = [
        VERDICTS[found.verdict],
        f"{found.n_new:,} new scores against {found.n_validation:,} of validation; "
        f"Kolmogorov-Smirnov {found.ks:.3f} (p {found.p_value:.3g})",
        f"{'':<15}{'validation':>11}{'new':>9}{'change':>9}   interval ({found.level:.2%})",
    ]
    for row in found.table.itertuples():
        lines.append(
            f"{row.metric:<15}{row.validation:>11.4f}{row.new:>9.4f}{row.difference:>+9.4f}"
            f"   {row.low:+.4f} to {row.high:+.4f}"
        )
    lines.append(
        f"harmful_share of the new scores is estimated; had nothing else changed, "
        f"{found.expected_flagged_share:.4f} would be flagged"
    )
    return "\n".join(lines + [f"- {REASONS[reason]}" for reason in found.reasons])
