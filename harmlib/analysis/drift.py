"""Whether new scores are like those that the threshold was chosen on.

Validation and new scores are two independent samples of sources (groups). Noise is what leaving out
one source does to an estimate, on either side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from harmlib.analysis.checks import FloatArray, ScoresError, check_scored, check_thresholds
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.grouped_scores import (
    GroupedScores,
    design_effect,
    edges_of,
    kolmogorov_smirnov,
)
from harmlib.analysis.harmful_share import share_change
from harmlib.analysis.independent_difference import Ends, independent_difference
from harmlib.analysis.jackknife import MIN_GROUPS, jackknife_interval
from harmlib.analysis.rate_estimates import rate_estimates
from harmlib.analysis.reliability import calibration_intervals

MIN_ITEMS = 30  # fewer new scores than this say nothing about a distribution
LEVEL = 0.05  # of all tests of a call together
MOVED_SHARE = 0.10  # a flagged share that moved by this much changes the work of a team
MIN_CHANGE = 0.02  # of shares, F1, Brier score: a smaller change does not matter, however certain
REASONS = {
    "flagged_share_moved": "the flagged share moved by 10 points or more, beyond its interval",
    "flagged_share_shifted": "the flagged share moved beyond its interval",
    "distribution_changed": "the distribution of the scores changed (Kolmogorov-Smirnov)",
    "f1_fell": "F1 on the labelled items is below that of validation, beyond its interval",
    "calibration_worsened": "the Brier score is worse than that of validation, beyond its interval",
    "labels_too_few": f"labels do not count: that takes {MIN_ITEMS} labelled items, and "
    f"{MIN_GROUPS} sources of harmful and of safe items, here and in validation",
    "groups_unknown": "which items come from one source is unknown: intervals are as wide as if "
    "sources were as large as those of validation",
}
NOTES = ("labels_too_few", "groups_unknown")  # reasons that are no change


@dataclass(frozen=True)
class Drift:
    """What changed, and what to do.

    Attributes
    ----------
    verdict : str
        `too_few`, `steady`, `watch` (something changed; look at it), `choose_again`, or
        `groups_unknown` (something seems changed, but few sources may look so by chance).
    reasons : tuple of str
        Keys of REASONS that led to it, and NOTES.
    table : pandas.DataFrame
        metric, validation, new, difference (new - validation), low, high (of the difference, at
        `level`; NaN with too few groups). Always flagged_share and harmful_share; with labels of
        both classes also precision, recall, f1, brier. harmful_share on new scores is an estimate,
        see `harmful_share`; f1 of validation is that without its optimism.
    ks : float
        The largest difference between the shares of both samples above any score, of those at the
        threshold and at the percentiles of both samples.
    p_value : float
        Of `ks`, with the noise of whole groups.
    expected_flagged_share : float
        What would be flagged if only the harmful share had moved, to its estimate. Where it is far
        from the share that is flagged, more has changed than that.
    level : float
        Of each interval: LEVEL is divided evenly among the tests (Bonferroni).
    n_validation, n_new : int
        Items.
    n_sources : int or None
        Groups of new items; None where they are unknown.
    """

    verdict: str
    reasons: tuple[str, ...]
    table: pd.DataFrame
    ks: float
    p_value: float
    expected_flagged_share: float
    level: float
    n_validation: int
    n_new: int
    n_sources: int | None


def compare_scores(
    validation: pd.DataFrame,
    new: pd.DataFrame,
    threshold: float,
    *,
    f1_optimism: float = 0.0,
    seed: int = 0,
) -> Drift:
    """Compare new scores with those of validation.

    Parameters
    ----------
    validation : pandas.DataFrame
        Columns label (0 or 1), probability (0 to 1), group.
    new : pandas.DataFrame
        Column probability; label and group where they are known (labels may be missing). Where
        every item is a source of its own, give each its own group.
    threshold : float
        Of the saved model; an item is flagged where probability > threshold.
    f1_optimism : float
        How much too high F1 of validation is, as epoch and threshold were chosen on it (see
        `harmlib.analysis.optimism`); NaN where that is unknown: labels don't count then.
    seed : int
        Of the noise that the p-value compares with.

    Returns
    -------
    Drift
        The verdict is the first of these that holds:

        - `too_few`: fewer than MIN_ITEMS new items, or MIN_GROUPS groups on either side.
        - `groups_unknown`: `new` has no groups, and one of the changes below is found.
        - `choose_again`: F1 fell; or the flagged share moved by MOVED_SHARE or more, and the
          distribution changed with it.
        - `watch`: the flagged share shifted, the distribution changed, or calibration worsened.
        - `steady`: none of these.

        Changes of MIN_CHANGE or less never count. When nothing has changed, the verdict is `watch`
        or `choose_again` at most once in twenty times.

    Raises
    ------
    ScoresError
        Missing columns, no rows, labels other than 0 and 1, probabilities outside [0, 1], or
        validation scores that are all equal.
    ValueError
        Missing groups, or validation labels of one class.

    Notes
    -----
    Where only flagged items were labelled, they say nothing about recall, F1 and calibration: label
    a random sample. Copies of one item under several names count as so many items: give them one
    group.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> label = np.arange(200) % 2
    >>> probability = np.clip(rng.normal(0.3 + 0.4 * label, 0.15), 0, 1)
    >>> validation = pd.DataFrame({"label": label, "probability": probability, "group": range(200)})
    >>> new = pd.DataFrame({"probability": probability**2, "group": range(200)})
    >>> found = compare_scores(validation, new, 0.5)
    >>> found.verdict, found.reasons
    ('choose_again', ('flagged_share_moved', 'distribution_changed'))
    >>> compare_scores(validation, new.drop(columns="group"), 0.5).verdict
    'groups_unknown'
    """
    scores = [_checked(validation, "validation"), _checked(new, "new")]
    (checked_threshold,) = check_thresholds([threshold])
    labelled = new.dropna(subset="label") if "label" in new else new[:0].assign(label=0)
    measurable = labelled["label"].nunique() == 2
    counting = measurable and np.isfinite(f1_optimism) and _enough_labels(validation, labelled)
    tests = 4 if counting else 2
    level = 1 - LEVEL / tests

    edges = edges_of(scores, checked_threshold)
    groups_known = "group" in new
    old = GroupedScores.of(scores[0], validation["group"], edges)
    fresh = GroupedScores.of(scores[1], new["group"] if groups_known else None, edges)
    if not groups_known:
        fresh = fresh._replace(widening=design_effect(old, len(validation)))
    ks, p_value = kolmogorov_smirnov(old, fresh, seed)
    at = int(edges.searchsorted(checked_threshold))
    rows = [_flagged_row(old, fresh, at, level)]
    rows.append(_harmful_row(validation["label"], scores, old, fresh, level))
    if measurable:
        rows += _labelled_rows(
            validation, labelled, checked_threshold, f1_optimism, fresh.widening, level
        )
    table = pd.DataFrame(rows, columns=["metric", "validation", "new", "difference", "low", "high"])
    reasons = _reasons(table if counting else table[:2], ks, p_value, LEVEL / tests)
    if len(labelled) and not counting:
        reasons.append("labels_too_few")
    if not groups_known:
        reasons.append("groups_unknown")
    return Drift(
        verdict=_verdict(len(new), min(old.n_groups, fresh.n_groups), reasons),
        reasons=tuple(reasons),
        table=table,
        ks=ks,
        p_value=p_value,
        expected_flagged_share=_expected_flagged_share(
            validation, checked_threshold, table.at[1, "new"]
        ),
        level=level,
        n_validation=len(validation),
        n_new=len(new),
        n_sources=fresh.n_groups if groups_known else None,
    )


def _enough_labels(validation: pd.DataFrame, labelled: pd.DataFrame) -> bool:
    sides = (validation, labelled)
    enough = all(count_groups(side["label"], side.get("group")).enough for side in sides)
    return enough and len(labelled) >= MIN_ITEMS


def _flagged_row(
    old: GroupedScores, new: GroupedScores, at: int, level: float
) -> tuple[object, ...]:
    ends = []
    for side in (old, new):
        value = float(side.above[at])
        low, high = jackknife_interval(value, side.without[:, at], level=level)
        ends.append((value, *_widened(value, float(low), float(high), side.widening)))
    return ("flagged_share", *_difference(*ends))


def _harmful_row(
    labels: pd.Series,
    scores: list[FloatArray],
    old: GroupedScores,
    new: GroupedScores,
    level: float,
) -> tuple[object, ...]:
    """All new scores between two edges stand at the mean of their logits."""
    old_logits, new_logits = (_to_logit(sample) for sample in scores)
    members = new.cells.sum(axis=0)
    filled = members > 0
    places = np.repeat(np.arange(len(members))[filled], members[filled].astype(int))
    sums = np.bincount(places, np.sort(new_logits), len(members))
    known, share, low, high = share_change(
        labels, old_logits, old.codes, sums[filled] / members[filled],
        new.cells[:, filled], level=level, widening=new.widening,
    )  # fmt: skip
    return "harmful_share", known, share, share - known, low, high


def _labelled_rows(
    validation: pd.DataFrame,
    labelled: pd.DataFrame,
    threshold: float,
    f1_optimism: float,
    widening: float,
    level: float,
) -> list[tuple[object, ...]]:
    """Precision, recall, F1 and Brier score where labels are known."""
    found: list[dict[str, Ends]] = []
    for table in (validation, labelled):
        columns = table["label"].to_numpy(int), table["probability"].to_numpy(float)
        estimates = rate_estimates(*columns, [threshold], table.get("group"))
        brier = calibration_intervals(*columns, table.get("group"), level=level).iloc[0]
        own = {"brier": (brier["value"], brier["low"], brier["high"])}
        for metric in ("precision", "recall", "f1"):
            (low,), (high,) = estimates[metric].interval("share", level)
            own[metric] = (estimates[metric].value[0], low, high)
        found.append(own)
    known = f1_optimism if np.isfinite(f1_optimism) else 0.0
    value, low, high = found[0]["f1"]
    found[0]["f1"] = value - known, low - known, high - known
    rows: list[tuple[object, ...]] = []
    for metric in ("precision", "recall", "f1", "brier"):
        value, low, high = found[1][metric]
        ends = _widened(value, low, high, widening)
        rows.append((metric, *_difference(found[0][metric], (value, *ends))))
    return rows


def _difference(old: Ends, new: Ends) -> tuple[float, float, float, float, float]:
    """Old, new, and the difference with its interval, from (value, low, high) of either."""
    return old[0], new[0], *independent_difference(old, new)


def _widened(value: float, low: float, high: float, widening: float) -> tuple[float, float]:
    reach = np.sqrt(widening)
    return value - reach * (value - low), value + reach * (high - value)


def _expected_flagged_share(validation: pd.DataFrame, threshold: float, harmful: float) -> float:
    flagged = validation["probability"] > threshold
    safe, caught = flagged.groupby(validation["label"].astype(int)).mean().loc[[0, 1]]
    return float(safe + harmful * (caught - safe))


def _reasons(table: pd.DataFrame, ks: float, p_value: float, level: float) -> list[str]:
    rows = table.set_index("metric")
    moved = rows["difference"].abs() > MIN_CHANGE
    rose, fell = moved & (rows["low"] > 0), moved & (rows["high"] < 0)
    reasons = []
    if rose["flagged_share"] or fell["flagged_share"]:
        big = abs(rows.at["flagged_share", "difference"]) >= MOVED_SHARE
        reasons.append("flagged_share_moved" if big else "flagged_share_shifted")
    if p_value < level and ks > MIN_CHANGE:
        reasons.append("distribution_changed")
    if fell.get("f1", False):
        reasons.append("f1_fell")
    if rose.get("brier", False):
        reasons.append("calibration_worsened")
    return reasons


def _verdict(n_new: int, groups: int, reasons: list[str]) -> str:
    found = set(reasons) - set(NOTES)
    if n_new < MIN_ITEMS or groups < MIN_GROUPS:
        return "too_few"
    if found and "groups_unknown" in reasons:
        return "groups_unknown"
    if "f1_fell" in found or {"flagged_share_moved", "distribution_changed"} <= found:
        return "choose_again"
    return "watch" if found else "steady"


def _to_logit(probabilities: FloatArray) -> FloatArray:
    """Finite logits: a probability of 0 or 1 counts as 1e-6 or 1 - 1e-6."""
    return np.asarray(logit(np.clip(probabilities, 1e-6, 1 - 1e-6)), float)


def _checked(table: pd.DataFrame, name: str) -> FloatArray:
    """The probabilities of a sample, or a ScoresError that names the sample."""
    needed = ["probability"] if name == "new" else ["label", "probability", "group"]
    missing = [column for column in needed if column not in table]
    if missing:
        raise ScoresError(f"the {name} scores lack {', '.join(missing)}")
    if table.empty:
        raise ScoresError(f"the {name} scores are empty: there is nothing to compare")
    probabilities = table["probability"].to_numpy(float)
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ScoresError(f"the {name} probabilities must lie in [0, 1] (are these logits?)")
    labels = table.get("label", pd.Series(dtype=float))
    labels = labels.dropna() if name == "new" else labels
    if len(labels):
        check_scored(labels.to_numpy(), np.zeros(len(labels)))
    if name == "validation" and probabilities.min() == probabilities.max():
        raise ScoresError(
            f"the {name} probabilities are all {probabilities[0]}: choose on other scores"
        )
    return np.asarray(probabilities, float)
