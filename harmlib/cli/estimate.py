"""`harmlib estimate`: what the labels of a sample say of all decisions."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import pandas as pd

from harmlib.analysis.audit_sample.estimates import estimate_sample, widest_stratum
from harmlib.analysis.audit_sample.labels import check_against, read_labelled
from harmlib.analysis.policy_file import PolicyError
from harmlib.cli.sample import live_decisions
from harmlib.tables.csv_output import write_csv

_NAMES = {"false_omission_rate": "harmful among passed"}


def run_estimate(options: argparse.Namespace) -> int:
    """Print what a labelled sample says of what is live.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `estimate`.

    Returns
    -------
    int
        Exit status: 0 estimated, 1 too few to tell a measure over all, 2 unusable input.
    """
    from harmlib.models.checkpoint import CheckpointError

    try:
        sample = read_labelled(options.labels)
        if options.scores is not None:
            check_against(sample, live_decisions(options)[1], options.scores)
        table = estimate_sample(sample)
        if options.out is not None:
            write_csv(table, options.out)
    except (CheckpointError, PolicyError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(format_estimates(table, sample))
    return int((table.loc[table["slice"] == "", "state"] == "too_few").any())


def format_estimates(table: pd.DataFrame, sample: pd.DataFrame) -> str:
    """Describe estimates for the terminal.

    Parameters
    ----------
    table : DataFrame
        As `estimate_sample` returns it.
    sample : DataFrame
        What it was made from.

    Returns
    -------
    str
        Several lines.
    """
    counts = sample["label"]
    lines = [
        f"{int(counts.isin([0, 1]).sum()):,} of {len(sample):,} labelled, "
        f"{int((counts == -1).sum()):,} unknown, {int(counts.isna().sum()):,} not looked at; "
        f"{int(sample.drop_duplicates('stratum')['stratum_size'].sum()):,} decisions at threshold "
        + ", ".join(sorted(sample["threshold"].unique())),
        f"{'':<22}{'estimate':>9}   interval (95 %)    with all unknown labels against, for it",
    ]
    for name, own in table.groupby("slice", sort=False):
        lines += [str(name)] if name else []
        lines += [_line(row) for row in own.to_dict("records")]
    return "\n".join(lines + _reasons(table, sample))


def _line(row: dict[str, Any]) -> str:
    name = _NAMES.get(row["measure"], row["measure"])
    if row["state"] == "nothing":
        which = "passed" if row["measure"] == "false_omission_rate" else "flagged"
        return f"{name:<22}nothing is {which}"
    ends = f"{row['low']:.4f} to {row['high']:.4f}"
    if row["state"] == "too_few":
        return f"{name:<22}too few to tell: anything from {ends} fits the labels"
    bounds = f"   {row['lowest']:.4f} to {row['highest']:.4f}" if row["unknown"] else ""
    return f"{name:<22}{row['value']:>9.4f}   {ends}{bounds}"


def _reasons(table: pd.DataFrame, sample: pd.DataFrame) -> list[str]:
    """What to do where the labels tell too little."""
    short = table[(table["state"] == "too_few") & (table["slice"] == "")]
    if short.empty or not (sample["decision"] == "passed").any():
        return []
    name, size, labelled, harmful, most = widest_stratum(sample)
    return [
        f"- of the {size:,} decisions of stratum {name!r} {labelled:,} are labelled, {harmful:,} "
        f"of them harmful: up to {most:,} may be. Label more of it: draw a larger sample"
    ]
