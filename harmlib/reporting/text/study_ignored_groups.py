"""Sentences of the study: what a split that ignores groups would claim.

The tables are those of `harmlib.analysis.setting_effects`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, row
from harmlib.reporting.text.corrected_intervals import interval_of
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed
from harmlib.reporting.text.study_fusion import METRIC_NAMES


def claim_sentences(claims: pd.DataFrame, modality: str) -> list[str]:
    """Say what a split that ignores groups would have claimed.

    Parameters
    ----------
    claims : DataFrame
        As `differences` returns it; the names are variants, `before` is of folds that keep groups
        together, `after` of folds that do not.
    modality : str

    Returns
    -------
    list of str
        One sentence per variant.

    Examples
    --------
    >>> claims = pd.DataFrame({"name": "model4", "metric": ["accuracy", "roc_auc", "f1"],
    ...     "before": [0.7, 0.75, 0.7], "after": [0.8, 0.85, 0.8], "difference": 0.1, "low": 0.04,
    ...     "high": 0.16})
    >>> claim_sentences(claims, "video")
    ['비디오 Model 4: 그룹(원본)을 무시하고 나누면 정확도 0.8000, AUC 0.8500, F1 0.8000으로 보고하게 됩니다. 그룹을
    지킨 fold에서는 0.7000, 0.7500, 0.7000입니다. 정확도의 차이 +0.1000(95% 신뢰구간 +0.0400~+0.1600)은 새
    원본에서는 얻을 수 없는 몫입니다.']
    """
    sentences = []
    for variant, own in claims.groupby("name", sort=False):
        found = {name: row(own, "metric", name) for name in ("accuracy", "roc_auc", "f1")}
        claimed = ", ".join(
            f"{METRIC_NAMES[name]} {number(one.after)}" for name, one in found.items()
        )
        kept = ", ".join(number(one.before) for one in found.values())
        head = f"{MODALITY[modality]} {model_name(str(variant))}"
        text = written(
            f"{head}: a split that ignores groups (sources) would report {claimed}; folds that keep "
            f"them report {kept}.",
            f"{head}: 그룹(원본)을 무시하고 나누면 {particle(claimed, '으로/로')} 보고하게 됩니다. 그룹을 지킨 fold에서는 "
            f"{kept}입니다.",
        )
        sentences.append(f"{text} {_inflation(found['accuracy'])}")
    return sentences


def _inflation(accuracy: Row) -> str:
    """How much of the claimed accuracy new sources would not give."""
    if pd.isna(accuracy.low):
        return written(
            "Too few groups for an interval of the difference.",
            "그룹이 모자라 차이의 신뢰구간은 없습니다.",
        )
    difference, within = signed(accuracy.difference), interval_of(accuracy, corrected=False)
    en = f"The difference in accuracy, {difference} ({within}),"
    ko = f"정확도의 차이 {difference}({within})"
    if accuracy.low > 0:
        return written(
            f"{en} is not to be had on new sources.", f"{ko}은 새 원본에서는 얻을 수 없는 몫입니다."
        )
    if accuracy.high >= 0:
        return written(
            f"{en} has an interval that includes 0: too little ground to call it inflated here.",
            f"{ko}의 신뢰구간이 0을 포함하므로, 이 데이터에서는 부풀려졌다고 볼 근거가 부족합니다.",
        )
    return written(
        f"{en} is below 0: ignoring groups doesn't raise it.",
        f"{ko}은 0보다 낮습니다: 그룹을 무시해도 높아지지 않습니다.",
    )


def claims_caption(modality: str) -> tuple[str, str]:
    """Say what the figure of the ignored groups shows.

    Parameters
    ----------
    modality : str

    Returns
    -------
    (str, str)
        Alt text and caption.

    Examples
    --------
    >>> claims_caption("video")[0]
    '비디오: 그룹을 지킨 fold와 무시한 fold의 정확도, AUC, F1'
    """
    medium = MODALITY[modality]
    return (
        written(
            f"{medium}: accuracy, AUC and F1 of folds that keep groups and of folds that don't",
            f"{medium}: 그룹을 지킨 fold와 무시한 fold의 정확도, AUC, F1",
        ),
        written(
            f"{medium}: what one would claim with items of one source in both training and test. The "
            "black line is the 95% interval of the difference.",
            f"{medium}: 같은 원본의 항목이 학습과 시험에 함께 들어가면 얼마를 주장하게 되는지 보여 줍니다. 검은 선은 "
            "차이의 95% 신뢰구간입니다.",
        ),
    )
