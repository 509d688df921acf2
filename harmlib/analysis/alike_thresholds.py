"""Thresholds that decide alike: how far one may move before more than a few items change sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harmlib.analysis.checks import check_thresholds

ONE_ITEM = 1  # a difference of one item is no evidence for either threshold


@dataclass(frozen=True)
class AlikeThresholds:
    """The thresholds around one that decide the same items alike, but for a few.

    Attributes
    ----------
    low, high : float
        From `low` up to, not including, `high`; 0 and 1 where no item limits them.
    differing : int
        How many items may be decided otherwise within the range, at least 0.
    """

    low: float
    high: float
    differing: int

    def near(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which probabilities some of these thresholds flag, and others don't.

        Parameters
        ----------
        probabilities : array_like, shape (n,)
            Of any items.

        Returns
        -------
        ndarray of bool, shape (n,)

        Examples
        --------
        >>> AlikeThresholds(0.4, 0.6, differing=1).near([0.4, 0.5, 0.6])
        array([False,  True, False])
        """
        values = np.asarray(probabilities, np.float64)
        return (values > self.low) & (values < self.high)


def alike_thresholds(
    probabilities: npt.ArrayLike, threshold: float, differing: int = ONE_ITEM
) -> AlikeThresholds:
    """Find the thresholds that decide these items as one threshold does, but for a few of them.

    Flagged is what scores above the threshold. Labels play no part: an item that changes sides is
    one that these items can't tell the thresholds apart by, whether it gets right or wrong.

    Parameters
    ----------
    probabilities : array_like, shape (n,)
        Of the items that the threshold was chosen on; finite.
    threshold : float
        Finite.
    differing : int
        How many of the items may be decided otherwise.

    Returns
    -------
    AlikeThresholds

    Raises
    ------
    ValueError
        `differing` is negative, or a number is not finite.

    Examples
    --------
    >>> alike_thresholds([0.1, 0.3, 0.4, 0.7, 0.8, 0.9], 0.5)
    AlikeThresholds(low=0.3, high=0.8, differing=1)
    >>> alike_thresholds([0.1, 0.3, 0.4, 0.7, 0.8, 0.9], 0.5, differing=0)
    AlikeThresholds(low=0.4, high=0.7, differing=0)
    """
    if differing < 0:
        raise ValueError(f"differing is {differing}; no less than 0 items can be decided otherwise")
    check_thresholds(np.asarray([threshold], np.float64))
    values = np.sort(np.asarray(probabilities, np.float64))
    if not np.isfinite(values).all():
        raise ValueError("a probability is not finite; leave out items without one")
    first_above = int(np.searchsorted(values, threshold, side="right"))
    below, above = first_above - 1 - differing, first_above + differing
    return AlikeThresholds(
        low=float(values[below]) if below >= 0 else 0.0,
        high=float(values[above]) if above < len(values) else 1.0,
        differing=differing,
    )
