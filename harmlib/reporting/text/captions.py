"""Captions of tables, and captions and alt texts of figures, for 03_thresholds and 05_report alike.

An alt text says what a figure shows, with its numbers, for people who don't see it. A caption says
what it shows and how to read it, for everyone. `modality` is `image` or `video`.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.korean import MODALITY, model_name

TABLES = Wordings(
    {
        "sweep": (
            "Results on validation by threshold (stressed: the highest F1 of the epoch)",
            "검증 분할의 threshold별 결과(강조: 그 epoch의 최고 F1)",
        ),
        "operating_points": (
            "Best and operating threshold of each epoch (stressed: the saved epoch)",
            "epoch별 최적 threshold와 운영 threshold(강조: 저장한 epoch)",
        ),
        "summary": (
            "Results on test (stressed: the model chosen on validation)",
            "시험 분할 결과(강조: 검증에서 선택한 모델)",
        ),
        "test": (
            "Results on test at the operating threshold (stressed: the model chosen on validation)",
            "시험 분할, 운영 threshold에서의 결과(강조: 검증에서 선택한 모델)",
        ),
        "pooled": (
            "Cross-validation: the test parts of all folds together (decisions = items × seeds; AP and AUC are means over seeds; stressed: the model chosen on validation)",
            "교차 검증: 모든 fold의 시험 부분을 모은 결과(판정 수 = 항목 수 × seed 수; AP와 AUC는 seed마다 구한 값의 평균; 강조: 검증에서 선택한 모델)",
        ),
        "halves": (
            "Results on all items, each judged by the threshold that the other half chose (stressed: the model chosen on validation)",
            "모든 항목을 다른 반에서 고른 threshold로 판정한 결과(강조: 검증에서 선택한 모델)",
        ),
        "choices": (
            "Threshold by objective (its value and plateau are of validation, from precision on of test; the last two columns are the 95% CI of F1 on test less the baseline's, corrected for all rows of this table)",
            "목적별 threshold(목적 값과 평탄 구간은 검증, Precision부터는 시험; 마지막 두 열은 시험 F1에서 기준선의 F1을 뺀 값의 95% 신뢰구간을 이 표의 모든 줄에 대해 보정한 것)",
        ),
        "optimism": (
            "Optimism of F1 measured on the data that chose, and results on test",
            "고른 데이터에서 잰 F1의 낙관 편향과 시험 결과",
        ),
        "differences": (
            "All pairs, compared on the same items (difference, 95% CI, interval corrected for all pairs, groups that would tell such a difference, items that only one got right, McNemar mid-p)",
            "같은 항목에서 짝지은 모든 쌍의 비교(차이, 95% 신뢰구간, 모든 쌍을 함께 보정한 구간, 이만한 차이를 알아볼 그룹 수, 한쪽만 맞힌 항목 수, McNemar mid-p)",
        ),
        "scale": (
            "Operating thresholds on the scale of a model without weights",
            "운영 threshold를 가중치 없는 모델의 척도로 바꾼 값",
        ),
        "calibration": (
            "Brier score and calibration error on test before and after calibration (fitted on validation; lower is better; p of calibrated below 0.05: probabilities differ from true shares)",
            "보정 전후의 시험 Brier 점수와 보정 오차(검증에서 맞춤, 낮을수록 좋음. 보정됨의 p가 0.05보다 작으면 확률이 실제 비율과 다르다고 봄)",
        ),
        "objectives": (
            "Threshold chosen on validation for each objective (plateau: thresholds of nearly the same value)",
            "목적마다 검증에서 고른 threshold(평탄 구간: 목적 값이 거의 같은 threshold)",
        ),
        "chosen_on_test": (
            "Results on test of the threshold chosen for each objective",
            "목적마다 고른 threshold를 시험에 적용한 결과",
        ),
        "prevalence": (
            "Precision on test by harmful share (operating threshold), and results on test of thresholds chosen anew on validation for that share",
            "유해 비율에 따른 시험 Precision(운영 threshold)과, 그 비율에 맞추어 검증에서 다시 고른 threshold의 시험 결과",
        ),
        "floors": (
            "Thresholds that keep a recall floor, and results on test (recall is the mean over groups)",
            "Recall 하한을 지키는 threshold와 시험 결과(Recall은 그룹마다 구한 값의 평균)",
        ),
        "overview": (
            "Results on validation at the best threshold of each epoch (stressed: the highest F1)",
            "epoch별 최적 threshold에서의 검증 결과(강조: 최고 F1)",
        ),
        "effect": (
            "What the improvements did",
            "개선 효과 요약",
        ),
    }
)


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
        written(
            f"{MODALITY[modality]}: precision, recall and F1 of each model by threshold. Operating thresholds: "
            f"{marks}.",
            f"{MODALITY[modality]} 모델별 threshold에 따른 Precision, Recall, F1. 운영 threshold는 {marks}.",
        ),
        written(
            f"{MODALITY[modality]}: validation, at the saved epoch. A higher threshold mostly raises precision "
            "and lowers recall. Where the thick line (F1) is flat, moving the threshold a little changes "
            "practically nothing.",
            f"{MODALITY[modality]}: 저장한 epoch의 검증 결과. threshold를 올리면 Precision은 대체로 오르고 Recall은 "
            "떨어집니다. 굵은 선(F1)이 평평한 구간에서는 threshold를 조금 바꾸어도 성능은 사실상 같습니다.",
        ),
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
        written(
            f"{MODALITY[modality]}: best threshold of each epoch with its 95% CI. {'; '.join(lines)}.",
            f"{MODALITY[modality]} 모델의 epoch별 최적 threshold와 95% 신뢰구간. {'; '.join(lines)}.",
        ),
        written(
            f"{MODALITY[modality]}: a point's height is the threshold with the highest F1 on validation in that "
            "epoch, the bar its 95% CI. Whether it moved isn't told by bars that overlap, but by differences "
            "paired on the same items. At an end of the grid, the best value may lie beyond it. Models with "
            "one threshold aren't drawn.",
            f"{MODALITY[modality]}: 점의 높이가 그 epoch에서 검증 F1이 최고인 threshold, 막대가 그 95% 신뢰구간입니다. "
            "막대가 겹치는지로는 움직였는지 알 수 없습니다(같은 항목에서 짝지은 차이로 판단합니다). 탐색 범위의 끝에 있는 점은 "
            "최적값이 범위 밖일 수 있음을 뜻합니다. threshold가 하나뿐인 모델은 그리지 않습니다.",
        ),
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
        written(
            f"{MODALITY[modality]}: probabilities of validation items, harmful and safe drawn apart.",
            f"{MODALITY[modality]} 검증 항목의 유해 확률 분포, 유해와 안전을 나누어 그림.",
        ),
        written(
            f"{MODALITY[modality]}: where the colours overlap, no threshold tells the two apart. The upright line "
            "is the operating threshold.",
            f"{MODALITY[modality]}: 두 색이 겹치는 곳에서는 어떤 threshold도 둘을 완전히 가르지 못합니다. 세로선은 운영 "
            "threshold입니다.",
        ),
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
    '비디오 모델별로 시험한 threshold의 F1에서 threshold 0.5의 F1을 뺀 값과 보정한 신뢰구간.'
    """
    return Words(
        written(
            f"{MODALITY[modality]}: F1 of each tried threshold less that of 0.5, with corrected intervals.",
            f"{MODALITY[modality]} 모델별로 시험한 threshold의 F1에서 threshold 0.5의 F1을 뺀 값과 보정한 신뢰구간.",
        ),
        written(
            f"{MODALITY[modality]}: however high a point, where its bar meets 0 there is, given how many values "
            "were tried, too little ground to call it better than 0.5.",
            f"{MODALITY[modality]}: 점이 높이 있어도 막대가 0에 걸치면, 여러 값을 시도한 것을 감안할 때 0.5보다 낫다고 볼 "
            "근거가 부족합니다.",
        ),
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
        written(
            f"{MODALITY[modality]}: the bar's length is the change in F1 on test, the thin line its 95% CI. Where "
            "the line meets 0, there is too little ground for that part.",
            f"{MODALITY[modality]}: 막대의 길이가 시험 F1의 변화, 가는 선이 95% 신뢰구간입니다. 선이 0에 걸치면 그 몫이 "
            "있다고 볼 근거가 부족합니다.",
        ),
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
        written(
            f"{MODALITY[modality]}: predicted probability and true harmful share of each model, with the items of "
            "each bin.",
            f"{MODALITY[modality]} 모델별 예측 확률과 실제 유해 비율, 구간마다의 항목 수.",
        ),
        written(
            f"{MODALITY[modality]}: points below the dotted line are probabilities that are too high, points above "
            "it too low. Bars are 95% CIs from leaving out one group at a time; points from fewer than "
            f"{MIN_GROUPS} groups have none.",
            f"{MODALITY[modality]}: 점선보다 아래의 점은 확률이 너무 높게, 위의 점은 너무 낮게 매겨졌다는 뜻입니다. 막대는 "
            f"그룹을 하나씩 빼고 구한 95% 신뢰구간이며, 그룹 {MIN_GROUPS}개 미만에서 온 점에는 막대가 없습니다.",
        ),
    )


def _ends(low: float, high: float, digits: int) -> str:
    """An interval, or that there is none."""
    if pd.isna(low) or pd.isna(high):
        return written("no interval", "신뢰구간 없음")
    ends = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return written(" to ".join(ends), "~".join(ends))
