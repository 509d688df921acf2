"""How many units of a batch fit into memory, found out by running out of it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import TypeVar

import torch

Found = TypeVar("Found")
# What torch on a CPU, CUDA's libraries and OpenVINO say in a RuntimeError.
_SAID = re.compile(
    r"DefaultCPUAllocator|not enough memory|bad_?alloc|cannot allocate memory"
    r"|CUDA (error: )?out of memory|_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that there is not enough memory.

    Parameters
    ----------
    error : BaseException
        What a network raised.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: not enough memory: you tried …"))
    True
    >>> is_out_of_memory(RuntimeError("shapes don't match"))
    False
    """
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(_SAID.search(str(error)))


class BatchLimit:
    """The most units of a backbone that fit into memory at once, as far as is known.

    Parameters
    ----------
    name : str
        The backbone's.
    units : int
        Where to begin; at least 1.
    where : str
        The device's name.

    Attributes
    ----------
    units : int
        Halved whenever they didn't fit.

    Examples
    --------
    >>> BatchLimit("clip", 2, "cpu").compute(torch.arange(3), torch.Tensor.tolist)
    [[0, 1], [2]]
    """

    def __init__(self, name: str, units: int, where: str) -> None:
        self.units = units
        self._name, self._where = name, where

    def compute(self, batch: torch.Tensor, compute: Callable[[torch.Tensor], Found]) -> list[Found]:
        """Compute a batch in parts that fit; what they gave, in order.

        Parameters
        ----------
        batch : torch.Tensor
            Units along the first dimension.
        compute : callable
            Called with each part; one that doesn't fit is tried again with half as many.

        Returns
        -------
        list of object
            What `compute` returned.

        Raises
        ------
        Exception
            What `compute` raised for another reason, or because a single unit doesn't fit.
        """
        found: list[Found] = []
        while len(batch):
            part = batch[: self.units]
            try:
                found.append(compute(part))
            except Exception as error:
                if len(part) == 1 or not is_out_of_memory(error):
                    raise
            else:
                batch = batch[len(part) :]
                continue
            # Not in the handler: the traceback there keeps what the attempt had taken.
            self._halve(len(part))
        return found

    def _halve(self, units: int) -> None:
        """After `units` at a time needed more memory than there is."""
        self.units = units // 2
        warnings.warn(
            f"{self._name}: {units} at a time need more memory than {self._where} has; "
            f"going on with {self.units}. Set its batch_size to that",
            stacklevel=4,
        )
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
