import pandas as pd
import pytest
import torch
from small_folds import DIMS, small_folds

from harmlib.models import ablation
from harmlib.models import factors as of_variants
from harmlib.models.ablation import (
    groups_of,
    judge,
    part_of_progress,
    train_in_order,
    train_settings,
)
from harmlib.models.factors import changed_factors, last_ablated, with_changes
from harmlib.models.fold_training import train_folds
from harmlib.params import load_params

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
VARIANTS = load_params("params/demo.yaml").variants
FIRST, LAST = VARIANTS["model2"], VARIANTS["model4"]
FOLDS = small_folds()


@pytest.mark.parametrize(
    ("a", "b", "modality", "expected"),
    [
        ("model2", "model2", "video", []),
        ("model2", "model3", "video", ["threshold_rule"]),
        ("model2", "model4", "image", ["loss", "pos_weight", "threshold_rule"]),
        (
            "model4",
            "model2",
            "video",
            ["loss", "pos_weight", "batch_size", "learning_rate", "threshold_rule"],
        ),
    ],
)
def test_what_differs_is_read_from_the_variants(a, b, modality, expected):
    assert changed_factors(VARIANTS[a], VARIANTS[b], modality) == expected


def test_all_changes_lead_to_the_other_variant_and_none_leave_it(monkeypatch):
    factors = changed_factors(FIRST, LAST, "video")
    assert with_changes(FIRST, LAST, [], "video") == FIRST
    there = with_changes(FIRST, LAST, factors, "video")
    assert there == LAST.model_copy(update={"image": FIRST.image})
    assert there.video == LAST.video
    longer = LAST.model_copy(update={"video": LAST.video.model_copy(update={"epochs": 7})})
    assert changed_factors(FIRST, longer, "video")[-2:] == ["epochs", "threshold_rule"]
    assert with_changes(FIRST, longer, ["epochs"], "video").video.epochs == 7
    chosen = LAST.model_copy(update={"backbones": "chosen"})
    variants = {"model2": FIRST, "model4": LAST, "chosen": chosen}
    assert last_ablated(variants, "video") == "model4"
    assert changed_factors(LAST, chosen, "video") == ["backbones"]
    with pytest.raises(ValueError, match="backbones can't be ablated; use `train_in_order`"):
        train_settings(FOLDS, DIMS, LAST, chosen, "video", [1], device=CPU)
    # A field that no factor changes
    known = {name: fields for name, fields in of_variants.FACTORS.items() if name != "epochs"}
    monkeypatch.setattr(of_variants, "FACTORS", known)
    with pytest.raises(ValueError, match="the variants differ in epochs, which no factor changes"):
        changed_factors(FIRST, longer, "video")
    assert changed_factors(FIRST, longer, "image")  # where its schedule is as it was


def test_the_way_is_that_of_the_settings():
    way = train_in_order(FOLDS, DIMS, FIRST, LAST, "image", [1, 2], device=CPU)
    factors = changed_factors(FIRST, LAST, "image")
    assert list(way) == [frozenset(factors[:i]) for i in range(len(factors) + 1)]
    found = train_settings(FOLDS, DIMS, FIRST, LAST, "image", [1, 2], device=CPU)
    for changed, own in way.items():
        pd.testing.assert_frame_equal(own, found[changed])


def test_every_setting_is_judged_as_if_trained_alone():
    found = train_settings(FOLDS, DIMS, FIRST, LAST, "video", [1, 2], device=CPU)
    factors = changed_factors(FIRST, LAST, "video")
    assert len(found) == 2 ** len(factors)
    assert next(iter(found)) == frozenset()
    assert list(found)[-1] == frozenset(factors)
    for changed in ([], ["batch_size"], ["pos_weight", "threshold_rule"], factors):
        spec = with_changes(FIRST, LAST, changed, "video")
        tables = train_folds(FOLDS, DIMS, spec, "video", [1, 2], device=CPU)
        expected = judge(tables, groups_of(FOLDS))
        pd.testing.assert_frame_equal(found[frozenset(changed)], expected)
    assert all(len(own) == 2 * 24 for own in found.values())
    assert found[frozenset()]["group"].nunique() == 12


def test_the_two_losses_are_one_function():
    found = train_settings(FOLDS, DIMS, FIRST, LAST, "video", [1], device=CPU)
    for changed, own in found.items():
        if "loss" not in changed:
            other = found[changed | {"loss"}]
            pd.testing.assert_series_equal(own["logit"], other["logit"], atol=1e-4)
            assert own["flagged"].equals(other["flagged"])


def test_a_threshold_rule_needs_no_training_of_its_own(monkeypatch):
    trained, seen = [], []

    def counted(*args, **kwargs):
        trained.append(args[2])
        return train_folds(*args, **kwargs)

    monkeypatch.setattr(ablation, "train_folds", counted)
    told = {"device": CPU, "progress": lambda *at: seen.append(at)}
    found = train_settings(FOLDS, DIMS, FIRST, LAST, "image", [1], **told)
    assert len(found) == 8
    assert len(trained) == 4
    assert seen == sorted(seen)
    assert seen[-1] == (400, 400)
    fixed, chosen = (found[frozenset(rule)]["threshold"] for rule in ([], ["threshold_rule"]))
    assert set(fixed) == {0.5}
    assert set(chosen) <= set(LAST.thresholds)


def test_no_progress_is_told_to_nobody():
    assert part_of_progress(None, 0, 1) is None
