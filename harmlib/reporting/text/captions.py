"""Captions of tables, and captions and alt texts of figures, for 03_thresholds and 04_report alike.

An alt text says what a figure shows, with its numbers, for people who don't see it. A caption says
what it shows and how to read it, for everyone. `modality` is `image` or `video`.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.korean import MODALITY, model_name, number

TABLES = {
    "sweep": "검증 분할의 threshold별 결과(강조: 그 epoch의 최고 F1)",
    "operating_points": "epoch별 최적 threshold와 운영 threshold(강조: 저장한 epoch)",
    "summary": "시험 분할 결과(강조: 가장 높은 F1)",
    "test": "시험 분할, 검증이 고른 threshold에서의 결과(강조: 가장 높은 F1)",
    "choices": "목적별 threshold(목적 값과 평탄 구간은 검증, Precision부터는 시험)",
    "optimism": "격자에서 F1이 최고인 threshold의 낙관과 시험 결과",
    "differences": "같은 시험 항목에서 짝지은 비교(차이, 95% 구간, 한쪽만 맞힌 항목 수, McNemar mid-p)",
    "scale": "운영 threshold를 가중치 없는 눈금으로 바꾼 값",
    "calibration": "보정 전후의 시험 Brier 점수와 ECE(검증에서 맞춤, 낮을수록 좋음)",
    "floors": "Recall 하한을 지키는 threshold와 시험 결과",
    "overview": "epoch별 최적 threshold에서의 검증 결과(강조: 최고 F1)",
    "effect": "개선 효과 요약(검증 분할)",
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
    '비디오: 개선 효과 요약(검증 분할)'
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
    '비디오 모델의 epoch별 최적 threshold와 95% 구간. Model 4: epoch 1 0.30 (0.30~0.70), epoch 2 0.40 ...'
    """
    lines = [
        f"{model_name(variant)}: "
        + ", ".join(
            f"epoch {row.epoch} {row.threshold:.2f} ({row.low:.2f}~{row.high:.2f})"
            for row in own.itertuples()
        )
        for variant, own in epochs.groupby("variant", sort=False)
    ]
    return Words(
        f"{MODALITY[modality]} 모델의 epoch별 최적 threshold와 95% 구간. {'; '.join(lines)}.",
        f"{MODALITY[modality]}: 점의 높이가 그 epoch에서 검증 F1이 최고인 threshold, 막대가 그 95% 구간입니다. "
        "막대가 겹치면 점이 오르내려도 움직였다고 말할 수 없고, 격자의 끝에 붙은 점은 진짜 최적점이 그 너머일 수 "
        "있음을 뜻합니다. 격자를 쓰는 모델이 있으면 threshold가 하나뿐인 모델은 그리지 않습니다.",
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
    '비디오 모델별 시험 F1과 95% 구간: Model 4 0.945 (0.870~1.000)'
    """
    lines = "; ".join(
        f"{model_name(row.variant)} {row.value:.3f} ({row.low:.3f}~{row.high:.3f})"
        for row in f1.itertuples()
    )
    return Words(
        f"{MODALITY[modality]} 모델별 시험 F1과 95% 구간: {lines}",
        f"{MODALITY[modality]}: 막대는 시험 F1의 95% 구간입니다. 막대가 점선(기준선)에 걸치면 기준선보다 낫다고 말할 "
        "수 없고, 모델끼리의 비교는 아래의 짝지은 비교로 합니다.",
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
    '이미지 모델별 threshold에 따른 검증 F1과 95% 구간, 최고점과 평탄 구간.'
    """
    return Words(
        f"{MODALITY[modality]} 모델별 threshold에 따른 검증 F1과 95% 구간, 최고점과 평탄 구간.",
        f"{MODALITY[modality]}: 파란 띠는 F1의 95% 구간, 노란 띠는 최고 F1과 0.005 이내인 threshold입니다. 파란 띠가 "
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
        f"{MODALITY[modality]}: 막대의 길이가 시험 F1의 변화, 가는 선이 95% 구간입니다. 선이 0에 걸치면 그 몫은 "
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
        f"{MODALITY[modality]}: 점선보다 아래의 점은 확률이 너무 높게, 위의 점은 너무 낮게 매겨졌다는 뜻입니다. 항목 "
        "수가 적은 점의 막대는 깁니다.",
    )
