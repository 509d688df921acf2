"""Train on some of the backbones: each alone, in pairs, all but one, all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd
import torch

from harmlib.models.ablation import groups_of, judge, part_of_progress
from harmlib.models.fold_training import train_folds
from harmlib.models.training import Split
from harmlib.params import Modality, Variant


def combinations_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """List the combinations of backbones that are worth a training.

    Parameters
    ----------
    names : sequence of str
        All backbones, at least one.

    Returns
    -------
    list of tuple of str
        Each alone, in pairs, all but one, all together; from few to many, each once, the names in
        their order.

    Examples
    --------
    >>> ["+".join(chosen) for chosen in combinations_of(["a", "b", "c", "d"])]
    ['a', 'b', 'c', 'd', 'a+b', 'a+c', 'a+d', 'b+c', 'b+d', 'c+d', 'a+b+c', 'a+b+d', 'a+c+d',
    'b+c+d', 'a+b+c+d']
    >>> combinations_of(["a"])
    [('a',)]
    """
    sizes = sorted({1, 2, len(names) - 1, len(names)} & set(range(1, len(names) + 1)))
    return [chosen for size in sizes for chosen in combinations(names, size)]


def of_backbones(
    splits: Mapping[str, Split], dims: Mapping[str, int], names: Sequence[str]
) -> tuple[dict[str, Split], dict[str, int]]:
    """Keep the columns of some backbones.

    Parameters
    ----------
    splits : mapping of str to Split
        Their features are the vectors of all backbones, joined.
    dims : mapping of str to int
        Length of each backbone's vector, in the order in which they are joined.
    names : sequence of str
        The backbones to keep.

    Returns
    -------
    splits : dict of str to Split
    dims : dict of str to int
        In the order of the given `dims`.

    Raises
    ------
    ValueError
        A name is unknown, or there is none.

    Examples
    --------
    >>> split = Split(torch.tensor([[1, 2, 3]]), torch.tensor([1]), ["a"], ["one"])
    >>> splits, dims = of_backbones({"test": split}, {"clip": 1, "yolo": 2}, ["yolo"])
    >>> splits["test"].features.tolist(), dims
    ([[2, 3]], {'yolo': 2})
    """
    unknown = [name for name in names if name not in dims]
    if unknown or not names:
        raise ValueError(
            f"unknown backbones: {', '.join(unknown) or 'none given'}; known: {', '.join(dims)}"
        )
    kept = {name: dim for name, dim in dims.items() if name in names}
    columns = torch.cat([torch.full((dim,), name in kept) for name, dim in dims.items()])
    cut = {
        name: replace(split, features=split.features[:, columns]) for name, split in splits.items()
    }
    return cut, kept


def train_combinations(
    folds: Sequence[Mapping[str, Split]],
    dims: dict[str, int],
    spec: Variant,
    modality: Modality,
    seeds: Sequence[int],
    *,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> dict[tuple[str, ...], pd.DataFrame]:
    """Train one variant on each combination of backbones, on every fold with every seed.

    Parameters
    ----------
    folds : sequence of mapping of str to Split
    dims : dict of str to int
    spec : Variant
    modality : {"image", "video"}
    seeds : sequence of int
    device : torch.device
        All as in `harmlib.models.fold_training.train_folds`.
    progress : callable, optional
        Called with (trainings done, trainings in all), counted in hundredths.

    Returns
    -------
    dict of tuple of str to pandas.DataFrame
        Backbones -> what they judge, as `harmlib.analysis.judged.judged_items` returns it; in the
        order of `combinations_of`.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> spec = load_params("params/demo.yaml").variants["model4"]
    >>> names = ["a", "b", "c"]
    >>> split = Split(torch.eye(3), torch.tensor([1, 0, 1]), names, names)
    >>> fold = {"train": split, "val": split, "test": split}
    >>> cpu = torch.device("cpu")
    >>> list(train_combinations([fold], {"clip": 1, "yolo": 2}, spec, "video", [1], device=cpu))
    [('clip',), ('yolo',), ('clip', 'yolo')]
    """
    found, chosen = {}, combinations_of(list(dims))
    for number, names in enumerate(chosen):
        cut = [of_backbones(fold, dims, names) for fold in folds]
        tables = train_folds(
            [splits for splits, _ in cut],
            cut[0][1],
            spec,
            modality,
            seeds,
            device=device,
            progress=part_of_progress(progress, number, len(chosen)),
        )
        found[names] = judge(tables, groups_of(folds))
    return found
