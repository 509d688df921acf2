from dataclasses import replace

import numpy as np
import pytest
import torch
from made_splits import DIMS, made_split, made_variant

from harmlib.models import model_selection
from harmlib.models.linear_head import balanced, fit_logistic
from harmlib.models.model_selection import TooFewGroups, choose_recipe, inner_folds
from harmlib.models.recipe import PENALTIES, Recipe, possible_recipes


def folds_of(split, seed=1):
    return inner_folds(split.labels.numpy(), np.array(split.groups, dtype=object), seed)


def select(split, recipes=None, seed=1, **options):
    recipes = recipes or possible_recipes(list(DIMS), made_variant())
    return choose_recipe(split, DIMS, recipes, folds_of(split, seed), **options)


def test_groups_are_held_out_whole_and_once():
    split = made_split("a", 60, seed=1)
    folds, groups = folds_of(split), np.array(split.groups)
    assert len(folds) == 5
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(60))
    for rest, held in folds:
        assert not set(groups[rest]) & set(groups[held])
        assert sorted([*rest, *held]) == list(range(60))


@pytest.mark.parametrize(("groups", "folds"), [("ab", 2), ("abc", 3), ("abcdefgh", 5)])
def test_few_groups_make_few_folds(groups, folds):
    names = np.array(list(groups) * 2, dtype=object)
    labels = np.repeat([0, 1], len(groups))
    assert len(inner_folds(labels, names, seed=1)) == folds


def test_groups_of_one_class_each_can_be_held_out():
    names, labels = np.array(list("aabbcc"), dtype=object), np.array([1, 1, 0, 1, 0, 0])
    folds = inner_folds(labels, names, seed=1)
    assert sorted(names[held[0]] for _, held in folds) == ["a", "b", "c"]
    assert all(len(set(labels[rest])) == 2 for rest, _ in folds)


def test_one_group_of_a_class_cannot_be_held_out():
    with pytest.raises(TooFewGroups, match=r"both classes in several groups.*model5: null"):
        inner_folds(np.array([0, 0, 1, 1]), np.array(list("abcc"), dtype=object), seed=1)


@pytest.mark.parametrize("seed", range(5))
def test_a_backbone_of_noise_is_dropped(seed):
    selection = select(made_split("a", 60, seed))
    assert selection.recipe.backbones == ("signal",)
    assert selection.recipe.penalty in PENALTIES
    assert selection.table["chosen"].sum() == 1


def test_a_backbone_that_adds_something_is_kept():
    split = made_split("a", 120, seed=1)
    sides = torch.tensor(2.0 * np.random.default_rng(5).integers(0, 2, 120) - 1).float()
    features = split.features.clone()
    features[:, 0] = 4 * (2 * split.labels - 1) + 4 * sides  # half of what tells the label ...
    features[:, 40:] = sides[:, None]  # ... and the other half
    assert select(replace(split, features=features)).recipe.backbones == ("noise", "signal")


def test_of_what_is_as_good_the_fewest_backbones_win(monkeypatch):
    """Without the standard error the lowest loss would win, whatever it needs."""
    found = {}
    for errors in (0.0, 1.0):
        monkeypatch.setattr(model_selection, "_STANDARD_ERRORS", errors)
        found[errors] = [select(made_split("a", 60, seed, 0.4)) for seed in range(6)]
    sizes = {e: [len(s.recipe.backbones) for s in own] for e, own in found.items()}
    assert sum(sizes[1.0]) < sum(sizes[0.0])
    for selection in found[1.0]:
        chosen = selection.table[selection.table["chosen"]].iloc[0]
        assert chosen["difference"] <= chosen["error"] + 1e-12
    for selection in found[0.0]:
        assert selection.table.loc[selection.table["chosen"], "difference"].item() == 0


def test_the_logits_are_of_classifiers_that_never_saw_the_group():
    """Computed again from the definition, in all columns."""
    split, recipe = made_split("a", 40, seed=1), Recipe(("noise", "signal"), 0.3)
    selection = select(split, [recipe])
    columns = balanced(split.features, DIMS, recipe.backbones)
    assert columns.shape[1] > len(columns), "more columns than items, so they are turned"
    for rest, held in folds_of(split):
        weights, bias = fit_logistic(columns[rest], split.labels.numpy()[rest], 0.3)
        expected = columns[held] @ weights + bias
        np.testing.assert_allclose(selection.logits[held], expected, rtol=0.01, atol=0.01)


def test_items_of_one_group_count_as_one_observation():
    """Each item three times over, in its group: the losses' error must not shrink."""
    split = made_split("a", 40, seed=1)
    groups = np.array(split.groups, dtype=object)
    values = np.random.default_rng(0).normal(size=40)
    error = model_selection._standard_error(values, groups)
    assert model_selection._standard_error(np.tile(values, 3), np.tile(groups, 3)) == (
        pytest.approx(error)
    )
    single = model_selection._standard_error(values, np.arange(40).astype(object))
    assert single == pytest.approx(values.std(ddof=1) / 40**0.5)


def test_the_same_seed_gives_the_same_bits():
    one, other = (select(made_split("a", 60, 2)) for _ in range(2))
    assert one.recipe == other.recipe
    assert np.array_equal(one.logits, other.logits)
    assert not np.array_equal(one.logits, select(made_split("a", 60, 2), seed=2).logits)
