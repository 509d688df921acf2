"""Policies and categories in words, and their figure."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.category_thresholds import COLUMNS as CATEGORY_COLUMNS
from harmlib.analysis.category_thresholds import METRICS
from harmlib.analysis.policies import COLUMNS
from harmlib.params import Costs, Volume
from harmlib.params.policies import OPERATING
from harmlib.reporting.figures import policies as policy_figures
from harmlib.reporting.text import policies as texts
from harmlib.reporting.text import section_thresholds
from harmlib.reporting.text.cited_numbers import plain

FIGURES = ("recall", "precision", "flagged_share", "misses", "false_alarms", "cost", "reviewers")


def row(policy, asked="recall>=0.95", state="ok", kept="unsure", **changed):
    values = dict.fromkeys(COLUMNS, np.nan) | {
        "variant": "api", "policy": policy, "asked": asked, "state": state, "kept": kept,
        "scale": "percent", "prevalence": 0.02, "prevalence_from": "params", "threshold": 0.4,
        "native": 40.0,
    }  # fmt: skip
    if state == "ok":
        for name in FIGURES:
            values |= {name: 0.9, f"{name}_low": 0.8, f"{name}_high": 0.95}
    return values | changed


def table(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_what_cannot_be_kept_is_said():
    lines = texts.policy_sentences(
        table(
            row(OPERATING, "", kept=""),
            row("children"),
            row("strict", "precision>=0.99", kept="missed"),
            row("night", "200 items an hour", kept="kept"),
            row("none", state="infeasible", kept=""),
            row("half", state="not_everywhere", kept=""),
            row("silent", "0.01", state="flags_nothing", kept=""),
            row("few", recall_low=np.nan, recall_high=np.nan),
        ),
        "gun",
    )
    text = plain("\n".join(lines))
    assert "유해가 2.00%인 트래픽" in lines[0]
    assert "children 정책(Recall 0.95 이상)은 신뢰구간이 경계를 포함" in text
    assert "strict 정책(Precision 0.99 이상)은 검증에서는 지켰으나 시험에서는" in text
    assert "none 정책(Recall 0.95 이상)은 조건을 만족하는 threshold가 검증에 없어" in text
    assert "half 정책" in text
    assert "silent 정책(검토 1% 이하)은 아무것도" in text
    assert "few 정책(Recall 0.95 이상)은 그룹이 적어" in text
    assert "night" not in text


def test_numbers_cite_their_cells():
    found = table(row("children"))
    found.attrs = {"name": "tables/policies_gun.csv", "rows": 1}
    (_, line) = texts.policy_sentences(found, "gun")
    assert 'data-cell="tables/policies_gun.csv[0].recall_low"' in line


def test_the_table_for_people_has_what_was_stated():
    found = table(row(OPERATING, "", kept=""), row("children"), row("none", state="infeasible"))
    shown = texts.shown_policies(found, Costs(miss=9, false_alarm=1, unit="분"), None)
    assert "기대 비용(분)/1,000개" in shown
    assert "검토 인원" not in shown
    assert shown["하한·예산"].tolist() == ["–", "판단할 수 없음", "조건을 만족하는 threshold 없음"]
    assert shown["Recall"].tolist() == ["0.900 [0.800, 0.950]"] * 2 + ["–"]
    volume = Volume(items_per_hour=10, review_minutes=1)
    shown = texts.shown_policies(found.assign(scale="probability"), None, volume)
    assert "검토 인원" in shown
    assert "점수표의 척도로" not in shown


def test_the_figure_has_a_point_for_each_policy_with_figures():
    found = table(row(OPERATING, ""), row("children"), row("none", state="infeasible"))
    curve = pd.DataFrame({"variant": "api", "flagged_share": [1.0, 0.0], "recall": [1.0, 0.0]})
    (axes,) = policy_figures.policies(found, curve).axes
    assert [one.get_label() for one in axes.containers] == ["(정책 없음)", "children"]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ([-0.2, -0.1], [-0.1, 0.1], "F1이 gun −0.150 [−0.200, −0.100]만큼 낮아집니다"),
        ([0.1, -0.1], [0.2, 0.1], "F1이 gun"),
        ([-0.2, -0.1], [0.1, 0.1], "절 2개에서 F1 차이의 신뢰구간이 0을 포함"),
        ([np.nan, -0.1], [np.nan, 0.1], "절 1개는 그룹이 적어 판단할 수 없습니다"),
    ],
)
def test_sections_are_named_only_where_the_interval_says_so(low, high, said):
    rows = [
        dict.fromkeys(CATEGORY_COLUMNS, 0.1)
        | {"variant": "api", "section": name, "state": "ok", "scale": "percent"}
        | {"f1_difference": -0.15 if lo < 0 or lo != lo else 0.15, "f1_low": lo, "f1_high": hi}
        for name, lo, hi in zip(["gun", "fire"], low, high, strict=True)
    ]
    found = pd.DataFrame(rows)
    (line,) = section_thresholds.category_sentences(found)
    assert said in plain(line)
    shown = section_thresholds.shown_categories(found)
    assert len(shown.columns) == 7 + len(METRICS)
