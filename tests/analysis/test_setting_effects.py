import numpy as np
import pandas as pd
import pytest
from judged_settings import drawn, judged
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

from harmlib.analysis.setting_effects import (
    METRICS,
    differences,
    gains_of_each,
    levels,
    measure,
    of_shared_seeds,
    weighted_sum,
)

LABELS = [0, 0, 1, 1]


def by_scikit_learn(table):
    labels = table["label"]
    return {
        "f1": f1_score(labels, table["flagged"]),
        "average_precision": average_precision_score(labels, table["logit"]),
        "accuracy": accuracy_score(labels, table["flagged"]),
        "roc_auc": roc_auc_score(labels, table["logit"]),
    }


def test_metrics_are_means_over_seeds_with_and_without_each_group():
    table = drawn(np.random.default_rng(0)).sample(frac=1, random_state=1)  # in any order
    measured = measure({"a": table})["a"]
    assert tuple(measured) == METRICS

    def expected(rows):
        return pd.DataFrame([by_scikit_learn(own) for _, own in rows.groupby("seed")])

    for metric, found in measured.items():
        np.testing.assert_allclose(found.values, expected(table)[metric])
        without = [
            expected(table[table["group"] != group])[metric].mean()
            for group in sorted(set(table["group"]))
        ]
        np.testing.assert_allclose(np.sort(found.left_out), np.sort(without))
        assert found.enough
        assert found.units == 12


def test_by_hand():
    # Seed 1: tp 2, fp 1; seed 2: tp 1, fn 1.
    table = judged(LABELS, [[0, 1, 1, 1], [0, 0, 1, 0]], seeds=(1, 2))
    measured = measure({"a": table})["a"]
    assert measured["f1"].values.tolist() == pytest.approx([4 / 5, 2 / 3])
    assert measured["accuracy"].values.tolist() == [0.75, 0.75]
    # Without each of the four items: 2/2 and 2/2, ... of each seed, then the mean.
    assert measured["accuracy"].left_out.tolist() == pytest.approx(
        [(2 + 2) / 6, (3 + 2) / 6, (2 + 2) / 6, (2 + 3) / 6]
    )
    told = levels({"a": measured}).set_index("metric")
    assert told.loc["f1", "value"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert told.loc["f1", "seed_spread"] == pytest.approx(np.std([4 / 5, 2 / 3], ddof=1))
    assert told["low"].isna().all()  # two groups of each class say too little
    assert set(told["seeds"]) == {2}


def test_differences_are_paired_and_corrected_for_their_number():
    rng = np.random.default_rng(3)
    found = measure({name: drawn(rng) for name in "abc"})
    table = differences({"ab": (found["a"], found["b"]), "ac": (found["a"], found["c"])})
    assert table["name"].tolist() == ["ab"] * 4 + ["ac"] * 4
    one = table[(table["name"] == "ab") & (table["metric"] == "f1")].iloc[0]
    effect = found["b"]["f1"] - found["a"]["f1"]
    assert one["difference"] == pytest.approx(one["after"] - one["before"])
    assert (one["low"], one["high"]) == pytest.approx(effect.interval("difference"))
    corrected = effect.interval("difference", 0.975)  # of two comparisons
    assert (one["corrected_low"], one["corrected_high"]) == pytest.approx(corrected)
    alone = differences({"ab": (found["a"], found["b"])})
    assert (alone["low"] == alone["corrected_low"]).all()
    assert differences({}).empty


def test_a_setting_that_changes_nothing_has_no_effect_at_all():
    table = drawn(np.random.default_rng(5))
    found = measure({"a": table, "b": table.copy()})
    told = differences({"same": (found["a"], found["b"])})
    columns = ["difference", "low", "high", "corrected_low", "corrected_high"]
    assert (told[columns] == 0).all(axis=None)


def test_other_items_or_seeds_cannot_be_compared():
    table = drawn(np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"a and b can't be compared.*\[1, 2, 3\] and \[1, 2\]"):
        measure({"a": table, "b": table[table["seed"] < 3]})
    other = table.assign(item_id="x" + table["item_id"])
    with pytest.raises(ValueError, match="judge the same items with the same seeds"):
        measure({"a": table, "b": other})


def test_shared_seeds():
    tables = {"a": pd.DataFrame({"seed": [1, 1, 2]}), "b": pd.DataFrame({"seed": [2, 3]})}
    assert [len(own) for own in of_shared_seeds(tables).values()] == [1, 1]
    with pytest.raises(ValueError, match="a, b share no seed"):
        of_shared_seeds({"a": tables["a"], "b": pd.DataFrame({"seed": [3]})})


def test_a_weighted_sum_is_of_values_groups_and_seeds():
    rng = np.random.default_rng(2)
    one, other = (measure({"a": drawn(rng)})["a"]["f1"] for _ in range(2))
    total = weighted_sum([(0.25, one), (-2.0, other)])
    np.testing.assert_allclose(total.values, 0.25 * one.values - 2 * other.values)
    np.testing.assert_allclose(total.left_out, 0.25 * one.left_out - 2 * other.left_out)


def test_gains_are_all_less_all_but_one():
    rng = np.random.default_rng(4)
    names = [("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c")]
    found = measure({name: drawn(rng) for name in names})
    told = gains_of_each(found)
    f1 = told[told["metric"] == "f1"].set_index("part")
    assert list(f1.index) == ["a", "b", "c"]
    assert f1.loc["b", "before"] == found["a", "c"]["f1"].value
    assert (f1["after"] == found["a", "b", "c"]["f1"].value).all()
    del found["a", "c"]
    with pytest.raises(ValueError, match=r"a\+c was not judged: what b adds to it is unknown"):
        gains_of_each(found)
    assert gains_of_each({("a",): found[("a",)]}).empty


def test_intervals_hold_the_true_difference_about_as_often_as_they_say():
    """Groups differ in what a change does to them, seeds in what they do to all items."""
    rng = np.random.default_rng(0)
    held, trials, items, groups, truth = 0, 150, 8, 20, 0.1
    labels = np.tile([0, 1], items * groups // 2)
    names = np.repeat(np.arange(groups), items)
    for _ in range(trials):
        shift = truth + 0.05 * rng.normal(size=groups)[names]
        tables = []
        for right in (0.6, 0.6 + shift):
            moved = right + 0.03 * rng.normal(size=(4, 1))
            correct = rng.random((4, len(labels))) < moved
            tables.append(judged(labels, correct == labels, names, seeds=(1, 2, 3, 4)))
        found = measure(dict(zip("ab", tables, strict=True)))
        low, high = (found["b"]["accuracy"] - found["a"]["accuracy"]).interval("difference")
        held += low <= truth <= high
    assert held / trials >= 0.93
