"""Korean sentences of the ablation: which change helped, and how sure that is.

A change is said to help or to harm only where an interval that is corrected for the changes looked
at together excludes 0. The tables are those of `harmlib.analysis.factor_effects`; `modality` is
`image` or `video`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from harmlib.analysis.factor_effects import TOTAL
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.reporting.text.cited_numbers import Row, count, plain, row, rows
from harmlib.reporting.text.korean import (
    MODALITY,
    model_name,
    number,
    particle,
    signed,
)

FACTOR_NAMES = {
    "loss": "sigmoid와 손실 함수",
    "pos_weight": "pos_weight",
    "batch_size": "batch 크기",
    "learning_rate": "학습률",
    "epochs": "epoch 수",
    "backbones": "백본 선택",
    "head": "선형 분류기",
    "validation": "교차 적합",
    "threshold_rule": "threshold 규칙",
    TOTAL: "합계",
}

WAYS = {"in_order": "차례로 바꿈", "alone": "하나만 바꿈", "shapley": "모든 순서의 평균"}


def factor_name(factor: str) -> str:
    """Say a factor of the ablation, or a variant, as the report writes it.

    Parameters
    ----------
    factor : str
        A key of FACTOR_NAMES, or a variant's name.

    Returns
    -------
    str

    Examples
    --------
    >>> factor_name("batch_size"), factor_name("model5")
    ('batch 크기', 'Model 5')
    """
    return FACTOR_NAMES.get(factor) or model_name(factor)


def interval_of(one: Row, *, corrected: bool = True) -> str:
    """Write the interval of a difference.

    Parameters
    ----------
    one : Row
        Of a table with DIFFERENCE_COLUMNS.
    corrected : bool
        Whether it is the one that is corrected for the number of comparisons.

    Returns
    -------
    str

    Examples
    --------
    >>> from harmlib.reporting.text.cited_numbers import at
    >>> ends = {"corrected_low": -0.01, "corrected_high": 0.02}
    >>> interval_of(at(pd.DataFrame([ends]), 0))
    '95% 신뢰구간 −0.0100~+0.0200'
    """
    low, high = (one.corrected_low, one.corrected_high) if corrected else (one.low, one.high)
    return f"95% 신뢰구간 {signed(low)}~{signed(high)}"


def _sure(one: Row) -> bool:
    return bool(one.corrected_low > 0 or one.corrected_high < 0)


def headline(effects: pd.DataFrame, modality: str, first: str, last: str) -> str:
    """Say what helped F1 most on the way from one variant to another, and how sure that is.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` returns it.
    modality : str
    first, last : str
        The variants' names.

    Returns
    -------
    str

    Examples
    --------
    >>> effects = pd.DataFrame({"way": "shapley", "factor": ["loss", "threshold_rule"],
    ...     "metric": "f1", "difference": [0.0, 0.05], "corrected_low": [-0.01, 0.02],
    ...     "corrected_high": [0.01, 0.08], "seeds": 10})
    >>> headline(effects, "video", "model2", "model4")
    '비디오: Model 2에서 Model 4까지의 변경 2가지 가운데 F1을 가장 높인 것은 threshold 규칙입니다(모든 적용
    순서의 평균 +0.0500, 변경 수만큼 보정한 95% 신뢰구간 +0.0200~+0.0800, seed 10개).'
    """
    shares = effects[(effects["way"] == "shapley") & (effects["metric"] == "f1")]
    way = f"{MODALITY[modality]}: {model_name(first)}에서 {model_name(last)}까지의 변경"
    if shares.empty:
        return f"{MODALITY[modality]}: {particle(model_name(first), '과/와')} {particle(model_name(last), '은/는')} 설정이 같습니다."
    helped = shares[shares["corrected_low"] > 0]
    by_size = helped["difference"] if len(helped) else shares["difference"].abs()
    best = row(shares, "factor", shares.loc[by_size.idxmax(), "factor"])
    name = factor_name(best.factor)
    told = f"(모든 적용 순서의 평균 {signed(best.difference)}"
    if pd.isna(best.corrected_low):
        return (
            f"{way} {count(shares)}가지 가운데 F1이 가장 크게 달라진 것은 {name}입니다{told}). 클래스마다 그룹이 "
            f"{MIN_GROUPS}개 이상이어야 신뢰구간을 낼 수 있어, 우연인지는 말할 수 없습니다."
        )
    told += f", 변경 수만큼 보정한 {interval_of(best)}, seed {best.seeds}개)"
    if len(helped):
        return f"{way} {count(shares)}가지 가운데 F1을 가장 높인 것은 {name}입니다{told}."
    text = f"{way} {count(shares)}가지 가운데 F1을 높였다고 볼 근거가 있는 것은 없습니다."
    if best.corrected_high < 0:
        return f"{text} {particle(name, '은/는')} F1을 낮췄습니다{told}."
    return f"{text} 가장 크게 달라진 것은 {name}이지만{told} 신뢰구간이 0을 포함합니다."


def shown_effects(effects: pd.DataFrame) -> pd.DataFrame:
    """Lay out what each change does to F1: a row for each change, a column for each way to tell.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` or `effects_in_order` returns it.

    Returns
    -------
    DataFrame
        With Korean column names; a cell is the difference and its interval.

    Examples
    --------
    >>> effects = pd.DataFrame({"way": "in_order", "factor": ["loss", "total"], "metric": "f1",
    ...                         "difference": 0.05, "low": 0.01, "high": 0.09})
    >>> shown_effects(effects)
                     변경              차례로 바꿈
    0  sigmoid와 손실 함수  +0.050 [+0.010, +0.090]
    1             합계  +0.050 [+0.010, +0.090]
    """
    own = effects[effects["metric"] == "f1"]
    cells = [
        f"{signed(one.difference, 3)} [{signed(one.low, 3)}, {signed(one.high, 3)}]"
        for one in own.itertuples()
    ]
    table = own.assign(cell=cells).pivot(index="factor", columns="way", values="cell")
    ways = [way for way in WAYS if way in table]
    table = table.loc[list(dict.fromkeys(own["factor"])), ways].fillna("–")
    table.insert(0, "변경", [factor_name(factor) for factor in table.index])
    table = table.rename(columns=WAYS).reset_index(drop=True)
    table.columns.name = None
    return table


def study_headline(
    effects: pd.DataFrame, steps: pd.DataFrame, modality: str, first: str, last: str, newest: str
) -> str:
    """Say what helped F1 most of all that the study tried, and how sure that is.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` returns it, from `first` to `last`.
    steps : DataFrame
        As `effects_in_order` returns it, from `last` to `newest`.
    modality : str
    first, last, newest : str
        The variants' names.

    Returns
    -------
    str

    Examples
    --------
    >>> effects = pd.DataFrame({"way": ["shapley"], "factor": "loss", "metric": "f1",
    ...     "difference": 0.0, "corrected_low": -0.01, "corrected_high": 0.01, "seeds": 10})
    >>> steps = pd.DataFrame({"factor": ["total"], "metric": "f1", "difference": 0.1,
    ...     "corrected_low": 0.02, "corrected_high": 0.18, "seeds": 3})
    >>> study_headline(effects, steps, "video", "model2", "model4", "model5")
    '비디오: F1을 가장 높인 것은 Model 4를 Model 5로 바꾼 것입니다(+0.1000, 95% 신뢰구간 +0.0200~+0.1800, seed
    3개). Model 2에서 Model 4까지의 변경 1가지 가운데 F1을 높였다고 볼 근거가 있는 것은 없습니다. 가장 크게
    달라진 것은 sigmoid와 손실 함수이지만(모든 적용 순서의 평균 +0.0000, ...) 신뢰구간이 0을 포함합니다.'
    """
    ablated = headline(effects, modality, first, last)
    total = row(steps[steps["metric"] == "f1"], "factor", TOTAL)
    shares = effects[(effects["way"] == "shapley") & (effects["metric"] == "f1")]
    helped = shares.loc[shares["corrected_low"] > 0, "difference"]
    if not total.corrected_low > 0 or (helped > total.difference).any():
        return ablated
    change = f"{particle(model_name(last), '을/를')} {particle(model_name(newest), '으로/로')} 바꾼 것입니다"
    told = f"{signed(total.difference)}, {interval_of(total)}, seed {total.seeds}개"
    label = f"{MODALITY[modality]}: "  # said once
    return f"{label}F1을 가장 높인 것은 {change}({told}). {ablated.removeprefix(label)}"


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
    text = (
        f"{MODALITY[modality]}: fold를 모두 합친 F1은 {model_name(first)} {number(total.before)}에서 "
        f"{model_name(last)} {particle(number(total.after), '으로/로')} {signed(total.difference)} 달라졌습니다"
    )
    sentences = [
        text
        + (
            f"({interval_of(total, corrected=False)}). {_zero(total)}"
            if pd.notna(total.low)
            else "."
        )
    ]
    sure = [one for one in rows(changes) if _sure(one)]
    if sure:
        sentences.append(f"F1에 작용했다고 볼 근거가 있는 변경: {_changes(sure)}.")
    elif pd.notna(total.low):
        sentences.append(
            "모든 적용 순서를 평균하면, 보정한 신뢰구간이 0을 벗어나는 변경은 없습니다."
        )
    return sentences + _without_effect(own) + _order_matters(own)


def _zero(one: Row) -> str:
    inside = one.low <= 0 <= one.high
    return f"신뢰구간이 0을 포함하{'므로 달라졌다고 볼 근거가 부족합니다' if inside else '지 않습니다'}."


def _without_effect(own: pd.DataFrame) -> list[str]:
    """The changes that changed no decision, in whatever order."""
    largest = own[["difference", "low", "high"]].abs().max(axis=1).groupby(own["factor"]).max()
    same = [factor_name(f) for f in dict.fromkeys(own["factor"]) if largest[f] == 0 and f != TOTAL]
    if not same:
        return []
    return [
        f"{particle(', '.join(same), '은/는')} F1을 전혀 바꾸지 않았습니다(어느 순서에서도 차이가 없음)."
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
    return [
        f"순서에 따라 효과가 가장 달라지는 것은 {factor_name(factor)}입니다: 이전 보고서의 순서에서는 "
        f"{signed(ways['in_order'].difference)}, 혼자 바꾸면 {signed(ways['alone'].difference)}, 모든 순서의 평균은 "
        f"{signed(ways['shapley'].difference)}입니다. 그래서 순서 하나만 보고 한 변경의 공으로 돌리지 않습니다."
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
    return (
        f"{MODALITY[modality]}에서는 {particle(', '.join(same), '이/가')} {particle(model_name(first), '과/와')} "
        f"{model_name(last)}에서 같으므로 비교하지 않습니다."
    )


def step_sentences(steps: pd.DataFrame, modality: str, first: str, last: str) -> list[str]:
    """Say what one variant changed against another, and which step did it.

    Parameters
    ----------
    steps : DataFrame
        As `effects_in_order` returns it.
    modality : str
    first, last : str
        The variants' names.

    Returns
    -------
    list of str
        None where the variants are alike.

    Examples
    --------
    >>> steps = pd.DataFrame({"factor": ["head", "total"], "metric": "f1", "before": 0.7,
    ...     "after": 0.8, "difference": 0.1, "low": 0.02, "high": 0.18, "corrected_low": 0.02,
    ...     "corrected_high": 0.18, "seeds": 3})
    >>> step_sentences(steps, "video", "model4", "model5")
    ['비디오: Model 4에서 Model 5로 바꾸면 F1이 0.7000에서 0.8000으로 높아집니다(차이 +0.1000, 95% 신뢰구간
    +0.0200~+0.1800, seed 3개).',
    '차례로 바꾼 단계: 선형 분류기(+0.1000, 보정한 95% 신뢰구간 +0.0200~+0.1800). 이 가운데 신뢰구간이 0을 포함하지
    않는 것은 선형 분류기입니다.']
    """
    own = steps[steps["metric"] == "f1"]
    changes = list(rows(own[own["factor"] != TOTAL]))
    if not changes:
        return []
    total = row(own, "factor", TOTAL)
    head = (
        f"{MODALITY[modality]}: {model_name(first)}에서 {particle(model_name(last), '으로/로')} 바꾸면 F1이 "
        f"{number(total.before)}에서 {particle(number(total.after), '으로/로')} "
    )
    told = f"차이 {signed(total.difference)}, {interval_of(total)}, seed {total.seeds}개"
    if pd.isna(total.low):
        return [f"{head}달라집니다(그룹이 모자라 신뢰구간은 없음)."]
    if _sure(total):
        text = f"{head}{'높아집니다' if total.difference > 0 else '낮아집니다'}({told})."
    else:
        text = f"{head}달라지지만, 신뢰구간이 0을 포함합니다({told})."
    sure = ", ".join(factor_name(one.factor) for one in changes if _sure(one))
    end = f"않는 것은 {sure}입니다" if sure else "않는 것은 없습니다"
    ranked = steps[(steps["metric"] == "roc_auc") & (steps["factor"] != TOTAL)]
    better = [one for one in rows(ranked) if one.corrected_low > 0]
    return [
        text,
        f"차례로 바꾼 단계: {_changes(changes)}. 이 가운데 신뢰구간이 0을 포함하지 {end}.",
        *([f"threshold와 무관한 AUC를 높인 단계: {_changes(better)}."] if better else []),
    ]


def _changes(found: Sequence[Row]) -> str:
    return ", ".join(
        f"{factor_name(one.factor)}({signed(one.difference)}, 보정한 {interval_of(one)})"
        for one in found
    )


def waterfall_caption(
    effects: pd.DataFrame, modality: str, first: str, last: str
) -> tuple[str, str]:
    """Say what the figure of the way from one variant to another shows.

    Parameters
    ----------
    effects : DataFrame
        As `effects_in_order` or `factor_effects` returns it.
    modality : str
    first, last : str
        The variants' names.

    Returns
    -------
    (str, str)
        Alt text and caption.

    Examples
    --------
    >>> effects = pd.DataFrame({"way": "in_order", "factor": ["loss", "total"], "metric": "f1",
    ...                         "before": 0.7, "after": 0.75, "difference": 0.05})
    >>> waterfall_caption(effects, "video", "model2", "model4")[0]
    '비디오 Model 2의 F1 0.7000에서 Model 4의 0.7500까지: sigmoid와 손실 함수 +0.0500'
    """
    own = effects[(effects["way"] == "in_order") & (effects["metric"] == "f1")]
    total = row(own, "factor", TOTAL)
    changes = ", ".join(
        f"{factor_name(one.factor)} {signed(one.difference)}"
        for one in rows(own[own["factor"] != TOTAL])
    )
    alt = (
        f"{MODALITY[modality]} {model_name(first)}의 F1 {number(total.before)}에서 {model_name(last)}의 "
        f"{number(total.after)}까지: {changes}"
    )
    caption = (
        f"{MODALITY[modality]}: {model_name(first)}에서 {model_name(last)}까지 차례로 바꿀 때의 F1. 검은 선은 그 변화의 95% "
        "신뢰구간입니다(그룹과 seed)."
    )
    return plain(alt), caption


def orders_caption(modality: str) -> tuple[str, str]:
    """Say what the figure of the effects by order shows.

    Parameters
    ----------
    modality : str

    Returns
    -------
    (str, str)
        Alt text and caption.

    Examples
    --------
    >>> orders_caption("video")[0]
    '비디오: 변경마다 F1에 준 효과를 세 방법으로 잰 점과 신뢰구간'
    """
    return (
        f"{MODALITY[modality]}: 변경마다 F1에 준 효과를 세 방법으로 잰 점과 신뢰구간",
        f"{MODALITY[modality]}: 같은 변경도 앞서 무엇을 바꾸었는지에 따라 효과가 다릅니다. 모든 순서의 평균(Shapley)은 어느 "
        "순서도 편들지 않습니다.",
    )
