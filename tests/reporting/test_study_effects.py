"""Words and figures of the ablation, of fusion, and of ignored groups."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest

from harmlib.reporting.figures import study_effects as draws
from harmlib.reporting.figures.style import use_style
from harmlib.reporting.text import study_effects as says
from harmlib.reporting.text import study_fusion
from harmlib.reporting.text.cited_numbers import plain

FACTORS = ["loss", "pos_weight", "threshold_rule"]
NONE = dict.fromkeys(["low", "high", "corrected_low", "corrected_high"], np.nan)


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


def table(rows, name="tables/ablation_video.csv"):
    found = pd.DataFrame(rows)
    found.attrs = {"name": name, "rows": len(found)}
    return found


def one(difference, half=0.02, before=0.7, **keys):
    ends = {"low": difference - half, "high": difference + half}
    wide = {"corrected_low": difference - 1.5 * half, "corrected_high": difference + 1.5 * half}
    level = {"metric": "f1", "before": before, "after": before + difference}
    return keys | level | {"difference": difference, "seeds": 10, "groups": 30} | ends | wide


def effects(in_order, alone, shapley):
    rows, before = [], 0.7
    for factor, difference in zip(FACTORS, in_order, strict=True):
        half = 0 if difference == 0 else 0.02
        rows.append(one(difference, half, before, way="in_order", factor=factor))
        before += difference
    rows.append(one(sum(in_order), way="in_order", factor="total"))
    for way, differences in (("alone", alone), ("shapley", shapley)):
        rows += [
            one(d, 0 if d == 0 else 0.02, way=way, factor=f)
            for f, d in zip(FACTORS, differences, strict=True)
        ]
    return table(rows)


HELPED = effects([0, -0.01, 0.09], [0, 0.01, 0.05], [0, 0.01, 0.07])


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
    own = HELPED.assign(**NONE)
    assert "우연인지는 말할 수 없습니다" in plain(says.headline(own, "video", "model2", "model4"))
    total, *rest = says.order_sentences(own, "video", "model2", "model4")
    assert plain(total).endswith("+0.0800 달라졌습니다.")
    assert not any("근거" in text for text in rest)


def test_alike_variants_have_no_ablation():
    own = HELPED[HELPED["factor"] == "total"]
    assert says.headline(own, "image", "model2", "mine") == (
        "이미지: Model 2와 mine는 설정이 같습니다."
    )
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


def test_steps_to_a_later_variant():
    rows = [one(0.01, way="in_order", factor="backbones"), one(0.09, factor="head")]
    steps = table([*rows, one(0.10, factor="total")], "tables/steps_video.csv")
    first, then = map(plain, says.step_sentences(steps, "video", "model4", "model5"))
    assert "Model 4에서 Model 5로 바꾸면 F1이 0.7000에서 0.8000으로 높아집니다" in first
    assert then.startswith("차례로 바꾼 단계: 백본 선택(+0.0100")
    assert then.endswith("포함하지 않는 것은 선형 분류기입니다.")
    low = table([one(0.01, factor="head"), one(0.01, factor="total")])
    text, then = map(plain, says.step_sentences(low, "video", "model4", "model5"))
    assert "달라지지만, 신뢰구간이 0을 포함합니다" in text
    assert then.endswith("포함하지 않는 것은 없습니다.")
    (text,) = says.step_sentences(low.assign(**NONE), "video", "model4", "model5")
    assert "그룹이 모자라 신뢰구간은 없음" in plain(text)
    assert says.step_sentences(low.iloc[1:], "video", "model4", "model4") == []


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


def test_a_step_that_orders_better_is_told_though_f1_is_not_sure():
    rows = [one(0.01, factor="head"), one(0.01, factor="total")]
    ranked = [one(0.09, factor="head") | {"metric": "roc_auc"}]
    *_, text = says.step_sentences(table(rows + ranked), "video", "model4", "model5")
    assert plain(text).startswith("threshold와 무관한 AUC를 높인 단계: 선형 분류기(+0.0900")


def fused(values, half=0.05):
    rows = [
        {"setting": setting, "metric": metric, "value": value, "low": value - half,
         "high": value + half}
        for setting, value in values.items() for metric in ("roc_auc", "f1")
    ]  # fmt: skip
    return table(rows, "tables/fusion_video.csv")


WEIGHTS = pd.DataFrame(
    {"backbone": ["clip", "yolo"], "weights": ["untrained (seed 0)", "file x.pt"]}
)


def gained(clip, yolo):
    rows = [one(clip, part="clip"), one(yolo, part="yolo")]
    return table([row | {"metric": "roc_auc"} for row in rows], "tables/fusion_gains_video.csv")


def test_what_backbones_add_and_what_untrained_ones_are_worth():
    fusion = fused({"clip": 0.6, "yolo": 0.75, "clip+yolo": 0.74})
    told = study_fusion.fusion_sentences(fusion, gained(-0.01, 0.14), WEIGHTS, "video")
    together, adds, untrained = map(plain, told)
    assert "모든 백본(CLIP, YOLO)을 함께 쓰면 AUC 0.7400" in together
    assert "값이 가장 높은 조합은 YOLO(0.7500)이지만" in together
    assert "AUC를 높였다고 볼 근거가 있는 백본: YOLO(+0.1400" in adds
    assert "근거가 부족한 백본: CLIP(−0.0100" in adds
    assert "CLIP 0.6000(95% 신뢰구간 0.550~0.650)으로, 모두 우연(0.5)보다 높습니다" in untrained
    assert untrained.endswith("AUC를 높였다고 볼 근거는 없습니다.")
    useful = study_fusion.fusion_sentences(fusion, gained(0.1, 0.14), WEIGHTS, "video")[-1]
    assert "근거는 없습니다" not in plain(useful)


def test_untrained_backbones_near_chance_and_one_backbone_alone():
    alone = fused({"clip": 0.52})
    nothing = gained(0, 0).iloc[:0]
    together, untrained = study_fusion.fusion_sentences(alone, nothing, WEIGHTS, "image")
    assert "가장 높" not in plain(together)
    assert plain(untrained).endswith("으로, 우연(0.5)과 구별되지 않습니다.")
    trained = WEIGHTS.assign(weights="pretrained")
    assert len(study_fusion.fusion_sentences(alone, nothing, trained, "image")) == 1


def claimed(difference, half=0.02):
    rows = [
        one(difference, half, name=name) | {"metric": metric}
        for name in ("model2", "model4") for metric in ("accuracy", "roc_auc", "f1")
    ]  # fmt: skip
    return table(rows, "tables/claims_video.csv")


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (0.1, "+0.1000(95% 신뢰구간 +0.0800~+0.1200)은 새 원본에서는 얻을 수 없는 몫입니다."),
        (0.01, "신뢰구간이 0을 포함하므로, 이 데이터에서는 부풀려졌다고 볼 근거가 부족합니다."),
        (-0.1, "은 0보다 낮습니다: 그룹을 무시해도 높아지지 않습니다."),
    ],
)
def test_what_ignoring_groups_claims(difference, expected):
    texts = list(map(plain, study_fusion.claim_sentences(claimed(difference), "video")))
    assert len(texts) == 2
    assert texts[1].startswith("비디오 Model 4: 그룹(원본)을 무시하고 나누면 정확도")
    assert all(text.endswith(expected) for text in texts)


def test_claims_without_intervals():
    texts = study_fusion.claim_sentences(claimed(0.1).assign(**NONE), "video")
    assert all("신뢰구간은 없습니다" in text for text in texts)


def test_which_factors_are_not_compared():
    text = says.unchanged_sentence(["loss"], ["loss", "epochs"], "image", "model2", "model4")
    assert text == "이미지에서는 epoch 수가 Model 2와 Model 4에서 같으므로 비교하지 않습니다."
    assert says.unchanged_sentence(["loss"], ["loss"], "image", "model2", "model4") == ""


def test_figures_show_each_row_with_and_without_intervals():
    fusion = fused({"clip": 0.6, "yolo": 0.7, "clip+yolo": 0.7})
    for change in ({}, NONE):
        known = {name: value for name, value in change.items() if name in fusion}
        figures = [
            draws.waterfall(HELPED.assign(**change), "model2", "model4"),
            draws.effects_by_order(HELPED.assign(**change)),
            draws.fusion_levels(fusion.assign(**known), 0.66),
            draws.ignored_groups(claimed(0.1).assign(**change)),
        ]
        names = [[t.get_text() for t in f.axes[0].get_yticklabels()] for f in figures]
        assert names[0] == ["Model 2", *map(says.factor_name, FACTORS), "Model 4"]
        assert names[1] == [*map(says.factor_name, FACTORS)]
        assert names[2] == ["CLIP", "YOLO", "CLIP+YOLO"]
        assert names[3] == ["Model 2", "Model 4"]
        for figure in figures:
            figure.savefig(io.BytesIO(), format="svg")


def test_the_waterfall_goes_from_level_to_level():
    (axes,) = draws.waterfall(HELPED, "model2", "model4").axes
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert np.allclose(ends, [(0.7, 0.7), (0.7, 0.69), (0.69, 0.78)])
    assert [t.get_text() for t in axes.texts] == ["0.700", "0.780", "+0.000", "−0.010", "+0.090"]
