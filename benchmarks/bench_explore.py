"""How long 05_explore takes to answer in Python, on 10,000 items: run this file, without arguments.

The goal is 200 ms from a change to what is seen, of which Python may take a part only: the rest is
the way to the browser and its drawing. Groups hold 5 items, so that per-group errors are many.
"""

import os
import platform
import statistics
import time

import ipywidgets
import numpy as np
import pandas as pd

from harmlib.analysis.operating_points import operating_points
from harmlib.reporting.lab.threshold_lab import BY_HAND, COST, OPERATING, Explorer

ITEMS, EPOCHS, REPEATS = 10_000, (1, 2, 3), 30
GRID = [0.3, 0.4, 0.5, 0.6, 0.7]


def make_tables():
    """`scored` of two models on validation, and their `points`."""
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
    points = {
        part["variant"].iloc[0]: operating_points(pd.concat(same), GRID, 0.5)
        for part, same in ((parts[0], parts[:3]), (parts[3], parts[3:]))
    }
    scored = pd.concat(parts, ignore_index=True)
    return scored, pd.concat(points, names=["variant"]).reset_index("variant")


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
    explorer = Explorer(*make_tables())
    lines = np.linspace(0.1, 0.9, REPEATS).round(3)
    aims = [aim for _, aim in explorer.objective.options if aim not in (BY_HAND, OPERATING)]
    changes = {
        "threshold": (explorer.slider, lines),
        "model": (explorer.model, ["model3", "model4"] * (REPEATS // 2)),
        "epoch": (explorer.epoch, EPOCHS * (REPEATS // 3)),
        "objective": (explorer.objective, [*aims, OPERATING] * (REPEATS // 8)),
        "price, the cost being the objective": (explorer.miss, range(1000, 1000 + REPEATS)),
    }
    for name, (field, values) in changes.items():
        if field is explorer.miss:
            explorer.objective.value = COST
        spent = milliseconds(field, values)
        print(f"  {name:36s} median {statistics.median(spent):6.1f} ms, max {max(spent):6.1f} ms")


if __name__ == "__main__":
    main()
