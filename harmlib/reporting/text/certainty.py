"""Korean sentences about how sure we are; each is a rule over a table of evidence.

Numbers are bound to their cells as in `findings`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.operating_points import BASELINE
from harmlib.reporting.text.cited_numbers import Row, at, count, row, rows
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
VERDICTS = {"moved": "움직였음", "noise": "잡음과 구별되지 않음"}
METHODS = {"none": "그대로", "temperature": "temperature", "isotonic": "isotonic"}
CALIBRATION = {"brier": "Brier 점수", "ece": "ECE"}


def group_warning(splits: list[str], modality: str) -> str:
    """Which splits hold one group only. splits : `item_level_splits`"""
    if not splits:
        return ""
    names = ", ".join(SPLIT[split] for split in splits)
    return (
        f"{MODALITY[modality]}: {names} 분할의 항목이 모두 한 그룹이라 그룹째 다시 뽑을 수 없습니다. 항목째 뽑았으므로 "
        "구간이 실제보다 좁습니다."
    )


def against_baseline(intervals: pd.DataFrame, test: pd.DataFrame, modality: str) -> str:
    """Whether each model's F1 interval on test lies above the baseline's F1.

    intervals : `test_intervals`; test : `compare_on_test`
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
    """Did the best threshold move between epochs? changes : of `stability`, with variant."""
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
    """What choosing on the judged data adds. table : `optimism_table`."""
    found = rows(table[table["figure"] == "optimism"])
    parts = [f"{model_name(r.variant)} {signed(r.value)}" for r in found]
    return (
        f"{MODALITY[modality]}: threshold를 고른 데이터에서 그대로 평가하면 F1이 평균 "
        f"{', '.join(parts)}만큼 좋아 보입니다. 그래서 성능은 시험 분할의 값으로 말해야 합니다."
    )


def gain_sentences(gains: pd.DataFrame, differences: pd.DataFrame, modality: str) -> list[str]:
    """Where each gain came from, and whether it is one. gains, differences : `comparisons`."""
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
    """Whether any tried threshold beats 0.5 after correction. tried : `tried_thresholds`."""
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
    """What pos_weight does to thresholds. scale : `weighted_scale`."""
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
    """What a promised recall costs, with the model that flags least on validation.

    floors : `floors`
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


def audit_sentences(findings: pd.DataFrame) -> list[str]:
    """The auditor's findings about printed figures, in Korean. findings : `Audit.to_frame`."""
    return [_audit_sentence(finding) for finding in rows(findings)]


def _audit_sentence(finding: Row) -> str:
    kind = finding["kind"]
    who = f"Model {finding['model']} epoch {finding['epoch']}"
    if kind == "evaluation_set":
        return (
            f"인쇄된 모든 행에 들어맞는 가장 작은 평가 집합은 유해 {finding['positives']:,}개, 안전 "
            f"{finding['negatives']:,}개(적어도)입니다."
        )
    if kind == "baseline":
        return (
            f"{who}의 수치는 모두 유해로 판정하는 분류기의 것과 같습니다"
            f"({finding['positives']:,}/{finding['positives'] + finding['negatives']:,} = "
            f"{number(finding['printed'])})."
        )
    if kind == "edge_optimum":
        return (
            f"{who}의 최적 threshold {particle(number(finding['threshold'], 2), '은/는')} 시험한 범위"
            f"({finding['grid_low']:.2f}~{finding['grid_high']:.2f})의 끝입니다. 실제 최적점은 그 너머일 수 있습니다."
        )
    if kind == "gain_split":
        return (
            f"Model {finding['other_model']}에 대한 F1 향상 {signed(finding['total_gain'])} 중 "
            f"{particle(signed(finding['same_threshold_gain']), '은/는')} 같은 threshold에서 다시 학습한 모델에서 왔고, "
            f"threshold의 이동은 {particle(signed(finding['threshold_gain']), '을/를')} 더할 뿐입니다."
        )
    return f"{who}: {finding['message']}"
