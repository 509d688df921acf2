import numpy as np
import pytest
import torch

from harmlib.models import stacked
from harmlib.models.classifier import HarmfulClassifier
from harmlib.models.divergence import TrainingDiverged
from harmlib.models.losses import build_loss, item_losses
from harmlib.models.stacked import Head, train_heads
from harmlib.models.training import Split, train
from harmlib.params import Schedule

pytestmark = pytest.mark.usefixtures("one_thread")

DIMS = {"clip": 6, "yolo": 3}
CPU = torch.device("cpu")
SCHEDULE = Schedule(epochs=3, batch_size=4, learning_rate=0.002)
LAST = {"bce": "sigmoid", "bce_with_logits": "logits"}
# Probabilities and losses are near 1, with 7 digits each; three epochs add roundings up.
ROUNDING = 1e-5


def split(name, n, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3 != 0
    features = rng.normal(size=(n, sum(DIMS.values()))).astype(np.float32)
    features[:, 0] += 2 * labels
    names = [f"{name}{i}" for i in range(n)]
    return Split(torch.from_numpy(features), torch.tensor(labels.astype(int)), names, names)


def fold(number, n):
    return {
        "train": split("train", n, number),
        "val": split("val", 9 + number, 10 + number),
        "test": split("test", 8 + number, 20 + number),
    }


# Few batches; full ones only, six and five of them; a last one of one and of two.
FOLDS = [fold(0, 9), fold(1, 24), fold(2, 20), fold(3, 21), fold(4, 22)]


def heads():
    weights = [0.3, 1.0, 2.5, 0.5, 1.0]
    of_folds = [Head(own, seed=7, pos_weight=w) for own, w in zip(FOLDS, weights, strict=True)]
    return [*of_folds, Head(FOLDS[1], seed=8, pos_weight=weights[1])]


def alone(head, loss):
    return train(
        lambda: HarmfulClassifier(DIMS, LAST[loss]),
        build_loss(loss, head.pos_weight),
        SCHEDULE,
        head.splits,
        seed=head.seed,
        device=CPU,
    )


def same(one, other, tolerance):
    assert list(one.scores.columns) == list(other.scores.columns)
    assert list(one.history.columns) == list(other.history.columns)
    keys = ["epoch", "split", "item_id", "label"]
    assert one.scores[keys].equals(other.scores[keys])
    for column in ("logit", "probability"):
        np.testing.assert_allclose(one.scores[column], other.scores[column], atol=tolerance)
    told = ["epoch", "train_loss", "val_loss", "learning_rate"]
    np.testing.assert_allclose(one.history[told], other.history[told], atol=tolerance)
    assert sorted(one.states) == sorted(other.states)
    for epoch, state in one.states.items():
        assert list(state) == list(other.states[epoch])
        for name, value in state.items():
            torch.testing.assert_close(value, other.states[epoch][name], atol=tolerance, rtol=0)


@pytest.mark.parametrize("loss", list(LAST))
def test_together_they_are_what_they_are_alone(loss):
    together = train_heads(heads(), DIMS, loss, SCHEDULE, device=CPU)
    assert len(together) == 6
    for head, training in zip(heads(), together, strict=True):
        same(training, alone(head, loss), ROUNDING)


@pytest.mark.parametrize("loss", list(LAST))
def test_the_company_does_not_matter(loss):
    some = heads()
    together = train_heads(some, DIMS, loss, SCHEDULE, device=CPU)
    turned = train_heads(some[::-1], DIMS, loss, SCHEDULE, device=CPU)[::-1]
    for one, other in zip(together, turned, strict=True):
        same(one, other, ROUNDING)
    for head, training in zip(some, together, strict=True):
        same(training, train_heads([head], DIMS, loss, SCHEDULE, device=CPU)[0], ROUNDING)


def test_the_same_call_gives_the_same_numbers_to_the_bit():
    calls = []
    for outside in (1, 2):
        torch.manual_seed(outside)
        before = torch.get_rng_state()
        calls.append(train_heads(heads(), DIMS, "bce", SCHEDULE, device=CPU))
        assert torch.equal(torch.get_rng_state(), before)
    for one, other in zip(*calls, strict=True):
        same(one, other, 0)


def test_the_kept_weights_give_the_kept_scores():
    some = heads()
    for head, training in zip(
        some, train_heads(some, DIMS, "bce", SCHEDULE, device=CPU), strict=True
    ):
        tested = training.scores[training.scores["split"] == "test"].groupby("epoch")["logit"]
        assert sorted(training.states) == sorted(tested.groups)
        for epoch, kept in tested:
            model = HarmfulClassifier(DIMS, "sigmoid").eval()
            model.load_state_dict(training.states[epoch])
            with torch.inference_mode():
                logits = model.logits(head.splits["test"].features).double().numpy()
            assert np.array_equal(kept, logits)


def test_a_head_without_a_batch_left_stands_still(monkeypatch):
    """Adam's momentum alone would move it."""
    moved = []
    stack_of = stacked._Stack._differentiate

    def watch(self, run, rows):
        moved.append(run)
        return stack_of(self, run, rows)

    monkeypatch.setattr(stacked._Stack, "_differentiate", watch)
    one_epoch = Schedule(epochs=1, batch_size=4, learning_rate=0.002)
    pair = [Head(fold(0, 12), 1), Head(fold(1, 4), 1)]
    train_heads(pair, DIMS, "bce", one_epoch, device=CPU)
    assert moved == [(0, 2), (0, 1), (0, 1)]
    short = train_heads(pair, DIMS, "bce", one_epoch, device=CPU)[1]
    same(short, train_heads(pair[1:], DIMS, "bce", one_epoch, device=CPU)[0], ROUNDING)


def test_states_on_request_progress_and_shares_of_time():
    seen = []
    together = train_heads(
        heads(),
        DIMS,
        "bce",
        SCHEDULE,
        device=CPU,
        keep_states=False,
        progress=lambda *step: seen.append(step),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert all(training.states == {} for training in together)
    assert all((training.history["seconds"] > 0).all() for training in together)


def test_no_heads_and_nothing_to_train_on():
    assert train_heads([], DIMS, "bce", SCHEDULE, device=CPU) == []
    bad = [Head(FOLDS[0], 1), Head(fold(0, 0), 1)]
    with pytest.raises(ValueError, match=r"heads\[1\] has no item in its split 'train'"):
        train_heads(bad, DIMS, "bce", SCHEDULE, device=CPU)


@pytest.mark.parametrize("loss", list(LAST))
def test_a_diverged_training_is_called_that_with_its_learning_rate_and_seed(loss):
    schedule = Schedule(epochs=3, batch_size=4, learning_rate=1e30)
    with pytest.raises(
        TrainingDiverged, match=r"epoch 1 \(seed 7(, 8)?\): with the learning rate 1e\+30"
    ):
        train_heads(heads(), DIMS, loss, schedule, device=CPU)


def test_an_unknown_layer_is_named(monkeypatch):
    def with_norm(self, dims, last_layer):
        original(self, dims, last_layer)
        self.classifier.insert(1, torch.nn.LayerNorm(64 * len(dims)))

    original = HarmfulClassifier.__init__
    monkeypatch.setattr(HarmfulClassifier, "__init__", with_norm)
    with pytest.raises(TypeError, match=r"classifier.1: no stacked form of LayerNorm"):
        train_heads([Head(FOLDS[0], 1)], DIMS, "bce", SCHEDULE, device=CPU)


@pytest.mark.parametrize("weights", [[1.0, 1.0], [1.0, 3.0], [0.2, 0.4]])
def test_item_losses_are_those_of_the_loss(weights):
    rng = torch.Generator().manual_seed(0)
    outputs = torch.randn(2, 5, generator=rng)
    labels = (torch.rand(2, 5, generator=rng) < 0.5).float()
    found = item_losses("bce_with_logits", outputs, labels, torch.tensor(weights)).mean(dim=1)
    for i, weight in enumerate(weights):
        expected = build_loss("bce_with_logits", weight)(outputs[i], labels[i])
        torch.testing.assert_close(found[i], expected)
