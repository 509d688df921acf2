import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit

from harmlib.analysis.calibration import (
    calibrated_probability,
    compare_calibrations,
    fit_isotonic,
    fit_platt,
    fit_temperature,
    unweighted_probability,
)
from harmlib.analysis.reliability import calibration_intervals


def calibrated(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=n) + 0.5
    return (rng.random(n) < expit(logits)).astype(int), logits


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


def weighted(probability, pos_weight):
    """What a model trained with `pos_weight` learns in place of a calibrated probability."""
    odds = pos_weight * probability
    return odds / (odds + (1 - probability))


def test_weight_maps_model_4s_half_to_model_3s_threshold():
    assert unweighted_probability(0.5, 893 / 2393) == pytest.approx(0.728, abs=5e-4)


@given(st.floats(0, 1), st.floats(1e-3, 1e3))
def test_the_mapping_undoes_the_weight(probability, pos_weight):
    found = unweighted_probability(weighted(probability, pos_weight), pos_weight)
    assert 0 <= found <= 1
    assert found == pytest.approx(probability, abs=1e-9)


@example(0.9999999999999999, 1.9)
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


@pytest.mark.parametrize("sharpness", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("pos_weight", [0.373, 1.0, 3.0])
def test_a_weighted_and_overconfident_model_is_calibrated_in_that_order(pos_weight, sharpness):
    labels, logits = calibrated(20_000)
    learned = sharpness * (logits + np.log(pos_weight))
    temperature = fit_temperature(labels, learned, pos_weight)
    assert temperature == pytest.approx(sharpness, rel=0.05)
    found = calibrated_probability(learned, temperature, pos_weight)
    np.testing.assert_allclose(found, expit(logits), atol=0.02)


def test_platt_finds_slope_and_offset():
    labels, logits = calibrated(20_000)
    slope, offset = fit_platt(labels, 2 * logits + 1)
    assert (slope, offset) == (pytest.approx(0.5, rel=0.05), pytest.approx(-0.5, abs=0.05))
    weights = np.where(labels == 1, 3, 1)
    repeated = np.repeat(labels, weights), np.repeat(logits, weights)
    assert fit_platt(labels, logits, weights) == pytest.approx(fit_platt(*repeated), rel=1e-3)
    separated = fit_platt([0, 1], [-1.0, 1.0])
    assert np.isfinite(separated).all()


def test_undoing_the_weight_beats_temperature_and_platt_on_a_small_validation():
    rng = np.random.default_rng(0)
    brier = {name: [] for name in ("temperature", "unweighted", "platt")}
    for seed in range(20):
        labels, logits = calibrated(36, seed=100 + seed)
        test_labels, test_logits = calibrated(1000, seed=200 + seed)
        shift = np.log(0.2)
        table = compare_calibrations(
            labels, logits + shift, test_labels, test_logits + shift,
            rng.integers(0, 50, 1000), pos_weight=0.2,
        ).set_index(["method", "metric"])  # fmt: skip
        for name, values in brier.items():
            values.append(table.loc[(name, "brier"), "value"])
    temperature, unweighted, platt = (np.mean(values) for values in brier.values())
    assert unweighted < temperature - 0.03
    assert unweighted < platt


def test_each_method_is_fitted_on_validation_and_judged_on_test():
    labels, logits = calibrated(300, seed=1)
    test_labels, test_logits = calibrated(300, seed=2)
    groups = np.arange(300) // 4
    options = {"bins": 4, "level": 0.8, "seed": 3}
    table = compare_calibrations(
        labels, 3 * logits, test_labels, 3 * test_logits, groups, pos_weight=0.5, **options
    )
    slope, offset = fit_platt(labels, 3 * logits)
    plain, unweighted = (fit_temperature(labels, 3 * logits, w) for w in (1.0, 0.5))
    expected = {
        "none": expit(3 * test_logits),
        "temperature": expit(3 * test_logits / plain),
        "unweighted": calibrated_probability(3 * test_logits, unweighted, 0.5),
        "platt": expit(slope * 3 * test_logits + offset),
        "isotonic": fit_isotonic(labels, 3 * logits).predict(3 * test_logits),
    }
    assert table["method"].unique().tolist() == list(expected)
    for method, probabilities in expected.items():
        own = table[table["method"] == method].drop(columns="method").reset_index(drop=True)
        made = calibration_intervals(test_labels, probabilities, groups, **options)
        pd.testing.assert_frame_equal(own, made, obj=method)
    one_class = compare_calibrations(np.ones(300, int), logits, test_labels, test_logits, groups)
    assert one_class["method"].unique().tolist() == ["none", "temperature", "isotonic"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: unweighted_probability(1.2, 0.5), "probability is 1.2"),
        (lambda: unweighted_probability(np.nan, 0.5), "probability is nan"),
        (lambda: unweighted_probability(0.5, 0), "pos_weight is 0"),
        (lambda: unweighted_probability(0.5, np.inf), "pos_weight is inf"),
        (lambda: fit_temperature([1, 0], [np.inf, 0]), "scores"),
        (lambda: fit_temperature([1, 0], [1, 0], 0), "pos_weight is 0"),
        (lambda: calibrated_probability([1, 0], 1.0, -2), "pos_weight is -2"),
        (lambda: fit_platt([1, 1], [1, 0]), "all 2 labels are 1"),
        (lambda: fit_isotonic([1, 0, 1], [0.1, 0]), "3"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
