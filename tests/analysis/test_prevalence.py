"""Precision at another harmful share: by formula, and by simulation where the truth is known."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.metrics import f1_score

from harmlib.analysis.prevalence import (
    PREVALENCES,
    mixed_rates,
    precision_at,
    precision_at_prevalences,
    threshold_at_prevalence,
)
from harmlib.analysis.rate_estimates import rate_estimates

RECALL, ALARMS, SHARE = 0.9, 0.257, 0.72


def drawn(rng, n_groups, recall=RECALL, alarms=ALARMS, share=SHARE, alike=0.3, size=4):
    """Labels, scores (flagged above 0.5) and groups whose items are flagged alike."""
    shape = n_groups, size
    harmful = rng.random(shape) < share
    luck = np.sqrt(alike) * rng.normal(size=(n_groups, 1))
    luck = luck + np.sqrt(1 - alike) * rng.normal(size=shape)
    flagged = norm.cdf(luck) < np.where(harmful, recall, alarms)
    groups = np.repeat(np.arange(n_groups), size)
    return harmful.ravel().astype(int), flagged.ravel().astype(float), groups


def test_precision_follows_the_harmful_share():
    found = precision_at(RECALL, ALARMS, [0.72, 0.1, 0.01])
    np.testing.assert_allclose(found, [0.9, 0.28, 0.034], atol=1e-3)
    assert precision_at(0.0, 0.0, 0.5) == 0
    assert precision_at(0.5, 0.0, 0.001) == 1


def test_at_the_data_s_own_share_nothing_changes():
    labels, scores, groups = drawn(np.random.default_rng(0), 60)
    rates = rate_estimates(labels, scores, [0.5], groups)
    (row,) = precision_at_prevalences(labels, scores, 0.5, [labels.mean()], groups).itertuples()
    assert row.precision == pytest.approx(rates["precision"].value[0])
    assert row.flagged_share == pytest.approx(scores.mean())


def test_the_same_ratio_of_rates_stands_behind_every_prevalence():
    labels, scores, groups = drawn(np.random.default_rng(1), 60)
    table = precision_at_prevalences(labels, scores, 0.5, PREVALENCES, groups)
    for column in ("precision", "low", "high"):
        ratio = logit(table[column]) - logit(table["prevalence"])
        np.testing.assert_allclose(ratio, ratio[0], atol=1e-9)
    assert (table["low"] < table["precision"]).all()
    assert (table["precision"] < table["high"]).all()
    assert (table["flagged_low"] < table["flagged_share"]).all()


def test_ends_combine_those_of_the_two_rates():
    labels, scores, groups = drawn(np.random.default_rng(1), 60)
    rates = rate_estimates(labels, scores, [0.5], groups)
    r, f = rates["recall"].value[0], 1 - rates["specificity"].value[0]
    r_low, r_high = np.concatenate(rates["recall"].interval("share", 0.8))
    f_high, f_low = 1 - np.concatenate(rates["specificity"].interval("share", 0.8))
    (row,) = precision_at_prevalences(labels, scores, 0.5, [0.1], groups, level=0.8).itertuples()
    low = np.log(r / f) - np.sqrt(np.log(r / r_low) ** 2 + np.log(f_high / f) ** 2)
    high = np.log(r / f) + np.sqrt(np.log(r_high / r) ** 2 + np.log(f / f_low) ** 2)
    ends = expit(logit(0.1) + np.array([low, high]))
    assert (row.low, row.high) == pytest.approx(tuple(ends))
    flagged_high = row.flagged_share + np.sqrt(
        (0.1 * (r_high - r)) ** 2 + (0.9 * (f_high - f)) ** 2
    )
    assert row.flagged_high == pytest.approx(flagged_high)


@pytest.mark.parametrize(
    ("n_groups", "recall", "alarms"), [(9, 0.9, 0.257), (20, 0.9, 0.05), (50, 0.97, 0.02)]
)
def test_bands_cover_also_where_there_is_hardly_a_false_alarm(n_groups, recall, alarms):
    rng = np.random.default_rng(n_groups)
    truth = precision_at(recall, alarms, 0.01)
    held = []
    for _ in range(250):
        sample = drawn(rng, n_groups, recall, alarms)
        (row,) = precision_at_prevalences(*sample[:2], 0.5, [0.01], sample[2]).itertuples()
        if row.low == row.low:  # enough groups of each class
            held.append(row.low <= truth <= row.high)
    assert len(held) > 200
    assert np.mean(held) >= 0.93


def test_no_false_alarm_does_not_promise_precision_in_rare_traffic():
    labels, groups = np.tile([1, 1, 1, 0], 20), np.arange(80) // 4
    (row,) = precision_at_prevalences(
        labels, labels.astype(float), 0.5, [0.01], groups
    ).itertuples()
    assert (row.precision, row.high) == (1, 1)
    assert row.low < 0.06  # 20 groups leave room for 17 % of false alarms


@pytest.mark.parametrize("labels", [[1] * 40, [0] * 40])
def test_one_class_has_no_precision(labels):
    table = precision_at_prevalences(labels, np.linspace(0, 1, 40), 0.5, [0.01, 0.5])
    assert table.drop(columns="prevalence").isna().all(axis=None)
    assert np.isnan(threshold_at_prevalence(labels, np.linspace(0, 1, 40), 0.5))


def test_four_groups_of_a_class_have_no_band():
    labels, scores, groups = drawn(np.random.default_rng(3), 30)
    few = np.where((labels == 0) & (groups >= 4), 1, labels)
    (row,) = precision_at_prevalences(few, scores, 0.5, [0.1], groups).itertuples()
    assert 0 < row.precision < 1
    assert np.isnan([row.low, row.high, row.flagged_low, row.flagged_high]).all()


def test_mixed_rates_of_one_class_alone_keep_its_ends():
    ends = np.array([0.7, 0.95]), np.array([0.0, 0.3])
    value, low, high = mixed_rates([0.0, 1.0], 0.9, ends[0], 0.1, ends[1])
    np.testing.assert_allclose([value, low, high], [[0.1, 0.9], [0.0, 0.7], [0.3, 0.95]])


@pytest.mark.parametrize("prevalence", [0.02, 0.5, 0.9])
def test_the_threshold_is_best_in_the_mixture(prevalence):
    rng = np.random.default_rng(6)
    labels = (rng.random(120) < 0.7).astype(int)
    scores = rng.normal(labels, 1).round(1)
    weights = np.where(
        labels == 1, prevalence / labels.mean(), (1 - prevalence) / (1 - labels.mean())
    )
    found = threshold_at_prevalence(labels, scores, prevalence)

    def f1(threshold):
        return f1_score(labels, scores > threshold, sample_weight=weights)

    assert f1(found) == pytest.approx(max(f1(t) for t in [-9, *np.unique(scores)]))


def test_rarer_harm_asks_for_a_higher_threshold():
    rng = np.random.default_rng(2)
    labels = (rng.random(2000) < 0.7).astype(int)
    scores = rng.normal(1.5 * labels, 1)
    found = [threshold_at_prevalence(labels, scores, q) for q in (0.7, 0.1, 0.01)]
    assert found == sorted(found)
    assert found[0] + 0.5 < found[2]


@pytest.mark.parametrize("prevalence", [0, 1, -0.1, np.nan])
def test_a_share_that_is_none_is_named(prevalence):
    with pytest.raises(ValueError, match=rf"prevalence {prevalence}.* no fraction"):
        precision_at_prevalences([0, 1], [0, 1], 0.5, [prevalence])
    with pytest.raises(ValueError, match="no fraction"):
        threshold_at_prevalence([0, 1], [0, 1], prevalence)
