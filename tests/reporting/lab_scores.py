"""Made-up scores, the threshold lab over them, and readers of what it shows."""

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

from harmlib.analysis.operating_points import operating_points
from harmlib.reporting.lab.threshold_lab import ThresholdLab


def make_scored(variants=("model3", "model4"), epochs=(1, 2, 3), seeds=(42,), n=80):
    """Scores of both splits; a model learns a little more with every epoch."""
    rng = np.random.default_rng(7)
    parts = []
    for variant in variants:
        for seed in seeds:
            for epoch in epochs:
                for split in ("val", "test"):
                    label = (rng.random(n) < 0.6).astype(int)
                    logit = rng.normal(size=n) + (0.5 + 0.3 * epoch) * (label - 0.5)
                    parts.append(
                        pd.DataFrame(
                            {
                                "variant": variant,
                                "seed": seed,
                                "epoch": epoch,
                                "split": split,
                                "item_id": [f"{split}/{i}.jpg" for i in range(n)],
                                "group": [f"cam{i % 20:02d}" for i in range(n)],
                                "label": label,
                                "logit": logit,
                                "probability": 1 / (1 + np.exp(-logit)),
                            }
                        )
                    )
    return pd.concat(parts, ignore_index=True)


def make_operating_points(scored):
    """As `Run.operating_points` gives them, all at 0.45."""
    keys = ["variant", "seed"]
    tables = {
        key: operating_points(own[own["split"] == "val"], [0.3, 0.45, 0.6], 0.45)
        for key, own in scored.groupby(keys)
    }
    return pd.concat(tables, names=keys).reset_index(keys)


def make_lab(scored, **more):
    return ThresholdLab(scored, make_operating_points(scored), **more)


def cells(lab, caption):
    """The texts of the table whose caption starts so, one dict per row."""
    page = BeautifulSoup(lab.figures.value + lab.effects.value, "html.parser")
    (table,) = (t for t in page.find_all("table") if t.caption.text.startswith(caption))
    head, *rows = ([c.text for c in row.find_all(["th", "td"])] for row in table.find_all("tr"))
    return [dict(zip(head, row, strict=True)) for row in rows]


def text(widget):
    return BeautifulSoup(widget.value, "html.parser").text


def validation(scored, lab):
    wanted = {
        "split": "val",
        "variant": lab.model.value,
        "seed": lab.seed.value,
        "epoch": lab.epoch.value,
    }
    return scored[(scored[list(wanted)] == pd.Series(wanted)).all(axis=1)]
