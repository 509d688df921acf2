"""Thresholds that keep a floor of recall or precision with a stated confidence.

`error` is the probability with which a floor may be missed: 1 - confidence, shared among all
floors and candidates that are promised together. Recall and precision are those of the average
group: each source with a harmful (flagged) item counts the same, whatever its number of items.

Two methods answer the same question:

`learn-then-test`
    Must hold, whatever the distribution, if groups are independent: each threshold of `GRID` is a
    hypothesis that the floor is missed, tested with p-values of Hoeffding and Bentkus, and the
    tests of all thresholds together err with probability `error`. Both are MAPIE's.
`jackknife`
    Holds approximately, with fewer groups: the lower end of the jackknife interval.

References
----------
Angelopoulos, Bates, Candès, Jordan & Lei (2021), Learn then Test, arXiv:2110.01052; Bauer (1991),
Stat. Med. 10:871 (fixed sequences of tests).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from harmlib.analysis.checks import FloatArray, Harmful, IntArray, Scores, check_level, check_scored
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import group_codes, group_table
from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.recall_floor import RecallFloor, group_recalls

Method = Literal["learn-then-test", "jackknife"]
METHODS: tuple[Method, ...] = get_args(Method)
# Fixed before any score is seen: logits from 6 to -6 in tenths, as probabilities, descending
GRID = expit(np.arange(60, -61, -1) / 10)
_BLOCK_GROUPS = 4096  # counted at a time
STARTS = 3  # of the sequences of tests of precision: at logits 6, 2 and -2


def groups_needed(floor: float, error: float) -> int:
    """How many groups without a single miss it takes to promise a floor.

    Parameters
    ----------
    floor : float
        Of recall or precision, in (0, 1).
    error : float
        In (0, 1).

    Returns
    -------
    int
        The least n with floor^n <= error. One miss more, and it takes more groups.

    Examples
    --------
    >>> groups_needed(0.95, 0.05)
    59
    """
    return int(np.ceil(np.log(error) / np.log(floor) - 1e-9))


def recall_keepers(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    min_recall: float,
    error: float,
    groups: npt.ArrayLike | None = None,
    *,
    method: Method = "learn-then-test",
) -> FloatArray:
    """The thresholds of GRID that keep recall at `min_recall` or above on new groups.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    probabilities : array_like, shape (n,)
        In [0, 1].
    min_recall : float
        In (0, 1).
    error : float
        In (0, 1).
    groups : array_like, shape (n,), optional
        None for one group per item.
    method : {"learn-then-test", "jackknife"}
        See the module.

    Returns
    -------
    ndarray of float64, shape (k,)
        Descending, and with each threshold all lower ones: recall falls with the threshold. Empty
        where nothing can be promised.

    Raises
    ------
    ValueError
        A floor, error or method outside its range, or what `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> labels, probabilities = [0, 1] * 50, [0.2, 0.9] * 50
    >>> recall_keepers(labels, probabilities, 0.9, 0.05).round(3)[[0, -1]]
    array([0.891, 0.002])
    """
    harmful, values = check_scored(labels, probabilities)
    codes, _ = group_codes(groups, len(harmful))
    blocks = (
        tp[:, ::-1].T / members
        for tp, _, members in _blocks(harmful[harmful], values[harmful], codes[harmful])
    )
    kept = _keeps(blocks, min_recall, error, method, starts=1, whole=_alone(groups))
    # One threshold that keeps the floor answers for all lower ones
    highest = len(GRID) - 1 - np.flatnonzero(kept)[-1] if kept.any() else len(GRID)
    keepers: FloatArray = GRID[highest:]
    return keepers


def precision_keepers(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    min_precision: float,
    error: float,
    groups: npt.ArrayLike | None = None,
    *,
    method: Method = "learn-then-test",
) -> FloatArray:
    """The thresholds of GRID above which precision stays at `min_precision` or above.

    Parameters
    ----------
    labels, probabilities : array_like, shape (n,)
        As in `recall_keepers`.
    min_precision : float
        In (0, 1).
    error : float
        In (0, 1).
    groups : array_like, shape (n,), optional
        None for one group per item.
    method : {"learn-then-test", "jackknife"}
        See the module.

    Returns
    -------
    ndarray of float64, shape (k,)
        Descending. Empty where nothing can be promised.

    Raises
    ------
    ValueError
        As in `recall_keepers`.

    Notes
    -----
    Precision can rise and fall with the threshold, so the tests begin at STARTS thresholds, each
    with its share of the error, and go down as long as they succeed.

    Examples
    --------
    >>> labels, probabilities = [0, 1] * 50, [0.2, 0.9] * 50
    >>> precision_keepers(labels, probabilities, 0.9, 0.05).round(3)[[0, -1]]
    array([0.881, 0.214])
    """
    harmful, values = check_scored(labels, probabilities)
    codes, _ = group_codes(groups, len(harmful))
    with np.errstate(invalid="ignore"):
        blocks = (tp.T / (tp + fp).T for tp, fp, _ in _blocks(harmful, values, codes))
        kept = _keeps(blocks, min_precision, error, method, starts=STARTS, whole=_alone(groups))
    keepers: FloatArray = GRID[kept]
    return keepers


def confident_recall_floor(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    min_recall: float,
    groups: npt.ArrayLike | None = None,
    *,
    confidence: float,
    candidates: int = 1,
    method: Method = "learn-then-test",
) -> RecallFloor:
    """The highest threshold of GRID that keeps a recall with a stated confidence.

    Parameters
    ----------
    labels, probabilities : array_like, shape (n,)
        As in `recall_keepers`.
    min_recall : float
        In (0, 1).
    groups : array_like, shape (n,), optional
        None for one group per item.
    confidence : float
        Of a recall of at least `min_recall` on new groups, in (0, 1).
    candidates : int
        Among how many models and epochs these items chose: each gets its share of the error.
    method : {"learn-then-test", "jackknife"}
        See the module.

    Returns
    -------
    RecallFloor
        `allowed` is 1 - min_recall: the confidence makes up for the choice.

    Raises
    ------
    ValueError
        As in `recall_keepers`; a confidence outside (0, 1); no harmful item.

    Examples
    --------
    >>> labels, probabilities = [0, 1] * 50, [0.2, 0.9] * 50
    >>> confident_recall_floor(labels, probabilities, 0.9, confidence=0.9).feasible
    True
    >>> confident_recall_floor(labels, probabilities, 0.99, confidence=0.9).feasible
    False
    """
    error = (1 - check_level(confidence)) / candidates
    units = count_groups(labels, groups).harmful
    if not units:
        raise ValueError("no item is harmful; a recall floor needs harmful items")
    keepers = recall_keepers(labels, probabilities, min_recall, error, groups, method=method)
    floor = RecallFloor(min_recall, False, np.nan, np.nan, np.nan, units, 1 - min_recall)
    if not len(keepers):
        return floor
    threshold = float(keepers[0])
    return replace(
        floor,
        feasible=True,
        threshold=threshold,
        recall=float(group_recalls(labels, probabilities, threshold, groups).mean()),
        flagged_share=float((np.asarray(probabilities) > threshold).mean()),
    )


def _blocks(
    harmful: Harmful, probabilities: Scores, codes: IntArray
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Some groups at a time: tp and fp (groups, thresholds), and harmful items (groups,)."""
    order = np.argsort(codes, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(codes[order])) + 1, len(order))
    for start, end in pairwise([0, *ends[_BLOCK_GROUPS - 1 : -1 : _BLOCK_GROUPS], len(order)]):
        own = order[start:end]
        table = group_table(harmful[own], probabilities[own], GRID, codes[own])
        yield table[:, : len(GRID)], table[:, len(GRID) : -2], table[:, -2]


def _alone(groups: npt.ArrayLike | None) -> bool:
    """Whether each item is its own group: a group is then right or wrong as a whole."""
    return groups is None or group_codes(groups, np.size(groups))[1] == np.size(groups)


def _keeps(
    blocks: Iterable[FloatArray],
    floor: float,
    error: float,
    method: Method,
    *,
    starts: int,
    whole: bool,
) -> npt.NDArray[np.bool_]:
    """Which thresholds keep the floor, in the order of the tests.

    Blocks are of shares (thresholds, some groups), NaN where a group has none.
    """
    if not 0 < floor < 1:
        raise ValueError(f"the floor is {floor}; with a confidence it must be between 0 and 1")
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; use one of {', '.join(METHODS)}")
    if method == "jackknife":
        shares = np.concatenate(list(blocks), axis=1)
        return _jackknife_low(shares, ~np.isnan(shares), 1 - 2 * check_level(error)) >= floor
    units, sums = np.zeros(len(GRID), np.int64), np.zeros(len(GRID))
    for block in blocks:  # all groups at once would need gigabytes
        units += (~np.isnan(block)).sum(axis=1)
        # One group after another, as if all were summed at once
        sums = np.vstack([sums, np.nan_to_num(block).T]).sum(axis=0)
    # Imported here: it takes a second, and only a promise needs it
    from mapie.risk_control import FWERFixedSequenceTesting, control_fwer
    from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value

    # 1e-12: MAPIE rounds up the misses of all groups, and 60 x (1 / 60) must not become 2
    risks = np.where(units > 0, (units - sums) / np.maximum(units, 1) - 1e-12, 1.0).clip(0, 1)
    p_values = compute_hoeffding_bentkus_p_value(
        risks, np.maximum(units, 1).astype(float), 1 - floor, binary=whole
    )[:, 0]
    kept = np.zeros(len(GRID), bool)
    kept[control_fwer(p_values, check_level(error), FWERFixedSequenceTesting(starts))] = True
    return kept


def _jackknife_low(shares: FloatArray, counted: npt.NDArray[np.bool_], level: float) -> FloatArray:
    """The lower ends (thresholds,) for the means of the shares (thresholds, groups)."""
    units, known = counted.sum(axis=1), np.where(counted, shares, 0.0)
    sums = known.sum(axis=1)
    means = np.where(units > 0, sums / np.maximum(units, 1), np.nan)
    without = (sums[:, None] - known) / np.maximum(units - 1, 1)[:, None]
    left_out = np.where(counted, without, means[:, None]).T.clip(0, 1)
    low, _ = jackknife_interval(means.clip(0, 1), left_out, units=units, level=level)
    return low
