"""The notebooks in a real JupyterLab: run from the menu, saved, and the checkout is as it was."""

import nbformat
import pytest
from jupyterlab_tab import NOTEBOOKS, code_cells, git, save
from nbformat.v4 import new_code_cell, new_notebook

# 06_explore is worked with in a file of its own; the small run's params ask for no study
APART = ("04_study", "06_explore")


@pytest.mark.parametrize("name", [p.name for p in NOTEBOOKS if p.stem not in APART])
def test_notebook_runs_from_top_to_bottom(run_notebook, checkout, name):
    tab, ended = run_notebook(name)
    assert ended == {"bad": [], "ran": code_cells(name)}
    save(tab)
    assert git(checkout, "status", "--porcelain") == "", "what running leaves is not saved"


def test_a_copy_keeps_what_it_showed(run_notebook, notebooks):
    cells = [new_code_cell("print('다시 봄')")]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    copy = notebooks / "00_data-Copy1.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), copy)
    try:
        tab, _ = run_notebook(copy.name)
        save(tab)
        (cell,) = nbformat.read(copy, 4).cells
        assert cell.outputs[0]["text"] == "다시 봄\n"
    finally:
        copy.unlink()


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
    (notebooks / f"{kind}.ipynb").unlink()
    (output,) = ended["bad"]
    assert output["output_type"] == kind
    assert said in output.get("ename", output.get("text"))
    assert 1 <= ended["ran"] <= most, "nothing runs after an error"


STRESSED = """
import pandas as pd
from harmlib.reporting.show import show_table
show_table(pd.DataFrame({"f1": [0.5, 0.9]}), "강조: 높은 쪽", pd.Series([False, True]))
"""


def test_a_row_that_a_caption_calls_stressed_is_stressed(run_notebook, notebooks):
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    path = notebooks / "stressed.ipynb"
    cells = [new_code_cell(STRESSED.strip())]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    tab, _ = run_notebook(path.name)
    path.unlink()
    look = "row => ['fontWeight', 'backgroundColor'].map((name) => getComputedStyle(row)[name])"
    plain, stressed = (row.evaluate(look) for row in tab.locator(".table tbody tr").all())
    assert stressed[0] == "700"
    assert stressed[1] != plain[1]
