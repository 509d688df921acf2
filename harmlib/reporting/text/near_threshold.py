"""Which new decisions hang on a small move of the threshold, and what is said of them.

`alike` holds, by modality, the thresholds that decide all but one of the validation items alike. A
file whose probability lies among them would be decided otherwise by a threshold that validation
can't tell from the chosen one. Whatever band it lies in, it is one to check: neither blocked nor
passed.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.analysis.alike_thresholds import AlikeThresholds
from harmlib.reporting.text.korean import MODALITY, number

TO_CHECK = "먼저 확인(threshold 근처)"


def is_near(decisions: pd.DataFrame, alike: Mapping[str, AlikeThresholds]) -> pd.Series:
    """Which decisions are near their threshold.

    Parameters
    ----------
    decisions : DataFrame
        One row per file; columns modality, probability.
    alike : mapping of str to AlikeThresholds
        By modality; a modality without any has no decision near.

    Returns
    -------
    Series of bool
        With the index of `decisions`.

    Examples
    --------
    >>> decisions = pd.DataFrame({"modality": "image", "probability": [0.5, 0.9]})
    >>> is_near(decisions, {"image": AlikeThresholds(0.4, 0.6, differing=1)}).tolist()
    [True, False]
    """
    near = pd.Series(False, index=decisions.index)
    for modality, thresholds in alike.items():
        own = decisions["modality"] == modality
        near[own] = thresholds.near(decisions.loc[own, "probability"])
    return near


def near_sentences(decisions: pd.DataFrame, alike: Mapping[str, AlikeThresholds]) -> list[str]:
    """Say how many decisions are near their threshold, and what that means.

    Parameters
    ----------
    decisions : DataFrame
        As `is_near` takes them.
    alike : mapping of str to AlikeThresholds
        By modality.

    Returns
    -------
    list of str
        One sentence for each modality that has decisions.

    Examples
    --------
    >>> decisions = pd.DataFrame({"modality": "image", "probability": [0.5, 0.9]})
    >>> near_sentences(decisions, {"image": AlikeThresholds(0.4, 0.6, differing=1)})
    ['이미지: threshold를 0.4000에서 0.6000 사이로 옮겨도 판정이 달라지는 검증 항목은 많아야 1개이지만, 새 파일은 2개
    중 1개의 판정이 바뀔 수 있습니다. 이 파일을 먼저 확인하십시오.']
    """
    near = is_near(decisions, alike)
    sentences = []
    for modality, thresholds in alike.items():
        own = decisions["modality"] == modality
        count = int(near[own].sum())
        if not own.any():
            continue
        end = (
            f"이지만, 새 파일은 {int(own.sum()):,}개 중 {count:,}개의 판정이 바뀔 수 있습니다. 이 파일을 먼저 확인하십시오."
            if count
            else f"이고, 새 파일 {int(own.sum()):,}개의 판정은 하나도 바뀌지 않습니다."
        )
        sentences.append(
            f"{MODALITY[modality]}: threshold를 {number(thresholds.low)}에서 {number(thresholds.high)} 사이로 "
            f"옮겨도 판정이 달라지는 검증 항목은 많아야 {thresholds.differing}개{end}"
        )
    return sentences
