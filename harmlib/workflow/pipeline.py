"""Execute the steps of a run that are no longer valid, and write its pages."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from harmlib.language import languages, told
from harmlib.media.owned_lock import held
from harmlib.media.whole_file import remove_leftovers, written_whole
from harmlib.params import (
    Params,
    ParamsError,
    ScoresParams,
    Variant,
    load_run_params,
    project_params_path,
)
from harmlib.params.places import portable
from harmlib.workflow.execution import (
    StepFailed,
    check_declared,
    check_readable,
    execute,
    source_notebook,
)
from harmlib.workflow.import_graph import ImportGraph
from harmlib.workflow.own_scores import bring_in, complete_params, is_brought_in
from harmlib.workflow.preload import preload
from harmlib.workflow.progress import VARIABLE, Watch, progress
from harmlib.workflow.run_pages import (
    clear_failure,
    prepare_report,
    write_failure,
    write_notebook_page,
    write_report,
)
from harmlib.workflow.step_cache import Inputs, StepCache
from harmlib.workflow.steps import Step, plan
from harmlib.workflow.surroundings import isolated

if TYPE_CHECKING:
    from harmlib.workflow.kernels import KernelServer

# A training or analysis computes on one core, and starting and ending a kernel is waiting: two go
# side by side. Extraction fills all cores by itself.
SIDE_BY_SIDE = {"02_train": 2, "03_thresholds": 2, "04_study": 2}
ROOM_BYTES = 262_144  # with less, no notebook comes to its end
READ_VECTORS = ("02_train", "04_study")
WITH_EXPLORER = ("05_report", "05_scores")


def run_pipeline(
    params_file: str | Path, deadline_sec: float | None = None
) -> Params | ScoresParams:
    """Execute the notebooks of a params file, and write the report.

    Steps that are still valid are reused.

    Parameters
    ----------
    params_file : str or Path
        Such as ``params/demo.yaml``.
    deadline_sec : float, optional
        How long one notebook may take; then it is taken for one that hangs, and ended. Without it,
        two days.

    Returns
    -------
    Params or ScoresParams
        The params of the run.

    Raises
    ------
    ParamsError
        If the params file can't be used.
    StepFailed
        If a notebook stopped. The run's `index.html` then says which and why.
    InUse
        If another process executes the same run.
    CannotWrite
        If there is no room, or a folder can't be written to.
    """
    params = load_run_params(params_file)
    try:
        with (
            held(params.run_dir / ".lock", _named(params)),
            _swept(params),
            isolated(params.artifacts / "settings"),
            languages(page=params.lang),
        ):
            return _execute_and_report(params, params_file, deadline_sec)
    except ParamsError:
        with contextlib.suppress(OSError):  # a table that can't be read leaves no empty folder
            params.run_dir.rmdir()
        raise


def _named(params: Params | ScoresParams) -> str:
    return told(f"the run {params.run_dir}", f"실행 {params.run_dir}")


def _require_room(params: Params | ScoresParams) -> None:
    """Raise CannotWrite now, and not in the middle of it, where nothing at all can be written."""
    for place in (params.run_dir, params.artifacts / "settings", Path(tempfile.gettempdir())):
        probe = place / f".room-{os.getpid()}"
        with written_whole(probe, ROOM_BYTES) as part:
            part.write_bytes(bytes(ROOM_BYTES))
        probe.unlink()


@contextlib.contextmanager
def _swept(params: Params | ScoresParams) -> Iterator[None]:
    """Remove what killed runs have left half-written; when interrupted, what this one leaves."""
    places = (params.run_dir, params.artifacts)
    for place in places:
        remove_leftovers(place)
    try:
        yield
    except KeyboardInterrupt:
        for place in places:
            remove_leftovers(place, ours_too=True)
        raise


def _execute_and_report(
    params: Params | ScoresParams, params_file: str | Path, deadline_sec: float | None
) -> Params | ScoresParams:
    """Return the params, those of a table of scores with what it holds."""
    from harmlib.workflow.kernels import DEADLINE_SEC, KernelServer

    _require_room(params)
    common = {"params_file": portable(Path(params_file).resolve())}
    with KernelServer({}, deadline_sec or DEADLINE_SEC) as kernels:
        if isinstance(params, ScoresParams):
            params = _read_table(params, kernels)
        steps = plan(params)
        check_readable({step.notebook for step in steps})
        cache = StepCache(params)
        if not all(cache.is_valid(step) for step in steps if step.notebook in READ_VECTORS):
            cache.set_damaged_vectors_aside()  # before extraction is taken for valid
        _require_weights(params, steps, cache)
        kernels.ahead = _ahead(steps, cache)
        if kernels.ahead:
            kernels.start()  # it imports while the notebooks are checked
        _execute(params, steps, common, cache, kernels)
        cache.graph.keep()
    write_report(params, steps[-1], cache)
    return params


def _require_weights(params: Params | ScoresParams, steps: list[Step], cache: StepCache) -> None:
    """Find the weights now: media are decoded for hours, to no end if there are none."""
    extracts = [step for step in steps if step.notebook == "01_extract_features"]
    if not isinstance(params, Params) or all(cache.is_valid(step) for step in extracts):
        return
    if not params.features.asks_for_files:  # torch's import, a second, is for nothing
        return
    from harmlib.features.weights import WeightsError
    from harmlib.features.weights_at_hand import require_weights

    try:
        require_weights(
            params.features, params.modalities, params.artifacts / "weights", _downloading
        )
    except WeightsError as error:
        raise ParamsError(str(error)) from None


def _downloading(name: str) -> Callable[[int, int | None], None]:
    shown = progress(told(f"downloading the weights of {name}", f"{name} 가중치 내려받기"), "MB")
    return lambda there, total: shown(there >> 20, (total or there) >> 20)


def _read_table(params: ScoresParams, kernels: KernelServer) -> ScoresParams:
    """Bring the table in; its first time takes seconds, in which the kernels' imports are made."""
    if not is_brought_in(params):
        graph = ImportGraph()
        names = ("03_thresholds", "05_scores")  # most tables are small enough to be read whole
        kernels.ahead = {name: preload(source_notebook(name), graph) for name in names}
        kernels.start()
    return bring_in(params)


def _execute(
    params: Params | ScoresParams,
    steps: list[Step],
    common: dict[str, str],
    cache: StepCache,
    kernels: KernelServer,
) -> None:
    """Execute what is not valid; the first step that stops gets a page."""
    for step in steps:
        if not cache.is_valid(step):  # its notebook is the one that was executed
            check_declared(step, common)
    clear_failure(params)
    os.environ[VARIABLE] = str(params.run_dir / ".progress.json")
    try:
        with Watch(Path(os.environ[VARIABLE])):
            _run_steps(params, steps, common, cache, kernels)
    except StepFailed as error:
        try:
            write_failure(params, steps, cache, error)
        except (OSError, ValueError) as more:  # what stopped the run matters more
            _say(
                told(
                    f"No page says why the run stopped: {more}",
                    f"실행이 멈춘 이유를 적은 페이지를 쓰지 못했습니다: {more}",
                )
            )
        raise
    finally:
        del os.environ[VARIABLE]


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are waited for, unless the run has to end now."""
    pool, wait = ThreadPoolExecutor(workers), True
    try:
        yield pool
    except StepFailed:
        raise
    except BaseException:  # Ctrl-C; or nobody reads the output, or no room is left
        wait = False
        raise
    finally:
        pool.shutdown(wait, cancel_futures=not wait)


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
    params: Params | ScoresParams,
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

    with _pool(1) as pages:
        for notebook, stage in groupby(steps, key=lambda step: step.notebook):
            todo = []
            for step in stage:
                if cache.is_valid(step):
                    _say(f"{heads[step.name]}: {told('reused', '재사용')}")
                    written.append(pages.submit(write_notebook_page, params, step, cache))
                else:
                    todo.append(step)
                    kernels.start()  # in this thread: the server ends with the one that starts it
            if todo and notebook in WITH_EXPLORER:
                written.append(pages.submit(prepare_report))
            todo.sort(key=lambda step: _takes_longer(params, step), reverse=True)
            for step, seconds in _side_by_side(todo, start, SIDE_BY_SIDE.get(notebook, 1), kernels):
                changed = cache.done(step, began[step.name], seconds)
                written.append(pages.submit(write_notebook_page, params, step, cache))
                _say(f"{heads[step.name]}: {seconds:.1f} {told('s', '초')}")
                if changed:
                    _say(
                        f"{heads[step.name]}: "
                        + told(
                            f"changed while it ran: {', '.join(changed)}. "
                            "It runs again with the next start",
                            f"실행하는 동안 바뀌었습니다: {', '.join(changed)}. 다음에 시작할 때 "
                            "다시 실행합니다",
                        )
                    )
            if notebook == "02_train":
                _gather(params, cache, just_trained=bool(todo))
    for page in written:
        page.result()


def _takes_longer(params: Params | ScoresParams, step: Step) -> bool:
    """Whether a step should start before others of its kind, so that none waits for it alone."""
    name = step.parameters.get("variant")
    return isinstance(params, Params) and name is not None and _chooses(params.variants[name])


def _chooses(variant: Variant) -> bool:
    return variant.head == "linear" and "chosen" in (variant.penalty, variant.backbones)


def _require_same(params: Params | ScoresParams, step: Step, common: dict[str, str]) -> None:
    """Raise StepFailed if the params file says something else by now: the notebook read it too."""
    try:
        now = complete_params(project_params_path(common["params_file"]))
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
        if stopped.is_set() or kernels.closed:
            return None
        began = time.monotonic()
        try:
            start(step)
        except StepFailed:
            stopped.set()  # here, before this thread takes the next step
            raise
        return time.monotonic() - began

    failed = None
    with _pool(workers) as pool:
        futures = {pool.submit(timed, step): step for step in steps}
        for future in as_completed(futures):
            try:
                seconds = future.result()
            except StepFailed as error:
                failed = failed or error
                continue
            if seconds is not None:
                yield futures[future], seconds
    if failed:
        raise failed


def _gather(params: Params | ScoresParams, cache: StepCache, *, just_trained: bool) -> None:
    """Make sure that the gathered tables are those of the trainings, and the ledger's text too."""
    if not just_trained and cache.is_gathered():
        return
    if not just_trained:
        from harmlib.workflow.run import Run

        run = Run(params)
        run.gather()
        run.write(run.ledger(), "ledger.csv")
    cache.gathering_done()
