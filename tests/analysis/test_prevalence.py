import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from harmlib.analysis.prevalence import calibrated_probabilities, harmful_share, to_logit
from harmlib.analysis.thresholds import ScoresError


def scored(n, seed, harmful):
    rng = np.random.default_rng(seed)
    label = rng.random(n) < harmful
    return label, rng.normal(np.where(label, 1.0, -1.0))  # logit(p) = 2 x + log prior odds


def test_probabilities_mean_what_they_say_after_calibration():
    label, x = scored(4000, 0, 0.3)
    distorted = 3 * x + 2  # overconfident, and shifted as by a pos_weight
    calibrated = calibrated_probabilities(label, distorted, distorted)
    assert calibrated.mean() == pytest.approx(label.mean(), abs=1e-3)
    np.testing.assert_allclose(calibrated, expit(2 * x + np.log(0.3 / 0.7)), atol=0.03)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_the_new_share_is_found(share):
    label, x = scored(4000, 0, 0.3)
    new_label, new_x = scored(4000, 1, share)
    calibrated = calibrated_probabilities(label, x, new_x)
    found = harmful_share(label.mean(), calibrated)
    assert found == pytest.approx(new_label.mean(), abs=0.03)


def em(prior, calibrated, weights, steps=20_000):
    """Saerens, Latinne & Decaestecker (2002), eq. 2.4 and 2.5, as printed."""
    share = prior
    for _ in range(steps):
        harm = share / prior * calibrated
        posterior = harm / (harm + (1 - share) / (1 - prior) * (1 - calibrated))
        share = (weights * posterior).sum() / weights.sum()
    return share


@settings(max_examples=25, deadline=None)
@given(
    calibrated=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=12),
    prior=st.floats(0.05, 0.95),
    seed=st.integers(0, 99),
)
def test_it_is_where_em_arrives(calibrated, prior, seed):
    calibrated = np.array(calibrated)
    weights = np.random.default_rng(seed).integers(1, 9, calibrated.size)
    found = harmful_share(prior, calibrated, weights)

    def likelihood(share):
        mixture = share * calibrated / prior + (1 - share) * (1 - calibrated) / (1 - prior)
        return (weights * np.log(mixture)).sum()

    arrived = em(prior, calibrated, weights)
    assert likelihood(found) >= likelihood(arrived) - 1e-9
    if weights @ (calibrated - prior) ** 2 > 0.1:  # else the likelihood is all but flat
        assert found == pytest.approx(arrived, abs=0.01)


@pytest.mark.parametrize(
    ("row", "share"), [([1, 1, 1], None), ([5, 0, 0], 0), ([0, 0, 2], 1), ([2, 1, 3], None)]
)
def test_a_weight_is_so_many_items(row, share):
    calibrated = np.array([0.1, 0.4, 0.9])
    found = harmful_share(0.5, calibrated, row)
    assert found == pytest.approx(harmful_share(0.5, np.repeat(calibrated, row)), abs=1e-9)
    assert share is None or found == pytest.approx(share, abs=1e-9)
    labels, logits, weights = [0, 1, 0, 1], np.array([-1.0, 0.5, 1.0, 2.0]), [1, 2, 3, 2]
    weighted = calibrated_probabilities(labels, logits, [0.0, 1.0], weights)
    repeated = calibrated_probabilities(
        np.repeat(labels, weights), np.repeat(logits, weights), [0.0, 1.0]
    )
    np.testing.assert_allclose(weighted, repeated, rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_scores_without_doubt(certain):
    logits = to_logit([0.0, 0.0, 1.0, 1.0])
    calibrated = calibrated_probabilities([0, 0, 1, 1], logits, to_logit([certain] * 3))
    assert abs(calibrated - certain).max() < 0.01
    assert harmful_share(0.5, np.full(3, certain)) == pytest.approx(certain)


def test_bad_input():
    with pytest.raises(ValueError, match="all 2 labels are 1; pass both classes"):
        calibrated_probabilities([1, 1], [0.1, 0.2], [0.3])
    with pytest.raises(ScoresError, match=r"scores\[1\] is nan"):
        calibrated_probabilities([1, 0], [0.1, np.nan], [0.3])
