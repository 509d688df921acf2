"""Tables of nearly equal files, as a run's folder gives them."""

import numpy as np
import pandas as pd

PAIR = {"item_a": "a.jpg", "item_b": "b.jpg", "split_a": "test", "split_b": "train",
        "label_a": 1, "label_b": 0, "group_a": "x", "group_b": "y", "hash_distance": 2.0,
        "cosine": np.nan, "rule": "hash"}  # fmt: skip


def table(name="tables/t.csv", **columns):
    made = pd.DataFrame([columns])
    made.attrs = {"name": name, "rows": len(made)}
    return made
