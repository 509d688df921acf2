"""Captions and alt texts of the figures of how sure we are, in both languages: bands, differences.

They are as in `figure_captions`, with the same `modality` and `where`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.cited_numbers import Row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, signed


def f1_bands(plateaus: pd.DataFrame, modality: str) -> Words:
    """Describe F1 along the thresholds, with its band and its plateau.

    Parameters
    ----------
    plateaus : DataFrame
        As `harmlib.analysis.plateaus.item_plateaus` returns it.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> plateaus = pd.DataFrame({"variant": ["model4"], "threshold": 0.4, "low": 0.3, "high": 0.5})
    >>> f1_bands(plateaus, "image").alt
    '이미지 모델별 threshold에 따른 검증 F1과 95% 신뢰구간. F1이 가장 높은 threshold: Model 4 0.40.'
    """
    name = MODALITY[modality]
    marks = ", ".join(f"{model_name(p.variant)} {p.threshold:.2f}" for p in plateaus.itertuples())
    return Words(
        written(
            f"{name}: F1 on validation by threshold, with its 95% interval. Threshold of the "
            f"highest F1: {marks or 'none'}.",
            f"{name} 모델별 threshold에 따른 검증 F1과 95% 신뢰구간. F1이 가장 높은 threshold: {marks or '없음'}.",
        ),
        written(
            f"{name}: the blue band is the 95% interval of F1. Within the yellow one, F1 is no "
            "farther from the highest than one item decided otherwise would move it: these "
            "thresholds can't be told apart on validation.",
            f"{name}: 파란 띠는 F1의 95% 신뢰구간입니다. 노란 띠 안에서는 최고 F1과의 차이가 항목 하나의 판정이 바뀔 때 생기는 "
            "차이를 넘지 않으므로, 검증으로는 그 안의 threshold를 구별할 수 없습니다.",
        ),
    )


def precision_recall_band(chosen: pd.DataFrame, prevalence: float, modality: str) -> Words:
    """Describe each variant's PR curve with the band of its precision.

    Parameters
    ----------
    chosen : DataFrame
    prevalence : float
    modality : str
        As `figure_captions.precision_recall` takes them.

    Returns
    -------
    Words

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["model4"], "precision": 0.9, "recall": 0.96})
    >>> precision_recall_band(chosen, 0.75, "video").alt
    '비디오 모델별 검증 PR 곡선과 Precision의 95% 신뢰구간. 운영 threshold에서 Model 4 Precision 0.900, Recall
    0.960. 기준선의 Precision은 0.750.'
    """
    name = MODALITY[modality]
    marks = "; ".join(
        f"{model_name(one.variant)} Precision {number(one.precision, 3)}, "
        f"Recall {number(one.recall, 3)}"
        for one in chosen.itertuples()
    )
    return Words(
        written(
            f"{name}: PR curve of each model on validation with the 95% interval of its precision. "
            f"At the operating threshold: {marks}. Baseline precision {number(prevalence, 3)}.",
            f"{name} 모델별 검증 PR 곡선과 Precision의 95% 신뢰구간. 운영 threshold에서 {marks}. 기준선의 "
            f"Precision은 {number(prevalence, 3)}.",
        ),
        written(
            f"{name}: the band is the 95% interval of precision at each threshold (for one "
            "threshold at a time, not for the whole curve). Where it is wide, validation says "
            "little about which point of the curve is better.",
            f"{name}: 띠는 threshold마다 구한 Precision의 95% 신뢰구간입니다(곡선 전체가 아니라 threshold 하나씩에 대한 "
            "것). 띠가 넓은 곳에서는 곡선의 어느 지점이 더 나은지 검증만으로 말하기 어렵습니다.",
        ),
    )


def from_baseline(against: pd.DataFrame, modality: str, where: str) -> Words:
    """Describe how far each variant's F1 lies from the baseline's.

    Parameters
    ----------
    against : DataFrame
        As `comparison_tables.against_baseline` returns it.
    modality, where : str

    Returns
    -------
    Words

    Examples
    --------
    >>> against = pd.DataFrame({"variant": ["model4"], "difference": 0.08, "corrected_low": 0.03,
    ...                         "corrected_high": 0.13})
    >>> from_baseline(against, "video", "시험 분할").alt
    '비디오: 시험 분할에서 모델의 F1에서 기준선의 F1을 뺀 값. Model 4 +0.080 (+0.030~+0.130).'
    """
    name = MODALITY[modality]
    lines = "; ".join(f"{model_name(one.variant)} {_difference(one)}" for one in rows(against))
    return Words(
        written(
            f"{name}: F1 less the baseline's on {where}. {lines}.",
            f"{name}: {where}에서 모델의 F1에서 기준선의 F1을 뺀 값. {lines}.",
        ),
        written(
            f"{name}: the difference in F1 from flagging everything, on {where}; bars are 95% "
            "intervals corrected for the number of models. A bar that holds 0 gives too little "
            "ground to call the model better.",
            f"{name}: {where}에서 모두 유해로 판정하는 기준선과의 F1 차이이고, 막대는 모델 수만큼 보정한 95% "
            "신뢰구간입니다. 막대가 0을 포함하면 더 낫다고 볼 근거가 부족합니다.",
        ),
    )


def between_models(differences: pd.DataFrame, modality: str, where: str) -> Words:
    """Describe the differences between all pairs of variants.

    Parameters
    ----------
    differences : DataFrame
        As `comparison_tables.differences` returns it.
    modality, where : str

    Returns
    -------
    Words

    Examples
    --------
    >>> differences = pd.DataFrame({"split": "test", "a": ["model2"], "b": "model4",
    ...     "metric": "f1", "difference": 0.02, "corrected_low": -0.03, "corrected_high": 0.07})
    >>> between_models(differences, "video", "시험 분할").alt
    '비디오: 시험 분할에서 모델 사이의 F1 차이. Model 4 − Model 2 +0.020 (−0.030~+0.070).'
    """
    name = MODALITY[modality]
    shown = differences[(differences["split"] == "test") & (differences["metric"] == "f1")]
    lines = "; ".join(
        f"{model_name(one.b)} − {model_name(one.a)} {_difference(one)}" for one in rows(shown)
    )
    return Words(
        written(
            f"{name}: differences in F1 between models on {where}. {lines}.",
            f"{name}: {where}에서 모델 사이의 F1 차이. {lines}.",
        ),
        written(
            f"{name}: differences in F1 on the same items; bars are 95% intervals corrected for "
            "all pairs. Two models whose bar holds 0 can't be told apart here.",
            f"{name}: 같은 항목에서 짝지은 F1의 차이이고, 막대는 모든 쌍을 함께 보정한 95% 신뢰구간입니다. 막대가 0을 포함하는 두 "
            "모델은 이 데이터로 구별할 수 없습니다.",
        ),
    )


def _difference(one: Row) -> str:
    """A difference with its corrected interval, or that there is none."""
    if pd.isna(one.corrected_low):
        return f"{signed(one.difference, 3)} ({written('no interval', '신뢰구간 없음')})"
    ends = f"{signed(one.corrected_low, 3)}~{signed(one.corrected_high, 3)}"
    return f"{signed(one.difference, 3)} ({ends})"
