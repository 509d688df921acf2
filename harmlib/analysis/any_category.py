"""The decision over all categories: an item is harmful if any of them is above its own threshold.

Each category's threshold was chosen on validation for that category alone; the decision over all is
only judged here, on the label that tells harmful from safe.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harmlib.analysis.saved_scores import join_tables, saved_scores

_DECIDED = 0.5  # between the 0 of no category and the 1 of any

# By section: scores with groups, and operating points (see `harmlib.analysis.variant_tables`)
Sections = Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]


def any_category(sections: Sections, harmful: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join the sections' decisions into one of each item, as scores and operating points.

    Parameters
    ----------
    sections : mapping of str to (DataFrame, DataFrame)
        Each category's scores of the same items, one epoch a variant being chosen.
    harmful : Series of int
        By item_id: 1 harmful, 0 safe, whatever the category.

    Returns
    -------
    scored, operating_points : DataFrame
        As the sections' own, so that what judges a section judges the whole. The probability is 1
        where any category is above its threshold, else 0, and the threshold lies between. Only
        figures of decisions mean something: there are no scores to rank by.

    Examples
    --------
    >>> def section(probabilities, threshold):
    ...     scored = pd.DataFrame({"variant": "m", "epoch": 1, "split": "test", "label": 0,
    ...         "item_id": list("abc"), "probability": probabilities, "group": list("abc")})
    ...     scored["logit"] = 0.0
    ...     point = {"variant": ["m"], "epoch": 1, "threshold": threshold, "chosen": True}
    ...     return scored, pd.DataFrame(point)
    >>> both = {"gun": section([0.6, 0.2, 0.4], 0.5), "fire": section([0.1, 0.2, 0.4], 0.3)}
    >>> scored, _ = any_category(both, pd.Series([1, 0, 1], index=list("abc")))
    >>> scored[["item_id", "label", "probability"]].values.tolist()
    [['a', 1, 1.0], ['b', 0, 0.0], ['c', 1, 1.0]]
    """
    tables = []
    for split in ("val", "test"):
        above: dict[str, list[np.ndarray]] = {}
        for scored, points in sections.values():
            for variant, own in saved_scores(scored, points, split).items():
                above.setdefault(variant, []).append(own.probabilities > own.threshold)
        first, _ = next(iter(sections.values()))
        items = first[first["split"] == split].drop_duplicates("item_id").sort_values("item_id")
        for variant, decisions in above.items():
            flagged = np.any(decisions, axis=0)
            tables.append(
                items[["item_id", "split", "group"]].assign(
                    variant=variant, epoch=1, label=items["item_id"].map(harmful).astype("int64"),
                    probability=flagged.astype(float), logit=np.where(flagged, 1.0, -1.0),
                )
            )  # fmt: skip
    points = pd.DataFrame({"variant": list(above), "epoch": 1, "threshold": _DECIDED})
    return join_tables(tables), points.assign(chosen=True)
