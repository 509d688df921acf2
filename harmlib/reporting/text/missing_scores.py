"""Where every item of a table of scores went, and what the missing could change.

The tables are those of `harmlib.analysis.own_scores.missing`.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import pandas as pd

from harmlib.analysis.own_scores.missing import SCORES
from harmlib.language import Wordings, written
from harmlib.reporting.text.account import METRICS, moved
from harmlib.reporting.text.cited_numbers import row, rows
from harmlib.reporting.text.korean import MODALITY, model_name

_SHOWN_ON_PAGE = 20
_LABELS = Wordings({"harmful": ("harmful", "유해"), "safe": ("safe", "안전")})
_REASONS = Wordings(
    {
        "no label": ("no label", "라벨 없음"),
        "no score": ("no score", "점수 없음"),
        "no row": ("no row", "줄 없음"),
    }
)


def account_sentence(account: pd.DataFrame, section: str) -> str:
    """Say that items in = items used + missing items, with the numbers.

    Parameters
    ----------
    account : DataFrame
        Of `harmlib.analysis.own_scores.missing.account_of_items`.
    section : str
        One of its sections.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"section": "gun", "label": ["harmful", "unknown"], "items": [3, 1],
    ...                       "used": [2, 0], "no_label": [0, 1], "no_score": [1, 0]})
    >>> account_sentence(table, "gun")
    'gun: 받은 항목 4개 = 쓴 항목 2개 + 점수가 없는 항목 1개 + 라벨이 없는 항목 1개입니다.'
    """
    own = account[account["section"] == section]
    items, used, no_score, no_label = (
        reduce(add, (one[name] for one in rows(own)))
        for name in ("items", "used", "no_score", "no_label")
    )
    name = MODALITY[section]
    if not no_score + no_label:
        return written(
            f"{name}: {items:,} items in = {used:,} used; none are missing.",
            f"{name}: 받은 항목 {items:,}개 = 쓴 항목 {used:,}개이며, 쓰지 못한 항목은 없습니다.",
        )
    en, ko = f"{items:,} items in = {used:,} used", f"받은 항목 {items:,}개 = 쓴 항목 {used:,}개"
    if no_score:
        en, ko = f"{en} + {no_score:,} without a score", f"{ko} + 점수가 없는 항목 {no_score:,}개"
    if no_label:
        en, ko = f"{en} + {no_label:,} without a label", f"{ko} + 라벨이 없는 항목 {no_label:,}개"
    return written(f"{name}: {en}.", f"{name}: {ko}입니다.")


def missing_sentences(bounds: pd.DataFrame, section: str) -> list[str]:
    """Say how far the figures could move if every missing item had been judged wrongly.

    Parameters
    ----------
    bounds : DataFrame
        Of `harmlib.analysis.own_scores.missing.missing_bounds`.
    section : str
        Whose bounds they are.

    Returns
    -------
    list of str
        One sentence per model and reading; none where nothing is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "api", "lost": "all", "harmful": 1, "safe": 0, "unknown": 2,
    ...                       "metric": ["recall", "precision", "f1", "accuracy"], "value": 0.8,
    ...                       "low": 0.7, "high": 0.9})
    >>> missing_sentences(table, "gun")[0]
    'gun: 쓰지 못한 항목(유해 1개, 안전 0개, 라벨 모름 2개)을 모두 잘못 판정했다면 api의 수치는 Recall은 0.8000에서 0.7000, Precision은 0.8000에서 0.7000, F1은 0.8000에서 0.7000, 정확도는 0.8000에서 0.7000까지 낮아질 수 있습니다. 라벨을 모르는 항목은 수치마다 가장 불리한 쪽으로 셌습니다.'
    """
    return [
        _reading(own, section)
        for _, own in bounds.groupby(["variant", "lost"], sort=False)
    ]  # fmt: skip


def _reading(own: pd.DataFrame, section: str) -> str:
    first = next(rows(own))
    what = written("items that can't be used", "쓰지 못한 항목")
    if first.lost == SCORES:
        what = written("items without a score", "점수가 없는 항목")
    counts = written(
        f"{first.harmful:,} harmful, {first.safe:,} safe",
        f"유해 {first.harmful:,}개, 안전 {first.safe:,}개",
    )
    if first.unknown:
        counts += written(
            f", {first.unknown:,} of unknown label", f", 라벨 모름 {first.unknown:,}개"
        )
    ends = ", ".join(moved(name, row(own, "metric", metric)) for metric, name in METRICS.items())
    name, model = MODALITY[section], model_name(first.variant)
    text = written(
        f"{name}: if all {what} ({counts}) had been judged wrongly, the figures of {model} could go "
        f"down: {ends}.",
        f"{name}: {what}({counts})을 모두 잘못 판정했다면 {model}의 수치는 {ends}까지 낮아질 수 있습니다.",
    )
    if not first.unknown:
        return text
    worst = written(
        "Items of unknown label count as what is worst for each figure.",
        "라벨을 모르는 항목은 수치마다 가장 불리한 쪽으로 셌습니다.",
    )
    return f"{text} {worst}"


def reasons_caption() -> str:
    """Say what the rows of `shown_reasons` are.

    Returns
    -------
    str

    Examples
    --------
    >>> reasons_caption()
    '항목을 쓰지 못한 이유(모든 줄은 tables/lost.csv)'
    """
    return written(
        "Why items could not be used (all rows: tables/lost.csv)",
        "항목을 쓰지 못한 이유(모든 줄은 tables/lost.csv)",
    )


def bounds_caption(section: str) -> str:
    """Say what the rows of a table of bounds are.

    Parameters
    ----------
    section : str

    Returns
    -------
    str

    Examples
    --------
    >>> bounds_caption("gun")
    'gun: 쓰지 못한 항목에 따른 수치의 범위'
    """
    return written(
        f"{MODALITY[section]}: where the figures could lie for the items that can't be used",
        f"{MODALITY[section]}: 쓰지 못한 항목에 따른 수치의 범위",
    )


def shown_ledger(ledger: pd.DataFrame) -> pd.DataFrame:
    """Take the first items that could not be used, for people.

    Parameters
    ----------
    ledger : DataFrame
        ``ledger.csv`` of a table of scores; an item stands for a file.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"path": ["a"], "label": "harmful", "modality": "gun", "step": "scores",
    ...                       "reason": "no score of api"})
    >>> shown_ledger(table).to_numpy().tolist()
    [['a', '유해', 'gun', '점수 없음(api)']]
    """
    own = ledger.head(_SHOWN_ON_PAGE)
    return pd.DataFrame(
        {
            written("Item", "항목"): own["path"],
            written("Its label", "붙어 있는 라벨"): own["label"].map(_LABELS).fillna("–"),
            written("Section", "절"): own["modality"].map(lambda name: MODALITY[name]),
            written("Reason", "이유"): own["reason"].map(_reason),
        }
    )


def _reason(told: str) -> str:
    """Such as ``no score of api``, for people."""
    reason, _, model = told.partition(" of ")
    return f"{_REASONS[reason]}({model_name(model)})" if model else _REASONS[reason]


def ledger_caption() -> str:
    """Say what the rows of `shown_ledger` are.

    Returns
    -------
    str

    Examples
    --------
    >>> ledger_caption()
    '쓰지 못한 항목(처음 20개, 전체는 ledger.csv)'
    """
    return written(
        f"Items that could not be used (the first {_SHOWN_ON_PAGE}; all are in ledger.csv)",
        f"쓰지 못한 항목(처음 {_SHOWN_ON_PAGE}개, 전체는 ledger.csv)",
    )


def shown_reasons(lost: pd.DataFrame) -> pd.DataFrame:
    """Count the missing by section, model and reason, for people.

    Parameters
    ----------
    lost : DataFrame
        ``tables/lost.csv``: section, model, reason.

    Returns
    -------
    DataFrame
        With the page's names; empty where nothing is missing.

    Examples
    --------
    >>> lost = pd.DataFrame({"section": "gun", "model": ["api", "api"], "reason": "no score"})
    >>> shown_reasons(lost).to_numpy().tolist()
    [['gun', 'api', '점수 없음', 2]]
    """
    known = lost.fillna({"model": ""})
    counted = known.groupby(["section", "model", "reason"], sort=False).size()
    told = [
        (MODALITY[section], model_name(model) if model else "-", _REASONS[reason], int(n))
        for (section, model, reason), n in counted.items()
    ]
    names = (("Section", "절"), ("Model", "모델"), ("Reason", "이유"), ("Items", "항목 수"))
    return pd.DataFrame(told, columns=[written(*one) for one in names])
