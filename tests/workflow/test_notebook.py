import json

import nbformat
import pytest
from papermill import execute_notebook

from harmlib.params import PROJECT_ROOT
from harmlib.workflow.notebook import ParameterError, check_parameters, start

CELL = 'modality: str = "video"\nseed: int = 1\nratio: float = 2.5\nquick: bool = False\n'
NOTEBOOKS = sorted((PROJECT_ROOT / "notebooks").glob("0*.ipynb"))


@pytest.fixture
def ran(tmp_path):
    def ran(source, given, tags=("parameters",)):
        """The kernel's names after papermill's cell and the parameters cell have run.

        source : a notebook's path, or the text of a parameters cell
        """
        if isinstance(source, str):
            cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
            kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
            notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
            source = tmp_path / "in.ipynb"
            nbformat.write(notebook, source)
        out = str(tmp_path / "out.ipynb")
        prepared = execute_notebook(str(source), out, given, prepare_only=True)
        namespace = {"In": [""]}
        code = [cell.source for cell in prepared.cells if cell.cell_type == "code"]
        for text in code[: 2 if given else 1]:
            exec(text, namespace)
            namespace["In"].append(text)
        return namespace

    return ran


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"modality": "image"},
        {"modality": 'it\'s "quoted"\n# Parameters'},
        {"seed": 7, "quick": True, "ratio": 1.5},
        {"seed": -7},
        {"modality": "한글"},
    ],
)
def test_declared_parameters_pass(ran, given):
    namespace = ran(CELL, given)
    check_parameters(namespace, namespace["In"])
    assert {name: namespace[name] for name in given} == given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"modalty": "image"}, "no parameter 'modalty'; did you mean 'modality'"),
        ({"seed": 2, "sede": 2}, "no parameter 'sede'; did you mean 'seed'"),
        ({"zzz": 1}, "no parameter 'zzz'; it takes modality, seed, ratio, quick$"),
        ({"modality": 3}, r"modality must be str, got 3 \(int\)"),
        ({"modality": None}, r"modality must be str, got None \(NoneType\)"),
        ({"modality": ["image"]}, r"modality must be str, got \['image'\] \(list\)"),
        ({"seed": "7"}, r"seed must be int, got '7' \(str\)"),
        ({"seed": 7.0}, r"seed must be int, got 7.0 \(float\)"),
        ({"ratio": "2.68:1"}, "ratio must be float"),
        ({"quick": "no"}, r"quick must be bool, got 'no' \(str\)"),
    ],
)
def test_wrong_parameters(ran, given, message):
    namespace = ran(CELL, given)
    with pytest.raises(ParameterError, match=message):
        check_parameters(namespace, namespace["In"])


def test_a_lost_tag_is_noticed(ran):
    namespace = ran(CELL, {"modality": "image"}, tags=())
    with pytest.raises(ParameterError, match=r"given as 'image' but is 'video'.*tag 'parameters'"):
        check_parameters(namespace, namespace["In"])


@pytest.mark.parametrize(
    ("name", "kind"), [("modality", "str"), ("seed", "int"), ("ratio", "float"), ("quick", "bool")]
)
def test_annotations_as_text_count_too(ran, name, kind):
    namespace = ran("from __future__ import annotations\n" + CELL, {name: [1]})
    assert namespace["__annotations__"][name] == kind
    with pytest.raises(ParameterError, match=rf"{name} must be {kind}, got \[1\] \(list\)"):
        check_parameters(namespace, namespace["In"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_our_notebooks_refuse_a_misspelt_parameter_before_they_open_a_run(ran, path):
    nb = nbformat.read(path, 4)
    first = next(cell for cell in nb.cells if cell.cell_type == "code")
    assert first.metadata["tags"] == ["parameters"]
    namespace = ran(path, {"params_fiel": "params/real.yaml"})
    with pytest.raises(ParameterError, match="'params_fiel'; did you mean 'params_file'"):
        start(namespace)
    accepted = ran(path, {"params_file": "other.yaml"})
    check_parameters(accepted, accepted["In"])
    assert accepted["params_file"] == "other.yaml"


def test_start_opens_the_run(ran, tmp_path):
    (tmp_path / "my.yaml").write_text(
        json.dumps({"run": "r", "reports": str(tmp_path), "data": {"root": str(tmp_path)}})
    )
    namespace = ran('params_file: str = "x.yaml"', {"params_file": str(tmp_path / "my.yaml")})
    assert start(namespace).dir == tmp_path / "r"
    assert (tmp_path / "r").is_dir()
