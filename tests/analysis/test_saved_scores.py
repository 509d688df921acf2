import pandas as pd
import pytest

from harmlib.analysis.saved_scores import epoch_scores, saved_scores, with_groups, with_names


@pytest.fixture
def scored():
    """Two variants, two epochs, both splits; the items stand in no order."""
    rows = [
        {"variant": variant, "epoch": epoch, "split": split, "item_id": f"{split}{item}",
         "label": item % 2, "logit": 10.0 * epoch + item, "group": f"g{item}",
         "probability": (epoch + item / 10) / (4 if variant == "b" else 3)}
        for variant in ("b", "a") for epoch in (1, 2) for split in ("test", "val")
        for item in (2, 0, 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def points():
    return pd.DataFrame(
        {"variant": ["b", "b", "a", "a"], "epoch": [1, 2, 1, 2], "threshold": [0.1, 0.2, 0.3, 0.4],
         "chosen": [False, True, True, False]}
    )  # fmt: skip


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_saved_epoch_of_each_variant_in_the_order_of_ids(scored, points, split):
    found = saved_scores(scored, points, split)
    assert list(found) == ["b", "a"]
    assert [(own.epoch, own.threshold) for own in found.values()] == [(2, 0.2), (1, 0.3)]
    for own in found.values():
        assert own.labels.tolist() == [0, 1, 0]
        assert own.groups.tolist() == ["g0", "g1", "g2"]
        assert own.logits.tolist() == [10 * own.epoch + item for item in range(3)]
    assert found["b"].probabilities.tolist() == [0.5, 0.525, 0.55]
    assert found["a"].probabilities.tolist() == pytest.approx([1 / 3, 1.1 / 3, 0.4])


def test_one_epoch_of_one_variant_and_split(scored):
    rows = epoch_scores(scored, "a", 2, "val")
    assert rows["item_id"].tolist() == ["val0", "val1", "val2"]
    assert rows["logit"].tolist() == [20, 21, 22]
    assert epoch_scores(scored, "a", 3, "val").empty


def test_each_item_gets_its_group_once(scored):
    scores = scored.drop(columns="group")
    manifest = scored[["item_id", "group"]].drop_duplicates().assign(sha256="x")
    found = with_groups(scores, manifest)
    pd.testing.assert_frame_equal(with_names(found[list(scored)]), scored)
    assert "sha256" not in found
    with pytest.raises(pd.errors.MergeError):
        with_groups(scores, pd.concat([manifest, manifest]))


def test_a_split_of_one_group_keeps_its_group(scored):
    """Items of one source are not independent: none of them becomes a group of its own."""
    manifest = scored[["item_id"]].drop_duplicates().assign(group="one")
    found = with_groups(scored.drop(columns="group"), manifest)
    assert set(found["group"]) == {"one"}
