"""Tables of the comparison report: models side by side, and the published figures beside them."""

from __future__ import annotations

import inspect
from typing import Any

import pandas as pd

from harmlib.analysis.bootstrap import metric_intervals
from harmlib.analysis.choice import PLATEAU_TOLERANCE
from harmlib.analysis.operating_points import BASELINE
from harmlib.analysis.variant_tables import RECALL_FLOORS, REFERENCE_THRESHOLD
from harmlib.params import Variant
from harmlib.reporting.text.findings import BALANCED, CLEAR_F1, MANY_FLAGGED
from harmlib.reporting.text.korean import BASELINE_NAME, model_name, number, signed

_LAYERS = {"sigmoid": "Linear(128, 1) + Sigmoid", "logits": "Linear(128, 1), logits"}
_LOSSES = {"bce": "BCELoss", "bce_with_logits": "BCEWithLogitsLoss"}
METRICS = ("precision", "recall", "f1")


def variant_table(variants: dict[str, Variant]) -> pd.DataFrame:
    """What differs between the models: a row a property, a column a model."""
    return pd.DataFrame({"항목": _properties(next(iter(variants.values()))).keys()}).assign(
        **{model_name(name): list(_properties(v).values()) for name, v in variants.items()}
    )


def _properties(variant: Variant) -> dict[str, str]:
    weight = {None: "없음", "balanced": "안전/유해(학습 분할)"}.get(
        variant.pos_weight, str(variant.pos_weight)
    )
    grid = variant.thresholds
    span = f"{grid[0]:.2f}" if len(grid) == 1 else f"{grid[0]:.2f}~{grid[-1]:.2f}, {len(grid)}개"
    operating = (
        "검증 F1이 최고인 값을 epoch마다 자동 선택"
        if variant.threshold_rule == "best_f1"
        else f"{variant.fixed_threshold:.2f} 고정"
    )
    schedule = {
        f"{name}: epoch, 배치, 학습률": f"{s.epochs}, {s.batch_size}, {s.learning_rate:g}"
        for name, s in (("비디오", variant.video), ("이미지", variant.image))
    }
    return {
        "분류기의 마지막 층": _LAYERS[variant.last_layer],
        "손실 함수": _LOSSES[variant.loss],
        "pos_weight": weight,
        **schedule,
        "분석하는 threshold": span,
        "운영 threshold": operating,
        "체크포인트": "가중치 + best_threshold"
        if variant.threshold_rule == "best_f1"
        else "가중치",
    }


def beside_published(table: pd.DataFrame, published: pd.DataFrame, variant: str) -> pd.DataFrame:
    """This run's rows with the earlier report's precision, recall and F1 in columns beside them.

    table : one model, columns epoch, threshold, precision, recall, f1
    published : columns model, epoch, threshold, precision, recall, f1
    Rows without a published counterpart (same model, epoch and threshold) show a dash.
    """
    number_of = variant.removeprefix("model")
    own = published[published["model"].astype(str) == number_of]
    own = own[["epoch", "threshold", *METRICS]].round({"threshold": 2})
    names = {metric: f"발행본 {metric.capitalize()}" for metric in METRICS}
    return table.assign(threshold=table["threshold"].round(2)).merge(
        own.rename(columns=names), on=["epoch", "threshold"], how="left"
    )


def with_baseline(table: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """The table with the baseline, everything harmful, as its last row.

    table : rows of models that judged items with these labels
    labels : (n,) 0/1 of those items
    """
    harmful, safe = int(labels.sum()), int((1 - labels).sum())
    share = harmful / len(labels)
    row = {
        "variant": BASELINE,
        "tp": harmful,
        "fp": safe,
        "fn": 0,
        "tn": 0,
        "precision": share,
        "recall": 1.0,
        "f1": 2 * share / (1 + share),
        "flagged_share": 1.0,
    }
    known = {name: value for name, value in row.items() if name in table}
    table = pd.concat([table, pd.DataFrame([known])], ignore_index=True)
    for name in ("epoch", "tp", "fp", "fn", "tn"):
        if name in table:
            table[name] = table[name].astype("Int64").astype(object)
    return table


def epoch_overview(epochs: pd.DataFrame, published: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every model and epoch at the best threshold of its grid, on validation.

    epochs : `operating_points` of every model, with variant and the losses
    published : when given, its best F1 of the same model and epoch stands in columns beside
    """
    table = epochs[
        ["variant", "epoch", "train_loss", "val_loss"]
        + [f"best_{name}" for name in ("threshold", *METRICS)]
    ].rename(columns=lambda name: name.removeprefix("best_"))
    if published is None:
        return table
    best = published.loc[published.groupby(["model", "epoch"])["f1"].idxmax()]
    best = best.assign(variant="model" + best["model"].astype(str))
    names = {name: f"발행본 {name.capitalize()}" for name in ("threshold", *METRICS)}
    best = best.rename(columns=names)[["variant", "epoch", *names.values()]]
    return table.merge(best, on=["variant", "epoch"], how="left")


def effect_table(
    points: pd.DataFrame, labels: pd.Series, published: pd.DataFrame | None
) -> pd.DataFrame:
    """The report's closing table: a row a metric, a column a model, the gain, the baseline.

    points : the chosen row of each model on validation, with the columns variant, threshold,
        precision, recall, f1
    labels : (n,) 0/1 of the validation items
    published : the best row of each published model, or None where none was published
    """
    rows = {"F1": "f1", "Precision": "precision", "Recall": "recall", "Threshold": "threshold"}
    table = pd.DataFrame({"항목": list(rows)})
    for point in points.to_dict("records"):
        table[model_name(point["variant"])] = [
            number(point[c], 2 if c == "threshold" else 4) for c in rows.values()
        ]
    first, last = points.iloc[0], points.iloc[-1]
    table[f"차이({model_name(last['variant'])} − {model_name(first['variant'])})"] = [
        signed(last[c] - first[c], 2 if c == "threshold" else 4) for c in rows.values()
    ]
    baseline = with_baseline(points, labels).iloc[-1]
    table[BASELINE_NAME] = [number(baseline[c]) if c in METRICS else "–" for c in rows.values()]
    for row in [] if published is None else published.to_dict("records"):
        table[f"발행본 Model {row['model']}"] = [
            number(row[c], 2 if c == "threshold" else 4) for c in rows.values()
        ]
    return table


def summary_table(test: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    """The first table of the report: a row a model, the baseline last, F1 with interval.

    test : `compare_on_test`; intervals : `test_intervals`
    """
    f1 = intervals[intervals["metric"] == "f1"].set_index("variant")
    table = test[["variant", "threshold", "precision", "recall", "f1"]].copy()
    table["F1의 95% 구간"] = [
        f"{number(f1.at[v, 'low'], 3)}~{number(f1.at[v, 'high'], 3)}" if v in f1.index else "–"
        for v in test["variant"]
    ]
    return table.assign(average_precision=test["average_precision"])


def step_table(steps: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """The run's steps with their times.

    steps : `steps.json` of the run's folder
    """
    return pd.DataFrame(
        [(name, entry["seconds"]) for name, entry in steps.items()], columns=["단계", "seconds"]
    )


def constants_table() -> pd.DataFrame:
    """The numbers that the code fixes and the report's sentences speak of: name, value."""
    drawing = inspect.signature(metric_intervals).parameters
    return pd.DataFrame(
        [
            ("구간의 신뢰 수준", drawing["level"].default),
            ("다시 뽑은 횟수", drawing["resamples"].default),
            ("평탄 구간: 최고 F1과의 차이", PLATEAU_TOLERANCE),
            ("시험한 threshold를 견주는 기준값", REFERENCE_THRESHOLD),
            *(("Recall 하한", floor) for floor in RECALL_FLOORS),
            ("이보다 작은 F1의 차이는 거의 없다고 적음", CLEAR_F1),
            ("유해 판정 비율이 이 이상이면 사실상 모두 유해", MANY_FLAGGED),
            ("클래스의 비가 이 미만이면 거의 균형", BALANCED),
        ],
        columns=["name", "value"],
    )
