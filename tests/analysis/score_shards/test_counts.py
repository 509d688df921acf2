"""Counting is exact, and the same for shards in any order and partition."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.intervals import metric_intervals
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.paired import difference_table, paired_difference
from harmlib.analysis.reliability import reliability_table
from harmlib.analysis.roc_auc import roc_auc_estimate
from harmlib.analysis.score_shards import counts as counts_module
from harmlib.analysis.score_shards.block_table import BlockTable
from harmlib.analysis.score_shards.counts import ShardCounts
from harmlib.analysis.score_shards.grid import Bins, fine_grid
from harmlib.analysis.score_shards.group_hashes import text_hashes
from harmlib.analysis.thresholds import sweep

KEY = ("", "", "api")
GRID = fine_grid(Scale("probability"))
BINS = Bins(GRID)
PROBABILITY = st.sampled_from(
    [0.0, 1e-9, 1e-7, 0.00123, 0.5, 0.9999876, 1 - 1e-9, 1.0]
) | st.floats(0, 1)


def counted(rows, *, has_splits=True):
    """Rows are (probability, label, split, group hash)."""
    found = ShardCounts(has_splits=has_splits)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    probabilities, labels, splits, groups = columns
    slots = found.slots(groups.astype(np.uint64))
    splits = splits if has_splits else np.zeros_like(splits)
    found.add(KEY, BINS.count, splits, labels, slots, bins=BINS.of(probabilities.astype(float)))
    return found


def of_both(found, seed=0):
    return [found.of_split(found.cells[KEY], split, seed) for split in ("val", "test")]


@st.composite
def partitions(draw):
    """Rows, and the same rows cut into shards in another order."""
    group = st.integers(0, draw(st.sampled_from([3, 400])))
    row = st.tuples(PROBABILITY, st.integers(0, 1), st.integers(0, 1), group)
    rows = draw(st.lists(row, min_size=1, max_size=60))
    shuffled = draw(st.permutations(rows))
    cuts = sorted({0, len(rows), *draw(st.lists(st.integers(1, len(rows)), max_size=4))})
    return rows, [shuffled[a:b] for a, b in pairwise(cuts)]


@settings(max_examples=60, deadline=None)
@given(partitions(), st.booleans())
def test_any_partition_in_any_order_gives_the_same_counts(case, has_splits):
    rows, parts = case
    whole = counted(rows, has_splits=has_splits)
    merged = counted(parts[0], has_splits=has_splits)
    for part in parts[1:]:
        merged.merge(counted(part, has_splits=has_splits))
    assert merged.n_groups == whole.n_groups
    for one, other in zip(of_both(merged), of_both(whole), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("most", [1, 2, 3])
@settings(max_examples=30, deadline=None)
@given(case=partitions())
def test_also_where_only_some_shards_have_more_groups_than_blocks(most, case):
    rows, parts = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts_module, "BLOCKS", most)
        whole, merged = counted(rows), counted(parts[-1])
        for part in parts[:-1]:
            merged.merge(counted(part))
        for one, other in zip(of_both(merged), of_both(whole), strict=True):
            np.testing.assert_array_equal(one, other)
        assert whole.cells[KEY].sum() == len(rows)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PROBABILITY, st.integers(0, 1)), min_size=1, max_size=60), st.booleans())
def test_counts_are_those_of_the_sweep_at_every_threshold(rows, is_short):
    probabilities, labels = (np.array(column) for column in zip(*rows, strict=True))
    probabilities = probabilities.astype(np.float32 if is_short else np.float64)
    found = counted(
        [(p, y, 0, i) for i, (p, y) in enumerate(zip(probabilities, labels, strict=True))]
    )
    val, _ = of_both(found)
    expected = sweep(labels, probabilities.astype(float), GRID)
    pd.testing.assert_frame_equal(BlockTable(GRID, val).sweep(), expected, check_exact=True)


def test_bins_at_thresholds_and_beside_them():
    near = np.concatenate([GRID, np.nextafter(GRID, 2), np.nextafter(GRID, -1)]).clip(0, 1)
    np.testing.assert_array_equal(BINS.of(near), np.searchsorted(GRID, near, side="left"))


def test_a_threshold_of_four_decimals_is_in_the_grid_as_it_is_written():
    assert all(float(f"0.{i:04d}") in GRID for i in range(10_000))


@pytest.fixture
def sample():
    """Scores on the grid, so that nothing is lost in bins; 40 groups that differ."""
    rng = np.random.default_rng(1)
    group = rng.integers(0, 40, 3000)
    label = (rng.random(3000) < 0.2 + 0.01 * group).astype(int)
    logit = rng.normal(size=3000) + 2 * label + rng.normal(size=40)[group]
    return label, (1 / (1 + np.exp(-logit))).round(2), group  # many equal a threshold


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.99])
def test_few_groups_give_the_intervals_of_the_table_itself(sample, threshold):
    label, probability, group = sample
    rows = zip(probability, label, np.zeros_like(label), group, strict=True)
    val, _ = of_both(counted(list(rows)))
    found = BlockTable(GRID, val).rates_at(threshold)
    expected = metric_intervals(label, probability, threshold, group).set_index("metric")
    for metric, own in expected.iterrows():
        low, high = found[metric].interval("correlation" if metric == "mcc" else "share")
        told = (found[metric].value[0], low[0], high[0])
        np.testing.assert_allclose(told, own[["value", "low", "high"]].astype(float), rtol=1e-9)
    auc = roc_auc_estimate(label, probability, group).value[0]
    assert BlockTable(GRID, val).roc_auc() == pytest.approx(auc, rel=1e-12)


def test_differences_of_two_models_are_those_of_the_table_itself(sample):
    label, probability, group = sample
    other = np.roll(probability, 1)
    zeros = np.zeros_like(label)
    of_a, of_b = (
        BlockTable(GRID, of_both(counted(list(zip(own, label, zeros, group, strict=True))))[0])
        for own in (probability, other)
    )
    metrics = ["f1", "average_precision"]
    expected = paired_difference(label, probability, 0.5, other, 0.4, group, metrics=metrics)
    found = difference_table(of_a.rates_at(0.5), of_b.rates_at(0.4), metrics)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_a_name_has_the_same_hash_beside_any_others():
    names = ["a", "bcdefgh", "12345678", "가나다라마", "123456789"]
    found = text_hashes(pa.array(names)).tolist()
    assert len(set(found)) == len(names)
    assert [text_hashes(pa.array([one, "zz"]))[0] for one in names] == found
    assert text_hashes(pa.array(["zz", *names]).slice(1)).tolist() == found


def test_many_groups_give_about_the_same_error(sample):
    """A delete-a-group jackknife of blocks, against leaving out each of 3,000 groups."""
    label, probability, _ = sample
    own = np.arange(len(label))
    spread = own.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    rows = zip(probability, label, np.zeros_like(label), spread, strict=True)
    found = counted(list(rows))
    assert found.n_groups is None
    rates = BlockTable(GRID, of_both(found)[0]).rates_at(0.5)
    expected = metric_intervals(label, probability, 0.5, own).set_index("metric")
    low, high = rates["recall"].interval("share")
    width = expected.at["recall", "high"] - expected.at["recall", "low"]
    assert (high[0] - low[0]) == pytest.approx(width, rel=0.3)


def test_halves_keep_groups_whole_and_hold_both_classes():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 12, 500)
    rows = list(zip(rng.random(500), rng.integers(0, 2, 500), group * 0, group, strict=True))
    found = counted(rows, has_splits=False)
    val, test = of_both(found)
    per_group = np.bincount(group)
    sizes = [half.sum(axis=(0, 2)) for half in (val, test)]
    assert sorted(np.concatenate(sizes).tolist()) == sorted(per_group.tolist())
    assert len(sizes[0]) == len(sizes[1]) == 6
    assert all(half.any(axis=2).sum(axis=1).min() >= 5 for half in (val, test))


@pytest.mark.parametrize("levels", [(0, 2, 4, 6), (0, 1, 2, 3, 4, 5), (0, 1, 7)])
def test_reliability_of_levels_is_that_of_the_table_itself(levels):
    rng = np.random.default_rng(2)
    scale = Scale("levels", levels)
    grid, values = fine_grid(scale), scale.to_probability(np.array(levels, float))
    group, label = rng.integers(0, 12, 600), rng.integers(0, 2, 600)
    probability = rng.choice(values, 600)
    cells = np.zeros((2, 12, len(grid) + 1), np.int64)
    np.add.at(cells, (label, group, Bins(grid).of(probability)), 1)
    table = BlockTable(grid, cells, tuple(values.tolist()))
    expected = reliability_table(label, probability, group)
    pd.testing.assert_frame_equal(table.reliability(), expected, check_dtype=False)
    counted_in = table.in_bins(5).groupby("probability")["count"].sum()
    assert counted_in.tolist() == expected["count"].tolist()
