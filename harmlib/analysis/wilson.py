"""Wilson's interval of a share, for items that are independent of each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from harmlib.analysis.checks import FloatArray, check_level


def wilson_interval(
    hits: npt.ArrayLike, n: npt.ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Interval of the share hits / n.

    Parameters
    ----------
    hits : array_like, shape (...)
        How many of the items count, from 0 to `n`.
    n : array_like, shape (...)
        How many items there are.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    low, high : ndarray of float64, shape (...)
        The ends, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        The level lies outside (0, 1).

    Notes
    -----
    It is too narrow where several items come from one source: there, leave out whole groups
    (`harmlib.analysis.jackknife`).

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22:209.

    Examples
    --------
    >>> low, high = wilson_interval([0, 19], [20, 20])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.764], [0.161, 0.991])
    """
    total = np.where(np.equal(n, 0), np.nan, n)
    share = np.asarray(hits) / total
    z = scipy.stats.norm.ppf((1 + check_level(level)) / 2)
    center = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    reach = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    # Rounding may leave -1e-17 where the exact bound is 0.
    return np.maximum(center - reach, 0), np.minimum(center + reach, 1)
