import pandas as pd
import pytest
from compared_models import NAN

from harmlib.reporting.text import held_out


def test_a_drop_is_told_only_where_it_excludes_0():
    drops = pd.DataFrame(
        {"variant": ["model2", "model3", "model4", "mine", "other"],
         "difference": [-0.1, -0.1, -0.1, -0.1, 0.1], "low": [-0.2, -0.2, -0.2, NAN, 0.05],
         "high": [-0.02, -0.01, 0.0, NAN, 0.2]}
    )  # fmt: skip
    fixed, found = held_out.drop_sentences(drops, {"model3", "model4"}, "video")
    assert "Model 2의 F1은 검증에서 고른 epoch를 시험에 적용하자 0.1000만큼 낮아졌습니다" in fixed
    assert "threshold" not in fixed
    assert "Model 3의 F1은 검증에서 고른 epoch와 threshold를" in found
    assert "95% 신뢰구간 −0.2000~−0.0100" in found


def test_the_use_of_the_test_split_is_told_with_its_rows():
    text = held_out.use_of_test(1261)
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
    text = held_out.group_shortage(counts, "image")
    assert bool(text) == named
    assert (f"시험 분할은 유해 항목이 있는 그룹이 {harmful}개" in text) == named
    assert "검증" not in text
    assert "학습" not in text
