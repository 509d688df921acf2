import numpy as np
import pytest
import torch
from torch import nn

from harmlib.models.classifier import HIDDEN, HarmfulClassifier, probabilities

DIMS = {"clip": 5, "yolo": 3, "slowfast": 11}


@pytest.fixture
def features():
    return torch.randn(6, sum(DIMS.values()), generator=torch.Generator().manual_seed(0))


def build(last_layer="sigmoid", dims=DIMS):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return HarmfulClassifier(dims, last_layer).eval()


@pytest.mark.parametrize("last_layer", ["sigmoid", "logits"])
def test_the_last_layers_are_the_reports(last_layer):
    classifier = build(last_layer)
    assert classifier.last_layer == last_layer
    last = classifier.classifier[-2 if last_layer == "sigmoid" else -1]
    assert (type(last), last.in_features, last.out_features) == (nn.Linear, 128, 1)
    assert isinstance(classifier.classifier[-1], nn.Sigmoid) == (last_layer == "sigmoid")


@pytest.mark.parametrize("kind", [list, np.array, lambda v: torch.tensor(v).double()])
def test_probabilities_are_the_sigmoid_in_double_precision(kind):
    logits = [-800.0, -2.5, 0.0, 0.125, 30.0, 800.0]
    found = probabilities(kind(logits))
    assert found.dtype == np.float64
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-np.array(logits))), rtol=1e-15)
    assert (found[0], found[2], found[-1]) == (0, 0.5, 1)


def test_probabilities_of_float32_logits_are_computed_in_float64():
    logits = torch.tensor([0.1, 7.3])
    assert np.array_equal(probabilities(logits), torch.sigmoid(logits.double()).numpy())
    assert not np.array_equal(probabilities(logits), torch.sigmoid(logits).numpy())
    assert probabilities(torch.tensor(0.0)).shape == ()


def test_forward_is_the_sigmoid_of_the_logits(features):
    with torch.no_grad():
        classifier = build("sigmoid")
        assert classifier(features).shape == classifier.logits(features).shape == (6,)
        torch.testing.assert_close(classifier(features), torch.sigmoid(classifier.logits(features)))
        assert classifier(features).unique().numel() == 6


def test_without_a_sigmoid_forward_is_the_logits(features):
    sigmoid, logits = build("sigmoid"), build("logits")
    with torch.no_grad():
        assert torch.equal(logits(features), logits.logits(features))
        assert torch.equal(logits(features), sigmoid.logits(features))  # the same weights
    assert logits.state_dict().keys() == sigmoid.state_dict().keys()


def test_each_backbone_has_a_projection_of_its_own_part(features):
    classifier = build()
    assert {name: p[0].in_features for name, p in classifier.projections.items()} == DIMS
    assert classifier.classifier[1].in_features == HIDDEN * 3
    changed = features.clone()
    changed[:, 5:8] += 1  # yolo
    with torch.no_grad():
        before, after = (classifier._project(f).split(HIDDEN, dim=1) for f in (features, changed))
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_a_single_item_and_a_single_backbone():
    classifier = build("logits", {"clip": 4})
    with torch.no_grad():
        assert classifier(torch.zeros(1, 4)).shape == (1,)


def test_features_of_another_length_are_refused():
    with pytest.raises(RuntimeError, match="split"):
        build()(torch.zeros(2, 18))


@pytest.mark.parametrize("last_layer", ["sigmoid", "logits"])
@pytest.mark.parametrize("dims", [{"clip": 4}, {"clip": 4, "yolo": 3}, {"a": 2, "b": 3, "c": 4}])
def test_contributions_add_up_to_the_logit_less_that_of_the_average_item(dims, last_layer):
    torch.manual_seed(0)
    classifier = HarmfulClassifier(dims, last_layer).eval()
    features = torch.randn(5, sum(dims.values()))
    with torch.inference_mode():
        parts = classifier.contributions(features)
        average = classifier.logits(torch.zeros(1, sum(dims.values())))
        assert list(parts) == list(dims)
        torch.testing.assert_close(sum(parts.values()), classifier.logits(features) - average)


def test_a_backbone_at_its_mean_contributes_nothing():
    torch.manual_seed(0)
    classifier = HarmfulClassifier({"clip": 4, "yolo": 3}, "logits").eval()
    features = torch.randn(5, 7)
    features[:, 4:] = 0
    with torch.inference_mode():
        assert classifier.contributions(features)["yolo"].abs().max() == 0


@pytest.mark.parametrize("last_layer", ["sigmoid", "logits"])
def test_the_last_linear_layer_reads_the_embedding(last_layer):
    torch.manual_seed(0)
    classifier = HarmfulClassifier({"clip": 4, "yolo": 3}, last_layer).eval()
    features = torch.randn(5, 7)
    with torch.inference_mode():
        embedding = classifier.embed(features)
        assert embedding.shape == (5, 128)
        torch.testing.assert_close(
            classifier.classifier[4](embedding).squeeze(1), classifier.logits(features)
        )
