"""Every example in the documents is executed: Python runs, params load, commands answer."""

import csv
import itertools
import json
import re
import shlex
import shutil
import textwrap
from pathlib import Path

import pytest
import yaml

from harmlib.cli import init
from harmlib.cli import main as cli
from harmlib.cli.options import parser
from harmlib.params import load_params

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "README.ko.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.M | re.S)
# From here on another test, which is named there, executes what a document shows.
ELSEWHERE = "<!-- tests/"
RUN_ALL = {"test", "lint", "lab", "docs", "package"}
# They need somebody's table of scores, or a run with policies: their own tests run them.
OF_SCORES = {"analyse", "sample", "estimate", "export"}
INITIALISED = {"my_media"}  # `harmlib init` writes these params
# Commands of other tools: what is checked is that the files that they name are there.
OTHERS = {"source", "papermill", "pip", "python", "conda", "pre-commit", "mutmut"}
VARIABLE = re.compile(r"[A-Z_]+=")


def examples(document):
    """(language, source) of each block."""
    text = document.read_text(encoding="utf-8").split(ELSEWHERE)[0]
    return [(match[2], textwrap.dedent(match[3])) for match in BLOCK.finditer(text)]


def blocks(language):
    return [
        pytest.param(document, source, id=f"{document.stem}-{number}")
        for document in DOCUMENTS
        for number, (used, source) in enumerate(examples(document))
        if used == language
    ]


def commands():
    """Each command line once, with the document that shows it first."""
    seen = {}
    for document, text in (block.values for block in blocks("bash")):
        for line in text.splitlines():
            command = line.split("#")[0].strip()
            if command:
                seen.setdefault(command, document.stem)
    return [pytest.param(command, id=f"{stem}: {command}") for command, stem in seen.items()]


def test_the_documents_have_examples():
    assert len(blocks("python")) >= 3
    assert len(blocks("yaml")) >= 5
    assert len(commands()) >= 10
    known = {"python", "yaml", "bash", "csv", "json", "toctree"}
    used = {match[2] for d in DOCUMENTS for match in BLOCK.finditer(d.read_text(encoding="utf-8"))}
    assert used <= known, "a block in another language would go untested"


@pytest.fixture(scope="module")
def folder(small_run, small_folder, tmp_path_factory):
    """A folder in which the documents' paths exist: two runs, files to score, printed figures."""
    folder = tmp_path_factory.mktemp("documents")
    for name in ("demo", "real"):
        shutil.copytree(small_run, folder / "reports" / name)
    shutil.copytree(small_folder / "media", folder / "uploads")
    shutil.copytree(small_folder / "media", folder / "my_media")
    shutil.copytree(ROOT / "params", folder / "params")  # a copy: `init` writes there
    (folder / "notebooks").symlink_to(ROOT / "notebooks")
    rows = [("precision", "recall", "f1"), ("0.7281", "1.0000", "0.8426")]
    with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.mark.parametrize(("document", "source"), blocks("python"))
def test_python(document, source, folder, monkeypatch):
    monkeypatch.chdir(folder)
    exec(compile(source, str(document), "exec"), {"__name__": "example"})  # fails by raising


@pytest.mark.parametrize(("document", "source"), blocks("yaml"))
def test_params(document, source, tmp_path):
    content = {"run": "x", "data": {"root": "."}} | yaml.safe_load(source)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    params = load_params(path)
    assert params.run == content["run"], document


@pytest.mark.parametrize(("document", "source"), blocks("csv"))
def test_csv(document, source):
    header, *rows = csv.reader(source.splitlines())
    assert set(header) <= {"path", "label", "group", "split", "category"}, document
    assert rows
    assert all(len(row) == len(header) for row in rows)


@pytest.mark.parametrize(("document", "source"), blocks("json"))
def test_json(document, source):
    assert json.loads(source), document


@pytest.mark.parametrize("command", commands())
def test_command(command, folder, monkeypatch, capsys):
    program, *arguments = itertools.dropwhile(VARIABLE.match, shlex.split(command))
    if program == "./run_all.sh":
        first = arguments[0] if arguments else "params/demo.yaml"
        assert first in RUN_ALL or first.endswith(".yaml")
    elif program == "harmlib":
        monkeypatch.chdir(folder)
        monkeypatch.setattr(init, "PROJECT_ROOT", folder)  # its params, not the checkout's
        options = parser().parse_args(arguments)
        if arguments[0] == "run":
            assert options.params.stem in INITIALISED or (folder / options.params).exists()
            return
        if arguments[0] in OF_SCORES or getattr(options, "policy", None):
            return
        if any("://" in argument for argument in arguments):
            return  # tests/predict/test_object_store.py has a store to ask
        assert cli.main(_with_what_is_there(arguments, folder)) in (0, 1), capsys.readouterr().err
    else:
        assert program in OTHERS
        named = [a for a in arguments if a.endswith((".py", ".ipynb")) and a != "out.ipynb"]
        assert all((ROOT / name).exists() for name in named)


def _with_what_is_there(arguments, folder):
    """The arguments, with the id of a decision that this folder's log holds; makes the scores."""
    scores = folder / "scores.csv"
    if not scores.exists() and arguments[0] != "audit":
        model = str(folder / "reports/demo/models/model4")
        assert cli.main(["predict", model, str(folder / "uploads"), "--out", str(scores)]) in (0, 1)
    if arguments[0] in ("compare", "bundle"):  # names are looked up below the checkout's reports
        return [arguments[0], *(str(folder / "reports" / name) for name in arguments[1:])]
    if arguments[0] != "explain":
        return arguments
    log = (folder / "scores.decisions.jsonl").read_text(encoding="utf-8")
    known = json.loads(log.splitlines()[0])["id"]
    return [known if re.fullmatch("[0-9a-f]{12}", a) else a for a in arguments]
