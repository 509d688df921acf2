"""Policies side by side: each threshold chosen on validation, judged on test, priced for traffic.

Recall and the false-positive rate are the classifier's; what they mean for a thousand items, for
people and for money depends on the harmful share of the traffic:

    misses = q (1 - r)      false alarms = (1 - q) f      flagged share = q r + (1 - q) f
    cost = miss x misses + false_alarm x false alarms + review x flagged share

with prevalence q, recall r and false-positive rate f, each an item. Intervals combine those of r
and f, as in `prevalence.mixed_rates`; each holds for its policy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from harmlib.analysis.checks import FloatArray
from harmlib.analysis.estimates import Estimates
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.judged import Judged, judged_by_variant
from harmlib.analysis.model_parts import ModelParts, choose_each, model_parts
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.prevalence import at_prevalence, mixed_rates, mixtures
from harmlib.analysis.rate_estimates import rates_at
from harmlib.analysis.saved_scores import join_tables
from harmlib.analysis.thresholds import sweep
from harmlib.params import Costs, Policy, Volume
from harmlib.params.policies import OPERATING

PER = 1000  # items, for which mistakes and costs are told
MOST_POINTS = 500  # of a curve: more can't be seen
_ESTIMATES = ("recall", "precision", "flagged_share", "misses", "false_alarms", "cost", "reviewers")
COLUMNS = (
    "variant", "policy", "asked", "objective", "state", "threshold", "native", "scale",
    "prevalence", "prevalence_from",
    *(name + end for name in _ESTIMATES for end in ("", "_low", "_high")),
    "kept", "harmful_groups", "safe_groups",
)  # fmt: skip
Kept = Literal["kept", "unsure", "missed", ""]


def compare_policies(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    policies: Mapping[str, Policy],
    section: str,
    *,
    judged: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    prevalence: float | None = None,
    costs: Costs | None = None,
    volume: Volume | None = None,
    scales: Mapping[str, Scale] | None = None,
) -> pd.DataFrame:
    """Choose each policy's threshold for each variant, and judge it.

    Parameters
    ----------
    scored : pandas.DataFrame
        Of the run's own split, with groups; see `harmlib.analysis.variant_tables`.
    operating_points : pandas.DataFrame
        Of the same; a threshold is chosen for the saved epoch, on its validation items.
    policies : mapping of str to Policy
    section : str
        Whose goals are meant, such as a category.
    judged : tuple of (DataFrame, DataFrame), optional
        Scores and operating points of the folds: each part is judged at the threshold that the
        policy chooses on its own validation part. None: the run's own test split.
    prevalence : float, optional
        Harmful share of the traffic; None: that of the judged items.
    costs, volume : Costs, Volume, optional
        Prices, and how much comes in.
    scales : mapping of str to Scale, optional
        Of each variant's own numbers; None: probabilities.

    Returns
    -------
    pandas.DataFrame
        COLUMNS; for each variant a row `policies.OPERATING`, its threshold as it is, and one a
        policy. `state` is that of `model_parts.choose_each`, or ``not_everywhere``: a threshold was
        found on validation, but not in every part by which it would be judged. Without a threshold
        there are no figures. misses, false_alarms and cost are for PER items; `kept` says whether a
        floor or budget held on the judged items: "kept" or "missed" where the whole interval says
        so, else "unsure"; empty without one.

    Raises
    ------
    ValueError
        A prevalence outside (0, 1).

    Examples
    --------
    >>> label = np.arange(160) % 2
    >>> scored = pd.DataFrame({"variant": "api", "epoch": 1, "split": ["val", "test"] * 80,
    ...     "item_id": [f"i{k}" for k in range(160)], "label": label, "logit": 0.0,
    ...     "probability": (np.arange(160) * 37 % 80 + 20 * label) / 100, "group": range(160)})
    >>> scored["split"] = np.repeat(["val", "test"], 80)
    >>> points = pd.DataFrame({"variant": ["api"], "epoch": 1, "threshold": 0.5, "chosen": True})
    >>> policies = {"children": Policy(objective="recall>=0.95")}
    >>> costs = Costs(miss=9, false_alarm=1)
    >>> table = compare_policies(scored, points, policies, "all", costs=costs)
    >>> table[["policy", "threshold", "recall", "misses", "cost"]].round(2)
          policy  threshold  recall  misses    cost
    0  operating       0.50    0.62   187.5  1862.5
    1   children       0.24    0.95    25.0   562.5
    """
    own = model_parts(scored, operating_points)
    there = own if judged is None else model_parts(*judged)
    asked = {OPERATING: ("", "")} | {
        name: ((goal := policy.goal_of(section)).asked, goal.objective_text(costs, volume))
        for name, policy in policies.items()
    }
    rows = []
    for variant, model in own.items():
        scale, judge = (scales or {}).get(variant, Scale("probability")), there[variant]
        for name, (words, objective) in asked.items():
            thresholds, (state, *_) = _thresholds(model, objective, prevalence)
            row: dict[str, Any] = {
                "variant": variant,
                "policy": name,
                "asked": words,
                "objective": objective,
            }
            row |= {"state": state, "scale": scale.kind}
            if state == "ok":
                at = float(thresholds[0])
                row |= {"threshold": at, "native": scale.native_line(at)}
                thresholds, states = _thresholds(judge, objective, prevalence)
                if set(states) == {"ok"}:
                    found = judge.judged_at(thresholds)
                    row |= _figures(found, objective, prevalence, costs, volume)
                else:
                    row["state"] = "not_everywhere"
            rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS)).fillna({"kept": "", "prevalence_from": ""})


def _thresholds(
    model: ModelParts, objective: str, prevalence: float | None
) -> tuple[FloatArray, list[str]]:
    """Those that an objective chooses for each part; without one, those at which it operates."""
    if not objective:
        return model.thresholds, ["ok"] * len(model.points)
    return choose_each(model.validation, objective, prevalence)


def _figures(
    judged: Judged,
    objective: str,
    prevalence: float | None,
    costs: Costs | None,
    volume: Volume | None,
) -> dict[str, Any]:
    counts = count_groups(judged.labels, judged.groups)
    groups = {"harmful_groups": counts.harmful, "safe_groups": counts.safe}
    own_share = float(judged.labels.mean())
    if own_share in (0, 1):  # nothing to judge one of the rates by
        return groups
    rates = rates_at(
        judged.labels, judged.probabilities, judged.thresholds, judged.groups,
        repeats=judged.repeats,
    )  # fmt: skip
    recall, specificity = rates["recall"], rates["specificity"]
    q = own_share if prevalence is None else prevalence
    figures = {"recall": _with_ends(recall)} | _flagged(rates, q, prevalence)
    figures |= _mistakes(recall, specificity, q, costs)
    if volume is not None:
        value, low, high = map(volume.reviewers, figures["flagged_share"])
        figures["reviewers"] = (value, low, high)
    row: dict[str, Any] = groups | {
        "prevalence": q,
        "prevalence_from": "data" if prevalence is None else "params",
        "kept": _kept(objective, figures),
    }
    for name, (value, low, high) in figures.items():
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return row


Ends = tuple[float, float, float]  # a value, and the ends of its interval


def _with_ends(estimate: Estimates) -> Ends:
    low, high = estimate.interval("share")
    return float(estimate.value[0]), float(low[0]), float(high[0])


def _flagged(rates: Mapping[str, Estimates], q: float, prevalence: float | None) -> dict[str, Ends]:
    """Precision and flagged share: of the items as they are, or in traffic of another mixture."""
    if prevalence is None:
        return {name: _with_ends(rates[name]) for name in ("precision", "flagged_share")}
    (mixed,) = mixtures(rates["recall"], rates["specificity"], [q]).itertuples()
    return {
        "precision": (mixed.precision, mixed.low, mixed.high),
        "flagged_share": (mixed.flagged_share, mixed.flagged_low, mixed.flagged_high),
    }


def _mistakes(
    recall: Estimates, specificity: Estimates, q: float, costs: Costs | None
) -> dict[str, Ends]:
    """Misses, false alarms and cost of PER items at prevalence q."""
    (missed, *missed_ends), (alarmed, *alarmed_ends) = (
        (1 - value, 1 - high, 1 - low)
        for value, low, high in map(_with_ends, (recall, specificity))
    )
    found: dict[str, Ends] = {
        "misses": _times(PER * q, missed, missed_ends),
        "false_alarms": _times(PER * (1 - q), alarmed, alarmed_ends),
    }
    if costs is None:
        return found
    # Each harmful item costs its review; a missed one the rest of a miss instead
    of_misses = PER * q * (costs.miss - costs.review)
    of_alarms = PER * (1 - q) * (costs.false_alarm + costs.review)
    total = of_misses + of_alarms
    value, low, high = mixed_rates(
        of_misses / total, missed, np.array(missed_ends), alarmed, np.array(alarmed_ends)
    )
    reviews = PER * q * costs.review
    ends = (reviews + total * float(end) for end in (value, low, high))
    found["cost"] = (next(ends), next(ends), next(ends))
    return found


def _times(factor: float, value: float, ends: list[float]) -> Ends:
    return factor * value, factor * ends[0], factor * ends[1]


def _kept(objective: str, figures: Mapping[str, Ends]) -> Kept:
    """Whether the judged items keep what was asked for, as far as the interval tells."""
    for prefix, name, sign in (
        ("precision@recall>=", "recall", 1),
        ("recall@precision>=", "precision", 1),
        ("recall@flagged<=", "flagged_share", -1),
    ):
        if objective.startswith(prefix):
            bound = sign * float(objective.removeprefix(prefix))
            low, high = sorted(sign * end for end in figures[name][1:])
            return "kept" if low >= bound else "missed" if high < bound else "unsure"
    return ""


def policy_curve(
    scored: pd.DataFrame, operating_points: pd.DataFrame, prevalence: float | None = None
) -> pd.DataFrame:
    """Recall against the share that people look at, along all thresholds, on test.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        Of the run's own split, as in `compare_policies`; or of its folds, whose scores of one
        model are ranked together.
    prevalence : float, optional
        As in `compare_policies`.

    Returns
    -------
    pandas.DataFrame
        variant, flagged_share, recall; at most MOST_POINTS a variant.

    Examples
    --------
    >>> scored = pd.DataFrame({"variant": "a", "epoch": 1, "split": "test", "item_id": list("xy"),
    ...                        "label": [0, 1], "probability": [0.1, 0.9], "logit": 0.0,
    ...                        "group": list("gh")})
    >>> points = pd.DataFrame({"variant": "a", "epoch": [1], "threshold": 0.5, "chosen": True})
    >>> policy_curve(scored, points).to_numpy().tolist()
    [['a', 1.0, 1.0], ['a', 0.5, 1.0], ['a', 0.0, 0.0]]
    """
    tables = []
    for variant, one in judged_by_variant(scored, operating_points, "test").items():
        rows = sweep(one.labels, one.probabilities)
        if prevalence is not None:
            rows = at_prevalence(rows, prevalence)
        places = np.unique(np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int))
        tables.append(rows.iloc[places][["flagged_share", "recall"]].assign(variant=variant))
    return join_tables(tables)[["variant", "flagged_share", "recall"]]
