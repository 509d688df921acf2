"""Policies in params: what is read, and what is refused with a cure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harmlib.analysis.objectives import Objective
from harmlib.params import Costs, Goal, ParamsError, Policy, ScoresParams, Volume, load_run_params

SHARES = st.decimals(0, 1, places=9).filter(lambda share: 0 < share < 1)


def load(folder, policies, extra=""):
    file = folder / "my.yaml"
    file.write_text(f"run: x\nscores: my.csv\npolicies:\n  {policies}\n{extra}\n", encoding="utf-8")
    return load_run_params(file)


def test_the_forms_of_a_policy(tmp_path):
    params = load(
        tmp_path,
        "children: {objective: recall>=0.95}\n"
        "  general: {objective: precision>=0.9, categories: {gun: {budget: 0.1}}}\n"
        "  night: {budget: '1,200 items an hour'}\n"
        "  cheap: {objective: cost}",
        "costs: {miss: 50000, false_alarm: 2000, review: 300}\nvolume: {items_per_hour: 12000}",
    )
    assert isinstance(params, ScoresParams)
    texts = {
        (name, section): policy.goal_of(section).objective_text(params.costs, params.volume)
        for name, policy in params.policies.items()
        for section in ("gun", "fire")
    }
    assert texts["children", "gun"] == "precision@recall>=0.95"
    assert texts["general", "fire"] == "recall@precision>=0.9"
    assert texts["general", "gun"] == "recall@flagged<=0.100000000"
    assert texts["night", "gun"] == "recall@flagged<=0.100000000"
    assert texts["cheap", "gun"] == "cost:miss=50000,alarm=2000,review=300"
    assert params.costs.unit == "원"


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ("a: {}", "policies.a: write either objective: .* or budget:, one of both"),
        ("a: {objective: f1, budget: 0.1}", "one of both"),
        (
            "a: {objective: recall>0.9}",
            "policies.a.objective: an objective is one of .*recall>=0.95",
        ),
        ("a: {objective: recall>=95}", "an objective is one of"),
        ("a: {objective: f3}", "an objective is one of f1, f2"),
        ("a: {budget: 200}", "policies.a.budget: .*200 items an hour"),
        ("a: {budget: 200 items}", "policies.a.budget: .*a share of all items"),
        ("a: {budget: 200 items an hour}", "policy 'a': .*add volume"),
        ("a: {objective: cost}", "policy 'a': .*add costs"),
        ("a: {objective: f1, categories: {gun: {objective: cost}}}", "policy 'a': .*add costs"),
        ("../a: {objective: f1}", "a name becomes a folder"),
        ("operating: {objective: f1}", "can't be called 'operating'"),
        ("a: {objective: f1}\n  A: {objective: f1}", "'a' and 'A' would be one"),
        ("a: {objectiv: f1}", "did you mean 'objective'"),
    ],
)
def test_what_is_refused_with_its_place(tmp_path, policies, message):
    with pytest.raises(ParamsError, match=rf"(?s)^{tmp_path / 'my.yaml'}: line \d+.*{message}"):
        load(tmp_path, policies)


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        ({"miss": 300, "false_alarm": 1, "review": 300}, "more than the review"),
        ({"miss": 3, "false_alarm": 0}, "flag everything"),
        ({"miss": 0, "false_alarm": 1}, "greater than 0"),
        ({"miss": float("inf"), "false_alarm": 1}, "finite"),
    ],
)
def test_prices_that_make_no_sense(costs, message):
    with pytest.raises(ValidationError, match=message):
        Costs(**costs)


@given(SHARES)
def test_a_budget_is_never_exceeded_by_its_rounding(share):
    text = Goal(budget=float(share)).objective_text(None, None)
    assert float(text.removeprefix("recall@flagged<=")) <= float(share)
    Objective.parse(text)


@given(st.integers(1, 10**6), st.floats(0.5, 1e7))
def test_a_budget_by_the_hour_is_a_share_of_the_volume(items, volume):
    goal = Goal(budget=f"{items} items an hour")
    text = goal.objective_text(None, Volume(items_per_hour=volume))
    share = float(text.removeprefix("recall@flagged<="))
    assert share <= min(1, items / volume) * (1 + 1e-12)
    assert share >= min(1, items / volume) - 1e-8
    Objective.parse(text)


@given(st.floats(1e-6, 1e12), st.floats(0, 1e12), st.floats(0, 1e12))
def test_costs_are_read_by_the_analysis(miss, alarm, review):
    try:
        costs = Costs(miss=miss, false_alarm=alarm, review=review)
    except ValidationError:
        return
    objective = Objective.parse(Policy(objective="cost").objective_text(costs, None))
    assert objective.scale == max(miss, alarm, review)


@given(st.floats(0, 1), st.floats(1, 1e6), st.floats(0.01, 60), st.floats(1, 24))
def test_reviewers_work_all_that_is_flagged(share, items, minutes, hours):
    volume = Volume(items_per_hour=items, review_minutes=minutes, reviewer_hours_a_day=hours)
    worked_minutes = volume.reviewers(share) * hours * 60
    assert worked_minutes == pytest.approx(share * items * 24 * minutes)
