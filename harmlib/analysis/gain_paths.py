"""The way from one variant to another: how each item of test was decided at every step of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.gain_parts import Decided, matched_threshold


class GainPath(NamedTuple):
    """The items of test, and how they were decided at each stage from one variant to another.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
        0 or 1.
    groups : ndarray of object, shape (n,)
    decided : list of (scores, threshold)
        At the start, and with the new weights, epoch and threshold.
    same_weights : bool
        Whether both variants score all items alike up to their epochs: nothing was trained anew.
    """

    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[np.object_]
    decided: list[Decided]
    same_weights: bool


def gain_paths(
    scored: pd.DataFrame, operating_points: pd.DataFrame
) -> Iterator[tuple[str, str, GainPath]]:
    """Follow every variant (b) from every one before it (a).

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        As in `harmlib.analysis.comparison_tables.gains`; with folds, of all trainings.

    Yields
    ------
    a, b : str
    path : GainPath
        The items of several trainings stand below each other.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": np.repeat(["old", "new"], 4), "epoch": 1,
    ...     "split": ["val", "val", "test", "test"] * 2, "item_id": [*"abcd"] * 2,
    ...     "label": [0, 1] * 4, "group": [*"abcd"] * 2,
    ...     "probability": [0.2, 0.7, 0.4, 0.6, 0.1, 0.8, 0.3, 0.9]})
    >>> scored["logit"] = scored["probability"]
    >>> points = pd.DataFrame({"variant": ["old", "new"], "epoch": 1, "threshold": [0.5, 0.6],
    ...                        "chosen": True})
    >>> ((a, b, path),) = gain_paths(scored, points)
    >>> [thresholds.tolist() for _, thresholds in path.decided], path.same_weights
    ([[0.5, 0.5], [0.45, 0.45], [0.45, 0.45], [0.6, 0.6]], False)
    """
    trainings = list(_by_training(scored, operating_points))
    for a, b in combinations(operating_points["variant"].unique(), 2):
        yield a, b, _joined([_path(parts, points, a, b) for parts, points in trainings])


class _Parts:
    """The scores of one training of each variant, cut once; each part in the order of its ids."""

    def __init__(self, scored: pd.DataFrame) -> None:
        cut = scored.sort_values("item_id").groupby(["variant", "epoch", "split"], observed=True)
        self._parts = dict(list(cut))
        self._none = scored.iloc[:0]

    def of(self, variant: str, epoch: int, split: str) -> pd.DataFrame:
        return self._parts.get((variant, epoch, split), self._none)

    def last_epoch(self, variant: str) -> int:
        return max(int(epoch) for name, epoch, _ in self._parts if name == variant)


def _by_training(
    scored: pd.DataFrame, operating_points: pd.DataFrame
) -> Iterator[tuple[_Parts, pd.DataFrame]]:
    """Scores and operating points of the trainings on one split, all variants; then the next."""
    if operating_points.loc[operating_points["chosen"], "variant"].is_unique:
        yield _Parts(scored), operating_points
        return
    keys = ["seed", "fold"]
    rows = dict(list(scored.groupby(keys)))
    for key, points in operating_points.groupby(keys):
        yield _Parts(rows[key]), points


def _path(parts: _Parts, points: pd.DataFrame, a: str, b: str) -> GainPath:
    """From a to b in one training of each."""
    chosen = points[points["chosen"]].set_index("variant")
    old_epoch, new_epoch = (int(chosen.at[variant, "epoch"]) for variant in (a, b))
    epoch = min(old_epoch, parts.last_epoch(b))
    old_threshold = float(chosen.at[a, "threshold"])
    old = parts.of(a, old_epoch, "test")
    seen = parts.of(a, old_epoch, "val")["probability"]
    flagged = int((seen > old_threshold).sum())
    start: Decided = (old["probability"].to_numpy(), old_threshold)
    decided = [start]
    for at in (epoch, new_epoch):
        seen = parts.of(b, at, "val")["probability"]
        on_test = parts.of(b, at, "test")["probability"].to_numpy()
        decided.append((on_test, matched_threshold(seen, flagged)))
    decided.append((decided[-1][0], float(chosen.at[b, "threshold"])))
    same = _same_weights(parts, (a, old_epoch), (b, epoch))
    if same:  # the same scores: no other threshold flags as many items more exactly
        decided[1] = start
    return GainPath(old["label"].to_numpy(), old["group"].to_numpy(), decided, same)


def _joined(paths: Sequence[GainPath]) -> GainPath:
    """The items of several trainings below each other, with a threshold for each row."""
    decided: list[Decided] = [
        (
            np.concatenate([np.asarray(scores, float) for scores, _ in stage]),
            np.concatenate([np.full(np.size(scores), at) for scores, at in stage]),
        )
        for stage in zip(*(path.decided for path in paths), strict=True)
    ]
    labels, groups = (np.concatenate(parts) for parts in zip(*(p[:2] for p in paths), strict=True))
    return GainPath(labels, groups, decided, all(path.same_weights for path in paths))


def _same_weights(parts: _Parts, one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether two variants score every item of validation and test alike."""
    return all(
        np.array_equal(*(parts.of(*at, split)["logit"] for at in (one, other)))
        for split in ("val", "test")
    )
