from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from made_splits import CPU, DIMS, made_splits, made_variant

from harmlib.models.classifier import HarmfulClassifier, probabilities
from harmlib.models.losses import build_loss
from harmlib.models.model_selection import TooFewGroups
from harmlib.models.recipe import Recipe
from harmlib.models.stacked import Head, train_heads
from harmlib.models.training import train
from harmlib.models.variant_training import choose_operating_points, train_one, train_variant

pytestmark = pytest.mark.usefixtures("one_thread")
MLP = {"head": "mlp", "penalty": None}
PLAIN = {**MLP, "backbones": "all", "validation": "part", "threshold_rule": "best_f1"}
OPEN = [
    {},
    {"validation": "part"},
    {"backbones": "all"},
    {"penalty": 0.3, "pos_weight": 0.5},
    {"last_layer": "sigmoid", "loss": "bce"},
    MLP,
    {**MLP, "validation": "part"},
    {**MLP, "backbones": "all"},
]


def trained(splits, seed=1, **changes):
    spec = made_variant(**changes)
    head = Head(splits, seed, spec.pos_weight or 1.0)
    return train_one(head, DIMS, spec, spec.video, device=CPU)


def scrambled(split, seed=9):
    """Other features and labels for the same items."""
    rng = np.random.default_rng(seed)
    features = torch.from_numpy(rng.normal(0, 3, split.features.shape).astype(np.float32))
    return replace(split, features=features, labels=1 - split.labels)


def same_states(one, other):
    return all(
        torch.equal(value, other.states[epoch][name])
        for epoch, state in one.states.items()
        for name, value in state.items()
    )


@pytest.mark.parametrize("changes", OPEN, ids=str)
def test_test_items_have_no_part_in_anything(changes):
    splits = made_splits()
    one = trained(splits, **changes)
    other = trained(splits | {"test": scrambled(splits["test"])}, **changes)
    assert one.recipe == other.recipe
    assert same_states(one, other)
    pd.testing.assert_frame_equal(one.development, other.development)
    points = [choose_operating_points(t, made_variant(**changes)) for t in (one, other)]
    pd.testing.assert_frame_equal(*points)


@pytest.mark.parametrize("changes", [{}, MLP], ids=str)
def test_validation_kept_apart_has_no_part_in_the_weights(changes):
    splits = made_splits()
    changes = {**changes, "validation": "part"}
    one = trained(splits, **changes)
    other = trained(splits | {"val": scrambled(splits["val"])}, **changes)
    assert one.recipe == other.recipe
    assert same_states(one, other)
    assert one.cross_fitted is None
    own = one.scores[one.scores["split"] == "val"]
    pd.testing.assert_frame_equal(one.development, own)


@pytest.mark.parametrize("changes", OPEN, ids=str)
def test_the_same_seed_gives_the_same_bits(changes):
    one, other = (trained(made_splits(), **changes) for _ in range(2))
    assert one.recipe == other.recipe
    assert same_states(one, other)
    pd.testing.assert_frame_equal(one.scores, other.scores)


@pytest.mark.parametrize("changes", OPEN, ids=str)
def test_scores_are_those_of_the_kept_weights(changes):
    """Of test items, and of validation items that are kept apart."""
    splits, spec = made_splits(), made_variant(**changes)
    training = trained(splits, **changes)
    backbones = training.recipe.backbones
    if spec.backbones == "chosen":
        assert backbones == ("signal",)
    classifier = HarmfulClassifier({n: DIMS[n] for n in backbones}, spec.last_layer, spec.head)
    for epoch, state in training.states.items():
        classifier.load_state_dict(state)
        classifier.eval()
        for name in ("test",) if spec.validation == "cross_fitted" else ("val", "test"):
            rows = training.scores.query(f"epoch == {epoch} and split == {name!r}")
            with torch.inference_mode():
                logits = classifier.logits(splits[name].of_backbones(DIMS, backbones).features)
            assert rows["item_id"].tolist() == splits[name].item_ids
            np.testing.assert_allclose(rows["logit"], logits, rtol=1e-5, atol=1e-6)
            assert rows["probability"].tolist() == probabilities(rows["logit"]).tolist()


@pytest.mark.parametrize("changes", [{}, MLP], ids=str)
def test_every_developed_item_is_cross_fitted_once_an_epoch(changes):
    splits = made_splits()
    training = trained(splits, **changes)
    ids = sorted(splits["train"].item_ids + splits["val"].item_ids)
    for _, rows in training.cross_fitted.groupby("epoch"):
        assert sorted(rows["item_id"]) == ids
    own = training.scores.query("split == 'val'")
    expected = training.cross_fitted[training.cross_fitted["item_id"].isin(own["item_id"])]
    pd.testing.assert_frame_equal(own, expected.reset_index(drop=True))
    for row in training.history.itertuples():
        rows = own[own["epoch"] == row.epoch]
        log_loss = build_loss("bce_with_logits")(
            torch.tensor(rows["logit"].to_numpy()), torch.tensor(rows["label"].to_numpy(float))
        )
        assert row.val_loss == pytest.approx(log_loss.item())


def test_a_cross_fitted_score_does_not_know_its_own_label():
    """One source with all its labels wrong: its own scores stay right."""
    splits = made_splits()
    wrong = replace(splits["train"], labels=splits["train"].labels.clone())
    wrong.labels[:4] = 1 - wrong.labels[:4]
    training = trained(splits | {"train": wrong}, backbones="all", penalty=0.01)
    rows = training.cross_fitted[training.cross_fitted["item_id"].isin(wrong.item_ids[:4])]
    assert ((rows["logit"] > 0) != (rows["label"] == 1)).sum() >= 3


def test_the_classifier_learns_from_validation_where_it_is_cross_fitted():
    splits = made_splits()
    one = trained(splits, backbones="all", penalty=0.1)
    other = trained(splits | {"val": scrambled(splits["val"])}, backbones="all", penalty=0.1)
    assert not same_states(one, other)


def test_exact_thresholds_are_chosen_among_all():
    training = trained(made_splits())
    exact, grid = (
        choose_operating_points(training, made_variant(threshold_rule=rule))
        for rule in ("exact_f1", "best_f1")
    )
    assert exact["f1"].item() >= grid["f1"].item()
    assert exact["threshold"].item() not in (0.3, 0.5, 0.7)
    assert grid["threshold"].item() in (0.3, 0.5, 0.7)
    rows = training.cross_fitted
    flagged = rows["probability"] > exact["threshold"].item()
    tp = (flagged & (rows["label"] == 1)).sum()
    f1 = 2 * tp / (flagged.sum() + (rows["label"] == 1).sum())
    assert exact["f1"].item() == pytest.approx(f1)


def test_what_leaves_nothing_open_is_trained_as_ever():
    splits, spec = made_splits(), made_variant(**PLAIN)
    expected = train(
        lambda: HarmfulClassifier(DIMS, "logits"),
        build_loss("bce_with_logits"),
        spec.video,
        splits,
        seed=1,
        device=CPU,
    )
    found = trained(splits, **PLAIN)
    assert found.recipe is None
    assert same_states(expected, found)
    pd.testing.assert_frame_equal(expected.scores, found.scores)
    heads = [Head(splits, seed) for seed in (1, 2)]
    together = train_variant(heads, DIMS, spec, spec.video, device=CPU)
    for one, other in zip(
        train_heads(heads, DIMS, "bce_with_logits", spec.video, device=CPU), together, strict=True
    ):
        pd.testing.assert_frame_equal(one.scores, other.scores)


@pytest.mark.parametrize("changes", [{}, MLP, {**MLP, "backbones": "all"}], ids=str)
def test_several_at_once_are_what_they_are_alone(changes):
    """Also where the trainings see different backbones."""
    spec, told = made_variant(**changes), []
    swapped = {
        name: replace(split, features=split.features.roll(3, dims=1))
        for name, split in made_splits(1).items()
    }  # the signal lies in `noise` now
    heads = [Head(made_splits(0), 1), Head(swapped, 2), Head(made_splits(2), 3)]
    together = train_variant(
        heads, DIMS, spec, spec.video, device=CPU, progress=lambda *done: told.append(done)
    )
    seen = [training.recipe.backbones for training in together]
    assert len(set(seen)) == (2 if spec.backbones == "chosen" else 1)
    for head, training in zip(heads, together, strict=True):
        alone = train_one(head, DIMS, spec, spec.video, device=CPU)
        assert alone.recipe == training.recipe
        np.testing.assert_allclose(alone.scores["logit"], training.scores["logit"], atol=1e-4)
        assert alone.scores["item_id"].tolist() == training.scores["item_id"].tolist()
    assert told[-1][0] == told[-1][1]


def test_a_weight_reaches_the_linear_head():
    plain, weighted = (
        trained(made_splits(), backbones="all", penalty=0.1, pos_weight=weight)
        for weight in (None, 4.0)
    )
    assert plain.recipe == weighted.recipe == Recipe(tuple(DIMS), 0.1)
    bias = "classifier.0.bias"
    assert weighted.states[1][bias].item() > plain.states[1][bias].item() + 0.2


@pytest.mark.parametrize("changes", [{}, MLP], ids=str)
def test_with_too_few_groups_the_two_splits_are_held_out_in_turn(changes):
    splits = {
        name: replace(split, groups=[f"{name}-{label}" for label in split.labels.tolist()])
        for name, split in made_splits().items()
    }
    splits["val"] = replace(splits["val"], groups=["one"] * 24)
    alone = replace(splits["train"], groups=["other"] * 60)
    training = trained(splits | {"train": alone}, **changes)
    one = training.cross_fitted.query("epoch == 1")
    ids = sorted(splits["train"].item_ids + splits["val"].item_ids)
    assert sorted(one["item_id"]) == ids
    spec = {**changes, "validation": "part"}
    with pytest.raises(TooFewGroups):
        trained(splits | {"train": alone}, **spec)
