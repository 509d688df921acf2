"""One execution of one notebook through papermill, and what went wrong in it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harmlib.media.whole_file import SET_ASIDE
from harmlib.params import PROJECT_ROOT, Params
from harmlib.workflow.steps import Step

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from harmlib.workflow.kernels import KernelServer

NOTEBOOKS = PROJECT_ROOT / "notebooks"
CELL_TIMEOUT_SEC = 24 * 3600
KERNEL_START_SEC = 300


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


def executed_notebook(params: Params, name: str) -> Path:
    """Return where the executed copy of a step's notebook lies.

    Parameters
    ----------
    params : Params
        The run's params.
    name : str
        `Step.name`, such as ``02_train-video-model4``.

    Returns
    -------
    Path
        In the run's folder.
    """
    return params.run_dir / "notebooks" / f"{name}.ipynb"


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


def execute(params: Params, step: Step, common: dict[str, str], kernels: KernelServer) -> list[str]:
    """Execute a step's notebook; its executed copy goes to the run's folder.

    Parameters
    ----------
    params : Params
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
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    out = executed_notebook(params, step.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _closed_event_loop():
            notebook = papermill.execute_notebook(
                _plain(source_notebook(step.notebook)),
                _plain(out),
                parameters=common | step.parameters,
                progress_bar=False,
                execution_timeout=CELL_TIMEOUT_SEC,
                start_timeout=KERNEL_START_SEC,
                request_save_on_cell_execute=False,
                kernel_manager_class=kernels.manager_class(step.notebook),
                extra_arguments=["--IPKernelApp.log_level=50"],  # a cell's error comes as output
            )
    except PapermillExecutionError as error:
        raise StepFailed(
            f"{step.name} stopped in cell {error.exec_count}: {error.ename}: {error.evalue}\n"
            f"The executed notebook shows where: {out}",
            step.name,
            error.ename,
            error.evalue,
            _stopped_cell(out),
        ) from None
    except DeadKernelError as error:
        raise StepFailed(
            f"{step.name}: its kernel died (out of memory?): {error}\nSo far: {out}",
            step.name,
            "DeadKernelError",
            str(error),
        ) from None
    _check_complete(params, step, notebook)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    said = "".join(output["text"] for output in outputs if output.get("name") == "stderr")
    return [line for line in said.splitlines() if SET_ASIDE in line]


def _plain(path: Path) -> str:
    """A path for papermill, which fills in what stands between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _check_complete(params: Params, step: Step, notebook: NotebookNode) -> None:
    """Raise StepFailed if a cell did not run, or a file that the step should write is missing.

    Papermill returns as usual after some deaths of a kernel.
    """
    silent = [c for c in notebook.cells if c.cell_type == "code" and c.execution_count is None]
    files = [name for name in step.writes if isinstance(name, str)]
    missing = [name for name in files if not (params.run_dir / name).exists()]
    if silent or missing:
        out = executed_notebook(params, step.name)
        text = (
            f"{len(silent)} cell(s) did not run, and these files were not written: "
            f"{', '.join(missing) or 'none is missing'}"
        )
        cell = silent[0].id if silent else ""
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
    """Return the id of the cell that holds an error; empty if there is none."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    failed = (
        str(cell["id"])
        for cell in cells
        if any(output["output_type"] == "error" for output in cell.get("outputs", []))
    )
    return next(failed, "")
