"""Two models on the same items: as published, and made up."""

import numpy as np
from group_samples import draw_groups_of_items

# Published counts of Model 3, epoch 1, on 423 harmful and 158 safe clips
GRID = np.array([0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70])
TP = [419, 419, 418, 417, 417, 417, 415, 413, 411]
FP = [75, 66, 62, 60, 57, 54, 48, 44, 40]
HARMFUL, SAFE = 423, 158


def published_scores():
    """Labels and scores with the published counts: what a threshold drops scores just below it."""
    just_below = np.append(GRID - 0.01, 0.9)
    scores = [
        np.repeat(just_below, -np.diff([total, *kept, 0]))
        for total, kept in ((HARMFUL, TP), (SAFE, FP))
    ]
    return np.repeat([1, 0], [HARMFUL, SAFE]), np.concatenate(scores)


def grouped(seed=5, groups=30, size=8):
    """Labels, the scores of two models that share most of what they know, and groups."""
    rng = np.random.default_rng(seed)
    labels, shared, codes = draw_groups_of_items(rng, groups, size)
    a = shared + 0.5 * rng.normal(size=len(labels))
    return labels, a, shared + 0.5 * rng.normal(size=len(labels)), codes
