"""Findings on what the models were given: weights, the share of harm, files that couldn't be used."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from harmlib.language import written
from harmlib.params import finding_codes as codes
from harmlib.reporting.text.cited_numbers import count, rows
from harmlib.reporting.text.coded_findings import Finding
from harmlib.reporting.text.korean import MODALITY, backbone_name, particle

_ODDS_APART = 2.0  # data and traffic whose odds of harm differ by more are of another mixture


def weights_findings(weights: pd.DataFrame) -> list[Finding]:
    """Find the backbones that ran without trained weights.

    Parameters
    ----------
    weights : DataFrame
        One row per modality and backbone: modality, backbone, weights; possibly empty.

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> table = pd.DataFrame({"modality": ["video"], "backbone": "yolo", "weights": "untrained (0)"})
    >>> weights_findings(table)[0].sentence
    '비디오: YOLO는 학습되지 않은(무작위로 초기화한) 가중치로 실행되었습니다. 이 보고서의 수치는 절차를 보여 줄 뿐,
    사전 학습된 백본의 성능이 아닙니다.'
    """
    if weights.empty:
        return []
    untrained = weights[weights["weights"].str.startswith("untrained")]
    found = []
    for section, own in untrained.groupby("modality", sort=False):
        names = ", ".join(backbone_name(name) for name in own["backbone"])
        sentence = written(
            f"{MODALITY[str(section)]}: {names} ran with untrained (randomly initialised) weights. The "
            "figures of this report show the procedure, not what pretrained backbones can do.",
            f"{MODALITY[str(section)]}: {particle(names, '은/는')} 학습되지 않은(무작위로 초기화한) 가중치로 "
            "실행되었습니다. 이 보고서의 수치는 절차를 보여 줄 뿐, 사전 학습된 백본의 성능이 아닙니다.",
        )
        found.append(Finding(codes.UNTRAINED_WEIGHTS, str(section), sentence, names))
    return found


def prevalence_findings(prevalence: pd.DataFrame, section: str) -> list[Finding]:
    """Say whether the data hold the traffic's share of harmful items.

    Parameters
    ----------
    prevalence : DataFrame
        As `probability_tables.prevalences` returns it.
    section : str

    Returns
    -------
    list of Finding
        At most one.

    Examples
    --------
    >>> table = pd.DataFrame({"origin": ["data", "given"], "prevalence": [0.7, 0.01]})
    >>> prevalence_findings(table, "video")[0].sentence
    '비디오: 시험 데이터는 70.0%가 유해하지만 트래픽은 1.0%입니다. Precision과 유해 판정 비율은 트래픽에서 다릅니다.'
    """
    data, given = (prevalence[prevalence["origin"] == origin] for origin in ("data", "given"))
    if data.empty:
        return []
    name, here = MODALITY[section], next(rows(data)).prevalence
    if given.empty:
        sentence = written(
            f"{name}: the params don't say how much of the traffic is harmful; precision and the flagged "
            f"share are those of test, of which {here:.1%} is harmful.",
            f"{name}: 트래픽의 유해 비율이 설정에 없으므로, Precision과 유해 판정 비율은 {here:.1%}가 유해한 시험 데이터의 값입니다.",
        )
        return [Finding(codes.PREVALENCE_UNKNOWN, section, sentence, f"{here:.0%}")]
    there = next(rows(given)).prevalence
    odds = float(here) / (1 - float(here)) / (float(there) / (1 - float(there)))
    if max(odds, 1 / odds) <= _ODDS_APART:
        return []
    sentence = written(
        f"{name}: {here:.1%} of test is harmful, but {there:.1%} of the traffic. Precision and the flagged "
        "share differ in the traffic.",
        f"{name}: 시험 데이터는 {here:.1%}가 유해하지만 트래픽은 {there:.1%}입니다. Precision과 유해 판정 비율은 트래픽에서 다릅니다.",
    )
    return [Finding(codes.PREVALENCE_DIFFERS, section, sentence, f"{here:.0%} → {there:.1%}")]


def file_findings(ledger: pd.DataFrame, media: Collection[str]) -> list[Finding]:
    """Count what could not be used.

    Parameters
    ----------
    ledger : DataFrame
        One row per file, or item of a table of scores: modality.
    media : collection of str
        The modalities, or sections, in the order of the report.

    Returns
    -------
    list of Finding
        One for each modality that lost something.

    Examples
    --------
    >>> file_findings(pd.DataFrame({"modality": ["video"]}), ["video", "image"])[0].sentence
    '비디오: 1개를 쓰지 못했습니다. 이유는 `ledger.csv`에 있습니다.'
    """
    found = []
    for medium in media:
        lost = ledger[ledger["modality"] == medium]
        if len(lost):
            size = count(lost)
            sentence = written(
                f"{MODALITY[medium]}: {size:,} could not be used; `ledger.csv` says why.",
                f"{MODALITY[medium]}: {size:,}개를 쓰지 못했습니다. 이유는 `ledger.csv`에 있습니다.",
            )
            short = written(f"{size:,}", f"{size:,}개")
            found.append(Finding(codes.FILES_LEFT_OUT, medium, sentence, short))
    return found
