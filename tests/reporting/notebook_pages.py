"""Execute 03 and 05 on scores that a test makes up, in this process, and read what they say."""

import json
import re
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import yaml
from IPython.display import HTML

from harmlib.analysis.near_duplicates import near_duplicates
from harmlib.analysis.operating_points import operating_points
from harmlib.models.fold_training import FoldTables
from harmlib.params import load_params
from harmlib.workflow.run import Run

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
VARIANTS = ("model2", "model3", "model4")
EPOCHS = (1, 2, 3)


def make_run(folder, samples, folds=False):
    """A run's folder as 02_train leaves it; samples: modality -> (items, logits by variant).

    `items` has the columns split, label, group; `logits` maps a variant to an array (epochs, n)
    for the items of validation and test. With `folds` the same scores, and those of validation and
    test changing places, are also two trainings on folds. Returns the params file.
    """
    params_file = folder / "params.yaml"
    schedule = {"epochs": len(EPOCHS)}
    content = {
        "run": "made", "seed": 1, "reports": str(folder / "reports"),
        "artifacts": str(folder / "artifacts"), "data": {"root": str(folder)},
        "modalities": list(samples), "gallery": {"pictures": False},
        "variants": {v: {"image": schedule, "video": schedule} for v in VARIANTS}
        | {"model5": None},
    }  # fmt: skip
    if folds:
        content["splits"] = {"folds": 3}
    params_file.write_text(yaml.safe_dump(content), encoding="utf-8")
    run = Run(load_params(params_file))
    tables = []
    for modality, (items, logits) in samples.items():
        items = items.assign(item_id=[f"{modality}{i:05d}" for i in range(len(items))])
        items = items.assign(modality=modality, path=items["item_id"], sha256=items["item_id"],
                             width=1, height=1, frames=1, duration_sec=0.0, size=1, brightness=0.0,
                             perceptual_hash="", unit=items["item_id"])  # fmt: skip
        found = near_duplicates(items, None, hash_distance=31, cosine=None,
                                max_comparisons=10**6, across_groups=folds)  # fmt: skip
        for name, table in zip(("near_duplicates", "near_duplicate_search"), found, strict=True):
            run.write(table, f"tables/{name}_{modality}.csv")
        tables.append(items.drop(columns="unit"))
        weights = {"backbone": ["clip"], "weights": "pretrained", "sha256": "0", "items": 1,
                   "dim": 1, "sampling": "-", "precision_used": "fp32"}  # fmt: skip
        run.write(pd.DataFrame(weights), f"tables/weights_{modality}.csv")
        scored = items[items["split"] != "train"]
        for variant, values in logits.items():
            _write_training(run, modality, variant, scored, values, folds)
    manifest = pd.concat(tables, ignore_index=True)
    run.write(manifest, "manifest.parquet")
    listed = manifest.groupby(["modality", "label"]).size().rename("listed").reset_index()
    run.write(listed, "tables/listed.csv")
    run.write(pd.DataFrame(columns=["path", "label", "modality", "step", "reason"]), "ledger.csv")
    return params_file


def _write_training(run, modality, variant, scored, values, with_folds):
    scores = pd.concat(
        [
            scored[["item_id", "split", "label"]].assign(
                epoch=epoch, logit=logit, probability=1 / (1 + np.exp(-logit))
            )
            for epoch, logit in zip(EPOCHS, values, strict=True)
        ]
    )
    points = _points(run, variant, scores)
    history = pd.DataFrame({"epoch": EPOCHS, "train_loss": 0.5, "val_loss": 0.5,
                            "learning_rate": 1e-3, "seconds": 0.1})  # fmt: skip
    folds = None
    if with_folds:
        # Three folds, each item in the test part of one: the run's own test items are two of them
        is_val = scores["split"] == "val"
        odd = ~is_val & (scores["item_id"].str[-1:].astype(int) % 2 == 1)
        turned = scores.assign(split=scores["split"].map({"val": "test", "test": "val"}))
        tables = [
            [t.assign(seed=7, fold=fold) for t in (own, history, _points(run, variant, own))]
            for fold, own in enumerate((scores[~odd], scores[is_val | odd], turned))
        ]
        folds = FoldTables(*map(pd.concat, zip(*tables, strict=True)))
    run.write_training(modality, variant, scores, history, points, folds)


def _points(run, variant, scores):
    spec = run.params.variants[variant]
    return operating_points(
        scores[scores["split"] == "val"], spec.thresholds, spec.fixed_threshold
    ).assign(pos_weight=0.5 if spec.pos_weight else 1.0)


def said(params_file):
    """All sentences and tables of 03 (each modality) and 05, by notebook, as plain text."""
    modalities = load_params(params_file).modalities
    pages = {
        f"03 {m}": _execute("03_thresholds", params_file=str(params_file), modality=m)
        for m in modalities
    }
    return pages | {"05": _execute("05_report", params_file=str(params_file))}


def _execute(notebook, **parameters):
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    shown, namespace = [], {"In": []}

    def display(*objects):
        shown.extend(getattr(o, "data", str(o)) or "" for o in objects)

    def words(_, alt, caption):  # of a figure, without drawing it
        return HTML(f"<p>{alt}</p>\n<p>{caption}</p>")

    with (
        patch("IPython.display.display", display),
        patch("harmlib.reporting.show.display", display),
        patch("harmlib.reporting.show.figure_html", words),
        patch("harmlib.reporting.show.drawing_html", words),
        patch("harmlib.reporting.page.drawings.figure_html", words),
        patch("harmlib.workflow.run.Run.drawn", return_value=""),
        patch("harmlib.workflow.run.Run.write_figure"),
    ):
        for cell in cells:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), namespace)
                if cell["id"] == "parameters":
                    namespace.update(parameters)
        if "verdicts" in namespace:
            shown.extend(namespace["verdicts"])
    return re.sub(r"<[^>]+>", "", "\n".join(map(str, shown)))


def rows_of(page, pattern):
    """The lines of a page that match."""
    return [line for line in page.splitlines() if re.search(pattern, line)]
