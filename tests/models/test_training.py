from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from harmlib.models.classifier import HarmfulClassifier
from harmlib.models.divergence import TrainingDiverged, require_finite
from harmlib.models.losses import build_loss
from harmlib.models.training import Split, train
from harmlib.params import Schedule

pytestmark = pytest.mark.usefixtures("one_thread")

DIMS = {"clip": 4, "yolo": 2}
EPOCHS = 3
CPU = torch.device("cpu")
SCHEDULE = Schedule(epochs=EPOCHS, batch_size=4, learning_rate=0.003)
HEADS = {"sigmoid": "bce", "logits": "bce_with_logits"}


def split(name, n, seed):
    """Items whose first feature tells the class, with noise in the others."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3 != 0
    features = rng.normal(size=(n, sum(DIMS.values()))).astype(np.float32)
    features[:, 0] += 3 * (2 * labels - 1)
    return Split(
        torch.from_numpy(features),
        torch.tensor(labels.astype(int)),
        [f"{name}{i}" for i in range(n)],
        [f"{name}{i // 2}" for i in range(n)],
    )


TRAIN, VAL, TEST = split("train", 40, 0), split("val", 15, 1), split("test", 12, 2)


def first(n):
    """The first n items of the training split."""
    return Split(TRAIN.features[:n], TRAIN.labels[:n], TRAIN.item_ids[:n], TRAIN.groups[:n])


def run(head="sigmoid", seed=7, train_split=TRAIN, val=VAL, test=TEST, schedule=SCHEDULE, **kwargs):
    return train(
        lambda: HarmfulClassifier(DIMS, head),
        build_loss(HEADS[head], kwargs.pop("pos_weight", 1.0)),
        schedule,
        {"train": train_split, "val": val, "test": test},
        seed=seed,
        device=CPU,
        **kwargs,
    )


@pytest.fixture(scope="module", params=list(HEADS))
def trained(request):
    return request.param, run(request.param)


@pytest.mark.parametrize(
    ("rate", "head"), [(1e30, "logits"), (1e30, "sigmoid"), (3e38, "logits"), (1e20, "logits")]
)
def test_a_diverged_training_is_called_that_with_its_learning_rate(rate, head):
    schedule = Schedule(epochs=EPOCHS, batch_size=4, learning_rate=rate)
    with pytest.raises(TrainingDiverged) as stopped:
        run(head, schedule=schedule)
    message = str(stopped.value)
    assert "the training diverged in epoch 1 (seed 7)" in message
    assert f"learning rate {rate}" in message
    assert "Lower the variant's learning_rate" in message


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["loss", "logit"])
def test_what_is_no_number_is_noticed_anywhere(value, where):
    logits = pd.DataFrame({"logit": [0.5, value if where == "logit" else 1.0]})
    losses = (0.3, value if where == "loss" else 0.2)
    with pytest.raises(TrainingDiverged, match=r"learning rate 0\.1"):
        require_finite(1, 0.1, 3, losses, [logits])


def same_weights(one, other):
    return all(
        torch.equal(one.states[epoch][name], other.states[epoch][name])
        for epoch in one.states
        for name in one.states[epoch]
    )


def test_the_same_seed_gives_the_same_numbers_to_the_bit(trained):
    head, first = trained
    torch.manual_seed(999)  # whatever the world outside does
    second = run(head)
    assert same_weights(first, second)
    assert first.scores.equals(second.scores)
    assert first.history.drop(columns="seconds").equals(second.history.drop(columns="seconds"))


def test_another_seed_gives_other_numbers(trained):
    head, first = trained
    assert not same_weights(first, run(head, seed=8))


def test_the_global_generator_is_not_disturbed():
    torch.manual_seed(999)  # not a state that an earlier training may have left
    before = torch.get_rng_state()
    run()
    assert torch.equal(torch.get_rng_state(), before)


def test_it_learns_what_can_be_learned(trained):
    head, _ = trained
    result = run(head, schedule=Schedule(epochs=15, batch_size=4, learning_rate=0.003))
    last = result.scores[result.scores["epoch"] == 15]
    assert ((last["probability"] > 0.5) == last["label"]).all()
    losses = result.history[["train_loss", "val_loss"]]
    assert (losses.iloc[-1] < losses.iloc[0] / 2).all()


def test_one_row_per_item_and_epoch_of_both_splits(trained):
    _, result = trained
    scores = result.scores
    assert list(scores.columns) == ["epoch", "split", "item_id", "label", "logit", "probability"]
    assert scores.groupby(["epoch", "split"]).size().to_dict() == {
        (epoch, name): size for epoch in (1, 2, 3) for name, size in (("val", 15), ("test", 12))
    }
    for name, expected in (("val", VAL), ("test", TEST)):
        for _, rows in scores[scores["split"] == name].groupby("epoch"):
            assert rows["item_id"].tolist() == expected.item_ids
            assert rows["label"].tolist() == expected.labels.tolist()
    assert scores.groupby(["split", "item_id"])["logit"].nunique().eq(EPOCHS).all()


def test_probability_is_the_sigmoid_of_the_logit(trained):
    _, result = trained
    logit = result.scores["logit"].to_numpy()
    assert logit.dtype == np.float64
    np.testing.assert_allclose(result.scores["probability"], 1 / (1 + np.exp(-logit)), rtol=1e-12)


def test_history_has_one_row_per_epoch(trained):
    _, result = trained
    history = result.history
    assert list(history.columns) == ["epoch", "train_loss", "val_loss", "learning_rate", "seconds"]
    assert history["epoch"].tolist() == [1, 2, 3]
    assert (history["learning_rate"] == SCHEDULE.learning_rate).all()
    assert (history["seconds"] > 0).all()


def test_val_loss_is_that_of_the_validation_scores():
    result = run("sigmoid")
    for epoch, rows in result.scores.query("split == 'val'").groupby("epoch"):
        right = np.where(rows["label"], rows["probability"], 1 - rows["probability"])
        expected = result.history.set_index("epoch")["val_loss"][epoch]
        assert -np.log(right).mean() == pytest.approx(expected, rel=1e-5)


def test_train_loss_is_the_mean_over_items():
    def still():  # nothing is dropped and nothing moves
        model = HarmfulClassifier(DIMS, "sigmoid")
        for layer in model.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0
        return model

    schedule = Schedule(epochs=1, batch_size=7, learning_rate=1e-30)  # 40 items: the last has 5
    loss = build_loss("bce")
    history = train(
        still, loss, schedule, {"train": TRAIN, "val": TRAIN}, seed=0, device=CPU
    ).history
    assert history["train_loss"][0] == pytest.approx(history["val_loss"][0], rel=1e-5)


def test_the_kept_weights_give_the_kept_scores(trained):
    head, result = trained
    for epoch in (1, 2, 3):
        model = HarmfulClassifier(DIMS, head).eval()
        model.load_state_dict(result.states[epoch])
        with torch.inference_mode():
            logits = model.logits(TEST.features).double().numpy()
        rows = result.scores.query("epoch == @epoch and split == 'test'")
        assert np.array_equal(rows["logit"], logits)
    assert sorted(result.states) == [1, 2, 3]


@pytest.mark.parametrize("which", ["val", "test"])
def test_what_is_scored_never_touches_the_weights(trained, which):
    head, first = trained
    other = split("other", 31, 5)
    flipped = replace(other, labels=1 - other.labels)
    result = run(head, **{which: flipped})
    assert same_weights(first, result)
    kept = "test" if which == "val" else "val"
    pick = [r.scores[r.scores["split"] == kept].reset_index(drop=True) for r in (first, result)]
    assert pick[0].equals(pick[1])
    losses = [r.history["val_loss"].tolist() for r in (first, result)]
    assert (losses[0] == losses[1]) == (which == "test")


def test_every_training_item_counts_once_an_epoch():
    drawn = []
    model = HarmfulClassifier(DIMS, "sigmoid")
    model.register_forward_pre_hook(lambda m, args: drawn.extend(args) if m.training else None)
    odd = first(11)
    splits = {"train": odd, "val": VAL}
    train(lambda: model, build_loss("bce"), SCHEDULE, splits, seed=0, device=CPU)
    assert [len(rows) for rows in drawn] == [4, 4, 3] * EPOCHS
    orders = [torch.cat(drawn[i : i + 3]) for i in range(0, 9, 3)]
    for order in orders:
        assert torch.equal(order.sort(dim=0).values, odd.features.sort(dim=0).values)
    assert not torch.equal(orders[0], orders[1])  # shuffled anew


def test_a_heavier_harmful_class_moves_the_probabilities_up():
    light, heavy = (run("logits", pos_weight=weight).scores for weight in (0.1, 10))
    first = light["epoch"] == 1
    assert heavy["logit"][first].mean() > light["logit"][first].mean() + 1


def test_a_last_batch_of_one_and_progress():
    seen = []
    run(train_split=first(5), progress=lambda *step: seen.append(step))
    assert seen == [(1, 3), (2, 3), (3, 3)]
