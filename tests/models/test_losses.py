import numpy as np
import pytest
import torch
from torch.nn import functional

from harmlib.models.losses import build_loss, item_losses, positive_weight

LOGITS = torch.tensor([-2.0, -0.5, 0.0, 1.0, 3.0])
LABELS = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("setting", "labels", "expected"),
    [
        (None, [0, 1], 1.0),
        (2.5, [0, 1], 2.5),
        (2.5, [0, 0], 2.5),
        ("balanced", [1, 1, 0], 0.5),
        ("balanced", [0, 0, 0, 1], 3.0),
        ("balanced", [1, 1], 0.0),
        ("balanced", [1] * 2393 + [0] * 893, 893 / 2393),  # the report's videos
    ],
)
def test_positive_weight_is_safe_over_harmful(setting, labels, expected):
    assert positive_weight(setting, torch.tensor(labels)) == expected


@pytest.mark.parametrize("labels", [[0, 0], []])
def test_balance_needs_a_harmful_item(labels):
    with pytest.raises(ValueError, match="'balanced' needs at least one harmful item"):
        positive_weight("balanced", torch.tensor(labels))


def test_bce_by_hand_and_by_torch():
    probabilities = torch.sigmoid(LOGITS)
    right = np.where(LABELS == 1, probabilities, 1 - probabilities)
    found = build_loss("bce")(probabilities, LABELS).item()
    assert found == pytest.approx(-np.log(right).mean(), rel=1e-6)
    assert found == pytest.approx(functional.binary_cross_entropy(probabilities, LABELS).item())


@pytest.mark.parametrize("weight", [1.0, 0.373, 4.0])
def test_weighted_bce_with_logits_by_hand_and_by_torch(weight):
    probabilities = torch.sigmoid(LOGITS)
    losses = -np.where(LABELS == 1, weight * probabilities.log(), (1 - probabilities).log())
    loss = build_loss("bce_with_logits", weight)
    assert loss(LOGITS, LABELS).item() == pytest.approx(losses.mean(), rel=1e-6)
    expected = functional.binary_cross_entropy_with_logits(
        LOGITS, LABELS, pos_weight=torch.tensor(weight)
    )
    assert loss(LOGITS, LABELS).item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_two_losses_agree_on_the_same_model():
    with_logits = build_loss("bce_with_logits")(LOGITS, LABELS)
    torch.testing.assert_close(build_loss("bce")(torch.sigmoid(LOGITS), LABELS), with_logits)


def test_a_weight_of_one_is_no_weight_to_the_bit():
    logits = torch.randn(2000, generator=torch.Generator().manual_seed(0))
    labels = (logits + 0.3 > 0).float()
    plain = torch.nn.BCEWithLogitsLoss()(logits, labels)
    assert torch.equal(build_loss("bce_with_logits", 1.0)(logits, labels), plain)


@pytest.mark.parametrize("weight", [0.373, 4.0])
def test_weighted_probabilities_lose_what_weighted_logits_lose(weight):
    probabilities, weights = torch.sigmoid(LOGITS), torch.tensor([weight, 1.0])
    expected = build_loss("bce_with_logits", weight)(LOGITS, LABELS)
    torch.testing.assert_close(build_loss("bce", weight)(probabilities, LABELS), expected)
    both = item_losses("bce", probabilities.expand(2, -1), LABELS.expand(2, -1), weights)
    plain = build_loss("bce_with_logits")(LOGITS, LABELS)
    torch.testing.assert_close(both.mean(dim=1), torch.stack([expected, plain]))
