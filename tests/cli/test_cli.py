import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harmlib.cli import main as cli
from harmlib.workflow import recorded_run as recorded

ROOT = Path(__file__).parents[2]

SOUND = "precision,recall,f1\n0.8000,0.8000,0.8000\n"


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (SOUND, 0, "Findings"),
        ("precision,recall,f1\n0.5000,0.5000,0.9000\n", 1, "impossible"),
        ("precision,recall\n0.5,0.5\n", 2, "f1"),
    ],
)
def test_audit_prints_findings_and_says_so_in_its_status(tmp_path, capsys, text, status, words):
    file = tmp_path / "claims.csv"
    file.write_text(text, encoding="utf-8")
    assert cli.main(["audit", str(file)]) == status
    printed = capsys.readouterr()
    assert words in printed.out + printed.err


def test_audit_of_a_missing_file_names_it(tmp_path, capsys):
    assert cli.main(["audit", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_without_a_command_the_use_is_shown(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "audit" in capsys.readouterr().err


def test_a_confidence_needs_bands(tmp_path, capsys):
    (tmp_path / "image_model_best.pth").touch()
    assert cli.main(["predict", str(tmp_path), str(tmp_path), "--confidence", "0.9"]) == 2
    assert "--confidence goes with --bands" in capsys.readouterr().err


def test_a_run_is_never_taken_for_another_of_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "reports/first").mkdir(parents=True)
    (tmp_path / "first").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(recorded.UnreadableRun, match=r"first: there are .* and .*; give the whole"):
        recorded.find_run("first", tmp_path / "reports")
    monkeypatch.chdir(tmp_path / "reports")
    assert recorded.find_run("first", tmp_path / "reports") == tmp_path / "reports/first"


@pytest.fixture(scope="module")
def runs(small_run, tmp_path_factory):
    """`reports` with two runs that differ in one threshold."""
    reports = tmp_path_factory.mktemp("reports")
    for name in ("first", "second"):
        shutil.copytree(small_run, reports / name)
    path = reports / "second/metrics.json"
    metrics = json.loads(path.read_text(encoding="utf-8"))
    metrics["modalities"]["video"]["model4"]["operating_threshold"] = 0.999
    path.write_text(json.dumps(metrics), encoding="utf-8")
    return reports


def test_compare_prints_what_changed_for_people_and_for_machines(runs, capsys):
    folders = [str(runs / "first"), str(runs / "second")]
    assert cli.main(["compare", *folders]) == 0
    out = capsys.readouterr().out
    assert "Parameters: the same" in out
    assert "video model2: the same" in out
    assert "-> 0.9990" in out
    assert cli.main(["compare", *folders, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    changed = [row for row in document["figures"] if row["difference"]]
    assert [(row["variant"], row["figure"], row["b"]) for row in changed] == [
        ("model4", "operating_threshold", 0.999)
    ]
    pairs = {(row["modality"], row["variant"]): row for row in document["paired"]}
    assert pairs["video", "model4"]["f1_b"] == 0, "nothing is flagged above 0.999"


def test_a_run_is_found_by_its_path_or_its_name(runs):
    assert recorded.find_run("first", runs) == runs / "first"
    assert recorded.find_run(str(runs / "first"), Path("/nowhere")) == runs / "first"
    with pytest.raises(recorded.UnreadableRun, match="Did you mean first"):
        recorded.find_run("frist", runs)
    with pytest.raises(recorded.UnreadableRun, match="There are: first, second"):
        recorded.find_run("zzz", runs)


def damage(name, text):
    def change(folder):
        (folder / name).write_text(text, encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shutil.rmtree, "neither a run's folder nor a run below"),
        (lambda f: (f / "run.json").unlink(), "no finished run"),
        (lambda f: (f / "metrics.json").unlink(), "metrics.json: there is no such file"),
        (lambda f: (f / "scores.parquet").unlink(), "scores.parquet: there is no such file"),
        (damage("run.json", "{"), "run.json: damaged"),
        (damage("run.json", "{}"), "it lacks params, weights, sha256, versions"),
        (damage("metrics.json", "{}"), "metrics.json: schema_version"),
        (damage("manifest.parquet", "x"), "manifest.parquet: damaged"),
        (lambda f: shutil.copy(f / "scores.parquet", f / "manifest.parquet"),
         "manifest.parquet: damaged"),
        (lambda f: shutil.copy(f / "models/model4/video_scores.parquet", f / "scores.parquet"),
         "not the table that run.json was written with"),
    ],
)  # fmt: skip
def test_compare_explains_a_run_that_cannot_be_read(runs, tmp_path, capsys, change, message):
    folder = tmp_path / "run"
    shutil.copytree(runs / "first", folder)
    change(folder)
    for pair in ([folder, runs / "first"], [runs / "first", folder]):
        assert cli.main(["compare", *map(str, pair)]) == 2
        printed = capsys.readouterr()
        assert message in printed.err
        assert not printed.out


# run_all.sh, in a copy of the folder in which uv and Python only say what they were asked


@pytest.fixture
def door(tmp_path):
    folder = tmp_path / "project"
    (folder / "params").mkdir(parents=True)
    shutil.copy(ROOT / "run_all.sh", folder)
    for name in ("demo", "mine"):
        (folder / f"params/{name}.yaml").write_text("run: x\n")
    tools = tmp_path / "tools"
    for path, text in ((tools / "uv", "exit 0"), (folder / ".venv/bin/python", 'echo "$*"')):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}

    def knock(*arguments):
        return subprocess.run(
            [folder / "run_all.sh", *arguments],
            capture_output=True, text=True, env=environment, timeout=60, cwd=folder,
        )  # fmt: skip

    knock.folder = folder
    return knock


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ([], "params/demo.yaml"),
        (["params/mine.yaml"], "params/mine.yaml"),
        (["--verify"], "params/demo.yaml --verify"),
        (["params/mine.yaml", "--verify"], "params/mine.yaml --verify"),
    ],
)
def test_run_all_passes_on_what_was_asked(door, arguments, asked):
    done = door(*arguments)
    called = f"-m harmlib.cli.main run {door.folder}/{asked}\n"
    assert (done.stdout, done.returncode) == (called, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "'' is neither a params file"),
        (["params/mine.yaml", "--verfy"], "'--verfy' can't stand behind the params file"),
        (["params/mine.yaml", "--verify", "x"], "'--verify x' can't stand"),
        (["params/mine.yaml", "params/demo.yaml"], "'params/demo.yaml' can't stand"),
        (["--verify", "params/mine.yaml"], "write ./run_all.sh params/mine.yaml --verify"),
        (["--verify", "x"], "'x' can't stand behind --verify"),
        (["params/no.yaml", "--verify"], "project/params/no.yaml'"),
        (["--verfy"], "neither a params file"),
    ],
)
def test_run_all_refuses_anything_else_before_it_begins(door, arguments, message):
    done = door(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout


def test_run_all_help_tells_of_verify(door):
    out = door("--help").stdout
    assert "./run_all.sh [PARAMS] --verify" in out
    assert "lint" in out
    assert "set -euo" not in out
