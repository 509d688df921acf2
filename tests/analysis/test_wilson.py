import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harmlib.analysis.wilson import wilson_interval


@given(st.integers(1, 5000), st.data(), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_it_is_scipys(n, data, level):
    hits = data.draw(st.integers(0, n))
    expected = binomtest(hits, n).proportion_ci(level, "wilson")
    low, high = wilson_interval(hits, n, level)
    assert (low, high) == (
        pytest.approx(expected.low, abs=1e-14),
        pytest.approx(expected.high, abs=1e-14),
    )


def test_by_hand_and_at_the_ends():
    low, high = wilson_interval([2, 0, 7, 0], [7, 7, 7, 0])
    z = 1.959963984540054
    middle, reach = 2 / 7 + z**2 / 14, z * np.sqrt(2 / 7 * 5 / 7 / 7 + z**2 / 196)
    assert low[0] == pytest.approx((middle - reach) / (1 + z**2 / 7))
    assert high[0] == pytest.approx((middle + reach) / (1 + z**2 / 7))
    assert (low[1], high[2]) == (pytest.approx(0, abs=1e-15), pytest.approx(1, abs=1e-15))
    assert (high[1], low[2]) == pytest.approx((z**2 / (7 + z**2), 7 / (7 + z**2)))
    assert np.isnan([low[3], high[3]]).all()


@given(st.integers(1, 5000))
def test_it_stays_in_range_where_rounding_would_leave_it(n):
    low, high = wilson_interval([0, n], n)
    assert 0 <= low.min() < 1e-15
    assert 1 - 1e-15 < high.max() <= 1


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_the_level_is_a_fraction(level):
    with pytest.raises(ValueError, match=f"level is {level}; it must lie between 0 and 1"):
        wilson_interval(1, 2, level)
