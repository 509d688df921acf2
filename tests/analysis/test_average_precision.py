import numpy as np
import pytest
from group_samples import clustered, small_samples
from hypothesis import given, settings
from sklearn.metrics import average_precision_score

from harmlib.analysis import average_precision
from harmlib.analysis.average_precision import average_precision_estimate


@settings(max_examples=60)
@given(small_samples())
def test_average_precision_without_a_group_is_scikit_learns_of_the_other_items(sample):
    labels, scores, groups = sample
    found = average_precision_estimate(labels, scores, groups)
    assert found.value.item() == pytest.approx(average_precision_score(labels, scores))
    names = list(dict.fromkeys(groups))
    assert found.left_out.shape == (len(names), 1)
    for (value,), group in zip(found.left_out, names, strict=True):
        others = groups != group
        if labels[others].any():
            assert value == pytest.approx(average_precision_score(labels[others], scores[others]))
        else:
            assert np.isnan(value)
    assert found.units.item() == min(len(set(groups[labels == label])) for label in (0, 1))


def test_average_precision_does_not_depend_on_the_blocks_of_rows(monkeypatch):
    labels, scores, groups = clustered()
    whole = average_precision_estimate(labels, scores, groups).left_out
    monkeypatch.setattr(average_precision, "_BLOCK_CELLS", 1000)
    np.testing.assert_array_equal(
        average_precision_estimate(labels, scores, groups).left_out, whole
    )


def test_repeats_are_ranked_apart_and_averaged():
    """Another scale of each repeat would spoil one ranking of all rows."""
    rng = np.random.default_rng(0)
    labels, groups = rng.integers(0, 2, 60), np.arange(60) // 3
    scores = [rng.normal(labels, 1), 100 + rng.normal(labels, 1)]
    twice = [np.tile(labels, 2), np.concatenate(scores), np.tile(groups, 2)]
    both = average_precision_estimate(*twice, repeats=np.repeat([1, 2], 60))
    each = [average_precision_estimate(labels, own, groups) for own in scores]
    np.testing.assert_allclose(both.value, np.mean([one.value for one in each], axis=0))
    np.testing.assert_allclose(both.left_out, np.mean([one.left_out for one in each], axis=0))
    assert both.units == each[0].units
    mixed = average_precision_estimate(*twice)
    assert mixed.value < both.value
