"""Which steps and pages of a run are still what they would be if they were made again."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harmlib.address import Address, is_address, place
from harmlib.media.file_state import file_state
from harmlib.media.whole_file import write_text_whole
from harmlib.params import Params, ScoresParams
from harmlib.workflow.execution import executed_notebook, source_notebook
from harmlib.workflow.import_graph import ImportGraph, notebook_code
from harmlib.workflow.media_state import ABSENT, MediaState
from harmlib.workflow.paths import TRAINING_TABLES, weights_table_name
from harmlib.workflow.step_record import read_record, record_path
from harmlib.workflow.steps import REPORTS, LedgerRows, Step, plan

# What of the params nothing but the report reads: a change of it leaves the other steps valid.
_OF_THE_REPORT = {"mute", "gallery", "compare_with_published", "published"}
# And what of them changes no result: where it is computed, and what that costs.
_OF_THE_PLACE = {"engine", "price_per_hour"}
_OF_VECTORS = ("part-*.parquet", "shard-*.parquet", "shard-*.npy")
# The code that makes pages of executed notebooks.
_PAGES = "import harmlib.reporting.page.pages"

Inputs = dict[str, str]  # all that a step reads -> a text that changes with its content


class StepCache:
    """What is done, and from what: ``steps.json`` in the run's folder.

    A step is valid when its key and its outputs are those that were recorded at its end. Its key
    covers the params that it can read, the notebook, its parameters, the files and media that it
    reads, and the code that it can reach: modules of the package, their data files, and the
    versions of other packages.
    It is taken before the notebook runs: what changes meanwhile makes the step run again.

    The run's own files count with their content. Media, weights and the parts of the feature store
    count with their `FileState`, since to read all of them would take as long as to run.

    Parameters
    ----------
    params : Params or ScoresParams
        The run's params.
    graph : ImportGraph, optional
        The package's modules; as they are now, if it isn't given.
    """

    def __init__(self, params: Params | ScoresParams, graph: ImportGraph | None = None) -> None:
        self.params = params
        kept = params.artifacts / "settings" / "imports.json"
        self.graph = graph or ImportGraph(kept=kept)
        self._code: dict[str, str] = {}
        self._media = MediaState(params) if isinstance(params, Params) else None
        self._lock = threading.Lock()  # pages are written beside the next step
        recorded = read_record(params.run_dir)
        self.steps, self.pages = recorded["steps"], recorded["pages"]
        self.gathered: str = recorded["gathered"]

    # Steps

    def key(self, step: Step) -> str:
        """Return a SHA-256 that changes whenever the step could give something else."""
        return _key(self._inputs(step))

    def is_valid(self, step: Step) -> bool:
        """Whether the step need not be executed."""
        known = self.steps.get(step.name, {})
        return bool(
            known  # else there is nothing to compare with: a key takes reading all the code
            and known.get("key") == self.key(step)
            and known.get("outputs") == self._outputs(step)
            and self._are_kept(known.get("artifacts"))
        )

    def begin(self, step: Step) -> Inputs:
        """Return what the step is about to read, for `done`."""
        if self._media:
            if step.notebook == "00_data":
                self._media.list_anew()
            self._media.forget()
        return self._inputs(step)

    def done(self, step: Step, began: Inputs, seconds: float) -> list[str]:
        """Record a step that has just been executed, in `seconds`.

        Returns what has changed since it `began`: the step is not valid then.
        """
        if self._media:
            if step.notebook == "00_data" and self._media.params.data.draw_demo:
                self._media.list_anew()  # it draws the media before it reads them
                self._media.forget()
                began = began | self._media_inputs(step)
            self._media.forget()
        now = self._inputs(step)
        state: dict[str, Any] = {"key": _key(began), "outputs": self._outputs(step)}
        if step.vectors:
            state["artifacts"] = self._artifacts(step.vectors)
        with self._lock:
            self.steps[step.name] = state | {"seconds": round(seconds, 2)}
            self._write()
        return [name for name in began if began[name] != now.get(name)]

    def _inputs(self, step: Step) -> Inputs:
        notebook = source_notebook(step.notebook)
        unread = set() if step.notebook in REPORTS else _OF_THE_REPORT | _OF_THE_PLACE
        own = {
            "Python": platform.python_version(),
            "params": self.params.model_dump_json(exclude=unread),
            notebook.name: _sha256(notebook),
            "code": self._reached(notebook_code(notebook)),
            "parameters": json.dumps(step.parameters),
        }
        weights = self._weights_inputs() if step.vectors else {}
        return own | dict(self._states(step.reads)) | self._media_inputs(step) | weights

    def _media_inputs(self, step: Step) -> Inputs:
        media = self._media
        return {f"{modality}s": media.of(modality) for modality in step.media} if media else {}

    def _weights_inputs(self) -> Inputs:
        """Return the states of weights files that the params name by their paths."""
        if isinstance(self.params, ScoresParams):
            return {}
        features = self.params.features
        sections = (getattr(features, name) for name in type(features).model_fields)
        specs = (getattr(section, "weights", None) for section in sections)
        paths = [spec for spec in specs if spec and spec not in ("pretrained", "untrained")]
        # As `resolve_weights` finds them.
        return {path: str(file_state(Path(os.path.expanduser(path)))) for path in paths}  # noqa: PTH111

    def _outputs(self, step: Step) -> str:
        executed = {"executed": _sha256(executed_notebook(self.params, step.name))}
        return _key(executed | dict(self._states((*step.writes, *step.may_write))))

    # The feature store and downloaded weights, which runs share: more of them do no harm

    def _artifacts(self, modality: str) -> dict[str, str]:
        """Return the state of each weights file, and of each file that holds vectors."""
        weights = (self.params.artifacts / "weights").glob("*")
        files = [path for path in weights if path.suffix not in (".part", ".lock")]
        far: dict[str, str] = {}
        for folder in self._stores(modality):
            if isinstance(folder, Address):
                far |= _states_at(folder)
                continue
            for pattern in _OF_VECTORS:
                files += sorted(folder.glob(pattern))
        return far | {self._named(path): _state(path) for path in files}

    def _named(self, path: Path) -> str:
        inside = path.is_relative_to(self.params.artifacts)
        return str(path.relative_to(self.params.artifacts) if inside else path)

    def _are_kept(self, artifacts: dict[str, str] | None) -> bool:
        known = artifacts or {}
        far: dict[str, str] = {}
        for folder in {str(place(name).parent) for name in known if is_address(name)}:
            far |= _states_at(folder)
        return all(
            (far.get(name) if is_address(name) else _state(self.params.artifacts / name)) == state
            for name, state in known.items()
        )

    def _stores(self, modality: str) -> list[Path | Address]:
        """Return the folders of the stores that the modality's vectors are in."""
        table = self.params.run_dir / weights_table_name(modality)
        rows = _csv_rows(table) or []
        names = [row.get("store") for row in rows if isinstance(row, dict)]
        if not isinstance(self.params, Params):
            return []
        return [self.params.vectors / name for name in names if name]

    def set_damaged_vectors_aside(self) -> None:
        """Verify the checksums of the run's stores; with a damaged part, extraction is invalid."""
        from harmlib.features.store import set_damaged_aside  # not for a run that is all valid

        for modality in self.params.modalities:
            for folder in self._stores(modality):
                set_damaged_aside(folder)

    # What is gathered of all trainings, each of which writes it anew, and the ledger as a whole

    def is_gathered(self) -> bool:
        """Whether the gathered tables and the ledger are those that were last written."""
        return self.gathered == self._gathered_state()

    def gathering_done(self) -> None:
        """Record the gathered tables and the ledger as they are."""
        with self._lock:
            self.gathered = self._gathered_state()
            self._write()

    def _gathered_state(self) -> str:
        tables = (f"{kind}.parquet" for kind in TRAINING_TABLES)
        return _key(dict(self._states((*tables, "ledger.csv"))))

    # Pages

    def page_is_valid(self, page: Path, executed: Path) -> bool:
        """Whether the page of an executed notebook need not be written again."""
        return bool(self.pages.get(page.name) == self._page_state(page, executed))

    def page_done(self, page: Path, executed: Path) -> None:
        """Record a page that has just been written."""
        state = self._page_state(page, executed)
        with self._lock:
            self.pages[page.name] = state
            self._write()

    def _page_state(self, page: Path, executed: Path) -> str:
        around = ",".join(step.name for step in plan(self.params))  # whose pages it links to
        state = {"executed": _sha256(executed), "page": _sha256(page), "around": around}
        return _key(state | {"run": self.params.run, "code": self._reached(_PAGES)})

    # What the states are made of

    def _reached(self, code: str) -> str:
        if code not in self._code:
            self._code[code] = self.graph.digest(self.graph.reach(code))
        return self._code[code]

    def _states(self, names: Iterable[str | LedgerRows]) -> Iterator[tuple[str, str]]:
        """Yield each output or input with a text that changes with its content."""
        for name in names:
            if isinstance(name, LedgerRows):
                yield str(name), self._ledger_rows(name)
            else:
                yield name, _sha256(self.params.run_dir / name)

    def _ledger_rows(self, wanted: LedgerRows) -> str:
        path = self.params.run_dir / "ledger.csv"
        rows = _csv_rows(path)
        if rows is None:
            return _sha256(path)
        return json.dumps([row for row in rows if self._is_of(row, wanted)])

    def _is_of(self, row: object, wanted: LedgerRows) -> bool:
        if not wanted.step:
            return True
        of = (row.get("step"), row.get("modality")) if isinstance(row, dict) else ()
        if wanted.step == "data":
            return of not in [("extract", modality) for modality in self.params.modalities]
        return of == (wanted.step, wanted.modality)

    def _write(self) -> None:
        content = {"steps": self.steps, "pages": self.pages, "gathered": self.gathered}
        write_text_whole(record_path(self.params.run_dir), json.dumps(content, indent=1))


def _key(states: Inputs) -> str:
    lines = "\n".join(f"{name}={state}" for name, state in states.items())
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def _sha256(path: Path) -> str:
    """Return a file's hash, or what is there in its place."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ABSENT
    except OSError as error:  # a folder, or a file that may not be read
        return f"unreadable: {error.strerror}"


def _state(path: Path) -> str:
    return str(file_state(path))


def _states_at(where: Address | str) -> dict[str, str]:
    """Return the size of each file of a store at an address: none is ever changed in place."""
    from harmlib.features.store_folder import open_folder  # only where there is an address

    folder = open_folder(place(where).parent, place(where).name)
    return {
        folder.shown(name): str(size)
        for pattern in _OF_VECTORS
        for name, size in folder.sizes(pattern).items()
    }


def _csv_rows(path: Path) -> list[object] | None:
    """Return the rows of one of the run's own CSV files; None where it can't be read as one."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, csv.Error):
        return None
