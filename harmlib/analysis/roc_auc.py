"""The area under the ROC curve, with its value without each group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harmlib.analysis.checks import FloatArray, check_scored
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import block_codes


def roc_auc_estimate(
    labels: npt.ArrayLike, scores: npt.ArrayLike, groups: npt.ArrayLike | None = None
) -> Estimates:
    """Area under the ROC curve, as scikit-learn defines it, with its value without each group.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    groups : array_like, shape (n,), optional
        None: each item is a group.

    Returns
    -------
    Estimates
        With k = 1; NaN where a class is missing.

    Raises
    ------
    ValueError
        What `sweep` or `group_codes` refuse.

    Notes
    -----
    The share of pairs of a harmful and a safe item in which the harmful one scores higher, ties
    counting half (Hanley & McNeil 1982, Radiology 143:29). Without a group, the pairs that one of
    its items takes part in are taken away; those within the group are in both of these sums.

    Examples
    --------
    >>> found = roc_auc_estimate([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9])
    >>> found.value.tolist(), found.left_out.ravel().tolist()
    ([0.75], [0.5, 1.0, 1.0, 0.5])
    """
    harmful, values = check_scored(labels, scores)
    codes, blocks = block_codes(groups, len(harmful))
    won = np.where(
        harmful, _count_below(values, values[~harmful]), _count_above(values, values[harmful])
    )
    by_block = np.bincount(codes, weights=won, minlength=blocks)
    positives = np.bincount(codes[harmful], minlength=blocks).astype(float)
    negatives = np.bincount(codes[~harmful], minlength=blocks).astype(float)
    within = np.zeros(blocks)
    for block in np.flatnonzero((positives > 0) & (negatives > 0)):
        own, own_harmful = values[codes == block], harmful[codes == block]
        within[block] = _count_below(own[own_harmful], own[~own_harmful]).sum()
    pairs = (positives.sum() - positives) * (negatives.sum() - negatives)
    total = won[harmful].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.array([np.divide(total, positives.sum() * negatives.sum())])
        left_out = np.where(pairs > 0, (total - by_block + within) / pairs, np.nan)
    # Of one class a few groups decide: their number counts, not that of all groups
    units = np.array([min((positives > 0).sum(), (negatives > 0).sum())])
    return Estimates(value, left_out[:, None], units, count_groups(labels, groups).enough)


def _count_below(values: npt.NDArray[np.floating], others: npt.NDArray[np.floating]) -> FloatArray:
    """How many of the others lie below each value, those that equal it counting half."""
    ranked = np.sort(others)
    return (
        np.asarray(np.searchsorted(ranked, values) + np.searchsorted(ranked, values, "right")) / 2
    )


def _count_above(values: npt.NDArray[np.floating], others: npt.NDArray[np.floating]) -> FloatArray:
    return len(others) - _count_below(values, others)
