"""Notes on items: whole files, nothing lost, and plain pandas reads them."""

import threading

import pandas as pd
import pytest

from harmlib.media.whole_file import CannotWrite
from harmlib.reporting.lab import notes as module
from harmlib.reporting.lab.notes import COLUMNS, Notes, UnreadableNotes


@pytest.fixture
def notes(tmp_path):
    return Notes(tmp_path / "demo" / "notes.csv")


def test_a_note_is_kept_changed_and_removed(notes):
    assert notes.texts() == {}
    notes.keep("images/a.jpg", '  라벨 확인, "흐림"  ')
    notes.keep("images/b.jpg", "NA")
    read = pd.read_csv(notes.path, keep_default_na=False)
    assert tuple(read) == COLUMNS
    assert read["item_id"].tolist() == ["images/a.jpg", "images/b.jpg"]
    assert read["note"].tolist() == ['라벨 확인, "흐림"', "NA"]
    assert pd.to_datetime(read["time"]).notna().all()
    notes.keep("images/a.jpg", "라벨이 맞음")
    assert Notes(notes.path).texts() == {"images/a.jpg": "라벨이 맞음", "images/b.jpg": "NA"}
    notes.keep("images/a.jpg", " ")
    assert notes.texts() == {"images/b.jpg": "NA"}


@pytest.mark.parametrize("text", ["=1+1", "@a", "'=b", "-", '쉼표, 따옴표 " 그리고\n줄'])
def test_any_text_comes_back_as_it_was(notes, text):
    notes.keep("=item", text)
    assert notes.texts() == {"=item": text}
    assert "\n=item" not in notes.path.read_text(encoding="utf-8-sig"), "no spreadsheet computes it"


def test_columns_that_somebody_added_stay(notes):
    notes.keep("a", "하나")
    table = pd.read_csv(notes.path).assign(who="me")
    table.to_csv(notes.path, index=False)
    notes.keep("b", "둘")
    assert notes.read()["who"].tolist() == ["me", ""]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b'item_id,note,time\n"a', b"\xff\xfe\x00"])
def test_what_is_no_file_of_notes_is_left_alone(notes, content):
    notes.path.parent.mkdir()
    notes.path.write_bytes(content)
    with pytest.raises(UnreadableNotes, match=r"notes\.csv 파일을 메모로 읽을 수 없어 그대로"):
        notes.keep("a", "하나")
    assert notes.path.read_bytes() == content


def test_many_who_write_at_once_lose_nothing(notes):
    names = [f"item{i}" for i in range(24)]

    def write(mine):
        for name in mine:
            Notes(notes.path).keep(name, f"메모 {name}")

    threads = [threading.Thread(target=write, args=(names[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notes.texts() == {name: f"메모 {name}" for name in names}


def test_a_write_that_fails_leaves_the_earlier_notes(notes, monkeypatch):
    notes.keep("a", "하나")

    def full(_table, path):
        path.write_text("item_id", encoding="utf-8")
        raise CannotWrite(28, "no room")

    monkeypatch.setattr(module, "write_csv", full)
    with pytest.raises(CannotWrite):
        notes.keep("b", "둘")
    assert notes.texts() == {"a": "하나"}
