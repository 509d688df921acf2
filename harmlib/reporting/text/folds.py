"""Sentences on cross-validation: what the figures of the folds are, and what they are not."""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, rows
from harmlib.reporting.text.held_out import the_test_split
from harmlib.reporting.text.korean import MODALITY

HALVES = 2  # folds of a table of scores; a training has three or more


def judged_on(pooled: pd.DataFrame | None) -> str:
    """Name what the results were measured on.

    Parameters
    ----------
    pooled : DataFrame or None
        As `pooled_results` returns it; None for a run without folds.

    Returns
    -------
    str
        A noun, to which a particle can be put.

    Examples
    --------
    >>> judged_on(pd.DataFrame({"folds": [5], "seeds": 3}))
    '교차 검증(5개 fold, seed 3개)'
    >>> judged_on(pd.DataFrame({"folds": [2], "seeds": 1}))
    '모든 항목(다른 반에서 고른 threshold)'
    >>> judged_on(None)
    '시험 분할'
    """
    if pooled is None:
        return the_test_split()
    about = _about(pooled)
    if about.folds == HALVES:
        return written(
            "all items (thresholds chosen on the other half)",
            "모든 항목(다른 반에서 고른 threshold)",
        )
    return written(
        f"cross-validation ({about.folds} folds, {about.seeds} seeds)",
        f"교차 검증({about.folds}개 fold, seed {about.seeds}개)",
    )


def caption_kind(pooled: pd.DataFrame) -> str:
    """Name the caption of the folds' results in `captions.TABLES`.

    Parameters
    ----------
    pooled : DataFrame
        As `pooled_results` returns it.

    Returns
    -------
    {"pooled", "halves"}

    Examples
    --------
    >>> caption_kind(pd.DataFrame({"folds": [2]}))
    'halves'
    """
    return "halves" if _about(pooled).folds == HALVES else "pooled"


def folds_sentence(pooled: pd.DataFrame, modality: str) -> str:
    """Say how the folds' results came about, and that the saved checkpoint is another training.

    Parameters
    ----------
    pooled : DataFrame
        As `pooled_results` returns it.
    modality : {"image", "video"}

    Returns
    -------
    str

    Examples
    --------
    >>> folds_sentence(pd.DataFrame({"folds": [5], "seeds": 3, "items": 240}), "video")
    '비디오의 결과는 교차 검증에서 나왔습니다. 그룹을 나눈 5개 fold마다 따로 학습하여, 240개 항목 모두를 그 그룹을 보지
    않은 모델이 seed마다 한 번씩(seed 3개) 판정했고, epoch와 threshold는 fold마다 자기 검증 부분에서 골랐습니다.
    `predict`가 쓰는 체크포인트는 이와 따로 이 실행의 분할로 학습한 것입니다.'
    """
    about = _about(pooled)
    if about.folds == HALVES:
        return written(
            f"{MODALITY[modality]}: results are those of all {about.items:,} items. A threshold chosen on "
            "one half was judged on the other, and the other way round.",
            f"{MODALITY[modality]}의 결과는 {about.items:,}개 항목 모두의 것입니다. 한 반에서 고른 threshold를 다른 반에서 재고, "
            "거꾸로도 했습니다.",
        )
    return written(
        f"{MODALITY[modality]}: results are those of cross-validation. Models were trained apart for "
        f"each of {about.folds} folds that keep groups whole, so that each of the {about.items:,} items "
        f"was judged once a seed ({about.seeds} seeds) by models that never saw its group; epoch and "
        "threshold were chosen on each fold's own validation part. The checkpoint that `predict` uses "
        "is another training, on this run's split.",
        f"{MODALITY[modality]}의 결과는 교차 검증에서 나왔습니다. 그룹을 나눈 {about.folds}개 fold마다 따로 학습하여, "
        f"{about.items:,}개 항목 모두를 그 그룹을 보지 않은 모델이 seed마다 한 번씩(seed {about.seeds}개) 판정했고, "
        "epoch와 threshold는 fold마다 자기 검증 부분에서 골랐습니다. `predict`가 쓰는 체크포인트는 이와 따로 이 실행의 "
        "분할로 학습한 것입니다.",
    )


def _about(pooled: pd.DataFrame) -> Row:
    return next(iter(rows(pooled)))
