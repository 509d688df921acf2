import numpy as np
import pytest
from group_samples import clustered, small_samples, weights_of
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.bootstrap import best_thresholds, gains
from harmlib.analysis.choice import choose
from harmlib.analysis.objectives import Objective
from harmlib.analysis.resampling import confusion_draws
from harmlib.analysis.thresholds import sweep

GRID = np.array([0.15, 0.3, 0.5, 0.7])
OBJECTIVES = ["f1", "mcc", "youden", "fbeta:2", "cost:miss=5,alarm=1", "precision@recall>=0.7",
              "recall@precision>=0.8", "recall@flagged<=0.4"]  # fmt: skip


@given(small_samples(), st.integers(0, 100), st.sampled_from(OBJECTIVES))
def test_every_resample_chooses_as_choose_does(sample, seed, objective):
    labels, scores, groups = sample
    counts = confusion_draws(labels, scores, GRID, groups, resamples=3, seed=seed)
    found = best_thresholds(counts, GRID, Objective.parse(objective))
    for value, weights in zip(found, weights_of(groups, 3, seed), strict=True):
        drawn = np.repeat(np.arange(len(labels)), weights)
        chosen = choose(labels[drawn], scores[drawn], objective, thresholds=GRID)
        if chosen.state == "constant_scores":
            continue  # here a grid can still be searched: it says which side the score is on
        if chosen.state != "ok":
            assert np.isnan(value)
        else:
            assert value == chosen.threshold


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_gains_are_those_of_the_objective(objective):
    labels, scores, groups = clustered(n_groups=15)
    goal = Objective.parse(objective)
    counts = confusion_draws(labels, scores, GRID, groups, resamples=4, seed=2)
    gain, feasible = gains(counts, goal)
    assert gain.shape == feasible.shape == (5, len(GRID))
    for row, weights in enumerate(weights_of(groups, 4, 2)):
        table = sweep(labels, scores, GRID, weights=weights)
        np.testing.assert_allclose(gain[row], goal.gain(table))
        assert feasible[row].tolist() == goal.feasible(table).tolist()


def test_a_resample_of_one_class_gains_nothing_and_chooses_nothing():
    counts = confusion_draws([0, 1], [0.1, 0.9], GRID, resamples=50)
    goal = Objective.parse("f1")
    one_class = np.isnan(counts[0, :, 0])
    assert 10 < one_class.sum() < 40
    gain, feasible = gains(counts, goal)
    assert np.isnan(gain[one_class]).all()
    assert not feasible[one_class].any()
    assert np.isnan(best_thresholds(counts, GRID, goal)).tolist() == one_class.tolist()


def test_equally_good_thresholds_give_the_lowest():
    grid = np.array([0.2, 0.4, 0.6, 0.95])
    counts = confusion_draws([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9], grid, resamples=30)
    best = best_thresholds(counts, grid, Objective.parse("f1"))
    assert set(best[~np.isnan(best)]) == {0.2}


def test_no_feasible_threshold_in_any_resample():
    counts = confusion_draws([0, 1], [0.9, 0.1], np.array([0.2, 0.5]), resamples=20)
    goal = Objective.parse("recall@precision>=0.9")
    assert np.isnan(best_thresholds(counts, np.array([0.2, 0.5]), goal)).all()
