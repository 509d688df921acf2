import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from harmlib.analysis.power import POWER, detectable_difference, groups_needed, power_of

errors = st.floats(1e-4, 0.5)
groups_at_hand = st.integers(5, 300)


@pytest.mark.parametrize(("groups", "shift"), [(9, 0.0), (9, 2.0), (30, 3.0), (30, -3.0)])
def test_power_is_how_often_students_interval_excludes_0(groups, shift):
    rng = np.random.default_rng(groups)
    samples = rng.normal(shift / np.sqrt(groups), 1, (20_000, groups))
    reach = t.ppf(0.975, groups - 1) * samples.std(axis=1, ddof=1) / np.sqrt(groups)
    told = (np.abs(samples.mean(axis=1)) > reach).mean()
    found = power_of(shift / np.sqrt(groups), 1 / np.sqrt(groups), groups)
    assert found == pytest.approx(told, abs=0.012)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("groups", [9, 30, 200])
def test_a_detectable_difference_is_told_four_times_in_five(groups, level):
    difference = detectable_difference(0.02, groups, level=level)
    assert power_of(difference, 0.02, groups, level=level) == pytest.approx(POWER, abs=0.03)


@settings(max_examples=30)
@given(errors, groups_at_hand)
def test_more_is_asked_for_with_few_groups_and_a_strict_level(error, groups):
    found = detectable_difference(error, groups)
    assert found > detectable_difference(error, groups + 1)
    assert detectable_difference(error, groups, level=0.99) > found
    assert detectable_difference(error, groups, power=0.9) > found
    assert detectable_difference(2 * error, groups) == pytest.approx(2 * found)


@settings(max_examples=30)
@given(errors, groups_at_hand, st.floats(0.2, 5))
def test_the_groups_needed_tell_and_one_less_does_not(error, groups, shift):
    difference = shift * error
    needed = groups_needed(difference, error, groups)
    assert needed == groups_needed(-difference, error, groups) == int(needed)

    def least(n):
        return detectable_difference(error * math.sqrt(groups / n), n)

    assert least(int(needed)) <= difference * (1 + 1e-9)
    if needed > 2:
        assert least(int(needed) - 1) > difference * (1 - 1e-9)


@settings(max_examples=30)
@given(errors, groups_at_hand, st.sampled_from([0.95, 0.99]))
def test_what_is_not_told_needs_more_groups(error, groups, level):
    untold = 0.999 * t.ppf((1 + level) / 2, groups - 1) * error
    assert groups_needed(untold, error, groups, level=level) > groups


def test_nothing_to_tell_has_no_number():
    for difference, error in ((0, 0.1), (0.1, 0), (math.nan, 0.1), (0.1, math.nan)):
        assert math.isnan(groups_needed(difference, error, 20))
    assert math.isnan(detectable_difference(math.nan, 20))
    assert math.isnan(power_of(0, 0, 20))
    assert math.isnan(power_of(math.nan, 0.1, 20))
    assert math.isnan(power_of(0.1, math.nan, 20))


def test_the_ends():
    assert groups_needed(1e-6, 0.1, 20) == math.inf
    assert power_of(0.1, 0, 20) == power_of(10, 0.01, 20) == power_of(-10, 0.01, 20) == 1
    for shift in (*range(4, 31), 7.99, 8.01, 29.9):
        assert 0.8 < power_of(shift, 1, 5) <= 1
        assert power_of(-shift, 1, 5) == power_of(shift, 1, 5)
        assert power_of(shift, 1, 5) == pytest.approx(power_of(shift + 1e-6, 1, 5), abs=1e-4)
    assert power_of(0, 0.1, 20) == pytest.approx(0.05)
    assert detectable_difference(0, 20) == 0
