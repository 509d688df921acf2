from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.misclassified import COLUMNS, errors_by_group, instructive_errors
from harmlib.analysis.thresholds import sweep


def scored(*rows):
    """Items named a, b, c … in the order of (group, label, probability)."""
    table = pd.DataFrame(rows, columns=["group", "label", "probability"])
    return table.assign(item_id=[chr(ord("a") + i) for i in range(len(table))])


def alarms(*rows):
    """Safe items of (group, probability)."""
    return scored(*[(group, 0, probability) for group, probability in rows])


def shown(table):
    """{(kind, place): item_ids in order}"""
    return {key: "".join(rows["item_id"]) for key, rows in table.groupby(["kind", "place"])}


# what is there, each, the near and the far false alarms at 0.5
BY_HAND = {
    "one error is near": (alarms(("x", 0.6)), 3, "a", ""),
    "few: near ones first": (alarms(("x", 0.9), ("x", 0.6), ("x", 0.8)), 2, "bc", "a"),
    "exactly twice each": (alarms(("x", 0.9), ("y", 0.6), ("z", 0.8), ("w", 0.7)), 2, "bd", "ac"),
    "few: groups change nothing": (
        alarms(("x", 0.6), ("x", 0.7), ("y", 0.8), ("y", 0.9)), 2, "ab", "dc",
    ),
    "near: another group first": (
        alarms(("x", 0.6), ("x", 0.61), ("y", 0.62), ("z", 0.8), ("z", 0.9), ("z", 1)),
        2, "ac", "fe",
    ),
    "far: another group first": (
        alarms(("z", 0.6), ("z", 0.61), ("z", 0.62), ("y", 0.8), ("x", 0.9), ("x", 1)),
        2, "ab", "fd",
    ),
    "near and far keep apart": (
        alarms(("x", 0.6), ("x", 0.61), ("x", 0.62), ("x", 0.63), ("y", 0.9)), 2, "ab", "ed",
    ),
    "one each: the two ends": (alarms(("x", 0.7), ("x", 0.6), ("x", 0.9)), 1, "b", "c"),
    "ties by item": (alarms(*[("x", 0.7)] * 5), 2, "ab", "de"),
    "second round by groups": (
        alarms(*[("x", 0.6)] * 3, ("y", 0.61), ("y", 0.61), *[("w", 0.9)] * 5), 4, "abde", "fghi",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "each", "near", "far"), BY_HAND.values(), ids=BY_HAND)
def test_chosen_by_hand(table, each, near, far):
    found = shown(instructive_errors(table, 0.5, each))
    assert found.get(("false_alarm", "near"), "") == near
    assert found.get(("false_alarm", "far"), "") == far


def test_table_by_hand():
    table = scored(("x", 1, 0.25), ("y", 0, 0.75), ("y", 1, 0.5), ("z", 0, 0.5), ("z", 1, 0.9))
    found = instructive_errors(table, 0.5)
    assert tuple(found.columns) == COLUMNS
    assert found.to_numpy().tolist() == [
        ["false_alarm", "near", "b", "y", 0, 0.75, 0.25],
        ["miss", "near", "c", "y", 1, 0.5, 0.0],  # on the line is not flagged
        ["miss", "near", "a", "x", 1, 0.25, 0.25],
    ]


def test_without_errors_the_columns_stay():
    found = instructive_errors(scored(("x", 1, 0.9), ("y", 0, 0.1)), 0.5)
    assert found.empty
    assert tuple(found.columns) == COLUMNS


def test_float32_probabilities_are_not_rounded_to_the_threshold():
    table = alarms(("x", 0.7)).astype({"probability": np.float32})  # 0.69999999 as a float64
    assert instructive_errors(table, 0.7).empty
    assert instructive_errors(table, 0.69999998)["item_id"].tolist() == ["a"]


def test_the_rows_are_not_said_to_be_those_of_the_file_they_come_from():
    table = scored(("x", 1, 0.1), ("y", 0, 0.9))
    table.attrs = {"name": "scores.parquet", "rows": 2}
    assert instructive_errors(table, 0.5).attrs == {}
    assert errors_by_group(table, 0.5).attrs == {}
    assert table.attrs


GOOD = scored(("x", 1, 0.9), ("y", 0, 0.1))
BAD = [
    (GOOD.drop(columns=["group", "label"]), 0.5, "scored lacks group, label; it has probability"),
    (GOOD.assign(item_id="a"), 0.5, "item 'a' has several rows; pass one variant"),
    (GOOD.assign(group=["x", None]), 0.5, "1 of 2 rows have no group"),
    (GOOD.assign(item_id=["x", None]), 0.5, "1 of 2 rows have no item_id"),
    (GOOD.assign(probability=[0.1, 1.5]), 0.5, r"item 'b' has probability 1\.5; .* not logits"),
    (GOOD.assign(probability=[-0.1, 1]), 0.5, r"item 'a' has probability -0\.1"),
    (GOOD.assign(probability=[np.nan, 1]), 0.5, r"scores\[0\] is nan"),
    (GOOD.assign(label=[2, 1]), 0.5, r"labels\[0\] is 2"),
    (GOOD, np.nan, r"thresholds\[0\] is nan"),
    (GOOD.head(0), 0.5, "empty"),
]


@pytest.mark.parametrize("function", [instructive_errors, errors_by_group])
@pytest.mark.parametrize(("table", "threshold", "message"), BAD)
def test_bad_input_is_named(function, table, threshold, message):
    with pytest.raises(ValueError, match=message):
        function(table, threshold)


def test_at_least_one_of_each():
    with pytest.raises(ValueError, match="each is 0"):
        instructive_errors(GOOD, 0.5, each=0)


def test_three_of_each_unless_told():
    table = alarms(*[("x", 0.6 + i / 100) for i in range(10)])
    found = shown(instructive_errors(table, 0.5))
    assert (found["false_alarm", "near"], found["false_alarm", "far"]) == ("abc", "jih")


def test_groups_without_items_are_not_counted():
    table = scored(("x", 1, 0.1), ("y", 0, 0.9), ("y", 0, 0.8))
    named = table.assign(group=pd.Categorical(table["group"], ["w", "x", "y"]))
    for function in (instructive_errors, errors_by_group):
        found, plain = function(named, 0.5), function(table, 0.5)
        assert found.astype({"group": str}).equals(plain.astype({"group": str}))


def test_rows_are_numbered_from_zero():
    table = scored(("x", 1, 0.1), ("y", 0, 0.9), ("y", 0, 0.8)).set_index(pd.Index([7, 5, 7]))
    assert instructive_errors(table, 0.5).index.tolist() == [0, 1, 2]
    assert errors_by_group(table, 0.5).index.tolist() == [0, 1]


def test_errors_by_group_by_hand():
    table = scored(
        ("q", 0, 0.9), ("q", 1, 0.1), ("q", 1, 0.8), ("q", 0, 0.2),
        ("c", 0, 0.7), ("c", 0, 0.6),
        ("b", 1, 0.9),
        ("a", 0, 0.5),
    )  # fmt: skip
    found = errors_by_group(table, 0.5)
    assert found.columns.tolist() == [
        "group", "n", "harmful", "false_alarms", "misses", "error_rate",
    ]  # fmt: skip
    assert found.to_numpy().tolist() == [
        ["c", 2, 0, 2, 0, 1.0],
        ["q", 4, 2, 1, 1, 0.5],
        ["a", 1, 0, 0, 0, 0.0],
        ["b", 1, 1, 0, 0, 0.0],
    ]


few_values = st.sampled_from([i / 20 for i in range(21)])  # so that there are ties
items = st.lists(st.tuples(st.sampled_from("uvwxyz"), st.integers(0, 1), few_values), min_size=1)
tables = items.map(lambda rows: scored(*rows))
thresholds = few_values
counts = st.integers(1, 4)


@settings(deadline=None)
@given(tables, thresholds, counts)
def test_only_errors_no_repeats_and_near_before_far(table, threshold, each):
    found = instructive_errors(table, threshold, each)
    alarm = found["kind"] == "false_alarm"
    assert (found["label"] == np.where(alarm, 0, 1)).all()
    assert ((found["probability"] > threshold) == alarm).all()
    assert found["item_id"].is_unique
    assert found["distance"].tolist() == (found["probability"] - threshold).abs().tolist()
    given_rows = table.set_index("item_id").loc[found["item_id"]].reset_index()
    assert (given_rows[["group", "label"]] == found[["group", "label"]]).all(axis=None)
    for _, rows in found.groupby("kind"):
        near, far = (rows.loc[rows["place"] == p, "distance"] for p in ("near", "far"))
        assert far.empty or near.max() <= far.min()
        assert near.is_monotonic_increasing
        assert far.is_monotonic_decreasing


@settings(deadline=None)
@given(tables, thresholds, counts)
def test_each_is_filled_near_first(table, threshold, each):
    found = Counter(instructive_errors(table, threshold, each)[["kind", "place"]].apply(tuple, 1))
    line = sweep(table["label"], table["probability"], [threshold]).iloc[0]
    for kind, total in (("false_alarm", line["fp"]), ("miss", line["fn"])):
        assert found[kind, "near"] == min(each, total)
        assert found[kind, "far"] == min(each, max(0, total - each))


@settings(deadline=None)
@given(tables, thresholds, counts)
def test_no_group_is_shown_twice_more_than_another_that_could_be(table, threshold, each):
    found = instructive_errors(table, threshold, each)
    flagged = table["probability"] > threshold
    for kind, wrong in (
        ("false_alarm", flagged & (table["label"] == 0)),
        ("miss", ~flagged & (table["label"] == 1)),
    ):
        rows = table[wrong].assign(distance=(table["probability"] - threshold).abs())
        rows = rows.sort_values(["distance", "item_id"])
        half = (len(rows) + 1) // 2
        if len(rows) < 2 * each:
            continue  # all are shown
        for place, pool in (("near", rows[:half]), ("far", rows[half:])):
            own = found[(found["kind"] == kind) & (found["place"] == place)]
            assert set(own["item_id"]) <= set(pool["item_id"])
            times = Counter(own["group"])
            for group, available in Counter(pool["group"]).items():
                assert times[group] >= min(available, max(times.values(), default=0) - 1)


@settings(deadline=None)
@given(tables, thresholds, counts, st.randoms())
def test_the_order_of_rows_plays_no_part(table, threshold, each, random):
    order = list(range(len(table)))
    random.shuffle(order)
    before = table.copy()
    mixed = table.iloc[order]
    pd.testing.assert_frame_equal(
        instructive_errors(table, threshold, each), instructive_errors(mixed, threshold, each)
    )
    pd.testing.assert_frame_equal(
        errors_by_group(table, threshold), errors_by_group(mixed, threshold)
    )
    pd.testing.assert_frame_equal(table, before)


@settings(deadline=None)
@given(tables, thresholds)
def test_groups_add_up_to_the_confusion_matrix(table, threshold):
    found = errors_by_group(table, threshold)
    line = sweep(table["label"], table["probability"], [threshold]).iloc[0]
    totals = found[["n", "harmful", "false_alarms", "misses"]].sum().tolist()
    assert totals == [len(table), table["label"].sum(), line["fp"], line["fn"]]
    errors = found["false_alarms"] + found["misses"]
    assert errors.is_monotonic_decreasing
    assert (found["error_rate"] * found["n"]).tolist() == pytest.approx(errors.tolist())
    assert set(found["group"]) == set(table["group"])
