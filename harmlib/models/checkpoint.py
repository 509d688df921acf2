"""A trained model on disk, with what its threshold needs in order to mean something."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

import torch

from harmlib.models.classifier import HarmfulClassifier, build_classifier
from harmlib.models.scaler import Scaler

FORMAT_VERSION = 2


class CheckpointError(ValueError):
    """A file that isn't a checkpoint of this program, or of a version that it doesn't know."""


@dataclass(frozen=True)
class Reference:
    """Items that the saved model has scored; what new scores are held against.

    item_id, group : n names; label : (n,) 0/1; logit : (n,) float64
    embedding : (n, 128) float16, of `HarmfulClassifier.embed`
    """

    item_id: list[str]
    group: list[str]
    label: torch.Tensor
    logit: torch.Tensor
    embedding: torch.Tensor


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to judge: features -> `scaler` -> `model` -> probability > `threshold`.

    about : modality, variant, epoch, seed, objective, threshold_unit, pos_weight, class counts,
        calibration, features (the params of the backbones), backbones (settings and weights'
        keys), split_digest, validation_curve, window_sec, versions
    """

    model: HarmfulClassifier
    scaler: Scaler
    threshold: float  # a probability
    about: dict
    training: Reference
    validation: Reference


def refer(
    model: HarmfulClassifier,
    features: torch.Tensor,
    item_id: list[str],
    group: list[str],
    label: torch.Tensor,
) -> Reference:
    """Score items for a checkpoint. features : (n, sum of dims), scaled."""
    model.eval()
    with torch.inference_mode():
        logit = model.logits(features).double()
        embedding = model.embed(features).half()
    return Reference(list(item_id), list(group), label.to(torch.uint8), logit, embedding)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write one file that `torch.load(..., weights_only=True)` can open.

    `best_threshold` is there when the threshold was chosen automatically.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "model_state_dict": checkpoint.model.state_dict(),
        "dims": dict(checkpoint.model.dims),
        "last_layer": "sigmoid" if checkpoint.model.ends_in_sigmoid else "logits",
        "scaler_mean": checkpoint.scaler.mean,
        "scaler_sd": checkpoint.scaler.sd,
        "threshold": float(checkpoint.threshold),  # NumPy's would need weights_only=False
        "about": checkpoint.about,
        "training": vars(checkpoint.training),
        "validation": vars(checkpoint.validation),
    }
    if checkpoint.about["operating"] == "best_f1":
        content["best_threshold"] = content["threshold"]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises CheckpointError for a file of another kind or version, or with parts missing."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such checkpoint") from None
    except (RuntimeError, EOFError, KeyError, ValueError, OSError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: not a checkpoint: {error}") from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: format version {version!r}, this program reads {FORMAT_VERSION}; "
            "train again with ./run_all.sh"
        )
    try:
        model = build_classifier(
            content["about"]["modality"], content["dims"], content["last_layer"]
        )
        model.load_state_dict(content["model_state_dict"])
        return Checkpoint(
            model.eval(),
            Scaler(content["scaler_mean"], content["scaler_sd"]),
            content["threshold"],
            content["about"],
            Reference(**content["training"]),
            Reference(**content["validation"]),
        )
    except (KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"{path}: a checkpoint with parts missing or changed ({error}); "
            "train again with ./run_all.sh"
        ) from error


def checkpoint_digest(path: Path) -> str:
    """sha256 of the file: names the model in a log of decisions."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
