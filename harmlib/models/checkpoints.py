"""A trained model on disk, with what its threshold needs in order to mean something."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import torch

from harmlib.models.classifiers import HarmfulClassifier, build_classifier
from harmlib.models.features import Scaler

FORMAT_VERSION = 1


class CheckpointError(ValueError):
    """A file that isn't a checkpoint of this program, or of a version that it doesn't know."""


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to judge: features -> `scaler` -> `model` -> probability > `threshold`."""

    model: HarmfulClassifier
    scaler: Scaler
    threshold: float  # a probability
    about: dict  # modality, variant, epoch, seed, backbones, objective, …


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
    }
    if checkpoint.about["operating"] == "best_f1":
        content["best_threshold"] = content["threshold"]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(content, part)
    part.replace(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises CheckpointError for a file of another kind or version."""
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
    model = build_classifier(content["about"]["modality"], content["dims"], content["last_layer"])
    model.load_state_dict(content["model_state_dict"])
    scaler = Scaler(content["scaler_mean"], content["scaler_sd"])
    return Checkpoint(model.eval(), scaler, content["threshold"], content["about"])
