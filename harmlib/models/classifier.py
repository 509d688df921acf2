"""The two classifiers: features of a picture, or of a video, to one logit."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import torch
from torch import nn

DROPOUT = 0.3
HIDDEN = 64  # of each backbone's projection
_EMBEDDING = 3  # layers of `classifier` up to the one whose output the last layer judges


class HarmfulClassifier(nn.Module):
    """Each backbone's vector is projected to the same width, then all of them are judged together.

    The projection keeps one long vector (SlowFast has 2,304 numbers) from drowning out a short one.
    """

    def __init__(self, dims: dict[str, int], last_layer: str) -> None:
        """dims : length of each backbone's vector, in the order in which they are joined."""
        super().__init__()
        self.dims = dims
        self.projections = nn.ModuleDict(
            {name: nn.Sequential(nn.Linear(dim, HIDDEN), nn.ReLU()) for name, dim in dims.items()}
        )
        layers = [
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN * len(dims), 128),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(128, 1),
        ]
        if last_layer == "sigmoid":
            layers.append(nn.Sigmoid())
        self.classifier = nn.Sequential(*layers)

    @property
    def ends_in_sigmoid(self) -> bool:
        return isinstance(self.classifier[-1], nn.Sigmoid)

    def _project(self, features: torch.Tensor) -> torch.Tensor:
        parts = features.split(list(self.dims.values()), dim=1)
        projected = [
            project(part) for project, part in zip(self.projections.values(), parts, strict=True)
        ]
        return torch.cat(projected, dim=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, sum of dims) to (n,): probabilities after a sigmoid, else logits."""
        return self.classifier(self._project(features)).squeeze(1)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """(n, sum of dims) to (n,) logits, whatever the last layer is."""
        end = -1 if self.ends_in_sigmoid else None
        return self.classifier[:end](self._project(features)).squeeze(1)

    def embed(self, features: torch.Tensor) -> torch.Tensor:
        """(n, sum of dims) to (n, 128): what the last layer judges; near means judged alike."""
        return self.classifier[:_EMBEDDING](self._project(features))

    def contributions(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        """How much each backbone moved the logits, (n,) each, against the average training item.

        Shapley values (Shapley 1953; Lundberg & Lee 2017, sec. 2.4) of the backbones, exact: with
        the missing ones at their training mean, which is 0 after scaling. They add up to the
        logits less the logit of the average item.
        """
        names = list(self.dims)
        parts = dict(zip(names, features.split(list(self.dims.values()), dim=1), strict=True))

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


class ImageHarmfulClassifier(HarmfulClassifier):
    """CLIP and YOLO vectors of a picture to a verdict."""


class VideoHarmfulClassifier(HarmfulClassifier):
    """CLIP, YOLO and SlowFast vectors of a video to a verdict."""


def build_classifier(modality: str, dims: dict[str, int], last_layer: str) -> HarmfulClassifier:
    """A freshly initialised classifier of the modality."""
    kind = ImageHarmfulClassifier if modality == "image" else VideoHarmfulClassifier
    return kind(dims, last_layer)
