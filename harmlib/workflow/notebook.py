"""What every notebook does first: check the parameters that it was given, open the run."""

from __future__ import annotations

import ast
import difflib
import logging
import warnings
from typing import Any

from harmlib.workflow.run import Run

_INJECTED = "# Parameters"  # first line of the cell that papermill puts in


class ParameterError(ValueError):
    """A notebook was given a parameter that it doesn't declare, or of another type."""


def start(namespace: dict[str, Any]) -> Run:
    """Check this notebook's parameters, then open the run that `params_file` describes.

    namespace : the notebook's `globals()`. Its parameters cell declares each parameter with a
        type (`modality: str = "video"`); papermill alone would accept anything.
    """
    check_parameters(namespace, namespace.get("In", []))
    _quiet()
    return Run.open(namespace["params_file"])


def check_parameters(namespace: dict[str, Any], cells: list[str]) -> None:
    """Raise ParameterError for an undeclared, mistyped or ineffective parameter.

    namespace : the notebook's globals, with the declared types in `__annotations__`
    cells : the sources of the cells that have run, papermill's among them, if it put one in
    """
    declared = namespace.get("__annotations__", {})
    for name, value in _injected(cells).items():
        if name not in declared:
            near = difflib.get_close_matches(name, declared, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(declared)}"
            raise ParameterError(f"this notebook has no parameter {name!r}; {hint}")
        if namespace[name] != value:
            raise ParameterError(
                f"{name} was given as {value!r} but is {namespace[name]!r}: the parameters cell "
                "ran after papermill's; does it still have the tag 'parameters'?"
            )
    for name, kind in declared.items():
        kind = {"str": str, "int": int, "float": float, "bool": bool}.get(kind, kind)
        if name in namespace and not isinstance(namespace[name], kind):
            raise ParameterError(
                f"{name} must be {kind.__name__}, got {namespace[name]!r} "
                f"({type(namespace[name]).__name__})"
            )


def _injected(cells: list[str]) -> dict[str, Any]:
    for source in cells:
        if source.startswith(_INJECTED):
            return {
                node.targets[0].id: ast.literal_eval(node.value)
                for node in ast.parse(source).body
                if isinstance(node, ast.Assign)
            }
    return {}


def _quiet() -> None:
    """Keep other packages' notices out of pages that people read; errors still show."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
