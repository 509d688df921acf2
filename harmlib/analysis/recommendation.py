"""Which variant and threshold a section's figures speak for, or why they speak for none.

Validation prefers a variant; test only says whether the preference holds. Nothing is measured here:
every number is taken from the tables of `comparison_tables`, `pooled` and `operating_points`, whose
intervals are corrected for the comparisons made.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.params.finding_codes import (
    ANOTHER_ABOVE,
    NO_THRESHOLD,
    NOT_ABOVE_BASELINE,
    NOT_TOLD_APART,
    TOO_FEW_GROUPS,
    UNTRAINED_WEIGHTS,
)

METRICS = ("f1", "recall", "precision", "flagged_share")  # whose intervals are taken over
_COUNTS = ("n", "tp", "fp", "fn", "tn")
_FOLDS = ("folds", "seeds", "items")  # of results of folds only


def recommendation(
    preferred: pd.DataFrame,
    chosen: pd.DataFrame,
    results: pd.DataFrame,
    intervals: pd.DataFrame,
    against_baseline: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    trained: bool,
) -> pd.DataFrame:
    """Name the variant that validation prefers, with what it did on test, and whether that holds.

    Parameters
    ----------
    preferred : DataFrame
        The F1 on validation by which a variant is preferred: variant, f1; the first of equals.
    chosen : DataFrame
        The operating points of the saved epochs, one row per variant: variant, epoch, threshold,
        state.
    results : DataFrame
        What claims rest on, of every variant: as `compare_on_test` or `pooled_results` return it.
    intervals, against_baseline, differences : DataFrame
        Of the same items (`harmlib.analysis.comparison_tables`).
    trained : bool
        Whether every backbone that has weights ran with trained ones.

    Returns
    -------
    DataFrame
        One row:

        - variant, epoch, threshold: the preferred one as it is saved
        - state: ``recommended``, or ``held``
        - held_by: codes of `harmlib.params.finding_codes` that hold it, the gravest first, with a
          space between them; empty where nothing does
        - n, tp, fp, fn, tn: decisions; folds, seeds, items (of folds; else 1, 1 and n)
        - f1, recall, precision, flagged_share: each with `_low` and `_high`, a 95 % interval (NaN
          with too few groups); harmful_groups, safe_groups
        - baseline, difference, corrected_low, corrected_high, groups, groups_needed: of
          `against_baseline`

    Examples
    --------
    >>> preferred = pd.DataFrame({"variant": ["m2", "m4"], "f1": [0.8, 0.9], "epoch": 1,
    ...                           "threshold": [0.5, 0.3], "state": "ok"})
    >>> results = pd.DataFrame({"variant": ["m2", "m4", "baseline"], "tp": [7, 9, 10],
    ...                         "fp": [3, 1, 5], "fn": [3, 1, 0], "tn": [2, 4, 0], "n": 15})
    >>> intervals = pd.DataFrame(
    ...     [(v, m, 0.9, 0.7, 0.95, 8, 6) for v in ("m2", "m4") for m in METRICS],
    ...     columns=["variant", "metric", "value", "low", "high", "harmful_groups", "safe_groups"])
    >>> against = pd.DataFrame({"variant": ["m2", "m4"], "baseline": 0.8, "difference": [-0.1, 0.1],
    ...     "corrected_low": [-0.2, 0.05], "corrected_high": [0.02, 0.15], "groups": 9,
    ...     "groups_needed": 20.0})
    >>> pairs = pd.DataFrame({"split": ["test"], "metric": "f1", "a": "m2", "b": "m4",
    ...     "difference": 0.2, "corrected_low": 0.1, "corrected_high": 0.3})
    >>> tables = (preferred, preferred, results, intervals, against, pairs)
    >>> found = recommendation(*tables, trained=True)
    >>> found[["variant", "threshold", "state", "tp", "fn"]]
      variant  threshold        state  tp  fn
    0      m4        0.3  recommended   9   1
    >>> found = recommendation(*tables, trained=False)
    >>> found[["state", "held_by"]].iloc[0].tolist()
    ['held', 'HL001']
    """
    variant = str(preferred.loc[preferred["f1"].idxmax(), "variant"])
    point = _row(chosen, variant)
    compared = _row(against_baseline, variant)
    others = recommendation_differences(variant, against_baseline, differences).iloc[1:]
    codes = list(_held_by(trained, str(point["state"]), compared, others))
    result = _row(results, variant)
    told = dict.fromkeys(("folds", "seeds"), 1) | {"items": result["n"]}
    told |= {name: result[name] for name in _FOLDS if name in result}
    row = {
        "variant": variant, "epoch": point["epoch"], "threshold": point["threshold"],
        "state": "held" if codes else "recommended", "held_by": " ".join(codes),
    }  # fmt: skip
    row |= {name: result[name] for name in _COUNTS} | told
    own = intervals[intervals["variant"] == variant].set_index("metric")
    for metric in METRICS:
        row[metric], row[f"{metric}_low"], row[f"{metric}_high"] = own.loc[
            metric, ["value", "low", "high"]
        ]
    row |= own.iloc[0][["harmful_groups", "safe_groups"]].to_dict()
    columns = ["baseline", "difference", "corrected_low", "corrected_high", "groups",
               "groups_needed"]  # fmt: skip
    whole = [*_COUNTS, *_FOLDS, "epoch", "groups", "harmful_groups", "safe_groups"]
    return pd.DataFrame([row | compared[columns].to_dict()]).astype(dict.fromkeys(whole, np.int64))


def recommendation_differences(
    variant: str, against_baseline: pd.DataFrame, differences: pd.DataFrame
) -> pd.DataFrame:
    """How far a variant's F1 on test lies above that of the baseline, and of each other variant.

    Parameters
    ----------
    variant : str
    against_baseline, differences : DataFrame
        As in `recommendation`.

    Returns
    -------
    DataFrame
        The baseline first, then the others in their order: other, difference (`variant` less the
        other), low, high (corrected for the comparisons of their table; NaN with too few groups).

    Examples
    --------
    >>> against = pd.DataFrame({"variant": ["m4"], "difference": 0.1, "corrected_low": 0.05,
    ...                         "corrected_high": 0.15})
    >>> pairs = pd.DataFrame({"split": ["test"], "metric": "f1", "a": "m2", "b": "m4",
    ...     "difference": 0.2, "corrected_low": 0.1, "corrected_high": 0.3})
    >>> recommendation_differences("m4", against, pairs)
          other  difference   low  high
    0  baseline         0.1  0.05  0.15
    1        m2         0.2  0.10  0.30
    """
    own = _row(against_baseline, variant)
    rows = [(BASELINE, own["difference"], own["corrected_low"], own["corrected_high"])]
    tested = differences[(differences["split"] == "test") & (differences["metric"] == "f1")]
    for pair in tested.itertuples():
        ends = (pair.difference, pair.corrected_low, pair.corrected_high)
        if pair.b == variant:
            rows.append((pair.a, *ends))
        elif pair.a == variant:
            difference, low, high = (0.0 - end for end in ends)  # no minus before a zero
            rows.append((pair.b, difference, high, low))
    return pd.DataFrame(rows, columns=["other", "difference", "low", "high"])


def not_told_apart(others: pd.DataFrame) -> pd.DataFrame:
    """Take the rows whose interval holds 0, without those that decide every item alike.

    Parameters
    ----------
    others : DataFrame
        Rows of `recommendation_differences`.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> rows = pd.DataFrame({"other": ["a", "b", "c"], "difference": [0.1, 0.0, 0.02],
    ...                      "low": [0.05, 0.0, -0.01], "high": [0.2, 0.0, 0.05]})
    >>> not_told_apart(rows)["other"].tolist()
    ['c']
    """
    alike = (others[["difference", "low", "high"]] == 0).all(axis=1)
    return others[(others["low"] <= 0) & (others["high"] >= 0) & ~alike]


def _held_by(trained: bool, state: str, compared: pd.Series, others: pd.DataFrame) -> Iterator[str]:
    """The codes that hold a recommendation, the gravest first."""
    if not trained:
        yield UNTRAINED_WEIGHTS
    if state != "ok":
        yield NO_THRESHOLD
    if pd.isna(compared["corrected_low"]):
        yield TOO_FEW_GROUPS
        return  # nothing can be told
    if not compared["corrected_low"] > 0:
        yield NOT_ABOVE_BASELINE
    if (others["high"] < 0).any():
        yield ANOTHER_ABOVE
    if len(not_told_apart(others)):
        yield NOT_TOLD_APART


def _row(table: pd.DataFrame, variant: str) -> pd.Series:
    """The row of a variant."""
    return table[table["variant"] == variant].iloc[0]
