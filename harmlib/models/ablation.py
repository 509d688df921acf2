"""Train what lies between two variants: every subset of the changes that lead from one to another.

So it can be told which change helped. Threshold rules are no part of a training: each training is
judged under the rules of both variants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch

from harmlib.analysis.factor_effects import subsets
from harmlib.analysis.judged import judged_items
from harmlib.analysis.operating_points import operating_points
from harmlib.models.factors import LATER, THRESHOLD_RULE, changed_factors, with_changes
from harmlib.models.fold_training import FoldTables, train_folds
from harmlib.models.training import Split
from harmlib.params import Modality, Variant


def train_settings(
    folds: Sequence[Mapping[str, Split]],
    dims: dict[str, int],
    first: Variant,
    last: Variant,
    modality: Modality,
    seeds: Sequence[int],
    *,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> dict[frozenset[str], pd.DataFrame]:
    """Train every subset of the changes between two variants, on every fold with every seed.

    There are 2^k of them; threshold rules need no training of their own.

    Parameters
    ----------
    folds : sequence of mapping of str to Split
    dims : dict of str to int
        Both as in `harmlib.models.fold_training.train_folds`.
    first, last : Variant
        They differ in FACTORS only, and not in LATER.
    modality : {"image", "video"}
        Decides the schedule.
    seeds : sequence of int
        Of the trainings of each fold.
    device : torch.device
        Where to train.
    progress : callable, optional
        Called with (trainings done, trainings in all), counted in hundredths.

    Returns
    -------
    dict of frozenset of str to pandas.DataFrame
        What is changed from `first` to `last` -> what that judges, as
        `harmlib.analysis.judged.judged_items` returns it. One entry for each subset of the factors.

    Raises
    ------
    ValueError
        As `changed_factors`, or the variants differ in LATER.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> variants = load_params("params/demo.yaml").variants
    >>> names = ["a", "b", "c"]
    >>> split = Split(torch.eye(3), torch.tensor([1, 0, 1]), names, names)
    >>> fold = {"train": split, "val": split, "test": split}
    >>> pair = variants["model2"], variants["model3"]
    >>> found = train_settings(
    ...     [fold], {"clip": 3}, *pair, "video", [1], device=torch.device("cpu"))
    >>> [(sorted(changed), len(judged)) for changed, judged in found.items()]
    [([], 3), (['threshold_rule'], 3)]
    """
    factors = changed_factors(first, last, modality)
    if later := [factor for factor in factors if factor in LATER]:
        raise ValueError(f"{', '.join(later)} can't be ablated; use `train_in_order`")
    trainings = subsets([factor for factor in factors if factor != THRESHOLD_RULE])
    found = {}
    for number, changed in enumerate(trainings):
        spec = with_changes(first, last, changed, modality)
        told = part_of_progress(progress, number, len(trainings))
        tables = train_folds(folds, dims, spec, modality, seeds, device=device, progress=told)
        found[changed] = judge(tables, groups_of(folds))
        if THRESHOLD_RULE in factors:
            found[changed | {THRESHOLD_RULE}] = judge(tables, groups_of(folds), last)
    return {changed: found[changed] for changed in subsets(factors)}


def train_in_order(
    folds: Sequence[Mapping[str, Split]],
    dims: dict[str, int],
    first: Variant,
    last: Variant,
    modality: Modality,
    seeds: Sequence[int],
    *,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> dict[frozenset[str], pd.DataFrame]:
    """Train the way from one variant to another, one change after the other.

    Parameters
    ----------
    folds : sequence of mapping of str to Split
    dims : dict of str to int
    first, last : Variant
    modality : {"image", "video"}
    seeds : sequence of int
    device : torch.device
    progress : callable, optional
        All as in `train_settings`, but the variants may differ in LATER, too.

    Returns
    -------
    dict of frozenset of str to pandas.DataFrame
        As `train_settings`, for nothing changed, the first of `changed_factors`, the first two, and
        so on.

    Raises
    ------
    ValueError
        As `changed_factors`.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> variants = load_params("params/demo.yaml").variants
    >>> names = ["a", "b", "c"]
    >>> split = Split(torch.eye(3), torch.tensor([1, 0, 1]), names, names)
    >>> fold = {"train": split, "val": split, "test": split}
    >>> pair = variants["model2"], variants["model4"]
    >>> way = train_in_order(
    ...     [fold], {"clip": 3}, *pair, "image", [1], device=torch.device("cpu"))
    >>> [sorted(changed) for changed in way]
    [[], ['loss'], ['loss', 'pos_weight'], ['loss', 'pos_weight', 'threshold_rule']]
    """
    factors, found = changed_factors(first, last, modality), {}
    for number in range(len(factors) + 1):
        changed = factors[:number]
        spec = with_changes(first, last, changed, modality)
        told = part_of_progress(progress, number, len(factors) + 1)
        tables = train_folds(folds, dims, spec, modality, seeds, device=device, progress=told)
        found[frozenset(changed)] = judge(tables, groups_of(folds))
    return found


def judge(
    tables: FoldTables, group_of: Mapping[str, str], rule: Variant | None = None
) -> pd.DataFrame:
    """Judge every item by the fold that tests it.

    Parameters
    ----------
    tables : FoldTables
        Of one training.
    group_of : mapping of str to str
        The group of each item.
    rule : Variant, optional
        Whose threshold rule chooses epoch and threshold on validation; None: the trained variant's.

    Returns
    -------
    pandas.DataFrame
        As `harmlib.analysis.judged.judged_items` returns it.

    Examples
    --------
    >>> scores = pd.DataFrame({"seed": 1, "fold": 0, "epoch": 1, "split": ["val", "test"],
    ...     "item_id": ["a", "b"], "label": 1, "logit": 0.0, "probability": 0.5})
    >>> points = pd.DataFrame({"seed": [1], "fold": 0, "epoch": 1, "threshold": 0.4,
    ...                        "chosen": True})
    >>> judge(FoldTables(scores, scores, points), {"b": "one"})[["item_id", "group", "flagged"]]
      item_id group  flagged
    0       b   one     True
    """
    points = tables.operating_points if rule is None else _points_by(tables.scores, rule)
    scored = tables.scores.assign(group=tables.scores["item_id"].map(group_of))
    return judged_items(scored, points)


def _points_by(scores: pd.DataFrame, rule: Variant) -> pd.DataFrame:
    keys = ["seed", "fold"]
    return pd.concat(
        operating_points(
            own, rule.thresholds, rule.fixed_threshold, exact=rule.threshold_rule == "exact_f1"
        ).assign(**dict(zip(keys, key, strict=True)))
        for key, own in scores[scores["split"] == "val"].groupby(keys)
    )


def groups_of(folds: Sequence[Mapping[str, Split]]) -> dict[str, str]:
    """The group of each item of some folds.

    Parameters
    ----------
    folds : sequence of mapping of str to Split
        With a split "test".

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> split = Split(torch.eye(2), torch.tensor([1, 0]), ["a", "b"], ["one", "one"])
    >>> groups_of([{"test": split}])
    {'a': 'one', 'b': 'one'}
    """
    return {
        item: group
        for fold in folds
        for item, group in zip(fold["test"].item_ids, fold["test"].groups, strict=True)
    }


def part_of_progress(
    progress: Callable[[int, int], None] | None, number: int, count: int
) -> Callable[[int, int], None] | None:
    """Tell the progress of one of several equal parts as that of the whole, in hundredths of one.

    Parameters
    ----------
    progress : callable or None
        Called with (hundredths of a part done, hundredths in all).
    number, count : int
        Which part, from 0, and how many there are.

    Returns
    -------
    callable or None
        To be called with (done, total) of the part.

    Examples
    --------
    >>> seen = []
    >>> part_of_progress(lambda done, total: seen.append((done, total)), 1, 4)(1, 2)
    >>> seen
    [(150, 400)]
    """
    if progress is None:
        return None
    whole = progress
    return lambda done, total: whole(100 * number + 100 * done // total, 100 * count)
