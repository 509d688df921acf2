"""The first screen: its words, its HTML, and that its links lead somewhere."""

import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from decided import make

from harmlib.language import languages
from harmlib.params.finding_codes import FINDING_KINDS
from harmlib.reporting.decision import decide
from harmlib.reporting.page.difference_plot import MOST, difference_plot
from harmlib.reporting.page.first_screen import first_screen
from harmlib.reporting.text import first_screen_cards as cards
from harmlib.reporting.text import first_screen_states as states
from harmlib.reporting.text.cited_numbers import plain

NAN = math.nan
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
ABOUT = {"params": {"run": "a<b", "data": {"root": "data"}}, "made": "2026-03-01T09:00:00+00:00"}


def built(**changes):
    """The first screen of a run in memory, parsed."""
    run, report = make(**changes)
    decision = decide(run, report)
    own, others = decision.recommended["video"], decision.differences["video"]
    drawn = difference_plot(others, *cards.difference_words(own, others))
    card = cards.card(own, others, report.prevalence["video"], "video")
    chips = states.chips(decision.findings, decision.recommended, report.prevalence, run.params)
    source = cards.source_line(ABOUT, report.items)
    page = first_screen(source, chips, [(card, drawn)], decision.findings, ["끝"], run.params.mute)
    return BeautifulSoup(page.data, "html.parser").div


def chip_texts(page):
    return [re.sub(r"\s+", " ", chip.text) for chip in page.select(".chips li")]


def test_a_model_is_recommended_with_its_threshold_counts_and_bound():
    page = built(given=0.69)
    assert page.select_one(".headline").text == "Model 4, threshold 0.30"
    assert page.select_one(".stamp").text == "추천"
    tiles = [" ".join(tile.stripped_strings) for tile in page.select(".tiles > div")]
    assert tiles[0].replace(" ", "") == "찾은유해36개Recall90.0%,신뢰구간하한78.0%"
    assert tiles[1].replace(" ", "") == "놓친유해(미탐)4개유해40개중"
    assert tiles[2].replace(" ", "") == "오탐5개안전20개중,Precision90.0%"
    assert "30.0%" in tiles[3]  # of the traffic, not of the data
    assert "시험 항목 60개" in page.select_one(".judged").text
    cell = page.select_one(".tiles data")["data-cell"]
    assert cell == "tables/recommendations_video.csv[0].tp"


@pytest.mark.parametrize(
    ("changes", "headline", "reason"),
    [
        ({"pair": (-0.1, 0.1)}, "판단 보류: 모델 간 차이가 구별되지 않음", "threshold 0.30"),
        ({"baseline": (-0.1, 0.1)}, "판단 보류: 기준선보다 나은 근거 부족", "Model 4"),
        ({"baseline": (NAN, NAN), "pair": (NAN, NAN)}, "판단 보류: 그룹 부족", "Model 4"),
        ({"weights": "untrained", "pair": (-0.1, 0.1)}, "판단 보류: 학습되지 않은 가중치",
         "다른 이유: 모델 간 차이가 구별되지 않음"),
    ],
)  # fmt: skip
def test_a_held_card_says_why_and_whose_numbers_it_shows(changes, headline, reason):
    page = built(**changes)
    assert page.select_one(".headline").text == headline
    assert reason in page.select_one(".reason").text
    assert page.select_one(".stamp").text == "보류"
    assert "recommended" not in page.select_one(".card")["class"]


def test_without_an_interval_there_is_no_bound():
    page = built(baseline=(NAN, NAN), pair=(NAN, NAN))
    assert "신뢰구간 없음" in page.select_one(".tiles").text
    assert "하한" not in page.select_one(".tiles").text
    assert "–" not in page.select_one(".tiles").text
    assert "신뢰구간 없음" in page.select_one(".differences").text
    assert not page.select(".interval")


def test_decisions_of_folds_are_counted_as_decisions():
    page = built(folds=True)
    assert page.select_one(".tiles strong").text == "36건"
    assert "교차 검증(5개 fold, seed 3개)" in page.select_one(".judged").text


def test_a_table_of_scores_has_thresholds_of_its_own_scale():
    run, report = make()
    decision = decide(run, report)
    own, others = decision.recommended["video"], decision.differences["video"]
    nothing = report.prevalence["video"]
    percent = cards.card(own.assign(native=30.0, scale="percent"), others, nothing, "video")
    levels = cards.card(own.assign(native=4.0, scale="levels"), others, nothing, "video")
    assert (plain(percent.headline), plain(levels.headline)) == (
        "Model 4, threshold 30",
        "Model 4, 등급 4 이상",
    )


def test_the_chips_say_each_state_in_words_and_lead_to_evidence():
    page = built(weights="untrained", edge="low", ledger=("video",), equal=True)
    found = chip_texts(page)
    assert found[0] == "문제 학습되지 않은 가중치: CLIP"
    assert "주의 탐색 범위 끝의 최적값: Model 4" in found
    assert "주의 쓰지 못한 파일: 1개" in found
    assert "참고 같은 네트워크: Model 2 = Model 4" in found
    assert "참고 유해 비율: 데이터 70%, 트래픽 모름" in found
    assert "양호 그룹 수: 비디오 유해 9, 안전 8" in found
    assert all(chip.a["href"].startswith("#") for chip in page.select(".chips li"))
    fine = chip_texts(built(given=0.69))
    assert "양호 학습된 가중치" in fine
    assert "양호 모든 파일 사용" in fine
    assert "양호 트래픽과 비슷한 유해 비율: 비디오 70%" in fine
    assert all(text.startswith("양호") for text in fine)


def test_what_is_muted_has_no_chip_and_is_not_called_fine():
    page = built(weights="untrained", mute=["HL001"])
    found = chip_texts(page)
    assert not [text for text in found if "가중치" in text]
    assert "참고 숨긴 항목: HL001" in found
    assert "HL001" not in page.select_one(".findings").text
    assert "HL009" in page.select_one(".findings").text
    assert page.select_one(".headline").text == "판단 보류: 학습되지 않은 가중치"


def test_what_the_data_say_is_text():
    page = built()
    assert page.select_one(".source").text.startswith(
        "실행 a<b · 2026-03-01 · 데이터 data · 비디오 20개"
    )


def test_the_screen_is_in_english_where_the_page_is():
    run, report = make(weights="untrained", edge="low", equal=True)
    with languages(page="en"):
        decision = decide(run, report)
        own, others = decision.recommended["video"], decision.differences["video"]
        card = cards.card(own, others, report.prevalence["video"], "section")
        chips = states.chips(decision.findings, decision.recommended, {}, run.params)
        told = [card.headline, card.reason, card.judged, *(c.badge for c in chips)]
        told += [text for tile in card.tiles for text in (tile.name, tile.value, tile.more)]
    assert not [text for text in map(plain, told) if re.search("[가-힣]", text)]


def test_every_code_has_words_and_evidence():
    for table in (states.EVIDENCE, states.EVIDENCE_OF_SCORES, states.LABELS):
        assert set(table) == set(FINDING_KINDS)


@pytest.mark.parametrize(
    ("notebook", "anchors"),
    [("05_report", states.EVIDENCE), ("05_scores", states.EVIDENCE_OF_SCORES)],
)
def test_the_evidence_is_in_the_notebook(notebook, anchors):
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    known = {f"cell-id={cell['id']}" for cell in cells}
    known |= set(re.findall(r'\bfold\("([\w-]+)"', "\n".join("".join(c["source"]) for c in cells)))
    assert set(anchors.values()) <= known


def test_the_plot_holds_0_and_draws_the_nearest_of_many():
    values = [0.3, *(0.01 * i for i in range(1, 10))]
    table = pd.DataFrame({"difference": values, "low": [v - 0.02 for v in values],
                          "high": [v + 0.02 for v in values]})  # fmt: skip
    words = [(f"m{i}", f"{value:.2f}") for i, value in enumerate(values)]
    page = BeautifulSoup(difference_plot(table, "차이", words), "html.parser")
    names = [name.text for name in page.select(".name")]
    assert names == ["m0", "m1", "m2", "m3", "m4", "m5"]
    assert len(names) == MOST
    kinds = [row["class"][1] for row in page.select(".difference")]
    assert kinds == ["above", "around", "around", "above", "above", "above"]
    for place in page.select("circle"):
        assert 0 <= float(place["cx"].rstrip("%")) <= 100
    zero = {line["x1"] for line in page.select(".zero")}
    assert len(zero) == 1


def test_a_difference_that_is_nothing_is_drawn():
    table = pd.DataFrame({"difference": [0.0], "low": [0.0], "high": [0.0]})
    assert "circle" in difference_plot(table, "차이", [("a", "0")])
