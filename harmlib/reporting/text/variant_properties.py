"""What the variants of a run are, side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.params import Variant
from harmlib.reporting.text.korean import MODALITY, model_name

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
