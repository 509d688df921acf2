"""What a reader should hold against the results of a table of scores, and what to do about it.

Each sentence follows a rule over a table and ends in a link to the part of the page that shows it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import count
from harmlib.reporting.text.korean import MODALITY, model_name
from harmlib.reporting.text.limits import with_evidence
from harmlib.reporting.text.policies import policy_sentences

Tables = Mapping[str, pd.DataFrame]


def sources_unknown(read_as: pd.DataFrame) -> list[str]:
    """Say that nothing tells which items come from one source.

    Parameters
    ----------
    read_as : DataFrame
        ``tables/read_as.csv``: what, name, read_as.

    Returns
    -------
    list of str
        Empty where a column tells the groups.

    Examples
    --------
    >>> table = pd.DataFrame({"what": ["column"], "name": ["id"], "read_as": ["item"]})
    >>> sources_unknown(table)[0][:30]
    '점수표에 그룹(출처) 열이 없어 항목마다 출처가 다르다'
    >>> sources_unknown(table.assign(read_as="group"))
    []
    """
    if ((read_as["what"] == "column") & (read_as["read_as"] == "group")).any():
        return []
    sentence = written(
        "No column of the table tells the groups (sources), so each item counts as a source of its own. "
        "Where several come from one, the intervals are too narrow. **Next:** name the column "
        "(`columns: {group: its name}`).",
        "점수표에 그룹(출처) 열이 없어 항목마다 출처가 다르다고 보았습니다. 한 출처에서 온 항목이 여럿이면 신뢰구간이 실제보다 좁습니다. "
        "**다음:** 그 열을 설정에 적습니다(`columns: {group: 열 이름}`).",
    )
    return with_evidence([sentence], "cell-id=read")


def no_threshold(operating_points: Tables) -> list[str]:
    """Say for which models no threshold could be chosen.

    Parameters
    ----------
    operating_points : mapping of str to DataFrame
        By section; columns variant, state.

    Returns
    -------
    list of str
        Empty where all have one.

    Examples
    --------
    >>> no_threshold({"gun": pd.DataFrame({"variant": ["api"], "state": "constant_scores"})})
    ['모든 항목의 점수가 같아 threshold를 고를 수 없는 모델: gun api. [근거](#cell-id=line)']
    """
    names = [
        f"{MODALITY[m]} {model_name(str(variant))}"
        for m, own in operating_points.items()
        for variant in own.loc[own["state"] != "ok", "variant"].unique()
    ]
    if not names:
        return []
    found = ", ".join(names)
    sentence = written(
        f"Models that give every item the same score, so that no threshold can be chosen: {found}.",
        f"모든 항목의 점수가 같아 threshold를 고를 수 없는 모델: {found}.",
    )
    return with_evidence([sentence], "cell-id=line")


def labels_in_doubt(brief: str, bounds: Tables) -> list[str]:
    """Say that somebody has to look at the labels in doubt.

    Parameters
    ----------
    brief : str
        How many there are, as `harmlib.reporting.text.briefs_on_data.doubts` says it.
    bounds : mapping of str to DataFrame
        What it was said of.

    Returns
    -------
    list of str
        Empty where no label is in doubt.

    Examples
    --------
    >>> bounds = pd.DataFrame({"which": ["suspects"], "items": [4]})
    >>> labels_in_doubt("라벨이 의심되는 항목: gun 4개.", {"gun": bounds})
    ['라벨이 의심되는 항목: gun 4개. **다음:** 사람이 다시 보고, 틀린 라벨을 고쳐 다시 분석합니다. [근거](#scores-labels)']
    """
    found = [own[(own["which"] == "suspects") & (own["items"] > 0)] for own in bounds.values()]
    if not sum(map(len, found)):
        return []
    step = written(
        "**Next:** look at them again, correct the labels that are wrong, and analyse again.",
        "**다음:** 사람이 다시 보고, 틀린 라벨을 고쳐 다시 분석합니다.",
    )
    return with_evidence([f"{brief} {step}"], "scores-labels")


def sections_left_out(left_out: pd.DataFrame) -> list[str]:
    """Say that sections were not analysed.

    Parameters
    ----------
    left_out : DataFrame
        ``tables/left_out.csv``, one row a section.

    Returns
    -------
    list of str
        Empty where none was left out.

    Examples
    --------
    >>> sections_left_out(pd.DataFrame({"section": ["fire"]}))
    ['항목이 모자라 분석하지 않은 절: 1개(fire). [근거](#scores-items)']
    """
    if left_out.empty:
        return []
    names = ", ".join(MODALITY[name] for name in left_out["section"])
    sentence = written(
        f"Sections with too few items to be analysed: {count(left_out)} ({names}).",
        f"항목이 모자라 분석하지 않은 절: {count(left_out)}개({names}).",
    )
    return with_evidence([sentence], "scores-items")


def use_of_test() -> list[str]:
    """Say what the results were not chosen by, and what a reader must not choose by.

    Returns
    -------
    list of str

    Examples
    --------
    >>> use_of_test()[0].endswith("(#scores-results)")
    True
    """
    sentence = written(
        "No item was judged by a threshold that it helped to choose. This report shows many rows of "
        "results on test, though: whoever quotes the best of them quotes too much. So a sentence says "
        "that something is better only where the interval, corrected for the number compared, excludes "
        "0.",
        "어느 항목도 그 항목을 보고 고른 threshold로 판정하지 않았습니다. 그러나 이 보고서에는 시험 결과가 여러 줄 있어, 그 가운데 가장 "
        "좋은 줄을 골라 인용하면 그 값은 부풀려집니다. 그래서 더 낫다는 문장은 비교한 수만큼 보정한 신뢰구간이 0을 벗어날 때만 썼습니다.",
    )
    return with_evidence([sentence], "scores-results")


def policies_not_kept(policies: pd.DataFrame, variant: str, section: str) -> list[str]:
    """Say which policies one model can't keep.

    Parameters
    ----------
    policies : DataFrame
        As `harmlib.analysis.policies.compare_policies` returns it.
    variant : str
    section : str

    Returns
    -------
    list of str
        One a policy for which validation has no threshold, or which test says is missed.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["api", "open"], "policy": "children", "state": "infeasible",
    ...                       "asked": "recall>=0.99", "kept": "", "prevalence_from": "data"})
    >>> policies_not_kept(table, "api", "gun")
    ['gun: api의 children 정책(Recall 0.99 이상)은 조건을 만족하는 threshold가 검증에 없어 수치를 적지 않습니다. [근거](#policies)']
    """
    own = policies[policies["variant"] == variant]
    failed = own[(own["state"] != "ok") | (own["kept"] == "missed")]
    return with_evidence(policy_sentences(failed.assign(prevalence_from=""), section), "policies")
