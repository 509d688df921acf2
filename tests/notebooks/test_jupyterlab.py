"""The notebooks in a real JupyterLab: run from the menu, and 06_explore used by keyboard."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pandas as pd
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import TimeoutError

from harmlib.analysis.choice import choose
from harmlib.analysis.misclassified import instructive_errors
from harmlib.analysis.saved_scores import with_groups
from harmlib.analysis.thresholds import sweep
from harmlib.params import PROJECT_ROOT, load_params
from harmlib.workflow.run import Run

FOLDER = PROJECT_ROOT / "notebooks"
# 05_scores is for the params of a table of scores: see tests/workflow/test_scores_without_torch.py
NOTEBOOKS = [path for path in sorted(FOLDER.glob("0*.ipynb")) if path.stem != "05_scores"]
START_SEC, CELLS_SEC, ANSWER_SEC = 90, 180, 20  # to wait at most; a busy machine is slow
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
# Nothing while cells run; then the outputs that should not be there, and how many cells ran.
ENDED = """() => {
  const panel = jupyterapp.shell.currentWidget;
  const cells = [...panel.content.model.cells].filter((cell) => cell.type === "code");
  const bad = cells.flatMap((cell) => cell.outputs.toJSON()).filter(
    (output) => output.output_type === "error" || output.name === "stderr");
  const ran = cells.filter((cell) => cell.executionCount).length;
  return bad.length || (ran === cells.length && KERNEL_IS_IDLE) ? {bad, ran} : null;
}""".replace("KERNEL_IS_IDLE", IDLE)

# The kernel need not answer: the server ends with the module and takes it along.
SHUT_DOWN = """(most_ms) => Promise.race([
  jupyterapp.shell.currentWidget.sessionContext.shutdown(),
  new Promise((resolve) => setTimeout(resolve, most_ms)),
])"""


@pytest.fixture(scope="module")
def params(copied_run):
    return copied_run / "params.yaml"


@pytest.fixture(scope="module")
def notebooks(params, tmp_path_factory):
    """A folder with copies of the notebooks, which are for these params."""
    folder = tmp_path_factory.mktemp("notebooks")
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, 4)
        cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
        assert '"params/demo.yaml"' in cell.source
        cell.source = cell.source.replace("params/demo.yaml", str(params))
        nbformat.write(notebook, folder / path.name)
    return folder


@pytest.fixture(scope="module")
def server(notebooks, tmp_path_factory):
    """The address of a JupyterLab of our own over the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{n}_DIR": str(folder / n) for n in ("SETTINGS", "WORKSPACES")}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    options += ["--ServerApp.port_retries=0", "--IdentityProvider.token="]
    options += [f"--ServerApp.root_dir={notebooks}"]
    options += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=inherited | own | {"JUPYTER_PREFER_ENV_PATH": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for_server(process, address, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait(START_SEC)


def wait_for_server(process, address, log):
    end = time.monotonic() + START_SEC
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture
def run_notebook(browser, server):
    """run_notebook(name): its tab, and what `ENDED` found there after "Run All Cells".

    Nothing outside may be asked for.
    """
    tabs, problems = [], []

    def run_notebook(name):
        tab = browser.new_page(viewport={"width": 1400, "height": 1000})
        tabs.append(tab)
        near = (server, server.replace("http:", "ws:"), "data:", "blob:")
        tab.on("request", lambda r: r.url.startswith(near) or problems.append(r.url))
        tab.on("console", lambda m: m.type == "error" and problems.append(m.text))
        tab.on("pageerror", lambda e: problems.append(str(e)))
        tab.goto(f"{server}/lab/tree/{name}?reset")
        tab.wait_for_function(IDLE, timeout=START_SEC * 1000)
        tab.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
        tab.get_by_text("Run All Cells", exact=True).click()
        ended = tab.wait_for_function(ENDED, timeout=CELLS_SEC * 1000)
        return tab, ended.json_value()

    yield run_notebook
    found = list(problems)  # without those of a shutdown before JupyterLab has asked all it wants
    for tab in tabs:
        tab.evaluate(SHUT_DOWN, ANSWER_SEC * 1000)
        tab.close()
    assert not found


# 06_explore is worked with below; the small run's params ask for no study
APART = ("04_study", "06_explore")


@pytest.mark.parametrize("name", [p.name for p in NOTEBOOKS if p.stem not in APART])
def test_notebook_runs_from_top_to_bottom(run_notebook, name):
    _, ended = run_notebook(name)
    assert ended == {"bad": [], "ran": code_cells(name)}


def code_cells(name):
    notebook = nbformat.read(PROJECT_ROOT / "notebooks" / name, 4)
    return sum(cell.cell_type == "code" for cell in notebook.cells)


@pytest.mark.parametrize(
    ("source", "kind", "said", "most"),
    [
        ("1 / 0", "error", "ZeroDivisionError", 2),
        ("import warnings\nwarnings.warn('too few')", "stream", "too few", 3),
    ],
)
def test_a_cell_that_raises_or_warns_is_noticed(run_notebook, notebooks, source, kind, said, most):
    cells = [new_code_cell(text) for text in ("1", source, "2")]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, notebooks / f"{kind}.ipynb")
    _, ended = run_notebook(f"{kind}.ipynb")
    (output,) = ended["bad"]
    assert output["output_type"] == kind
    assert said in output.get("ename", output.get("text"))
    assert 1 <= ended["ran"] <= most, "nothing runs after an error"


class Lab:
    """06_explore in a tab, used as a person does who has no mouse."""

    def __init__(self, tab):
        self.tab = tab
        self.handle = tab.locator(".noUi-handle")
        self.handle.wait_for(timeout=ANSWER_SEC * 1000)

    def field(self, label):
        return self.tab.get_by_label(label, exact=True)

    def value(self, label):
        shown = "e => e.selectedOptions?.[0].text ?? e.value"
        return self.field(label).evaluate(shown).replace("\xa0", " ")

    def press(self, target, *keys):
        target.focus()
        for key in keys:
            self.tab.keyboard.press(key)

    def choose(self, label, wanted):
        """Arrow keys on a select until it shows `wanted`."""
        options = self.field(label).evaluate("e => [...e.options].map(o => o.text)")
        options = [text.replace("\xa0", " ") for text in options]
        steps = options.index(wanted) - options.index(self.value(label))
        self.press(self.field(label), *["ArrowDown" if steps > 0 else "ArrowUp"] * abs(steps))
        assert self.value(label) == wanted

    def wait_for_value(self, label, value):
        shown = self.field(label).element_handle()
        self.tab.wait_for_function(
            "([e, value]) => Math.abs(e.value - value) < 1e-12",
            arg=[shown, value],
            timeout=ANSWER_SEC * 1000,
        )

    def check_numbers(self, rows, threshold):
        """Table, matrix and charts show what the analysis says of `rows` at the threshold."""
        row = sweep(rows["label"], rows["probability"], [threshold]).iloc[0]
        assert row["tp"] + row["fp"] > 0, "the test needs a threshold above which something lies"
        rates = [f"{row[n]:.4f}" for n in ("precision", "recall", "f1", "flagged_share")]
        tp, fn, fp, tn = (str(int(row[n])) for n in ("tp", "fn", "fp", "tn"))
        for caption, start in {
            "검증 분할의 지표": ["지금의 선", *rates],
            "혼동 행렬": ["유해", tp, fn, "안전", fp, tn],
        }.items():
            self.tab.wait_for_function(
                """([caption, start]) => {
                  const table = [...document.querySelectorAll(".harm-lab table")].find(
                    (t) => t.caption.textContent.startsWith(caption));
                  const cells = [...table.tBodies[0].querySelectorAll("th, td")];
                  return start.every((text, i) => cells[i].textContent === text);
                }""",
                arg=[caption, start],
                timeout=ANSWER_SEC * 1000,
            )
        self.tab.wait_for_function(
            """(threshold) => [...document.querySelectorAll(".vega-embed .mark-rule line")].some(
              (rule) => Math.abs(rule.transform.baseVal[0].matrix.e / 330 - threshold) < 0.005)""",
            arg=threshold,
            timeout=ANSWER_SEC * 1000,
        )


def saved_rows(params, variant, epoch):
    run = Run(load_params(params))
    scored = with_groups(run.scores("video"), run.items("video"))
    own = {"variant": variant, "epoch": epoch, "split": "val"}
    return scored[(scored[list(own)] == pd.Series(own)).all(axis=1)]


def test_explore_follows_the_keyboard(run_notebook, params):
    tab, ended = run_notebook("06_explore.ipynb")
    assert ended == {"bad": [], "ran": code_cells("06_explore.ipynb")}
    lab = Lab(tab)
    rows = saved_rows(params, "model5", int(lab.value("Epoch")))

    lab.press(lab.handle, "Home", *["ArrowRight"] * 40)
    lab.wait_for_value("정확한 값", 0.04)  # no key was lost while Python was busy
    assert lab.value("목적") == "직접 옮김"
    lab.check_numbers(rows, 0.04)

    lab.choose("목적", "F1 최대")
    best = choose(rows["label"], rows["probability"], "f1").threshold
    lab.wait_for_value("정확한 값", best)
    lab.check_numbers(rows, best)
    lab.tab.wait_for_timeout(500)
    assert lab.value("목적") == "F1 최대", "the slider did not answer as if moved by hand"

    lab.choose("모델", "Model 2")
    rows = saved_rows(params, "model2", int(lab.value("Epoch")))
    lab.wait_for_value("정확한 값", choose(rows["label"], rows["probability"], "f1").threshold)

    field = lab.field("정확한 값")
    field.fill("0.25")
    field.press("Enter")
    lab.check_numbers(rows, 0.25)
    check_gallery(lab.tab, instructive_errors(rows, 0.25))


def press_until(button, shown):
    """Enter on a button; once more where JupyterLab took the focus back before the key came."""
    for _ in range(3):
        button.press("Enter")
        with contextlib.suppress(TimeoutError):
            shown.wait_for(timeout=ANSWER_SEC * 1000)
            return
    pytest.fail(f"nothing came of pressing {button} three times")


def check_gallery(tab, errors):
    """Every picture is veiled until its button is pressed, and veiled again by Escape."""
    assert len(errors), "the test needs a threshold with errors"
    buttons = tab.locator(".error-gallery figure button")
    press_until(tab.get_by_role("button", name="이 선의 오류 보기"), buttons.first)
    assert buttons.count() == len(errors)
    assert tab.locator(".error-gallery .clear").count() == 0
    press_until(buttons.first, tab.locator(".error-gallery .clear"))
    tab.keyboard.press("Escape")
    assert tab.locator(".error-gallery .clear").count() == 0


def test_explore_runs_with_plain_papermill_from_any_folder(params, tmp_path):
    out = tmp_path / "explored.ipynb"
    papermill.execute_notebook(
        str(PROJECT_ROOT / "notebooks" / "06_explore.ipynb"),
        str(out),
        parameters={"params_file": str(params), "modality": "image"},
        cwd=str(tmp_path),
        progress_bar=False,
    )
    outputs = [o for c in nbformat.read(out, 4).cells for o in c.get("outputs", [])]
    assert [o.get("name") for o in outputs] == ["stdout", None, "stdout"], "no warnings, no log"
    assert "application/vnd.jupyter.widget-view+json" in outputs[1]["data"]
    assert outputs[0]["text"].startswith("이미지 검증 항목")
    assert "model5: {threshold_rule: fixed, fixed_threshold: 0." in outputs[2]["text"]
