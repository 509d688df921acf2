"""Read a checkpoint of Ultralytics, which is a pickled network, without running what it says.

The file is read into stand-ins first. Then a network is built of the layers that YOLOv8 and YOLO11
detectors have; of what the file says of a layer, only numbers, words and tensors are taken over.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from harmlib.features.tensor_file import StandIn, TensorFileError, plain_tensor, read_tensors


class OtherNetworkError(TensorFileError):
    """What the file holds instead of the detector that is wanted."""


_MODEL = "ultralytics.nn.tasks.DetectionModel"
_HEADS = ("ultralytics.nn.modules.head.Detect", "ultralytics.nn.modules.Detect")
# All that is ever built, and nothing by its prefix.
_LAYERS = {
    "torch.nn.modules": (
        "activation.LeakyReLU", "activation.ReLU", "activation.SiLU", "batchnorm.BatchNorm2d",
        "container.ModuleList", "container.Sequential", "conv.Conv2d", "linear.Identity",
        "pooling.MaxPool2d", "upsampling.Upsample",
    ),
    "ultralytics.nn.modules": (
        "block.Attention", "block.Bottleneck", "block.C2PSA", "block.C2f", "block.C3", "block.C3k",
        "block.C3k2", "block.DFL", "block.PSABlock", "block.SPPF",
        "conv.Concat", "conv.Conv", "conv.DWConv", "head.Detect",
        "Bottleneck", "C2f", "Concat", "Conv", "DFL", "Detect", "SPPF",  # as first released
    ),
    "ultralytics.nn.tasks": ("DetectionModel",),
}  # fmt: skip
BUILT = frozenset(f"{module}.{name}" for module, names in _LAYERS.items() for name in names)
# What else such files name. None of it is built: it is read, and then left out or refused.
_READ = (
    "builtins.getattr",  # a fused layer's `forward` is saved as getattr(layer, "forward_fuse")
    "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
    "pathlib.PosixPath", "pathlib.WindowsPath",
    "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
    "torch.nn.modules.loss.BCEWithLogitsLoss", "torch.nn.modules.pooling.AdaptiveAvgPool2d",
    "torch.nn.modules.conv.ConvTranspose2d", "torch.nn.modules.dropout.Dropout",
    "torch.nn.modules.linear.Linear",
    *(f"ultralytics.{version}utils.{name}"
      for version in ("", "yolo.")
      for name in ("IterableSimpleNamespace", "loss.v8DetectionLoss", "loss.BboxLoss",
                   "loss.DFLoss", "tal.TaskAlignedAssigner")),
    *(f"ultralytics.nn.modules.{name}"
      for name in ("block.C2fAttn", "block.Proto", "head.Classify", "head.OBB", "head.Pose",
                   "head.Segment", "head.v10Detect", "block.C2fCIB", "block.CIB", "block.PSA",
                   "block.SCDown", "conv.RepVGGDW", "block.RepVGGDW")),
    *(f"ultralytics.nn.tasks.{name}"
      for name in ("ClassificationModel", "OBBModel", "PoseModel", "SegmentationModel",
                   "YOLOv10DetectionModel")),
)  # fmt: skip
_MOST_NESTED = 40  # modules in modules
_PLAIN = (bool, int, float, str, type(None))


def read_detector(path: Path, classes: int) -> Any:
    """Read the detector of a checkpoint, with the layers that it was saved with.

    Parameters
    ----------
    path : Path
        Written by Ultralytics at the end of a training.
    classes : int
        That the detector must tell apart.

    Returns
    -------
    DetectionModel
        In float32 and evaluation mode, with the head of YOLOv8 and YOLO11. Ultralytics must have
        been imported.

    Raises
    ------
    TensorFileError
        If the file is damaged or asks for anything to be called.
    OtherNetworkError
        If it holds another network.
    """
    content = read_tensors(path, (*BUILT, *_READ))
    if not isinstance(content, Mapping):
        raise TensorFileError("it holds no network")
    saved = content.get("ema") or content.get("model")
    if not isinstance(saved, StandIn):
        raise TensorFileError("it holds no network")
    _refuse_other_head(saved, classes)
    try:
        network: Any = _Builder().build(saved, 0)
        _complete(network)
        return network.float().eval()
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:
        raise TensorFileError(f"its network is damaged: {error}") from error


def _refuse_other_head(saved: StandIn, classes: int) -> None:
    """Other heads (segmentation, pose, or YOLO26's without suppression) put out other columns."""
    layers = _modules(_modules(saved).get("model"))
    head = list(layers.values())[-1] if layers else None
    state = head.state if isinstance(head, StandIn) and isinstance(head.state, dict) else {}
    parts = state.get("_modules") or {}
    end_to_end = state.get("end2end") or state.get("_end2end") or parts.get("one2one_cv2")
    name = getattr(head, "name", "no")
    is_wanted = saved.name == _MODEL and name in _HEADS and state.get("nc") == classes
    if not is_wanted or end_to_end:
        raise OtherNetworkError(
            "expected a YOLOv8 or YOLO11 detector (not end-to-end) of the "
            f"{classes} COCO classes, got {saved.name.rpartition('.')[2]} with a "
            f"{name.rpartition('.')[2]} head of {state.get('nc', '?')} classes"
        )


def _modules(saved: object) -> dict[str, Any]:
    state = saved.state if isinstance(saved, StandIn) else None
    modules = state.get("_modules") if isinstance(state, dict) else None
    return dict(modules) if isinstance(modules, dict) else {}


class _Builder:
    """Modules of stand-ins; one that is used twice is built once."""

    def __init__(self) -> None:
        self._built: dict[int, torch.nn.Module] = {}
        self._open: set[int] = set()  # those that are being built: none may hold itself

    def build(self, saved: object, depth: int) -> torch.nn.Module:
        """Build one module with all that it holds."""
        if not isinstance(saved, StandIn) or saved.name not in BUILT:
            name = getattr(saved, "name", type(saved).__name__)
            raise TensorFileError(f"its network has a layer {name}, no YOLOv8 or YOLO11 has one")
        if id(saved) in self._open or depth > _MOST_NESTED:
            raise TensorFileError("its modules hold each other")
        if id(saved) not in self._built:
            self._open.add(id(saved))
            self._built[id(saved)] = self._filled(saved, depth)
            self._open.remove(id(saved))
        return self._built[id(saved)]

    def _filled(self, saved: StandIn, depth: int) -> torch.nn.Module:
        module_name, _, class_name = saved.name.rpartition(".")
        of_class: type[torch.nn.Module] = getattr(importlib.import_module(module_name), class_name)
        module = of_class.__new__(of_class)
        torch.nn.Module.__init__(module)
        if not isinstance(saved.state, dict):
            raise TensorFileError(f"its {class_name} has no state")
        state = dict(saved.state)
        for name, value in (state.pop("_parameters", None) or {}).items():
            module.register_parameter(name, None if value is None else _parameter(name, value))
        for name, value in (state.pop("_buffers", None) or {}).items():
            module.register_buffer(name, None if value is None else plain_tensor(name, value))
        for name, value in (state.pop("_modules", None) or {}).items():
            module.add_module(name, None if value is None else self.build(value, depth + 1))
        fused = getattr(of_class, "forward_fuse", None)
        if isinstance(state.pop("forward", None), StandIn) and fused:
            module.__dict__["forward"] = fused.__get__(module)  # the only one that detectors save
        for name, value in state.items():
            if _is_setting(of_class, name) and _is_plain(value):
                setattr(module, name, value)
        return module


def _parameter(name: str, value: Any) -> torch.nn.Parameter:
    tensor = plain_tensor(name, value)
    if isinstance(tensor, torch.nn.Parameter):
        return tensor
    return torch.nn.Parameter(tensor, requires_grad=False)


def _is_setting(of_class: type, name: object) -> bool:
    """Whether a state's entry is a layer's own: no hook, and nothing in the place of a method."""
    return (
        isinstance(name, str)
        and name.isidentifier()
        and not name.startswith("_")
        and not callable(getattr(of_class, name, None))
        and not isinstance(getattr(of_class, name, None), property)
    )


def _is_plain(value: object, depth: int = 0) -> bool:
    """Numbers, words, tensors, and small collections of them."""
    if isinstance(value, (list, tuple, dict)) and depth < 6:
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        return all(_is_plain(part, depth + 1) for part in parts)
    if type(value) is torch.Tensor:
        plain_tensor("a setting", value)
        return True
    return type(value) in _PLAIN


def _complete(network: Any) -> None:
    """Give layers that an earlier version saved what this version reads, as its own loader does."""
    if not hasattr(network, "stride"):
        network.stride = torch.tensor([32.0])
    for layer in network.modules():
        if hasattr(layer, "inplace"):
            layer.inplace = True
        elif isinstance(layer, torch.nn.Upsample) and not hasattr(layer, "recompute_scale_factor"):
            layer.recompute_scale_factor = None
