"""Where the models run, and in which precision."""

from __future__ import annotations

import torch


def choose_device(name: str) -> torch.device:
    """`auto` is the first GPU if there is one, else the CPU; else any name that torch knows.

    Raises ValueError for a device that this machine lacks.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device {name!r}: {error}; use auto, cpu, cuda or cuda:N") from None
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ValueError(
            f"device {name!r}: this machine has {count} CUDA device(s); use auto or cpu"
        )
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ModuleNotFoundError):
        raise ValueError(
            f"device {name!r}: the installed torch can't use it; use auto or cpu"
        ) from None
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """`auto` is bf16 where the processor computes in it, else fp32."""
    if name == "auto":
        if device.type == "cuda":
            native = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            native = torch.cpu.get_capabilities().get("avx512_bf16", False)
        name = "bf16" if native else "fp32"
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def device_label(device: torch.device) -> str:
    """The device in words, for the report."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    capabilities = torch.cpu.get_capabilities()
    name = capabilities.get("cpu_name") or capabilities.get("architecture", "CPU")
    return f"CPU ({name}, {torch.get_num_threads()} threads)"
