"""One execution of one notebook through papermill, and what went wrong in it."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmlib.language import told
from harmlib.media.whole_file import SET_ASIDE, cannot_write
from harmlib.params import PROJECT_ROOT, RunParams
from harmlib.workflow.import_graph import notebook_code
from harmlib.workflow.steps import Step

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from harmlib.workflow.kernels import KernelServer

NOTEBOOKS = PROJECT_ROOT / "notebooks"
KERNEL_START_SEC = 300
_INTERRUPTED_SEC = 5.0  # how long a cell may take to end after it was interrupted


class StepFailed(RuntimeError):
    """A notebook stopped.

    Parameters
    ----------
    message : str
        Which notebook, why, and where to look.
    step : str
        The step's name, such as ``02_train-video-model4``.
    kind, text : str
        The class and the message of the notebook's own error.
    cell : str
        The id of the cell that stopped; empty where no single cell did.
    """

    def __init__(self, message: str, step: str, kind: str, text: str, cell: str = "") -> None:
        super().__init__(message)
        self.step, self.kind, self.text, self.cell = step, kind, text, cell


def source_notebook(name: str) -> Path:
    """Return where a notebook lies that steps execute.

    Parameters
    ----------
    name : str
        The notebook's name without its ending, such as ``02_train``.

    Returns
    -------
    Path
        Below `NOTEBOOKS`.
    """
    return NOTEBOOKS / f"{name}.ipynb"


def executed_notebook(params: RunParams, name: str) -> Path:
    """Return where the executed copy of a step's notebook lies.

    Parameters
    ----------
    params : RunParams
        The run's params.
    name : str
        `Step.name`, such as ``02_train-video-model4``.

    Returns
    -------
    Path
        In the run's folder.
    """
    return params.run_dir / "notebooks" / f"{name}.ipynb"


def check_readable(notebooks: set[str]) -> None:
    """Raise StepFailed for a notebook that is missing, or whose code can't be Python.

    Parameters
    ----------
    notebooks : set of str
        Their names.
    """
    for name in sorted(notebooks):
        try:
            ast.parse(notebook_code(source_notebook(name)))
        except SyntaxError as error:
            text = f"{name}.ipynb can't be Python: {error.msg}: {(error.text or '').strip()}"
            raise StepFailed(text, name, "SyntaxError", text) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            text = f"{source_notebook(name)} can't be read as a notebook: {error!r}"
            raise StepFailed(text, name, type(error).__name__, text) from None


def check_declared(step: Step, common: dict[str, str]) -> None:
    """Raise StepFailed for a parameter that the step's notebook doesn't declare.

    Papermill only warns of one, when the notebook already runs.

    Parameters
    ----------
    step : Step
        The step that would be executed.
    common : dict
        Parameters that every notebook of the run gets.
    """
    import papermill

    declared = papermill.inspect_notebook(_plain(source_notebook(step.notebook)))
    unknown = set(common | step.parameters) - set(declared)
    if unknown:
        text = (
            f"{step.notebook}.ipynb declares no parameter {', '.join(sorted(unknown))}: "
            "has its parameters cell lost the tag 'parameters'?"
        )
        raise StepFailed(text, step.name, "ParameterError", text)


def execute(
    params: RunParams, step: Step, common: dict[str, str], kernels: KernelServer
) -> list[str]:
    """Execute a step's notebook; its executed copy goes to the run's folder.

    Parameters
    ----------
    params : RunParams
        The run's params.
    step : Step
        What to execute.
    common : dict
        Parameters that every notebook of the run gets.
    kernels : KernelServer
        Where the notebook's kernel comes from.

    Returns
    -------
    list of str
        What the notebook said of damaged files that it set aside.

    Raises
    ------
    StepFailed
        If a cell raised an error, the kernel died, or the step didn't write all that it should.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from harmlib.workflow.engine import ENGINE

    out = executed_notebook(params, step.name)
    manager = kernels.manager_class(step.notebook)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it would log is raised too
    deadline = _Deadline(kernels.deadline_sec, manager.launched)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with deadline, _closed_event_loop():
            notebook = papermill.execute_notebook(
                _plain(source_notebook(step.notebook)),
                _plain(out),
                parameters=common | step.parameters,
                engine_name=ENGINE,
                progress_bar=False,
                start_timeout=KERNEL_START_SEC,
                request_save_on_cell_execute=False,
                kernel_manager_class=manager,
                extra_arguments=["--IPKernelApp.log_level=50"],  # a cell's error comes as output
            )
    # Whatever papermill, nbclient or the kernel's pipes come up with: it stops this step.
    except Exception as error:  # noqa: BLE001
        if deadline.passed:
            raise _hung(step, out, kernels.deadline_sec) from None
        if isinstance(error, PapermillExecutionError):
            raise _cell_stopped(step, out, error) from None
        if isinstance(error, OSError) and (why := cannot_write(error, out)):
            with contextlib.suppress(OSError):
                out.unlink()  # half of it is no notebook
            raise StepFailed(f"{step.name}: {why}", step.name, "CannotWrite", str(why)) from None
        raise _kernel_failed(step, out, error, manager.launched) from None
    _check_complete(params, step, notebook)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = "".join(output["text"] for output in outputs if output.get("name") == "stderr")
    return [line for line in said.splitlines() if SET_ASIDE in line]


class _Deadline:
    """Interrupts what a notebook's kernel does when its time is over, then ends the kernel."""

    def __init__(self, seconds: float, launched: list[Any]) -> None:
        self.passed = False
        self._launched = launched
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._wait, args=[seconds], daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()

    def _wait(self, seconds: float) -> None:
        from harmlib.workflow.kernels import end_group

        if self._done.wait(min(seconds, threading.TIMEOUT_MAX)):
            return
        self.passed = True
        for signum in (signal.SIGINT, signal.SIGKILL):
            for process in self._launched:
                end_group(process.pid, signum)
            if self._done.wait(_INTERRUPTED_SEC):
                return


def _cell_stopped(step: Step, out: Path, error: Any) -> StepFailed:
    """A cell raised an error."""
    text = told(
        f"{step.name} stopped in cell {error.exec_count}: {error.ename}: {error.evalue}\n"
        f"The executed notebook shows where: {out}",
        f"{step.name}: 셀 {error.exec_count}에서 멈췄습니다: {error.ename}: {error.evalue}\n"
        f"실행한 노트북에서 위치를 볼 수 있습니다: {out}",
    )
    return StepFailed(text, step.name, error.ename, error.evalue, _stopped_cell(out))


def _hung(step: Step, out: Path, seconds: float) -> StepFailed:
    """The notebook did not end in time."""
    text = f"did not end within {seconds / 3600:g} hours, and was ended"
    cell = _stopped_cell(out)
    where = f" in the cell {cell}" if cell else ""
    return StepFailed(
        f"{step.name} {text}{where}. If it only needs longer, give it more: --max-hours",
        step.name,
        "NotebookHung",
        text,
        cell,
    )


def _kernel_failed(step: Step, out: Path, error: Exception, launched: list[Any]) -> StepFailed:
    """The kernel died, or never came to life."""
    from nbclient.exceptions import DeadKernelError

    cell = _stopped_cell(out)
    ends = [_end_in_words(status) for kernel in launched if (status := kernel.poll()) is not None]
    died = isinstance(error, DeadKernelError) or bool(ends)
    when = f"in the cell {cell}" if cell else "before its first cell"
    text = f"its kernel died {when}: {', '.join(ends) or 'it is gone'}" if died else str(error)
    kind = "DeadKernelError" if died else type(error).__name__
    return StepFailed(f"{step.name}: {text or kind}", step.name, kind, text or kind, cell)


def _end_in_words(status: int) -> str:
    if status >= 0:
        return f"it ended itself, with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
    hint = " (out of memory?)" if -status == signal.SIGKILL else ""
    return f"ended by {name}{hint}"


def _plain(path: Path) -> str:
    """A path for papermill, which fills in what stands between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _check_complete(params: RunParams, step: Step, notebook: NotebookNode) -> None:
    """Raise StepFailed if a cell did not run, or a file that the step should write is missing.

    Papermill returns as usual after some deaths of a kernel.
    """
    silent = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None
    ]
    files = [name for name in step.writes if isinstance(name, str)]
    missing = [name for name in files if not (params.run_dir / name).exists()]
    if not silent and not missing:
        return
    what = []
    if silent:
        what.append(f"it ended early (sys.exit?): {len(silent)} of its cells did not run")
    if missing:
        what.append(f"these files were not written: {', '.join(missing)}")
    text = ", and ".join(what)
    out, cell = executed_notebook(params, step.name), silent[0].id if silent else ""
    raise StepFailed(f"{step.name}: {text}; see {out}", step.name, "Incomplete", text, cell)


@contextlib.contextmanager
def _closed_event_loop() -> Iterator[None]:
    """Close the event loop that papermill opens in this thread and leaves open."""
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # there is none
            asyncio.get_event_loop().close()


def _stopped_cell(executed: Path) -> str:
    """Return the id of the cell that holds an error, or of the last that began; else nothing."""
    try:
        cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError):  # nothing was executed, or no room was left for its copy
        return ""
    failed = [
        str(cell["id"])
        for cell in cells
        if any(output["output_type"] == "error" for output in cell.get("outputs", []))
    ]
    began = [
        str(cell["id"])
        for cell in cells
        if cell["cell_type"] == "code"
        and cell["metadata"].get("papermill", {}).get("start_time")
        and cell["source"]
    ]
    return (failed[:1] or began[-1:] or [""])[0]
