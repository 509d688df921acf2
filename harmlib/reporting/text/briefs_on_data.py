"""One sentence for each folded part of the report: what is known of the data and the run.

All tables are of one modality (`image`, `video` or a section) and go by it in mappings; they are
those of `harmlib.reporting.report.Report`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import count, row
from harmlib.reporting.text.korean import MODALITY

Tables = Mapping[str, pd.DataFrame]


def audited(published: pd.DataFrame, findings: pd.DataFrame) -> str:
    """Say how many printed rows were audited, and how much was found.

    Parameters
    ----------
    published : DataFrame
        `tables/published.csv`.
    findings : DataFrame
        `tables/audit.csv`.

    Returns
    -------
    str

    Examples
    --------
    >>> audited(pd.DataFrame({"f1": [0.8, 0.9]}), pd.DataFrame({"kind": ["baseline"]}))
    '인쇄된 2줄에서 확인한 것은 1가지입니다.'
    """
    return written(
        f"{count(findings)} findings in {count(published)} printed rows.",
        f"인쇄된 {count(published)}줄에서 확인한 것은 {count(findings)}가지입니다.",
    )


def near_duplicates(pairs: Tables) -> str:
    """Say how many pairs of nearly the same files were found across groups.

    Parameters
    ----------
    pairs : mapping of str to DataFrame
        As `harmlib.analysis.near_duplicates.near_duplicates` returns it, by modality.

    Returns
    -------
    str

    Examples
    --------
    >>> near_duplicates({"video": pd.DataFrame({"item_a": ["a"]})})
    '항목마다 가장 가까운 짝을 남긴 거의 같은 쌍: 비디오 1개.'
    """
    found = ", ".join(
        written(f"{MODALITY[m]} {count(own)}", f"{MODALITY[m]} {count(own)}개")
        for m, own in pairs.items()
    )
    return written(
        f"Pairs of nearly the same files, the nearest of each item: {found}.",
        f"항목마다 가장 가까운 짝을 남긴 거의 같은 쌍: {found}.",
    )


def slices(tables: Tables) -> str:
    """Say how many values could be compared with the rest.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As `harmlib.analysis.slices.slice_table` returns it, of one model each.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"state": ["ok"], "recall_difference_high": -0.1,
    ...                       "false_alarm_rate_difference_low": -0.2})
    >>> slices({"video": table})
    '나머지 항목보다 나쁘다고 볼 근거가 있는 값: 비디오 1개 중 1개.'
    """
    found = []
    for m, own in tables.items():
        known = own[own["state"] == "ok"]
        worse = known[
            (known["recall_difference_high"] < 0) | (known["false_alarm_rate_difference_low"] > 0)
        ]
        found.append(
            written(
                f"{MODALITY[m]} {count(worse)} of {count(known)}",
                f"{MODALITY[m]} {count(known)}개 중 {count(worse)}개",
            )
        )
    told = ", ".join(found)
    return written(
        f"Values for which there is evidence that they are worse than the rest: {told}.",
        f"나머지 항목보다 나쁘다고 볼 근거가 있는 값: {told}.",
    )


def doubts(bounds: Tables) -> str:
    """Say how many labels are in doubt.

    Parameters
    ----------
    bounds : mapping of str to DataFrame
        As `harmlib.analysis.label_doubts.doubt_bounds` returns it, of one model each.

    Returns
    -------
    str

    Examples
    --------
    >>> doubts({"video": pd.DataFrame({"which": ["suspects"], "items": 4})})
    '점수로 보아 라벨이 의심되는 항목: 비디오 4개.'
    """
    found = ", ".join(
        written(
            f"{MODALITY[m]} {row(own, 'which', 'suspects')['items']:,}",
            f"{MODALITY[m]} {row(own, 'which', 'suspects')['items']:,}개",
        )
        for m, own in bounds.items()
        if (own["which"] == "suspects").any()
    )
    if not found:
        return written(
            "No label is in doubt by the scores.",
            "점수로 보아 라벨이 의심되는 항목이 없습니다.",
        )
    return written(
        f"Items whose label is in doubt by the scores: {found}.",
        f"점수로 보아 라벨이 의심되는 항목: {found}.",
    )


def reproduction(commit: str, weights: pd.DataFrame) -> str:
    """Say the commit, and of a training whether the backbones' weights are trained.

    Parameters
    ----------
    commit : str
        Empty where there is none.
    weights : DataFrame
        One row per modality and backbone; column weights. None of a table of scores.

    Returns
    -------
    str

    Examples
    --------
    >>> reproduction("abc", pd.DataFrame())
    '커밋 `abc`.'
    >>> reproduction("", pd.DataFrame({"weights": ["untrained ViT-Ti/32 (seed 0)"]}))
    '커밋을 알 수 없음, 학습되지 않은 백본이 있습니다.'
    """
    known = written(f"Commit `{commit}`", f"커밋 `{commit}`")
    unknown = written("Commit unknown", "커밋을 알 수 없음")
    if weights.empty:
        return f"{known if commit else unknown}."
    raw = weights["weights"].str.startswith("untrained").any()
    state = (
        written("some backbones untrained.", "학습되지 않은 백본이 있습니다.")
        if raw
        else written("all backbones trained.", "백본은 모두 학습된 것입니다.")
    )
    return f"{known if commit else unknown}, {state}"
