import numpy as np
import pytest
from scipy.stats import norm

from harmlib.analysis.recall_floor import recall_floor
from harmlib.analysis.selected_floors import Candidate, selected_recall_floors
from harmlib.analysis.thresholds import sweep


def made_up(rng, n_groups, epochs, models=1, size=4):
    """Labels, groups and scores (models, epochs, n) of equally good epochs and models."""
    groups = np.repeat(np.arange(n_groups), size)
    labels = (rng.random(len(groups)) < 0.73).astype(int)
    shape = (models, epochs)
    noise = (
        rng.normal(size=(*shape, len(groups))) + rng.normal(size=(*shape, n_groups))[..., groups]
    )
    return labels, groups, 2.5 * (labels - 0.5) + np.sqrt(0.5) * noise


def candidates(labels, scores, thresholds=(-0.8, -0.4, 0.0, 0.4, 0.8)):
    found = {}
    for name, epochs in enumerate(scores):
        best = [sweep(labels, epoch, thresholds)["f1"].max() for epoch in epochs]
        found[str(name)] = Candidate(epochs, int(np.argmax(best)), thresholds)
    return found


def test_a_floor_makes_up_for_the_choice_of_epoch_and_model():
    """Promised 0.9: what the cheapest of 3 models with 10 epochs each delivers on new groups."""
    delivered = {"plain": [], "corrected": []}
    for seed in range(60):
        labels, groups, scores = made_up(np.random.default_rng(seed), 40, epochs=10, models=3)
        models = candidates(labels, scores)
        plain = {
            name: recall_floor(labels, model.scores[model.chosen], 0.9, groups)
            for name, model in models.items()
        }
        corrected = selected_recall_floors(labels, models, 0.9, groups)
        for how, floors in (("plain", plain), ("corrected", corrected)):
            cheapest = min(floors.values(), key=lambda floor: floor.flagged_share)
            delivered[how].append(norm.sf(cheapest.threshold - 1.25))
    assert np.mean(delivered["plain"]) < 0.892
    assert np.mean(delivered["corrected"]) == pytest.approx(0.9, abs=0.006)


@pytest.mark.parametrize("seed", range(5))
def test_without_a_choice_there_is_nothing_to_make_up_for(seed):
    labels, groups, scores = made_up(np.random.default_rng(seed), 30, epochs=1)
    twice = {"same": Candidate(scores[0][[0, 0]], 1, [0.0])}  # two epochs with the same scores
    for min_recall in (0.8, 0.9, 0.93):
        plain = recall_floor(labels, scores[0, 0], min_recall, groups)
        assert selected_recall_floors(labels, twice, min_recall, groups)["same"] == plain
        alone = {"same": Candidate(scores[0], 0, [0.0])}
        assert selected_recall_floors(labels, alone, min_recall, groups)["same"] == plain


def test_corrected_floors_are_refused_where_plain_ones_are():
    labels, groups, scores = made_up(np.random.default_rng(0), 12, epochs=3, models=2)
    models = candidates(labels, scores)
    found = selected_recall_floors(labels, models, 0.95, groups)
    assert [floor.feasible for floor in found.values()] == [False, False]
    one = selected_recall_floors(labels, models, 0.8, ["one"] * len(labels))
    assert [floor.units for floor in one.values()] == [1, 1]
    many = selected_recall_floors(labels, models, 0.8)  # one group per item
    assert all(floor.feasible and floor.allowed <= 0.2 for floor in many.values())
