"""The harmful share of new items without labels, and the interval of its change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from harmlib.analysis.calibration import fit_platt
from harmlib.analysis.harmful_share import harmful_share, share_change


def calibrated_probabilities(label, logits, new_logits):
    slope, offset = fit_platt(label, logits)
    return expit(slope * np.asarray(new_logits) + offset)


def calibration_sample(n, seed, harmful):
    rng = np.random.default_rng(seed)
    label = rng.random(n) < harmful
    return label, rng.normal(np.where(label, 1.0, -1.0))  # logit(p) = 2 x + log prior odds


def test_where_every_share_is_equally_likely_it_is_the_lowest():
    assert harmful_share(0.25, [0.25, 0.25]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_the_share_of_new_items_is_found(share):
    label, x = calibration_sample(4000, 0, 0.3)
    new_label, new_x = calibration_sample(4000, 1, share)
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


@settings(max_examples=25)
@given(
    calibrated=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=12),
    prior=st.floats(0.05, 0.95),
    seed=st.integers(0, 99),
)
def test_the_new_share_is_where_em_arrives(calibrated, prior, seed):
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


def test_many_shares_at_once_are_those_of_one_by_one():
    rng = np.random.default_rng(0)
    priors, calibrated, counts = rng.random(5), rng.random((5, 7)), rng.integers(1, 9, (5, 7))
    together = harmful_share(priors, calibrated, counts)
    single = [harmful_share(*rows) for rows in zip(priors, calibrated, counts, strict=True)]
    np.testing.assert_allclose(together, single)
    assert harmful_share(0.5, calibrated[0], counts).shape == (5,)


def drawn(rng, n_groups, size, harmful):
    group = np.repeat(np.arange(n_groups), size)
    label = (rng.random(n_groups) < harmful)[group]
    noise = rng.normal(size=n_groups)[group] + rng.normal(size=len(group))
    return label, 1.9 * (label - 0.5) + noise / np.sqrt(2), group


@pytest.mark.parametrize(("new", "share"), [((75, 4), 0.6), ((12, 10), 0.6), ((75, 4), 0.25)])
def test_the_interval_holds_the_true_change(new, share):
    """Nominal 97.5 %: 80 runs miss it more than 7 times in one case of a thousand."""
    missed, n = 0, 80
    for seed in range(n):
        rng = np.random.default_rng(seed)
        label, logits, group = drawn(rng, 25, 4, 0.6)
        _, fresh, sources = drawn(rng, *new, share)
        counts = np.eye(new[0])[sources].T
        found = share_change(label, logits, group, fresh, counts, level=0.975)
        missed += not found[2] <= share - 0.6 <= found[3]
        assert found[:2] == (label.mean(), pytest.approx(found[1]))
    assert missed <= 7


def test_the_calibration_is_fitted_anew_without_each_group():
    """Endless new items, the same from each source: what varies is what validation says of it."""
    rng = np.random.default_rng(1)
    label, logits, group = drawn(rng, 60, 4, 0.5)
    new_logits, counts = np.linspace(-2, 2, 9), np.full((200, 9), 1e6)
    known, new, low, high = share_change(label, logits, group, new_logits, counts, level=0.95)
    assert high - low > 0.1
    errors = []
    for i in range(60):
        kept = group != i
        calibrated = calibrated_probabilities(label[kept], logits[kept], new_logits)
        prior = label[kept].mean()
        errors.append(float(harmful_share(prior, calibrated)) - prior - (new - known))
    error = np.sqrt(59 / 60 * np.sum(np.square(errors)))
    reach = 2.001 * error  # t of 59 degrees of freedom
    logits_apart = reach / (new * (1 - new))
    on_logits = [expit(np.log(new / (1 - new)) + sign * logits_apart) for sign in (-1, 1)]
    assert low + known == pytest.approx(min(on_logits[0], new - reach), rel=0.01)
    assert high + known == pytest.approx(max(on_logits[1], new + reach), rel=0.01)


def test_a_wider_variance_of_the_new_share_widens_the_interval():
    rng = np.random.default_rng(2)
    label, logits, group = drawn(rng, 100, 4, 0.5)
    _, fresh, sources = drawn(rng, 20, 4, 0.5)
    counts = np.eye(20)[sources].T
    narrow, wide = (
        share_change(label, logits, group, fresh, counts, level=0.95, widening=w) for w in (1, 9)
    )
    assert wide[3] - wide[2] > 1.5 * (narrow[3] - narrow[2])


@pytest.mark.parametrize(("groups", "safe"), [(4, 2), (20, 4)])
def test_too_few_groups_have_no_interval(groups, safe):
    group = np.repeat(np.arange(groups), 6)
    label = np.where(group < safe, np.arange(len(group)) % 2, 1)
    logits = 2.0 * label + np.random.default_rng(0).normal(size=len(label))
    found = share_change(label, logits, group, np.array([0.0, 1.0]), np.ones((9, 2)), level=0.95)
    assert np.isfinite(found[:2]).all()
    assert np.isnan(found[2:]).all()
    assert np.isnan(
        share_change(np.arange(60) % 2, np.arange(60) % 7 - 3.0, np.arange(60) // 4,
                     np.array([0.0, 1.0]), np.ones((4, 2)), level=0.95)[2]
    )  # fmt: skip


@pytest.mark.parametrize(("stands", "share"), [(-9.0, 0.0), (9.0, 1.0)])
def test_a_share_at_the_end_has_the_interval_of_so_many_sources(stands, share):
    label, logits, group = drawn(np.random.default_rng(3), 40, 4, 0.5)
    counts = np.ones((20, 1))
    known, new, low, high = share_change(
        label, logits, group, np.array([stands]), counts, level=0.95
    )
    assert new == pytest.approx(share, abs=1e-6)
    inner = (high if share == 0 else low) + known
    assert abs(inner - share) == pytest.approx(1 - 0.025 ** (1 / 20), abs=0.02)
