"""Variants that are one network: what differs between them is the saved epoch and the threshold."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from harmlib.analysis.saved_scores import join_tables

_TRAINING = ["seed", "fold"]
COLUMNS = ("a", "b", "epochs", "scores")


def equal_networks(*scores: pd.DataFrame) -> pd.DataFrame:
    """Find the pairs of variants that give every item the same probability at every epoch.

    Parameters
    ----------
    *scores : DataFrame
        Of one section, one or more tables (the run's own split, the folds): columns variant, seed,
        fold, epoch, split, item_id, probability.

    Returns
    -------
    DataFrame
        One row per pair, in the order of the variants: a, b, epochs (how many both have), scores
        (how many probabilities were compared). Of a variant that went on for more epochs, those
        are not compared.

    Examples
    --------
    >>> rows = pd.DataFrame({"variant": ["model2", "model3", "model4"], "seed": 1, "fold": -1,
    ...                      "epoch": 1, "split": "val", "item_id": "a",
    ...                      "probability": [0.7, 0.7, 0.6]})
    >>> equal_networks(rows)
            a       b  epochs  scores
    0  model2  model3       1       1
    """
    parts: dict[str, dict[tuple[object, ...], pd.DataFrame]] = {}
    for table in scores:
        for (variant, *key), rows in table.groupby(["variant", *_TRAINING, "epoch"], sort=False):
            parts.setdefault(str(variant), {})[tuple(key)] = rows
    found = [
        pd.DataFrame([{"a": a, "b": b} | counts])
        for a, b in combinations(parts, 2)
        if (counts := _compared(parts[a], parts[b]))
    ]
    return join_tables(found, COLUMNS)


def _compared(
    one: dict[tuple[object, ...], pd.DataFrame], other: dict[tuple[object, ...], pd.DataFrame]
) -> dict[str, int]:
    """How many epochs and scores of two variants are equal; empty where any is not."""
    shared = [key for key in one if key in other]
    # A training that only one of them has is a difference
    if not shared or {key[:-1] for key in one} != {key[:-1] for key in other}:
        return {}
    if not all(_equal(one[key], other[key]) for key in shared):
        return {}
    return {
        "epochs": len({key[-1] for key in shared}),
        "scores": sum(len(one[key]) for key in shared),
    }


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    if len(one) != len(other):
        return False
    names = ["split", "item_id"]
    if not (one[names].to_numpy() == other[names].to_numpy()).all():
        one, other = one.sort_values(names), other.sort_values(names)
    columns = [*names, "probability"]
    return bool(np.array_equal(one[columns].to_numpy(), other[columns].to_numpy()))


def network_groups(pairs: pd.DataFrame) -> list[list[str]]:
    """Gather the variants that are one network.

    Parameters
    ----------
    pairs : DataFrame
        As `equal_networks` returns it.

    Returns
    -------
    list of list of str
        Each network's variants, in their order.

    Examples
    --------
    >>> network_groups(pd.DataFrame({"a": ["m2", "m2", "m3"], "b": ["m3", "m4", "m4"]}))
    [['m2', 'm3', 'm4']]
    """
    groups: list[list[str]] = []
    for a, b in zip(pairs["a"], pairs["b"], strict=True):
        group = next((own for own in groups if a in own or b in own), None)
        if group is None:
            group = []
            groups.append(group)
        group += [name for name in (a, b) if name not in group]
    return groups
