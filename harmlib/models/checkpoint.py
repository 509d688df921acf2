"""A trained classifier on disk, with everything that its threshold needs to mean something."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch
from pydantic import ValidationError

from harmlib.analysis.calibration import fit_temperature
from harmlib.analysis.optimism import optimism
from harmlib.analysis.paired import baseline_difference
from harmlib.analysis.thresholds import sweep
from harmlib.features.tensor_file import TensorFileError, plain_tensor, read_tensors, tensors_of
from harmlib.language import told
from harmlib.media.splits import split_digest
from harmlib.media.whole_file import written_whole
from harmlib.models.about import (
    CURVE_COLUMNS,
    CURVE_THRESHOLDS,
    About,
    Calibration,
    TestFigures,
)
from harmlib.models.checkpoint_checks import check_dims, check_items, without_variables
from harmlib.models.classifier import (
    HarmfulClassifier,
    HeadName,
    LastLayer,
    probabilities,
)
from harmlib.models.recipe import possible_recipes
from harmlib.models.scaler import Scaler
from harmlib.models.training import Split, Training
from harmlib.models.training_data import TrainingData
from harmlib.params import Variant

FORMAT_VERSION = 5
_AGAIN = "train again with ./run_all.sh"


class CheckpointError(ValueError):
    """A file that is no checkpoint of this program, of another version, or incomplete."""


@dataclass(frozen=True)
class Reference:
    """Items as the saved classifier scored them; new scores are held against them.

    Attributes
    ----------
    item_id, group : list of str
        n names each.
    label : torch.Tensor
        (n,) uint8: 1 harmful, 0 safe.
    logit : torch.Tensor
        (n,) float64.
    embedding : torch.Tensor
        (n, width) float16, of `HarmfulClassifier.embed`.
    """

    item_id: list[str]
    group: list[str]
    label: torch.Tensor
    logit: torch.Tensor
    embedding: torch.Tensor


@dataclass(frozen=True)
class Checkpoint:
    """A classifier ready to predict: features -> scaler -> classifier -> probability > threshold.

    Attributes
    ----------
    classifier : HarmfulClassifier
        In evaluation mode.
    scaler : Scaler
        Fitted to the training split.
    threshold : float
        The operating threshold, a probability. An item is harmful above it.
    about : About
        Where classifier and threshold come from.
    training : Reference
        The items that the classifier was trained on, as it scores them.
    validation : Reference
        The items that the threshold was chosen on: those of the validation split, as the classifier
        scores them. Where they were cross-fitted: those of both splits, with the logits by which
        the threshold was chosen, each of a classifier that never saw the item's group.
    """

    classifier: HarmfulClassifier
    scaler: Scaler
    threshold: float
    about: About
    training: Reference
    validation: Reference


def make_checkpoint(
    data: TrainingData,
    training: Training,
    operating_points: pd.DataFrame,
    *,
    variant: str,
    spec: Variant,
    seed: int,
) -> Checkpoint:
    """Assemble the checkpoint of the chosen epoch.

    Parameters
    ----------
    data : TrainingData
        What the classifier was trained on.
    training : Training
        The finished training.
    operating_points : pandas.DataFrame
        As `harmlib.models.variant_training.choose_operating_points` returns them for this training,
        with a column pos_weight.
    variant : str
        The variant's name.
    spec : Variant
        The variant's params.
    seed : int
        The run's seed.

    Returns
    -------
    Checkpoint
    """
    point = operating_points[operating_points["chosen"]].iloc[0]
    epoch = int(point["epoch"])
    backbones = training.recipe.backbones if training.recipe else tuple(data.dims)
    dims = {name: data.dims[name] for name in backbones}
    classifier = HarmfulClassifier(dims, spec.last_layer, spec.head)
    classifier.load_state_dict(training.states[epoch])
    classifier.eval()
    splits = {name: split.of_backbones(data.dims, backbones) for name, split in data.splits.items()}
    trained_on = _score(classifier, splits["train"])
    validation = _score(classifier, splits["val"])
    if training.cross_fitted is not None:
        trained_on = _score(classifier, splits["train"].joined(splits["val"]))
        validation = _cross_fitted(trained_on, training.cross_fitted, epoch)
    about = About(
        modality=data.modality,
        variant=variant,
        epoch=epoch,
        epochs=len(operating_points),
        seed=seed,
        threshold_unit="probability",
        validation_f1=float(point["f1"]),
        f1_optimism=_f1_optimism(data, training, spec),
        test=_of_test(classifier, splits.get("test"), float(point["threshold"])),
        **_of_spec(data, training, spec),
        **_of_validation(validation, float(point["pos_weight"])),
        **_of_data(data, backbones),
    )
    scaler = data.scaler.of_backbones(data.dims, backbones)
    return Checkpoint(classifier, scaler, float(point["threshold"]), about, trained_on, validation)


def _of_spec(data: TrainingData, training: Training, spec: Variant) -> dict[str, Any]:
    """The part of `About` that says how was trained and chosen."""
    recipes = 1
    if training.cross_fitted is not None:  # else no recipe is chosen on these items
        recipes = len(possible_recipes(list(data.dims), spec))
    return {
        "head": spec.head,
        "penalty": training.recipe.penalty if training.recipe else None,
        "validation": spec.validation,
        "recipes": recipes,
        "threshold_rule": spec.threshold_rule,
        "objective": spec.objective,
        "thresholds": list(spec.thresholds),
    }


def _of_validation(validation: Reference, pos_weight: float) -> dict[str, Any]:
    """The part of `About` that is measured on validation."""
    labels, logits = validation.label.numpy(), validation.logit.numpy()
    curve = sweep(labels, probabilities(logits), CURVE_THRESHOLDS)
    return {
        "pos_weight": pos_weight,
        "validation_curve": curve[CURVE_COLUMNS].to_dict("list"),
        "calibration": Calibration(
            method="temperature" if pos_weight == 1 else "unweighted",
            temperature=fit_temperature(labels, logits, pos_weight),
            offset=0.0 - math.log(pos_weight),  # not -0.0
        ),
    }


def _of_test(
    classifier: HarmfulClassifier, test: Split | None, threshold: float
) -> TestFigures | None:
    """What the test split says; it is written down for those who use the file, and chooses nothing.

    A test split with one class tells nothing.
    """
    if test is None or len(set(test.labels.tolist())) < 2:
        return None
    scores = probabilities(_score(classifier, test).logit)
    table = baseline_difference(
        test.labels.numpy(), scores, threshold, np.array(test.groups), metrics=["f1"]
    )
    f1 = table.iloc[0]
    low, high = (float(f1[end]) if math.isfinite(f1[end]) else None for end in ("low", "high"))
    return TestFigures(
        n=len(test.labels), groups=len(set(test.groups)), f1=float(f1["b"]),
        baseline_f1=float(f1["a"]), low=low, high=high,
    )  # fmt: skip


def _of_data(data: TrainingData, backbones: tuple[str, ...]) -> dict[str, Any]:
    """The part of `About` that says what was trained on."""
    in_training = data.items["split"] == "train"
    return {
        "counts": {
            name: {"harmful": int(split.labels.sum()), "safe": int((1 - split.labels).sum())}
            for name, split in data.splits.items()
        },
        "split_digest": split_digest(data.items),
        "duration_sec": float(data.items.loc[in_training, "duration_sec"].median()),
        "features": data.features,
        "backbones": {name: data.backbones[name] for name in backbones},
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }


def _f1_optimism(data: TrainingData, training: Training, spec: Variant) -> float | None:
    groups = data.items[["item_id", "group"]]
    scores = training.development.merge(groups, on="item_id").assign(variant="own")
    fixed = spec.fixed_threshold
    offered = list(spec.thresholds) if fixed is None else [fixed]
    found = optimism(scores, {"own": offered}).set_index("figure")
    value = float(found.at["optimism", "value"])
    return value if math.isfinite(value) else None


def _score(classifier: HarmfulClassifier, split: Split) -> Reference:
    with torch.inference_mode():
        logit = classifier.logits(split.features).double()
        embedding = classifier.embed(split.features).half()
    return Reference(
        list(split.item_ids), list(split.groups), split.labels.to(torch.uint8), logit, embedding
    )


def _cross_fitted(items: Reference, scores: pd.DataFrame, epoch: int) -> Reference:
    """Give items the logits that they got from classifiers which never saw their groups."""
    own = scores[scores["epoch"] == epoch].set_index("item_id").loc[items.item_id]
    return replace(items, logit=torch.tensor(own["logit"].to_numpy(), dtype=torch.float64))


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write one file that `torch.load(..., weights_only=True)` can open; whole or not at all.

    It holds plain values and tensors. `best_threshold` is in it when the threshold was chosen
    automatically.

    Parameters
    ----------
    path : pathlib.Path
        The file to write; its folder may be new.
    checkpoint : Checkpoint
        What to save.
    """
    write_content(path, content_of(checkpoint))


def content_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """What a checkpoint's file holds: plain values and tensors.

    Parameters
    ----------
    checkpoint : Checkpoint

    Returns
    -------
    dict of str to Any
    """
    content = {
        "format_version": FORMAT_VERSION,
        "model_state_dict": checkpoint.classifier.state_dict(),
        "dims": dict(checkpoint.classifier.dims),
        "last_layer": checkpoint.classifier.last_layer,
        "head": checkpoint.classifier.head,
        "scaler_mean": checkpoint.scaler.mean,
        "scaler_sd": checkpoint.scaler.sd,
        "threshold": float(checkpoint.threshold),  # NumPy's would need weights_only=False
        "about": checkpoint.about.model_dump(),
        "training": vars(checkpoint.training),
        "validation": vars(checkpoint.validation),
    }
    if checkpoint.about.threshold_rule != "fixed":
        content["best_threshold"] = content["threshold"]
    return content


def write_content(path: Path, content: dict[str, Any]) -> None:
    """Write one file of plain values and tensors; whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file to write; its folder may be new.
    content : dict of str to Any
    """
    buffer = io.BytesIO()  # into a file, it would write the name of the file too
    torch.save(content, buffer)
    with written_whole(path) as part:
        part.write_bytes(buffer.getvalue())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU.

    Parameters
    ----------
    path : pathlib.Path
        A file that `save_checkpoint` wrote.

    Returns
    -------
    Checkpoint

    Raises
    ------
    CheckpointError
        For a missing file, a file of another kind or version, and a file in which a part is
        missing or of another type. The message names the part.
    """
    content = read_content(path)
    if "categories" in content:
        raise CheckpointError(
            f"{path}: it scores categories, each with a threshold of its own; only `harmlib "
            "predict` reads such a checkpoint"
        )
    with damage_told(path):
        return from_content(content)


def read_content(path: Path) -> dict[str, Any]:
    """Read what a checkpoint file of this version holds, without looking at it.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    dict of str to Any

    Raises
    ------
    CheckpointError
        For a missing file, and a file of another kind or version.
    """
    if not path.exists():
        raise CheckpointError(
            told(f"{path}: there is no such checkpoint", f"{path}: 그런 체크포인트가 없습니다")
        )
    try:
        content = read_tensors(path)
    except TensorFileError as error:
        raise CheckpointError(
            told(f"{path}: not a checkpoint: {error}", f"{path}: 체크포인트가 아닙니다: {error}")
        ) from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: format version {version!r}, this program reads {FORMAT_VERSION}; {_AGAIN}"
        )
    found: dict[str, Any] = content
    return found


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Say which part of a checkpoint is missing or of another type.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the message.

    Yields
    ------
    None

    Raises
    ------
    CheckpointError
        In place of what the part made fail.
    """
    try:
        yield
    except ValidationError as error:
        parts = "; ".join(
            f"about.{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise CheckpointError(f"{path}: a damaged checkpoint: {parts}; {_AGAIN}") from None
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(f"{path}: a damaged checkpoint: {reason}; {_AGAIN}") from error


def from_content(content: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint that a file holds, checked part by part.

    Parameters
    ----------
    content : mapping of str to Any
        As `content_of` returns it, read from a file of anybody.

    Returns
    -------
    Checkpoint

    Raises
    ------
    LookupError, TypeError, ValueError, RuntimeError, AttributeError
        For a part that is missing or of another type; see `damage_told`.
    """
    last_layer: LastLayer = content["last_layer"]
    if last_layer not in get_args(LastLayer):
        raise ValueError(f"last_layer is {last_layer!r}")
    head: HeadName = content["head"]
    if head not in get_args(HeadName):
        raise ValueError(f"head is {head!r}")
    threshold: float = content["threshold"]
    if not isinstance(threshold, float):
        raise TypeError(f"threshold is {threshold!r}, not a float")
    about = About.model_validate(without_variables(content["about"]))
    scaler = Scaler(*(plain_tensor(name, content[name]) for name in ("scaler_mean", "scaler_sd")))
    check_dims(content["dims"], about, scaler)
    classifier = HarmfulClassifier(content["dims"], last_layer, head)
    classifier.load_state_dict(tensors_of(content["model_state_dict"]))
    training, validation = Reference(**content["training"]), Reference(**content["validation"])
    for name, items in (("training", training), ("validation", validation)):
        check_items(name, vars(items))
    return Checkpoint(classifier.eval(), scaler, threshold, about, training, validation)


def checkpoint_digest(path: Path) -> str:
    """The sha256 of a checkpoint file, which names its classifier in tables and logs.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     checkpoint_digest(Path(file.name))[:12]
    'e3b0c44298fc'
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
