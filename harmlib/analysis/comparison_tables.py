"""The tables that compare variants: with the baseline, with each other, validation with test.

Every function reads the two tables that `harmlib.analysis.variant_tables` describes: `scored`, with
a column group, and `operating_points`. Several models are looked at together here, and readers
look for the best one: each interval that a sentence may name a winner by is corrected for the
number of comparisons in its table (Bonferroni; `corrected_low`, `corrected_high`).

Examples
--------
>>> import numpy as np
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

from itertools import combinations
from typing import Any

import pandas as pd

from harmlib.analysis.bonferroni import corrected_level
from harmlib.analysis.gain_parts import gain_parts
from harmlib.analysis.gain_paths import gain_paths
from harmlib.analysis.independent_difference import independent_difference
from harmlib.analysis.intervals import metric_intervals
from harmlib.analysis.judged import judged_by_variant
from harmlib.analysis.mcnemar import mcnemar
from harmlib.analysis.paired import baseline_difference, paired_difference
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
    rows = []
    for variant, test in tests.items():
        table = baseline_difference(
            test.labels, test.probabilities, test.thresholds, test.groups,
            repeats=test.repeats, metrics=["f1"], comparisons=len(tests),
        )  # fmt: skip
        f1, level = table.iloc[0], corrected_level(len(tests))
        groups = int(f1["groups"])
        needed = groups_needed(f1["difference"], f1["error"], groups, level=level)
        rows.append(baseline_cells(variant, f1, len(tests)) | {"groups_needed": needed})
    return pd.DataFrame(rows).astype({"groups": int})


def baseline_cells(variant: str, f1: pd.Series, comparisons: int) -> dict[str, Any]:
    """Name what a variant's difference from the baseline tells, but the groups that it would need.

    Parameters
    ----------
    variant : str
    f1 : pandas.Series
        A row of `paired.difference_table`: a is the baseline, b the variant.
    comparisons : int
        How many variants are compared with the baseline.

    Returns
    -------
    dict of str to object
        The columns of `against_baseline` up to `detectable`.

    Examples
    --------
    >>> f1 = {"a": 0.7, "b": 0.8, "difference": 0.1, "low": 0.06, "high": 0.14, "error": 0.02,
    ...       "corrected_low": 0.05, "corrected_high": 0.15, "groups": 9}
    >>> cells = baseline_cells("model4", pd.Series(f1), comparisons=3)
    >>> [round(float(cells[name]), 3) for name in ("baseline", "value", "detectable")]
    [0.7, 0.8, 0.078]
    """
    ends = f1[["difference", "low", "high", "corrected_low", "corrected_high", "groups"]]
    level = corrected_level(comparisons)
    detectable = detectable_difference(f1["error"], int(f1["groups"]), level=level)
    cells = {"variant": variant, "baseline": f1["a"], "value": f1["b"], **ends.to_dict()}
    return cells | {"detectable": detectable}


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
        `paired.paired_difference`, and `mcnemar.McNemar` for only_a, only_b and p_mid. On
        validation both sides chose their epoch (and some their threshold), so that its intervals
        are a guide: they tell near ties from real distance.
    """
    tables = []
    for split in ("test", "val"):
        pairs = list(combinations(judged_by_variant(scored, operating_points, split).items(), 2))
        level = corrected_level(len(pairs))
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
        GAIN_COLUMNS, one row per pair and part; see `gain_parts.gain_parts`. The parts are

        - weights: b's weights at a's epoch (or b's last, if it has fewer). `same_weights` is True
          where they score every item of validation and test as a's do: nothing was trained anew.
        - epoch: from there to b's own epoch.
        - threshold: from there to b's own threshold.

        Until the last part the threshold is the one that flags as many items of validation as a
        does: equal thresholds of two models mean different things.
    """
    tables = []
    for a, b, path in gain_paths(scored, operating_points):
        start, *stages = path.decided
        named = dict(zip(("weights", "epoch", "threshold"), stages, strict=True))
        table = gain_parts(path.labels, start, named, path.groups)
        tables.append(table.assign(a=a, b=b, same_weights=path.same_weights))
    return join_tables(tables, GAIN_COLUMNS)


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
    Two independent samples, see `independent_difference`.
    """
    points = {
        split: judged_by_variant(scored, operating_points, split) for split in ("val", "test")
    }
    level = corrected_level(len(points["test"]))
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
        ends = (tuple(one[["value", "low", "high"]]) for one in (seen, tested))
        rows.append((variant, seen["value"], tested["value"], *independent_difference(*ends)))
    columns = ["variant", "validation", "test", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=columns)
