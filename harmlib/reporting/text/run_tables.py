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
from harmlib.language import Wordings, written
from harmlib.params import PROJECT_ROOT, Variant
from harmlib.reporting.text.findings import BALANCED, CLEAR_F1, MANY_FLAGGED
from harmlib.reporting.text.korean import MODALITY, korean_time, model_name

_LAYERS = {"sigmoid": "Linear(128, 1) + Sigmoid", "logits": "Linear(128, 1), logits"}
_RULES = Wordings(
    {
        "fixed": ("fixed at {:.2f}", "{:.2f} 고정"),
        "best_f1": (
            "chosen at each epoch: best F1 on validation",
            "검증 F1이 최고인 값을 epoch마다 자동 선택",
        ),
        "exact_f1": (
            "chosen at each epoch among all possible values: best F1 on validation",
            "가능한 모든 값 가운데 검증 F1이 최고인 값을 epoch마다 자동 선택",
        ),
    }
)
_VALIDATION = Wordings(
    {
        "part": ("a validation split of its own", "검증 분할을 따로 둠"),
        "cross_fitted": (
            "training and validation items cross-fitted by source",
            "학습·검증 항목을 출처별로 교차 적합",
        ),
    }
)
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
    return pd.DataFrame(columns).rename_axis(written("Property", "항목")).reset_index()


def _properties(variant: Variant) -> dict[str, str]:
    weight = written("none", "없음") if variant.pos_weight is None else str(variant.pos_weight)
    if variant.pos_weight == "balanced":
        weight = written("safe/harmful (training split)", "안전/유해(학습 분할)")
    grid = variant.thresholds
    limits = f"{grid[0]:.2f}"
    if len(grid) > 1:
        limits = written(
            f"{grid[0]:.2f} to {grid[-1]:.2f}, {len(grid)} values",
            f"{grid[0]:.2f}~{grid[-1]:.2f}, {len(grid)}개",
        )
    by_f1 = variant.threshold_rule != "fixed"
    schedule = {
        written(
            f"{name}: epochs, batch, learning rate", f"{name}: epoch, 배치, 학습률"
        ): f"{s.epochs}, {s.batch_size}, {s.learning_rate:g}"
        if variant.head == "mlp"
        else written("fitted to the optimum", "최적점까지 적합")
        for name, s in ((MODALITY["video"], variant.video), (MODALITY["image"], variant.image))
    }
    return {
        written("Last layer of the classifier", "분류기의 마지막 층"): _LAYERS[variant.last_layer]
        if variant.head == "mlp"
        else _LAYERS[variant.last_layer].replace("128", written("all features", "모든 특징")),
        written("Loss", "손실 함수"): _LOSSES[variant.loss],
        "pos_weight": weight,
        written("L2 penalty", "L2 벌점"): _penalty(variant),
        written("Backbones used", "쓰는 백본"): written("all", "전부")
        if variant.backbones == "all"
        else written("chosen by cross-validation", "교차 검증으로 선택"),
        written("Validation", "검증"): _VALIDATION[variant.validation],
        **schedule,
        written("Thresholds analysed", "분석하는 threshold"): limits,
        written("Operating threshold", "운영 threshold"): _RULES[variant.threshold_rule].format(
            variant.fixed_threshold
        ),
        written("Checkpoint", "체크포인트"): written("weights", "가중치")
        + by_f1 * " + best_threshold",
    }


def _penalty(variant: Variant) -> str:
    if variant.penalty is None:
        return written("none", "없음")
    if variant.penalty == "chosen":
        return written("chosen by cross-validation", "교차 검증으로 선택")
    return f"{variant.penalty:g}"


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
            (
                written("confidence level of intervals", "구간의 신뢰 수준"),
                drawing["level"].default,
            ),
            (written("resamples", "재표집 횟수"), drawing["resamples"].default),
            (
                written(
                    "groups that an interval needs (of each class)",
                    "구간에 필요한 그룹 수(클래스마다)",
                ),
                MIN_GROUPS,
            ),
            (
                written("plateau: distance from the best F1", "평탄 구간: 최고 F1과의 차이"),
                PLATEAU_TOLERANCE,
            ),
            (
                written(
                    "threshold that those tried are compared with",
                    "시험한 threshold를 비교하는 기준값",
                ),
                REFERENCE_THRESHOLD,
            ),
            (
                written(
                    "change of the threshold whose chance of being told is given",
                    "알아볼 확률을 구한 threshold의 변화",
                ),
                MOVE,
            ),
            (
                written(
                    "distance in probability that counts as near the threshold",
                    "threshold와 가깝다고 보는 확률의 차이",
                ),
                NEAR,
            ),
            (
                written(
                    "share of simulations that chose epoch and model too in which recall missed the floor",
                    "epoch과 모델까지 고른 모의실험에서 Recall이 하한에 못 미친 비율",
                ),
                MEASURED_SHORTFALL,
            ),
            *((written("recall floor", "Recall 하한"), floor) for floor in RECALL_FLOORS),
            (
                written(
                    "difference in F1 below which no leaning is reported",
                    "이보다 작은 F1의 차이는 쏠림이 없다고 적음",
                ),
                CLEAR_F1,
            ),
            (
                written(
                    "flagged share from which nearly all is called harmful",
                    "유해 판정 비율이 이 이상이면 사실상 모두 유해",
                ),
                MANY_FLAGGED,
            ),
            (
                written(
                    "ratio of the classes below which they are nearly balanced",
                    "클래스의 비가 이 미만이면 거의 균형",
                ),
                BALANCED,
            ),
            (written("bits of the perceptual hash", "지각 해시의 비트 수"), BITS),
            (
                written(
                    "most values of a column that is divided by its values",
                    "열에서 나누어 보는 값의 최대 가짓수",
                ),
                MOST_VALUES,
            ),
            (
                written(
                    "ranges that a column of numbers is divided into",
                    "수로 된 열을 나누는 구간의 수",
                ),
                BINS,
            ),
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
