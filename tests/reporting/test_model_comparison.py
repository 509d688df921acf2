import pandas as pd
from compared_models import NAN, pairs

from harmlib.reporting.text.model_comparison import gain_sentences, pair_sentences


def test_a_pair_is_told_only_by_its_corrected_interval():
    table = pairs(
        ("model2", "model3", 0.05, 0.01, 0.09),
        ("model2", "model4", -0.05, -0.09, -0.01),
        ("model3", "model4", -0.02, -0.07, 0.03),
        ("model3", "model1", 0.0, 0.0, 0.0),
        ("model4", "model1", 0.1, NAN, NAN),
    )
    table = table.assign(low=0.02, high=0.08)  # not corrected: of no account
    higher, lower, untold, same = pair_sentences(table, "video")
    assert (
        "Model 3이 Model 2보다 높으며, 차이의 신뢰구간 전체가 0의 한쪽에 있습니다(차이 +0.0500"
        in higher
    )
    assert (
        "Model 2가 Model 4보다 높으며, 차이의 신뢰구간 전체가 0의 한쪽에 있습니다(차이 −0.0500"
        in lower
    )
    assert "Model 3과 Model 4는 구별되지 않습니다" in untold
    assert "모든 쌍을 함께 보정한 95% 신뢰구간 −0.0700~+0.0300, McNemar mid-p 0.210" in untold
    assert untold.endswith("그룹이 약 90개 필요합니다.")
    assert same == "비디오: 시험 F1에서 Model 3과 Model 1은 같습니다(어느 그룹을 빼도 차이가 없음)."
    assert [" 전체가" in text for text in (higher, lower, untold, same)] == [
        True,
        True,
        False,
        False,
    ]


def test_pairs_are_told_on_test_and_by_f1_alone():
    table = pairs(("model2", "model4", 0.05, 0.01, 0.09))
    assert pair_sentences(table.assign(split="val"), "video") == []
    assert pair_sentences(table.assign(metric="recall"), "video") == []
    untold = pairs(("model2", "model4", 0.05, -0.01, 0.09), groups_needed=float("inf"))
    (text,) = pair_sentences(untold, "video")
    assert "필요합니다" not in text


GAINS = pd.DataFrame(
    {"a": "model2", "b": "model4", "same_weights": False,
     "part": ["weights", "epoch", "threshold", "total"], "value": [0.02, -0.01, 0.03, 0.04],
     "low": 0.01, "high": 0.06}
)  # fmt: skip


def test_a_gain_is_one_only_if_its_interval_leaves_out_zero():
    (sure,) = gain_sentences(GAINS, "video")
    assert "+0.0400 = 가중치 +0.0200 + epoch −0.0100 + threshold +0.0300." in sure
    assert "0을 포함하지 않습니다(이 쌍만 볼 때)" in sure
    assert "같은 점수" not in sure
    (unsure,) = gain_sentences(GAINS.assign(low=-0.01), "video")
    assert "0을 포함하므로 차이가 있다고 볼 근거가 부족합니다" in unsure
    (unknown,) = gain_sentences(GAINS.assign(low=NAN, high=NAN), "video")
    assert unknown.endswith("threshold +0.0300.")
    (touching,) = gain_sentences(GAINS.assign(low=0.0), "video")
    assert "0을 포함하므로" in touching
    (same,) = gain_sentences(GAINS.assign(value=0.0, low=0.0, high=0.0), "video")
    assert same.endswith("시험 F1은 어느 그룹을 빼도 같습니다.")


def test_equal_weights_are_not_called_a_retraining():
    first, second = gain_sentences(
        pd.concat([GAINS.assign(b="model3", same_weights=True), GAINS]), "video"
    )
    assert "Model 2에서 Model 3으로" in first
    assert "같은 epoch에서 모든 항목에 같은 점수를 주므로 가중치가 달라진 것은 없습니다" in first
    assert "같은 점수" not in second
