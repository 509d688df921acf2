"""The second execution of a run, and the verdict on every number."""

import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml

from harmlib import cli, verify
from harmlib.execution import StepFailed
from harmlib.params import load_params
from harmlib.verify import NotVerifiable, compare_folders, format_verdict, reexecute, verifiable


@pytest.fixture
def pair(tmp_path):
    """Two folders that hold the same small tables."""
    for name in ("disk", "again"):
        write_folder(tmp_path / name, root=f"/media/{name}")
    return tmp_path / "disk", tmp_path / "again"


def write_folder(folder, root):
    (folder / "tables").mkdir(parents=True)
    path = [f"{root}/images/a.jpg", f"{root}/images/b.jpg"]
    pd.DataFrame({"item_id": ["a", "b"], "path": path, "frames": [1, 2]}).to_parquet(
        folder / "manifest.parquet"
    )
    ledger = f"path,reason\nimages/x.jpg,{root}/images/x.jpg is broken\n"
    (folder / "ledger.csv").write_text(ledger, encoding="utf-8-sig")
    history = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.5, 0.25], "seconds": [1.0, 2.0]})
    history.to_parquet(folder / "history.parquet")
    scores = pd.DataFrame({"item_id": ["a", "b"], "logit": [0.1, math.nan]})
    scores.to_parquet(folder / "scores.parquet")
    table = "variant,epoch,f1,ok,sha256\nmodel2,1.0,0.5,True,\nmodel4,2.0,0.75,,\n"
    (folder / "tables/test_video.csv").write_text(table, encoding="utf-8-sig")
    write_json(folder / "metrics.json", {"run": "x", "a": {"f1": 0.5, "auc": None, "n": 3}})
    about = {
        "params": {"data": {"root": root}},
        "weights": [],
        "sha256": {},
        "versions": {"torch": "2"},
        "machine": "m",
        "commit": "c",
        "device": "CPU",
    }
    write_json(folder / "run.json", about)


def write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")


def edit_parquet(path, row, column, value):
    table = pd.read_parquet(path)
    table.loc[row, column] = value
    table.to_parquet(path)


def edit_text(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_equal_folders_pass_and_every_number_is_counted(pair):
    verdict = compare_folders(*pair)
    assert verdict.passed
    assert verdict.tables == 6
    # manifest 2, history 4 (its seconds are left out), scores 1 (NaN is none), test 4, metrics 2
    assert verdict.numbers == 13
    assert "6 tables with 13 numbers compared" in format_verdict(verdict)


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
    assert verdict.tables == 4 + len(list((small_run / "tables").glob("*.csv"))), (
        "all but steps.csv"
    )
    assert verdict.numbers > 1000
    assert verdict.environment.empty


def test_the_second_execution_extracts_again(small_folder, small_run, again):
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
def quick(small_folder, small_run, again, tmp_path, monkeypatch):
    """`verify` whose second execution is a copy of the one that was made above."""
    monkeypatch.setattr(verify.tempfile, "tempdir", str(tmp_path))

    def copied(params, folder):
        (folder / "artifacts").mkdir()
        (folder / "artifacts/media").symlink_to(small_folder / "media")
        return shutil.copytree(again, folder / "reports" / params.run)

    monkeypatch.setattr(verify, "reexecute", copied)
    return copied


def test_success_is_told_and_leaves_nothing_behind(quick, small_folder, tmp_path, capsys):
    assert cli.main(["run", str(small_folder / "params.yaml"), "--verify"]) == 0
    out = capsys.readouterr().out
    assert "Executing small again in" in out
    assert "every one the same" in out
    assert list(tmp_path.iterdir()) == []
    assert any((small_folder / "media").iterdir()), "what was linked must survive"


def test_a_difference_fails_and_keeps_the_second_execution(
    quick, small_folder, tmp_path, capsys, monkeypatch
):
    def spoilt(params, folder):
        second = quick(params, folder)
        edit_text(second / "tables/test_video.csv", "model4", "model5")
        return second

    monkeypatch.setattr(verify, "reexecute", spoilt)
    assert cli.main(["run", str(small_folder / "params.yaml"), "--verify"]) == 1
    out = capsys.readouterr().out
    (kept,) = tmp_path.iterdir()
    assert f"kept: {kept}/reports/small" in out
    assert "model4 on disk, model5 executed again" in out


def test_a_step_that_stops_fails_and_says_what_is_kept(
    quick, small_folder, tmp_path, capsys, monkeypatch
):
    def stopped(params, folder):
        raise StepFailed("02_train stopped", "02_train", "ValueError", "no")

    monkeypatch.setattr(verify, "reexecute", stopped)
    assert cli.main(["run", str(small_folder / "params.yaml"), "--verify"]) == 1
    printed = capsys.readouterr()
    assert "02_train stopped" in printed.err
    assert f"is kept: {next(tmp_path.iterdir())}" in printed.out


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
        (lambda c: c["features"]["clip"].update(weights="pretrained"), "clip.weights: untrained"),
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
