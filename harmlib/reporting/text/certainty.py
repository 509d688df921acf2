"""Korean sentences about how sure we are; each follows a rule over one of 03's tables.

Numbers cite their cells where the table was read from a run's folder. `modality` is `image` or
`video`.
"""

from __future__ import annotations

import math

import pandas as pd

from harmlib.analysis.floor_table import FLOOR_CONFIDENCE
from harmlib.analysis.optimism import BEST
from harmlib.analysis.recall_floor import MEASURED_SHORTFALL
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, at, count, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed

OBJECTIVES = {
    "f1": "F1 최대",
    "fbeta:2": "F2 최대(미탐을 더 무겁게)",
    "mcc": "MCC 최대",
    "youden": "Youden(민감도 + 특이도)",
    "precision@recall>=0.95": "Recall 0.95 이상에서 Precision 최대",
    "recall@precision>=0.95": "Precision 0.95 이상에서 Recall 최대",
    "cost:miss=5,alarm=1": "비용(미탐 5, 오탐 1) 최소",
    "recall@flagged<=0.5": "검토량 절반 이하에서 Recall 최대",
}
STATES = {
    "ok": "선택됨",
    "infeasible": "조건을 만족하는 threshold 없음",
    "constant_scores": "모든 점수가 같음",
    "one_class": "한 클래스뿐",
    "flags_nothing": "아무것도 유해로 판정하지 않을 때만 만족",
    "not_everywhere": "재는 부분 일부에서 조건을 만족하는 threshold 없음",
}
FIGURES = {
    "same_data": "고른 데이터에서 잰 F1",
    "out_of_bag": "뽑히지 않은 그룹에서 잰 F1",
    "optimism": "낙관(고른 데이터 − 바로잡은 값)",
    "corrected": "바로잡은 F1(.632+)",
    "test": "시험 분할에서 잰 F1",
}
PROMISES = {"average": "평균", "confidence": f"신뢰 수준 {FLOOR_CONFIDENCE:.0%}"}
METHODS = {
    "none": "그대로",
    "temperature": "temperature",
    "unweighted": "temperature와 pos_weight 되돌리기",
    "platt": "Platt",
    "isotonic": "isotonic",
}
CALIBRATION = {"brier": "Brier 점수", "calibration_error": "보정 오차(RMS)"}


def movement(changes: pd.DataFrame, modality: str) -> list[str]:
    """Say whether the best threshold moved between neighbouring epochs.

    Parameters
    ----------
    changes : DataFrame
        The second table of `stability`.
    modality : str

    Returns
    -------
    list of str
        For each variant one sentence per change that is more than noise, or one for all.

    Examples
    --------
    >>> changes = pd.DataFrame({"variant": ["model4"], "epoch_from": 1, "epoch_to": 2,
    ...                         "difference": -0.25, "low": -0.3, "high": 0.2, "verdict": "noise",
    ...                         "detectable": 0.4, "power": 0.11, "excluded": 0})
    >>> movement(changes, "image")
    ['이미지 Model 4: 이웃한 epoch 사이의 변화 1번 모두 우연과 구별되지 않습니다. ...']
    """
    sentences = []
    for variant, own in changes.groupby("variant", sort=False):
        name = f"{MODALITY[modality]} {model_name(variant)}"
        moved = own[own["verdict"] == "moved"]
        known = own[own["verdict"] != "unknown"]
        if known.empty:
            sentences.append(f"{name}: 그룹이 모자라 변화가 우연인지 판단할 수 없습니다.")
        elif moved.empty:
            largest = at(known, known["difference"].abs().idxmax())
            sentences.append(
                f"{name}: 이웃한 epoch 사이의 변화 {count(own)}번 모두 우연과 구별되지 않습니다. 가장 큰 변화는 "
                f"epoch {largest.epoch_from}에서 {largest.epoch_to} 사이의 {signed(largest.difference, 2)}"
                f"(95% 신뢰구간 {signed(largest.low, 2)}~{signed(largest.high, 2)})입니다. 움직이지 않았다는 뜻은 아닙니다. "
                f"실제로 0.10 움직였더라도 이 검증 분할로 알아볼 확률은 {largest.power:.0%}이고, "
                f"{number(largest.detectable, 2)} 넘게 움직여야 다섯 번에 네 번 알아봅니다."
                f"{_left_out(largest)}"
            )
        for change in rows(moved):
            sentences.append(
                f"{name}: epoch {change.epoch_from}에서 {change.epoch_to} 사이에 최적 threshold가 "
                f"{signed(change.difference, 2)} 움직였고, 95% 신뢰구간 {signed(change.low, 2)}~"
                f"{particle(signed(change.high, 2), '과/와')} 평탄 구간으로 보아 우연으로 보기 어렵습니다."
            )
    return sentences


def _left_out(change: Row) -> str:
    """How many resamples could not be used; empty where all could."""
    if not change.excluded:
        return ""
    return f" 재표집한 표본 가운데 {change.excluded:,}개는 한 클래스만 뽑혀 뺐습니다."


def optimism_sentence(table: pd.DataFrame, modality: str) -> str:
    """Say how much better F1 looks on the items that epoch, threshold and model were chosen on.

    Parameters
    ----------
    table : DataFrame
        As `optimism_table` returns it.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "model4", "excluded": 0,
    ...                       "figure": ["same_data", "out_of_bag", "optimism"],
    ...                       "value": [0.93, 0.91, 0.012]})
    >>> optimism_sentence(table, "video")
    '비디오: epoch와 threshold를 고른 데이터에서 그대로 재면 F1이 Model 4 +0.0120만큼 좋아 보입니다. ...'
    """
    known = table[(table["figure"] == "optimism") & table["value"].notna()]
    if known.empty:
        return (
            f"{MODALITY[modality]}: 검증에 한 클래스의 그룹이 하나 이하라, 고른 데이터에서 F1이 얼마나 좋아 "
            "보이는지 셈할 수 없습니다. 성능은 시험 분할의 값으로 말해야 합니다."
        )
    found = list(rows(known))
    parts = [f"{model_name(r.variant)} {signed(r.value)}" for r in found if r.variant != BEST]
    sentence = (
        f"{MODALITY[modality]}: epoch와 threshold를 고른 데이터에서 그대로 재면 F1이 "
        f"{', '.join(parts)}만큼 좋아 보입니다."
    )
    whole = found[-1]
    if whole.variant == BEST:
        sentence += f" 그 가운데 가장 나은 모델을 고른 것까지 치면 {signed(whole.value)}입니다."
    own = table[table["variant"] == whole.variant]
    shown, outside = (row(own, "figure", name).value for name in ("same_data", "out_of_bag"))
    sentence += f" 뽑히지 않은 그룹만으로 조심스럽게 재면 {signed(shown - outside)}입니다."
    if whole.excluded:
        sentence += f" 재표집한 표본 {whole.excluded:,}개는 한 클래스가 없어 뺐습니다."
    return f"{sentence} 그래서 성능은 시험 분할의 값으로 말해야 합니다."


def tried_sentence(tried: pd.DataFrame, modality: str) -> str:
    """Say whether any tried threshold beats 0.5 after the correction.

    Parameters
    ----------
    tried : DataFrame
        As `tried_thresholds` returns it; possibly without rows.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> tried_sentence(pd.DataFrame(columns=["variant", "corrected_low"]), "video")
    '비디오: threshold를 하나만 쓰는 모델뿐이라 비교할 것이 없습니다.'
    """
    if tried.empty:
        return f"{MODALITY[modality]}: threshold를 하나만 쓰는 모델뿐이라 비교할 것이 없습니다."
    if tried["corrected_low"].isna().all():
        return f"{MODALITY[modality]}: 그룹이 모자라 0.5보다 나은 값이 있는지 판단할 수 없습니다."
    name, higher = MODALITY[modality], tried[tried["corrected_low"] > 0]
    if higher.empty:
        return written(
            f"{name}: corrected for the thresholds that were tried, none is told from 0.5 on validation.",
            f"{name}: 시험해 본 threshold의 수만큼 보정하면, 검증에서 0.5보다 낫다고 볼 근거가 있는 값은 없습니다.",
        )
    better = higher[higher["baseline_low"] > 0]
    if better.empty:
        models = ", ".join(map(model_name, higher["variant"].unique()))
        return (
            f"{name}: {models}에서 0.5보다 검증 F1이 높은 값이 있지만, 모두 유해로 판정하는 기준선과 구별되지 않습니다. "
            "더 많이 유해로 판정했을 뿐일 수 있습니다."
        )
    best = better.loc[better.groupby("variant", sort=False)["difference"].idxmax()]
    parts = [
        f"{model_name(r.variant)} {r.threshold:.2f}(F1 {signed(r.difference)}, 보정 구간 "
        f"{signed(r.corrected_low)}~{signed(r.corrected_high)})"
        for r in rows(best)
    ]
    return f"{name}: 여러 번 시험해 본 것을 보정해도 검증에서 0.5보다 나은 값은 {', '.join(parts)}입니다."


def scale_sentence(scale: pd.DataFrame, modality: str) -> str:
    """Say what `pos_weight` does to the thresholds.

    Parameters
    ----------
    scale : DataFrame
        As `weighted_scale` returns it.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> scale_sentence(pd.DataFrame({"variant": ["model2"], "pos_weight": [1.0]}), "video")
    '비디오: pos_weight를 쓰는 모델이 없어 threshold를 그대로 비교할 수 있습니다.'
    """
    weighted = scale[scale["pos_weight"] != 1]
    if weighted.empty:
        return f"{MODALITY[modality]}: pos_weight를 쓰는 모델이 없어 threshold를 그대로 비교할 수 있습니다."
    parts = [
        f"{model_name(r.variant)}의 0.5는 가중치 없는 모델의 {r.half_unweighted:.3f}, 운영 threshold "
        f"{particle(number(r.threshold, 2), '은/는')} {r.unweighted_threshold:.3f}에 해당합니다(pos_weight {number(r.pos_weight)})"
        for r in rows(weighted)
    ]
    return (
        f"{MODALITY[modality]}: pos_weight는 확률 척도를 바꾸므로 threshold를 그대로 비교할 수 없습니다. "
        f"{'; '.join(parts)}. 보정된(calibrated) 확률일 때 정확한 값이며, 그 밖에는 어림값입니다."
    )


def floor_sentences(floors: pd.DataFrame, modality: str) -> list[str]:
    """Say what promised recalls cost with the variant that flags least on validation.

    Parameters
    ----------
    floors : DataFrame
        As `floor_table.floors` returns it.
    modality : str

    Returns
    -------
    list of str
        One sentence on the promise kept on average, one on the promise with a confidence.

    Examples
    --------
    >>> floors = pd.DataFrame({"variant": ["model4"], "promise": "average", "min_recall": 0.8,
    ...                        "units": 3, "feasible": False})
    >>> floor_sentences(floors, "video")
    ['비디오: 검증의 유해 그룹이 3개뿐이라 어떤 Recall 하한도 평균적으로 지킬 수 없습니다.']
    """
    sentences = []
    for promise, own in floors.groupby("promise", sort=False):
        average = promise == "average"
        feasible = own[own["feasible"]]
        if feasible.empty:
            units = at(own, own["units"].idxmax()).units
            how = "평균적으로" if average else f"신뢰 수준 {FLOOR_CONFIDENCE:.0%}로"
            few = f"검증의 유해 그룹이 {units}개뿐이라 어떤 Recall 하한도 {how} 지킬 수 없습니다."
            sentences.append(f"{MODALITY[modality]}: {few}")
            continue
        cheapest = feasible.loc[feasible.groupby("min_recall")["flagged_share"].idxmin()]
        parts = "; ".join(_floor_part(floor) for floor in rows(cheapest))
        lead = (
            f"그룹마다 구한 Recall의 평균이 하한을 평균적으로 지키는 threshold입니다. {parts}. 여러 번 반복할 때의 "
            "평균이므로, 새 데이터에서는 하한에 못 미칠 수 있습니다. 유해 그룹의 수로 계산한 확률은 하한마다 "
            f"{_shortfalls(cheapest)}이며(그룹 전체를 잡거나 놓치고 그 밖에 고른 것이 없을 때), epoch과 모델까지 고른 모의실험에서는 "
            f"{MEASURED_SHORTFALL:.0%}까지였습니다."
            if average
            else f"신뢰 수준 {FLOOR_CONFIDENCE:.0%}로 Recall 하한을 지키는 threshold입니다(고른 epoch와 모델의 수까지 보정). {parts}."
        )
        sentences.append(f"{MODALITY[modality]}: {lead}")
    return sentences


def _floor_part(floor: Row) -> str:
    tested = number(floor.test_recall, 3)
    if not math.isnan(floor.test_low):
        tested = f"{tested}, 95% 신뢰구간 {number(floor.test_low, 3)}~{number(floor.test_high, 3)}"
    return (
        f"{floor.min_recall:.2f} 이상은 {model_name(floor.variant)} threshold "
        f"{particle(number(floor.threshold, 3), '으로/로')}, 시험 항목의 "
        f"{floor.test_flagged_share:.0%}를 유해로 판정합니다(시험 그룹의 평균 Recall {tested})"
    )


def _shortfalls(cheapest: pd.DataFrame) -> str:
    return ", ".join(f"{floor.shortfall:.0%}" for floor in rows(cheapest))
