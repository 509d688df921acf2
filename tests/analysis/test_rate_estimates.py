import numpy as np
from group_samples import small_samples
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.rate_estimates import rate_estimates
from harmlib.analysis.rates import RATES
from harmlib.analysis.thresholds import sweep

GRID = np.array([0.15, 0.3, 0.5, 0.7])


@settings(max_examples=60)
@given(small_samples(), st.permutations(list(GRID)))
def test_rates_without_a_group_are_the_sweeps_of_the_other_items(sample, thresholds):
    labels, scores, groups = sample
    found = rate_estimates(labels, scores, thresholds, groups)
    assert list(found) == list(RATES)
    every = sweep(labels, scores, thresholds).set_index("threshold").loc[list(thresholds)]
    for i, group in enumerate(dict.fromkeys(groups)):  # in order of appearance
        others = groups != group
        rest = sweep(labels[others], scores[others], thresholds).set_index("threshold")
        for name in RATES:
            np.testing.assert_allclose(found[name].value, every[name], atol=1e-12)
            expected = rest.loc[list(thresholds), name]
            np.testing.assert_allclose(found[name].left_out[i], expected, atol=1e-12)
    own = [set(groups[labels == label]) for label in (1, 0)]
    flagged = [set(groups[scores > threshold]) for threshold in thresholds]
    assert (found["recall"].units == len(own[0])).all()
    assert (found["specificity"].units == len(own[1])).all()
    assert found["precision"].units.tolist() == [len(names) for names in flagged]
    assert (found["flagged_share"].units == len(set(groups))).all()
