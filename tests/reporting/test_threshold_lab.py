"""The widgets of 05_explore: lines, objectives, prices, and the numbers beside them."""

import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from lab_scores import cells, make_explorer, make_points, make_scored, text, validation

from harmlib.analysis import variant_tables as evidence
from harmlib.analysis.choice import choose
from harmlib.analysis.misclassified import errors_by_group
from harmlib.analysis.thresholds import sweep
from harmlib.reporting.lab import views as lab_views
from harmlib.reporting.lab.threshold_lab import AIMS, BY_HAND, COST, LIMITS, OPERATING, Explorer
from harmlib.reporting.text.certainty import STATES


def check_shown(explorer, rows):
    """Everything that is shown is what the analysis says of `rows` at the line."""
    row = sweep(rows["label"], rows["probability"], [explorer.line]).iloc[0]
    shown = cells(explorer, "검증 분할의 지표")[0]
    names = {"Precision": "precision", "Recall": "recall", "F1": "f1", "MCC": "mcc"}
    names |= {"유해 판정 비율": "flagged_share", "특이도": "specificity"}
    assert shown == {"구분": "지금의 선"} | {k: f"{row[v]:.4f}" for k, v in names.items()}
    harmful, safe = (list(c.values()) for c in cells(explorer, "혼동 행렬"))
    assert harmful == ["유해", str(int(row["tp"])), str(int(row["fn"]))]
    assert safe == ["안전", str(int(row["fp"])), str(int(row["tn"]))]
    here = {"threshold": explorer.line, "recall": row["recall"], "precision": row["precision"]}
    assert explorer.charts.line == pytest.approx(here)
    groups = errors_by_group(rows, explorer.line)
    first = cells(explorer, "그룹별 오류")[0]
    assert (first["그룹"], first["오탐"], first["미탐"]) == tuple(
        groups[["group", "false_alarms", "misses"]].iloc[0].astype(str)
    )
    n, cost = len(rows), 5000 * row["fn"] + 1000 * row["fp"]
    assert cells(explorer, "하루의 예상 비용")[0]["비용"] == f"{cost / n * 10_000:,.0f}원"


@pytest.mark.parametrize("threshold", [0.05, 0.2, 0.5, 0.731, 0.9])
@pytest.mark.parametrize("field", ["slider", "exact"])
def test_moving_the_line_shows_what_the_analysis_computes(scored, explorer, field, threshold):
    getattr(explorer, field).value = threshold
    assert explorer.line == explorer.slider.value == explorer.exact.value == threshold
    assert explorer.objective.value == BY_HAND
    check_shown(explorer, validation(scored, explorer))


def test_it_opens_at_the_operating_point_of_the_newest_model(scored, explorer):
    points = make_points(scored)
    chosen = points[(points["variant"] == "model4") & points["chosen"]].iloc[0]
    assert (explorer.model.value, explorer.epoch.value) == ("model4", chosen["epoch"])
    assert explorer.objective.value == OPERATING
    assert explorer.line == chosen["threshold"] == 0.45
    check_shown(explorer, validation(scored, explorer))


def test_the_baseline_stands_beside_the_line(scored, explorer):
    share = validation(scored, explorer)["label"].mean()
    baseline = cells(explorer, "검증 분할의 지표")[1]
    assert baseline["구분"] == "모두 유해(기준선)"
    assert (baseline["Precision"], baseline["Recall"]) == (f"{share:.4f}", "1.0000")
    assert baseline["유해 판정 비율"] == "1.0000"


@pytest.mark.parametrize("aim", [a for a in AIMS if a not in (BY_HAND, OPERATING)])
def test_an_objective_moves_the_line_to_what_choose_says(scored, explorer, aim):
    explorer.objective.value = aim
    objective = f"{aim}{LIMITS[aim]}" if aim in LIMITS else aim
    objective = "cost:miss=5000,alarm=1000" if aim == COST else objective
    rows = validation(scored, explorer)
    choice = choose(rows["label"], rows["probability"], objective)
    assert explorer.line == explorer.exact.value == choice.threshold
    assert explorer.slider.value == round(choice.threshold, 3), "on a step of the slider"
    assert f"threshold는 {choice.threshold:.4f}, 목적의 값은 {choice.value:.4f}" in text(
        explorer.said
    )
    assert explorer.objective.value == aim, "following an objective is not moving by hand"
    check_shown(explorer, rows)


def test_what_a_browser_answers_is_not_a_move_by_hand(explorer):
    explorer.slider.value = 0.48100000000000004
    assert explorer.line == explorer.exact.value == 0.481
    assert explorer.slider.value == 0.48100000000000004, "or it would jump back under the hand"
    explorer.objective.value = "f1"
    chosen = explorer.line
    explorer.slider.value = np.nextafter(explorer.slider.value, 1)
    assert (explorer.line, explorer.objective.value) == (chosen, "f1")
    explorer.slider.value = round(chosen, 3) + 0.001
    assert explorer.objective.value == BY_HAND


def test_every_objective_of_the_evidence_is_offered():
    kinds = {re.split(r"miss=|(?<=[<>]=)", o)[0].removesuffix(":") for o in evidence.OBJECTIVES}
    assert kinds == set(AIMS) - {BY_HAND, OPERATING}


def test_a_limit_belongs_to_its_objective(scored, explorer):
    assert explorer.limit.layout.display == "none"
    explorer.objective.value = "recall@flagged<="
    assert (explorer.limit.layout.display, explorer.limit.value) == (None, 0.5)
    explorer.limit.value = 0.2
    rows = validation(scored, explorer)
    expected = choose(rows["label"], rows["probability"], "recall@flagged<=0.2")
    assert explorer.line == expected.threshold
    assert float(cells(explorer, "검증 분할의 지표")[0]["유해 판정 비율"]) <= 0.2
    explorer.objective.value = "precision@recall>="
    assert explorer.limit.value == 0.95
    explorer.objective.value = "f1"
    assert explorer.limit.layout.display == "none"


def test_an_objective_stays_with_another_model_or_epoch(scored, explorer):
    explorer.objective.value = "f1"
    for field, value in (("model", "model3"), ("epoch", 1)):
        getattr(explorer, field).value = value
        rows = validation(scored, explorer)
        assert explorer.line == choose(rows["label"], rows["probability"], "f1").threshold
        check_shown(explorer, rows)


def test_a_line_by_hand_stays_with_another_model(scored, explorer):
    explorer.slider.value = 0.62
    explorer.model.value = "model3"
    assert (explorer.line, explorer.objective.value) == (0.62, BY_HAND)
    check_shown(explorer, validation(scored, explorer))


def test_the_operating_threshold_is_a_click_away(explorer):
    explorer.slider.value = 0.9
    explorer.objective.value = OPERATING
    assert explorer.line == 0.45


def test_prices_move_the_cheapest_line(scored, explorer):
    explorer.miss.value, explorer.alarm.value, explorer.per_day.value = 300, 700, 50
    rows = validation(scored, explorer)
    best = choose(rows["label"], rows["probability"], "cost:miss=300,alarm=700")
    here, cheapest, baseline = cells(explorer, "하루의 예상 비용")
    row = sweep(rows["label"], rows["probability"], [0.45]).iloc[0]
    assert here["미탐"] == f"{row['fn'] / len(rows) * 50:,.1f}"
    assert here["오탐"] == f"{row['fp'] / len(rows) * 50:,.1f}"
    assert cheapest["Threshold"] == f"{best.threshold:.4f}"
    assert cheapest["비용"] == f"{best.value * 50:,.0f}원"
    assert baseline["Threshold"] == "–"
    assert baseline["비용"] == f"{700 * (1 - rows['label'].mean()) * 50:,.0f}원"
    assert explorer.line == 0.45, "prices move the line only where cost is the objective"
    explorer.objective.value = COST
    assert explorer.line == best.threshold
    explorer.miss.value = 9000
    best = choose(rows["label"], rows["probability"], "cost:miss=9000,alarm=700")
    assert explorer.line == best.threshold
    assert (
        cells(explorer, "하루의 예상 비용")[0]["비용"]
        == cells(explorer, "하루의 예상 비용")[1]["비용"]
    )


def test_seeds_of_the_scores_are_offered(scored):
    both = pd.concat([make_scored(seeds=(42,)), make_scored(seeds=(7,), epochs=(1, 2), n=60)])
    explorer = make_explorer(both.drop_duplicates(["variant", "seed", "epoch", "split", "item_id"]))
    assert explorer.seed.options == (7, 42)
    explorer.seed.value = 42
    explorer.epoch.value = 3
    explorer.seed.value = 7
    assert explorer.epoch.options == (1, 2), "an epoch that this seed lacks is not offered"
    assert len(explorer.rows) == 60


def test_one_model_and_one_epoch(scored):
    one = make_scored(variants=("mine",), epochs=(1,))
    explorer = make_explorer(one)
    assert explorer.model.options == (("mine", "mine"),)
    assert explorer.epoch.options == (1,)
    check_shown(explorer, validation(one, explorer))


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"probability": 0.5}, "constant_scores"),
        ({"label": 1}, "one_class"),
        ({"label": 0}, "one_class"),
    ],
)
def test_scores_without_a_line_give_a_sentence(change, state):
    explorer = make_explorer(make_scored(epochs=(1,)).assign(**change))
    assert STATES[state] in text(explorer.said)
    before = explorer.line
    for aim in (a for a in AIMS if a != BY_HAND):
        explorer.objective.value = aim
        assert explorer.line == before
        if aim != OPERATING:
            assert f"{STATES[state]}: 선을 옮기지 않았습니다" in text(explorer.said)
    assert [row["구분"] for row in cells(explorer, "하루의 예상 비용")] == [
        "지금의 선",
        "모두 유해(기준선)",
    ]
    assert "nan" not in explorer.numbers.value + explorer.effects.value


def test_what_no_line_can_do_is_said(explorer):
    explorer.objective.value = "recall@precision>="
    explorer.limit.value = 1.0
    rows = explorer.rows
    worst = rows["probability"].idxmax()
    explorer.rows.loc[worst, "label"] = 0  # nothing above which all is harmful
    explorer._select({"owner": explorer.epoch})
    before = explorer.line
    assert f"{STATES['infeasible']}: 선을 옮기지 않았습니다" in text(explorer.said)
    assert explorer.line == before


def test_a_ratio_without_a_denominator_is_a_dash(explorer):
    explorer.slider.value = 1.0
    row = cells(explorer, "검증 분할의 지표")[0]
    assert (row["Precision"], row["Recall"], row["F1"]) == ("–", "0.0000", "0.0000")
    assert explorer.charts.line == {"threshold": 1.0, "recall": 0.0, "precision": None}
    assert "아무것도 유해로 판정하지 않습니다" in text(explorer.said)


@pytest.mark.parametrize(
    ("label", "dashes"), [(1, {"특이도"}), (0, {"Recall", "F1"})], ids=["harmful", "safe"]
)
def test_one_class_leaves_ratios_undefined(label, dashes):
    explorer = make_explorer(make_scored(epochs=(1,)).assign(label=label))
    row = cells(explorer, "검증 분할의 지표")[0]
    assert {name for name, value in row.items() if value == "–"} == dashes


def test_a_line_without_errors_says_so():
    scored = make_scored(epochs=(1,))
    explorer = make_explorer(scored.assign(probability=0.25 + 0.5 * scored["label"]))
    assert "틀린 항목이 없습니다" in text(explorer.effects)


def test_groups_are_counted_and_the_worst_are_shown(explorer):
    explorer.slider.value = 0.5
    groups = errors_by_group(explorer.rows, 0.5)
    wrong = (groups["error_rate"] > 0).sum()
    assert wrong > lab_views.GROUPS_SHOWN
    caption = f"그룹별 오류: 20개 그룹 중 {wrong}개에 오류가 있음(많은 순으로 8개)"
    assert [row["그룹"] for row in cells(explorer, caption)] == groups["group"].head(8).tolist()


def test_a_choice_no_better_than_calling_everything_harmful_says_so():
    scored = make_scored(epochs=(1,))
    explorer = make_explorer(scored.assign(probability=1 - scored["probability"]))
    explorer.objective.value = "f1"
    assert "기준선보다 낫지 않습니다" in text(explorer.said)


def test_only_validation_is_looked_at(scored, explorer):
    assert set(explorer.rows["split"]) == {"val"}
    test_changed = scored.assign(
        probability=scored["probability"].mask(scored["split"] == "test", 0.123)
    )
    other = Explorer(test_changed, make_points(scored))
    assert other.numbers.value == explorer.numbers.value
    with pytest.raises(ValueError, match="no validation rows"):
        Explorer(scored[scored["split"] == "test"], make_points(scored))


def test_an_error_is_shown_to_the_person_and_raised(explorer, monkeypatch):
    monkeypatch.setattr(lab_views, "groups_table", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        explorer.slider.value = 0.7
    alert = BeautifulSoup(explorer.problem.value, "html.parser").find(role="alert")
    assert "계산하지 못했습니다" in alert.text
    assert "ZeroDivisionError: division by zero" in alert.text
    monkeypatch.undo()
    explorer.slider.value = 0.6
    assert explorer.problem.value == "", "it goes when the next change succeeds"
