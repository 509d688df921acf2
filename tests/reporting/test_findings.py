"""Which sentence follows from which numbers."""

import pandas as pd
import pytest

from harmlib.reporting.text import certainty, findings
from harmlib.reporting.text.audit import audit_sentences


def on_test(f1, baseline):
    return pd.DataFrame({"variant": ["model4", "baseline"], "f1": [f1, baseline], "n": 36})


@pytest.mark.parametrize(
    ("share", "best", "end"),
    [
        (0.95, 0.9, "사실상 모두 유해로 판정하는 분류기와 같습니다."),
        (0.8, 0.85, "쏠림이 나타나지 않았습니다."),
        (0.8, 0.9, "F1 0.8500)."),
    ],
)
def test_a_fixed_threshold_may_flag_everything(share, best, end):
    chosen = pd.DataFrame(
        {"variant": ["model2"], "threshold": 0.5, "flagged_share": share, "precision": 0.75,
         "recall": 1.0, "f1": 0.85, "best_f1": best}
    )  # fmt: skip
    assert findings.problem_of_fixed_threshold(chosen, "image", "model2").endswith(end)


@pytest.mark.parametrize(
    ("harmful", "safe", "words"),
    [(75, 25, "유해 쪽으로"), (25, 75, "안전 쪽으로"), (10, 9, "거의 균형을 이루어")],
)
def test_the_class_ratio_says_where_a_model_leans(harmful, safe, words):
    counts = pd.DataFrame(
        {"split": ["train"], "harmful": harmful, "safe": safe, "harmful_per_safe": harmful / safe,
         "safe_per_harmful": safe / harmful}
    )  # fmt: skip
    assert words in findings.imbalance(counts, "video")


def points(best, edge=""):
    n = len(best)
    return pd.DataFrame(
        {"variant": "model4", "epoch": range(1, n + 1), "best_threshold": best, "best_f1": 0.9,
         "best_precision": 0.8, "best_recall": 1.0, "at_grid_edge": edge, "state": "ok",
         "f1": 0.9, "chosen": [True] + [False] * (n - 1)}
    )  # fmt: skip


def test_few_epochs_are_described_one_by_one():
    head, epochs = findings.epoch_paragraphs(points([0.3, 0.45], "low"), ["model4"], "video")
    assert head.startswith("**비디오 Model 4**: epoch별 최적 threshold가")
    assert "0.30에서 0.45 사이에 있습니다(폭 0.15)." in head
    assert epochs.count("- Epoch") == 2
    assert (
        "앞 epoch 대비 F1 +0.0000. 탐색 범위의 하한이므로 최적값은 더 낮을 수 있습니다." in epochs
    )
    assert len(findings.epoch_paragraphs(points([0.3] * 6), ["model4"], "video")) == 1
    (unknown, _) = findings.epoch_paragraphs(points([0.3, None]), ["model4"], "video")
    assert unknown.endswith("최적 threshold를 비교할 수 없습니다.")


CHANGES = pd.DataFrame(
    {"variant": ["model3", "model4", "model4"], "epoch_from": [1, 1, 2], "epoch_to": [2, 2, 3],
     "difference": [-0.25, 0.35, 0.0], "low": [-0.3, 0.3, 0.0], "high": [0.2, 0.4, 0.0],
     "verdict": ["noise", "moved", "noise"], "detectable": 0.42, "power": 0.11,
     "excluded": 0}
)  # fmt: skip


def test_only_a_change_beyond_noise_is_told_by_itself():
    noise, moved = certainty.movement(CHANGES, "image")
    assert "변화 1번 모두 우연과 구별되지 않습니다" in noise
    assert "−0.25(95% 신뢰구간 −0.30~+0.20)" in noise
    assert "epoch 1에서 2 사이에 최적 threshold가 +0.35 움직였고" in moved


def test_noise_is_no_proof_of_rest_and_the_power_is_told():
    (noise, _) = certainty.movement(CHANGES, "image")
    assert "움직이지 않았다는 뜻은 아닙니다" in noise
    assert "알아볼 확률은 11%이고" in noise
    assert "0.42 넘게 움직여야 다섯 번에 네 번" in noise


def test_a_change_without_an_interval_is_called_neither():
    nothing = {"low": float("nan"), "high": float("nan"), "verdict": "unknown", "power": None}
    said = certainty.movement(CHANGES.assign(**nothing), "image")
    assert said == [
        "이미지 Model 3: 그룹이 모자라 변화가 우연인지 판단할 수 없습니다.",
        "이미지 Model 4: 그룹이 모자라 변화가 우연인지 판단할 수 없습니다.",
    ]


TRIED = pd.DataFrame(
    {"variant": "model4", "threshold": [0.3, 0.4], "difference": [0.02, 0.05],
     "corrected_low": [-0.1, -0.01], "corrected_high": 0.1, "baseline_low": 0.01}
)  # fmt: skip


def test_the_best_of_the_tried_thresholds_is_named_only_after_correction():
    assert "낫다고 볼 근거가 있는 값은 없습니다" in certainty.tried_sentence(TRIED, "image")
    better = certainty.tried_sentence(TRIED.assign(corrected_low=0.01), "image")
    assert "Model 4 0.40(F1 +0.0500, 보정 구간 +0.0100~+0.1000)" in better


def test_a_tried_threshold_that_only_flags_more_is_no_better():
    like_the_baseline = TRIED.assign(corrected_low=0.01, baseline_low=[-0.1, 0.0])
    text = certainty.tried_sentence(like_the_baseline, "image")
    assert "기준선과 구별되지 않습니다" in text
    assert "나은 값은" not in text


def test_tried_thresholds_without_an_interval_are_called_neither():
    nothing = TRIED.assign(corrected_low=float("nan"), corrected_high=float("nan"))
    text = certainty.tried_sentence(nothing, "image")
    assert text == "이미지: 그룹이 모자라 0.5보다 나은 값이 있는지 판단할 수 없습니다."


def test_a_weighted_models_half_is_told_on_the_common_scale():
    scale = pd.DataFrame(
        {"variant": ["model2", "model4"], "pos_weight": [1.0, 0.37], "threshold": [0.5, 0.3],
         "half_unweighted": [0.5, 0.73], "unweighted_threshold": [0.5, 0.54]}
    )  # fmt: skip
    text = certainty.scale_sentence(scale, "video")
    assert "Model 4의 0.5는 가중치 없는 모델의 0.730, 운영 threshold 0.30은 0.540에" in text
    assert "Model 2" not in text


FLOORS = pd.DataFrame(
    {"variant": ["model2", "model4"], "promise": "average", "min_recall": 0.9, "units": 40,
     "feasible": True, "threshold": [0.6, 0.7], "flagged_share": [0.8, 0.6], "shortfall": 0.42,
     "test_recall": 0.95, "test_low": 0.9, "test_high": 0.97, "test_flagged_share": [0.9, 0.65]}
)  # fmt: skip


def test_a_promised_recall_costs_what_the_cheapest_variant_flags():
    confident = FLOORS.assign(promise="confidence", threshold=0.2, feasible=[True, False])
    average, confidence = certainty.floor_sentences(pd.concat([FLOORS, confident]), "video")
    assert "0.90 이상은 Model 4 threshold 0.700으로, 시험 항목의 65%를 유해로 판정합니다" in average
    assert "시험 그룹의 평균 Recall 0.950, 95% 신뢰구간 0.900~0.970" in average
    assert "그룹마다 구한 Recall의 평균" in average
    assert "하한에 못 미칠 수 있습니다" in average
    assert "42%" in average
    assert "신뢰 수준 90%로 Recall 하한을 지키는" in confidence
    assert "Model 2 threshold 0.200으로" in confidence
    assert "42%" not in confidence


def test_a_floor_that_cannot_be_promised_says_so_and_names_no_model():
    nothing = FLOORS.assign(units=1, feasible=False, threshold=float("nan"))
    both = pd.concat([nothing, nothing.assign(promise="confidence")])
    few = "비디오: 검증의 유해 그룹이 1개뿐이라 어떤 Recall 하한도"
    assert certainty.floor_sentences(both, "video") == [
        f"{few} 평균적으로 지킬 수 없습니다.",
        f"{few} 신뢰 수준 90%로 지킬 수 없습니다.",
    ]
    few = FLOORS.assign(test_low=float("nan"), test_high=float("nan"))
    assert "구간" not in certainty.floor_sentences(few, "video")[0]


def test_every_kind_of_audit_finding_has_a_sentence():
    common = {"model": 3, "epoch": 1, "positives": 423, "negatives": 158, "printed": 0.7281,
              "threshold": 0.7, "grid_low": 0.3, "grid_high": 0.7, "other_model": 2,
              "total_gain": 0.0979, "same_threshold_gain": 0.0872, "threshold_gain": 0.0107,
              "message": "as it is"}  # fmt: skip
    kinds = ["evaluation_set", "baseline", "edge_optimum", "gain_split", "misfit"]
    said = audit_sentences(pd.DataFrame([common | {"kind": kind} for kind in kinds]))
    assert "유해 423개, 안전 158개 이상" in said[0]
    assert "(423/581 = 0.7281)" in said[1]
    assert "0.70은 시험한 범위(0.30~0.70)의 끝이므로" in said[2]
    assert "+0.0979 중 +0.0872는" in said[3]
    assert said[4] == "Model 3 epoch 1: as it is"
