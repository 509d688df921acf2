"""Small folders of a finished run's tables, and ways to change a cell of one."""

import json
import math

import pandas as pd


def write_folder(folder, root):
    (folder / "tables").mkdir(parents=True)
    path = [f"{root}/images/a.jpg", f"{root}/images/b.jpg"]
    pd.DataFrame({"item_id": ["a", "b"], "path": path, "frames": [1, 2]}).to_parquet(
        folder / "manifest.parquet"
    )
    ledger = f"path,reason\nimages/x.jpg,{root}/images/x.jpg is broken\n"
    (folder / "ledger.csv").write_text(ledger, encoding="utf-8-sig")
    history = pd.DataFrame({"epoch": [1, 2], "train_loss": [0.5, 0.25], "seconds": [1.0, 2.0]})
    history.to_parquet(folder / "history.parquet")
    scores = pd.DataFrame({"item_id": ["a", "b"], "logit": [0.1, math.nan]})
    scores.to_parquet(folder / "scores.parquet")
    points = pd.DataFrame({"variant": ["model2", "model4"], "threshold": [0.5, 0.25]})
    points.to_parquet(folder / "operating_points.parquet")
    table = "variant,epoch,f1,ok,sha256\nmodel2,1.0,0.5,True,\nmodel4,2.0,0.75,,\n"
    (folder / "tables/test_video.csv").write_text(table, encoding="utf-8-sig")
    write_json(folder / "metrics.json", {"run": "x", "a": {"f1": 0.5, "auc": None, "n": 3}})
    about = {
        "params": {"data": {"root": root}},
        "weights": [],
        "sha256": {},
        "versions": {"torch": "2"},
        "machine": "m",
        "commit": "c",
        "device": "CPU",
    }
    write_json(folder / "run.json", about)


def write_json(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")


def edit_parquet(path, row, column, value):
    table = pd.read_parquet(path)
    table.loc[row, column] = value
    table.to_parquet(path)


def edit_text(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
