"""Sentences that compare models with each other on test, and what a gain consists of.

A winner is named only where an interval excludes 0. The tables are those of
`harmlib.analysis.comparison_tables`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, row, rows
from harmlib.reporting.text.corrected_intervals import is_told
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed


def pair_sentences(differences: pd.DataFrame, modality: str) -> list[str]:
    """Say of each pair of variants whether test tells them apart.

    Parameters
    ----------
    differences : DataFrame
    modality : str

    Returns
    -------
    list of str
        One sentence per pair; none where there are too few groups.

    Examples
    --------
    >>> differences = pd.DataFrame({"split": ["test"], "metric": "f1", "a": "model2", "b": "model4",
    ...     "difference": 0.02, "corrected_low": -0.03, "corrected_high": 0.07,
    ...     "groups_needed": 90.0, "p_mid": 0.21})
    >>> pair_sentences(differences, "video")
    ['비디오: 시험 F1에서 Model 2와 Model 4는 구별되지 않습니다(차이 +0.0200, 모든 쌍을 함께 보정한
    95% 신뢰구간 −0.0300~+0.0700, McNemar mid-p 0.210). 이만한 차이를 알아보려면 그룹이 약 90개 필요합니다.']
    """
    tested = differences[(differences["split"] == "test") & (differences["metric"] == "f1")]
    return [_pair(pair, modality) for pair in rows(tested) if pd.notna(pair.corrected_low)]


def _pair(pair: Row, modality: str) -> str:
    """Whether test tells one pair of variants apart."""
    low, high = signed(pair.corrected_low), signed(pair.corrected_high)
    difference = signed(pair.difference)
    # Of scores that were counted nobody knows which items both models get right
    tested = "" if pd.isna(pair.p_mid) else f", McNemar mid-p {number(pair.p_mid, 3)}"
    apart = written(
        f" (difference {difference}, 95% CI corrected for all pairs {low} to {high}{tested})",
        f"(차이 {difference}, 모든 쌍을 함께 보정한 95% 신뢰구간 {low}~{high}{tested})",
    )
    a, b, name = model_name(pair.a), model_name(pair.b), MODALITY[modality]
    if is_told(pair):
        higher, lower = (b, a) if pair.difference > 0 else (a, b)
        return written(
            f"{name}: {higher} has a higher F1 on test than {lower}: the whole interval of the difference "
            f"is on one side of 0{apart}.",
            f"{name}: 시험 F1에서 {particle(higher, '이/가')} {lower}보다 높으며, 차이의 신뢰구간 전체가 0의 한쪽에 "
            f"있습니다{apart}.",
        )
    both = f"{particle(a, '과/와')} {particle(b, '은/는')}"
    if pair.difference == pair.corrected_low == pair.corrected_high == 0:
        return written(
            f"{name}: {a} and {b} have the same F1 on test, whichever group is left out.",
            f"{name}: 시험 F1에서 {both} 같습니다(어느 그룹을 빼도 차이가 없음).",
        )
    needed = pair.groups_needed
    more = ""
    if pd.notna(needed) and needed != float("inf"):
        more = written(
            f" To tell such a difference it takes about {needed:,.0f} groups.",
            f" 이만한 차이를 알아보려면 그룹이 약 {needed:,.0f}개 필요합니다.",
        )
    return written(
        f"{name}: {a} and {b} aren't told apart by F1 on test{apart}.{more}",
        f"{name}: 시험 F1에서 {both} 구별되지 않습니다{apart}.{more}",
    )


def gain_sentences(gains: pd.DataFrame, modality: str) -> list[str]:
    """Say what each gain in F1 on test consists of.

    Parameters
    ----------
    gains : DataFrame
    modality : str

    Returns
    -------
    list of str
        One sentence per pair of variants.

    Examples
    --------
    >>> gains = pd.DataFrame({"a": "model2", "b": "model4", "same_weights": False,
    ...                       "part": ["weights", "epoch", "threshold", "total"],
    ...                       "value": [0.02, 0.0, 0.01, 0.03], "low": -0.01, "high": 0.06})
    >>> gain_sentences(gains, "video")
    ['비디오 Model 2에서 Model 4로: 시험 F1의 변화 +0.0300 = 가중치 +0.0200 + epoch +0.0000 + threshold
    +0.0100. 95% 신뢰구간 −0.0100~+0.0600이 0을 포함하므로 차이가 있다고 볼 근거가 부족합니다.']
    """
    return [
        _gain(own, f"{MODALITY[modality]} {model_name(a)}", model_name(b))
        for (a, b), own in gains.groupby(["a", "b"], sort=False)
    ]


def _gain(own: pd.DataFrame, first: str, second: str) -> str:
    """What the change from one variant to another consists of."""
    total, weights, epoch, moved = (
        row(own, "part", part) for part in ("total", "weights", "epoch", "threshold")
    )
    whole, of_weights, of_epoch, of_threshold = (
        signed(one.value) for one in (total, weights, epoch, moved)
    )
    text = written(
        f"{first} to {second}: change in F1 on test {whole} = weights {of_weights} + epoch {of_epoch} + "
        f"threshold {of_threshold}.",
        f"{first}에서 {particle(second, '으로/로')}: 시험 F1의 변화 {whole} = 가중치 {of_weights} + epoch "
        f"{of_epoch} + threshold {of_threshold}.",
    )
    if bool(own["same_weights"].iloc[0]):
        text += written(
            " At the same epoch both give every item the same score, so no weights differ.",
            " 두 모델은 같은 epoch에서 모든 항목에 같은 점수를 주므로 가중치가 달라진 것은 없습니다.",
        )
    if pd.isna(total.low):
        return text
    if total.value == total.low == total.high == 0:
        return text + written(
            " F1 on test is the same, whichever group is left out.",
            " 시험 F1은 어느 그룹을 빼도 같습니다.",
        )
    low, high = signed(total.low), signed(total.high)
    ends = f"95% 신뢰구간 {low}~{high}"
    if total.low > 0 or total.high < 0:
        return text + written(
            f" The 95% CI {low} to {high} doesn't include 0 (of this pair alone).",
            f" {particle(ends, '은/는')} 0을 포함하지 않습니다(이 쌍만 볼 때).",
        )
    return text + written(
        f" The 95% CI {low} to {high} includes 0: not enough evidence of a difference.",
        f" {particle(ends, '이/가')} 0을 포함하므로 차이가 있다고 볼 근거가 부족합니다.",
    )
