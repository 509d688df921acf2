"""Which items the lab lists: those of a range of probabilities and a kind, in the wanted order."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.analysis.alike_thresholds import alike_thresholds

ALL, WRONG, NOTED = "all", "wrong", "noted"
KINDS = {
    ALL: "모두",
    WRONG: "틀린 것(미탐과 오탐)",
    "miss": "미탐",
    "false_alarm": "오탐",
    "near": "threshold 근처",
    NOTED: "메모가 있는 것",
}
# The columns that a person can sort by.
SORTED_BY = ("item_id", "group", "label", "probability", "distance", "outcome", "note")
OUTCOMES = {"hit": "맞힘", "pass": "맞힘", "miss": "미탐", "false_alarm": "오탐"}


def with_outcomes(
    rows: pd.DataFrame, threshold: float, notes: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Say of each item how the threshold decides it, and what people noted.

    Parameters
    ----------
    rows : DataFrame
        One row per item: columns item_id, group, label, probability.
    threshold : float
        What scores above it is flagged.
    notes : mapping of str to str, optional
        By item_id.

    Returns
    -------
    DataFrame
        Columns item_id, group, label, probability, distance (of the probability from the
        threshold; negative below), outcome (`hit`, `pass`, `miss`, `false_alarm`), near (some of
        the thresholds that decide all but one of these items alike decide it otherwise), note.

    Examples
    --------
    >>> rows = pd.DataFrame({"item_id": ["a", "b"], "group": "g", "label": [0, 1],
    ...                      "probability": [0.75, 0.25]})
    >>> with_outcomes(rows, 0.5, {"a": "야간"})[["item_id", "distance", "outcome", "note"]]
      item_id  distance      outcome note
    0       a      0.25  false_alarm   야간
    1       b     -0.25         miss
    """
    table = rows[["item_id", "group", "label", "probability"]].reset_index(drop=True)
    table = table.astype({"item_id": str, "group": str, "probability": float})
    flagged, harmful = table["probability"] > threshold, table["label"] == 1
    outcome = pd.Series("pass", index=table.index)
    outcome[flagged & harmful] = "hit"
    outcome[~flagged & harmful] = "miss"
    outcome[flagged & ~harmful] = "false_alarm"
    alike = alike_thresholds(table["probability"], threshold)
    noted = notes or {}
    return table.assign(
        distance=table["probability"] - threshold,
        outcome=outcome,
        near=alike.near(table["probability"]),
        note=[noted.get(item_id, "") for item_id in table["item_id"]],
    )


def listed(
    items: pd.DataFrame,
    kind: str,
    brushed: tuple[float, float],
    by: str,
    *,
    descending: bool,
) -> pd.DataFrame:
    """Pick the items of a kind within a range of probabilities, and sort them.

    Parameters
    ----------
    items : DataFrame
        Of `with_outcomes`.
    kind : str
        One of `KINDS`.
    brushed : tuple of (float, float)
        The lowest and the highest probability.
    by : str
        One of `SORTED_BY`; `distance` sorts by its size.
    descending : bool
        The largest first. Equal ones are ordered by item_id.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> rows = pd.DataFrame({"item_id": ["a", "b"], "group": "g", "label": [0, 1],
    ...                      "probability": [0.75, 0.25]})
    >>> items = with_outcomes(rows, 0.5)
    >>> listed(items, "miss", (0.0, 1.0), "probability", descending=True)["item_id"].tolist()
    ['b']
    """
    low, high = brushed
    wanted = items["probability"].between(low, high)
    if kind == WRONG:
        wanted &= items["outcome"].isin(("miss", "false_alarm"))
    elif kind == NOTED:
        wanted &= items["note"] != ""
    elif kind == "near":
        wanted &= items["near"]
    elif kind != ALL:
        wanted &= items["outcome"] == kind
    found = items[wanted]
    key = found["distance"].abs() if by == "distance" else found[by]
    order = found.assign(_key=key).sort_values(
        ["_key", "item_id"], ascending=[not descending, True], kind="stable"
    )
    return order.drop(columns="_key").reset_index(drop=True)
