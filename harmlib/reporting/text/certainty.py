"""Korean sentences about how sure we are; each follows a rule over one of 03's tables.

Numbers cite their cells where the table was read from a run's folder. `modality` is `image` or
`video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.reporting.text.cited_numbers import at, count, row, rows
from harmlib.reporting.text.korean import MODALITY, SPLIT, model_name, number, particle, signed

OBJECTIVES = {
    "f1": "F1 최대",
    "fbeta:2": "F2 최대(놓침을 더 무겁게)",
    "mcc": "MCC 최대",
    "youden": "Youden(민감도 + 특이도)",
    "precision@recall>=0.95": "Recall 0.95 이상에서 Precision 최대",
    "recall@precision>=0.95": "Precision 0.95 이상에서 Recall 최대",
    "cost:miss=5,alarm=1": "비용(놓침 5, 오탐 1) 최소",
    "recall@flagged<=0.5": "검토량 절반 이하에서 Recall 최대",
}
STATES = {
    "ok": "선택됨",
    "infeasible": "조건을 만족하는 값 없음",
    "constant_scores": "모든 점수가 같음",
    "one_class": "한 클래스뿐",
}
FIGURES = {
    "same_data": "고른 데이터에서 평가",
    "in_bag": "뽑힌 표본에서 평가(평균)",
    "out_of_bag": "뽑히지 않은 표본에서 평가(평균)",
    "optimism": "낙관(둘의 차이)",
    "test": "시험 분할에서 평가",
}
METHODS = {"none": "그대로", "temperature": "temperature", "isotonic": "isotonic"}
CALIBRATION = {"brier": "Brier 점수", "ece": "ECE"}


def group_warning(splits: list[str], modality: str) -> str:
    """Say which splits hold one group only.

    Parameters
    ----------
    splits : list of str
        As `item_level_splits` returns them.
    modality : str

    Returns
    -------
    str
        Empty where there is nothing to warn of.

    Examples
    --------
    >>> group_warning(["test"], "video")
    '비디오: 시험 분할의 항목이 모두 한 그룹이라 그룹째 다시 뽑을 수 없습니다. ...'
    """
    if not splits:
        return ""
    names = ", ".join(SPLIT[split] for split in splits)
    return (
        f"{MODALITY[modality]}: {names} 분할의 항목이 모두 한 그룹이라 그룹째 다시 뽑을 수 없습니다. 항목째 뽑았으므로 "
        "구간이 실제보다 좁습니다."
    )


def against_baseline(intervals: pd.DataFrame, test: pd.DataFrame, modality: str) -> str:
    """Say whose F1 interval on test lies above the baseline's F1.

    Parameters
    ----------
    intervals : DataFrame
        As `intervals_on_test` returns it.
    test : DataFrame
        As `compare_on_test` returns it.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> intervals = pd.DataFrame({"variant": ["model4"], "metric": "f1", "low": 0.88})
    >>> test = pd.DataFrame({"variant": ["model4", "baseline"], "f1": [0.94, 0.84]})
    >>> against_baseline(intervals, test, "video")
    '비디오: 모두 유해로 판정하는 기준선의 시험 F1은 0.8400입니다. 95% 구간이 온전히 그 위에 있는 모델은 Model
    4입니다.'
    """
    baseline = row(test, "variant", BASELINE).f1
    f1 = intervals[intervals["metric"] == "f1"]
    clear = f1.loc[f1["low"] > baseline, "variant"]
    head = (
        f"{MODALITY[modality]}: 모두 유해로 판정하는 기준선의 시험 F1은 {number(baseline)}입니다."
    )
    if clear.empty:
        return f"{head} 어느 모델의 95% 구간도 기준선보다 온전히 위에 있지 않습니다. 이 시험 분할로는 기준선보다 낫다고 말할 수 없습니다."
    names = ", ".join(map(model_name, clear))
    return f"{head} 95% 구간이 온전히 그 위에 있는 모델은 {names}입니다."


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
    ...                         "difference": -0.25, "low": -0.3, "high": 0.2, "verdict": "noise"})
    >>> movement(changes, "image")
    ['이미지 Model 4: 이웃한 epoch 사이의 변화 1번 모두 잡음과 구별되지 않습니다. ...']
    """
    sentences = []
    for variant, own in changes.groupby("variant", sort=False):
        name = f"{MODALITY[modality]} {model_name(variant)}"
        moved = own[own["verdict"] == "moved"]
        if moved.empty:
            largest = at(own, own["difference"].abs().idxmax())
            sentences.append(
                f"{name}: 이웃한 epoch 사이의 변화 {count(own)}번 모두 잡음과 구별되지 않습니다. 가장 큰 변화는 "
                f"epoch {largest.epoch_from}에서 {largest.epoch_to} 사이의 {signed(largest.difference, 2)}"
                f"(95% 구간 {signed(largest.low, 2)}~{signed(largest.high, 2)})입니다."
            )
        for change in rows(moved):
            sentences.append(
                f"{name}: epoch {change.epoch_from}에서 {change.epoch_to} 사이에 최적 threshold가 "
                f"{signed(change.difference, 2)} 움직였고, 95% 구간 {signed(change.low, 2)}~"
                f"{particle(signed(change.high, 2), '과/와')} 평탄 구간으로 보아 잡음이 아닙니다."
            )
    return sentences


def optimism_sentence(table: pd.DataFrame, modality: str) -> str:
    """Say how much better F1 looks on the items that the threshold was chosen on.

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
    >>> table = pd.DataFrame({"variant": ["model4"], "figure": "optimism", "value": 0.012})
    >>> optimism_sentence(table, "video")
    '비디오: threshold를 고른 데이터에서 그대로 평가하면 F1이 평균 Model 4 +0.0120만큼 좋아 보입니다. ...'
    """
    found = rows(table[table["figure"] == "optimism"])
    parts = [f"{model_name(r.variant)} {signed(r.value)}" for r in found]
    return (
        f"{MODALITY[modality]}: threshold를 고른 데이터에서 그대로 평가하면 F1이 평균 "
        f"{', '.join(parts)}만큼 좋아 보입니다. 그래서 성능은 시험 분할의 값으로 말해야 합니다."
    )


def gain_sentences(gains: pd.DataFrame, differences: pd.DataFrame, modality: str) -> list[str]:
    """Say where each gain in F1 came from, and whether it is more than chance.

    Parameters
    ----------
    gains, differences : DataFrame
        As `comparisons` returns them.
    modality : str

    Returns
    -------
    list of str
        One sentence per pair of variants.

    Examples
    --------
    >>> gains = pd.DataFrame({"a": "model2", "b": "model4",
    ...                       "part": ["retraining", "threshold", "total"],
    ...                       "value": [0.02, 0.01, 0.03], "low": -0.01, "high": 0.06})
    >>> differences = pd.DataFrame({"a": ["model2"], "b": ["model4"], "p_mid": [0.25]})
    >>> gain_sentences(gains, differences, "video")
    ['비디오 Model 2에서 Model 4로: 시험 F1의 변화 +0.0300 = 다시 학습 +0.0200 + threshold 이동 +0.0100. ...']
    """
    sentences = []
    for (a, b), own in gains.groupby(["a", "b"], sort=False):
        total, retrained, moved = (
            row(own, "part", part) for part in ("total", "retraining", "threshold")
        )
        sure = total.low > 0 or total.high < 0
        pair = differences[(differences["a"] == a) & (differences["b"] == b)]
        verdict = "포함하지 않습니다" if sure else "포함하므로 차이가 있다고 말할 수 없습니다"
        sentences.append(
            f"{MODALITY[modality]} {model_name(a)}에서 {particle(model_name(b), '으로/로')}: 시험 F1의 변화 "
            f"{signed(total.value)} = 다시 학습 {signed(retrained.value)} + threshold 이동 "
            f"{signed(moved.value)}. 95% 구간은 {signed(total.low)}~"
            f"{particle(signed(total.high), '으로/로')} 0을 {verdict}"
            f"(McNemar mid-p {number(next(rows(pair)).p_mid, 3)})."
        )
    return sentences


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
    '비디오: threshold를 하나만 쓰는 모델뿐이라 견줄 것이 없습니다.'
    """
    if tried.empty:
        return f"{MODALITY[modality]}: threshold를 하나만 쓰는 모델뿐이라 견줄 것이 없습니다."
    better = tried[tried["corrected_low"] > 0]
    if better.empty:
        return f"{MODALITY[modality]}: 여러 threshold를 시험해 본 것을 보정하면, 검증에서 0.5보다 확실히 나은 값은 없습니다."
    best = better.loc[better.groupby("variant", sort=False)["difference"].idxmax()]
    parts = [
        f"{model_name(r.variant)} {r.threshold:.2f}(F1 {signed(r.difference)}, 보정 구간 "
        f"{signed(r.corrected_low)}~{signed(r.corrected_high)})"
        for r in rows(best)
    ]
    return f"{MODALITY[modality]}: 여러 번 시험해 본 것을 보정해도 검증에서 0.5보다 나은 값은 {', '.join(parts)}입니다."


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
    '비디오: pos_weight를 쓰는 모델이 없어 threshold를 그대로 견줄 수 있습니다.'
    """
    weighted = scale[scale["pos_weight"] != 1]
    if weighted.empty:
        return f"{MODALITY[modality]}: pos_weight를 쓰는 모델이 없어 threshold를 그대로 견줄 수 있습니다."
    parts = [
        f"{model_name(r.variant)}의 0.5는 가중치 없는 모델의 {r.half_unweighted:.3f}, 운영 threshold "
        f"{particle(number(r.threshold, 2), '은/는')} {r.unweighted_threshold:.3f}에 해당합니다(pos_weight {number(r.pos_weight)})"
        for r in rows(weighted)
    ]
    return (
        f"{MODALITY[modality]}: pos_weight는 확률의 눈금을 옮기므로 threshold를 그대로 견줄 수 없습니다. "
        f"{'; '.join(parts)}. 보정된(calibrated) 확률일 때 정확한 값이며, 그 밖에는 어림값입니다."
    )


def floor_sentence(floors: pd.DataFrame, modality: str) -> str:
    """Say what a promised recall costs with the variant that flags least on validation.

    Parameters
    ----------
    floors : DataFrame
        As `floors` returns it.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> floors = pd.DataFrame({"variant": ["model4"], "min_recall": 0.8, "units": 3,
    ...                        "feasible": False})
    >>> floor_sentence(floors, "video")
    '비디오: 검증의 유해 그룹이 3개뿐이라 어떤 Recall 하한도 분포 가정 없이 약속할 수 없습니다.'
    """
    feasible = floors[floors["feasible"]]
    if feasible.empty:
        units = at(floors, floors["units"].idxmax()).units
        return f"{MODALITY[modality]}: 검증의 유해 그룹이 {units}개뿐이라 어떤 Recall 하한도 분포 가정 없이 약속할 수 없습니다."
    best = feasible.loc[feasible.groupby("min_recall")["flagged_share"].idxmin()]
    parts = [
        f"Recall {r.min_recall:.2f} 이상은 {model_name(r.variant)} threshold "
        f"{particle(number(r.threshold, 3), '으로/로')}, 시험 항목의 {r.test_flagged_share:.0%}를 사람이 보게 됩니다(시험 Recall {number(r.test_recall, 3)})"
        for r in rows(best)
    ]
    return f"{MODALITY[modality]}: 평균적으로 보장되는 Recall 하한. {'; '.join(parts)}."
