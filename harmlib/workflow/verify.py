"""Execute a run again from its media, and say whether every number is the one on disk."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from harmlib.language import told
from harmlib.params import VARIANTS_FILE, Params, RunParams, ScoresParams, load_run_params
from harmlib.params.places import portable_paths
from harmlib.params.scores import FOUND
from harmlib.workflow.compare_runs import changed_keys
from harmlib.workflow.compare_runs_text import key_lines
from harmlib.workflow.execution import StepFailed
from harmlib.workflow.pipeline import run_pipeline
from harmlib.workflow.recorded_run import UnreadableRun, read_about
from harmlib.workflow.verdict import Verdict, check_readable, compare_folders

# These may change without the numbers: media and weights are compared by their hashes.
_PLACES = ("reports", "artifacts", "data.root")


class NotVerifiable(ValueError):
    """There is no run that a second execution could be compared with."""


def verify(params_file: str | Path, deadline_sec: float | None = None) -> Verdict:
    """Execute a run again in a temporary folder, and compare; the run on disk isn't touched.

    The folder is removed when every number is the same, or when it is interrupted, and kept
    otherwise.

    Parameters
    ----------
    params_file : str or Path
        The params file of the run.
    deadline_sec : float, optional
        As in `harmlib.workflow.pipeline.run_pipeline`.

    Returns
    -------
    Verdict
        What was compared, and what differs.

    Raises
    ------
    ParamsError
        If the params file can't be used.
    NotVerifiable
        If there is no finished run of exactly these params.
    UnreadableRun
        If a table can't be read after the second execution.
    StepFailed
        If a notebook of the second execution stopped.
    """
    params = verifiable(params_file)
    folder = Path(tempfile.mkdtemp(prefix=f"harmlib-verify-{params.run}-"))
    print(f"Executing {params.run} again in {folder}", flush=True)
    try:
        verdict = compare_folders(params.run_dir, reexecute(params, folder, deadline_sec))
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except StepFailed:
        print(f"Not verified. The files written so far are kept: {folder}", flush=True)
        raise
    if verdict.passed:
        shutil.rmtree(folder)
    return verdict


def verifiable(params_file: str | Path) -> RunParams:
    """Return the params, if a finished run of exactly these is on disk.

    Parameters
    ----------
    params_file : str or Path
        The params file of the run.

    Returns
    -------
    RunParams
        As `load_run_params` reads them.

    Raises
    ------
    ParamsError
        If the params file can't be used.
    NotVerifiable
        If the run is missing, unfinished, damaged, or was made with other params.
    """
    params = load_run_params(params_file)
    try:
        about = read_about(params.run_dir)
        check_readable(params.run_dir)  # before the long execution
    except UnreadableRun as error:
        raise NotVerifiable(
            told(f"nothing to verify: {error}", f"재현을 확인할 실행이 없습니다: {error}")
        ) from None
    now = params.model_dump(mode="json")
    # What was found in a table of scores isn't in its params: the tables show whether it differs
    found = FOUND if isinstance(params, ScoresParams) else ()
    recorded, now = (
        {k: v for k, v in one.items() if k not in found} for one in (about["params"], now)
    )
    changed = changed_keys(portable_paths(recorded), portable_paths(now))
    changed = changed[~changed.apply(_is_place, axis=1)] if len(changed) else changed
    if len(changed):
        raise NotVerifiable(
            told(
                f"{params_file}: changed since {params.run_dir} was written (then -> now); run it "
                "again before you verify it, or put these back:\n",
                f"{params_file}: 실행이 끝난 뒤에 바뀌었습니다(그때 -> 지금, {params.run_dir}). "
                "확인하기 전에 다시 실행하거나 다음을 되돌리십시오:\n",
            )
            + "\n".join(key_lines(changed))
        )
    return params


def _is_place(row: pd.Series) -> bool:
    words = ("pretrained", "untrained")
    moved_weights = row["key"].endswith(".weights") and not {row["a"], row["b"]} & set(words)
    return row["key"] in _PLACES or moved_weights


def reexecute(params: RunParams, folder: Path, deadline_sec: float | None = None) -> Path:
    """Execute all steps below `folder`, the extraction too.

    Downloaded weights and drawn media are reused.

    Parameters
    ----------
    params : RunParams
        The run's params.
    folder : Path
        An empty folder.
    deadline_sec : float, optional
        How long one notebook may take.

    Returns
    -------
    Path
        The run's folder of the second execution.
    """
    artifacts = folder / "artifacts"
    artifacts.mkdir(parents=True)
    for entry in params.artifacts.glob("*"):
        if entry.name != "features" and not entry.name.startswith("probe_"):
            (artifacts / entry.name).symlink_to(entry)
    elsewhere: dict[str, Path | None] = {"reports": folder / "reports", "artifacts": artifacts}
    if isinstance(params, Params):
        elsewhere["features_at"] = None  # all vectors are computed anew
    path = folder / "params.yaml"
    content = _spelled_out(params) | {
        name: None if place is None else str(place) for name, place in elsewhere.items()
    }
    # JSON is YAML in which a text can't be taken for a number, such as the run '1e5'.
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    assert load_run_params(path) == params.model_copy(update=elsewhere), (
        "the params of the second execution differ"
    )
    return run_pipeline(path, deadline_sec).run_dir


def _spelled_out(params: RunParams) -> dict[str, Any]:
    """Return the content of a params file that loads as exactly these params."""
    if not isinstance(params, Params):
        return params.model_dump(mode="json", exclude=set(FOUND))
    table = yaml.safe_load(VARIANTS_FILE.read_text(encoding="utf-8"))
    content = params.model_dump(mode="json")
    own = {
        name: spec if name in table else {"based_on": next(iter(table))} | spec
        for name, spec in content["variants"].items()
    }
    return content | {"variants": dict.fromkeys(table) | own}
