"""Sentences about how sure we are; each follows a rule over one of 03's tables.

Numbers cite their cells where the table was read from a run's folder. `modality` is `image` or
`video`.
"""

from __future__ import annotations

import math

import pandas as pd

from harmlib.analysis.floor_table import FLOOR_CONFIDENCE
from harmlib.analysis.optimism import BEST
from harmlib.analysis.selected_floors import MEASURED_SHORTFALL
from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import Row, at, count, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed

OBJECTIVES = Wordings(
    {
        "f1": ("largest F1", "F1 최대"),
        "fbeta:2": ("largest F2 (misses weigh more)", "F2 최대(미탐을 더 무겁게)"),
        "mcc": ("largest MCC", "MCC 최대"),
        "youden": ("Youden (sensitivity + specificity)", "Youden(민감도 + 특이도)"),
        "precision@recall>=0.95": (
            "largest precision at a recall of 0.95 or more",
            "Recall 0.95 이상에서 Precision 최대",
        ),
        "recall@precision>=0.95": (
            "largest recall at a precision of 0.95 or more",
            "Precision 0.95 이상에서 Recall 최대",
        ),
        "cost:miss=5,alarm=1": (
            "least cost (a miss 5, a false alarm 1)",
            "비용(미탐 5, 오탐 1) 최소",
        ),
        "recall@flagged<=0.5": (
            "largest recall reviewing half at most",
            "검토량 절반 이하에서 Recall 최대",
        ),
    }
)
STATES = Wordings(
    {
        "ok": ("chosen", "선택됨"),
        "infeasible": ("no threshold meets it", "조건을 만족하는 threshold 없음"),
        "constant_scores": ("all scores are equal", "모든 점수가 같음"),
        "one_class": ("one class only", "한 클래스뿐"),
        "flags_nothing": (
            "met by flagging nothing only",
            "아무것도 유해로 판정하지 않을 때만 만족",
        ),
        "not_everywhere": (
            "no threshold in some of the parts that measure it",
            "재는 부분 일부에서 조건을 만족하는 threshold 없음",
        ),
    }
)
FIGURES = Wordings(
    {
        "same_data": ("F1 on the data that chose", "고른 데이터에서 잰 F1"),
        "out_of_bag": ("F1 on groups not drawn", "뽑히지 않은 그룹에서 잰 F1"),
        "optimism": ("optimism (data that chose − corrected)", "낙관(고른 데이터 − 바로잡은 값)"),
        "corrected": ("corrected F1 (.632+)", "바로잡은 F1(.632+)"),
        "test": ("F1 on test", "시험 분할에서 잰 F1"),
    }
)
PROMISES = Wordings(
    {
        "average": ("on average", "평균"),
        "confidence": (
            f"with {FLOOR_CONFIDENCE:.0%} confidence",
            f"신뢰 수준 {FLOOR_CONFIDENCE:.0%}",
        ),
    }
)
METHODS = Wordings(
    {
        "none": ("as it is", "그대로"),
        "temperature": ("temperature", "temperature"),
        "unweighted": ("temperature, pos_weight undone", "temperature와 pos_weight 되돌리기"),
        "platt": ("Platt", "Platt"),
        "isotonic": ("isotonic", "isotonic"),
    }
)
CALIBRATION = Wordings(
    {
        "brier": ("Brier score", "Brier 점수"),
        "calibration_error": ("calibration error (RMS)", "보정 오차(RMS)"),
    }
)


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
            sentences.append(
                written(
                    f"{name}: too few groups to tell whether changes are chance.",
                    f"{name}: 그룹이 모자라 변화가 우연인지 판단할 수 없습니다.",
                )
            )
        elif moved.empty:
            largest = at(known, known["difference"].abs().idxmax())
            sentences.append(f"{name}: {_noise(largest, count(own))}{_left_out(largest)}")
        sentences += [f"{name}: {_moved(change)}" for change in rows(moved)]
    return sentences


def _noise(largest: Row, changes: float) -> str:
    """That no change is told from chance, and what could have been told."""
    difference, low, high = (signed(v, 2) for v in (largest.difference, largest.low, largest.high))
    power, least = f"{largest.power:.0%}", number(largest.detectable, 2)
    return written(
        f"none of the {changes} changes between neighbouring epochs is told from chance. The largest is "
        f"{difference} (95% CI {low} to {high}) from epoch {largest.epoch_from} to {largest.epoch_to}. That "
        f"doesn't mean that nothing moved: had it really moved by 0.10, this validation split would tell with "
        f"a probability of {power}, and it takes more than {least} to be told four times in five.",
        f"이웃한 epoch 사이의 변화 {changes}번 모두 우연과 구별되지 않습니다. 가장 큰 변화는 epoch "
        f"{largest.epoch_from}에서 {largest.epoch_to} 사이의 {difference}(95% 신뢰구간 {low}~{high})입니다. 움직이지 "
        f"않았다는 뜻은 아닙니다. 실제로 0.10 움직였더라도 이 검증 분할로 알아볼 확률은 {power}이고, {least} 넘게 움직여야 "
        "다섯 번에 네 번 알아봅니다.",
    )


def _moved(change: Row) -> str:
    difference, low, high = (signed(v, 2) for v in (change.difference, change.low, change.high))
    return written(
        f"the best threshold moved by {difference} from epoch {change.epoch_from} to {change.epoch_to}; its "
        f"95% CI {low} to {high} and the plateau make chance unlikely.",
        f"epoch {change.epoch_from}에서 {change.epoch_to} 사이에 최적 threshold가 {difference} 움직였고, 95% 신뢰구간 "
        f"{low}~{particle(high, '과/와')} 평탄 구간으로 보아 우연으로 보기 어렵습니다.",
    )


def _left_out(change: Row) -> str:
    """How many resamples could not be used; empty where all could."""
    if not change.excluded:
        return ""
    return written(
        f" {change.excluded:,} resamples drew one class only and were left out.",
        f" 재표집한 표본 가운데 {change.excluded:,}개는 한 클래스만 뽑혀 뺐습니다.",
    )


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
        return written(
            f"{MODALITY[modality]}: validation has one group of a class at most, so how much better F1 looks on "
            "the data that chose can't be reckoned. Performance is what test says.",
            f"{MODALITY[modality]}: 검증에 한 클래스의 그룹이 하나 이하라, 고른 데이터에서 F1이 얼마나 좋아 "
            "보이는지 셈할 수 없습니다. 성능은 시험 분할의 값으로 말해야 합니다.",
        )
    found = list(rows(known))
    parts = ", ".join(
        f"{model_name(r.variant)} {signed(r.value)}" for r in found if r.variant != BEST
    )
    sentence = written(
        f"{MODALITY[modality]}: measured on the data that chose epoch and threshold, F1 looks better by {parts}.",
        f"{MODALITY[modality]}: epoch와 threshold를 고른 데이터에서 그대로 재면 F1이 {parts}만큼 좋아 보입니다.",
    )
    whole = found[-1]
    if whole.variant == BEST:
        sentence += written(
            f" With the choice of the best model it is {signed(whole.value)}.",
            f" 그 가운데 가장 나은 모델을 고른 것까지 치면 {signed(whole.value)}입니다.",
        )
    own = table[table["variant"] == whole.variant]
    shown, outside = (row(own, "figure", name).value for name in ("same_data", "out_of_bag"))
    careful = signed(shown - outside)
    sentence += written(
        f" Measured with care, on the groups not drawn, it is {careful}.",
        f" 뽑히지 않은 그룹만으로 조심스럽게 재면 {careful}입니다.",
    )
    if whole.excluded:
        sentence += written(
            f" {whole.excluded:,} resamples lacked a class and were left out.",
            f" 재표집한 표본 {whole.excluded:,}개는 한 클래스가 없어 뺐습니다.",
        )
    return sentence + written(
        " So performance is what test says.", " 그래서 성능은 시험 분할의 값으로 말해야 합니다."
    )


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
        return written(
            f"{MODALITY[modality]}: all models have one threshold only, and nothing to compare.",
            f"{MODALITY[modality]}: threshold를 하나만 쓰는 모델뿐이라 비교할 것이 없습니다.",
        )
    if tried["corrected_low"].isna().all():
        return written(
            f"{MODALITY[modality]}: too few groups to tell whether any value beats 0.5.",
            f"{MODALITY[modality]}: 그룹이 모자라 0.5보다 나은 값이 있는지 판단할 수 없습니다.",
        )
    name, higher = MODALITY[modality], tried[tried["corrected_low"] > 0]
    if higher.empty:
        return written(
            f"{name}: corrected for the thresholds that were tried, none is told from 0.5 on validation.",
            f"{name}: 시험해 본 threshold의 수만큼 보정하면, 검증에서 0.5보다 낫다고 볼 근거가 있는 값은 없습니다.",
        )
    better = higher[higher["baseline_low"] > 0]
    if better.empty:
        models = ", ".join(map(model_name, higher["variant"].unique()))
        return written(
            f"{name}: some values of {models} have a higher F1 on validation than 0.5, but aren't told from the "
            "baseline that calls everything harmful. They may merely flag more.",
            f"{name}: {models}에서 0.5보다 검증 F1이 높은 값이 있지만, 모두 유해로 판정하는 기준선과 구별되지 않습니다. "
            "더 많이 유해로 판정했을 뿐일 수 있습니다.",
        )
    best = better.loc[better.groupby("variant", sort=False)["difference"].idxmax()]
    found = ", ".join(map(_better, rows(best)))
    return written(
        f"{name}: corrected for the number tried, these still beat 0.5 on validation: {found}.",
        f"{name}: 여러 번 시험해 본 것을 보정해도 검증에서 0.5보다 나은 값은 {found}입니다.",
    )


def _better(one: Row) -> str:
    value = f"{model_name(one.variant)} {one.threshold:.2f}"
    difference, low, high = map(signed, (one.difference, one.corrected_low, one.corrected_high))
    return written(
        f"{value} (F1 {difference}, corrected interval {low} to {high})",
        f"{value}(F1 {difference}, 보정 구간 {low}~{high})",
    )


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
        return written(
            f"{MODALITY[modality]}: no model uses pos_weight, so thresholds compare as they are.",
            f"{MODALITY[modality]}: pos_weight를 쓰는 모델이 없어 threshold를 그대로 비교할 수 있습니다.",
        )
    found = "; ".join(map(_on_the_common_scale, rows(weighted)))
    return written(
        f"{MODALITY[modality]}: pos_weight changes the scale of probabilities, so thresholds don't compare as "
        f"they are. {found}. That is exact for calibrated probabilities, else an approximation.",
        f"{MODALITY[modality]}: pos_weight는 확률 척도를 바꾸므로 threshold를 그대로 비교할 수 없습니다. "
        f"{found}. 보정된(calibrated) 확률일 때 정확한 값이며, 그 밖에는 어림값입니다.",
    )


def _on_the_common_scale(one: Row) -> str:
    name, threshold = model_name(one.variant), number(one.threshold, 2)
    half, there, weight = (
        f"{one.half_unweighted:.3f}", f"{one.unweighted_threshold:.3f}", number(one.pos_weight)
    )  # fmt: skip
    return written(
        f"0.5 of {name} is {half} of a model without weights, and its operating threshold {threshold} is "
        f"{there} (pos_weight {weight})",
        f"{name}의 0.5는 가중치 없는 모델의 {half}, 운영 threshold {particle(threshold, '은/는')} {there}에 "
        f"해당합니다(pos_weight {weight})",
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
            confidence = f"{FLOOR_CONFIDENCE:.0%}"
            how = "평균적으로" if average else f"신뢰 수준 {confidence}로"
            how_en = "on average" if average else f"with {confidence} confidence"
            sentences.append(
                written(
                    f"{MODALITY[modality]}: with {units} harmful groups in validation no recall floor can be "
                    f"kept {how_en}.",
                    f"{MODALITY[modality]}: 검증의 유해 그룹이 {units}개뿐이라 어떤 Recall 하한도 {how} 지킬 수 "
                    "없습니다.",
                )
            )
            continue
        cheapest = feasible.loc[feasible.groupby("min_recall")["flagged_share"].idxmin()]
        sentences.append(f"{MODALITY[modality]}: {_floors_kept(cheapest, average)}")
    return sentences


def _floors_kept(cheapest: pd.DataFrame, average: bool) -> str:
    """What keeping each floor costs, and how sure it is."""
    parts = "; ".join(_floor_part(floor) for floor in rows(cheapest))
    if not average:
        return written(
            f"thresholds that keep a recall floor with {FLOOR_CONFIDENCE:.0%} confidence (corrected for the "
            f"epochs and models to choose from). {parts}.",
            f"신뢰 수준 {FLOOR_CONFIDENCE:.0%}로 Recall 하한을 지키는 threshold입니다(고른 epoch와 모델의 수까지 보정). "
            f"{parts}.",
        )
    return written(
        f"thresholds whose mean recall over groups keeps the floor on average. {parts}. That is a mean over "
        "repetitions: on new data recall may fall short of the floor. Reckoned from the number of harmful "
        f"groups, the chances are {_shortfalls(cheapest)} (where whole groups are found or missed and nothing "
        "else was chosen); in simulations that choose epoch and model, too, they went up to "
        f"{MEASURED_SHORTFALL:.0%}.",
        f"그룹마다 구한 Recall의 평균이 하한을 평균적으로 지키는 threshold입니다. {parts}. 여러 번 반복할 때의 "
        "평균이므로, 새 데이터에서는 하한에 못 미칠 수 있습니다. 유해 그룹의 수로 계산한 확률은 하한마다 "
        f"{_shortfalls(cheapest)}이며(그룹 전체를 잡거나 놓치고 그 밖에 고른 것이 없을 때), epoch과 모델까지 고른 모의실험에서는 "
        f"{MEASURED_SHORTFALL:.0%}까지였습니다.",
    )


def _floor_part(floor: Row) -> str:
    tested = number(floor.test_recall, 3)
    if not math.isnan(floor.test_low):
        low, high = number(floor.test_low, 3), number(floor.test_high, 3)
        tested = written(
            f"{tested}, 95% CI {low} to {high}", f"{tested}, 95% 신뢰구간 {low}~{high}"
        )
    least, name = f"{floor.min_recall:.2f}", model_name(floor.variant)
    threshold, share = number(floor.threshold, 3), f"{floor.test_flagged_share:.0%}"
    return written(
        f"{least} or more: {name} at threshold {threshold} flags {share} of the test items (mean recall of test "
        f"groups {tested})",
        f"{least} 이상은 {name} threshold {particle(threshold, '으로/로')}, 시험 항목의 {share}를 유해로 판정합니다(시험 "
        f"그룹의 평균 Recall {tested})",
    )


def _shortfalls(cheapest: pd.DataFrame) -> str:
    return ", ".join(f"{floor.shortfall:.0%}" for floor in rows(cheapest))
