"""The HTML pages of a run: the report, one page per executed notebook, the page of a failure."""

from __future__ import annotations

from pathlib import Path

from harmlib.language import written
from harmlib.params import Params, RunParams
from harmlib.workflow.execution import StepFailed, executed_notebook
from harmlib.workflow.step_cache import StepCache
from harmlib.workflow.steps import Step, plan


def write_report(params: RunParams, report: Step, cache: StepCache) -> None:
    """Write `index.html` from the executed report, unless it is still valid.

    Parameters
    ----------
    params : RunParams
        The run's params.
    report : Step
        The step that has just been executed, or reused.
    cache : StepCache
        What is valid, and where the page is recorded.

    Raises
    ------
    CannotWrite
        If there is no room; the page that was there stays.
    """
    executed, page = executed_notebook(params, report.name), params.run_dir / "index.html"
    if not cache.page_is_valid(page, executed):
        from harmlib.reporting.page.pages import write_page

        write_page(executed, page, _title(params))
        cache.page_done(page, executed)


def prepare_report() -> None:
    """Make what `write_report` needs whatever the report says, while the report is executed."""
    from harmlib.reporting.page import exporter, threshold_explorer  # noqa: F401 - a second

    threshold_explorer.explorer_script()  # another one: it bundles Vega


def write_notebook_page(params: RunParams, step: Step, cache: StepCache) -> None:
    """Write a step's executed notebook as HTML beside it, unless that is still valid.

    Parameters
    ----------
    params : RunParams
        The run's params.
    step : Step
        The step that has just been executed, or reused.
    cache : StepCache
        What is valid, and where the page is recorded.

    Raises
    ------
    CannotWrite
        If there is no room; the page that was there stays.
    """
    executed = executed_notebook(params, step.name)
    page = executed.with_suffix(".html")
    if not cache.page_is_valid(page, executed):
        names = [one.name for one in plan(cache.params)]
        at = names.index(step.name)
        before, after = names[at - 1] if at else "", "".join(names[at + 1 : at + 2])
        _executed_as_page(params, executed, before, after)
        cache.page_done(page, executed)


def write_failure(
    params: RunParams, steps: list[Step], cache: StepCache, error: StepFailed
) -> None:
    """Say in `index.html` what stopped; a report that was there stays as `previous.html`.

    Parameters
    ----------
    params : RunParams
        The run's params.
    steps : list of Step
        All steps of the run.
    cache : StepCache
        What is valid.
    error : StepFailed
        What stopped the run.

    Raises
    ------
    CannotWrite
        If there is no room; then the report that was there stays where it is.
    """
    from harmlib.reporting.page.failure import Failure, write_failure_page

    states = {step.name: "done" if cache.is_valid(step) else "waiting" for step in steps}
    states[error.step] = "failed"
    executed = executed_notebook(params, error.step)
    if executed.exists():
        _executed_as_page(params, executed)
    page, new = params.run_dir / "index.html", params.run_dir / "failure.html"
    failure = Failure(error.step, error.kind, error.text, error.cell)
    previous = page.with_name("previous.html")
    kept = previous.name if page.exists() or previous.exists() else ""
    write_failure_page(failure, states, new, _title(params), kept)
    if page.exists():
        page.replace(previous)
    new.replace(page)


def clear_failure(params: RunParams) -> None:
    """Remove the page of the last run's failure.

    Parameters
    ----------
    params : RunParams
        The run's params.
    """
    from harmlib.reporting.page.failure import is_failure_page

    for name in ("index.html", "failure.html"):
        page = params.run_dir / name
        if is_failure_page(page):
            page.unlink()


def _executed_as_page(params: RunParams, executed: Path, before: str = "", after: str = "") -> None:
    """Without neighbours: those of a run that stopped may not exist."""
    from harmlib.reporting.page import pages

    title = f"{executed.stem}: {params.run}"
    pages.write_notebook_page(executed, executed.with_suffix(".html"), title, before, after)


def _title(params: RunParams) -> str:
    if isinstance(params, Params):
        what = written("Harmful-content detectors compared", "유해 콘텐츠 탐지 모델 비교 보고서")
    else:
        what = written("Analysis of scores", "점수표 분석 보고서")
    return f"{what}: {params.run}"
