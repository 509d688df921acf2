from study_differences import HELPED, NONE, effects

from harmlib.reporting.text import study_ablation as says
from harmlib.reporting.text.cited_numbers import plain


def test_without_groups_nothing_is_called_sure():
    own = HELPED.assign(**NONE)
    total, *rest = says.order_sentences(own, "video", "model2", "model4")
    assert plain(total).endswith("+0.0800 달라졌습니다.")
    assert not any("근거" in text for text in rest)


def test_alike_variants_have_no_ablation():
    own = HELPED[HELPED["factor"] == "total"]
    assert says.order_sentences(own, "image", "model2", "mine") == []


def test_what_is_sure_what_did_nothing_and_what_depends_on_the_order():
    total, sure, idle, order = map(plain, says.order_sentences(HELPED, "video", "model2", "model4"))
    assert "0.7000에서 Model 4 0.7800으로 +0.0800" in total
    assert total.endswith("신뢰구간이 0을 포함하지 않습니다.")
    assert sure.startswith("F1에 작용했다고 볼 근거가 있는 변경: threshold 규칙(+0.0700")
    assert "pos_weight" not in sure
    assert idle.startswith("sigmoid와 손실 함수는 F1을 전혀 바꾸지 않았습니다")
    assert "threshold 규칙입니다: 이전 보고서의 순서에서는 +0.0900, 혼자 바꾸면 +0.0500" in order


def test_nothing_sure_is_said_too():
    own = effects([0.001, 0, 0.01], [0.001, 0, 0.01], [0.001, 0, 0.01])
    texts = list(map(plain, says.order_sentences(own, "video", "model2", "model4")))
    assert "달라졌다고 볼 근거가 부족합니다" in texts[0]
    assert "보정한 신뢰구간이 0을 벗어나는 변경은 없습니다" in texts[1]
    assert not any("순서에 따라" in text for text in texts)


def test_which_factors_are_not_compared():
    text = says.unchanged_sentence(["loss"], ["loss", "epochs"], "image", "model2", "model4")
    assert text == "이미지에서는 epoch 수가 Model 2와 Model 4에서 같으므로 비교하지 않습니다."
    assert says.unchanged_sentence(["loss"], ["loss"], "image", "model2", "model4") == ""
