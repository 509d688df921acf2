"""Many classifiers of one architecture trained at once: their weights are stacked in one tensor.

The layers are so small that most of the time of a training goes into calling them. Folds and seeds
are trained with the same schedule, so one call can compute the same layer of all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from harmlib.models.classifier import HarmfulClassifier, LastLayer
from harmlib.models.divergence import divergence_told, require_finite
from harmlib.models.losses import LossName, build_loss, item_losses
from harmlib.models.training import (
    SCORE_COLUMNS,
    Split,
    Training,
    mean_loss,
    one_thread,
    score_split,
)
from harmlib.params import Schedule

Run = tuple[int, int]  # the first of some heads that lie side by side, and the one after the last
Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Head:
    """One of the classifiers that are trained together.

    Attributes
    ----------
    splits : mapping of str to Split
        "train", "val", whose loss goes to the history, and any others to score. Heads may share
        splits.
    seed : int
        Seeds the weights, the dropout and the order of the items.
    pos_weight : float
        Weight of a harmful item relative to a safe one.
    """

    splits: Mapping[str, Split]
    seed: int
    pos_weight: float = 1.0


def train_heads(
    heads: Sequence[Head],
    dims: dict[str, int],
    loss: LossName,
    schedule: Schedule,
    *,
    device: torch.device,
    keep_states: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> list[Training]:
    """Train several classifiers as one computation.

    On the CPU each head gets what `harmlib.models.training.train` gives it alone: its weights, its
    order of the items and its dropout masks come from the same stream of random numbers. The
    numbers are equal to the bit where torch adds up a stacked matrix product as it does a single
    one, and within the rounding of float32 elsewhere.

    Parameters
    ----------
    heads : sequence of Head
        K heads; the number of items may differ between them.
    dims : dict of str to int
        As in `HarmfulClassifier`.
    loss : {"bce", "bce_with_logits", "focal"}
        Decides the last layer as well: "bce" takes probabilities, so a sigmoid.
    schedule : Schedule
        Epochs, batch size, learning rate, of all heads.
    device : torch.device
        Where to train. The random numbers come from the CPU, so that they are the same anywhere.
    keep_states : bool
        Whether the weights after each epoch are returned. All of them together take K times
        epochs times the size of a classifier.
    progress : callable, optional
        Called with (epochs done, epochs in all) after each epoch.

    Returns
    -------
    list of Training
        In the order of `heads`. `seconds` of the history is the head's share of the epoch.

    Raises
    ------
    ValueError
        If a head has no item to train on.
    TrainingDiverged
        If a loss or a score becomes NaN or infinite.

    Notes
    -----
    Heads with fewer items have fewer or smaller batches at the end of an epoch: batches of one size
    are computed together, and a head that has none left makes no step, not even by momentum.
    Rounding can grow: Adam divides by a gradient's size, and a hidden unit near 0 may switch. One
    training alone does the same when its first weights are moved by a rounding error.

    Examples
    --------
    >>> names = ["a", "b", "c"]
    >>> split = Split(torch.eye(3), torch.tensor([1, 0, 1]), names, names)
    >>> heads = [Head({"train": split, "val": split}, seed) for seed in (1, 2)]
    >>> schedule = Schedule(epochs=2, batch_size=2, learning_rate=0.01)
    >>> trainings = train_heads(heads, {"clip": 3}, "bce", schedule, device=torch.device("cpu"))
    >>> [len(training.scores) for training in trainings]
    [6, 6]
    """
    if not heads:
        return []
    for number, head in enumerate(heads):
        if len(head.splits["train"].labels) == 0:
            raise ValueError(f"heads[{number}] has no item in its split 'train'")
    # The most items first: so batches of one size lie side by side in the stack.
    order = sorted(range(len(heads)), key=lambda i: -len(heads[i].splits["train"].labels))
    with one_thread():
        stack = _Stack([heads[i] for i in order], dims, loss, schedule, device)
        records = _train(stack, schedule.epochs, keep_states, progress)
    return [records[order.index(i)].training() for i in range(len(heads))]


def _train(
    stack: _Stack,
    epochs: int,
    keep_states: bool,
    progress: Callable[[int, int], None] | None,
) -> list[_Record]:
    records = [_Record() for _ in stack.heads]
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        seeds = [head.seed for head in stack.heads]
        with divergence_told(epoch, stack.learning_rate, seeds):
            train_losses = stack.one_epoch()
        for i, record in enumerate(records):
            with divergence_told(epoch, stack.learning_rate, seeds[i : i + 1]):
                val_loss = stack.val_loss(i)
            tables = stack.score(i)
            losses = (train_losses[i], val_loss)
            require_finite(epoch, stack.learning_rate, seeds[i], losses, tables)
            record.scores.extend(table.assign(epoch=epoch) for table in tables)
            record.history.append(
                {
                    "epoch": epoch,
                    "train_loss": train_losses[i],
                    "val_loss": val_loss,
                    "learning_rate": stack.learning_rate,
                }
            )
            if keep_states:
                state = stack.classifiers[i].state_dict()
                record.states[epoch] = {name: value.cpu().clone() for name, value in state.items()}
        seconds = (time.perf_counter() - start) / len(records)
        for record in records:
            record.history[-1]["seconds"] = seconds
        if progress:
            progress(epoch, epochs)
    return records


@dataclass(frozen=True)
class _Record:
    """What is known of one head's training so far."""

    history: list[dict[str, float]] = field(default_factory=list)
    scores: list[pd.DataFrame] = field(default_factory=list)
    states: dict[int, dict[str, torch.Tensor]] = field(default_factory=dict)

    def training(self) -> Training:
        scores = pd.concat(self.scores, ignore_index=True)[SCORE_COLUMNS]
        return Training(pd.DataFrame(self.history), scores, self.states)


class _Stack:
    """K classifiers whose weights are slices of stacked tensors, each of shape (K, ...).

    Heads come sorted by their number of items to train on, the most first.
    """

    def __init__(
        self,
        heads: Sequence[Head],
        dims: dict[str, int],
        loss: LossName,
        schedule: Schedule,
        device: torch.device,
    ) -> None:
        self.heads, self.loss, self.device = heads, loss, device
        self.batch_size, self.learning_rate = schedule.batch_size, schedule.learning_rate
        self.sizes = [len(head.splits["train"].labels) for head in heads]
        self.features = [head.splits["train"].features.to(device) for head in heads]
        self.labels = [head.splits["train"].labels.float().to(device) for head in heads]
        weights = [head.pos_weight for head in heads]
        self.mean_losses = [build_loss(loss, weight).to(device) for weight in weights]
        weighted = any(weight != 1 for weight in weights)
        self.pos_weights = torch.tensor(weights, device=device) if weighted else None

        last_layer: LastLayer = "sigmoid" if loss == "bce" else "logits"
        seeded = [_seeded(dims, last_layer, head.seed) for head in heads]
        self.classifiers = [classifier.to(device) for classifier, _ in seeded]
        self.generators = [generator for _, generator in seeded]
        self.weights = {
            name: torch.stack([c.get_parameter(name).detach() for c in self.classifiers])
            for name, _ in self.classifiers[0].named_parameters()
        }
        for i, classifier in enumerate(self.classifiers):
            for name, stacked in self.weights.items():
                classifier.get_parameter(name).data = stacked[i]
        # Adam counts steps per tensor: heads with as many items share one, others may not.
        self.parameters = {
            (name, block): nn.Parameter(stacked[slice(*block)])
            for name, stacked in self.weights.items()
            for block in _runs(self.sizes)
        }
        self.optimiser = torch.optim.Adam(
            self.parameters.values(), lr=schedule.learning_rate, fused=True
        )

    def score(self, i: int) -> list[pd.DataFrame]:
        """Score what the head is not trained on, as one table for each split."""
        return [
            score_split(self.classifiers[i], split, self.device).assign(split=name)
            for name, split in self.heads[i].splits.items()
            if name != "train"
        ]

    def val_loss(self, i: int) -> float:
        """The head's mean loss on its validation items."""
        val = self.heads[i].splits["val"]
        return mean_loss(self.classifiers[i], self.mean_losses[i], val, self.device)

    def one_epoch(self) -> list[float]:
        """The mean training loss per item of each head."""
        orders = [
            torch.randperm(size, generator=generator)
            for size, generator in zip(self.sizes, self.generators, strict=True)
        ]
        totals = torch.zeros(len(orders), device=self.device)
        for first in range(0, self.sizes[0], self.batch_size):
            rows = [order[first : first + self.batch_size] for order in orders]
            counts = [len(own) for own in rows]
            self.optimiser.zero_grad()
            for run in _runs(counts):
                if counts[run[0]]:
                    totals[slice(*run)] += self._differentiate(run, torch.stack(rows[slice(*run)]))
            self.optimiser.step()
        return [total / size for total, size in zip(totals.tolist(), self.sizes, strict=True)]

    def _differentiate(self, run: Run, rows: torch.Tensor) -> torch.Tensor:
        """Give a run of k heads their gradients on (k, b) rows; return their summed losses."""
        own = slice(*run)
        features = torch.stack([x[r] for x, r in zip(self.features[own], rows, strict=True)])
        labels = torch.stack([y[r] for y, r in zip(self.labels[own], rows, strict=True)])
        pos_weights = None if self.pos_weights is None else self.pos_weights[own]

        leaves = {name: w[own].detach().requires_grad_() for name, w in self.weights.items()}
        outputs = self._outputs(features, leaves, self.generators[own])
        losses = item_losses(self.loss, outputs, labels, pos_weights).mean(dim=1)
        found = torch.autograd.grad(losses.sum(), list(leaves.values()))
        gradients = dict(zip(leaves, found, strict=True))
        for (name, (start, stop)), parameter in self.parameters.items():
            if run[0] <= start and stop <= run[1]:
                parameter.grad = gradients[name][start - run[0] : stop - run[0]]
        return losses.detach() * rows.shape[1]

    def _outputs(
        self, features: torch.Tensor, weights: Weights, generators: list[torch.Generator]
    ) -> torch.Tensor:
        """(k, b, sum of dims) to (k, b): what `HarmfulClassifier.forward` does in training."""
        model = self.classifiers[0]
        parts = torch.split(features, list(model.dims.values()), dim=2)
        projected = [
            _apply(model, f"projections.{name}", part, weights, generators)
            for name, part in zip(model.dims, parts, strict=True)
        ]
        joined = torch.cat(projected, dim=2)
        return _apply(model, "classifier", joined, weights, generators).squeeze(2)


def _runs(values: Sequence[int]) -> list[Run]:
    """Where equal neighbours begin and end: (start, stop) of each run."""
    edges = [i for i in range(1, len(values)) if values[i] != values[i - 1]]
    return list(pairwise([0, *edges, len(values)]))


def _apply(
    model: HarmfulClassifier,
    path: str,
    values: torch.Tensor,
    weights: Weights,
    generators: list[torch.Generator],
) -> torch.Tensor:
    """Apply the layers of `model` at `path` to (k, b, n) values with the weights of k heads."""
    for index, layer in model.get_submodule(path).named_children():
        if isinstance(layer, nn.Linear):
            weight, bias = (weights[f"{path}.{index}.{part}"] for part in ("weight", "bias"))
            values = _StackedLinear.apply(values, weight, bias)
        elif isinstance(layer, nn.Dropout):
            values = values * _mask(values, layer.p, generators)
        elif isinstance(layer, nn.ReLU | nn.Sigmoid):
            values = layer(values)
        else:
            raise TypeError(f"{path}.{index}: no stacked form of {type(layer).__name__}")
    return values


def _mask(values: torch.Tensor, p: float, generators: list[torch.Generator]) -> torch.Tensor:
    """What dropout multiplies by; each head draws from its own stream, as it would alone."""
    mask = torch.empty(values.shape)
    for own, generator in zip(mask, generators, strict=True):
        own.bernoulli_(1 - p, generator=generator)
    return mask.div_(1 - p).to(values.device)


class _StackedLinear(torch.autograd.Function):
    """`nn.Linear` of k heads, with the matrix products that it would compute for each alone.

    Left to itself, autograd computes the transposed gradient of the weights and returns a view of
    it. Fused Adam reads gradients as if they were contiguous: it would mix them up.
    """

    @staticmethod
    def forward(
        ctx: Any, values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        """(k, b, in), (k, out, in) and (k, out) to (k, b, out)."""
        ctx.save_for_backward(values, weight)
        if weight.shape[1] == 1:  # torch adds a stack of dot products up in another order
            return torch.stack(list(map(functional.linear, values, weight, bias)))
        return torch.baddbmm(bias[:, None], values, weight.transpose(1, 2))

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor, torch.Tensor]:
        """The gradients of the three, each contiguous."""
        values, weight = ctx.saved_tensors
        of_values = torch.bmm(gradient, weight) if ctx.needs_input_grad[0] else None
        return of_values, torch.bmm(gradient.transpose(1, 2), values), gradient.sum(dim=1)


def _seeded(
    dims: dict[str, int], last_layer: LastLayer, seed: int
) -> tuple[HarmfulClassifier, torch.Generator]:
    """A new classifier, and the stream of random numbers after the draw of its weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = HarmfulClassifier(dims, last_layer)
        generator = torch.Generator()
        generator.set_state(torch.get_rng_state())
    return classifier, generator
