"""Decisions to draw samples from, and samples with labels."""

import numpy as np
import pandas as pd


def make_decisions(n=2000, seed=0, threshold=0.5, group_size=4):
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.4, 2, n).round(4)
    return pd.DataFrame(
        {
            "item_id": [f"{i}.jpg" for i in range(n)],
            "category": "",
            "modality": "image",
            "group": [f"camera{i // group_size}" for i in range(n)],
            "site": rng.choice(["a", "b"], n),
            "probability": probability,
            "threshold_probability": threshold,
            "score": [f"{p:.6g}" for p in probability],
            "threshold": f"{threshold:g}",
            "flagged": probability > threshold,
        }
    )
