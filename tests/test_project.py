"""The files around the library: notebooks, environments, scripts."""

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def code_cells(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_notebooks_are_numbered_without_gaps():
    """One report has three notebooks: of media, of scores, and of the counts of very many."""
    of_scores = ("05_scores", "05_shards")
    numbers = [int(path.name[:2]) for path in NOTEBOOKS if path.stem not in of_scores]
    assert numbers == list(range(len(NOTEBOOKS) - 2))


def test_notebook_is_stripped_with_stable_ids(notebook):
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", name) for name in ids), "ids are words, not hashes"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)


def test_notebook_defines_nothing(notebook):
    nodes = [node for source in code_cells(notebook) for node in ast.walk(ast.parse(source))]
    assert not [n for n in nodes if isinstance(n, (ast.FunctionDef, ast.ClassDef))]


def test_parameters_are_typed_and_commented(notebook):
    tagged = [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if "parameters" in cell["metadata"].get("tags", [])
    ]
    assert len(tagged) == 1
    assert all(
        re.fullmatch(r"\w+: (str|int|float|bool) = .+  # .+", line)
        for line in tagged[0].splitlines()
    )
    assert code_cells(notebook)[0] == tagged[0], "nothing runs before the parameters"
    working = next(cell for cell in code_cells(notebook)[1:] if not _only_imports(cell))
    assert "start(globals())" in working, "they are checked before anything else"


def _only_imports(cell):
    return all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.parse(cell).body)


def test_notebook_is_narrated_in_korean(notebook):
    cells = notebook["cells"]
    assert cells[0]["cell_type"] == "markdown"
    prose = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert len(re.findall("[가-힣]", prose)) > 100


def test_conda_environment_has_the_same_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, _, pip = conda["dependencies"]
    assert sorted(pip["pip"]) == sorted(project["dependencies"])
    assert python == "python" + project["requires-python"]


def test_lock_file_fits_the_project_and_names_public_hosts_only():
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = next(p for p in lock["package"] if p["name"] == project["name"])
    extras = [d for extra in project["optional-dependencies"].values() for d in extra]
    wanted = {re.split(r"[\[<>=!~]", d)[0].lower() for d in project["dependencies"] + extras}
    assert {d["name"] for d in own["metadata"]["requires-dist"]} == wanted
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text(encoding="utf-8")))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "neither a params file"),
        (
            ["params/no.yaml"],
            f"there is no params file '{ROOT}/params/no.yaml'; {ROOT}/params has: cluster",
        ),
    ],
)
def test_run_all_explains_a_wrong_argument(arguments, message):
    done = subprocess.run(
        [ROOT / "run_all.sh", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert message in done.stderr


def test_run_all_help_names_every_use():
    done = subprocess.run([ROOT / "run_all.sh", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("test", "lab", "lint", "params/demo.yaml"))


def test_what_is_listed_as_slow_exists():
    lines = (ROOT / "tests/slow.txt").read_text(encoding="utf-8").splitlines()
    listed = [line.partition("::") for line in lines if not line.startswith("#")]
    assert listed == sorted(set(listed))
    for file, _, name in listed:
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in text, f"{file}::{name}"
