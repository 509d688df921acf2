"""The numbers that the code fixes and the report's sentences speak of."""

from __future__ import annotations

import inspect

import pandas as pd

from harmlib.analysis.choice import PLATEAU_TOLERANCE
from harmlib.analysis.floor_table import RECALL_FLOORS
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.analysis.likeness import BITS
from harmlib.analysis.misclassified import NEAR
from harmlib.analysis.selected_floors import MEASURED_SHORTFALL
from harmlib.analysis.slice_columns import BINS, MOST_VALUES
from harmlib.analysis.stability import MOVE, epoch_stability
from harmlib.analysis.variant_tables import REFERENCE_THRESHOLD
from harmlib.language import written
from harmlib.reporting.text.findings import BALANCED, CLEAR_F1, MANY_FLAGGED


def constants_table() -> pd.DataFrame:
    """List the numbers that the code fixes and the report's sentences speak of.

    Returns
    -------
    DataFrame
        Columns name, value.

    Examples
    --------
    >>> constants_table().head(2)
               name   value
    0  신뢰구간의 신뢰 수준    0.95
    1         재표집 횟수 2000.00
    """
    drawing = inspect.signature(epoch_stability).parameters
    named = [
        ("confidence level of intervals", "신뢰구간의 신뢰 수준", drawing["level"].default),
        ("resamples", "재표집 횟수", drawing["resamples"].default),
        (
            "groups that an interval needs (of each class)",
            "신뢰구간에 필요한 그룹 수(클래스마다)",
            MIN_GROUPS,
        ),
        ("plateau: distance from the best F1", "평탄 구간: 최고 F1과의 차이", PLATEAU_TOLERANCE),
        (
            "threshold that those tried are compared with",
            "시험한 threshold를 비교하는 기준값",
            REFERENCE_THRESHOLD,
        ),
        (
            "change of the threshold whose chance of being told is given",
            "알아볼 확률을 구한 threshold의 변화",
            MOVE,
        ),
        (
            "distance in probability that counts as near the threshold",
            "threshold와 가깝다고 보는 확률의 차이",
            NEAR,
        ),
        (
            "share of simulations that chose epoch and model too in which recall missed the floor",
            "epoch과 모델까지 고른 모의실험에서 Recall이 하한에 못 미친 비율",
            MEASURED_SHORTFALL,
        ),
        *(("recall floor", "Recall 하한", floor) for floor in RECALL_FLOORS),
        (
            "difference in F1 below which no leaning is reported",
            "이보다 작은 F1의 차이는 쏠림이 없다고 적음",
            CLEAR_F1,
        ),
        (
            "flagged share from which nearly all is called harmful",
            "유해 판정 비율이 이 이상이면 사실상 모두 유해",
            MANY_FLAGGED,
        ),
        (
            "ratio of the classes below which they are nearly balanced",
            "클래스의 비가 이 미만이면 거의 균형",
            BALANCED,
        ),
        ("bits of the perceptual hash", "지각 해시의 비트 수", BITS),
        (
            "most values of a column that is divided by its values",
            "열에서 나누어 보는 값의 최대 가짓수",
            MOST_VALUES,
        ),
        ("ranges that a column of numbers is divided into", "수로 된 열을 나누는 구간의 수", BINS),
    ]
    return pd.DataFrame(
        [(written(en, ko), value) for en, ko, value in named], columns=["name", "value"]
    )
