"""Read a finished run's folder without its params: what `compare` and `verify` start from."""

from __future__ import annotations

import difflib
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.params import PROJECT_ROOT
from harmlib.reporting.metrics import read_metrics
from harmlib.workflow.compare_runs import RecordedRun

_REPORTS = PROJECT_ROOT / "reports"
_COLUMNS = {
    "manifest.parquet": ("item_id", "modality", "label", "group", "split", "sha256"),
    "scores.parquet": (
        "modality", "variant", "fold", "epoch", "split", "item_id", "label", "probability",
    ),
}  # fmt: skip


class UnreadableRun(ValueError):
    """A run's folder that is missing, unfinished or damaged; the message says what to do."""


def find_run(name: str, reports: Path = _REPORTS) -> Path:
    """Return the folder of a run.

    Parameters
    ----------
    name : str
        Its path, or its name below `reports`.
    reports : Path
        The folder of all runs.

    Returns
    -------
    Path
        An existing folder.

    Raises
    ------
    UnreadableRun
        If there is no such folder, and the message names the nearest; or if there are two.
    """
    found = [folder for folder in (reports / name, Path(name)) if folder.is_dir()]
    if len({folder.resolve() for folder in found}) > 1:
        both = " and ".join(str(folder.resolve()) for folder in found)
        raise UnreadableRun(f"{name}: there are {both}; give the whole path of one")
    if found:
        return found[0]
    known = sorted(path.parent.name for path in reports.glob("*/run.json"))
    near = difflib.get_close_matches(name, known, 1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known) or 'none yet'}."
    raise UnreadableRun(f"{name}: neither a run's folder nor a run below {reports}. {hint}")


def read_about(folder: Path) -> dict[str, Any]:
    """Read and check the `run.json` of a run.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Returns
    -------
    dict
        The file's content.

    Raises
    ------
    UnreadableRun
        If the file is missing (the run didn't come to its end) or damaged.
    """
    path = folder / "run.json"
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnreadableRun(
            f"{folder}: no finished run (it has no run.json); run it first"
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableRun(f"{path}: damaged: {error}; run it again") from None
    kinds = {"params": dict, "weights": list, "sha256": dict, "versions": dict}
    lacking = [
        name
        for name, kind in kinds.items()
        if not isinstance(about, dict) or not isinstance(about.get(name), kind)
    ]
    if lacking:
        raise UnreadableRun(f"{path}: damaged: it lacks {', '.join(lacking)}; run it again")
    return about


def read_run(folder: Path) -> RecordedRun:
    """Read what a finished run left behind.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Returns
    -------
    RecordedRun
        The contents of `run.json` and `metrics.json`, and the run's tables.

    Raises
    ------
    UnreadableRun, MetricsError
        If a file is missing or damaged; the message names it. Or the items of a table of scores
        have no names.
    """
    about = read_about(folder)
    metrics = read_metrics(folder / "metrics.json")
    of_scores = "scores" in about["params"]
    if of_scores:
        _require_names(folder)
    left_out = {"sha256"} if of_scores else set()
    tables = [
        _read_table(folder / name, tuple(c for c in columns if c not in left_out), about)
        for name, columns in _COLUMNS.items()
    ]
    return RecordedRun(str(folder), about, metrics, *tables)


def _require_names(folder: Path) -> None:
    """Of a table of scores, names are all that tells whether an item is the same in two runs."""
    path = folder / "tables/read_as.csv"
    try:
        read_as = pd.read_csv(path, encoding="utf-8-sig", dtype=str)
    except (OSError, ValueError) as error:
        raise UnreadableRun(f"{path}: can't be read: {error}; run it again") from None
    if not ((read_as["what"] == "column") & (read_as["read_as"] == "item")).any():
        raise UnreadableRun(
            f"{folder}: its items have no names, so nobody knows which of them are in another run; "
            "add a column item to its table of scores and run it again"
        )


def _read_table(path: Path, columns: tuple[str, ...], about: dict[str, Any]) -> pd.DataFrame:
    try:
        content = path.read_bytes()
        table = pd.read_parquet(io.BytesIO(content), columns=list(columns))
    except FileNotFoundError:
        raise UnreadableRun(f"{path}: there is no such file; finish that run first") from None
    except (OSError, ValueError) as error:  # pyarrow's own errors are among these
        raise UnreadableRun(f"{path}: damaged: {error}; run it again") from None
    if hashlib.sha256(content).hexdigest() != about["sha256"].get(path.name):
        # A later run wrote it and didn't come to its end: the metrics aren't those of this table.
        raise UnreadableRun(
            f"{path}: not the table that run.json was written with; run it again to its end"
        )
    return table
