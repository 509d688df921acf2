"""A checkpoint of several categories: one network on disk, a threshold for each of its outputs.

Each output is a classifier like any other, with a threshold of its own: it is one `Checkpoint`. The
file holds the layers that they share, and the items that they were trained on, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.features.tensor_file import tensors_of
from harmlib.models.category_training import data_of_category, of_category
from harmlib.models.checkpoint import (
    Checkpoint,
    content_of,
    damage_told,
    from_content,
    make_checkpoint,
    read_content,
    write_content,
)
from harmlib.models.classifier import output_of, with_outputs
from harmlib.models.training import Training
from harmlib.models.training_data import TrainingData
from harmlib.params import Variant
from harmlib.params.names import check_name

# What differs between the outputs; all else is theirs together.
_OWN = ("threshold", "best_threshold", "about", "training", "validation")
_SHARED_ITEMS = ("item_id", "group", "embedding")


def make_category_checkpoints(
    data: TrainingData,
    training: Training,
    operating_points: Mapping[str, pd.DataFrame],
    *,
    variant: str,
    spec: Variant,
    seed: int,
) -> dict[str, Checkpoint]:
    """Assemble the checkpoint of the chosen epoch.

    Parameters
    ----------
    data : TrainingData
    training : Training
        Of `train_categories`.
    operating_points : mapping of str to DataFrame
        By category, of `choose_category_points`, with a column pos_weight.
    variant : str
    spec : Variant
    seed : int
        These three as in `make_checkpoint`.

    Returns
    -------
    dict of str to Checkpoint
        By category: the network with the category's output alone.
    """
    return {
        category: make_checkpoint(
            data_of_category(data, category), of_category(training, category), points,
            variant=variant, spec=spec, seed=seed,
        )
        for category, points in operating_points.items()
    }  # fmt: skip


def save_category_checkpoints(path: Path, checkpoints: Mapping[str, Checkpoint]) -> None:
    """Write the outputs of one network into one file; whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file to write; its folder may be new.
    checkpoints : mapping of str to Checkpoint
        By category.
    """
    contents = {category: content_of(own) for category, own in checkpoints.items()}
    first = next(iter(contents.values()))
    shared = {name: value for name, value in first.items() if name not in _OWN}
    states = [content["model_state_dict"] for content in contents.values()]
    outputs = {}
    for category, content in contents.items():
        outputs[category] = {name: content[name] for name in _OWN if name in content}
        for split in ("training", "validation"):  # the same objects are written once
            items = {name: first[split][name] for name in _SHARED_ITEMS}
            outputs[category][split] = content[split] | items
    write_content(
        path,
        shared
        | {"model_state_dict": with_outputs(states), "categories": list(contents)}
        | {"outputs": outputs},
    )


def load_checkpoints(path: Path) -> dict[str, Checkpoint]:
    """Read a checkpoint, whether it learned to tell harmful from safe or several categories.

    Parameters
    ----------
    path : pathlib.Path
        Of `save_checkpoint` or `save_category_checkpoints`.

    Returns
    -------
    dict of str to Checkpoint
        By category; of a checkpoint without categories one, under the empty name.

    Raises
    ------
    CheckpointError
        As `load_checkpoint`.
    """
    content = read_content(path)
    with damage_told(path):
        if "categories" not in content:
            return {"": from_content(content)}
        categories = content["categories"]
        if not isinstance(categories, list) or not categories:
            raise TypeError(f"categories is {categories!r}")
        return {
            check_name(name): _output(content, name, number)
            for number, name in enumerate(categories)
        }


def _output(content: Mapping[str, Any], category: str, number: int) -> Checkpoint:
    state = output_of(tensors_of(content["model_state_dict"]), number)
    own = content["outputs"][category]
    return from_content({**content, **own, "model_state_dict": state})
