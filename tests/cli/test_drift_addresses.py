"""`harmlib drift` reads new scores wherever `harmlib predict` wrote them."""

from types import SimpleNamespace

import fsspec
import numpy as np
import pandas as pd
import pytest

from harmlib.cli import drift
from harmlib.cli import main as cli


def items(seed):
    probability = np.random.default_rng(seed).uniform(size=400)
    return pd.DataFrame(
        {
            "path": [f"{i % 40}/{i}.jpg" for i in range(400)],
            "group": [f"g{i % 40}" for i in range(400)],
            "modality": "image",
            "probability": probability,
            "label": (probability > 0.5).astype(int),
        }
    )


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    about = SimpleNamespace(modality="image", f1_optimism=None)
    model = SimpleNamespace(about=about, threshold=0.5)
    monkeypatch.setattr(drift, "load_checkpoint", lambda _: model)
    monkeypatch.setattr(drift, "validation_items", lambda _: items(1))
    (tmp_path / "image_model_best.pth").touch()
    return str(tmp_path / "image_model_best.pth")


def written(where, frame):
    """Scores at a place: one table by its ending, or a folder of shards."""
    if not where.endswith("/"):
        kind = where.rpartition(".")[2]
        options = {"jsonl": {"orient": "records", "lines": True}, "csv": {"index": False}}
        name = {"jsonl": "to_json", "csv": "to_csv"}.get(kind, "to_parquet")
        with fsspec.open(where, "wb") as file:
            getattr(frame, name)(file, **options.get(kind, {}))
        return where
    for part in range(2):
        with fsspec.open(f"{where}part-0000{part}.parquet", "wb", auto_mkdir=True) as file:
            frame.iloc[part::2].to_parquet(file)
    with fsspec.open(f"{where}decided_by.json", "wb") as file:
        file.write(b"{}")
    return where


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "shards/"])
@pytest.mark.parametrize("root", ["memory://drift-scores", "file://{}", "{}"])
def test_scores_anywhere_are_read_and_compared(tmp_path, checkpoint, capsys, root, name):
    where = written(f"{root.format(tmp_path)}/{name}", items(2))
    assert cli.main(["drift", checkpoint, where]) == 0
    assert "400 new scores (40 sources by group)" in capsys.readouterr().out
    changed = written(where, items(2).assign(probability=lambda rows: rows["probability"] ** 8))
    assert cli.main(["drift", checkpoint, changed]) == 1


def test_what_is_not_there_or_no_table_is_said_by_its_address(checkpoint, capsys):
    fsspec.filesystem("memory").pipe("/drift-bad/a.csv", b"modality,probability\nimage,high\n")
    for where, said in {
        "memory://drift-bad/none.csv": "memory://drift-bad/none.csv: there is nothing",
        "memory://drift-bad/none/": "memory://drift-bad/none",
        "memory://drift-bad/a.csv": "memory://drift-bad/a.csv: line 2: ",
        "s3://me:secret@bucket/a.csv": "came with credentials",
    }.items():
        assert cli.main(["drift", checkpoint, where]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "secret" not in error
