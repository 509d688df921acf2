"""`harmlib estimate`: what the labels of a sample say of all decisions."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import pandas as pd

from harmlib.analysis.audit_sample.estimates import estimate_sample, widest_stratum
from harmlib.analysis.audit_sample.labels import check_against, read_labelled
from harmlib.analysis.policy_file import PolicyError
from harmlib.cli.cells import left, right
from harmlib.cli.sample import live_decisions
from harmlib.language import told
from harmlib.tables.csv_output import write_csv

_NAMES = {"false_omission_rate": ("harmful among passed", "통과 중 유해")}


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
    lines = [
        _counts(sample),
        f"{'':<22}{right(told('estimate', '추정'), 9)}   "
        + told(
            "interval (95 %)    with all unknown labels against, for it",
            "95% 신뢰구간       모르는 라벨이 모두 불리할 때, 유리할 때",
        ),
    ]
    for name, own in table.groupby("slice", sort=False):
        lines += [str(name)] if name else []
        lines += [_line(row) for row in own.to_dict("records")]
    return "\n".join(lines + _reasons(table, sample))


def _counts(sample: pd.DataFrame) -> str:
    """How much of the sample is labelled."""
    labels = sample["label"]
    labelled, unknown = int(labels.isin([0, 1]).sum()), int((labels == -1).sum())
    unseen = int(labels.isna().sum())
    decisions = int(sample.drop_duplicates("stratum")["stratum_size"].sum())
    thresholds = ", ".join(sorted(sample["threshold"].unique()))
    return told(
        f"{labelled:,} of {len(sample):,} labelled, {unknown:,} unknown, {unseen:,} not looked at; "
        f"{decisions:,} decisions at threshold {thresholds}",
        f"표본 {len(sample):,}개 중 라벨 {labelled:,}개, 모름 {unknown:,}개, 보지 않음 "
        f"{unseen:,}개. threshold {thresholds}의 판정 {decisions:,}개",
    )


def _line(row: dict[str, Any]) -> str:
    measure = row["measure"]
    name = left(told(*_NAMES[measure]) if measure in _NAMES else measure, 22)
    if row["state"] == "nothing":
        passed = measure == "false_omission_rate"
        return name + (
            told("nothing is passed", "통과한 것이 없음")
            if passed
            else told("nothing is flagged", "유해로 판정한 것이 없음")
        )
    ends = _range(row["low"], row["high"])
    if row["state"] == "too_few":
        return name + told(
            f"too few to tell: anything from {ends} fits the labels",
            f"라벨이 적어 알 수 없음: {ends}의 어느 값이든 라벨과 맞음",
        )
    bounds = f"   {_range(row['lowest'], row['highest'])}" if row["unknown"] else ""
    return f"{name}{row['value']:>9.4f}   {ends}{bounds}"


def _range(low: float, high: float) -> str:
    return told(f"{low:.4f} to {high:.4f}", f"{low:.4f}~{high:.4f}")


def _reasons(table: pd.DataFrame, sample: pd.DataFrame) -> list[str]:
    """What to do where the labels tell too little."""
    short = table[(table["state"] == "too_few") & (table["slice"] == "")]
    if short.empty or not (sample["decision"] == "passed").any():
        return []
    name, size, labelled, harmful, most = widest_stratum(sample)
    return [
        told(
            f"- of the {size:,} decisions of stratum {name!r} {labelled:,} are labelled, "
            f"{harmful:,} of them harmful: up to {most:,} may be. Label more of it: draw a larger "
            "sample",
            f"- 층 {name!r}의 판정 {size:,}개 중 라벨이 {labelled:,}개, 그중 유해가 "
            f"{harmful:,}개여서 층 전체의 유해는 {most:,}개까지 있을 수 있습니다. 더 큰 표본을 "
            "뽑아 라벨을 늘리십시오",
        )
    ]
