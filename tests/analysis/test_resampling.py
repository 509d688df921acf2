import numpy as np
import pytest
from group_samples import holds_both, small_samples, weights_of
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis import resampling
from harmlib.analysis.groups import group_codes, group_table
from harmlib.analysis.rates import RATES, rate
from harmlib.analysis.resampling import confusion, confusion_draws, draw_groups, interval
from harmlib.analysis.thresholds import sweep

GRID = np.array([0.15, 0.3, 0.5, 0.7])


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


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["a", "b", "a"], "2 labels but 3 groups; pass one group per item"),
        (["a", None], "groups hold 1 missing values; name every group"),
        ([np.nan, None], "groups hold 2 missing values"),
    ],
)
def test_groups_that_are_none(groups, message):
    with pytest.raises(ValueError, match=message):
        group_codes(groups, 2)
    with pytest.raises(ValueError, match=message):
        confusion_draws([0, 1], [0.1, 0.9], [0.5], groups)


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        ([1, 1, 1], None, "all labels are 1; resamples need both classes"),
        ([0, 0, 0], None, "all labels are 0; resamples need both classes"),
        ([0, 1, 1], ["a"] * 3, "all items are of one group; resamples need at least two groups"),
    ],
)
def test_one_class_or_one_group_cannot_be_redrawn(labels, groups, message):
    with pytest.raises(ValueError, match=message):
        confusion_draws(labels, [0.1, 0.5, 0.9], [0.5], groups)
    group_table(labels, [0.1, 0.5, 0.9], [0.5], groups)  # but counted


def test_sums_without_a_class_are_missing():
    table = group_table([0, 1, 1], [0.6, 0.4, 0.9], [0.5], ["a", "b", "b"])
    counts = confusion(np.array([[2, 1], [1, 0], [0, 3]]), table)
    assert counts[:, 0, 0].tolist() == [1, 2, 1, 0]
    assert np.isnan(counts[:, 1:]).all()


@pytest.mark.parametrize(
    ("cells", "width", "sizes"),
    [(21, 1, [3, 3, 1]), (21, 10, [2, 2, 2, 1]), (21, 50, [1] * 7), (1000, 1, [7])],
)
def test_a_block_holds_as_many_rows_as_cells_allow(cells, width, sizes, monkeypatch):
    whole = np.concatenate(list(draw_groups(7, 7, seed=5)))
    monkeypatch.setattr(resampling, "BLOCK_CELLS", cells)
    sample, *blocks = draw_groups(7, 7, seed=5, width=width)
    assert sample.tolist() == [[1] * 7]
    assert [len(block) for block in blocks] == sizes
    np.testing.assert_array_equal(np.concatenate([sample, *blocks]), whole)


def test_seeds_may_be_numpy_integers():
    (_, drawn), (_, again) = draw_groups(5, 1, np.int64(3)), draw_groups(5, 1, 3)
    assert drawn.tolist() == again.tolist()


def test_defaults_are_2000_resamples_of_seed_0():
    sample = ([0, 1, 1, 0], [0.2, 0.8, 0.4, 0.6])
    counts = confusion_draws(*sample, [0.5])
    assert counts.shape == (4, 2001, 1)
    np.testing.assert_array_equal(counts, confusion_draws(*sample, [0.5], resamples=2000, seed=0))


def test_interval_of_several_columns():
    draws = np.stack([np.arange(101.0), np.arange(101.0)[::-1] * 2], axis=1)
    draws[50] = np.nan
    low, high, excluded = interval(draws, 0.5)
    assert (low.shape, excluded) == ((2,), 1)
    assert low.tolist() == pytest.approx([24.75, 49.5])
    assert high.tolist() == pytest.approx([75.25, 150.5])
    draws[49, 0] = np.nan  # one column is enough to leave a row out
    assert interval(draws, 0.5)[2] == 2


def test_interval_ends_on_values_that_occurred():
    draws = np.array([1.0, 2.0, 4.0, 8.0])
    assert interval(draws, 0.5) == (1.75, 5.0, 0)
    assert interval(draws, 0.5, method="inverted_cdf") == (1.0, 4.0, 0)


def test_the_default_level_is_95_percent():
    draws = np.arange(1001.0)
    assert interval(draws) == (pytest.approx(25), pytest.approx(975), 0)


def test_all_draws_missing():
    low, high, excluded = interval(np.full(3, np.nan))
    assert np.isnan([low, high]).all()
    assert (np.ndim(low), excluded) == (0, 3)
