"""Captions of tables, and captions and alt texts of figures, for 03_thresholds and 05_report alike.

An alt text says what a figure shows, with its numbers, for people who don't see it. A caption says
what it shows and how to read it, for everyone. `modality` is `image` or `video`.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.korean import MODALITY, model_name, number

TABLES = {
    "sweep": "검증 분할의 threshold별 결과(강조: 그 epoch의 최고 F1)",
    "operating_points": "epoch별 최적 threshold와 운영 threshold(강조: 저장한 epoch)",
    "summary": "시험 분할 결과(강조: 다른 모든 모델과 구별되는 최고 F1, 없으면 강조하지 않음)",
    "test": "시험 분할, 운영 threshold에서의 결과(강조: 다른 모든 모델과 구별되는 최고 F1, 없으면 강조하지 않음)",
    "pooled": "교차 검증: 모든 fold의 시험 부분을 모은 결과(판정 수 = 항목 수 × seed 수; AP와 AUC는 seed마다 구한 값의 평균; 강조: 다른 모든 모델과 구별되는 최고 F1, 없으면 강조하지 않음)",
    "halves": "모든 항목을 다른 반에서 고른 threshold로 판정한 결과(강조: 다른 모든 모델과 구별되는 최고 F1, 없으면 강조하지 않음)",
    "choices": "목적별 threshold(목적 값과 평탄 구간은 검증, Precision부터는 시험; 마지막 두 열은 시험 F1에서 기준선의 F1을 뺀 값의 95% 신뢰구간을 이 표의 모든 줄에 대해 보정한 것)",
    "optimism": "고른 데이터에서 잰 F1의 낙관과 시험 결과",
    "differences": "같은 항목에서 짝지은 모든 쌍의 비교(차이, 95% 신뢰구간, 모든 쌍을 함께 보정한 구간, 이만한 차이를 알아볼 그룹 수, 한쪽만 맞힌 항목 수, McNemar mid-p)",
    "scale": "운영 threshold를 가중치 없는 눈금으로 바꾼 값",
    "calibration": (
        "보정 전후의 시험 Brier 점수와 보정 오차(검증에서 맞춤, 낮을수록 좋음. 보정됨의 p가 0.05보다 작으면 확률이 실제 비율과 다르다고 봄)"
    ),
    "prevalence": (
        "유해 비율에 따른 시험 Precision(운영 threshold)과, 그 비율에 맞추어 검증에서 다시 고른 threshold의 시험 결과"
    ),
    "floors": "Recall 하한을 지키는 threshold와 시험 결과(Recall은 그룹마다 구한 값의 평균)",
    "overview": "epoch별 최적 threshold에서의 검증 결과(강조: 최고 F1)",
    "effect": "개선 효과 요약",
}


class Words(NamedTuple):
    """The words of one figure: `alt`, then `caption`, as `show_figure` takes them."""

    alt: str
    caption: str


def table_caption(kind: str, modality: str) -> str:
    """Say what the rows of a table of one modality are.

    Parameters
    ----------
    kind : str
        One of TABLES: the file is `tables/<kind>_<modality>.csv`.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> table_caption("effect", "video")
    '비디오: 개선 효과 요약'
    """
    return f"{MODALITY[modality]}: {TABLES[kind]}"


def precision_recall(chosen: pd.DataFrame, prevalence: float, modality: str) -> Words:
    """Describe the PR curves.

    Parameters
    ----------
    chosen : DataFrame
        One row per variant; columns variant, threshold, precision, recall (on validation).
    prevalence : float
        Share of harmful items, 0 to 1.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["model4"], "threshold": 0.3, "precision": 0.9,
    ...                        "recall": 0.96})
    >>> precision_recall(chosen, 0.75, "video").alt
    '비디오 모델들의 PR 곡선. Model 4 threshold 0.30에서 Precision 0.900, Recall 0.960. 모두 유해로 판정하는
    기준선의 Precision은 0.750.'
    """
    marks = "; ".join(
        f"{model_name(row.variant)} threshold {row.threshold:.2f}에서 Precision "
        f"{number(row.precision, 3)}, Recall {number(row.recall, 3)}"
        for row in chosen.itertuples()
    )
    return Words(
        f"{MODALITY[modality]} 모델들의 PR 곡선. {marks}. 모두 유해로 판정하는 기준선의 Precision은 "
        f"{number(prevalence, 3)}.",
        f"{MODALITY[modality]} 모델의 PR 곡선(검증 분할). 점은 각 모델의 운영 threshold, 점선은 모두 유해로 "
        "판정하는 기준선의 Precision입니다. 점선보다 위에 있고 오른쪽 위에 가까울수록 좋습니다.",
    )


def metrics_by_threshold(chosen: pd.DataFrame, modality: str) -> Words:
    """Describe precision, recall and F1 along the thresholds.

    Parameters
    ----------
    chosen : DataFrame
        One row per variant; columns variant, threshold (the operating threshold).
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["model4"], "threshold": 0.3})
    >>> metrics_by_threshold(chosen, "video").alt
    '비디오 모델별 threshold에 따른 Precision, Recall, F1. 운영 threshold는 Model 4 0.30.'
    """
    marks = ", ".join(
        f"{model_name(row.variant)} {row.threshold:.2f}" for row in chosen.itertuples()
    )
    return Words(
        f"{MODALITY[modality]} 모델별 threshold에 따른 Precision, Recall, F1. 운영 threshold는 {marks}.",
        f"{MODALITY[modality]}: 저장한 epoch의 검증 결과. threshold를 올리면 Precision은 대체로 오르고 Recall은 "
        "떨어집니다. 굵은 선(F1)이 평평한 구간에서는 threshold의 작은 차이를 성능의 차이로 읽지 않아야 합니다.",
    )


def epoch_thresholds(epochs: pd.DataFrame, modality: str) -> Words:
    """Describe the best threshold of each epoch.

    Parameters
    ----------
    epochs : DataFrame
        One row per variant and epoch; columns variant, epoch, threshold, low, high.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> epochs = pd.DataFrame({"variant": "model4", "epoch": [1, 2], "threshold": [0.3, 0.4],
    ...                        "low": 0.3, "high": 0.7})
    >>> epoch_thresholds(epochs, "video").alt
    '비디오 모델의 epoch별 최적 threshold와 95% 신뢰구간. Model 4: epoch 1 0.30 (0.30~0.70), epoch 2 0.40 ...'
    """
    lines = [
        f"{model_name(variant)}: "
        + ", ".join(
            f"epoch {row.epoch} {row.threshold:.2f} ({_ends(row.low, row.high, 2)})"
            for row in own.itertuples()
        )
        for variant, own in epochs.groupby("variant", sort=False)
    ]
    return Words(
        f"{MODALITY[modality]} 모델의 epoch별 최적 threshold와 95% 신뢰구간. {'; '.join(lines)}.",
        f"{MODALITY[modality]}: 점의 높이가 그 epoch에서 검증 F1이 최고인 threshold, 막대가 그 95% 신뢰구간입니다. "
        "막대가 겹치는지로는 움직였는지 알 수 없습니다(같은 항목에서 짝지은 차이로 판단하며, 3.8절에 적습니다). 격자의 "
        "끝에 붙은 점은 진짜 최적점이 그 너머일 수 있음을 뜻합니다. 격자를 쓰는 모델이 있으면 threshold가 하나뿐인 "
        "모델은 그리지 않습니다.",
    )


def score_distribution(modality: str) -> Words:
    """Describe where harmful and safe items score.

    Parameters
    ----------
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> score_distribution("image").alt
    '이미지 검증 항목의 유해 확률 분포, 유해와 안전을 나누어 그림.'
    """
    return Words(
        f"{MODALITY[modality]} 검증 항목의 유해 확률 분포, 유해와 안전을 나누어 그림.",
        f"{MODALITY[modality]}: 두 색이 겹치는 곳에서는 어떤 threshold도 둘을 완전히 가르지 못합니다. 세로선은 운영 "
        "threshold입니다.",
    )


def confusion_matrices(test: pd.DataFrame, modality: str) -> Words:
    """Describe the confusion matrices on test.

    Parameters
    ----------
    test : DataFrame
        One row per variant, as `compare_on_test` returns it; columns variant, tp, fp, fn, tn.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> test = pd.DataFrame({"variant": ["model4"], "tp": 26, "fp": 3, "fn": 0, "tn": 7})
    >>> confusion_matrices(test, "video").alt
    '비디오 시험 분할의 혼동 행렬. Model 4: TP 26, FN 0, FP 3, TN 7.'
    """
    lines = "; ".join(
        f"{model_name(row.variant)}: TP {row.tp:,}, FN {row.fn:,}, FP {row.fp:,}, TN {row.tn:,}"
        for row in test.itertuples()
    )
    return Words(
        f"{MODALITY[modality]} 시험 분할의 혼동 행렬. {lines}.",
        f"{MODALITY[modality]}: 위 줄은 실제로 유해한 항목, 아래 줄은 안전한 항목이고, 칸마다 항목 수와 그 줄에서 "
        "차지하는 비율을 적었습니다. 왼쪽 위와 오른쪽 아래가 짙을수록 잘 가려낸 것입니다.",
    )


def intervals_on_test(f1: pd.DataFrame, modality: str) -> Words:
    """Describe each variant's F1 on test with its interval.

    Parameters
    ----------
    f1 : DataFrame
        One row per variant; columns variant, value, low, high.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> f1 = pd.DataFrame({"variant": ["model4"], "value": 0.945, "low": 0.87, "high": 1.0})
    >>> intervals_on_test(f1, "video").alt
    '비디오 모델별 시험 F1과 95% 신뢰구간: Model 4 0.945 (0.870~1.000)'
    """
    lines = "; ".join(
        f"{model_name(row.variant)} {row.value:.3f} ({_ends(row.low, row.high, 3)})"
        for row in f1.itertuples()
    )
    return Words(
        f"{MODALITY[modality]} 모델별 시험 F1과 95% 신뢰구간: {lines}",
        f"{MODALITY[modality]}: 막대는 시험 F1의 95% 신뢰구간입니다. 기준선의 F1도 같은 항목에 따라 달라지므로, 기준선보다 "
        "나은지는 막대와 점선이 아니라 짝지은 차이의 구간(아래 문장)으로, 모델끼리도 짝지은 비교로 판단합니다.",
    )


def f1_bands(modality: str) -> Words:
    """Describe F1 along the thresholds with its band.

    Parameters
    ----------
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> f1_bands("image").alt
    '이미지 모델별 threshold에 따른 검증 F1과 95% 신뢰구간, 최고점과 평탄 구간.'
    """
    return Words(
        f"{MODALITY[modality]} 모델별 threshold에 따른 검증 F1과 95% 신뢰구간, 최고점과 평탄 구간.",
        f"{MODALITY[modality]}: 파란 띠는 F1의 95% 신뢰구간, 노란 띠는 최고 F1과 0.005 이내인 threshold입니다. 파란 띠가 "
        "넓으면 최고점의 자리를 믿기 어렵고, 노란 띠 안에서는 어느 값을 골라도 거의 같습니다.",
    )


def tried_differences(modality: str) -> Words:
    """Describe F1 at each tried threshold less F1 at 0.5.

    Parameters
    ----------
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> tried_differences("video").alt
    '비디오 모델별로 시험한 threshold의 F1에서 threshold 0.5의 F1을 뺀 값과 보정 구간.'
    """
    return Words(
        f"{MODALITY[modality]} 모델별로 시험한 threshold의 F1에서 threshold 0.5의 F1을 뺀 값과 보정 구간.",
        f"{MODALITY[modality]}: 점이 높이 있어도 막대가 0에 걸치면, 여러 번 시험한 것을 감안할 때 0.5보다 낫다고 말할 "
        "수 없습니다.",
    )


def gain_parts(sentences: list[str], modality: str) -> Words:
    """Describe where each gain came from.

    Parameters
    ----------
    sentences : list of str
        Of `gain_sentences`; they become the alt text.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> gain_parts(["향상은 없습니다."], "video").alt
    '향상은 없습니다.'
    """
    return Words(
        plain(" ".join(sentences)),
        f"{MODALITY[modality]}: 막대의 길이가 시험 F1의 변화, 가는 선이 95% 신뢰구간입니다. 선이 0에 걸치면 그 몫은 "
        "있다고 말할 수 없습니다.",
    )


def reliability(modality: str) -> Words:
    """Describe the reliability diagrams.

    Parameters
    ----------
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> reliability("video").alt
    '비디오 모델별 예측 확률과 실제 유해 비율, 구간마다의 항목 수.'
    """
    return Words(
        f"{MODALITY[modality]} 모델별 예측 확률과 실제 유해 비율, 구간마다의 항목 수.",
        f"{MODALITY[modality]}: 점선보다 아래의 점은 확률이 너무 높게, 위의 점은 너무 낮게 매겨졌다는 뜻입니다. 막대는 "
        f"그룹을 하나씩 빼고 구한 95% 신뢰구간이며, 그룹 {MIN_GROUPS}개 미만에서 온 점에는 막대가 없습니다.",
    )


def _ends(low: float, high: float, digits: int) -> str:
    """An interval, or that there is none."""
    if pd.isna(low) or pd.isna(high):
        return "구간 없음"
    return f"{low:.{digits}f}~{high:.{digits}f}"
