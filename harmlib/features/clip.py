"""CLIP: what the picture shows (openai-clip, image tower)."""

from __future__ import annotations

import contextlib
import io
import pickle
import warnings
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import center_crop, resize

from harmlib.features.weights import Weights, WeightsError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its import of pkg_resources warns; setuptools is pinned
    from clip.model import VisionTransformer, build_model

# Architecture of the image towers (Radford et al. 2021, table 20).
_TOWERS = {
    "ViT-B/32": {"patch_size": 32, "width": 768, "layers": 12, "heads": 12, "output_dim": 512},
    "ViT-B/16": {"patch_size": 16, "width": 768, "layers": 12, "heads": 12, "output_dim": 512},
    "ViT-L/14": {"patch_size": 14, "width": 1024, "layers": 24, "heads": 16, "output_dim": 768},
}
_INPUT_PIXELS = 224
# Of the training pictures, red, green, blue, as in CLIP's own preprocessing.
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class ClipBackbone:
    """Frames to CLIP image embeddings, before any normalisation."""

    name = "clip"

    def __init__(self, model: str, weights: Weights, batch_size: int) -> None:
        """Raises WeightsError when the file holds no CLIP image model."""
        self.key, self.batch_size = f"{model} {weights.key}", batch_size
        if weights.path is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(weights.seed)
                self.network = VisionTransformer(input_resolution=_INPUT_PIXELS, **_TOWERS[model])
        else:
            self.network = _load_tower(weights)
        side = self.network.input_resolution
        self.unit_shape = (3, side, side)
        self._mean = torch.tensor(_MEAN)[:, None, None] * 255
        self._std = torch.tensor(_STD)[:, None, None] * 255

    def prepare(self, frames: list[np.ndarray]) -> torch.Tensor:
        """(n, 3, side, side) uint8: CLIP's resizing and cutting, frames of a size together."""
        side = self.network.input_resolution
        cut: list[torch.Tensor] = []
        for _, alike in groupby(frames, key=lambda frame: frame.shape):
            pictures = torch.from_numpy(np.stack(list(alike))).permute(0, 3, 1, 2)
            small = resize(pictures, [side], InterpolationMode.BICUBIC, antialias=True)
            cut.append(center_crop(small, [side, side]))
        return torch.cat(cut).contiguous()

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor]:
        """(n, 3, side, side) uint8 to (n, output_dim)."""
        mean, std = self._mean.to(batch.device), self._std.to(batch.device)
        return (self.network((batch.float() - mean) / std),)

    def finish(self, embedding: torch.Tensor) -> torch.Tensor:
        """(n, output_dim), as they are."""
        return embedding

    def pool(self, rows: np.ndarray) -> np.ndarray:
        """One vector an item: a picture's own row; for a video mean and spread over its frames."""
        if len(rows) == 1:
            return rows[0]
        return np.concatenate([rows.mean(axis=0), rows.std(axis=0)])


def _load_tower(weights: Weights) -> torch.nn.Module:
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")  # torch.jit is deprecated, the official files are jit
            model = build_model(_read_state(weights.path))
    except (RuntimeError, KeyError, AttributeError, EOFError, TypeError, ValueError, OSError,
            AssertionError, pickle.UnpicklingError) as error:  # fmt: skip
        raise WeightsError(f"{weights.path}: not a CLIP checkpoint: {error}") from error
    if not isinstance(model.visual, VisionTransformer):
        raise WeightsError(f"{weights.path}: CLIP with a ResNet image tower; use a ViT")
    return model.visual.float()


def _read_state(path: Path) -> dict[str, torch.Tensor]:
    """Of a TorchScript archive (the official files) or of a saved state_dict.

    Not by `clip.load`: it reads the file to its end before it tries the second kind.
    """
    try:
        return torch.jit.load(path, map_location="cpu").state_dict()
    except RuntimeError:
        return torch.load(path, map_location="cpu", weights_only=True)
