"""Whether two models decide equally many items correctly: McNemar's test, of items or of groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from harmlib.analysis.checks import check_scored
from harmlib.analysis.groups import group_codes


@dataclass(frozen=True)
class McNemar:
    """Whether two models decide equally many items correctly.

    Attributes
    ----------
    only_a, only_b : int
        Items that only this model decides correctly.
    p_exact, p_mid : float
        Two-sided p-values, in (0, 1].
    """

    only_a: int
    only_b: int
    p_exact: float
    p_mid: float


def mcnemar(
    labels: npt.ArrayLike,
    scores_a: npt.ArrayLike,
    threshold_a: float | npt.ArrayLike,
    scores_b: npt.ArrayLike,
    threshold_b: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
) -> McNemar:
    """Test whether two models decide equally many items correctly.

    It compares decisions on all items, not F1, and does not correct for thresholds that were tried
    before.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1; one class alone is allowed.
    scores_a, scores_b : array_like, shape (n,)
        Finite, any scale; the items in the order of `labels`.
    threshold_a, threshold_b : float or array_like, shape (n,)
        An item is flagged where its score exceeds the threshold: one for all, or its own.
    groups : array_like, shape (n,), optional
        With groups, the two models swap places for a whole group at a time (the sign-flip test on
        group totals); with one item per group this is McNemar's test itself.

    Returns
    -------
    McNemar
        The counts and both p-values; both are 1 where the models never disagree.

    Notes
    -----
    The exact conditional test is of McNemar (1947), its mid-p form of Fagerland, Lydersen & Laake
    (2013), BMC Med. Res. Methodol. 13:91. The mid-p is less conservative, and closer to its nominal
    level.

    Examples
    --------
    >>> found = mcnemar([1] * 6, [0, 0, 0, 0, 0, 1], 0.5, [1, 1, 1, 1, 1, 1], 0.5)
    >>> found.only_a, found.only_b, round(found.p_exact, 4), round(found.p_mid, 4)
    (0, 5, 0.0625, 0.0312)
    """
    harmful, checked_a = check_scored(labels, scores_a)
    _, checked_b = check_scored(labels, scores_b)
    right_a = (checked_a > np.asarray(threshold_a)) == harmful
    right_b = (checked_b > np.asarray(threshold_b)) == harmful
    only_a, only_b = right_a & ~right_b, right_b & ~right_a
    codes, n_groups = group_codes(groups, len(harmful))
    balance = np.bincount(codes[only_b], minlength=n_groups)
    balance = balance - np.bincount(codes[only_a], minlength=n_groups)
    # Nothing to flip: no sign of a difference, where the mid-p formula alone would say 0.5
    beyond, same = _sign_flip_tails(balance) if balance.any() else (1.0, 0.0)
    return McNemar(
        only_a=int(only_a.sum()),
        only_b=int(only_b.sum()),
        p_exact=min(1.0, beyond + same),
        p_mid=beyond + same / 2,
    )


def _sign_flip_tails(balance: npt.NDArray[np.int64]) -> tuple[float, float]:
    """P(|T| > |observed|) and P(|T| = |observed|) for T = sum of +-balance, signs by fair coin.

    Groups of equal size m sum to m x (2 Binomial(k, 1/2) - k), so the exact law is a convolution
    of few binomials, whatever the number of groups.
    """
    sizes, members = np.unique(np.abs(balance[balance != 0]), return_counts=True)
    law = np.ones(1)  # law[i] = P(sum of the positive parts = i)
    for size, k in zip(sizes, members, strict=True):
        part = np.zeros(size * k + 1)
        part[::size] = scipy.stats.binom.pmf(np.arange(k + 1), k, 0.5)
        law = part if law.size == 1 else np.maximum(scipy.signal.convolve(law, part), 0)
    total = np.abs(2 * np.arange(law.size) - (law.size - 1))
    observed = abs(int(balance.sum()))
    return float(law[total > observed].sum()), float(law[total == observed].sum())
