"""Execute a run again from its media, and say whether every number is the one on disk."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from harmlib.params import PROJECT_ROOT, Params, load_params
from harmlib.workflow.compare_runs import changed_keys, environment, flat
from harmlib.workflow.compare_runs_text import key_lines
from harmlib.workflow.execution import StepFailed
from harmlib.workflow.pipeline import run_pipeline
from harmlib.workflow.recorded_run import UnreadableRun, read_about

# In the order in which they are made: the first difference is the nearest to its cause. run.json
# is not among them: its machine, commit and versions are compared as the environment.
_TABLES = ("manifest.parquet", "ledger.csv", "history.parquet", "scores.parquet",
           "operating_points.parquet")  # fmt: skip
# Left out of the comparison: nothing takes the same time twice, and the table of the steps lists
# those that ran side by side in the order in which they ended.
_TIMES = ["seconds"]
_TIMES_OF_STEPS = "tables/steps.csv"
# These may change without the numbers: media and weights are compared by their hashes.
_PLACES = ("reports", "artifacts", "data.root")
# Columns that tell a person which row it is.
_ROW_NAMES = ("modality", "variant", "a", "b", "backbone", "seed", "epoch", "epoch_from", "split",
              "item_id", "threshold", "metric", "objective", "figure", "part", "method",
              "min_recall")  # fmt: skip
_SHOWN = 5  # differences of a table that are printed


class NotVerifiable(ValueError):
    """There is no run that a second execution could be compared with."""


@dataclass(frozen=True)
class TableDifference:
    """How one table of the second execution differs from the one on disk.

    Attributes
    ----------
    table : str
        Its name below the run's folder.
    cells : int
        How many cells differ.
    largest : float
        The largest absolute difference of two numbers; NaN where no numbers differ.
    first : list of tuple
        (row, column, value on disk, value executed again) of the first few cells; the row is
        empty where the files' shapes differ.
    """

    table: str
    cells: int
    largest: float
    first: list[tuple[str, str, Any, Any]]


@dataclass(frozen=True)
class Verdict:
    """The comparison of a run on disk with its second execution.

    Attributes
    ----------
    folders : tuple of Path
        Of the run on disk, and of the second execution.
    tables, numbers : int
        How many were compared.
    differences : list of TableDifference
        One for each table that differs.
    environment : pandas.DataFrame
        What it ran on and with, where that differs: key, a (run on disk), b (second execution).
    """

    folders: tuple[Path, Path]
    tables: int
    numbers: int
    differences: list[TableDifference]
    environment: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether every number is the same."""
        return not self.differences


def verify(params_file: str | Path) -> Verdict:
    """Execute a run again in a temporary folder, and compare; the run on disk isn't touched.

    The folder is removed when every number is the same, and kept otherwise.

    Parameters
    ----------
    params_file : str or Path
        The params file of the run.

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
        verdict = compare_folders(params.run_dir, reexecute(params, folder))
    except StepFailed:
        print(f"Not verified. The files written so far are kept: {folder}", flush=True)
        raise
    if verdict.passed:
        shutil.rmtree(folder)
    return verdict


def verifiable(params_file: str | Path) -> Params:
    """Return the params, if a finished run of exactly these is on disk.

    Parameters
    ----------
    params_file : str or Path
        The params file of the run.

    Raises
    ------
    ParamsError
        If the params file can't be used.
    NotVerifiable
        If the run is missing, unfinished, damaged, or was made with other params.
    """
    params = load_params(params_file)
    try:
        about = read_about(params.run_dir)
        for name in _table_names(params.run_dir):
            _read(params.run_dir / name, "")  # report a damaged one before the long execution
    except UnreadableRun as error:
        raise NotVerifiable(f"nothing to verify: {error}") from None
    changed = changed_keys(about["params"], params.model_dump(mode="json"))
    changed = changed[~changed.apply(_is_place, axis=1)] if len(changed) else changed
    if len(changed):
        raise NotVerifiable(
            f"{params_file}: changed since {params.run_dir} was written (then -> now); run it "
            "again before you verify it, or put these back:\n" + "\n".join(key_lines(changed))
        )
    return params


def _is_place(row: pd.Series) -> bool:
    words = ("pretrained", "untrained")
    moved_weights = row["key"].endswith(".weights") and not {row["a"], row["b"]} & set(words)
    return row["key"] in _PLACES or moved_weights


def reexecute(params: Params, folder: Path) -> Path:
    """Execute all steps below `folder`, the extraction too.

    Downloaded weights and drawn media are reused.

    Parameters
    ----------
    params : Params
        The run's params.
    folder : Path
        An empty folder.

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
    elsewhere = {"reports": folder / "reports", "artifacts": artifacts}
    path = folder / "params.yaml"
    content = _spelled_out(params) | {name: str(place) for name, place in elsewhere.items()}
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    assert load_params(path) == params.model_copy(update=elsewhere), (
        "the params of the second execution differ"
    )
    return run_pipeline(path).run_dir


def _spelled_out(params: Params) -> dict[str, Any]:
    """Return the content of a params file that loads as exactly these params."""
    table = yaml.safe_load((PROJECT_ROOT / "params/variants.yaml").read_text(encoding="utf-8"))
    content = params.model_dump(mode="json")
    own = {
        name: spec if name in table else {"based_on": next(iter(table))} | spec
        for name, spec in content["variants"].items()
    }
    return content | {"variants": dict.fromkeys(table) | own}


def compare_folders(on_disk: Path, again: Path) -> Verdict:
    """Compare every table of a run with that of its second execution, exactly.

    Parameters
    ----------
    on_disk, again : Path
        The run's folders.

    Raises
    ------
    UnreadableRun
        If a table or `run.json` can't be read.
    """
    about = [read_about(folder) for folder in (on_disk, again)]
    names = dict.fromkeys([*_table_names(on_disk), *_table_names(again)])
    roots = [recorded["params"]["data"]["root"] for recorded in about]
    numbers = 0
    found: list[TableDifference] = []
    for name in names:
        first, second = _read(on_disk / name, roots[0]), _read(again / name, roots[1])
        numbers += 0 if first is None else _count_numbers(first)
        found += filter(None, [_difference(name, first, second)])
    around = [
        environment(recorded) | {"data.root": root}
        for recorded, root in zip(about, roots, strict=True)
    ]
    return Verdict((on_disk, again), len(names), numbers, found, changed_keys(*around))


def _table_names(folder: Path) -> list[str]:
    found = sorted(f"tables/{path.name}" for path in (folder / "tables").glob("*.csv"))
    return [name for name in (*_TABLES, *found, "metrics.json") if name != _TIMES_OF_STEPS]


def _read(path: Path, root: str) -> pd.DataFrame | None:
    """Return what is compared of a table; None if it is missing. `root` is its run's data.root."""
    if not path.exists():
        return None
    try:
        if path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(content, dict):
                raise ValueError("expected a JSON object")
            return pd.DataFrame(flat(content), columns=["figure", "value"], dtype=object)
        if path.suffix == ".csv":
            # As text: two numbers are the same where every digit is.
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        else:
            table = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pandas' and pyarrow's own errors are among these
        raise UnreadableRun(f"{path}: damaged: {error}") from None
    table = table.drop(columns=_TIMES, errors="ignore")
    for column in {"path", "reason"} & set(table):  # the root may lie elsewhere
        table[column] = table[column].astype(str).str.replace(f"{root}/", "", regex=False)
    return table


def _count_numbers(table: pd.DataFrame) -> int:
    columns = [pd.to_numeric(table[name], errors="coerce") for name in table]
    return int(sum(column.notna().sum() for column in columns))


def _difference(
    name: str, a: pd.DataFrame | None, b: pd.DataFrame | None
) -> TableDifference | None:
    if a is None or b is None:
        there, also = ("absent" if table is None else "there" for table in (a, b))
        return TableDifference(name, 1, math.nan, [("", "(file)", there, also)])
    if list(a) != list(b):
        return TableDifference(name, 1, math.nan, [("", "(columns)", ", ".join(a), ", ".join(b))])
    if len(a) != len(b):
        return TableDifference(name, 1, math.nan, [("", "(number of rows)", len(a), len(b))])
    differs = (a.astype(object) != b.astype(object)) & ~(a.isna() & b.isna())
    rows, columns = np.nonzero(differs.to_numpy())
    if not rows.size:
        return None
    first = [
        (
            _row_name(a, row, a.columns[column]),
            a.columns[column],
            a.iat[row, column],
            b.iat[row, column],
        )
        for row, column in zip(rows[:_SHOWN], columns[:_SHOWN], strict=True)
    ]
    numbers = [
        pd.to_numeric(pd.Series(table.to_numpy(object)[rows, columns]), errors="coerce")
        for table in (a, b)
    ]
    largest = (numbers[0].astype(float) - numbers[1].astype(float)).abs().max()
    return TableDifference(name, rows.size, largest, first)


def _row_name(table: pd.DataFrame, row: int, column: str) -> str:
    names = [name for name in _ROW_NAMES if name in table and name != column]
    told = ", ".join(f"{name} {table.loc[row, name]}" for name in names)
    return f"row {row + 1}" + (f" ({told})" if told else "")


def format_verdict(verdict: Verdict) -> str:
    """Describe what was compared and, where numbers differ, table, row, column and both values.

    Parameters
    ----------
    verdict : Verdict
        As `compare_folders` returns it.
    """
    on_disk, again = verdict.folders
    compared = f"{verdict.tables} tables with {verdict.numbers:,} numbers compared"
    lines = []
    if len(verdict.environment):
        lines += ["Executed under other conditions than the run on disk (then -> now):"]
        lines += key_lines(verdict.environment)
    if verdict.passed:
        return "\n".join([*lines, f"Verified: {compared} with {on_disk}, every one the same."])
    if len(verdict.environment):
        lines += ["Under other conditions numbers may differ although nobody made a mistake."]
    for difference in verdict.differences:
        lines += [f"{difference.table}: {difference.cells:,} difference(s)"]
        for row, column, first, second in difference.first:
            where = f"{row}: {column}" if row else column
            lines += [f"  {where}: {first} on disk, {second} executed again"]
        lines += ["  …"] if difference.cells > _SHOWN else []
    lines += [
        f"NOT verified: {len(verdict.differences)} table(s) differ{_largest(verdict)}; {compared}.",
        f"The second execution is kept: {again}",
    ]
    return "\n".join(lines)


def _largest(verdict: Verdict) -> str:
    """Describe the largest difference: it tells a rounding from another result."""
    largest = [d.largest for d in verdict.differences if not math.isnan(d.largest)]
    return f", numbers by up to {max(largest):.3g}" if largest else ""
