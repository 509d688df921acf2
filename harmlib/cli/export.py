"""`harmlib export`: a finished run for an authority."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from harmlib.media.whole_file import write_text_whole
from harmlib.predict.decision_log import DecisionLog, LogError
from harmlib.predict.statements import statements, unfilled
from harmlib.reporting.metrics import MetricsError
from harmlib.reporting.page.pages import write_html
from harmlib.reporting.page.summary_sheet import sheet_html
from harmlib.tables.csv_output import write_csv
from harmlib.workflow.automated_means import automated_means
from harmlib.workflow.dsa_template import (
    QUALITATIVE,
    TO_FILL,
    qualitative_text,
    template_rows,
)
from harmlib.workflow.recorded_run import UnreadableRun, find_run

TABLE, FIGURES = "8_automated_means.csv", "8_automated_means.json"
SHEET, STATEMENTS = "summary.html", "statements.jsonl"


def run_export(options: argparse.Namespace) -> int:
    """Write the files, and say what a person must still fill in.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `export`.

    Returns
    -------
    int
        Exit status: 0 written, 2 unusable input.
    """
    try:
        folder = find_run(options.run)
        logs = _logs(folder, options.log)
        means = automated_means(folder, options.model)
        out = options.out or folder / "dsa"
        out.mkdir(parents=True, exist_ok=True)
        table = template_rows(means)
        write_csv(table, out / TABLE)
        text = {QUALITATIVE: qualitative_text(means)}
        document = {**means, "template": TABLE, "qualitative": text}
        content = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        write_text_whole(out / FIGURES, content + "\n")
        write_html(sheet_html(means), out / SHEET, f"{means['run']}: 자동 판정 요약")
        empty = int((table["Value"] == TO_FILL).sum())
        print(f"{out / TABLE}: {len(table):,} rows, {empty:,} values {TO_FILL}")
        print("- compare its header and names with the Commission's own file before you file it")
        print(f"{out / FIGURES}: counts, intervals, thresholds, the qualitative text")
        print(f"{out / SHEET}: one page (A4), to be printed")
        print(_write_statements(logs, out / STATEMENTS))
    except (UnreadableRun, MetricsError, LogError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    return 0


def _logs(folder: Path, given: Path | None) -> list[Path]:
    if given is None:
        return sorted((folder / "predict").glob("*.decisions.jsonl"))
    if not given.is_file():
        raise LogError(f"{given}: there is no such log")
    return [given]


def _write_statements(logs: list[Path], out: Path) -> str:
    """One line a harmful decision; what they lack, in words."""
    lacking: Counter[str] = Counter()
    lines = []
    for made in (one for log in logs for one in statements(DecisionLog(log))):
        lines.append(json.dumps(made, ensure_ascii=False))
        lacking.update(f"{name} ({what})" for name, what in unfilled(made).items())
    if not logs:
        return "no log of decisions: no statements of reasons (name one with --log)"
    write_text_whole(out, "".join(f"{line}\n" for line in lines))
    said = f"{out}: {len(lines):,} statements of reasons, of harmful decisions"
    return "\n".join([said, *(f"- {n:,} lack {what}" for what, n in lacking.items())])
