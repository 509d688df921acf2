"""The terms of the report's page, each in a line."""

from __future__ import annotations

import pandas as pd

from harmlib.language import written

_TERMS = {
    ("threshold", "threshold"): (
        "An item is called harmful where its probability is above it.",
        "확률이 이 값보다 크면 유해로 판정합니다.",
    ),
    ("operating threshold", "운영 threshold"): (
        "The one that a saved model decides with; chosen on validation.",
        "저장한 모델이 판정에 쓰는 threshold입니다. 검증에서 고릅니다.",
    ),
    ("TP, FN, FP, TN", "TP, FN, FP, TN"): (
        "Harmful and found, harmful and missed, safe but called harmful, safe and passed.",
        "유해를 찾은 것, 유해를 놓친 것(미탐), 안전을 유해로 판정한 것(오탐), 안전을 통과시킨 것입니다.",
    ),
    ("Precision", "Precision"): (
        "Share of the items called harmful that are harmful.",
        "유해로 판정한 것 가운데 실제로 유해한 비율입니다.",
    ),
    ("Recall", "Recall"): (
        "Share of the harmful items that are found.",
        "실제로 유해한 것 가운데 찾아낸 비율입니다.",
    ),
    ("F1", "F1"): (
        "The harmonic mean of precision and recall.",
        "Precision과 Recall의 조화평균입니다.",
    ),
    ("AP, AUC", "AP, AUC"): (
        "How well the probabilities rank the items, over all thresholds.",
        "모든 threshold에 걸쳐 확률이 항목의 순서를 얼마나 잘 매기는지 나타냅니다.",
    ),
    ("baseline", "기준선"): (
        "Calling every item harmful.",
        "모든 항목을 유해로 판정하는 것입니다.",
    ),
    ("share called harmful", "유해 판정 비율"): (
        "The load of review, if everything called harmful is reviewed.",
        "유해로 판정한 항목의 비율입니다. 모두 검토한다면 검토량입니다.",
    ),
    ("group", "그룹"): (
        "Items of one source. They are never in two splits, and intervals count groups.",
        "원본이 같은 항목의 모음입니다. 한 그룹은 한 분할에만 들어가고, 신뢰구간은 그룹 단위로 구합니다.",
    ),
    ("validation, test", "검증, 시험"): (
        "Validation chooses epoch, threshold and model; test judges them.",
        "검증에서 epoch, threshold, 모델을 고르고, 시험에서 평가합니다.",
    ),
    ("95% interval", "95% 신뢰구간"): (
        "Where the value would lie in 95 of 100 such samples; where several are compared, it is "
        "corrected for their number.",
        "이런 표본을 여러 번 뽑을 때 값이 들어 있을 범위입니다. 여럿을 비교할 때에는 그 수만큼 넓혀 보정합니다.",
    ),
    ("pos_weight", "pos_weight"): (
        "Weight of the harmful items in the loss. It moves the probabilities.",
        "유해 쪽 손실 가중치입니다. 확률의 척도를 바꿉니다.",
    ),
}


_OF_TRAINING = ("pos_weight",)


def glossary(trains: bool = True) -> pd.DataFrame:
    """List the terms that the report's page uses, with what they mean.

    Parameters
    ----------
    trains : bool
        Whether the run trained its models; else the terms of training are left out.

    Returns
    -------
    DataFrame
        Two columns, the term and its meaning.

    Examples
    --------
    >>> glossary().iloc[0].tolist()
    ['threshold', '확률이 이 값보다 크면 유해로 판정합니다.']
    >>> len(glossary()) - len(glossary(trains=False))
    1
    """
    names = [written("Term", "용어"), written("Meaning", "뜻")]
    return pd.DataFrame(
        [
            (written(*term), written(*meaning))
            for term, meaning in _TERMS.items()
            if trains or term[0] not in _OF_TRAINING
        ],
        columns=names,
    )
