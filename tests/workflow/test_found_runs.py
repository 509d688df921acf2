"""The runs below a folder of reports: found, told apart, and opened with their own params."""

import json
import shutil

import pandas as pd
import pytest

from harmlib.params import PROJECT_ROOT, load_params
from harmlib.params.places import portable_paths
from harmlib.workflow.found_runs import TABLES, find_runs, recorded_params
from harmlib.workflow.recorded_run import UnreadableRun
from harmlib.workflow.run import Run


@pytest.fixture
def run(tmp_path):
    """The demo's, without a record of its own."""
    params = load_params(PROJECT_ROOT / "params/demo.yaml")
    run = Run(params.model_copy(update={"reports": tmp_path / "reports"}))
    for name in TABLES:
        run.write(pd.DataFrame({"item_id": ["a"]}), name)
    return run


def record(folder, params, **more):
    content = {"params": portable_paths(params.model_dump(mode="json"))}
    content |= {"weights": [], "sha256": {}, "versions": {}} | more
    (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")


def test_runs_are_found_and_told_apart(run):
    reports = run.dir.parent
    shutil.copytree(run.dir, reports / "whole")
    record(reports / "whole", run.params)
    shutil.copytree(run.dir, reports / "cut")
    (reports / "cut" / "scores.parquet").unlink()
    (reports / "no run").mkdir()
    (reports / "file").touch()
    found = {one.name: one for one in find_runs(run)}
    assert list(found) == ["demo", "cut", "whole"]
    assert found["demo"].missing == found["whole"].missing == ""
    assert found["cut"].missing.startswith("표가 없습니다(scores.parquet, run.json). 끝까지")
    assert found["demo"].open() is run
    opened = found["whole"].open()
    assert opened.dir == reports / "whole", "where it is now, whatever it recorded"
    same = {"run": "whole", "reports": reports}
    assert opened.params == run.params.model_copy(update=same)


def test_a_record_of_another_version_is_told(run):
    record(run.dir, run.params)
    content = json.loads((run.dir / "run.json").read_text(encoding="utf-8"))
    content["params"]["of_later"] = 1
    (run.dir / "run.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UnreadableRun, match="can't be read by this version"):
        recorded_params(run.dir)


def test_a_run_of_a_table_of_scores_has_what_the_table_held(tmp_path):
    table = tmp_path / "scores.csv"
    table.write_text("item,label,score\n", encoding="utf-8")
    folder = tmp_path / "reports" / "api"
    folder.mkdir(parents=True)
    rule = {"thresholds": [0.5], "threshold_rule": "exact_f1", "fixed_threshold": None}
    params = {"run": "api", "reports": "reports", "scores": str(table), "modalities": ["gun"]}
    params |= {"variants": {"mine": rule}, "folds": 2}
    content = {"params": params, "weights": [], "sha256": {}, "versions": {}}
    (folder / "run.json").write_text(json.dumps(content), encoding="utf-8")
    found = recorded_params(folder)
    assert (found.sections, list(found.variants), found.folds) == (["gun"], ["mine"], 2)
    assert found.run_dir == folder
