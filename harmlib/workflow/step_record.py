"""What is recorded of a run's steps: `steps.json` in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harmlib.media.whole_file import set_aside

# What the record holds, and of which kind.
KINDS = {"steps": dict, "pages": dict, "gathered": str}


def record_path(run_dir: Path) -> Path:
    """Return where a run's record lies.

    Parameters
    ----------
    run_dir : Path
        The run's folder.

    Returns
    -------
    Path

    Examples
    --------
    >>> record_path(Path("reports/demo")).name
    'steps.json'
    """
    return run_dir / "steps.json"


def read_record(run_dir: Path) -> dict[str, Any]:
    """Read what is recorded of a run's steps.

    Parameters
    ----------
    run_dir : Path
        The run's folder.

    Returns
    -------
    dict
        ``steps`` (name of each finished step -> what was recorded of it), ``pages`` and
        ``gathered``. Empty ones where nothing is recorded, or where the record is damaged: that
        one is set aside with a line that says so, and all steps run again.
    """
    path = record_path(run_dir)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        _check(content)
    except FileNotFoundError:
        content = {}
    except (OSError, ValueError, RecursionError) as error:
        set_aside({path: f"damaged, so all steps run again ({error})"})
        content = {}
    return {name: content.get(name, kind()) for name, kind in KINDS.items()}


def _check(content: Any) -> None:
    if not isinstance(content, dict):
        raise ValueError("it is no table of steps")
    for name, kind in KINDS.items():
        if not isinstance(content.get(name, kind()), kind):
            raise ValueError(f"{name} is no {kind.__name__}")
    steps = content.get("steps", {})
    if not all(isinstance(step, dict) for step in steps.values()):
        raise ValueError("steps holds other things than steps")
