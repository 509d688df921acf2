import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harmlib.media.folds import assign_folds, fold_splits
from harmlib.media.splits import SPLITS, SplitError, join_duplicates


def table(rows):
    """rows : (label, content, group or None)"""
    items = pd.DataFrame(rows, columns=["label", "content", "group"])
    return items.assign(
        sha256=[hashlib.sha256(str(content).encode()).hexdigest() for content in items["content"]]
    )


def cameras(groups, size, harmful_share=0.6, seed=0):
    rng = np.random.default_rng(seed)
    names = np.repeat([f"camera{i}" for i in range(groups)], rng.integers(1, size + 1, groups))
    labels = (rng.random(len(names)) < harmful_share).astype(int)
    return table([(y, i, g) for i, (y, g) in enumerate(zip(labels, names, strict=True))])


HOSTILE = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 25),  # content: some repeat
        st.one_of(st.none(), st.integers(0, 9).map("g{}".format)),
    ),
    min_size=12,
    max_size=40,
).map(table)


@settings(max_examples=40)
@given(HOSTILE, st.integers(3, 5), st.integers(0, 3), st.randoms(use_true_random=False))
def test_whole_groups_both_classes_and_only_content_and_seed_count(items, folds, seed, random):
    groups_with = items.groupby("label").apply(
        lambda own: join_duplicates(items)[own.index].nunique()
    )
    assume(len(groups_with) == 2 and groups_with.min() >= folds)
    fold_of = assign_folds(items, folds, seed)
    assert sorted(fold_of.unique()) == list(range(folds))
    assert fold_of.groupby(join_duplicates(items)).nunique().max() == 1
    assert items["label"].groupby(fold_of).nunique().tolist() == [2] * folds

    order = random.sample(range(len(items)), len(items))
    shuffled = items.iloc[order].assign(
        group=lambda rows: rows["group"].map(lambda g: f"{9 - int(g[1:])}", na_action="ignore")
    )
    moved = assign_folds(shuffled, folds, seed)
    pd.testing.assert_series_equal(moved, fold_of.iloc[order], check_names=False)


@pytest.mark.parametrize("harmful_share", [0.5, 0.8])
@pytest.mark.parametrize(("groups", "size"), [(60, 5), (300, 1)])
def test_folds_are_alike_in_size_and_classes(groups, size, harmful_share):
    items = cameras(groups, size, harmful_share)
    fold_of = assign_folds(items, 5, 1)
    shares = fold_of.value_counts(normalize=True)
    assert shares.between(0.15, 0.25).all()
    harmful = items["label"].groupby(fold_of).mean()
    assert (harmful - items["label"].mean()).abs().max() < 0.06


def test_pure_groups_of_which_there_are_just_enough():
    items = table([(i % 2, i, f"g{i % 6}") for i in range(60)])  # 3 harmful groups, 3 safe ones
    for seed in range(20):
        assert items["label"].groupby(assign_folds(items, 3, seed)).nunique().tolist() == [2] * 3


def test_each_item_is_tested_once_and_validates_once_elsewhere():
    items = cameras(40, 4)
    fold_of = assign_folds(items, 5, 1)
    splits = pd.DataFrame({fold: fold_splits(fold_of, fold) for fold in range(5)})
    assert splits.index.equals(items.index)
    for part, times in (("test", 1), ("val", 1), ("train", 3)):
        assert ((splits == part).sum(axis=1) == times).all()
    for fold in splits:
        assert set(splits[fold]) == set(SPLITS)
        assert splits[fold].groupby(items["group"]).nunique().max() == 1


def test_another_seed_gives_other_folds_and_the_arguments_stay():
    items = cameras(30, 4)
    before = items.copy(deep=True)
    results = {tuple(assign_folds(items, 5, seed)) for seed in range(4)}
    assert len(results) == 4
    pd.testing.assert_frame_equal(items, before)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(i % 2, i, f"g{i % 8}") for i in range(80)], "40 safe items in 4.*folds to at most 4"),
        ([(i % 2, i, "one") for i in range(30)], "15 harmful items in 1.*splits.folds to null"),
        ([(1, i, None) for i in range(30)], "0 safe items in 0.*splits.folds to null"),
    ],
)
def test_too_few_groups(rows, message):
    with pytest.raises(SplitError, match=f"^5 folds need both classes.*{message}"):
        assign_folds(table(rows), 5, 1)
