"""Execute the steps of a run that are no longer valid, and write its pages."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from harmlib.params import Params, ParamsError, load_params
from harmlib.workflow.execution import (
    StepFailed,
    check_declared,
    execute,
    executed_notebook,
    source_notebook,
)
from harmlib.workflow.preload import preload
from harmlib.workflow.progress import VARIABLE, Watch
from harmlib.workflow.step_cache import Inputs, StepCache
from harmlib.workflow.steps import Step, plan
from harmlib.workflow.surroundings import isolated

if TYPE_CHECKING:
    from harmlib.workflow.kernels import KernelServer

# A training or analysis computes on one core, and starting and ending a kernel is waiting: two go
# side by side. Extraction fills all cores by itself.
SIDE_BY_SIDE = {"02_train": 2, "03_thresholds": 2, "04_study": 2}
READ_VECTORS = ("02_train", "04_study")


def run_pipeline(params_file: str | Path) -> Params:
    """Execute the notebooks of a params file, and write the report.

    Steps that are still valid are reused.

    Parameters
    ----------
    params_file : str or Path
        Such as ``params/demo.yaml``.

    Returns
    -------
    Params
        The params of the run.

    Raises
    ------
    ParamsError
        If the params file can't be used.
    StepFailed
        If a notebook stopped. The run's `index.html` then says which and why.
    """
    from harmlib.workflow.kernels import KernelServer

    params = load_params(params_file)
    steps = plan(params)
    common = {"params_file": str(Path(params_file).resolve())}
    cache = StepCache(params)
    if not all(cache.is_valid(step) for step in steps if step.notebook in READ_VECTORS):
        cache.set_damaged_vectors_aside()  # before extraction is taken for valid
    with isolated(params.artifacts / "settings"):
        with KernelServer(_ahead(steps, cache)) as kernels:
            if kernels.ahead:
                kernels.start()  # it imports while the notebooks are checked
            _execute(params, steps, common, cache, kernels)
        _write_report(params, steps[-1], cache)
    return params


def _execute(
    params: Params,
    steps: list[Step],
    common: dict[str, str],
    cache: StepCache,
    kernels: KernelServer,
) -> None:
    """Execute what is not valid; the first step that stops gets a page."""
    for step in steps:
        if not cache.is_valid(step):  # its notebook is the one that was executed
            check_declared(step, common)
    _clear_failure(params)
    os.environ[VARIABLE] = str(params.run_dir / ".progress.json")
    try:
        with Watch(Path(os.environ[VARIABLE])):
            _run_steps(params, steps, common, cache, kernels)
    except StepFailed as error:
        _write_failure(params, steps, cache, error)
        raise
    finally:
        del os.environ[VARIABLE]


def _say(line: str) -> None:
    """Print a line in one write: steps that run side by side print from their own threads."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _ahead(steps: list[Step], cache: StepCache) -> dict[str, list[str]]:
    """Return the notebooks from the first invalid step on, and what their kernels import."""
    valid = [cache.is_valid(step) for step in steps]
    todo = steps[valid.index(False) :] if False in valid else []
    names = dict.fromkeys(step.notebook for step in todo)
    return {name: preload(source_notebook(name), cache.graph) for name in names}


def _run_steps(
    params: Params,
    steps: list[Step],
    common: dict[str, str],
    cache: StepCache,
    kernels: KernelServer,
) -> None:
    """Execute the steps that are not valid; pages are written beside the next step."""
    heads = {s.name: f"[{number:>2}/{len(steps)}] {s.name}" for number, s in enumerate(steps, 1)}
    written: list[Future[None]] = []
    began: dict[str, Inputs] = {}

    def start(step: Step) -> None:
        _say(f"{heads[step.name]} …")
        for name in step.may_write:  # if it isn't written this time, none must stay
            (params.run_dir / name).unlink(missing_ok=True)
        began[step.name] = cache.begin(step)
        for line in execute(params, step, common, kernels):
            _say(f"{heads[step.name]}: {line}")
        _require_same(params, step, common)

    with ThreadPoolExecutor(1) as pages:
        for notebook, stage in groupby(steps, key=lambda step: step.notebook):
            todo = []
            for step in stage:
                if cache.is_valid(step):
                    _say(f"{heads[step.name]}: reused")
                    written.append(pages.submit(_write_notebook_page, params, step, cache))
                else:
                    todo.append(step)
            for step, seconds in _side_by_side(todo, start, SIDE_BY_SIDE.get(notebook, 1), kernels):
                changed = cache.done(step, began[step.name], seconds)
                written.append(pages.submit(_write_notebook_page, params, step, cache))
                _say(f"{heads[step.name]}: {seconds:.1f} s")
                if changed:
                    _say(
                        f"{heads[step.name]}: changed while it ran: {', '.join(changed)}. "
                        "It runs again with the next start"
                    )
            if notebook == "02_train":
                _gather(params, cache, just_trained=bool(todo))
    for page in written:
        page.result()


def _require_same(params: Params, step: Step, common: dict[str, str]) -> None:
    """Raise StepFailed if the params file says something else by now: the notebook read it too."""
    try:
        now = load_params(common["params_file"])
    except ParamsError as error:
        raise StepFailed(f"{step.name}: {error}", step.name, "ParamsError", str(error)) from None
    if now != params:
        text = f"{common['params_file']} changed while the run was going on; run it again"
        raise StepFailed(f"{step.name}: {text}", step.name, "ParamsError", text)


def _side_by_side(
    steps: list[Step], start: Callable[[Step], None], workers: int, kernels: KernelServer
) -> Iterator[tuple[Step, float]]:
    """Run steps that don't read each other's tables; yield each with its seconds as it ends.

    After the first StepFailed no further step starts; what runs beside it may end, and is kept.
    """
    stopped = threading.Event()

    def timed(step: Step) -> float | None:
        """Return the seconds; None for a step that need not start any more."""
        if stopped.is_set():
            return None
        began = time.monotonic()
        try:
            start(step)
        except StepFailed:
            stopped.set()  # here, before this thread takes the next step
            raise
        return time.monotonic() - began

    failed = None
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(timed, step): step for step in steps}
        try:
            for future in as_completed(futures):
                try:
                    seconds = future.result()
                except StepFailed as error:
                    failed = failed or error
                    continue
                if seconds is not None:
                    yield futures[future], seconds
        except KeyboardInterrupt:
            stopped.set()
            kernels.close()  # else the pool would wait for the notebooks' ends
            raise
    if failed:
        raise failed


def _gather(params: Params, cache: StepCache, *, just_trained: bool) -> None:
    """Make sure that the gathered tables are those of the trainings, and the ledger's text too."""
    if not just_trained and cache.is_gathered():
        return
    if not just_trained:
        from harmlib.workflow.run import Run

        run = Run(params)
        run.gather()
        run.write(run.ledger(), "ledger.csv")
    cache.gathering_done()


# Pages


def _write_report(params: Params, report: Step, cache: StepCache) -> None:
    """Write `index.html` from the executed report, unless it is still valid."""
    executed, page = executed_notebook(params, report.name), params.run_dir / "index.html"
    if not cache.page_is_valid(page, executed):
        from harmlib.reporting.page.pages import write_page

        write_page(executed, page, _title(params))
        cache.page_done(page, executed)


def _write_notebook_page(params: Params, step: Step, cache: StepCache) -> None:
    """Write a step's executed notebook as HTML beside it, unless that is still valid."""
    executed = executed_notebook(params, step.name)
    page = executed.with_suffix(".html")
    if not cache.page_is_valid(page, executed):
        _executed_as_page(params, executed)
        cache.page_done(page, executed)


def _executed_as_page(params: Params, executed: Path) -> None:
    from harmlib.reporting.page.pages import write_notebook_page

    title = f"{executed.stem}: {params.run}"
    write_notebook_page(executed, executed.with_suffix(".html"), title)


def _title(params: Params) -> str:
    return f"유해 콘텐츠 탐지 모델 비교 보고서: {params.run}"


def _write_failure(params: Params, steps: list[Step], cache: StepCache, error: StepFailed) -> None:
    """Say in `index.html` what stopped; a report that was there stays as `previous.html`."""
    from harmlib.reporting.page.failure import Failure, write_failure_page

    states = {step.name: "done" if cache.is_valid(step) else "waiting" for step in steps}
    states[error.step] = "failed"
    page = params.run_dir / "index.html"
    if page.exists():
        page.replace(page.with_name("previous.html"))
    executed = executed_notebook(params, error.step)
    if executed.exists():
        _executed_as_page(params, executed)
    failure = Failure(error.step, error.kind, error.text, error.cell)
    write_failure_page(failure, states, page, _title(params))


def _clear_failure(params: Params) -> None:
    """Remove the page of the last run's failure."""
    from harmlib.reporting.page.failure import is_failure_page

    page = params.run_dir / "index.html"
    if is_failure_page(page):
        page.unlink()
