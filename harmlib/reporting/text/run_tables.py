"""Tables of what a run was made with: the variants, the constants, the steps, the machine."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from harmlib.analysis.choice import PLATEAU_TOLERANCE
from harmlib.analysis.floor_table import RECALL_FLOORS
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.analysis.likeness import BITS
from harmlib.analysis.misclassified import NEAR
from harmlib.analysis.recall_floor import MEASURED_SHORTFALL
from harmlib.analysis.slice_columns import BINS, MOST_VALUES
from harmlib.analysis.stability import MOVE, epoch_stability
from harmlib.analysis.variant_tables import REFERENCE_THRESHOLD
from harmlib.language import written
from harmlib.params import PROJECT_ROOT, Variant
from harmlib.reporting.text.findings import BALANCED, CLEAR_F1, MANY_FLAGGED
from harmlib.reporting.text.korean import korean_time, model_name

_LAYERS = {"sigmoid": "Linear(128, 1) + Sigmoid", "logits": "Linear(128, 1), logits"}
_RULES = {
    "fixed": "{:.2f} 고정",
    "best_f1": "검증 F1이 최고인 값을 epoch마다 자동 선택",
    "exact_f1": "가능한 모든 값 가운데 검증 F1이 최고인 값을 epoch마다 자동 선택",
}
_VALIDATION = {
    "part": "검증 분할을 따로 둠",
    "cross_fitted": "학습·검증 항목을 출처별로 교차 적합",
}
_LOSSES = {"bce": "BCELoss", "bce_with_logits": "BCEWithLogitsLoss"}


def variant_table(variants: Mapping[str, Variant]) -> pd.DataFrame:
    """List what differs between the variants: properties in rows, variants in columns.

    Parameters
    ----------
    variants : mapping of str to Variant
        `Params.variants`, at least one.

    Returns
    -------
    DataFrame
        Text; the first column names the property.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> variant_table(load_params("params/demo.yaml").variants)[["항목", "Model 4"]].iloc[1].tolist()
    ['손실 함수', 'BCEWithLogitsLoss']
    """
    columns = {model_name(name): _properties(variant) for name, variant in variants.items()}
    return pd.DataFrame(columns).rename_axis("항목").reset_index()


def _properties(variant: Variant) -> dict[str, str]:
    weight = "없음" if variant.pos_weight is None else str(variant.pos_weight)
    if variant.pos_weight == "balanced":
        weight = "안전/유해(학습 분할)"
    grid = variant.thresholds
    limits = f"{grid[0]:.2f}" if len(grid) == 1 else f"{grid[0]:.2f}~{grid[-1]:.2f}, {len(grid)}개"
    by_f1 = variant.threshold_rule != "fixed"
    schedule = {
        f"{name}: epoch, 배치, 학습률": f"{s.epochs}, {s.batch_size}, {s.learning_rate:g}"
        if variant.head == "mlp"
        else "최적점까지 적합"
        for name, s in (("비디오", variant.video), ("이미지", variant.image))
    }
    return {
        "분류기의 마지막 층": _LAYERS[variant.last_layer]
        if variant.head == "mlp"
        else _LAYERS[variant.last_layer].replace("128", "모든 특징"),
        "손실 함수": _LOSSES[variant.loss],
        "pos_weight": weight,
        "L2 벌점": _penalty(variant),
        "쓰는 백본": "전부" if variant.backbones == "all" else "교차 검증으로 선택",
        "검증": _VALIDATION[variant.validation],
        **schedule,
        "분석하는 threshold": limits,
        "운영 threshold": _RULES[variant.threshold_rule].format(variant.fixed_threshold),
        "체크포인트": "가중치 + best_threshold" if by_f1 else "가중치",
    }


def _penalty(variant: Variant) -> str:
    if variant.penalty is None:
        return "없음"
    return "교차 검증으로 선택" if variant.penalty == "chosen" else f"{variant.penalty:g}"


def constants_table() -> pd.DataFrame:
    """List the numbers that the code fixes and the report's sentences speak of.

    Returns
    -------
    DataFrame
        Columns name, value.

    Examples
    --------
    >>> constants_table().head(2)
               name   value
    0     구간의 신뢰 수준    0.95
    1         재표집 횟수 2000.00
    """
    drawing = inspect.signature(epoch_stability).parameters
    return pd.DataFrame(
        [
            ("구간의 신뢰 수준", drawing["level"].default),
            ("재표집 횟수", drawing["resamples"].default),
            ("구간에 필요한 그룹 수(클래스마다)", MIN_GROUPS),
            ("평탄 구간: 최고 F1과의 차이", PLATEAU_TOLERANCE),
            ("시험한 threshold를 비교하는 기준값", REFERENCE_THRESHOLD),
            ("알아볼 확률을 구한 threshold의 변화", MOVE),
            ("threshold와 가깝다고 보는 확률의 차이", NEAR),
            ("epoch과 모델까지 고른 모의실험에서 Recall이 하한에 못 미친 비율", MEASURED_SHORTFALL),
            *(("Recall 하한", floor) for floor in RECALL_FLOORS),
            ("이보다 작은 F1의 차이는 쏠림이 없다고 적음", CLEAR_F1),
            ("유해 판정 비율이 이 이상이면 사실상 모두 유해", MANY_FLAGGED),
            ("클래스의 비가 이 미만이면 거의 균형", BALANCED),
            ("지각 해시의 비트 수", BITS),
            ("열에서 나누어 보는 값의 최대 가짓수", MOST_VALUES),
            ("수로 된 열을 나누는 구간의 수", BINS),
        ],
        columns=["name", "value"],
    )


def shown_constants(constants: pd.DataFrame) -> pd.DataFrame:
    """Write each constant with as many digits as it has.

    Parameters
    ----------
    constants : DataFrame
        As `constants_table` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> shown_constants(pd.DataFrame({"name": ["a", "b"], "value": [0.005, 2000.0]}))
      name  value
    0    a  0.005
    1    b   2000
    """
    return constants.assign(value=constants["value"].map("{:g}".format))


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
        Columns 단계, seconds.

    Examples
    --------
    >>> step_table({"00_data": {"seconds": 2.5}})
            단계  seconds
    0  00_data      2.5
    """
    return pd.DataFrame(
        [(name, entry["seconds"]) for name, entry in steps.items()], columns=["단계", "seconds"]
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
        Columns 항목, 값.

    Examples
    --------
    >>> about = {"params": {"run": "demo", "seed": 42}, "made": "2026-03-01T14:05:00+09:00",
    ...          "device": "CPU", "machine": "Linux", "commit": "", "sha256": {}, "weights": []}
    >>> run_facts(about).set_index("항목")["값"].to_dict()
    {'실행 이름': 'demo', '만든 때': '2026년 3월 1일 14시 5분', '시드': '42', '장치': 'CPU (Linux)', '커밋': '–'}
    """
    weights = dict.fromkeys((w["backbone"], w["sha256"]) for w in about["weights"] if w["sha256"])
    return pd.DataFrame(
        [
            ("실행 이름", about["params"]["run"]),
            ("만든 때", korean_time(datetime.fromisoformat(about["made"]))),
            ("시드", str(about["params"]["seed"])),
            ("장치", f"{about['device']} ({about['machine']})"),
            ("커밋", about["commit"] or "–"),
            *((f"{name} sha256", digest) for name, digest in about["sha256"].items()),
            *((f"{name} 가중치 sha256", digest) for name, digest in weights),
        ],
        columns=["항목", "값"],
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
        Columns 패키지, 버전.

    Examples
    --------
    >>> version_table({"numpy": "2.4"}).to_numpy().tolist()
    [['numpy', '2.4']]
    """
    return pd.DataFrame(versions.items(), columns=["패키지", "버전"])


def settings_table(params: Mapping[str, Any]) -> pd.DataFrame:
    """List every setting of a run; paths below the project's folder are relative to it.

    Parameters
    ----------
    params : mapping
        `params` of `run.json`.

    Returns
    -------
    DataFrame
        Columns 설정 (keys joined by dots), 값 (text).

    Examples
    --------
    >>> settings_table({"run": "demo", "data": {"draw_demo": True}}).to_numpy().tolist()
    [['run', 'demo'], ['data.draw_demo', 'True']]
    """
    table = pd.json_normalize(dict(params)).T.reset_index().astype(str)
    table = table.replace(re.escape(f"{PROJECT_ROOT}/"), "", regex=True)
    return table.set_axis(["설정", "값"], axis=1)
