"""What a reader, or a program, has to know before the figures are used: findings with stable codes.

A finding follows a rule over a table; the codes are declared in `harmlib.params.finding_codes`.
Numbers cite their cells where the table was read from a run's folder. `section` is a modality, or a
section of categories or of a table of scores.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pandas as pd

from harmlib.analysis.equal_networks import network_groups
from harmlib.language import written
from harmlib.params import finding_codes as codes
from harmlib.params.finding_codes import FINDING_KINDS, SEVERITIES, Severity
from harmlib.reporting.text.cited_numbers import count, plain, row, rows
from harmlib.reporting.text.equal_networks import equal_network_sentences
from harmlib.reporting.text.korean import (
    MODALITY,
    backbone_name,
    model_name,
    number,
    particle,
    signed,
)

ODDS_APART = 2.0  # data and traffic whose odds of harm differ by more are of another mixture


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    code : str
        Of `finding_codes.FINDING_KINDS`.
    section : str
        What it is about.
    sentence : str
        In the page's language; numbers may cite their cells.
    short : str
        What differs from other sections' findings of this code, in a few words; may be empty.
    """

    code: str
    section: str
    sentence: str
    short: str = ""

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return FINDING_KINDS[self.code].severity


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Put findings in order: the gravest first, then by code.

    Parameters
    ----------
    found : iterable of Finding

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> [f.code for f in in_order([Finding("HL009", "video", ""), Finding("HL001", "video", "")])]
    ['HL001', 'HL009']
    """
    return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), one.code))


def entries(found: Iterable[Finding], mute: Collection[str]) -> list[dict[str, str | bool]]:
    """Write findings for `metrics.json`.

    Parameters
    ----------
    found : iterable of Finding
    mute : collection of str
        Codes that the params mute.

    Returns
    -------
    list of dict
        code, severity, section, sentence (plain), muted.

    Examples
    --------
    >>> entries([Finding("HL009", "video", "트래픽")], ["HL009"])
    [{'code': 'HL009', 'severity': 'note', 'section': 'video', 'sentence': '트래픽', 'muted': True}]
    """
    return [
        {
            "code": one.code,
            "severity": one.severity,
            "section": one.section,
            "sentence": plain(one.sentence),
            "muted": one.code in mute,
        }
        for one in found
    ]


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


def network_findings(pairs: pd.DataFrame, chosen: pd.DataFrame, section: str) -> list[Finding]:
    """Name the variants that are one network.

    Parameters
    ----------
    pairs : DataFrame
        As `equal_networks` returns it.
    chosen : DataFrame
        The operating points of the saved epochs: variant, epoch, threshold.
    section : str

    Returns
    -------
    list of Finding
        One per network with several variants.

    Examples
    --------
    >>> pairs = pd.DataFrame({"a": ["model2"], "b": "model3", "epochs": 3, "scores": 216})
    >>> chosen = pd.DataFrame({"variant": ["model2", "model3"], "epoch": [1, 3],
    ...                        "threshold": [0.5, 0.4]})
    >>> network_findings(pairs, chosen, "video")[0].short
    'Model 2 = Model 3'
    """
    names = [" = ".join(map(model_name, group)) for group in network_groups(pairs)]
    sentences = equal_network_sentences(pairs, chosen, section)
    return [
        Finding(codes.EQUAL_NETWORKS, section, sentence, name)
        for name, sentence in zip(names, sentences, strict=True)
    ]


def edge_findings(chosen: pd.DataFrame, section: str) -> list[Finding]:
    """Find the models whose best threshold is the first or the last that was tried.

    Parameters
    ----------
    chosen : DataFrame
        The operating points of the saved epochs: variant, at_grid_edge, best_threshold.
    section : str

    Returns
    -------
    list of Finding
        At most one.

    Examples
    --------
    >>> chosen = pd.DataFrame({"variant": ["model3"], "at_grid_edge": "low", "best_threshold": 0.3})
    >>> edge_findings(chosen, "video")[0].sentence
    '비디오: Model 3(0.30, 하한)의 최적 threshold가 탐색 범위의 끝이므로, 최적값은 그보다 낮거나 높을 수 있습니다.'
    """
    at_edge = chosen[chosen["at_grid_edge"].isin(["low", "high"])]
    if at_edge.empty:
        return []
    ends = {"low": written("lowest", "하한"), "high": written("highest", "상한")}
    which = ", ".join(
        f"{model_name(one.variant)}({one.best_threshold:.2f}, {ends[one.at_grid_edge]})"
        for one in rows(at_edge)
    )
    sentence = written(
        f"{MODALITY[section]}: the best threshold of {which} is the last that was tried; the true optimum "
        "may lie beyond.",
        f"{MODALITY[section]}: {which}의 최적 threshold가 탐색 범위의 끝이므로, 최적값은 그보다 낮거나 높을 수 있습니다.",
    )
    short = ", ".join(map(model_name, at_edge["variant"]))
    return [Finding(codes.AT_GRID_EDGE, section, sentence, short)]


def policy_findings(policies: pd.DataFrame, section: str) -> list[Finding]:
    """Find the policies for which validation has no threshold.

    Parameters
    ----------
    policies : DataFrame
        As `compare_policies` returns it: variant, policy, state.
    section : str

    Returns
    -------
    list of Finding
        One per policy.

    Examples
    --------
    >>> policies = pd.DataFrame({"variant": ["model4"], "policy": "night", "state": "infeasible"})
    >>> policy_findings(policies, "video")[0].sentence
    '비디오: 정책 night의 조건을 만족하는 threshold가 검증에 없습니다(Model 4).'
    """
    found = []
    for policy, own in policies[policies["state"] != "ok"].groupby("policy", sort=False):
        names = ", ".join(dict.fromkeys(map(model_name, own["variant"])))
        sentence = written(
            f"{MODALITY[section]}: validation has no threshold that meets policy {policy} ({names}).",
            f"{MODALITY[section]}: 정책 {policy}의 조건을 만족하는 threshold가 검증에 없습니다({names}).",
        )
        found.append(Finding(codes.NO_THRESHOLD, section, sentence, str(policy)))
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
    if max(odds, 1 / odds) <= ODDS_APART:
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


def drop_findings(drops: pd.DataFrame, variant: str, section: str) -> list[Finding]:
    """Say whether the model's F1 fell from validation to test by more than chance.

    Parameters
    ----------
    drops : DataFrame
        As `comparison_tables.drops` returns it.
    variant : str
        The model that validation prefers.
    section : str

    Returns
    -------
    list of Finding
        At most one.

    Examples
    --------
    >>> drops = pd.DataFrame({"variant": ["model4"], "validation": 0.95, "test": 0.8,
    ...                       "difference": -0.15, "low": -0.25, "high": -0.02})
    >>> drop_findings(drops, "model4", "video")[0].sentence
    '비디오: Model 4의 F1은 검증 0.950에서 시험 0.800으로 낮아졌습니다(차이의 95% 신뢰구간 −0.250~−0.020).'
    """
    own = row(drops, "variant", variant)
    if not own.high < 0:
        return []
    ends = f"{signed(own.low, 3)}~{signed(own.high, 3)}"
    seen, tested, name = number(own.validation, 3), number(own.test, 3), model_name(variant)
    sentence = written(
        f"{MODALITY[section]}: the F1 of {name} fell from {seen} on validation to {tested} on test "
        f"(95% interval of the difference {ends}).",
        f"{MODALITY[section]}: {name}의 F1은 검증 {seen}에서 시험 {particle(tested, '으로/로')} 낮아졌습니다"
        f"(차이의 95% 신뢰구간 {ends}).",
    )
    return [Finding(codes.LOWER_ON_TEST, section, sentence, model_name(variant))]
