"""One page (A4) on a detector's decisions, for an authority: figures, losses, fields to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from harmlib.reporting.text.korean import MODALITY, model_name

ROWS = 6  # sections that fit on the page beside the rest
REASONS = 3
_NAMES = {
    "accuracy": "정확도", "precision": "정밀도", "recall": "재현율", "error_rate": "오류율",
    "false_positive_rate": "오탐률", "false_negative_rate": "미탐률",
}  # fmt: skip
_SPLITS = {
    "cross-validation": "교차 검증(항목마다 그 출처를 보지 않은 모델이 판정)",
    "halves": "반씩 나눠, 다른 반에서 정한 threshold로 모든 항목을 판정",
    "test": "threshold를 정할 때 쓰지 않은 test 항목만 판정",
}
_FIELDS = ("서비스와 사업자", "보고 기간", "자동 판정의 목적", "사람의 검토와 이의 제기 절차",
           "책임자 (소속, 이름)", "확인한 날짜와 서명")  # fmt: skip
_STYLE = """
.sheet h1 { font-size: 16pt; margin: 0 0 2mm; } .sheet h2 { font-size: 11pt; margin: 2.5mm 0 1mm;
  padding-top: 1mm; }
.sheet p { font-size: 8.5pt; margin: .5mm 0 1mm; max-width: none; line-height: 1.35; }
.sheet table { border-collapse: collapse; width: 100%; font-size: 7.5pt; table-layout: fixed; }
.sheet th, .sheet td { border: 1px solid #999; padding: .5mm 1mm; text-align: left;
  white-space: normal; overflow-wrap: anywhere; line-height: 1.2; }
.sheet .fill td { height: 7mm; } .sheet .fill th { width: 55mm; }
@media print { .sheet { break-after: avoid; } }
"""


def sheet_html(means: Mapping[str, Any]) -> str:
    """Write the main part of the sheet.

    Parameters
    ----------
    means : mapping
        As `harmlib.workflow.automated_means.automated_means` returns it.

    Returns
    -------
    str
        HTML for `harmlib.reporting.page.pages.write_html`. Of more than ROWS sections the rest is
        counted: the JSON file beside has all.
    """
    sections = means["sections"]
    shown, more = sections[:ROWS], len(sections) - ROWS
    note = f"<p>절 {more:,}개가 더 있습니다. JSON 파일에 모두 있습니다.</p>" if more > 0 else ""
    return (
        f'<section class="sheet"><style>{_STYLE}</style><h1>자동 판정 요약</h1>'
        f"<p>{_origin(means)}</p><h2>데이터와 threshold</h2>{_data(shown)}"
        f"<h2>성능과 오류율</h2>{_figures(shown)}{note}"
        f"<p>괄호는 {means['level']:.0%} 신뢰구간입니다. 출처를 하나씩 빼며 구했고(잭나이프), 라벨이 옳은지는 "
        "말하지 않습니다. 오탐률은 안전한 항목 가운데 유해로 판정한 비율, 미탐률은 유해한 항목 가운데 놓친 "
        "비율입니다. 이 수치는 라벨이 있는 항목의 것입니다. 실제 서비스의 유해 비율이 다르면 정밀도와 정확도, "
        "오류율이 달라집니다.</p>"
        f"<h2>판정하지 못한 항목</h2>{_lost(means)}"
        f"<h2>책임자가 채울 것</h2>{_to_fill()}</section>"
    )


def _origin(means: Mapping[str, Any]) -> str:
    source = "점수표" if means["data"] == "scores" else "이미지와 영상"
    made = str(means["made"] or "")[:10] or "알 수 없음"
    return (
        f"실행 {escape(means['run'])}, 모델 {escape(model_name(means['model']))}, 데이터 {source}, "
        f"분석한 날 {escape(made)}(UTC)"
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    line = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{line}</tr></thead><tbody>{body}</tbody></table>"


def _data(sections: list[dict[str, Any]]) -> str:
    rows = []
    for one in sections:
        counts = one["counts"]
        harmful, safe = counts["tp"] + counts["fn"], counts["fp"] + counts["tn"]
        rows.append([
            MODALITY[one["section"]],
            f"유해 {harmful:,}, 안전 {safe:,} (판정 {counts['decisions']:,}건)",
            f"유해 {counts['harmful_groups']:,}, 안전 {counts['safe_groups']:,}",
            _threshold(one),
            one["model_id"] or "점수만 있음",
        ])  # fmt: skip
    table = _table(["절", "판정", "출처", "threshold", "모델 식별자"], rows)
    ways = " ".join(f"{_SPLITS[way]}." for way in dict.fromkeys(one["split"] for one in sections))
    return f"{table}<p>평가: {ways}</p>"


def _threshold(section: Mapping[str, Any]) -> str:
    text = f"{section['threshold']:.4g} 초과"
    if section["scale"] == "levels":
        native = section["native"]
        text += ", 점수로는 없음" if native is None else f", 등급 {native:g} 이상"
    elif section["scale"] != "probability":
        text += f", 점수로는 {section['native']:.4g} 초과"
    return text + (" (미리 정함)" if section["decided_beforehand"] else "")


def _figures(sections: list[dict[str, Any]]) -> str:
    rows = []
    for one in sections:
        by_name = {row["metric"]: row for row in one["figures"]}
        rows.append([MODALITY[one["section"]], *(_figure(by_name[name]) for name in _NAMES)])
    return _table(["절", *_NAMES.values()], rows)


def _figure(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "잴 수 없음"
    if row["low"] is None:
        return f"{row['value']:.3f} (출처가 모자람)"
    return f"{row['value']:.3f} ({row['low']:.3f}~{row['high']:.3f})"


def _lost(means: Mapping[str, Any]) -> str:
    losses = sorted(means["ledger"], key=lambda one: -one["items"])
    if not losses:
        return "<p>모든 항목을 판정했습니다.</p>"
    total = sum(one["items"] for one in losses)
    named = ", ".join(
        f"{MODALITY[one['section']]} {one['reason'][:60]} {one['items']:,}개"
        for one in losses[:REASONS]
    )
    rest = total - sum(one["items"] for one in losses[:REASONS])
    more = f", 그 밖의 까닭 {rest:,}개" if rest else ""
    return f"<p>모두 {total:,}개: {escape(named)}{more}.</p>{_moved(means)}"


def _moved(means: Mapping[str, Any]) -> str:
    """How far recall and precision could move, of the section that lost most."""
    worst = max(means["sections"], key=lambda one: one["lost"])
    moved = {row["metric"]: row for row in worst["if_lost_judged"]}
    if not moved or moved["recall"]["low"] is None:
        return ""
    row = moved["recall"]
    return (
        f"<p>{MODALITY[worst['section']]}에서 이 항목들을 모두 틀렸거나 모두 맞혔다면 재현율은 "
        f"{row['low']:.3f}에서 {row['high']:.3f} 사이입니다.</p>"
    )


def _to_fill() -> str:
    rows = "".join(f"<tr><th>{name}</th><td></td></tr>" for name in _FIELDS)
    return f'<table class="fill"><tbody>{rows}</tbody></table>'
