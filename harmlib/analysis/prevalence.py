"""What a threshold is worth where harmful items are rarer, or more frequent, than in the data.

Recall and the false-positive rate belong to the classifier, as long as harmful items look as the
harmful ones here, and safe as safe. Precision and the flagged share belong to the mixture as well:
at prevalence q, with recall r and false-positive rate f,

    precision = q r / (q r + (1 - q) f)        flagged share = q r + (1 - q) f

References
----------
Elkan (2001), The Foundations of Cost-Sensitive Learning, IJCAI; Saerens, Latinne & Decaestecker
(2002), Adjusting the outputs of a classifier to new a priori probabilities, Neural Comput. 14:21.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from harmlib.analysis.checks import FloatArray, check_scored
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.independent_difference import independent_difference
from harmlib.analysis.objectives import Objective
from harmlib.analysis.rate_estimates import rate_estimates
from harmlib.analysis.rates import COUNTS, rates_table
from harmlib.analysis.thresholds import sweep

# Even steps on a logarithmic scale, as people write them.
PREVALENCES = (
    0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2,
    0.3, 0.5, 0.7, 0.8, 0.9,
)  # fmt: skip


def precision_at_prevalences(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float,
    prevalences: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Precision and flagged share at other harmful shares than that of these items.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    scores : array_like, shape (n,)
        Finite. The rule is `score > threshold`.
    threshold : float
        Finite.
    prevalences : array_like, shape (k,)
        Harmful shares, in (0, 1).
    groups : array_like, shape (n,), optional
        Items of one group are left out together; None: each item is a group.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        One row per prevalence, in their order: prevalence, precision, low, high, flagged_share,
        flagged_low, flagged_high (fractions). Precision is 0 where nothing is flagged. The ends are
        NaN where fewer than MIN_GROUPS groups hold a harmful, or a safe, item; all is NaN where
        there is none.

    Raises
    ------
    ValueError
        A prevalence outside (0, 1), groups that do not fit, or what `sweep` refuses.

    Notes
    -----
    The odds of precision are q / (1 - q) x r / f: only r / f is estimated. Its interval, and that
    of the flagged share, combine the intervals of r and of f (`jackknife_interval`) by MOVER (Zou &
    Donner 2008, Stat. Med. 27:1693; for ratios on the log scale). It takes r and f as unrelated,
    though they come from the same groups: where these flag much or little as a whole, r and f rise
    together, and the interval is rather too wide. Where f is 0, the lower end takes the lower end
    of r and the upper end of f.

    Examples
    --------
    >>> labels, scores = [0, 1, 1, 1] * 20, [0.2, 0.9, 0.8, 0.7, 0.6, 0.9, 0.8, 0.3] * 10
    >>> table = precision_at_prevalences(labels, scores, 0.5, [0.01, 0.75])
    >>> table[["prevalence", "precision", "low", "high", "flagged_share"]].round(3)
       prevalence  precision    low   high  flagged_share
    0        0.01      0.017  0.011  0.030          0.503
    1        0.75      0.833  0.770  0.901          0.750
    """
    harmful, _ = check_scored(labels, scores)
    rates = rate_estimates(labels, scores, [threshold], groups)
    table = mixtures(rates["recall"], rates["specificity"], prevalences, level=level)
    if not 0 < harmful.sum() < len(harmful):
        table[[name for name in table if name != "prevalence"]] = np.nan
    return table


def mixtures(
    recall: Estimates, specificity: Estimates, prevalences: npt.ArrayLike, *, level: float = 0.95
) -> pd.DataFrame:
    """Precision and flagged share at harmful shares, from a classifier's two rates.

    Parameters
    ----------
    recall, specificity : Estimates
        With k = 1, as `rate_estimates.rates_at` returns them, of items of both classes.
    prevalences : array_like, shape (k,)
        Harmful shares, in (0, 1).
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        As `precision_at_prevalences` returns it.

    Raises
    ------
    ValueError
        A prevalence outside (0, 1).

    Examples
    --------
    >>> from harmlib.analysis.rate_estimates import rates_at
    >>> found = rates_at([0, 1] * 20, [0.2, 0.9, 0.6, 0.8] * 10, 0.5)
    >>> table = mixtures(found["recall"], found["specificity"], [0.5, 0.1])
    >>> table["precision"].round(2).tolist()
    [0.67, 0.18]
    """
    mixed = _checked(prevalences)
    r, f = recall.value[0], 1 - specificity.value[0]
    r_ends = np.concatenate(recall.interval("share", level))
    f_ends = 1 - np.concatenate(specificity.interval("share", level))[::-1]
    low, high = _log_ratio_interval(r, r_ends, f, f_ends)
    odds = logit(mixed)
    flagged, flagged_low, flagged_high = mixed_rates(mixed, r, r_ends, f, f_ends)
    return pd.DataFrame(
        {
            "prevalence": mixed,
            "precision": precision_at(r, f, mixed),
            "low": expit(odds + low),
            "high": expit(odds + high),
            "flagged_share": flagged,
            "flagged_low": flagged_low,
            "flagged_high": flagged_high,
        }
    )


def precision_at(
    recall: npt.ArrayLike, false_positive_rate: npt.ArrayLike, prevalence: npt.ArrayLike
) -> FloatArray:
    """Precision from two rates of the classifier and the harmful share of the items it sees.

    Parameters
    ----------
    recall, false_positive_rate, prevalence : array_like, shapes that broadcast
        Fractions.

    Returns
    -------
    ndarray of float64
        0 where nothing is flagged.

    Examples
    --------
    >>> precision_at(0.9, 0.257, [0.72, 0.1, 0.01]).round(3).tolist()
    [0.9, 0.28, 0.034]
    """
    q = np.asarray(prevalence, float)
    hits, alarms = q * np.asarray(recall), (1 - q) * np.asarray(false_positive_rate)
    flagged = hits + alarms
    precision: FloatArray = np.zeros_like(flagged)
    np.divide(hits, flagged, out=precision, where=flagged != 0)
    return precision


def mixed_rates(
    share: npt.ArrayLike, a: float, a_ends: FloatArray, b: float, b_ends: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The mean of a rate of one class and a rate of the other, and its interval.

    Parameters
    ----------
    share : array_like, shape (k,)
        Weight of `a`, in [0, 1]; that of `b` is the rest.
    a, b : float
        Fractions.
    a_ends, b_ends : ndarray of float64, shape (2,)
        The ends of their intervals.

    Returns
    -------
    value, low, high : ndarray of float64, shape (k,)

    Notes
    -----
    MOVER (Zou & Donner 2008): the distances of the ends add in squares, as for unrelated rates.

    Examples
    --------
    >>> ends = np.array([0.8, 1.0]), np.array([0.0, 0.4])
    >>> [end.round(2).tolist() for end in mixed_rates([0.5, 1], 0.9, ends[0], 0.1, ends[1])]
    [[0.5, 0.9], [0.43, 0.8], [0.66, 1.0]]
    """
    weight = np.asarray(share, float)
    value = weight * a + (1 - weight) * b
    below, above = (
        np.hypot(weight * (a - a_ends[i]), (1 - weight) * (b - b_ends[i])) for i in (0, 1)
    )
    return value, value - below, value + above


def at_prevalence(rows: pd.DataFrame, prevalence: float) -> pd.DataFrame:
    """Counts and rates of a sweep, were `prevalence` of as many items harmful.

    Parameters
    ----------
    rows : DataFrame
        As `sweep` returns it, of items of both classes; of one class it stays as it is.
    prevalence : float
        In (0, 1).

    Returns
    -------
    DataFrame
        The same thresholds; counts are floats.

    Raises
    ------
    ValueError
        A prevalence outside (0, 1).

    Examples
    --------
    >>> rows = sweep([0, 1, 1, 1], [0.6, 0.7, 0.8, 0.9], [0.5])
    >>> at_prevalence(rows, 0.5)[["tp", "fp", "precision", "recall"]]
        tp   fp  precision  recall
    0  2.0  2.0        0.5     1.0
    """
    (wanted,) = _checked([prevalence])
    tp, fp, fn, tn = (rows[name].to_numpy(np.float64) for name in COUNTS)
    harmful, safe = tp[0] + fn[0], fp[0] + tn[0]
    if 0 in (harmful, safe):
        return rows
    heavy, light = (
        share * (harmful + safe) / count for share, count in ((wanted, harmful), (1 - wanted, safe))
    )
    return rates_table(rows["threshold"].to_numpy(), heavy * tp, light * fp, heavy * fn, light * tn)


def threshold_at_prevalence(
    labels: npt.ArrayLike, scores: npt.ArrayLike, prevalence: float
) -> float:
    """The threshold with the highest F1 if `prevalence` of the items were harmful.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1; of validation.
    scores : array_like, shape (n,)
        Finite.
    prevalence : float
        Harmful share, in (0, 1).

    Returns
    -------
    float
        Of every attainable threshold, the lowest of equally good ones; NaN where one class is
        missing.

    Raises
    ------
    ValueError
        A prevalence outside (0, 1), or what `sweep` refuses.

    Notes
    -----
    Each harmful item counts prevalence / (their share), each safe one (1 - prevalence) / (theirs):
    the mixture is changed, the classes are not (Elkan 2001). At a low prevalence each safe item
    counts for many: the threshold hangs on the few safe items that score highest, and is worth less
    the fewer they are.

    Examples
    --------
    >>> labels, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.6, 0.5, 0.8, 0.9]
    >>> threshold_at_prevalence(labels, scores, 0.5), threshold_at_prevalence(labels, scores, 0.01)
    (0.35, 0.7)
    """
    (wanted,) = _checked([prevalence])
    harmful, _ = check_scored(labels, scores)
    share = harmful.mean()
    if share in (0, 1):
        return float("nan")
    weights = np.where(harmful, wanted / share, (1 - wanted) / (1 - share))
    rows = sweep(labels, scores, weights=weights)
    objective = Objective.parse("f1")
    best = objective.best(objective.gain(rows).to_numpy(), rows["fp"])
    return float(rows["threshold"].to_numpy()[np.argmax(best)])


def _log_ratio_interval(
    r: float, r_ends: FloatArray, f: float, f_ends: FloatArray
) -> tuple[float, float]:
    """The ends of log(r / f), from the values and ends of both; NaN where those are."""
    if np.isnan([*r_ends, *f_ends]).any():
        return np.nan, np.nan
    with np.errstate(divide="ignore"):
        log_r, log_f = np.log(r_ends), np.log(f_ends)
        at_r, at_f = np.log(r), np.log(f)
    low = log_r[0] - log_f[1]  # where r or f is 0, and one end is all that is known
    high = log_r[1] - log_f[0]
    if r > 0 and f > 0:
        _, low, high = independent_difference((at_f, *log_f), (at_r, *log_r))
    return float(low), float(high)


def _checked(prevalences: npt.ArrayLike) -> FloatArray:
    mixed = np.asarray(prevalences, float)
    outside = mixed[~((mixed > 0) & (mixed < 1))]
    if outside.size:
        raise ValueError(f"prevalence {outside[0]} is no fraction between 0 and 1")
    return mixed
