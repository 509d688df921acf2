"""`harmlib log`: what a log of decisions holds, and whether anything in it was changed."""

from __future__ import annotations

import argparse
import sys

from harmlib.language import told
from harmlib.predict.decision_log import DecisionLog
from harmlib.predict.log_chain import verify


def run_log(options: argparse.Namespace) -> int:
    """List the decisions of a log, or check its chain.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `log`.

    Returns
    -------
    int
        Exit status: 0 listed, or all lines hold; 1 a line doesn't hold; 2 there is no such log.
    """
    if not options.file.is_file():
        missing = told("there is no such log", "그런 기록이 없습니다")
        print(f"harmlib: {options.file}: {missing}", file=sys.stderr)
        return 2
    if options.verify:
        found = verify(options.file)
        print(f"{options.file}: {found.sentence()}")
        return int(found.broken_at is not None)
    for entry in DecisionLog(options.file):
        fields = (str(entry.get(name, "?")) for name in ("id", "time", "decision"))
        # A name with line ends or escapes for terminals stays one harmless line.
        print("  ".join([*fields, ascii(entry.get("path", "?"))]))
    return 0
