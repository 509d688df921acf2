"""What a checkpoint's own training and validation items say of a new one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from harmlib.models.checkpoint import Checkpoint

NEIGHBOURS = 5


def validation_items(checkpoint: Checkpoint) -> pd.DataFrame:
    """The validation items as the saved model scored them: label, probability, group.

    Where all are of one group, which can't be redrawn, each item is a group of its own.
    """
    items = checkpoint.validation
    groups = items.group if len(set(items.group)) > 1 else items.item_id
    return pd.DataFrame(
        {
            "label": items.label.numpy().astype(int),
            "probability": sigmoid(items.logit.numpy()),
            "group": groups,
        }
    )


def explain(checkpoint: Checkpoint, features: torch.Tensor) -> tuple[dict[str, float], list[dict]]:
    """Each backbone's share of the logit, and the training items that the model sees as nearest.

    features : (1, sum of dims), scaled
    """
    with torch.inference_mode():
        shares = checkpoint.model.contributions(features)
        own = checkpoint.model.embed(features)
        training = checkpoint.training
        near = torch.nn.functional.cosine_similarity(own, training.embedding.float())
        order = near.argsort(descending=True)[:NEIGHBOURS].tolist()
    return {name: float(share) for name, share in shares.items()}, [
        {
            "item_id": training.item_id[i],
            "label": int(training.label[i]),
            "probability": float(sigmoid(training.logit[i])),
            "similarity": float(near[i]),
        }
        for i in order
    ]


def sigmoid(logit) -> np.ndarray:
    """Probabilities of logits, in double precision."""
    return 1 / (1 + np.exp(-np.asarray(logit, dtype=float)))
