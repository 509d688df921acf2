"""What people have set up for themselves doesn't reach a run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from harmlib.params import PROJECT_ROOT
from harmlib.workflow import kernels
from harmlib.workflow.surroundings import isolated

LOOK = """
import json, os, sys
import matplotlib
print(json.dumps({
    "fonts": matplotlib.rcParams["font.size"], "tex": matplotlib.rcParams["text.usetex"],
    "config": matplotlib.get_configdir(), "file": os.path.basename(json.__file__),
    "backend": matplotlib.get_backend(), "python": sys.executable, "cwd": os.getcwd(),
    "startup": "started" in globals(), "interactivity": get_ipython().ast_node_interactivity,
}))
1
2
"""


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A person's own settings, each of which would stop or change a notebook."""
    home, here, shared = (tmp_path / name for name in ("home", "here", "jupyter"))
    profile = home / ".ipython/profile_default"
    files = {
        profile / "startup/00.py": "started = 1",
        profile / "ipython_config.py": "c.InteractiveShell.ast_node_interactivity = 'all'\n"
        "c.InteractiveShellApp.exec_lines = ['started = 1', '1 / 0']",
        home / ".config/matplotlib/matplotlibrc": "text.usetex: True\nfont.size: 40",
        here / "json.py": "raise RuntimeError('shadow')",
        here / "matplotlibrc": b"text.usetex: True\n# \xff",
        tmp_path / "startup.py": "started = 1",
        shared / "kernels/python3/kernel.json": json.dumps(
            {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}
        ),
        shared / "nbconvert/templates/basic/index.html.j2": "somebody's template",
        shared / "nbconvert/templates/basic/conf.json": '{"base_template": "base"}',
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, value in {
        "HOME": home, "JUPYTER_PATH": shared, "MPLBACKEND": "module://nothing",
        "PYTHONSTARTUP": tmp_path / "startup.py", "PYTHONIOENCODING": "ascii", "LC_ALL": "C",
        "TMPDIR": "/nowhere", "PYTHONWARNINGS": "error::SyntaxWarning",
        "MATPLOTLIBRC": home / ".config/matplotlib/matplotlibrc",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("IPYTHONDIR", raising=False)
    monkeypatch.chdir(here)
    return tmp_path


RUNNER = """
import sys
from pathlib import Path
from harmlib.cli import main, run
from harmlib.workflow import execution, pipeline, run_pages, step_cache
from harmlib.workflow.steps import Step

execution.NOTEBOOKS = Path(sys.argv[1])
pipeline.plan = run_pages.plan = step_cache.plan = lambda params: [Step("look")]
pipeline.write_report = lambda *_: None
run._may_begin = lambda _: True  # there are no media to look at
run._results = lambda _: "done"
sys.exit(main.main(["run", sys.argv[2]]))
"""


@pytest.mark.skipif(not kernels.CAN_FORK, reason="elsewhere kernels start in the usual way")
def test_a_run_sees_nothing_of_it(hostile):
    folder = hostile / '한글 \'s "q" {x}'
    folder.mkdir()
    cells = [nbformat.v4.new_code_cell(text) for text in ('params_file: str = ""', LOOK)]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "look.ipynb")
    content = {"run": "시험", "reports": str(folder), "artifacts": str(folder / "a")}
    (folder / "params.yaml").write_text(json.dumps(content | {"data": {"root": "."}}), "utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUNNER, folder, folder / "params.yaml"],
        capture_output=True, text=True, encoding="utf-8", timeout=120,
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    executed = nbformat.read(folder / "시험/notebooks/look.ipynb", 4)
    printed, *others = executed.cells[-1].outputs
    assert [output.output_type for output in others] == ["execute_result"], "the last line alone"
    seen = json.loads(printed.text)
    assert "inline" in seen.pop("backend")
    assert seen == {
        "fonts": 10.0, "tex": False, "config": str(folder / "a/settings/matplotlib"),
        "file": "__init__.py", "python": sys.executable, "cwd": str(PROJECT_ROOT),
        "startup": False, "interactivity": "last_expr",
    }  # fmt: skip
    page = (folder / "시험/notebooks/look.html").read_text(encoding="utf-8")
    assert "somebody's template" not in page
    written = {path for path in (hostile / "home").rglob("*") if path.is_file()}
    assert written == hostile_files(hostile), "nothing is written to the home"


def hostile_files(folder):
    home = folder / "home"
    return {
        home / ".ipython/profile_default/startup/00.py",
        home / ".ipython/profile_default/ipython_config.py",
        home / ".config/matplotlib/matplotlibrc",
    }


@pytest.mark.parametrize("before", [None, "theirs"])
def test_afterwards_all_is_as_it_was(tmp_path, monkeypatch, before):
    names = ("MPLBACKEND", "IPYTHONDIR", "JUPYTER_PATH", "PYTHONUTF8")
    for name in names:
        if before is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, before)
    monkeypatch.chdir(tmp_path)
    environment = dict(os.environ)
    with isolated(tmp_path / "own"):
        assert os.environ["IPYTHONDIR"] == str(tmp_path / "own/ipython")
        assert not {"MPLBACKEND", "JUPYTER_PATH"} & set(os.environ)
        assert Path.cwd() == PROJECT_ROOT
    assert dict(os.environ) == environment
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [
        ({"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}, ["audit", "표.csv"]),
        ({"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}, ["run", "표.yaml"]),
        ({"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LANG": "C"}, ["audit", "a.csv"]),
    ],
)
def test_a_python_that_cannot_read_all_names_says_what_to_set(tmp_path, variables, arguments):
    done = command(tmp_path, variables, arguments)
    assert done.returncode == 2
    assert "set PYTHONUTF8=1 (or LC_ALL=C.UTF-8)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX"},
        {"LANG": "C"},
        {"LC_ALL": "xx_XX.nothing"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp949", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
)
def test_under_any_locale_korean_names_are_found_and_printed(tmp_path, variables):
    folder = tmp_path / "한글 é 😀"
    folder.mkdir()
    (folder / "표.csv").write_text("precision,recall,f1\n0.8000,0.8000,0.8000\n")
    done = command(folder, variables, ["audit", "표.csv"])
    assert (done.returncode, done.stderr) == (0, "")
    done = command(folder, variables, ["run", "설정😀.yaml"])
    assert done.returncode == 2
    assert "there is no such params file" in done.stderr
    assert "Traceback" not in done.stderr


def command(folder, variables, arguments):
    """`harmlib` in a folder, with these variables of locale and Python only."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-m", "harmlib.cli.main", *arguments],
        cwd=folder, capture_output=True, text=True, errors="replace", timeout=60,
        env=kept | {"PYTHONPATH": str(PROJECT_ROOT)} | variables,
    )  # fmt: skip
