"""The worked examples of docs/own-scores.md: their Python runs, their tables are brought in."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
import yaml

from harmlib.analysis.own_scores.columns import ALIASES
from harmlib.cli.analyse import pairs
from harmlib.cli.options import parser
from harmlib.params import ScoresParams, load_run_params
from harmlib.workflow.own_scores import bring_in

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/own-scores.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which all Python of the document was run, and where its paths exist."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "docs").symlink_to(ROOT / "docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for source in blocks("python"):
            exec(compile(source, "own-scores.md", "exec"), {"__name__": "example"})
    return folder


def brought(folder, tmp_path, content):
    places = {"reports": str(tmp_path / "reports"), "artifacts": str(tmp_path / "artifacts")}
    file = tmp_path / "params.yaml"
    known = {"run": "x"} | content | places | {"scores": str(folder / content["scores"])}
    file.write_text(yaml.safe_dump(known, allow_unicode=True), encoding="utf-8")
    return bring_in(load_run_params(file))


def analysed(folder, tmp_path, line):
    options = parser().parse_args(shlex.split(line)[1:])
    given = {"columns": pairs(options.column, "--column"), "scale": options.scale}
    content = {name: value for name, value in given.items() if value}
    return brought(folder, tmp_path, {"scores": str(options.scores), **content})


LINES = [
    line
    for block in blocks("bash")
    for line in block.splitlines()
    if line.startswith("harmlib analyse") and ".csv" in line  # test_score_shards.py has shards
]


def test_every_example_is_there():
    assert len(LINES) == 3


@pytest.mark.parametrize("line", LINES)
def test_a_table_is_read(line, folder, tmp_path):
    params = analysed(folder, tmp_path, line)
    assert params.folds == 2
    assert params.modalities == ["all"]


@pytest.mark.parametrize("source", [text for text in blocks("yaml") if ".csv" in text])
def test_params(source, folder, tmp_path):
    params = brought(folder, tmp_path, yaml.safe_load(source))
    assert params.variants


def test_the_committed_params(tmp_path):
    content = yaml.safe_load((ROOT / "params/scores.yaml").read_text(encoding="utf-8"))
    params = brought(ROOT, tmp_path, content)
    assert list(params.variants) == ["model4", "model5"]
    assert isinstance(params, ScoresParams)


def test_a_published_table_comes_back_as_its_counts(folder):
    bins = pd.read_csv(folder / "published-counts.csv")
    for threshold, tp, fp in ((0.3, 95, 60), (0.5, 80, 25), (0.7, 60, 8)):
        above = bins[bins["score"] > threshold].groupby("label")["count"].sum()
        assert above.to_dict() == {"harmful": tp, "safe": fp}
    assert bins["count"].sum() == 300


def test_levels_stay_levels(folder, tmp_path):
    line = next(line for line in LINES if "levels.csv" in line)
    params = analysed(folder, tmp_path, line)
    models = pd.read_csv(params.run_dir / "tables/models.csv", encoding="utf-8-sig")
    assert models[["scale", "levels"]].values.tolist() == [["levels", "0 2 4 6"]]


def test_the_document_has_every_name_of_a_column():
    for role, names in ALIASES.items():
        assert f"| {role} | {', '.join(f'`{name}`' for name in names)} |" in TEXT


def test_the_example_holds_no_folders():
    table = pd.read_csv(ROOT / "docs/examples/two-detectors.csv")
    assert not table["item"].str.contains(r"^/|\.\.|^[A-Za-z]:").any()
    assert len(table) == 1963
