import numpy as np
import pytest
from group_samples import holds_both, small_samples, weights_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import average_precision_score

from harmlib.analysis import resampling
from harmlib.analysis.rates import RATES, rate
from harmlib.analysis.resampling import (
    average_precision_draws,
    confusion_draws,
    draw_groups,
    interval,
)
from harmlib.analysis.thresholds import sweep

GRID = np.array([0.15, 0.3, 0.5, 0.7])


@settings(deadline=None)
@given(small_samples(), st.integers(0, 100))
def test_average_precision_is_scikit_learns_with_the_draws_as_weights(sample, seed):
    labels, scores, groups = sample
    draws = average_precision_draws(labels, scores, groups, resamples=6, seed=seed)
    for value, weights in zip(draws, weights_of(groups, 6, seed), strict=True):
        if holds_both(labels, weights):
            expected = average_precision_score(labels, scores, sample_weight=weights)
            assert value == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(value)


@settings(deadline=None)
@given(small_samples(), st.integers(0, 100), st.permutations(list(GRID)))
def test_counts_and_rates_are_the_sweeps_with_the_draws_as_weights(sample, seed, thresholds):
    labels, scores, groups = sample
    counts = confusion_draws(labels, scores, thresholds, groups, resamples=4, seed=seed)
    for row, weights in enumerate(weights_of(groups, 4, seed)):
        if not holds_both(labels, weights):
            assert np.isnan(counts[:, row]).all()
            continue
        table = sweep(labels, scores, thresholds, weights=weights)
        table = table.set_index("threshold").loc[list(thresholds)]
        np.testing.assert_array_equal(counts[:, row], table[["tp", "fp", "fn", "tn"]].T)
        for metric in RATES:
            np.testing.assert_allclose(rate(metric, counts)[row], table[metric], atol=1e-12)


def coverage_of_recall(by_group, simulations=300):
    """How often the 95 % interval holds the recall that the generating law implies."""
    rng = np.random.default_rng(11)
    n_groups, size, threshold = 50, 8, -0.5
    truth = norm.sf(threshold / np.sqrt(5))
    groups = np.repeat(np.arange(n_groups), size)
    hits = 0
    for simulation in range(simulations):
        shared = np.repeat(2 * rng.normal(size=n_groups), size)
        scores = shared + rng.normal(size=n_groups * size)
        labels = rng.integers(0, 2, n_groups * size)
        counts = confusion_draws(
            labels,
            scores,
            [threshold],
            groups if by_group else None,
            resamples=400,
            seed=simulation,
        )
        low, high, _ = interval(rate("recall", counts)[1:, 0])
        hits += low <= truth <= high
    return hits / simulations


def test_group_bootstrap_covers_where_item_bootstrap_is_too_narrow():
    assert 0.90 <= coverage_of_recall(by_group=True) <= 0.98
    assert coverage_of_recall(by_group=False) <= 0.80


def test_draws_are_the_sample_then_multinomial_rows():
    rows = np.concatenate(list(draw_groups(20, 4000, seed=1)))
    assert (rows[0] == 1).all()
    assert (rows.sum(axis=1) == 20).all()
    assert rows[1:].mean(axis=0) == pytest.approx(np.ones(20), abs=0.08)
    assert rows[1:].var() == pytest.approx(0.95, abs=0.02)  # n p (1 - p)


def test_draws_do_not_depend_on_the_block_size(monkeypatch):
    whole = np.concatenate(list(draw_groups(7, 50, seed=5)))
    monkeypatch.setattr(resampling, "BLOCK_CELLS", 7 * 3)
    blocks = list(draw_groups(7, 50, seed=5))
    assert max(len(block) for block in blocks) == 3
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    assert not np.array_equal(np.concatenate(list(draw_groups(7, 50, seed=6))), whole)


def test_interval_takes_percentiles_without_missing_rows():
    draws = np.append(np.arange(101.0), np.nan)
    assert interval(draws, 0.9) == (pytest.approx(5), pytest.approx(95), 1)
    low, high, excluded = interval(np.full((3, 2), np.nan))
    assert np.isnan([low, high]).all()
    assert excluded == 3
    assert low.shape == (2,)
