"""What the report of a table of scores says of its items, its thresholds and its limits."""

import re

import pandas as pd
import pytest

from harmlib.analysis.own_scores.scales import Scale
from harmlib.language import languages
from harmlib.reporting.text import briefs_on_scores as briefs
from harmlib.reporting.text import limits_of_scores as limits
from harmlib.reporting.text import missing_scores, own_scores, own_thresholds
from harmlib.reporting.text.cited_numbers import html
from harmlib.reporting.text.parts import TITLES

NAN = float("nan")
ACCOUNT = pd.DataFrame(
    {
        "section": ["gun", "gun", "fire"],
        "label": ["harmful", "safe", "harmful"],
        "items": [30, 20, 1200],
        "used": [28, 20, 1200],
        "no_label": [0, 0, 0],
        "no_score": [2, 0, 0],
    }
)
BOUNDS = pd.DataFrame({"which": ["first", "suspects"], "items": [10, 4]})
READ_AS = pd.DataFrame(
    {
        "what": ["column", "column", "column", "label", "label"],
        "name": ["score_a", "score_b", "source", "x", ""],
        "read_as": ["score", "score", "group", "safe", "unknown"],
    }
)


def test_only_sections_that_lost_items_are_counted():
    assert briefs.unusable(ACCOUNT) == "쓰지 못한 항목: gun 50개 중 2개."


def test_without_a_loss_every_section_is_counted():
    text = briefs.unusable(ACCOUNT.assign(used=ACCOUNT["items"]))
    assert text == "받은 항목을 모두 썼습니다: gun 50개, fire 1,200개."


def test_sums_cite_all_their_cells():
    table = ACCOUNT.copy()
    table.attrs = {"name": "tables/account.csv", "rows": 3}
    shown = html(briefs.unusable(table))
    assert "tables/account.csv[0].items" in shown
    assert "tables/account.csv[1].items" in shown
    assert "tables/account.csv[2]" not in shown


def test_what_was_read_alike_stands_in_one_row():
    rows = own_scores.shown_read_as(READ_AS).to_numpy().tolist()
    assert rows == [
        ["열", "score_a, score_b", "점수"],
        ["열", "source", "그룹(출처)"],
        ["라벨", "x", "안전"],
        ["라벨", "(빈 칸)", "모름(쓰지 않음)"],
    ]


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (Scale("percent"), "50 초과"),
        (Scale("logit"), "0 초과"),
        (Scale("levels", (0, 2, 4, 6)), "등급 4 이상"),
    ],
)
def test_thresholds_stand_in_the_models_own_numbers_too(scale, said):
    table = pd.DataFrame({"objective": ["a", "b"], "threshold": [0.5, NAN], "value": 1.0})
    shown = own_thresholds.in_own_scale(table, scale)
    assert list(shown) == ["objective", "threshold", "점수표의 척도로", "value"]
    assert shown["점수표의 척도로"].tolist() == [said, "–"]


def test_probabilities_are_their_own_numbers():
    table = pd.DataFrame({"threshold": [0.5]})
    assert own_thresholds.in_own_scale(table, Scale("probability")) is table


def test_the_ledger_names_item_label_and_reason():
    ledger = pd.DataFrame(
        {"path": "a", "label": ["safe", ""], "modality": "gun", "step": "scores",
         "reason": ["no row of model4", "no label"]}
    )  # fmt: skip
    assert missing_scores.shown_ledger(ledger).to_numpy().tolist() == [
        ["a", "안전", "gun", "줄 없음(Model 4)"],
        ["a", "–", "gun", "라벨 없음"],
    ]
    many = pd.concat([ledger] * 30, ignore_index=True)
    assert len(missing_scores.shown_ledger(many)) == 20


POLICIES = pd.DataFrame(
    {"variant": ["api", "api", "api", "open"], "policy": ["a", "b", "c", "a"],
     "asked": "recall>=0.99", "kept": ["", "kept", "unsure", ""], "prevalence_from": "data",
     "state": ["infeasible", "ok", "ok", "infeasible"]}
)  # fmt: skip


def test_of_the_policies_only_those_of_the_model_that_fail_are_a_limit():
    (line,) = limits.policies_not_kept(POLICIES, "api", "gun")
    assert "api의 a 정책" in line
    assert briefs.policies({"gun": POLICIES}).endswith("gun 4개 중 2개.")


def every_limit():
    points = pd.DataFrame({"variant": ["api"], "state": "constant_scores"})
    return [
        *limits.sources_unknown(READ_AS.head(2)),
        *limits.no_threshold({"gun": points}),
        *limits.labels_in_doubt("", {"gun": BOUNDS}),
        *limits.sections_left_out(pd.DataFrame({"section": ["fire"]})),
        *limits.use_of_test(),
        *limits.policies_not_kept(POLICIES, "api", "gun"),
    ]


def test_every_limit_leads_to_its_evidence():
    anchors = [re.findall(r"\(#([\w=-]+)\)$", line) for line in every_limit()]
    assert all(len(found) == 1 for found in anchors)
    assert {name for (name,) in anchors} <= {*TITLES, "cell-id=read", "cell-id=line"}


def test_what_is_well_is_no_limit():
    points = pd.DataFrame({"variant": ["api"], "state": "ok"})
    none = BOUNDS.assign(items=[10, 0])
    assert limits.sources_unknown(READ_AS) == []
    assert limits.no_threshold({"gun": points}) == []
    assert limits.labels_in_doubt("", {"gun": none}) == []
    assert limits.labels_in_doubt("", {"gun": none.head(1)}) == []
    assert limits.sections_left_out(pd.DataFrame({"section": []})) == []


def test_the_page_can_be_in_english():
    results = pd.DataFrame({"tp": [1], "fp": 1, "fn": 1, "tn": 1})
    with languages(page="en"):
        said = [*every_limit(), briefs.unusable(ACCOUNT), briefs.judged({"gun": results})]
        said += [own_scores.shown_read_as(READ_AS).to_string(), own_scores.read_as_caption()]
        said += [own_thresholds.thresholds_caption(), missing_scores.reasons_caption()]
        said += [missing_scores.bounds_caption("gun"), missing_scores.ledger_caption()]
    assert not [text for text in map(str, said) if re.search("[가-힣]", text)]
