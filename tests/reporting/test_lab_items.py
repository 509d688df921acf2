"""The lab's table of items: which are listed, in which order, with pictures and notes."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from lab_scores import make_lab
from PIL import Image

from harmlib.analysis.alike_thresholds import alike_thresholds
from harmlib.reporting.lab.item_rows import KINDS, SORTED_BY, listed, with_outcomes
from harmlib.reporting.lab.items import PAGE, ItemTable
from harmlib.reporting.lab.notes import Notes
from harmlib.reporting.lab.pictures import Pictures

ROWS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e"],
        "group": ["g2", "g1", "g1", "g2", "g3"],
        "label": [1, 1, 0, 0, 1],
        "probability": [0.9, 0.2, 0.7, 0.1, 0.5],
    }
)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("all", "ebcda"), ("wrong", "ebc"), ("miss", "eb"), ("false_alarm", "c"),
        ("noted", "d"), ("near", "ec"),
    ],
)  # fmt: skip
def test_each_kind_lists_its_items_the_nearest_first(kind, wanted):
    items = with_outcomes(ROWS, 0.5, {"d": "메모"})
    found = listed(items, kind, (0.0, 1.0), "distance", descending=False)
    assert sorted(found["item_id"]) == sorted(wanted)
    assert found["distance"].abs().is_monotonic_increasing
    assert set(KINDS) == {"all", "wrong", "miss", "false_alarm", "near", "noted"}


def test_near_is_what_thresholds_that_decide_alike_don_t_agree_on():
    items = with_outcomes(ROWS, 0.5)
    alike = alike_thresholds(ROWS["probability"], 0.5)
    assert items["near"].tolist() == alike.near(ROWS["probability"]).tolist()


@pytest.mark.parametrize("by", SORTED_BY)
@pytest.mark.parametrize("descending", [False, True])
def test_every_column_sorts_both_ways(by, descending):
    items = with_outcomes(ROWS, 0.5, {"a": "가", "b": "나"})
    found = listed(items, "all", (0.0, 1.0), by, descending=descending)
    values = (found[by].abs() if by == "distance" else found[by]).tolist()
    assert values == sorted(values, reverse=descending)
    for _, same in found.groupby(by):
        assert by == "distance" or same["item_id"].is_monotonic_increasing


def test_a_range_keeps_both_of_its_ends():
    items = with_outcomes(ROWS, 0.5)
    found = listed(items, "all", (0.2, 0.7), "probability", descending=True)
    assert found["item_id"].tolist() == ["c", "e", "b"]


@pytest.fixture
def sent(monkeypatch):
    """What tables send to the browser."""
    found = []
    monkeypatch.setattr(ItemTable, "send", lambda _, content: found.append(content))
    return found


@pytest.fixture
def media(tmp_path):
    """An image for each of `ROWS` but the last."""
    media = ROWS[["item_id"]].assign(modality="image")
    media["path"] = [str(tmp_path / f"{i}.jpg") for i in media["item_id"]]
    for path in media["path"][:-1]:
        Image.new("RGB", (64, 48), (200, 30, 30)).save(path)
    return media


def test_pages_sorting_and_their_ends():
    many = pd.concat([ROWS.assign(item_id=ROWS["item_id"] + str(i)) for i in range(5)])
    table = ItemTable()
    table.show(many, 0.5)
    assert (table.page["pages"], table.page["total"], len(table.page["rows"])) == (3, 25, PAGE)
    table.answer({"kind": "page", "page": 2})
    assert len(table.page["rows"]) == 5
    table.answer({"kind": "page", "page": 99})
    assert table.page["page"] == 2
    table.answer({"kind": "sort", "by": "probability"})
    assert (table.page["page"], table.page["descending"]) == (0, False)
    assert table.page["rows"][0]["probability"] == "0.1000"
    table.answer({"kind": "sort", "by": "probability"})
    assert table.page["rows"][0]["probability"] == "0.9000"
    table.answer({"kind": "page", "page": 1})
    table.show(many, 0.6)
    assert table.page["page"] == 1, "another threshold leaves the page where it is"
    table.show(many, 0.6, "miss")
    assert (table.page["page"], table.page["total"]) == (0, 10)
    table.show(many, 0.6, "miss", (0.95, 1.0))
    assert (table.page["rows"], table.page["pages"]) == ([], 1)


def test_pictures_come_on_request_and_veiled(media, sent):
    table = ItemTable(Pictures(media))
    table.show(ROWS, 0.5)
    assert sent == []
    table.answer({"kind": "pictures", "items": ["a", "e", "elsewhere"]})
    (message,) = sent
    assert set(message["html"]) == {"a", "e"}
    page = BeautifulSoup(message["html"]["a"], "html.parser")
    assert len(page.select("figure .veil")) == 1
    assert not page.select(".clear")
    assert page.figcaption.text == "항목a그룹g2라벨유해확률0.9000"
    assert "이 항목의 사진이 없습니다" in message["html"]["e"]
    assert ItemTable(None).page == {"rows": []}


def test_notes_are_kept_and_shown_again(tmp_path, sent):
    notes = Notes(tmp_path / "notes.csv")
    table = ItemTable(None, notes)
    table.show(ROWS, 0.5)
    table.answer({"kind": "note", "item": "b", "note": " 야간 "})
    assert notes.texts() == {"b": "야간"}
    assert sent[-1]["kind"] == "noted"
    assert sent[-1]["time"] == notes.read()["time"].iloc[0][11:16]
    own = {row["item"]: row["note"] for row in table.page["rows"]}
    assert own == {"a": "", "b": "야간", "c": "", "d": "", "e": ""}
    again = ItemTable(None, Notes(tmp_path / "notes.csv"))
    again.show(ROWS, 0.5, "noted")
    assert [(row["item"], row["note"]) for row in again.page["rows"]] == [("b", "야간")]


def test_notes_that_cannot_be_kept_are_told_and_items_are_shown(tmp_path, sent):
    (tmp_path / "notes.csv").write_text("another,table\n", encoding="utf-8")
    table = ItemTable(None, Notes(tmp_path / "notes.csv"))
    table.show(ROWS, 0.5)
    assert len(table.page["rows"]) == 5
    assert "그대로 두었습니다" in table.problem
    table.problem = ""
    table.answer({"kind": "note", "item": "b", "note": "야간"})
    assert "그대로 두었습니다" in table.problem
    assert sent[-1] == {"kind": "noted", "item": "b", "time": None}, "what was typed stays"


def test_what_goes_wrong_otherwise_is_told_and_raised(monkeypatch):
    table = ItemTable()
    table.show(ROWS, 0.5)
    monkeypatch.setattr(table, "_turn", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        table.answer({"kind": "page", "page": 1})
    assert table.problem == "ZeroDivisionError: division by zero"
    table.answer({"kind": "sort", "by": "group"})
    assert table.problem == ""


# In the lab


def test_a_range_is_the_same_in_charts_slider_and_table(lab):
    lab.charts.brushed = [0.4, 0.6]
    assert lab.brushed.value == (0.4, 0.6)
    inside = lab.rows["probability"].between(0.4, 0.6).sum()
    assert 0 < lab.items.page["total"] == inside < len(lab.rows)
    lab.brushed.value = 0.1, 0.3
    assert lab.charts.brushed == [0.1, 0.3]
    assert lab.items.page["total"] == lab.rows["probability"].between(0.1, 0.3).sum()
    lab.whole_range.click()
    assert (lab.charts.brushed, lab.items.page["total"]) == ([0.0, 1.0], len(lab.rows))


def test_the_kind_follows_the_threshold(lab):
    lab.kind.value = "miss"
    before = lab.items.page["total"]
    lab.slider.value = 0.9
    misses = ((lab.rows["probability"] <= 0.9) & (lab.rows["label"] == 1)).sum()
    assert lab.items.page["total"] == misses > before


def test_a_picked_item_is_marked_in_both_charts(lab):
    assert lab.charts.picked == {}
    item = lab.items.page["rows"][0]["item"]
    lab.items.answer({"kind": "pick", "item": item})
    own = lab.rows.set_index("item_id").loc[item, "probability"]
    assert lab.charts.picked["threshold"] == own
    assert lab.items.page["rows"][0]["picked"]
    lab.epoch.value = 1
    own = lab.rows.set_index("item_id").loc[item, "probability"]
    assert lab.charts.picked["threshold"] == own, "the same item, with another epoch's score"
    lab.items.answer({"kind": "pick", "item": item})
    assert lab.charts.picked == {}


def test_without_media_and_notes_there_are_no_such_columns(scored, tmp_path):
    assert make_lab(scored).items.page["pictures"] is False
    assert make_lab(scored).items.page["notes"] is False
    assert make_lab(scored, notes=Notes(tmp_path / "n.csv")).items.page["notes"] is True
