"""The states of a run on its first screen: short words, each with the place of its evidence.

Numbers cite their cells where the table was read from a run's folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.params import Params, ScoresParams
from harmlib.params import finding_codes as codes
from harmlib.params.finding_codes import Severity
from harmlib.reporting.text.cited_numbers import row, rows
from harmlib.reporting.text.coded_findings import Finding, in_order
from harmlib.reporting.text.korean import MODALITY

# A chip's word for how grave it is: never told by its colour alone
BADGES = Wordings(
    {
        "ok": ("fine", "양호"),
        "note": ("note", "참고"),
        "warning": ("check", "주의"),
        "error": ("problem", "문제"),
    }
)
# What a chip says of findings of one code
LABELS = Wordings(
    {
        codes.UNTRAINED_WEIGHTS: ("untrained weights", "학습되지 않은 가중치"),
        codes.TOO_FEW_GROUPS: ("too few groups", "그룹 부족"),
        codes.NOT_ABOVE_BASELINE: ("no better than the baseline", "기준선보다 낫지 않음"),
        codes.NOT_TOLD_APART: ("models not told apart", "모델이 구별되지 않음"),
        codes.ANOTHER_ABOVE: ("another model is better on test", "시험에서는 다른 모델이 더 높음"),
        codes.EQUAL_NETWORKS: ("one network", "같은 네트워크"),
        codes.AT_GRID_EDGE: ("optimum at the edge of the grid", "탐색 범위 끝의 최적값"),
        codes.NO_THRESHOLD: ("no threshold found", "threshold를 찾지 못함"),
        codes.PREVALENCE_UNKNOWN: ("prevalence: data", "유해 비율: 데이터"),
        codes.PREVALENCE_DIFFERS: ("other prevalence in traffic", "트래픽과 다른 유해 비율"),
        codes.FILES_LEFT_OUT: ("left out", "쓰지 못한 파일"),
        codes.LOWER_ON_TEST: ("F1 fell on test", "시험에서 낮아진 F1"),
    }
)
# Where the report shows the evidence: a folded part, or a cell
EVIDENCE = {
    codes.UNTRAINED_WEIGHTS: "reproduction",
    codes.TOO_FEW_GROUPS: "uncertainty",
    codes.NOT_ABOVE_BASELINE: "uncertainty",
    codes.NOT_TOLD_APART: "differences",
    codes.ANOTHER_ABOVE: "differences",
    codes.EQUAL_NETWORKS: "settings",
    codes.AT_GRID_EDGE: "cell-id=epoch-figure",
    codes.NO_THRESHOLD: "cell-id=limits-shown",
    codes.PREVALENCE_UNKNOWN: "prevalence",
    codes.PREVALENCE_DIFFERS: "prevalence",
    codes.FILES_LEFT_OUT: "files",
    codes.LOWER_ON_TEST: "all-results",
}
# And where that of a table of scores does
EVIDENCE_OF_SCORES = EVIDENCE | {
    codes.EQUAL_NETWORKS: "differences",
    codes.AT_GRID_EDGE: "cell-id=line",
    codes.FILES_LEFT_OUT: "scores-items",
    codes.LOWER_ON_TEST: "scores-results",
}


@dataclass(frozen=True)
class Chip:
    """One state of the run.

    Attributes
    ----------
    state : {"ok", "note", "warning", "error"}
    text : str
        A few words; numbers may cite their cells.
    anchor : str
        Where the page shows the evidence; may be empty.
    """

    state: Severity | str
    text: str
    anchor: str

    @property
    def badge(self) -> str:
        """Say how grave it is."""
        return BADGES[self.state]


def chips(
    found: Iterable[Finding],
    recommended: Mapping[str, pd.DataFrame],
    prevalence: Mapping[str, pd.DataFrame],
    params: Params | ScoresParams,
) -> list[Chip]:
    """Say the states of a run: what was found, the gravest first, and what is as it should be.

    What the params mute has no chip, but for the last one, which lists the codes.

    Parameters
    ----------
    found : iterable of Finding
        All findings.
    recommended, prevalence : mapping of str to DataFrame
        By section, as `recommendation` and `prevalences` return them.
    params : Params or ScoresParams

    Returns
    -------
    list of Chip

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> groups = pd.DataFrame({"harmful_groups": [9], "safe_groups": 6})
    >>> found = [Finding("HL001", "video", "…", "CLIP"), Finding("HL009", "video", "…", "72%")]
    >>> for chip in chips(found, {"video": groups}, {}, load_params("params/demo.yaml")):
    ...     print(chip.badge, chip.text)
    문제 학습되지 않은 가중치: CLIP
    참고 유해 비율: 데이터 72%, 트래픽 모름
    양호 그룹 수: 비디오 유해 9, 안전 6
    양호 최적 threshold가 탐색 범위 안
    양호 모든 파일 사용
    """
    evidence = EVIDENCE if params.trains else EVIDENCE_OF_SCORES
    by_code: dict[str, list[Finding]] = {}
    for finding in in_order(found):
        by_code.setdefault(finding.code, []).append(finding)
    told = [
        Chip(own[0].severity, _found_text(code, own), evidence[code])
        for code, own in by_code.items()
        if code not in params.mute
    ]
    told += [
        Chip("ok", text, evidence[code])
        for code, text in _fine(recommended, prevalence, params).items()
        if code not in by_code and text
    ]
    muted = [code for code in by_code if code in params.mute]
    if muted:
        text = written(f"muted: {', '.join(muted)}", f"숨긴 항목: {', '.join(muted)}")
        told.append(Chip("note", text, ""))
    return told


def _found_text(code: str, found: Sequence[Finding]) -> str:
    """The code's words, and what they are about: sections of the same words together."""
    sections: dict[str, list[str]] = {}
    for finding in found:
        own = sections.setdefault(finding.short, [])
        own += [name for name in [MODALITY[finding.section]] if name not in own]
    parts = list(sections)
    if len(sections) > 1 or not parts[0]:
        parts = [f"{'·'.join(own)} {short}".strip() for short, own in sections.items()]
    if code == codes.PREVALENCE_UNKNOWN:
        return f"{LABELS[code]} {', '.join(parts)}" + written(", traffic unknown", ", 트래픽 모름")
    return f"{LABELS[code]}: {', '.join(parts)}"


def _fine(
    recommended: Mapping[str, pd.DataFrame],
    prevalence: Mapping[str, pd.DataFrame],
    params: Params | ScoresParams,
) -> dict[str, str]:
    """What to say where nothing of a code was found; empty where that was not looked for."""
    groups = ", ".join(
        written(
            f"{MODALITY[section]} harmful {one.harmful_groups:,}, safe {one.safe_groups:,}",
            f"{MODALITY[section]} 유해 {one.harmful_groups:,}, 안전 {one.safe_groups:,}",
        )
        for section, one in ((m, next(rows(table))) for m, table in recommended.items())
    )
    shares = ", ".join(
        f"{MODALITY[section]} {data.prevalence:.0%}"
        for section, table in prevalence.items()
        if set(table["origin"]) >= {"data", "given"}
        for data in (row(table, "origin", "data"),)
    )
    tried = any(len(rule.thresholds) > 1 for rule in params.variants.values())
    return {
        codes.UNTRAINED_WEIGHTS: params.trains * written("weights are trained", "학습된 가중치"),
        codes.TOO_FEW_GROUPS: written(f"groups: {groups}", f"그룹 수: {groups}"),
        codes.AT_GRID_EDGE: tried
        * written("best thresholds inside the grid", "최적 threshold가 탐색 범위 안"),
        codes.FILES_LEFT_OUT: written("every file was used", "모든 파일 사용")
        if params.trains
        else written("every item was used", "모든 항목 사용"),
        codes.PREVALENCE_DIFFERS: bool(shares)
        * written(
            f"prevalence as in the traffic: {shares}", f"트래픽과 비슷한 유해 비율: {shares}"
        ),
    }
