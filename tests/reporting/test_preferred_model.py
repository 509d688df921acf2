"""The model of validation: a winner is named only where a corrected interval excludes 0."""

import pandas as pd
import pytest
from compared_models import NAN, against, chosen, pairs

from harmlib.reporting.text import preferred_model

SURE = "전체가"


def on_test(low=0.87, high=0.98, harmful=20, safe=9, **f1):
    return pd.DataFrame(
        {"variant": list(f1), "metric": "f1", "value": list(f1.values()), "low": low, "high": high,
         "harmful_groups": harmful, "safe_groups": safe}
    )  # fmt: skip


NO_PAIRS = pairs()

ONE = chosen(model4=0.93)


def verdict(of_baseline, intervals=None, differences=NO_PAIRS, points=ONE):
    shown = on_test(model4=0.95) if intervals is None else intervals
    return preferred_model.verdict(points, shown, of_baseline, differences, "video")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (
            0.03,
            0.19,
            "차이 +0.1100은 보정한 95% 신뢰구간(+0.0300~+0.1900) 전체가 0보다 높습니다(그룹 20개).",
        ),
        (-0.19, -0.03, "95% 신뢰구간(−0.1900~−0.0300) 전체가 0보다 낮습니다(그룹 20개)."),
        (-0.01, 0.19, "신뢰구간이 0을 포함하므로(−0.0100~+0.1900), 다르다고 볼 근거가 부족합니다."),
        (0.0, 0.19, "근거가 부족합니다"),
        (-0.1, 0.0, "근거가 부족합니다"),
        (0.0, 0.0, "기준선(F1 0.8400)과 같습니다(어느 그룹을 빼도 차이가 없음)."),
    ],
)
def test_the_verdict_follows_the_paired_interval(low, high, words):
    text = verdict(against(low, high))
    assert text.startswith(
        "비디오: 검증 F1이 가장 높은 Model 4는 시험 분할에서 F1 0.9500(95% 신뢰구간"
    )
    assert words in text
    assert (SURE in text) == (low > 0 or high < 0)


def test_what_is_not_told_says_what_would_tell():
    text = verdict(against(-0.01, 0.2))
    assert text.endswith("그룹이 약 500개 필요합니다(지금 20개).")
    for needed in (NAN, 12.0):  # nothing to tell; or what was at hand already
        assert "필요합니다" not in verdict(against(-0.01, 0.2, groups_needed=needed))
    assert "현실적이지 않습니다" in verdict(against(-0.01, 0.2, groups_needed=float("inf")))
    assert "필요합니다" not in verdict(against(0.01, 0.2))


def test_without_an_interval_nothing_is_claimed_and_the_reason_told():
    nothing = on_test(low=NAN, high=NAN, harmful=3, safe=40, model4=0.99)
    text = verdict(against(NAN, NAN), nothing)
    assert (
        "유해 항목이 있는 그룹이 3개, 안전 항목이 있는 그룹이 40개라 신뢰구간을 낼 수 없고" in text
    )
    assert "기준선보다 나은지 말할 수 없습니다" in text
    for word in (SURE, "구별", "–", "nan"):
        assert word not in text


def test_the_verdict_is_on_the_best_of_validation_not_of_test():
    points = chosen(model2=0.94, model4=0.93)
    text = verdict(
        against(0.02, 0.1, ("model2", "model4"), value=[0.9, 0.99]),
        on_test(model2=0.9, model4=0.99),
        pairs(("model2", "model4", -0.01, -0.03, -0.005), split="val"),
        points,
    )
    assert "가장 높은 Model 2는 시험 분할에서 F1 0.9000" in text
    assert "Model 4" not in text


def test_ties_are_named():
    points = chosen(model2=0.9, model3=0.93, model4=0.93)
    seen = pairs(
        ("model2", "model3", 0.03, 0.01, 0.05), ("model3", "model4", 0.0, -0.02, 0.02), split="val"
    )
    tested = on_test(model2=0.9, model3=0.95, model4=0.95)
    text = verdict(against(0.01, 0.2, ("model2", "model3", "model4")), tested, seen, points)
    assert "검증 F1이 가장 높은 Model 3은" in text
    assert text.endswith("검증 F1이 Model 4와 같아, 설정 파일에 먼저 적힌 모델을 선택했습니다.")
    assert "우연" not in text


@pytest.mark.parametrize(
    ("ends", "told"), [((0.01, 0.05), True), ((-0.01, 0.05), False), ((NAN, NAN), False)]
)
def test_a_preference_that_validation_cannot_tell_is_called_so(ends, told):
    points = chosen(model2=0.9, model4=0.93)
    rows = ("model2", "model4", 0.03, *ends)
    other = pairs((*rows[:3], 0.01, 0.05), split="test")  # on test they are told apart
    seen = pd.concat([pairs(rows, split="val"), other])
    tested = on_test(model2=0.9, model4=0.95)
    text = verdict(against(0.01, 0.2, ("model2", "model4")), tested, seen, points)
    said = "검증에서 Model 2와의 차이는 우연과 구별되지 않습니다." in text
    assert said == (not told)


RESULTS = pd.DataFrame({"variant": ["model2", "model3", "model4", "baseline"]})


@pytest.mark.parametrize(
    ("f1", "stressed"),
    [
        ({"model2": 0.9, "model3": 0.95, "model4": 0.93}, "model3"),
        ({"model2": 0.95, "model3": 0.95, "model4": 0.93}, "model2"),  # the first one of equals
    ],
)
def test_the_model_that_validation_prefers_is_stressed(f1, stressed):
    marked = preferred_model.preferred_row(RESULTS, chosen(**f1))
    assert RESULTS["variant"][marked].tolist() == [stressed]


def test_of_one_model_nothing_is_stressed():
    alone = RESULTS[RESULTS["variant"].isin(["model4", "baseline"])]
    assert not preferred_model.preferred_row(alone, chosen(model4=0.9)).any()
