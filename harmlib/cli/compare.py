"""`harmlib compare`: what changed between two runs."""

from __future__ import annotations

import argparse
import json
import sys

from harmlib.reporting.metrics import MetricsError
from harmlib.workflow.compare_runs import compare_runs
from harmlib.workflow.compare_runs_text import format_changes
from harmlib.workflow.recorded_run import UnreadableRun, find_run, read_run


def run_compare(options: argparse.Namespace) -> int:
    """Print what changed between two runs, for people or as JSON.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `compare`.

    Returns
    -------
    int
        Exit status: 0 compared, 2 one of the runs can't be read.
    """
    try:
        runs = [read_run(find_run(name)) for name in (options.run_a, options.run_b)]
        changes = compare_runs(*runs)
    except (UnreadableRun, MetricsError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(changes.to_document(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print(format_changes(changes))
    return 0
