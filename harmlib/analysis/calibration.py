"""Whether probabilities mean what they say: reliability, and calibration after training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from harmlib.analysis.checks import FloatArray, Harmful, check_scored
from harmlib.analysis.resampling import draw_groups, group_codes, interval
from harmlib.analysis.wilson import wilson_interval

TEMPERATURES = (0.05, 20.0)


def reliability_table(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike, *, bins: int = 10, level: float = 0.95
) -> pd.DataFrame:
    """What was predicted against what was observed, in bins of equal width.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    probabilities : array_like, shape (n,)
        In [0, 1].
    bins : int
        At least 1. A bin holds low <= p < high; the last one holds 1, too.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row per bin: low, high, count, mean_probability, observed_share (of harmful items),
        observed_low, observed_high (Wilson's interval, which takes items as independent). The last
        four are NaN where the bin is empty.

    Raises
    ------
    ValueError
        Probabilities outside [0, 1], or what `sweep` refuses.

    Examples
    --------
    >>> table = reliability_table([0, 1, 1, 0, 1], [0.0, 0.1, 0.5, 0.5, 1.0], bins=2)
    >>> table[["low", "high", "count", "observed_share", "observed_low", "observed_high"]].round(2)
       low  high  count  observed_share  observed_low  observed_high
    0  0.0   0.5      2            0.50          0.09           0.91
    1  0.5   1.0      3            0.67          0.21           0.94
    """
    harmful, checked = _checked_probabilities(labels, probabilities)
    edges, place = _binned(checked, bins)
    count = np.bincount(place, minlength=bins)
    n = np.where(count, count, np.nan)
    hits = np.bincount(place, weights=harmful, minlength=bins)
    low, high = wilson_interval(hits, count, level)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
            "mean_probability": np.bincount(place, weights=checked, minlength=bins) / n,
            "observed_share": hits / n,
            "observed_low": low,
            "observed_high": high,
        }
    )


def calibration_intervals(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    bins: int = 10,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Brier score and expected calibration error (ECE), with group bootstrap intervals.

    Lower is better for both.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1; one class alone is allowed.
    probabilities : array_like, shape (n,)
        In [0, 1].
    groups : array_like, shape (n,), optional
        Items of one group are drawn together; None for one group per item.
    bins : int
        Of equal width, for the ECE.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    pandas.DataFrame
        One row per metric (brier, ece): metric, value, low, high.

    Raises
    ------
    ValueError
        Probabilities outside [0, 1], fewer than two groups, or what `sweep` refuses.

    Notes
    -----
    brier: mean of (probability - label)^2 (Brier 1950, Mon. Weather Rev. 78:1). ece: mean of
    ``|predicted - observed|`` over the bins, weighted by their counts (Guo et al. 2017, On
    Calibration of Modern Neural Networks, eq. 3). In a finite sample the ECE of a perfect model is
    above 0, and higher still in a resample: its interval tends to lie too high.

    Examples
    --------
    >>> calibration_intervals([0, 1, 1, 0] * 9, [0.2, 0.9, 0.4, 0.3] * 9, bins=2).round(2)
      metric  value   low  high
    0  brier   0.12  0.08  0.17
    1    ece   0.05  0.02  0.16
    """
    harmful, checked = _checked_probabilities(labels, probabilities)
    codes, n_groups = group_codes(groups, len(harmful))
    cells = codes * bins + _binned(checked, bins)[1]
    # ECE x n is the sum of |gap| over the bins
    gap = np.bincount(cells, checked - harmful, minlength=n_groups * bins).reshape(n_groups, bins)
    table = np.column_stack([gap, np.bincount(codes, (checked - harmful) ** 2), np.bincount(codes)])
    blocks = draw_groups(n_groups, resamples, seed, width=table.shape[1])
    sums = np.concatenate([counts @ table for counts in blocks])
    draws = {"brier": sums[:, -2], "ece": np.abs(sums[:, :bins]).sum(axis=1)}
    rows = []
    for metric, total in draws.items():
        values = total / sums[:, -1]
        rows.append((metric, values[0], *interval(values[1:], level)[:2]))
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high"])


def fit_temperature(labels: npt.ArrayLike, logits: npt.ArrayLike) -> float:
    """The temperature T at which the probabilities expit(logit / T) are most likely.

    T > 1 tempers overconfidence, T < 1 sharpens. The order of the items stays, and so does every
    confusion matrix at the mapped threshold.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    logits : array_like, shape (n,)
        Finite.

    Returns
    -------
    float
        Within TEMPERATURES. An end of that range means that the labels do not determine T: they
        can be separated, or the scores carry no information.

    Raises
    ------
    ValueError
        What `sweep` refuses.

    References
    ----------
    Guo et al. (2017), On Calibration of Modern Neural Networks, sec. 4.2.

    Examples
    --------
    >>> round(fit_temperature([0, 1, 1, 0, 1], [-2.0, 3.0, -1.0, 1.0, 2.0]), 2)
    1.61
    """
    harmful, checked = check_scored(labels, logits)
    signed = np.where(harmful, checked, -checked).astype(float)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -signed / np.exp(log_temperature)).mean())

    found = minimize_scalar(
        loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-8}
    )
    return float(np.exp(found.x))


def fit_isotonic(labels: npt.ArrayLike, logits: npt.ArrayLike) -> IsotonicRegression:
    """A rising step function from logit to probability; use `.predict(logits)`.

    It gives equal probabilities to items that the model ranked, and needs a few hundred validation
    items not to overfit.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    logits : array_like, shape (n,)
        Finite.

    Returns
    -------
    IsotonicRegression
        Fitted; logits beyond those seen get the probability of the nearest one.

    Raises
    ------
    ValueError
        What `sweep` refuses.

    References
    ----------
    Zadrozny & Elkan (2002), Transforming classifier scores into accurate multiclass probability
    estimates, KDD.

    Examples
    --------
    >>> fit_isotonic([0, 1, 0, 1], [-2.0, -1.0, 0.0, 1.0]).predict([-1.0, 0.0, 5.0]).tolist()
    [0.5, 0.5, 1.0]
    """
    harmful, checked = check_scored(labels, logits)
    return IsotonicRegression(out_of_bounds="clip").fit(checked, harmful)


def compare_calibrations(
    validation_labels: npt.ArrayLike,
    validation_logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    logits: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    bins: int = 10,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Brier score and ECE on test, as trained and after each calibration fitted on validation.

    Parameters
    ----------
    validation_labels, validation_logits : array_like, shape (m,)
        0 or 1, and finite; the calibrations are fitted on them.
    labels, logits : array_like, shape (n,)
        0 or 1, and finite; of the test items.
    groups : array_like, shape (n,), optional
        Of the test items; those of one group are drawn together. None for one group per item.
    bins : int
        Of equal width, for the ECE.
    resamples : int
        At least 1.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        The same seed and groups give the same draws.

    Returns
    -------
    pandas.DataFrame
        One row per method (none, temperature, isotonic) and metric (brier, ece): method, metric,
        value, low, high.

    Raises
    ------
    ValueError
        What `sweep` refuses, or fewer than two groups.

    Examples
    --------
    >>> labels, logits = [0, 1, 1, 0, 1] * 8, [-2.0, 3.0, -1.0, 1.0, 2.0] * 8
    >>> compare_calibrations(labels, logits, labels, logits, resamples=200).round(2)
            method metric  value   low  high
    0         none  brier   0.22  0.15  0.30
    1         none    ece   0.35  0.26  0.45
    2  temperature  brier   0.19  0.14  0.25
    3  temperature    ece   0.38  0.31  0.45
    4     isotonic  brier   0.10  0.07  0.14
    5     isotonic    ece   0.00  0.00  0.11
    """
    _, checked = check_scored(labels, logits)
    checked = checked.astype(float)
    temperature = fit_temperature(validation_labels, validation_logits)
    methods = {
        "none": expit(checked),
        "temperature": expit(checked / temperature),
        "isotonic": fit_isotonic(validation_labels, validation_logits).predict(checked),
    }
    tables = [
        calibration_intervals(
            labels, probabilities, groups, bins=bins, resamples=resamples, level=level, seed=seed
        ).assign(method=method)
        for method, probabilities in methods.items()
    ]
    columns = ["method", "metric", "value", "low", "high"]
    return pd.concat(tables, ignore_index=True)[columns]


def unweighted_probability(probability: npt.ArrayLike, pos_weight: float) -> FloatArray:
    """Probabilities of a model trained with `pos_weight`, on the scale of one trained without.

    Thresholds are mapped in the same way. The mapping is exact for calibrated models, and a guide
    for others.

    Parameters
    ----------
    probability : array_like, shape (...)
        Probabilities or thresholds, in [0, 1].
    pos_weight : float
        Weight of the harmful class in training, positive; 1 changes nothing.

    Returns
    -------
    ndarray of float64, shape (...)
        p / (p + w (1 - p)), in [0, 1].

    Raises
    ------
    ValueError
        A probability outside [0, 1], or a weight that is not positive and finite.

    Notes
    -----
    Weighting the harmful class by w multiplies the odds that a calibrated model learns by w (Elkan
    2001, The Foundations of Cost-Sensitive Learning, Theorem 2). This divides them by w.

    Examples
    --------
    >>> float(unweighted_probability(0.5, 0.25))
    0.8
    """
    weighted = np.asarray(probability, float)
    if not ((weighted >= 0) & (weighted <= 1)).all():
        raise ValueError(f"probability is {weighted}; it must lie in [0, 1]")
    if not (np.isfinite(pos_weight) and pos_weight > 0):
        raise ValueError(f"pos_weight is {pos_weight}; it must be a positive number")
    return weighted / (weighted + pos_weight * (1 - weighted))


def _checked_probabilities(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike
) -> tuple[Harmful, FloatArray]:
    harmful, checked = check_scored(labels, probabilities)
    if checked.min() < 0 or checked.max() > 1:
        raise ValueError(
            f"probabilities range from {checked.min()} to {checked.max()}; "
            "they must lie in [0, 1] (are these logits?)"
        )
    return harmful, checked.astype(float)


def _binned(probabilities: FloatArray, bins: int) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Edges (bins + 1,) and the bin of each probability."""
    edges = np.arange(bins + 1) / bins  # linspace has 0.30000000000000004, which 0.3 falls short of
    return edges, np.searchsorted(edges[1:-1], probabilities, side="right")
