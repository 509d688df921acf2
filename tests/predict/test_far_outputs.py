"""Outputs at an address: what an ended call leaves there, and what the next one goes on with."""

import os
import re
from pathlib import Path

import fsspec
import pandas as pd
import pytest
from decided_files import FakePredictor, stream

from harmlib.address import Unreachable, address
from harmlib.media.decode import MediaError, loss_reason
from harmlib.media.decoders import DecodeLimits, DecoderDied
from harmlib.media.in_hand import in_hand
from harmlib.media.ledger import Unusable
from harmlib.media.owned_lock import InUse
from harmlib.predict.far_outputs import near_outputs
from harmlib.predict.outputs import predict_into

OUT = address("memory://far/out/scores.csv")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


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


def killed(do):
    """Do something in a process that ends in the middle of it, as if the system had killed it."""
    if (child := os.fork()) == 0:
        try:
            with near_outputs(OUT) as near:
                do(near)
                os._exit(9)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def log(near, *lines):
    with near.with_suffix(".decisions.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def logged(near):
    return near.with_suffix(".decisions.jsonl").read_text().split()


def test_what_a_killed_process_has_done_is_gone_on_with(memory, tmp_path):
    with near_outputs(OUT) as near:
        log(near, "one")
    killed(lambda near: (log(near, "two"), near.write_text("half")))
    killed(lambda near: log(near, "three"))
    assert memory.cat("/far/out/scores.decisions.jsonl") == b"one\n"
    with near_outputs(OUT) as near:
        assert logged(near) == ["one", "two", "three"]
        assert not near.exists(), "the table is written anew"
    assert memory.cat("/far/out/scores.decisions.jsonl") == b"one\ntwo\nthree\n"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()], "nothing is left here"


def test_a_log_that_has_gone_on_elsewhere_counts(memory):
    killed(lambda near: log(near, "here"))
    memory.pipe("/far/out/scores.decisions.jsonl", b"there\n")
    memory.pipe("/far/out/scores.ledger.csv", b"of there")
    with near_outputs(OUT) as near:
        assert logged(near) == ["there"]
        assert near.with_suffix(".ledger.csv").read_text() == "of there"


def test_what_could_not_be_uploaded_is_uploaded_by_the_next_call(memory, monkeypatch):
    def denied(*_):
        raise PermissionError("Forbidden")

    with monkeypatch.context() as patch:
        patch.setattr(memory, "put_file", denied)
        with pytest.raises(Unreachable), near_outputs(OUT) as near:
            log(near, "one")
    with near_outputs(OUT) as near:
        log(near, "two")
    assert memory.cat("/far/out/scores.decisions.jsonl") == b"one\ntwo\n"


@pytest.mark.usefixtures("memory")
def test_an_address_has_one_writer_on_a_machine():
    other = near_outputs(OUT.parent / "scores.parquet")  # it would share the log
    with near_outputs(OUT) as near:
        near.write_text("table")
        with pytest.raises(InUse, match=r"memory://far/out/scores\.parquet is in use"):
            other.__enter__()


def test_a_file_that_ended_the_run_twice_is_stepped_over_and_the_note_is_named(memory, tmp_path):
    """Also by another machine, which knows nothing but what lies at the address."""
    heavy = tmp_path / "heavy.mp4"
    heavy.write_text("0.5")

    def decode(_, found, limits, notes):
        for one in found:
            try:
                with in_hand(one, notes, limits):
                    raise AssertionError("it was tried again")
            except (MediaError, AssertionError) as error:
                yield Unusable(str(one), loss_reason(error), "probe")

    def take_in_hand(near, held=[]):  # noqa: B006 - what is forgotten lets go of its note
        near.with_suffix(".in_hand").mkdir(exist_ok=True)
        held.append(in_hand(heavy, near.with_suffix(".in_hand"), DecodeLimits()))
        held[-1].__enter__()

    for _ in range(2):
        killed(take_in_hand)
    for _ in range(2):  # the first call brings the note there, the second finds it there alone
        written = predict_into(OUT, [FakePredictor(modality="video")], [heavy], stream=decode)
        (reason,) = written.ledger["reason"]
        assert "each of the 2 times" in reason
        (note,) = re.findall(r"delete memory:/(/\S+) to do so", reason)
        assert memory.exists(note)
    memory.rm(note)
    written = predict_into(OUT, [FakePredictor(modality="video")], [heavy], stream=stream)
    assert written.predicted == 1, "who deletes the note has it tried again"


def test_a_decoder_that_died_is_remembered_at_the_address(memory, tmp_path):
    bad, tried = tmp_path / "bad.mp4", []
    bad.write_text("0.5")

    def decode(_, found, limits, notes):
        for one in found:
            try:
                with in_hand(one, notes, limits):
                    tried.append(one)
                    raise DecoderDied("decoding took longer than 9 s")
            except (MediaError, AssertionError) as error:
                yield Unusable(str(one), loss_reason(error), "probe")

    for _ in range(3):
        written = predict_into(OUT, [FakePredictor(modality="video")], [bad], stream=decode)
    assert len(tried) == 1
    assert "not tried again" in written.ledger["reason"].iloc[0]
    assert [name for name in names(memory) if "in_hand" in name]


def test_segments_of_an_earlier_table_go_and_of_an_ended_call_stay(memory, tmp_path):
    segments = OUT.parent / "scores.segments.csv"
    memory.pipe("/far/out/scores.segments.csv", b"of an earlier table")
    with pytest.raises(KeyboardInterrupt), near_outputs(OUT):
        raise KeyboardInterrupt
    assert memory.exists(segments.text)
    still = Path(tmp_path, "still.jpg")
    still.write_text("0.5")
    predict_into(OUT, [FakePredictor()], [still], stream=stream)
    assert not memory.exists(segments.text)
    assert len(pd.read_csv(memory.open("/far/out/scores.csv"))) == 1
    with near_outputs(OUT) as near:
        near.write_text("table")
        near.with_suffix(".segments.csv").write_text("new")
    assert memory.cat("/far/out/scores.segments.csv") == b"new"
