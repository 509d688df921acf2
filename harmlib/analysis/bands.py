"""Three bands instead of one line: what passes, what people review, what is blocked."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from harmlib.analysis.bootstrap import draw_groups, group_codes, interval
from harmlib.analysis.choice import Objective, choose
from harmlib.analysis.thresholds import check_scored, sweep

BANDS = ("pass", "review", "block")


@dataclass(frozen=True)
class Bands:
    """Where the bands lie, chosen on validation.

    A probability passes at or below `pass_at`, is blocked above `block_above`, and goes to people
    between the two.

    state: "ok"; "one_class" (labels of one class cannot say where the lines are);
        "constant_scores" (all are equal: there are no lines).
    pass_at: None where nothing can pass: the recall floor allows no miss, and the lowest score is
        a harmful item's; and in all states but "ok".
    block_above: None where nothing can be blocked: no threshold reaches the precision floor; and
        in all states but "ok".
    Without both lines, everything is reviewed. Equal lines leave nothing to review: one line
    keeps both floors.
    table: what the bands hold, as `band_table` counts it on the same items.
    """

    min_recall: float
    min_precision: float
    state: Literal["ok", "one_class", "constant_scores"]
    pass_at: float | None
    block_above: float | None
    table: pd.DataFrame


def choose_bands(
    labels, probabilities, groups=None, *, min_recall: float, min_precision: float, seed: int = 0
) -> Bands:
    """The bands that promise people little work: as much as the two floors allow is decided alone.

    labels: (n,) 0 or 1. probabilities: (n,) finite, any scale, as only their order counts.
    groups: (n,) for the intervals of the table, None for one an item.
    min_recall: share of the harmful that must not pass, in (0, 1]. `pass_at` is the highest
        threshold that leaves at least this share above it.
    min_precision: share of the blocked that must be harmful, in (0, 1]. `block_above` is the
        threshold that blocks most harmful items and keeps it; of those that block as many, the
        one that blocks the fewest safe ones (the objective `recall@precision>=` of `choose`). As
        a rule that is the lowest threshold that keeps the floor; but safe items at the lower end
        of the band go to people, even where the floor would allow to block them.

    Where the two cross, that is, where some thresholds keep both floors, there is no review band:
    both lines are the threshold with the highest F1 among those, the lowest of equals.

    Floors are compared with integer counts (19 of 20 meets 0.95), and read to nine decimals.
    Raises ScoresError, ValueError for floors outside (0, 1] and for fewer than two groups.
    The floors hold on these items; on new ones they are missed about every other time. Take a
    higher `min_recall`, or the threshold of `calibration.recall_floor`, where that won't do.
    """
    recall_kept = _objective("precision@recall>=", min_recall, "min_recall")
    precision_kept = _objective("recall@precision>=", min_precision, "min_precision")
    blocking = choose(labels, probabilities, precision_kept.text)
    state = "ok" if blocking.state == "infeasible" else blocking.state
    pass_at = block_above = None
    if state == "ok":
        rows = sweep(labels, probabilities)
        recall_rows = recall_kept.feasible(rows)
        both = rows["threshold"][recall_rows & precision_kept.feasible(rows)]
        if len(both):
            pass_at = block_above = choose(labels, probabilities, "f1", thresholds=both).threshold
        else:
            last = int(np.flatnonzero(recall_rows)[-1])
            pass_at = rows["threshold"][last].item() if last > 0 else None
            block_above = blocking.threshold
    table = band_table(labels, probabilities, pass_at, block_above, groups, seed=seed)
    return Bands(min_recall, min_precision, state, pass_at, block_above, table)


def assign(probabilities, bands: Bands) -> np.ndarray:
    """`pass`, `review` or `block` for each of the finite probabilities (n,); raises ScoresError."""
    probabilities = np.asarray(probabilities)
    if not probabilities.size:
        return np.empty(0, dtype="<U6")
    return np.array(BANDS)[_places(probabilities, bands.pass_at, bands.block_above)]


def band_table(
    labels,
    probabilities,
    pass_at: float | None,
    block_above: float | None,
    groups=None,
    *,
    resamples=2000,
    level=0.95,
    seed=0,
) -> pd.DataFrame:
    """What each band holds of these items: judge bands chosen on validation with it on test.

    labels, probabilities, groups: (n,) as for `choose_bands`; the lines as in `Bands`.
    Returns one row a band (pass, review, block): n, share (of all items), low, high (its group
    bootstrap interval, the lines held fixed), harmful (items), harmful_share (of the band),
    harmful_low, harmful_high (NaN where the band is empty). A band without an item has the
    interval [0, 0], and one without a harmful item too, which is too sure: among n further items
    up to 3 in n may lie there.
    """
    harmful, probabilities, _ = check_scored(labels, probabilities)
    codes, n_groups = group_codes(groups, len(harmful))
    cells = codes * 3 + _places(probabilities, pass_at, block_above)
    tallies = [np.bincount(cells[rows], minlength=3 * n_groups) for rows in (slice(None), harmful)]
    members = np.hstack([tally.reshape(n_groups, 3) for tally in tallies])
    blocks = draw_groups(n_groups, resamples, seed, width=6)
    counts, harmful_counts = np.split(np.concatenate([drawn @ members for drawn in blocks]), 2, 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        harmful_shares = harmful_counts / counts
    table = pd.DataFrame({"band": BANDS, "n": counts[0], "share": shares[0]})
    table["low"], table["high"], _ = interval(shares[1:], level)
    table["harmful"], table["harmful_share"] = harmful_counts[0], harmful_shares[0]
    ends = [interval(draws, level)[:2] for draws in harmful_shares[1:].T]
    table["harmful_low"], table["harmful_high"] = np.transpose(ends)
    return table


def band_shares(probabilities, bands: Bands, *, level=0.95) -> pd.DataFrame:
    """What each band holds of items without labels: band, n, share, low, high.

    probabilities: (n,), at least one. The interval is Wilson's (1927), items taken as independent:
    it is too narrow where many are of one source.
    """
    _, probabilities, _ = check_scored(np.zeros(len(probabilities)), probabilities)
    counts = np.bincount(_places(probabilities, bands.pass_at, bands.block_above), minlength=3)
    shares = counts / len(probabilities)
    ends = [
        binomtest(count, len(probabilities)).proportion_ci(level, "wilson")
        for count in counts.tolist()
    ]
    low, high = np.clip(np.transpose(ends), 0, 1)  # rounding may leave -1e-17
    return pd.DataFrame({"band": BANDS, "n": counts, "share": shares, "low": low, "high": high})


def _places(probabilities, pass_at, block_above) -> np.ndarray:
    """0 for pass, 1 for review, 2 for block."""
    _, probabilities, _ = check_scored(np.zeros(len(probabilities)), probabilities)
    lines = [
        -np.inf if pass_at is None else pass_at,
        np.inf if block_above is None else block_above,
    ]
    # Float64 lines, which float32 probabilities are widened to
    return (probabilities[:, None] > np.array(lines)).sum(axis=1)


def _objective(kind, floor, name) -> Objective:
    if not 0 < floor <= 1:
        raise ValueError(f"{name} is {floor}; it must be a fraction above 0, at most 1")
    return Objective.parse(f"{kind}{floor:.9f}")
