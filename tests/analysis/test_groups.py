import numpy as np
import pytest
from group_samples import small_samples
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.groups import block_codes, group_codes, group_table
from harmlib.analysis.thresholds import sweep

GRID = np.array([0.15, 0.3, 0.5, 0.7])


def test_groups_are_numbered_as_they_appear():
    codes, n_groups = group_codes(["b", "a", "b", "c"], 4)
    assert (codes.tolist(), n_groups) == ([0, 1, 0, 2], 3)
    codes, n_groups = group_codes(None, 3)
    assert (codes.tolist(), n_groups) == ([0, 1, 2], 3)
    assert group_codes(["x", "y"], 2)[1] == 2


@pytest.mark.parametrize(("groups", "blocks"), [(399, 399), (400, 400), (401, 400), (1000, 400)])
def test_many_groups_are_dealt_into_blocks_that_keep_them_whole(groups, blocks):
    names = np.repeat(np.arange(groups), 3)
    codes, n_blocks = block_codes(names, len(names))
    assert n_blocks == len(set(codes)) == blocks
    assert (codes.reshape(-1, 3) == codes[::3, None]).all()
    sizes = np.bincount(codes)
    assert sizes.max() - sizes.min() <= (3 if groups > 400 else 0)
    again, _ = block_codes(names, len(names))
    np.testing.assert_array_equal(codes, again)
    if groups <= 400:
        np.testing.assert_array_equal(codes, group_codes(names, len(names))[0])
    else:  # shuffled: neighbours in the file are not one block
        assert not np.array_equal(codes[::3], np.arange(groups) % 400)
    assert block_codes(None, 9, 4)[1] == 4


def test_one_group_has_a_number():
    assert group_codes(["a", "a"], 2)[1] == 1


@given(small_samples(), st.permutations(list(GRID)))
def test_a_table_of_groups_holds_the_sweep_of_each(sample, thresholds):
    labels, scores, groups = sample
    table = group_table(labels, scores, thresholds, groups)
    for row, group in zip(table, dict.fromkeys(groups), strict=True):
        own = groups == group
        swept = sweep(labels[own], scores[own], thresholds).set_index("threshold")
        tp, fp = (swept.loc[list(thresholds), name].tolist() for name in ("tp", "fp"))
        assert row.tolist() == [*tp, *fp, labels[own].sum(), (1 - labels[own]).sum()]
