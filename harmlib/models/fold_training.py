"""Train one variant on every fold, with every seed: the scores of items that it never saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from harmlib.models.losses import positive_weight
from harmlib.models.stacked import Head
from harmlib.models.training import Split, Training
from harmlib.models.variant_training import choose_operating_points, train_variant
from harmlib.params import Modality, Variant

_AT_ONCE = 15  # more at once are no faster: the weights no longer fit the cache


@dataclass(frozen=True)
class FoldTables:
    """The tables of the trainings of all folds and seeds, with the columns seed and fold.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row per item, seed, fold and epoch: seed, fold, epoch, split ("val" or "test"), item_id,
        label, logit, probability.
    history : pandas.DataFrame
        One row per seed, fold and epoch: losses, learning rate, seconds.
    operating_points : pandas.DataFrame
        One row per seed, fold and epoch: as `harmlib.analysis.operating_points` returns them for
        the fold's own validation part, and pos_weight.
    """

    scores: pd.DataFrame
    history: pd.DataFrame
    operating_points: pd.DataFrame


def train_folds(
    folds: Sequence[Mapping[str, Split]],
    dims: dict[str, int],
    spec: Variant,
    modality: Modality,
    seeds: Sequence[int],
    *,
    device: torch.device,
    progress: Callable[[int, int], None] | None = None,
) -> FoldTables:
    """Train one variant on every fold with every seed; epoch and threshold by its validation part.

    Parameters
    ----------
    folds : sequence of mapping of str to Split
        "train", "val" and "test" of each fold, as `training_data.load_folds` returns them.
    dims : dict of str to int
        As in `HarmfulClassifier`.
    spec : Variant
        What is trained, and how its threshold is chosen.
    modality : {"image", "video"}
        Decides the schedule.
    seeds : sequence of int
        Of the trainings of each fold.
    device : torch.device
        Where to train.
    progress : callable, optional
        Called with (epochs done, epochs in all).

    Returns
    -------
    FoldTables

    Examples
    --------
    >>> import yaml
    >>> from harmlib.params import PROJECT_ROOT
    >>> text = (PROJECT_ROOT / "params/variants.yaml").read_text(encoding="utf-8")
    >>> spec = Variant.model_validate(yaml.safe_load(text)["model4"])
    >>> names = ["a", "b", "c"]
    >>> split = Split(torch.eye(3), torch.tensor([1, 0, 1]), names, names)
    >>> fold = {"train": split, "val": split, "test": split}
    >>> cpu = torch.device("cpu")
    >>> tables = train_folds([fold] * 3, {"clip": 3}, spec, "video", [1, 2], device=cpu)
    >>> tables.operating_points.groupby(["seed", "fold"])["chosen"].sum().tolist()
    [1, 1, 1, 1, 1, 1]
    """
    runs = [(seed, number) for seed in seeds for number in range(len(folds))]
    heads = [
        Head(
            folds[number],
            seed,
            positive_weight(spec.pos_weight, folds[number]["train"].labels),
        )
        for seed, number in runs
    ]
    trainings = _in_parts(heads, dims, spec, modality, device, progress)
    scores, history, points = [], [], []
    for (seed, number), head, training in zip(runs, heads, trainings, strict=True):
        key = {"seed": seed, "fold": number}
        found = choose_operating_points(training, spec)
        scores.append(training.scores.assign(**key))
        history.append(training.history.assign(**key))
        points.append(found.assign(pos_weight=head.pos_weight, **key))
    return FoldTables(*(_keys_first(pd.concat(t)) for t in (scores, history, points)))


def _in_parts(
    heads: Sequence[Head],
    dims: dict[str, int],
    spec: Variant,
    modality: Modality,
    device: torch.device,
    progress: Callable[[int, int], None] | None,
) -> list[Training]:
    schedule, trainings = spec.schedule(modality), []
    parts = [heads[i : i + _AT_ONCE] for i in range(0, len(heads), _AT_ONCE)]
    for number, part in enumerate(parts):

        def told(done: int, total: int, before: int = number) -> None:
            if progress:
                progress(before * total + done, len(parts) * total)

        trainings += train_variant(
            part, dims, spec, schedule, device=device, keep_states=False, progress=told
        )
    return trainings


def _keys_first(table: pd.DataFrame) -> pd.DataFrame:
    keys = ["seed", "fold"]
    return table[[*keys, *table.columns.drop(keys)]].reset_index(drop=True)
