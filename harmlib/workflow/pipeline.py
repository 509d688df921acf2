"""Which notebook runs when, through papermill; what is still valid is reused."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harmlib
from harmlib.params import MODALITIES, Params, load_params
from harmlib.workflow.execution import (
    NOTEBOOKS,
    Step,
    StepFailed,
    check_declared,
    execute,
    executed_notebook,
)
from harmlib.workflow.progress import VARIABLE, Watch

if TYPE_CHECKING:
    from harmlib.workflow.kernels import KernelServer

# A training or analysis computes on one core, and starting and ending a kernel is waiting: two go
# side by side. Extraction fills all cores by itself.
SIDE_BY_SIDE = {"02_train": 2, "03_thresholds": 2}


def plan(params: Params) -> list[Step]:
    """The steps of a run, in an order in which each finds what it reads."""
    modalities = [m for m in MODALITIES if m in params.modalities]
    steps = [Step("00_data", writes=("manifest.parquet",))]
    for modality in modalities:
        steps.append(
            Step(
                "01_extract_features",
                {"modality": modality},
                reads=("manifest.parquet",),
                writes=(f"tables/weights_{modality}.csv",),
            )
        )
    parts = {m: [] for m in modalities}
    for modality in modalities:
        for variant in params.variants:
            part = f"models/{variant}/{modality}_scores.parquet"
            parts[modality].append(part)
            steps.append(
                Step(
                    "02_train",
                    {"modality": modality, "variant": variant},
                    reads=("manifest.parquet", f"tables/weights_{modality}.csv"),
                    writes=(part, f"models/{variant}/{modality}_model_best.pth"),
                )
            )
    tables = []
    for modality in modalities:
        written = tuple(f"tables/{kind}_{modality}.csv" for kind in ("sweep", "epochs", "test"))
        tables += written
        steps.append(Step("03_thresholds", {"modality": modality}, tuple(parts[modality]), written))
    every_part = [part for m in modalities for part in parts[m]]
    steps.append(
        Step(
            "04_report",
            {},
            ("manifest.parquet", *every_part, *tables),
            ("metrics.json", "run.json"),
        )
    )
    return steps


def run_pipeline(params_file: Path) -> Params:
    """Execute the notebooks of a params file, and write the page.

    Raises ParamsError for the params, StepFailed for a notebook that stopped.
    """
    from harmlib.workflow.kernels import KernelServer

    params = load_params(params_file)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not one in the home
    steps = plan(params)
    common = {"params_file": str(Path(params_file).resolve())}
    record = _Record(params)
    valid = [record.is_valid(step, record.key(step)) for step in steps]
    todo = steps[valid.index(False) :] if False in valid else []
    with KernelServer(dict.fromkeys(step.notebook for step in todo)) as kernels:
        if todo:
            kernels.start()  # it imports while the notebooks are checked
        for step in steps:
            check_declared(step, common)
        _clear_failure(params)
        os.environ[VARIABLE] = str(params.run_dir / ".progress.json")
        try:
            with Watch(Path(os.environ[VARIABLE])):
                _run_steps(params, steps, common, record, kernels)
        except StepFailed as error:
            _write_failure(params, steps, record, error)
            raise
        finally:
            del os.environ[VARIABLE]
    _write_page(params, steps[-1])
    return params


def _run_steps(
    params: Params,
    steps: list[Step],
    common: dict[str, str],
    record: _Record,
    kernels: KernelServer,
) -> None:
    """Execute the steps that aren't valid any more; their pages are written beside the next."""
    heads = {s.name: f"[{number:>2}/{len(steps)}] {s.name}" for number, s in enumerate(steps, 1)}
    written: list[Future] = []

    def start(step: Step) -> None:
        print(f"{heads[step.name]} …", flush=True)
        execute(params, step, common, kernels)

    with ThreadPoolExecutor(1) as pages:
        for notebook, stage in groupby(steps, key=lambda step: step.notebook):
            todo = []
            for step in stage:
                if record.is_valid(step, record.key(step)):
                    print(f"{heads[step.name]}: reused", flush=True)
                else:
                    todo.append(step)
            for step, seconds in _side_by_side(todo, start, SIDE_BY_SIDE.get(notebook, 1), kernels):
                record.done(step, record.key(step), seconds)
                written.append(pages.submit(_write_notebook_page, params, step.name))
                print(f"{heads[step.name]}: {seconds:.1f} s", flush=True)
    for page in written:
        page.result()


def _side_by_side(
    steps: list[Step], start: Callable[[Step], None], workers: int, kernels: KernelServer
) -> Iterator[tuple[Step, float]]:
    """Steps that don't read each other's tables as they end, and their seconds.

    At the first StepFailed no further step starts; what runs beside it may end, and is kept.
    """
    stopped = threading.Event()

    def timed(step: Step) -> float | None:
        """Seconds; None for a step that need not start any more."""
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


def _write_page(params: Params, report: Step) -> None:
    """`index.html`, unless it is there already and newer than the executed report."""
    executed, page = executed_notebook(params, report.name), params.run_dir / "index.html"
    if page.exists() and page.stat().st_mtime_ns > executed.stat().st_mtime_ns:
        return
    from harmlib.reporting.page.pages import write_page

    write_page(executed, page, _title(params))


def _title(params: Params) -> str:
    return f"유해 콘텐츠 탐지 모델 비교 보고서: {params.run}"


def _write_notebook_page(params: Params, name: str) -> None:
    """The executed notebook as HTML beside it: what the report and the failure page link to."""
    from harmlib.reporting.page.pages import write_notebook_page

    executed = params.run_dir / "notebooks" / f"{name}.ipynb"
    write_notebook_page(executed, executed.with_suffix(".html"), f"{name}: {params.run}")


def _write_failure(params: Params, steps: list[Step], record: _Record, error: StepFailed) -> None:
    """`index.html` says what stopped; a report that was there stays as `previous.html`."""
    from harmlib.reporting.page.failure import Failure, write_failure_page

    states = {s.name: "done" if record.is_valid(s, record.key(s)) else "waiting" for s in steps} | {
        error.step: "failed"
    }
    page = params.run_dir / "index.html"
    if page.exists():
        page.replace(page.with_name("previous.html"))
    if executed_notebook(params, error.step).exists():
        _write_notebook_page(params, error.step)
    failure = Failure(error.step, error.kind, error.text, error.cell)
    write_failure_page(failure, states, page, _title(params))


def _clear_failure(params: Params) -> None:
    """A new run starts without the page of the last one's failure."""
    from harmlib.reporting.page.failure import is_failure_page

    page = params.run_dir / "index.html"
    if is_failure_page(page):
        page.unlink()


class _Record:
    """Which steps are done, and from what: `steps.json` in the run's folder."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.path = params.run_dir / "steps.json"
        self.code = _digest_files(sorted(Path(harmlib.__file__).parent.rglob("*.py")))
        self.steps: dict[str, Any] = {}
        if self.path.exists():
            self.steps = json.loads(self.path.read_text(encoding="utf-8"))

    def key(self, step: Step) -> str:
        """Changes whenever the step could give something else."""
        parts = [
            self.params.model_dump_json(),
            self.code,
            _digest_files([NOTEBOOKS / f"{step.notebook}.ipynb"]),
            json.dumps(step.parameters),
            _digest_files([self.params.run_dir / name for name in step.reads]),
        ]
        if step.notebook == "00_data":
            parts += _media_state(self.params)
        text = "\n".join(parts)
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

    def is_valid(self, step: Step, key: str) -> bool:
        known = self.steps.get(step.name, {})
        return (
            known.get("key") == key
            and executed_notebook(self.params, step.name).exists()
            and known.get("outputs") == self._outputs(step)
        )

    def done(self, step: Step, key: str, seconds: float) -> None:
        self.steps[step.name] = {
            "key": key,
            "outputs": self._outputs(step),
            "seconds": round(seconds, 2),
        }
        self.path.write_text(json.dumps(self.steps, indent=1), encoding="utf-8")

    def _outputs(self, step: Step) -> str:
        return _digest_files([self.params.run_dir / name for name in step.writes])


def _digest_files(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode())
        if path.exists():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _media_state(params: Params) -> Iterator[str]:
    """Names, sizes and times of the media files: cheap, and enough to notice a change."""
    for path in sorted(params.data.root.rglob("*")):
        if path.is_file():
            stat = path.stat()
            yield f"{path} {stat.st_size} {stat.st_mtime_ns}"
