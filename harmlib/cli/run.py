"""`harmlib run`: execute the notebooks, or execute them again and compare."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from harmlib.cli.first_look_text import (
    how_to_confirm,
    impossible,
    is_unconfirmed,
    look_line,
    shortages,
)
from harmlib.language import told
from harmlib.media.first_look import first_look
from harmlib.media.folders import DataError
from harmlib.params import (
    PROJECT_ROOT,
    Params,
    ParamsError,
    RunParams,
    ScoresParams,
    file_to_run,
    load_params,
    load_run_params,
    params_path,
)
from harmlib.workflow.execution import NOTEBOOKS, StepFailed
from harmlib.workflow.pipeline import run_pipeline


def run_notebooks(options: argparse.Namespace) -> int:
    """Execute the steps of a run that are no longer valid; with ``--verify`` all steps, elsewhere.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `run`.

    Returns
    -------
    int
        Exit status: 0 done, 1 a notebook stopped or a number differs, 2 the params, the run or the
        installation can't be used. What can't be written, and a run that is in use, are told by
        `harmlib.cli.main`.
    """
    if not NOTEBOOKS.is_dir():
        print(
            told(
                f"harmlib: there is no folder notebooks/ in {PROJECT_ROOT}. `harmlib run` executes "
                "the notebooks of the project's checkout, which the installed package does not "
                "contain. Change into a checkout and use ./run_all.sh there.",
                f"harmlib: {PROJECT_ROOT}에 notebooks/ 폴더가 없습니다. `harmlib run`은 프로젝트 "
                "저장소의 노트북을 실행하며, 설치된 패키지에는 노트북이 없습니다. 저장소로 "
                "옮겨 ./run_all.sh를 쓰십시오.",
            ),
            file=sys.stderr,
        )
        return 2
    try:
        given = params_path(options.params)
        params_file = file_to_run(given)
    except ParamsError as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    if params_file != given:
        root = load_params(given).data.root
        print(
            told(
                f"{given}: its media are not at {root}",
                f"{given}: 미디어가 {root}에 없습니다",
            )
        )
    print(told(f"Params: {params_file}", f"설정: {params_file}"), flush=True)
    try:
        if not _may_begin(load_run_params(params_file)):
            return 2
    except (DataError, ParamsError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    deadline_sec = None if options.max_hours is None else options.max_hours * 3600
    return (_verify if options.verify else _run)(params_file, deadline_sec)


def _may_begin(params: Params | ScoresParams) -> bool:
    """Say what the media are before anything is opened; False where they can't be split at all."""
    if isinstance(params, ScoresParams) or params.data.draw_demo:
        return True
    looks = [first_look(params.data, modality) for modality in params.modalities]
    stops = [line for look in looks if (line := impossible(look, params.splits))]
    for line in map(look_line, looks):
        print(line)
    if any(map(is_unconfirmed, looks)):
        print(how_to_confirm())
    if not stops:
        for look in looks:
            for line in shortages(look, params.splits):
                print(line)
    sys.stdout.flush()
    for line in stops:
        print(f"harmlib: {line}", file=sys.stderr)
    return not stops


def _run(params_file: Path, deadline_sec: float | None) -> int:
    try:
        params = run_pipeline(params_file, deadline_sec)
    except (ParamsError, StepFailed) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2 if isinstance(error, ParamsError) else 1
    print(_results(params))
    return 0


def _verify(params_file: Path, deadline_sec: float | None) -> int:
    from harmlib.workflow.verdict import format_verdict
    from harmlib.workflow.verify import NotVerifiable, verify

    try:
        verdict = verify(params_file, deadline_sec)
    except (ParamsError, NotVerifiable, StepFailed) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 1 if isinstance(error, StepFailed) else 2
    print(format_verdict(verdict))
    return int(not verdict.passed)


def _results(params: RunParams) -> str:
    """Return a short table of the results, and where the report is."""
    metrics = json.loads((params.run_dir / "metrics.json").read_text(encoding="utf-8"))
    heads = ("", "variant", "threshold", "precision", "recall", "F1", "AP", "AUC")
    width = max(6, *map(len, metrics["modalities"]))
    line = f"{{:<{width}}} {{:<9}} {{:>9}} {{:>9}} {{:>7}} {{:>7}} {{:>7}} {{:>7}}"
    title = told(
        "Test split, at the threshold chosen on validation:",
        "시험 분할, 검증에서 고른 threshold의 결과:",
    )
    lines = [f"\n{title}", line.format(*heads)]
    on_folds = []
    for modality, variants in metrics["modalities"].items():
        for name, entry in variants.items():
            threshold = entry.get("operating_threshold")
            shown = "-" if threshold is None else f"{threshold:.2f}"
            lines.append(line.format(modality, name, shown, *_figures(entry["test"])))
            if entry.get("folds"):
                on_folds.append(line.format(modality, name, "", *_figures(entry["folds"])))
    if on_folds:
        heads = (*heads[:2], "", *heads[3:])
        # What the makers of scores trained on, nobody here knows.
        title = (
            told(
                "All items, judged by the threshold that the other half chose:",
                "전체 항목, 나머지 절반에서 고른 threshold로 판정한 결과:",
            )
            if isinstance(params, ScoresParams)
            else told(
                "All items, by models that never saw their groups:",
                "전체 항목, 그 그룹을 학습에 쓰지 않은 모델의 결과:",
            )
        )
        lines += [f"\n{title}", line.format(*heads)]
    report = told("Report", "보고서")
    return "\n".join([*lines, *on_folds, f"\n{report}: {params.run_dir / 'index.html'}"])


def _figures(entry: dict[str, Any]) -> list[str]:
    names = ("precision", "recall", "f1", "average_precision", "roc_auc")
    return [f"{entry[name] or 0:.4f}" for name in names]
