"""Running notebooks in a real JupyterLab: how long to wait, what to look at, how to press keys."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from playwright.sync_api import TimeoutError

from harmlib.analysis.thresholds import sweep
from harmlib.params import PROJECT_ROOT
from harmlib.reporting.lab.charts import SIDE

FOLDER = PROJECT_ROOT / "notebooks"
# These two are for the params of a table of scores: see tests/workflow/test_scores_without_torch.py
# and test_score_shards.py
OF_SCORES = ("05_scores", "05_shards")
NOTEBOOKS = [path for path in sorted(FOLDER.glob("0*.ipynb")) if path.stem not in OF_SCORES]
START_SEC, CELLS_SEC, ANSWER_SEC = 90, 180, 20  # to wait at most; a busy machine is slow
STILL_SEC = 2  # in which a drag sends more, if more is to come
IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
# As the script starts it, so that this is what a person gets.
SAVING = re.search(r"--ContentsManager[^ ]+", (PROJECT_ROOT / "run_all.sh").read_text())[0]
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


def wait_for_server(process, address, log):
    end = time.monotonic() + START_SEC
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


@contextlib.contextmanager
def jupyterlab(root, folder):
    """The address of a JupyterLab of our own over `root`, saving as that of `./run_all.sh lab`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{n}_DIR": str(folder / n) for n in ("SETTINGS", "WORKSPACES")}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    options += ["--ServerApp.port_retries=0", "--IdentityProvider.token="]
    options += [f"--ServerApp.root_dir={root}", SAVING]
    options += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    options += [
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
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


def git(folder, *words):
    own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *own, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def code_cells(name):
    notebook = nbformat.read(FOLDER / name, 4)
    return sum(cell.cell_type == "code" for cell in notebook.cells)


def save(tab):
    """As Ctrl+S does; JupyterLab has nothing left to save."""
    tab.evaluate("jupyterapp.commands.execute('docmanager:save')")
    tab.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")


def press_until(button, shown):
    """Enter on a button; once more where JupyterLab took the focus back before the key came."""
    for _ in range(3):
        button.press("Enter")
        with contextlib.suppress(TimeoutError):
            shown.wait_for(timeout=ANSWER_SEC * 1000)
            return
    pytest.fail(f"nothing came of pressing {button} three times")


class Lab:
    """06_explore in a tab, used as a person does who has no mouse."""

    def __init__(self, tab):
        self.tab = tab
        self.handle = tab.locator(".noUi-handle").first  # the others are of the range
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

    def tell(self, selector, text):
        """Wait until something says so."""
        shown = self.tab.locator(selector).filter(has_text=text).first
        shown.wait_for(timeout=ANSWER_SEC * 1000)
        return shown

    def brush(self, chart, start, end):
        """Drag over a part of a chart, given in its own numbers (within 0 and 1)."""
        plot = f".vega-embed g.mark-group.role-scope.{chart} > g > path.background"
        self.tab.locator(plot).evaluate("e => e.scrollIntoView({block: 'center'})")
        box = self.tab.locator(plot).bounding_box()
        left = box["x"] + (box["width"] - SIDE) / 2  # the drawn box has a rim
        at = [left + share * SIDE for share in (start, end)]
        middle = box["y"] + box["height"] / 3
        self.tab.mouse.move(at[0], middle)
        self.tab.mouse.down()
        self.tab.mouse.move((at[0] + at[1]) / 2, middle, steps=3)
        self.tab.mouse.move(at[1], middle, steps=3)
        self.tab.mouse.up()

    def brushed(self):
        """The range of probabilities, as its slider says it."""
        low, high = self.tab.locator(".widget-readout:visible").first.inner_text().split("–")
        return float(low), float(high)

    def brush_anew(self, chart, start, end):
        """Brush, and wait until the range is another, and the last that the drag sent."""
        before, ends = self.brushed(), time.monotonic() + ANSWER_SEC
        self.brush(chart, start, end)
        seen, since = before, time.monotonic()
        while seen == before or time.monotonic() < since + STILL_SEC:
            assert time.monotonic() < ends, "nothing came of brushing"
            self.tab.wait_for_timeout(100)
            if (now := self.brushed()) != seen:
                seen, since = now, time.monotonic()

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
            "검증 분할의 지표": ["현재 threshold", *rates],
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
