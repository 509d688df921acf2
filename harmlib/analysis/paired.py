"""Two models on the same items: how far apart they are.

Differences are always b - a (new - old). Both models lose the same group at a time, so that what an
item does to both cancels, and the interval is narrower than the intervals of the two suggest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.bonferroni import corrected_level
from harmlib.analysis.checks import check_level
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.intervals import METRICS, metric_estimates


def paired_difference(
    labels: npt.ArrayLike,
    scores_a: npt.ArrayLike,
    threshold_a: float | npt.ArrayLike,
    scores_b: npt.ArrayLike,
    threshold_b: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
    metrics: Sequence[str] = METRICS,
    level: float = 0.95,
    comparisons: int = 1,
) -> pd.DataFrame:
    """Metrics of two models on the same items, each at its own threshold.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    scores_a, scores_b : array_like, shape (n,)
        Finite, any scale; the items in the order of `labels`.
    threshold_a, threshold_b : float or array_like, shape (n,)
        An item is flagged where its score exceeds the threshold: one for all, or its own.
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None for one group per item.
    repeats : array_like, shape (n,), optional
        As in `intervals.metric_intervals`.
    metrics : sequence of str
        Of `intervals.METRICS`.
    level : float
        Of the intervals, in (0, 1).
    comparisons : int
        How many differences are looked at together, at least 1; the corrected interval is
        Bonferroni's.

    Returns
    -------
    pandas.DataFrame
        One row per metric: metric, a, b, difference (b - a), low, high (of
        the difference), corrected_low, corrected_high, error (its standard error), groups (that
        take part). Ends and error are NaN with too few groups.

    Raises
    ------
    ValueError
        Scores or groups that `sweep` or `group_codes` refuse.

    Examples
    --------
    >>> labels = [0, 0, 0, 1, 1, 1] * 5
    >>> old, new = [1, 2, 4, 3, 5, 6] * 5, [1, 2, 3, 4, 5, 6] * 5
    >>> table = paired_difference(labels, old, 3.5, new, 3.5)
    >>> table.query("metric == 'f1'")[["a", "b", "difference", "low", "high"]].round(2)
          a    b  difference   low  high
    2  0.67  1.0        0.33  0.12  0.55
    """
    check_level(level)
    of_a, of_b = (
        metric_estimates(labels, scores, threshold, groups, metrics=metrics, repeats=repeats)
        for scores, threshold in ((scores_a, threshold_a), (scores_b, threshold_b))
    )
    return difference_table(of_a, of_b, metrics, level=level, comparisons=comparisons)


def difference_table(
    of_a: Mapping[str, Estimates],
    of_b: Mapping[str, Estimates],
    metrics: Sequence[str],
    *,
    level: float = 0.95,
    comparisons: int = 1,
) -> pd.DataFrame:
    """Differences of estimates on the same items and blocks of groups.

    Parameters
    ----------
    of_a, of_b : mapping of str to Estimates
        With k = 1, by metric.
    metrics : sequence of str
        Keys of both.
    level : float
    comparisons : int
        As in `paired_difference`.

    Returns
    -------
    pandas.DataFrame
        As `paired_difference` returns it.

    Examples
    --------
    >>> labels, scores = [0, 1, 1] * 10, [0.2, 0.9, 0.4] * 10
    >>> from harmlib.analysis.rate_estimates import rate_estimates
    >>> of_a, of_b = (rate_estimates(labels, scores, [t]) for t in (0.1, 0.3))
    >>> difference_table(of_a, of_b, ["precision"])[["a", "b", "difference"]].round(2)
          a    b  difference
    0  0.67  1.0        0.33
    """
    rows = []
    for metric in metrics:
        apart = of_b[metric] - of_a[metric]
        values = (of_a[metric].value[0], of_b[metric].value[0], apart.value[0])
        rows.append((metric, *values, *_difference(apart, level, comparisons)))
    columns = ["metric", "a", "b", "difference", "low", "high", "corrected_low", "corrected_high"]
    return pd.DataFrame(rows, columns=[*columns, "error", "groups"])


def baseline_difference(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float | npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    repeats: npt.ArrayLike | None = None,
    metrics: Sequence[str] = METRICS,
    level: float = 0.95,
    comparisons: int = 1,
) -> pd.DataFrame:
    """Metrics of a model less those of calling everything harmful, on the same items.

    The baseline's F1 varies with the items that it is measured on, as the model's does: it loses
    the same group at a time.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 or 1, and finite.
    threshold : float or array_like, shape (n,)
        Of the model.
    groups : array_like, shape (n,), optional
        None for one group per item.
    repeats : array_like, shape (n,), optional
    metrics : sequence of str
    level : float
    comparisons : int
        These four as in `paired_difference`.

    Returns
    -------
    pandas.DataFrame
        As `paired_difference` returns it; a is the baseline, b the model.

    Raises
    ------
    ValueError
        As `paired_difference`.

    Examples
    --------
    >>> table = baseline_difference([0, 1, 1] * 10, [0.2, 0.9, 0.4] * 10, 0.3)
    >>> table.query("metric == 'f1'")[["a", "b", "difference"]].round(2)
         a    b  difference
    2  0.8  1.0         0.2
    """
    everything = np.ones(np.size(labels))
    return paired_difference(
        labels, everything, 0.5, scores, threshold, groups,
        repeats=repeats, metrics=metrics, level=level, comparisons=comparisons,
    )  # fmt: skip


def _difference(
    apart: Estimates, level: float, comparisons: int
) -> tuple[float, float, float, float, float, int]:
    """Both intervals, the standard error and the groups of one difference."""
    corrected = corrected_level(comparisons, 1 - level)
    ends = [apart.interval("difference", at) for at in (level, corrected)]
    low, high, corrected_low, corrected_high = (float(end[0]) for pair in ends for end in pair)
    known = np.nan if np.isnan(low) else float(apart.error[0])
    return low, high, corrected_low, corrected_high, known, int(apart.units[0])
