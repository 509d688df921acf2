"""The second execution of a run: the whole way, the command, and what it refuses."""

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from verify_folders import edit_text

from harmlib.cli import main as cli
from harmlib.params import load_params
from harmlib.workflow import verify
from harmlib.workflow.execution import StepFailed
from harmlib.workflow.paths import TRAINING_TABLES
from harmlib.workflow.verdict import compare_folders, format_verdict
from harmlib.workflow.verify import NotVerifiable, reexecute, verifiable

# The whole way, on the small run


@pytest.fixture(scope="module")
def again(small_folder, small_run, tmp_path_factory):
    """The second execution of the small run, and what lay on disk before it."""
    before = contents(small_run)
    folder = tmp_path_factory.mktemp("again")
    second = reexecute(load_params(small_folder / "params.yaml"), folder)
    assert contents(small_run) == before, "the run on disk must not be touched"
    return second


def contents(folder):
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_second_execution_gives_every_number_again(small_run, again):
    verdict = compare_folders(small_run, again)
    assert verdict.passed, format_verdict(verdict)
    tables = {path.name for path in (small_run / "tables").glob("*.csv")} - {
        "steps.csv",
        "settings.csv",
    }
    gathered = {f"{kind}.parquet" for kind in TRAINING_TABLES}
    assert verdict.tables == len(tables | gathered) + len(("manifest", "ledger", "metrics"))
    assert verdict.numbers > 1000
    assert verdict.environment.empty


@pytest.mark.usefixtures("small_run")
def test_the_second_execution_extracts_again(small_folder, again):
    stores = [folder / "artifacts/features" for folder in (small_folder, again.parent.parent)]
    assert not stores[1].is_symlink()
    parts = [
        {path.relative_to(s) for path in s.rglob("part-*.parquet")} for s in (s for s in stores)
    ]
    assert parts[0] == parts[1] != set()
    inodes = [{path.stat().st_ino for path in s.rglob("part-*.parquet")} for s in stores]
    assert not inodes[0] & inodes[1]


def test_a_changed_number_on_disk_is_found_and_named(small_run, again, tmp_path):
    copy = tmp_path / "small"
    shutil.copytree(small_run, copy)
    path = copy / "tables/test_video.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    was = table.loc[1, "recall"]
    table.loc[1, "recall"] = less = str(np.nextafter(float(was), 0))
    table.to_csv(path, index=False, encoding="utf-8-sig")
    verdict = compare_folders(copy, again)
    assert [d.table for d in verdict.differences] == ["tables/test_video.csv"]
    assert verdict.differences[0].cells == 1
    row, column, on_disk, executed = verdict.differences[0].first[0]
    assert row.startswith("row 2 (variant model4, epoch ")
    assert (column, on_disk, executed) == ("recall", less, was)


# The command, without executing


@pytest.fixture
def quick(small_folder, again, tmp_path, monkeypatch):
    """`verify` whose second execution is a copy of the one that was made above."""
    monkeypatch.setattr(verify.tempfile, "tempdir", str(tmp_path))

    def copied(params, folder, _deadline_sec):
        (folder / "artifacts").mkdir()
        (folder / "artifacts/media").symlink_to(small_folder / "media")
        return shutil.copytree(again, folder / "reports" / params.run)

    monkeypatch.setattr(verify, "reexecute", copied)
    return copied


@pytest.mark.usefixtures("quick")
def test_success_is_told_and_leaves_nothing_behind(small_folder, tmp_path, capsys):
    assert cli.main(["run", str(small_folder / "params.yaml"), "--verify"]) == 0
    out = capsys.readouterr().out
    assert "Executing small again in" in out
    assert "every one the same" in out
    assert list(tmp_path.iterdir()) == []
    assert any((small_folder / "media").iterdir()), "what was linked must survive"


def test_a_difference_fails_and_keeps_the_second_execution(
    quick, small_folder, tmp_path, capsys, monkeypatch
):
    def spoilt(params, folder, deadline_sec):
        second = quick(params, folder, deadline_sec)
        edit_text(second / "tables/test_video.csv", "model4", "model5")
        return second

    monkeypatch.setattr(verify, "reexecute", spoilt)
    assert cli.main(["run", str(small_folder / "params.yaml"), "--verify"]) == 1
    out = capsys.readouterr().out
    (kept,) = tmp_path.iterdir()
    assert f"kept: {kept}/reports/small" in out
    assert "model4 on disk, model5 executed again" in out


@pytest.mark.usefixtures("quick")
def test_a_step_that_stops_fails_and_says_what_is_kept(small_folder, tmp_path, capsys, monkeypatch):
    def stopped(*_):
        raise StepFailed("02_train stopped", "02_train", "ValueError", "no")

    monkeypatch.setattr(verify, "reexecute", stopped)
    assert cli.main(["run", str(small_folder / "params.yaml"), "--verify"]) == 1
    printed = capsys.readouterr()
    assert "02_train stopped" in printed.err
    assert f"are kept: {next(tmp_path.iterdir())}" in printed.out


# What can be verified


@pytest.fixture
def written(small_folder, small_run, tmp_path):
    """Copies that a test may change: the params file, and the run that it describes."""
    content = yaml.safe_load((small_folder / "params.yaml").read_text(encoding="utf-8"))
    content["reports"] = str(tmp_path / "reports")
    shutil.copytree(small_run, tmp_path / "reports/small")
    return tmp_path / "params.yaml", content


def save(path, content):
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_run_that_moved_can_be_verified(written):
    path, content = written
    assert verifiable(save(path, content)).run == "small"
    content["data"]["root"] = "/elsewhere"
    assert verifiable(save(path, content)).run == "small"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(seed=9), "seed: 1 -> 9"),
        (lambda c: c["features"]["yolo"].update(image_size=96), "yolo.image_size: 64 -> 96"),
        (lambda c: c["features"]["yolo"].update(weights="pretrained"), "yolo.weights: untrained"),
        (lambda c: c["variants"].update(model3={}), r"variants.model3.loss: \(absent\) -> bce"),
        (lambda c: c.update(run="other"), "other: no finished run"),
    ],
)
def test_other_params_than_the_runs_are_refused(written, change, message):
    path, content = written
    change(content)
    with pytest.raises(NotVerifiable, match=message):
        verifiable(save(path, content))


@pytest.mark.parametrize(
    ("name", "text"),
    [("run.json", "{"), ("run.json", "[]"), ("run.json", '{"params": {}}'),
     ("scores.parquet", "x"), ("metrics.json", "{"), ("metrics.json", "[1]"),
     ("tables/test_video.csv", "")],
)  # fmt: skip
def test_a_damaged_run_is_refused_before_anything_is_executed(written, name, text, capsys):
    path, content = written
    (path.parent / "reports/small" / name).write_text(text)
    assert cli.main(["run", str(save(path, content)), "--verify"]) == 2
    err = capsys.readouterr().err
    assert "nothing to verify" in err
    assert f"{name}: damaged" in err


@pytest.mark.parametrize(
    "variants",
    [
        {"model2": None},
        {"mine": {"based_on": "model4", "video": {"epochs": 1}}, "model3": None},
        {"model4": {"thresholds": [0.1, 0.125], "pos_weight": 1e-05}},
    ],
)
def test_the_params_are_spelled_out_without_loss(written, tmp_path, variants):
    path, content = written
    content["variants"] = variants
    params = load_params(save(path, content))
    spelled = load_params(save(tmp_path / "spelled.yaml", verify._spelled_out(params)))
    assert spelled == params
    assert list(spelled.variants) == list(params.variants), "the order decides which is first"


def test_weights_and_media_are_linked_but_no_features_nor_probes(written, tmp_path, monkeypatch):
    path, content = written
    artifacts = tmp_path / "artifacts"
    for name in ("weights", "features", "demo"):
        (artifacts / name).mkdir(parents=True)
    (artifacts / "probe_image.parquet").write_text("x")
    content["artifacts"] = str(artifacts)
    monkeypatch.setattr(verify, "run_pipeline", load_params)
    second = tmp_path / "second"
    assert reexecute(load_params(save(path, content)), second) == second / "reports/small"
    linked = {p.name: p.resolve() for p in (second / "artifacts").iterdir()}
    assert linked == {name: artifacts / name for name in ("weights", "demo")}
