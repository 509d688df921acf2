"""The harmful share of new items without labels, from how harmful and safe items score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import t

from harmlib.analysis.calibration import fit_platt
from harmlib.analysis.checks import FloatArray, Harmful
from harmlib.analysis.intervals import count_groups
from harmlib.analysis.jackknife import MIN_GROUPS, jackknife_error, jackknife_interval
from harmlib.analysis.resampling import IntArray

_BISECTIONS = 40  # each halves the interval: to 1e-12
_STEPS = 8  # from the fit of all to that of all but one block
_PENALTY = 1e-4  # of the squared slope, as `fit_platt` has it
_EDGE = 1e-6  # shares within it of 0 or 1 lie there


def harmful_share(
    prior: npt.ArrayLike, calibrated: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> FloatArray:
    """The harmful share of new items at which their scores are most likely.

    It holds where harmful items still score as harmful items did, and safe ones as safe ones did:
    no estimate can tell a new kind of content from a new proportion.

    Parameters
    ----------
    prior : array_like, shape (...)
        Harmful share of the items on which the scores were calibrated, in (0, 1).
    calibrated : array_like, shape (..., m)
        Probabilities of being harmful at that share.
    weights : array_like, shape (..., m), optional
        How many items each counts for; None for 1.

    Returns
    -------
    ndarray of float64, shape (...)
        In [0, 1]; the lowest, where every share is equally likely.

    Notes
    -----
    The EM algorithm of Saerens, Latinne & Decaestecker (2002, Neural Computation 14:21, eq. 2.4 and
    2.5) climbs to the same maximum. The likelihood is concave in the share, so that bisection of
    its slope gets there sooner.

    Examples
    --------
    >>> harmful_share(0.5, [0.1, 0.2, 0.3, 0.9]).round(3).item()
    0.243
    """
    probabilities, before = np.asarray(calibrated, float), np.asarray(prior, float)[..., None]
    harm, safe = probabilities / before, (1 - probabilities) / (1 - before)
    counts = np.ones(1) if weights is None else np.asarray(weights, float)
    low = np.zeros(np.broadcast_shapes(harm.shape, counts.shape)[:-1])
    high = np.ones_like(low)
    for _ in range(_BISECTIONS):
        share = (low + high) / 2
        mixture = share[..., None] * harm + (1 - share[..., None]) * safe
        rises = (counts * ((harm - safe) / mixture)).sum(axis=-1) > 0
        low, high = np.where(rises, share, low), np.where(rises, high, share)
    return np.asarray((low + high) / 2)


def share_change(
    labels: npt.ArrayLike,
    logits: FloatArray,
    blocks: IntArray,
    new_logits: FloatArray,
    new_counts: FloatArray,
    *,
    level: float,
    widening: float = 1.0,
) -> tuple[float, float, float, float]:
    """The harmful share of known items, that of new ones, and the interval of the difference.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1; each class in several blocks.
    logits : ndarray of float64, shape (n,)
        Finite.
    blocks : ndarray of int, shape (n,)
        The block (group) of each known item, numbered from 0.
    new_logits : ndarray of float64, shape (m,)
        Where new items stand.
    new_counts : ndarray of float64, shape (new blocks, m)
        How many items of each block of new items stand there.
    level : float
        In (0, 1).
    widening : float
        How much larger the variance of the new share is than its blocks tell.

    Returns
    -------
    known, new, low, high : float
        The ends are those of new - known; NaN with fewer than MIN_GROUPS blocks of new items, or of
        known items of each class.

    Raises
    ------
    ValueError
        What `fit_platt` refuses.

    Notes
    -----
    The variance is the sum of two jackknife variances: without each known block, for which the
    calibration is fitted anew, and without each block of new items. The interval is symmetric on
    the logit scale of the new share, with the t distribution and the degrees of freedom of Welch
    and Satterthwaite (Satterthwaite 1946, Biometrics Bull. 2:110).

    Examples
    --------
    >>> label = np.arange(80) % 2
    >>> logits = 2.0 * label - 1 + np.arange(80) * 7 % 5 - 2
    >>> found = share_change(label, logits, np.arange(80) // 4, np.array([-1.0, 1.0]),
    ...                      np.array([[3.0, 1.0], [2.0, 4.0]] * 10), level=0.95)
    >>> [round(x, 2) for x in found]
    [0.5, 0.5, -0.23, 0.23]
    """
    harmful = np.asarray(labels) == 1
    prior = float(harmful.mean())
    line = _refit(harmful, logits, *fit_platt(harmful, logits))
    own = expit(line[0] * new_logits + line[1])
    total = new_counts.sum(axis=0)
    share = float(harmful_share(prior, own, total))
    if (
        min(len(new_counts), blocks.max() + 1) < MIN_GROUPS
        or not count_groups(labels, blocks).enough
    ):
        return prior, share, np.nan, np.nan
    change = share - prior
    kept = [blocks != i for i in range(blocks.max() + 1)]
    priors = np.array([harmful[rows].mean() for rows in kept])
    lines = np.array([_refit(harmful[rows], logits[rows], *line) for rows in kept])
    fits = expit(lines[:, :1] * new_logits + lines[:, 1:])
    of_known = jackknife_error(change, harmful_share(priors, fits, total) - priors)
    of_new = jackknife_error(share, harmful_share(prior, own, total - new_counts))
    variances = np.array([of_known**2, widening * of_new**2])
    error = np.sqrt(variances.sum())
    if error > 0:
        freedom = error**4 / (variances**2 / [blocks.max(), len(new_counts) - 1]).sum()
        error *= t.ppf((1 + level) / 2, freedom)
    low, high = _ends(share, float(error), len(new_counts), level)
    return prior, share, low - prior, high - prior


def _refit(
    harmful: Harmful, logits: FloatArray, slope: float, offset: float
) -> tuple[float, float]:
    """Newton's steps from the fit to all items to that of a part, beyond the solver's tolerance."""
    for _ in range(_STEPS):
        probability = expit(slope * logits + offset)
        weights, gap = probability * (1 - probability), harmful - probability
        slope_gain, offset_gain = gap @ logits - _PENALTY * slope, gap.sum()
        a, b, c = weights @ logits**2 + _PENALTY, weights @ logits, weights.sum() + _PENALTY**2
        slope += (c * slope_gain - b * offset_gain) / (a * c - b**2)
        offset += (a * offset_gain - b * slope_gain) / (a * c - b**2)
    return float(slope), float(offset)


def _ends(share: float, reach: float, blocks: int, level: float) -> tuple[float, float]:
    """The interval of a share; on the logit scale, but near 0 and 1."""
    if _EDGE < share < 1 - _EDGE:
        slope = share * (1 - share)
        low, high = (float(expit(logit(share) + sign * reach / slope)) for sign in (-1, 1))
        return low, high
    exact = jackknife_interval(round(share), np.full(blocks, round(share)), level=level)
    return min(float(exact[0]), max(share - reach, 0.0)), max(
        float(exact[1]), min(share + reach, 1.0)
    )
