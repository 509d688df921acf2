"""Rates of error: against counts by hand, and against the intervals that the report shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.error_rates import FIGURES, decision_counts, error_rates
from harmlib.analysis.intervals import metric_intervals
from harmlib.analysis.judged import Judged

ITEMS = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0, 1), st.floats(0.1, 0.9), st.integers(0, 12)),
    min_size=2,
    max_size=60,
).filter(lambda items: len({label for label, *_ in items}) == 2)


def judged(items):
    labels, scores, thresholds, groups = (np.array(column) for column in zip(*items, strict=True))
    return Judged(labels, scores, thresholds, groups.astype(object), None)


def table(of):
    return error_rates(of).set_index("metric")


@given(ITEMS)
@settings(max_examples=60)
def test_figures_are_those_of_the_counts(items):
    of = judged(items)
    counts, found = decision_counts(of), table(of)["value"]
    tp, fp, fn, tn = (counts[name] for name in ("tp", "fp", "fn", "tn"))
    assert counts["decisions"] == tp + fp + fn + tn == len(items)
    assert found["accuracy"] == pytest.approx((tp + tn) / len(items))
    assert found["error_rate"] == pytest.approx((fp + fn) / len(items))
    assert found["recall"] == pytest.approx(tp / (tp + fn))
    assert found["false_negative_rate"] == pytest.approx(fn / (tp + fn))
    assert found["false_positive_rate"] == pytest.approx(fp / (fp + tn))
    if tp + fp:
        assert found["precision"] == pytest.approx(tp / (tp + fp))
    else:
        assert np.isnan(found["precision"])


def test_intervals_are_those_of_the_report_and_mirrored():
    random = np.random.default_rng(1)
    labels, groups = random.integers(0, 2, 300), random.integers(0, 60, 300).astype(object)
    scores = np.clip(random.normal(0.3 + 0.4 * labels, 0.25), 0, 1)
    of = Judged(labels, scores, np.full(300, 0.5), groups, None)
    shown = metric_intervals(labels, scores, 0.5, groups).set_index("metric")
    found = table(of)
    assert list(found.index) == list(FIGURES)
    ends = ["low", "high"]
    assert found.loc["recall", ends].tolist() == shown.loc["recall", ends].tolist()
    assert found.loc["precision", ends].tolist() == shown.loc["precision", ends].tolist()
    miss, recall = found.loc["false_negative_rate"], found.loc["recall"]
    assert [miss["low"], miss["high"]] == [1 - recall["high"], 1 - recall["low"]]
    assert (found["low"] < found["value"]).all()
    assert (found["value"] < found["high"]).all()


def test_few_groups_have_no_interval():
    of = Judged(np.array([0, 1] * 9), np.array([0.1, 0.9] * 9), np.full(18, 0.5),
                np.array(["a", "b", "c"] * 6, object), None)  # fmt: skip
    assert table(of)["low"].isna().all()
    assert table(of).loc["accuracy", "value"] == 1
