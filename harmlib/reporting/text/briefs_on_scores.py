"""One sentence for parts of the report of a table of scores: its items, its sections.

All tables are of one section and go by it in mappings.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add

import pandas as pd

from harmlib.language import written
from harmlib.params.policies import OPERATING
from harmlib.reporting.text.cited_numbers import Row, count, rows
from harmlib.reporting.text.korean import MODALITY

Tables = Mapping[str, pd.DataFrame]


def unusable(account: pd.DataFrame) -> str:
    """Say how many items of each section could not be used.

    Parameters
    ----------
    account : DataFrame
        Of `harmlib.analysis.own_scores.missing.account_of_items`.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"section": "gun", "label": ["harmful", "safe"], "items": [3, 4],
    ...                       "used": [2, 4], "no_label": [0, 0], "no_score": [1, 0]})
    >>> unusable(table)
    '쓰지 못한 항목: gun 7개 중 1개.'
    >>> unusable(table.assign(used=table["items"]))
    '받은 항목을 모두 썼습니다: gun 7개.'
    """
    counts = {
        str(section): (_sum(own, "items"), _sum(own, "used"))
        for section, own in account.groupby("section", sort=False)
    }
    lost = [
        written(
            f"{MODALITY[section]} {items - used:,} of {items:,}",
            f"{MODALITY[section]} {items:,}개 중 {items - used:,}개",
        )
        for section, (items, used) in counts.items()
        if items > used
    ]
    if lost:
        found = ", ".join(lost)
        return written(f"Items that could not be used: {found}.", f"쓰지 못한 항목: {found}.")
    found = ", ".join(
        written(f"{MODALITY[section]} {items:,}", f"{MODALITY[section]} {items:,}개")
        for section, (items, _) in counts.items()
    )
    return written(f"All items were used: {found}.", f"받은 항목을 모두 썼습니다: {found}.")


def _sum(table: pd.DataFrame, column: str) -> float:
    """The sum of a column, which cites all its cells."""
    table.attrs = {**table.attrs}
    total: float = reduce(add, (one[column] for one in rows(table)))
    return total


def judged(results: Tables) -> str:
    """Say how many decisions the results on test count.

    Parameters
    ----------
    results : mapping of str to DataFrame
        One row per model; columns tp, fp, fn, tn.

    Returns
    -------
    str

    Examples
    --------
    >>> judged({"gun": pd.DataFrame({"variant": ["api"], "tp": 3, "fp": 1, "fn": 2, "tn": 4})})
    '모델마다 판정한 항목: gun 10개.'
    """
    sizes = {m: _decisions(next(rows(own))) for m, own in results.items()}
    counted = ", ".join(
        written(f"{MODALITY[m]} {size:,}", f"{MODALITY[m]} {size:,}개") for m, size in sizes.items()
    )
    return written(f"Items that each model judged: {counted}.", f"모델마다 판정한 항목: {counted}.")


def _decisions(one: Row) -> float:
    total: float = one.tp + one.fp + one.fn + one.tn
    return total


def policies(compared: Tables) -> str:
    """Say for how many policies, of each model, validation has a threshold.

    Parameters
    ----------
    compared : mapping of str to DataFrame
        As `harmlib.analysis.policies.compare_policies` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"policy": ["operating", "children", "night"],
    ...                       "state": ["ok", "ok", "infeasible"]})
    >>> policies({"gun": table})
    'threshold를 찾은 정책(모델마다 세어): gun 2개 중 1개.'
    """
    asked = {m: own[own["policy"] != OPERATING] for m, own in compared.items()}
    found = ", ".join(
        written(
            f"{MODALITY[m]} {count(own[own['state'] == 'ok'])} of {count(own)}",
            f"{MODALITY[m]} {count(own)}개 중 {count(own[own['state'] == 'ok'])}개",
        )
        for m, own in asked.items()
    )
    return written(
        f"Policies for which a threshold was found, counted for each model: {found}.",
        f"threshold를 찾은 정책(모델마다 세어): {found}.",
    )
