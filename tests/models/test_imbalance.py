import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from harmlib.analysis.judged import judged_items
from harmlib.analysis.operating_points import operating_points
from harmlib.models.imbalance import (
    GRID,
    MIN_ITEMS,
    _decided,
    oversampled,
    prior_shifted,
    study_imbalance,
)
from harmlib.models.losses import build_loss, item_losses
from harmlib.models.stacked import Head, train_heads
from harmlib.models.training import Split
from harmlib.params import Schedule

CPU = torch.device("cpu")
SCHEDULE = Schedule(epochs=2, batch_size=8, learning_rate=0.01)


def split(n, first=0, harmful=0.5, draw=0):
    generator = torch.Generator().manual_seed(1000 * draw + first)
    labels = (torch.arange(n) < round(harmful * n)).long()
    features = labels[:, None] + torch.randn(n, 2, generator=generator)
    names = [f"{first + i:04}" for i in range(n)]
    return Split(features, labels, names, [f"g{(first + i) // 2}" for i in range(n)])


def folds(n=60, harmful=0.5, count=3):
    """The test part of each fold has items of its own; training and validation may be shared."""
    return [
        {"train": split(n, 1000, harmful), "val": split(30, 2000),
         "test": split(30, 3000 + 100 * fold)}
        for fold in range(count)
    ]  # fmt: skip


def study(given_folds, ratios, **changes):
    told = []
    options = {"prevalence": None, "device": CPU, "progress": lambda *at: told.append(at)}
    found = study_imbalance(
        given_folds, {"clip": 2}, SCHEDULE, [1, 2], ratios, **(options | changes)
    )
    return found, told


@pytest.fixture(scope="module")
def found():
    return study(folds(), [1.0, 4.0])


def test_every_ratio_keeps_as_many_items_in_all(found):
    ratios = found[0].ratios.set_index("harmful_per_safe")
    assert ratios["tried"].all()
    total = ratios["harmful"] + ratios["safe"]
    assert total.nunique() == 1
    assert ratios.loc[4.0, "harmful"] / ratios.loc[4.0, "safe"] == pytest.approx(4, rel=0.15)
    assert ratios.loc[4.0, "harmful"] == 30, "all there are: as many as possible"


def test_epoch_and_threshold_are_those_of_operating_points():
    for draw in range(5):
        own = {
            name: split(40, 100 * i, draw=draw) for i, name in enumerate(("train", "val", "test"))
        }
        head = Head(own, seed=draw)
        schedule = Schedule(epochs=4, batch_size=8, learning_rate=0.003)
        (training,) = train_heads([head], {"clip": 2}, "bce_with_logits", schedule, device=CPU)
        scored = training.scores.assign(group="x")
        for thresholds, fixed in ((GRID, None), (np.array([0.5]), 0.5)):
            validation = scored[scored["split"] == "val"]
            points = operating_points(validation, thresholds.tolist(), fixed)
            expected = judged_items(scored, points).sort_values("item_id")
            found = _decided(head, training, thresholds).sort_values("item_id")
            assert found["flagged"].tolist() == expected["flagged"].tolist()
            assert found["logit"].tolist() == expected["logit"].tolist()


def test_the_progress_is_told_to_its_end(found):
    assert found[1][-1] == (2 * 4 * 6, 2 * 4 * 6)  # ratios, methods, trainings
    assert [done for done, _ in found[1]] == sorted(done for done, _ in found[1])


def test_nothing_differs_from_itself_and_every_method_is_compared(found):
    effects = found[0].effects
    own = effects[effects["method"] == "none"]
    assert (own[["difference", "difference_low", "difference_high"]] == 0).all(axis=None)
    f1 = effects[effects["metric"] == "f1"]
    assert f1.groupby(["harmful_per_safe", "rule"]).size().tolist() == [5] * 4
    ranked = effects[effects["metric"] != "f1"]
    assert set(ranked["rule"]) == {"validation"}
    assert "moved_threshold" not in set(ranked["method"])
    assert effects["value"].between(0, 1).all()
    lopsided = effects.query("metric == 'roc_auc' and harmful_per_safe == 4 and method != 'none'")
    assert (lopsided["difference"] != 0).all(), "each method trains in its own way"


def test_the_moved_threshold_has_one_f1_and_is_compared_under_both_rules(found):
    effects = found[0].effects.query("metric == 'f1' and harmful_per_safe == 4")
    by = effects.set_index(["method", "rule"])
    moved = by.loc["moved_threshold"]
    assert moved.loc["fixed", "value"] == moved.loc["validation", "value"]
    for rule in ("fixed", "validation"):
        apart = moved.loc[rule, "value"] - by.loc[("none", rule), "value"]
        assert moved.loc[rule, "difference"] == pytest.approx(apart)


def test_at_one_to_one_weights_and_resampling_change_nothing():
    effects = study(folds(60, 0.5), [1.0])[0].effects
    same = effects[effects["method"].isin(["pos_weight", "moved_threshold"])]
    same = same[(same["rule"] == "fixed") | (same["method"] == "pos_weight")]
    assert same["difference"].abs().max() == 0


def test_prevalences_are_those_of_the_traffic_where_it_is_known(found):
    assert set(found[0].prevalences["prevalence"]) == {0.001, 0.01, 0.1}
    known = study(folds(), [1.0], prevalence=0.03)[0].prevalences
    assert known["prevalence"].tolist() == [0.03] * 5
    assert sorted(known["method"]) == [
        "focal", "moved_threshold", "none", "pos_weight", "resampling",
    ]  # fmt: skip


def test_a_ratio_without_enough_items_is_named_and_not_tried():
    found, _ = study(folds(40), [2.0, 30.0])
    ratios = found.ratios.set_index("harmful_per_safe")
    assert ratios["tried"].to_dict() == {2.0: True, 30.0: False}
    assert ratios.loc[30.0, "safe"] < MIN_ITEMS
    assert set(found.effects["harmful_per_safe"]) == {2.0}


def test_nothing_is_tried_where_no_ratio_can_be_reached():
    found, told = study(folds(6), [1.0, 2.0])
    assert not found.ratios["tried"].any()
    assert found.effects.empty
    assert found.prevalences.empty
    assert told == []


def test_a_rarer_harmful_class_works_as_well():
    found, _ = study(folds(60, 0.3), [0.25, 1.0])
    ratios = found.ratios.set_index("harmful_per_safe")
    assert ratios["tried"].all()
    assert ratios.loc[0.25, "safe"] > ratios.loc[0.25, "harmful"]


@given(st.floats(0.01, 0.99), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_the_shift_of_the_prior_is_elkans_formula(p, old, new):
    """Theorem 2 takes a probability at the moved threshold to the old threshold."""
    threshold = prior_shifted(p, old, new)
    back = new * (threshold - threshold * old)
    back /= old - threshold * old + new * threshold - old * new
    assert back == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize(("old", "new"), [(0.0, 0.5), (0.5, 1.0)])
def test_a_missing_class_moves_nothing(old, new):
    assert prior_shifted(0.5, old, new) == 0.5


def test_oversampling_repeats_the_rarer_class_and_loses_none():
    given_split = split(23, harmful=0.2)
    found = oversampled(given_split, [1])
    harmful = int(given_split.labels.sum())
    assert found.labels.bincount().tolist() == [23 - harmful] * 2
    assert set(found.item_ids) == set(given_split.item_ids)
    counts = pd.Series(found.item_ids)[found.labels.numpy() == 1].value_counts()
    assert counts.max() - counts.min() <= 1
    features = dict(zip(given_split.item_ids, given_split.features, strict=True))
    for item_id, row in zip(found.item_ids, found.features, strict=True):
        assert torch.equal(row, features[item_id])


LOGITS = torch.tensor([-2.0, -0.5, 0.0, 1.0, 3.0])
LABELS = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])


def test_focal_loss_by_hand():
    own = np.where(LABELS == 1, torch.sigmoid(LOGITS), 1 - torch.sigmoid(LOGITS))
    expected = (-((1 - own) ** 2) * np.log(own)).mean()
    assert build_loss("focal")(LOGITS, LABELS).item() == pytest.approx(expected, rel=1e-6)
    weights = np.where(LABELS == 1, 3.0, 1.0)
    weighted = (-weights * (1 - own) ** 2 * np.log(own)).mean()
    assert build_loss("focal", 3.0)(LOGITS, LABELS).item() == pytest.approx(weighted, rel=1e-6)


def test_focal_losses_of_stacked_heads_are_those_of_each_alone():
    outputs = torch.stack([LOGITS, -LOGITS])
    losses = item_losses("focal", outputs, LABELS.expand(2, -1), torch.tensor([1.0, 4.0]))
    for i, weight in enumerate((1.0, 4.0)):
        alone = build_loss("focal", weight)(outputs[i], LABELS)
        torch.testing.assert_close(losses[i].mean(), alone)


def test_focal_loss_counts_a_decided_item_for_less():
    decided = torch.tensor([[4.0, 0.0]])
    labels = torch.ones(1, 2)
    focal = item_losses("focal", decided, labels, None)
    plain = functional.binary_cross_entropy_with_logits(decided, labels, reduction="none")
    assert (focal / plain)[0, 0] < 0.001
    assert (focal / plain)[0, 1] == pytest.approx(0.25)
