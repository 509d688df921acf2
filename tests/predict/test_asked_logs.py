"""Decisions are explained wherever their logs lie: one log, that of a table, those of shards."""

import fsspec
import pytest

from harmlib.address import address
from harmlib.cli import explain
from harmlib.cli import main as cli
from harmlib.predict.asked_logs import asked_logs
from harmlib.predict.decision_log import DecisionLog, LogError


@pytest.fixture(params=["disk", "address"])
def put(request, tmp_path):
    """Writes files, and returns where their folder is."""
    folder = tmp_path / "out"
    folder.mkdir()

    def write(logs, *others):
        for name, entries in logs.items():
            log = DecisionLog(folder / name)
            for entry in entries:
                log.append(
                    dict(zip(("id", "path", "time"), entry, strict=True)) | {"model_id": "m"}
                )
        for name in others:
            (folder / name).touch()
        if request.param == "disk":
            return folder
        memory = fsspec.filesystem("memory")
        for path in folder.iterdir():
            memory.pipe(f"{tmp_path}/out/{path.name}", path.read_bytes())
        return address(f"memory:/{tmp_path}/out")

    return write


# Their texts are in another order than their times
LOGS = {
    "part-00000.decisions.jsonl": [
        ("aa", "up/a.jpg", "2026-01-03T00:30:00.000+09:00"),
        ("bb", "up/b.jpg", "no time"),
    ],
    "part-00001.decisions.jsonl": [
        ("cc", "up/c.jpg", "2026-01-02T16:00:00.000+00:00"),
        ("dd", "up/a.jpg", "2026-01-02T15:00:00.000+00:00"),
    ],
    "part-00002.decisions.jsonl": [("ee", "down/b.jpg", "2026-01-02T10:00:00.000-07:00")],
}


def test_shards_are_one_log_in_the_order_of_time(put):
    logs = asked_logs(put(LOGS, "part-00000.parquet", "decided_by.json"))
    assert logs.find("dd")["path"] == "up/a.jpg"
    assert logs.find("a.jpg")["id"] == "aa", "the later one, though its shard comes first"
    assert logs.find("up/b.jpg")["id"] == "bb"
    with pytest.raises(LogError, match=r"2 files are called 'b\.jpg': down/b"):
        logs.find("b.jpg")
    with pytest.raises(LogError, match=r"out: no decision 'x', .* the last one is ee on down"):
        logs.find("x")
    assert [entry["id"] for entry in logs.last(2)] == ["cc", "ee"]


def test_of_one_log_the_order_of_its_lines_counts_and_the_last_ones_are_kept(put):
    folder = put(LOGS)
    logs = asked_logs(folder / "part-00001.decisions.jsonl")
    assert [entry["id"] for entry in logs.last(1)] == ["dd"]
    assert [entry["id"] for entry in logs.last(5)] == ["cc", "dd"]
    with pytest.raises(LogError, match="the last one is dd"):
        logs.find("x")


@pytest.mark.parametrize("count", [1, 2])
def test_of_long_logs_few_entries_are_in_memory(put, monkeypatch, count):
    class Counted(dict):
        alive = most = 0

        def __init__(self, number):
            hours, minutes = divmod(number, 60)
            super().__init__(id=number, time=f"2026-01-01T{hours:02}:{minutes:02}:00+00:00")
            Counted.alive += 1
            Counted.most = max(Counted.most, Counted.alive)

        def __del__(self):
            Counted.alive -= 1

    monkeypatch.setattr(DecisionLog, "__iter__", lambda _: map(Counted, range(1000)))
    logs = asked_logs(put(dict(list(LOGS.items())[:count])))
    assert [entry["id"] for entry in logs.last(2)] == {1: [998, 999], 2: [999, 999]}[count]
    assert Counted.most < 6


def test_far_logs_are_fetched_one_at_a_time_and_once(tmp_path, monkeypatch):
    memory = fsspec.filesystem("memory")
    for number in range(4):
        line = f'{{"id": "{number}", "path": "{number}.jpg", "model_id": "m"}}\n'
        memory.pipe(f"{tmp_path}/part-{number}.decisions.jsonl", line.encode())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fetched, real = [], type(memory).get_file

    def get_file(self, remote, near, **more):
        assert not [path for path in tmp_path.rglob("*") if path.is_file()], "one at a time"
        fetched.append(remote)
        return real(self, remote, near, **more)

    monkeypatch.setattr(type(memory), "get_file", get_file)
    logs = asked_logs(address(f"memory:/{tmp_path}"))
    assert fetched == []
    with pytest.raises(LogError, match="the last one is 3"):
        logs.find("x")
    assert len(fetched) == 4
    assert logs.find("2.jpg")["id"] == "2"
    memory.rm_file(f"{tmp_path}/part-1.decisions.jsonl")
    with pytest.raises(LogError, match=r"part-1\.decisions\.jsonl: there is nothing"):
        logs.last(2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["part-00000.parquet", "part-00000.decisions.jsonl"])
def test_a_table_leads_to_its_log(put, name):
    folder = put(LOGS, "part-00000.parquet")
    logs = asked_logs(folder / name)
    assert [entry["id"] for entry in logs] == ["aa", "bb"]
    assert str(logs.shown) == f"{folder}/part-00000.decisions.jsonl"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alone.csv", "its log alone.decisions.jsonl does not lie beside it"),
        ("none.csv", "there is no"),
        ("none.decisions.jsonl", "there is no"),
        ("", "a folder without a log"),
    ],
)
def test_what_leads_to_no_log_says_why(put, name, said):
    with pytest.raises(LogError, match=said):
        asked_logs(put({}, "alone.csv") / name)


def test_the_command_takes_addresses(put, capsys, monkeypatch):
    folder = put(LOGS)
    monkeypatch.setattr(explain, "format_decision", lambda entry: f"explained {entry['id']}")
    assert cli.main(["explain", str(folder), "c.jpg"]) == 0
    assert capsys.readouterr().out == "explained cc\n"
    assert cli.main(["explain", str(folder / "part-00001.decisions.jsonl"), "dd"]) == 0
    assert cli.main(["explain", str(folder)]) == 2
    said = capsys.readouterr().err
    assert f"{folder}: which decision?" in said
    assert "ee  down/b.jpg" in said


def test_credentials_in_an_address_are_not_shown(capsys):
    assert cli.main(["explain", "s3://me:secret@bucket/a.decisions.jsonl", "a"]) == 2
    said = capsys.readouterr().err
    assert "came with credentials" in said
    assert "secret" not in said
