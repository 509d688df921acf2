"""`harmlib export`: a finished run for an authority."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from harmlib.language import told
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
        print("\n".join(_told(out, len(table), empty)))
        print(_write_statements(logs, out / STATEMENTS))
    except (UnreadableRun, MetricsError, LogError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    return 0


def _told(out: Path, rows: int, empty: int) -> list[str]:
    """What lies in which file."""
    return [
        told(
            f"{out / TABLE}: {rows:,} rows, {empty:,} values {TO_FILL}",
            f"{out / TABLE}: {rows:,}행, {TO_FILL}로 표시한 값 {empty:,}개",
        ),
        told(
            "- compare its header and names with the Commission's own file before you file it",
            "- 제출하기 전에 머리글과 이름을 집행위원회의 원본 양식과 대조하십시오",
        ),
        told(
            f"{out / FIGURES}: counts, intervals, thresholds, the qualitative text",
            f"{out / FIGURES}: 개수, 신뢰구간, threshold, 서술 항목",
        ),
        told(f"{out / SHEET}: one page (A4), to be printed", f"{out / SHEET}: 인쇄용 한 쪽(A4)"),
    ]


def _logs(folder: Path, given: Path | None) -> list[Path]:
    if given is None:
        return sorted((folder / "predict").glob("*.decisions.jsonl"))
    if not given.is_file():
        missing = told("there is no such log", "그런 기록이 없습니다")
        raise LogError(f"{given}: {missing}")
    return [given]


def _write_statements(logs: list[Path], out: Path) -> str:
    """One line a harmful decision; what they lack, in words."""
    lacking: Counter[str] = Counter()
    lines = []
    for made in (one for log in logs for one in statements(DecisionLog(log))):
        lines.append(json.dumps(made, ensure_ascii=False))
        lacking.update(f"{name} ({what})" for name, what in unfilled(made).items())
    if not logs:
        return told(
            "no log of decisions: no statements of reasons (name one with --log)",
            "판정 기록이 없어 판정 사유서를 쓰지 않았습니다(--log로 기록을 알려 주십시오)",
        )
    write_text_whole(out, "".join(f"{line}\n" for line in lines))
    said = told(
        f"{out}: {len(lines):,} statements of reasons, of harmful decisions",
        f"{out}: 유해 판정의 사유서 {len(lines):,}개",
    )
    lacks = (
        told(f"- {n:,} lack {what}", f"- {n:,}개에 빠진 것: {what}") for what, n in lacking.items()
    )
    return "\n".join([said, *lacks])
