import pytest
from study_differences import HELPED, NONE, effects, one, table

from harmlib.reporting.text import study_headline as says
from harmlib.reporting.text.cited_numbers import plain


def test_the_headline_names_what_helped_for_sure_and_cites_it():
    text = says.headline(HELPED, "video", "model2", "model4")
    assert plain(text).startswith(
        "비디오: Model 2에서 Model 4까지의 변경 3가지 가운데 F1을 가장 높인 것은 threshold 규칙"
    )
    assert "+0.0700" in plain(text)
    assert "+0.0400~+0.1000" in plain(text)  # the corrected interval
    assert 'data-cell="tables/ablation_video.csv[9].difference"' in text
    assert 'data-cell="count(tables/ablation_video.csv[7,8,9])"' in text


@pytest.mark.parametrize(
    ("shapley", "expected"),
    [
        ([0, 0.01, 0.02], "없습니다. 가장 크게 달라진 것은 threshold 규칙이지만(모든"),
        ([0, 0.01, -0.02], "없습니다. 가장 크게 달라진 것은 threshold 규칙이지만(모든"),
        ([0, 0.01, -0.08], "없습니다. threshold 규칙은 F1을 낮췄습니다(모든"),
        # The larger change for the worse doesn't hide what helped
        ([0, 0.05, -0.08], "가운데 F1을 가장 높인 것은 pos_weight입니다(모든"),
    ],
)
def test_the_headline_names_no_winner_without_an_interval_above_0(shapley, expected):
    own = effects([0, 0, 0.02], [0, 0, 0.02], shapley)
    assert expected in plain(says.headline(own, "video", "model2", "model4"))


def test_without_groups_nothing_is_called_sure():
    text = plain(says.headline(HELPED.assign(**NONE), "video", "model2", "model4"))
    assert "우연인지는 말할 수 없습니다" in text


def test_alike_variants_have_no_ablation():
    own = HELPED[HELPED["factor"] == "total"]
    assert says.headline(own, "image", "model2", "mine") == (
        "이미지: Model 2와 mine는 설정이 같습니다."
    )


def test_the_study_begins_with_what_helped_most():
    names = ("video", "model2", "model4", "model5")
    ablated = says.headline(HELPED, *names[:3])  # threshold_rule: +0.07
    for difference, leads in ((0.12, True), (0.06, False), (0.02, False), (-0.2, False)):
        steps = table([one(difference, factor="total")], "tables/later_steps_video.csv")
        text = says.study_headline(HELPED, steps, *names)
        assert text.endswith(ablated.removeprefix("비디오: "))
        assert text.count("비디오: ") == 1
        assert plain(text).startswith("비디오: F1을 가장 높인 것은 Model 4를 Model 5로") == leads
    assert says.study_headline(HELPED, steps.assign(**NONE), *names) == ablated
