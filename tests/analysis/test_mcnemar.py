from dataclasses import FrozenInstanceError
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from harmlib.analysis.mcnemar import mcnemar


def with_discordant(only_a, only_b, agreed=5):
    """Harmful items that a alone finds, that b alone finds, and that both find."""
    a = np.repeat([1.0, 0.0, 1.0], [only_a, only_b, agreed])
    b = np.repeat([0.0, 1.0, 1.0], [only_a, only_b, agreed])
    return np.ones(len(a), int), a, 0.5, b, 0.5


@pytest.mark.parametrize(
    ("only_a", "only_b"), [(6, 17), (17, 6), (0, 5), (1, 0), (4, 4), (7, 8), (0, 12), (120, 90)]
)
def test_mcnemar_is_the_binomial_test(only_a, only_b):
    found = mcnemar(*with_discordant(only_a, only_b))
    assert (found.only_a, found.only_b) == (only_a, only_b)
    n, least = only_a + only_b, min(only_a, only_b)
    assert found.p_exact == pytest.approx(binomtest(least, n).pvalue)
    assert found.p_exact <= 1  # rounding alone would give 1.0000000000000004 for 7 and 8
    # Fagerland et al. 2013: the exact p less the point probability, halved where both tails meet
    point = binom.pmf(least, n, 0.5) * (0.5 if only_a == only_b else 1)
    assert found.p_mid == pytest.approx(found.p_exact - point)


def test_mcnemar_without_disagreement_finds_nothing():
    found = mcnemar(*with_discordant(0, 0))
    assert (found.only_a, found.only_b, found.p_exact, found.p_mid) == (0, 0, 1.0, 1.0)
    with pytest.raises(FrozenInstanceError):
        found.only_a = 1


def test_mcnemar_counts_safe_items_too():
    found = mcnemar([0, 0, 0, 1], [0.9, 0.1, 0.1, 0.1], 0.5, [0.1, 0.1, 0.1, 0.9], 0.5)
    assert (found.only_a, found.only_b) == (0, 2)
    swapped = mcnemar([0, 0, 0, 1], [0.1, 0.1, 0.1, 0.9], 0.5, [0.9, 0.1, 0.1, 0.1], 0.5)
    assert (swapped.only_a, swapped.only_b) == (2, 0)


def test_mcnemar_does_not_flag_a_score_at_the_threshold():
    found = mcnemar([1, 0, 1], [0.5, 0.5, 0.9], 0.5, [0.7, 0.5, 0.7], 0.7)
    assert (found.only_a, found.only_b) == (1, 0)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abn")), min_size=2, max_size=30))
def test_group_mcnemar_is_the_enumerated_sign_flip_test(items):
    groups, verdicts = zip(*[*items, (7, "n"), (8, "n")], strict=True)
    a = np.array([verdict != "b" for verdict in verdicts], float)
    b = np.array([verdict != "a" for verdict in verdicts], float)
    found = mcnemar(np.ones(len(a), int), a, 0.5, b, 0.5, groups)
    totals = [(b - a)[np.array(groups) == group].sum() for group in set(groups)]
    flips = np.abs(np.array(list(product([-1, 1], repeat=len(totals)))) @ totals)
    observed = abs(sum(totals))
    assert found.p_exact == pytest.approx((flips >= observed).mean())
    if any(totals):
        expected = (flips > observed).mean() + (flips == observed).mean() / 2
        assert found.p_mid == pytest.approx(expected)


def test_one_source_that_repeats_itself_is_one_witness():
    alone = mcnemar(*with_discordant(0, 3))
    groups = np.repeat(np.arange(3), 10)
    copies = mcnemar(np.ones(30, int), np.zeros(30), 0.5, np.ones(30), 0.5, groups)
    assert copies.only_b == 30
    assert copies.p_exact == pytest.approx(alone.p_exact)
