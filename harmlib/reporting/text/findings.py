"""Findings: numbers in, Korean sentences out. Each sentence is a rule over a table.

Tables that were read from a run's folder give sentences whose numbers are bound to their cells
(`harmlib.reporting.text.cited_numbers`). `counts` is `count_items` of one modality, `test` is
`compare_on_test`, `points` or `epochs` is `operating_points` with variant.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.operating_points import BASELINE
from harmlib.reporting.text.cited_numbers import at, count, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed

CLEAR_F1 = 0.01  # a smaller difference is called hardly any
MANY_FLAGGED = 0.95  # from this share on, a model calls practically everything harmful
BALANCED = 1.2  # below this ratio the classes are called nearly balanced


def split_sizes(counts: pd.DataFrame, modality: str) -> str:
    """How much of what the run saw."""
    every = row(counts, "split", "all")
    return (
        f"{MODALITY[modality]} {every.n:,}개(유해 {every.harmful:,}개, 안전 {every.safe:,}개, 유해:안전 = "
        f"{number(every.harmful_per_safe, 2)}:1, 그룹 {every.group:,}개)"
    )


def verdict(
    points: pd.DataFrame, test: pd.DataFrame, intervals: pd.DataFrame, modality: str
) -> str:
    """One sentence: the model that validation prefers, its test F1 with interval, the baseline.

    points : the chosen row of each model on validation. Test doesn't choose the model: the best of
    several would look better than it is.
    intervals : `test_intervals`
    """
    variant = points.loc[points["f1"].idxmax(), "variant"]
    baseline, best = row(test, "variant", BASELINE), row(test, "variant", variant)
    sure = row(intervals[intervals["metric"] == "f1"], "variant", variant)
    head = (
        f"{MODALITY[modality]}: 검증에서 가장 나은 {particle(model_name(variant), '은/는')} 시험 분할"
        f"({best.n:,}개)에서 F1 {number(best.f1)}, 95% 구간 {number(sure.low, 3)}~"
        f"{particle(number(sure.high, 3), '으로/로')}, 모두 유해로 판정하는 기준선의 {number(baseline.f1)}"
    )
    if sure.low > baseline.f1:
        return f"{head}보다 확실히 높습니다."
    if best.f1 < baseline.f1:
        return f"{head}보다 낮습니다."
    if best.f1 - baseline.f1 < CLEAR_F1:
        return f"{head}보다 나을 것이 거의 없습니다."
    return f"{head}보다 높지만, 구간이 기준선에 걸쳐 더 낫다고 단정할 수 없습니다."


def problem_of_fixed_threshold(points: pd.DataFrame, modality: str, variant: str) -> str:
    """Whether a model with a fixed threshold calls everything harmful on validation.

    points : the chosen rows of `operating_points`
    """
    point = row(points, "variant", variant)
    head = (
        f"{MODALITY[modality]} {particle(model_name(variant), '은/는')} 고정 threshold "
        f"{point.threshold:.2f}에서 검증 항목의 {point.flagged_share:.1%}를 유해로 판정했습니다"
        f"(Precision {number(point.precision)}, Recall {number(point.recall)}, "
        f"F1 {number(point.f1)})."
    )
    if point.flagged_share >= MANY_FLAGGED:
        return f"{head} 사실상 모두 유해로 판정하는 분류기와 같습니다."
    if point.best_f1 <= point.f1 + CLEAR_F1:
        return f"{head} 이 데이터에서는 모두 유해로 판정하는 쏠림은 나타나지 않았습니다."
    return head


def epoch_sentences(points: pd.DataFrame) -> list[str]:
    """One sentence an epoch: its best threshold of the grid and what it gives.

    points : `operating_points` of one model
    """
    edges = {
        "high": " 격자의 위 끝이므로 실제 최적점은 그 너머일 수 있습니다.",
        "low": " 격자의 아래 끝이므로 실제 최적점은 그 너머일 수 있습니다.",
    }
    sentences, before = [], None
    for now in rows(points):
        change = f" 앞 epoch 대비 F1 {signed(now.best_f1 - before.best_f1)}." if before else ""
        sentences.append(
            f"Epoch {now.epoch}: 최적 threshold {now.best_threshold:.2f}, F1 {number(now.best_f1)}, "
            f"Precision {number(now.best_precision)}, Recall {number(now.best_recall)}."
            f"{change}{edges.get(now.at_grid_edge, '')}"
        )
        before = now
    return sentences


def threshold_movement(points: pd.DataFrame, variant: str) -> str:
    """How far the best threshold moved over the epochs of one model."""
    best = points["best_threshold"]
    name = particle(model_name(variant), "은/는")
    if best.isna().any():
        return f"{name} 모든 확률이 같은 epoch가 있어 최적 threshold를 견줄 수 없습니다."
    low = at(points, best.idxmin()).best_threshold
    high = at(points, best.idxmax()).best_threshold
    if low == high:
        return f"{name} 모든 epoch에서 최적 threshold가 {particle(number(low, 2), '으로/로')} 같았습니다."
    return (
        f"{name} epoch에 따라 최적 threshold가 {low:.2f}에서 {high:.2f} 사이로 "
        f"{high - low:.2f}만큼 달라졌습니다."
    )


def imbalance(counts: pd.DataFrame, modality: str) -> str:
    """The class ratio of the training split and what it means."""
    train = row(counts, "split", "train")
    weight = train.safe_per_harmful
    lean = "유해" if train.harmful > train.safe else "안전"
    text = (
        f"{MODALITY[modality]} 학습 분할은 유해 {train.harmful:,}개, 안전 {train.safe:,}개"
        f"({number(train.harmful_per_safe, 2)}:1)로 pos_weight는 {number(weight)}입니다."
    )
    if max(weight, 1 / weight) < BALANCED:
        return f"{text} 두 클래스가 거의 균형을 이루어 pos_weight의 효과는 작습니다."
    return f"{text} 가중치가 없으면 모델은 {lean} 쪽으로 기울기 쉽습니다."


def backbone_state(weights: pd.DataFrame) -> str:
    """Which backbones ran without trained weights. weights : columns backbone, weights."""
    names = {"clip": "CLIP", "yolo": "YOLO", "slowfast": "SlowFast"}
    untrained = weights["weights"].str.startswith("untrained")
    raw = ", ".join(dict.fromkeys(names[b] for b in weights.loc[untrained, "backbone"]))
    if not raw:
        return "모든 백본이 학습된 가중치로 실행되었습니다."
    return (
        f"{particle(raw, '은/는')} 학습되지 않은(무작위로 초기화한) 가중치로 실행되었습니다. "
        "따라서 아래 수치는 사전 학습된 백본의 성능이 아니며, 절차와 threshold 분석을 보여 주는 값입니다."
    )


def curve_alt(points: pd.DataFrame, prevalence: float, modality: str) -> str:
    """Alt text of the PR figure. points : columns variant, threshold, precision, recall."""
    marks = "; ".join(
        f"{model_name(p.variant)} threshold {p.threshold:.2f}에서 Precision {number(p.precision, 3)}, "
        f"Recall {number(p.recall, 3)}"
        for p in points.itertuples()
    )
    return (
        f"{MODALITY[modality]} 모델들의 PR 곡선. {marks}. "
        f"모두 유해로 판정하는 기준선의 Precision은 {number(prevalence, 3)}."
    )


def epoch_alt(points: pd.DataFrame, modality: str) -> str:
    """Alt text of the figure of best thresholds. points : epochs of `stability`."""
    lines = [
        f"{model_name(variant)}: "
        + ", ".join(
            f"epoch {p.epoch} {p.threshold:.2f} ({p.low:.2f}~{p.high:.2f})"
            for p in own.itertuples()
        )
        for variant, own in points.groupby("variant", sort=False)
    ]
    return (
        f"{MODALITY[modality]} 모델의 epoch별 최적 threshold와 95% 구간. " + "; ".join(lines) + "."
    )


def limits(epochs: pd.DataFrame, test: pd.DataFrame, modality: str) -> list[str]:
    """What a careful reader should hold against the results of one modality."""
    name = MODALITY[modality]
    sentences = []
    for variant, own in epochs.groupby("variant", sort=False):
        who = f"{name} {particle(model_name(variant), '은/는')}"
        edges = own[own["at_grid_edge"] != ""]
        if len(edges):
            sentences.append(
                f"{who} {count(own)}개 epoch 중 {count(edges)}개에서 최적 threshold가 격자의 끝에 있습니다. "
                "실제 최적점은 격자 밖일 수 있습니다."
            )
        if (own["state"] != "ok").any():
            sentences.append(
                f"{who} 모든 항목에 같은 확률을 준 epoch가 있어 그 epoch에서는 threshold를 고를 수 없습니다."
            )
    validation = epochs[epochs["chosen"]]
    for judged in rows(test[test["variant"] != BASELINE]):
        drop = row(validation, "variant", judged.variant).f1 - judged.f1
        if drop >= CLEAR_F1:
            sentences.append(
                f"{name} {model_name(judged.variant)}의 F1은 검증에서 고른 threshold를 시험에 적용하자 "
                f"{number(drop)}만큼 낮아졌습니다. 검증 F1은 고르는 데 쓰인 만큼 부풀려져 있습니다."
            )
    size = next(rows(test)).n
    sentences.append(f"{name} 시험 분할은 {size:,}개 항목이므로, 구간의 폭을 함께 읽어야 합니다.")
    return sentences


def losses_of_files(manifest: pd.DataFrame, ledger: pd.DataFrame) -> str:
    """How many files could not be used."""
    used = f"파일 {count(manifest):,}개를 썼습니다."
    if ledger.empty:
        return f"{used} 쓰지 못한 파일은 없습니다."
    return f"{used} 쓰지 못한 파일은 {count(ledger):,}개이며, 이유는 `ledger.csv`에 있습니다."


def plans(
    epochs: dict[str, pd.DataFrame], tests: dict[str, pd.DataFrame], weights: pd.DataFrame
) -> list[str]:
    """What to do next, each item drawn from what the tables show."""
    items = []
    if weights["weights"].str.startswith("untrained").any():
        items.append(
            "**사전 학습된 가중치.** 학습되지 않은 백본을 공식 가중치로 바꿉니다"
            "(`params/full.yaml`의 `weights: pretrained`)."
        )
    at_edge = [MODALITY[m] for m, table in epochs.items() if (table["at_grid_edge"] != "").any()]
    if at_edge:
        items.append(
            f"**격자 확대.** {', '.join(at_edge)} 모델의 최적 threshold가 격자의 끝에 있으므로 "
            "격자를 넓혀 다시 분석합니다(`variants.*.thresholds`)."
        )
    for modality, table in epochs.items():
        spread = table.groupby("variant")["best_threshold"].agg(lambda s: s.max() - s.min())
        if spread.max() > 0:
            own = table[table["variant"] == spread.idxmax()]
            low = at(own, own["best_threshold"].idxmin()).best_threshold
            high = at(own, own["best_threshold"].idxmax()).best_threshold
            items.append(
                f"**Epoch 사이의 안정성.** {MODALITY[modality]} {model_name(spread.idxmax())}의 최적 threshold가 "
                f"{high - low:.2f} 범위에서 움직였습니다. 이것이 잡음인지 구간 추정으로 확인합니다."
            )
    for modality, test in tests.items():
        baseline = test.loc[test["variant"] == BASELINE, "f1"].iloc[0]
        weak = test[(test["variant"] != BASELINE) & (test["f1"] < baseline + CLEAR_F1)]
        if len(weak):
            names = ", ".join(map(model_name, weak["variant"]))
            items.append(
                f"**기준선.** {MODALITY[modality]} {particle(names, '은/는')} 시험에서 모두 유해로 판정하는 기준선을 "
                "뚜렷이 넘지 못했습니다. 자료와 특징을 보강합니다."
            )
    items.append(
        "**추론.** 체크포인트에 저장된 threshold를 새 콘텐츠에 그대로 쓰고, 판정 비율이 검증과 달라지면 다시 고릅니다."
    )
    return items
