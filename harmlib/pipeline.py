"""Which notebook runs when, through papermill; what is still valid is reused."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import harmlib
from harmlib.params import MODALITIES, PROJECT_ROOT, Params, load_params
from harmlib.progress import VARIABLE, Watch

NOTEBOOKS = PROJECT_ROOT / "notebooks"
# Most of a training or analysis notebook is its imports, on one core: two go side by side.
# Extraction fills all cores by itself.
SIDE_BY_SIDE = {"02_train": 2, "03_thresholds": 2}
CELL_TIMEOUT_SEC = 24 * 3600
KERNEL_START_SEC = 300


class StepFailed(RuntimeError):
    """A notebook stopped; the message says which, why, and where to look."""


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
    params = load_params(params_file)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not one in the home
    steps = plan(params)
    common = {"params_file": str(Path(params_file).resolve())}
    for step in steps:
        _check_declared(step, common)
    record = _Record(params)
    heads = {s.name: f"[{number:>2}/{len(steps)}] {s.name}" for number, s in enumerate(steps, 1)}
    os.environ[VARIABLE] = str(params.run_dir / ".progress.json")
    try:
        with Watch(Path(os.environ[VARIABLE])):
            for notebook, stage in groupby(steps, key=lambda step: step.notebook):
                todo = []
                for step in stage:
                    if record.is_valid(step, record.key(step)):
                        print(f"{heads[step.name]}: reused", flush=True)
                    else:
                        todo.append(step)
                workers = SIDE_BY_SIDE.get(notebook, 1)
                _run_stage(params, todo, common, workers, record, heads)
    finally:
        del os.environ[VARIABLE]
    _write_page(params, steps[-1])
    return params


def _run_stage(
    params: Params,
    steps: list[Step],
    common: dict[str, str],
    workers: int,
    record: _Record,
    heads: dict[str, str],
) -> None:
    """Execute steps that don't read each other's tables, up to `workers` at a time."""

    def execute(step: Step) -> tuple[Step, float]:
        start = time.monotonic()
        print(f"{heads[step.name]} …", flush=True)
        _execute(params, step, common)
        return step, time.monotonic() - start

    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(execute, step) for step in steps]
        try:
            for future in as_completed(futures):
                step, seconds = future.result()
                record.done(step, record.key(step), seconds)
                print(f"{heads[step.name]}: {seconds:.1f} s", flush=True)
        except StepFailed:
            for future in futures:
                future.cancel()
            raise


def _write_page(params: Params, report: Step) -> None:
    """`index.html`, unless it is there already and newer than the executed report."""
    executed, page = executed_notebook(params, report), params.run_dir / "index.html"
    if page.exists() and page.stat().st_mtime_ns > executed.stat().st_mtime_ns:
        return
    from harmlib.reporting.page import write_page

    write_page(executed, page, f"유해 콘텐츠 탐지 모델 비교 보고서: {params.run}")


def executed_notebook(params: Params, step: Step) -> Path:
    return params.run_dir / "notebooks" / f"{step.name}.ipynb"


def _check_declared(step: Step, common: dict[str, str]) -> None:
    """papermill only warns about a parameter that a notebook lacks: stop before anything runs."""
    import papermill

    declared = papermill.inspect_notebook(str(NOTEBOOKS / f"{step.notebook}.ipynb"))
    unknown = set(common | step.parameters) - set(declared)
    if unknown:
        raise StepFailed(
            f"{step.notebook}.ipynb declares no parameter {', '.join(sorted(unknown))}: "
            "has its parameters cell lost the tag 'parameters'?"
        )


def _execute(params: Params, step: Step, common: dict[str, str]) -> None:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    out = executed_notebook(params, step)
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
            extra_arguments=["--IPKernelApp.log_level=50"],  # a cell's error comes as output
        )
    except PapermillExecutionError as error:
        raise StepFailed(
            f"{step.name} stopped in cell {error.exec_count}: {error.ename}: {error.evalue}\n"
            f"The executed notebook shows where: {out}"
        ) from None
    except DeadKernelError as error:
        raise StepFailed(
            f"{step.name}: its kernel died (out of memory?): {error}\nSo far: {out}"
        ) from None
    # papermill ends well in some kernel deaths, with cells that never ran.
    silent = [c for c in notebook.cells if c.cell_type == "code" and c.execution_count is None]
    lacking = [name for name in step.writes if not (params.run_dir / name).exists()]
    if silent or lacking:
        raise StepFailed(
            f"{step.name}: {len(silent)} cell(s) did not run and it did not write "
            f"{', '.join(lacking) or 'all that it should'}; see {out}"
        )


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
            and executed_notebook(self.params, step).exists()
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
