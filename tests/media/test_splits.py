import hashlib
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harmlib.media.splits import (
    SPLITS,
    SplitError,
    assign_splits,
    content_order,
    join_duplicates,
    split_digest,
    subsample_to_ratio,
)


def sha(content):
    return hashlib.sha256(str(content).encode()).hexdigest()


def table(rows):
    """rows : (label, content, group or None, split or None)"""
    items = pd.DataFrame(rows, columns=["label", "content", "group", "split"])
    return items.assign(
        sha256=items["content"].map(sha), path=[f"{i}.jpg" for i in range(len(items))]
    )


def cameras(groups, size, harmful_share=0.6, seed=0):
    """`groups` groups of 1 to `size` items, each item harmful with the given probability."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, size + 1, groups)
    names = np.repeat([f"camera{i}" for i in range(groups)], sizes)
    labels = (rng.random(len(names)) < harmful_share).astype(int)
    return table([(y, i, g, None) for i, (y, g) in enumerate(zip(labels, names, strict=True))])


def split(items, seed=1, val=0.2, test=0.2):
    return assign_splits(items, val, test, seed)


HOSTILE = st.lists(
    st.tuples(
        st.integers(0, 1),  # label
        st.integers(0, 25),  # content: some repeat
        st.one_of(st.none(), st.integers(0, 9).map("g{}".format)),
        st.none(),
    ),
    min_size=12,
    max_size=40,
).map(table)


def components(items):
    """The oracle: names spread between items that share a content or a group, till all is still.

    Of each item the smallest name of a content or a group that it is linked to.
    """
    shas = "sha:" + items["sha256"].astype(object)
    groups = ("group:" + items["group"].astype(object)).where(items["group"].notna(), shas)
    names = pd.concat([shas, groups], axis=1).min(axis=1)
    while True:
        spread = names.groupby(shas).transform("min")
        spread = spread.groupby(groups).transform("min")
        if spread.equals(names):
            return names
        names = spread


@settings(max_examples=40)
@given(HOSTILE)
def test_joined_groups_are_the_connected_components(items):
    assert join_duplicates(items).tolist() == components(items).tolist()


@settings(max_examples=25)
@given(HOSTILE, st.integers(0, 3), st.randoms(use_true_random=False))
def test_groups_stay_together_and_only_content_and_seed_count(items, seed, random):
    try:
        splits = split(items, seed)
    except SplitError:
        assume(False)
    assert splits.isin(SPLITS).all()
    assert splits.groupby(components(items)).nunique().max() == 1
    both = items.groupby(splits)["label"].agg(["min", "max"])
    assert both.loc[list(SPLITS)].to_numpy().tolist() == [[0, 1]] * 3

    order = random.sample(range(len(items)), len(items))
    shuffled = items.iloc[order]
    pd.testing.assert_series_equal(split(shuffled, seed), splits.iloc[order], check_names=False)

    letters = random.sample(string.ascii_letters, 52)
    renamed = items.assign(
        path=[f"{random.random()}/x.jpg" for _ in order],
        group=items["group"].map(lambda g: letters[int(g[1:])], na_action="ignore"),
    )
    pd.testing.assert_series_equal(split(renamed, seed), splits, check_names=False)


@pytest.mark.parametrize("harmful_share", [0.5, 0.73, 0.81])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("groups", "size"), [(60, 5), (40, 10), (300, 1)])
def test_shares_come_near_to_the_wished(harmful_share, seed, groups, size):
    items = cameras(groups, size, harmful_share, seed)
    splits = split(items, seed, 0.2, 0.15)
    for label in (0, 1):
        shares = splits[items["label"] == label].value_counts(normalize=True)
        assert shares["val"] == pytest.approx(0.20, abs=0.05)
        assert shares["test"] == pytest.approx(0.15, abs=0.05)
    variety = items.groupby(splits)["group"].nunique() / groups
    assert variety["test"] == pytest.approx(0.15, abs=0.1)


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.2, 0.33])
@pytest.mark.parametrize("groups", [3, 4, 5, 6])
@pytest.mark.parametrize("mixed", [True, False])
def test_three_groups_of_each_class_suffice(groups, fraction, mixed):
    labels = [(i % 2, i // 4 if mixed else i) for i in range(groups * (4 if mixed else 2))]
    items = table([(label, i, f"g{group}", None) for i, (label, group) in enumerate(labels)])
    for seed in range(3):
        splits = split(items, seed, fraction, fraction)
        assert (items["label"].groupby(splits).nunique() == 2).sum() == 3
        assert (splits.groupby(items["group"]).nunique() == 1).all()


def test_what_is_given_is_not_moved_to_help_out():
    rows = [(i % 2, i, None, "train") for i in range(20)] + [(1, 50, None, None)] * 2
    with pytest.raises(SplitError, match="val has no safe item"):
        split(table(rows))


def test_depends_on_the_seed():
    items = cameras(30, 4)
    results = {tuple(split(items, seed)) for seed in range(5)}
    assert len(results) == 5


def test_depends_on_the_content():
    items = cameras(30, 4)
    other = items.assign(sha256=items["content"].map(lambda c: sha(f"other{c}")))
    assert split(items).tolist() != split(other).tolist()


def test_the_arguments_stay_as_they_were():
    items = cameras(30, 4)
    before = items.copy(deep=True)
    split(items)
    subsample_to_ratio(items, 1.0, 1)
    pd.testing.assert_frame_equal(items, before)


@pytest.mark.parametrize("dtype", ["object", "str"])
def test_given_splits_are_kept_and_their_group_follows(dtype):
    items = cameras(30, 4)
    given = {"camera3": "test", "camera5": "val", "camera8": "train"}
    first = ~items["group"].duplicated()
    items["split"] = items["group"].map(given).where(first).astype(dtype)
    splits = split(items)
    for group, name in given.items():
        assert set(splits[items["group"] == group]) == {name}
    assert splits.isin(SPLITS).all()
    assert splits.value_counts(normalize=True)["test"] == pytest.approx(0.2, abs=0.06)


def test_all_splits_given():
    rows = [(i % 2, i, None, SPLITS[i // 2 % 3]) for i in range(12)]
    assert split(table(rows)).tolist() == [row[3] for row in rows]


ROOM = [(i % 2, 100 + i, None, None) for i in range(30)]


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 1, "cam", "train"), (0, 2, "cam", "test")],
        [(1, 1, "a", "train"), (1, 1, "b", "val")],  # equal content
        [(1, 1, "a", "train"), (0, 1, "b", None), (1, 2, "b", "test")],  # over a third item
    ],
)
def test_a_group_given_in_two_splits(rows):
    with pytest.raises(SplitError, match=r"1 group\(s\).*several splits \(e.g. 30.jpg, 31.jpg"):
        split(table(ROOM + rows))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(i % 2, i, "one", None) for i in range(30)], "15 harmful items in 1 group"),
        ([(i % 2, i, f"g{i % 4 // 2}", None) for i in range(40)], "20 safe items in 2 group"),
        ([(i % 2, i % 2, None, None) for i in range(40)], "20 harmful items in 1 group"),
        ([(int(i > 1), i, None, None) for i in range(40)], "has no safe item.*2 safe items in 2"),
        ([(1, i, None, None) for i in range(40)], "train has no safe item; val has no safe item"),
        ([(i % 2, i, None, "train") for i in range(40)], "val has no safe.*val has no harmful"),
    ],
)
def test_too_few_groups(rows, message):
    with pytest.raises(SplitError, match=message) as caught:
        split(table(rows))
    assert "at least three groups each. Add media" in str(caught.value)


# Subsampling


def classes(harmful, safe):
    return table([(1, f"h{i}", None, None) for i in range(harmful)]
                 + [(0, f"s{i}", None, None) for i in range(safe)])  # fmt: skip


@pytest.mark.parametrize(
    ("harmful", "safe", "ratio", "kept"),
    [
        (300, 100, 2.68, (268, 100)),
        (100, 100, 2.68, (100, 37)),
        (268, 100, 2.68, (268, 100)),
        (1000, 100, 4.15, (415, 100)),
        (415, 200, 4.15, (415, 100)),
        (50, 500, 0.5, (50, 100)),
        (500, 50, 1.0, (50, 50)),
    ],
)
def test_subsample_takes_only_from_the_surplus(harmful, safe, ratio, kept):
    items = classes(harmful, safe)
    keep = subsample_to_ratio(items, ratio, 1)
    labels = items["label"][keep]
    assert ((labels == 1).sum(), (labels == 0).sum()) == kept


@pytest.mark.parametrize(
    ("harmful", "safe", "ratio"), [(0, 9, 2.68), (9, 0, 2.68), (7, 3, 0.001), (1, 9, 4.15)]
)
def test_subsample_to_nothing(harmful, safe, ratio):
    with pytest.raises(SplitError, match=f"left at the ratio {ratio}:1 of {harmful} harmful and"):
        subsample_to_ratio(classes(harmful, safe), ratio, 1)


def test_subsample_depends_on_seed_and_content_not_on_order():
    items = classes(60, 20)
    keep = subsample_to_ratio(items, 1.5, 1)
    shuffled = items.sample(frac=1, random_state=3)
    pd.testing.assert_series_equal(subsample_to_ratio(shuffled, 1.5, 1).sort_index(), keep)
    renamed = items.assign(path=items["path"][::-1].to_numpy())
    pd.testing.assert_series_equal(subsample_to_ratio(renamed, 1.5, 1), keep)
    assert subsample_to_ratio(items, 1.5, 2).tolist() != keep.tolist()
    fewer = items[keep | (items["label"] == 0)]
    assert subsample_to_ratio(fewer, 1.5, 1).all()


def test_content_order_is_a_seeded_permutation():
    shas = pd.Series([sha(i) for i in range(200)])
    ranks = content_order(shas, 1)
    assert ranks.is_unique
    assert abs(np.corrcoef(ranks.rank(), shas.rank())[0, 1]) < 0.2
    assert abs(np.corrcoef(ranks.rank(), content_order(shas, 2).rank())[0, 1]) < 0.2


def test_digest_follows_content_label_and_split_and_nothing_else():
    items = pd.DataFrame(
        {"sha256": ["a", "b"], "label": [0, 1], "split": ["train", "val"], "path": ["x", "y"]}
    )
    digest = split_digest(items)
    assert split_digest(items[::-1].assign(path="elsewhere")) == digest
    for column, value in (("sha256", "c"), ("label", 1), ("split", "test")):
        changed = items.copy()
        changed.loc[0, column] = value
        assert split_digest(changed) != digest
