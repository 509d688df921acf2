"""What is recommended: never more than the corrected intervals carry."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.recommendation import (
    METRICS,
    not_told_apart,
    recommendation,
    recommendation_differences,
)

NAN = math.nan


def tables(f1, baseline, pairs, states=None):
    """Tables of models m0, m1, …

    f1 : of validation; baseline : (low, high) of each; pairs : (i, j) -> (low, high) of j - i
    """
    names = [f"m{i}" for i in range(len(f1))]
    chosen = pd.DataFrame({"variant": names, "f1": f1, "epoch": 1, "threshold": 0.3,
                           "state": states or ["ok"] * len(f1)})  # fmt: skip
    results = pd.DataFrame({"variant": [*names, "baseline"], "n": 20, "tp": 9, "fp": 2, "fn": 1,
                            "tn": 8})  # fmt: skip
    intervals = pd.DataFrame(
        [(name, metric, 0.9, 0.8, 0.95, 9, 8) for name in names for metric in METRICS],
        columns=["variant", "metric", "value", "low", "high", "harmful_groups", "safe_groups"],
    )
    against = pd.DataFrame(
        [(name, 0.8, (low + high) / 2, low, high, 9, 30.0)
         for name, (low, high) in zip(names, baseline, strict=True)],
        columns=["variant", "baseline", "difference", "corrected_low", "corrected_high", "groups",
                 "groups_needed"],
    )  # fmt: skip
    differences = pd.DataFrame(
        [(split, metric, names[i], names[j], (low + high) / 2, low, high)
         for (i, j), (low, high) in pairs.items()
         for split, metric in (("test", "recall"), ("test", "f1"), ("val", "f1"))],
        columns=["split", "metric", "a", "b", "difference", "corrected_low", "corrected_high"],
    )  # fmt: skip
    # Rows of another split or metric must not be read
    other = (differences["split"] == "val") | (differences["metric"] == "recall")
    differences.loc[other, ["difference", "corrected_low", "corrected_high"]] = -9.0
    return chosen, chosen, results, intervals, against, differences


def found(*parts, trained=True):
    return recommendation(*tables(*parts), trained=trained).iloc[0]


GOOD = ((0.05, 0.15), (0.02, 0.12))


@pytest.mark.parametrize(
    ("baseline", "pair", "trained", "state", "held_by"),
    [
        (GOOD, (-0.2, -0.1), True, "ok", ""),
        (GOOD, (-0.2, -0.1), False, "ok", "HL001"),
        (GOOD, (-0.2, 0.01), True, "ok", "HL004"),
        (GOOD, (0.01, 0.2), True, "ok", "HL005"),
        (((-0.01, 0.15), GOOD[1]), (-0.2, -0.1), True, "ok", "HL003"),
        (((-0.3, -0.15), GOOD[1]), (-0.2, 0.1), True, "ok", "HL003 HL004"),
        (((0.0, 0.15), GOOD[1]), (-0.2, -0.1), True, "ok", "HL003"),
        (GOOD, (-0.2, -0.1), True, "constant_scores", "HL008"),
        (((NAN, NAN), (NAN, NAN)), (NAN, NAN), False, "ok", "HL001 HL002"),
        (GOOD, (0.0, 0.0), True, "ok", ""),  # both decide every item alike
    ],
)
def test_what_holds_a_recommendation(baseline, pair, trained, state, held_by):
    made = found([0.9, 0.8], baseline, {(0, 1): pair}, [state, "ok"], trained=trained)
    assert made["variant"] == "m0"
    assert made["held_by"] == held_by
    assert made["state"] == ("held" if held_by else "recommended")


def test_one_model_alone_needs_the_baseline_only():
    assert found([0.9], GOOD[:1], {})["state"] == "recommended"


def test_the_row_holds_the_numbers_of_the_tables():
    made = recommendation(*tables([0.8, 0.9], GOOD, {(0, 1): (0.1, 0.2)}), trained=True)
    row = made.iloc[0]
    assert row[["variant", "threshold", "tp", "fn", "fp", "tn"]].tolist() == ["m1", 0.3, 9, 1, 2, 8]
    assert row[["folds", "seeds", "items"]].tolist() == [1, 1, 20]
    assert row[["recall", "recall_low", "corrected_low"]].tolist() == [0.9, 0.8, 0.02]
    assert made.dtypes[["tp", "groups", "epoch"]].tolist() == ["int64"] * 3


def test_results_of_folds_say_how_many():
    parts = list(tables([0.9], GOOD[:1], {}))
    parts[2] = parts[2].assign(folds=5, seeds=3, items=40)
    row = recommendation(*parts, trained=True).iloc[0]
    assert row[["folds", "seeds", "items"]].tolist() == [5, 3, 40]


def test_differences_are_those_of_the_model_less_the_others():
    pairs = {(0, 1): (0.1, 0.3), (0, 2): (0, 0.1), (1, 2): (-0.2, 0.1)}
    *_, against, differences = tables([0.7, 0.9, 0.8], (*GOOD, (0.0, 0.1)), pairs)
    made = recommendation_differences("m1", against, differences)
    assert made["other"].tolist() == ["baseline", "m0", "m2"]
    assert made["low"].tolist() == [0.02, 0.1, -0.1]
    assert made["high"].tolist() == [0.12, 0.3, 0.2]
    assert made["difference"].round(9).tolist() == [0.07, 0.2, 0.05]


ENDS = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(sorted)


@st.composite
def scenes(draw):
    n = draw(st.integers(1, 4))
    f1 = draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    baseline = draw(st.lists(ENDS, min_size=n, max_size=n))
    pairs = {(i, j): draw(ENDS) for j in range(n) for i in range(j)}
    return f1, baseline, pairs


@given(scenes(), st.booleans())
def test_nothing_is_recommended_that_an_interval_does_not_carry(scene, trained):
    f1, baseline, pairs = scene
    made = found(*scene, trained=trained)
    best = f1.index(max(f1))
    assert made["variant"] == f"m{best}"  # test never chooses
    ends = [(-high, -low) if i == best else (low, high) for (i, j), (low, high) in pairs.items()
            if best in (i, j)]  # fmt: skip
    sure = baseline[best][0] > 0 and all(low > 0 or low == high == 0 for low, high in ends)
    assert (made["state"] == "recommended") == (trained and sure)
    assert (made["held_by"] == "") == (made["state"] == "recommended")


@given(scenes())
def test_a_recommended_model_is_the_one_that_no_other_is_above(scene):
    *_, against, differences = tables(*scene)
    made = found(*scene)
    others = recommendation_differences(made["variant"], against, differences)
    if made["state"] == "recommended":
        assert (others["high"] >= 0).all()
        assert not_told_apart(others).empty
