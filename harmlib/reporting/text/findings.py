"""Findings: numbers in, Korean sentences out. Each sentence follows a rule over a table.

Tables that were read from a run's folder give sentences whose numbers cite their cells
(`harmlib.reporting.text.cited_numbers`). All tables are of one modality, `image` or `video`:

`counts`
    One row per split (train, val, test, all), as `count_items` returns it.
`operating_points`
    One row per variant and epoch, as `Run.operating_points` returns it.
`chosen`
    Its rows of the saved epochs, one per variant.
`test`
    One row per variant and the baseline's, as `compare_on_test` returns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, at, row, rows
from harmlib.reporting.text.korean import (
    LABEL,
    MODALITY,
    backbone_name,
    model_name,
    number,
    particle,
    signed,
)

CLEAR_F1 = 0.01  # a smaller difference in F1 counts as hardly any
MANY_FLAGGED = 0.95  # a model that flags this share or more flags practically everything
BALANCED = 1.2  # the classes are nearly balanced below this ratio of the larger to the smaller
FEW_EPOCHS = 5  # with more epochs the report doesn't describe each of them


def what_was_compared(variants: Iterable[str], counts: Mapping[str, pd.DataFrame]) -> str:
    """Say which variants were compared, on how many items.

    Parameters
    ----------
    variants : iterable of str
        At least one.
    counts : mapping of str to DataFrame
        The counts of items, by modality.

    Returns
    -------
    str

    Examples
    --------
    >>> counts = pd.DataFrame({"split": ["all"], "n": 8, "harmful": 6, "safe": 2,
    ...                        "harmful_per_safe": 3.0, "group": 4})
    >>> what_was_compared(["model2", "model4"], {"video": counts})
    'Model 2, Model 4를 비디오 8개(유해 6개, 안전 2개, 유해:안전 = 3.00:1, 그룹 4개)로 비교했습니다.'
    """
    names = ", ".join(map(model_name, variants))
    sizes = ", ".join(_split_sizes(table, modality) for modality, table in counts.items())
    return written(
        f"{names} compared on {sizes}.",
        f"{particle(names, '을/를')} {particle(sizes, '으로/로')} 비교했습니다.",
    )


def _split_sizes(counts: pd.DataFrame, modality: str) -> str:
    every = row(counts, "split", "all")
    ratio = number(every.harmful_per_safe, 2)
    return written(
        f"{every.n:,} of {MODALITY[modality]} ({every.harmful:,} harmful, {every.safe:,} safe, {ratio}:1, "
        f"{every.group:,} groups)",
        f"{MODALITY[modality]} {every.n:,}개(유해 {every.harmful:,}개, 안전 {every.safe:,}개, 유해:안전 = "
        f"{ratio}:1, 그룹 {every.group:,}개)",
    )


def problem_of_fixed_threshold(chosen: pd.DataFrame, modality: str, variant: str) -> str:
    """Say how much a variant with a fixed threshold flags on validation.

    Parameters
    ----------
    chosen : DataFrame
    modality : str
    variant : str

    Returns
    -------
    str

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["model2"], "threshold": 0.5, "flagged_share": 0.97,
    ...                        "precision": 0.75, "recall": 1.0, "f1": 0.857})
    >>> problem_of_fixed_threshold(chosen, "video", "model2")
    '비디오 Model 2는 고정 threshold 0.50에서 검증 항목의 97.0%를 유해로 판정했습니다(...). 사실상 모두 유해로
    판정하는 분류기와 같습니다.'
    """
    point = row(chosen, "variant", variant)
    figures = f"(Precision {number(point.precision)}, Recall {number(point.recall)}, F1 {number(point.f1)})"
    name, fixed, share = model_name(variant), f"{point.threshold:.2f}", f"{point.flagged_share:.1%}"
    head = written(
        f"{MODALITY[modality]} {name} flagged {share} of the validation items at its fixed threshold of "
        f"{fixed} {figures}.",
        f"{MODALITY[modality]} {particle(name, '은/는')} 고정 threshold {fixed}에서 검증 항목의 {share}를 유해로 "
        f"판정했습니다{figures}.",
    )
    if point.flagged_share >= MANY_FLAGGED:
        return head + written(
            " That is practically a classifier that calls everything harmful.",
            " 사실상 모두 유해로 판정하는 분류기와 같습니다.",
        )
    if point.best_f1 <= point.f1 + CLEAR_F1:
        return head + written(
            " On these data it doesn't lean to calling everything harmful.",
            " 이 데이터에서는 모두 유해로 판정하는 쏠림이 나타나지 않았습니다.",
        )
    return head


def epoch_paragraphs(
    operating_points: pd.DataFrame, variants: Iterable[str], modality: str
) -> list[str]:
    """Say how the best threshold of each variant moved, and describe its epochs if they are few.

    Parameters
    ----------
    operating_points : DataFrame
    variants : iterable of str
        Those that have several thresholds to choose from.
    modality : str

    Returns
    -------
    list of str
        Markdown: one paragraph per variant, with a list of its epochs behind it.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "model4", "epoch": [1], "best_threshold": 0.3,
    ...     "best_f1": 0.9, "best_precision": 0.8, "best_recall": 1.0, "at_grid_edge": ""})
    >>> epoch_paragraphs(table, ["model4"], "video")
    ['**비디오 Model 4**: 모든 epoch에서 최적 threshold가 0.30으로 같았습니다.', '- Epoch 1: ...']
    """
    paragraphs = []
    for variant in variants:
        own = operating_points[operating_points["variant"] == variant]
        head = f"**{MODALITY[modality]} {model_name(variant)}**: "
        paragraphs.append(head + _movement(own))
        if len(own) <= FEW_EPOCHS:
            paragraphs.append("\n".join(f"- {line}" for line in _epoch_sentences(own)))
    return paragraphs


def _epoch_sentences(points: pd.DataFrame) -> list[str]:
    """One sentence per epoch of one variant: its best threshold of the grid and what it gives."""
    edges = {
        "high": written(
            " That is the upper end of the grid; the real optimum may be higher.",
            " 탐색 범위의 상한이므로 최적값은 더 높을 수 있습니다.",
        ),
        "low": written(
            " That is the lower end of the grid; the real optimum may be lower.",
            " 탐색 범위의 하한이므로 최적값은 더 낮을 수 있습니다.",
        ),
    }
    sentences: list[str] = []
    before: Row | None = None
    for now in rows(points):
        change = ""
        if before:
            moved = signed(now.best_f1 - before.best_f1)
            change = written(
                f" F1 {moved} against the epoch before.", f" 앞 epoch 대비 F1 {moved}."
            )
        best = written("best threshold", "최적 threshold")
        sentences.append(
            f"Epoch {now.epoch}: {best} {now.best_threshold:.2f}, F1 {number(now.best_f1)}, "
            f"Precision {number(now.best_precision)}, Recall {number(now.best_recall)}."
            f"{change}{edges.get(now.at_grid_edge, '')}"
        )
        before = now
    return sentences


def _movement(points: pd.DataFrame) -> str:
    """How far the best threshold of one variant moved over its epochs."""
    best = points["best_threshold"]
    if best.isna().any():
        return written(
            "there is an epoch in which all probabilities are equal, so best thresholds can't be compared.",
            "모든 확률이 같은 epoch가 있어 최적 threshold를 비교할 수 없습니다.",
        )
    low = at(points, best.idxmin()).best_threshold
    high = at(points, best.idxmax()).best_threshold
    if low == high:
        return written(
            f"the best threshold was {number(low, 2)} in every epoch.",
            f"모든 epoch에서 최적 threshold가 {particle(number(low, 2), '으로/로')} 같았습니다.",
        )
    return written(
        f"the best threshold of the epochs lies between {low:.2f} and {high:.2f} (width {high - low:.2f}).",
        f"epoch별 최적 threshold가 {low:.2f}에서 {high:.2f} 사이에 있습니다(폭 {high - low:.2f}).",
    )


def imbalance(counts: pd.DataFrame, modality: str) -> str:
    """Say the class ratio of the training split and what it means.

    Parameters
    ----------
    counts : DataFrame
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> counts = pd.DataFrame({"split": ["train"], "harmful": 75, "safe": 25,
    ...                        "harmful_per_safe": 3.0, "safe_per_harmful": 1 / 3})
    >>> imbalance(counts, "video")
    '비디오 학습 분할에는 유해가 안전의 3.00배이며(유해 75개, 안전 25개), 유해 쪽 손실 가중치(pos_weight)는 0.3333입니다.
    가중치가 없으면 모델은 유해 쪽으로 기울기 쉽습니다.'
    """
    train = row(counts, "split", "train")
    weight = train.safe_per_harmful
    ratio, name = number(train.harmful_per_safe, 2), MODALITY[modality]
    text = written(
        f"{name}: the training split has {ratio} harmful items for each safe one ({train.harmful:,} harmful, "
        f"{train.safe:,} safe); the weight of harmful items in the loss (pos_weight) is {number(weight)}.",
        f"{name} 학습 분할에는 유해가 안전의 {ratio}배이며(유해 {train.harmful:,}개, 안전 {train.safe:,}개), 유해 쪽 손실 "
        f"가중치(pos_weight)는 {number(weight)}입니다.",
    )
    if max(weight, 1 / weight) < BALANCED:
        return text + written(
            " The classes are nearly balanced, so pos_weight does little.",
            " 두 클래스가 거의 균형을 이루어 pos_weight의 효과는 작습니다.",
        )
    lean = LABEL[int(train.harmful > train.safe)]
    return text + written(
        f" Without the weight a model tends to {lean}.",
        f" 가중치가 없으면 모델은 {lean} 쪽으로 기울기 쉽습니다.",
    )


def backbone_state(weights: pd.DataFrame) -> str:
    """Say which backbones ran without trained weights.

    Parameters
    ----------
    weights : DataFrame
        One row per modality and backbone; columns backbone, weights.

    Returns
    -------
    str

    Examples
    --------
    >>> backbone_state(pd.DataFrame({"backbone": ["yolo"], "weights": "untrained:0"}))
    'YOLO는 학습되지 않은(무작위로 초기화한) 가중치로 실행되었습니다. 이 보고서의 수치는 ...'
    """
    untrained = weights["weights"].str.startswith("untrained")
    raw = ", ".join(dict.fromkeys(backbone_name(b) for b in weights.loc[untrained, "backbone"]))
    if not raw:
        return written(
            "All backbones that have weights ran with trained ones.",
            "가중치가 있는 백본은 모두 학습된 가중치로 실행되었습니다.",
        )
    return written(
        f"{raw} ran with untrained (random) weights. The figures of this report aren't what pretrained "
        "backbones can do; they show the procedure and the threshold analysis.",
        f"{particle(raw, '은/는')} 학습되지 않은(무작위로 초기화한) 가중치로 실행되었습니다. "
        "이 보고서의 수치는 사전 학습된 백본의 성능이 아니며, 절차와 threshold 분석을 보여 주는 값입니다.",
    )
