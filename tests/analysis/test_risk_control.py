"""Floors that hold with a stated confidence: the tests behind them, and whether they hold."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom, norm

from harmlib.analysis.bands import choose_bands
from harmlib.analysis.jackknife import jackknife_interval
from harmlib.analysis.risk_control import (
    GRID,
    confident_recall_floor,
    groups_needed,
    precision_keepers,
    recall_keepers,
)


def items(rng, n_groups, size=4, harmful=0.4, apart=2.5):
    """Labels, groups and probabilities; half of the variance is the group's."""
    groups = np.repeat(np.arange(n_groups), size)
    labels = (rng.random(len(groups)) < harmful).astype(int)
    noise = rng.normal(size=n_groups)[groups] + rng.normal(size=len(groups))
    return labels, groups, expit(2 * (apart * (labels - 0.5) + np.sqrt(0.5) * noise))


def recall_of(threshold, apart=2.5):
    return norm.sf(logit(threshold) / 2 - apart / 2)


def precision_of(threshold, harmful=0.4, apart=2.5):
    caught = harmful * recall_of(threshold, apart)
    return caught / (caught + (1 - harmful) * norm.sf(logit(threshold) / 2 + apart / 2))


@pytest.mark.parametrize("seed", range(3))
def test_single_items_are_tested_as_by_mapies_controller(seed):
    from mapie.risk_control import BinaryClassificationController

    labels, _, probabilities = items(np.random.default_rng(seed), 400, size=1)
    controller = BinaryClassificationController(
        lambda column: np.column_stack([1 - column.ravel(), column.ravel()]),
        "recall", 0.9, confidence_level=0.95, list_predict_params=GRID[::-1],
        fwer_method="fixed_sequence",
    )  # fmt: skip
    controller.calibrate(probabilities[:, None], labels)
    theirs, ours = (
        np.ravel(controller.valid_predict_params),
        recall_keepers(labels, probabilities, 0.9, 0.05),
    )
    # No score is on the grid. Rounding noise makes the controller count one miss too many at times
    assert set(theirs) <= set(ours)
    assert len(ours) - len(theirs) <= 3


def test_whole_groups_are_tested_by_the_binomial_law():
    """Of 60 single items 0 may be missed for 0.95 at error 0.05, and 1 at error 0.2."""
    probabilities = np.append(np.linspace(0.3, 0.9, 60), 0.01)
    labels = np.append(np.ones(60, int), 0)
    none = recall_keepers(labels, probabilities, 0.95, 0.05)
    assert none[0] == GRID[GRID < 0.3][0]
    one = recall_keepers(labels, probabilities, 0.95, 0.2)
    assert binom.cdf(1, 60, 0.05) < 0.2 < binom.cdf(2, 60, 0.05)
    assert (probabilities[:60] <= one[0]).sum() == 1
    assert not len(recall_keepers(labels, probabilities, 0.95, 0.045))
    assert groups_needed(0.95, 0.05) == 59
    assert groups_needed(0.95, 0.045) == 61


def test_copies_within_a_group_promise_no_more():
    labels, groups, probabilities = items(np.random.default_rng(1), 60)
    plain = [
        find(labels, probabilities, 0.8, 0.05, groups)
        for find in (recall_keepers, precision_keepers)
    ]
    again = [np.repeat(values, 10) for values in (labels, probabilities)]
    for find, before in zip((recall_keepers, precision_keepers), plain, strict=True):
        np.testing.assert_array_equal(find(*again, 0.8, 0.05, np.repeat(groups, 10)), before)
    one_source = recall_keepers(labels, probabilities, 0.8, 0.05, ["one"] * len(labels))
    assert not len(one_source)


def test_the_jackknife_bound_is_the_lower_end_of_the_interval():
    labels, groups, probabilities = items(np.random.default_rng(5), 50)
    keepers = precision_keepers(labels, probabilities, 0.8, 0.05, groups, method="jackknife")
    for threshold in (keepers[-1], GRID[np.flatnonzero(keepers[-1] == GRID)[0] + 1]):
        flagged = probabilities > threshold
        shares = [
            labels[own & flagged].mean() for g in range(50) if (own := groups == g)[flagged].any()
        ]
        without = (np.sum(shares) - shares) / (len(shares) - 1)
        low, _ = jackknife_interval(np.mean(shares), without, level=0.9)
        assert (low >= 0.8) == (threshold == keepers[-1])


def test_candidates_share_the_error():
    labels, groups, probabilities = items(np.random.default_rng(5), 120)
    alone, ten = (
        confident_recall_floor(
            labels, probabilities, 0.9, groups, confidence=0.9, candidates=candidates
        )
        for candidates in (1, 10)
    )
    assert alone.feasible
    assert ten.feasible
    assert ten.threshold < alone.threshold
    assert alone.threshold == recall_keepers(labels, probabilities, 0.9, 0.1, groups)[0]
    assert ten.threshold == recall_keepers(labels, probabilities, 0.9, 0.01, groups)[0]
    few = confident_recall_floor(labels, probabilities, 0.999, groups, confidence=0.9)
    assert not few.feasible
    assert np.isnan([few.threshold, few.recall, few.flagged_share]).all()


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("method", ["learn-then-test", "jackknife"])
def test_both_floors_hold_with_the_confidence(method, size):
    """Bands that keep the floors on validation alone miss at least one in most runs."""
    missed = {"validation": 0, method: 0}
    for seed in range(80):
        labels, groups, probabilities = items(np.random.default_rng(seed), 150 // size, size)
        for how, confidence in (("validation", None), (method, 0.9)):
            bands = choose_bands(
                labels, probabilities, groups, min_recall=0.9, min_precision=0.8,
                confidence=confidence, method=method,
            )  # fmt: skip
            passing, blocking = bands.pass_at, bands.block_above
            missed[how] += (passing is not None and recall_of(passing) < 0.9) or (
                blocking is not None and precision_of(blocking) < 0.8
            )
    assert missed["validation"] > 35
    assert missed[method] <= 12  # 8 expected at most; 13 or more with probability 0.05


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"confidence": 1.0}, "level is 1.0"),
        ({"confidence": 0}, "level is 0"),
        ({"min_recall": 1.0}, r"floor is 1.0; with a confidence"),
        ({"method": "guess"}, "method is 'guess'; use one of learn-then-test, jackknife"),
        ({"labels": [0] * 10}, "no item is harmful"),
    ],
)
def test_bad_input_is_named(changes, match):
    asked = {
        "labels": [0, 1] * 5,
        "probabilities": [0.2, 0.7] * 5,
        "min_recall": 0.9,
        "confidence": 0.9,
    }
    with pytest.raises(ValueError, match=match):
        confident_recall_floor(**asked | changes)
