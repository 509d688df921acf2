"""What a stratified sample says of all decisions: precision, recall, prevalence, what was missed.

Every stratum holds items of one decision, and its items were drawn without replacement with equal
probabilities. So the harmful items among those looked at follow a law (the hypergeometric one) that
depends on nothing but the stratum's own share of harmful items: no variance has to be estimated,
and an interval is made of all values that the counts don't contradict (the profile likelihood). It
needs no symmetry, lies in [0, 1], and is honest where no harmful item was found: a stratum of
18,000 items of which 50 were looked at may still hide hundreds.

Precision, the share of harmful items among the passed (the false-omission rate) and prevalence are
weighted means of the strata's shares; for a given recall R the shares fulfil
sum N_h (flagged_h - R) p_h = 0. Both are linear in the shares, which gives the largest likelihood
in closed form for each Lagrange multiplier.

References
----------
Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, 3.7 (strata) and 5.6 (ratios);
Owen (1988), Biometrika 75:237, and Zhong & Rao (2000), Biometrika 87:929 (likelihood ratio
intervals, strata); Fay & Kim (2017), Biom. J. 59:377 (the mid-p of weighted sums: here half a case
more, in the stratum where an item weighs most).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import scipy
from scipy.special import xlogy

from harmlib.analysis.checks import FloatArray, check_level

Measure = Literal["precision", "recall", "prevalence", "false_omission_rate"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
HALF = 0.5  # a case more on the side of the limit: what mid-p is for weighted sums
_OUTER, _INNER = 21, 40  # steps towards an end, and halvings of the multiplier
_LARGE = 1e12
_REACHED = 1e-7  # of the sum of all weights: a value that the shares can take


@dataclass(frozen=True)
class Strata:
    """Counts of a stratified sample; the last axis is that of the strata.

    Attributes
    ----------
    size : ndarray of float, shape (strata,)
        Items of each stratum.
    flagged : ndarray of bool, shape (strata,)
        Whether its items were decided to be harmful.
    labelled : ndarray of float, shape (..., strata)
        Items that people labelled harmful or safe.
    harmful : ndarray of float, shape (..., strata)
        Items that they labelled harmful.
    """

    size: FloatArray
    flagged: npt.NDArray[np.bool_]
    labelled: FloatArray
    harmful: FloatArray

    def shares(self) -> FloatArray:
        """Share of harmful items among the labelled of each stratum; NaN where there is none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.harmful / self.labelled

    def domain(self, measure: Measure) -> npt.NDArray[np.bool_]:
        """Strata that a measure is about."""
        if measure == "precision":
            return self.flagged
        if measure == "false_omission_rate":
            return ~self.flagged
        return np.ones(len(self.size), dtype=bool)


def estimate(strata: Strata, measure: Measure) -> FloatArray:
    """Estimate a measure of all decisions.

    Parameters
    ----------
    strata : Strata
    measure : {"precision", "recall", "prevalence", "false_omission_rate"}

    Returns
    -------
    ndarray of float, shape (...)
        NaN where a stratum of the measure has no labelled item, or the measure has no item at all.

    Examples
    --------
    >>> counts = Strata(np.array([100.0, 900.0]), np.array([True, False]),
    ...                 np.array([50.0, 50.0]), np.array([40.0, 1.0]))
    >>> [round(estimate(counts, measure).item(), 3) for measure in MEASURES]
    [0.8, 0.816, 0.098, 0.02]
    """
    totals = strata.size * strata.shares()
    with np.errstate(invalid="ignore", divide="ignore"):
        if measure == "recall":
            if not strata.flagged.any():
                return np.full(totals.shape[:-1], np.nan)
            return np.asarray(totals[..., strata.flagged].sum(axis=-1) / totals.sum(axis=-1))
        domain = strata.domain(measure)
        return np.asarray(totals[..., domain].sum(axis=-1) / strata.size[domain].sum())


def interval(
    strata: Strata,
    measure: Measure,
    *,
    level: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    """Interval of a measure of all decisions.

    Parameters
    ----------
    strata : Strata
        A stratum without a labelled item may have any share.
    measure : {"precision", "recall", "prevalence", "false_omission_rate"}
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    low, high : ndarray of float, shape (...)
        NaN where the estimate has no denominator: nothing is flagged, nothing passed.

    Raises
    ------
    ValueError
        The level lies outside (0, 1).

    Examples
    --------
    >>> counts = Strata(np.array([1e6]), np.array([False]), np.array([100.0]), np.array([0.0]))
    >>> low, high = interval(counts, "prevalence")
    >>> low.item(), round(high.item(), 3)
    (0.0, 0.033)
    """
    check_level(level)
    domain = strata.domain(measure)
    if not domain.any() or (measure == "recall" and not strata.flagged.any()):
        empty = np.full(strata.harmful.shape[:-1], np.nan)
        return empty, empty
    inside = Strata(
        strata.size[domain],
        strata.flagged[domain],
        strata.labelled[..., domain],
        strata.harmful[..., domain],
    )
    limit = float(scipy.stats.chi2.ppf(level, 1))
    return _end(inside, measure, limit, upper=False), _end(inside, measure, limit, upper=True)


def _end(strata: Strata, measure: Measure, limit: float, *, upper: bool) -> FloatArray:
    """One end: the last value on its side that the counts don't contradict."""
    unit = _information(strata)
    strata = _with_half(strata, measure, upper=upper)
    best = estimate(strata, measure)
    near = np.where(np.isnan(best), 0.5, best)
    far = np.full_like(near, float(upper))
    ends = _root(strata, measure, unit, near, far, limit)
    return np.where(np.isnan(best), far, ends)


def _root(
    strata: Strata,
    measure: Measure,
    unit: FloatArray,
    near: FloatArray,
    far: FloatArray,
    limit: float,
) -> FloatArray:
    """Where the deviance reaches its limit: regula falsi on its root, which is nearly straight."""
    low, high = near.copy(), far.copy()  # the deviance is below the limit, above it
    aim = np.sqrt(limit)
    at_low = np.full_like(near, -aim)
    at_high = np.sqrt(np.minimum(_deviance(strata, measure, unit, high), _LARGE)) - aim
    whole = at_high <= 0  # even the last value is not contradicted
    for turn in range(_OUTER):
        with np.errstate(invalid="ignore", divide="ignore"):
            step = at_low / (at_low - at_high)
        # Every third step halves: where one end stays, the false position alone would creep
        step = np.where(np.isfinite(step) & (turn % 3 < 2), np.clip(step, 1e-3, 1 - 1e-3), 0.5)
        value = low + step * (high - low)
        found = (
            np.sqrt(np.minimum(np.maximum(_deviance(strata, measure, unit, value), 0), _LARGE))
            - aim
        )
        above = found > 0
        low, at_low = np.where(above, low, value), np.where(above, at_low, found)
        high, at_high = np.where(above, value, high), np.where(above, found, at_high)
    return np.where(whole, far, high)


def _coefficients(strata: Strata, measure: Measure, value: FloatArray) -> FloatArray:
    """Of the strata's shares, whose weighted sum is 0 (recall) or the value (all others)."""
    if measure == "recall":
        return np.asarray(strata.size * (strata.flagged - value[..., None]))
    weights = strata.size / strata.size.sum()
    return np.broadcast_to(weights, strata.harmful.shape)


def _with_half(strata: Strata, measure: Measure, *, upper: bool) -> Strata:
    """Half a case more that moves the estimate towards the end, where an item weighs most."""
    best = estimate(strata, measure)
    weights = _coefficients(strata, measure, np.where(np.isnan(best), 0.5, best))
    unseen = strata.labelled < strata.size
    with np.errstate(divide="ignore"):
        influence = np.where(
            unseen & (strata.labelled > 0), np.abs(weights) / strata.labelled, -1.0
        )
    place = np.arange(len(strata.size)) == influence.argmax(axis=-1)[..., None]
    place &= influence >= 0
    harmful = (weights > 0) == upper
    return Strata(
        strata.size,
        strata.flagged,
        strata.labelled + HALF * place,
        strata.harmful + HALF * (place & harmful),
    )


def _deviance(strata: Strata, measure: Measure, unit: FloatArray, value: FloatArray) -> FloatArray:
    """Twice what the likelihood's logarithm loses where the measure has this value."""
    weights = _coefficients(strata, measure, value)
    y, n = strata.harmful, strata.labelled
    known = np.isinf(unit)  # looked at as a whole: their shares are what they are
    unit = np.where(known, 1.0, unit)
    target = 0.0 if measure == "recall" else value
    scale = np.max(unit * (n + 1) / np.maximum(np.abs(weights), 1 / _LARGE), axis=-1)
    low, high = np.full(scale.shape, -1.0), np.full(scale.shape, 1.0)
    for _ in range(_INNER):
        middle = (low + high) / 2
        multiplier = scale * middle / (1 - np.abs(middle))
        shares = _shares_at(y, n, np.where(known, 0.0, multiplier[..., None] * weights / unit))
        missing = (weights * shares).sum(axis=-1) - target
        low, high = np.where(missing > 0, middle, low), np.where(missing > 0, high, middle)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(n > 0, y / np.where(n > 0, n, 1), 0)
        lost = xlogy(y, own) - xlogy(y, shares) + xlogy(n - y, 1 - own) - xlogy(n - y, 1 - shares)
    out_of_reach = np.abs(missing) > _REACHED * np.abs(weights).sum(axis=-1)
    deviance = 2 * np.where(known, 0.0, unit * lost).sum(axis=-1)
    return np.where(out_of_reach, _LARGE, deviance)


def _shares_at(y: FloatArray, n: FloatArray, pull: FloatArray) -> FloatArray:
    """Solve y / p - (n - y) / (1 - p) = pull for each share p, in a form that loses no digit."""
    total = n + pull
    root = np.sqrt(np.maximum(total**2 - 4 * pull * y, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: FloatArray = np.where(
            total >= 0, 2 * y / (total + root), (total - root) / (2 * pull)
        )
    return np.asarray(np.clip(np.nan_to_num(shares, nan=0.0), 0, 1))


def _information(strata: Strata) -> FloatArray:
    """How much more an item says where a good part of its stratum was looked at.

    Variance shrinks by 1 - n/N. Where nothing, or everything, is harmful, the chance to see none of
    K items is (1 - n/N)^K. Infinite where all items were looked at.
    """
    drawn = np.clip(strata.labelled / strata.size, 0, 1)
    pure = (strata.harmful <= 1) | (strata.harmful >= strata.labelled - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        none = np.where(drawn > 0, -np.log1p(-drawn) / drawn, 1.0)
        return np.asarray(np.where(pure, none, 1 / (1 - drawn)))


def tells(low: FloatArray, high: FloatArray) -> npt.NDArray[np.bool_]:
    """Say whether an interval tells enough to be quoted.

    Parameters
    ----------
    low, high : ndarray of float, shape (...)
        Its ends.

    Returns
    -------
    ndarray of bool, shape (...)
        False where it spans more than half of the scale.

    Examples
    --------
    >>> tells(np.array([0.3, 0.6]), np.array([0.9, 0.9])).tolist()
    [False, True]
    """
    return np.asarray(high - low <= 0.5)
