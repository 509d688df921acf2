"""Items of a table of scores that can't be judged, and what they could change."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.account import worst_and_best

NO_LABEL, NO_SCORE = "no_label", "no_score"
SCORES, ALL = "scores", "all"  # readings of what is missing
_LABELS = ("harmful", "safe", "unknown")
BOUND_COLUMNS = (
    "variant", "lost", "harmful", "safe", "unknown", "metric", "value", "low", "high",
)  # fmt: skip


def missing_items(lost: pd.DataFrame) -> pd.DataFrame:
    """Tell each item that can't be judged once, however many models lack its score.

    Parameters
    ----------
    lost : DataFrame
        Of `harmlib.analysis.own_scores.reading.OwnScores`: item_id, section, label, split, reason.

    Returns
    -------
    DataFrame
        One row per section and item: section, item_id, label (harmful, safe or unknown), split,
        why (``no_label``, or ``no_score`` of at least one model).

    Examples
    --------
    >>> lost = pd.DataFrame({"item_id": ["a", "a", "b"], "section": "gun", "split": "test",
    ...                      "label": ["safe", "safe", ""], "model": ["x", "y", ""],
    ...                      "reason": ["no score", "no row", "no label"]})
    >>> missing_items(lost)[["item_id", "label", "why"]].to_numpy().tolist()
    [['a', 'safe', 'no_score'], ['b', 'unknown', 'no_label']]
    """
    unlabelled = lost["label"] == ""
    told = lost.assign(
        label=lost["label"].mask(unlabelled, "unknown"),
        why=pd.Series(NO_SCORE, index=lost.index).mask(unlabelled, NO_LABEL),
    )
    columns = ["section", "item_id", "label", "split", "why"]
    return told.drop_duplicates(["section", "item_id", "label"])[columns].reset_index(drop=True)


def account_of_items(items: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
    """Count the items of a table of scores: in = used + missing.

    Parameters
    ----------
    items : DataFrame
        Those that are used, one row per section and item: section, label (0/1).
    missing : DataFrame
        As `missing_items` returns it.

    Returns
    -------
    DataFrame
        One row per section of `items` and label (harmful, safe, unknown) that has an item: section,
        label, items (that came in), used, no_label, no_score.

    Examples
    --------
    >>> items = pd.DataFrame({"section": "gun", "label": [1, 1, 0]})
    >>> missing = pd.DataFrame({"section": ["gun"], "label": "safe", "why": "no_score"})
    >>> account_of_items(items, missing)
      section    label  items  used  no_label  no_score
    0     gun  harmful      2     2         0         0
    1     gun     safe      2     1         0         1
    """
    used = items.assign(label=items["label"].map({1: "harmful", 0: "safe"}))
    counted = {
        "used": used.groupby(["section", "label"]).size(),
        **{
            why: missing[missing["why"] == why].groupby(["section", "label"]).size()
            for why in (NO_LABEL, NO_SCORE)
        },
    }
    rows = []
    for section in items["section"].unique():
        for label in _LABELS:
            counts = {name: int(found.get((section, label), 0)) for name, found in counted.items()}
            if sum(counts.values()):
                rows.append(
                    {"section": section, "label": label, "items": sum(counts.values())} | counts
                )
    return pd.DataFrame(rows, columns=["section", "label", "items", "used", NO_LABEL, NO_SCORE])


def missing_bounds(missing: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Bound the figures of every model, whatever the missing items would have been judged as.

    Parameters
    ----------
    missing : DataFrame
        Of one section, as `missing_items` returns them; those that would have been judged.
    results : DataFrame
        One row per variant: variant, tp, fp, fn, tn.

    Returns
    -------
    DataFrame
        One row per variant, reading and figure, `BOUND_COLUMNS`: lost is ``all``, or ``scores``
        (those whose label is known) where labels are missing, too; harmful, safe and unknown are
        counts of the missing. Without a missing item there is no row.

    Examples
    --------
    >>> missing = pd.DataFrame({"label": ["harmful", "unknown"]})
    >>> results = pd.DataFrame({"variant": ["api"], "tp": 8, "fp": 2, "fn": 2, "tn": 8})
    >>> missing_bounds(missing, results).query("metric == 'recall'")[["lost", "low"]].round(3)
         lost    low
    0  scores  0.727
    4     all  0.667
    """
    counts = {label: int((missing["label"] == label).sum()) for label in _LABELS}
    labelled = counts | {"unknown": 0}
    readings = {SCORES: labelled, ALL: counts}
    if not counts["unknown"] or not counts["harmful"] + counts["safe"]:
        readings = {ALL: counts}
    found = [
        worst_and_best(one, **lost).assign(variant=one["variant"], lost=reading, **lost)
        for one in results.to_dict("records")
        for reading, lost in readings.items()
        if sum(counts.values())
    ]
    if not found:
        return pd.DataFrame(columns=list(BOUND_COLUMNS))
    return pd.concat(found, ignore_index=True)[list(BOUND_COLUMNS)]
