import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from harmlib.analysis.baseline import BASELINE, baseline_row
from harmlib.analysis.rates import COUNTS, RATES
from harmlib.analysis.thresholds import sweep


@given(st.integers(0, 300), st.integers(0, 300))
def test_it_is_the_sweep_of_equal_scores_below_them(harmful, safe):
    row = baseline_row(harmful, safe)
    assert row["n"] == harmful + safe
    if harmful + safe == 0:
        return
    labels, scores = np.repeat([1, 0], [harmful, safe]), np.ones(harmful + safe)
    expected = sweep(labels, scores, [0.0]).iloc[0]
    assert {name: row[name] for name in (*COUNTS, *RATES)} == expected.drop("threshold").to_dict()
    assert row["accuracy"] == row["precision"] == harmful / (harmful + safe)
    if harmful:
        assert row["average_precision"] == average_precision_score(labels, scores)
    if harmful and safe:
        assert row["roc_auc"] == roc_auc_score(labels, scores)


@pytest.mark.parametrize(
    ("harmful", "safe", "average_precision", "roc_auc"),
    [
        (3, 1, 0.75, 0.5),
        (3, 0, 1.0, math.nan),
        (0, 3, math.nan, math.nan),
        (0, 0, math.nan, math.nan),
    ],
)
def test_figures_that_one_class_leaves_undefined(harmful, safe, average_precision, roc_auc):
    row = baseline_row(harmful, safe)
    found = (row["average_precision"], row["roc_auc"])
    assert found == pytest.approx((average_precision, roc_auc), nan_ok=True)


def test_its_name_in_written_tables():
    assert BASELINE == "baseline"


def test_the_published_test_split():
    row = baseline_row(423, 158)
    assert (f"{row['f1']:.4f}", f"{row['precision']:.4f}") == ("0.8426", "0.7281")
    assert (row["recall"], row["specificity"], row["mcc"], row["flagged_share"]) == (1, 0, 0, 1)
    assert [row[name] for name in COUNTS] == [423, 158, 0, 0]


def test_without_items_every_rate_is_zero():
    assert {baseline_row(0, 0)[name] for name in (*RATES, "accuracy")} == {0.0}
