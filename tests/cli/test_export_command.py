"""`harmlib export`: a run of scores, as its folder would be after the report."""

import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from harmlib.cli import main as cli
from harmlib.params import load_run_params
from harmlib.workflow.dsa_template import COLUMNS, TO_FILL
from harmlib.workflow.own_scores import bring_in


def finished(folder, models=("api",), lost=0):
    """A run of scores without its notebooks: the tables, run.json, metrics.json."""
    random = np.random.default_rng(3)
    harmful = random.random(400) < 0.4
    table = pd.DataFrame({"id": [f"i{k}" for k in range(400)], "label": harmful.astype(int)})
    table["group"] = [f"g{k // 4}" for k in range(400)]
    for model in models:
        noise = random.normal(size=400)
        table[f"score_{model}"] = (100 / (1 + np.exp(-(2 * harmful - 1 + noise)))).round(1)
    if len(models) == 1:
        table = table.rename(columns={f"score_{models[0]}": "score"}).assign(model=models[0])
    first = next(name for name in table if name.startswith("score"))
    table.loc[: lost - 1, first] = np.nan
    table.to_csv(folder / "my.csv", index=False)
    content = {"run": "mine", "scores": str(folder / "my.csv"), "reports": str(folder / "reports"),
               "artifacts": str(folder / "artifacts")}  # fmt: skip
    (folder / "p.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    params = bring_in(load_run_params(folder / "p.yaml"))
    run = params.run_dir
    tables = ("manifest.parquet", "scores.parquet", "operating_points.parquet")
    about = {
        "params": json.loads(params.model_dump_json()),
        "weights": [],
        "versions": {},
        "made": "2026-03-01T00:00:00+00:00",
        "sha256": {name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in tables},
    }
    (run / "run.json").write_text(json.dumps(about), encoding="utf-8")
    (run / "metrics.json").write_text(
        json.dumps({"schema_version": 2, "run": "mine", "modalities": {}}), encoding="utf-8"
    )
    return run


@pytest.fixture
def run(tmp_path):
    return finished(tmp_path)


def exported(run, *more):
    assert cli.main(["export", str(run), "--format", "dsa", *more]) == 0
    return pd.read_csv(
        run / "dsa/8_automated_means.csv", encoding="utf-8-sig", keep_default_na=False
    )


def test_the_table_has_the_templates_columns_and_the_runs_figures(run):
    table = exported(run)
    assert tuple(table) == COLUMNS
    document = json.loads((run / "dsa/8_automated_means.json").read_text(encoding="utf-8"))
    (section,) = document["sections"]
    assert section["split"] == "halves"
    assert section["counts"]["decisions"] == 400
    figures = {row["metric"]: row for row in section["figures"]}
    own = table[table["Scope"] == "Own-initiative"].set_index("Indicator")["Value"]
    for name in ("Accuracy", "Precision", "Recall"):
        value = figures[name.lower()]["value"]
        assert own[f"Accuracy of the automated means - {name}"] == f"{value:.4f}"
    assert section["scale"] == "percent"
    assert section["native"] == pytest.approx(100 * section["threshold"])
    assert (table["Service"] == TO_FILL).all()
    assert not (run / "dsa/statements.jsonl").exists()


def test_each_figure_of_the_sheet_stands_below_its_name(run):
    exported(run)
    document = json.loads((run / "dsa/8_automated_means.json").read_text(encoding="utf-8"))
    page = (run / "dsa/summary.html").read_text(encoding="utf-8")
    part = page.split("성능과 오류율")[1]
    names = re.findall("<th>(.*?)</th>", part)[1:7]
    cells = re.findall("<td>(.*?)</td>", part)[1:7]
    shown = dict(zip(names, (cell.split()[0] for cell in cells), strict=True))
    figures = {row["metric"]: f"{row['value']:.3f}" for row in document["sections"][0]["figures"]}
    korean = {
        "정확도": "accuracy", "정밀도": "precision", "재현율": "recall", "오류율": "error_rate",
        "오탐률": "false_positive_rate", "미탐률": "false_negative_rate",
    }  # fmt: skip
    assert shown == {name: figures[metric] for name, metric in korean.items()}
    assert "책임자" in page
    assert "모든 항목을 판정했습니다" in page


def test_lost_items_are_on_the_sheet(tmp_path):
    run = finished(tmp_path, lost=7)
    exported(run)
    page = (run / "dsa/summary.html").read_text(encoding="utf-8")
    assert "모두 7개" in page
    document = json.loads((run / "dsa/8_automated_means.json").read_text(encoding="utf-8"))
    (section,) = document["sections"]
    counts, moved = section["counts"], {row["metric"]: row for row in section["if_lost_judged"]}
    lost = pd.read_csv(run / "tables/lost.csv", encoding="utf-8-sig")
    harmful = int((lost["label"] == "harmful").sum())
    assert section["lost"] == len(lost) == 7
    assert moved["recall"]["low"] == pytest.approx(
        counts["tp"] / (counts["tp"] + counts["fn"] + harmful)
    )
    assert "재현율은" in page.split("판정하지 못한 항목")[1]


def test_statements_of_a_log(run, tmp_path, capsys):
    log = tmp_path / "a.decisions.jsonl"
    entry = {"id": "7b81", "time": "2026-03-01T10:00:00+00:00", "path": "a.jpg",
             "modality": "image", "probability": 0.9, "threshold": 0.5,
             "model_id": "m@0f"}  # fmt: skip
    lines = [entry | {"decision": "harmful"}, entry | {"decision": "safe"}]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    exported(run, "--log", str(log))
    made = (run / "dsa/statements.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(made) == 1
    assert "1 lack category" in capsys.readouterr().out


def refused(capsys, run, *more):
    assert cli.main(["export", str(run), *more]) == 2
    return capsys.readouterr().err


def test_what_can_not_be_exported_is_said(tmp_path, capsys):
    run = finished(tmp_path, models=("api", "open"))
    assert "name one with --model" in refused(capsys, run)
    assert "no model 'x'" in refused(capsys, run, "--model", "x")
    assert "there is no such log" in refused(capsys, run, "--log", str(tmp_path / "none"))
    (run / "scores.parquet").write_bytes((run / "manifest.parquet").read_bytes())
    assert "run it again to its end" in refused(capsys, run, "--model", "api")
    (run / "run.json").unlink()
    assert "no finished run" in refused(capsys, run)
