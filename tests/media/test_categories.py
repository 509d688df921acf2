"""Categories of media: read from a CSV and folders, spread over the splits, refused in words."""

import hashlib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harmlib.media.categories import has_category
from harmlib.media.listing import DataError, list_media
from harmlib.media.splits import SPLITS, SplitError, assign_splits
from harmlib.params import DataParams

LEARNED = ["gun", "fire"]


def params(root, **changes):
    settings = {"image_csv": "images.csv", "labels": "category", "categories": LEARNED}
    return DataParams.model_validate({"root": str(root)} | settings | changes)


def listed(root, lines, header="path,label,category"):
    for name in (line.split(",")[0] for line in lines):
        (root / name).touch()
    (root / "images.csv").write_text("\n".join([header, *lines]), encoding="utf-8")
    return list_media(params(root), "image")


def test_several_categories_are_one_text_in_order(tmp_path):
    lines = [
        "a.jpg,harmful,gun",
        "b.jpg,harmful,gun|fire",
        "c.jpg,harmful, fire ; gun;",
        "d.jpg,safe,",
    ]
    table = listed(tmp_path, lines)
    assert table["category"].tolist() == ["gun", "fire|gun", "fire|gun", ""]
    assert has_category(table["category"], "gun").tolist() == [1, 1, 1, 0]
    assert has_category(table["category"], "fire").tolist() == [0, 1, 1, 0]


def test_a_category_that_is_not_learned_stays_harmful(tmp_path):
    table = listed(tmp_path, ["a.jpg,harmful,smoke", "b.jpg,harmful,smoke|gun"])
    assert table["label"].tolist() == ["harmful", "harmful"]
    assert has_category(table["category"], "gun").tolist() == [0, 1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b.jpg,safe,gun", "a safe item has no category; got 'gun'"),
        ("b.jpg,harmful,", "a harmful item has no category"),
        ("b.jpg,harmful,gnu", "category 'gnu' is not among data.categories; did you mean 'gun'"),
        ("b.jpg,harmful,Fire", "did you mean 'fire'"),
        ("b.jpg,harmful,| ;", "a harmful item has no category"),
    ],
)
def test_contradictions_are_told_with_their_line(tmp_path, line, said):
    with pytest.raises(DataError) as told:
        listed(tmp_path, ["a.jpg,harmful,gun", line])
    assert said in str(told.value)
    assert "line 3" in str(told.value)


def test_a_csv_without_the_column_says_so(tmp_path):
    with pytest.raises(DataError, match="category"):
        listed(tmp_path, ["a.jpg,harmful"], "path,label")


def test_folders_below_harmful_are_categories(tmp_path):
    for name in ("harmful/gun/a.jpg", "harmful/fire/deep/b.jpg", "safe/gun/c.jpg"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True)
        path.touch()
    table = list_media(params(tmp_path, image_csv=None), "image")
    assert table["category"].tolist() == ["fire", "gun", ""]
    (tmp_path / "images/harmful/d.jpg").touch()
    with pytest.raises(DataError, match=r"d\.jpg: a harmful item has no category.*folder below"):
        list_media(params(tmp_path, image_csv=None), "image")


def items(categories, groups=None, splits=None):
    table = pd.DataFrame({"category": categories, "group": groups, "split": splits})
    names = [f"{i}.jpg" for i in range(len(table))]
    sha = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    return table.assign(path=names, sha256=sha, label=(table["category"] != "").astype(int))


@settings(max_examples=40)
@given(st.data())
def test_each_category_is_in_each_split_and_groups_stay_whole(data):
    rare = data.draw(st.integers(3, 8))
    common = data.draw(st.integers(3, 60))
    both = data.draw(st.integers(0, 5))
    safe = data.draw(st.integers(3, 60))
    categories = ["gun"] * common + ["fire"] * rare + ["fire|gun"] * both + [""] * safe
    table = items(categories)
    seed = data.draw(st.integers(0, 99))
    split = assign_splits(table, 0.2, 0.2, seed, LEARNED)
    for name in LEARNED:
        held = set(split[has_category(table["category"], name) == 1])
        assert held == set(SPLITS)
    twice = assign_splits(table.sample(frac=1, random_state=1), 0.2, 0.2, seed, LEARNED)
    assert twice.sort_index().equals(split)


def test_without_categories_the_splits_are_what_they_were():
    table = items(["gun"] * 30 + ["fire"] * 6 + [""] * 30, [f"g{i // 2}" for i in range(66)])
    plain = assign_splits(table.drop(columns="category"), 0.2, 0.2, 7)
    assert plain.equals(assign_splits(table, 0.2, 0.2, 7))
    text = "".join(split[:2] for split in plain)
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == "b3930ee83e0f"


@pytest.mark.parametrize("categories", [["fire"] * 2, ["fire"] * 1])
def test_a_category_of_too_few_groups_is_refused_in_words(categories):
    table = items(["gun"] * 9 + categories + [""] * 9)
    with pytest.raises(SplitError) as told:
        assign_splits(table, 0.2, 0.2, 1, LEARNED)
    assert "category 'fire' has no item in" in str(told.value)
    assert f"its {len(categories)} item(s) are in {len(categories)} group(s)" in str(told.value)
    assert "leave it out of data.categories" in str(told.value)


def test_a_category_that_the_given_splits_leave_out_of_validation_is_refused():
    table = items(["gun", "fire", ""] * 3, splits=["train"] * 3 + ["val"] * 3 + ["test"] * 3)
    assign_splits(table, 0.2, 0.2, 1, LEARNED)
    table.loc[4, "category"] = "gun"
    with pytest.raises(SplitError, match="category 'fire' has no item in val: its 2 item"):
        assign_splits(table, 0.2, 0.2, 1, LEARNED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"categories": None}, "categories: [gun, fire]"),
        ({"labels": "binary"}, "labels: category goes with categories"),
        ({"categories": ["gun", "gun"]}, "must not repeat"),
        ({"categories": ["gun", "Gun"]}, "would be one folder"),
        ({"categories": []}, "at least 1"),
        ({"categories": ["../x"]}, "rename it"),
        ({"draw_demo": True}, "have no categories"),
    ],
)
def test_params_that_do_not_go_together_say_what_to_write(tmp_path, changes, said):
    with pytest.raises(ValidationError) as told:
        params(tmp_path, **changes)
    assert said in str(told.value)
