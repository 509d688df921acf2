"""Sentences of the ablation: which change helped, and how sure that is.

A change is said to help or to harm only where an interval that is corrected for the changes looked
at together excludes 0. The tables are those of `harmlib.analysis.factor_effects`; `modality` is
`image` or `video`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from harmlib.analysis.factor_effects import TOTAL
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import Row, count, plain, row, rows
from harmlib.reporting.text.korean import (
    MODALITY,
    model_name,
    number,
    particle,
    signed,
)

FACTOR_NAMES = Wordings(
    {
        "loss": ("sigmoid and loss", "sigmoid와 손실 함수"),
        "pos_weight": ("pos_weight", "pos_weight"),
        "batch_size": ("batch size", "batch 크기"),
        "learning_rate": ("learning rate", "학습률"),
        "epochs": ("number of epochs", "epoch 수"),
        "backbones": ("choice of backbones", "백본 선택"),
        "head": ("linear classifier", "선형 분류기"),
        "validation": ("cross-fitting", "교차 적합"),
        "threshold_rule": ("threshold rule", "threshold 규칙"),
        TOTAL: ("in total", "합계"),
    }
)

WAYS = Wordings(
    {
        "in_order": ("changed in turn", "차례로 바꿈"),
        "alone": ("changed alone", "하나만 바꿈"),
        "shapley": ("mean of all orders", "모든 순서의 평균"),
    }
)


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
    return written(
        f"95% CI {signed(low)} to {signed(high)}", f"95% 신뢰구간 {signed(low)}~{signed(high)}"
    )


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
    medium, old, new = MODALITY[modality], model_name(first), model_name(last)
    if shares.empty:
        return written(
            f"{medium}: {old} and {new} have the same settings.",
            f"{medium}: {particle(old, '과/와')} {particle(new, '은/는')} 설정이 같습니다.",
        )
    helped = shares[shares["corrected_low"] > 0]
    by_size = helped["difference"] if len(helped) else shares["difference"].abs()
    best = row(shares, "factor", shares.loc[by_size.idxmax(), "factor"])
    way = written(
        f"{medium}: of the {count(shares)} changes from {old} to {new},",
        f"{medium}: {old}에서 {new}까지의 변경 {count(shares)}가지 가운데",
    )
    return f"{way} {_what_helped(best, has_helped=len(helped) > 0)}"


def _what_helped(best: Row, *, has_helped: bool) -> str:
    """The rest of the headline: of the change with the largest effect."""
    name, mean = factor_name(best.factor), signed(best.difference)
    if pd.isna(best.corrected_low):
        return written(
            f"{name} moved F1 most (mean of all orders {mean}). An interval needs at least "
            f"{MIN_GROUPS} groups of each class, so whether this is chance can't be said.",
            f"F1이 가장 크게 달라진 것은 {name}입니다(모든 적용 순서의 평균 {mean}). 클래스마다 그룹이 "
            f"{MIN_GROUPS}개 이상이어야 신뢰구간을 낼 수 있어, 우연인지는 말할 수 없습니다.",
        )
    facts = written(
        f"(mean of all orders {mean}, {interval_of(best)} corrected for the number of changes, "
        f"{best.seeds} seeds)",
        f"(모든 적용 순서의 평균 {mean}, 변경 수만큼 보정한 {interval_of(best)}, seed {best.seeds}개)",
    )
    if has_helped:
        return written(
            f"{name} raised F1 most {facts}.", f"F1을 가장 높인 것은 {name}입니다{facts}."
        )
    text = written(
        "none can be said to have raised F1.", "F1을 높였다고 볼 근거가 있는 것은 없습니다."
    )
    if best.corrected_high < 0:
        lowered = written(
            f"{name} lowered it {facts}.", f"{particle(name, '은/는')} F1을 낮췄습니다{facts}."
        )
        return f"{text} {lowered}"
    moved = written(
        f"{name} moved it most, but its interval includes 0 {facts}.",
        f"가장 크게 달라진 것은 {name}이지만{facts} 신뢰구간이 0을 포함합니다.",
    )
    return f"{text} {moved}"


def shown_effects(effects: pd.DataFrame) -> pd.DataFrame:
    """Lay out what each change does to F1: a row for each change, a column for each way to tell.

    Parameters
    ----------
    effects : DataFrame
        As `factor_effects` or `effects_in_order` returns it.

    Returns
    -------
    DataFrame
        With the page's column names; a cell is the difference and its interval.

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
    table.insert(0, written("Change", "변경"), [factor_name(factor) for factor in table.index])
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
    old, new = model_name(last), model_name(newest)
    label = f"{MODALITY[modality]}: "  # said once
    change = written(
        f"changing {old} to {new} raised F1 most",
        f"F1을 가장 높인 것은 {particle(old, '을/를')} {particle(new, '으로/로')} 바꾼 것입니다",
    )
    rest = ablated.removeprefix(label)
    rest = written(f"{rest[:1].upper()}{rest[1:]}", rest)
    return f"{label}{change}{_of_seeds(total)}. {rest}"


def _of_seeds(total: Row) -> str:
    """In brackets: a difference, its interval, the seeds."""
    facts = f"{signed(total.difference)}, {interval_of(total)}"
    return written(f" ({facts}, {total.seeds} seeds)", f"({facts}, seed {total.seeds}개)")


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
    sure = [one for one in rows(changes) if _sure(one)]
    if sure:
        found = _changes(sure)
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
    sure = ", ".join(factor_name(one.factor) for one in changes if _sure(one))
    found = _changes(changes)
    which = written(
        f"Of these, the interval leaves 0 for: {sure or 'none'}.",
        f"이 가운데 신뢰구간이 0을 포함하지 않는 것은 {f'{sure}입니다' if sure else '없습니다'}.",
    )
    said = [
        _step_sentence(total, modality, first, last),
        written(f"Steps in turn: {found}. {which}", f"차례로 바꾼 단계: {found}. {which}"),
    ]
    if pd.isna(total.low):
        return said[:1]
    ranked = steps[(steps["metric"] == "roc_auc") & (steps["factor"] != TOTAL)]
    better = [one for one in rows(ranked) if one.corrected_low > 0]
    if better:
        found = _changes(better)
        said.append(
            written(
                f"Steps that raised AUC, which knows no threshold: {found}.",
                f"threshold와 무관한 AUC를 높인 단계: {found}.",
            )
        )
    return said


def _step_sentence(total: Row, modality: str, first: str, last: str) -> str:
    """What the steps did together."""
    before, after = number(total.before), number(total.after)
    head = written(
        f"{MODALITY[modality]}: from {model_name(first)} to {model_name(last)}, F1 ",
        f"{MODALITY[modality]}: {model_name(first)}에서 {particle(model_name(last), '으로/로')} 바꾸면 F1이 "
        f"{before}에서 {particle(after, '으로/로')} ",
    )
    if pd.isna(total.low):
        return head + written(
            f"goes from {before} to {after} (too few groups for an interval).",
            "달라집니다(그룹이 모자라 신뢰구간은 없음).",
        )
    facts = f"{signed(total.difference)}, {interval_of(total)}"
    facts = written(
        f"(difference {facts}, {total.seeds} seeds)", f"(차이 {facts}, seed {total.seeds}개)"
    )
    if not _sure(total):
        return head + written(
            f"goes from {before} to {after}, but the interval includes 0 {facts}.",
            f"달라지지만, 신뢰구간이 0을 포함합니다{facts}.",
        )
    if total.difference > 0:
        return head + written(f"rises from {before} to {after} {facts}.", f"높아집니다{facts}.")
    return head + written(f"falls from {before} to {after} {facts}.", f"낮아집니다{facts}.")


def _changes(found: Sequence[Row]) -> str:
    return ", ".join(
        written(
            f"{factor_name(one.factor)} ({signed(one.difference)}, corrected {interval_of(one)})",
            f"{factor_name(one.factor)}({signed(one.difference)}, 보정한 {interval_of(one)})",
        )
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
    before, after = number(total.before), number(total.after)
    alt = written(
        f"{MODALITY[modality]}, from {model_name(first)}'s F1 {before} to {model_name(last)}'s "
        f"{after}: {changes}",
        f"{MODALITY[modality]} {model_name(first)}의 F1 {before}에서 {model_name(last)}의 {after}까지: {changes}",
    )
    caption = written(
        f"{MODALITY[modality]}: F1 as the changes from {model_name(first)} to {model_name(last)} are "
        "made in turn. The black line is the 95% interval of each (groups and seeds).",
        f"{MODALITY[modality]}: {model_name(first)}에서 {model_name(last)}까지 차례로 바꿀 때의 F1. 검은 선은 그 변화의 95% "
        "신뢰구간입니다(그룹과 seed).",
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
    medium = MODALITY[modality]
    return (
        written(
            f"{medium}: the effect of each change on F1, told in three ways, with intervals",
            f"{medium}: 변경마다 F1에 준 효과를 세 방법으로 잰 점과 신뢰구간",
        ),
        written(
            f"{medium}: the same change does different things depending on what was changed before "
            "it. The mean of all orders (Shapley) takes no order's side.",
            f"{medium}: 같은 변경도 앞서 무엇을 바꾸었는지에 따라 효과가 다릅니다. 모든 순서의 평균(Shapley)은 어느 "
            "순서도 편들지 않습니다.",
        ),
    )
