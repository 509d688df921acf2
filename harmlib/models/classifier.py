"""The classifier: the vectors of the backbones in, a logit (or one a category) of each item out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

DROPOUT = 0.3
HIDDEN = 64  # width of each backbone's projection
EMBEDDING = 128  # width of the last hidden layer
_EMBEDDING_LAYERS = 3  # layers of `classifier` up to the one that the last linear layer reads
_LAST = tuple(f"classifier.{_EMBEDDING_LAYERS + 1}.{part}" for part in ("weight", "bias"))

LastLayer = Literal["sigmoid", "logits"]
HeadName = Literal["mlp", "linear"]


class HarmfulClassifier(nn.Module):
    """Project each backbone's vector to one width, then classify the projections together.

    The projection keeps a long vector (SlowFast has 2,304 numbers) from drowning out a short one.
    The linear head has no projections and no hidden layer: one weight for each number.

    Parameters
    ----------
    dims : dict of str to int
        Length of each backbone's vector, in the order in which the vectors are joined.
    last_layer : {"sigmoid", "logits"}
        Whether `forward` ends in a sigmoid.
    head : {"mlp", "linear"}
        What lies between the vectors and the logit.
    outputs : int, optional
        How many categories have a logit each; None: there is one, of being harmful.

    Examples
    --------
    >>> classifier = HarmfulClassifier({"clip": 4, "yolo": 3}, "logits")
    >>> classifier.logits(torch.zeros(5, 7)).shape
    torch.Size([5])
    >>> HarmfulClassifier({"clip": 4}, "logits", outputs=2).logits(torch.zeros(5, 4)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        dims: dict[str, int],
        last_layer: LastLayer,
        head: HeadName = "mlp",
        outputs: int | None = None,
    ) -> None:
        super().__init__()
        self.dims = dims
        self.outputs = outputs
        self.head = head
        if head == "mlp":
            self.projections = nn.ModuleDict(
                {n: nn.Sequential(nn.Linear(dim, HIDDEN), nn.ReLU()) for n, dim in dims.items()}
            )
            layers: list[nn.Module] = [
                nn.Dropout(DROPOUT),
                nn.Linear(HIDDEN * len(dims), EMBEDDING),
                nn.ReLU(),
                nn.Dropout(DROPOUT),
                nn.Linear(EMBEDDING, outputs or 1),
            ]
        else:
            layers = [nn.Linear(sum(dims.values()), outputs or 1)]
        if last_layer == "sigmoid":
            layers.append(nn.Sigmoid())
        self.classifier = nn.Sequential(*layers)

    @property
    def last_layer(self) -> LastLayer:
        """What `forward` ends in."""
        return "sigmoid" if isinstance(self.classifier[-1], nn.Sigmoid) else "logits"

    def _project(self, features: torch.Tensor) -> torch.Tensor:
        if self.head == "linear":
            return features
        parts = torch.split(features, list(self.dims.values()), dim=1)
        projected = [
            project(part) for project, part in zip(self.projections.values(), parts, strict=True)
        ]
        return torch.cat(projected, dim=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (n, sum of dims) to (n,): probabilities after a sigmoid, else logits.

        With `outputs` to (n, outputs), as `logits` does.
        """
        output: torch.Tensor = self.classifier(self._project(features))
        return output.squeeze(1) if self.outputs is None else output

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Map (n, sum of dims) to (n,) logits, whatever the last layer is."""
        end = -1 if self.last_layer == "sigmoid" else None
        output: torch.Tensor = self.classifier[:end](self._project(features))
        return output.squeeze(1) if self.outputs is None else output

    def embed(self, features: torch.Tensor) -> torch.Tensor:
        """Map (n, sum of dims) to (n, 128), the input of the last linear layer.

        Items that are near each other there are classified alike. The linear head gives each number
        times its weight, (n, sum of dims): what it adds to the logit.
        """
        if self.head == "linear":
            return features * self.get_parameter("classifier.0.weight")
        embedding: torch.Tensor = self.classifier[:_EMBEDDING_LAYERS](self._project(features))
        return embedding

    def contributions(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """How much each backbone moves the logits away from those of the average training item.

        Exact Shapley values of the backbones, where a missing backbone is set to its training mean
        (0 after scaling). Their sum is the logit minus the logit of the average item.

        Parameters
        ----------
        features : torch.Tensor
            (n, sum of dims), scaled.

        Returns
        -------
        dict of str to torch.Tensor
            Backbone name to (n,) contributions, in logits.

        References
        ----------
        Shapley (1953); Lundberg & Lee (2017), section 2.4.
        """
        names = list(self.dims)
        parts = dict(
            zip(names, torch.split(features, list(self.dims.values()), dim=1), strict=True)
        )

        def value(seen: frozenset[str]) -> torch.Tensor:
            shown = [part if n in seen else torch.zeros_like(part) for n, part in parts.items()]
            return self.logits(torch.cat(shown, dim=1))

        values = {
            frozenset(seen): value(frozenset(seen))
            for size in range(len(names) + 1)
            for seen in combinations(names, size)
        }
        return {name: _shapley(name, names, values) for name in names}


def _shapley(
    name: str, names: list[str], values: dict[frozenset[str], torch.Tensor]
) -> torch.Tensor:
    """The mean, over all orders of arrival, of what `name` adds to those before it."""
    others = [n for n in names if n != name]
    total = torch.zeros_like(values[frozenset()])
    for size in range(len(names)):
        weight = factorial(size) * factorial(len(others) - size) / factorial(len(names))
        for before in map(frozenset, combinations(others, size)):
            total = total + weight * (values[before | {name}] - values[before])
    return total


def output_of(state: Mapping[str, torch.Tensor], output: int) -> dict[str, torch.Tensor]:
    """The weights of a classifier (head mlp) with one of its outputs alone.

    Parameters
    ----------
    state : mapping of str to torch.Tensor
        The `state_dict` of a classifier with several outputs.
    output : int
        Which of them, from 0.

    Returns
    -------
    dict of str to torch.Tensor
        The `state_dict` of a classifier without `outputs`. All layers but the last are the same,
        and its logits are those of the output, but for rounding.

    Examples
    --------
    >>> both = HarmfulClassifier({"clip": 4}, "logits", outputs=2).eval()
    >>> one = HarmfulClassifier({"clip": 4}, "logits").eval()
    >>> _ = one.load_state_dict(output_of(both.state_dict(), 1))
    >>> torch.allclose(one.logits(torch.ones(3, 4)), both.logits(torch.ones(3, 4))[:, 1])
    True
    """
    rows = slice(output, output + 1)
    return {name: value[rows] if name in _LAST else value for name, value in state.items()}


def with_outputs(states: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The weights of one classifier with the outputs of several, which share all other layers.

    Parameters
    ----------
    states : sequence of mapping of str to torch.Tensor
        As `output_of` returns them, in the order of the outputs.

    Returns
    -------
    dict of str to torch.Tensor
        The `state_dict` of which they are the outputs.

    Examples
    --------
    >>> both = HarmfulClassifier({"clip": 4}, "logits", outputs=2).state_dict()
    >>> again = with_outputs([output_of(both, 0), output_of(both, 1)])
    >>> all(torch.equal(again[name], both[name]) for name in both)
    True
    """
    first = states[0]
    return {
        name: torch.cat([state[name] for state in states]) if name in _LAST else first[name]
        for name in first
    }


def probabilities(logits: torch.Tensor | npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The sigmoid of logits, in float64.

    Parameters
    ----------
    logits : torch.Tensor or array_like
        Any shape; a tensor must be on the CPU.

    Returns
    -------
    ndarray of float64
        Probabilities in [0, 1], of the same shape.

    Examples
    --------
    >>> probabilities([-2.0, 0.0, 2.0]).round(4).tolist()
    [0.1192, 0.5, 0.8808]
    """
    if isinstance(logits, torch.Tensor):
        values = logits.double()
    else:  # a copy, because torch warns about arrays that can't be written to
        values = torch.from_numpy(np.array(logits, dtype=np.float64))
    result: npt.NDArray[np.float64] = torch.sigmoid(values).numpy()
    return result
