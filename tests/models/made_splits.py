"""Made-up items of several sources: one backbone knows the label, another one is noise."""

import numpy as np
import torch

from harmlib.models.training import Split
from harmlib.params import Schedule, Variant

DIMS = {"noise": 40, "signal": 3}
CPU = torch.device("cpu")


def made_split(name, n, seed, strength=1.5):
    """`n` items, four of each source; the label moves the numbers of `signal`."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    features = rng.normal(size=(n, 43)).astype(np.float32)
    features[:, 40:] += strength * (2 * labels[:, None] - 1)
    groups = [f"{name}-{i // 4}" for i in range(n)]
    ids = [f"{name}{i}" for i in range(n)]
    return Split(torch.from_numpy(features), torch.tensor(labels), ids, groups)


def made_splits(seed=0):
    """The three parts of one training."""
    sizes = {"train": 60, "val": 24, "test": 28}
    return {name: made_split(name, n, 10 * seed + i) for i, (name, n) in enumerate(sizes.items())}


def made_variant(**changes):
    """Model 5's settings with a short schedule, and some of them changed."""
    schedule = Schedule(epochs=3, batch_size=16, learning_rate=0.01)
    settings = {
        "last_layer": "logits", "loss": "bce_with_logits", "thresholds": [0.3, 0.5, 0.7],
        "threshold_rule": "exact_f1", "head": "linear", "penalty": "chosen",
        "backbones": "chosen", "validation": "cross_fitted", "image": schedule, "video": schedule,
    }  # fmt: skip
    return Variant.model_validate(settings | changes)
