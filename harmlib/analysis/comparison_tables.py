"""The tables that compare variants: with the baseline, with each other, validation with test.

Every function reads the two tables that `harmlib.analysis.variant_tables` describes: `scored`, with
a column group, and `operating_points`. Several models are looked at together here, and readers
look for the best one: each interval that a sentence may name a winner by is corrected for the
number of comparisons in its table (Bonferroni; `corrected_low`, `corrected_high`).

Examples
--------
>>> count = np.arange(120)
>>> label = (count % 3 > 0).astype(int)
>>> scored = pd.DataFrame({
...     "variant": np.repeat(["model2", "model4"], 120), "epoch": 1,
...     "split": np.tile(np.repeat(["val", "test"], 60), 2),
...     "item_id": np.tile([f"item{i:03d}" for i in count], 2), "label": np.tile(label, 2),
...     "group": np.tile(count // 3, 2),
...     "logit": np.concatenate([2 * label - 1 + count % 5 - 2, 3 * label - 1 + count % 4 - 2]),
... })
>>> scored["probability"] = 1 / (1 + np.exp(-scored["logit"]))
>>> operating_points = pd.DataFrame({
...     "variant": ["model2", "model4"], "epoch": 1, "threshold": [0.5, 0.6], "chosen": True,
... })
>>> intervals_on_test(scored, operating_points).query("metric == 'f1'").iloc[:, :4].round(2)
  metric  value   low  high
2     f1   0.71  0.51  0.85
9     f1   0.86  0.76  0.92
>>> against_baseline(scored, operating_points)[["variant", "baseline", "value", "low"]].round(2)
  variant  baseline  value   low
0  model2       0.8   0.71 -0.26
1  model4       0.8   0.86 -0.02
>>> differences(scored, operating_points).query("metric == 'f1'").iloc[:, :6].round(2)
  split       a       b metric  value_a  value_b
0  test  model2  model4     f1     0.71     0.86
4   val  model2  model4     f1     0.71     0.86
>>> gains(scored, operating_points)[["part", "value", "low", "high"]].round(2)
        part  value   low  high
0    weights   0.15 -0.04  0.34
1      epoch   0.00  0.00  0.00
2  threshold   0.00  0.00  0.00
3      total   0.15 -0.04  0.34
>>> drops(scored, operating_points)[["variant", "validation", "test", "difference"]].round(2)
  variant  validation  test  difference
0  model2        0.71  0.71         0.0
1  model4        0.86  0.86         0.0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.intervals import metric_intervals
from harmlib.analysis.judged import judged_by_variant
from harmlib.analysis.paired import (
    Decided,
    baseline_difference,
    gain_parts,
    matched_threshold,
    mcnemar,
    paired_difference,
)
from harmlib.analysis.power import detectable_difference, groups_needed
from harmlib.analysis.saved_scores import join_tables

COMPARED_METRICS = ("f1", "precision", "recall", "average_precision")
# Of the tables that have no rows where there is one variant.
DIFFERENCE_COLUMNS = (
    "split", "a", "b", "metric", "value_a", "value_b", "difference", "low", "high",
    "corrected_low", "corrected_high", "groups_needed", "only_a", "only_b", "p_mid",
)  # fmt: skip
GAIN_COLUMNS = ("a", "b", "same_weights", "part", "value", "low", "high", "share")


def intervals_on_test(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Each variant's test metrics at its operating threshold, with intervals.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.

    Returns
    -------
    pandas.DataFrame
        Columns metric, value, low, high, harmful_groups, safe_groups (see
        `intervals.metric_intervals`), variant.
    """
    return join_tables(
        metric_intervals(
            test.labels, test.probabilities, test.thresholds, test.groups, repeats=test.repeats
        ).assign(variant=variant)
        for variant, test in judged_by_variant(scored, operating_points, "test").items()
    )  # fmt: skip


def against_baseline(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Each variant's F1 on test less that of calling everything harmful.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.

    Returns
    -------
    pandas.DataFrame
        One row per variant: variant, baseline, value (F1 of both), difference, low, high,
        corrected_low, corrected_high (for the number of variants), groups (on test),
        detectable (the difference that would be told four times in five), groups_needed (to tell
        a difference as large as the one seen; see `power`).
    """
    tests = judged_by_variant(scored, operating_points, "test")
    level = _corrected_level(len(tests))
    rows = []
    for variant, test in tests.items():
        table = baseline_difference(
            test.labels, test.probabilities, test.thresholds, test.groups,
            repeats=test.repeats, metrics=["f1"], comparisons=len(tests),
        )  # fmt: skip
        f1 = table.iloc[0]
        error, groups = f1["error"], int(f1["groups"])
        rows.append(
            {"variant": variant, "baseline": f1["a"], "value": f1["b"]}
            | f1[["difference", "low", "high", "corrected_low", "corrected_high", "groups"]]
            .to_dict()
            | {"detectable": detectable_difference(error, groups, level=level)}
            | {"groups_needed": groups_needed(f1["difference"], error, groups, level=level)}
        )  # fmt: skip
    return pd.DataFrame(rows).astype({"groups": int})


def differences(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Every variant (b) against every one before it (a), on the same items.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.

    Returns
    -------
    pandas.DataFrame
        DIFFERENCE_COLUMNS, one row per split (test, then val), pair and metric of
        COMPARED_METRICS. The correction is for the pairs of one split and metric; see
        `paired.paired_difference`, and `paired.McNemar` for only_a, only_b and p_mid. On
        validation both sides chose their epoch (and some their threshold), so that its intervals
        are a guide: they tell near ties from real distance.
    """
    tables = []
    for split in ("test", "val"):
        pairs = list(combinations(judged_by_variant(scored, operating_points, split).items(), 2))
        level = _corrected_level(len(pairs))
        for (first, old), (second, new) in pairs:
            first_decided = (old.probabilities, old.thresholds)
            pair = (old.labels, *first_decided, new.probabilities, new.thresholds)
            table = paired_difference(
                *pair, old.groups, repeats=old.repeats, metrics=COMPARED_METRICS,
                comparisons=len(pairs),
            )  # fmt: skip
            needed = [
                groups_needed(row.difference, row.error, row.groups, level=level)
                for row in table.itertuples()
            ]
            decisions = mcnemar(*pair, old.groups)
            names = {"split": split, "a": first, "b": second, "groups_needed": needed}
            told = {"only_a": decisions.only_a, "only_b": decisions.only_b}
            tables.append(
                table.rename(columns={"a": "value_a", "b": "value_b"}).assign(
                    **names, **told, p_mid=decisions.p_mid
                )
            )
    return join_tables(tables, DIFFERENCE_COLUMNS)


def gains(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Where each gain in F1 on test came from: weights, epoch, threshold.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.

    Returns
    -------
    pandas.DataFrame
        GAIN_COLUMNS, one row per pair and part; see `paired.gain_parts`. The parts are

        - weights: b's weights at a's epoch (or b's last, if it has fewer). `same_weights` is True
          where they score every item of validation and test as a's do: nothing was trained anew.
        - epoch: from there to b's own epoch.
        - threshold: from there to b's own threshold.

        Until the last part the threshold is the one that flags as many items of validation as a
        does: equal thresholds of two models mean different things.
    """
    found = list(_by_training(scored, operating_points))
    variants = operating_points["variant"].unique()
    tables = []
    for a, b in combinations(variants, 2):
        paths = [_path(parts, points, a, b) for parts, points in found]
        joined = _joined([path for path, _ in paths])
        same = all(same for _, same in paths)
        start, *stages = joined.decided
        named = dict(zip(("weights", "epoch", "threshold"), stages, strict=True))
        table = gain_parts(joined.labels, start, named, joined.groups)
        tables.append(table.assign(a=a, b=b, same_weights=same))
    return join_tables(tables, GAIN_COLUMNS)


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


class _Path(NamedTuple):
    """The items of test, and how they were decided at each stage from one variant to another."""

    labels: npt.NDArray[np.int64]
    groups: npt.NDArray[np.object_]
    decided: list[Decided]


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


def _path(parts: _Parts, points: pd.DataFrame, a: str, b: str) -> tuple[_Path, bool]:
    """From a to b in one training of each, and whether they are the same up to their epochs."""
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
    return _Path(old["label"].to_numpy(), old["group"].to_numpy(), decided), same


def _joined(paths: Sequence[_Path]) -> _Path:
    """The items of several trainings below each other, with a threshold for each row."""
    decided: list[Decided] = [
        (
            np.concatenate([np.asarray(scores, float) for scores, _ in stage]),
            np.concatenate([np.full(np.size(scores), at) for scores, at in stage]),
        )
        for stage in zip(*(path.decided for path in paths), strict=True)
    ]
    labels, groups = (np.concatenate(parts) for parts in zip(*(p[:2] for p in paths), strict=True))
    return _Path(labels, groups, decided)


def drops(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """How far F1 on test lies from F1 on validation, at the same epoch and threshold.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.

    Returns
    -------
    pandas.DataFrame
        One row per variant: variant, validation, test (F1), difference (test - validation), low,
        high (corrected for the number of variants; NaN with too few groups).

    Notes
    -----
    Two independent samples: the interval of the difference combines theirs (MOVER; Zou & Donner
    2008, Stat. Med. 27:1693).
    """
    points = {
        split: judged_by_variant(scored, operating_points, split) for split in ("val", "test")
    }
    level = _corrected_level(len(points["test"]))
    both = [
        {
            variant: metric_intervals(
                saved.labels, saved.probabilities, saved.thresholds, saved.groups, level=level,
                metrics=["f1"], repeats=saved.repeats,
            ).set_index("metric").loc["f1"]
            for variant, saved in own.items()
        }
        for own in points.values()
    ]  # fmt: skip
    rows = []
    for variant, seen in both[0].items():
        tested = both[1][variant]
        difference = tested["value"] - seen["value"]
        low = difference - np.hypot(tested["value"] - tested["low"], seen["high"] - seen["value"])
        high = difference + np.hypot(tested["high"] - tested["value"], seen["value"] - seen["low"])
        rows.append((variant, seen["value"], tested["value"], difference, low, high))
    columns = ["variant", "validation", "test", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _corrected_level(comparisons: int) -> float:
    """The level of each of several 95 % intervals that are looked at together (Bonferroni)."""
    return 1 - 0.05 / max(comparisons, 1)


def _same_weights(parts: _Parts, one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether two variants score every item of validation and test alike."""
    return all(
        np.array_equal(*(parts.of(*at, split)["logit"] for at in (one, other)))
        for split in ("val", "test")
    )
