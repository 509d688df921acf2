"""How many groups hold each class: what decides whether there is an interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harmlib.analysis.checks import check_scored
from harmlib.analysis.groups import group_codes
from harmlib.analysis.jackknife import MIN_GROUPS


class GroupCounts(NamedTuple):
    """How many groups hold each class.

    Attributes
    ----------
    harmful, safe : int
        Groups with at least one harmful item, and with at least one safe item.
    """

    harmful: int
    safe: int

    @property
    def enough(self) -> bool:
        """Whether there are enough of both for an interval."""
        return min(self) >= MIN_GROUPS


def count_groups(labels: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> GroupCounts:
    """Count the groups that hold a harmful item, and those that hold a safe one.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    groups : array_like, shape (n,), optional
        None: each item is a group.

    Returns
    -------
    GroupCounts

    Raises
    ------
    ValueError
        Labels other than 0 and 1, another number of groups than of labels, or a missing name.

    Examples
    --------
    >>> count_groups([0, 1, 1, 1], ["a", "a", "b", "b"])
    GroupCounts(harmful=2, safe=1)
    """
    harmful, _ = check_scored(labels, np.zeros(np.shape(labels)))
    codes, n_groups = group_codes(groups, len(harmful))
    with_harm, with_safe = (  # np.unique takes half a second for a million
        int(np.count_nonzero(np.bincount(codes[own], minlength=n_groups)))
        for own in (harmful, ~harmful)
    )
    return GroupCounts(with_harm, with_safe)
