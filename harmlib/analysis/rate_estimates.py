"""Rates at thresholds, of all groups and without each of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from harmlib.analysis.checks import FloatArray, check_thresholds
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import block_codes, group_table
from harmlib.analysis.rates import RATES, rate


def rate_estimates(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
) -> dict[str, Estimates]:
    """Each rate at each threshold, with its value without each group.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    thresholds : array_like, shape (t,)
        Finite; their order is kept.
    groups : array_like, shape (n,), optional
        None: each item is a group.

    Returns
    -------
    dict of str to Estimates
        One entry for each of `RATES`, with k = t.

    Raises
    ------
    ValueError
        What `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> found = rate_estimates([0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10, [0.5])
    >>> low, high = found["precision"].interval("share")
    >>> found["precision"].value.round(2).tolist(), low.round(2).tolist(), high.round(2).tolist()
    ([0.67], [0.47], [0.82])
    """
    enough = count_groups(labels, groups).enough
    blocks, _ = block_codes(groups, np.size(labels))
    return rates_of_blocks(group_table(labels, scores, thresholds, blocks), enough)


def rates_of_blocks(table: FloatArray, enough: bool) -> dict[str, Estimates]:
    """Each rate at each threshold, from what each block of groups adds to the counts.

    Parameters
    ----------
    table : ndarray of float64, shape (blocks, 2 t + 2)
        As `resampling.group_table` returns it.
    enough : bool
        Whether each class lies in at least MIN_GROUPS groups.

    Returns
    -------
    dict of str to Estimates
        As `rate_estimates` returns it.

    Examples
    --------
    >>> table = np.array([[4.0, 1.0, 5.0, 5.0]] * 6)
    >>> found = rates_of_blocks(table, enough=True)["recall"]
    >>> found.value.tolist(), found.units.tolist()
    ([0.8], [6])
    """
    total = table.sum(axis=0)
    sums = np.vstack([total, total - table])
    tp, fp = np.split(sums[:, :-2], 2, axis=1)
    counts = np.stack([tp, fp, sums[:, -2:-1] - tp, sums[:, -1:] - fp])
    own_tp, own_fp = np.split(table[:, :-2], 2, axis=1)
    harmful, safe = table[:, -2:-1] > 0, table[:, -1:] > 0
    takes_part = {"precision": own_tp + own_fp > 0, "recall": harmful, "specificity": safe}
    takes_part["f1"] = harmful | (own_fp > 0)
    everyone = np.ones_like(own_tp, bool)
    found = {}
    for name in RATES:
        values = rate(name, counts)
        units = (takes_part.get(name, everyone) & everyone).sum(axis=0)
        if name == "mcc":  # of a perfect one the groups of the rarer class are the evidence
            units = np.where(values[0] == 1, min(harmful.sum(), safe.sum()), units)
        found[name] = Estimates(values[0], values[1:], units, enough)
    return found


def rates_at(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
) -> dict[str, Estimates]:
    """Each rate at one threshold, or where every item has its own.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    threshold : float or array_like, shape (n,)
        Finite; one for all items, or one for each.
    groups : array_like, shape (n,), optional
        None: each item is a group.
    repeats : array_like, shape (n,), optional
        As in `average_precision.average_precision_estimate`; the rates are those of all rows
        together.

    Returns
    -------
    dict of str to Estimates
        As `rate_estimates` returns it, with k = 1.

    Raises
    ------
    ValueError
        What `rate_estimates` refuses.

    Examples
    --------
    >>> rates_at([0, 1, 1], [0.2, 0.4, 0.9], [0.1, 0.3, 0.95])["precision"].value.tolist()
    [0.5]
    """
    if repeats is None and np.ndim(threshold) == 0:
        return rate_estimates(labels, scores, np.reshape(threshold, 1), groups)
    check_thresholds(np.ravel(threshold))
    # x - y > 0 just where x > y: floats have numbers small enough for every difference
    margins = np.asarray(scores, np.float64) - np.asarray(threshold, np.float64)
    found = rate_estimates(labels, margins, [0.0], groups)
    if repeats is None:
        return found
    which, harmful = np.asarray(repeats), np.asarray(labels)
    of_repeats = [
        rate_estimates(harmful[which == one], margins[which == one], [0.0])
        for one in np.unique(which)
    ]
    return {
        name: replace(rates, repeats=np.array([one[name].value for one in of_repeats]))
        for name, rates in found.items()
    }
