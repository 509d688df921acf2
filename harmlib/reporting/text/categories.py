"""Sentences about a run that learns categories: the decision over all of them, and what none learns."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, literal, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number

_SHOWN = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
_COLUMNS = ["variant", "n", "tp", "fp", "fn", "tn", "accuracy", *_SHOWN]


def any_caption(modality: str) -> str:
    """Say what the table of decisions over all categories shows.

    Parameters
    ----------
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> any_caption("image")[:27]
    '이미지: 카테고리 하나라도 자기 threshold'
    """
    return written(
        f"{MODALITY[modality]}: results on test where an item is flagged as soon as one category passes "
        "its threshold (the label is whether it is harmful, in whatever category)",
        f"{MODALITY[modality]}: 카테고리 하나라도 자기 threshold를 넘으면 유해로 판정한 시험 분할의 결과(라벨은 카테고리와 "
        "상관없이 유해인지)",
    )


def shown_any(test: pd.DataFrame) -> pd.DataFrame:
    """Take the columns of decisions over all categories that the report shows.

    Parameters
    ----------
    test : DataFrame
        As `harmlib.analysis.operating_points.compare_on_test` returns it of `any_category`.

    Returns
    -------
    DataFrame
        Without AP and AUC: a decision ranks nothing.

    Examples
    --------
    >>> test = pd.DataFrame({"variant": ["m"], "epoch": 1, "threshold": 0.5, "roc_auc": 0.5}
    ...                     | dict.fromkeys(_COLUMNS[1:], 1))
    >>> shown_any(test).columns.tolist()[:3]
    ['variant', 'n', 'tp']
    """
    return test[_COLUMNS].copy()


def any_sentences(test: pd.DataFrame, intervals: pd.DataFrame, modality: str) -> list[str]:
    """Say how well the decision over all categories does, one sentence a model.

    Parameters
    ----------
    test : DataFrame
        As in `shown_any`.
    intervals : DataFrame
        As `harmlib.analysis.comparison_tables.intervals_on_test` returns them of `any_category`.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> test = pd.DataFrame({"variant": ["model4"], "fp": [3], "fn": [2]})
    >>> found = pd.DataFrame({"variant": "model4", "metric": ["precision", "recall", "f1"],
    ...                       "value": [0.9, 0.8, 0.85], "low": [0.85, 0.7, float("nan")],
    ...                       "high": [0.95, 0.9, float("nan")]})
    >>> any_sentences(test, found, "image")
    ['이미지 Model 4: 카테고리 하나라도 자기 threshold를 넘으면 유해로 판정할 때 시험 Precision 0.9000(95% 신뢰구간
    0.8500~0.9500), Recall 0.8000(95% 신뢰구간 0.7000~0.9000), F1 0.8500(그룹이 적어 신뢰구간 없음)이며, 오탐은 3개,
    미탐은 2개입니다.']
    """
    sentences = []
    for one in rows(test[test["variant"] != BASELINE]):
        own = intervals[intervals["variant"] == one.variant]
        said = ", ".join(_figure(row(own, "metric", name), words) for name, words in _SHOWN.items())
        name = f"{MODALITY[modality]} {literal(model_name(one.variant))}"
        sentences.append(
            written(
                f"{name}: flagging an item as soon as one category passes its threshold gives, on "
                f"test, {said}, with {one.fp:,} false alarms and {one.fn:,} misses.",
                f"{name}: 카테고리 하나라도 자기 threshold를 넘으면 유해로 판정할 때 시험 {said}이며, 오탐은 {one.fp:,}개, "
                f"미탐은 {one.fn:,}개입니다.",
            )
        )
    return sentences


def _figure(one: Row, words: str) -> str:
    low, high = number(one.low), number(one.high)
    ends = written("too few groups for an interval", "그룹이 적어 신뢰구간 없음")
    if pd.notna(one.low):
        ends = written(f"95% CI {low} to {high}", f"95% 신뢰구간 {low}~{high}")
    return written(f"{words} {number(one.value)} ({ends})", f"{words} {number(one.value)}({ends})")


def not_learned(categories: pd.Series, learned: Collection[str], modality: str) -> str:
    """Say which harmful items are of no category that is learned.

    Parameters
    ----------
    categories : Series of str
        Of the modality's items, as the manifest holds them.
    learned : collection of str
    modality : str

    Returns
    -------
    str
        Empty where there are none.

    Examples
    --------
    >>> not_learned(pd.Series(["gun", "knife", "", "knife|gun"]), ["gun"], "image")
    '이미지: 유해 항목 1개는 배우지 않는 카테고리(knife 1개)뿐이어서 어느 절에서도 양성이 아니고, 전체 판정에서만 유해로 셉니다.'
    """
    sets = categories[categories != ""].str.split("|")
    alone = sets[[not set(own) & set(learned) for own in sets]]
    if alone.empty:
        return ""
    counts = alone.explode().value_counts()
    named = ", ".join(
        written(f"{literal(str(name))} {count:,}", f"{literal(str(name))} {count:,}개")
        for name, count in counts.items()
    )
    return written(
        f"{MODALITY[modality]}: {len(alone):,} harmful items are of categories that aren't learned "
        f"({named}) and so positive in no section; they count as harmful in the decision over all.",
        f"{MODALITY[modality]}: 유해 항목 {len(alone):,}개는 배우지 않는 카테고리({named})뿐이어서 어느 절에서도 양성이 아니고, "
        "전체 판정에서만 유해로 셉니다.",
    )


def what_sections_are(sections: Collection[str]) -> str:
    """Say what harmful and safe mean in the sections of categories.

    Parameters
    ----------
    sections : collection of str
        Such as ``image-gun``.

    Returns
    -------
    str

    Examples
    --------
    >>> what_sections_are(["image-gun", "image-fire"])
    '절(이미지 gun, 이미지 fire)마다 ‘유해’는 그 카테고리의 항목, ‘안전’은 다른 카테고리를 포함한 나머지 모든 항목입니다.'
    """
    names = ", ".join(literal(MODALITY[name]) for name in sections)
    return written(
        f"In each section ({names}), ‘harmful’ are the items of that category, and ‘safe’ all others, "
        "those of other categories among them.",
        f"절({names})마다 ‘유해’는 그 카테고리의 항목, ‘안전’은 다른 카테고리를 포함한 나머지 모든 항목입니다.",
    )


def no_categories() -> str:
    """Say that the run learns no categories.

    Returns
    -------
    str

    Examples
    --------
    >>> no_categories()[:21]
    '이 실행은 카테고리를 나누어 배우지 않'
    """
    return written(
        "This run learns no categories (setting `data.labels`).",
        "이 실행은 카테고리를 나누어 배우지 않습니다(설정의 `data.labels`).",
    )
