"""Labels in doubt in words: their tables and sentences."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.label_doubts import SHOWN
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, literal, rows
from harmlib.reporting.text.korean import LABEL, MODALITY, model_name

_SHOWN_ON_PAGE = 10


def no_second_label() -> str:
    """Say that there is nothing to tell agreement from.

    Returns
    -------
    str

    Examples
    --------
    >>> no_second_label()[:11]
    '두 번째 라벨이 점수'
    """
    return written(
        "The table of scores has no second label, so how well raters agree can't be known (setting "
        "`columns: {label2: its column}`).",
        "두 번째 라벨이 점수표에 없어 라벨을 붙인 사람 사이의 일치도는 알 수 없습니다(설정의 `columns: {label2: 열 이름}`).",
    )


def doubt_caption(section: str) -> str:
    """Say what the rows of the table of doubts are.

    Parameters
    ----------
    section : str

    Returns
    -------
    str

    Examples
    --------
    >>> doubt_caption("gun")[:19]
    'gun: 점수가 라벨과 가장 크게 '
    """
    return written(
        f"{MODALITY[section]}: items whose scores contradict their labels most (the first "
        f"{_SHOWN_ON_PAGE} of each model; {SHOWN} are in tables/doubts_{section}.csv). Probabilities "
        "are calibrated on the other side (validation, or the other half).",
        f"{MODALITY[section]}: 점수가 라벨과 가장 크게 어긋나는 항목(모델마다 처음 {_SHOWN_ON_PAGE}개, "
        f"{SHOWN}개까지는 tables/doubts_{section}.csv). 확률은 다른 쪽(검증 또는 다른 반)에서 보정한 값입니다.",
    )


def shown_doubts(table: pd.DataFrame) -> pd.DataFrame:
    """Write the first rows of the ranking for people.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.label_doubts.ranked_labels` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["api"], "rank": 1, "item_id": "a", "group": "g",
    ...                       "label": 0, "probability": 0.98, "is_suspect": True})
    >>> shown_doubts(table).astype(str).iloc[0].tolist()
    ['api', '1', 'a', 'g', '안전', '0.980', '의심']
    """
    own = table[table["rank"] <= _SHOWN_ON_PAGE]
    return pd.DataFrame(
        {
            "variant": own["variant"],
            written("Rank", "순위"): own["rank"],
            written("Item", "항목"): own["item_id"],
            "group": own["group"],
            written("Its label", "붙어 있는 라벨"): own["label"].map(LABEL),
            written("Probability of harmful (calibrated)", "유해일 확률(보정)"): own[
                "probability"
            ].map("{:.3f}".format),
            written("Verdict", "판단"): own["is_suspect"].map(
                {True: written("in doubt", "의심"), False: "–"}
            ),
        }
    )


def doubt_sentences(bounds: pd.DataFrame, section: str) -> list[str]:
    """Say how far F1 could move if the labels in doubt were wrong.

    Parameters
    ----------
    bounds : DataFrame
        As `harmlib.analysis.label_doubts.doubt_bounds` returns it.
    section : str

    Returns
    -------
    list of str
        Numbers cite their cells.

    Examples
    --------
    >>> bounds = pd.DataFrame({"variant": ["api"], "which": "suspects", "items": 4, "f1": 0.8,
    ...                        "f1_relabelled": 0.85, "f1_low": 0.79, "f1_high": 0.86})
    >>> doubt_sentences(bounds, "gun")
    ['gun: api: 라벨이 의심되는 항목 4개가 모두 틀린 라벨일 때의 시험 F1은 0.850입니다(지금 0.800). 그중 어느 것이 틀렸든 0.790~0.860 안에 있습니다.']
    """
    lines = []
    for one in rows(bounds):
        head = f"{literal(MODALITY[section])}: {literal(model_name(one.variant))}:"
        if not one["items"]:
            none = written(
                "by their scores, no labels are in doubt.",
                "점수로 보아 라벨이 의심되는 항목이 없습니다.",
            )
            lines.append(f"{head} {none}")
            continue
        is_suspect = one.which == "suspects"
        lines.append(
            written(
                f"{head} if the labels of {one['items']:,} items "
                f"{'in doubt' if is_suspect else 'first in rank'} were all wrong, F1 on test would be "
                f"{one.f1_relabelled:.3f} (now {one.f1:.3f}). Whichever of them are wrong, it lies "
                f"between {one.f1_low:.3f} and {one.f1_high:.3f}.",
                f"{head} {'라벨이 의심되는' if is_suspect else '순위가 앞선'} 항목 {one['items']:,}개가 모두 틀린 라벨일 때의 "
                f"시험 F1은 {one.f1_relabelled:.3f}입니다(지금 {one.f1:.3f}). 그중 어느 것이 틀렸든 "
                f"{one.f1_low:.3f}~{one.f1_high:.3f} 안에 있습니다.",
            )
        )
    return lines


def agreement_sentence(table: pd.DataFrame, section: str) -> str:
    """Say how well two raters agree.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.label_doubts.rater_agreement` returns it.
    section : str

    Returns
    -------
    str
        Numbers cite their cells.

    Examples
    --------
    >>> table = pd.DataFrame({"items": [40], "agreement": 0.9, "kappa": 0.8, "kappa_low": 0.6,
    ...     "kappa_high": 0.95, "only_first": 3, "only_second": 1, "groups": 20})
    >>> agreement_sentence(table, "gun")
    'gun: 두 사람이 모두 라벨을 붙인 항목 40개 가운데 90.0%에서 라벨이 같습니다(첫째만 유해 3개, 둘째만 유해 1개). Cohen의 κ 0.800, 95% 신뢰구간 [0.600, 0.950](그룹 20개).'
    """
    (one,) = rows(table)
    name = literal(MODALITY[section])
    if not one["items"]:
        return written(
            f"{name}: no item has a second label.",
            f"{name}: 두 번째 라벨이 있는 항목이 없습니다.",
        )
    return written(
        f"{name}: of {one['items']:,} items that both raters labelled, {one.agreement:.1%} have the "
        f"same label (harmful to the first only {one.only_first:,}, to the second only "
        f"{one.only_second:,}). {_kappa(one)}",
        f"{name}: 두 사람이 모두 라벨을 붙인 항목 {one['items']:,}개 가운데 {one.agreement:.1%}에서 라벨이 같습니다"
        f"(첫째만 유해 {one.only_first:,}개, 둘째만 유해 {one.only_second:,}개). {_kappa(one)}",
    )


def _kappa(one: Row) -> str:
    if pd.isna(one.kappa):
        return written(
            "There is no Cohen's κ, as both gave one label only.",
            "Cohen의 κ는 두 사람이 한 가지 라벨만 붙여 구할 수 없습니다.",
        )
    ends = f"[{one.kappa_low:.3f}, {one.kappa_high:.3f}]"
    within = written(f"95% CI {ends}", f"95% 신뢰구간 {ends}")
    if pd.isna(one.kappa_low):
        within = written("too few groups for an interval", "그룹이 적어 신뢰구간 없음")
    return written(
        f"Cohen's κ {one.kappa:.3f}, {within} ({one.groups:,} groups).",
        f"Cohen의 κ {one.kappa:.3f}, {within}(그룹 {one.groups:,}개).",
    )
