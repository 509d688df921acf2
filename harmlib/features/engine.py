"""Where a backbone's network computes: OpenVINO on the CPU, torch on a GPU."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

# Importing OpenVINO reports to its makers, unless this package can't be found.
sys.modules["openvino_telemetry"] = None
import openvino  # noqa: E402

from harmlib.features.backbones import VERSIONS, Backbone  # noqa: E402
from harmlib.features.weights import WeightsError  # noqa: E402

Rows = Callable[[], np.ndarray]  # waits for a batch, and gives its (units, dim) float32 rows

_TRACED_WITH = ("torch", "openvino", "openai-clip", "ultralytics", "pytorchvideo")


class Engine(Protocol):
    """A backbone ready to compute."""

    backbone: Backbone

    def start(self, batch: torch.Tensor) -> Rows:
        """Begin with (units, …) uint8; the caller may prepare the next batch meanwhile."""


def open_engine(
    backbone: Backbone, device: torch.device, precision: torch.dtype, cache: Path
) -> Engine:
    """The fastest way that this project knows for the device.

    cache : folder of the networks that OpenVINO has converted already
    """
    if device.type == "cpu":
        return OpenvinoEngine(backbone, precision, cache)
    return TorchEngine(backbone, device, precision)


class TorchEngine:
    """torch with autocast, channels last; a batch that doesn't fit into memory is halved."""

    def __init__(self, backbone: Backbone, device: torch.device, precision: torch.dtype) -> None:
        self.backbone, self.device, self.precision = backbone, device, precision
        self.limit = backbone.batch_size  # units that fit, as far as is known
        layout = torch.channels_last_3d if len(backbone.unit_shape) == 4 else torch.channels_last
        backbone.network.to(device, memory_format=layout).eval()

    def start(self, batch: torch.Tensor) -> Rows:
        pieces: list[tuple[torch.Tensor, ...]] = []
        while len(batch):
            piece = batch[: self.limit]
            try:
                pieces.append(self._compute(piece))
            except torch.OutOfMemoryError:
                if len(piece) == 1:
                    raise
                self.limit = len(piece) // 2
                warnings.warn(
                    f"{self.backbone.name}: {len(piece)} at a time need more memory than "
                    f"{self.device} has; going on with {self.limit}. Set its batch_size to that",
                    stacklevel=2,
                )
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
                continue
            batch = batch[len(piece) :]

        def rows() -> np.ndarray:
            with torch.inference_mode():
                finished = [self.backbone.finish(*(o.cpu() for o in piece)) for piece in pieces]
            return torch.cat(finished).numpy()

        return rows

    def _compute(self, piece: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if self.device.type == "cuda":  # page-locked memory is copied beside the computing
            piece = piece.pin_memory()
        piece = piece.to(self.device, non_blocking=True)
        mixed = torch.autocast(
            self.device.type, self.precision, enabled=self.precision != torch.float32
        )
        with torch.inference_mode(), mixed:
            return tuple(output.float() for output in self.backbone.compute(piece))


class OpenvinoEngine:
    """OpenVINO: norms folded, activations fused, weights packed for this processor.

    Converting takes seconds and is kept in `cache`.
    """

    def __init__(self, backbone: Backbone, precision: torch.dtype, cache: Path) -> None:
        self.backbone = backbone
        core = openvino.Core()
        kind = {torch.float32: "f32", torch.bfloat16: "bf16"}[precision]
        self._network = core.compile_model(
            _converted(core, backbone, cache),
            "CPU",
            {"INFERENCE_PRECISION_HINT": kind, "PERFORMANCE_HINT": "THROUGHPUT"},
        )
        # As many as keep all cores busy, each on cores of its own: less waiting than all on one.
        count = self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._requests = [self._network.create_infer_request() for _ in range(count)]

    def start(self, batch: torch.Tensor) -> Rows:
        """Computes at once: this engine takes all cores, there is nothing to overlap."""
        pieces = batch.chunk(len(self._requests))
        running = self._requests[: len(pieces)]
        for request, piece in zip(running, pieces, strict=True):
            request.start_async({0: openvino.Tensor(piece.numpy())})
        parts = []
        for request in running:
            request.wait()
            parts.append([torch.from_numpy(out.data.copy()) for out in request.output_tensors])

        def rows() -> np.ndarray:
            with torch.inference_mode():
                return torch.cat([self.backbone.finish(*outputs) for outputs in parts]).numpy()

        return rows


def _converted(core: openvino.Core, backbone: Backbone, cache: Path) -> openvino.Model:
    """The backbone's `compute` as an OpenVINO model, from the cache if it is there.

    Raises WeightsError where the cache is damaged.
    """
    versions = {name: importlib.metadata.version(name) for name in _TRACED_WITH}
    text = json.dumps([backbone.key, VERSIONS[backbone.name], backbone.unit_shape, versions])
    folder = cache / f"{backbone.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        openvino.save_model(_convert(backbone), part / "network.xml", compress_to_fp16=False)
        try:
            part.rename(folder)  # whole or not at all
        except OSError:  # another process was faster
            shutil.rmtree(part)
    try:
        return core.read_model(folder / "network.xml")
    except RuntimeError as error:
        raise WeightsError(
            f"{folder}: the converted network kept there can't be read; delete the folder, "
            f"and it is made again ({str(error).strip().splitlines()[-1]})"
        ) from error


def _convert(backbone: Backbone) -> openvino.Model:
    example = torch.zeros(1, *backbone.unit_shape, dtype=torch.uint8)
    graph = _Graph(backbone).eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracers warn about shapes that are fixed on purpose
        graph(example)  # YOLO makes its anchors in the first call
        traced = torch.jit.trace(graph, example, check_trace=False)
        return openvino.convert_model(
            traced, example_input=example, input=[-1, *backbone.unit_shape]
        )


class _Graph(torch.nn.Module):
    """`compute` as a module, which is what can be traced."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.network = backbone.network
        self.compute = backbone.compute

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.compute(batch)
