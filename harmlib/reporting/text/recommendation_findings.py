"""Why a model is not recommended, as findings with stable codes.

The tables are those of `harmlib.analysis.recommendation`; numbers cite their cells.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.analysis.recommendation import not_told_apart
from harmlib.language import written
from harmlib.params import finding_codes as codes
from harmlib.reporting.text.cited_numbers import Row, rows
from harmlib.reporting.text.coded_findings import Finding
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed


def recommendation_findings(
    recommended: pd.DataFrame, others: pd.DataFrame, section: str
) -> list[Finding]:
    """Say what holds a recommendation.

    Untrained weights are those of the whole modality: `weights_findings`.

    Parameters
    ----------
    recommended, others : DataFrame
        As `recommendation` and `recommendation_differences` return them.
    section : str

    Returns
    -------
    list of Finding
        Possibly none.

    Examples
    --------
    >>> recommended = pd.DataFrame({"variant": ["model4"], "held_by": "HL004"})
    >>> others = pd.DataFrame({"other": ["baseline", "model3"], "difference": [0.1, 0.01],
    ...                        "low": [0.05, -0.02], "high": [0.2, 0.04]})
    >>> recommendation_findings(recommended, others, "video")[0].sentence
    '비디오: 검증 F1이 가장 높은 Model 4는 시험 F1에서 Model 3과 구별되지 않습니다.'
    """
    one, name = next(rows(recommended)), MODALITY[section]
    best = model_name(one.variant)
    held_by = str(one.held_by).split()
    head_en = f"{name}: {best}, the model with the highest F1 on validation,"
    head = f"{name}: 검증 F1이 가장 높은 {best}"
    apart = others.iloc[1:]
    near = ", ".join(map(model_name, not_told_apart(apart)["other"]))
    above = ", ".join(map(model_name, apart.loc[apart["high"] < 0, "other"]))
    sentences = {
        codes.TOO_FEW_GROUPS: lambda: _too_few_groups(one, name),
        codes.NO_THRESHOLD: lambda: written(
            f"{head_en} left no threshold to choose on validation: all probabilities are equal, or "
            "there is one class only.",
            f"{head}에서는 검증에서 threshold를 고를 수 없었습니다. 모든 확률이 같거나 한 클래스만 있습니다.",
        ),
        codes.NOT_ABOVE_BASELINE: lambda: _not_above_baseline(one, head_en, head),
        codes.ANOTHER_ABOVE: lambda: written(
            f"{head_en} has a lower F1 on test than {above}.",
            f"{particle(head, '은/는')} 시험 F1이 {above}보다 낮습니다.",
        ),
        codes.NOT_TOLD_APART: lambda: written(
            f"{head_en} is not told from {near} by F1 on test.",
            f"{particle(head, '은/는')} 시험 F1에서 {particle(near, '과/와')} 구별되지 않습니다.",
        ),
    }
    shorts = {codes.ANOTHER_ABOVE: above, codes.NOT_TOLD_APART: near}
    return [
        Finding(code, section, sentences[code](), shorts.get(code, ""))
        for code in held_by
        if code in sentences
    ]


def _too_few_groups(one: Row, name: str) -> str:
    return written(
        f"{name}: {one.harmful_groups} groups hold a harmful item and {one.safe_groups} a safe one; an "
        f"interval takes {MIN_GROUPS} of each, so that nothing can be said about other data.",
        f"{name}: 유해 항목이 있는 그룹이 {one.harmful_groups}개, 안전 항목이 있는 그룹이 {one.safe_groups}개라 "
        f"신뢰구간을 낼 수 없습니다(각각 {MIN_GROUPS}개 필요). 다른 데이터에서 어떨지 말할 수 없습니다.",
    )


def _not_above_baseline(one: Row, head_en: str, head: str) -> str:
    ends = f"{signed(one.corrected_low, 3)}~{signed(one.corrected_high, 3)}"
    f1 = f"F1 {number(one.f1, 3)}"
    if one.corrected_high < 0:
        return written(
            f"{head_en} has {f1} on test, below the baseline's {number(one.baseline, 3)} "
            f"(95% interval of the difference {ends}).",
            f"{head}의 시험 {particle(f1, '은/는')} 모두 유해로 판정하는 기준선의 {number(one.baseline, 3)}보다 "
            f"낮습니다(차이의 95% 신뢰구간 {ends}).",
        )
    return written(
        f"{head_en} has {f1} on test; the interval of its difference from the baseline "
        f"({number(one.baseline, 3)}) holds 0 ({ends}), so that there is no ground to call it better.",
        f"{head}의 시험 {particle(f1, '은/는')} 기준선({number(one.baseline, 3)})과의 차이의 95% 신뢰구간({ends})이 "
        "0을 포함하므로 더 낫다고 볼 근거가 부족합니다.",
    )
