"""`harmlib drift`: new scores against those that the threshold was chosen on."""

from __future__ import annotations

import argparse
import math
import sys

from harmlib.address import place
from harmlib.analysis.drift import compare_scores
from harmlib.cli.drift_inputs import asked_checkpoint
from harmlib.cli.drift_text import format_drift
from harmlib.models.checkpoint import load_checkpoint
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
        checkpoint = load_checkpoint(asked_checkpoint(options.checkpoint))
        scores = read_scores(place(options.scores), checkpoint.about.modality)
        new, told_by = with_sources(scores, options.group)
        optimism = checkpoint.about.f1_optimism
        found = compare_scores(
            validation_items(checkpoint),
            new,
            checkpoint.threshold,
            f1_optimism=math.nan if optimism is None else optimism,
        )
    except (ValueError, OSError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(format_drift(found, told_by))
    return int(found.verdict not in ("steady", "too_few"))
