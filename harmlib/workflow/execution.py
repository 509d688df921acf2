"""One execution of one notebook through papermill, and what went wrong in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harmlib.params import PROJECT_ROOT, Params

if TYPE_CHECKING:
    from harmlib.workflow.kernels import KernelServer

NOTEBOOKS = PROJECT_ROOT / "notebooks"
CELL_TIMEOUT_SEC = 24 * 3600
KERNEL_START_SEC = 300


class StepFailed(RuntimeError):
    """A notebook stopped; the message says which, why, and where to look.

    step, kind, text, cell : the step's name, the error's class and message, the cell's id
    """

    def __init__(self, message: str, step: str, kind: str, text: str, cell: str = "") -> None:
        super().__init__(message)
        self.step, self.kind, self.text, self.cell = step, kind, text, cell


@dataclass(frozen=True)
class Step:
    """One execution of one notebook."""

    notebook: str
    parameters: dict[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()  # below the run's folder
    writes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "-".join([self.notebook, *self.parameters.values()])


def executed_notebook(params: Params, name: str) -> Path:
    return params.run_dir / "notebooks" / f"{name}.ipynb"


def check_declared(step: Step, common: dict[str, str]) -> None:
    """papermill only warns about a parameter that a notebook lacks: stop before anything runs."""
    import papermill

    declared = papermill.inspect_notebook(str(NOTEBOOKS / f"{step.notebook}.ipynb"))
    unknown = set(common | step.parameters) - set(declared)
    if unknown:
        text = (
            f"{step.notebook}.ipynb declares no parameter {', '.join(sorted(unknown))}: "
            "has its parameters cell lost the tag 'parameters'?"
        )
        raise StepFailed(text, step.name, "ParameterError", text)


def execute(params: Params, step: Step, common: dict[str, str], kernels: KernelServer) -> None:
    """Run the step's notebook into the run's folder. Raises StepFailed.

    common : parameters that every notebook of the run gets
    kernels : where the notebook's kernel comes from
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    out = executed_notebook(params, step.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        notebook = papermill.execute_notebook(
            str(NOTEBOOKS / f"{step.notebook}.ipynb"),
            str(out),
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
    # papermill ends well in some kernel deaths, with cells that never ran.
    silent = [c for c in notebook.cells if c.cell_type == "code" and c.execution_count is None]
    lacking = [name for name in step.writes if not (params.run_dir / name).exists()]
    if silent or lacking:
        text = (
            f"{len(silent)} cell(s) did not run and it did not write "
            f"{', '.join(lacking) or 'all that it should'}"
        )
        cell = silent[0].id if silent else ""
        raise StepFailed(f"{step.name}: {text}; see {out}", step.name, "Incomplete", text, cell)


def _stopped_cell(executed: Path) -> str:
    """The id of the cell that holds an error."""
    import nbformat

    for cell in nbformat.read(executed, as_version=4).cells:
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return cell.id
    return ""
