"""Where a backbone's network computes: OpenVINO on the CPU, torch on a GPU."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

# Importing OpenVINO reports to its makers, unless this package can't be found.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's way to say so
import openvino  # noqa: E402

from harmlib.features.backbones import Backbone  # noqa: E402
from harmlib.features.batch_limit import BatchLimit  # noqa: E402
from harmlib.features.weights import WeightsError  # noqa: E402
from harmlib.media.whole_file import set_aside  # noqa: E402

_CHECKSUM = "sha256"  # file beside a converted network
# Waits for a batch, and returns its rows (units, dim).
Rows = Callable[[], npt.NDArray[np.float32]]


class Engine(Protocol):
    """A backbone that is ready to compute.

    Attributes
    ----------
    backbone : Backbone
        Whose network it runs.
    """

    backbone: Backbone

    def start(self, batch: torch.Tensor) -> Rows:
        """Start to compute units ``(n, *unit_shape)`` uint8.

        The caller may prepare the next batch before it asks for the rows. Where even one unit
        needs more memory than there is, it raises what `is_out_of_memory` knows.
        """


def open_engine(
    backbone: Backbone,
    device: torch.device,
    precision: torch.dtype,
    cache: Path,
    threads: int | None = None,
) -> Engine:
    """Open the fastest engine for the device.

    Parameters
    ----------
    backbone : Backbone
        Whose network to run.
    device : torch.device
        A CPU or a GPU.
    precision : torch.dtype
        ``torch.float32`` or ``torch.bfloat16``.
    cache : Path
        Folder of the networks that OpenVINO has already converted.
    threads : int, optional
        Threads of a CPU; by default one for each core. Their number doesn't change a vector.

    Returns
    -------
    Engine
        Ready to compute.

    Raises
    ------
    WeightsError
        If a converted network in the cache is damaged.
    """
    if device.type == "cpu":
        return OpenvinoEngine(backbone, precision, cache, threads)
    return TorchEngine(backbone, device, precision)


class Unopened:
    """Stands for an engine where nothing is computed: it tells which backbone is prepared for.

    Parameters
    ----------
    backbone : Backbone
        Whose network nobody has built.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone

    def start(self, batch: torch.Tensor) -> Rows:
        """Computes nothing."""
        raise AssertionError(f"{self.backbone.name} was not opened to compute {len(batch)} units")


class TorchEngine:
    """Runs the network in torch, with autocast and channels last.

    A batch that doesn't fit into memory is halved, with a warning.

    Parameters
    ----------
    backbone : Backbone
        Whose network to run; it is moved to the device.
    device : torch.device
        Any device that torch can use.
    precision : torch.dtype
        ``torch.float32`` or ``torch.bfloat16``.
    """

    def __init__(self, backbone: Backbone, device: torch.device, precision: torch.dtype) -> None:
        self.backbone, self.device, self.precision = backbone, device, precision
        self._limit = BatchLimit(backbone.name, backbone.batch_size, str(device))
        layout = torch.channels_last_3d if len(backbone.unit_shape) == 4 else torch.channels_last
        backbone.network.to(device).to(memory_format=layout).eval()

    def start(self, batch: torch.Tensor) -> Rows:
        """Start to compute units ``(n, *unit_shape)`` uint8."""
        parts = self._limit.compute(batch, self._compute)

        def rows() -> npt.NDArray[np.float32]:
            with torch.inference_mode():
                finished = [self.backbone.finish(*(o.cpu() for o in part)) for part in parts]
            return torch.cat(finished).numpy()

        return rows

    def _compute(self, part: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if self.device.type == "cuda":  # page-locked memory is copied while the GPU computes
            part = part.pin_memory()
        part = part.to(self.device, non_blocking=True)
        mixed = torch.autocast(
            self.device.type, self.precision, enabled=self.precision != torch.float32
        )
        with torch.inference_mode(), mixed:
            return tuple(output.float() for output in self.backbone.compute(part))


class OpenvinoEngine:
    """Runs the network in OpenVINO: norms folded, activations fused, weights packed for this CPU.

    A batch that doesn't fit into memory is halved, with a warning.

    Parameters
    ----------
    backbone : Backbone
        Whose network to run.
    precision : torch.dtype
        ``torch.float32`` or ``torch.bfloat16``.
    cache : Path
        Folder of converted networks; converting one takes seconds.
    threads : int, optional
        By default one for each core.

    Raises
    ------
    WeightsError
        If a converted network in the cache is damaged.
    """

    def __init__(
        self,
        backbone: Backbone,
        precision: torch.dtype,
        cache: Path,
        threads: int | None = None,
    ) -> None:
        self.backbone = backbone
        self._limit = BatchLimit(backbone.name, backbone.batch_size, "cpu")
        core = openvino.Core()
        hint = {torch.float32: "f32", torch.bfloat16: "bf16"}[precision]
        # Threads are kept to cores of their own, the first ones. Who asks for fewer than there are
        # has other processes beside this one, and all of them would keep to the same.
        self._network = core.compile_model(
            _converted(core, backbone, cache),
            "CPU",
            {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "THROUGHPUT"}
            | ({"INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False} if threads else {}),
        )
        backbone.release()  # half a gigabyte that nothing asks for any more
        # As many as keep all cores busy, each on cores of its own: less waiting than all on one.
        count = self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._requests = [self._network.create_infer_request() for _ in range(count)]

    def start(self, batch: torch.Tensor) -> Rows:
        """Compute at once: this engine uses all cores, so nothing can overlap."""
        outputs = list(chain.from_iterable(self._limit.compute(batch, self._compute)))

        def rows() -> npt.NDArray[np.float32]:
            with torch.inference_mode():
                return torch.cat([self.backbone.finish(*part) for part in outputs]).numpy()

        return rows

    def _compute(self, batch: torch.Tensor) -> list[list[torch.Tensor]]:
        parts = batch.chunk(len(self._requests))
        running = self._requests[: len(parts)]
        try:
            for request, part in zip(running, parts, strict=True):
                request.start_async({0: openvino.Tensor(part.numpy())})
            outputs = []
            for request in running:
                request.wait()
                outputs.append([torch.from_numpy(o.data.copy()) for o in request.output_tensors])
        except RuntimeError:
            for request in running:  # one that still runs can't be asked again
                with contextlib.suppress(RuntimeError):
                    request.wait()
            raise
        return outputs


def keep_compiler_cache(cache: Path) -> None:
    """Give torch's compiler a folder, else it makes one at a known place in the temporary folder.

    It does so as soon as it is imported, which torchvision does.

    Parameters
    ----------
    cache : Path
        The folder of converted networks.

    Examples
    --------
    >>> keep_compiler_cache(Path("artifacts/compiled"))
    >>> "TORCHINDUCTOR_CACHE_DIR" in os.environ
    True
    """
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache / "torch"))


def _converted(core: openvino.Core, backbone: Backbone, cache: Path) -> openvino.Model:
    """The backbone's `compute` as an OpenVINO model, from the cache if it is there.

    Raises WeightsError if the cached model is damaged.
    """
    packages = ("torch", "openvino", backbone.package)
    versions = {name: importlib.metadata.version(name) for name in packages}
    text = json.dumps([backbone.key, backbone.version, backbone.unit_shape, versions])
    folder = cache / f"{backbone.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    if folder.exists() and not _is_sound(folder):
        set_aside({folder: "a converted network that is damaged, or of an earlier version"})
    if not folder.exists():
        keep_compiler_cache(cache)
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        openvino.save_model(_convert(backbone), part / "network.xml", compress_to_fp16=False)
        (part / _CHECKSUM).write_text(_digest(part))
        try:
            part.rename(folder)  # the whole model appears at once
        except OSError:  # another process was faster
            shutil.rmtree(part)
    try:
        return core.read_model(folder / "network.xml")
    except RuntimeError as error:
        raise WeightsError(
            f"{folder}: the converted network in this folder can't be read; delete the folder and "
            f"run again, and it is made anew ({str(error).strip().splitlines()[-1]})"
        ) from error


def _is_sound(folder: Path) -> bool:
    """Whether a converted network is what was written: a flipped bit would give other numbers."""
    try:
        return (folder / _CHECKSUM).read_text() == _digest(folder)
    except (OSError, ValueError):
        return False


def _digest(folder: Path) -> str:
    parts = []
    for name in ("network.xml", "network.bin"):
        with (folder / name).open("rb") as file:
            parts.append(hashlib.file_digest(file, "sha256").hexdigest())
    return " ".join(parts)


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
    """A backbone's `compute` as a module, which is what can be traced."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.network = backbone.network
        self.compute = backbone.compute

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.compute(batch)
