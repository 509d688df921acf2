"""How long the threshold lab takes to answer, on 10,000 items: run this file, without arguments.

A change should be visible after 200 ms. Python may take only a part of that: the rest goes to the
message to the browser and to drawing. Groups hold 5 items, so that many groups have errors.
"""

import os
import platform
import statistics
import time

import ipywidgets
import numpy as np
import pandas as pd

from harmlib.analysis.operating_points import operating_points
from harmlib.reporting.lab.threshold_lab import BY_HAND, COST, OFFERED, ThresholdLab

ITEMS, EPOCHS, REPEATS = 10_000, (1, 2, 3), 30
GRID = [0.3, 0.4, 0.5, 0.6, 0.7]


def make_tables():
    """Validation scores of two models, and their operating points."""
    rng = np.random.default_rng(0)
    label = (rng.random(ITEMS) < 0.7).astype(int)
    items = pd.DataFrame(
        {
            "seed": 42,
            "split": "val",
            "item_id": [f"videos/{i:05d}.mp4" for i in range(ITEMS)],
            "group": [f"camera{i // 5:04d}" for i in range(ITEMS)],
            "label": label,
        }
    )
    parts = [
        items.assign(
            variant=variant,
            epoch=epoch,
            probability=1 / (1 + np.exp(-(rng.normal(size=ITEMS) + epoch * (label - 0.5)))),
        )
        for variant in ("model3", "model4")
        for epoch in EPOCHS
    ]
    scored = pd.concat(parts, ignore_index=True)
    keys = ["variant", "seed"]
    tables = {key: operating_points(own, GRID, 0.5) for key, own in scored.groupby(keys)}
    return scored, pd.concat(tables, names=keys).reset_index(keys)


def milliseconds(field, values):
    """Of one change each, with all that follows in Python."""
    spent = []
    for value in values:
        start = time.perf_counter()
        field.value = value
        spent.append((time.perf_counter() - start) * 1000)
    return spent


def main():
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python "
        f"{platform.python_version()}, ipywidgets {ipywidgets.__version__}; {ITEMS:,} items"
    )
    lab = ThresholdLab(*make_tables())
    thresholds = np.linspace(0.1, 0.9, REPEATS).round(3)
    objectives = [objective for objective in reversed(OFFERED) if objective != BY_HAND]
    changes = {
        "threshold": (lab.slider, thresholds),
        "model": (lab.model, ["model3", "model4"] * (REPEATS // 2)),
        "epoch": (lab.epoch, EPOCHS * (REPEATS // 3)),
        "objective": (lab.objective, objectives * (REPEATS // 8)),
        "cost of a miss, cost being the objective": (lab.miss_cost, range(1000, 1000 + REPEATS)),
    }
    for name, (field, values) in changes.items():
        if field is lab.miss_cost:
            lab.objective.value = COST
        spent = milliseconds(field, values)
        print(f"  {name:40s} median {statistics.median(spent):6.1f} ms, max {max(spent):6.1f} ms")


if __name__ == "__main__":
    main()
