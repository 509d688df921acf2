"""What every notebook does first: check its parameters and open the run."""

from __future__ import annotations

import ast
import difflib
import logging
import warnings
from typing import Any

from harmlib.language import speak
from harmlib.params import project_params_path
from harmlib.workflow.run import Run

_INJECTED = "# Parameters"  # first line of the cell that papermill puts in


class ParameterError(ValueError):
    """A notebook was given a parameter that it doesn't declare, or of another type."""


def start(namespace: dict[str, Any]) -> Run:
    """Check the notebook's parameters, then open the run that ``params_file`` describes.

    Papermill alone would accept any parameter of any type.

    Parameters
    ----------
    namespace : dict
        The notebook's ``globals()``. Its parameters cell declares each parameter with a type
        (``modality: str = "video"``). A relative ``params_file`` starts at the project's folder,
        wherever the notebook is run.

    Returns
    -------
    Run
        The run's folder and params.

    Raises
    ------
    ParameterError
        If a parameter is not declared, has another type, or was overwritten.
    ParamsError
        If the params file can't be used.
    """
    check_parameters(namespace, namespace.get("In", []))
    _quiet()
    run = Run.open(project_params_path(namespace["params_file"]))
    speak(page=run.params.lang)
    return run


def check_parameters(namespace: dict[str, Any], cells: list[str]) -> None:
    """Check that every given parameter is declared, has its type, and took effect.

    Parameters
    ----------
    namespace : dict
        The notebook's globals, with the declared types in ``__annotations__``.
    cells : list of str
        The sources of the cells that have run, with papermill's cell if it put one in.

    Raises
    ------
    ParameterError
        If a parameter is not declared, has another type, or was overwritten.

    Examples
    --------
    >>> check_parameters({"__annotations__": {"seed": int}, "seed": "1"}, [])
    Traceback (most recent call last):
        ...
    harmlib.workflow.notebook.ParameterError: seed must be int, got '1' (str)
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
    """Return the parameters that papermill's cell sets; none where it put no cell in."""
    for source in cells:
        if source.startswith(_INJECTED):
            return {
                node.targets[0].id: ast.literal_eval(node.value)
                for node in ast.parse(source).body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            }
    return {}


def _quiet() -> None:
    """Keep other packages' notices out of the pages that people read; errors still show."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
