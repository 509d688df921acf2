"""The judged items with a near twin across the line, and the figures without them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harmlib.analysis.comparison_tables import intervals_on_test

_METRICS = ("precision", "recall", "f1")


def twins_in_test(pairs: pd.DataFrame, *, across_groups: bool) -> set[str]:
    """Name the judged items that aren't new: those with a near twin across the line.

    Parameters
    ----------
    pairs : DataFrame
        As `harmlib.analysis.near_duplicates.near_duplicates` returns them.
    across_groups : bool
        Whether folds judge every item; else those of test are.

    Returns
    -------
    set of str

    Examples
    --------
    >>> pairs = pd.DataFrame({"item_a": ["a", "c"], "item_b": ["b", "d"],
    ...                       "split_a": ["test", "val"], "split_b": "train"})
    >>> sorted(twins_in_test(pairs, across_groups=False))
    ['a']
    """
    if across_groups:
        return {*pairs["item_a"], *pairs["item_b"]}
    return {
        *pairs.loc[pairs["split_a"] == "test", "item_a"],
        *pairs.loc[pairs["split_b"] == "test", "item_b"],
    }


def figures_without(
    scored: pd.DataFrame, operating_points: pd.DataFrame, twins: set[str]
) -> pd.DataFrame:
    """Measure every variant on all judged items, and on those that have no near twin.

    Thresholds and epochs stay as they are.

    Parameters
    ----------
    scored, operating_points : DataFrame
        As for `comparison_tables.intervals_on_test`.
    twins : set of str
        As `twins_in_test` returns it.

    Returns
    -------
    DataFrame
        One row per variant and metric (precision, recall, f1): variant, metric, items, value, low,
        high (of all), items_without, groups_without (the fewer of those that hold a harmful and a
        safe item), value_without, low_without, high_without (NaN where too few groups are left).

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": 1, "split": "test", "item_id": list("abcd"),
    ...     "label": [0, 1, 0, 1], "logit": 0.0, "probability": [0.6, 0.9, 0.2, 0.7],
    ...     "group": list("abcd")})
    >>> points = pd.DataFrame({"variant": ["a"], "epoch": 1, "threshold": 0.5, "chosen": True})
    >>> figures_without(scored, points, {"a"})[["metric", "value", "value_without"]].round(3)
          metric  value  value_without
    0  precision  0.667            1.0
    1     recall  1.000            1.0
    2         f1  0.800            1.0
    """
    judged = scored[scored["split"] == "test"]
    rest = judged[~judged["item_id"].isin(twins)]
    whole = _measured(judged, operating_points)
    columns = {name: f"{name}_without" for name in ("items", "value", "low", "high")}
    if rest.empty:
        empty = dict.fromkeys([*columns.values(), "groups_without"], np.nan)
        return whole.drop(columns="groups").assign(
            **empty | {"items_without": 0, "groups_without": 0}
        )
    other = _measured(rest, operating_points).rename(columns=columns | {"groups": "groups_without"})
    return whole.drop(columns="groups").merge(other, on=["variant", "metric"], how="left")


def _measured(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    table = intervals_on_test(scored, operating_points)
    table = table[table["metric"].isin(_METRICS)].assign(
        groups=table[["harmful_groups", "safe_groups"]].min(axis=1),
        items=scored["item_id"].nunique(),
    )
    table["metric"] = pd.Categorical(table["metric"], _METRICS)
    table = table.sort_values("metric", kind="stable").astype({"metric": str})
    order = operating_points["variant"].drop_duplicates().to_list()
    table = table.sort_values("variant", key=lambda own: own.map(order.index), kind="stable")
    names = ["variant", "metric", "items", "value", "low", "high", "groups"]
    return table[names].reset_index(drop=True)
