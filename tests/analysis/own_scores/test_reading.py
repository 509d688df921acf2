"""A table of scores of any origin becomes items, scores and a ledger; or is refused by its line."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.own_scores.reading import read_own_scores
from harmlib.params import TableReading
from harmlib.tables.complaint import TableError

ROWS = [(f"i{k}", k % 2, (k * 37 % 100) / 100) for k in range(40)]


def frame_of(**columns):
    return pd.DataFrame(ROWS, columns=["id", "label", "score"]).assign(**columns)


def read(folder, frame, name="scores.csv", seed=1, **told):
    path = folder / name
    if isinstance(frame, str):
        path.write_text(frame, encoding="utf-8")
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True, force_ascii=False)
    return read_own_scores(path, TableReading.model_validate(told), seed)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl"])
def test_the_same_table_in_every_format(tmp_path, name):
    own = read(tmp_path, frame_of(camera=[f"c{k // 2}" for k in range(40)]), name)
    assert own.items["label"].to_list() == [float(k % 2) for k in range(40)]
    assert own.items["group"].to_list() == [f"c{k // 2}" for k in range(40)]
    assert own.scores["probability"].to_list() == pytest.approx([row[2] for row in ROWS])
    assert own.items["split"].value_counts().to_dict() == {"val": 20, "test": 20}
    assert own.items.groupby("group")["split"].nunique().max() == 1
    assert not own.has_splits
    assert own.lost.empty


def test_korean_columns_and_labels_in_per_cent(tmp_path):
    frame = frame_of().set_axis(["파일명", "정답", "확률"], axis=1)
    frame["정답"] = frame["정답"].map({1: "유해", 0: "안전"})
    frame["확률"] = [f"{100 * value:.0f}%" for value in frame["확률"]]
    own = read(tmp_path, frame)
    assert own.items["label"].sum() == 20
    assert own.scores["probability"].max() == pytest.approx(0.99)
    told = own.read_as.set_index("name")["read_as"]
    assert told["파일명"] == "item"
    assert told["유해"] == "harmful"


def test_models_side_by_side_and_below_each_other(tmp_path):
    wide = frame_of(score_api=np.arange(40) * 2.5, open_score=np.arange(40) % 4 * 2)
    wide = wide.drop(columns="score")
    own = read(tmp_path, wide)
    assert {name: scale.kind for name, scale in own.scales.items()} == {
        "api": "percent",
        "open": "levels",
    }
    long = wide.melt(["id", "label"], var_name="model", value_name="score")
    other = read(tmp_path, long)
    values = [own.scores["probability"], other.scores["probability"]]
    assert values[0].to_list() == values[1].to_list()


def test_what_cannot_be_judged_is_a_row_of_the_ledger(tmp_path):
    frame = frame_of().astype(object)
    frame.loc[3, "score"] = "timeout"
    frame.loc[4, "score"] = None
    frame.loc[5, "label"] = ""
    own = read(tmp_path, frame)
    assert own.lost.set_index("item_id")["reason"].to_dict() == {
        "i3": "no score",
        "i4": "no score",
        "i5": "no label",
    }
    assert set(own.lost["label"]) == {"harmful", "safe", ""}
    assert len(own.items) + len(own.lost) == 40


def test_models_are_compared_on_what_all_of_them_scored(tmp_path):
    both = pd.concat([frame_of(model="a"), frame_of(model="b").iloc[:-2]])
    own = read(tmp_path, both)
    assert own.scores.groupby("model")["item_id"].apply(tuple).nunique() == 1
    assert own.lost[["item_id", "model", "reason"]].to_numpy().tolist() == [
        ["i38", "b", "no row"],
        ["i39", "b", "no row"],
    ]


def test_own_splits_are_kept_and_training_items_left_out(tmp_path):
    splits = ["train"] * 8 + ["validation"] * 16 + ["시험"] * 16
    own = read(tmp_path, frame_of(split=splits))
    assert own.has_splits
    assert own.items["split"].value_counts().to_dict() == {"val": 16, "test": 16}
    assert "not used: 8 rows" in own.read_as["read_as"].to_list()


def test_categories_are_sections_and_safe_items_without_one_are_in_each(tmp_path):
    categories = np.where(np.arange(40) % 2 == 0, "", np.where(np.arange(40) < 20, "총기", "불"))
    own = read(tmp_path, frame_of(category=categories))
    counts = own.items.groupby(["section", "label"]).size().unstack()
    assert counts.to_numpy().tolist() == [[20, 10], [20, 10]]
    halves = own.items.groupby("item_id")["split"].nunique()
    assert halves.max() == 1, "an item is in one half in all sections"


def test_a_small_category_is_left_out_by_name(tmp_path):
    categories = ["gun"] * 37 + ["fire"] * 3
    own = read(tmp_path, frame_of(category=categories))
    assert own.items["section"].unique().tolist() == ["gun"]
    assert own.left_out["section"].to_list() == ["fire"]


def test_a_row_may_stand_for_several_items(tmp_path):
    own = read(tmp_path, "severity,label,count\n0,safe,90\n2,safe,8\n4,harmful,15\n2,harmful,5\n")
    assert len(own.items) == 118
    assert own.items["item_id"].is_unique
    assert own.scores["native"].value_counts().to_dict() == {0: 90, 4: 15, 2: 13}


MISTAKES = {
    "text": ("x,1,high", "line 42: column 'score': 'high' is no number"),
    "label": ("x,gun,.2", "line 42: column 'label': no known label: 'gun'. Read so far: '0' as"),
    "twice": ("i3,1,.5", "line 42: item 'i3' has a second row .*the first is line 5"),
    "beyond": ("x,1,1.3", "line 42: column 'score', model 'score': 1.3 is above 1"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_bad_row_is_named_by_its_line(tmp_path, name):
    row, words = MISTAKES[name]
    text = frame_of().to_csv(index=False) + row + "\n"
    with pytest.raises(TableError, match=words):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("columns", "told", "words"),
    [
        ({"label": 0}, {}, "no harmful item"),
        ({"score": 0.5}, {}, "all scores are 0.5"),
        ({"split": "test"}, {}, "column 'split' has no val"),
        ({"confidence": 0.5}, {}, "'score' and 'confidence' may each be the score"),
        (
            {"score": 3.0 + np.arange(40)},
            {"scale": "probability"},
            "42 is no probability|is no pro",
        ),
        ({}, {"levels": [0, 1]}, "none of the levels 0, 1"),
        ({}, {"columns": {"score": "points"}}, "no column 'points'"),
        ({}, {"columns": {"label": "id", "item": "id"}}, "a column is read as one thing"),
        ({"model": ["a"] * 40, "id": [f"i{k // 2}" for k in range(40)]}, {}, "second row"),
        ({"model": [*"ab"] * 20, "id": [f"i{k // 2}" for k in range(40)]}, {}, "has label"),
        ({"group": "one"}, {}, "too little to choose"),
        (
            {"split": ["val", "test"] * 20, "group": [f"g{k // 2}" for k in range(40)]},
            {},
            "group 'g0' has split test here, but val before",
        ),
        ({"count": 2}, {}, "beside one of items or models"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path, columns, told, words):
    with pytest.raises(TableError, match=words):
        read(tmp_path, frame_of(**columns), **told)
