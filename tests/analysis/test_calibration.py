import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss

from harmlib.analysis.calibration import (
    calibration_intervals,
    compare_calibrations,
    fit_isotonic,
    fit_temperature,
    reliability_table,
    unweighted_probability,
)
from harmlib.analysis.resampling import draw_groups


def calibrated(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=n) + 0.5
    return (rng.random(n) < expit(logits)).astype(int), logits


def test_reliability_table_by_hand():
    table = reliability_table([0, 1, 1, 0, 1], [0.0, 0.1, 0.5, 0.5, 1.0], bins=2)
    assert table["count"].tolist() == [2, 3]
    assert table["low"].tolist() == [0, 0.5]
    assert table["high"].tolist() == [0.5, 1]
    assert table["mean_probability"].tolist() == pytest.approx([0.05, 2 / 3])
    assert table["observed_share"].tolist() == pytest.approx([0.5, 2 / 3])
    for row, (hits, n) in zip(table.itertuples(), [(1, 2), (2, 3)], strict=True):
        wilson = binomtest(hits, n).proportion_ci(method="wilson")
        assert (row.observed_low, row.observed_high) == pytest.approx((wilson.low, wilson.high))


@pytest.mark.parametrize(
    ("probability", "place"), [(0.0, 0), (0.0999, 0), (0.1, 1), (0.3, 3), (0.95, 9), (1.0, 9)]
)
def test_bins_are_closed_below_and_the_last_above(probability, place):
    table = reliability_table([1], [probability])
    assert table["count"].tolist() == [int(i == place) for i in range(10)]
    empty = table.drop(index=place)
    assert empty[["mean_probability", "observed_share", "observed_low"]].isna().all(axis=None)


def test_brier_and_ece_by_hand_and_by_scikit_learn():
    labels, probabilities = [0, 1, 1, 0], [0.2, 0.9, 0.35, 0.35]
    table = calibration_intervals(labels, probabilities, bins=2, resamples=20).set_index("metric")
    assert table.loc["brier", "value"] == pytest.approx(brier_score_loss(labels, probabilities))
    # Bin one: mean 0.3 against 1/3 of 3 items; bin two: 0.9 against 1 of 1 item
    assert table.loc["ece", "value"] == pytest.approx(0.75 * (1 / 3 - 0.3) + 0.25 * 0.1)


def test_ece_agrees_with_the_reliability_table():
    labels, logits = calibrated()
    rows = reliability_table(labels, expit(2 * logits), bins=15)
    gaps = (rows["mean_probability"] - rows["observed_share"]).abs()
    expected = (gaps * rows["count"]).sum() / len(labels)
    table = calibration_intervals(labels, expit(2 * logits), bins=15, resamples=5)
    assert table.set_index("metric").loc["ece", "value"] == pytest.approx(expected)


def test_calibration_intervals_draw_groups():
    labels, logits = calibrated(200)
    alone = calibration_intervals(labels, expit(logits), resamples=100)
    copies = np.repeat(np.arange(200), 3)
    tripled = calibration_intervals(labels[copies], expit(logits)[copies], copies, resamples=100)
    np.testing.assert_allclose(tripled[["low", "high"]], alone[["low", "high"]])
    brier = alone.set_index("metric").loc["brier"]
    assert brier["low"] < brier["value"] < brier["high"]
    # Standard error of a mean, times 2 x 1.96
    spread = 3.92 * ((expit(logits) - labels) ** 2).std() / np.sqrt(200)
    assert brier["high"] - brier["low"] == pytest.approx(spread, rel=0.25)


def test_calibration_intervals_are_percentiles_of_the_resamples():
    labels, logits = calibrated(40)
    errors = (expit(logits) - labels) ** 2
    counts = np.concatenate(list(draw_groups(20, 9, seed=2)))[1:, np.arange(40) // 2]
    draws = (counts @ errors) / counts.sum(axis=1)
    table = calibration_intervals(labels, expit(logits), np.arange(40) // 2, resamples=9, seed=2)
    found = table.set_index("metric").loc["brier", ["low", "high"]].tolist()
    assert found == pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist())


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_undoes_a_scaling_of_the_logits(temperature):
    labels, logits = calibrated(20_000)
    assert fit_temperature(labels, temperature * logits) == pytest.approx(temperature, rel=0.05)


def test_temperature_is_the_likeliest():
    labels, logits = calibrated(300)
    found = fit_temperature(labels, logits.astype(np.float32))

    def loss(temperature):
        return -np.log(expit(np.where(labels, logits, -logits) / temperature)).mean()

    assert loss(found) < min(loss(found * 0.99), loss(found * 1.01))

    def slope(temperature):  # of the loss, in 1 / temperature
        return (logits * (expit(logits / temperature) - labels)).mean()

    assert fit_temperature(labels, logits) == pytest.approx(brentq(slope, 0.1, 10), rel=1e-6)


@pytest.mark.parametrize(("flipped", "end"), [(False, 0.05), (True, 20)])
def test_temperature_without_a_limit_ends_at_the_range(flipped, end):
    labels = np.array([0, 1, 0, 1]) ^ flipped
    assert fit_temperature(labels, [-1, 1, -2, 2]) == pytest.approx(end, rel=1e-3)


def test_isotonic_rises_and_matches_the_labels_it_saw():
    labels, logits = calibrated(500)
    model = fit_isotonic(labels, logits)
    probabilities = model.predict(np.sort(logits))
    assert (np.diff(probabilities) >= 0).all()
    assert probabilities.mean() == pytest.approx(labels.mean())
    beyond = model.predict([-1e3, 1e3])
    assert beyond[0] == probabilities[0]
    assert beyond[1] == probabilities[-1]


def test_calibration_is_fitted_on_validation_and_evaluated_on_test():
    validation_labels, validation_logits = calibrated(3000, seed=1)
    labels, logits = calibrated(3000, seed=2)
    table = compare_calibrations(
        validation_labels, 3 * validation_logits, labels, 3 * logits, resamples=50, bins=12
    ).set_index(["method", "metric"])
    assert table.loc[("temperature", "ece"), "high"] < table.loc[("none", "ece"), "low"]
    assert table.loc[("isotonic", "brier"), "value"] < table.loc[("none", "brier"), "value"]
    fitted = {
        "none": expit(3 * logits),
        "temperature": expit(
            3 * logits / fit_temperature(validation_labels, 3 * validation_logits)
        ),
        "isotonic": fit_isotonic(validation_labels, 3 * validation_logits).predict(3 * logits),
    }
    for method, probabilities in fitted.items():
        expected = calibration_intervals(labels, probabilities, resamples=50, bins=12)
        np.testing.assert_array_equal(table.loc[method], expected.set_index("metric"))


def weighted(probability, pos_weight):
    """What a model trained with `pos_weight` learns in place of a calibrated probability."""
    odds = pos_weight * probability
    return odds / (odds + (1 - probability))


def test_columns_and_defaults_are_those_documented():
    labels, logits = calibrated(120)
    probabilities, groups = expit(1.7 * logits), np.arange(120) // 2
    rows = reliability_table(labels, probabilities)
    assert list(rows) == [
        "low", "high", "count", "mean_probability", "observed_share", "observed_low",
        "observed_high",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(
        rows, reliability_table(labels, probabilities, bins=10, level=0.95)
    )
    options = {"bins": 10, "resamples": 2000, "level": 0.95, "seed": 0}
    table = calibration_intervals(labels, probabilities, groups)
    assert list(table) == ["metric", "value", "low", "high"]
    pd.testing.assert_frame_equal(
        table, calibration_intervals(labels, probabilities, groups, **options)
    )
    compared = compare_calibrations(labels, logits, labels, logits, groups)
    assert list(compared) == ["method", "metric", "value", "low", "high"]
    pd.testing.assert_frame_equal(
        compared, compare_calibrations(labels, logits, labels, logits, groups, **options)
    )


@pytest.mark.parametrize(
    "option", [{"bins": 5}, {"resamples": 50}, {"level": 0.8}, {"seed": 1}, {"groups": None}]
)
def test_options_reach_the_intervals(option):
    labels, logits = calibrated(120)
    options = {"groups": np.arange(120) // 2, "resamples": 100} | option
    table = compare_calibrations(labels, logits, labels, 2 * logits, **options)
    table = table[table["method"] == "none"].drop(columns="method").reset_index(drop=True)
    plain = compare_calibrations(
        labels, logits, labels, 2 * logits, np.arange(120) // 2, resamples=100
    )
    assert not table.equals(plain[plain["method"] == "none"].drop(columns="method"))
    expected = calibration_intervals(labels, expit(2 * logits), **options)
    pd.testing.assert_frame_equal(table, expected)


def test_a_wider_level_gives_a_wider_wilson_interval():
    rows = reliability_table([0, 1, 1], [0.5, 0.5, 0.5], bins=1, level=0.5)
    wilson = binomtest(2, 3).proportion_ci(0.5, "wilson")
    found = rows.loc[0, ["observed_low", "observed_high"]].tolist()
    assert found == pytest.approx([wilson.low, wilson.high])


def test_weight_maps_model_4s_half_to_model_3s_threshold():
    assert unweighted_probability(0.5, 893 / 2393) == pytest.approx(0.728, abs=5e-4)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(1e-3, 1e3))
def test_the_mapping_undoes_the_weight(probability, pos_weight):
    found = unweighted_probability(weighted(probability, pos_weight), pos_weight)
    assert 0 <= found <= 1
    assert found == pytest.approx(probability, abs=1e-9)


@example(0.9999999999999999, 1.9)
@settings(deadline=None)
@given(st.floats(0, 1), st.floats(1e-3, 1e3))
def test_a_weight_above_1_lowers_and_one_below_raises(probability, pos_weight):
    found = unweighted_probability(probability, pos_weight)
    assert 0 <= found <= 1
    assert (found <= probability) == (pos_weight >= 1) or found == pytest.approx(probability)


def test_mapping_shifts_the_logit_by_the_log_of_the_weight():
    probabilities = np.array([0.0, 0.2, 0.9, 1.0])
    shifted = expit(logit(probabilities) - np.log(0.373))
    np.testing.assert_allclose(unweighted_probability(probabilities, 0.373), shifted)


def test_mapping_moves_decisions_with_the_threshold():
    _, logits = calibrated(500)
    same = expit(logits) > unweighted_probability(0.6, 0.373)
    np.testing.assert_array_equal(weighted(expit(logits), 0.373) > 0.6, same)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reliability_table([1, 0], [3.2, 0.1]), r"range from 0.1 to 3.2.*are these logits"),
        (lambda: reliability_table([1, 0], [-0.2, 0.1]), "from -0.2"),
        (lambda: calibration_intervals([1, 0], [2, 0]), "must lie in"),
        (lambda: unweighted_probability(1.2, 0.5), "probability is 1.2"),
        (lambda: unweighted_probability(np.nan, 0.5), "probability is nan"),
        (lambda: unweighted_probability(0.5, 0), "pos_weight is 0"),
        (lambda: unweighted_probability(0.5, np.inf), "pos_weight is inf"),
        (lambda: fit_temperature([1, 0], [np.inf, 0]), "scores"),
        (lambda: fit_isotonic([1, 0, 1], [0.1, 0]), "3"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
