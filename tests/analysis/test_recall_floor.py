from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from scipy.special import expit

from harmlib.analysis.recall_floor import group_recalls, recall_floor, single_run_shortfall
from harmlib.analysis.thresholds import sweep

HARMFUL = np.arange(1, 20) / 20  # 19 harmful scores, 0.05 to 0.95


@pytest.mark.parametrize(
    ("n_harmful", "min_recall", "missed"),
    [
        (19, 0.95, 0),  # (0 + 1) / 20 <= 0.05, just
        (18, 0.95, None),  # 1 / 19 > 0.05
        (19, 0.90, 1),
        (19, 0.50, 9),
        (9, 0.90, 0),  # 0.1 x 10 - 1 is -2e-16 in floating point
        (8, 0.90, None),
        (1, 0.50, 0),
        (19, 0.001, 18),
        (19, 1e-12, 18),
    ],
)
def test_recall_floor_by_hand(n_harmful, min_recall, missed):
    scores = np.concatenate([HARMFUL[:n_harmful], [0.01, 0.99]])
    labels = np.concatenate([np.ones(n_harmful, int), [0, 0]])
    floor = recall_floor(labels, scores, min_recall)
    assert floor.units == n_harmful
    assert floor.feasible == (missed is not None)
    if missed is None:
        assert np.isnan([floor.threshold, floor.recall, floor.flagged_share]).all()
        return
    assert (scores[labels == 1] <= floor.threshold).sum() == missed
    assert floor.recall == pytest.approx(1 - missed / n_harmful)
    assert floor.flagged_share == pytest.approx((n_harmful - missed + 1) / (n_harmful + 2))
    below = 0.01 if missed == 0 else HARMFUL[missed - 1]
    assert floor.threshold == pytest.approx((below + HARMFUL[missed]) / 2)


def test_recall_floor_keeps_tied_harmful_items_together():
    labels, scores = np.ones(20, int), np.repeat([0.3, 0.6], [2, 18])
    assert recall_floor(labels, scores, 0.90).recall == 1  # 1 of 20 may be missed, both cannot
    assert recall_floor(labels, scores, 0.85).recall == 0.9


def test_recall_floor_with_groups_weighs_sources_not_items():
    """One source with 90 easily missed clips may be missed as 1 unit of 20."""
    labels = np.ones(109, int)
    scores = np.repeat([0.1, 0.8], [90, 19])
    groups = np.concatenate([np.zeros(90, int), np.arange(1, 20)])
    by_source = recall_floor(labels, scores, 0.90, groups)
    assert by_source.units == 20
    assert by_source.threshold > 0.1
    assert recall_floor(labels, scores, 0.90).threshold < 0.1
    no_harm = recall_floor(np.append(labels, 0), np.append(scores, 0.9), 0.9, [*groups, "safe"])
    assert no_harm.units == 20


def test_recall_floor_agrees_with_mapie():
    from mapie.risk_control import MultiLabelClassificationController

    rng = np.random.default_rng(4)
    scores = expit(2 * rng.normal(size=400) + 0.5)
    labels = (rng.random(400) < scores).astype(int)
    harmful = scores[labels == 1]
    levels = [0.83, 0.912, 0.957]
    candidates = np.concatenate([[0], np.sort(harmful)])  # each one misses one item more
    controller = MultiLabelClassificationController(
        lambda column: column, risk="recall", method="crc",
        target_level=levels, predict_params=candidates,
    )  # fmt: skip
    controller.calibrate(harmful[:, None], np.ones((len(harmful), 1), int))
    for level, expected in zip(levels, np.ravel(controller.best_predict_param), strict=True):
        floor = recall_floor(labels, scores, level)
        np.testing.assert_array_equal(harmful > floor.threshold, harmful > expected)


def test_recall_floor_keeps_its_promise_on_new_items():
    rng = np.random.default_rng(8)
    recalls = []
    for _ in range(2000):
        known, new = rng.normal(size=(2, 30))
        floor = recall_floor(np.ones(30, int), known, 0.9)
        recalls.append((new > floor.threshold).mean())
    # 2 of 30 may be missed: the threshold lies midway between the 2nd and the 3rd lowest, below
    # which a new item falls with probability 2/31 and 3/31
    assert np.mean(recalls) == pytest.approx(1 - 2.5 / 31, abs=0.004)


def test_a_floor_that_lacks_one_unit_in_a_thousand_is_refused():
    """1998 units would allow 999/1000 of a miss for 0.9995, which is no miss at all."""
    n = 1998
    assert not recall_floor(np.ones(n, int), np.arange(n), 0.9995).feasible
    assert recall_floor(np.ones(n + 1, int), np.arange(n + 1), 0.9995).feasible


def test_between_neighbouring_floats_the_threshold_decides_as_the_rule_does():
    """The threshold is then the lower score itself, which `score > threshold` does not flag."""
    low, high = 0.5, np.nextafter(0.5, 1)
    floor = recall_floor([0] + [1] * 19, [low] + [high] * 19, 0.9)
    assert floor.threshold == low
    assert (floor.recall, floor.flagged_share) == (1, 0.95)
    with pytest.raises(FrozenInstanceError):
        floor.units = 0


@pytest.mark.parametrize(
    ("labels", "min_recall", "groups", "message"),
    [
        ([1, 0], 95, None, "min_recall is 95"),
        ([1, 0], 1.0, None, "min_recall is 1.0"),
        ([1, 0], 0, None, "min_recall is 0"),
        ([0, 0], 0.9, None, "no item is harmful"),
        ([1, 0], 0.9, ["a"], "2 labels but 1 groups"),
        ([1, 0], 0.9, ["a", None], "1 missing values"),
    ],
)
def test_bad_input_is_named(labels, min_recall, groups, message):
    with pytest.raises(ValueError, match=message):
        recall_floor(labels, [0.9, 0.1], min_recall, groups)


@pytest.mark.parametrize("min_recall", [0.8, 0.9, 0.95])
def test_many_items_of_one_source_promise_nothing(min_recall):
    floor = recall_floor(np.ones(500, int), np.arange(500), min_recall, ["one"] * 500)
    assert (floor.units, floor.feasible) == (1, False)
    assert np.isnan(floor.threshold)


def test_the_recall_of_a_floor_is_that_of_its_average_group():
    labels, scores = np.ones(38, int), np.repeat([0.1, 0.9], [19, 19])
    groups = [*np.repeat("big", 19), *range(19)]
    floor = recall_floor(labels, scores, 0.9, groups)
    assert floor.recall == pytest.approx(
        group_recalls(labels, scores, floor.threshold, groups).mean()
    )
    assert floor.recall == pytest.approx(19 / 20)
    assert sweep(labels, scores, [floor.threshold])["recall"][0] == 0.5


def test_single_runs_fall_short_as_often_as_the_binomial_law_says():
    """Of 40 whole groups 3 may be missed, so the threshold is at most the fourth lowest score."""
    fourth = np.sort(np.random.default_rng(2).random((20_000, 40)), axis=1)[:, 3]
    assert single_run_shortfall(0.9, 40) == pytest.approx((fourth > 0.1).mean(), abs=0.012)
    assert np.isnan(single_run_shortfall(0.9, 8))
