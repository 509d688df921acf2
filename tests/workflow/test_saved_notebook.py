"""What JupyterLab saves of the project's own notebooks, and of others."""

import copy
import json
from types import SimpleNamespace

import nbformat
import pytest

from harmlib.params import PROJECT_ROOT
from harmlib.workflow.saved_notebook import before_save, is_own

NOTEBOOKS = sorted((PROJECT_ROOT / "notebooks").glob("*.ipynb"))


def ran(notebook):
    """As a browser sends it after "Run All Cells"."""
    notebook = copy.deepcopy(notebook)
    notebook["metadata"]["widgets"] = {"state": {"a": 1}}
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.99"}
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = cell["metadata"] | {"scrolled": True, "execution": {"started": "now"}}
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
            cell["execution_count"] = number
    return notebook


def saved(folder, name, notebook):
    model = {"type": "notebook", "content": notebook}
    manager = SimpleNamespace(root_dir=folder)
    before_save(model=model, path=f"notebooks/{name}", contents_manager=manager)
    return nbformat.writes(nbformat.from_dict(model["content"])) + "\n"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_that_ran_is_saved_as_it_was(path):
    assert is_own(path)
    before = path.read_text(encoding="utf-8")
    after = saved(PROJECT_ROOT, path.name, ran(json.loads(before)))
    assert json.loads(after) == json.loads(before)


def test_what_a_person_changes_is_saved(tmp_path):
    path = tmp_path / "notebooks/06_explore.ipynb"
    path.parent.mkdir()
    notebook = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    path.write_text(json.dumps(notebook), encoding="utf-8")
    changed = ran(notebook)
    code = next(cell for cell in changed["cells"] if cell["cell_type"] == "code")
    code["source"], code["metadata"]["tags"] = "x = 1", ["parameters", "mine"]
    after = json.loads(saved(tmp_path, path.name, changed))
    own = next(cell for cell in after["cells"] if cell["cell_type"] == "code")
    assert ("".join(own["source"]), own["metadata"]) == ("x = 1", {"tags": ["parameters", "mine"]})
    assert own["outputs"] == []


@pytest.mark.parametrize("name", ["06_explore-Copy1.ipynb", "Untitled.ipynb", "my.ipynb"])
def test_other_notebooks_keep_their_outputs(tmp_path, name):
    notebook = ran(json.loads(NOTEBOOKS[0].read_text(encoding="utf-8")))
    wanted = copy.deepcopy(notebook)
    before_save(
        {"type": "notebook", "content": notebook}, f"notebooks/{name}",
        SimpleNamespace(root_dir=str(tmp_path)),
    )  # fmt: skip
    before_save({"type": "notebook", "content": notebook}, "06_explore.ipynb",
                SimpleNamespace(root_dir=str(tmp_path)))  # fmt: skip
    assert notebook == wanted


def test_a_damaged_file_is_saved_over_with_a_word(tmp_path, caplog):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/00_data.ipynb").write_text("{", encoding="utf-8")
    notebook = ran(json.loads(NOTEBOOKS[0].read_text(encoding="utf-8")))
    after = json.loads(saved(tmp_path, "00_data.ipynb", notebook))
    assert after["metadata"]["language_info"]["version"] == "3.99"
    assert all(not cell.get("outputs") for cell in after["cells"])
    assert "its metadata are saved as they are now" in caplog.text
