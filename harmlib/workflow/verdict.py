"""Compare every table of two executions of one run, and describe where they differ."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harmlib.language import told
from harmlib.params.places import media_root
from harmlib.workflow.compare_runs import changed_keys, environment, flat
from harmlib.workflow.compare_runs_text import key_lines
from harmlib.workflow.recorded_run import UnreadableRun, read_about

# In the order in which they are made: the first difference is the nearest to its cause. run.json
# is not among them: its machine, commit and versions are compared as the environment.
_TABLES = ("manifest.parquet", "ledger.csv", "history.parquet", "scores.parquet",
           "operating_points.parquet")  # fmt: skip
# Left out of the comparison: nothing takes the same time twice, and the table of the steps lists
# those that ran side by side in the order in which they ended.
_TIMES = ["seconds"]
# Times, and the folders of the run: neither is a number of it.
_OF_THE_PLACE = {"tables/steps.csv", "tables/settings.csv"}
# Columns that tell a person which row it is.
_ROW_NAMES = ("modality", "variant", "a", "b", "backbone", "seed", "fold", "epoch", "epoch_from",
              "split", "item_id", "threshold", "metric", "objective", "figure", "part", "method",
              "min_recall")  # fmt: skip
_SHOWN = 5  # differences of a table that are printed


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


def check_readable(folder: Path) -> None:
    """Raise UnreadableRun if a table of a run is damaged.

    Parameters
    ----------
    folder : Path
        The run's folder.
    """
    for name in _table_names(folder):
        _read(folder / name, "")


def compare_folders(on_disk: Path, again: Path) -> Verdict:
    """Compare every table of a run with that of its second execution, exactly.

    Parameters
    ----------
    on_disk, again : Path
        The run's folders.

    Returns
    -------
    Verdict
        What was compared, and what differs.

    Raises
    ------
    UnreadableRun
        If a table or `run.json` can't be read.
    """
    about = [read_about(folder) for folder in (on_disk, again)]
    names = dict.fromkeys([*_table_names(on_disk), *_table_names(again)])
    roots = [_root(recorded["params"]) for recorded in about]
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


def _root(params: dict[str, Any]) -> str:
    """Where a run's media lie, or its table of scores."""
    return str(media_root(params["scores"] if "scores" in params else params["data"]["root"]))


def _table_names(folder: Path) -> list[str]:
    found = sorted(f"tables/{path.name}" for path in (folder / "tables").glob("*.csv"))
    return [name for name in (*_TABLES, *found, "metrics.json") if name not in _OF_THE_PLACE]


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
    named = ", ".join(f"{name} {table.loc[row, name]}" for name in names)
    place = told(f"row {row + 1}", f"{row + 1}행")
    return f"{place} ({named})" if named else place


def format_verdict(verdict: Verdict) -> str:
    """Describe what was compared and, where numbers differ, table, row, column and both values.

    Parameters
    ----------
    verdict : Verdict
        As `compare_folders` returns it.

    Returns
    -------
    str
        Several lines.
    """
    on_disk, again = verdict.folders
    compared = told(
        f"{verdict.tables} tables with {verdict.numbers:,} numbers compared",
        f"표 {verdict.tables}개, 수치 {verdict.numbers:,}개",
    )
    lines = []
    if len(verdict.environment):
        lines += [
            told(
                "Executed under other conditions than the run on disk (then -> now):",
                "저장된 실행과 다른 조건에서 실행했습니다(그때 -> 지금):",
            )
        ]
        lines += key_lines(verdict.environment)
    if verdict.passed:
        said = told(
            f"Verified: {compared} with {on_disk}, every one the same.",
            f"재현 확인: {compared}가 저장된 실행과 모두 같습니다({on_disk}).",
        )
        return "\n".join([*lines, said])
    if len(verdict.environment):
        lines += [
            told(
                "Under other conditions numbers may differ although nobody made a mistake.",
                "조건이 다르면 오류가 없어도 수치가 달라질 수 있습니다.",
            )
        ]
    for difference in verdict.differences:
        lines += _difference_lines(difference)
    differ = len(verdict.differences)
    lines += [
        told(
            f"NOT verified: {differ} table(s) differ{_largest(verdict)}; {compared}.",
            f"재현되지 않음: 표 {differ}개가 다릅니다{_largest(verdict)}. 비교한 것: {compared}.",
        ),
        told(f"The second execution is kept: {again}", f"다시 실행한 결과는 남겨 둡니다: {again}"),
    ]
    return "\n".join(lines)


def _difference_lines(difference: TableDifference) -> list[str]:
    lines = [
        told(
            f"{difference.table}: {difference.cells:,} difference(s)",
            f"{difference.table}: {difference.cells:,}곳이 다름",
        )
    ]
    for row, column, first, second in difference.first:
        where = f"{row}: {column}" if row else column
        lines += [
            told(
                f"  {where}: {first} on disk, {second} executed again",
                f"  {where}: 저장된 값 {first}, 다시 실행한 값 {second}",
            )
        ]
    return [*lines, "  …"] if difference.cells > _SHOWN else lines


def _largest(verdict: Verdict) -> str:
    """Describe the largest difference: it tells a rounding from another result."""
    largest = [d.largest for d in verdict.differences if not math.isnan(d.largest)]
    if not largest:
        return ""
    return told(f", numbers by up to {max(largest):.3g}", f"(최대 차이 {max(largest):.3g})")
