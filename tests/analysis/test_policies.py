"""Policies: chosen on validation, judged on test, priced for traffic; else a state in words."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.policies import COLUMNS, PER, compare_policies, policy_curve
from harmlib.analysis.thresholds import sweep
from harmlib.params import Costs, Goal, Policy, Volume
from harmlib.params.policies import OPERATING

COSTS = Costs(miss=50, false_alarm=4, review=1)
VOLUME = Volume(items_per_hour=1000, review_minutes=0.6)


def scored_items(n=240, seed=0, share=0.4, split=None, gap=1.5):
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < share).astype(int)
    label[:4] = [0, 1, 0, 1]
    probability = 1 / (1 + np.exp(-(rng.normal(size=n) + gap * label - gap / 2)))
    return pd.DataFrame(
        {
            "variant": "api",
            "epoch": 1,
            "split": np.where(np.arange(n) % 2, "val", "test") if split is None else split,
            "item_id": [f"i{k:04d}" for k in range(n)],
            "label": label,
            "logit": 0.0,
            "probability": probability.round(3),
            "group": np.arange(n) // 2,
        }
    )


def points(threshold=0.5, **columns):
    return pd.DataFrame(
        {"variant": ["api"], "epoch": 1, "threshold": threshold, "chosen": True} | columns
    )


def compared(policies, scored=None, **options):
    scored = scored_items() if scored is None else scored
    table = compare_policies(scored, points(), policies, "all", **options)
    assert tuple(table) == COLUMNS
    return table.set_index("policy")


def test_the_first_row_is_the_threshold_as_it_is():
    table = compared({}, costs=COSTS, volume=VOLUME)
    assert table.index.tolist() == [OPERATING]
    one, test = table.iloc[0], scored_items().query("split == 'test'")
    row = sweep(test["label"], test["probability"], [0.5]).iloc[0]
    assert one["recall"] == pytest.approx(row["recall"])
    assert one["precision"] == pytest.approx(row["precision"])
    assert one["misses"] == pytest.approx(PER * row["fn"] / len(test))
    assert one["false_alarms"] == pytest.approx(PER * row["fp"] / len(test))
    money = 50 * row["fn"] + 4 * row["fp"] + 1 * (row["tp"] + row["fp"])
    assert one["cost"] == pytest.approx(PER * money / len(test))
    assert one["reviewers"] == pytest.approx(row["flagged_share"] * 1000 * 0.6 / 60)


def test_validation_alone_chooses():
    policies = {"children": Policy(objective="recall>=0.9"), "cheap": Policy(objective="cost")}
    scored = scored_items()
    other = scored.assign(probability=scored["probability"].where(scored["split"] == "val", 0.123))
    one, two = (compared(policies, table, costs=COSTS)["threshold"] for table in (scored, other))
    assert one.tolist() == two.tolist()


@settings(max_examples=40)
@given(st.integers(0, 500), st.sampled_from([None, 0.01, 0.3, 0.9]))
def test_each_goal_is_met_on_validation_by_the_best_threshold(seed, prevalence):
    scored = scored_items(seed=seed)
    policies = {
        "recall": Policy(objective="recall>=0.9"),
        "precision": Policy(objective="precision>=0.5"),
        "budget": Policy(budget=0.3),
        "cost": Policy(objective="cost"),
    }
    table = compared(policies, scored, costs=COSTS, prevalence=prevalence)
    val = scored[scored["split"] == "val"]
    rows = sweep(val["label"], val["probability"])
    share = val["label"].mean() if prevalence is None else prevalence
    hits, alarms = share * rows["recall"], (1 - share) * (1 - rows["specificity"])
    flagged = hits + alarms
    precision = hits / flagged.where(flagged > 0, 1)
    cost = 50 * (share - hits) + 4 * alarms + flagged
    meets = {
        "recall": (rows["recall"] >= 0.9, precision),
        "precision": ((precision >= 0.5 - 1e-12) & (flagged > 0), rows["recall"]),
        "budget": (flagged <= 0.3 + 1e-12, rows["recall"]),
        "cost": (cost < np.inf, -cost),
    }
    for name, (feasible, gain) in meets.items():
        at = table.at[name, "threshold"]
        if not feasible.any():
            assert table.at[name, "state"] == "infeasible"
            assert np.isnan(at)
            continue
        place = rows.index[rows["threshold"] == at][0]
        assert feasible[place]
        assert gain[place] == pytest.approx(gain[feasible].max())


@settings(max_examples=30)
@given(st.integers(0, 500), st.sampled_from([None, 0.02, 0.5]))
def test_figures_agree_with_each_other_and_lie_in_their_intervals(seed, prevalence):
    table = compared(
        {"a": Policy(objective="f2"), "b": Policy(budget=0.2)}, scored_items(seed=seed),
        prevalence=prevalence, costs=COSTS, volume=VOLUME,
    )  # fmt: skip
    for one in table[table["state"] == "ok"].itertuples():
        q = one.prevalence
        assert one.misses == pytest.approx(PER * q * (1 - one.recall))
        caught = PER * q * one.recall
        assert one.flagged_share == pytest.approx((caught + one.false_alarms) / PER)
        assert one.precision == pytest.approx(
            caught / (caught + one.false_alarms) if caught + one.false_alarms else 0
        )
        cost = 50 * one.misses + 4 * one.false_alarms + PER * one.flagged_share
        assert one.cost == pytest.approx(cost)
        for name in ("recall", "precision", "flagged_share", "misses", "false_alarms", "cost"):
            value, low, high = (getattr(one, name + end) for end in ("", "_low", "_high"))
            assert low - 1e-9 <= value <= high + 1e-9
            assert low >= -1e-9


def test_a_policy_that_no_threshold_meets_is_a_state_without_figures():
    scored = scored_items()
    scored.loc[scored["split"].eq("val"), "probability"] = 0.4
    table = compared({"a": Policy(objective="precision>=0.99")}, scored)
    assert table.at["a", "state"] == "constant_scores"
    mixed = scored_items(gap=0.0)
    table = compared({"a": Policy(objective="precision>=0.999999")}, mixed, prevalence=1e-6)
    figures = [name for name in table if name.startswith(("recall", "cost", "misses", "thresh"))]
    if table.at["a", "state"] == "infeasible":
        assert table.loc["a", figures].isna().all()
    one_class = scored_items()
    one_class.loc[one_class["split"].eq("val"), "label"] = 1
    assert compared({"a": Policy(objective="f1")}, one_class).at["a", "state"] == "one_class"


def test_too_few_groups_give_figures_without_intervals_and_no_claim():
    scored = scored_items().assign(group=np.arange(240) % 3)
    table = compared({"a": Policy(objective="recall>=0.9")}, scored, costs=COSTS)
    assert not np.isnan(table.at["a", "recall"])
    ends = [name for name in table if name.endswith(("_low", "_high"))]
    assert table.loc["a", ends].isna().all()
    assert table.at["a", "kept"] == "unsure"


def folds_of(scored):
    half = scored["item_id"].str[-1].isin(list("02468"))
    first = scored.assign(split=np.where(half, "val", "test"), seed=1, fold=0)
    second = scored.assign(split=np.where(half, "test", "val"), seed=1, fold=1)
    both = pd.concat([first, second], ignore_index=True)
    keys = {"seed": 1, "fold": [0, 1]}
    chosen = pd.DataFrame({"variant": "api", "epoch": 1, "threshold": 0.5, "chosen": True} | keys)
    return first.drop(columns=["seed", "fold"]), (both, chosen)


def test_with_halves_every_item_is_judged_by_the_other_half():
    scored = scored_items(n=300, seed=4)
    own, judged = folds_of(scored)
    policies = {"a": Policy(objective="recall>=0.8")}
    found = compare_policies(own, points(), policies, "all", judged=judged).set_index("policy")
    flagged, caught = 0, 0
    for val, test in itertools.permutations([0, 1]):
        part = own["split"].eq("val") if val == 0 else own["split"].eq("test")
        chosen, rest = own[part], own[~part]
        alone = pd.concat([chosen.assign(split="val"), rest.assign(split="test")])
        at = compare_policies(alone, points(), policies, "all")["threshold"].iloc[1]
        flagged += (rest["probability"] > at).sum()
        caught += ((rest["probability"] > at) & (rest["label"] == 1)).sum()
        if val == 0:
            assert found.at["a", "threshold"] == at
        assert test == 1 - val
    assert found.at["a", "recall"] == pytest.approx(caught / scored["label"].sum())
    assert found.at["a", "flagged_share"] == pytest.approx(flagged / len(scored))


def test_found_here_but_not_in_the_other_half_is_not_judged():
    own, (both, chosen) = folds_of(scored_items(n=300, seed=4))
    both.loc[(both["fold"] == 1) & (both["split"] == "val"), "probability"] = 0.3
    policies = {"a": Policy(objective="recall>=0.8")}
    found = compare_policies(own, points(), policies, "all", judged=(both, chosen))
    one = found.set_index("policy").loc["a"]
    assert one["state"] == "not_everywhere"
    assert not np.isnan(one["threshold"])
    assert np.isnan(one["recall"])


def test_a_section_has_its_own_goal():
    policy = Policy(objective="recall>=0.99", categories={"gun": Goal(objective="f1")})
    tables = [
        compare_policies(scored_items(), points(), {"a": policy}, section).iloc[1]
        for section in ("gun", "fire")
    ]
    assert [one["asked"] for one in tables] == ["f1", "recall>=0.99"]
    assert tables[0]["threshold"] > tables[1]["threshold"]


def test_kept_and_missed_are_said_where_the_whole_interval_says_so():
    scored = scored_items(n=600, gap=3)
    table = compared({"low": Policy(objective="recall>=0.5"), "all": Policy(budget=1.0)}, scored)
    assert table.at["all", "kept"] == "kept"
    worse = scored.copy()
    harmful = (worse["split"] == "test") & (worse["label"] == 1)
    worse.loc[harmful, "probability"] /= 4
    assert compared({"a": Policy(objective="recall>=0.95")}, worse).at["a", "kept"] == "missed"


def test_the_curve_passes_through_the_points():
    table = compared({}, scored_items())
    curve = policy_curve(scored_items(), points())
    near = (curve["flagged_share"] - table["flagged_share"].iloc[0]).abs().idxmin()
    assert curve.at[near, "recall"] == pytest.approx(table["recall"].iloc[0], abs=0.05)
