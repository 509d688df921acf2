"""What the held-out test split can tell, what it can't, and what it was used for."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, rows
from harmlib.reporting.text.korean import MODALITY, SPLIT, model_name, number, signed


def the_test_split() -> str:
    """Name the test split.

    Returns
    -------
    str

    Examples
    --------
    >>> the_test_split()
    '시험 분할'
    """
    return written("the test split", "시험 분할")


def group_shortage(counts: pd.DataFrame, modality: str) -> str:
    """Say which splits hold too few groups for any interval.

    Parameters
    ----------
    counts : DataFrame
        As `count_items` returns it; columns split, harmful_groups, safe_groups.
    modality : str

    Returns
    -------
    str
        Empty where there are enough groups.

    Examples
    --------
    >>> counts = pd.DataFrame({"split": ["val", "test"], "harmful_groups": [9, 1],
    ...                        "safe_groups": [9, 4]})
    >>> group_shortage(counts, "video")
    '비디오: 시험 분할은 유해 항목이 있는 그룹이 1개, 안전 항목이 있는 그룹이 4개뿐이라 신뢰구간과 판정을 적지
    않습니다(각각 5개 이상 필요). 항목이 많아도 원본이 적으면 얼마나 달라질 수 있는지 알 수 없습니다.'
    """
    parts = [
        written(
            f"the {SPLIT[split.split]} split has {split.harmful_groups} groups of harmful and "
            f"{split.safe_groups} of safe items",
            f"{SPLIT[split.split]} 분할은 유해 항목이 있는 그룹이 {split.harmful_groups}개, 안전 항목이 있는 그룹이 "
            f"{split.safe_groups}개",
        )
        for split in rows(counts)
        if split.split in ("val", "test")
        and min(split.harmful_groups, split.safe_groups) < MIN_GROUPS
    ]
    if not parts:
        return ""
    found = ", ".join(parts)
    return written(
        f"{MODALITY[modality]}: {found} only, so there are no intervals and no verdicts ({MIN_GROUPS} of "
        "each needed). However many items, few sources don't tell how far figures can move.",
        f"{MODALITY[modality]}: {found}뿐이라 신뢰구간과 판정을 적지 않습니다(각각 {MIN_GROUPS}개 이상 필요). "
        "항목이 많아도 원본이 적으면 얼마나 달라질 수 있는지 알 수 없습니다.",
    )


def drop_sentences(
    drops: pd.DataFrame, threshold_chosen: Collection[str], modality: str
) -> list[str]:
    """Say where F1 fell from validation to test by more than chance.

    Parameters
    ----------
    drops : DataFrame
    threshold_chosen : collection of str
        The variants whose threshold validation chose; of the others it chose the epoch only.
    modality : str

    Returns
    -------
    list of str
        Possibly none.

    Examples
    --------
    >>> drops = pd.DataFrame({"variant": ["model4"], "difference": -0.1, "low": -0.15,
    ...                       "high": -0.02})
    >>> drop_sentences(drops, {"model4"}, "video")
    ['비디오 Model 4의 F1은 검증에서 고른 epoch와 threshold를 시험에 적용하자 0.1000만큼 낮아졌습니다(모델 수만큼
    보정한 95% 신뢰구간 −0.1500~−0.0200). 검증 F1은 고르는 데 쓰인 만큼 부풀려져 있습니다.']
    """
    return [
        _drop(one, modality, one.variant in threshold_chosen) for one in rows(drops) if one.high < 0
    ]


def _drop(one: Row, modality: str, has_chosen: bool) -> str:
    name, fall = f"{MODALITY[modality]} {model_name(one.variant)}", number(-one.difference)
    low, high = signed(one.low), signed(one.high)
    return written(
        f"{name}: with the {'epoch and threshold' if has_chosen else 'epoch'} chosen on validation, F1 falls "
        f"by {fall} on test (95% CI corrected for the number of models {low} to {high}). F1 on validation "
        "is inflated by having been chosen by.",
        f"{name}의 F1은 검증에서 고른 {'epoch와 threshold를' if has_chosen else 'epoch를'} 시험에 적용하자 "
        f"{fall}만큼 낮아졌습니다(모델 수만큼 보정한 95% 신뢰구간 {low}~{high}). 검증 F1은 고르는 데 쓰인 만큼 부풀려져 "
        "있습니다.",
    )


def use_of_test(shown_rows: float) -> str:
    """Say what the test split was used for, and what a reader must not do with it.

    Parameters
    ----------
    shown_rows : float
        How many rows of results on test the report shows.

    Returns
    -------
    str

    Examples
    --------
    >>> use_of_test(61)
    '시험 분할은 epoch, threshold, 보정을 고르는 데 쓰지 않았습니다. 그러나 이 보고서는 시험 결과를 모두 61줄
    보여 줍니다. ...'
    """
    return written(
        "Test chose neither epoch nor threshold nor calibration. But this report shows "
        f"{shown_rows:,} rows of test results: whoever picks the best one to quote inflates it. So "
        "something is called better only where an interval corrected for the comparisons leaves 0.",
        "시험 분할은 epoch, threshold, 보정을 고르는 데 쓰지 않았습니다. 그러나 이 보고서는 시험 결과를 모두 "
        f"{shown_rows:,}줄 보여 줍니다. 그 가운데 가장 좋은 줄을 골라 인용하면 그 값은 부풀려집니다. 그래서 더 낫다는 "
        "문장은 비교한 수만큼 보정한 신뢰구간이 0을 벗어날 때만 썼습니다.",
    )
