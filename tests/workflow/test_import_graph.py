"""What code can reach, read from its text, against what is imported when it runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harmlib.workflow import import_graph
from harmlib.workflow.execution import NOTEBOOKS
from harmlib.workflow.import_graph import ImportGraph, installed_version, notebook_code
from harmlib.workflow.preload import NOT_AHEAD, preload

STEPS = [NOTEBOOKS / f"{path.stem}.ipynb" for path in sorted(NOTEBOOKS.glob("0[0-4]*.ipynb"))]


@pytest.fixture(scope="module")
def graph():
    return ImportGraph()


@pytest.fixture
def package(tmp_path):
    """A package `small` whose files a test writes."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / "small" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return ImportGraph(tmp_path / "small")

    return write


FILES = {
    "__init__.py": 'HOMES = {"shown": "small.face"}\n',
    "face.py": "",
    "a/__init__.py": "",
    "a/one.py": "import small.b.two\nfrom numpy import linalg\n",
    "b/__init__.py": "from small.c import three\n",
    "b/two.py": "",
    "c/__init__.py": "",
    "c/three.py": "",
    "c/four.py": "",
}


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import json", set()),
        ("import small.c.four", {"c", "c.four"}),
        ("from small.c import four", {"c", "c.four"}),
        ("from small.c.four import anything", {"c", "c.four"}),
        ("from small.c.four import one, two", {"c", "c.four"}),
        ("import small.a.one", {"a", "a.one", "b", "b.two", "c", "c.three"}),
        ("def f():\n    import small.c.four", {"c", "c.four"}),
        ("import typing\nif typing.TYPE_CHECKING:\n    import small.c.four", {"c", "c.four"}),
        ("if TYPE_CHECKING:\n    import small.c.four\nelse:\n    import small.b.two",
         {"b", "b.two", "c", "c.three"}),
        ("x = {'k': 'small.c.four'}", {"c", "c.four"}),
        ("x = 'small'", set()),
        ("x = 'small.c.fourth'", set()),
        ("from small import shown", {"face"}),
        ("import small", {"face"}),
    ],
)  # fmt: skip
def test_what_code_reaches(package, code, modules):
    reach = package(FILES).reach(code)
    assert reach.modules == {f"small.{name}" for name in modules} | (
        {"small"} if modules else set()
    )


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import small.c.four", {"c", "c.four"}),
        ("def f():\n    import small.c.four", set()),
        ("class A:\n    import small.c.four", {"c", "c.four"}),
        ("x = 'small.c.four'", set()),
        ("import small.a.one", {"a", "a.one", "b", "b.two", "c", "c.three"}),
    ],
)
def test_what_is_imported_at_once(package, code, modules):
    reach = package(FILES).reach(code, lazy=False)
    assert reach.modules == {f"small.{name}" for name in modules} | (
        {"small"} if modules else set()
    )


@pytest.mark.parametrize(
    ("code", "others"),
    [
        ("import os.path, numpy as np", {"numpy"}),
        ("from torch.nn import Linear", {"torch.nn.Linear"}),
        ("import importlib\nimportlib.import_module('av')", {"av"}),
        ("from importlib.util import find_spec\nfind_spec('av')", {"av"}),
        ("import small.a.one", {"numpy.linalg"}),
    ],
)
def test_names_of_other_packages(package, code, others):
    assert package(FILES).reach(code).others == others


def test_data_files_of_a_module_carry_its_name_or_stand_in_its_code(package):
    files = {"page/explorer.py": "", "page/frame.py": "X = 'page.css'", "page/explorer.js": "",
             "page/page.css": "", "page/other.css": "", "page.css": ""}  # fmt: skip
    graph = package(FILES | files | {"page/__init__.py": ""})
    for name, found in (("explorer", ["explorer.js"]), ("frame", ["page.css"])):
        reach = graph.reach(f"import small.page.{name}")
        assert [file.name for file in reach.files] == found
        assert all(file.parent.name == "page" for file in reach.files)


def test_relative_imports_are_refused(package):
    with pytest.raises(AssertionError, match="write the full name"):
        package({"__init__.py": "", "a.py": "from . import b", "b.py": ""}).reach("import small.a")


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("x = 1\n", "x = 1  # why\n\n\n", True),
        ("x = 1\n", "# why\nx = (\n    1\n)\n", True),
        ('def f():\n    "old"\n    return 1\n', "def f():\n    return 1\n", True),
        ('class A:\n    """old"""\n    x = 1\n', 'class A:\n    """new"""\n    x = 1\n', True),
        ('"""old"""\n', '"""new"""\n', True),
        ("x = 1\n", "x = 2\n", False),
        ("x = 'a'\n", "x = 'b'\n", False),
        ("def f():\n    return 'a'\n", "def f():\n    return 'b'\n", False),
        ("x = 1\n", "y = 1\n", False),
        ("x: int = 1\n", "x: float = 1\n", False),
    ],
)
def test_comments_and_docstrings_do_not_count(package, old, new, same):
    digests = set()
    for text in (old, new):
        graph = package({"__init__.py": "", "a.py": text})
        digests.add(graph.digest(graph.reach("import small.a")))
    assert len(digests) == (1 if same else 2)


def test_versions_of_other_packages_count(package, monkeypatch):
    graph = package(FILES)
    reached, apart = graph.reach("import small.a.one"), graph.reach("import small.c.four")
    before = graph.digest(reached), graph.digest(apart)
    monkeypatch.setattr(import_graph, "version", lambda name: f"another {name}")
    assert graph.digest(reached) != before[0]
    assert graph.digest(apart) == before[1]


# The package itself


def test_every_other_package_has_a_version(graph):
    everything = graph.reach("\n".join(f"import {name}" for name in graph.modules))
    assert set(graph.modules) == everything.modules
    packages = {name.partition(".")[0] for name in everything.others}
    assert {"torch", "sklearn"} <= packages
    optional = {"pillow_heif"}  # where it is installed later, steps that decode run again
    assert optional <= packages
    assert {name for name in packages if installed_version(name) is None} <= optional


def test_every_data_file_is_reached(graph):
    files = {
        path
        for path in graph.package.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    everything = graph.reach("\n".join(f"import {name}" for name in graph.modules))
    assert files == everything.files


def test_no_code_reads_docstrings(graph):
    for name, module in graph.modules.items():
        text = module.path.read_text(encoding="utf-8")
        assert "__doc__" not in text, f"{name}: docstrings are left out of the digests"


def test_who_imports_by_name_has_the_names_in_its_code(graph):
    """Else the graph would not follow them. What the kernels import ahead decides nothing."""
    users = {n for n, m in graph.modules.items() if "import_module(" in m.path.read_text("utf-8")}
    known = {
        "harmlib": ["harmlib.predict", "harmlib.analysis.choice"],
        "harmlib.features.backbones": [
            f"harmlib.features.{n}" for n in ("clip", "yolo", "slowfast", "motion")
        ],
        "harmlib.media.decode": [],  # a package of others, named in the test above
        "harmlib.features.yolo_file": [],  # classes of Ultralytics and torch
        "harmlib.workflow.kernel_server": [],
    }
    assert users == set(known)
    for user, names in known.items():
        assert graph.reach(f"import {user}").modules >= set(names)


LOADED = """
import json, sys
exec(sys.argv[1])
print(json.dumps(sorted(name for name in sys.modules if name.split(".")[0] == "harmlib")))
"""


def test_the_graph_tells_what_notebooks_load(graph):
    """Their import statements are executed; what is loaded then is what the graph follows."""
    lines = [
        line
        for path in STEPS
        for line in _statements(notebook_code(path))
        if line.startswith(("import ", "from "))
    ]
    code = "\n".join(lines)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, code], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert loaded == graph.reach(code, lazy=False).modules
    assert loaded <= graph.reach(code).modules


def _statements(code):
    import ast

    return [ast.unparse(node) for node in ast.parse(code).body]


# What kernels import ahead


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.stem)
def test_kernels_are_warmed_with_what_their_notebook_imports(graph, path):
    ahead = preload(path, graph)
    assert "harmlib.workflow.notebook" in ahead
    assert "pyarrow.parquet" in ahead
    assert ("torch._dynamo" in ahead) == (path.stem in ("02_train", "04_study"))
    for name in ahead:
        reached = graph.reach(f"import {name}", lazy=False).others
        assert not [n for n in reached for banned in NOT_AHEAD if f"{n}.".startswith(f"{banned}.")]


def test_a_module_that_must_not_load_ahead_is_left_out(package, tmp_path):
    graph = package(FILES | {"draws.py": "import matplotlib.pyplot as plt\n",
                             "later.py": "def f():\n    import openvino\n"})  # fmt: skip
    code = "import small.draws, small.later\nfrom small.c import four\nfrom small.a.one import x"
    notebook = tmp_path / "n.ipynb"
    cells = [{"cell_type": "code", "source": code}, {"cell_type": "markdown", "source": "# t"}]
    notebook.write_text(json.dumps({"cells": cells}))
    assert preload(notebook, graph)[3:] == ["small.later", "small.c.four", "small.a.one"]


def test_what_is_kept_spares_parsing_and_says_the_same(package, tmp_path, monkeypatch):
    graph, kept = package(FILES), tmp_path / "kept.json"
    code = "import small.a.one"
    reach = graph.reach(code)
    first = ImportGraph(graph.package, kept)
    assert (first.reach(code), first.digest(reach)) == (reach, graph.digest(reach))
    first.keep()
    (graph.package / "c/four.py").write_text("import small.face")
    parsed, parse = [], import_graph.ast.parse
    monkeypatch.setattr(import_graph.ast, "parse", lambda text: parsed.append(text) or parse(text))
    again = ImportGraph(graph.package, kept)
    assert (again.reach(code), again.digest(reach)) == (reach, graph.digest(reach))
    assert parsed == [code]
    again.reach("import small.c.four")
    assert "import small.face" in parsed, "a changed module is read"


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_text(file.read_text().replace("numpy", "mumpy")),
        lambda file: file.write_bytes(file.read_bytes()[:-9]),
        lambda file: file.write_bytes(b"\xff\xfe"),
        lambda file: file.write_text(""),
        Path.unlink,
    ],
)
def test_what_is_kept_and_damaged_is_made_anew(package, tmp_path, damage):
    graph, kept = package(FILES), tmp_path / "kept.json"
    code = "import small.a.one"
    first = ImportGraph(graph.package, kept)
    reach = first.reach(code)
    first.keep()
    whole = kept.read_bytes()
    damage(kept)
    second = ImportGraph(graph.package, kept)
    assert second.reach(code) == reach
    second.keep()
    assert kept.read_bytes() == whole


def test_another_reader_reads_anew(package, tmp_path, monkeypatch):
    graph, kept = package(FILES), tmp_path / "kept.json"
    first = ImportGraph(graph.package, kept)
    first.reach("import small.a.one")
    first.keep()
    monkeypatch.setattr(import_graph.platform, "python_version", lambda: "3.99.0")
    assert not import_graph._read_kept(kept)
