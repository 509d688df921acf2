"""Choose a variant's recipe by cross-validation over groups, inside the items it is developed on.

Items that test a classifier must have no part in any of this: the caller hands over the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.models.linear_head import Floats, balanced, fit_side_by_side
from harmlib.models.recipe import Recipe
from harmlib.models.training import Split

INNER_FOLDS = 5
_STANDARD_ERRORS = 1.0  # what is this close to the best may be as good, so the simplest of it wins
_NO_DIRECTION = 1e-10  # of the largest: what rounding leaves of a direction without items

Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]  # rows to train on, rows held out


class TooFewGroups(ValueError):
    """A class lies in so few groups that none can be held out."""


@dataclass(frozen=True)
class Selection:
    """What was compared, and what was chosen.

    Attributes
    ----------
    recipe : Recipe
        The chosen one.
    table : pandas.DataFrame
        One row per recipe: backbones, penalty, log_loss, difference (from the lowest), error (its
        standard error over groups), chosen.
    logits : ndarray of float64, shape (n,)
        Of the chosen recipe: each item scored by a classifier that never saw its group.
    """

    recipe: Recipe
    table: pd.DataFrame
    logits: Floats


def inner_folds(
    labels: npt.NDArray[np.int64], groups: npt.NDArray[np.object_], seed: int
) -> list[Fold]:
    """Cut items into folds whose groups are kept together, each with both classes to train on.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        0 or 1.
    groups : ndarray of object, shape (n,)
        The source of each item.
    seed : int
        Another seed gives other folds.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        The rows to train on and the rows held out: as many as leave both classes to train on, at
        most `INNER_FOLDS`. Each row is held out once.

    Raises
    ------
    TooFewGroups
        If no folds do.

    Examples
    --------
    >>> labels, groups = np.array([0, 1] * 4), np.array(list("aabbccdd"), dtype=object)
    >>> [len(held) for _, held in inner_folds(labels, groups, seed=1)]
    [2, 2, 2, 2]
    """
    from sklearn.model_selection import StratifiedGroupKFold

    possible = min(INNER_FOLDS, len(set(groups)), *np.bincount(labels, minlength=2).tolist())
    for folds in range(possible, 1, -1):
        kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        cut = list(kfold.split(labels, labels, groups))
        if all(len(held) and len(set(labels[rest])) == 2 for rest, held in cut):
            return cut
    raise TooFewGroups(
        "choosing inside the training items needs both classes in several groups each; add media, "
        "use finer groups, or leave out the variants that choose (variants: {model5: null})"
    )


def choose_recipe(
    split: Split,
    dims: dict[str, int],
    recipes: Sequence[Recipe],
    folds: Sequence[Fold],
    pos_weight: float = 1.0,
) -> Selection:
    """Choose by the log loss of held-out items: the simplest within one standard error.

    Parameters
    ----------
    split : Split
        The items to choose on, n of them.
    dims : dict of str to int
        Length of each backbone's vector, in the order in which the vectors are joined.
    recipes : sequence of Recipe
        Each with a penalty. What the linear head makes of them is compared.
    folds : sequence of (ndarray of int, ndarray of int)
        As `inner_folds` returns them.
    pos_weight : float
        Weight of a harmful item relative to a safe one, in the fit and in the comparison.

    Returns
    -------
    Selection

    Notes
    -----
    The one-standard-error rule of Breiman et al. (1984), section 3.4.3: of the recipes whose loss
    exceeds the lowest by no more than the standard error of that difference, those with the fewest
    backbones, and of these the one with the lowest loss. Items of one source are alike, so the
    error is that of sums over groups (Cameron & Miller 2015, section II.B).

    Examples
    --------
    >>> import torch
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(60) % 2
    >>> signal = rng.normal(2.0 * labels[:, None] - 1, 1, (60, 1))
    >>> matrix = torch.from_numpy(np.hstack([signal, rng.normal(0, 1, (60, 50))])).float()
    >>> names = [str(i) for i in range(60)]
    >>> split = Split(matrix, torch.from_numpy(labels), names, names)
    >>> recipes = [Recipe(("motion",), 1.0), Recipe(("motion", "clip"), 1.0)]
    >>> folds = inner_folds(labels, np.array(names, dtype=object), seed=1)
    >>> choose_recipe(split, {"motion": 1, "clip": 50}, recipes, folds).recipe.backbones
    ('motion',)
    """
    labels, groups = split.labels.numpy(), np.array(split.groups, dtype=object)
    weights = np.where(labels == 1, pos_weight, 1.0)
    logits = _held_out_logits(split, dims, recipes, folds, pos_weight)  # (recipes, n)
    losses = np.logaddexp(0, np.where(labels == 1, -logits, logits)) * weights / weights.mean()
    means = losses.mean(axis=1)
    best = int(means.argmin())
    differences = means - means[best]
    errors = np.array([_standard_error(loss - losses[best], groups) for loss in losses])
    close = np.flatnonzero(differences <= _STANDARD_ERRORS * errors).tolist()
    chosen: int = min(close, key=lambda i: (len(recipes[i].backbones), means[i]))
    table = pd.DataFrame(
        {
            "backbones": [" + ".join(recipe.backbones) for recipe in recipes],
            "penalty": [recipe.penalty for recipe in recipes],
            "log_loss": means,
            "difference": differences,
            "error": errors,
            "chosen": np.arange(len(recipes)) == chosen,
        }
    )
    return Selection(recipes[chosen], table, logits[chosen])


def _held_out_logits(
    split: Split,
    dims: dict[str, int],
    recipes: Sequence[Recipe],
    folds: Sequence[Fold],
    pos_weight: float,
) -> Floats:
    """(recipes, n): each item scored by fits that never saw its group."""
    labels = split.labels.numpy()
    part = np.zeros((len(folds), len(labels)), bool)  # what each fold trains on
    for number, (rest, _) in enumerate(folds):
        part[number, rest] = True
    logits = np.empty((len(recipes), len(labels)))
    for backbones in {recipe.backbones: None for recipe in recipes}:
        numbers = [i for i, recipe in enumerate(recipes) if recipe.backbones == backbones]
        penalties = np.array([recipes[i].penalty for i in numbers], dtype=np.float64)
        own = _as_few_columns(balanced(split.features, dims, backbones))
        rows, repeated = np.tile(part, (len(numbers), 1)), np.repeat(penalties, len(folds))
        of_fits = fit_side_by_side(own, labels, rows, repeated, pos_weight)
        of_fits = of_fits.T.reshape(len(numbers), len(folds), -1)
        for fold, (_, held) in enumerate(folds):
            logits[np.ix_(np.array(numbers), held)] = of_fits[:, fold, held]
    return logits


def _as_few_columns(columns: Floats) -> Floats:
    """Turn (n, d) so that at most n columns are left: a penalised fit sees inner products only."""
    if columns.shape[1] <= len(columns):
        return columns
    lengths, directions = np.linalg.eigh(columns @ columns.T)
    kept = lengths > _NO_DIRECTION * lengths[-1]
    turned: Floats = directions[:, kept] * np.sqrt(lengths[kept])
    return turned


def _standard_error(values: Floats, groups: npt.NDArray[np.object_]) -> float:
    """Of the mean of n values, where those of one group depend on each other."""
    _, group_of = np.unique(groups.astype(str), return_inverse=True)
    sums = np.bincount(group_of, values - values.mean())
    return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)) / len(values))
