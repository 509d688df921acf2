"""The one training loop: every variant, both modalities; every epoch's scores are kept."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from harmlib.models.classifier import HarmfulClassifier
from harmlib.params import Schedule


@dataclass(frozen=True)
class Split:
    """What the loop sees of one split.

    features : (n, dim) float32, scaled; labels : (n,) 0/1; item_ids : n names
    """

    features: torch.Tensor
    labels: torch.Tensor
    item_ids: list[str]


@dataclass(frozen=True)
class Training:
    """What came out: a row an epoch, a row an item and epoch, and each epoch's weights."""

    history: pd.DataFrame  # epoch, train_loss, val_loss, learning_rate, seconds
    scores: pd.DataFrame  # epoch, split, item_id, label, logit, probability
    states: dict[int, dict[str, torch.Tensor]]


def train(
    build: Callable[[], HarmfulClassifier],
    loss: nn.Module,
    schedule: Schedule,
    train_split: Split,
    judged: dict[str, Split],
    *,
    seed: int,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> Training:
    """Train with Adam; after each epoch (counted from 1) score the `judged` splits.

    build : makes the classifier; called once, under `seed`
    judged : name to split; must hold 'val', whose loss goes to the history. Nothing here looks
        at a threshold, and the test split never touches the weights.
    On the CPU, the same seed gives the same numbers to the bit.
    """
    with torch.random.fork_rng(), _one_thread():
        torch.manual_seed(seed)
        model = build().to(device)
        loss = loss.to(device)
        # Fused: the layers are so small that most of the time goes into calling them one by one.
        optimiser = torch.optim.Adam(model.parameters(), lr=schedule.learning_rate, fused=True)
        features, labels = train_split.features.to(device), train_split.labels.float().to(device)
        history, scores, states = [], [], {}
        for epoch in range(1, schedule.epochs + 1):
            start = time.perf_counter()
            train_loss = _one_epoch(model, loss, optimiser, features, labels, schedule.batch_size)
            scored = {name: _score(model, split, device) for name, split in judged.items()}
            history.append(
                {
                    "epoch": epoch,
                    "train_loss": train_loss,
                    "val_loss": _loss_of(model, loss, judged["val"], device),
                    "learning_rate": schedule.learning_rate,
                    "seconds": time.perf_counter() - start,
                }
            )
            scores += [frame.assign(epoch=epoch, split=name) for name, frame in scored.items()]
            states[epoch] = copy.deepcopy({k: v.cpu() for k, v in model.state_dict().items()})
            if progress:
                progress(epoch, schedule.epochs)
    columns = ["epoch", "split", "item_id", "label", "logit", "probability"]
    return Training(pd.DataFrame(history), pd.concat(scores, ignore_index=True)[columns], states)


@contextmanager
def _one_thread() -> Iterator[None]:
    """These layers are too small to share among cores: threads would mostly wait for each other,
    and the sums' order, hence the last bit, would depend on how many cores there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _one_epoch(
    model: HarmfulClassifier,
    loss: nn.Module,
    optimiser: torch.optim.Optimizer,
    features: torch.Tensor,
    labels: torch.Tensor,
    batch_size: int,
) -> float:
    """The mean training loss of an item. Batches are drawn by index from the matrix at hand."""
    model.train()
    total = torch.zeros((), device=features.device)
    for rows in torch.randperm(len(labels)).to(features.device).split(batch_size):
        optimiser.zero_grad()
        value = loss(model(features[rows]), labels[rows])
        value.backward()
        optimiser.step()
        total += value.detach() * len(rows)
    return float(total) / len(labels)


@torch.inference_mode()
def _score(model: HarmfulClassifier, split: Split, device: torch.device) -> pd.DataFrame:
    model.eval()
    logits = model.logits(split.features.to(device)).double().cpu()
    return pd.DataFrame(
        {
            "item_id": split.item_ids,
            "label": split.labels.numpy(),
            "logit": logits.numpy(),
            "probability": torch.sigmoid(logits).numpy(),
        }
    )


@torch.inference_mode()
def _loss_of(
    model: HarmfulClassifier, loss: nn.Module, split: Split, device: torch.device
) -> float:
    model.eval()
    return float(loss(model(split.features.to(device)), split.labels.float().to(device)))
