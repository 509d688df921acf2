"""The runs below a folder of reports, with those told apart that can't be explored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harmlib.params import Params, ScoresParams
from harmlib.params.schema import ThresholdRule
from harmlib.params.scores import FOUND
from harmlib.workflow.recorded_run import UnreadableRun, read_about
from harmlib.workflow.run import Run

# What the lab reads of a run.
TABLES = ("manifest.parquet", "scores.parquet", "operating_points.parquet")


@dataclass(frozen=True)
class FoundRun:
    """A folder of a run.

    Attributes
    ----------
    folder : Path
    missing : str
        Why it can't be opened, in Korean; empty if it can.
    run : Run or None
        Where it is open already.
    """

    folder: Path
    missing: str
    run: Run | None = None

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.folder.name

    def open(self) -> Run:
        """Open the run with the params that it recorded.

        Returns
        -------
        Run

        Raises
        ------
        UnreadableRun
            What it recorded can't be read.
        """
        return Run(recorded_params(self.folder)) if self.run is None else self.run


def find_runs(run: Run) -> list[FoundRun]:
    """Find the runs beside an open one, which is the first.

    Parameters
    ----------
    run : Run
        Its params are those of its file, whatever its folder recorded.

    Returns
    -------
    list of FoundRun
        The others by name. A folder without any table is no run.
    """
    found = [FoundRun(run.dir, _missing(run.dir, ()), run)]
    for folder in sorted(run.dir.parent.iterdir()):
        if folder == run.dir or not any((folder / name).exists() for name in TABLES):
            continue
        found.append(FoundRun(folder, _missing(folder, ("run.json",))))
    return found


def recorded_params(folder: Path) -> Params | ScoresParams:
    """Read the params of a finished run, as if they said where its folder is now.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Params or ScoresParams

    Raises
    ------
    UnreadableRun
        There are none, or they are of another version.
    """
    content: dict[str, Any] = dict(read_about(folder)["params"])
    place = {"reports": str(folder.resolve().parent), "run": folder.name}
    try:
        if "scores" not in content:
            return Params.model_validate(content | place)
        of_table = {name: content.pop(name, None) for name in FOUND}
        params = ScoresParams.model_validate(content | place)
        rules = {name: ThresholdRule(**rule) for name, rule in of_table["variants"].items()}
        return params.model_copy(update=of_table | {"variants": rules})
    except (ValidationError, ValueError) as error:
        raise UnreadableRun(
            f"{folder / 'run.json'}: its params can't be read by this version: {error}"
        ) from None


def _missing(folder: Path, more: tuple[str, ...]) -> str:
    lacking = [name for name in (*TABLES, *more) if not (folder / name).exists()]
    names = ", ".join(lacking)
    return f"표가 없습니다({names}). 끝까지 다시 실행하십시오." if lacking else ""
