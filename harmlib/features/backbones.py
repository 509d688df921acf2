"""What a backbone is, and which ones there are."""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
import torch

from harmlib.address import Address
from harmlib.features.store import FeatureStore
from harmlib.features.weights import DownloadProgress, OfficialFile, Weights, resolve_weights
from harmlib.media.decode import RGB
from harmlib.params import FeatureParams

WEIGHTS_SEED = 0  # of untrained backbones; not the run's seed, so that runs can share vectors


class Backbone(Protocol):
    """A frozen network that turns RGB frames into vectors, with all facts about it.

    The network is built when it is first asked for, and only then is its library imported. Mostly
    nobody asks: vectors are stored, and an engine keeps the network in a form of its own.

    Attributes
    ----------
    name : str
        Name of its section in `FeatureParams`.
    version : int
        Raise it when a change of the code changes the vectors.
    package : str
        The installed distribution that defines the network.
    official_files : mapping of str to OfficialFile
        Architecture -> the weights that ``pretrained`` means; empty for a backbone that has no
        weights, and whose section has none either.
    key : str
        Identifies the network: its architecture and its weights.
    weights : Weights
        What the network is built with.
    batch_size : int
        Units per batch.
    unit_shape : tuple of int
        Shape of one unit of `prepare`: a frame (3, h, w), or a clip of frames (3, t, h, w).
    """

    name: ClassVar[str]
    version: ClassVar[int]
    package: ClassVar[str]
    official_files: ClassVar[Mapping[str, OfficialFile]]

    key: str
    weights: Weights
    batch_size: int
    unit_shape: tuple[int, ...]

    def __init__(self, section: Any, weights: Weights) -> None:
        """Take the facts of `section` of the params; may raise WeightsError."""

    @abstractmethod
    def build(self) -> torch.nn.Module:
        """Build the network on the CPU, in evaluation mode; may raise WeightsError."""

    @cached_property
    def network(self) -> torch.nn.Module:
        """What `compute` runs. Asking for it raises WeightsError where the weights are bad."""
        network = self.build()
        # Else the vectors would be kept under the hash of other weights.
        self.weights.require_unchanged()
        return network

    def release(self) -> None:
        """Let the network go; whoever asks for it again gets a new one."""
        self.__dict__.pop("network", None)

    @staticmethod
    def sampling(params: FeatureParams) -> dict[str, Any]:
        """How a video is sampled, in words and numbers; these are part of the store's key."""

    @staticmethod
    def wanted_frames(params: FeatureParams, duration_sec: float) -> list[tuple[float, int | None]]:
        """Return (seconds from the window's start, short side in pixels or None for its own)."""

    def prepare(self, frames: list[RGB]) -> torch.Tensor:
        """RGB frames (height, width, 3) to units ``(n, *unit_shape)`` uint8."""

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Units ``(n, *unit_shape)`` uint8 to tensors with n rows each. An engine compiles this."""

    def finish(self, *outputs: torch.Tensor) -> torch.Tensor:
        """Outputs of `compute`, on the CPU, to (n, dim) float32."""

    def pool(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """All rows (n, dim) of one image or window to one vector."""


# One line per backbone: the module and the class that own everything about it.
BACKBONES = {
    "clip": ("harmlib.features.clip", "ClipBackbone"),
    "yolo": ("harmlib.features.yolo", "YoloBackbone"),
    "slowfast": ("harmlib.features.slowfast", "SlowFastBackbone"),
    "motion": ("harmlib.features.motion", "MotionBackbone"),
}


def backbone_class(name: str) -> type[Backbone]:
    """Import the class of a backbone; the network's library waits until a network is built.

    Parameters
    ----------
    name : str
        The backbone, a key of `BACKBONES`.

    Returns
    -------
    type of Backbone
        For its version, sampling and official files, or to build it.

    Examples
    --------
    >>> backbone_class("clip").official_files["ViT-B/32"].file_name
    'ViT-B-32.pt'
    """
    module, class_name = BACKBONES[name]
    found: type[Backbone] = getattr(importlib.import_module(module), class_name)
    return found


def backbone_names(params: FeatureParams, modality: str) -> list[str]:
    """List the backbones that see a modality, in the order in which their vectors are joined.

    Parameters
    ----------
    params : FeatureParams
        A section that is None leaves its backbone out.
    modality : str
        ``image`` or ``video``.

    Returns
    -------
    list of str
        Names of sections of `params`.

    Examples
    --------
    >>> backbone_names(FeatureParams(), "image")
    ['clip', 'yolo']
    >>> backbone_names(FeatureParams(yolo=None), "video")
    ['clip', 'slowfast']
    """
    sections = {name: getattr(params, name) for name in type(params).model_fields}
    return [
        name
        for name, section in sections.items()
        if name in BACKBONES and section is not None and modality in section.modalities
    ]


def find_weights(
    params: FeatureParams, name: str, cache_dir: Path, progress: DownloadProgress | None = None
) -> Weights:
    """Find the weights that the params ask for; see `resolve_weights`.

    Parameters
    ----------
    params : FeatureParams
        With a section for the backbone.
    name : str
        The backbone.
    cache_dir : Path
        Where downloaded files are kept.
    progress : callable, optional
        Called during a download with (bytes there, bytes in all or None if unknown).

    Returns
    -------
    Weights
        With a file whose content was verified, or with `WEIGHTS_SEED`; of the kind ``none`` for a
        backbone without official files.

    Raises
    ------
    WeightsError
        If the file is missing or unreadable, has the wrong hash, or cannot be downloaded.
    """
    section, files = getattr(params, name), backbone_class(name).official_files
    if not files:
        return Weights("none", path=None, sha256=None, seed=None)
    if section.weights == "untrained":
        return Weights("untrained", None, None, WEIGHTS_SEED, section.architecture)
    official = files.get(section.architecture)
    return resolve_weights(section.weights, official, cache_dir=cache_dir, progress=progress)


def own_weights(params: FeatureParams) -> dict[str, str]:
    """The files of weights that the params name.

    Parameters
    ----------
    params : FeatureParams
        A section that is None leaves its backbone out.

    Returns
    -------
    dict of str to str
        Backbone to path; none of those with official weights, or without any.

    Examples
    --------
    >>> own_weights(FeatureParams())
    {}
    """
    named = {name: getattr(getattr(params, name, None), "weights", None) for name in BACKBONES}
    return {
        name: path for name, path in named.items() if path not in (None, "pretrained", "untrained")
    }


def load_backbone(params: FeatureParams, name: str, weights: Weights) -> Backbone:
    """Make one backbone. Its network is built when something asks for it.

    Parameters
    ----------
    params : FeatureParams
        With a section for the backbone.
    name : str
        The backbone.
    weights : Weights
        What `find_weights` returned.

    Returns
    -------
    Backbone

    Raises
    ------
    WeightsError
        If the file has to be looked at for the backbone's facts, and does not hold such weights.
    """
    return backbone_class(name)(getattr(params, name), weights)


def sampling(params: FeatureParams, name: str, modality: str) -> dict[str, Any]:
    """Tell how a backbone samples a file; this is part of the key of its vectors.

    Parameters
    ----------
    params : FeatureParams
        With a section for the backbone.
    name : str
        The backbone.
    modality : str
        ``image`` or ``video``.

    Returns
    -------
    dict
        The modality and, for videos, what the backbone's own `sampling` says.

    Examples
    --------
    >>> sampling(FeatureParams(video_frames=4), "clip", "video")
    {'modality': 'video', 'frames': 4}
    """
    if modality == "image":
        return {"modality": "image"}
    return {"modality": "video"} | backbone_class(name).sampling(params)


def open_store(
    params: FeatureParams,
    name: str,
    weights: Weights,
    modality: str,
    precision: str,
    root: Path | Address,
) -> FeatureStore:
    """Open the store that keeps one backbone's vectors under these params.

    Parameters
    ----------
    params : FeatureParams
        With a section for the backbone.
    name : str
        The backbone.
    weights : Weights
        What `find_weights` returned.
    modality : str
        ``image`` or ``video``.
    precision : str
        Of the computation, as ``str`` of a torch dtype.
    root : Path or Address
        Folder of all stores.

    Returns
    -------
    FeatureStore
        Its settings name everything that changes a vector; a batch size doesn't.
    """
    settings = getattr(params, name).model_dump(exclude={"weights", "batch_size"})
    return FeatureStore(
        root,
        name,
        settings
        | sampling(params, name, modality)
        | {"weights": weights.key, "precision": precision, "version": backbone_class(name).version},
    )
