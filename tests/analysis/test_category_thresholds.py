"""One threshold for all sections: what it costs each, on the same items, in whole groups."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.category_thresholds import ALL_SECTIONS, COLUMNS, category_thresholds
from harmlib.analysis.choice import choose
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.paired import paired_difference
from harmlib.analysis.thresholds import sweep


def section(seed, shift=0.0, n=200, groups=80):
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    scores = 1 / (1 + np.exp(-(rng.normal(size=n) + 2 * label - 1 + shift)))
    scored = pd.DataFrame(
        {
            "variant": "api",
            "epoch": 1,
            "split": np.repeat(["val", "test"], n // 2),
            "item_id": [f"i{k:04d}" for k in range(n)],
            "label": label,
            "logit": 0.0,
            "probability": scores.round(3),
            "group": [f"g{k}" for k in rng.integers(0, groups, n)],
        }
    )
    val = scored[scored["split"] == "val"]
    at = choose(val["label"], val["probability"], "f1").threshold
    return scored, pd.DataFrame({"variant": ["api"], "epoch": 1, "threshold": at, "chosen": True})


@settings(max_examples=25)
@given(st.integers(0, 1000), st.lists(st.floats(-3, 3), min_size=1, max_size=4))
def test_the_common_threshold_is_the_best_of_all_and_never_beats_the_own_on_validation(
    seed, shifts
):
    own = {f"s{k}": section(seed + k, shift) for k, shift in enumerate(shifts)}
    table = category_thresholds(own)
    assert tuple(table) == COLUMNS
    assert table["section"].tolist() == [*own, ALL_SECTIONS]
    val = pd.concat([scored[scored["split"] == "val"] for scored, _ in own.values()])
    common = table["common_threshold"].unique()
    assert common == [choose(val["label"], val["probability"], "f1").threshold]
    for one in table.iloc[:-1].itertuples():
        scored = own[one.section][0]
        rows = scored[scored["split"] == "val"]
        at = sweep(rows["label"], rows["probability"], [one.threshold, common[0]])
        f1 = at.set_index("threshold")["f1"]
        assert f1[one.threshold] >= f1[common[0]]
        test = scored[scored["split"] == "test"]
        expected = paired_difference(
            test["label"], test["probability"], one.threshold, test["probability"], common[0],
            test["group"], metrics=["f1"], comparisons=len(own),
        ).iloc[0]  # fmt: skip
        assert one.f1_difference == pytest.approx(expected["difference"])
        assert one.f1_low == pytest.approx(expected["corrected_low"])
        assert one.f1_common == pytest.approx(one.f1 + one.f1_difference)


def test_equal_sections_pay_nothing():
    table = category_thresholds({"a": section(3), "b": section(3)})
    ends = [f"{metric}{end}" for metric in ("f1", "recall") for end in ("_low", "_high")]
    assert (table[ends] == 0).all().all()


def test_groups_that_lie_in_several_sections_are_left_out_of_all_at_once():
    shared = {"a": section(1, 1.0, groups=30), "b": section(2, -1.0, groups=30)}
    apart = {
        name: (scored.assign(group=name + scored["group"]), points)
        for name, (scored, points) in shared.items()
    }
    one, two = (category_thresholds(own).iloc[-1] for own in (shared, apart))
    assert one["groups"] <= 30 < two["groups"]
    assert one["f1_difference"] == two["f1_difference"]
    assert one["f1_high"] - one["f1_low"] != two["f1_high"] - two["f1_low"]


def test_sections_pay_that_the_common_threshold_does_not_fit():
    own = {"a": section(1), "b": section(2), "odd": section(3, -4.0)}
    table = category_thresholds(own).set_index("section")
    assert table["threshold"].idxmin() == "odd"
    assert table.at["odd", "common_threshold"] == table.at["odd", "threshold"]
    assert (table.loc[["a", "b"], "f1_high"] < 0).all()
    assert (table.loc[["a", "b"], "precision_difference"] < -0.3).all()
    assert table.at["odd", "f1_difference"] == 0


def test_each_half_is_judged_by_the_thresholds_of_the_other():
    own = {name: section(k, shift) for k, (name, shift) in enumerate([("a", 1.0), ("b", -1.0)])}
    judged = {}
    for name, (scored, _) in own.items():
        other = scored.assign(split=scored["split"].map({"val": "test", "test": "val"}), fold=1)
        both = pd.concat([scored.assign(fold=0), other]).assign(seed=1)
        rows = {
            fold: half[half["split"] == "val"] for fold, half in both.groupby("fold", sort=True)
        }
        at = [choose(half["label"], half["probability"], "f1").threshold for half in rows.values()]
        points = {"variant": "api", "epoch": 1, "seed": 1, "fold": [0, 1], "chosen": True}
        judged[name] = (both, pd.DataFrame(points | {"threshold": at}))
    table = category_thresholds(own, judged).set_index("section")
    caught = harmful = 0
    for scored, points in (judged["a"],):
        for fold, at in enumerate(points["threshold"]):
            test = scored[(scored["fold"] == fold) & (scored["split"] == "test")]
            caught += ((test["probability"] > at) & (test["label"] == 1)).sum()
            harmful += test["label"].sum()
    assert table.at["a", "recall"] == pytest.approx(caught / harmful)


def test_no_common_threshold_is_a_state_without_figures():
    own = {"a": section(1), "b": section(2)}
    for scored, _ in own.values():
        scored["probability"] = scored["probability"].mask(scored["split"] == "val", 0.5)
    table = category_thresholds(own)
    assert (table["state"] == "constant_scores").all()
    assert table[["f1", "f1_difference", "common_threshold"]].isna().all().all()


def test_thresholds_in_the_scores_own_numbers():
    table = category_thresholds(
        {"a": section(1), "b": section(2)}, scales={"api": Scale("percent")}
    )
    rows = table.iloc[:-1]
    assert rows["native"].tolist() == pytest.approx((100 * rows["threshold"]).tolist())
    assert table["common_native"].tolist() == pytest.approx(
        (100 * table["common_threshold"]).tolist()
    )
