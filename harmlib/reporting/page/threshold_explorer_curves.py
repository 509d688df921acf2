"""Validation scores as counts for the browser, and the checks that the tables fit together.

For every model and epoch: how many harmful and how many safe items lie above k/1000, for
k = 0..1000. The browser computes every figure and mark from these integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.rates import COUNTS
from harmlib.analysis.thresholds import sweep
from harmlib.reporting.text.korean import model_name

STEPS = 1000  # a reader can set the thresholds k / STEPS


def curves_of(
    modality: str, scored: pd.DataFrame, operating_points: pd.DataFrame, recommended: str | None
) -> list[dict[str, Any]]:
    """Count every model and epoch of one modality.

    Parameters
    ----------
    modality : str
    scored, operating_points : DataFrame
        As `explorer_html` takes them.
    recommended : str or None
        The model to begin with; None: the one with the highest F1 on validation, at the operating
        threshold of its saved epoch.

    Returns
    -------
    list of dict
        In the order of `operating_points`: what the scripts read.

    Raises
    ------
    ValueError
        The two tables do not fit together, or a value is out of range.
    """
    groups = _checked(modality, scored, operating_points)
    curves = [
        {
            "modality": modality,
            "model": str(row["variant"]),
            "name": model_name(str(row["variant"])),
            "epoch": int(row["epoch"]),
            "chosen": bool(row["chosen"]),
        }
        | _counts(groups[row["variant"], row["epoch"]], row)
        for row in operating_points.to_dict("records")
    ]
    saved = [curve for curve in curves if curve["chosen"]]
    models = [curve["model"] for curve in saved]
    if recommended not in (None, *models):
        raise ValueError(f"recommended {recommended!r} of {modality!r} is none of {models}")
    best = max(saved, key=_f1) if recommended is None else saved[models.index(recommended)]
    best["recommended"] = True
    return curves


def drops(counts: npt.NDArray[np.int64], total: int) -> list[int]:
    """Encode counts at rising thresholds as how many items each step lets go.

    Parameters
    ----------
    counts : ndarray of int, shape (m,)
        How many of `total` items lie above each threshold; never rising.
    total : int
        The number of items.

    Returns
    -------
    list of int
        A positive n for a step that lets n items go; -n for n steps in a row that let none go.

    Examples
    --------
    Of five items, one lies at or below the first threshold, and two more below the last:

    >>> drops(np.array([4, 4, 4, 2]), 5)
    [1, -2, 2]
    """
    encoded: list[int] = []
    for drop, run in groupby((-np.diff(counts, prepend=total)).tolist()):
        length = len(list(run))
        encoded += [drop] * length if drop else [-length]
    return encoded


def _f1(curve: dict[str, Any]) -> float:
    """At the operating threshold; 0 where there is nothing to find or flag."""
    at = curve["operating_threshold"]
    return float(2 * at["tp"] / max(at["tp"] + at["fp"] + curve["harmful"], 1))


def _checked(
    modality: str, scored: pd.DataFrame, operating_points: pd.DataFrame
) -> dict[tuple[str, int], pd.DataFrame]:
    """The rows of each variant and epoch; ValueError where the two tables do not fit together."""
    for name, table, needed in (
        ("validation", scored, ("variant", "epoch", "label", "probability")),
        ("operating_points", operating_points, ("variant", "epoch", "threshold", "chosen")),
    ):
        if missing := [column for column in needed if column not in table]:
            raise ValueError(f"{name}[{modality!r}] lacks the columns {missing}")
    where = f"of {modality!r}"
    if "split" in scored and (scored["split"] != "val").any():
        raise ValueError(f"validation {where} has rows of another split than 'val': drop them")
    groups = dict(list(scored.groupby(["variant", "epoch"])))
    keys = list(zip(operating_points["variant"], operating_points["epoch"], strict=True))
    if len(set(keys)) < len(keys) or set(keys) != set(groups):
        odd = sorted(set(keys) ^ set(groups)) or "repeated rows of operating_points"
        raise ValueError(
            f"validation and operating_points {where} must have the same epochs; check {odd}"
        )
    saved = operating_points.groupby("variant")["chosen"].sum()
    if (saved != 1).any():
        raise ValueError(
            f"operating_points {where} must choose one epoch per variant, got {saved.to_dict()}"
        )
    return groups


def _swept(
    labels: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    thresholds: npt.ArrayLike,
    items: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """The sweep of rows that stand for several items each."""
    table = sweep(labels, probabilities, thresholds, weights=items)
    return table.astype(dict.fromkeys(COUNTS, np.int64))  # sums of whole numbers are exact


def _counts(scored: pd.DataFrame, operating_point: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of one curve at every step, and at its operating threshold."""
    labels, probabilities = scored["label"].to_numpy(), scored["probability"].to_numpy()
    items = scored["count"].to_numpy() if "count" in scored else np.ones(len(scored), np.int64)
    table = _swept(labels, probabilities, np.arange(STEPS + 1) / STEPS, items)
    model = f"{operating_point['variant']} epoch {operating_point['epoch']}"
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError(
            f"{model} has probabilities from {probabilities.min()} to {probabilities.max()}: they "
            "must lie from 0 to 1"
        )
    threshold = operating_point["threshold"]
    if not 0 <= threshold <= 1:
        raise ValueError(f"{model} has threshold {threshold}: give 0 to 1")
    exact = _swept(labels, probabilities, [threshold], items).iloc[0]
    k = round(threshold * STEPS)
    harmful = int(items[labels == 1].sum())
    safe = int(items.sum()) - harmful
    return {
        "harmful": harmful,
        "safe": safe,
        "constant": bool(probabilities.min() == probabilities.max()),
        "tp": drops(table["tp"].to_numpy(), harmful),
        "fp": drops(table["fp"].to_numpy(), safe),
        # The step nearest to it, the threshold itself where it is between two, exact counts.
        "operating_threshold": {
            "k": k,
            "between": None if abs(k / STEPS - threshold) < 1e-9 else f"{threshold:.4f}",
            "tp": int(exact["tp"]),
            "fp": int(exact["fp"]),
        },
    }
