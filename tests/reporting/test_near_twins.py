import numpy as np
import pandas as pd
from near_tables import PAIR, table

from harmlib.reporting.text.cited_numbers import html, plain
from harmlib.reporting.text.near_twins import shown_effect, twin_sentences

EFFECT = {"variant": "model4", "metric": "f1", "items": 400, "value": 0.9, "low": 0.8,
          "high": 0.95, "items_without": 321, "groups_without": 90, "value_without": 0.85,
          "low_without": 0.7, "high_without": 0.92}  # fmt: skip


def without(**changes):
    effect = table("tables/e.csv", **EFFECT | changes)
    return twin_sentences(table("tables/p.csv", **PAIR), effect, "image", "model4", folds=False)


def test_the_twins_are_counted_from_cells():
    said = html(without()[0])
    assert 'value="79.0" data-cell="tables/e.csv[0].items - tables/e.csv[0].items_without"' in said
    assert "라벨이 서로 다릅니다" in without()[1]


def test_too_few_groups_are_said_in_words():
    said = plain(without(low_without=np.nan, high_without=np.nan, groups_without=2)[0])
    assert "신뢰구간은 구할 수 없습니다" in said
    assert "nan" not in said


def test_nothing_left_gives_no_number():
    gone = dict.fromkeys(("value_without", "low_without", "high_without"), np.nan)
    said = plain(without(items_without=0, groups_without=0, **gone)[0])
    assert "F1을 구할 수 없습니다" in said
    assert "nan" not in said
    assert shown_effect(table(**EFFECT | gone)).iloc[0, -1] == "구할 수 없음"


def test_twins_outside_of_test_leave_its_figures_alone():
    assert "시험 수치에는 영향이 없습니다" in plain(without(items_without=400)[0])


def test_no_pair_is_one_sentence():
    none = pd.DataFrame(columns=list(PAIR))
    said = twin_sentences(none, table(**EFFECT), "image", "model4", folds=True)
    assert said == ["이미지: 서로 다른 그룹에 걸친 거의 같은 쌍은 찾지 못했습니다."]
