from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.misclassified import (
    COLUMNS,
    NEAR,
    errors_by_group,
    errors_of_models,
    instructive_errors,
)
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


# what is there, each, the near and the far false alarms at 0.5; near is up to 0.6
BY_HAND = {
    "one that is near": (alarms(("x", 0.6)), 3, "a", ""),
    "one that is far, though none is nearer": (alarms(("x", 0.9)), 3, "", "a"),
    "few: all of them": (alarms(("x", 0.9), ("x", 0.6), ("x", 0.8)), 2, "b", "ac"),
    "near ones fill up": (
        alarms(("x", 0.51), ("x", 0.52), ("x", 0.53), ("x", 0.54), ("x", 0.9)), 2, "abc", "e",
    ),
    "far ones fill up": (
        alarms(("x", 0.55), ("x", 0.7), ("x", 0.8), ("x", 0.9), ("x", 1)), 2, "a", "edc",
    ),
    "few: groups change nothing": (
        alarms(("x", 0.55), ("x", 0.58), ("y", 0.8), ("y", 0.9)), 2, "ab", "dc",
    ),
    "near: another group first": (
        alarms(("x", 0.51), ("x", 0.52), ("y", 0.53), ("z", 0.8), ("z", 0.9), ("z", 1)),
        2, "ac", "fe",
    ),
    "far: another group first": (
        alarms(("z", 0.51), ("z", 0.52), ("z", 0.53), ("y", 0.8), ("x", 0.9), ("x", 1)),
        2, "ab", "fd",
    ),
    "one each: the two ends": (alarms(("x", 0.7), ("x", 0.6), ("x", 0.9)), 1, "b", "c"),
    "near ties by item": (alarms(*[("x", 0.55)] * 5), 2, "abcd", ""),
    "far ties by item": (alarms(*[("x", 0.7)] * 5), 2, "", "abcd"),
    "second round by groups": (
        alarms(*[("x", 0.55)] * 3, ("y", 0.56), ("y", 0.56), *[("w", 0.9)] * 5), 4, "abde", "fghi",
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
        ["false_alarm", "far", "b", "y", 0, 0.75, 0.5, 0.25, 1],
        ["miss", "near", "c", "y", 1, 0.5, 0.5, 0.0, 1],  # on the threshold is not flagged
        ["miss", "far", "a", "x", 1, 0.25, 0.5, 0.25, 1],
    ]


# probability of a safe item, threshold, its place: the distance decides, and rounding does not
DISTANCES = [
    (0.4, 0.3, "near"),  # 0.4 - 0.3 is 0.10000000000000003
    (0.6, 0.5, "near"),
    (0.401, 0.3, "far"),
    (0.9, 0.5, "far"),
    (0.1, 0.05, "near"),
]


@pytest.mark.parametrize(("probability", "threshold", "place"), DISTANCES)
def test_near_is_within_a_tenth_whatever_the_rank(probability, threshold, place):
    found = instructive_errors(alarms(("x", probability)), threshold)
    assert found["place"].tolist() == [place]


def test_each_item_is_measured_from_its_own_threshold():
    table = alarms(("x", 0.5), ("x", 0.9))
    found = instructive_errors(table, np.array([0.1, 0.85]))
    assert found[["item_id", "place", "threshold"]].to_numpy().tolist() == [
        ["b", "near", 0.85], ["a", "far", 0.1],
    ]  # fmt: skip


def test_the_totals_count_those_that_are_not_shown():
    table = alarms(*[("x", 0.55)] * 7, *[("x", 0.9)] * 9)
    found = instructive_errors(table, 0.5, each=2)
    totals = found.groupby("place")["total"].unique()
    assert (totals["near"].tolist(), totals["far"].tolist()) == ([7], [9])


def test_errors_of_models_are_those_of_each():
    one = scored(("x", 1, 0.1), ("y", 0, 0.9), ("y", 1, 0.3))
    two = one.assign(probability=[0.9, 0.3, 0.35])
    both = pd.concat(
        [one.assign(variant="z", threshold=0.5), two.assign(variant="a", threshold=0.2)]
    )
    found = errors_of_models(both, each=1)
    assert tuple(found.columns) == ("variant", *COLUMNS)
    assert found["variant"].tolist() == ["z", "z", "z", "a"], "in the order of the table"
    for variant, own, threshold in (("z", one, 0.5), ("a", two, 0.2)):
        rows = found[found["variant"] == variant].drop(columns="variant").reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, instructive_errors(own, threshold, each=1))


@pytest.mark.parametrize("lacking", ["variant", "threshold"])
def test_models_need_their_names_and_thresholds(lacking):
    table = alarms(("x", 0.9)).assign(variant="a", threshold=0.5)
    with pytest.raises(ValueError, match=f"scored lacks {lacking}; pass every model's items"):
        errors_of_models(table.drop(columns=lacking))
    with pytest.raises(ValueError, match="scored lacks rows"):
        errors_of_models(table.head(0))


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
    table = alarms(*[("x", 0.51 + i / 100 + (i > 4) / 4) for i in range(10)])
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


@given(tables, thresholds, counts)
def test_only_errors_no_repeats_and_the_distance_decides(table, threshold, each):
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
        assert (near <= NEAR + 1e-9).all()
        assert (far > NEAR).all()
        assert near.is_monotonic_increasing
        assert far.is_monotonic_decreasing


@given(tables, thresholds, counts)
def test_as_many_as_asked_for_and_none_kept_back(table, threshold, each):
    found = instructive_errors(table, threshold, each)
    line = sweep(table["label"], table["probability"], [threshold]).iloc[0]
    for kind, number in (("false_alarm", line["fp"]), ("miss", line["fn"])):
        own = found[found["kind"] == kind]
        assert len(own) == min(2 * each, number)
        assert own.drop_duplicates("place")["total"].sum() == number
        for _, rows in own.groupby("place"):
            assert len(rows) >= min(each, rows["total"].iloc[0])


@given(tables, thresholds, counts)
def test_no_group_is_shown_twice_more_than_another_that_could_be(table, threshold, each):
    found = instructive_errors(table, threshold, each)
    flagged = table["probability"] > threshold
    for kind, wrong in (
        ("false_alarm", flagged & (table["label"] == 0)),
        ("miss", ~flagged & (table["label"] == 1)),
    ):
        rows = table[wrong].assign(distance=(table["probability"] - threshold).abs())
        near = rows["distance"] <= NEAR + 1e-9
        for place, pool in (("near", rows[near]), ("far", rows[~near])):
            own = found[(found["kind"] == kind) & (found["place"] == place)]
            assert set(own["item_id"]) <= set(pool["item_id"])
            times = Counter(own["group"])
            for group, available in Counter(pool["group"]).items():
                assert times[group] >= min(available, max(times.values(), default=0) - 1)


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
