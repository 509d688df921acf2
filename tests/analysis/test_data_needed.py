import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from harmlib.analysis.data_needed import data_needed, width_by_groups
from harmlib.analysis.over_seeds import estimate_over_seeds
from harmlib.analysis.power import detectable_difference


def judged(accuracy, seeds=(1, 2), groups=40, size=4, draw=0):
    rng = np.random.default_rng([draw, int(1000 * accuracy)])
    n = groups * size
    label = np.arange(n) % 2
    return pd.concat(
        pd.DataFrame(
            {"seed": seed, "item_id": [f"{i:04}" for i in range(n)], "label": label,
             "group": [f"g{i // size}" for i in range(n)], "logit": 0.0,
             "flagged": np.where(rng.random(n) < accuracy, label, 1 - label) == 1}
        )
        for seed in seeds
    )  # fmt: skip


def test_the_needed_groups_make_the_difference_detectable_by_the_root_law():
    a, b = judged(0.7), judged(0.75)
    found = data_needed(a, b, 0.02).iloc[0]
    apart = estimate_over_seeds(b, "f1") - estimate_over_seeds(a, "f1")
    assert found["observed"] == pytest.approx(apart.value)
    assert found["error"] == pytest.approx(apart.error)
    needed = found["groups_needed"]
    for groups, told in ((needed, True), (needed - 1, False)):
        error = apart.error * math.sqrt(40 / groups)
        assert (detectable_difference(error, int(groups)) <= 0.02) is told
    assert found["items_needed"] == pytest.approx(4 * needed)
    assert found["groups"] == 40
    assert found["items"] == 160


@given(st.floats(0.005, 0.2), st.floats(1.1, 3.0))
@settings(max_examples=20)
def test_a_larger_difference_needs_fewer_groups(difference, times):
    a, b = judged(0.7), judged(0.75)
    few = data_needed(a, b, difference * times)["groups_needed"][0]
    many = data_needed(a, b, difference)["groups_needed"][0]
    assert few <= many


def test_few_groups_say_nothing_and_draw_nothing():
    a, b = judged(0.7, groups=4), judged(0.75, groups=4)
    found = data_needed(a, b, 0.02).iloc[0]
    assert found[["low", "error", "power", "groups_needed", "items_needed"]].isna().all()
    assert width_by_groups(a, b, math.nan).empty


def test_models_that_decide_alike_need_nothing():
    a = judged(0.7)
    found = data_needed(a, a, 0.02).iloc[0]
    assert found["observed"] == 0
    assert math.isnan(found["groups_needed"])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"groups": 30}, "judged other items"),
        ({"seeds": (1, 2, 3)}, "have 2 and 3 seeds; pass as many of each"),
    ],
)
def test_what_cannot_be_compared_is_refused(other, message):
    with pytest.raises(ValueError, match=message):
        data_needed(judged(0.7), judged(0.75, **other), 0.02)


def test_all_groups_have_the_width_of_the_interval():
    a, b = judged(0.7), judged(0.75)
    table = width_by_groups(a, b, 300.0)
    apart = estimate_over_seeds(b, "f1") - estimate_over_seeds(a, "f1")
    last = table[table["kind"] == "observed"].iloc[-1]
    low, high = apart.interval("difference")
    assert last["groups"] == 40
    assert last["half_width"] == pytest.approx((high - low) / 2)
    assert last["low"] == last["high"] == last["half_width"]
    assert last["expected"] == pytest.approx((high - low) / 2)
    assert last["items"] == 160


def test_beyond_the_groups_at_hand_the_line_goes_on_to_the_needed_number():
    table = width_by_groups(judged(0.7), judged(0.75), 300.0)
    beyond = table[table["kind"] == "extrapolated"]
    assert beyond["groups"].tolist() == [80, 160, 300]
    assert beyond["half_width"].isna().all()
    now = table[table["groups"] == 40]["expected"].iloc[0] / t.ppf(0.975, 39)
    assert beyond["expected"].iloc[-1] == pytest.approx(
        t.ppf(0.975, 299) * now * math.sqrt(40 / 300)
    )


def test_where_enough_is_at_hand_nothing_is_extrapolated():
    table = width_by_groups(judged(0.7), judged(0.75), 20.0)
    assert set(table["kind"]) == {"observed"}


@pytest.mark.parametrize("unknown", [math.nan, math.inf])
def test_an_unknown_number_is_extrapolated_to_four_times_the_groups(unknown):
    assert width_by_groups(judged(0.7), judged(0.75), unknown)["groups"].max() == 160


def test_subsets_of_like_groups_follow_the_root_law():
    table = width_by_groups(judged(0.7, groups=120), judged(0.75, groups=120), math.nan)
    seen = table[(table["kind"] == "observed") & (table["groups"] >= 40)]
    assert (seen["half_width"] / seen["expected"]).between(0.85, 1.15).all()


def test_the_same_seed_draws_the_same_subsets():
    a, b = judged(0.7), judged(0.75)
    pd.testing.assert_frame_equal(width_by_groups(a, b, 50.0), width_by_groups(a, b, 50.0))
