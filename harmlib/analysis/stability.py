"""Whether the best threshold holds from epoch to epoch."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.bootstrap import best_thresholds, gains
from harmlib.analysis.checks import FloatArray, check_thresholds
from harmlib.analysis.choice import PLATEAU_TOLERANCE
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import block_codes, group_table
from harmlib.analysis.objectives import TIE, Objective
from harmlib.analysis.power import detectable_difference, power_of
from harmlib.analysis.resampling import confusion, confusion_draws, interval

MOST_REDRAWN = 10_000  # more groups are redrawn in as many blocks, which bounds the work
MOVE = 0.1  # a move of the threshold that people would want to know of, in probability


@dataclass(frozen=True)
class EpochStability:
    """Whether the best threshold moved between epochs, or the difference is noise.

    Attributes
    ----------
    epochs : pandas.DataFrame
        One row per epoch: epoch, threshold (best of the grid), low, high (interval of that
        threshold), value (of the objective there), plateau (tuple: all grid points within
        PLATEAU_TOLERANCE of it, with gaps where `choose` reports the unbroken run), excluded.
    changes : pandas.DataFrame
        One row per pair of neighbouring epochs: epoch_from, epoch_to, difference (of the best
        thresholds, later - earlier), low, high, plateaus_overlap, verdict, excluded. The verdict is
        "moved" where the interval excludes 0 and no threshold lies on both plateaus, "unknown"
        where there are too few groups to resample, else "noise". detectable is the move that would
        be told four times in five, power how often a move of MOVE would be told (`power`).
    """

    epochs: pd.DataFrame
    changes: pd.DataFrame


def epoch_stability(
    scores: pd.DataFrame,
    thresholds: npt.ArrayLike,
    *,
    objective: str = "f1",
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> EpochStability:
    """The best threshold of each epoch, and whether it moved from one epoch to the next.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per item and epoch of one model: epoch, item_id, label (0 or 1), probability, group.
        Every epoch scores the same items.
    thresholds : array_like, shape (t,)
        The grid to choose from.
    objective : str
        A text that `Objective.parse` reads.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    EpochStability
        All epochs see the same resamples, so that what they share cancels in the differences. The
        intervals are per pair, not corrected for the number of pairs. More than MOST_REDRAWN groups
        are dealt into as many blocks by a fixed shuffle, and blocks are redrawn: sums of
        independent groups scatter as the groups do, and so many leave the intervals what they are.

    Raises
    ------
    ValueError
        Missing columns, no rows, epochs of other items, an epoch without a feasible threshold, or
        what `confusion_draws` refuses.

    Examples
    --------
    >>> label = pd.Series([0, 1] * 30)
    >>> scores = pd.concat([
    ...     pd.DataFrame({"epoch": epoch, "item_id": range(60), "label": label, "group": range(60),
    ...                   "probability": low + 0.3 * label})
    ...     for epoch, low in ((1, 0.1), (2, 0.6))
    ... ])
    >>> found = epoch_stability(scores, [0.2, 0.5, 0.8], resamples=200)
    >>> found.epochs[["epoch", "threshold", "plateau"]]
       epoch  threshold plateau
    0      1        0.2  (0.2,)
    1      2        0.8  (0.8,)
    >>> found.changes["verdict"].tolist()
    ['moved']
    """
    goal, grid = Objective.parse(objective), check_thresholds(thresholds)
    rows, best, plateaus = [], {}, {}
    parts = _aligned_epochs(scores)
    first = next(iter(parts.values()))
    groups = count_groups(first["label"], first["group"])
    redrawn, _ = block_codes(first["group"], len(first), MOST_REDRAWN)
    for epoch, part in parts.items():
        sample = part["label"], part["probability"], grid, redrawn
        if groups.enough:
            counts = confusion_draws(*sample, resamples=resamples, seed=seed)
        else:  # the sample alone, without a resample
            table = group_table(*sample)
            counts = confusion(np.ones((1, len(table)), int), table)
        best[epoch] = best_thresholds(counts, grid, goal)
        value, plateaus[epoch] = _top(counts[:, :1], grid, goal, epoch)
        low, high, excluded = interval(best[epoch][1:], level, method="inverted_cdf")
        rows.append((epoch, best[epoch][0], low, high, value, plateaus[epoch], excluded))
    epochs = pd.DataFrame(
        rows, columns=["epoch", "threshold", "low", "high", "value", "plateau", "excluded"]
    )
    changes = [
        (a, b, *_change(best[a], best[b], plateaus[a], plateaus[b], min(*groups), level))
        for a, b in pairwise(epochs["epoch"])
    ]
    names = ["epoch_from", "epoch_to", "difference", "low", "high", "plateaus_overlap", "verdict"]
    names += ["detectable", "power", "excluded"]
    return EpochStability(epochs, pd.DataFrame(changes, columns=names))


def _top(
    counts: FloatArray,
    grid: FloatArray,
    goal: Objective,
    epoch: Hashable,
) -> tuple[float, tuple[float, ...]]:
    """The best value of one sample, counts (4, 1, t), and all grid points about as good."""
    (values,), (feasible,) = gains(counts, goal)
    if not feasible.any():
        raise ValueError(f"epoch {epoch}: no threshold of the grid is feasible for {goal.text!r}")
    top = values[feasible].max()
    plateau = grid[feasible & (values >= top - (PLATEAU_TOLERANCE + TIE) * goal.scale)]
    return goal.sign * top, tuple(plateau.tolist())


def _change(
    earlier: FloatArray,
    later: FloatArray,
    plateau_earlier: tuple[float, ...],
    plateau_later: tuple[float, ...],
    groups: int,
    level: float,
) -> tuple[object, ...]:
    """The row of `changes` without the two epochs."""
    difference = later - earlier
    low, high, excluded = interval(difference[1:], level, method="inverted_cdf")
    overlap = not set(plateau_earlier).isdisjoint(plateau_later)
    verdict = "moved" if (low > 0 or high < 0) and not overlap else "noise"
    draws = difference[1:][~np.isnan(difference[1:])]
    if len(draws) < 2:
        return difference[0], low, high, overlap, "unknown", np.nan, np.nan, excluded
    error = float(draws.std(ddof=1))
    told = detectable_difference(error, groups, level=level)
    power = power_of(MOVE, error, groups, level=level)
    return difference[0], low, high, overlap, verdict, told, power, excluded


def _aligned_epochs(scores: pd.DataFrame) -> dict[Hashable, pd.DataFrame]:
    """The rows of each epoch in one item order: the same resample then draws the same items."""
    missing = {"epoch", "item_id", "label", "probability", "group"} - set(scores.columns)
    if missing:
        raise ValueError(f"scores lack the columns {sorted(missing)}")
    if scores.empty:
        raise ValueError("scores are empty; pass one row per item and epoch")
    parts = {
        epoch: part.set_index("item_id").sort_index() for epoch, part in scores.groupby("epoch")
    }
    first, reference = next(iter(parts.items()))
    for epoch, part in parts.items():
        if part.index.has_duplicates:
            twice = part.index[part.index.duplicated()][0]
            raise ValueError(f"epoch {epoch} has item {twice} twice; pass one model, one split")
        if not part[["label", "group"]].equals(reference[["label", "group"]]):
            raise ValueError(
                f"epochs {first} and {epoch} differ in items, labels or groups; "
                "score the same items in every epoch"
            )
    return parts
