"""Whether new scores are like those of validation, in Korean."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.drift import MIN_ITEMS, Drift
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.reporting.text.korean import MODALITY, signed

METRICS = {
    "flagged_share": "유해 판정 비율",
    "harmful_share": "유해 비율(추정)",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "brier": "Brier 점수",
}
VERDICTS = {
    "too_few": f"항목이나 출처가 적어 판단하지 않습니다. 새 점수 {MIN_ITEMS}개, 서로 다른 출처가 검증과 여기에 {MIN_GROUPS}개씩은 있어야 합니다.",
    "groups_unknown": "검증과 달라 보이지만 출처를 몰라 우연인지 구별할 수 없습니다. 출처를 `group` 열로 알려 주십시오.",
    "steady": "달라졌다고 볼 근거가 부족합니다. threshold를 그대로 씁니다.",
    "watch": "검증과 달라진 점이 있습니다. 다음 보고 전에 살펴보십시오.",
    "choose_again": "threshold를 다시 고를 때입니다. 새로 라벨을 붙인 항목에서 고르십시오.",
}
REASONS = {
    "flagged_share_moved": "유해 판정 비율이 10%p 이상 달라졌고, 차이의 신뢰구간이 0을 포함하지 않습니다.",
    "flagged_share_shifted": "유해 판정 비율의 차이의 신뢰구간이 0을 포함하지 않습니다.",
    "distribution_changed": "점수의 분포가 검증과 다릅니다(Kolmogorov-Smirnov).",
    "f1_fell": "라벨이 있는 항목의 F1이 검증보다 낮고, 차이의 신뢰구간이 0을 포함하지 않습니다.",
    "calibration_worsened": "Brier 점수가 검증보다 높고(나쁘고), 차이의 신뢰구간이 0을 포함하지 않습니다.",
    "labels_too_few": f"라벨은 판단에 쓰지 않았습니다. 라벨이 있는 항목 {MIN_ITEMS}개, 유해와 안전의 출처가 검증과 여기에 {MIN_GROUPS}개씩은 있어야 합니다.",
    "groups_unknown": "어느 항목이 한 출처에서 왔는지 몰라, 출처의 크기가 검증과 같다고 보고 신뢰구간을 넓혔습니다.",
}


def drift_sentences(found: Drift, modality: str) -> list[str]:
    """Say whether the scores drifted, and why.

    Parameters
    ----------
    found : Drift
    modality : str

    Returns
    -------
    list of str
        The verdict, the numbers, then the reasons.

    Examples
    --------
    >>> from harmlib.analysis.drift import compare_scores
    >>> count = pd.Series(range(60))
    >>> probability = (count * 7 % 60 + 0.5) / 60
    >>> known = pd.DataFrame({"label": (probability > 0.4).astype(int), "probability": probability,
    ...                       "group": count})
    >>> found = compare_scores(known, known[["probability", "group"]], 0.5)
    >>> drift_sentences(found, "video")[0]
    '비디오: 달라졌다고 볼 근거가 부족합니다. threshold를 그대로 씁니다.'
    """
    flagged = found.table.set_index("metric").loc["flagged_share"]
    return [
        f"{MODALITY[modality]}: {VERDICTS[found.verdict]}",
        f"새 점수 {found.n_new:,}개를 검증 {found.n_validation:,}개와 비교했습니다. 유해 판정 비율은 검증 "
        f"{flagged['validation']:.1%}, 여기 {flagged['new']:.1%}입니다. 유해 비율만 달라졌다면 "
        f"{found.expected_flagged_share:.1%}였을 것입니다.",
        *(REASONS[reason] for reason in found.reasons),
    ]


def drift_table(found: Drift) -> pd.DataFrame:
    """Compare validation with the new scores, with the interval of each difference.

    Parameters
    ----------
    found : Drift

    Returns
    -------
    DataFrame
        Columns 지표, 검증, 새 점수, 차이, and the interval at the level of `found`.

    Examples
    --------
    >>> from harmlib.analysis.drift import compare_scores
    >>> count = pd.Series(range(60))
    >>> probability = (count * 7 % 60 + 0.5) / 60
    >>> known = pd.DataFrame({"label": (probability > 0.4).astype(int), "probability": probability,
    ...                       "group": count})
    >>> found = compare_scores(known, known[["probability", "group"]], 0.5)
    >>> drift_table(found)[["지표", "검증", "새 점수", "차이"]].head(1)
             지표   검증  새 점수       차이
    0  유해 판정 비율  0.5   0.5  +0.0000
    """
    rows = found.table
    return pd.DataFrame(
        {
            "지표": rows["metric"].map(METRICS).to_numpy(),
            "검증": rows["validation"].to_numpy(),
            "새 점수": rows["new"].to_numpy(),
            "차이": [signed(value) for value in rows["difference"]],
            f"차이의 신뢰구간({found.level:.2%})": [
                f"{signed(row.low)} ~ {signed(row.high)}"
                if pd.notna(row.low)
                else "출처가 너무 적음"
                for row in rows.itertuples()
            ],
        }
    )
