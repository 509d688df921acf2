from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged_settings import drawn, judged

from harmlib.analysis.factor_effects import TOTAL, factor_effects, shapley_weights, subsets
from harmlib.analysis.setting_effects import measure

seeds_of_numpy = st.integers(0, 2**32 - 1)
few = settings(max_examples=15)


def drawn_settings(seed, factors):
    rng = np.random.default_rng(seed)
    return measure({subset: drawn(rng, n_groups=6) for subset in subsets(factors)})


def rows(table, way, metric="f1"):
    own = table[(table["way"] == way) & (table["metric"] == metric)]
    return own.set_index("factor")


@few
@given(seeds_of_numpy, st.permutations("abc"))
def test_effects_in_any_order_sum_to_the_total(seed, order):
    found = drawn_settings(seed, "abc")
    table = factor_effects(found, order)
    for metric in ("f1", "average_precision", "accuracy", "roc_auc"):
        steps = rows(table, "in_order", metric)
        assert list(steps.index) == [*order, TOTAL]
        total = steps.loc[TOTAL, "difference"]
        assert steps["difference"].drop(TOTAL).sum() == pytest.approx(total)
        ends = steps["after"].iloc[:-1].to_numpy(), steps["before"].iloc[1:-1].to_numpy()
        np.testing.assert_allclose(ends[0][:-1], ends[1])
        assert rows(table, "shapley", metric)["difference"].sum() == pytest.approx(total)


@few
@given(seeds_of_numpy)
def test_the_average_is_that_over_all_orders(seed):
    found = drawn_settings(seed, "abc")
    table = rows(factor_effects(found, "abc"), "shapley")
    for factor in "abc":
        effects = []
        for order in permutations("abc"):
            before = frozenset(order[: order.index(factor)])
            effects.append(found[before | {factor}]["f1"].value - found[before]["f1"].value)
        assert table.loc[factor, "difference"] == pytest.approx(np.mean(effects))
    assert table[["before", "after"]].isna().all(axis=None)


@few
@given(seeds_of_numpy)
def test_a_factor_that_changes_nothing_has_exactly_no_effect(seed):
    rng = np.random.default_rng(seed)
    without = {subset: drawn(rng, n_groups=6) for subset in subsets("ab")}
    found = measure(without | {subset | {"idle"}: own for subset, own in without.items()})
    table = factor_effects(found, ["a", "idle", "b"])
    own = table[table["factor"] == "idle"]
    assert set(own["way"]) == {"in_order", "alone", "shapley"}
    columns = ["difference", "low", "high", "corrected_low", "corrected_high"]
    assert (own[columns] == 0).all(axis=None)


def test_by_hand_where_two_factors_help_only_together():
    labels = [0, 0, 1, 1]
    worse, better = judged(labels, [1, 1, 1, 1]), judged(labels, [0, 0, 1, 1])
    found = measure({s: better if len(s) == 2 else worse for s in subsets("ab")})
    table = factor_effects(found, "ab")  # accuracy: 0.5, and 1.0 with both
    accuracy = {way: rows(table, way, "accuracy")["difference"] for way in set(table["way"])}
    assert accuracy["in_order"].to_dict() == {"a": 0, "b": 0.5, TOTAL: 0.5}
    assert accuracy["alone"].to_dict() == {"a": 0, "b": 0}
    assert accuracy["shapley"].to_dict() == {"a": 0.25, "b": 0.25}


def test_each_way_is_corrected_for_its_factors_and_the_total_for_none():
    found = drawn_settings(7, "abc")
    table = factor_effects(found, "abc")
    total = rows(table, "in_order").loc[TOTAL]
    assert total["low"] == total["corrected_low"]
    effect = found[frozenset("b")]["f1"] - found[frozenset()]["f1"]
    one = rows(table, "alone").loc["b"]
    assert (one["low"], one["high"]) == pytest.approx(effect.interval("difference"))
    corrected = effect.interval("difference", 1 - 0.05 / 3)
    assert (one["corrected_low"], one["corrected_high"]) == pytest.approx(corrected)


def test_a_missing_setting_is_named():
    found = drawn_settings(0, "ab")
    del found[frozenset("b")]
    with pytest.raises(ValueError, match="no setting with exactly b changed; all 4 settings"):
        factor_effects(found, "ab")


def test_without_factors_there_is_only_the_total():
    table = factor_effects(drawn_settings(0, ""), [])
    assert set(table["factor"]) == {TOTAL}
    assert (table["difference"] == 0).all()


@given(st.integers(1, 6))
def test_weights_of_all_orders(k):
    weights = shapley_weights(range(k), 0)
    assert len(weights) == 2 ** (k - 1)
    assert sum(weights.values()) == pytest.approx(1)
    by_size = [sum(w for s, w in weights.items() if len(s) == size) for size in range(k)]
    assert by_size == pytest.approx([1 / k] * k)  # each place in the order is as likely


def test_subsets_are_all_and_grow():
    found = subsets("abcd")
    assert len(set(found)) == 16
    assert all(len(a) <= len(b) for a, b in pairwise(found))
