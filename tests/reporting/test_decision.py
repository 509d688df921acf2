"""What a run recommends and finds: each finding with its code, from the tables alone."""

import math

import pandas as pd
import pytest
from decided import make

from harmlib.language import languages
from harmlib.params.finding_codes import FINDING_KINDS
from harmlib.reporting.decision import decide
from harmlib.reporting.text.cited_numbers import html, plain
from harmlib.reporting.text.coded_findings import entries
from harmlib.reporting.text.korean import MODALITY

NAN = math.nan
INFEASIBLE = pd.DataFrame({"variant": ["model4"], "policy": "night", "state": "infeasible"})


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"weights": "untrained (seed 0)"}, "HL001", "CLIP은 학습되지 않은"),
        ({"baseline": (NAN, NAN), "pair": (NAN, NAN)}, "HL002", "그룹이 3개"),
        ({"baseline": (-0.01, 0.2)}, "HL003", "0을 포함하므로"),
        ({"baseline": (-0.2, -0.1)}, "HL003", "보다 낮습니다"),
        ({"pair": (-0.01, 0.2)}, "HL004", "Model 2와 구별되지 않습니다"),
        ({"pair": (-0.2, -0.01)}, "HL005", "Model 2보다 낮습니다"),
        ({"equal": True}, "HL006", "threshold뿐입니다"),
        ({"edge": "low"}, "HL007", "Model 4(0.30, 하한)"),
        ({"state": "constant_scores"}, "HL008", "고를 수 없었습니다"),
        ({"policies": INFEASIBLE}, "HL008", "정책 night"),
        ({"given": None}, "HL009", "70.0%가 유해한"),
        ({"given": 0.01}, "HL010", "트래픽은 1.0%"),
        ({"ledger": ("video", "video")}, "HL011", "2개를 쓰지 못했습니다"),
        ({"drop": (-0.2, -0.05)}, "HL012", "0.800으로 낮아졌습니다"),
    ],
)
def test_each_finding_has_its_code_and_goes_where_there_is_none(changes, code, words):
    run, report = make(**({"given": 0.7} | changes))
    found = decide(run, report).findings
    assert code in [one.code for one in found]
    (own,) = [one for one in found if one.code == code]
    assert own.section == "video"
    assert words in plain(own.sentence)
    assert [one.code for one in found if one.code != code] == []
    with languages(page="en"):
        (english,) = decide(run, report).findings
    said = english.sentence.replace(MODALITY["video"], "")
    assert not any("가" <= letter <= "힣" for letter in said)


def test_every_kind_can_be_found():
    rows = test_each_finding_has_its_code_and_goes_where_there_is_none.pytestmark[0].args[1]
    assert {code for _, code, _ in rows} == set(FINDING_KINDS)


def test_the_gravest_come_first():
    run, report = make(weights="untrained", pair=(-0.1, 0.1), equal=True)
    found = [one.code for one in decide(run, report).findings]
    assert found == ["HL001", "HL004", "HL006", "HL009"]


def test_numbers_cite_the_tables_that_were_written():
    run, report = make(baseline=(-0.01, 0.2), given=0.7)
    (found,) = decide(run, report).findings
    assert 'data-cell="tables/recommendations_video.csv[0].corrected_low"' in html(found.sentence)
    assert set(run.tables) == {
        f"tables/{kind}_video.csv"
        for kind in ("recommendations", "recommendation_differences", "equal_networks")
    }


def test_a_muted_finding_is_listed_as_muted_and_changes_nothing_else():
    run, report = make(weights="untrained", mute=["HL001"])
    decision = decide(run, report)
    listed = entries(decision.findings, run.params.mute)
    assert [(one["code"], one["muted"]) for one in listed] == [("HL001", True), ("HL009", False)]
    assert decision.recommended["video"]["held_by"].tolist() == ["HL001"]
