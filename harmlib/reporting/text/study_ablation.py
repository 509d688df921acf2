"""Sentences of the ablation: which changes did something, and what their order hides.

A change is said to do something only where an interval that is corrected for the changes looked at
together excludes 0. The tables are those of `harmlib.analysis.factor_effects`; `modality` is
`image` or `video`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from harmlib.analysis.factor_effects import TOTAL
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, row, rows
from harmlib.reporting.text.corrected_intervals import interval_of, is_told, listed
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed
from harmlib.reporting.text.study_effects import factor_name


def order_sentences(effects: pd.DataFrame, modality: str, first: str, last: str) -> list[str]:
    """Say what all changes did together, which ones certainly did something, and what order hides.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` returns it.
    modality : str
    first, last : str
        The variants' names.

    Returns
    -------
    list of str
        None where nothing was changed.

    Examples
    --------
    >>> effects = pd.DataFrame({"way": ["in_order", "in_order", "alone", "shapley"],
    ...     "factor": ["loss", "total", "loss", "loss"], "metric": "f1",
    ...     "before": 0.7, "after": 0.75, "difference": 0.05, "low": 0.01, "high": 0.09,
    ...     "corrected_low": 0.01, "corrected_high": 0.09, "groups": 30, "seeds": 10})
    >>> order_sentences(effects, "video", "model2", "model4")
    ['비디오: fold를 모두 합친 F1은 Model 2 0.7000에서 Model 4 0.7500으로 +0.0500 달라졌습니다(95% 신뢰구간
    +0.0100~+0.0900). 신뢰구간이 0을 포함하지 않습니다.',
    'F1에 작용했다고 볼 근거가 있는 변경: sigmoid와 손실 함수(+0.0500, 보정한 95% 신뢰구간 +0.0100~+0.0900).']
    """
    own = effects[effects["metric"] == "f1"]
    changes = own[own["way"] == "shapley"]
    if changes.empty:
        return []
    total = row(own[own["way"] == "in_order"], "factor", TOTAL)
    text = written(
        f"{MODALITY[modality]}: F1 over all folds together went from {number(total.before)} "
        f"({model_name(first)}) to {number(total.after)} ({model_name(last)}), "
        f"{signed(total.difference)}",
        f"{MODALITY[modality]}: fold를 모두 합친 F1은 {model_name(first)} {number(total.before)}에서 "
        f"{model_name(last)} {particle(number(total.after), '으로/로')} {signed(total.difference)} 달라졌습니다",
    )
    has_interval = bool(pd.notna(total.low))
    within = interval_of(total, corrected=False)
    facts = written(f" ({within}). ", f"({within}). ")
    sentences = [f"{text}{facts}{_zero(total)}" if has_interval else f"{text}."]
    sure = [one for one in rows(changes) if is_told(one)]
    if sure:
        found = listed((factor_name(one.factor), one) for one in sure)
        sentences.append(
            written(
                f"Changes that can be said to have moved F1: {found}.",
                f"F1에 작용했다고 볼 근거가 있는 변경: {found}.",
            )
        )
    elif has_interval:
        sentences.append(
            written(
                "Averaged over all orders, no change's corrected interval leaves 0.",
                "모든 적용 순서를 평균하면, 보정한 신뢰구간이 0을 벗어나는 변경은 없습니다.",
            )
        )
    return sentences + _without_effect(own) + _order_matters(own)


def _zero(one: Row) -> str:
    if one.low <= 0 <= one.high:
        return written(
            "The interval includes 0, so there is too little ground to speak of a change.",
            "신뢰구간이 0을 포함하므로 달라졌다고 볼 근거가 부족합니다.",
        )
    return written("The interval doesn't include 0.", "신뢰구간이 0을 포함하지 않습니다.")


def _without_effect(own: pd.DataFrame) -> list[str]:
    """The changes that changed no decision, in whatever order."""
    largest = own[["difference", "low", "high"]].abs().max(axis=1).groupby(own["factor"]).max()
    same = [factor_name(f) for f in dict.fromkeys(own["factor"]) if largest[f] == 0 and f != TOTAL]
    if not same:
        return []
    names = ", ".join(same)
    return [
        written(
            f"Without any effect on F1, in whatever order: {names}.",
            f"{particle(names, '은/는')} F1을 전혀 바꾸지 않았습니다(어느 순서에서도 차이가 없음).",
        )
    ]


def _order_matters(own: pd.DataFrame) -> list[str]:
    """The change whose effect depends most on what was changed before it."""
    by_way = own[own["factor"] != TOTAL].pivot_table(
        index="factor", columns="way", values="difference"
    )
    apart = (by_way["in_order"] - by_way["alone"]).abs()
    if not apart.max() >= 0.005:  # less is not worth a sentence
        return []
    factor = str(apart.idxmax())
    ways = {
        way: row(own[own["way"] == way], "factor", factor)
        for way in ("in_order", "alone", "shapley")
    }
    in_order, alone, mean = (signed(one.difference) for one in ways.values())
    return [
        written(
            f"The order matters most for {factor_name(factor)}: {in_order} in the order of the "
            f"earlier report, {alone} when changed alone, {mean} as the mean of all orders. So no "
            "change is given the credit on the strength of one order.",
            f"순서에 따라 효과가 가장 달라지는 것은 {factor_name(factor)}입니다: 이전 보고서의 순서에서는 "
            f"{in_order}, 혼자 바꾸면 {alone}, 모든 순서의 평균은 {mean}입니다. 그래서 순서 하나만 보고 한 변경의 "
            "공으로 돌리지 않습니다.",
        )
    ]


def unchanged_sentence(
    factors: Collection[str], known: Sequence[str], modality: str, first: str, last: str
) -> str:
    """Say which factors the two variants share, and so are not in the ablation.

    Parameters
    ----------
    factors : collection of str
        Those that differ.
    known : sequence of str
        All factors, keys of FACTOR_NAMES.
    modality : str
    first, last : str
        The variants' names.

    Returns
    -------
    str
        Empty where all differ.

    Examples
    --------
    >>> unchanged_sentence(["loss"], ["loss", "batch_size"], "image", "model2", "model4")
    '이미지에서는 batch 크기가 Model 2와 Model 4에서 같으므로 비교하지 않습니다.'
    """
    same = [factor_name(factor) for factor in known if factor not in factors]
    if not same:
        return ""
    names, old, new = ", ".join(same), model_name(first), model_name(last)
    return written(
        f"{MODALITY[modality]}: {old} and {new} share and so don't compare: {names}.",
        f"{MODALITY[modality]}에서는 {particle(names, '이/가')} {particle(old, '과/와')} {new}에서 같으므로 비교하지 "
        "않습니다.",
    )
