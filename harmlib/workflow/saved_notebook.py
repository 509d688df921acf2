"""What JupyterLab saves of the project's own notebooks: cells, and nothing that running left."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)
# Those that the project holds. A copy (06_explore-Copy1.ipynb) keeps its outputs.
_OWN = re.compile(r"\d\d_[a-z_]+\.ipynb")
_FOLDER = "notebooks"
_KEPT = ("tags", "en")  # of a cell's metadata; `en` is the English wording of a text


def is_own(path: Path) -> bool:
    """Whether a file is one of the project's notebooks, by its name and folder.

    Parameters
    ----------
    path : Path
        Absolute.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_own(Path("/project/notebooks/06_explore.ipynb"))
    True
    >>> is_own(Path("/project/notebooks/06_explore-Copy1.ipynb"))
    False
    """
    return path.parent.name == _FOLDER and _OWN.fullmatch(path.name) is not None


def leave_out_results(notebook: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Take away what running a notebook adds to it: outputs, counts, widgets, versions.

    Parameters
    ----------
    notebook : dict
        The JSON content, which is changed. Sources, ids, tags and English wordings of the cells
        stay.
    metadata : dict
        What the notebook says of itself in place of what it says now.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "1", "metadata": {"scrolled": True},
    ...         "outputs": [{}], "execution_count": 3}
    >>> notebook = {"cells": [cell], "metadata": {"widgets": {}}}
    >>> leave_out_results(notebook, {})
    >>> notebook
    {'cells': [{'cell_type': 'code', 'source': '1', 'metadata': {}, 'outputs': [],
    'execution_count': None}], 'metadata': {}}
    """
    notebook["metadata"] = metadata
    for cell in notebook["cells"]:
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k in _KEPT}
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None


def before_save(model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Clean one of the project's notebooks that JupyterLab is about to save; leave all others.

    The `pre_save_hook` of a Jupyter server. Two versions of one notebook then differ by what people
    wrote, and running one leaves the checkout as it was.

    Parameters
    ----------
    model : dict
        What is to be saved; its content is changed.
    path : str
        Below the server's folder.
    contents_manager : jupyter_server.services.contents.filemanager.FileContentsManager
        It knows the server's folder.

    Examples
    --------
    >>> before_save({"type": "file", "content": "text"}, "notes.txt", None)
    """
    if model["type"] != "notebook" or model.get("content") is None:
        return
    file = Path(contents_manager.root_dir, path.lstrip("/")).resolve()
    if is_own(file):
        leave_out_results(model["content"], _metadata_before(file, model["content"]["metadata"]))


def _metadata_before(file: Path, otherwise: dict[str, Any]) -> dict[str, Any]:
    """What the saved notebook says of itself: JupyterLab adds the version of this Python."""
    try:
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOG.warning("%s: %s; its metadata are saved as they are now", file, error)
        return otherwise
    return known
