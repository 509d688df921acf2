import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binomtest, t, ttest_1samp

from harmlib.analysis.jackknife import MIN_GROUPS, MOST, jackknife_error, jackknife_interval

unit = st.floats(0, 1, allow_nan=False)


def without(values):
    """The mean of all values but one."""
    values = np.asarray(values, float)
    return (values.sum() - values) / (len(values) - 1)


def test_the_error_of_a_mean_is_its_standard_error():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    found = jackknife_error(values.mean(), without(values))
    assert found == pytest.approx(values.std(ddof=1) / np.sqrt(6))


def test_deviations_are_from_the_estimate_and_not_from_their_mean():
    assert jackknife_error(2.0, [3.0] * 4) == pytest.approx(np.sqrt(3))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_the_difference_of_a_mean_is_students_interval(level):
    values = np.array([0.3, -0.1, 0.4, 0.1, -0.5, 0.9])
    found = jackknife_interval(values.mean(), without(values), scale="difference", level=level)
    expected = ttest_1samp(values, 0).confidence_interval(level)
    assert found == pytest.approx((expected.low, expected.high))


def test_a_share_is_symmetric_on_the_logit_scale_with_the_larger_deviation():
    value, left_out = 0.8, np.array([0.85, 0.7, 0.8, 0.82, 0.78, 0.75])
    exact, linear = logit(left_out) - logit(value), (left_out - value) / (0.8 * 0.2)
    deviations = np.maximum(np.abs(exact), np.abs(linear))
    reach = t.ppf(0.975, 5) * np.sqrt(5 / 6 * (deviations**2).sum())
    low, high = jackknife_interval(value, left_out)
    assert (low, high) == pytest.approx((expit(logit(0.8) - reach), expit(logit(0.8) + reach)))
    assert logit(high) - logit(value) == pytest.approx(logit(value) - logit(low))
    assert high - value < value - low


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_an_end_without_a_group_widens_and_breaks_nothing(end):
    """Of six groups one alone erred: without it the share is 1."""
    left_out = np.array([end, *[0.5 + 0.3 * end] * 5])
    low, high = jackknife_interval(0.5 + 0.35 * end - 0.05, left_out)
    assert 0 < low < high < 1


@pytest.mark.parametrize("groups", [5, 9, 26])
def test_groups_that_are_all_right_are_clopper_and_pearsons(groups):
    for value, hits in ((1.0, groups), (0.0, 0)):
        found = jackknife_interval(value, np.full(groups, value))
        expected = binomtest(hits, groups).proportion_ci(0.95)
        assert found == pytest.approx((expected.low, expected.high))
        assert found[1] - found[0] > 0.1


def test_groups_that_are_half_right_each_are_clopper_and_pearsons_too():
    expected = binomtest(5, 10).proportion_ci(0.9)
    found = jackknife_interval(0.5, np.full(10, 0.5), level=0.9)
    assert found == pytest.approx((expected.low, expected.high))


def test_a_correlation_is_the_share_between_its_ends():
    left_out = np.array([0.5, 0.35, 0.4, 0.45, 0.3])
    low, high = jackknife_interval((1 + 0.4) / 2, (1 + left_out) / 2)
    found = jackknife_interval(0.4, left_out, scale="correlation")
    np.testing.assert_allclose(found, (2 * low - 1, 2 * high - 1))
    low, high = jackknife_interval(1.0, np.ones(9), scale="correlation")
    assert (low < 0.5, high) == (True, 1)


def test_a_group_that_alone_erred_counts_for_a_limited_deviation():
    """The logit without it is infinite; the linear form is not, and is taken MOST times."""
    value, left_out = 0.9, np.array([1.0, *[0.9] * 6])
    reach = t.ppf(0.975, 6) * np.sqrt(6 / 7) * MOST * 0.1 / (0.9 * 0.1)
    expected = expit(logit(0.9) - reach), expit(logit(0.9) + reach)
    np.testing.assert_allclose(jackknife_interval(value, left_out), expected)


@pytest.mark.parametrize("scale", ["share", "difference", "correlation"])
def test_groups_that_take_no_part_count_for_nothing(scale):
    value, left_out = 0.7, np.array([0.65, 0.72, 0.7, 0.78, 0.6])
    alone = jackknife_interval(value, left_out, scale=scale)
    padded = np.append(left_out, np.full(30, value))
    beside = jackknife_interval(value, padded, scale=scale, units=5)
    np.testing.assert_allclose(beside, alone)
    assert jackknife_error(value, padded, 5) == pytest.approx(jackknife_error(value, left_out))
    assert not np.allclose(jackknife_interval(value, padded, scale=scale), alone)


@pytest.mark.parametrize("scale", ["share", "difference", "correlation"])
def test_fewer_than_five_groups_have_no_interval(scale):
    for groups in range(1, 8):
        left_out = np.linspace(0.4, 0.6, groups)
        low, high = jackknife_interval(0.5, left_out, scale=scale)
        assert np.isfinite(low) == np.isfinite(high) == (groups >= MIN_GROUPS == 5)
    assert np.isnan(jackknife_interval(0.5, np.full(30, 0.5), units=4)).all()
    assert np.isnan(jackknife_interval(np.nan, np.full(30, np.nan), scale=scale)).all()
    assert np.isnan(jackknife_error(0.5, [0.5]))


def test_many_estimates_at_once_are_each_alone():
    rng = np.random.default_rng(0)
    values = rng.uniform(0.2, 0.8, (3, 4))
    left_out = values + rng.normal(0, 0.02, (8, 3, 4))
    units = rng.integers(3, 9, (3, 4))
    low, high = jackknife_interval(values, left_out, units=units)
    assert low.shape == high.shape == (3, 4)
    for at in np.ndindex(3, 4):
        alone = jackknife_interval(values[at], left_out[:, *at], units=units[at])
        np.testing.assert_allclose((low[at], high[at]), alone)
    assert np.isnan(low).any()


@pytest.mark.parametrize("level", [0, 1, 95, -0.1])
def test_levels_are_fractions(level):
    with pytest.raises(ValueError, match=f"level is {level}"):
        jackknife_interval(0.5, [0.5] * 5, level=level)


@given(st.lists(unit, min_size=5, max_size=12), st.permutations(range(5)))
@example([0.0, 0.0, 0.0, 0.0, 2.225073858507203e-309], [0, 1, 2, 3, 4])
@example([1.0, 1.0, 1.0, 1.0, 1 - 1e-16], [0, 1, 2, 3, 4])
@example([0.0, 0.0, 0.0, 0.0, 1e-11], [0, 1, 2, 3, 4])
def test_intervals_hold_the_value_stay_inside_and_widen(values, order):
    value, left_out = np.mean(values), np.clip(without(values), 0, 1)
    for scale, ends in (("share", (0, 1)), ("correlation", (-1, 1)), ("difference", None)):
        low, high = jackknife_interval(value, left_out, scale=scale)
        if value in (0, 1) or scale == "difference":
            assert low <= value <= high
        else:
            assert low <= value + 1e-12
            assert high >= value - 1e-12
        if ends:
            assert ends[0] <= low <= high <= ends[1]
        wide = jackknife_interval(value, left_out, scale=scale, level=0.99)
        assert wide[0] <= low
        assert wide[1] >= high
        turned = np.append(left_out[:5][list(order)], left_out[5:])
        np.testing.assert_allclose(jackknife_interval(value, turned, scale=scale), (low, high))


@pytest.mark.parametrize(
    ("groups", "level", "excludes"),
    [(5, 0.95, False), (6, 0.95, True), (7, 0.99, False), (8, 0.99, True)],
)
def test_a_difference_that_no_group_changes_counts_as_so_many_signs(groups, level, excludes):
    for value in (0.2, -0.2):
        low, high = jackknife_interval(
            value, np.full(groups, value), scale="difference", level=level
        )
        assert low <= value <= high
        assert (low > 0 or high < 0) == excludes
