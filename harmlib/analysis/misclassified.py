"""Which items a model gets wrong: the ones that teach most, and how many in each group.

The functions take `scored`: one row per item (one variant, one epoch, one split) with the columns
item_id, group, label (1 harmful, 0 safe) and probability (in [0, 1]). Flagged is what scores above
the threshold. The order of the rows plays no part.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.checks import FloatArray, check_scored, check_thresholds

KINDS = ("false_alarm", "miss")
PLACES = ("near", "far")
COLUMNS = (
    "kind", "place", "item_id", "group", "label", "probability", "threshold", "distance", "total",
)  # fmt: skip
NEAR = 0.1  # of probability: an error that is no farther from its threshold is near
_ROUNDING = 1e-9  # 0.4 - 0.3 is a little more than 0.1


def instructive_errors(
    scored: pd.DataFrame, threshold: float | FloatArray, each: int = 3
) -> pd.DataFrame:
    """Pick the errors nearest to the threshold and farthest from it.

    Near is an error whose probability is within `NEAR` of its threshold, far is any other: the
    distance decides, not the rank among the errors. Where there are fewer than `each` of one
    place, the other fills up, so up to `2 * each` errors of a kind are all shown. Among more, every
    group shows one item before any shows its second: a row of frames from one camera teaches
    nothing.

    Parameters
    ----------
    scored : DataFrame
        See the module.
    threshold : float or ndarray of float64, shape (n,)
        Finite; one for all rows, or one for each.
    each : int
        At most how many errors of each kind and place, at least 1; more only where there are fewer
        of the other place.

    Returns
    -------
    DataFrame
        Columns kind (`false_alarm`, `miss`), place (`near`, `far`), item_id, group, label,
        probability, threshold, distance (``|probability - threshold|``), total (how many errors of
        this kind and place there are, shown or not). Ordered by kind, place, then distance: near
        ones ascending, far ones descending; equal distances by item_id. Without errors the table
        has its columns and no rows.

    Raises
    ------
    ValueError
        Missing columns, two rows of one item, no rows; labels, probabilities or a threshold that
        are not such; an `each` below 1.

    Examples
    --------
    >>> scored = pd.DataFrame({"item_id": ["a", "b", "c"], "group": "g", "label": [0, 0, 1],
    ...                        "probability": [0.75, 0.5625, 0.25]})
    >>> found = instructive_errors(scored, 0.5, each=1)
    >>> found[["kind", "place", "item_id", "probability", "distance", "total"]]
              kind place item_id  probability  distance  total
    0  false_alarm  near       b       0.5625    0.0625      1
    1  false_alarm   far       a       0.7500    0.2500      1
    2         miss   far       c       0.2500    0.2500      1
    """
    if each < 1:
        raise ValueError(f"each is {each}; show at least 1 error of each kind and place")
    false_alarm, miss = _decided(scored, threshold)
    distance = (scored["probability"].astype(np.float64) - threshold).abs()
    marked = scored.assign(threshold=threshold, distance=distance)
    parts = []
    for kind, wrong in zip(KINDS, (false_alarm, miss), strict=True):
        rows = marked[wrong].sort_values(["distance", "item_id"])
        is_near = rows["distance"] <= NEAR + _ROUNDING
        near = rows[is_near]
        far = rows[~is_near].sort_values(["distance", "item_id"], ascending=[False, True])
        for place, own, other in zip(PLACES, (near, far), (far, near), strict=True):
            shown = _spread_over_groups(own, max(each, 2 * each - len(other)))
            parts.append(shown.assign(kind=kind, place=place, total=len(own)))
    found = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    found.attrs = {}  # `scored` may carry the name of its file, which has other rows
    return found


def errors_of_models(scored: pd.DataFrame, each: int = 3) -> pd.DataFrame:
    """Pick the instructive errors of several models, each at its own threshold.

    Parameters
    ----------
    scored : DataFrame
        As in the module, of each variant: with the columns variant and threshold, too.
    each : int
        As in `instructive_errors`.

    Returns
    -------
    DataFrame
        Column variant, then those of `instructive_errors`; the variants in their order in
        `scored`. A variant without errors has no rows.

    Raises
    ------
    ValueError
        As in `instructive_errors`; a column variant or threshold is missing; no rows.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": ["model2", "model4"], "item_id": "a", "group": "g",
    ...                        "label": 1, "probability": [0.25, 0.75], "threshold": [0.5, 0.8]})
    >>> errors_of_models(scored)[["variant", "kind", "place", "item_id"]]
      variant  kind place item_id
    0  model2  miss   far       a
    1  model4  miss  near       a
    """
    missing = [column for column in ("variant", "threshold") if column not in scored]
    if missing or scored.empty:
        lacks = ", ".join(missing) or "rows"
        raise ValueError(f"scored lacks {lacks}; pass every model's items and their thresholds")
    found = [
        instructive_errors(own, own["threshold"].to_numpy(np.float64), each).assign(variant=variant)
        for variant, own in scored.groupby("variant", sort=False, observed=True)
    ]
    return pd.concat(found, ignore_index=True)[["variant", *COLUMNS]]


def errors_by_group(scored: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Count how often each group is decided wrongly.

    Parameters
    ----------
    scored : DataFrame
        See the module.
    threshold : float
        Finite.

    Returns
    -------
    DataFrame
        Columns group, n, harmful, false_alarms, misses, error_rate ((false_alarms + misses) / n).
        The groups with the most errors come first; equally many errors are ordered by group.

    Raises
    ------
    ValueError
        As in `instructive_errors`.

    Examples
    --------
    >>> scored = pd.DataFrame({"item_id": ["a", "b", "c"], "group": ["g", "h", "h"],
    ...                        "label": [0, 0, 1], "probability": [0.25, 0.75, 0.25]})
    >>> errors_by_group(scored, 0.5)
      group  n  harmful  false_alarms  misses  error_rate
    0     h  2        1             1       1         1.0
    1     g  1        0             0       0         0.0
    """
    false_alarm, miss = _decided(scored, threshold)
    counted = scored[["group"]].assign(
        n=1, harmful=scored["label"].astype(np.int64), false_alarms=false_alarm, misses=miss
    )
    table = counted.groupby("group", as_index=False, observed=True).sum()
    errors = table["false_alarms"] + table["misses"]
    table = table.assign(error_rate=errors / table["n"], errors=errors)
    table = table.sort_values(["errors", "group"], ascending=[False, True], ignore_index=True)
    table.attrs = {}
    return table.drop(columns="errors")


def _spread_over_groups(candidates: pd.DataFrame, each: int) -> pd.DataFrame:
    """`each` of the candidates in their order, the first of every group before any second."""
    turn = candidates.groupby("group", observed=True).cumcount()
    return candidates[turn.rank(method="first") <= each]


def _decided(
    scored: pd.DataFrame, threshold: float | FloatArray
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(false alarm, miss) of each row, after the checks."""
    missing = [c for c in ("item_id", "group", "label", "probability") if c not in scored]
    if missing:
        raise ValueError(
            f"scored lacks {', '.join(missing)}; it has {', '.join(map(str, scored.columns))}"
        )
    twice = scored["item_id"].duplicated()
    if twice.any():
        raise ValueError(
            f"item {scored['item_id'][twice].iloc[0]!r} has several rows; "
            "pass one variant, one epoch and one split"
        )
    for name in ("item_id", "group"):
        if scored[name].isna().any():
            raise ValueError(f"{scored[name].isna().sum()} of {len(scored)} rows have no {name}")
    harmful, probabilities = check_scored(scored["label"], scored["probability"])
    outside = (probabilities < 0) | (probabilities > 1)
    if outside.any():
        at = int(np.argmax(outside))
        raise ValueError(
            f"item {scored['item_id'].iloc[at]!r} has probability {probabilities[at]}; "
            "pass probabilities between 0 and 1, not logits"
        )
    # An array, so that float32 probabilities are widened rather than the threshold rounded.
    check_thresholds(np.atleast_1d(threshold))
    flagged = probabilities > np.asarray(threshold, np.float64)
    return flagged & ~harmful, ~flagged & harmful
