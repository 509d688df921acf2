"""What the groups at hand could have told: how large a difference, and how many groups it takes.

"Not told apart" says little where hardly any difference could have been told. These are
approximations for a difference whose standard error shrinks with the root of the number of groups.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import scipy

POWER = 0.8  # the usual one: a real difference of this size is told four times in five
_MOST_GROUPS = 100_000  # more are as good as never


def detectable_difference(
    error: float, groups: int, *, level: float = 0.95, power: float = POWER
) -> float:
    """The smallest difference that an interval excludes 0 for, four times in five.

    Parameters
    ----------
    error : float
        Standard error of the difference, not negative.
    groups : int
        That it rests on, at least 2.
    level : float
        Of the interval, in (0, 1).
    power : float
        In (0, 1).

    Returns
    -------
    float
        Not negative; NaN where `error` is.

    Notes
    -----
    (t of (1 + level) / 2 + t of power) x error, with groups - 1 degrees of freedom.

    Examples
    --------
    >>> round(detectable_difference(0.02, 9), 3)
    0.064
    """
    reach = scipy.stats.t.ppf((1 + level) / 2, groups - 1) + scipy.stats.t.ppf(power, groups - 1)
    return float(reach * error)


def power_of(difference: float, error: float, groups: int, *, level: float = 0.95) -> float:
    """How often an interval excludes 0, if the true difference is this large.

    Parameters
    ----------
    difference : float
        The true one.
    error : float
        Its standard error, not negative.
    groups : int
        At least 2.
    level : float
        In (0, 1).

    Returns
    -------
    float
        In [0, 1]; NaN where an argument is, or where both difference and error are 0.

    Notes
    -----
    The noncentral t distribution with noncentrality difference / error, both tails.

    Examples
    --------
    >>> round(power_of(0.02, 0.02, 20), 2)
    0.16
    """
    if math.isnan(difference) or math.isnan(error) or (difference == 0 and error == 0):
        return math.nan
    if error == 0:
        return 1.0
    quantile, shift = scipy.stats.t.ppf((1 + level) / 2, groups - 1), abs(difference / error)
    if shift > 30:  # the series of the noncentral distribution gives out there
        return 1.0
    # Of the wrong sign hardly ever; beyond 6 the series gives out for it, too
    wrong = scipy.stats.nct.cdf(-quantile, groups - 1, shift) if shift < 5 else 0.0
    return float(scipy.stats.nct.sf(quantile, groups - 1, shift) + wrong)


def groups_needed(
    difference: float, error: float, groups: int, *, level: float = 0.95, power: float = POWER
) -> float:
    """How many groups like these would tell a difference of this size.

    Parameters
    ----------
    difference : float
        The one that was seen.
    error : float
        Its standard error with the groups at hand.
    groups : int
        At hand, at least 2.
    level, power : float
        As in `detectable_difference`.

    Returns
    -------
    float
        A whole number; infinite where it exceeds 100,000; NaN where there is nothing to tell
        (a difference or an error of 0), or an argument is NaN.

    Examples
    --------
    >>> groups_needed(0.02, 0.02, 20)
    159.0
    """
    if not (difference and error) or math.isnan(difference) or math.isnan(error):
        return math.nan

    def tells(size: int) -> bool:
        smaller = error * math.sqrt(groups / size)
        return detectable_difference(smaller, size, level=level, power=power) <= abs(difference)

    sizes = range(2, _MOST_GROUPS + 1)
    first = bisect_left(sizes, True, key=tells)
    return float(sizes[first]) if first < len(sizes) else math.inf
