"""Which modules a notebook's kernel imports before it is asked for, so that it starts warm."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harmlib.workflow.import_graph import ImportGraph, notebook_code
from harmlib.workflow.kernel_server import KERNEL

# Not before the fork. The first four look at the machine when they are imported, change the
# environment, and take seconds among the minutes of the extraction, which alone needs them. The
# others look for a running IPython, which exists only in the kernel.
NOT_AHEAD = ("openvino", "ultralytics", "clip", "pytorchvideo",
             "koreanize_matplotlib", "matplotlib.pyplot", "seaborn", "tqdm.auto")  # fmt: skip
# What modules import only when it is first used.
_LATER = {
    "pandas": ("pyarrow.dataset", "pyarrow.parquet"),
    "scipy": ("scipy.stats", "scipy.optimize"),
    "harmlib.analysis.calibration": ("sklearn.isotonic", "sklearn.linear_model"),
    "harmlib.analysis.operating_points": ("sklearn.metrics",),
    "harmlib.media.folds": ("sklearn.model_selection",),
    "harmlib.models.training": ("torch._dynamo",),  # torch does, with an optimiser's first step
}


def preload(notebook: Path, graph: ImportGraph) -> list[str]:
    """Return the modules to import ahead for a notebook, in order.

    These are the modules that its own import statements name, without those that would import
    anything of `NOT_AHEAD` while they are loaded. One module too few only costs the kernel time.

    Parameters
    ----------
    notebook : Path
        The notebook's file.
    graph : ImportGraph
        The package's modules.

    Returns
    -------
    list of str
        Dotted names, each once.
    """
    ahead = list(KERNEL)
    for name in _imports(notebook_code(notebook), graph):
        reach = graph.reach(f"import {name}", lazy=False)
        if not any(_is_in(other, banned) for other in reach.others for banned in NOT_AHEAD):
            loaded = reach.others | reach.modules
            ahead.append(name)
            for module, later in _LATER.items():
                ahead += later if any(_is_in(other, module) for other in loaded) else ()
    return list(dict.fromkeys(ahead))


def _imports(code: str, graph: ImportGraph) -> Iterator[str]:
    """Yield the modules that the code's import statements name, in order."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in graph.modules else node.module


def _is_in(name: str, module: str) -> bool:
    return f"{name}.".startswith(f"{module}.")
