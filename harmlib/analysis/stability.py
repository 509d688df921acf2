"""Whether the chosen threshold holds: on items it was not chosen on, and from epoch to epoch."""

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
from harmlib.analysis.objectives import TIE, Objective
from harmlib.analysis.resampling import (
    confusion,
    confusion_draws,
    draw_groups,
    group_table,
    interval,
)

Sample = tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike | None]  # labels, scores, groups


def optimism(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    test: Sample | None = None,
    objective: str = "f1",
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """What choosing the threshold on the items that it is evaluated on adds to its value.

    Each resample chooses its best threshold on the groups drawn (the bag) and evaluates it twice:
    on the bag, and on the groups not drawn (out of the bag). The difference is the optimism.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, both present.
    scores : array_like, shape (n,)
        Finite, any scale; the threshold is chosen on them.
    thresholds : array_like, shape (t,)
        The grid to choose from.
    groups : array_like, shape (n,), optional
        Items of one group are drawn together; None for one group per item.
    test : tuple (labels, scores, groups), optional
        Items that were not used for the choice.
    objective : str
        A text that `Objective.parse` reads. Its floor binds the choice, not the evaluation.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    pandas.DataFrame
        Columns figure, threshold, value (of the objective), low, high, excluded (resamples that
        lack a class or a feasible threshold), with the rows

        - same_data: chosen and evaluated on the whole sample; its interval is of the threshold
          chosen anew in every resample;
        - in_bag, out_of_bag, optimism: means over the resamples, and percentiles of single ones;
        - test: the sample's threshold evaluated on `test`, with its own group bootstrap; only
          where `test` is given.

    Raises
    ------
    ValueError
        No threshold of the grid is feasible for the whole sample, one class only, fewer than two
        groups, an unknown objective, or scores that `sweep` refuses.

    Notes
    -----
    The bag and what is left out of it are those of Efron & Tibshirani (1997), JASA 92:548, sec. 4.
    The bag holds about 63 % of the groups, so that the optimism of the full sample is slightly
    overestimated.

    Examples
    --------
    >>> labels, scores = [0, 1, 1] * 10, [(i * 7 % 10) / 10 for i in range(30)]
    >>> optimism(labels, scores, [0.2, 0.4, 0.6], resamples=200)[["figure", "value"]].round(2)
           figure  value
    0   same_data   0.68
    1      in_bag   0.68
    2  out_of_bag   0.65
    3    optimism   0.03
    """
    goal, grid = Objective.parse(objective), check_thresholds(thresholds)
    table = group_table(labels, scores, grid, groups)
    chosen, bag, out = _in_and_out_of_bag(table, grid, goal, resamples, seed)
    if np.isnan(chosen):
        raise ValueError(f"no threshold of the grid is feasible for {objective!r}; widen the grid")
    together = np.column_stack([bag, out, bag - out])[1:]
    low, high, excluded = interval(together, level)
    kept = together[~np.isnan(together).any(axis=1)]
    mean = kept.mean(axis=0) if len(kept) else np.full(3, np.nan)
    rows = [("same_data", chosen, bag[0], *interval(bag[1:], level))]
    for i, figure in enumerate(("in_bag", "out_of_bag", "optimism")):
        rows.append((figure, np.nan, mean[i], low[i], high[i], excluded))
    if test is not None:
        counts = confusion_draws(
            test[0], test[1], [chosen], test[2], resamples=resamples, seed=seed
        )
        draws = goal.sign * gains(counts, goal)[0][:, 0]
        rows.append(("test", chosen, draws[0], *interval(draws[1:], level)))
    return pd.DataFrame(rows, columns=["figure", "threshold", "value", "low", "high", "excluded"])


def _in_and_out_of_bag(
    table: FloatArray,
    grid: FloatArray,
    goal: Objective,
    resamples: int,
    seed: int,
) -> tuple[float, FloatArray, FloatArray]:
    """The sample's best threshold; the value of each row's best, in and out of its bag."""
    best: list[float] = []
    bag: list[FloatArray] = []
    out: list[FloatArray] = []
    for counts in draw_groups(len(table), resamples, seed, width=table.shape[1]):
        inside, outside = confusion(counts, table), confusion(counts == 0, table)
        chosen = best_thresholds(inside, grid, goal)
        best.append(chosen[0])
        at = np.searchsorted(grid, np.nan_to_num(chosen, nan=grid[0]))[:, None]
        for evaluated, values in ((inside, bag), (outside, out)):
            value = np.take_along_axis(goal.sign * gains(evaluated, goal)[0], at, axis=1)[:, 0]
            values.append(np.where(np.isnan(chosen), np.nan, value))
    return float(best[0]), np.concatenate(bag), np.concatenate(out)


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
        "moved" where the interval excludes 0 and no threshold lies on both plateaus, else "noise".
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
        intervals are per pair, not corrected for the number of pairs.

    Raises
    ------
    ValueError
        Missing columns, no rows, epochs of other items, an epoch without a feasible threshold, or
        as `optimism`.

    Examples
    --------
    >>> label = np.arange(60) % 2
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
    for epoch, part in _aligned_epochs(scores).items():
        counts = confusion_draws(
            part["label"], part["probability"], grid, part["group"], resamples=resamples, seed=seed
        )
        best[epoch] = best_thresholds(counts, grid, goal)
        value, plateaus[epoch] = _top(counts[:, :1], grid, goal, epoch)
        low, high, excluded = interval(best[epoch][1:], level, method="inverted_cdf")
        rows.append((epoch, best[epoch][0], low, high, value, plateaus[epoch], excluded))
    epochs = pd.DataFrame(
        rows, columns=["epoch", "threshold", "low", "high", "value", "plateau", "excluded"]
    )
    changes = [
        (a, b, *_change(best[a], best[b], plateaus[a], plateaus[b], level))
        for a, b in pairwise(epochs["epoch"])
    ]
    names = ["epoch_from", "epoch_to", "difference", "low", "high"]
    names += ["plateaus_overlap", "verdict", "excluded"]
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
    level: float,
) -> tuple[object, ...]:
    """The row of `changes` without the two epochs."""
    difference = later - earlier
    low, high, excluded = interval(difference[1:], level, method="inverted_cdf")
    overlap = not set(plateau_earlier).isdisjoint(plateau_later)
    moved = (low > 0 or high < 0) and not overlap
    return difference[0], low, high, overlap, "moved" if moved else "noise", excluded


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
