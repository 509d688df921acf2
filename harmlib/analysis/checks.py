"""What callers may pass: labels, scores, weights and thresholds, checked once and in one place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Harmful = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float32 | np.float64]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class ScoresError(ValueError):
    """Labels, scores, weights or thresholds that cannot be analysed."""


class EmptyScores(ScoresError):
    """There is no item, or no threshold."""


class UnequalLengths(ScoresError):
    """Labels, scores and weights do not pair up."""


class NotOneDimensional(ScoresError):
    """An array has no axis, or more than one."""


class NonFiniteScores(ScoresError):
    """A score is NaN or infinite, or so low that no finite threshold lies below it."""


class NonFiniteThresholds(ScoresError):
    """A threshold is NaN or infinite."""


class NotBinaryLabels(ScoresError):
    """A label is neither 0 (safe) nor 1 (harmful)."""


class InvalidWeights(ScoresError):
    """A weight is negative, NaN or infinite, or all weights are zero."""


def check_scored(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[Harmful, Scores]:
    """Read labels and scores, or say what is wrong with them.

    Parameters
    ----------
    labels : array_like, shape (n,)
        1 or True for harmful, 0 or False for safe.
    scores : array_like, shape (n,)
        Finite numbers.

    Returns
    -------
    harmful : ndarray of bool, shape (n,)
    scores : ndarray of float32 or float64, shape (n,)
        In their own precision; other types than float32 and float64 become float64.

    Raises
    ------
    ScoresError
        Its subclass names the reason.

    Examples
    --------
    >>> harmful, scores = check_scored([1, 0], [2, 1])
    >>> harmful.tolist(), scores.tolist()
    ([True, False], [2.0, 1.0])
    """
    labels, scores = np.asarray(labels), np.asarray(scores)
    _check_shape("labels", labels, labels.size)
    _check_shape("scores", scores, labels.size)
    if labels.size == 0:
        raise EmptyScores("labels and scores are empty: pass at least one item")
    if scores.dtype.kind not in "fiub":
        raise ScoresError(f"scores must be numbers, got dtype {scores.dtype}: convert them first")
    if scores.dtype not in (np.float32, np.float64):
        scores = scores.astype(np.float64)
    _check_finite(NonFiniteScores, "scores", scores)
    return _check_labels(labels), scores


def check_weights(weights: npt.ArrayLike, n_items: int) -> FloatArray:
    """Read the weights of items, or say what is wrong with them.

    Parameters
    ----------
    weights : array_like, shape (n_items,)
        What each item counts for: finite, none negative, not all zero.
    n_items : int
        How many labels there are.

    Returns
    -------
    ndarray of float64, shape (n_items,)

    Raises
    ------
    ScoresError
        Its subclass names the reason.

    Examples
    --------
    >>> check_weights([1, 2], 2).tolist()
    [1.0, 2.0]
    """
    weights = np.asarray(weights, dtype=np.float64)
    _check_shape("weights", weights, n_items)
    if not (weights.min() >= 0 and np.finfo(float).tiny <= weights.sum() < np.inf):
        raise InvalidWeights("weights must be finite, none negative and not all zero")
    return weights


def check_thresholds(thresholds: npt.ArrayLike) -> FloatArray:
    """Read thresholds, or say what is wrong with them.

    Parameters
    ----------
    thresholds : array_like, shape (m,)
        Finite, in any order, at least one.

    Returns
    -------
    ndarray of float64, shape (k,)
        The distinct ones, ascending.

    Raises
    ------
    ScoresError
        Its subclass names the reason.

    Examples
    --------
    >>> check_thresholds([0.7, 0.5, 0.7]).tolist()
    [0.5, 0.7]
    """
    thresholds = np.asarray(thresholds, dtype=np.float64)
    _check_shape("thresholds", thresholds, thresholds.size)
    if thresholds.size == 0:
        raise EmptyScores("thresholds are empty: pass None to sweep every attainable threshold")
    _check_finite(NonFiniteThresholds, "thresholds", thresholds)
    return np.unique(thresholds)


def check_level(level: float) -> float:
    """Read the confidence level of an interval.

    Parameters
    ----------
    level : float
        In (0, 1).

    Returns
    -------
    float
        The same.

    Raises
    ------
    ValueError
        It lies outside.

    Examples
    --------
    >>> check_level(95)
    Traceback (most recent call last):
        ...
    ValueError: level is 95; it must lie between 0 and 1, like 0.95
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1, like 0.95")
    return level


def _check_labels(labels: npt.NDArray[np.generic]) -> Harmful:
    if labels.dtype.kind not in "fiub":
        raise NotBinaryLabels(
            f"labels must be 0 (safe) or 1 (harmful), got dtype {labels.dtype}: convert them first"
        )
    harmful: Harmful = np.equal(labels, 1)
    if np.count_nonzero(labels) != np.count_nonzero(harmful):
        at = int(np.argmax((labels != 0) & ~harmful))
        raise NotBinaryLabels(f"labels[{at}] is {labels[at]}, must be 0 (safe) or 1 (harmful)")
    return harmful


def _check_shape(name: str, values: npt.NDArray[np.generic], size: int) -> None:
    if values.ndim != 1:
        raise NotOneDimensional(f"{name} must have one axis, got shape {values.shape}")
    if values.size != size:
        raise UnequalLengths(f"{size} labels but {values.size} {name}: they must pair up")


def _check_finite(error: type[ScoresError], name: str, values: Scores) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        at = int(np.argmax(bad))
        raise error(
            f"{name}[{at}] is {values[at]} ({np.count_nonzero(bad)} of {values.size} are not "
            "finite): drop those items, with a line in the ledger, or score them again"
        )
