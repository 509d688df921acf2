"""Three bands instead of one threshold: what passes, what people review, what is blocked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import check_level, check_scored
from harmlib.analysis.choice import choose
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import group_codes
from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.objectives import Objective
from harmlib.analysis.risk_control import (
    STARTS,
    Method,
    groups_needed,
    precision_keepers,
    recall_keepers,
)
from harmlib.analysis.thresholds import sweep
from harmlib.analysis.wilson import wilson_interval

BANDS = ("pass", "review", "block")
# In how many cases floors that hold on validation alone are missed on new items: each of them, and
# at least one of both (lowest and highest of benchmarks/coverage_floors.py, with 1 and 10 epochs)
MISSED_EACH = (0.37, 0.85)
MISSED_EITHER = (0.68, 1.0)


@dataclass(frozen=True)
class Promise:
    """With which confidence both floors of bands hold on new groups.

    Attributes
    ----------
    confidence : float
        That both hold together, in (0, 1).
    method : {"learn-then-test", "jackknife"}
        See `risk_control`.
    candidates : int
        Epochs among which the same items chose; each gets its share of the error.
    harmful_groups, groups : int
        Groups with a harmful item, and all groups, of the items.
    """

    confidence: float
    method: Method
    candidates: int
    harmful_groups: int
    groups: int

    @property
    def error(self) -> float:
        """With which probability one of the two floors may be missed by one candidate."""
        return (1 - self.confidence) / 2 / self.candidates

    def needed(self, floor: float, *, of_precision: bool) -> int:
        """Groups without a miss that `learn-then-test` asks for, to promise a floor."""
        return groups_needed(floor, self.error / (STARTS if of_precision else 1))


@dataclass(frozen=True)
class Bands:
    """Two thresholds, chosen on validation, and what lies between and beyond them.

    A probability passes at or below `pass_at`, is blocked above `block_above`, and goes to people
    between the two. Without both thresholds, everything is reviewed. Equal thresholds leave nothing
    to review: one threshold keeps both floors.

    Attributes
    ----------
    min_recall, min_precision : float
        The floors, in (0, 1].
    state : str
        "ok"; "one_class" (labels of one class cannot determine thresholds); "constant_scores" (all
        scores are equal).
    pass_at : float or None
        None where nothing can pass (the recall floor allows no miss, and the lowest score is of a
        harmful item), and in all states but "ok".
    block_above : float or None
        None where nothing can be blocked (no threshold reaches the precision floor), and in all
        states but "ok".
    table : pandas.DataFrame
        What the bands hold on the same items, see `band_table`.
    promise : Promise or None
        None where the floors hold on the same items only.
    """

    min_recall: float
    min_precision: float
    state: Literal["ok", "one_class", "constant_scores"]
    pass_at: float | None
    block_above: float | None
    table: pd.DataFrame
    promise: Promise | None = None


def choose_bands(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    min_recall: float,
    min_precision: float,
    confidence: float | None = None,
    method: Method = "learn-then-test",
    candidates: int = 1,
) -> Bands:
    """The bands that leave people the least work that the two floors allow.

    Without a `confidence` the floors hold on these items alone: on new ones each is missed about
    every other time. With one, both hold together on new groups with that confidence; recall and
    precision are then those of the average group.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    probabilities : array_like, shape (n,)
        Finite, any scale: only their order counts.
    groups : array_like, shape (n,), optional
        Items of one source; None for one group per item.
    min_recall : float
        Share of the harmful items that must not pass, in (0, 1]; below 1 with a confidence.
    min_precision : float
        Share of the blocked items that must be harmful, as min_recall.
    confidence : float, optional
        In (0, 1). `probabilities` must be probabilities then.
    method : {"learn-then-test", "jackknife"}
        Of the confidence, see `risk_control`: proven, or approximate with fewer groups.
    candidates : int
        Among how many epochs these items chose the one that scored them.

    Returns
    -------
    Bands
        `pass_at` is the highest threshold with at least `min_recall` of the harmful items above it.
        `block_above` is the threshold that blocks the most harmful items and keeps
        `min_precision`; of those that block as many, the one that blocks the fewest safe items (the
        objective `recall@precision>=` of `choose`). That is usually the lowest threshold that keeps
        the floor; but safe items at the lower end of the band go to people, even where the floor
        would allow to block them.

        With a confidence both are the like among the thresholds of `risk_control`; None where no
        threshold can be promised.

        Where some thresholds keep both floors, there is no review band: both `pass_at` and
        `block_above` are the threshold with the highest F1 among those, the lowest of equals.

    Raises
    ------
    ValueError
        A floor outside (0, 1] (or of 1 with a confidence), a confidence outside (0, 1), groups that
        do not fit, or scores that `sweep` refuses (ScoresError).

    Notes
    -----
    Floors are compared with integer counts (19 of 20 meets 0.95), and read to nine decimals.

    Examples
    --------
    >>> labels = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    >>> scores = [0.9, 0.8, 0.7, 0.6, 0.3, 0.65, 0.5, 0.4, 0.2, 0.1]
    >>> bands = choose_bands(labels, scores, min_recall=0.8, min_precision=1.0)
    >>> round(bands.pass_at, 3), round(bands.block_above, 3)
    (0.55, 0.675)
    >>> bands.table[["band", "n", "harmful"]]
         band  n  harmful
    0    pass  5        1
    1  review  2        1
    2   block  3        3
    """
    recall_kept = _objective("precision@recall>=", min_recall, "min_recall")
    precision_kept = _objective("recall@precision>=", min_precision, "min_precision")
    blocking = choose(labels, probabilities, precision_kept.text)
    state = "ok" if blocking.state == "infeasible" else blocking.state
    promise = None
    if confidence is not None:
        check_level(confidence)
        counts = count_groups(labels, groups).harmful, group_codes(groups, np.size(labels))[1]
        promise = Promise(confidence, method, candidates, *counts)
    pass_at = block_above = None
    if state == "ok" and promise:
        pass_at, block_above = _promised(
            labels, probabilities, groups, min_recall, min_precision, promise
        )
    elif state == "ok":
        rows = sweep(labels, probabilities)
        keep_recall = recall_kept.feasible(rows)
        both = rows["threshold"][keep_recall & precision_kept.feasible(rows)]
        if len(both):
            pass_at = block_above = choose(labels, probabilities, "f1", thresholds=both).threshold
        else:
            last = int(np.flatnonzero(keep_recall)[-1])
            pass_at = rows["threshold"][last].item() if last > 0 else None
            block_above = blocking.threshold
    table = band_table(labels, probabilities, pass_at, block_above, groups)
    return Bands(min_recall, min_precision, state, pass_at, block_above, table, promise)


def assign(probabilities: npt.ArrayLike, bands: Bands) -> npt.NDArray[np.str_]:
    """The band of each item.

    Parameters
    ----------
    probabilities : array_like, shape (n,)
        Finite; may be empty.
    bands : Bands
        As `choose_bands` returns them.

    Returns
    -------
    ndarray of str, shape (n,)
        "pass", "review" or "block".

    Raises
    ------
    ScoresError
        Probabilities that are not finite, or not one-dimensional.

    Examples
    --------
    >>> assign([0.1, 0.5, 0.9], Bands(0.9, 0.9, "ok", 0.25, 0.75, pd.DataFrame())).tolist()
    ['pass', 'review', 'block']
    """
    checked = np.asarray(probabilities)
    if not checked.size:
        return np.empty(0, dtype="<U6")
    return np.array(BANDS)[_places(checked, bands.pass_at, bands.block_above)]


def band_table(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    pass_at: float | None,
    block_above: float | None,
    groups: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """What each band holds of labelled items: evaluate on test the bands chosen on validation.

    Parameters
    ----------
    labels, probabilities, groups : array_like, shape (n,)
        As in `choose_bands`.
    pass_at, block_above : float or None
        As in `Bands`.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row per band (pass, review, block): band, n, share (of all items), low, high (its
        interval, the thresholds held fixed), harmful (items), harmful_share (of the band),
        harmful_low, harmful_high; the last three are NaN where the band is empty. All ends are NaN
        where fewer than `jackknife.MIN_GROUPS` groups take part.

    Raises
    ------
    ValueError
        Groups that do not fit, or scores that `sweep` refuses (ScoresError).

    Examples
    --------
    >>> table = band_table([0, 1] * 20, [0.2, 0.9, 0.6, 0.4] * 10, 0.3, 0.7)
    >>> table[["band", "n", "share", "harmful", "harmful_share"]]
         band   n  share  harmful  harmful_share
    0    pass  10   0.25        0            0.0
    1  review  20   0.50       10            0.5
    2   block  10   0.25       10            1.0
    """
    harmful, checked = check_scored(labels, probabilities)
    codes, n_groups = group_codes(groups, len(harmful))
    cells = codes * 3 + _places(checked, pass_at, block_above)
    tallies = [np.bincount(cells[rows], minlength=3 * n_groups) for rows in (slice(None), harmful)]
    members, harms = (tally.reshape(n_groups, 3) for tally in tallies)
    counts, harmful_counts = members.sum(axis=0), harms.sum(axis=0)
    rest, rest_harmful = counts - members, harmful_counts - harms
    table = pd.DataFrame({"band": BANDS, "n": counts, "share": counts / len(harmful)})
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = rest / rest.sum(axis=1, keepdims=True)
        harmful_share, harmful_shares = harmful_counts / counts, rest_harmful / rest
    table["low"], table["high"] = jackknife_interval(table["share"], shares, level=level)
    table["harmful"], table["harmful_share"] = harmful_counts, harmful_share
    units = (members > 0).sum(axis=0)
    ends = jackknife_interval(harmful_share, harmful_shares, units=units, level=level)
    table["harmful_low"], table["harmful_high"] = ends
    return table


def band_shares(probabilities: npt.ArrayLike, bands: Bands, *, level: float = 0.95) -> pd.DataFrame:
    """What each band holds of items without labels.

    Parameters
    ----------
    probabilities : array_like, shape (n,)
        Finite, at least one.
    bands : Bands
        As `choose_bands` returns them.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row per band: band, n, share, low, high. The interval is Wilson's, which takes items as
        independent: it is too narrow where many come from one source.

    Raises
    ------
    ScoresError
        No probability, or probabilities that are not finite.

    Examples
    --------
    >>> bands = Bands(0.9, 0.9, "ok", 0.25, 0.75, pd.DataFrame())
    >>> band_shares([0.1, 0.2, 0.5, 0.9], bands).round(2)
         band  n  share   low  high
    0    pass  2   0.50  0.15  0.85
    1  review  1   0.25  0.05  0.70
    2   block  1   0.25  0.05  0.70
    """
    places = _places(probabilities, bands.pass_at, bands.block_above)
    counts = np.bincount(places, minlength=3)
    low, high = wilson_interval(counts, len(places), level)
    shares = counts / len(places)
    return pd.DataFrame({"band": BANDS, "n": counts, "share": shares, "low": low, "high": high})


def _places(
    probabilities: npt.ArrayLike, pass_at: float | None, block_above: float | None
) -> npt.NDArray[np.intp]:
    """0 for pass, 1 for review, 2 for block; (n,)."""
    _, checked = check_scored(np.zeros(np.shape(probabilities)), probabilities)
    lower = -np.inf if pass_at is None else pass_at
    upper = np.inf if block_above is None else block_above
    # Float64 thresholds, which float32 probabilities are widened to
    places: npt.NDArray[np.intp] = np.sum(checked[:, None] > np.array([lower, upper]), axis=1)
    return places


def _objective(kind: str, floor: float, name: str) -> Objective:
    if not 0 < floor <= 1:
        raise ValueError(f"{name} is {floor}; it must be a fraction above 0, at most 1")
    return Objective.parse(f"{kind}{floor:.9f}")


def _promised(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    min_recall: float,
    min_precision: float,
    promise: Promise,
) -> tuple[float | None, float | None]:
    """`pass_at` and `block_above` that keep both floors with the promise's confidence."""
    keepers = (
        find(labels, probabilities, floor, promise.error, groups, method=promise.method)
        for find, floor in ((recall_keepers, min_recall), (precision_keepers, min_precision))
    )
    passing, blocking = keepers
    both = np.intersect1d(passing, blocking)
    if len(both):
        one = choose(labels, probabilities, "f1", thresholds=both).threshold
        return one, one
    return (
        float(passing[0]) if len(passing) else None,
        float(blocking[-1]) if len(blocking) else None,
    )
