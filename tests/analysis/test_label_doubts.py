"""Labels in doubt: the ranking is the published one, the bounds are the ends, kappa is Cohen's."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from harmlib.analysis.label_doubts import (
    BOUND_COLUMNS,
    DOUBT_COLUMNS,
    doubt_bounds,
    ranked_labels,
    rater_agreement,
)


def scored(seed=0, n=400):
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    logit = rng.normal(size=n) + 4 * label - 2
    table = pd.DataFrame(
        {
            "variant": "api", "epoch": 1, "split": np.repeat(["val", "test"], n // 2),
            "item_id": [f"i{k}" for k in range(n)], "label": label, "logit": logit,
            "probability": 1 / (1 + np.exp(-logit)), "group": np.arange(n) // 2,
        }
    )  # fmt: skip
    return table, pd.DataFrame({"variant": ["api"], "epoch": 1, "threshold": 0.5, "chosen": True})


def test_turned_labels_come_first():
    table, points = scored()
    turned = table.index[(table["split"] == "test") & (table["logit"].abs() > 2)][:8]
    table.loc[turned, "label"] = (table.loc[turned, "logit"] < 0).astype(int)
    found = ranked_labels(table, points)
    assert tuple(found) == DOUBT_COLUMNS
    assert found["confidence"].is_monotonic_increasing
    assert set(table.loc[turned, "item_id"]) <= set(found["item_id"][:12])
    assert found["is_suspect"][:8].all()


def test_the_calibration_does_not_see_the_judged_labels():
    table, points = scored()
    turned = table.assign(label=table["label"].where(table["split"] == "val", 1 - table["label"]))
    before, after = (
        ranked_labels(one, points).set_index("item_id")["probability"].sort_index()
        for one in (table, turned)
    )
    pd.testing.assert_series_equal(before, after)


@settings(max_examples=10)
@given(st.integers(0, 100))
def test_it_ranks_and_suspects_as_cleanlab_does(seed):
    rank = pytest.importorskip("cleanlab.rank")
    issues = pytest.importorskip("cleanlab.filter")
    table, points = scored(seed)
    found = ranked_labels(table.assign(logit=table["logit"] / 3), points)
    labels, harmful = found["label"].to_numpy(), found["probability"].to_numpy()
    claims = np.column_stack([1 - harmful, harmful])
    expected = rank.get_label_quality_scores(labels, claims, method="self_confidence")
    np.testing.assert_allclose(found["confidence"], expected)
    suspects = issues.find_label_issues(labels, claims, filter_by="confident_learning", n_jobs=1)
    assert found["is_suspect"].tolist() == suspects.tolist()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.booleans()), min_size=1,
                max_size=7))  # fmt: skip
def test_whichever_suspects_are_wrong_f1_lies_within_the_ends(items):
    table = pd.DataFrame(items, columns=["label", "flagged", "is_suspect"]).assign(variant="api")
    (found,) = doubt_bounds(table).itertuples()
    assert tuple(doubt_bounds(table)) == BOUND_COLUMNS
    places = np.flatnonzero(table["is_suspect"])
    values = []
    for turned in product([False, True], repeat=len(places)):
        labels = table["label"].to_numpy().copy()
        labels[places[np.array(turned, bool)]] ^= 1
        if labels.any() or table["flagged"].any():
            values.append(f1_score(labels, table["flagged"]))
        else:
            return  # F1 has no value there
    assert found.items == len(places)
    assert (found.f1_low, found.f1_high) == pytest.approx((min(values), max(values)))
    assert (found.f1, found.f1_relabelled) == pytest.approx((values[0], values[-1]))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=12, max_size=60))
def test_kappa_is_cohens(pairs):
    one, two = np.array(pairs).T
    found = rater_agreement(one, two, np.arange(len(one))).iloc[0]
    if len({*one, *two}) == 1:
        assert np.isnan(found["kappa"])
        return
    assert found["kappa"] == pytest.approx(cohen_kappa_score(one, two))
    if np.isfinite(found["kappa_low"]):
        assert found["kappa_low"] <= found["kappa"] <= found["kappa_high"]


def test_few_groups_have_no_interval_of_kappa_and_missing_labels_do_not_count():
    one, two = np.array([0, 1] * 20), np.array([0, 1, 1, 1] * 10, float)
    two[:4] = np.nan
    few = rater_agreement(one, two, np.arange(40) // 10).iloc[0]
    assert few["items"] == 36
    assert np.isnan(few["kappa_low"])
    assert rater_agreement(one, two, np.arange(40))["kappa_low"].notna().all()
    assert rater_agreement(one, np.full(40, np.nan), np.arange(40))["items"].item() == 0
