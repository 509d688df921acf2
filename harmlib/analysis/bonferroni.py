"""The level of each of several intervals that are looked at together."""

from __future__ import annotations


def corrected_level(comparisons: int, error: float = 0.05) -> float:
    """Find the level of each interval, so that all hold together (Bonferroni).

    Parameters
    ----------
    comparisons : int
        How many are looked at together; 0 counts as 1.
    error : float
        How often one of them may miss, in (0, 1).

    Returns
    -------
    float

    Examples
    --------
    >>> corrected_level(5), corrected_level(0)
    (0.99, 0.95)
    """
    return 1 - error / max(comparisons, 1)
