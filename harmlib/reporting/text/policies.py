"""Policies and categories in words: their tables, sentences, and the caption of their figure."""

from __future__ import annotations

import re

import pandas as pd

from harmlib.analysis.policies import PER
from harmlib.language import Wordings, written
from harmlib.params import Costs, Volume
from harmlib.params.policies import OPERATING
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.certainty import STATES
from harmlib.reporting.text.cited_numbers import Row, literal, plain, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle

_GOALS = Wordings(
    {
        "f1": ("largest F1", "F1 최대"),
        "f2": ("largest F2", "F2 최대"),
        "mcc": ("largest MCC", "MCC 최대"),
        "youden": ("largest Youden index", "Youden 지수 최대"),
        "cost": ("least expected cost", "기대 비용 최소"),
        "": ("the present threshold", "지금의 threshold"),
    }
)
_KEPT = Wordings(
    {
        "kept": ("kept on test", "시험에서 지킴"),
        "missed": ("not kept on test", "시험에서 못 지킴"),
        "unsure": ("can't be told", "판단할 수 없음"),
        "": ("–", "–"),
    }
)
RATES = Wordings(
    {
        "f1": ("F1", "F1"),
        "recall": ("Recall", "Recall"),
        "precision": ("Precision", "Precision"),
        "flagged_share": ("Flagged share", "유해 판정 비율"),
    }
)


def no_policies() -> str:
    """Say that the params have no policies.

    Returns
    -------
    str

    Examples
    --------
    >>> no_policies()[:7]
    '설정에 정책('
    """
    return written(
        "The settings have no policies (`policies`) to compare.",
        "설정에 정책(`policies`)이 없어 비교할 것이 없습니다.",
    )


def asked_words(asked: str) -> str:
    """Say what a policy asks for.

    Parameters
    ----------
    asked : str
        As the params have it; empty for the operating threshold.

    Returns
    -------
    str

    Examples
    --------
    >>> asked_words("recall>=0.95"), asked_words("0.02"), asked_words("200 items an hour")
    ('Recall 0.95 이상', '검토 2% 이하', '검토 시간당 200개 이하')
    """
    if asked in _GOALS:
        return _GOALS[asked]
    if floor := re.fullmatch(r"(recall|precision)>=(.+)", asked):
        rate = floor[1].capitalize()
        return written(f"{rate} of {floor[2]} or more", f"{rate} {floor[2]} 이상")
    if asked.endswith(" items an hour"):
        hourly = asked.removesuffix(" items an hour")
        return written(f"at most {hourly} reviews an hour", f"검토 시간당 {hourly}개 이하")
    share = f"{100 * float(asked):.4g}%"
    return written(f"at most {share} reviewed", f"검토 {share} 이하")


def policy_name(policy: str) -> str:
    """Say a policy's name.

    Parameters
    ----------
    policy : str

    Returns
    -------
    str

    Examples
    --------
    >>> policy_name("operating"), policy_name("night")
    ('(정책 없음)', 'night')
    """
    return written("(no policy)", "(정책 없음)") if policy == OPERATING else policy


def native_words(native: float, scale: str) -> str:
    """Say a threshold in the scores' own numbers.

    Parameters
    ----------
    native : float
        NaN where there is none.
    scale : str
        Of `Scale.kind`.

    Returns
    -------
    str

    Examples
    --------
    >>> native_words(4, "levels"), native_words(38.5, "percent")
    ('등급 4 이상', '38.5 초과')
    """
    if pd.isna(native):
        return "–"
    if scale == "levels":
        return written(f"level {native:g} and above", f"등급 {native:g} 이상")
    return written(f"above {native:.4g}", f"{native:.4g} 초과")


def shown_policies(table: pd.DataFrame, costs: Costs | None, volume: Volume | None) -> pd.DataFrame:
    """Write the policies' table for people, intervals beside their values.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.policies.compare_policies` returns it.
    costs : Costs or None
    volume : Volume or None

    Returns
    -------
    DataFrame
        Without a column of cost or reviewers where there are no prices, or no volume.

    Examples
    --------
    >>> figures = ("recall", "precision", "flagged_share", "misses", "false_alarms")
    >>> row = {name + end: 0.5 for name in figures for end in ("", "_low", "_high")}
    >>> row |= {"variant": "api", "policy": "night", "asked": "f1", "state": "ok", "kept": "",
    ...         "threshold": 0.4, "native": 0.4, "scale": "probability"}
    >>> shown_policies(pd.DataFrame([row]), None, None)[["정책", "목표", "Recall"]]
          정책     목표                Recall
    0  night  F1 최대  0.500 [0.500, 0.500]
    """
    table = table.fillna({"asked": "", "kept": ""})
    own_scale = written("In the scores' own scale", "점수표의 척도로")
    shown = pd.DataFrame(
        {
            "variant": table["variant"],
            written("Policy", "정책"): table["policy"].map(policy_name),
            written("Goal", "목표"): table["asked"].map(asked_words),
            "threshold": table["threshold"],
            own_scale: map(native_words, table["native"], table["scale"]),
            **{RATES[n]: _with_ends(table, n, 3) for n in ("recall", "precision", "flagged_share")},
            written(f"Misses/{PER:,}", f"미탐/{PER:,}개"): _with_ends(table, "misses", 1),
            written(f"False alarms/{PER:,}", f"오탐/{PER:,}개"): _with_ends(
                table, "false_alarms", 1
            ),
        }
    )
    if (table["scale"] == "probability").all():
        shown = shown.drop(columns=own_scale)
    if costs is not None:
        head = written(
            f"Expected cost ({costs.unit})/{PER:,}", f"기대 비용({costs.unit})/{PER:,}개"
        )
        shown[head] = _with_ends(table, "cost", 0)
    if volume is not None and volume.review_minutes is not None:
        shown[written("Reviewers", "검토 인원")] = _with_ends(table, "reviewers", 1)
    outcome = table["kept"].map(_KEPT).where(table["state"] == "ok", table["state"].map(STATES))
    return shown.assign(**{written("Floor or budget", "하한·예산"): outcome})


def _with_ends(table: pd.DataFrame, name: str, digits: int) -> list[str]:
    ends = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
    return [_interval(*one, digits) for one in ends]


def _interval(value: float, low: float, high: float, digits: int) -> str:
    if pd.isna(value):
        return "–"
    if pd.isna(low):
        few = written("too few groups for an interval", "그룹이 적어 신뢰구간 없음")
        return f"{value:,.{digits}f} ({few})"
    return f"{value:,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]"


def policy_caption(section: str) -> str:
    """Say what the rows of the policies' table are.

    Parameters
    ----------
    section : str

    Returns
    -------
    str

    Examples
    --------
    >>> policy_caption("video")
    '비디오: 정책별 threshold(검증에서 선택)와 시험 결과, 95% 신뢰구간(줄마다 따로 본 것)'
    """
    return written(
        f"{MODALITY[section]}: thresholds by policy (chosen on validation) and results on test, with "
        "95% intervals (each row by itself)",
        f"{MODALITY[section]}: 정책별 threshold(검증에서 선택)와 시험 결과, 95% 신뢰구간(줄마다 따로 본 것)",
    )


def policy_sentences(table: pd.DataFrame, section: str) -> list[str]:
    """Say for which traffic the figures hold, and which policies can't be kept.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.policies.compare_policies` returns it.
    section : str

    Returns
    -------
    list of str
        Numbers cite their cells.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["api"], "policy": "children", "asked": "recall>=0.99",
    ...                       "state": "infeasible", "kept": "", "prevalence_from": ""})
    >>> policy_sentences(table, "gun")
    ['gun: api의 children 정책(Recall 0.99 이상)은 조건을 만족하는 threshold가 검증에 없어 수치를 적지 않습니다.']
    """
    return [
        line
        for line in [_traffic(table, section), *(_outcome(one, section) for one in rows(table))]
        if line
    ]


def _traffic(table: pd.DataFrame, section: str) -> str:
    known = table[table["prevalence_from"].isin(["params", "data"])]
    if known.empty:
        return ""
    one = next(rows(known))
    share = f"{one.prevalence:.2%}"
    if one.prevalence_from == "params":
        return written(
            f"{MODALITY[section]}: precision, the flagged share and the numbers per {PER:,} are those of "
            f"traffic of which {share} is harmful (setting prevalence); thresholds were chosen for "
            "that share, too.",
            f"{MODALITY[section]}: Precision, 유해 판정 비율, {PER:,}개당 수치는 유해가 {share}인 트래픽의 값입니다"
            "(설정의 prevalence). threshold도 그 비율에 맞추어 골랐습니다.",
        )
    return written(
        f"{MODALITY[section]}: the settings don't say how much of the traffic is harmful (prevalence), so "
        f"the share of the test data, {share}, was used as it is. At another share, precision, cost and "
        "reviewers differ.",
        f"{MODALITY[section]}: 트래픽의 유해 비율(prevalence)이 설정에 없어, 시험 데이터의 비율 {share}를 그대로 썼습니다. "
        "실제 비율이 다르면 Precision, 비용, 검토 인원은 달라집니다.",
    )


def _outcome(one: Row, section: str) -> str:
    if one.policy == OPERATING:
        return ""
    head = _of_policy(one, section)
    if one.state == "infeasible":
        end = written(
            "no threshold on validation meets it, so there are no figures.",
            "조건을 만족하는 threshold가 검증에 없어 수치를 적지 않습니다.",
        )
    elif one.state == "flags_nothing":
        end = written(
            "met only by flagging nothing, so there is no threshold to use.",
            "아무것도 유해로 판정하지 않을 때만 만족되므로 쓸 threshold가 없습니다.",
        )
    elif one.state == "not_everywhere":
        end = written(
            "validation has a threshold, but some of the parts that measure it have none, so there are "
            "no figures on test.",
            "검증에서는 threshold를 찾았으나, 재는 부분 일부에서는 찾지 못해 시험 수치를 적지 않습니다.",
        )
    elif one.state != "ok":
        end = written(
            f"{STATES[one.state]}: no threshold can be chosen.",
            f"{STATES[one.state]}: threshold를 고를 수 없습니다.",
        )
    else:
        end = _on_test(one)
    return f"{head} {end}" if end else ""


def _of_policy(one: Row, section: str) -> str:
    """The beginning of a sentence: which model's policy it is about."""
    model, policy = literal(model_name(one.variant)), literal(one.policy)
    goal = asked_words(str(one.asked))
    ko = f"{model}의 {policy} 정책({goal})"
    ko = particle(ko, "은/는") if not ko.endswith(")") else f"{ko}은"
    return written(
        f"{MODALITY[section]}: policy {policy} of {model} ({goal}):", f"{MODALITY[section]}: {ko}"
    )


def _on_test(one: Row) -> str:
    """Whether a floor or budget holds on test; empty where it does."""
    if one.kept not in ("missed", "unsure"):
        return ""
    what, value, low, high = _bounded(one)
    ends = f"{number(value, 3)} [{number(low, 3)}, {number(high, 3)}]"
    if one.kept == "missed":
        return written(
            f"kept on validation, not kept on test: {what} {ends}.",
            f"검증에서는 지켰으나 시험에서는 지키지 못했습니다: {what} {ends}.",
        )
    if pd.isna(low):
        return written(
            f"too few groups to tell whether it was kept on test: {what} {number(value, 3)}.",
            f"그룹이 적어 시험에서 지켜졌는지 판단할 수 없습니다: {what} {number(value, 3)}.",
        )
    return written(
        f"the interval includes the limit, so that it is kept on new data can't be said: {what} on test "
        f"{ends}.",
        f"신뢰구간이 경계를 포함하므로 새 데이터에서 지켜진다고 말할 수 없습니다: 시험 {what} {ends}.",
    )


def _bounded(one: Row) -> tuple[str, float, float, float]:
    asked = str(one.asked)
    kinds = ("recall", "precision")
    name = next((kind for kind in kinds if asked.startswith(kind)), "flagged_share")
    return RATES[name], one[name], one[f"{name}_low"], one[f"{name}_high"]


def policy_figure(table: pd.DataFrame, section: str) -> Words:
    """Describe the figure of policies.

    Parameters
    ----------
    table : DataFrame
        As `compare_policies` returns it.
    section : str

    Returns
    -------
    Words

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["api"], "policy": "night", "recall": 0.9,
    ...                       "flagged_share": 0.25})
    >>> policy_figure(table, "gun").alt
    'gun: 정책별 Recall과 유해 판정 비율. api night Recall 0.900, 비율 0.250'
    """
    marks = "; ".join(
        written(
            f"{model_name(one.variant)} {policy_name(one.policy)} recall {one.recall:.3f}, share "
            f"{one.flagged_share:.3f}",
            f"{model_name(one.variant)} {policy_name(one.policy)} Recall {one.recall:.3f}, 비율 "
            f"{one.flagged_share:.3f}",
        )
        for one in table.itertuples()
        if not pd.isna(one.recall)
    )
    name = MODALITY[section]
    alt = written(
        f"{name}: recall and flagged share by policy. {marks}",
        f"{name}: 정책별 Recall과 유해 판정 비율. {marks}",
    )
    caption = written(
        f"{name}: the lines are, as the threshold moves, the share that people would look at (across) and "
        "the share of harmful items found (up); the points are the policies' thresholds. Crosses are 95% "
        "intervals on test: where those of two policies overlap, these data don't settle the difference.",
        f"{name}: 선은 threshold를 옮길 때 사람이 볼 비율(가로)과 찾아낼 유해의 비율(세로)이고, 점은 정책의 threshold입니다. "
        "십자는 시험에서 잰 95% 신뢰구간이며, 십자가 겹치는 두 정책의 차이는 이 데이터로 확실하지 않습니다.",
    )
    return Words(plain(alt), caption)
