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


LOGS = {
    "part-00000.decisions.jsonl": [("aa", "up/a.jpg", "3"), ("bb", "up/b.jpg", "1")],
    "part-00001.decisions.jsonl": [("cc", "up/c.jpg", "4"), ("dd", "up/a.jpg", "2")],
    "part-00002.decisions.jsonl": [("ee", "down/b.jpg", "5")],
}


def test_shards_are_one_log_in_the_order_of_time(put):
    with asked_logs(put(LOGS, "part-00000.parquet", "decided_by.json")) as logs:
        assert logs.find("dd")["path"] == "up/a.jpg"
        assert logs.find("a.jpg")["id"] == "aa", "the later one, though its shard comes first"
        assert logs.find("up/b.jpg")["id"] == "bb"
        with pytest.raises(LogError, match=r"2 files are called 'b\.jpg': down/b"):
            logs.find("b.jpg")
        with pytest.raises(LogError, match=r"out: no decision 'x', .* the last one is ee on down"):
            logs.find("x")
        assert [entry["id"] for entry in logs.last(2)] == ["cc", "ee"]


@pytest.mark.parametrize("name", ["part-00000.parquet", "part-00000.decisions.jsonl"])
def test_a_table_leads_to_its_log(put, name):
    folder = put(LOGS, "part-00000.parquet")
    with asked_logs(folder / name) as logs:
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
    with pytest.raises(LogError, match=said), asked_logs(put({}, "alone.csv") / name):
        pass


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
