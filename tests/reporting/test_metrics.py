"""`metrics.json`: its content, its schema, and what is refused."""

import json
import math
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from harmlib.analysis.operating_points import compare_on_test, operating_points
from harmlib.params.finding_codes import FINDING_KINDS
from harmlib.reporting import metrics
from harmlib.reporting.metrics import MetricsError, metrics_document, read_metrics, schema_text

ROOT = Path(__file__).parent.parent.parent


FIXED = {"model2": 0.5, "model4": 0.45}  # where each model operates


def make_tables(test_labels=(1, 1, 0, 0)):
    """Two models that score 4 validation and 4 test items at 2 epochs."""
    rows = [
        {"variant": variant, "split": split, "epoch": epoch, "label": label,
         "probability": [0.9, 0.6, 0.7, 0.2][i] - shift * epoch / 10}
        for variant, shift in (("model2", 0), ("model4", 1))
        for epoch in (1, 2)
        for split, labels in (("val", (1, 1, 0, 0)), ("test", test_labels))
        for i, label in enumerate(labels)
    ]  # fmt: skip
    scores = pd.DataFrame(rows)
    points = pd.concat(
        {
            variant: operating_points(own[own["split"] == "val"], [0.3, 0.5], FIXED[variant])
            for variant, own in scores.groupby("variant")
        },
        names=["variant"],
    ).reset_index("variant")
    test = compare_on_test(scores, points)
    names = ("precision", "recall", "f1", "specificity", "average_precision")
    intervals = pd.DataFrame(
        [(n, 0.5, 0.25, 0.75, v) for v in ("model2", "model4") for n in names],
        columns=["metric", "value", "low", "high", "variant"],
    )
    return {"video": test}, {"video": points}, {"video": intervals}


def document(**changes):
    return metrics_document("small", *make_tables(**changes))


def test_each_figure_is_that_of_its_table():
    tests, points, intervals = make_tables()
    intervals["video"].loc[intervals["video"]["metric"] == "f1", "low"] = [0.1, 0.2]
    found = metrics_document("small", tests, points, intervals)
    assert found["schema_version"] == 2
    assert found["run"] == "small"
    models = found["modalities"]["video"]
    assert list(models) == ["model2", "model4", "baseline"]
    chosen = points["video"][points["video"]["chosen"]].set_index("variant")
    for row in tests["video"].to_dict("records"):
        entry = models[row["variant"]]
        assert entry["test"] == {name: row[name] for name in entry["test"]}
        assert sum(entry["test"][name] for name in ("tp", "fp", "fn", "tn")) == 4
        if row["variant"] != "baseline":
            point = chosen.loc[row["variant"]]
            assert entry["epoch"] == point["epoch"]
            assert entry["operating_threshold"] == point["threshold"]
            assert entry["validation"] == {name: point[name] for name in entry["validation"]}
    assert models["model2"]["test_intervals"]["f1"] == {"low": 0.1, "high": 0.75}
    assert models["model4"]["test_intervals"]["f1"] == {"low": 0.2, "high": 0.75}
    assert list(models["baseline"]) == ["test"]


def test_what_does_not_exist_is_null():
    found = document(test_labels=(0, 0, 0, 0))
    test = found["modalities"]["video"]["model2"]["test"]
    assert test["n"] == 4
    assert test["roc_auc"] is None
    assert test["average_precision"] is None
    tests, points, intervals = make_tables()
    intervals["video"][["low", "high"]] = math.nan
    found = metrics_document("small", tests, points, intervals)
    assert found["modalities"]["video"]["model4"]["test_intervals"]["recall"] is None
    json.dumps(found, allow_nan=False)


def test_it_reads_back_as_written(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(document(), allow_nan=False), encoding="utf-8")
    assert read_metrics(path) == document()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("schema_version"), "schema_version: Field required.*run again"),
        (lambda d: d.update(schema_version=3), "schema_version: Input should be 2"),
        (lambda d: d.update(extra=1), "extra: Extra inputs"),
        (lambda d: d.update(run=""), "run: String should have at least 1"),
        (lambda d: d["modalities"].update(audio={"x": {}}), "modalities.audio"),
        (
            lambda d: model(d).update(operating_threshold=1.5),
            "operating_threshold: Input should be less than",
        ),
        (lambda d: model(d).update(epoch="2"), "epoch: Input should be a valid integer"),
        (lambda d: model(d)["test"].update(n=0), "test.n: Input should be greater"),
        (lambda d: model(d)["test"].pop("tp"), "test.tp: Field required"),
        (lambda d: model(d)["test_intervals"]["f1"].pop("low"), "f1.low: Field required"),
    ],
)
def test_a_document_of_another_shape_is_refused(tmp_path, change, message):
    content = document()
    change(content)
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(MetricsError, match=message):
        read_metrics(path)


def test_a_document_of_version_1_says_to_run_it_again(tmp_path):
    content = document() | {"schema_version": 1}
    model(content)["threshold"] = model(content).pop("operating_threshold")
    models = content["modalities"]["video"]
    models["trivial"] = models.pop("baseline")
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(MetricsError, match=r"Expected schema version 2 .* must be run again"):
        read_metrics(path)


def model(content):
    return content["modalities"]["video"]["model2"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_a_damaged_file_is_named(tmp_path, text):
    path = tmp_path / "metrics.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MetricsError, match=r"metrics\.json"):
        read_metrics(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MetricsError, match="there is no such file; finish that run first"):
        read_metrics(tmp_path / "metrics.json")


def test_a_run_cannot_write_what_the_schema_forbids():
    tests, points, intervals = make_tables()
    intervals["video"]["high"] = 1.2
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        metrics_document("small", tests, points, intervals)


def test_the_committed_schema_is_that_of_the_models():
    committed = (ROOT / "docs" / "metrics.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "write schema_text() to docs/metrics.schema.json again"


def test_every_field_of_the_schema_says_what_it_means():
    schema = json.loads(schema_text())
    for name, section in {"Metrics": schema, **schema["$defs"]}.items():
        assert section["description"], name
        assert section["additionalProperties"] is False, name
        for field, about in section["properties"].items():
            assert "description" in about or "$ref" in about, f"{name}.{field}"


def test_the_documentation_names_every_part_of_a_model():
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for name in (*metrics.Metrics.model_fields, *metrics.ModelFigures.model_fields, "baseline"):
        assert name in text


FINDING = {
    "code": "HL001",
    "severity": "error",
    "section": "video",
    "sentence": "a",
    "muted": False,
}


def test_findings_are_listed_and_an_older_file_says_nothing_of_them(tmp_path):
    content = metrics_document("small", *make_tables(), findings=[FINDING])
    assert content["findings"] == [FINDING]
    assert document()["findings"] == []
    del content["findings"]
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_metrics(path)["findings"] is None


@pytest.mark.parametrize(
    "change", [{"code": "001"}, {"severity": "bad"}, {"muted": 1}, {"sentence": ""}]
)
def test_a_finding_of_another_shape_is_refused(change):
    with pytest.raises(ValidationError, match=f"findings.0.{next(iter(change))}"):
        metrics_document("small", *make_tables(), findings=[FINDING | change])


@pytest.mark.parametrize(
    ("change", "status"), [({}, 1), ({"muted": True}, 0), ({"severity": "warning"}, 0)]
)
def test_the_documented_command_fails_on_an_error(tmp_path, change, status):
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"```bash\n(python -c .*?)\n```", text, flags=re.DOTALL)
    folder = tmp_path / "reports/demo"
    folder.mkdir(parents=True)
    content = metrics_document("demo", *make_tables(), findings=[FINDING | change])
    (folder / "metrics.json").write_text(json.dumps(content), encoding="utf-8")
    command = command.replace("python", shlex.quote(sys.executable), 1)
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert ("HL001" in done.stdout) == bool(status)


def test_the_document_lists_every_code():
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    for code, kind in FINDING_KINDS.items():
        assert f"| `{code}` | {kind.severity} | {kind.meaning} |" in text
