"""Runs of stub notebooks in a process of their own, for tests that end it in every way."""

import json
import os
import subprocess
import sys
import time

import nbformat
import psutil

RUNNER = """
import sys
from pathlib import Path
from harmlib.cli import main, run
from harmlib.workflow import execution, pipeline, run_pages, step_cache
from harmlib.workflow.steps import Step

folder, names = Path(sys.argv.pop(1)), sys.argv.pop(1)
execution.NOTEBOOKS = run.NOTEBOOKS = folder
pipeline.SIDE_BY_SIDE = {"stub": 2}
steps = [Step("stub", {"name": name}) for name in names]
pipeline.plan = run_pages.plan = step_cache.plan = lambda params: list(steps)
pipeline.write_report = lambda *_: None
run._may_begin = lambda _: True  # stubs have no media to look at
run._results = lambda _: "done"
sys.exit(main.main())
"""


class StubRun:
    """A folder with params and one notebook, which each of its steps executes."""

    def __init__(self, folder, *cells, names="a", **places):
        self.folder, self.names = folder, names
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        write_notebook(folder / "stub.ipynb", *cells)
        content = {"run": "r", "data": {"root": "."}}
        content |= {name: str(places.get(name, folder / name)) for name in ("reports", "artifacts")}
        self.params = folder / "params.yaml"
        self.params.write_text(json.dumps(content))

    def start(self, *arguments, stdout=subprocess.PIPE, **environment):
        program = [sys.executable, "-c", RUNNER, self.folder, self.names, "run", self.params]
        return subprocess.Popen(
            [*program, *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": str(self.folder / "tmp")} | environment,
        )

    def run(self, *arguments, **options):
        """Its status, and what it said in the end."""
        process = self.start(*arguments, **options)
        said = process.communicate(timeout=120)[1]
        return process.returncode, said

    def began(self):
        """The names of the steps whose cell `PID` has run."""
        return sorted(path.stem for path in self.folder.glob("?.pid"))

    def leftovers(self):
        """What only a process that still runs may have there."""
        found = [p for p in self.folder.rglob("*") if p.suffix in (".part", ".lock")]
        return found + list((self.folder / "tmp").iterdir())


def pid_cell(folder):
    """Code that tells which step has begun."""
    return (
        "import os, sys, time\nfrom pathlib import Path\n"
        f"Path({str(folder)!r}, name + '.pid').write_text(str(os.getpid()))"
    )


def write_notebook(path, *cells):
    codes = ('params_file: str = ""\nname: str = ""', *cells)
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    assert value, "it came to pass in time"
    return value


def family(process):
    """All processes that a process has started, and those have started."""
    return psutil.Process(process.pid).children(recursive=True)


def told(process):
    """What it said about its end."""
    return process.communicate(timeout=60)[1]


def alive(processes):
    def runs(process):
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return [process for process in processes if runs(process)]


def one_line(said):
    """The only line that was said; a traceback is none."""
    (line,) = said.splitlines()
    assert "Traceback" not in line
    return line
