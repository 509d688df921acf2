"""Folds of a few items that a classifier can learn something of."""

import numpy as np
import torch

from harmlib.models.training import Split

DIMS = {"clip": 6, "yolo": 3}


def small_folds(n=24, folds=3, seed=0, dims=DIMS):
    """Fold f is tested, f + 1 validates; two items of each group."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 4 // 2
    features = rng.normal(size=(n, sum(dims.values()))).astype(np.float32)
    features[:, 0] += labels
    fold_of = np.arange(n) // 2 % folds

    def split(own):
        return Split(
            torch.from_numpy(features[own]),
            torch.from_numpy(labels[own]),
            [f"i{i:02}" for i in np.flatnonzero(own)],
            [f"g{i // 2:02}" for i in np.flatnonzero(own)],
        )

    return [
        {
            "train": split((fold_of != f) & (fold_of != (f + 1) % folds)),
            "val": split(fold_of == (f + 1) % folds),
            "test": split(fold_of == f),
        }
        for f in range(folds)
    ]
