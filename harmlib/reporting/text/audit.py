"""The audit of printed figures in words."""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, rows
from harmlib.reporting.text.korean import number, particle, signed


def audit_sentences(findings: pd.DataFrame) -> list[str]:
    """Put the auditor's findings about printed figures into words.

    Parameters
    ----------
    findings : DataFrame
        As `Audit.to_frame` returns it.

    Returns
    -------
    list of str
        One sentence per finding; a kind that has no Korean keeps its English message.

    Examples
    --------
    >>> finding = {"kind": "evaluation_set", "model": 3, "epoch": 1, "positives": 423,
    ...            "negatives": 158}
    >>> audit_sentences(pd.DataFrame([finding]))
    ['인쇄된 모든 행에 들어맞는 가장 작은 평가 집합은 유해 423개, 안전 158개 이상입니다.']
    """
    return [_audit_sentence(finding) for finding in rows(findings)]


def _audit_sentence(finding: Row) -> str:
    kind = finding["kind"]
    who = f"Model {finding['model']} epoch {finding['epoch']}"
    if kind == "evaluation_set":
        return written(
            "The smallest evaluation set that fits all printed rows has at least "
            f"{finding['positives']:,} harmful and {finding['negatives']:,} safe items.",
            f"인쇄된 모든 행에 들어맞는 가장 작은 평가 집합은 유해 {finding['positives']:,}개, 안전 "
            f"{finding['negatives']:,}개 이상입니다.",
        )
    if kind == "baseline":
        same = (
            f"({finding['positives']:,}/{finding['positives'] + finding['negatives']:,} = "
            f"{number(finding['printed'])})"
        )
        return written(
            f"All figures of {who} are those of a classifier that calls everything harmful {same}.",
            f"{who}의 수치는 모두 유해로 판정하는 분류기의 것과 같습니다{same}.",
        )
    if kind == "edge_optimum":
        return written(
            f"The best threshold of {who}, {number(finding['threshold'], 2)}, is an end of the range "
            f"that was tried ({finding['grid_low']:.2f} to {finding['grid_high']:.2f}), so the optimum "
            "may lie outside it.",
            f"{who}의 최적 threshold {particle(number(finding['threshold'], 2), '은/는')} 시험한 범위"
            f"({finding['grid_low']:.2f}~{finding['grid_high']:.2f})의 끝이므로, 최적값은 범위 밖일 수 있습니다.",
        )
    if kind == "gain_split":
        return written(
            f"The gain in F1 over Model {finding['other_model']} is {signed(finding['total_gain'])}: "
            f"{signed(finding['same_threshold_gain'])} came from the model trained anew, at the same "
            f"threshold; moving the threshold adds only {signed(finding['threshold_gain'])}.",
            f"Model {finding['other_model']}에 대한 F1 향상 {signed(finding['total_gain'])} 중 "
            f"{particle(signed(finding['same_threshold_gain']), '은/는')} 같은 threshold에서 다시 학습한 모델에서 왔고, "
            f"threshold의 이동은 {particle(signed(finding['threshold_gain']), '을/를')} 더할 뿐입니다.",
        )
    return f"{who}: {finding['message']}"
