"""Made-up scores, the widgets of 05_explore over them, and readers of what they show."""

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

from harmlib.analysis.operating_points import operating_points
from harmlib.reporting.lab.threshold_lab import Explorer


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


def make_points(scored):
    tables = {
        variant: operating_points(own[own["split"] == "val"], [0.3, 0.45, 0.6], 0.45)
        for variant, own in scored.groupby("variant")
    }
    return pd.concat(tables, names=["variant"]).reset_index("variant")


def make_explorer(scored):
    return Explorer(scored, make_points(scored))


def cells(explorer, caption):
    """The texts of the table with a caption that starts so, a dict a row."""
    page = BeautifulSoup(explorer.numbers.value + explorer.effects.value, "html.parser")
    (table,) = (t for t in page.find_all("table") if t.caption.text.startswith(caption))
    head, *rows = ([c.text for c in row.find_all(["th", "td"])] for row in table.find_all("tr"))
    return [dict(zip(head, row, strict=True)) for row in rows]


def text(widget):
    return BeautifulSoup(widget.value, "html.parser").text


def validation(scored, explorer):
    wanted = {
        "split": "val",
        "variant": explorer.model.value,
        "seed": explorer.seed.value,
        "epoch": explorer.epoch.value,
    }
    return scored[(scored[list(wanted)] == pd.Series(wanted)).all(axis=1)]
