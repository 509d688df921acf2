"""Sentences of the study: ways to treat imbalance, told apart only where a corrected interval says so.

The tables are those of `harmlib.models.imbalance`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import Row, at, rows
from harmlib.reporting.text.korean import MODALITY, number, particle, signed

METHOD = Wordings(
    {
        "none": ("trained as it is", "그대로 학습"),
        "pos_weight": ("pos_weight", "pos_weight"),
        "resampling": ("resampling", "재표본"),
        "focal": ("focal loss", "focal loss"),
        "moved_threshold": ("moved threshold", "threshold 이동"),
    }
)


def imbalance_sentences(ratios: pd.DataFrame, effects: pd.DataFrame, modality: str) -> list[str]:
    """Say where the ways to treat imbalance are the same, and where they are not.

    Parameters
    ----------
    ratios, effects : DataFrame
        As `study_imbalance` returns them.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> ratios = pd.DataFrame({"harmful_per_safe": [1.0, 8.0, 99.0], "tried": [True, True, False],
    ...                        "harmful": 70.0, "safe": [70.0, 9.0, 1.0]})
    >>> effects = pd.DataFrame({"harmful_per_safe": 8.0, "method": ["pos_weight"] * 2,
    ...     "rule": ["fixed", "validation"], "metric": "f1", "value": 0.7,
    ...     "difference": [0.05, 0.0], "difference_low": [0.01, -0.02],
    ...     "difference_high": [0.09, 0.02]})
    >>> imbalance_sentences(ratios, effects, "video")
    ['비디오: 학습 항목의 유해:안전 비율을 1:1, 8:1로 맞추어 비교했습니다(어느 비율에서나 항목 수는 같음). 99:1은 fold의 학습
    부분에 드문 클래스가 너무 적게 남아 시험하지 못했습니다.',
    'threshold를 0.5에 두면, 아무것도 하지 않는 것과 F1이 다르다고 볼 근거가 있는 것은 pos_weight(8:1, +0.0500, 보정한 95%
    신뢰구간 +0.0100~+0.0900)입니다.',
    'threshold를 검증에서 고르고 나면, 아무것도 하지 않는 것과 F1이 다르다고 볼 근거가 있는 방법이 없습니다.']
    """
    tried = ratios[ratios["tried"]]
    left = ratios[~ratios["tried"]]
    head = _ratios_sentence(tried, left, modality)
    if effects.empty:
        return [head]
    if effects["difference_low"].isna().all():
        few = written(
            "Too few groups for intervals of the differences: which way is better can't be said.",
            "그룹이 모자라 방법 사이의 차이에 신뢰구간을 낼 수 없고, 어느 것이 나은지 말할 수 없습니다.",
        )
        return [f"{head} {few}"]
    own = effects[effects["method"] != "none"]
    f1 = own[own["metric"] == "f1"]
    moved = f1["method"] == "moved_threshold"
    fixed, chosen = f1[f1["rule"] == "fixed"], f1[(f1["rule"] == "validation") & ~moved]
    sentences = [
        head,
        written("With the threshold at 0.5, ", "threshold를 0.5에 두면, ")
        + _different(fixed, "F1"),
        written("Once validation has chosen the threshold, ", "threshold를 검증에서 고르고 나면, ")
        + _different(chosen, "F1"),
    ]
    for metric, name in (("average_precision", "AP"), ("roc_auc", "AUC")):
        ranked = own[own["metric"] == metric]
        if len(ranked):
            free = written("By a metric without threshold, ", "threshold와 무관한 지표로는, ")
            sentences.append(free + _different(ranked, name))
    formula = list(rows(f1[(f1["rule"] == "validation") & moved]))
    return [*sentences, _of_formula(formula)] if formula else sentences


def _ratios_sentence(tried: pd.DataFrame, left: pd.DataFrame, modality: str) -> str:
    """Which ratios were compared, and which could not be."""
    names, missing = (", ".join(map(_ratio, rows(table))) for table in (tried, left))
    head = written(
        f"{MODALITY[modality]}: no ratio of harmful to safe items can be compared.",
        f"{MODALITY[modality]}: 비교할 수 있는 유해:안전 비율이 없습니다.",
    )
    if names:
        head = written(
            f"{MODALITY[modality]}: training items were compared at harmful:safe ratios of {names} "
            "(as many items at each).",
            f"{MODALITY[modality]}: 학습 항목의 유해:안전 비율을 {particle(names, '으로/로')} 맞추어 비교했습니다(어느 "
            "비율에서나 항목 수는 같음).",
        )
    if not missing:
        return head
    return head + written(
        f" Not tried, as too few items of the rare class would remain to train on: {missing}.",
        f" {particle(missing, '은/는')} fold의 학습 부분에 드문 클래스가 너무 적게 남아 시험하지 못했습니다.",
    )


def _of_formula(formula: list[Row]) -> str:
    """Whether the threshold by the formula differs from validation's."""
    sure = [one for one in formula if one.difference_low > 0 or one.difference_high < 0]
    if not sure:
        return written(
            "There is too little ground for a difference in F1 between a threshold moved by the "
            "formula and one chosen on validation.",
            "비율의 차이만큼 공식으로 옮긴 threshold는 검증에서 고른 threshold와 비교해 F1이 다르다고 볼 근거가 부족합니다.",
        )
    found = ", ".join(
        written(
            f"{'higher' if one.difference > 0 else 'lower'} at {_ratio(one)} ({_with_interval(one)})",
            f"{_ratio(one)}에서 F1이 {'높습니다' if one.difference > 0 else '낮습니다'}({_with_interval(one)})",
        )
        for one in sure
    )
    return written(
        "Against a threshold chosen on validation, one moved by the formula for the difference in "
        f"ratio has an F1 that is {found}.",
        f"비율의 차이만큼 공식으로 옮긴 threshold는 검증에서 고른 threshold와 비교해 {found}.",
    )


def _ratio(one: Row) -> str:
    return f"{one.harmful_per_safe:g}:1"


def _with_interval(one: Row) -> str:
    low, high = signed(one.difference_low), signed(one.difference_high)
    return written(
        f"{signed(one.difference)}, corrected 95% CI {low} to {high}",
        f"{signed(one.difference)}, 보정한 95% 신뢰구간 {low}~{high}",
    )


def _different(effects: pd.DataFrame, metric: str) -> str:
    """Which methods certainly differ from doing nothing under the same rule."""
    sure = [one for one in rows(effects) if one.difference_low > 0 or one.difference_high < 0]
    subject = particle(metric, "이/가")
    if not sure:
        return written(
            f"no way can be said to differ in {metric} from doing nothing.",
            f"아무것도 하지 않는 것과 {subject} 다르다고 볼 근거가 있는 방법이 없습니다.",
        )
    found = ", ".join(
        written(
            f"{METHOD[one.method]} ({_ratio(one)}, {_with_interval(one)})",
            f"{METHOD[one.method]}({_ratio(one)}, {_with_interval(one)})",
        )
        for one in sure
    )
    return written(
        f"these can be said to differ in {metric} from doing nothing: {found}.",
        f"아무것도 하지 않는 것과 {subject} 다르다고 볼 근거가 있는 것은 {found}입니다.",
    )


def imbalance_prevalence_sentence(prevalences: pd.DataFrame, modality: str) -> str:
    """Say what precision and the flagged share become where harmful items are rare.

    Parameters
    ----------
    prevalences : DataFrame
        As `study_imbalance` returns it.
    modality : str

    Returns
    -------
    str
        Of the lowest prevalence; empty where nothing was tried.

    Examples
    --------
    >>> table = pd.DataFrame({"harmful_per_safe": 1.0, "method": ["none", "focal"],
    ...     "prevalence": 0.001, "precision": [0.004, 0.006], "flagged_share": [0.2, 0.1]})
    >>> imbalance_prevalence_sentence(table, "image")
    '이미지: 트래픽의 유해 비율이 0.10%라면, 어떤 비율과 방법으로 학습했든 Precision은 0.0040~0.0060이고 전체의
    10.0%~20.0%를 유해로 판정합니다.'
    """
    if prevalences.empty or prevalences["precision"].isna().all():
        return ""
    rarest = prevalences[prevalences["prevalence"] == prevalences["prevalence"].min()]
    share = at(rarest, rarest.index[0]).prevalence
    ends = {
        column: [at(rarest, label) for label in (rarest[column].idxmin(), rarest[column].idxmax())]
        for column in ("precision", "flagged_share")
    }
    precision, flagged = ends["precision"], ends["flagged_share"]
    rate = f"{share:{'.1%' if share >= 0.01 else '.2%'}}"
    worst, best = (number(one.precision) for one in precision)
    least, most = (f"{one.flagged_share:.1%}" for one in flagged)
    return written(
        f"{MODALITY[modality]}: where {rate} of the traffic is harmful, precision is {worst} to "
        f"{best} and {least} to {most} of all is flagged, at whatever ratio and in whatever way the "
        "models were trained.",
        f"{MODALITY[modality]}: 트래픽의 유해 비율이 {rate}라면, 어떤 비율과 방법으로 학습했든 Precision은 "
        f"{worst}~{best}이고 전체의 {least}~{most}를 유해로 판정합니다.",
    )
