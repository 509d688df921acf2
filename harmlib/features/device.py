"""Where the networks run, and in which precision."""

from __future__ import annotations

import torch

from harmlib.features.processors import NoSuchProcessor


def choose_device(name: str) -> torch.device:
    """Find the device that the params name.

    Parameters
    ----------
    name : str
        ``auto`` (the first GPU if there is one, else the CPU), ``cpu``, ``cuda``, ``cuda:1``, or
        any other name that torch knows.

    Returns
    -------
    torch.device
        A device that this machine has.

    Raises
    ------
    NoSuchProcessor
        If this machine lacks the device, or torch cannot use it.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise NoSuchProcessor(f"device {name!r}: {error}; use auto, cpu, cuda or cuda:N") from None
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise NoSuchProcessor(
            f"device {name!r}: this machine has {count} CUDA device(s); use auto or cpu"
        )
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ModuleNotFoundError):
        raise NoSuchProcessor(
            f"device {name!r}: the installed torch can't use it; use auto or cpu"
        ) from None
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """Find the precision that the params name.

    Parameters
    ----------
    name : str
        ``auto`` (bf16 if the device computes in it, else fp32), ``fp32`` or ``bf16``.
    device : torch.device
        Where the networks run.

    Returns
    -------
    torch.dtype
        ``torch.float32`` or ``torch.bfloat16``.

    Examples
    --------
    >>> choose_precision("fp32", torch.device("cpu"))
    torch.float32
    """
    if name == "auto":
        if device.type == "cuda":
            native = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            native = torch.cpu.get_capabilities().get("avx512_bf16", False)
        name = "bf16" if native else "fp32"
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def device_label(device: torch.device) -> str:
    """Describe the device for the report.

    Parameters
    ----------
    device : torch.device
        A device of this machine.

    Returns
    -------
    str
        The GPU's name, or the CPU's with the number of threads.

    Examples
    --------
    >>> device_label(torch.device("cpu"))
    'CPU (... threads)'
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    capabilities = torch.cpu.get_capabilities()
    name = capabilities.get("cpu_name") or capabilities.get("architecture", "CPU")
    return f"CPU ({name}, {torch.get_num_threads()} threads)"
