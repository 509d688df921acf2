"""Which steps and pages of a run are still what they would be if they were made again."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harmlib.params import Params
from harmlib.workflow.execution import executed_notebook, source_notebook
from harmlib.workflow.import_graph import ImportGraph, notebook_code
from harmlib.workflow.paths import TRAINING_TABLES
from harmlib.workflow.steps import LedgerRows, Step

# The code that makes pages of executed notebooks.
_PAGES = "import harmlib.reporting.page.pages"


class StepCache:
    """What is done, and from what: ``steps.json`` in the run's folder.

    A step is valid when its key and its outputs are those that were recorded at its end. Its key
    covers the params, the notebook, its parameters, the files it reads, and the code that it can
    reach: modules of the package, their data files, and the versions of other packages.

    Parameters
    ----------
    params : Params
        The run's params.
    graph : ImportGraph, optional
        The package's modules; as they are now, if it isn't given.
    """

    def __init__(self, params: Params, graph: ImportGraph | None = None) -> None:
        self.params = params
        self.graph = graph or ImportGraph()
        self.path = params.run_dir / "steps.json"
        self._code: dict[str, str] = {}
        self._lock = threading.Lock()  # pages are written beside the next step
        recorded = self._read()
        self.steps: dict[str, Any] = recorded.get("steps", {})
        self.pages: dict[str, Any] = recorded.get("pages", {})
        self.gathered: str = recorded.get("gathered", "")

    # Steps

    def key(self, step: Step) -> str:
        """Return a SHA-256 that changes whenever the step could give something else."""
        notebook = source_notebook(step.notebook)
        parts = [
            platform.python_version(),
            self.params.model_dump_json(),
            _sha256(notebook),
            self._reached(notebook_code(notebook)),
            json.dumps(step.parameters),
            *self._states(step.reads),
        ]
        if step.notebook == "00_data":
            parts += _media_state(self.params)
        return _digest(parts)

    def is_valid(self, step: Step) -> bool:
        """Whether the step need not be executed."""
        known = self.steps.get(step.name, {})
        return bool(
            known.get("key") == self.key(step) and known.get("outputs") == self._outputs(step)
        )

    def done(self, step: Step, seconds: float) -> None:
        """Record a step that has just been executed, in `seconds`."""
        state = {"key": self.key(step), "outputs": self._outputs(step)}
        with self._lock:
            self.steps[step.name] = state | {"seconds": round(seconds, 2)}
            self._write()

    def _outputs(self, step: Step) -> str:
        executed = _sha256(executed_notebook(self.params, step.name))
        return _digest([executed, *self._states((*step.writes, *step.may_write))])

    # What is gathered of all trainings, each of which writes it anew

    def is_gathered(self) -> bool:
        """Whether the gathered tables are those that the last training wrote."""
        return self.gathered == self._gathered_state()

    def gathering_done(self) -> None:
        """Record the gathered tables as they are."""
        with self._lock:
            self.gathered = self._gathered_state()
            self._write()

    def _gathered_state(self) -> str:
        return _digest(self._states(f"{kind}.parquet" for kind in TRAINING_TABLES))

    # Pages

    def page_is_valid(self, page: Path, executed: Path) -> bool:
        """Whether the page of an executed notebook need not be written again."""
        return self.pages.get(page.name) == self._page_state(page, executed)

    def page_done(self, page: Path, executed: Path) -> None:
        """Record a page that has just been written."""
        state = self._page_state(page, executed)
        with self._lock:
            self.pages[page.name] = state
            self._write()

    def _page_state(self, page: Path, executed: Path) -> str:
        return _digest([self.params.run, self._reached(_PAGES), _sha256(executed), _sha256(page)])

    # What the states are made of

    def _reached(self, code: str) -> str:
        if code not in self._code:
            self._code[code] = self.graph.digest(self.graph.reach(code))
        return self._code[code]

    def _states(self, names: Iterable[str | LedgerRows]) -> Iterator[str]:
        """Yield a text for each output or input that changes with its content."""
        for name in names:
            if isinstance(name, LedgerRows):
                yield f"{name} {_ledger_rows(self.params.run_dir / 'ledger.csv', name)}"
            else:
                yield f"{name} {_sha256(self.params.run_dir / name)}"

    def _read(self) -> dict[str, Any]:
        """Return what was recorded; nothing where the file is missing or can't be read."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _write(self) -> None:
        content = {"steps": self.steps, "pages": self.pages, "gathered": self.gathered}
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(content, indent=1), encoding="utf-8")
        part.replace(self.path)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "absent"


def _ledger_rows(path: Path, wanted: LedgerRows) -> str:
    if not path.exists():
        return "absent"
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if wanted.step in ("", row.get("step")) and wanted.modality in ("", row.get("modality"))
        ]
    return json.dumps(rows)


def _media_state(params: Params) -> Iterator[str]:
    """Yield names, sizes and times of the media files: cheap, and enough to notice a change."""
    for path in sorted(params.data.root.rglob("*")):
        if path.is_file():
            stat = path.stat()
            yield f"{path} {stat.st_size} {stat.st_mtime_ns}"
