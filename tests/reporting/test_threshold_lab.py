"""The threshold lab: thresholds, objectives, costs, and the numbers beside them."""

import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from lab_scores import cells, make_lab, make_operating_points, make_scored, text, validation

from harmlib.analysis import variant_tables as evidence
from harmlib.analysis.choice import choose
from harmlib.analysis.misclassified import errors_by_group
from harmlib.analysis.thresholds import sweep
from harmlib.reporting.lab import views
from harmlib.reporting.lab.threshold_form import (
    BY_HAND,
    COST,
    LIMITS,
    OFFERED,
    OPERATING_THRESHOLD,
)
from harmlib.reporting.lab.threshold_lab import ThresholdLab
from harmlib.reporting.text.certainty import STATES


def check_shown(lab, rows):
    """Everything that is shown is what the analysis says of `rows` at the threshold."""
    row = sweep(rows["label"], rows["probability"], [lab.threshold]).iloc[0]
    shown = cells(lab, "검증 분할의 지표")[0]
    names = {"Precision": "precision", "Recall": "recall", "F1": "f1", "MCC": "mcc"}
    names |= {"유해 판정 비율": "flagged_share", "특이도": "specificity"}
    assert shown == {"구분": "현재 threshold"} | {k: f"{row[v]:.4f}" for k, v in names.items()}
    harmful, safe = (list(c.values()) for c in cells(lab, "혼동 행렬"))
    assert harmful == ["유해", str(int(row["tp"])), str(int(row["fn"]))]
    assert safe == ["안전", str(int(row["fp"])), str(int(row["tn"]))]
    here = {"threshold": lab.threshold, "recall": row["recall"], "precision": row["precision"]}
    assert lab.charts.current == pytest.approx(here)
    groups = errors_by_group(rows, lab.threshold)
    first = cells(lab, "그룹별 오류")[0]
    assert (first["그룹"], first["오탐"], first["미탐"]) == tuple(
        groups[["group", "false_alarms", "misses"]].iloc[0].astype(str)
    )
    n, cost = len(rows), 5000 * row["fn"] + 1000 * row["fp"]
    assert cells(lab, "하루의 예상 비용")[0]["비용"] == f"{cost / n * 10_000:,.0f}원"


@pytest.mark.parametrize("threshold", [0.05, 0.2, 0.5, 0.731, 0.9])
@pytest.mark.parametrize("field", ["slider", "exact"])
def test_moving_the_threshold_shows_what_the_analysis_computes(scored, lab, field, threshold):
    getattr(lab, field).value = threshold
    assert lab.threshold == lab.slider.value == lab.exact.value == threshold
    assert lab.objective.value == BY_HAND
    check_shown(lab, validation(scored, lab))


def test_it_opens_at_the_operating_point_of_the_newest_model(scored, lab):
    table = make_operating_points(scored)
    chosen = table[(table["variant"] == "model4") & table["chosen"]].iloc[0]
    assert (lab.model.value, lab.epoch.value) == ("model4", chosen["epoch"])
    assert lab.objective.value == OPERATING_THRESHOLD
    assert lab.threshold == chosen["threshold"] == 0.45
    check_shown(lab, validation(scored, lab))


def test_the_baseline_stands_beside_the_threshold(scored, lab):
    share = validation(scored, lab)["label"].mean()
    baseline = cells(lab, "검증 분할의 지표")[1]
    assert baseline["구분"] == "모두 유해(기준선)"
    assert (baseline["Precision"], baseline["Recall"]) == (f"{share:.4f}", "1.0000")
    assert baseline["유해 판정 비율"] == "1.0000"


@pytest.mark.parametrize("offered", sorted(set(OFFERED) - {BY_HAND, OPERATING_THRESHOLD}))
def test_an_objective_moves_the_threshold_to_what_choose_says(scored, lab, offered):
    lab.objective.value = offered
    objective = f"{offered}{LIMITS[offered]}" if offered in LIMITS else offered
    objective = "cost:miss=5000,alarm=1000" if offered == COST else objective
    rows = validation(scored, lab)
    choice = choose(rows["label"], rows["probability"], objective)
    assert lab.threshold == lab.exact.value == choice.threshold
    assert lab.slider.value == round(choice.threshold, 3), "on a step of the slider"
    assert f"threshold는 {choice.threshold:.4f}, 목적의 값은 {choice.value:.4f}" in text(
        lab.sentences
    )
    assert lab.objective.value == offered, "following an objective is not moving by hand"
    check_shown(lab, rows)


def test_what_a_browser_answers_is_not_a_move_by_hand(lab):
    lab.slider.value = 0.48100000000000004
    assert lab.threshold == lab.exact.value == 0.481
    assert lab.slider.value == 0.48100000000000004, "or it would jump back under the hand"
    lab.objective.value = "f1"
    chosen = lab.threshold
    lab.slider.value = np.nextafter(lab.slider.value, 1)
    assert (lab.threshold, lab.objective.value) == (chosen, "f1")
    lab.slider.value = round(chosen, 3) + 0.001
    assert lab.objective.value == BY_HAND


def test_every_objective_of_the_evidence_is_offered():
    kinds = {re.split(r"miss=|(?<=[<>]=)", o)[0].removesuffix(":") for o in evidence.OBJECTIVES}
    assert kinds == set(OFFERED) - {BY_HAND, OPERATING_THRESHOLD}


def test_a_limit_belongs_to_its_objective(scored, lab):
    assert lab.limit.layout.display == "none"
    lab.objective.value = "recall@flagged<="
    assert (lab.limit.layout.display, lab.limit.value) == (None, 0.5)
    lab.limit.value = 0.2
    rows = validation(scored, lab)
    expected = choose(rows["label"], rows["probability"], "recall@flagged<=0.2")
    assert lab.threshold == expected.threshold
    assert float(cells(lab, "검증 분할의 지표")[0]["유해 판정 비율"]) <= 0.2
    lab.objective.value = "precision@recall>="
    assert lab.limit.value == 0.95
    lab.objective.value = "f1"
    assert lab.limit.layout.display == "none"


def test_an_objective_stays_with_another_model_or_epoch(scored, lab):
    lab.objective.value = "f1"
    for field, value in (("model", "model3"), ("epoch", 1)):
        getattr(lab, field).value = value
        assert getattr(lab, field).value == value
        rows = validation(scored, lab)
        assert lab.threshold == choose(rows["label"], rows["probability"], "f1").threshold
        check_shown(lab, rows)


def test_a_threshold_by_hand_stays_with_another_model(scored, lab):
    lab.slider.value = 0.62
    lab.model.value = "model3"
    assert (lab.threshold, lab.objective.value) == (0.62, BY_HAND)
    check_shown(lab, validation(scored, lab))


def test_the_operating_threshold_is_a_click_away(lab):
    lab.slider.value = 0.9
    lab.objective.value = OPERATING_THRESHOLD
    assert lab.threshold == 0.45


def test_costs_move_the_cheapest_threshold(scored, lab):
    lab.miss_cost.value, lab.alarm_cost.value, lab.items_per_day.value = 300, 700, 50
    rows = validation(scored, lab)
    best = choose(rows["label"], rows["probability"], "cost:miss=300,alarm=700")
    here, cheapest, baseline = cells(lab, "하루의 예상 비용")
    row = sweep(rows["label"], rows["probability"], [0.45]).iloc[0]
    assert here["미탐"] == f"{row['fn'] / len(rows) * 50:,.1f}"
    assert here["오탐"] == f"{row['fp'] / len(rows) * 50:,.1f}"
    assert cheapest["Threshold"] == f"{best.threshold:.4f}"
    assert cheapest["비용"] == f"{best.value * 50:,.0f}원"
    assert baseline["Threshold"] == "–"
    assert baseline["비용"] == f"{700 * (1 - rows['label'].mean()) * 50:,.0f}원"
    assert lab.threshold == 0.45, "costs move the threshold only where cost is the objective"
    lab.objective.value = COST
    assert lab.threshold == best.threshold
    lab.miss_cost.value = 9000
    best = choose(rows["label"], rows["probability"], "cost:miss=9000,alarm=700")
    assert lab.threshold == best.threshold
    assert cells(lab, "하루의 예상 비용")[0]["비용"] == cells(lab, "하루의 예상 비용")[1]["비용"]


def test_seeds_of_the_scores_are_offered():
    both = pd.concat([make_scored(seeds=(42,)), make_scored(seeds=(7,), epochs=(1, 2), n=60)])
    lab = make_lab(both.drop_duplicates(["variant", "seed", "epoch", "split", "item_id"]))
    assert lab.seed.options == (7, 42)
    lab.seed.value = 42
    lab.epoch.value = 3
    lab.seed.value = 7
    assert lab.epoch.options == (1, 2), "an epoch that this seed lacks is not offered"
    assert len(lab.rows) == 60


def test_each_seed_has_its_own_operating_threshold():
    scored = make_scored(seeds=(7, 42))
    operating_points = make_operating_points(scored)
    operating_points.loc[operating_points["seed"] == 7, "threshold"] = 0.3
    lab = ThresholdLab(scored, operating_points)
    for seed, threshold in ((42, 0.45), (7, 0.3)):
        lab.seed.value = seed
        assert lab.threshold == threshold
        check_shown(lab, validation(scored, lab))


def test_one_model_and_one_epoch():
    one = make_scored(variants=("mine",), epochs=(1,))
    lab = make_lab(one)
    assert lab.model.options == (("mine", "mine"),)
    assert lab.epoch.options == (1,)
    check_shown(lab, validation(one, lab))


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"probability": 0.5}, "constant_scores"),
        ({"label": 1}, "one_class"),
        ({"label": 0}, "one_class"),
    ],
)
def test_scores_without_a_threshold_give_a_sentence(change, state):
    lab = make_lab(make_scored(epochs=(1,)).assign(**change))
    assert STATES[state] in text(lab.sentences)
    before = lab.threshold
    for objective in OFFERED.keys() - {BY_HAND}:
        lab.objective.value = objective
        assert lab.threshold == before
        if objective != OPERATING_THRESHOLD:
            assert f"{STATES[state]}: threshold를 그대로 두었습니다" in text(lab.sentences)
    assert [row["구분"] for row in cells(lab, "하루의 예상 비용")] == [
        "현재 threshold",
        "모두 유해(기준선)",
    ]
    assert "nan" not in lab.figures.value + lab.effects.value


def test_what_no_threshold_can_do_is_said(lab):
    lab.objective.value = "recall@precision>="
    lab.limit.value = 1.0
    rows = lab.rows
    before = lab.threshold
    worst = rows["probability"].idxmax()
    lab.rows.loc[worst, "label"] = 0  # no threshold leaves harmful items alone above it
    lab._select({"owner": lab.epoch})
    assert f"{STATES['infeasible']}: threshold를 그대로 두었습니다" in text(lab.sentences)
    assert lab.threshold == before


def test_a_ratio_without_a_denominator_is_a_dash(lab):
    lab.slider.value = 1.0
    row = cells(lab, "검증 분할의 지표")[0]
    assert (row["Precision"], row["Recall"], row["F1"]) == ("–", "0.0000", "0.0000")
    assert lab.charts.current == {"threshold": 1.0, "recall": 0.0, "precision": None}
    assert "아무것도 유해로 판정하지 않습니다" in text(lab.sentences)


@pytest.mark.parametrize(
    ("label", "dashes"), [(1, {"특이도"}), (0, {"Recall", "F1"})], ids=["harmful", "safe"]
)
def test_one_class_leaves_ratios_undefined(label, dashes):
    lab = make_lab(make_scored(epochs=(1,)).assign(label=label))
    row = cells(lab, "검증 분할의 지표")[0]
    assert {name for name, value in row.items() if value == "–"} == dashes


def test_a_threshold_without_errors_says_so():
    scored = make_scored(epochs=(1,))
    lab = make_lab(scored.assign(probability=0.25 + 0.5 * scored["label"]))
    assert "틀린 항목이 없습니다" in text(lab.effects)


def test_groups_are_counted_and_the_worst_are_shown(lab):
    lab.slider.value = 0.5
    groups = errors_by_group(lab.rows, 0.5)
    wrong = (groups["error_rate"] > 0).sum()
    assert wrong > views.GROUPS_SHOWN
    caption = f"그룹별 오류: 20개 그룹 중 {wrong}개에 오류가 있음(많은 순으로 8개)"
    assert [row["그룹"] for row in cells(lab, caption)] == groups["group"].head(8).tolist()


def test_a_choice_no_better_than_calling_everything_harmful_says_so():
    scored = make_scored(epochs=(1,))
    lab = make_lab(scored.assign(probability=1 - scored["probability"]))
    lab.objective.value = "f1"
    assert "기준선보다 낫지 않습니다" in text(lab.sentences)


def test_only_validation_is_looked_at(scored, lab):
    assert set(lab.rows["split"]) == {"val"}
    test_changed = scored.assign(
        probability=scored["probability"].mask(scored["split"] == "test", 0.123)
    )
    other = ThresholdLab(test_changed, make_operating_points(scored))
    assert other.figures.value == lab.figures.value
    with pytest.raises(ValueError, match="no validation rows"):
        ThresholdLab(scored[scored["split"] == "test"], make_operating_points(scored))


def test_an_error_is_shown_to_the_person_and_raised(lab, monkeypatch):
    monkeypatch.setattr(views, "groups_table", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lab.slider.value = 0.7
    alert = BeautifulSoup(lab.problem.value, "html.parser").find(role="alert")
    assert "계산하지 못했습니다" in alert.text
    assert "ZeroDivisionError: division by zero" in alert.text
    monkeypatch.undo()
    lab.slider.value = 0.6
    assert lab.problem.value == "", "it goes when the next change succeeds"
