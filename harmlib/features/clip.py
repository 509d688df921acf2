"""CLIP: what the picture shows (openai-clip, image tower)."""

from __future__ import annotations

import contextlib
import io
import pickle
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from harmlib.features.weights import Weights, WeightsError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its import of pkg_resources warns; setuptools is pinned
    import clip as openai_clip
    from clip.model import VisionTransformer, build_model

# Architecture of the image towers (Radford et al. 2021, table 20).
_TOWERS = {
    "ViT-B/32": {"patch_size": 32, "width": 768, "layers": 12, "heads": 12, "output_dim": 512},
    "ViT-B/16": {"patch_size": 16, "width": 768, "layers": 12, "heads": 12, "output_dim": 512},
    "ViT-L/14": {"patch_size": 14, "width": 1024, "layers": 24, "heads": 16, "output_dim": 768},
}
_INPUT_PIXELS = 224


class ClipBackbone:
    """Frames to CLIP image embeddings, before any normalisation."""

    name = "clip"

    def __init__(self, model: str, weights: Weights, batch_size: int) -> None:
        """Raises WeightsError when the file holds no CLIP image model."""
        self.batch_size = batch_size
        if weights.path is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(weights.seed)
                self.network = VisionTransformer(input_resolution=_INPUT_PIXELS, **_TOWERS[model])
        else:
            self.network = _load_tower(weights)
        self._preprocess = openai_clip.clip._transform(self.network.input_resolution)

    def prepare(self, frames: list[np.ndarray]) -> torch.Tensor:
        """(n, 3, 224, 224) float32 by CLIP's own preprocessing, from n RGB frames."""
        return torch.stack([self._preprocess(Image.fromarray(frame)) for frame in frames])

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """(n, 3, 224, 224) to (n, output_dim)."""
        return self.network(batch)

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
