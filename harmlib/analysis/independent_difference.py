"""The difference of two estimates from independent samples, with its interval."""

from __future__ import annotations

import numpy as np

Ends = tuple[float, float, float]  # a value, and the low and the high end of its interval


def independent_difference(old: Ends, new: Ends) -> Ends:
    """Subtract an estimate from one that was made on other items.

    Parameters
    ----------
    old, new : tuple (value, low, high)

    Returns
    -------
    tuple (difference, low, high)
        Of new - old; NaN ends where one of both has none.

    Notes
    -----
    The interval combines those of both (Zou & Donner 2008, Construction of confidence limits about
    effect measures, Stat. Med. 27:1693, MOVER).

    Examples
    --------
    >>> found = independent_difference((0.5, 0.46, 0.54), (0.8, 0.77, 0.83))
    >>> [round(float(one), 3) for one in found]
    [0.3, 0.25, 0.35]
    """
    (a, a_low, a_high), (b, b_low, b_high) = old, new
    change = b - a
    low = change - np.hypot(b - b_low, a_high - a)
    return change, low, change + np.hypot(b_high - b, a - a_low)
