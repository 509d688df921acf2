"""The verdict on every number of two folders."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from two_languages import differences, english_words, in_both
from verify_folders import edit_parquet, edit_text, write_folder, write_json

from harmlib.workflow.verdict import compare_folders, format_verdict


@pytest.fixture
def pair(tmp_path):
    """Two folders that hold the same small tables."""
    for name in ("disk", "again"):
        write_folder(tmp_path / name, root=f"/media/{name}")
    return tmp_path / "disk", tmp_path / "again"


def test_equal_folders_pass_and_every_number_is_counted(pair):
    verdict = compare_folders(*pair)
    assert verdict.passed
    assert verdict.tables == 7
    # manifest 2, history 4 (its seconds are left out), scores 1 (NaN is none), operating_points 2,
    # test 4, metrics 2
    assert verdict.numbers == 15
    assert "7 tables with 15 numbers compared" in format_verdict(verdict)


@pytest.mark.parametrize(
    ("change", "table", "first"),
    [
        (lambda d: edit_parquet(d / "manifest.parquet", 1, "frames", 3), "manifest.parquet",
         ("row 2 (item_id b)", "frames", 2, 3)),
        (lambda d: edit_parquet(d / "history.parquet", 0, "train_loss", np.nextafter(0.5, 1)),
         "history.parquet", ("row 1 (epoch 1)", "train_loss", 0.5, np.nextafter(0.5, 1))),
        (lambda d: edit_parquet(d / "scores.parquet", 0, "logit", math.nan), "scores.parquet",
         ("row 1 (item_id a)", "logit", 0.1, math.nan)),
        (lambda d: edit_parquet(d / "scores.parquet", 1, "item_id", "c"), "scores.parquet",
         ("row 2", "item_id", "b", "c")),
        (lambda d: edit_parquet(d / "operating_points.parquet", 1, "threshold", 0.5),
         "operating_points.parquet", ("row 2 (variant model4)", "threshold", 0.25, 0.5)),
        (lambda d: edit_text(d / "tables/test_video.csv", "0.75", "0.7500000000000001"),
         "tables/test_video.csv",
         ("row 2 (variant model4, epoch 2.0)", "f1", 0.75, 0.7500000000000001)),
        (lambda d: edit_text(d / "tables/test_video.csv", "True", "False"),
         "tables/test_video.csv", ("row 1 (variant model2, epoch 1.0)", "ok", True, False)),
        (lambda d: edit_text(d / "tables/test_video.csv", "f1", "F1"), "tables/test_video.csv",
         ("", "(columns)", "variant, epoch, f1, ok, sha256", "variant, epoch, F1, ok, sha256")),
        (lambda d: edit_text(d / "tables/test_video.csv", "model4,2.0,0.75,,\n", ""),
         "tables/test_video.csv", ("", "(number of rows)", 2, 1)),
        (lambda d: edit_text(d / "ledger.csv", "is broken", "is empty"), "ledger.csv",
         ("row 1", "reason", "images/x.jpg is broken", "images/x.jpg is empty")),
        (lambda d: write_json(d / "metrics.json", {"run": "x", "a": {"f1": 0.6, "auc": None,
                                                                     "n": 3}}),
         "metrics.json", ("row 2 (figure a.f1)", "value", 0.5, 0.6)),
        (lambda d: (d / "scores.parquet").unlink(), "scores.parquet",
         ("", "(file)", "there", "absent")),
        (lambda d: (d / "tables/more.csv").write_text("a\n1\n"), "tables/more.csv",
         ("", "(file)", "absent", "there")),
    ],
)  # fmt: skip
def test_one_changed_cell_is_found_and_named(pair, change, table, first):
    change(pair[1])
    verdict = compare_folders(*pair)
    assert [difference.table for difference in verdict.differences] == [table]
    assert verdict.differences[0].cells == 1
    found = verdict.differences[0].first[0]
    assert found[:2] == first[:2]
    assert [str(part) for part in found] == [str(part) for part in first]
    text = format_verdict(verdict)
    assert "NOT verified: 1 table(s) differ" in text
    assert all(str(part) in text for part in (table, *first))
    assert f"kept: {pair[1]}" in text


def test_the_verdict_is_told_in_both_languages(pair):
    def say():
        text = format_verdict(compare_folders(*pair))
        return text.replace(str(pair[0]), "disk").replace(str(pair[1]), "again")

    for change in (lambda: None, lambda: edit_parquet(pair[1] / "scores.parquet", 0, "logit", 0.2)):
        change()
        english, korean = in_both(say)
        assert not differences(english, korean)
        assert not english_words(korean)


def test_times_are_left_out_and_nothing_else(pair):
    edit_parquet(pair[1] / "history.parquet", 0, "seconds", 99.0)
    for folder, steps in zip(pair, ("a,1\nb,2", "b,2\na,1"), strict=True):
        (folder / "tables/steps.csv").write_text(f"step,seconds\n{steps}\n")
    assert compare_folders(*pair).passed
    for folder, seconds in zip(pair, (1, 2), strict=True):
        (folder / "tables/more.csv").write_text(f"step,seconds\na,{seconds}\n")
    assert compare_folders(*pair).passed
    (pair[1] / "tables/more.csv").write_text("step,seconds\nb,1\n")
    assert not compare_folders(*pair).passed


def test_tables_are_named_from_the_first_that_was_made_on(pair):
    for name, row, column, value in (
        ("scores.parquet", 0, "logit", 7.0),
        ("manifest.parquet", 0, "frames", 7),
    ):
        edit_parquet(pair[1] / name, row, column, value)
    edit_text(pair[1] / "tables/test_video.csv", "0.75", "0.5")
    names = [difference.table for difference in compare_folders(*pair).differences]
    assert names == ["manifest.parquet", "scores.parquet", "tables/test_video.csv"]


def test_many_differences_are_counted_and_the_first_few_named(pair):
    for folder, shift in zip(pair, (0, 0.125), strict=True):
        table = pd.DataFrame({"item_id": [f"i{i}" for i in range(50)], "logit": np.arange(50.0)})
        table.assign(logit=table["logit"] + shift).to_parquet(folder / "scores.parquet")
    difference = compare_folders(*pair).differences[0]
    assert (difference.cells, difference.largest, len(difference.first)) == (50, 0.125, 5)
    text = format_verdict(compare_folders(*pair))
    assert "50 difference(s)" in text
    assert "numbers by up to 0.125" in text
    assert "item_id i4" in text
    assert "item_id i5" not in text


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("commit", "d", "commit: c -> d"),
        ("machine", "n", "machine: m -> n"),
        ("device", "GPU", "device: CPU -> GPU"),
        ("versions", {"torch": "3"}, "versions.torch: 2 -> 3"),
    ],
)
def test_other_conditions_are_told_beside_either_verdict(pair, key, value, shown):
    about = json.loads((pair[1] / "run.json").read_text()) | {key: value}
    about["params"]["data"]["root"] = "/media/again"
    write_json(pair[1] / "run.json", about)
    text = format_verdict(compare_folders(*pair))
    assert shown in text
    assert "every one the same" in text
    assert "may differ although" not in text
    edit_text(pair[1] / "tables/test_video.csv", "0.75", "0.5")
    text = format_verdict(compare_folders(*pair))
    assert shown in text
    assert "may differ although" in text
