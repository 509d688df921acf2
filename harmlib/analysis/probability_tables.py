"""The tables of one modality's report that take probabilities at their word.

They read the same two tables as `harmlib.analysis.variant_tables`: `scored`, as `with_groups`
returns it, and `operating_points`, as 02_train writes them (here also pos_weight). Everything is
fitted or chosen on validation, and judged on test.

Examples
--------
>>> count = np.arange(120)
>>> scored = pd.DataFrame({
...     "variant": "model4", "epoch": 1, "split": np.repeat(["val", "test"], 60),
...     "item_id": [f"item{i:03d}" for i in count], "group": count // 3,
...     "label": (count % 3 > 0).astype(int), "logit": 2 * (count % 3 > 0) - 1 + count % 5 - 2,
... })
>>> scored["probability"] = 1 / (1 + np.exp(-scored["logit"]))
>>> operating_points = pd.DataFrame({
...     "variant": ["model4"], "epoch": 1, "threshold": 0.6, "chosen": True, "pos_weight": 0.5,
... })
>>> reliability, compared = calibrations(scored, operating_points, seed=0)
>>> compared["method"].unique().tolist()
['none', 'temperature', 'unweighted', 'platt', 'isotonic']
>>> table = prevalences(scored, operating_points, 0.03)
>>> table.loc[table["origin"] != "grid", ["origin", "prevalence", "precision"]].round(2)
   origin  prevalence  precision
20   data        0.67       0.86
21  given        0.03       0.08
>>> curves, costs = net_benefits(scored, operating_points)
>>> len(curves), len(costs)
(49, 51)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harmlib.analysis.calibration import (
    calibrated_probability,
    compare_calibrations,
    fit_temperature,
)
from harmlib.analysis.net_benefit import cost_curve, decision_curve
from harmlib.analysis.prevalence import (
    PREVALENCES,
    precision_at,
    precision_at_prevalences,
    threshold_at_prevalence,
)
from harmlib.analysis.reliability import reliability_table
from harmlib.analysis.saved_scores import SavedScores, saved_scores
from harmlib.analysis.thresholds import sweep


def calibrations(
    scored: pd.DataFrame, operating_points: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether probabilities hold on test, before and after calibration on validation.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.
    seed : int
        Of the test of perfect calibration.

    Returns
    -------
    reliability : pandas.DataFrame
        `reliability.reliability_table` of test, with a column variant.
    compared : pandas.DataFrame
        `calibration.compare_calibrations`, with a column variant.
    """
    weights, fitted = _pos_weights(operating_points), saved_scores(scored, operating_points, "val")
    tests = saved_scores(scored, operating_points, "test")
    reliability = {
        variant: reliability_table(test.labels, test.probabilities, test.groups)
        for variant, test in tests.items()
    }
    compared = {
        variant: compare_calibrations(
            fitted[variant].labels,
            fitted[variant].logits,
            test.labels,
            test.logits,
            test.groups,
            pos_weight=weights[variant],
            seed=seed,
        )
        for variant, test in tests.items()
    }
    return _joined(reliability), _joined(compared)


def prevalences(
    scored: pd.DataFrame, operating_points: pd.DataFrame, given: float | None
) -> pd.DataFrame:
    """Precision and flagged share on test at other harmful shares, and thresholds chosen for them.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.
    given : float or None
        The harmful share of the traffic, in (0, 1); None where it is not known.

    Returns
    -------
    pandas.DataFrame
        For each variant, a row for each of PREVALENCES (origin "grid"), one for the harmful share
        of test ("data") and one for `given` ("given"). Columns variant, origin, those of
        `prevalence.precision_at_prevalences` at the operating threshold, then
        reweighted_threshold (see `prevalence.threshold_at_prevalence`), reweighted_precision and
        reweighted_recall (there, on test, at this prevalence).
    """
    vals = saved_scores(scored, operating_points, "val")
    tables = {
        variant: _prevalences(vals[variant], test, given)
        for variant, test in saved_scores(scored, operating_points, "test").items()
    }
    return _joined(tables)


def net_benefits(
    scored: pd.DataFrame, operating_points: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decision curves of calibrated probabilities, and cost curves, on test.

    Parameters
    ----------
    scored, operating_points : pandas.DataFrame
        See the module.

    Returns
    -------
    curves : pandas.DataFrame
        `net_benefit.decision_curve`, with a column variant. The probabilities are calibrated as the
        checkpoint does it.
    costs : pandas.DataFrame
        `net_benefit.cost_curve`, with a column variant.
    """
    weights, vals = _pos_weights(operating_points), saved_scores(scored, operating_points, "val")
    curves, costs = {}, {}
    for variant, test in saved_scores(scored, operating_points, "test").items():
        val, pos_weight = vals[variant], weights[variant]
        temperature = fit_temperature(val.labels, val.logits, pos_weight)
        calibrated = calibrated_probability(test.logits, temperature, pos_weight)
        curves[variant] = decision_curve(test.labels, calibrated, test.groups)
        costs[variant] = cost_curve(
            test.labels,
            test.probabilities,
            test.threshold,
            test.groups,
            validation=(val.labels, val.probabilities),
        )
    return _joined(curves), _joined(costs)


def _prevalences(val: SavedScores, test: SavedScores, given: float | None) -> pd.DataFrame:
    share = float(test.labels.mean())
    both = 0 < share < 1
    rows = [("grid", at) for at in PREVALENCES]
    rows += [("data", share)] if both else []
    rows += [("given", given)] if given else []
    origins, mixed = (list(column) for column in zip(*rows, strict=True))
    table = precision_at_prevalences(
        test.labels, test.probabilities, test.threshold, mixed, test.groups
    )
    table.insert(0, "origin", origins)
    order = np.argsort(val.probabilities, kind="stable")  # once, not once for each share
    labels, probabilities = val.labels[order], val.probabilities[order]
    chosen = [threshold_at_prevalence(labels, probabilities, at) for at in mixed]
    # Where validation has one class there is no threshold
    thresholds, place = np.unique(np.nan_to_num(chosen), return_inverse=True)
    on_test = sweep(test.labels, test.probabilities, thresholds).iloc[place]
    recall, alarms = on_test["recall"].to_numpy(), 1 - on_test["specificity"].to_numpy()
    known = np.isfinite(chosen) & both
    return table.assign(
        reweighted_threshold=chosen,
        reweighted_precision=np.where(known, precision_at(recall, alarms, mixed), np.nan),
        reweighted_recall=np.where(known, recall, np.nan),
    )


def _pos_weights(operating_points: pd.DataFrame) -> dict[str, float]:
    chosen = operating_points[operating_points["chosen"]]
    return dict(zip(chosen["variant"], chosen["pos_weight"].astype(float), strict=True))


def _joined(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table, with each block's name first."""
    return pd.concat(tables, names=["variant"]).reset_index("variant").reset_index(drop=True)
