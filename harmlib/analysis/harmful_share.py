"""The harmful share of new items without labels, from how harmful and safe items score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy
from scipy.special import expit, logit

from harmlib.analysis.calibration import fit_platt
from harmlib.analysis.checks import FloatArray, Harmful, IntArray
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.jackknife import MIN_GROUPS, jackknife_error, jackknife_interval

_BISECTIONS = 40  # each halves the interval: to 1e-12
_STEPS, _CLOSE = 8, 1e-7  # of the fit without one block, from that of all
_BLOCK_CELLS = 1 << 17
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
    calibration is fitted anew, and without each block of new items; t has the degrees of freedom
    of Welch and Satterthwaite (Satterthwaite 1946, Biometrics Bull. 2:110). The interval is
    symmetric as it stands, or on the logit scale of the new share: each end is the farther one, as
    the first covers too seldom with few new blocks, and the second with few known ones.

    Examples
    --------
    >>> label = np.arange(80) % 2
    >>> logits = 2.0 * label - 1 + np.arange(80) * 7 % 5 - 2
    >>> found = share_change(label, logits, np.arange(80) // 4, np.array([-1.0, 1.0]),
    ...                      np.array([[3.0, 1.0], [2.0, 4.0]] * 10), level=0.95)
    >>> [round(x, 2) for x in found]
    [0.5, 0.5, -0.24, 0.24]
    """
    harmful = np.asarray(labels) == 1
    prior = float(harmful.mean())
    everyone = np.ones((1, len(harmful)), bool)
    line = _refit(harmful, logits, fit_platt(harmful, logits), everyone)[0]
    own = expit(line[0] * new_logits + line[1])
    total = new_counts.sum(axis=0)
    share = float(harmful_share(prior, own, total))
    if (
        min(len(new_counts), blocks.max() + 1) < MIN_GROUPS
        or not count_groups(labels, blocks).enough
    ):
        return prior, share, np.nan, np.nan
    change = share - prior
    kept = np.arange(blocks.max() + 1)[:, None] != blocks
    priors = kept @ harmful.astype(float) / kept.sum(axis=1)
    lines = _refit(harmful, logits, line, kept)
    fits = expit(lines[:, :1] * new_logits + lines[:, 1:])
    of_known = jackknife_error(change, harmful_share(priors, fits, total) - priors)
    of_new = jackknife_error(share, harmful_share(prior, own, total - new_counts))
    variances = np.array([of_known**2, widening * of_new**2])
    error = np.sqrt(variances.sum())
    if error > 0:
        freedom = error**4 / (variances**2 / [blocks.max(), len(new_counts) - 1]).sum()
        error *= scipy.stats.t.ppf((1 + level) / 2, freedom)
    low, high = _ends(share, float(error), len(new_counts), level)
    return prior, share, low - prior, high - prior


def _refit(
    harmful: Harmful, logits: FloatArray, line: npt.ArrayLike, kept: npt.NDArray[np.bool_]
) -> FloatArray:
    """Slope and offset (parts, 2) of `fit_platt` for parts of the items, kept (parts, n).

    Newton's steps from the line of all items, beyond the solver's tolerance.
    """
    lines = np.tile(np.asarray(line, float), (len(kept), 1))
    rows = max(1, _BLOCK_CELLS // len(logits))
    for start in range(0, len(kept), rows):
        part, own = kept[start : start + rows], lines[start : start + rows]
        for _ in range(_STEPS):
            probability = expit(own[:, :1] * logits + own[:, 1:])
            weights, gap = part * probability * (1 - probability), part * (harmful - probability)
            slope_gain, offset_gain = gap @ logits - _PENALTY * own[:, 0], gap.sum(axis=1)
            a, b, c = weights @ logits**2 + _PENALTY, weights @ logits, weights.sum(axis=1)
            steps = [c * slope_gain - b * offset_gain, a * offset_gain - b * slope_gain]
            step = np.transpose(steps) / (a * c - b**2 + _PENALTY**2)[:, None]
            own += step
            if np.abs(step).max() < _CLOSE:
                break
    return lines


def _ends(share: float, reach: float, blocks: int, level: float) -> tuple[float, float]:
    """The interval of a share, each end the farther one of two scales."""
    if _EDGE < share < 1 - _EDGE:
        slope = share * (1 - share)
        low, high = (float(expit(logit(share) + sign * reach / slope)) for sign in (-1, 1))
    else:
        end = round(share)
        low, high = map(float, jackknife_interval(end, np.full(blocks, end), level=level))
    return min(low, max(share - reach, 0.0)), max(high, min(share + reach, 1.0))
