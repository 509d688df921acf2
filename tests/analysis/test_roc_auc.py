import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from harmlib.analysis.roc_auc import roc_auc_estimate

items = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 5)), min_size=2, max_size=60
)


@given(items)
def test_it_is_scikit_learns_with_and_without_each_group(rows):
    labels, scores, groups = map(np.array, zip(*rows, strict=True))
    found = roc_auc_estimate(labels, scores, groups)
    names = list(dict.fromkeys(groups.tolist()))  # numbered in order of appearance
    kept = [np.ones(len(rows), bool), *(groups != name for name in names)]
    for value, own in zip([found.value[0], *found.left_out[:, 0]], kept, strict=True):
        if len(set(labels[own])) < 2:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(roc_auc_score(labels[own], scores[own]))


def test_its_units_are_the_groups_of_the_rarer_class():
    found = roc_auc_estimate([1, 1, 1, 0, 0], [3, 2, 1, 0, 5], list("abcdd"))
    assert found.units.tolist() == [1]
    assert not found.enough


def test_many_groups_are_left_out_in_blocks():
    rng = np.random.default_rng(0)
    found = roc_auc_estimate(rng.integers(0, 2, 1000), rng.normal(size=1000))
    assert found.left_out.shape == (400, 1)
    assert np.abs(found.left_out - found.value).max() < 0.01
