"""Metrics of items that several trainings judged, with intervals over groups and seeds.

Two things make a metric differ from what another study would find: other groups of items, and
another seed of the training. The variance of the mean over S seeds is taken as

    variance of the jackknife over groups, of the mean over seeds + variance over seeds / S

Items that are judged by a hair differ with the seed and with the group: their noise is in both
parts, so the intervals are rather too wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.average_precision import average_precision_estimate
from harmlib.analysis.checks import FloatArray
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.jackknife import Scale, jackknife_error
from harmlib.analysis.rate_estimates import rate_estimates
from harmlib.analysis.roc_auc import roc_auc_estimate


@dataclass(frozen=True)
class SeedEstimates:
    """One metric of several trainings, with its mean over them without each group.

    Attributes
    ----------
    values : ndarray of float64, shape (seeds,)
        Of each training.
    left_out : ndarray of float64, shape (groups,)
        The mean over seeds without each group (or block of groups).
    units : int
        Groups that take part.
    enough : bool
        Whether each class lies in at least MIN_GROUPS groups.
    """

    values: FloatArray
    left_out: FloatArray
    units: int
    enough: bool

    @property
    def value(self) -> float:
        """The mean over seeds."""
        return float(self.values.mean())

    @property
    def group_error(self) -> float:
        """Standard error of the mean over seeds that other groups would make."""
        return float(jackknife_error(self.value, self.left_out, self.units))

    @property
    def seed_error(self) -> float:
        """Standard error of the mean that other seeds would make; 0 where one seed can't tell."""
        seeds = len(self.values)
        return float(self.values.std(ddof=1) / np.sqrt(seeds)) if seeds > 1 else 0.0

    @property
    def error(self) -> float:
        """Standard error of the mean; NaN with too few groups."""
        return float(np.hypot(self.group_error, self.seed_error)) if self.enough else float("nan")

    def __sub__(self, other: SeedEstimates) -> SeedEstimates:
        """The difference of the same metric of the same items and seeds."""
        return SeedEstimates(
            self.values - other.values,
            self.left_out - other.left_out,
            max(self.units, other.units),
            self.enough and other.enough,
        )

    def interval(self, scale: Scale, level: float = 0.95) -> tuple[float, float]:
        """Both ends, as `Estimates.interval` makes them; NaN with too few groups."""
        low, high = Estimates(
            np.array([self.value]),
            self.left_out[:, None],
            np.array([self.units]),
            self.enough,
            self.values[:, None],
        ).interval(scale, level)
        return float(low[0]), float(high[0])


def estimate_over_seeds(judged: pd.DataFrame, metric: str) -> SeedEstimates:
    """One metric of judged items: of each seed, and of their mean without each group.

    Parameters
    ----------
    judged : pandas.DataFrame
        One row per seed and item: seed, item_id, label, group, logit, flagged. Every seed judged
        the same items.
    metric : str
        "average_precision" or "roc_auc", of the logits, or one of `rates.RATES`, of the decisions.

    Returns
    -------
    SeedEstimates

    Raises
    ------
    ValueError
        Seeds that judged other items, or what `rate_estimates` refuses.

    Examples
    --------
    >>> judged = pd.DataFrame({"seed": [1] * 20 + [2] * 20, "item_id": [*range(20)] * 2,
    ...     "label": [0, 1] * 20, "group": [*range(20)] * 2, "logit": 0.0,
    ...     "flagged": [False, True] * 10 + [True] * 20})
    >>> found = estimate_over_seeds(judged, "precision")
    >>> found.values.tolist(), [round(end, 2) for end in found.interval("share")]
    ([1.0, 0.5], [0.21, 1.0])
    """
    parts = [part.sort_values("item_id") for _, part in judged.groupby("seed")]
    if any(part["item_id"].tolist() != parts[0]["item_id"].tolist() for part in parts):
        raise ValueError("the seeds judged other items; pass one row per item for each seed")
    found = [_estimate(part, metric) for part in parts]
    return SeedEstimates(
        np.array([one.value[0] for one in found]),
        np.mean([one.left_out[:, 0] for one in found], axis=0),
        max(int(one.units[0]) for one in found),
        found[0].enough,
    )


def _estimate(judged: pd.DataFrame, metric: str) -> Estimates:
    labels, groups = judged["label"].to_numpy(), judged["group"].to_numpy()
    ranked: Mapping[str, Callable[..., Estimates]] = {
        "average_precision": average_precision_estimate,
        "roc_auc": roc_auc_estimate,
    }
    if metric in ranked:
        return ranked[metric](labels, judged["logit"].to_numpy(), groups)
    flagged: npt.NDArray[np.float64] = judged["flagged"].to_numpy(np.float64)
    return rate_estimates(labels, flagged, [0.5], groups)[metric]
