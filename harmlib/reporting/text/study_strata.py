"""Sentences of the study: how well each stratum is judged, with and without having trained on it.

The tables are those of `harmlib.models.strata`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import Row, at, rows
from harmlib.reporting.text.korean import MODALITY, number, particle, signed

_NOT_MEASURED = Wordings(
    {
        "no_harmful": ("no harmful items", "유해 항목이 없습니다"),
        "one_class": (
            "without it, one class has too few items to train and validate on",
            "빼고 나면 학습하고 검증할 항목에 한쪽 클래스가 모자랍니다",
        ),
    }
)


def strata_sentences(strata: pd.DataFrame, modality: str) -> list[str]:
    """Say how well each stratum is judged, with and without having trained on it.

    Parameters
    ----------
    strata : DataFrame
        As `study_strata` returns it.
    modality : str

    Returns
    -------
    list of str
        One sentence per stratum, and one on those that no path fits.

    Examples
    --------
    >>> strata = pd.DataFrame({"stratum": "불", "harmful": 73, "safe": 399, "harmful_groups": 73,
    ...     "safe_groups": 399, "against": "own", "harmful_share": 0.15,
    ...     "metric": ["average_precision"] * 3 + ["roc_auc"] * 3,
    ...     "trained": ["with", "without", "difference"] * 2, "state": "ok",
    ...     "value": [0.6, 0.3, -0.3, 0.9, 0.7, -0.2], "low": [0.5, 0.2, -0.4] * 2,
    ...     "high": [0.7, 0.4, -0.2] * 2})
    >>> strata_sentences(strata, "image")
    ['이미지 불(유해 73개, 안전 399개): AP는 다른 불 항목으로 학습했을 때 0.6000(95% 신뢰구간 0.500~0.700), 불을 전혀
    보지 않고 학습했을 때 0.3000(95% 신뢰구간 0.200~0.400)이며, 우연이라면 0.150입니다. 본 적이 없으면 AP가 낮아집니다(차이
    −0.3000, 보정한 95% 신뢰구간 −0.4000~−0.2000). AUC는 0.9000과 0.7000입니다.']
    """
    without = list(dict.fromkeys(strata.loc[strata["state"] == "no_items", "stratum"]))
    sentences = [
        _stratum(name, own, modality)
        for name, own in strata.groupby("stratum", sort=False)
        if name not in without
    ]
    if without:
        names = f"{MODALITY[modality]} {', '.join(without)}"
        sentences.append(
            written(f"{names}: no item's path fits.", f"{names}: 경로가 맞는 항목이 없습니다.")
        )
    return sentences


def _stratum(name: str, own: pd.DataFrame, modality: str) -> str:
    first = at(own, own.index[0])
    head = f"{MODALITY[modality]} {name}"
    if first.state in _NOT_MEASURED:
        return f"{head}: {_NOT_MEASURED[first.state]}."
    ap, auc = (
        {one.trained: one for one in rows(own[own["metric"] == metric])}
        for metric in ("average_precision", "roc_auc")
    )
    against = written(
        "; no safe items of its own, so against all other safe items",
        ", 안전 항목이 없어 다른 안전 항목 모두와 비교",
    )
    against = "" if first.against == "own" else against
    text = written(
        f"{head} ({first.harmful:.0f} harmful, {first.safe:.0f} safe{against}): AP is "
        f"{_level(ap['with'])} after training on other items of {name}, {_level(ap['without'])} "
        f"after training on none; by chance it would be {number(first.harmful_share, 3)}.",
        f"{head}(유해 {first.harmful:.0f}개, 안전 {first.safe:.0f}개{against}): AP는 다른 {name} 항목으로 학습했을 때 "
        f"{_level(ap['with'])}, {particle(name, '을/를')} 전혀 보지 않고 학습했을 때 {_level(ap['without'])}이며, "
        f"우연이라면 {number(first.harmful_share, 3)}입니다.",
    )
    seen, unseen = number(auc["with"].value), number(auc["without"].value)
    aucs = written(
        f" AUC is {seen} and {unseen}.", f" AUC는 {particle(seen, '과/와')} {unseen}입니다."
    )
    return f"{text} {_unseen(first, ap['difference'])}{aucs}"


def _unseen(first: Row, apart: Row) -> str:
    """What not having seen the stratum does to AP."""
    if first.state == "few_groups":
        return written(
            f"With {first.harmful_groups:.0f} harmful and {first.safe_groups:.0f} safe groups there "
            f"is no interval ({MIN_GROUPS} of each needed).",
            f"유해 그룹 {first.harmful_groups:.0f}개, 안전 그룹 {first.safe_groups:.0f}개라 신뢰구간을 낼 수 "
            f"없습니다(각각 {MIN_GROUPS}개 필요).",
        )
    difference, low, high = signed(apart.value), signed(apart.low), signed(apart.high)
    facts = written(
        f"(difference {difference}, corrected 95% CI {low} to {high})",
        f"(차이 {difference}, 보정한 95% 신뢰구간 {low}~{high})",
    )
    if apart.high < 0:
        return written(
            f"Not having seen any lowers AP {facts}.", f"본 적이 없으면 AP가 낮아집니다{facts}."
        )
    if apart.low > 0:
        return written(
            f"Not having seen any even raises AP {facts}.",
            f"본 적이 없을 때 AP가 오히려 높습니다{facts}.",
        )
    return written(
        f"There is too little ground to say that having seen some makes a difference {facts}.",
        f"본 적이 있는지에 따라 AP가 다르다고 볼 근거는 부족합니다{facts}.",
    )


def _level(one: Row) -> str:
    if pd.isna(one.low):
        return number(one.value)
    low, high = number(one.low, 3), number(one.high, 3)
    return written(
        f"{number(one.value)} (95% CI {low} to {high})",
        f"{number(one.value)}(95% 신뢰구간 {low}~{high})",
    )
