"""The whole way on small real files: every notebook, the run's folder, the page, the second run."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
import torch
import yaml
from bs4 import BeautifulSoup

from harmlib.cli import main as cli
from harmlib.params import load_params
from harmlib.workflow import pipeline
from harmlib.workflow.execution import NOTEBOOKS, StepFailed
from harmlib.workflow.kernels import KernelServer
from harmlib.workflow.pipeline import run_pipeline
from harmlib.workflow.steps import Step, plan

pytestmark = pytest.mark.usefixtures("closed_event_loop")
VARIANTS = ("model2", "model4", "model5")


@pytest.fixture(scope="module")
def folder(copied_run):
    return copied_run


@pytest.fixture(scope="module")
def run(folder):
    return folder / "reports/small"


def test_every_table_is_there(run):
    expected = """index.html scores.parquet history.parquet operating_points.parquet
        manifest.parquet ledger.csv metrics.json run.json models/model4/video_model_best.pth
        models/model2/image_model_best.pth figures/precision_recall_video.svg
        tables/sweep_image.csv notebooks/05_report.ipynb"""
    missing = [name for name in expected.split() if not (run / name).exists()]
    assert not missing


def test_the_steps_write_what_they_declare_and_nothing_else(run, folder):
    steps = plan(load_params(folder / "params.yaml"))
    declared = {name for step in steps for name in step.writes if isinstance(name, str)}
    sometimes = {name for step in steps for name in step.may_write}
    written = {
        path.relative_to(run).as_posix()
        for place in ("tables", "figures", "models")
        for path in (run / place).rglob("*")
        if path.is_file()
    }
    assert written - sometimes == {name for name in declared if "/" in name}
    assert all((run / name).is_file() for name in declared)
    assert written & sometimes, "this run has two variants: there are gains to draw"


def test_files_in_are_files_used_plus_ledger_rows(run, small_folder):
    media = small_folder / "media"
    listed = sum(len(pd.read_csv(media / f"{m}s.csv")) for m in ("image", "video"))
    manifest, ledger = pd.read_parquet(run / "manifest.parquet"), pd.read_csv(run / "ledger.csv")
    assert listed == len(manifest) + len(ledger)
    assert ledger["path"].tolist() == ["images/harmful/broken.jpg"]


def test_every_epoch_scores_every_item_of_validation_and_test(run):
    scores, manifest = (pd.read_parquet(run / f"{n}.parquet") for n in ("scores", "manifest"))
    assert set(scores["split"]) == {"val", "test"}
    assert set(scores["variant"]) == set(VARIANTS)
    listed = manifest.set_index(["modality", "split"])["item_id"].sort_index()
    keys = ["modality", "split", "variant", "epoch"]
    for (modality, split, *_), rows in scores[scores["fold"] == -1].groupby(keys):
        assert sorted(rows["item_id"]) == sorted(listed[modality, split])
    items = manifest.groupby("modality")["item_id"].apply(sorted)
    keys = ["modality", "split", "variant", "seed", "epoch"]
    for (modality, *_), rows in scores[scores["fold"] >= 0].groupby(keys):
        assert sorted(rows["item_id"]) == items[modality]  # each once, whichever fold judged it
    epochs = scores.groupby(["variant", "modality"])["epoch"].max()
    assert epochs["model2", "image"] == 2
    assert epochs["model4", "image"] == 10
    assert epochs["model4", "video"] == 3
    expected = 1 / (1 + np.exp(-scores["logit"]))
    np.testing.assert_allclose(scores["probability"], expected, rtol=1e-9)


def test_metrics_are_those_of_the_scores(run):
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    scores = pd.read_parquet(run / "scores.parquet")
    for modality, models in metrics["modalities"].items():
        assert list(models) == [*VARIANTS, "baseline"]
        for variant in VARIANTS:
            entry = models[variant]
            own = {"modality": modality, "variant": variant, "fold": -1, "epoch": entry["epoch"]}
            rows = scores[(scores[list(own)] == pd.Series(own)).all(axis=1)]
            rows = rows[rows["split"] == "test"]
            flagged = rows["probability"] > entry["operating_threshold"]
            assert entry["test"]["accuracy"] == pytest.approx((flagged == rows["label"]).mean())
            assert entry["test"]["n"] == len(rows)
        assert models["baseline"]["test"]["recall"] == 1


def test_model4_checkpoint_carries_the_threshold_that_validation_chose(run):
    content = torch.load(run / "models/model4/video_model_best.pth", weights_only=True)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    model4 = metrics["modalities"]["video"]["model4"]
    assert content["best_threshold"] == model4["operating_threshold"]
    assert content["about"]["pos_weight"] == pytest.approx(
        content["about"]["counts"]["train"]["safe"] / content["about"]["counts"]["train"]["harmful"]
    )


def test_page_stands_alone_and_speaks_korean(run):
    page = (run / "index.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in page
    outside = set(re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', page))
    executed = {f"notebooks/{path.name}" for path in (run / "notebooks").glob("*.html")}
    tables = {f"tables/{path.name}" for path in (run / "tables").glob("*.csv")}
    assert executed < outside <= executed | tables, "links lead into the run, nothing to a network"
    heads = ["결과", "Threshold 선택", "오류", "한계와 다음 할 일", "상세"]
    found = [page.index(f"{i}. {head}</a>") for i, head in enumerate(heads, 1)]
    folded = ["문제점 점검", "개선 사항", "시험 결과 전체", "결론", "재현 정보"]
    found += [page.index(f">{title}", found[-1]) for title in folded]
    assert found == sorted(found), "the detailed part keeps the reading order of the first report"
    assert "학습되지 않은" in page, "untrained backbones are called untrained"
    assert "이전 보고서 F1" not in page, "nobody asked to compare"
    assert not (run / "tables/published.csv").exists()
    assert "모두 유해(기준선)" in page
    assert 'alt=""' not in page
    assert "import pandas" not in page, "code is hidden"


def test_executed_notebooks_are_free_of_noise(run):
    for path in (run / "notebooks").glob("*.ipynb"):
        outputs = [o for c in nbformat.read(path, 4).cells for o in c.get("outputs", [])]
        noise = [o["text"] for o in outputs if o.get("name") == "stderr"]
        assert not noise, f"{path.name}: {noise}"
        assert str(run) not in json.dumps(outputs), f"{path.name} shows this machine's folders"


@pytest.fixture
def nothing_is_executed(monkeypatch):
    def refuse(*_, **__):
        pytest.fail("executed")

    monkeypatch.setattr(papermill, "execute_notebook", refuse)
    monkeypatch.setattr(KernelServer, "start", refuse)


def contents(run):
    """Each file below the run's folder, and what it holds, without the record of the steps."""
    files = (path for path in run.rglob("*") if path.is_file() and path.name != "steps.json")
    return {path.relative_to(run): path.read_bytes() for path in files}


@pytest.mark.usefixtures("nothing_is_executed")
def test_second_run_reuses_everything(run, folder, capfd):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*.html")}
    assert cli.main(["run", str(folder / "params.yaml")]) == 0
    out = capfd.readouterr().out
    assert out.count(": reused") == len(plan(load_params(folder / "params.yaml")))
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*.html")} == before
    assert re.search(r"video +model4 +0\.\d\d", out)


@pytest.mark.usefixtures("nothing_is_executed")
@pytest.mark.parametrize("how", ["edited", "deleted"])
@pytest.mark.parametrize(
    "name",
    ["index.html", "notebooks/00_data.html", "scores.parquet", "operating_points.parquet"],
)
def test_what_needs_no_notebook_is_made_again_without_one(run, folder, name, how):
    before = contents(run)
    try:
        (run / name).unlink() if how == "deleted" else (run / name).write_text("edited")
        assert cli.main(["run", str(folder / "params.yaml")]) == 0
        assert contents(run) == before
    finally:  # other tests use this run too
        (run / name).write_bytes(before[Path(name)])


def test_training_again_gives_the_same_numbers_to_the_bit(run, folder):
    again = folder / "again"
    content = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    content |= {"reports": str(again), "modalities": ["video"]}
    content["variants"]["model2"] = None
    (folder / "again.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (again / "small").mkdir(parents=True)
    for name in ("manifest.parquet", "ledger.csv"):
        shutil.copy(run / name, again / "small" / name)
    papermill.execute_notebook(
        str(NOTEBOOKS / "02_train.ipynb"),
        str(folder / "again.ipynb"),
        parameters={"params_file": str(folder / "again.yaml"), "modality": "video"},
        progress_bar=False,
    )
    first = pd.read_parquet(run / "models/model4/video_scores.parquet")
    second = pd.read_parquet(again / "small/models/model4/video_scores.parquet")
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_plain_papermill_refuses_an_undeclared_parameter(folder):
    with pytest.raises(papermill.PapermillExecutionError, match="did you mean 'modality'"):
        papermill.execute_notebook(
            str(NOTEBOOKS / "03_thresholds.ipynb"),
            str(folder / "refused.ipynb"),
            parameters={"params_file": str(folder / "params.yaml"), "modalty": "image"},
            progress_bar=False,
        )
    cells = nbformat.read(folder / "refused.ipynb", 4).cells
    ran = [c for c in cells if c.cell_type == "code" and c.execution_count]
    assert len(ran) <= 4, "only the parameters, papermill's two cells and the check have run"


def test_pipeline_refuses_a_parameter_that_the_notebook_lost(folder, monkeypatch):
    monkeypatch.setattr(pipeline, "plan", lambda _: [Step("03_thresholds", {"modalty": "image"})])
    with pytest.raises(StepFailed, match="declares no parameter modalty"):
        run_pipeline(folder / "params.yaml")


@pytest.mark.usefixtures("run")
def test_one_variant_with_one_threshold_on_one_modality_still_gives_a_page(folder):
    left_out = dict.fromkeys(("model3", "model4", "model5"))
    variants = {"model2": {"image": {"epochs": 1}}} | left_out
    path = write_params(folder, run="one", modalities=["image"], variants=variants)
    assert cli.main(["run", path]) == 0
    page = (folder / "reports" / "one" / "index.html").read_text(encoding="utf-8")
    assert "비디오" not in BeautifulSoup(page, "html.parser").find(id="all-results").parent.text


def write_params(folder, **changes):
    content = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8")) | changes
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"sed": 1}, 2, "sed: unknown key; did you mean 'seed'?"),
        ({"run": "gone", "data": {"root": "/nowhere/at/all"}}, 2, "there is no such folder"),
        ({"run": "dev", "device": "cuda:99"}, 1, "CUDA device"),
    ],
)
def test_a_users_mistake_is_explained_without_a_traceback(folder, capfd, changes, status, message):
    if "device" in changes:
        changes = changes | {"modalities": ["image"]}
    assert cli.main(["run", write_params(folder, **changes)]) == status
    printed = capfd.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err + printed.out


def test_a_stopped_notebook_leaves_a_page_that_says_where_and_why(folder, monkeypatch):
    gone = folder / "later"
    # The media were there at the first look, and went before the notebook.
    monkeypatch.setattr("harmlib.cli.run._may_begin", lambda _: True)
    path = write_params(folder, run="stopped", data={"root": str(gone)})
    assert cli.main(["run", path]) == 1
    run = folder / "reports" / "stopped"
    page = BeautifulSoup((run / "index.html").read_text(encoding="utf-8"), "html.parser")
    said = page.find("section", class_="error").text
    assert "00_data 단계가 셀 manifest에서 중단되었습니다" in said
    assert "미디어 파일이나 CSV를 사용할 수 없습니다" in said
    assert f"DataError: {gone}" in said
    target, _, anchor = page.find("section").a["href"].partition("#")
    cells = BeautifulSoup((run / target).read_text(encoding="utf-8"), "html.parser")
    assert "DataError" in cells.find(id=anchor).text
    states = [cell.text for cell in page.find("table").find_all("td")]
    assert states[0] == "중단됨"
    assert set(states[1:]) == {"실행하지 않음"}


def test_steps_that_ended_before_a_failure_are_kept_and_named(run, folder, monkeypatch):
    copied = folder / "reports" / "kept"
    shutil.copytree(run, copied)
    path = write_params(folder, run="kept", seed=2)
    execute = pipeline.execute

    def stop_late(params, step, common, kernels):
        if step.notebook == "00_data":
            return execute(params, step, common, kernels)
        raise StepFailed("it stopped", step.name, "MemoryError", "too little")

    monkeypatch.setattr(pipeline, "execute", stop_late)
    assert cli.main(["run", path]) == 1
    page = (copied / "index.html").read_text(encoding="utf-8")
    assert "메모리가 부족합니다" in page
    assert 'lang="ko"' in page
    states = BeautifulSoup(page, "html.parser").find("table").find_all("td")
    assert [state.text for state in states[:3]] == ["완료", "중단됨", "실행하지 않음"]
    assert "모두 유해(기준선)" in (copied / "previous.html").read_text(encoding="utf-8")
    monkeypatch.setattr(pipeline, "plan", lambda params: plan(params)[:1])
    monkeypatch.setattr(pipeline, "write_report", lambda *_: None)
    assert run_pipeline(path).run == "kept"
    assert not (copied / "index.html").exists(), "the next run starts without the failure's page"
