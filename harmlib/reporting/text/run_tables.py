"""Tables of what a run was made with: the weights, the steps, the settings, the machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from harmlib.language import written
from harmlib.params import PROJECT_ROOT
from harmlib.reporting.text.korean import korean_time


def shown_weights(weights: pd.DataFrame) -> pd.DataFrame:
    """Take the columns that the report shows of the backbones' weights.

    Parameters
    ----------
    weights : DataFrame
        `tables/weights_<modality>.csv` of all modalities, with a column modality.

    Returns
    -------
    DataFrame
        Columns modality, backbone, weights, sampling, precision_used, dim, items.

    Examples
    --------
    >>> columns = ["backbone", "dim", "items", "modality", "precision_used", "sampling", "sha256",
    ...            "weights"]
    >>> list(shown_weights(pd.DataFrame([range(8)], columns=columns)))
    ['modality', 'backbone', 'weights', 'sampling', 'precision_used', 'dim', 'items']
    """
    columns = ["weights", "sampling", "precision_used", "dim", "items"]
    return weights[["modality", "backbone", *columns]]


def step_table(steps: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """List the steps of a run with the time that each took.

    Parameters
    ----------
    steps : mapping
        `steps.json` of the run's folder: by the step's name a mapping with `seconds`.

    Returns
    -------
    DataFrame
        Columns step (named for people), seconds.

    Examples
    --------
    >>> step_table({"00_data": {"seconds": 2.5}})
            단계  seconds
    0  00_data      2.5
    """
    return pd.DataFrame(
        [(name, entry["seconds"]) for name, entry in steps.items()],
        columns=[written("Step", "단계"), "seconds"],
    )


def run_facts(about: Mapping[str, Any]) -> pd.DataFrame:
    """List what one needs to know to make a run again.

    Parameters
    ----------
    about : mapping
        The content of `run.json`.

    Returns
    -------
    DataFrame
        Columns property, value (named for people).

    Examples
    --------
    >>> about = {"params": {"run": "demo", "seed": 42}, "made": "2026-03-01T14:05:00+09:00",
    ...          "device": "CPU", "machine": "Linux", "commit": "", "sha256": {}, "weights": []}
    >>> run_facts(about).set_index("항목")["값"].to_dict()
    {'실행 이름': 'demo', '만든 때': '2026년 3월 1일 14시 5분', '시드': '42', '장치': 'CPU (Linux)', '커밋': '–'}
    """
    made = datetime.fromisoformat(about["made"])
    weights = dict.fromkeys((w["backbone"], w["sha256"]) for w in about["weights"] if w["sha256"])
    return pd.DataFrame(
        [
            (written("Run", "실행 이름"), about["params"]["run"]),
            (written("Made", "만든 때"), written(f"{made:%Y-%m-%d %H:%M}", korean_time(made))),
            (written("Seed", "시드"), str(about["params"]["seed"])),
            (written("Device", "장치"), f"{about['device']} ({about['machine']})"),
            (written("Commit", "커밋"), about["commit"] or "–"),
            *((f"{name} sha256", digest) for name, digest in about["sha256"].items()),
            *(
                (written(f"{name} weights sha256", f"{name} 가중치 sha256"), digest)
                for name, digest in weights
            ),
        ],
        columns=[written("Property", "항목"), written("Value", "값")],
    )


def files_of_run(notebooks: Iterable[str]) -> list[str]:
    """Say which files hold what the page leaves out, and where the executed notebooks are.

    Parameters
    ----------
    notebooks : iterable of str
        Names of the executed notebooks.

    Returns
    -------
    list of str
        Markdown.

    Examples
    --------
    >>> files_of_run(["00_data"])[-1]
    '**실행된 노트북**: [00_data](notebooks/00_data.html)'
    """
    kinds = {
        "settings": ("all settings", "모든 설정"),
        "versions": ("package versions", "패키지 버전"),
        "steps": ("seconds of each step", "단계별 소요 시간"),
        "constants": ("constants of the analysis", "분석에 쓴 상수"),
    }
    files = ", ".join(f"[{written(*words)}](tables/{name}.csv)" for name, words in kinds.items())
    pages = ", ".join(f"[{name}](notebooks/{name}.html)" for name in notebooks)
    return [
        written(f"**As files**: {files}", f"**파일**: {files}"),
        written(
            "**All else**: tables in `tables/` as CSV, figures in `figures/` as SVG and PNG, the key "
            "figures in `metrics.json`, all scores in `scores.parquet`.",
            "**그 밖의 모든 것**: 표는 `tables/`에 CSV로, 그림은 `figures/`에 SVG와 PNG로, 주요 수치는 `metrics.json`에, 모든 "
            "점수는 `scores.parquet`에 있습니다.",
        ),
        written(f"**Executed notebooks**: {pages}", f"**실행된 노트북**: {pages}"),
    ]


def version_table(versions: Mapping[str, str]) -> pd.DataFrame:
    """List the packages with their versions.

    Parameters
    ----------
    versions : mapping of str to str
        `versions` of `run.json`.

    Returns
    -------
    DataFrame
        Columns package, version (named for people).

    Examples
    --------
    >>> version_table({"numpy": "2.4"}).to_numpy().tolist()
    [['numpy', '2.4']]
    """
    return pd.DataFrame(
        versions.items(), columns=[written("Package", "패키지"), written("Version", "버전")]
    )


def settings_table(params: Mapping[str, Any]) -> pd.DataFrame:
    """List every setting of a run; paths below the project's folder are relative to it.

    Parameters
    ----------
    params : mapping
        `params` of `run.json`.

    Returns
    -------
    DataFrame
        Columns setting (keys joined by dots), value (text), named for people.

    Examples
    --------
    >>> settings_table({"run": "demo", "data": {"draw_demo": True}}).to_numpy().tolist()
    [['run', 'demo'], ['data.draw_demo', 'True']]
    """
    table = pd.json_normalize(dict(params)).T.reset_index().astype(str)
    table = table.replace(re.escape(f"{PROJECT_ROOT}/"), "", regex=True)
    return table.set_axis([written("Setting", "설정"), written("Value", "값")], axis=1)
