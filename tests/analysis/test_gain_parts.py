from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paired_samples import grouped, published_scores

from harmlib.analysis.gain_parts import gain_parts, matched_threshold
from harmlib.analysis.paired import paired_difference
from harmlib.analysis.rates import RATES


def test_most_of_the_seeds_gain_is_in_the_weights():
    labels, scores = published_scores()
    everything = np.ones(len(labels))  # Model 2 calls everything harmful
    stages = {"weights": (scores, 0.5), "threshold": (scores, 0.7)}
    table = gain_parts(labels, (everything, 0.5), stages).set_index("part")
    assert table.loc["total", "value"] == pytest.approx(0.0979, abs=5e-5)
    assert table.loc["weights", "value"] == pytest.approx(0.0872, abs=1e-4)
    assert table.loc["threshold", "value"] == pytest.approx(0.0107, abs=5e-5)
    assert table.loc["weights", "share"] == pytest.approx(0.890, abs=1e-3)
    assert table.loc["weights", "low"] > table.loc["threshold", "high"]


@settings(max_examples=25)
@given(
    st.integers(0, 10**6),
    st.lists(st.floats(-1, 1), min_size=1, max_size=4),
    st.sampled_from(RATES),
)
def test_parts_of_a_gain_sum_to_the_total(seed, thresholds, metric):
    labels, a, b, groups = grouped(seed, groups=12, size=3)
    stages = {f"step {i}": (b, at) for i, at in enumerate(thresholds)}
    table = gain_parts(labels, (a, 0.9), stages, groups, metric=metric)
    parts = table.set_index("part")
    assert parts.index.tolist() == [*stages, "total"]
    total = parts.loc["total", "value"]
    assert parts.loc[list(stages), "value"].sum() == pytest.approx(total, abs=1e-12)
    if total:
        assert parts.loc[list(stages), "share"].sum() == pytest.approx(1)
    else:
        assert parts["share"].isna().all()
    pair = paired_difference(labels, a, 0.9, b, thresholds[-1], groups).set_index("metric")
    np.testing.assert_array_equal(
        parts.loc["total", ["low", "high"]].astype(float),
        pair.loc[metric, ["low", "high"]].astype(float),
    )


def test_each_part_is_a_step():
    labels, a, b, groups = grouped()
    steps = [(a, 0.9), (b, 0.9), (b, 0.6)]
    table = gain_parts(
        labels, steps[0], {"weights": steps[1], "threshold": steps[2]}, groups, metric="recall"
    )
    recall = [(scores[labels == 1] > at).mean() for scores, at in steps]
    np.testing.assert_allclose(table["value"][:2], np.diff(recall))
    for (old, new), row in zip(pairwise(steps), table.itertuples(), strict=False):
        pair = paired_difference(labels, *old, *new, groups).set_index("metric").loc["recall"]
        assert (row.low, row.high) == (pair["low"], pair["high"])


def test_no_gain_has_no_shares():
    labels, a, _, _ = grouped()
    table = gain_parts(labels, (a, 0.5), {"weights": (a, 0.5), "threshold": (a, 0.5)})
    assert table[["value", "low", "high"]].eq(0).all(axis=None)
    assert table["share"].isna().all()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(0, 12))
def test_no_threshold_flags_a_closer_number(scores, flagged):
    scores = np.array(scores) / 4
    flagged = min(flagged, len(scores))
    found = int((scores > matched_threshold(scores, flagged)).sum())
    possible = {int((scores > at).sum()) for at in (-1, *scores)}
    off = min(abs(count - flagged) for count in possible)
    assert abs(found - flagged) == off
    assert found == min(count for count in possible if abs(count - flagged) == off)


def test_a_matched_threshold_flags_all_or_nothing_where_asked():
    scores = [0.2, 0.4, 0.9]
    assert matched_threshold(scores, 3) < 0.2
    assert matched_threshold(scores, 0) >= 0.9
    with pytest.raises(ValueError, match="scores"):
        matched_threshold([0.1, np.nan], 1)
