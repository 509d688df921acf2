import pytest
import torch
from torch import nn

from harmlib.models.classifier import (
    HIDDEN,
    ImageHarmfulClassifier,
    VideoHarmfulClassifier,
    build_classifier,
)

DIMS = {"clip": 5, "yolo": 3, "slowfast": 11}


@pytest.fixture
def features():
    return torch.randn(6, sum(DIMS.values()), generator=torch.Generator().manual_seed(0))


def build(modality="video", last_layer="sigmoid", dims=DIMS):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return build_classifier(modality, dims, last_layer).eval()


@pytest.mark.parametrize(
    ("modality", "kind"), [("image", ImageHarmfulClassifier), ("video", VideoHarmfulClassifier)]
)
@pytest.mark.parametrize("last_layer", ["sigmoid", "logits"])
def test_the_last_layers_are_the_reports(modality, kind, last_layer):
    model = build(modality, last_layer)
    assert type(model) is kind
    assert model.ends_in_sigmoid == (last_layer == "sigmoid")
    last = model.classifier[-2 if model.ends_in_sigmoid else -1]
    assert (type(last), last.in_features, last.out_features) == (nn.Linear, 128, 1)
    if last_layer == "sigmoid":
        assert isinstance(model.classifier[-1], nn.Sigmoid)


def test_forward_is_the_sigmoid_of_the_logits(features):
    with torch.no_grad():
        model = build(last_layer="sigmoid")
        assert model(features).shape == model.logits(features).shape == (6,)
        torch.testing.assert_close(model(features), torch.sigmoid(model.logits(features)))
        assert model(features).unique().numel() == 6


def test_without_a_sigmoid_forward_is_the_logits(features):
    sigmoid, logits = build(last_layer="sigmoid"), build(last_layer="logits")
    with torch.no_grad():
        assert torch.equal(logits(features), logits.logits(features))
        assert torch.equal(logits(features), sigmoid.logits(features))  # the same weights
    assert logits.state_dict().keys() == sigmoid.state_dict().keys()


def test_each_backbone_has_a_projection_of_its_own_part(features):
    model = build()
    assert {name: p[0].in_features for name, p in model.projections.items()} == DIMS
    assert model.classifier[1].in_features == HIDDEN * 3
    changed = features.clone()
    changed[:, 5:8] += 1  # yolo
    with torch.no_grad():
        before, after = (model._project(f).split(HIDDEN, dim=1) for f in (features, changed))
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_a_single_item_and_a_single_backbone():
    model = build("image", "logits", {"clip": 4})
    with torch.no_grad():
        assert model(torch.zeros(1, 4)).shape == (1,)


def test_features_of_another_length_are_refused():
    with pytest.raises(RuntimeError, match="split"):
        build()(torch.zeros(2, 18))


@pytest.mark.parametrize("last_layer", ["sigmoid", "logits"])
@pytest.mark.parametrize("dims", [{"clip": 4}, {"clip": 4, "yolo": 3}, {"a": 2, "b": 3, "c": 4}])
def test_contributions_add_up_to_the_logit_less_that_of_the_average_item(dims, last_layer):
    torch.manual_seed(0)
    model = build_classifier("video", dims, last_layer).eval()
    features = torch.randn(5, sum(dims.values()))
    with torch.inference_mode():
        parts = model.contributions(features)
        average = model.logits(torch.zeros(1, sum(dims.values())))
        assert list(parts) == list(dims)
        torch.testing.assert_close(sum(parts.values()), model.logits(features) - average)


def test_a_backbone_at_its_mean_contributes_nothing():
    torch.manual_seed(0)
    model = build_classifier("video", {"clip": 4, "yolo": 3}, "logits").eval()
    features = torch.randn(5, 7)
    features[:, 4:] = 0
    with torch.inference_mode():
        assert model.contributions(features)["yolo"].abs().max() == 0


@pytest.mark.parametrize("last_layer", ["sigmoid", "logits"])
def test_the_last_linear_layer_judges_the_embedding(last_layer):
    torch.manual_seed(0)
    model = build_classifier("image", {"clip": 4, "yolo": 3}, last_layer).eval()
    features = torch.randn(5, 7)
    with torch.inference_mode():
        embedding = model.embed(features)
        assert embedding.shape == (5, 128)
        torch.testing.assert_close(
            model.classifier[4](embedding).squeeze(1), model.logits(features)
        )
