"""The three backbones behind one small surface, built from the params."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from harmlib.features.store import FeatureStore
from harmlib.features.weights import Weights, resolve_weights
from harmlib.params import FeatureParams

WEIGHTS_SEED = 0  # of untrained backbones; not the run's seed, so that features outlive it

DownloadProgress = Callable[[int, int | None], None]


class Backbone(Protocol):
    """A frozen network that turns RGB frames into vectors.

    unit_shape : of one unit of `prepare`: a frame, or a clip of them
    key : differs where the network does: its weights and size
    """

    name: str
    key: str
    batch_size: int
    unit_shape: tuple[int, ...]
    network: torch.nn.Module

    def prepare(self, frames: list[np.ndarray]) -> torch.Tensor:
        """(units, *unit_shape) uint8."""

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """From units to tensors with a row each; the part that an engine compiles."""

    def finish(self, *outputs: torch.Tensor) -> torch.Tensor:
        """(units, dim) float32, from the outputs of `compute` on the CPU."""

    def pool(self, rows: np.ndarray) -> np.ndarray:
        """One vector of a file's rows."""


def backbone_names(params: FeatureParams, modality: str) -> list[str]:
    """Which backbones see this modality, in the order in which their vectors are joined."""
    wanted = {"clip": params.clip, "yolo": params.yolo}
    if modality == "video":
        wanted["slowfast"] = params.slowfast
    return [name for name, section in wanted.items() if section is not None]


def find_weights(
    params: FeatureParams, name: str, cache_dir: Path, progress: DownloadProgress | None = None
) -> Weights:
    """The weights that the params ask for; see `resolve_weights`."""
    section = getattr(params, name)
    official = f"{name}/{getattr(section, 'architecture', 'slowfast_r50_8x8')}"
    return resolve_weights(
        section.weights, official, cache_dir=cache_dir, seed=WEIGHTS_SEED, progress=progress
    )


def load_backbone(params: FeatureParams, name: str, weights: Weights) -> Backbone:
    """Build one backbone. Each lives in a module of its own, imported when it is needed."""
    section = getattr(params, name)
    if name == "clip":
        from harmlib.features.clip import ClipBackbone

        return ClipBackbone(section.architecture, weights, section.batch_size)
    if name == "yolo":
        from harmlib.features.yolo import YoloBackbone

        return YoloBackbone(section.architecture, weights, section.image_size, section.batch_size)
    from harmlib.features.slowfast import SlowFastBackbone

    return SlowFastBackbone(weights, section.image_size, section.batch_size)


def sampling(params: FeatureParams, name: str, modality: str) -> dict:
    """How a backbone samples a file; part of what keys its vectors."""
    if modality == "image":
        return {"modality": "image"}
    if name == "slowfast":
        section = params.slowfast
        return {"modality": "video", "clips": section.clips, "clip_sec": section.clip_sec}
    return {"modality": "video", "frames": params.video_frames}


def open_store(
    params: FeatureParams, name: str, weights: Weights, modality: str, precision: str, root: Path
) -> FeatureStore:
    """The store in which the vectors of this backbone under these params are kept.

    Opens without building the network, so that a finished extraction costs nothing to reuse.
    """
    section = getattr(params, name)
    settings = section.model_dump(exclude={"weights", "batch_size", "clips", "clip_sec"})
    return FeatureStore(
        root,
        name,
        settings
        | sampling(params, name, modality)
        | {"weights": weights.key, "precision": precision, "version": VERSIONS[name]},
    )


# Raise one when the backbone's code changes what its vectors hold.
VERSIONS = {"clip": 2, "yolo": 3, "slowfast": 2}
