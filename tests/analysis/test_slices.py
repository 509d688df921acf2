"""Slices against all other items: the counts, the order, what is too few, what is left out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.rate_estimates import rates_at
from harmlib.analysis.slice_columns import EMPTY, media_slice_columns, slice_columns
from harmlib.analysis.slices import COLUMNS, slice_table


def scored(seed=0, n=600, groups=120, worse=1.5):
    """Safe items of camera c1 score higher by `worse`."""
    rng = np.random.default_rng(seed)
    group, label = rng.integers(0, groups, n), np.arange(n) % 2
    camera = group % 3
    score = rng.normal(size=n) + 3 * label - 1.5 + worse * (camera == 1) * (label == 0)
    table = pd.DataFrame(
        {
            "variant": "api", "epoch": 1, "split": np.where(group % 2 == 0, "val", "test"),
            "item_id": [f"i{k}" for k in range(n)], "label": label, "logit": score,
            "probability": 1 / (1 + np.exp(-score)), "group": [f"g{k}" for k in group],
        }
    )  # fmt: skip
    points = pd.DataFrame({"variant": ["api"], "epoch": 1, "threshold": 0.5, "chosen": True})
    return table, points, pd.DataFrame({"camera": [f"c{k}" for k in camera]})


def judge(table, points, items):
    return slice_table(table, points, slice_columns(items, list(items)), table["item_id"])


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_each_slice_has_the_rates_of_its_own_rows(seed):
    table, points, items = scored(seed)
    found = judge(table, points, items)
    assert tuple(found) == COLUMNS
    test = table[table["split"] == "test"].assign(camera=items["camera"])
    assert found["items"].sum() == len(test)
    for one in found.to_dict("records"):
        own, rest = (test[here] for here in (test["camera"] == one["value"],
                                             test["camera"] != one["value"]))  # fmt: skip
        inside, outside = (
            rates_at(part["label"], part["probability"], 0.5, part["group"]) for part in (own, rest)
        )
        for rate in ("recall", "precision", "f1"):
            assert one[rate] == pytest.approx(inside[rate].value[0])
            low, high = inside[rate].interval("share")
            assert one[f"{rate}_low"] == pytest.approx(low[0])
            assert one[f"{rate}_high"] == pytest.approx(high[0])
        alarms = outside["specificity"].value[0] - inside["specificity"].value[0]
        assert one["false_alarm_rate_difference"] == pytest.approx(alarms)


def test_the_worst_slice_comes_first_and_is_told_apart():
    found = judge(*scored(n=4000, groups=300, worse=2.0))
    assert found["value"][0] == "c1"
    assert found["false_alarm_rate_difference_low"][0] > 0
    assert found["gain"][0] > 0
    assert found["own_threshold"][0] > 0.5


def test_more_slices_widen_the_differences_and_not_the_rates():
    table, points, items = scored()
    rng = np.random.default_rng(1)
    more = items.assign(**{f"x{k}": rng.integers(0, 3, len(items)).astype(str) for k in range(6)})
    few, many = (
        judge(table, points, some).query("column == 'camera'").sort_values("value")
        for some in (items, more)
    )
    width, wider = (
        (one["recall_difference_high"] - one["recall_difference_low"]).to_numpy()
        for one in (few, many)
    )
    assert (wider > width).all()
    assert few["recall_low"].tolist() == many["recall_low"].tolist()


def test_too_few_groups_have_no_interval_and_come_last():
    table, points, items = scored()
    rare = items.assign(camera=items["camera"].mask(table["group"].isin(["g1", "g3", "g5"]), "z"))
    last = judge(table, points, rare).iloc[-1]
    assert (last["value"], last["state"], last["gain_state"]) == ("z", "few", "few")
    assert last.filter(regex="_(low|high)$").isna().all()
    assert np.isfinite(last["recall"])


def test_an_own_threshold_is_chosen_on_the_other_half():
    table, points, items = scored(worse=2.0)
    before = judge(table, points, items)
    turned = table.assign(label=table["label"].where(table["split"] == "val", 1 - table["label"]))
    after = judge(turned, points, items)
    one, two = (found.set_index("value")["own_threshold"].sort_index() for found in (before, after))
    pd.testing.assert_series_equal(one, two)


def test_folds_are_judged_each_by_its_own_threshold():
    table, points, items = scored()
    other = table.assign(split=table["split"].map({"val": "test", "test": "val"}))
    both = pd.concat([table.assign(seed=1, fold=0), other.assign(seed=1, fold=1)])
    of_folds = pd.concat([points.assign(seed=1, fold=0), points.assign(seed=1, fold=1)])
    of_folds["threshold"] = [-1.0, 2.0]  # the one flags all, the other nothing
    found = slice_table(both, of_folds, slice_columns(items, ["camera"]), table["item_id"])
    assert found["items"].sum() == len(table)
    tests = table[(table["split"] == "test") & (table["label"] == 1)].index
    share = items["camera"][tests].value_counts()
    harmful = items["camera"][table["label"] == 1].value_counts()
    recall = found.set_index("value")["recall"]
    assert recall.to_dict() == pytest.approx((share / harmful).to_dict())
    with pytest.raises(ValueError, match="several seeds"):
        slice_table(
            both, of_folds.assign(seed=[1, 2]), slice_columns(items, ["camera"]), table["item_id"]
        )


def test_columns_are_values_bins_or_left_out():
    n = 300
    items = pd.DataFrame(
        {
            "lang": np.resize(["ko", "en", ""], n), "size": np.arange(n).astype(str),
            "note": [f"n{k}" for k in range(n)], "same": "kr", "hour": np.resize(["1", "2"], n),
            "gappy": [str(k) if k % 3 else "" for k in range(n)],
        }
    )  # fmt: skip
    found = slice_columns(items, list(items))
    assert list(found.values) == ["lang", "size", "hour", "gappy"]
    assert found.cut == ("size", "gappy")
    assert set(found.values["lang"]) == {"ko", "en", EMPTY}
    assert found.values["size"].value_counts().tolist() == [75] * 4
    assert (found.values["gappy"] == EMPTY).sum() == 100
    reasons = dict(found.left_out[["column", "reason"]].to_numpy())
    assert reasons == {"note": "many_values", "same": "constant"}


@given(st.lists(st.floats(-1e9, 1e9), min_size=30, max_size=80))
def test_every_number_is_in_one_bin_and_larger_ones_in_no_lower(numbers):
    items = pd.DataFrame({"x": numbers})
    found = slice_columns(items, ["x"])
    if "x" in found.cut:
        codes = found.values["x"].cat.codes
        assert (codes >= 0).all()
        assert codes[items["x"].sort_values().index].is_monotonic_increasing


def test_without_columns_there_is_an_empty_table():
    table, points, items = scored()
    assert list(judge(table, points, items[[]])) == list(COLUMNS)


@pytest.mark.parametrize("kind", ["image", "video"])
def test_facts_of_media_are_slices_beside_the_columns_of_the_list(kind):
    n = np.arange(40)
    items = pd.DataFrame(
        {
            "size": 1000 * n,
            "width": 10 + n,
            "height": 30,
            "brightness": n,
            "duration_sec": n / 2 if kind == "video" else 0.0,
            "camera": np.where(n % 2, "a", None),
        }
    )
    found = media_slice_columns(items, ["camera"])
    expected = {"camera", "file_size_kb", "short_side_px", "brightness"}
    assert {*found.values} == expected | ({"duration_sec"} if kind == "video" else set())
    assert found.values["camera"].tolist()[:2] == [EMPTY, "a"]
    assert found.values["file_size_kb"].iloc[-1] == "29.25 to 39"
    assert found.values["short_side_px"].iloc[-1].endswith(" to 30")  # the shorter of the two


def test_a_column_of_the_list_takes_the_place_of_a_fact():
    items = pd.DataFrame(
        {"size": range(40), "width": 9, "height": 9, "brightness": 1.0, "duration_sec": 0.0,
         "short_side_px": ["low", "high"] * 20}
    )  # fmt: skip
    found = media_slice_columns(items, ["short_side_px"])
    assert found.values["short_side_px"].tolist()[:2] == ["low", "high"]
