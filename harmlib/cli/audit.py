"""`harmlib audit`: what a table of printed metrics gives away."""

from __future__ import annotations

import argparse
import sys

from harmlib.audit.auditor import audit, format_audit, read_claims


def run_audit(options: argparse.Namespace) -> int:
    """Print what a table of printed metrics gives away.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `audit`.

    Returns
    -------
    int
        Exit status: 0 nothing impossible, 1 a row is impossible, 2 the table can't be read.
    """
    try:
        audited = audit(read_claims(options.file))
    except (ValueError, OSError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(format_audit(audited))
    return int(any(finding.severity == "impossible" for finding in audited.findings))
