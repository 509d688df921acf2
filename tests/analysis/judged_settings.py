"""Judged items of settings that differ in a known way."""

import numpy as np
import pandas as pd


def judged(labels, flagged, groups=None, logits=None, seeds=(1,)):
    """One table; `flagged` and `logits` are of all seeds, or one row per seed."""
    n = len(labels)
    names = [f"i{i:03}" for i in range(n)]
    shape = (len(seeds), n)
    flags = np.broadcast_to(flagged, shape).astype(bool)
    scores = np.broadcast_to(flags if logits is None else logits, shape).astype(float)
    parts = [
        pd.DataFrame(
            {
                "seed": seed,
                "item_id": names,
                "label": labels,
                "group": names if groups is None else groups,
                "logit": scores[i],
                "flagged": flags[i],
            }
        )
        for i, seed in enumerate(seeds)
    ]
    return pd.concat(parts, ignore_index=True)


def drawn(rng, n_groups=12, size=4, seeds=(1, 2, 3)):
    """Random labels, groups of both classes, random decisions of each seed."""
    labels = np.tile([0, 1], n_groups * size // 2)
    groups = np.repeat([f"g{i:02}" for i in range(n_groups)], size)
    logits = rng.normal(size=(len(seeds), len(labels))) + labels
    return judged(labels, logits > 0.5, groups, logits, seeds)
