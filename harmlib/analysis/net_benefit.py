"""What flagging is worth, whatever a miss and a false alarm cost: decision and cost curves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, check_scored
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import block_codes, group_table
from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.prevalence import mixed_rates
from harmlib.analysis.rate_estimates import rate_estimates
from harmlib.analysis.thresholds import sweep

THRESHOLD_PROBABILITIES = tuple(i / 50 for i in range(1, 50))
PROBABILITY_COSTS = tuple(i / 50 for i in range(51))


def decision_curve(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Net benefit of flagging what is more probable than a threshold probability.

    The threshold probability t says what is at stake: who flags an item that is harmful with
    probability t or more holds a miss for (1 - t) / t times as bad as a false alarm. At t = 0.1
    nine false alarms are a fair price for one catch.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    probabilities : array_like, shape (n,)
        Calibrated (see `calibration.calibrated_probability`): of others t does not mean this.
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None: each item is a group.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        One row for each of THRESHOLD_PROBABILITIES: threshold, net_benefit, treat_all (net benefit
        of flagging everything; that of flagging nothing is 0), gain (net benefit less the larger of
        treat_all and 0), low, high (of the gain; NaN with fewer than MIN_GROUPS groups of a class).

    Raises
    ------
    ValueError
        Groups that do not fit, or what `sweep` refuses.

    Notes
    -----
    net benefit = tp / n - fp / n x t / (1 - t), in caught harmful items per item, at the harmful
    share of these items (Vickers & Elkin 2006, Med. Decis. Making 26:565). The band is pointwise.
    More than `resampling.MAX_BLOCKS` groups are left out in as many blocks (see `block_codes`).

    Examples
    --------
    >>> curve = decision_curve([0, 1, 1, 1] * 10, [0.2, 0.9, 0.7, 0.6] * 10)
    >>> curve.loc[[9, 24], ["threshold", "net_benefit", "treat_all", "gain"]].round(3)
        threshold  net_benefit  treat_all   gain
    9         0.2         0.75      0.688  0.062
    24        0.5         0.75      0.500  0.250
    """
    grid = np.array(THRESHOLD_PROBABILITIES)
    blocks, _ = block_codes(groups, np.size(labels))
    table = group_table(labels, probabilities, grid, blocks)
    total = table.sum(axis=0)
    sums = np.vstack([total, total - table])  # of all groups, then without each
    tp, fp = np.split(sums[:, :-2], 2, axis=1)
    harmful, safe = sums[:, -2:-1], sums[:, -1:]
    price = grid / (1 - grid)
    with np.errstate(invalid="ignore"):  # nothing is left without the only group
        benefit = (tp - fp * price) / (harmful + safe)
        treat_all = (harmful - safe * price) / (harmful + safe)
    other = np.where(treat_all[0] > 0, treat_all, 0.0)
    gain = benefit - other
    low, high = jackknife_interval(gain[0], gain[1:], scale="difference", level=level)
    known = count_groups(labels, groups).enough
    return pd.DataFrame(
        {
            "threshold": grid,
            "net_benefit": benefit[0],
            "treat_all": treat_all[0],
            "gain": gain[0],
            "low": low if known else np.nan,
            "high": high if known else np.nan,
        }
    )


def cost_curve(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float,
    groups: npt.ArrayLike | None = None,
    *,
    validation: tuple[npt.ArrayLike, npt.ArrayLike],
    level: float = 0.95,
) -> pd.DataFrame:
    """Expected cost, from all cost in misses to all cost in false alarms.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1; of test.
    scores : array_like, shape (n,)
        Finite. The rule is `score > threshold`.
    threshold : float
        Where the model operates.
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None: each item is a group.
    validation : (array_like, array_like)
        Labels and scores on which the threshold is chosen for each probability cost.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        One row for each of PROBABILITY_COSTS: probability_cost, cost (at `threshold`), low, high
        (NaN with fewer than MIN_GROUPS groups of a class), chosen_cost (at the threshold with the
        lowest cost on validation), trivial_cost (of the better of flagging all and nothing). Where
        a class is missing, the costs are NaN.

    Raises
    ------
    ValueError
        Groups that do not fit, or what `sweep` refuses.

    Notes
    -----
    probability_cost = q m / (q m + (1 - q) a) for the harmful share q and the costs m of a miss and
    a of a false alarm; cost = probability_cost x share of harmful items missed + (1 -
    probability_cost) x share of safe items flagged: 1 is the worst (Drummond & Holte 2006, Mach.
    Learn. 65:95). Unlike precision, it holds whatever the harmful share of the data is. Its
    interval combines those of the two rates (`prevalence.mixed_rates`).

    Examples
    --------
    >>> labels, scores = [0, 1, 1, 1] * 10, [0.2, 0.9, 0.7, 0.4] * 10
    >>> curve = cost_curve(labels, scores, 0.5, validation=(labels, scores))
    >>> curve.loc[[5, 25], ["probability_cost", "cost", "chosen_cost", "trivial_cost"]].round(3)
        probability_cost   cost  chosen_cost  trivial_cost
    5                0.1  0.033          0.0           0.1
    25               0.5  0.167          0.0           0.5
    """
    x = np.array(PROBABILITY_COSTS)
    found = rate_estimates(labels, scores, [threshold], groups)
    recall, specificity = found["recall"], found["specificity"]
    missed, alarmed = 1 - recall.value[0], 1 - specificity.value[0]
    ends = [
        1 - np.concatenate(rate.interval("share", level))[::-1] for rate in (recall, specificity)
    ]
    value, low, high = mixed_rates(x, missed, ends[0], alarmed, ends[1])
    harmful, _ = check_scored(labels, scores)
    both = 0 < harmful.sum() < len(harmful)
    chosen = _chosen_cost(x, (labels, scores), validation)
    return pd.DataFrame(
        {
            "probability_cost": x,
            "cost": value if both else np.nan,
            "low": low,
            "high": high,
            "chosen_cost": chosen if both else np.nan,
            "trivial_cost": np.minimum(x, 1 - x),
        }
    )


def _cost(x: FloatArray, recall: FloatArray, specificity: FloatArray) -> FloatArray:
    cost: FloatArray = x * (1 - recall) + (1 - x) * (1 - specificity)
    return cost


def _chosen_cost(
    x: FloatArray,
    test: tuple[npt.ArrayLike, npt.ArrayLike],
    validation: tuple[npt.ArrayLike, npt.ArrayLike],
) -> FloatArray:
    """Cost on test at the threshold that is best on validation, for each probability cost."""
    rows = sweep(*validation)
    recall, specificity = rows["recall"].to_numpy(), rows["specificity"].to_numpy()
    best = [np.argmin(_cost(at, recall, specificity)) for at in x]
    thresholds, place = np.unique(rows["threshold"].to_numpy()[best], return_inverse=True)
    on_test = sweep(*test, thresholds).iloc[place]
    return _cost(x, on_test["recall"].to_numpy(), on_test["specificity"].to_numpy())
