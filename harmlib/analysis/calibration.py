"""Calibrating probabilities after training: fitted on validation, judged on test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy
from scipy.special import expit

from harmlib.analysis.checks import FloatArray, check_scored
from harmlib.analysis.reliability import calibration_intervals

if TYPE_CHECKING:
    from sklearn.isotonic import IsotonicRegression

TEMPERATURES = (0.05, 20.0)


def fit_temperature(labels: npt.ArrayLike, logits: npt.ArrayLike, pos_weight: float = 1.0) -> float:
    """The temperature T at which the calibrated probabilities are most likely.

    T > 1 tempers overconfidence, T < 1 sharpens. The order of the items stays, and so does every
    confusion matrix at the mapped threshold.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1.
    logits : array_like, shape (n,)
        Finite.
    pos_weight : float
        Weight of the harmful class in training, which the calibration undoes; 1 is no weighting.

    Returns
    -------
    float
        Within TEMPERATURES. An end of that range means that the labels do not determine T: they
        can be separated, or the scores carry no information.

    Raises
    ------
    ValueError
        What `sweep` refuses, or a weight that is not positive and finite.

    References
    ----------
    Guo et al. (2017), On Calibration of Modern Neural Networks, sec. 4.2.

    Examples
    --------
    >>> round(fit_temperature([0, 1, 1, 0, 1], [-2.0, 3.0, -1.0, 1.0, 2.0]), 2)
    1.61
    """
    harmful, checked = check_scored(labels, logits)
    _check_weight(pos_weight)
    sign = np.where(harmful, 1.0, -1.0)

    def loss(log_temperature: float) -> float:
        shifted = checked / np.exp(log_temperature) - np.log(pos_weight)
        return float(np.logaddexp(0, -sign * shifted).mean())

    found = scipy.optimize.minimize_scalar(
        loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-8}
    )
    return float(np.exp(found.x))


def calibrated_probability(
    logits: npt.ArrayLike, temperature: float, pos_weight: float = 1.0
) -> FloatArray:
    """Temper the logits, then undo the weight of the loss: sigmoid(logit / T - log(pos_weight)).

    Parameters
    ----------
    logits : array_like, shape (...)
        Finite.
    temperature : float
        Of `fit_temperature` with the same weight.
    pos_weight : float
        Weight of the harmful class in training; 1 is no weighting.

    Returns
    -------
    ndarray of float64, shape (...)
        In [0, 1].

    Raises
    ------
    ValueError
        A weight that is not positive and finite.

    Notes
    -----
    In this order: tempered, the logits of a weighted model are those of a world in which the
    harmful class is `pos_weight` times as frequent, and its odds are mapped back exactly (see
    `unweighted_probability`). Temperature alone can't do that, as it leaves a probability of 0.5
    where it is.

    Examples
    --------
    >>> calibrated_probability([-1.0, 0.0, 1.0], 1.0, pos_weight=0.25).round(2).tolist()
    [0.6, 0.8, 0.92]
    """
    tempered = expit(np.asarray(logits, float) / temperature)
    return unweighted_probability(tempered, pos_weight)


def fit_platt(
    labels: npt.ArrayLike, logits: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[float, float]:
    """Slope and offset of the logistic regression of the labels on the logit.

    Parameters
    ----------
    labels : array_like, shape (n,)
        0 or 1, both present.
    logits : array_like, shape (n,)
        Finite.
    weights : array_like, shape (n,), optional
        How many items each item counts for; None for 1.

    Returns
    -------
    slope, offset : float
        The probability is sigmoid(slope x logit + offset).

    Raises
    ------
    ValueError
        Labels of one class, or what `sweep` refuses.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; here without his smoothing of
    the labels, and all but without a penalty.

    Examples
    --------
    >>> slope, offset = fit_platt([0, 1, 1, 0, 1], [-2.0, 3.0, -1.0, 1.0, 2.0])
    >>> round(slope, 2), round(offset, 2)
    (0.6, 0.15)
    """
    harmful, checked = check_scored(labels, logits)
    if harmful.all() or not harmful.any():
        raise ValueError(f"all {len(harmful)} labels are {int(harmful[0])}; pass both classes")
    # Nearly unpenalised: without any penalty, classes that can be separated have no finite answer
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e4, solver="newton-cholesky").fit(
        checked.astype(float)[:, None], harmful, weights
    )
    return float(model.coef_[0, 0]), float(model.intercept_[0])


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
    from sklearn.isotonic import IsotonicRegression

    return IsotonicRegression(out_of_bounds="clip").fit(checked, harmful)


def compare_calibrations(
    validation_labels: npt.ArrayLike,
    validation_logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    logits: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    pos_weight: float = 1.0,
    bins: int = 5,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Brier score and calibration error on test, before and after calibration on validation.

    Parameters
    ----------
    validation_labels, validation_logits : array_like, shape (m,)
        0 or 1, and finite; the calibrations are fitted on them.
    labels, logits : array_like, shape (n,)
        0 or 1, and finite; of the test items.
    groups : array_like, shape (n,), optional
        Of the test items; those of one group are left out together. None for one group per item.
    pos_weight : float
        Weight of the harmful class in training; 1 is no weighting.
    bins : int
        Of equal width, for the calibration error.
    level : float
        Of the intervals, in (0, 1).
    seed : int
        Of the random signs of `calibration_intervals`.

    Returns
    -------
    pandas.DataFrame
        One row per method and metric (brier, calibration_error): method, metric, value, low, high,
        p_calibrated. The methods: none (as trained), temperature, unweighted (`pos_weight` undone
        too; left out where it is 1), platt (left out where validation has one class), isotonic.

    Raises
    ------
    ValueError
        What `sweep` refuses, groups that do not fit, or a weight that is not positive and finite.

    Examples
    --------
    >>> labels, logits = [0, 1, 1, 0, 1] * 8, [-2.0, 3.0, -1.0, 1.0, 2.0] * 8
    >>> table = compare_calibrations(labels, logits, labels, logits)
    >>> table[table["metric"] == "brier"].round(2)
            method metric  value   low  high  p_calibrated
    0         none  brier   0.22  0.15  0.31           NaN
    2  temperature  brier   0.19  0.14  0.26           NaN
    4        platt  brier   0.19  0.14  0.26           NaN
    6     isotonic  brier   0.10  0.07  0.15           NaN
    """
    fitted = np.asarray(validation_labels), np.asarray(validation_logits)
    _, checked = check_scored(labels, logits)
    checked = checked.astype(float)
    methods = {
        "none": expit(checked),
        "temperature": calibrated_probability(checked, fit_temperature(*fitted)),
    }
    if pos_weight != 1:
        temperature = fit_temperature(*fitted, pos_weight)
        methods["unweighted"] = calibrated_probability(checked, temperature, pos_weight)
    if len(np.unique(fitted[0])) > 1:
        slope, offset = fit_platt(*fitted)
        methods["platt"] = expit(slope * checked + offset)
    methods["isotonic"] = fit_isotonic(*fitted).predict(checked)
    tables = [
        calibration_intervals(
            labels, probabilities, groups, bins=bins, level=level, seed=seed
        ).assign(method=method)
        for method, probabilities in methods.items()
    ]
    joined = pd.concat(tables, ignore_index=True)
    return joined[["method", *joined.columns.drop("method")]]


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
    _check_weight(pos_weight)
    return weighted / (weighted + pos_weight * (1 - weighted))


def _check_weight(pos_weight: float) -> None:
    if not (np.isfinite(pos_weight) and pos_weight > 0):
        raise ValueError(f"pos_weight is {pos_weight}; it must be a positive number")
