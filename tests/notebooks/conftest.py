"""What the tests of notebooks in JupyterLab share: a checkout with notebooks, a server, tabs."""

import nbformat
import pytest
from jupyterlab_tab import (
    ANSWER_SEC,
    CELLS_SEC,
    ENDED,
    IDLE,
    NOTEBOOKS,
    SHUT_DOWN,
    START_SEC,
    git,
    jupyterlab,
)


@pytest.fixture(scope="module")
def params(copied_run):
    return copied_run / "params.yaml"


@pytest.fixture(scope="module")
def checkout(params, tmp_path_factory):
    """A repository with copies of the notebooks, which are for these params."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "notebooks").mkdir()
    (folder / ".gitignore").write_text(".ipynb_checkpoints/\n", encoding="utf-8")
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, 4)
        cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
        assert '"params/demo.yaml"' in cell.source
        cell.source = cell.source.replace("params/demo.yaml", str(params))
        nbformat.write(notebook, folder / "notebooks" / path.name)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "as cloned")
    return folder


@pytest.fixture(scope="module")
def notebooks(checkout):
    """The folder of the notebooks."""
    return checkout / "notebooks"


@pytest.fixture(scope="module")
def server(checkout, tmp_path_factory):
    """The address of a JupyterLab of our own over the checkout."""
    with jupyterlab(checkout, tmp_path_factory.mktemp("lab")) as address:
        yield address


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
        tab.goto(f"{server}/lab/tree/notebooks/{name}?reset")
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
