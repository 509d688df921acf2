import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis import near_duplicates as module
from harmlib.analysis.likeness import hash_rule
from harmlib.analysis.near_duplicates import KEPT_PER_ITEM, near_duplicates
from harmlib.analysis.near_twins import twins_in_test

LIMITS = {"hash_distance": 31, "cosine": 0.95, "max_comparisons": 10**9, "across_groups": False}


def drawn(count, seed, units=None, frames=1):
    """Items of which every third is a changed copy of the one before it."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (count, frames, 256), dtype=np.uint8)
    vectors = rng.normal(size=(count, 24)).astype(np.float32)
    for i in range(2, count, 3):
        flipped = rng.permutation(256)[: rng.integers(0, 60)]
        bits[i] = bits[i - 1]
        bits[i][:, flipped] ^= 1
        vectors[i] = vectors[i - 1] + rng.uniform(0, 0.6) * rng.normal(size=24)
    names = [f"item{i:03d}" for i in range(count)]
    hashes = [",".join(np.packbits(own).tobytes().hex() for own in item) for item in bits]
    return pd.DataFrame(
        {
            "item_id": names,
            "split": rng.choice(["train", "val", "test"], count),
            "label": rng.integers(0, 2, count),
            "group": names,
            "unit": names if units is None else rng.integers(0, units, count).astype(str),
            "sha256": rng.permutation(names),
            "perceptual_hash": hashes,
        }
    ), vectors  # fmt: skip


def pairs_by_hand(items, vectors, across_groups):
    """Every pair, one after the other."""
    standard = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    found = set()
    for i, a in enumerate(items.itertuples()):
        for j, b in enumerate(items.itertuples()):
            if i >= j or a.unit == b.unit or (not across_groups and a.split == b.split):
                continue
            bits = (int(a.perceptual_hash, 16) ^ int(b.perceptual_hash, 16)).bit_count()
            if bits <= 31 or standard[i] @ standard[j] >= 0.95:
                found.add(frozenset([a.item_id, b.item_id]))
    return found


def as_sets(pairs):
    return {frozenset(pair) for pair in pairs[["item_a", "item_b"]].itertuples(index=False)}


@settings(max_examples=25)
@given(st.integers(2, 60), st.integers(0, 10**6), st.booleans(), st.sampled_from([None, 5]))
def test_blocks_find_what_a_loop_finds(count, seed, across_groups, units):
    items, vectors = drawn(count, seed, units)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS", 7)
        patch.setattr(module, "_COLUMNS", 11)
        pairs, search = near_duplicates(items, vectors, **LIMITS | {"across_groups": across_groups})
    assert as_sets(pairs) == pairs_by_hand(items, vectors, across_groups)
    assert set(search["state"]) == {"searched"}


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_has_no_effect(seed):
    items, vectors = drawn(40, seed)
    order = np.random.default_rng(seed).permutation(40)
    first, _ = near_duplicates(items, vectors, **LIMITS)
    second, _ = near_duplicates(items.iloc[order], vectors[order], **LIMITS)
    pd.testing.assert_frame_equal(first, second, atol=1e-5)


def test_pairs_of_different_labels_come_first_then_the_nearest():
    items, vectors = drawn(60, 3)
    pairs, _ = near_duplicates(items, vectors, **LIMITS | {"across_groups": True})
    differs = (pairs["label_a"] != pairs["label_b"]).to_numpy()
    assert 0 < differs.sum() < len(differs)
    assert not (np.diff(differs.astype(int)) > 0).any()
    assert pairs.loc[differs, "hash_distance"].is_monotonic_increasing


def test_the_judged_item_is_named_first():
    items, vectors = drawn(60, 4)
    pairs, _ = near_duplicates(items, vectors, **LIMITS)
    rank = {"test": 0, "val": 1, "train": 2}
    assert (pairs["split_a"].map(rank) < pairs["split_b"].map(rank)).all()


def equal_items(count):
    names = [f"item{i:03d}" for i in range(count)]
    return pd.DataFrame(
        {"item_id": names, "split": ["test", "train"] * (count // 2), "label": 0, "group": names,
         "unit": names, "sha256": names, "perceptual_hash": "0f" * 32}
    )  # fmt: skip


@pytest.mark.parametrize("across_groups", [False, True])
def test_a_crowd_is_kept_small_and_loses_no_item(across_groups):
    items = equal_items(80)
    pairs, search = near_duplicates(items, None, **LIMITS | {"across_groups": across_groups})
    every = 80 * 79 // 2 if across_groups else 40 * 40
    assert search.loc[0, "pairs"] == every
    assert len(pairs) <= 80 * (KEPT_PER_ITEM + 1)
    assert {*pairs["item_a"], *pairs["item_b"]} == {*items["item_id"]}
    twins = twins_in_test(pairs, across_groups=across_groups)
    assert len(twins) == (80 if across_groups else 40)


def test_the_work_is_bounded_and_it_is_said():
    items = equal_items(80)
    pairs, search = near_duplicates(items, None, **LIMITS | {"max_comparisons": 10 * 40 + 39})
    told = search.set_index("rule").loc["hash"]
    assert (told["state"], told["compared"], told["comparisons"]) == ("bounded", 10, 400)
    assert pairs["item_a"].nunique() == 10


def test_an_exact_budget_is_enough():
    _, search = near_duplicates(equal_items(80), None, **LIMITS | {"max_comparisons": 1600})
    assert search.loc[0, ["state", "compared"]].tolist() == ["searched", 80]


def test_what_can_not_be_compared_is_told():
    items = equal_items(6).assign(perceptual_hash=["", "0f" * 32] * 3)
    pairs, search = near_duplicates(items, None, **LIMITS)
    assert pairs.empty
    assert search["state"].tolist() == ["searched", "untrained"]
    assert search.loc[0, ["items", "comparable"]].tolist() == [6, 3]
    _, search = near_duplicates(items.assign(perceptual_hash=""), None, **LIMITS)
    assert search["state"].tolist() == ["no hash", "untrained"]
    _, search = near_duplicates(
        items, np.ones((6, 3), np.float32), **LIMITS | {"hash_distance": None, "cosine": None}
    )
    assert search["state"].tolist() == ["off", "off"]


@pytest.mark.parametrize(
    ("a", "b", "is_near"),
    [
        (["00" * 32] * 4, ["00" * 32] * 4, True),
        (["00" * 32] * 4, ["00" * 32] * 2, True),
        (["00" * 32] * 4, ["00" * 32], False),  # less than half of the longer one
        (["00" * 32, "", "00" * 32], ["", "00" * 32, ""], False),  # no frame in common
        (["", ""], ["", ""], False),
        (["00" * 32] * 2, ["00" * 32, "ff" * 32], False),  # an equal beginning only
        (["00" * 32] * 2, ["00" * 32, "0f" + "00" * 31], True),
    ],
)
def test_videos_are_compared_by_the_frames_of_both(a, b, is_near):
    rule = hash_rule(pd.Series([",".join(a), ",".join(b)]), 31)
    found, _, _ = rule.near(slice(0, 1), slice(1, 2))
    assert len(found) == is_near
