"""Which groups hold a model's errors on test, by variant."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.judged import judged_rows
from harmlib.analysis.misclassified import errors_by_group
from harmlib.analysis.saved_scores import join_tables, with_names


def group_errors(scored: pd.DataFrame, operating_points: pd.DataFrame) -> pd.DataFrame:
    """Count the errors of each variant in each group, on test.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        Of the run's own split, or of its folds; see `harmlib.analysis.variant_tables`.

    Returns
    -------
    pandas.DataFrame
        Columns variant, group, n, harmful, false_alarms, misses, error_rate; see
        `misclassified.errors_by_group`. With several seeds every decision counts, so that the sums
        are those of `pooled_results`.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": 1, "split": "test", "item_id": list("xyz"),
    ...                        "label": [0, 1, 1], "probability": [0.1, 0.9, 0.2], "logit": 0.0,
    ...                        "group": list("ggh")})
    >>> points = pd.DataFrame({"variant": "a", "epoch": [1], "threshold": 0.5, "chosen": True})
    >>> group_errors(scored, points)[["variant", "group", "n", "misses"]].to_numpy().tolist()
    [['a', 'h', 1, 1], ['a', 'g', 2, 0]]
    """
    tables = []
    for variant, points in operating_points.groupby("variant", sort=False):
        rows = with_names(judged_rows(scored[scored["variant"] == variant], points))
        # Each decision is one of its own: an item has one for every seed.
        rows["item_id"] = range(len(rows))
        counted = errors_by_group(rows, rows["threshold"].to_numpy())
        tables.append(counted.assign(variant=variant))
    table = join_tables(tables)
    return table[["variant", *table.columns.drop("variant")]]
