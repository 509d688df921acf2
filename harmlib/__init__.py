"""Reproducible reports on harmful-content detection.

The public face is small; everything else is reached through its room:

- `load_params`: a params file, checked.
- `sweep`: the confusion counts and rates at every threshold.
- `choose`: the best threshold under an objective.
- `predict_files`: a saved classifier on new files.

Examples
--------
>>> import harmlib
>>> harmlib.choose([0, 1, 1], [0.2, 0.4, 0.9], "f1").state
'ok'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harmlib.analysis.choice import choose
    from harmlib.analysis.thresholds import sweep
    from harmlib.params import load_params
    from harmlib.predict import predict_files

__all__ = ["choose", "load_params", "predict_files", "sweep"]

# Imported when first used: whoever only sweeps scores needs no torch.
_HOMES = {
    "choose": "harmlib.analysis.choice",
    "load_params": "harmlib.params",
    "predict_files": "harmlib.predict",
    "sweep": "harmlib.analysis.thresholds",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'harmlib' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
