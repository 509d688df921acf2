"""Sentences of the study: how much data would tell a difference that matters.

The tables are those of `harmlib.analysis.data_needed`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import math

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed


def data_sentences(needed: pd.DataFrame, modality: str) -> list[str]:
    """Say how many groups, and items, would tell the difference that matters.

    Parameters
    ----------
    needed : DataFrame
        As `data_needed.data_needed` returns it, one row per pair of variants, with columns a and b.
    modality : str

    Returns
    -------
    list of str
        One sentence per pair.

    Examples
    --------
    >>> needed = pd.DataFrame({"a": ["model4"], "b": "model5", "observed": 0.03, "low": -0.04,
    ...     "high": 0.1, "error": 0.04, "groups": 53, "items": 240, "wanted": 0.02, "power": 0.08,
    ...     "detectable": 0.106, "groups_needed": 1406.0, "items_needed": 6367.0,
    ...     "observed_needed": 636.0})
    >>> data_sentences(needed, "video")
    ['비디오: Model 4와 Model 5의 F1 차이는 +0.0300(95% 신뢰구간 −0.0400~+0.1000)입니다. 지금의 그룹 53개로는 차이가
    0.106 이상일 때에야 다섯 번에 네 번 알아볼 수 있고, 0.02의 차이를 알아볼 확률은 8.0%입니다. 0.02를 알아보려면 그룹이 약
    1,406개(항목 약 6,367개) 필요합니다. 새 그룹이 지금의 그룹과 비슷하다고 볼 때의 추정입니다.']
    """
    return [_needed(one, modality) for one in rows(needed)]


def _needed(one: Row, modality: str) -> str:
    medium, a, b, gap = (
        MODALITY[modality],
        model_name(one.a),
        model_name(one.b),
        signed(one.observed),
    )
    if pd.isna(one.low):
        return written(
            f"{medium}: {a} and {b} differ by {gap} in F1. Too few groups for an interval (at least "
            f"{MIN_GROUPS} of each class needed), so how many more it takes can't be said either.",
            f"{medium}: {particle(a, '과/와')} {b}의 F1 차이는 {gap}입니다. 그룹이 모자라 신뢰구간이 없으므로(클래스마다 "
            f"{MIN_GROUPS}개 이상 필요), 얼마나 더 필요한지도 말할 수 없습니다.",
        )
    head = written(
        f"{medium}: {a} and {b} differ by {gap} in F1 (95% CI {signed(one.low)} to "
        f"{signed(one.high)}).",
        f"{medium}: {particle(a, '과/와')} {b}의 F1 차이는 {gap}(95% 신뢰구간 {signed(one.low)}~"
        f"{signed(one.high)})입니다.",
    )
    return f"{head} {_how_many(one)}"


def _how_many(one: Row) -> str:
    """How many groups the wanted difference takes."""
    if not one.error > 0:
        return written(
            "The two decide alike in every group, so how much data it takes can't be said.",
            "두 모델의 판정이 그룹마다 같아, 필요한 데이터를 말할 수 없습니다.",
        )
    wanted = f"{one.wanted:g}"
    if one.groups_needed <= one.groups:
        return written(
            f"The present {one.groups:,} groups are enough to tell a difference of {wanted} (about "
            f"{one.groups_needed:,.0f} tell it four times in five).",
            f"지금의 그룹 {one.groups:,}개는 {wanted}의 차이를 알아보기에 충분합니다(다섯 번에 네 번 알아보는 데 약 "
            f"{one.groups_needed:,.0f}개 필요).",
        )
    now = written(
        f"The present {one.groups:,} groups tell a difference four times in five only from "
        f"{number(one.detectable, 3)} up, and one of {wanted} with a probability of {one.power:.1%}.",
        f"지금의 그룹 {one.groups:,}개로는 차이가 {number(one.detectable, 3)} 이상일 때에야 다섯 번에 네 번 알아볼 수 "
        f"있고, {wanted}의 차이를 알아볼 확률은 {one.power:.1%}입니다.",
    )
    like = written(
        "This takes new groups to be like the present ones.",
        "새 그룹이 지금의 그룹과 비슷하다고 볼 때의 추정입니다.",
    )
    if math.isinf(one.groups_needed):
        many = written(
            f"No realistic number of groups would tell {wanted}.",
            f"{particle(wanted, '을/를')} 알아볼 그룹 수는 현실적이지 않습니다.",
        )
        return f"{now} {many} {like}"
    many = written(
        f"To tell {wanted} it takes about {one.groups_needed:,.0f} groups (about "
        f"{one.items_needed:,.0f} items).",
        f"{particle(wanted, '을/를')} 알아보려면 그룹이 약 {one.groups_needed:,.0f}개(항목 약 "
        f"{one.items_needed:,.0f}개) 필요합니다.",
    )
    return f"{now} {many} {like}"
