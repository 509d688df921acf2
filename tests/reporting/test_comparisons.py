"""What compares: a winner is named only where a corrected interval excludes 0."""

import pandas as pd
import pytest

from harmlib.reporting.text import comparisons

NAN = float("nan")
SURE = "전체가"


def chosen(**f1):
    return pd.DataFrame({"variant": list(f1), "f1": list(f1.values())})


def on_test(low=0.87, high=0.98, harmful=20, safe=9, **f1):
    return pd.DataFrame(
        {"variant": list(f1), "metric": "f1", "value": list(f1.values()), "low": low, "high": high,
         "harmful_groups": harmful, "safe_groups": safe}
    )  # fmt: skip


def against(low, high, variants=("model4",), **more):
    columns = {
        "baseline": 0.84,
        "value": 0.95,
        "difference": 0.11,
        "corrected_low": low,
        "corrected_high": high,
        "groups": 20,
        "detectable": 0.056,
        "groups_needed": 500.0,
    }
    return pd.DataFrame({"variant": list(variants)} | columns | more)  # fmt: skip


def pairs(*rows, split="test", **more):
    """Rows of (a, b, difference, corrected_low, corrected_high)."""
    names = ["a", "b", "difference", "corrected_low", "corrected_high"]
    table = pd.DataFrame(rows, columns=names)
    columns = {"split": split, "metric": "f1", "groups_needed": 90.0, "p_mid": 0.21}
    return table.assign(**(columns | more))


NO_PAIRS = pairs()
ONE = chosen(model4=0.93)


def verdict(of_baseline, intervals=None, differences=NO_PAIRS, points=ONE):
    shown = on_test(model4=0.95) if intervals is None else intervals
    return comparisons.verdict(points, shown, of_baseline, differences, "video")


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


def test_what_these_groups_could_have_told_stands_beside_what_they_did_not():
    (untold,) = comparisons.baseline_sentences(against(-0.01, 0.2), "video")
    assert untold.endswith("F1의 차이가 0.056 이상일 때에야 다섯 번에 네 번 알아볼 수 있습니다.")
    for low, high, detectable in ((0.01, 0.2, 0.056), (-0.2, -0.01, 0.056), (0.0, 0.0, 0.0)):
        (text,) = comparisons.baseline_sentences(against(low, high, detectable=detectable), "video")
        assert "알아볼 수" not in text


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


def test_each_variant_is_compared_with_the_baseline():
    table = against([0.03, -0.02, NAN], [0.1, 0.1, NAN], ("model2", "model3", "model4"))
    first, second = comparisons.baseline_sentences(table, "image")
    assert first.startswith("이미지 Model 2의 시험 F1은 0.9500입니다.")
    assert "전체가 0보다 높습니다" in first
    assert second.startswith("이미지 Model 3의 시험 F1은 0.9500입니다.")
    assert "근거가 부족합니다" in second
    assert comparisons.baseline_sentences(against(NAN, NAN), "image") == []


def test_a_pair_is_told_only_by_its_corrected_interval():
    table = pairs(
        ("model2", "model3", 0.05, 0.01, 0.09),
        ("model2", "model4", -0.05, -0.09, -0.01),
        ("model3", "model4", -0.02, -0.07, 0.03),
        ("model3", "model1", 0.0, 0.0, 0.0),
        ("model4", "model1", 0.1, NAN, NAN),
    )
    table = table.assign(low=0.02, high=0.08)  # not corrected: of no account
    higher, lower, untold, same = comparisons.pair_sentences(table, "video")
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
    assert comparisons.pair_sentences(table.assign(split="val"), "video") == []
    assert comparisons.pair_sentences(table.assign(metric="recall"), "video") == []
    untold = pairs(("model2", "model4", 0.05, -0.01, 0.09), groups_needed=float("inf"))
    (text,) = comparisons.pair_sentences(untold, "video")
    assert "필요합니다" not in text


GAINS = pd.DataFrame(
    {"a": "model2", "b": "model4", "same_weights": False,
     "part": ["weights", "epoch", "threshold", "total"], "value": [0.02, -0.01, 0.03, 0.04],
     "low": 0.01, "high": 0.06}
)  # fmt: skip


def test_a_gain_is_one_only_if_its_interval_leaves_out_zero():
    (sure,) = comparisons.gain_sentences(GAINS, "video")
    assert "+0.0400 = 가중치 +0.0200 + epoch −0.0100 + threshold +0.0300." in sure
    assert "0을 포함하지 않습니다(이 쌍만 볼 때)" in sure
    assert "같은 점수" not in sure
    (unsure,) = comparisons.gain_sentences(GAINS.assign(low=-0.01), "video")
    assert "0을 포함하므로 차이가 있다고 볼 근거가 부족합니다" in unsure
    (unknown,) = comparisons.gain_sentences(GAINS.assign(low=NAN, high=NAN), "video")
    assert unknown.endswith("threshold +0.0300.")
    (touching,) = comparisons.gain_sentences(GAINS.assign(low=0.0), "video")
    assert "0을 포함하므로" in touching
    (same,) = comparisons.gain_sentences(GAINS.assign(value=0.0, low=0.0, high=0.0), "video")
    assert same.endswith("시험 F1은 어느 그룹을 빼도 같습니다.")


def test_equal_weights_are_not_called_a_retraining():
    first, second = comparisons.gain_sentences(
        pd.concat([GAINS.assign(b="model3", same_weights=True), GAINS]), "video"
    )
    assert "Model 2에서 Model 3으로" in first
    assert "같은 epoch에서 모든 항목에 같은 점수를 주므로 가중치가 달라진 것은 없습니다" in first
    assert "같은 점수" not in second


def test_a_drop_is_told_only_where_it_excludes_0():
    drops = pd.DataFrame(
        {"variant": ["model2", "model3", "model4", "mine", "other"],
         "difference": [-0.1, -0.1, -0.1, -0.1, 0.1], "low": [-0.2, -0.2, -0.2, NAN, 0.05],
         "high": [-0.02, -0.01, 0.0, NAN, 0.2]}
    )  # fmt: skip
    fixed, found = comparisons.drop_sentences(drops, {"model3", "model4"}, "video")
    assert "Model 2의 F1은 검증에서 고른 epoch를 시험에 적용하자 0.1000만큼 낮아졌습니다" in fixed
    assert "threshold" not in fixed
    assert "Model 3의 F1은 검증에서 고른 epoch와 threshold를" in found
    assert "95% 신뢰구간 −0.2000~−0.0100" in found


def test_the_use_of_the_test_split_is_told_with_its_rows():
    text = comparisons.use_of_test(1261)
    assert "1,261줄" in text
    assert "한 번만" not in text


@pytest.mark.parametrize(
    ("harmful", "safe", "named"), [(5, 5, False), (4, 30, True), (30, 4, True), (1, 1, True)]
)
def test_a_shortage_of_groups_is_named(harmful, safe, named):
    counts = pd.DataFrame(
        {"split": ["train", "val", "test", "all"], "harmful_groups": [1, 9, harmful, 1],
         "safe_groups": [1, 9, safe, 1]}
    )  # fmt: skip
    text = comparisons.group_shortage(counts, "image")
    assert bool(text) == named
    assert (f"시험 분할은 유해 항목이 있는 그룹이 {harmful}개" in text) == named
    assert "검증" not in text
    assert "학습" not in text


RESULTS = pd.DataFrame({"variant": ["model2", "model3", "model4", "baseline"]})


@pytest.mark.parametrize(
    ("f1", "stressed"),
    [
        ({"model2": 0.9, "model3": 0.95, "model4": 0.93}, "model3"),
        ({"model2": 0.95, "model3": 0.95, "model4": 0.93}, "model2"),  # the first one of equals
    ],
)
def test_the_model_that_validation_prefers_is_stressed(f1, stressed):
    marked = comparisons.preferred_row(RESULTS, chosen(**f1))
    assert RESULTS["variant"][marked].tolist() == [stressed]


def test_of_one_model_nothing_is_stressed():
    alone = RESULTS[RESULTS["variant"].isin(["model4", "baseline"])]
    assert not comparisons.preferred_row(alone, chosen(model4=0.9)).any()


def test_numbers_cite_their_cells():
    table = against(0.03, 0.19)
    table.attrs["name"] = "tables/against_baseline_video.csv"
    (text,) = comparisons.baseline_sentences(table, "video")
    for column in ("value", "baseline", "difference", "corrected_low", "corrected_high"):
        assert f'data-cell="tables/against_baseline_video.csv[0].{column}"' in text
