"""What an F1 that was chosen on some items shows of itself, and what of it is left elsewhere.

On validation each variant chooses its epoch and its threshold by F1, and the best variant is chosen
by the same F1. All of these choices are repeated in each resample of whole groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, check_thresholds
from harmlib.analysis.groups import group_table
from harmlib.analysis.rates import rate
from harmlib.analysis.resampling import confusion, draw_groups

BEST = "best of all"  # in the place of a variant's name: the choice among all variants
FIGURES = ("same_data", "out_of_bag", "optimism", "corrected")


def optimism(
    scores: pd.DataFrame,
    thresholds: Mapping[str, npt.ArrayLike],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """What choosing epoch, threshold and variant on the items that they are judged on adds to F1.

    Each resample chooses on the groups drawn (the bag), as was chosen on all of them: the epoch and
    threshold with the highest F1, the first of equals. The choice is judged on the groups that were
    not drawn.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per item, variant and epoch: variant, epoch, item_id, label (0 or 1), probability,
        group. Every variant and epoch scores the same items.
    thresholds : mapping of str to array_like
        Variant -> the thresholds among which it chooses in each epoch; one where it is fixed.
    resamples : int
        At least 1.
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    pandas.DataFrame
        Columns variant, figure, threshold, value, excluded (resamples without one of the classes),
        with these rows for each variant and, where there are several, for BEST:

        - same_data: the threshold chosen on all items, and its F1 there;
        - out_of_bag: F1 of the counts of every group, each averaged over the resamples that did not
          draw it; NaN where some group is in every bag with both classes (the only one of its
          class, or of all);
        - optimism: same_data - corrected;
        - corrected: between the two, by the .632+ rule.

    Raises
    ------
    ValueError
        Missing columns, no rows, variants or epochs of other items, or what `sweep` refuses.

    Notes
    -----
    Out of the bag is the bootstrap bias corrected cross-validation of Tsamardinos, Greasidou &
    Borboudakis (2018, Machine Learning 107:1895), except that counts are pooled: F1 of the few
    groups that one bag leaves out is no mean of anything. It is the leave-one-out bootstrap of
    Efron & Tibshirani (1997, JASA 92:548, eq. 17), whose .632+ rule (eq. 29 to 32) takes into
    account that a bag holds 63 % of the groups. F1 without information is that of decisions which
    flag as many items, at random.

    The optimism of a single sample is itself uncertain: its standard deviation is about half of it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> label = np.arange(60) % 3 > 0
    >>> scores = pd.concat([
    ...     pd.DataFrame({"variant": "model4", "epoch": epoch, "item_id": range(60),
    ...                   "label": label, "group": np.arange(60) // 4,
    ...                   "probability": 1 / (1 + np.exp(rng.normal(1 - 2 * label)))})
    ...     for epoch in range(8)
    ... ])
    >>> optimism(scores, {"model4": [0.3, 0.5, 0.7]}).round(2)[["figure", "threshold", "value"]]
           figure  threshold  value
    0   same_data        0.5   0.94
    1  out_of_bag        NaN   0.88
    2    optimism        NaN   0.04
    3   corrected        NaN   0.90
    """
    tables, grids = _group_tables(scores, thresholds)
    if len(tables) > 1:
        tables[BEST] = _side_by_side(list(tables.values()))
        grids[BEST] = np.concatenate(list(grids.values()))
    rows: list[tuple[object, ...]] = []
    for variant, table in tables.items():
        found = _judge(table, resamples, seed)
        shown, outside = (float(rate("f1", counts)) for counts in (found.sample, found.outside))
        corrected = _corrected(shown, outside, _without_information(found.sample))
        values = (shown, outside, shown - corrected, corrected)
        for figure, value in zip(FIGURES, values, strict=True):
            threshold = grids[variant][found.chosen] if figure == "same_data" else np.nan
            rows.append((variant, figure, threshold, value, found.excluded))
    return pd.DataFrame(rows, columns=["variant", "figure", "threshold", "value", "excluded"])


class _Judged(NamedTuple):
    """The choice of one table, and its counts (tp, fp, fn, tn) on the sample and out of the bag."""

    chosen: int
    sample: FloatArray
    outside: FloatArray
    excluded: int


def _judge(table: FloatArray, resamples: int, seed: int) -> _Judged:
    """Choose among the columns of `table` on the sample and in each bag."""
    tp, fp = np.split(table[:, :-2], 2, axis=1)  # (groups, candidates)
    harmful, safe = table[:, -2:].sum(axis=0)
    all_tp, all_fp = tp.sum(axis=0), fp.sum(axis=0)
    on_sample = np.stack([all_tp, all_fp, harmful - all_tp, safe - all_fp])
    chosen = int(rate("f1", on_sample).argmax())
    times, sums, excluded = np.zeros(len(table)), np.zeros((2, len(table))), 0
    _, *blocks = draw_groups(len(table), resamples, seed, width=table.shape[1])
    for counts in blocks:
        values = rate("f1", confusion(counts, table))
        both = ~np.isnan(values[:, 0])
        excluded += int((~both).sum())
        best, left_out = values[both].argmax(axis=1), counts[both] == 0
        times += left_out.sum(axis=0)
        for own, flagged in zip(sums, (tp, fp), strict=True):
            own += np.where(left_out, flagged[:, best].T, 0).sum(axis=0)
    outside_tp, outside_fp = (sums / np.where(times > 0, times, np.nan)).sum(axis=1)
    outside = np.array([outside_tp, outside_fp, harmful - outside_tp, safe - outside_fp])
    return _Judged(chosen, on_sample[:, chosen], outside, excluded)


def _without_information(counts: FloatArray) -> float:
    """F1 of decisions that flag as many items as these, whatever their label."""
    tp, fp, fn = counts[:3]
    flagged, harmful = (tp + fp) / counts.sum(), (tp + fn) / counts.sum()
    by_chance = [flagged * harmful, flagged * (1 - harmful), (1 - flagged) * harmful, 0]
    return float(rate("f1", by_chance))


def _corrected(shown: float, outside: float, by_chance: float) -> float:
    """The .632+ estimate (Efron & Tibshirani 1997, eq. 29 to 32), of a gain, not an error."""
    overfit = 0.0
    if outside < shown and by_chance < shown:
        overfit = min((shown - outside) / (shown - by_chance), 1.0)
    plain = 0.368 * shown + 0.632 * outside
    return plain + (max(outside, by_chance) - shown) * 0.368 * 0.632 * overfit / (
        1 - 0.368 * overfit
    )


def _group_tables(
    scores: pd.DataFrame, thresholds: Mapping[str, npt.ArrayLike]
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """What each group adds at each candidate (epochs x thresholds), and the candidates' thresholds.

    Tables are as `group_table` returns them; all have the groups in the same order.
    """
    missing = {"variant", "epoch", "item_id", "label", "probability", "group"} - set(scores.columns)
    if missing:
        raise ValueError(f"scores lack the columns {sorted(missing)}")
    if scores.empty:
        raise ValueError("scores are empty; pass one row per item, variant and epoch")
    items = scores[["item_id", "label", "group"]].drop_duplicates().sort_values("item_id")
    keys = ["variant", "epoch"]
    wide = scores.pivot(index="item_id", columns=keys, values="probability").sort_index()
    if len(items) != len(wide) or wide.isna().any(axis=None):
        raise ValueError(
            "variants or epochs differ in items, labels or groups; score the same items in each"
        )
    tables, grids = {}, {}
    for variant, offered in thresholds.items():
        grid = check_thresholds(offered)
        own = [
            group_table(items["label"], probabilities, grid, items["group"])
            for _, probabilities in wide[variant].sort_index(axis=1).items()
        ]
        tables[variant], grids[variant] = _side_by_side(own), np.tile(grid, len(own))
    return tables, grids


def _side_by_side(tables: list[FloatArray]) -> FloatArray:
    """One table of all candidates: tp of all, fp of all, harmful items, safe items."""
    halves = [np.split(table[:, :-2], 2, axis=1) for table in tables]
    columns = [np.hstack([own[i] for own in halves]) for i in range(2)]
    return np.hstack([*columns, tables[0][:, -2:]])
