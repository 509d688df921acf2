from study_differences import NONE, one, table

from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.study_steps import step_sentences


def test_steps_to_a_later_variant():
    rows = [one(0.01, way="in_order", factor="backbones"), one(0.09, factor="head")]
    steps = table([*rows, one(0.10, factor="total")], "tables/steps_video.csv")
    first, then = map(plain, step_sentences(steps, "video", "model4", "model5"))
    assert "Model 4에서 Model 5로 바꾸면 F1이 0.7000에서 0.8000으로 높아집니다" in first
    assert then.startswith("차례로 바꾼 단계: 백본 선택(+0.0100")
    assert then.endswith("포함하지 않는 것은 선형 분류기입니다.")
    low = table([one(0.01, factor="head"), one(0.01, factor="total")])
    text, then = map(plain, step_sentences(low, "video", "model4", "model5"))
    assert "달라지지만, 신뢰구간이 0을 포함합니다" in text
    assert then.endswith("포함하지 않는 것은 없습니다.")
    (text,) = step_sentences(low.assign(**NONE), "video", "model4", "model5")
    assert "그룹이 모자라 신뢰구간은 없음" in plain(text)
    assert step_sentences(low.iloc[1:], "video", "model4", "model4") == []


def test_a_step_that_orders_better_is_told_though_f1_is_not_sure():
    rows = [one(0.01, factor="head"), one(0.01, factor="total")]
    ranked = [one(0.09, factor="head") | {"metric": "roc_auc"}]
    *_, text = step_sentences(table(rows + ranked), "video", "model4", "model5")
    assert plain(text).startswith("threshold와 무관한 AUC를 높인 단계: 선형 분류기(+0.0900")
