"""Sentences that compare models with the baseline, which calls everything harmful.

A model is said to differ only where an interval that is corrected for the comparisons made excludes
0; otherwise the sentence says what could have been told. The tables are those of
`harmlib.analysis.comparison_tables`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, rows
from harmlib.reporting.text.corrected_intervals import is_told
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed


def baseline_sentences(against_baseline: pd.DataFrame, modality: str) -> list[str]:
    """Say of each variant whether its F1 on test differs from the baseline's.

    Parameters
    ----------
    against_baseline : DataFrame
    modality : str

    Returns
    -------
    list of str
        One sentence per variant; none where there are too few groups.

    Examples
    --------
    >>> against = pd.DataFrame({"variant": ["model2"], "baseline": 0.84, "value": 0.85,
    ...     "difference": 0.01, "corrected_low": -0.03, "corrected_high": 0.05, "groups": 20,
    ...     "detectable": 0.056, "groups_needed": 500.0})
    >>> baseline_sentences(against, "video")
    ['비디오 Model 2의 시험 F1은 0.8500입니다. 모두 유해로 판정하는 기준선(F1 0.8400)과의 차이 +0.0100은 보정한 95%
    신뢰구간이 0을 포함하므로(−0.0300~+0.0500), 다르다고 볼 근거가 부족합니다. 이만한 차이를 알아보려면 그룹이 약 500개
    필요합니다(지금 20개). 지금의 그룹으로는 F1의 차이가 0.056 이상일 때에야 다섯 번에 네 번 알아볼 수 있습니다.']
    """
    return [
        written(
            f"{MODALITY[modality]} {model_name(one.variant)} has an F1 of {number(one.value)} on test. "
            f"{from_baseline(one)}{_detectable(one)}",
            f"{MODALITY[modality]} {model_name(one.variant)}의 시험 F1은 {number(one.value)}입니다. "
            f"{from_baseline(one)}{_detectable(one)}",
        )
        for one in rows(against_baseline)
        if pd.notna(one.corrected_low)
    ]


def from_baseline(compared: Row) -> str:
    """Say what the baseline's F1 is, and whether one variant's differs from it.

    Parameters
    ----------
    compared : Row
        Of the table that `baseline_sentences` takes; its interval is known.

    Returns
    -------
    str

    Examples
    --------
    >>> against = pd.DataFrame({"baseline": [0.84], "difference": 0.11, "corrected_low": 0.03,
    ...                         "corrected_high": 0.19, "groups": 29})
    >>> from_baseline(next(rows(against)))
    '모두 유해로 판정하는 기준선(F1 0.8400)과의 차이 +0.1100은 보정한 95% 신뢰구간(+0.0300~+0.1900) 전체가 0보다
    높습니다(그룹 29개).'
    """
    baseline, difference = number(compared.baseline), signed(compared.difference)
    if compared.corrected_low == compared.corrected_high == 0:
        return written(
            f"That is the baseline's (all harmful, F1 {baseline}): no group makes a difference.",
            f"모두 유해로 판정하는 기준선(F1 {particle(f'{baseline})', '과/와')} 같습니다(어느 그룹을 빼도 차이가 없음).",
        )
    ends = f"{signed(compared.corrected_low)}~{signed(compared.corrected_high)}"
    apart = written(
        f"({ends}) of its difference of {difference} from the baseline (all harmful, F1 {baseline})",
        f"모두 유해로 판정하는 기준선(F1 {baseline})과의 차이 {particle(difference, '은/는')} 보정한 95% 신뢰구간",
    )
    if is_told(compared):
        is_higher = compared.corrected_low > 0
        return written(
            f"The whole corrected 95% interval {apart} is {'above' if is_higher else 'below'} 0 "
            f"({compared.groups} groups).",
            f"{apart}({ends}) 전체가 0보다 {'높습니다' if is_higher else '낮습니다'}(그룹 {compared.groups}개).",
        )
    needed = _groups_needed(compared)
    return written(
        f"The corrected 95% interval {apart} holds 0, so there is not enough evidence of any.{needed}",
        f"{apart}이 0을 포함하므로({ends}), 다르다고 볼 근거가 부족합니다.{needed}",
    )


def _groups_needed(compared: Row) -> str:
    """How many groups would tell a difference like the one seen; empty where that says nothing."""
    needed = compared.groups_needed
    if pd.isna(needed) or needed <= compared.groups:
        return ""
    if needed == float("inf"):
        return written(
            " No realistic number of groups would tell such a difference.",
            " 이만한 차이를 알아볼 그룹 수는 현실적이지 않습니다.",
        )
    return written(
        f" To tell such a difference it takes about {needed:,.0f} groups (now {compared.groups}).",
        f" 이만한 차이를 알아보려면 그룹이 약 {needed:,.0f}개 필요합니다(지금 {compared.groups}개).",
    )


def _detectable(compared: Row) -> str:
    """What difference these groups could have told; empty where they told one."""
    if is_told(compared) or not compared.detectable > 0:
        return ""
    least = number(compared.detectable, 3)
    return written(
        f" These groups tell a difference in F1 four times in five only from {least} up.",
        f" 지금의 그룹으로는 F1의 차이가 {least} 이상일 때에야 다섯 번에 네 번 알아볼 수 있습니다.",
    )
