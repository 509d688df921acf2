"""Captions and alt texts of the figures of results, errors and losses, in both languages.

As in `captions`: an alt text says what a figure shows, with its numbers, for people who don't see
it; a caption says what it shows and how to read it. `modality` is that of a run, or a section.
`where` names what the results were measured on, as `folds.judged_on` says it.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.cited_numbers import at, literal, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle


def precision_recall(chosen: pd.DataFrame, prevalence: float, modality: str) -> Words:
    """Describe the PR curves where they differ.

    Parameters
    ----------
    chosen : DataFrame
        One row per variant; columns variant, threshold, precision, recall, average_precision (on
        validation).
    prevalence : float
        Share of harmful items, 0 to 1.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["model4"], "threshold": 0.3, "precision": 0.9,
    ...                        "recall": 0.96, "average_precision": 0.97})
    >>> precision_recall(chosen, 0.75, "video").alt
    '비디오 검증 분할의 PR 곡선. Model 4 AP 0.970, threshold 0.30에서 Precision 0.900, Recall 0.960. 모두 유해로
    판정하는 기준선의 Precision은 0.750.'
    """
    name = MODALITY[modality]
    marks = "; ".join(
        written(
            f"{model_name(one.variant)} AP {number(one.average_precision, 3)}, precision "
            f"{number(one.precision, 3)} and recall {number(one.recall, 3)} at threshold "
            f"{one.threshold:.2f}",
            f"{model_name(one.variant)} AP {number(one.average_precision, 3)}, threshold "
            f"{one.threshold:.2f}에서 Precision {number(one.precision, 3)}, Recall "
            f"{number(one.recall, 3)}",
        )
        for one in chosen.itertuples()
    )
    return Words(
        written(
            f"{name}: PR curves on validation. {marks}. The baseline that flags everything has a "
            f"precision of {number(prevalence, 3)}.",
            f"{name} 검증 분할의 PR 곡선. {marks}. 모두 유해로 판정하는 기준선의 Precision은 "
            f"{number(prevalence, 3)}.",
        ),
        written(
            f"{name}: PR curves on validation, enlarged where the models differ; the small plot "
            "shows the whole range. Marks are the operating thresholds, grey lines join points of "
            "equal F1, and the dotted line is the precision of flagging everything.",
            f"{name} 검증 분할의 PR 곡선에서 모델이 서로 다른 부분을 확대했습니다(전체 범위는 작은 그림). 표식은 각 모델의 "
            "운영 threshold, 회색 선은 F1이 같은 지점, 점선은 모두 유해로 판정하는 기준선의 Precision입니다. 오른쪽 위에 "
            "가까울수록 좋습니다.",
        ),
    )


def mistakes(results: pd.DataFrame, modality: str, where: str) -> Words:
    """Describe the misses and false alarms of each variant.

    Parameters
    ----------
    results : DataFrame
        One row per variant; columns variant, tp, fp, fn, tn.
    modality, where : str

    Returns
    -------
    Words

    Examples
    --------
    >>> results = pd.DataFrame({"variant": ["model4"], "tp": 24, "fn": 2, "fp": 3, "tn": 7})
    >>> mistakes(results, "video", "시험 분할").alt
    '비디오: 시험 분할의 미탐과 오탐. Model 4: 유해 26 가운데 미탐 2, 안전 10 가운데 오탐 3.'
    """
    name = MODALITY[modality]
    lines = "; ".join(
        written(
            f"{model_name(one.variant)}: {one.fn:,} of {one.tp + one.fn:,} harmful missed, "
            f"{one.fp:,} of {one.fp + one.tn:,} safe falsely alarmed",
            f"{model_name(one.variant)}: 유해 {one.tp + one.fn:,} 가운데 미탐 {one.fn:,}, "
            f"안전 {one.fp + one.tn:,} 가운데 오탐 {one.fp:,}",
        )
        for one in rows(results)
    )
    return Words(
        written(
            f"{name}: misses and false alarms on {where}. {lines}.",
            f"{name}: {where}의 미탐과 오탐. {lines}.",
        ),
        written(
            f"{name}: every decision on {where} as a square, harmful items left and safe ones right; "
            "filled squares are misses and false alarms. A square is one decision, unless the "
            "figure says that it is several; then errors are rounded up.",
            f"{name}: {where}의 모든 판정을 칸으로 그렸습니다. 왼쪽은 유해, 오른쪽은 안전 항목이고 진한 칸이 미탐과 오탐입니다. 한 "
            "칸은 판정 하나이며, 여러 개를 나타낼 때는 그림 위에 적고 오류 칸 수는 올림합니다.",
        ),
    )


def review_share(results: pd.DataFrame, modality: str, where: str) -> Words:
    """Describe recall against the share that people look at.

    Parameters
    ----------
    results : DataFrame
        One row per variant; columns variant, tp, fp, fn, tn.
    modality, where : str

    Returns
    -------
    Words

    Examples
    --------
    >>> results = pd.DataFrame({"variant": ["model4"], "tp": 24, "fn": 2, "fp": 3, "tn": 7})
    >>> review_share(results, "video", "시험 분할").alt
    '비디오: 시험 분할에서 검토한 비율과 Recall. 운영 threshold에서 Model 4는 36건 가운데 27건을 유해로 판정하여 유해
    26건 가운데 24건을 찾음.'
    """
    name = MODALITY[modality]
    lines = "; ".join(
        written(
            f"{model_name(one.variant)} flags {one.tp + one.fp:,} of "
            f"{one.tp + one.fp + one.fn + one.tn:,} and finds {one.tp:,} of {one.tp + one.fn:,} "
            "harmful",
            f"{particle(model_name(one.variant), '은/는')} {one.tp + one.fp + one.fn + one.tn:,}건 가운데 "
            f"{one.tp + one.fp:,}건을 유해로 판정하여 유해 {one.tp + one.fn:,}건 가운데 {one.tp:,}건을 찾음",
        )
        for one in rows(results)
    )
    return Words(
        written(
            f"{name}: recall by share reviewed on {where}. At the operating threshold {lines}.",
            f"{name}: {where}에서 검토한 비율과 Recall. 운영 threshold에서 {lines}.",
        ),
        written(
            f"{name}: how much of what is harmful is found on {where} if people review the highest "
            "scores first. The band is the 95% interval of recall, the mark the operating "
            "threshold, the dotted line a review in random order.",
            f"{name}: {where}에서 확률이 높은 항목부터 검토할 때 찾아내는 유해의 비율입니다. 띠는 Recall의 95% 신뢰구간, 점은 "
            "운영 threshold, 점선은 무작위 순서로 검토할 때입니다.",
        ),
    )


def errors_by_group(
    groups: pd.DataFrame, results: pd.DataFrame, modality: str, where: str
) -> Words:
    """Describe which groups hold the errors of one variant.

    Parameters
    ----------
    groups : DataFrame
        Of one variant, as `harmlib.analysis.group_errors.group_errors` returns it; at least one
        group with an error.
    results : DataFrame
        Columns variant, fp, fn; holds that variant.
    modality, where : str

    Returns
    -------
    Words

    Examples
    --------
    >>> groups = pd.DataFrame({"variant": "model4", "group": ["cam1", "cam2"], "n": [8, 9],
    ...                        "misses": [3, 1], "false_alarms": [1, 0]})
    >>> results = pd.DataFrame({"variant": ["model4"], "fn": 4, "fp": 1})
    >>> words = errors_by_group(groups, results, "video", "시험 분할")
    >>> words.alt
    '비디오: 시험 분할에서 Model 4의 오류가 많은 그룹. cam1 4/8, cam2 1/9.'
    >>> words.caption
    '비디오 Model 4: 시험 분할의 오류 5건 가운데 4건이 그룹 cam1에 있습니다. ...'
    """
    name, variant = MODALITY[modality], model_name(groups["variant"].iloc[0])
    wrong = groups[groups["misses"] + groups["false_alarms"] > 0]
    most = [(one, one.misses + one.false_alarms) for one in rows(wrong.head(5))]
    lines = ", ".join(f"{literal(one.group)} {count:,}/{one.n:,}" for one, count in most)
    of_all = row(results, "variant", groups["variant"].iloc[0])
    total, worst = of_all.fn + of_all.fp, at(wrong, wrong.index[0])
    return Words(
        written(
            f"{name}: groups with the most errors of {variant} on {where}. {lines}.",
            f"{name}: {where}에서 {variant}의 오류가 많은 그룹. {lines}.",
        ),
        written(
            f"{name} {variant}: {most[0][1]:,} of {total:,} errors on {where} are in the group "
            f"{literal(worst.group)}. Beside each bar stand its errors and its decisions. Groups "
            "that hold many errors are where to look first.",
            f"{name} {variant}: {where}의 오류 {total:,}건 가운데 {most[0][1]:,}건이 그룹 {literal(worst.group)}에 있습니다. "
            "막대 옆에 오류 수와 판정 수를 적었습니다. 오류가 몰린 그룹부터 살펴보십시오.",
        ),
    )


def loss_by_epoch(history: pd.DataFrame, chosen: pd.DataFrame, modality: str) -> Words:
    """Describe the loss on training and validation along the epochs.

    Parameters
    ----------
    history : DataFrame
        One row per variant and epoch; columns variant, epoch, train_loss, val_loss.
    chosen : DataFrame
        One row per variant; columns variant, epoch (the saved one).
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> history = pd.DataFrame({"variant": "model4", "epoch": [1, 2], "train_loss": [0.6, 0.5],
    ...                         "val_loss": [0.7, 0.65]})
    >>> chosen = pd.DataFrame({"variant": ["model4"], "epoch": [1]})
    >>> loss_by_epoch(history, chosen, "video").alt
    '비디오 모델별 epoch에 따른 Loss. 마지막 epoch에서 Model 4 학습 0.500, 검증 0.650(저장한 epoch 1).'
    """
    name = MODALITY[modality]
    saved = dict(zip(chosen["variant"], chosen["epoch"], strict=True))
    lasts = history.sort_values("epoch").groupby("variant", sort=False).tail(1)
    lines = "; ".join(
        written(
            f"{model_name(one.variant)} training {one.train_loss:.3f}, validation "
            f"{one.val_loss:.3f} (saved epoch {saved[one.variant]})",
            f"{model_name(one.variant)} 학습 {one.train_loss:.3f}, 검증 {one.val_loss:.3f}"
            f"(저장한 epoch {saved[one.variant]})",
        )
        for one in lasts.itertuples()
    )
    return Words(
        written(
            f"{name}: loss by epoch of each model. At the last epoch {lines}.",
            f"{name} 모델별 epoch에 따른 Loss. 마지막 epoch에서 {lines}.",
        ),
        written(
            f"{name}: where the loss on validation rises while that on training falls, the model "
            "learns its training items by heart. Models with pos_weight have another scale, so "
            "heights of different models don't compare.",
            f"{name}: 학습 Loss는 내려가는데 검증 Loss가 올라가면 과적합입니다. pos_weight를 쓰는 모델은 Loss의 척도가 "
            "다르므로 모델끼리 높이를 비교하지 않습니다.",
        ),
    )
