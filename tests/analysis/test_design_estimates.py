"""Intervals of a stratified sample: against survey software and exact laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from harmlib.analysis.design_estimates import MEASURES, Strata, estimate, interval


def strata(*rows):
    """Each row: size, flagged, labelled, harmful."""
    size, flagged, labelled, harmful = np.array(rows, float).T
    return Strata(size, flagged.astype(bool), labelled, harmful)


LARGE = strata((600, 1, 200, 150), (3000, 0, 300, 60), (15000, 0, 500, 10))
# svy 0.35.0, Taylor linearisation with finite populations (recall as tp / y; prevalence on logit)
SVY = {"recall": (0.3333, 0.2765, 0.3902), "prevalence": (0.0726, 0.0614, 0.0856)}


@pytest.mark.parametrize("measure", SVY)
def test_large_samples_agree_with_taylor_linearisation(measure):
    value, low, high = SVY[measure]
    assert estimate(LARGE, measure) == pytest.approx(value, abs=1e-4)
    assert np.array(interval(LARGE, measure)) == pytest.approx([low, high], abs=0.003)


def test_one_stratum_covers_as_it_says_at_every_share():
    n = 100
    counts = np.arange(n + 1.0)[:, None]
    everything = Strata(np.array([1e7]), np.array([True]), np.full_like(counts, n), counts)
    low, high = interval(everything, "precision")
    shares = np.linspace(0.002, 0.998, 333)
    held = [((low <= p) & (p <= high)) @ binom.pmf(np.arange(n + 1), n, p) for p in shares]
    assert min(held) > 0.94
    assert 0.95 < np.mean(held) < 0.97


@pytest.mark.parametrize("drawn", [10, 25, 36, 39])
def test_a_small_stratum_covers_as_it_says(drawn):
    size = 40
    counts = np.arange(drawn + 1.0)[:, None]
    low, high = interval(
        Strata(np.array([size * 1.0]), np.array([False]), np.full_like(counts, drawn), counts),
        "false_omission_rate",
    )
    held = [
        ((low <= k / size + 1e-6) & (k / size - 1e-6 <= high))
        @ hypergeom.pmf(np.arange(drawn + 1), size, k, drawn)
        for k in range(size + 1)
    ]
    assert min(held) > 0.90
    assert np.mean(held) > 0.95


def test_a_stratum_that_was_looked_at_as_a_whole_leaves_no_doubt():
    known = strata((100, 1, 100, 70), (50, 0, 50, 10))
    for measure in MEASURES:
        assert np.array(interval(known, measure)) == pytest.approx(
            [estimate(known, measure).item()] * 2, abs=1e-5
        )
    # A whole stratum beside others took all doubt away where infinite weight met finite
    mixed = strata((100, 1, 100, 70), (5000, 0, 100, 2))
    low, high = interval(mixed, "recall")
    passed = np.array(interval(mixed, "false_omission_rate")) * 5000
    assert (low, high) == pytest.approx((70 / (70 + passed[1]), 70 / (70 + passed[0])), abs=1e-3)


def test_none_found_among_few_of_many_says_little():
    low, high = interval(strata((200, 1, 50, 50), (18000, 0, 50, 0)), "recall")
    assert low < 0.25
    assert high == 1


def test_a_stratum_in_which_nobody_looked_may_hold_anything():
    counts = strata((100, 1, 20, 15), (900, 0, 0, 0))
    low, high = interval(counts, "prevalence")
    assert np.isnan(estimate(counts, "prevalence"))
    assert low < 0.08
    assert high > 0.9


def test_nothing_flagged_has_no_precision():
    counts = strata((100, 0, 20, 1))
    assert np.isnan(interval(counts, "precision")).all()
    assert np.isnan(interval(counts, "recall")).all()


@st.composite
def samples(draw):
    rows = []
    for flagged in draw(st.lists(st.booleans(), min_size=1, max_size=5)):
        size = draw(st.integers(1, 5000))
        labelled = draw(st.integers(1, min(size, 200)))
        rows.append((size, flagged, labelled, draw(st.integers(0, labelled))))
    return strata(*rows)


@settings(max_examples=25)
@given(samples())
def test_intervals_hold_their_estimate_and_stay_in_the_scale(counts):
    for measure in MEASURES:
        value = estimate(counts, measure)
        low, high = interval(counts, measure)
        if np.isnan(value):
            continue
        assert 0 <= low <= value + 1e-6
        assert value - 1e-6 <= high <= 1
        narrow = interval(counts, measure, level=0.8)
        assert low <= narrow[0] + 1e-6
        assert narrow[1] <= high + 1e-6


@settings(max_examples=15)
@given(samples())
def test_calling_harmful_safe_turns_prevalence_around(counts):
    turned = Strata(counts.size, counts.flagged, counts.labelled, counts.labelled - counts.harmful)
    low, high = interval(counts, "prevalence")
    assert np.array(interval(turned, "prevalence")) == pytest.approx([1 - high, 1 - low], abs=1e-4)


def test_many_samples_at_once_are_as_each_alone():
    harmful = np.array([[150.0, 60, 10], [100, 0, 0], [200, 300, 500]])
    together = Strata(LARGE.size, LARGE.flagged, np.broadcast_to(LARGE.labelled, (3, 3)), harmful)
    for measure in MEASURES:
        low, high = interval(together, measure)
        for i in range(3):
            alone = Strata(LARGE.size, LARGE.flagged, LARGE.labelled, harmful[i])
            ends = np.array(interval(alone, measure))
            assert ends == pytest.approx([low[i], high[i]], abs=1e-9)
