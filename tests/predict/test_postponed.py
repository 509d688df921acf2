"""What finished shards lack is tried again for many of them at once; and what is read of them."""

import fsspec
import pandas as pd
import pytest
from decided_files import FakePredictor, stream

from harmlib.address import address
from harmlib.media.ledger import Unusable
from harmlib.predict import outputs
from harmlib.predict.sharded import predict_into_shards

SHARD = 10  # files
COUNT = 3  # shards


@pytest.fixture
def files(tmp_path):
    """Of each shard the third file is empty."""
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(SHARD * COUNT):
        words = "" if number % SHARD == 2 else f"0.{number:02}"
        (folder / f"{number:02}.jpg").write_text(words, encoding="utf-8")
    return sorted(folder.iterdir())


class Calls(list):
    """A stream that notes what it is called with; files of `lost` can't be fetched."""

    def __init__(self, lost=()):
        super().__init__()
        self.lost, self.notes = lost, []

    def __call__(self, predictors, found, limits, notes):
        given = list(found)
        self.append([one.stem for one in given])
        self.notes.append(notes and notes.name)
        for one in given:
            if one in self.lost:
                yield Unusable(str(one), "no answer", "fetch")
            else:
                yield from stream(predictors, [one], limits, notes)


def call(out, files, predicts, **options):
    return predict_into_shards(
        out, [FakePredictor()], files, files=SHARD, stream=predicts, **options
    )


def rows(out, number):
    return list(pd.read_parquet(out / f"part-{number:05d}.parquet")["path"])


def test_first_what_is_not_there_then_what_is_lacking_in_one_call(tmp_path, files):
    out, again, seen = tmp_path / "out", Calls(), []
    call(out, files, Calls())
    before = {path.name: path.read_bytes() for path in out.glob("*.jsonl")}
    (out / "part-00001.parquet").unlink()
    done = call(out, files, again, progress=seen.append)
    assert again == [["12"], ["02", "22"]]
    assert again.notes == ["part-00001.in_hand", "again.in_hand"]
    assert (done.predicted, done.reused, done.unusable, done.count) == (0, 27, 3, 3)
    assert done.decisions["safe"] + done.decisions["harmful"] == 27
    assert {path.name: path.read_bytes() for path in out.glob("*.jsonl")} == before
    assert seen == sorted(seen)
    assert not list(out.glob("*.in_hand"))


def test_what_can_be_used_now_comes_into_its_own_shard(tmp_path, files):
    out, again = tmp_path / "out", Calls()
    call(out, files, Calls(lost=[files[0], files[10]]))
    assert str(files[0]) not in rows(out, 0)
    for empty in (files[2], files[12], files[22]):
        empty.write_text("0.9", encoding="utf-8")  # so that their shards are others, and the first
    call(out, files, Calls(lost=[files[0], files[10]]))
    done = call(out, files, again)
    assert again == [["00", "10"]]
    assert (done.predicted, done.reused, done.unusable) == (2, 28, 0)
    assert [len(rows(out, number)) for number in range(COUNT)] == [SHARD] * COUNT
    assert str(files[0]) in rows(out, 0)
    assert str(files[10]) in rows(out, 1)
    assert not list(pd.read_csv(out / "part-00000.ledger.csv")["path"])


def test_as_many_shards_are_together_as_lack_what_one_holds(tmp_path):
    again, many = Calls(), [tmp_path / f"{number:03}.jpg" for number in range(SHARD * 11)]
    for number, path in enumerate(many):
        path.write_text("" if number % SHARD == 0 else "0.5", encoding="utf-8")
    call(tmp_path / "out", many, Calls())
    call(tmp_path / "out", many, again)
    assert [len(one) for one in again] == [10, 1]


def test_a_shard_that_lacks_many_is_worth_a_call_of_its_own(tmp_path, files):
    out, again = tmp_path / "out", Calls()
    call(out, files, Calls(lost=files[3:5]))
    call(out, files, again)
    assert again == [["02", "03", "04"], ["12", "22"]]


def test_a_shard_with_notes_on_files_reads_them_in_a_call_of_its_own(tmp_path, files):
    out, again = tmp_path / "out", Calls()
    call(out, files, Calls())
    notes = out / "part-00002.in_hand"
    notes.mkdir()
    (notes / "1.json").write_text("{}")
    call(out, files, again)
    assert again == [["22"], ["02", "12"]]
    assert again.notes == ["part-00002.in_hand", "again.in_hand"]


def test_what_a_log_has_lost_meanwhile_is_predicted(tmp_path, files):
    out, again = tmp_path / "out", Calls()
    call(out, files, Calls())
    for left in out.glob("part-00000.decisions.jsonl*"):
        left.unlink()
    done = call(out, files, again)
    assert again[0] == ["02", "12", "22"]
    assert again[1] == [f"0{number}" for number in range(SHARD) if number != 2]
    assert (done.predicted, done.unusable) == (9, 3)


def test_this_machine_alone_tries_them_shard_by_shard(tmp_path, files, monkeypatch):
    here = Calls()
    monkeypatch.setattr(outputs, "predict_stream", here)
    call(tmp_path / "out", files, None)
    here.clear()
    assert call(tmp_path / "out", files, None).unusable == 3
    assert here == [["02"], ["12"], ["22"]]


def test_a_finished_shard_at_an_address_is_read_once(files, monkeypatch):
    system, read = fsspec.filesystem("memory"), []
    out = address("memory://postponed/out")
    call(out, files, Calls())
    real = system.cat_file
    monkeypatch.setattr(
        system, "cat_file", lambda path, *a, **o: read.append(path) or real(path, *a, **o)
    )
    again = Calls()
    assert call(out, files, again).unusable == 3
    assert again == [["02", "12", "22"]]
    assert again.notes == [None]
    shards = [path.rpartition("/")[2] for path in read if path.endswith(".parquet")]
    assert shards == [f"part-{number:05d}.parquet" for number in range(COUNT)]
    assert call(out, files[:SHARD], Calls()).further
