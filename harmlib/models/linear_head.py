"""The linear head: a logistic regression with an L2 penalty, fitted to its one optimum."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import torch

from harmlib.models.classifier import HarmfulClassifier, LastLayer
from harmlib.models.training import Split

Floats = npt.NDArray[np.float64]
_ITERATIONS = 2000  # far more than it takes
# Of the largest derivative, on the mean loss: of a fit that is kept, and of one to compare
EXACT, COMPARED = 1e-6, 1e-5


def balanced(features: torch.Tensor, dims: dict[str, int], backbones: tuple[str, ...]) -> Floats:
    """The columns of some backbones, each divided by the root of its backbone's number of columns.

    So the penalty treats a backbone as a whole: a long vector is not cheaper to use than a short
    one.

    Parameters
    ----------
    features : torch.Tensor
        (n, sum of dims), scaled.
    dims : dict of str to int
        Length of each backbone's vector, in the order in which the vectors are joined.
    backbones : tuple of str
        Which of them.

    Returns
    -------
    ndarray of float64
        (n, sum of their dims).

    Examples
    --------
    >>> balanced(torch.ones(1, 5), {"clip": 4, "yolo": 1}, ("clip",)).tolist()
    [[0.5, 0.5, 0.5, 0.5]]
    """
    parts = dict(zip(dims, torch.split(features.double(), list(dims.values()), dim=1), strict=True))
    return np.hstack([(parts[name] / dims[name] ** 0.5).numpy() for name in backbones])


def fit_logistic(
    columns: Floats,
    labels: npt.NDArray[np.int64],
    penalty: float,
    pos_weight: float = 1.0,
) -> tuple[Floats, float]:
    """Minimise the summed log loss + penalty / 2 * the squared length of the weights.

    Parameters
    ----------
    columns : ndarray of float64, shape (n, d)
    labels : ndarray of int, shape (n,)
        0 and 1, both of them.
    penalty : float
        Above 0. The bias is not penalised.
    pos_weight : float
        Weight of a harmful item relative to a safe one.

    Returns
    -------
    weights : ndarray of float64, shape (d,)
    bias : float

    Examples
    --------
    >>> weights, bias = fit_logistic(np.array([[-1.0], [1.0]]), np.array([0, 1]), 1.0)
    >>> weights.round(3).tolist()
    [0.675]
    """
    from sklearn.linear_model import LogisticRegression  # a second that a prediction spares

    model = LogisticRegression(
        C=1 / penalty,
        class_weight=None if pos_weight == 1 else {0: 1.0, 1: pos_weight},
        tol=EXACT,
        max_iter=_ITERATIONS,
    )
    model.fit(columns, labels)
    return model.coef_[0], float(model.intercept_[0])


def fit_side_by_side(
    columns: Floats,
    labels: npt.NDArray[np.int64],
    rows: npt.NDArray[np.bool_],
    penalties: Floats,
    pos_weight: float = 1.0,
) -> Floats:
    """Fit many logistic regressions on parts of the same items, as one computation.

    The sum of their losses is one smooth function of all their weights, so one optimiser serves
    them all, and a step of it is one matrix product instead of many small ones.

    Parameters
    ----------
    columns : ndarray of float64, shape (n, d)
    labels : ndarray of int, shape (n,)
        0 and 1.
    rows : ndarray of bool, shape (k, n)
        The items that each of the k fits learns from, of both classes.
    penalties : ndarray of float64, shape (k,)
        Above 0, as in `fit_logistic`.
    pos_weight : float
        As in `fit_logistic`.

    Returns
    -------
    ndarray of float64, shape (n, k)
        Logits of all items, right to a hundredth where columns are scaled as `balanced` does it.

    Warns
    -----
    ConvergenceWarning
        If the optimiser gave up before.

    Examples
    --------
    >>> columns, labels = np.array([[-1.0], [1.0]]), np.array([0, 1])
    >>> rows = np.ones((2, 2), bool)
    >>> fit_side_by_side(columns, labels, rows, np.array([1.0, 10.0])).round(2).tolist()
    [[-0.67, -0.1], [0.67, 0.1]]
    """
    import scipy.optimize  # half a second that a prediction spares

    weight = rows.T * np.where(labels == 1, pos_weight, 1.0)[:, None]
    total = weight.sum(axis=0)
    weight, shrink, harmful = weight / total, penalties / total, labels[:, None]
    # An optimiser's steps suit derivatives that change at one pace in all directions.
    pace = np.vstack([columns.T**2 @ weight / 4 + shrink, np.full(len(total), 0.25)]) ** -0.5

    def summed(flat: Floats) -> tuple[float, Floats]:
        fitted = flat.reshape(pace.shape) * pace
        logits = columns @ fitted[:-1] + fitted[-1]
        losses = np.logaddexp(0, np.where(harmful, -logits, logits))
        away = weight * (scipy.special.expit(logits) - harmful)
        slope = np.vstack([columns.T @ away + shrink * fitted[:-1], away.sum(axis=0)])
        value = (weight * losses).sum() + (shrink * fitted[:-1] ** 2).sum() / 2
        return float(value), (slope * pace).ravel()

    found = scipy.optimize.minimize(
        summed,
        np.zeros(pace.size),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": COMPARED, "ftol": 0.0, "maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS},
    )
    if not found.success:
        from sklearn.exceptions import ConvergenceWarning

        warnings.warn(f"fits are not at their optimum: {found.message}", ConvergenceWarning, 2)
    fitted = found.x.reshape(pace.shape) * pace
    logits: Floats = columns @ fitted[:-1] + fitted[-1]
    return logits


def fit_linear_head(
    split: Split,
    dims: dict[str, int],
    last_layer: LastLayer,
    penalty: float,
    pos_weight: float = 1.0,
) -> HarmfulClassifier:
    """Fit a classifier with the linear head.

    Parameters
    ----------
    split : Split
        The items to fit, of both classes.
    dims : dict of str to int
        As in `HarmfulClassifier`; all of the split's columns.
    last_layer : {"sigmoid", "logits"}
        Of the classifier; both fit the same weights.
    penalty, pos_weight : float
        As in `fit_logistic`.

    Returns
    -------
    HarmfulClassifier
        In evaluation mode, on the CPU.

    Examples
    --------
    >>> split = Split(torch.eye(4), torch.tensor([0, 1, 0, 1]), list("abcd"), list("abcd"))
    >>> classifier = fit_linear_head(split, {"clip": 4}, "logits", 0.1)
    >>> (classifier.logits(split.features) > 0).tolist()
    [False, True, False, True]
    """
    columns = balanced(split.features, dims, tuple(dims))
    weights, bias = fit_logistic(columns, split.labels.numpy(), penalty, pos_weight)
    per_column = np.repeat([dim**-0.5 for dim in dims.values()], list(dims.values()))
    classifier = HarmfulClassifier(dims, last_layer, "linear")
    classifier.load_state_dict(
        {
            "classifier.0.weight": torch.from_numpy(weights * per_column).float()[None],
            "classifier.0.bias": torch.tensor([bias]),
        }
    )
    return classifier.eval()
