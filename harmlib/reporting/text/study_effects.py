"""Names, table and figures of what each change of the ablation does to F1.

The tables are those of `harmlib.analysis.factor_effects`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.factor_effects import TOTAL
from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import plain, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, signed

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
