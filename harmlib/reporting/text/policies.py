"""Policies and categories in words: their tables, sentences, and the caption of their figure."""

from __future__ import annotations

import re

import pandas as pd

from harmlib.analysis.category_thresholds import ALL_SECTIONS
from harmlib.analysis.policies import PER
from harmlib.params import Costs, Volume
from harmlib.params.policies import OPERATING
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.certainty import STATES
from harmlib.reporting.text.cited_numbers import Row, literal, plain, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle

_GOALS = {"f1": "F1 최대", "f2": "F2 최대", "mcc": "MCC 최대", "youden": "Youden 지수 최대",
          "cost": "기대 비용 최소", "": "지금의 threshold"}  # fmt: skip
_KEPT = {
    "kept": "시험에서 지킴", "missed": "시험에서 못 지킴", "unsure": "판단할 수 없음", "": "–",
}  # fmt: skip
_TOGETHER = "모든 절 함께"
NO_POLICIES = "설정에 정책(`policies`)이 없어 비교할 것이 없습니다."
CATEGORY_CAPTION = "절마다 따로 고른 threshold와 모든 절에 공통인 threshold(둘 다 검증에서 F1이 가장 높은 값), 시험에서의 차이"


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
        return f"{floor[1].capitalize()} {floor[2]} 이상"
    if asked.endswith(" items an hour"):
        return f"검토 시간당 {asked.removesuffix(' items an hour')}개 이하"
    return f"검토 {100 * float(asked):.4g}% 이하"


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
    return "(정책 없음)" if policy == OPERATING else policy


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
    return f"등급 {native:g} 이상" if scale == "levels" else f"{native:.4g} 초과"


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
    shown = pd.DataFrame(
        {
            "variant": table["variant"],
            "정책": table["policy"].map(policy_name),
            "목표": table["asked"].map(asked_words),
            "threshold": table["threshold"],
            "점수표의 척도로": map(native_words, table["native"], table["scale"]),
            "Recall": _with_ends(table, "recall", 3),
            "Precision": _with_ends(table, "precision", 3),
            "유해 판정 비율": _with_ends(table, "flagged_share", 3),
            f"미탐/{PER:,}개": _with_ends(table, "misses", 1),
            f"오탐/{PER:,}개": _with_ends(table, "false_alarms", 1),
        }
    )
    if (table["scale"] == "probability").all():
        shown = shown.drop(columns="점수표의 척도로")
    if costs is not None:
        shown[f"기대 비용({costs.unit})/{PER:,}개"] = _with_ends(table, "cost", 0)
    if volume is not None and volume.review_minutes is not None:
        shown["검토 인원"] = _with_ends(table, "reviewers", 1)
    outcome = table["kept"].map(_KEPT).where(table["state"] == "ok", table["state"].map(STATES))
    return shown.assign(**{"하한·예산": outcome})


def _with_ends(table: pd.DataFrame, name: str, digits: int) -> list[str]:
    ends = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
    return [_interval(*one, digits) for one in ends]


def _interval(value: float, low: float, high: float, digits: int) -> str:
    if pd.isna(value):
        return "–"
    if pd.isna(low):
        return f"{value:,.{digits}f} (그룹이 적어 구간 없음)"
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
    return f"{MODALITY[section]}: 정책별 threshold(검증에서 선택)와 시험 결과, 95% 신뢰구간(줄마다 따로 본 것)"


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
        return (
            f"{MODALITY[section]}: Precision, 유해 판정 비율, {PER:,}개당 수치는 유해가 {share}인 트래픽의 값입니다"
            "(설정의 prevalence). threshold도 그 비율에 맞추어 골랐습니다."
        )
    return (
        f"{MODALITY[section]}: 트래픽의 유해 비율(prevalence)이 설정에 없어, 시험 데이터의 비율 {share}를 그대로 썼습니다. "
        "실제 비율이 다르면 Precision, 비용, 검토 인원은 달라집니다."
    )


def _outcome(one: Row, section: str) -> str:
    if one.policy == OPERATING:
        return ""
    goal = asked_words(str(one.asked))
    name = f"{literal(model_name(one.variant))}의 {literal(one.policy)} 정책({goal})"
    head = (
        f"{MODALITY[section]}: {particle(name, '은/는') if not name.endswith(')') else name + '은'}"
    )
    if one.state == "infeasible":
        return f"{head} 조건을 만족하는 threshold가 검증에 없어 수치를 적지 않습니다."
    if one.state == "flags_nothing":
        return f"{head} 아무것도 유해로 판정하지 않을 때만 만족되므로 쓸 threshold가 없습니다."
    if one.state == "not_everywhere":
        return f"{head} 검증에서는 threshold를 찾았으나, 재는 부분 일부에서는 찾지 못해 시험 수치를 적지 않습니다."
    if one.state != "ok":
        return f"{head} {STATES[one.state]}: threshold를 고를 수 없습니다."
    if one.kept not in ("missed", "unsure"):
        return ""
    what, value, low, high = _bounded(one)
    ends = f"{number(value, 3)} [{number(low, 3)}, {number(high, 3)}]"
    if one.kept == "missed":
        return f"{head} 검증에서는 지켰으나 시험에서는 지키지 못했습니다: {what} {ends}."
    if pd.isna(low):
        return (
            f"{head} 그룹이 적어 시험에서 지켜졌는지 판단할 수 없습니다: {what} {number(value, 3)}."
        )
    return f"{head} 신뢰구간이 경계를 포함하므로 새 데이터에서 지켜진다고 말할 수 없습니다: 시험 {what} {ends}."


def _bounded(one: Row) -> tuple[str, float, float, float]:
    name, words = next(
        (name, words)
        for start, name, words in (
            ("recall", "recall", "Recall"),
            ("precision", "precision", "Precision"),
            ("", "flagged_share", "유해 판정 비율"),
        )
        if str(one.asked).startswith(start)
    )
    return words, one[name], one[f"{name}_low"], one[f"{name}_high"]


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
        f"{model_name(one.variant)} {policy_name(one.policy)} Recall {one.recall:.3f}, 비율 "
        f"{one.flagged_share:.3f}"
        for one in table.itertuples()
        if not pd.isna(one.recall)
    )
    return Words(
        plain(f"{MODALITY[section]}: 정책별 Recall과 유해 판정 비율. {marks}"),
        f"{MODALITY[section]}: 선은 threshold를 옮길 때 사람이 볼 비율(가로)과 찾아낼 유해의 비율(세로)이고, 점은 "
        "정책의 threshold입니다. 십자는 시험에서 잰 95% 신뢰구간이며, 십자가 겹치는 두 정책의 차이는 이 데이터로 "
        "확실하지 않습니다.",
    )


def shown_categories(table: pd.DataFrame) -> pd.DataFrame:
    """Write the table of sections under their own and a common threshold for people.

    Parameters
    ----------
    table : DataFrame
        As `harmlib.analysis.category_thresholds.category_thresholds` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> names = [metric + end for metric in ("f1", "recall", "precision", "flagged_share")
    ...          for end in ("", "_common", "_difference", "_low", "_high")]
    >>> row = dict.fromkeys(names, 0.5) | {"variant": "api", "section": "gun", "threshold": 0.4,
    ...     "common_threshold": 0.6, "native": 0.4, "common_native": 0.6, "scale": "probability"}
    >>> shown_categories(pd.DataFrame([row])).columns[1:4].tolist()
    ['절', '자기 threshold', '공통 threshold']
    """
    shown = pd.DataFrame(
        {
            "variant": table["variant"],
            "절": [_section(name) for name in table["section"]],
            "자기 threshold": table["threshold"],
            "공통 threshold": table["common_threshold"],
            "점수표의 척도로(자기, 공통)": [
                f"{native_words(own, scale)}, {native_words(common, scale)}"
                for own, common, scale in zip(
                    table["native"], table["common_native"], table["scale"], strict=True
                )
            ],
            "F1(자기)": table["f1"],
            "F1(공통)": table["f1_common"],
        }
    )
    for name, words in (
        ("f1", "F1"), ("recall", "Recall"), ("precision", "Precision"),
        ("flagged_share", "유해 판정 비율"),
    ):  # fmt: skip
        shown[f"{words} 차이(공통 − 자기)"] = _changes(table, name)
    if (table["scale"] == "probability").all():
        shown = shown.drop(columns="점수표의 척도로(자기, 공통)")
    return shown


def _changes(table: pd.DataFrame, name: str) -> list[str]:
    found = []
    for one in table[[f"{name}{end}" for end in ("_difference", "_low", "_high")]].to_numpy():
        value, low, high = (f"{part:+.3f}".replace("-", "−") for part in one)
        if pd.isna(one[0]):
            found.append("–")
        else:
            ends = "그룹이 적어 구간 없음" if pd.isna(one[1]) else f"{low}, {high}"
            found.append(f"{value} [{ends}]")
    return found


def _section(name: str) -> str:
    return _TOGETHER if name == ALL_SECTIONS else MODALITY[name]


def no_categories(sections: int) -> str:
    """Say why there is no table of sections.

    Parameters
    ----------
    sections : int
        How many there are; several where the thresholds were decided beforehand.

    Returns
    -------
    str

    Examples
    --------
    >>> no_categories(1)
    '절이 하나뿐이므로 견줄 것이 없습니다.'
    """
    if sections == 1:
        return "절이 하나뿐이므로 견줄 것이 없습니다."
    return "threshold가 미리 정해져 있으므로, 절마다 고른 것과 공통으로 고른 것을 견주지 않습니다."


def category_sentences(table: pd.DataFrame) -> list[str]:
    """Say which sections a common threshold costs, and which it doesn't.

    Parameters
    ----------
    table : DataFrame
        As `category_thresholds` returns it.

    Returns
    -------
    list of str
        One a variant; a loss or a gain is named where its corrected interval excludes 0.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "api", "section": ["gun", "fire", "all sections"],
    ...     "state": "ok", "common_threshold": 0.4, "f1_difference": [-0.1, 0.01, -0.02],
    ...     "f1_low": [-0.15, -0.02, -0.04], "f1_high": [-0.05, 0.04, 0.0]})
    >>> category_sentences(table)
    ['api: 절마다 따로 고르지 않고 threshold 0.4000 하나를 쓰면 F1이 gun −0.100 [−0.150, −0.050]만큼 낮아집니다. 나머지 절 1개에서는 F1 차이의 신뢰구간이 0을 포함하므로 달라진다고 볼 근거가 부족합니다.']
    """
    return [_of_model(str(variant), own) for variant, own in table.groupby("variant", sort=False)]


def _of_model(variant: str, table: pd.DataFrame) -> str:
    name = literal(model_name(variant))
    table.attrs = {**table.attrs}
    own = table[table["section"] != ALL_SECTIONS]
    first = next(rows(own))
    if first.state != "ok":
        return f"{name}: 모든 절에 공통인 threshold를 고를 수 없습니다({STATES[first.state]})."
    if (own[["f1_difference", "f1_low", "f1_high"]] == 0).all(axis=None):
        return (
            f"{name}: 절마다 따로 고른 threshold와 공통 threshold의 시험 F1이 모든 절에서 같습니다."
        )
    known = own[own["f1_low"].notna()]
    lost, won = known[known["f1_high"] < 0], known[known["f1_low"] > 0]
    parts = [
        f"F1이 {', '.join(_change(one) for one in rows(some))}만큼 {verb}"
        for some, verb in ((lost, "낮아집니다"), (won, "높아집니다"))
        if len(some)
    ]
    head = f"{name}: 절마다 따로 고르지 않고 threshold {first.common_threshold:.4f} 하나를 쓰면"
    said = " ".join(f"{head} {part}." if i == 0 else f"{part}." for i, part in enumerate(parts))
    rest = len(known) - len(lost) - len(won)
    few = len(own) - len(known)
    tail = []
    if rest:
        where = f"나머지 절 {rest}개에서는" if parts else f"절 {rest}개에서"
        tail.append(f"{where} F1 차이의 신뢰구간이 0을 포함하므로 달라진다고 볼 근거가 부족합니다.")
    if few:
        tail.append(f"절 {few}개는 그룹이 적어 판단할 수 없습니다.")
    return " ".join([said or head, *tail])


def _change(one: Row) -> str:
    value, low, high = (f"{one[name]:.3f}" for name in ("f1_difference", "f1_low", "f1_high"))
    return f"{literal(MODALITY[one.section])} {_minus(value)} [{_minus(low)}, {_minus(high)}]"


def _minus(text: str) -> str:
    return text if text.startswith("<data") else text.replace("-", "−")
