import re

import numpy as np
import pandas as pd
import pytest

from harmlib.reporting.text import study_data, study_imbalance, study_strata
from harmlib.reporting.text import study_spread as text

NAME = "tables/some_video.csv"


def cited(table):
    table.attrs = {"name": NAME, "rows": len(table)}
    return table


def uncited(sentence):
    """Digits outside of citations, names and what every report says of intervals."""
    rest = re.sub(r"<data[^>]*>.*?</data>(:1)?", "", sentence)
    rest = re.sub(r"F1|95%|Model \d|0\.5에 두면|0보다|각각 5개|클래스마다 5개", "", rest)
    return re.findall(r"\d+", rest)


def spread():
    return pd.DataFrame(
        {"quantity": ["f1"] * 3 + ["best_threshold"] * 3, "source": ["seed", "fold", "epoch"] * 2,
         "sd": 0.03, "low": 0.6, "high": 0.7, "n": 5}
    )  # fmt: skip


def flips(low=0.1):
    return pd.DataFrame(
        {"measure": ["any", "pair", "wrong_all"], "value": [0.3, 0.1, 0.2], "low": low, "high": 0.4,
         "items": 30, "n": 100}
    )  # fmt: skip


def choices(low, high):
    return pd.DataFrame(
        {"epoch": [1, 2], "chosen": [6, 4], "best_on_test": 5, "trainings": 10, "f1": [0.6, 0.7],
         "gain": [0.1, 0.0], "low": low, "high": high}
    )  # fmt: skip


LUCK = pd.DataFrame({"question": ["seeds", "test"], "share": [0.5, 0.4], "by_chance": 0.4})
RATIOS = pd.DataFrame(
    {"harmful_per_safe": [1.0, 8.0, 99.0], "tried": [True, True, False], "harmful": 70.0,
     "safe": [70.0, 9.0, 1.0]}
)  # fmt: skip


def effects(low, high, ratio=8.0):
    rows = [
        (method, rule, metric)
        for method in study_imbalance.METHOD
        for rule in ("fixed", "validation")
        for metric in ("f1", "average_precision", "roc_auc")
        if metric == "f1" or (rule == "validation" and method != "moved_threshold")
    ]
    table = pd.DataFrame(rows, columns=["method", "rule", "metric"])
    return table.assign(harmful_per_safe=ratio, value=0.7, difference=(low + high) / 2,
                        difference_low=low, difference_high=high)  # fmt: skip


def strata(low=-0.4, high=-0.2, state="ok", against="own"):
    return pd.DataFrame(
        {"stratum": "불", "harmful": 73, "safe": 399, "harmful_groups": 3, "safe_groups": 9,
         "against": against, "harmful_share": 0.15, "state": state,
         "metric": ["average_precision"] * 3 + ["roc_auc"] * 3,
         "trained": ["with", "without", "difference"] * 2, "value": [0.6, 0.3, -0.3] * 2,
         "low": [0.5, 0.2, low] * 2, "high": [0.7, 0.4, high] * 2}
    )  # fmt: skip


def needed(**changes):
    row = {"a": "model4", "b": "model5", "observed": 0.03, "low": -0.04, "high": 0.1, "error": 0.04,
           "groups": 53, "items": 240, "wanted": 0.02, "power": 0.08, "detectable": 0.106,
           "groups_needed": 1406.0, "items_needed": 6367.0, "observed_needed": 636.0}  # fmt: skip
    return pd.DataFrame([row | changes])


def test_every_number_cites_its_cell():
    sentences = [
        *text.seed_sentences(cited(spread()), cited(flips()), "video"),
        *text.epoch_sentences(cited(choices(0.01, 0.2)), cited(LUCK.copy()), "video"),
        *text.epoch_sentences(cited(choices(-0.1, 0.2)), cited(LUCK.copy()), "video"),
        *study_imbalance.imbalance_sentences(
            cited(RATIOS.copy()), cited(effects(0.01, 0.05)), "video"
        ),
        *study_strata.strata_sentences(cited(strata()), "image"),
        *study_strata.strata_sentences(cited(strata(state="few_groups", low=np.nan)), "image"),
        *study_data.data_sentences(cited(needed()), "video"),
        *study_data.data_sentences(cited(needed(groups_needed=20.0)), "video"),
    ]
    for sentence in sentences:
        assert "<data" in sentence
        assert uncited(sentence) == [], sentence
        assert set(re.findall(r'data-cell="([^"\[]+)', sentence)) == {NAME}


def test_flips_without_an_interval_say_so():
    assert "그룹이 모자라" in text.seed_sentences(spread(), flips(np.nan), "video")[2]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.2, "epoch 1, 2에 고정하는 것보다 시험 F1이 높습니다"),
        (-0.2, -0.01, "epoch 1, 2에 고정하는 것보다 시험 F1이 낮습니다"),
        (-0.1, 0.1, "epoch 1, 2에 고정하는 것과는 차이가 있다고 볼 근거가 부족합니다"),
        (np.nan, np.nan, "그룹이 모자라"),
    ],
)
def test_choosing_an_epoch_pays_only_where_the_interval_says_so(low, high, said):
    sentence = text.epoch_sentences(choices(low, high), LUCK, "video")[-1]
    assert said in sentence
    others = {"높습니다", "낮습니다", "부족합니다"} - {said[-4:], said[-5:]}
    assert not [other for other in others if other in sentence]


def test_one_epoch_leaves_nothing_to_choose():
    one = choices(0.0, 0.0).iloc[:1]
    assert text.epoch_sentences(one, LUCK, "video") == [
        "비디오: epoch이 하나뿐이라 고를 것이 없습니다."
    ]


def test_methods_are_told_apart_only_where_the_interval_excludes_0():
    sure = study_imbalance.imbalance_sentences(RATIOS, effects(0.01, 0.05), "video")
    unsure = study_imbalance.imbalance_sentences(RATIOS, effects(-0.01, 0.05), "video")
    assert len(sure) == len(unsure) == 6
    assert all("pos_weight(8:1" in sentence for sentence in sure[1:5])
    assert "8:1에서 F1이 높습니다" in sure[5]
    assert all("방법이 없습니다" in sentence for sentence in unsure[1:5])
    assert "근거가 부족합니다" in unsure[5]
    assert not [sentence for sentence in sure if "그대로 학습" in sentence], "none is the reference"


def test_a_worse_formula_is_called_worse():
    assert (
        "낮습니다" in study_imbalance.imbalance_sentences(RATIOS, effects(-0.05, -0.01), "video")[5]
    )


def test_ratios_that_could_not_be_reached_are_named():
    head = study_imbalance.imbalance_sentences(RATIOS, effects(-0.01, 0.01), "video")[0]
    assert "1:1, 8:1로 맞추어" in head
    assert "99:1은 fold의 학습 부분에" in head
    none = study_imbalance.imbalance_sentences(RATIOS.assign(tried=False), pd.DataFrame(), "video")
    assert none == [
        "비디오: 비교할 수 있는 유해:안전 비율이 없습니다. 1:1, 8:1, 99:1은 fold의 학습 부분에 "
        "드문 클래스가 너무 적게 남아 시험하지 못했습니다."
    ]


def test_without_intervals_no_method_is_called_better():
    (only,) = study_imbalance.imbalance_sentences(RATIOS, effects(np.nan, np.nan), "video")
    assert "어느 것이 나은지 말할 수 없습니다" in only


def test_prevalence_is_said_of_the_rarest_and_not_without_values():
    table = pd.DataFrame(
        {
            "harmful_per_safe": 1.0,
            "method": ["none", "focal"] * 2,
            "prevalence": [0.1, 0.1, 0.01, 0.01],
            "precision": [0.5, 0.6, 0.05, 0.07],
            "flagged_share": [0.3, 0.4, 0.2, 0.25],
        }
    )
    sentence = study_imbalance.imbalance_prevalence_sentence(table, "image")
    assert "1.0%라면" in sentence
    assert "0.0500~0.0700" in sentence
    assert "20.0%~25.0%" in sentence
    assert study_imbalance.imbalance_prevalence_sentence(table.iloc[:0], "image") == ""
    assert (
        study_imbalance.imbalance_prevalence_sentence(table.assign(precision=np.nan), "image") == ""
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (strata(), "본 적이 없으면 AP가 낮아집니다"),
        (strata(0.1, 0.2), "본 적이 없을 때 AP가 오히려 높습니다"),
        (strata(-0.1, 0.2), "다르다고 볼 근거는 부족합니다"),
        (
            strata(np.nan, np.nan, "few_groups"),
            "유해 그룹 3개, 안전 그룹 9개라 신뢰구간을 낼 수 없습니다",
        ),
        (strata(against="all"), "안전 항목이 없어 다른 안전 항목 모두와 비교"),
    ],
)
def test_a_stratum_is_described_by_what_is_sure(table, said):
    (sentence,) = study_strata.strata_sentences(table, "image")
    assert said in sentence
    assert "우연이라면 0.150" in sentence


@pytest.mark.parametrize("state", ["no_items", "no_harmful", "one_class"])
def test_a_stratum_that_was_not_measured_says_why(state):
    table = pd.DataFrame({"stratum": ["밤"], "harmful": 0, "safe": 0, "state": state})
    (sentence,) = study_strata.strata_sentences(table, "video")
    assert sentence.startswith("비디오 밤: ")
    assert "AP" not in sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "0.02를 알아보려면 그룹이 약 1,406개(항목 약 6,367개) 필요합니다"),
        ({"groups_needed": 20.0}, "0.02의 차이를 알아보기에 충분합니다"),
        ({"groups_needed": np.inf}, "현실적이지 않습니다"),
        ({"error": 0.0, "low": 0.0, "groups_needed": np.nan}, "그룹마다 같아"),
        ({"low": np.nan, "groups_needed": np.nan}, "얼마나 더 필요한지도 말할 수 없습니다"),
    ],
)
def test_what_it_would_take_is_said_as_far_as_it_is_known(changes, said):
    (sentence,) = study_data.data_sentences(needed(**changes), "video")
    assert said in sentence
    assert "nan" not in sentence
    assert "inf" not in sentence


def test_captions_exist_for_every_figure_and_alts_are_plain():
    words = text.figure_words(
        "seeds", text.seed_sentences(cited(spread()), flips(), "video"), "video"
    )
    assert "<data" not in words.alt
    assert words.caption.startswith("비디오: ")
