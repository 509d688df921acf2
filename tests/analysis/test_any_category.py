"""The decision over all categories: the OR of the categories' own decisions, and only that."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.any_category import any_category
from harmlib.analysis.category_thresholds import at_best_f1, category_thresholds
from harmlib.analysis.comparison_tables import intervals_on_test
from harmlib.analysis.operating_points import compare_on_test
from harmlib.analysis.thresholds import sweep


def section(probabilities, labels, threshold, variant="m", order=None):
    n = len(labels)
    scored = pd.DataFrame(
        {
            "variant": variant, "epoch": 2,
            "split": np.repeat(["val", "test"], [n // 2, n - n // 2]),
            "item_id": [f"{i:03d}" for i in range(n)], "label": labels,
            "probability": probabilities, "group": [f"g{i}" for i in range(n)],
        }
    )  # fmt: skip
    scored["logit"] = 0.0
    other = scored.assign(epoch=1, probability=1.0)  # an epoch that was not chosen
    points = {"variant": variant, "epoch": [1, 2], "threshold": [0.0, threshold]}
    scored = pd.concat([other, scored], ignore_index=True)
    if order is not None:
        scored = scored.sample(frac=1, random_state=order)
    return scored, pd.DataFrame(points).assign(chosen=[False, True])


@settings(max_examples=50)
@given(st.integers(4, 40), st.integers(1, 4), st.integers(0, 999))
def test_flagged_by_any_is_the_or_of_the_decisions(n, categories, seed):
    rng = np.random.default_rng(seed)
    of = rng.random((n, categories)) < 0.3
    probabilities = rng.integers(0, 5, (n, categories)) / 4  # ties with the thresholds
    thresholds = rng.integers(0, 5, categories) / 4
    sections = {
        f"image-{j}": section(
            probabilities[:, j], of[:, j].astype(int), thresholds[j], order=seed + j
        )
        for j in range(categories)
    }
    harmful = pd.Series(of.any(axis=1).astype(int), index=[f"{i:03d}" for i in range(n)])
    scored, points = any_category(sections, harmful)
    flagged = (probabilities > thresholds).any(axis=1)
    found = scored.set_index("item_id")["probability"].sort_index()
    assert found.tolist() == flagged.astype(float).tolist()
    own = compare_on_test(scored, points).set_index("variant").loc["m"]
    test = slice(n // 2, None)
    truth = of.any(axis=1)
    assert own["tp"] == (flagged & truth)[test].sum()
    assert own["fp"] == (flagged & ~truth)[test].sum()
    assert own["fn"] == (~flagged & truth)[test].sum()


def test_lower_thresholds_never_lose_a_harmful_item():
    rng = np.random.default_rng(4)
    labels, p = rng.integers(0, 2, 80), rng.random(80)
    harmful = pd.Series(labels, index=[f"{i:03d}" for i in range(80)])
    recalls = []
    for threshold in (0.9, 0.6, 0.3, 0.0):
        both = {"a": section(p, labels, threshold), "b": section(p[::-1], 1 - labels, 0.8)}
        recalls.append(compare_on_test(*any_category(both, harmful))["recall"].iloc[0])
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1.0


def test_its_intervals_are_those_of_decisions_and_too_few_groups_have_none():
    rng = np.random.default_rng(1)
    labels = np.arange(120) % 2
    p = np.clip(labels * 0.4 + rng.random(120) * 0.6, 0, 1)
    harmful = pd.Series(labels, index=[f"{i:03d}" for i in range(120)])
    many = intervals_on_test(*any_category({"a": section(p, labels, 0.5)}, harmful))
    few_rows = slice(0, 8)
    few = intervals_on_test(
        *any_category({"a": section(p[few_rows], labels[few_rows], 0.5)}, harmful)
    )
    known = many.set_index("metric").loc["recall"]
    assert known["low"] < known["value"] < known["high"]
    assert few.set_index("metric").loc["recall", ["low", "high"]].isna().all()


def test_best_thresholds_are_chosen_on_validation_alone():
    rng = np.random.default_rng(2)
    labels, p = rng.integers(0, 2, 60), rng.random(60)
    scored, points = section(p, labels, 0.99)
    (found,) = at_best_f1({"a": (scored, points)}).values()
    at = found[1]["threshold"].item()
    validation = sweep(labels[:30], p[:30])
    assert sweep(labels[:30], p[:30], [at])["f1"].item() == pytest.approx(validation["f1"].max())
    changed = scored.assign(probability=scored["probability"].where(scored["split"] == "val", 0.5))
    (again,) = at_best_f1({"a": (changed, points)}).values()
    assert again[1]["threshold"].item() == at


def test_where_a_common_threshold_flags_nothing_there_is_no_precision():
    rng = np.random.default_rng(3)
    labels = np.arange(160) % 2
    high = np.clip(labels * 0.3 + rng.random(160) * 0.3 + 0.4, 0, 1)
    rare = (np.arange(160) % 20 == 0).astype(int)
    low = rare * 0.1 + rng.random(160) * 0.05
    both = at_best_f1({"gun": section(high, labels, 0.5), "fire": section(low, rare, 0.5)})
    table = category_thresholds(both).set_index("section")
    assert table.loc["fire", "flagged_share_common"] == 0
    columns = ["precision", "precision_common", "precision_difference", "precision_low"]
    assert table.loc["fire", columns].isna().all()
    assert table.loc["fire", "recall_common"] == 0
    assert table.loc["gun", columns].notna().all()
