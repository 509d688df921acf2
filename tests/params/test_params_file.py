"""Where a params file is looked for: in one place, which every answer names."""

import os

import pytest

from harmlib.cli import main as cli
from harmlib.params import (
    PROJECT_ROOT,
    ParamsError,
    file_to_run,
    load_params,
    params_path,
    project_params_path,
)
from harmlib.workflow.notebook import start

NEEDED = "run: x\ndata: {root: data}\n"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_relative_path_starts_where_one_stands_and_nowhere_else(elsewhere):
    message = r"/params/demo\.yaml: there is no such params file\. \(A relative path starts at the "
    with pytest.raises(ParamsError, match=f"^{elsewhere}{message}.*{PROJECT_ROOT}/params/demo"):
        load_params("params/demo.yaml")
    (elsewhere / "params").mkdir()
    (elsewhere / "params/demo.yaml").write_text(NEEDED)
    assert load_params("params/demo.yaml").run == "x"
    assert params_path("params/../params/demo.yaml") == elsewhere / "params/demo.yaml"


@pytest.mark.parametrize("given", ["params/demo.yaml", "./params/demo.yaml", "../params/demo.yaml"])
def test_the_command_names_the_one_place(elsewhere, capsys, given):
    assert cli.main(["run", given]) == 2
    expected = os.path.normpath(elsewhere / given)
    assert capsys.readouterr().err.startswith(f"harmlib: {expected}: there is no such params file")


def test_the_command_names_the_file_that_it_runs(elsewhere, monkeypatch, capsys):
    from harmlib.cli import run

    read = []
    monkeypatch.setattr(run, "run_pipeline", lambda file, _: read.append(file) or load_params(file))
    monkeypatch.setattr(run, "_results", lambda _: "results")
    monkeypatch.setattr(run, "_may_begin", lambda _: True)  # there are no media
    (elsewhere / "own.yaml").write_text("run: o\ndata: {root: none, otherwise: sub/own.yaml}\n")
    (elsewhere / "sub").mkdir()
    (elsewhere / "sub/own.yaml").write_text(NEEDED)
    assert cli.main(["run", "sub/own.yaml"]) == 0
    assert cli.main(["run", "own.yaml"]) == 0
    other = elsewhere / "sub/own.yaml"
    assert read == [other, other]
    out = capsys.readouterr().out
    assert out.count(f"Params: {other}\n") == 2
    assert f"{elsewhere / 'own.yaml'}: its media are not at {PROJECT_ROOT / 'none'}\n" in out


def test_what_a_file_names_lies_beside_it(elsewhere):
    (elsewhere / "a").mkdir()
    (elsewhere / "a/own.yaml").write_text("run: o\ndata: {root: none, otherwise: other.yaml}\n")
    (elsewhere / "other.yaml").write_text("run: wrong\ndata: {root: .}\n")
    with pytest.raises(ParamsError, match=rf"{elsewhere}/a/other\.yaml: there is no such"):
        file_to_run("a/own.yaml")
    (elsewhere / "a/other.yaml").write_text(NEEDED)
    assert file_to_run("a/own.yaml") == elsewhere / "a/other.yaml"


def test_a_table_of_variants_starts_where_one_stands_too(elsewhere):
    (elsewhere / "my.yaml").write_text(NEEDED)
    with pytest.raises(ParamsError, match=f"^{elsewhere}/params/variants.yaml: there is no such"):
        load_params("my.yaml", "params/variants.yaml")
    assert len(load_params("my.yaml").variants) == 4, "by default the project's own"


@pytest.mark.parametrize("folder", [".", "notebooks", "notebooks/.."])
def test_notebooks_start_at_the_project_wherever_they_run(monkeypatch, folder):
    monkeypatch.chdir(PROJECT_ROOT / folder)
    assert project_params_path("params/demo.yaml") == PROJECT_ROOT / "params/demo.yaml"


def test_a_notebook_never_takes_one_file_for_another(elsewhere):
    namespace = {"params_file": "params/demo.yaml"}
    assert project_params_path("params/demo.yaml") == PROJECT_ROOT / "params/demo.yaml"
    (elsewhere / "params").mkdir()
    (elsewhere / "params/demo.yaml").write_text(NEEDED)
    with pytest.raises(ParamsError, match=rf"if you mean {elsewhere}/params/demo\.yaml, give this"):
        start(namespace)
    (elsewhere / "mine.yaml").write_text(NEEDED)
    with pytest.raises(ParamsError, match=rf"^{PROJECT_ROOT}/mine\.yaml: .*{elsewhere}/mine\.yaml"):
        start({"params_file": "mine.yaml"})
    assert project_params_path(elsewhere / "mine.yaml") == elsewhere / "mine.yaml"


def test_a_folder_that_has_been_removed(elsewhere):
    (elsewhere / "gone").mkdir()
    os.chdir(elsewhere / "gone")
    (elsewhere / "gone").rmdir()
    with pytest.raises(ParamsError, match="the working directory has been removed"):
        load_params("my.yaml")


@pytest.mark.parametrize("name", ["with space", "한글", 'it\'s "q"', "a\nb", "{run} [1] $(x) %s"])
def test_folders_of_any_name(elsewhere, name):
    (elsewhere / name).mkdir()
    (elsewhere / name / "my.yaml").write_text(NEEDED)
    assert load_params(f"{name}/my.yaml").run == "x"
    with pytest.raises(ParamsError, match=r"there is no such params file\. Did you mean my\.yaml"):
        load_params(f"{name}/mi.yaml")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("~nobody_at_all/my.yaml", "there is no such home"),
        ("a\0b.yaml", "NUL"),
        ("\ud800.yaml", "it holds a character that no file name has"),
        ("n" * 300 + ".yaml", "it holds a name of more than 255 bytes"),
    ],
)
@pytest.mark.parametrize("find", [load_params, lambda path: start({"params_file": path})])
@pytest.mark.usefixtures("elsewhere")
def test_what_can_be_no_path(path, message, find):
    with pytest.raises(ParamsError, match=message):
        find(path)


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("~nobody_at_all/x", "data.root: there is no such home"),
        ("'a\\0b'", None),
        ('"a\\0b"', "data.root: it holds a NUL"),
        ('"\\uD800"', "data.root: it holds a character that no file name has"),
        ("n" * 256, "data.root: it holds a name of more than 255 bytes"),
        ("가" * 86, "data.root: it holds a name of more than 255 bytes"),
        ("가" * 85, None),
    ],
)
def test_what_can_be_no_place_of_media(elsewhere, root, message):
    (elsewhere / "my.yaml").write_text(f"run: x\ndata: {{root: {root}, otherwise: my.yaml}}\n")
    if message is None:
        assert file_to_run("my.yaml") == elsewhere / "my.yaml"
        return
    with pytest.raises(ParamsError, match=f"line 2, column 8: {message}"):
        file_to_run("my.yaml")
