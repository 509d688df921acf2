"""Outputs at an address: what an ended call leaves there, and what the next one goes on with."""

import fsspec
import pytest

from harmlib.address import Unreachable, address
from harmlib.predict.far_outputs import near_outputs

OUT = address("memory://far/out/scores.csv")


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/far", recursive=True)


def names(memory):
    return sorted(name.removeprefix("/far/out/") for name in memory.find("/far"))


def test_the_table_is_there_after_what_lies_beside_it(memory, monkeypatch):
    put = []
    real = memory.put_file
    monkeypatch.setattr(memory, "put_file", lambda *a: put.append(a[1]) or real(*a))
    with near_outputs(OUT) as near:
        near.write_text("table")
        for name in ("scores.ledger.csv", "scores.decisions.jsonl", "scores.csv.x.part"):
            near.with_name(name).write_text(name)
        near.with_suffix(".lock").touch()
        near.with_suffix(".segments").mkdir()
        (near.with_suffix(".segments") / "1.jpg").write_text("strip")
        folder = near.parent
    assert not folder.exists()
    assert put[-1].endswith("scores.csv")
    assert names(memory) == [
        "scores.csv", "scores.decisions.jsonl", "scores.ledger.csv", "scores.segments/1.jpg",
    ]  # fmt: skip


def test_a_call_that_is_ended_leaves_its_log_and_the_next_goes_on(memory):
    def call():
        with near_outputs(OUT) as near:
            near.with_suffix(".decisions.jsonl").write_text("one\n")
            near.with_suffix(".decisions.jsonl.head").write_text("1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call()
    assert names(memory) == ["scores.decisions.jsonl", "scores.decisions.jsonl.head"]
    with near_outputs(OUT) as near:
        assert near.with_suffix(".decisions.jsonl").read_text() == "one\n"
        assert near.with_suffix(".decisions.jsonl.head").read_text() == "1"
        assert not near.exists()


def test_what_cannot_be_written_is_said(memory, monkeypatch):
    def denied(*_):
        raise PermissionError("Forbidden")

    memory.pipe("/far/a", b"")
    monkeypatch.setattr(memory, "put_file", denied)
    with (
        pytest.raises(Unreachable, match=r"scores\.csv: access denied"),
        near_outputs(OUT) as near,
    ):
        near.write_text("table")
