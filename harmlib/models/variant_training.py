"""Train a variant whatever it leaves open: choose its recipe, cross-fit, then train for good.

The items of a training come in three parts. "test" has no part in anything but being scored. A
variant that keeps validation apart develops on "train". One that cross-fits develops on "train" and
"val" together: groups of them are held out in turn, so each item gets a score from a classifier
that never saw its group; epoch and threshold are chosen by these scores, and the classifier that is
kept is trained on all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from harmlib.analysis.operating_points import operating_points
from harmlib.models.classifier import HarmfulClassifier, probabilities
from harmlib.models.linear_head import fit_linear_head
from harmlib.models.losses import build_loss
from harmlib.models.model_selection import Fold, TooFewGroups, choose_recipe, inner_folds
from harmlib.models.recipe import Recipe, possible_recipes
from harmlib.models.stacked import Head, train_heads
from harmlib.models.training import (
    SCORE_COLUMNS,
    Split,
    Training,
    mean_loss,
    one_thread,
    score_split,
    train,
)
from harmlib.params import Schedule, Variant

_CPU = torch.device("cpu")
Progress = Callable[[int, int], None]


def train_variant(
    heads: Sequence[Head],
    dims: dict[str, int],
    spec: Variant,
    schedule: Schedule,
    *,
    device: torch.device,
    keep_states: bool = True,
    progress: Progress | None = None,
) -> list[Training]:
    """Train a variant on several sets of splits, each with its own choices.

    Parameters
    ----------
    heads : sequence of Head
        The splits "train", "val" and those to score, with the seed and weight of each training.
        The seed also draws the groups that are held out together.
    dims : dict of str to int
        As in `HarmfulClassifier`; of all extracted backbones.
    spec : Variant
        What is trained, and what it leaves open.
    schedule : Schedule
        Of the head mlp. The linear head is fitted to its optimum: one epoch.
    device : torch.device
        Where the head mlp is trained. The linear head is fitted on the CPU.
    keep_states : bool
        Whether the weights after each epoch are returned.
    progress : callable, optional
        Called with (done, in all) of the epochs, or of the fitted linear heads.

    Returns
    -------
    list of Training
        In the order of `heads`. A variant that leaves nothing open gets what `train_heads` gives
        it, to the bit. Where validation items are cross-fitted, their scores are those of
        classifiers that never saw their groups.

    Raises
    ------
    ValueError
        If a choice is left open and a class is in too few groups, or a head has no item.

    Notes
    -----
    The cross-fitted scores are of the recipe that was chosen by them, among a few dozen, so they
    are a little too good. Only test items, which nothing was chosen by, tell how good it is.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> spec = load_params("params/demo.yaml").variants["model5"]
    >>> names = list("abcdefgh")
    >>> split = Split(torch.eye(8), torch.tensor([0, 1] * 4), names, names)
    >>> head = Head({"train": split, "val": split, "test": split}, seed=1)
    >>> part = spec.model_copy(update={"validation": "part", "penalty": 1.0})
    >>> (training,) = train_variant([head], {"clip": 8}, part, part.video, device=_CPU)
    >>> training.recipe
    Recipe(backbones=('clip',), penalty=1.0)
    """
    if not spec.leaves_open:
        return train_heads(
            heads, dims, spec.loss, schedule, device=device, keep_states=keep_states,
            progress=progress,
        )  # fmt: skip
    if spec.head == "mlp":
        return _train_mlp(heads, dims, spec, schedule, device, keep_states, progress)
    trainings = []
    for number, head in enumerate(heads, start=1):
        with one_thread():
            trainings.append(_fit_linear(_develop(head, dims, spec), spec))
        if progress:
            progress(number, len(heads))
    return trainings


def train_one(
    head: Head,
    dims: dict[str, int],
    spec: Variant,
    schedule: Schedule,
    *,
    device: torch.device,
    progress: Progress | None = None,
) -> Training:
    """Train a variant once, and keep the weights after each epoch.

    Parameters
    ----------
    head : Head
        The splits, the seed and the weight of the training.
    dims : dict of str to int
    spec : Variant
    schedule : Schedule
    device : torch.device
    progress : callable, optional
        These five as in `train_variant`.

    Returns
    -------
    Training
        A variant that leaves nothing open gets what `harmlib.models.training.train` gives it, to
        the bit.

    Raises
    ------
    ValueError
        As `train_variant`.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> spec = load_params("params/demo.yaml").variants["model4"]
    >>> names = list("abcdefgh")
    >>> split = Split(torch.eye(8), torch.tensor([0, 1] * 4), names, names)
    >>> head = Head({"train": split, "val": split, "test": split}, seed=1)
    >>> len(train_one(head, {"clip": 8}, spec, spec.video, device=_CPU).states)
    3
    """
    if spec.leaves_open:
        (training,) = train_variant([head], dims, spec, schedule, device=device, progress=progress)
        return training
    return train(
        lambda: HarmfulClassifier(dims, spec.last_layer),
        build_loss(spec.loss, head.pos_weight),
        schedule,
        head.splits,
        seed=head.seed,
        device=device,
        progress=progress,
    )


def choose_operating_points(training: Training, spec: Variant) -> pd.DataFrame:
    """The operating points of a training by its variant's rule, on the items it was developed on.

    Parameters
    ----------
    training : Training
    spec : Variant
        Of the training.

    Returns
    -------
    pandas.DataFrame
        As `harmlib.analysis.operating_points.operating_points` returns them: on the validation
        items, or on all cross-fitted ones.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> scores = pd.DataFrame({"epoch": 1, "split": "val", "label": [0, 1],
    ...                        "probability": [0.2, 0.21]})
    >>> training = Training(pd.DataFrame(), scores, {})
    >>> for name, spec in load_params("params/demo.yaml").variants.items():
    ...     points = choose_operating_points(training, spec)
    ...     print(name, points["threshold"].round(3).item())
    model2 0.5
    model3 0.4
    model4 0.3
    model5 0.205
    """
    return operating_points(
        training.development,
        spec.thresholds,
        spec.fixed_threshold,
        exact=spec.threshold_rule == "exact_f1",
    )


@dataclass(frozen=True)
class _Developed:
    """A head whose recipe is chosen: `head` has the columns of the chosen backbones only.

    `items` are those that the classifier is trained on. `folds` and `logits` (None for the head
    mlp) are those of the cross-fitting, where there is one.
    """

    head: Head
    dims: dict[str, int]
    recipe: Recipe
    items: Split
    folds: list[Fold] | None
    logits: npt.NDArray[np.float64] | None


def _develop(head: Head, dims: dict[str, int], spec: Variant) -> _Developed:
    is_cross_fitted = spec.validation == "cross_fitted"
    items = head.splits["train"]
    if is_cross_fitted:
        items = items.joined(head.splits["val"])
    recipes = possible_recipes(list(dims), spec)
    recipe, folds, logits = recipes[0], None, None
    if is_cross_fitted or len(recipes) > 1:
        folds = _inner_folds(items, head.seed, len(head.splits["train"].labels))
    if folds and recipe.penalty is not None:
        selection = choose_recipe(items, dims, recipes, folds, head.pos_weight)
        recipe, logits = selection.recipe, selection.logits
    if spec.head == "mlp":
        recipe, logits = replace(recipe, penalty=None), None
    splits = {
        name: split.of_backbones(dims, recipe.backbones) for name, split in head.splits.items()
    }
    return _Developed(
        replace(head, splits=splits),
        {name: dims[name] for name in recipe.backbones},
        recipe,
        items.of_backbones(dims, recipe.backbones),
        folds if is_cross_fitted else None,
        logits if is_cross_fitted else None,
    )


def _inner_folds(items: Split, seed: int, in_train: int) -> list[Fold]:
    """Folds of the items; where groups are too few for that, their two splits in turn."""
    groups, rows = np.array(items.groups, dtype=object), np.arange(len(items.labels))
    try:
        return inner_folds(items.labels.numpy(), groups, seed)
    except TooFewGroups:
        if in_train == len(rows):
            raise
        train, val = rows[:in_train], rows[in_train:]
        return [(train, val), (val, train)]


def _fit_linear(own: _Developed, spec: Variant) -> Training:
    start = time.perf_counter()
    assert own.recipe.penalty is not None
    head = own.head
    classifier = fit_linear_head(
        own.items, own.dims, spec.last_layer, own.recipe.penalty, head.pos_weight
    )
    cross_fitted = None
    if own.logits is not None:
        cross_fitted = _score_table(own.items, own.logits).assign(epoch=1)
    loss = build_loss(spec.loss, head.pos_weight)
    scores = [
        score_split(classifier, split, _CPU).assign(epoch=1, split=name)
        for name, split in head.splits.items()
        if name != "train"
    ]
    history = pd.DataFrame(
        {
            "epoch": [1],
            "train_loss": mean_loss(classifier, loss, own.items, _CPU),
            "val_loss": mean_loss(classifier, loss, head.splits["val"], _CPU),
            "learning_rate": np.nan,
            "seconds": time.perf_counter() - start,
        }
    )
    training = Training(
        history,
        pd.concat(scores, ignore_index=True)[SCORE_COLUMNS],
        {1: {name: value.clone() for name, value in classifier.state_dict().items()}},
        own.recipe,
    )
    return training if cross_fitted is None else _with_cross_fitted(training, cross_fitted, head)


def _train_mlp(
    heads: Sequence[Head],
    dims: dict[str, int],
    spec: Variant,
    schedule: Schedule,
    device: torch.device,
    keep_states: bool,
    progress: Progress | None,
) -> list[Training]:
    """Heads that see the same backbones are trained together, and so are those held out of them."""
    developed = [_develop(head, dims, spec) for head in heads]
    trainings: list[Training | None] = [None] * len(heads)
    for backbones in dict.fromkeys(own.recipe.backbones for own in developed):
        numbers = [i for i, own in enumerate(developed) if own.recipe.backbones == backbones]
        group = [developed[i] for i in numbers]
        final = [replace(d.head, splits={**d.head.splits, "train": d.items}) for d in group]
        inner = [_inner_heads(own) for own in group]
        found = train_heads(
            final, group[0].dims, spec.loss, schedule, device=device, keep_states=keep_states,
            progress=progress,
        )  # fmt: skip
        held = train_heads(
            [head for own in inner for head in own], group[0].dims, spec.loss, schedule,
            device=device, keep_states=False, progress=progress,
        )  # fmt: skip
        for i, own, training, heads_of in zip(numbers, group, found, inner, strict=True):
            parts, held = held[: len(heads_of)], held[len(heads_of) :]
            training = replace(training, recipe=own.recipe)
            if parts:
                table = pd.concat([part.scores for part in parts], ignore_index=True)
                training = _with_cross_fitted(training, table, own.head)
            trainings[i] = training
    return [training for training in trainings if training is not None]


def _inner_heads(own: _Developed) -> list[Head]:
    return [
        replace(own.head, splits={"train": own.items.rows(rest), "val": own.items.rows(held)})
        for rest, held in own.folds or []
    ]


def _with_cross_fitted(training: Training, table: pd.DataFrame, head: Head) -> Training:
    """Put cross-fitted scores in the place of those by a classifier that learned from the items."""
    table = table.assign(split="val")[SCORE_COLUMNS]
    own = table[table["item_id"].isin(head.splits["val"].item_ids)]
    others = training.scores[training.scores["split"] != "val"]
    scores = pd.concat([own, others], ignore_index=True)
    logits = own["logit"] * np.where(own["label"] == 1, -1, 1)
    weights = np.where(own["label"] == 1, head.pos_weight, 1.0)
    losses = pd.Series(np.logaddexp(0, logits) * weights).groupby(own["epoch"].to_numpy()).mean()
    history = training.history.assign(val_loss=training.history["epoch"].map(losses))
    return replace(training, scores=scores, history=history, cross_fitted=table)


def _score_table(split: Split, logits: npt.NDArray[np.float64]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": split.item_ids,
            "label": split.labels.numpy(),
            "logit": logits,
            "probability": probabilities(logits),
        }
    )
