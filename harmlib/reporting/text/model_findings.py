"""Findings on the models and their thresholds: equal networks, edges, policies, a fall on test."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.equal_networks import network_groups
from harmlib.language import written
from harmlib.params import finding_codes as codes
from harmlib.reporting.text.cited_numbers import row, rows
from harmlib.reporting.text.coded_findings import Finding
from harmlib.reporting.text.equal_networks import equal_network_sentences
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed


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
