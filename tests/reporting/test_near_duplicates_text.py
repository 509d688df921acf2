import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harmlib.reporting.page.pairs import pairs_html
from harmlib.reporting.text.cited_numbers import html, plain
from harmlib.reporting.text.near_duplicates import (
    equal_files_sentence,
    pictured_pairs,
    search_sentences,
    shown_effect,
    twin_sentences,
)

SEARCH = {"rule": "hash", "state": "searched", "threshold": 31, "backbones": "", "items": 400,
          "comparable": 400, "compared": 400, "comparisons": 50_000, "pairs": 7}  # fmt: skip
EFFECT = {"variant": "model4", "metric": "f1", "items": 400, "value": 0.9, "low": 0.8,
          "high": 0.95, "items_without": 321, "groups_without": 90, "value_without": 0.85,
          "low_without": 0.7, "high_without": 0.92}  # fmt: skip
PAIR = {"item_a": "a.jpg", "item_b": "b.jpg", "split_a": "test", "split_b": "train",
        "label_a": 1, "label_b": 0, "group_a": "x", "group_b": "y", "hash_distance": 2.0,
        "cosine": np.nan, "rule": "hash"}  # fmt: skip


def table(name="tables/t.csv", **columns):
    made = pd.DataFrame([columns])
    made.attrs = {"name": name, "rows": len(made)}
    return made


def said_of(**changes):
    return plain(search_sentences(table(**SEARCH | changes), "image")[0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "off"}, "설정에서 껐습니다"),
        ({"state": "no hash"}, "비교하지 못했습니다"),
        ({"rule": "cosine", "state": "untrained"}, "학습된 백본이 없어"),
        ({"state": "bounded", "compared": 100}, "400개 가운데 100개만"),
        ({"comparable": 390}, "해시가 없는 10개"),
        ({"rule": "cosine", "threshold": 0.95, "backbones": "clip, yolo"}, "CLIP, YOLO 벡터"),
    ],
)
def test_each_state_of_the_search_has_its_words(changes, words):
    assert words in said_of(**changes)


def test_a_whole_search_speaks_of_no_limit():
    assert "한도" not in said_of()


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


def test_equal_files_of_the_other_modality_do_not_count():
    manifest = pd.DataFrame({"modality": ["image", "video", "video"], "sha256": list("abb")})
    assert "없습니다" in equal_files_sentence(manifest, "image")
    assert "2개" in plain(equal_files_sentence(manifest, "video"))


def test_the_pictured_pairs_hold_each_item_once():
    pairs = pd.DataFrame(
        {"item_a": list("aabcc"), "item_b": list("xyzuv"), "label_a": 1,
         "label_b": [0, 0, 0, 1, 1]}
    )  # fmt: skip
    assert pictured_pairs(pairs, 2).index.tolist() == [0, 2, 3]
    assert pictured_pairs(pairs, 1).index.tolist() == [0, 3]


def jpeg(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_each_picture_of_a_pair_is_veiled_and_has_its_own_button():
    page = pairs_html(table(**PAIR), {"a.jpg": jpeg("red"), "b.jpg": jpeg("blue")}, "이미지")
    figures = page.split("<figure>")[1:]
    assert len(figures) == 2
    for figure in figures:
        shown = figure.split("</figure>")[0]
        assert shown.count('class="veil"') == shown.count('class="reveal"') == 1
    assert 'data-cell="tables/t.csv[0].hash_distance"' in page


def test_a_lost_picture_is_said_and_a_name_is_text():
    hostile = PAIR | {"item_a": "<script>alert(1)</script>"}
    page = pairs_html(table(**hostile), {"b.jpg": jpeg("blue")}, "이미지")
    assert "이 항목의 사진이 없습니다" in page
    assert "<script>alert" not in page


def test_no_pairs_no_section():
    assert pairs_html(pd.DataFrame(columns=list(PAIR)), {}, "이미지") == ""
