"""`harmlib analyse`: what can't be used is said, and leaves nothing behind."""

import os

import pandas as pd
import pytest

from harmlib.cli import analyse
from harmlib.cli import main as cli
from harmlib.params import PROJECT_ROOT


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "params").mkdir()
    monkeypatch.setattr(analyse, "PROJECT_ROOT", tmp_path)
    return tmp_path


def table(project, **columns):
    frame = pd.DataFrame({"id": [f"i{k}" for k in range(40)], "label": [0, 1] * 20})
    path = project / "my.csv"
    frame.assign(score=frame.index / 40).assign(**columns).to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize(
    ("columns", "more", "message"),
    [
        ({"score": "high"}, (), "'high' is no number.*leave the cell empty"),
        ({"label": ["gore", "meme"] * 20}, (), "no known label: 'gore', 'meme'.*--label gore="),
        ({"label": 1}, (), "no safe item"),
        ({"split": "val"}, (), "column 'split' has no test"),
        ({"path": "x"}, (), "--column item=path"),
        ({}, ("--column", "score=risk"), "no column 'risk'"),
    ],
)
def test_a_table_that_cannot_be_used_leaves_no_params(project, capsys, columns, more, message):
    run = f"none-{os.getpid()}"
    assert cli.main(["analyse", table(project, **columns), "--run", run, *more]) == 2
    error = capsys.readouterr().err
    assert pd.Series([error]).str.contains(message).all(), error
    assert not list((project / "params").iterdir()), "the next try may use the same name"
    assert not (PROJECT_ROOT / "reports" / run).exists(), "no empty folder of a run"


def test_other_params_of_that_name_stay(project, capsys):
    file = project / "params/my.yaml"
    file.write_text("run: my\n", encoding="utf-8")
    assert cli.main(["analyse", table(project)]) == 2
    assert "give this run another name with --run" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "run: my\n"


def test_no_file(project, capsys):
    assert cli.main(["analyse", str(project / "none.csv")]) == 2
    assert "none.csv: there is no such file" in capsys.readouterr().err
