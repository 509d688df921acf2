"""The highest threshold that promises a recall on new items, by conformal risk control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import check_scored
from harmlib.analysis.thresholds import attainable_thresholds


@dataclass(frozen=True)
class RecallFloor:
    """A threshold that promises a recall, or the finding that there is none.

    Attributes
    ----------
    min_recall : float
        What was asked for, in (0, 1).
    feasible : bool
        Whether there are enough units for the promise.
    threshold, recall, flagged_share : float
        NaN where it is not feasible. recall and flagged_share are those of the items on which the
        threshold was set; flagged_share is the share of all items that people have to review.
    units : int
        Independent harmful units that the promise rests on (groups, or items without groups).
    """

    min_recall: float
    feasible: bool
    threshold: float
    recall: float
    flagged_share: float
    units: int


def recall_floor(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    min_recall: float,
    groups: npt.ArrayLike | None = None,
) -> RecallFloor:
    """The highest threshold that keeps recall at `min_recall` or above on new items.

    A new unit's expected recall, over the draw of these items as well, is at least `min_recall`,
    whatever the model and the distribution. This needs no more than that new harmful items come
    from where these came from. It promises nothing about one given sample, nor about precision.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, of items that were used for no other choice before.
    scores : array_like, shape (n,)
        Finite, any scale.
    min_recall : float
        In (0, 1).
    groups : array_like, shape (n,), optional
        With groups, the unit is the group, and its loss the share of its harmful items that are
        missed; None for one unit per item.

    Returns
    -------
    RecallFloor
        Not feasible with fewer than min_recall / (1 - min_recall) harmful units: 0.95 needs 19.

    Raises
    ------
    ValueError
        A `min_recall` outside (0, 1), no harmful item, missing groups, or what `sweep` refuses.

    Notes
    -----
    Conformal risk control (Angelopoulos, Bates, Fisch, Lei & Schuster 2022, Theorem 1): with n
    exchangeable harmful units and miss rate R(t) at threshold t, take the highest t with
    n/(n+1) R(t) + 1/(n+1) <= 1 - min_recall. The threshold is set midway to the next score below,
    where no more is missed.

    Examples
    --------
    >>> floor = recall_floor([1] * 9 + [0], [0.1 * i for i in range(1, 11)], min_recall=0.8)
    >>> floor.units, round(floor.threshold, 2), floor.flagged_share
    (9, 0.15, 0.9)
    """
    if not 0 < min_recall < 1:
        raise ValueError(f"min_recall is {min_recall}; it must be a fraction between 0 and 1")
    harmful, checked = check_scored(labels, scores)
    if not harmful.any():
        raise ValueError("no item is harmful; a recall floor needs harmful items")
    codes = pd.factorize(np.arange(len(checked)) if groups is None else pd.Series(groups))[0]
    if len(codes) != len(checked) or codes.min() < 0:
        raise ValueError(f"groups must name one group for each of the {len(checked)} items")
    sizes = np.bincount(codes[harmful])
    units = int((sizes > 0).sum())
    # 1e-9: 0.1 x 10 - 1 must not fail for being -2e-16
    budget = (1 - min_recall) * (units + 1) - 1 + 1e-9
    if budget < 0:
        return RecallFloor(min_recall, False, np.nan, np.nan, np.nan, units)
    order = np.argsort(checked[harmful], kind="stable")
    ranked = checked[harmful][order]
    missed = np.cumsum((1 / sizes[codes[harmful]])[order])  # n R just above each harmful score
    # The 1e-9 can exceed the last miss, for a floor next to 0: the last item stays kept
    first_kept = ranked[min(int(np.searchsorted(missed, budget, side="right")), len(ranked) - 1)]
    distinct = np.unique(checked)
    threshold = attainable_thresholds(distinct)[np.searchsorted(distinct, first_kept)]
    flagged = checked > threshold
    recall, share = flagged[harmful].mean(), flagged.mean()
    return RecallFloor(min_recall, True, float(threshold), float(recall), float(share), units)
