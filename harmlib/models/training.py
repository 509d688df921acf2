"""The one training loop, of every variant and both modalities. It keeps every epoch's scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from harmlib.models.classifier import HarmfulClassifier, probabilities
from harmlib.models.divergence import divergence_told, require_finite
from harmlib.models.recipe import Recipe
from harmlib.models.scaler import columns_of
from harmlib.params import Schedule

SCORE_COLUMNS = ["epoch", "split", "item_id", "label", "logit", "probability"]


@dataclass(frozen=True)
class Split:
    """The items of one split, n of them.

    Attributes
    ----------
    features : torch.Tensor
        (n, dim) float32, scaled.
    labels : torch.Tensor
        (n,) int64: 1 harmful, 0 safe. With `categories` (n, k): 1 of the category, 0 not.
    item_ids : list of str
        n names.
    groups : list of str
        The source of each item. Training does not use it.
    categories : tuple of str
        The k categories that are learned; none where being harmful is.
    """

    features: torch.Tensor
    labels: torch.Tensor
    item_ids: list[str]
    groups: list[str]
    categories: tuple[str, ...] = ()

    def of_backbones(self, dims: dict[str, int], backbones: tuple[str, ...]) -> Split:
        """The same items with the columns of some backbones.

        dims : the length of each backbone's vector, in the order in which they are joined
        """
        if tuple(dims) == backbones:
            return self
        return replace(self, features=columns_of(self.features, dims, backbones))

    def joined(self, other: Split) -> Split:
        """These items, then those of another split."""
        return Split(
            torch.cat([self.features, other.features]),
            torch.cat([self.labels, other.labels]),
            [*self.item_ids, *other.item_ids],
            [*self.groups, *other.groups],
            self.categories,
        )

    def rows(self, rows: npt.NDArray[np.int64]) -> Split:
        """Some of the items."""
        chosen = torch.from_numpy(rows)
        return Split(
            self.features[chosen],
            self.labels[chosen],
            [self.item_ids[i] for i in rows],
            [self.groups[i] for i in rows],
            self.categories,
        )

    def of_category(self, category: str) -> Split:
        """The same items, labelled by whether they are of one of the categories."""
        labels = self.labels[:, self.categories.index(category)]
        return replace(self, labels=labels, categories=())


@dataclass(frozen=True)
class Training:
    """The result of one training.

    Attributes
    ----------
    history : pandas.DataFrame
        One row per epoch: epoch, train_loss, val_loss, learning_rate, seconds.
    scores : pandas.DataFrame
        One row per item and epoch: epoch, split, item_id, label, logit, probability. Where
        categories are learned, one for each of them, and a column category.
    states : dict of int to dict
        Epoch to the classifier's `state_dict` after it, on the CPU.
    recipe : Recipe or None
        What was chosen before the training; None where nothing was left to choose.
    cross_fitted : pandas.DataFrame or None
        Columns as `scores`, without split: the training and validation items, each scored by a
        classifier that never saw its group. None where validation items were kept apart.
    """

    history: pd.DataFrame
    scores: pd.DataFrame
    states: dict[int, dict[str, torch.Tensor]]
    recipe: Recipe | None = None
    cross_fitted: pd.DataFrame | None = None

    @property
    def development(self) -> pd.DataFrame:
        """The scores by which epoch and threshold are chosen, as the columns of `scores`."""
        if self.cross_fitted is not None:
            return self.cross_fitted
        return self.scores[self.scores["split"] == "val"]


def train(
    build: Callable[[], HarmfulClassifier],
    loss: nn.Module,
    schedule: Schedule,
    splits: Mapping[str, Split],
    *,
    seed: int,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> Training:
    """Train with Adam on the split "train"; score every other split after each epoch.

    Nothing here looks at a threshold, and only the split "train" changes the weights. On the CPU
    the same seed gives the same numbers to the bit.

    Parameters
    ----------
    build : callable
        Makes the classifier; called once, under `seed`.
    loss : torch.nn.Module
        From the outputs of `HarmfulClassifier.forward` and float labels to the mean loss.
    schedule : Schedule
        Epochs, batch size, learning rate.
    splits : mapping of str to Split
        "train", "val", whose loss goes to the history, and any others to score.
    seed : int
        Seeds the weights, the dropout and the order of the items.
    device : torch.device
        Where to train.
    progress : callable, optional
        Called with (epochs done, epochs in all) after each epoch.

    Returns
    -------
    Training
        Epochs are counted from 1.

    Raises
    ------
    TrainingDiverged
        If a loss or a score becomes NaN or infinite.
    """
    scored = {name: split for name, split in splits.items() if name != "train"}
    with torch.random.fork_rng(), one_thread():
        torch.manual_seed(seed)
        classifier = build().to(device)
        loss = loss.to(device)
        # Fused: the layers are so small that most of the time goes into calling them one by one.
        optimiser = torch.optim.Adam(classifier.parameters(), lr=schedule.learning_rate, fused=True)
        features = splits["train"].features.to(device)
        labels = splits["train"].labels.float().to(device)
        history, scores, states = [], [], {}
        for epoch in range(1, schedule.epochs + 1):
            start = time.perf_counter()
            with divergence_told(epoch, schedule.learning_rate, [seed]):
                train_loss = _one_epoch(
                    classifier, loss, optimiser, features, labels, schedule.batch_size
                )
                val_loss = mean_loss(classifier, loss, splits["val"], device)
            tables = {
                name: score_split(classifier, split, device) for name, split in scored.items()
            }
            require_finite(
                epoch, schedule.learning_rate, seed, (train_loss, val_loss), tables.values()
            )
            history.append(
                {
                    "epoch": epoch,
                    "train_loss": train_loss,
                    "val_loss": val_loss,
                    "learning_rate": schedule.learning_rate,
                    "seconds": time.perf_counter() - start,
                }
            )
            scores += [table.assign(epoch=epoch, split=name) for name, table in tables.items()]
            states[epoch] = {k: v.cpu().clone() for k, v in classifier.state_dict().items()}
            if progress:
                progress(epoch, schedule.epochs)
    table = pd.concat(scores, ignore_index=True)
    table = table[SCORE_COLUMNS + [name for name in table if name == "category"]]
    return Training(pd.DataFrame(history), table, states)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with a single thread, in torch and in the BLAS of NumPy and SciPy.

    Yields
    ------
    None

    Notes
    -----
    These layers are too small to share among cores: threads would mostly wait for each other, and
    the order of the sums, hence the last bit, would depend on how many cores there are.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


def _one_epoch(
    classifier: HarmfulClassifier,
    loss: nn.Module,
    optimiser: torch.optim.Optimizer,
    features: torch.Tensor,
    labels: torch.Tensor,
    batch_size: int,
) -> float:
    """The mean training loss per item. Batches are drawn by index from the matrix at hand."""
    classifier.train()
    total = torch.zeros((), device=features.device)
    order = torch.randperm(len(labels)).to(features.device)
    for rows in torch.split(order, batch_size):
        optimiser.zero_grad()
        value = loss(classifier(features[rows]), labels[rows])
        value.backward()
        optimiser.step()
        total += value.detach() * len(rows)
    return float(total) / len(labels)


def score_split(classifier: HarmfulClassifier, split: Split, device: torch.device) -> pd.DataFrame:
    """Score the items of one split, without dropout.

    Parameters
    ----------
    classifier : HarmfulClassifier
        On `device`; left in evaluation mode.
    split : Split
        The items.
    device : torch.device
        Where to compute.

    Returns
    -------
    pandas.DataFrame
        One row per item: item_id, label, logit, probability. Where categories are learned, the rows
        of one after those of another, and a column category.
    """
    classifier.eval()
    with torch.inference_mode():
        logits = classifier.logits(split.features.to(device)).double().cpu()
    if split.categories:
        return _category_table(split, logits)
    return pd.DataFrame(
        {
            "item_id": split.item_ids,
            "label": split.labels.numpy(),
            "logit": logits.numpy(),
            "probability": probabilities(logits),
        }
    )


def _category_table(split: Split, logits: torch.Tensor) -> pd.DataFrame:
    n, k = logits.shape
    return pd.DataFrame(
        {
            "item_id": split.item_ids * k,
            "label": split.labels.T.reshape(-1).numpy(),
            "logit": logits.T.reshape(-1).numpy(),
            "probability": probabilities(logits.T.reshape(-1)),
            "category": np.repeat(split.categories, n),
        }
    )


def mean_loss(
    classifier: HarmfulClassifier, loss: nn.Module, split: Split, device: torch.device
) -> float:
    """The mean loss of one split, without dropout.

    Parameters
    ----------
    classifier : HarmfulClassifier
        On `device`; left in evaluation mode.
    loss : torch.nn.Module
        As in `train`, on `device`.
    split : Split
        The items.
    device : torch.device
        Where to compute.

    Returns
    -------
    float
    """
    classifier.eval()
    with torch.inference_mode():
        return float(loss(classifier(split.features.to(device)), split.labels.float().to(device)))
