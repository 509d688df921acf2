"""Does the chosen threshold hold? On items it was not chosen on, and from epoch to epoch."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harmlib.analysis.bootstrap import (
    TIE,
    best_thresholds,
    confusion,
    confusion_draws,
    draw_groups,
    gains,
    group_table,
    interval,
)
from harmlib.analysis.choice import PLATEAU_TOLERANCE, Objective
from harmlib.analysis.thresholds import check_thresholds


@dataclass(frozen=True)
class EpochStability:
    """Did the best threshold move between epochs, or is it noise?

    epochs: DataFrame epoch, threshold (best of the grid), low, high (interval of that threshold),
        value (of the objective there), plateau (tuple: all grid points within PLATEAU_TOLERANCE
        of it, with gaps where `choose` reports the unbroken run), excluded.
    changes: DataFrame epoch_from, epoch_to, difference (of best thresholds, later - earlier), low,
        high, plateaus_overlap, verdict, excluded. The verdict is "moved" where the interval
        excludes 0 and no threshold lies on both plateaus, else "noise".
    """

    epochs: pd.DataFrame
    changes: pd.DataFrame


def optimism(
    labels,
    scores,
    thresholds,
    groups=None,
    *,
    test=None,
    objective="f1",
    resamples=2000,
    level=0.95,
    seed=0,
) -> pd.DataFrame:
    """What choosing the threshold on the data it is judged on adds to its value.

    Each resample chooses its best threshold on the groups drawn (the bag) and judges it twice: on
    the bag, and on the groups not drawn (out of the bag). The difference is the optimism (Efron &
    Tibshirani 1997, JASA 92:548, sec. 4, for the bag and what is left out of it). The bag holds
    about 63 % of the groups, so this slightly overstates the optimism of the full sample.

    labels, scores: (n,), where the threshold is chosen; thresholds: (t,) grid.
    objective: a text that `Objective.parse` reads. A floor binds the choice, not the judgement.
    test: (labels, scores, groups) of items that never saw the choice.
    Returns DataFrame figure, threshold, value, low, high, excluded with the rows
        same_data   chosen and judged on the whole sample; interval: chosen anew in every resample
        in_bag, out_of_bag, optimism   means over resamples, and percentiles of single resamples
        test        the sample's threshold judged on `test`, with its own group bootstrap
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


def _in_and_out_of_bag(table, grid, goal, resamples, seed):
    """The sample's best threshold; the value of each row's best, in and out of its bag."""
    bag, out = [], []
    best = None
    for counts in draw_groups(len(table), resamples, seed, width=table.shape[1]):
        inside, outside = confusion(counts, table), confusion(counts == 0, table)
        chosen = best_thresholds(inside, grid, goal)
        best = chosen[0] if best is None else best
        at = np.searchsorted(grid, np.nan_to_num(chosen, nan=grid[0]))[:, None]
        for judged, values in ((inside, bag), (outside, out)):
            value = np.take_along_axis(goal.sign * gains(judged, goal)[0], at, axis=1)[:, 0]
            values.append(np.where(np.isnan(chosen), np.nan, value))
    return best, np.concatenate(bag), np.concatenate(out)


def epoch_stability(
    scores: pd.DataFrame, thresholds, *, objective="f1", resamples=2000, level=0.95, seed=0
) -> EpochStability:
    """The best threshold of each epoch, and whether it moved from one epoch to the next.

    scores: one row an item and epoch of one model, with epoch, item_id, label (0 or 1),
        probability, group. Every epoch scores the same items. thresholds: (t,) grid.
    The epochs see the same resamples, so what they share cancels in the differences. The intervals
    are per pair, not corrected for the number of pairs.
    """
    goal, grid = Objective.parse(objective), check_thresholds(thresholds)
    rows, best, plateaus = [], {}, {}
    for epoch, part in _aligned_epochs(scores).items():
        columns = part["label"], part["probability"], grid, part["group"]
        counts = confusion_draws(*columns, resamples=resamples, seed=seed)
        best[epoch] = best_thresholds(counts, grid, goal)
        value, plateaus[epoch] = _top(counts[:, :1], grid, goal, epoch)
        low, high, excluded = interval(best[epoch][1:], level, method="inverted_cdf")
        rows.append((epoch, best[epoch][0], low, high, value, plateaus[epoch], excluded))
    epochs = pd.DataFrame(
        rows, columns=["epoch", "threshold", "low", "high", "value", "plateau", "excluded"]
    )
    changes = [
        (a, b, *_change(best[a], best[b], plateaus[a], plateaus[b], level))
        for a, b in zip(epochs["epoch"][:-1], epochs["epoch"][1:], strict=True)
    ]
    names = ["epoch_from", "epoch_to", "difference", "low", "high"]
    names += ["plateaus_overlap", "verdict", "excluded"]
    return EpochStability(epochs, pd.DataFrame(changes, columns=names))


def _top(counts, grid, goal, epoch):
    """The best value of one sample, counts (4, 1, t), and all grid points about as good."""
    (values,), (feasible,) = gains(counts, goal)
    if not feasible.any():
        raise ValueError(f"epoch {epoch}: no threshold of the grid is feasible for {goal.text!r}")
    top = values[feasible].max()
    plateau = grid[feasible & (values >= top - (PLATEAU_TOLERANCE + TIE) * goal.scale)]
    return goal.sign * top, tuple(plateau.tolist())


def _change(earlier, later, plateau_earlier, plateau_later, level):
    difference = later - earlier
    low, high, excluded = interval(difference[1:], level, method="inverted_cdf")
    overlap = not set(plateau_earlier).isdisjoint(plateau_later)
    moved = (low > 0 or high < 0) and not overlap
    return difference[0], low, high, overlap, "moved" if moved else "noise", excluded


def _aligned_epochs(scores):
    """The rows of each epoch in one item order: the same resample then draws the same items."""
    missing = {"epoch", "item_id", "label", "probability", "group"} - set(scores.columns)
    if missing:
        raise ValueError(f"scores lack the columns {sorted(missing)}")
    if scores.empty:
        raise ValueError("scores are empty; pass one row an item and epoch")
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
