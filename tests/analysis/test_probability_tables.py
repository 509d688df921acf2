"""The right rows reach the right functions: fitted on validation, judged on test."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from harmlib.analysis import probability_tables
from harmlib.analysis.calibration import (
    calibrated_probability,
    compare_calibrations,
    fit_temperature,
)
from harmlib.analysis.net_benefit import cost_curve, decision_curve
from harmlib.analysis.prevalence import PREVALENCES, precision_at, threshold_at_prevalence
from harmlib.analysis.reliability import reliability_table
from harmlib.analysis.saved_scores import saved_scores
from harmlib.analysis.thresholds import sweep

POS_WEIGHTS = {"model2": 1.0, "model4": 0.373}
POINTS = pd.DataFrame(
    {"variant": ["model2", "model2", "model4"], "epoch": [1, 2, 1], "threshold": [0.5, 0.6, 0.4],
     "chosen": [False, True, True], "pos_weight": [1.0, 1.0, 0.373]}
)  # fmt: skip


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(3)
    rows = pd.MultiIndex.from_product([["model2", "model4"], [1, 2], ["val", "test"], range(96)])
    table = rows.to_frame(index=False, name=["variant", "epoch", "split", "item"])
    table["item_id"] = table["split"] + table["item"].map("{:03d}".format)
    table["group"] = table["split"] + (table["item"] // 4).astype(str)
    table["label"] = (table["item"] % 3 > 0).astype(int)
    table["logit"] = rng.normal(1.5 * table["label"] - 0.5, 1)
    return table.assign(probability=expit(table["logit"]))


def of(table, variant):
    return table[table["variant"] == variant].drop(columns="variant").reset_index(drop=True)


def test_calibrations(scored):
    reliability, compared = probability_tables.calibrations(scored, POINTS, seed=2)
    vals, tests = (saved_scores(scored, POINTS, split) for split in ("val", "test"))
    for variant, pos_weight in POS_WEIGHTS.items():
        val, test = vals[variant], tests[variant]
        expected = reliability_table(test.labels, test.probabilities, test.groups)
        pd.testing.assert_frame_equal(of(reliability, variant), expected)
        expected = compare_calibrations(
            val.labels, val.logits, test.labels, test.logits, test.groups,
            pos_weight=pos_weight, seed=2,
        )  # fmt: skip
        pd.testing.assert_frame_equal(of(compared, variant), expected)
    methods = compared.groupby("variant")["method"].nunique()
    assert methods.to_dict() == {"model2": 4, "model4": 5}, "no weight, nothing to undo"


def test_prevalences(scored):
    table = probability_tables.prevalences(scored, POINTS, 0.025)
    vals, tests = (saved_scores(scored, POINTS, split) for split in ("val", "test"))
    for variant in POS_WEIGHTS:
        own, val, test = of(table, variant), vals[variant], tests[variant]
        assert own["origin"].tolist() == ["grid"] * len(PREVALENCES) + ["data", "given"]
        data, given = own.iloc[-2], own.iloc[-1]
        at = sweep(test.labels, test.probabilities, [test.threshold]).iloc[0]
        assert data["prevalence"] == test.labels.mean()
        assert data["precision"] == pytest.approx(at["precision"])
        assert data["flagged_share"] == pytest.approx(at["flagged_share"])
        assert given["prevalence"] == 0.025
        threshold = threshold_at_prevalence(val.labels, val.probabilities, 0.025)
        again = sweep(test.labels, test.probabilities, [threshold]).iloc[0]
        assert given["reweighted_threshold"] == threshold
        assert given["reweighted_recall"] == again["recall"]
        precision = precision_at(again["recall"], 1 - again["specificity"], 0.025)
        assert given["reweighted_precision"] == pytest.approx(float(precision))
    without = probability_tables.prevalences(scored, POINTS, None)
    pd.testing.assert_frame_equal(without, table[table["origin"] != "given"].reset_index(drop=True))


def test_a_test_split_of_one_class_has_no_precision(scored):
    harmful = scored.assign(label=scored["label"].where(scored["split"] == "val", 1))
    table = probability_tables.prevalences(harmful, POINTS, None)
    assert (table["origin"] == "grid").all()
    numbers = ["precision", "low", "high", "flagged_share", "reweighted_precision"]
    assert table[numbers].isna().all(axis=None)


def test_net_benefits(scored):
    curves, costs = probability_tables.net_benefits(scored, POINTS)
    vals, tests = (saved_scores(scored, POINTS, split) for split in ("val", "test"))
    for variant, pos_weight in POS_WEIGHTS.items():
        val, test = vals[variant], tests[variant]
        temperature = fit_temperature(val.labels, val.logits, pos_weight)
        calibrated = calibrated_probability(test.logits, temperature, pos_weight)
        expected = decision_curve(test.labels, calibrated, test.groups)
        pd.testing.assert_frame_equal(of(curves, variant), expected)
        expected = cost_curve(
            test.labels, test.probabilities, test.threshold, test.groups,
            validation=(val.labels, val.probabilities),
        )  # fmt: skip
        pd.testing.assert_frame_equal(of(costs, variant), expected)
