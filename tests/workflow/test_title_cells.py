"""Each step's title cell lists what it reads and writes, as the plan declares it."""

import json
import re

import pytest

from harmlib.params import PROJECT_ROOT, ThresholdRule, load_params, load_run_params
from harmlib.workflow.execution import source_notebook
from harmlib.workflow.paths import TRAINING_TABLES
from harmlib.workflow.steps import FOLD_TABLES, THRESHOLD_TABLES, LedgerRows, plan

# How a title names files: those of one kind at once, and what trainings keep as gathered.
PLACEHOLDERS = {"modality": "<종류>", "variant": "<모델>"}
GATHERED = {f"models/<모델>/<종류>_{kind}.parquet": f"{kind}.parquet" for kind in TRAINING_TABLES}
STEPS = ("00_data", "01_extract_features", "02_train", "03_thresholds", "05_report")
RULE = {"thresholds": [0.5], "threshold_rule": "exact_f1"}
FILE = re.compile(r"`([^`]+\.(?:parquet|csv|json|pth))`")


def declared(notebook, what):
    """Names of the files of all steps of a notebook, with placeholders; drawings left out."""
    params = load_params(PROJECT_ROOT / "params/demo.yaml")
    names = set()
    for step in plan(params):
        for name in getattr(step, what) if step.notebook == notebook else ():
            if isinstance(name, LedgerRows):
                name = "ledger.csv"
            for variant in params.variants:
                name = name.replace(f"/{variant}/", f"/{PLACEHOLDERS['variant']}/")
            for modality in params.modalities:
                name = re.sub(rf"(?<=[/_]){modality}(?=[._])", PLACEHOLDERS["modality"], name)
            names.add(GATHERED.get(name, name))
    return names


def listed(notebook, heading):
    cells = json.loads(source_notebook(notebook).read_text(encoding="utf-8"))["cells"]
    text = "".join(cells[0]["source"])
    (line,) = re.findall(rf"^.*\*\*{heading}:\*\*.*$", text, flags=re.MULTILINE)
    return line


@pytest.mark.parametrize("notebook", STEPS)
@pytest.mark.parametrize(("what", "heading"), [("reads", "읽는 것"), ("writes", "쓰는 것")])
def test_the_title_cell_lists_what_the_step_reads_and_writes(notebook, what, heading):
    line = listed(notebook, heading)
    names = {name for name in FILE.findall(line) if not name.startswith("artifacts/")}
    expected = declared(notebook, what)
    assert names == {name for name in expected if not name.startswith("figures/")}
    if what == "writes":
        assert ("그림" in line) == any(name.startswith("figures/") for name in expected)


def test_the_title_cell_of_a_report_of_scores():
    """Its sections have their own placeholder; what 03_thresholds wrote is told in words."""
    table = load_run_params(PROJECT_ROOT / "params/scores.yaml")
    found = {"modalities": ["one"], "variants": {"api": ThresholdRule(**RULE)}, "folds": 2}
    (step,) = (s for s in plan(table.model_copy(update=found)) if s.notebook == "05_scores")
    for names, heading in (
        (step.reads, "읽는 것"),
        ((*step.writes, *step.may_write), "쓰는 것"),
    ):
        told = {
            "ledger.csv" if isinstance(name, LedgerRows) else name.replace("_one.", "_<절>.")
            for name in names
        }
        told = {re.sub(r"^models/api/one_(\w+\.parquet)$", r"\1", name) for name in told}
        thresholds = {f"tables/{kind}_<절>.csv" for kind in (*THRESHOLD_TABLES, *FOLD_TABLES)}
        figures = {name for name in told if name.startswith("figures/")}
        told -= figures | (thresholds if heading == "읽는 것" else set()) | {"history.parquet"}
        assert set(FILE.findall(listed("05_scores", heading))) == told


def test_the_title_cell_of_a_report_of_counts():
    table = load_run_params(PROJECT_ROOT / "params/scores.yaml")
    found = {"modalities": ["one"], "variants": {"api": ThresholdRule(**RULE)}, "counted": True}
    (step,) = plan(table.model_copy(update=found))
    assert step.notebook == "05_shards"
    for names, heading in ((step.reads, "읽는 것"), (step.writes, "쓰는 것")):
        told = {name.replace("_one.", "_<절>.") for name in names}
        told -= {name for name in told if name.startswith("figures/")}
        assert set(FILE.findall(listed("05_shards", heading))) == told


@pytest.mark.parametrize("notebook", ["06_explore", "07_predict"])
def test_what_notebooks_beside_the_steps_read_is_written_by_a_step(notebook):
    written = set().union(*(declared(step, "writes") for step in STEPS))
    names = set(FILE.findall(listed(notebook, "읽는 것")))
    assert names
    assert names <= written
