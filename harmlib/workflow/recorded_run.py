"""Read a finished run's folder without its params: what `compare` and `verify` start from."""

from __future__ import annotations

import difflib
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.address import without_secrets
from harmlib.language import told
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
        one, other = (folder.resolve() for folder in found)
        raise UnreadableRun(
            told(
                f"{name}: there are {one} and {other}; give the whole path of one",
                f"{name}: {one}, {other} 두 곳에 있습니다. 하나의 전체 경로를 적으십시오",
            )
        )
    if found:
        return found[0]
    known = sorted(path.parent.name for path in reports.glob("*/run.json"))
    near = difflib.get_close_matches(name, known, 1)
    if near:
        hint = told(f"Did you mean {near[0]}?", f"{near[0]}입니까?")
    else:
        listed = ", ".join(known) or told("none yet", "아직 없음")
        hint = told(f"There are: {listed}.", f"있는 실행: {listed}.")
    shown = without_secrets(name)
    raise UnreadableRun(
        told(
            f"{shown}: neither a run's folder nor a run below {reports}. {hint}",
            f"{shown}: 실행 폴더도, {reports} 아래의 실행도 아닙니다. {hint}",
        )
    )


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
            told(
                f"{folder}: no finished run (it has no run.json); run it first",
                f"{folder}: 완료된 실행이 아닙니다(run.json이 없음). 먼저 끝까지 실행하십시오",
            )
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableRun(_damaged(path, error)) from None
    kinds = {"params": dict, "weights": list, "sha256": dict, "versions": dict}
    lacking = [
        name
        for name, kind in kinds.items()
        if not isinstance(about, dict) or not isinstance(about.get(name), kind)
    ]
    if lacking:
        names = ", ".join(lacking)
        raise UnreadableRun(
            told(
                f"{path}: damaged: it lacks {names}; run it again",
                f"{path}: 손상되었습니다({names} 없음). 다시 실행하십시오",
            )
        )
    return about


def _damaged(path: Path, error: Exception) -> str:
    return told(
        f"{path}: damaged: {error}; run it again",
        f"{path}: 손상되었습니다: {error}. 다시 실행하십시오",
    )


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
        raise UnreadableRun(
            told(
                f"{path}: can't be read: {error}; run it again",
                f"{path}: 읽을 수 없습니다: {error}. 다시 실행하십시오",
            )
        ) from None
    if not ((read_as["what"] == "column") & (read_as["read_as"] == "item")).any():
        raise UnreadableRun(
            told(
                f"{folder}: its items have no names, so nobody knows which of them are in another "
                "run; add a column item to its table of scores and run it again",
                f"{folder}: 항목의 이름이 없어 다른 실행의 어느 항목인지 알 수 없습니다. 점수표에 "
                "item 열을 더해 다시 실행하십시오",
            )
        )


def _read_table(path: Path, columns: tuple[str, ...], about: dict[str, Any]) -> pd.DataFrame:
    try:
        content = path.read_bytes()
        table = pd.read_parquet(io.BytesIO(content), columns=list(columns))
    except FileNotFoundError:
        raise UnreadableRun(
            told(
                f"{path}: there is no such file; finish that run first",
                f"{path}: 그런 파일이 없습니다. 먼저 그 실행을 끝까지 마치십시오",
            )
        ) from None
    except (OSError, ValueError) as error:  # pyarrow's own errors are among these
        raise UnreadableRun(_damaged(path, error)) from None
    if hashlib.sha256(content).hexdigest() != about["sha256"].get(path.name):
        # A later run wrote it and didn't come to its end: the metrics aren't those of this table.
        raise UnreadableRun(
            told(
                f"{path}: not the table that run.json was written with; run it again to its end",
                f"{path}: run.json과 함께 쓴 표가 아닙니다. 끝까지 다시 실행하십시오",
            )
        )
    return table
