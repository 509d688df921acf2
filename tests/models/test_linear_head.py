import numpy as np
import pytest
import torch
from made_splits import DIMS, made_split
from sklearn.exceptions import ConvergenceWarning

from harmlib.models.linear_head import balanced, fit_linear_head, fit_logistic, fit_side_by_side
from harmlib.models.losses import build_loss


@pytest.mark.parametrize(("penalty", "weight"), [(0.1, 1.0), (3.0, 1.0), (0.1, 0.4)])
def test_it_is_the_optimum_of_the_penalised_loss(penalty, weight):
    """The gradient of what should be minimised, by autograd, is none."""
    split = made_split("a", 80, seed=1)
    columns = torch.from_numpy(balanced(split.features, DIMS, tuple(DIMS)))
    found, bias = fit_logistic(columns.numpy(), split.labels.numpy(), penalty, weight)
    weights = torch.tensor([*found, bias], requires_grad=True)
    logits = columns @ weights[:-1] + weights[-1]
    loss = build_loss("bce_with_logits", weight)(logits, split.labels.double()) * len(columns)
    (loss + penalty / 2 * weights[:-1].square().sum()).backward()
    assert weights.grad.abs().max() < 1e-3


@pytest.mark.parametrize("last_layer", ["logits", "sigmoid"])
def test_the_classifier_computes_what_was_fitted(last_layer):
    split = made_split("a", 80, seed=1)
    columns = balanced(split.features, DIMS, tuple(DIMS))
    weights, bias = fit_logistic(columns, split.labels.numpy(), 0.3)
    classifier = fit_linear_head(split, DIMS, last_layer, 0.3)
    with torch.inference_mode():
        logits, output = classifier.logits(split.features), classifier(split.features)
    np.testing.assert_allclose(logits, columns @ weights + bias, rtol=1e-4, atol=1e-5)
    assert torch.equal(output, torch.sigmoid(logits) if last_layer == "sigmoid" else logits)


def test_what_each_number_adds_makes_up_the_logit():
    split = made_split("a", 80, seed=1)
    classifier = fit_linear_head(split, DIMS, "logits", 0.3)
    with torch.inference_mode():
        logits, bias = classifier.logits(split.features), classifier.classifier[0].bias
        parts = classifier.contributions(split.features)
        added = classifier.embed(split.features)
    torch.testing.assert_close(sum(parts.values()), logits - bias)
    torch.testing.assert_close(added.sum(dim=1), logits - bias)
    torch.testing.assert_close(added[:, 40:].sum(dim=1), parts["signal"])


def test_a_long_backbone_costs_what_a_short_one_costs():
    """Copies of a column change nothing: the penalty sees the backbone as a whole."""
    once = made_split("a", 80, seed=1).features[:, 40:41]
    labels = made_split("a", 80, seed=1).labels.numpy()
    logits = []
    for copies in (1, 50):
        columns = balanced(once.expand(-1, copies), {"one": copies}, ("one",))
        weights, bias = fit_logistic(columns, labels, 1.0)
        logits.append(columns @ weights + bias)
    np.testing.assert_allclose(*logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("weight", [1.0, 0.4])
def test_fits_side_by_side_are_those_of_each_alone(weight):
    rng = np.random.default_rng(3)
    labels = (rng.random(90) < 0.6).astype(int)
    columns = rng.normal(labels[:, None] * 0.3, 1, (90, 40)) / 40**0.5
    rows = rng.random((6, 90)) < 0.8
    penalties = np.array([0.03, 0.1, 0.3, 1.0, 3.0, 30.0])
    found = fit_side_by_side(columns, labels, rows, penalties, weight)
    for number, (own, penalty) in enumerate(zip(rows, penalties, strict=True)):
        weights, bias = fit_logistic(columns[own], labels[own], penalty, weight)
        np.testing.assert_allclose(found[:, number], columns @ weights + bias, atol=0.01)


def test_an_optimiser_that_gives_up_is_told(monkeypatch):
    monkeypatch.setattr("harmlib.models.linear_head._ITERATIONS", 1)
    columns, labels = np.random.default_rng(0).normal(0, 1, (20, 5)), np.arange(20) % 2
    with pytest.warns(ConvergenceWarning, match="not at their optimum"):
        fit_side_by_side(columns, labels, np.ones((1, 20), bool), np.array([0.01]))
