"""Halves: groups stay together, classes are even, and the order of rows decides nothing."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.own_scores.halves import halves

ROWS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 1), st.sampled_from(["gun", "fire"])),
    min_size=1,
    max_size=60,
)


def items_of(rows):
    frame = pd.DataFrame(rows, columns=["group", "label", "section"])
    return frame.assign(group="g" + frame["group"].astype(str))


@given(ROWS, st.integers(0, 3))
def test_every_group_has_one_half_whatever_the_order(rows, seed):
    items = items_of(rows)
    found = halves(items, seed)
    assert sorted(found.index) == sorted(items["group"].unique())
    assert set(found) <= {"val", "test"}
    again = halves(items.sample(frac=1, random_state=seed), seed)
    assert again.sort_index().equals(found.sort_index())


@given(st.integers(2, 200), st.integers(0, 5))
def test_items_without_groups_are_split_evenly_in_each_class(n, seed):
    rng = np.random.default_rng(seed)
    items = pd.DataFrame(
        {"group": [f"i{k}" for k in range(n)], "label": rng.integers(0, 2, n), "section": "all"}
    )
    half = items["group"].map(halves(items, seed))
    counts = items.groupby(["label", half]).size().unstack(fill_value=0)
    assert (counts.max(axis=1) - counts.reindex(columns=["val", "test"], fill_value=0).min(axis=1)
            <= 1).all()  # fmt: skip


def test_large_groups_are_balanced_by_small_ones():
    sizes = [40, 20, 10, 5, 3, 2]
    items = pd.DataFrame(
        {"group": np.repeat([f"g{k}" for k in range(6)], sizes), "label": 1, "section": "all"}
    )
    half = items["group"].map(halves(items, 0))
    assert half.value_counts().tolist() == [40, 40]


def test_another_seed_gives_other_halves():
    items = items_of([(k % 13, k % 2, "gun") for k in range(60)])
    assert len({tuple(halves(items, seed).sort_index()) for seed in range(8)}) > 3
