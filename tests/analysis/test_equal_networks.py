"""Which variants are one network, from their scores alone."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.equal_networks import equal_networks, network_groups


def scores(variant, epochs=(1, 2), fold=-1, seed=1, shift=0.0):
    rng = np.random.default_rng(3)
    rows = [
        {"variant": variant, "seed": seed, "fold": fold, "epoch": epoch, "split": split,
         "item_id": f"{split}{i}", "probability": rng.random() + shift}
        for epoch in epochs
        for split in ("val", "test")
        for i in range(4)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_equal_scores_at_every_epoch_are_one_network():
    table = pd.concat([scores("a"), scores("b"), scores("c", shift=1e-12)])
    found = equal_networks(table)
    assert found.to_dict("records") == [{"a": "a", "b": "b", "epochs": 2, "scores": 16}]


def test_the_order_of_the_rows_does_not_matter():
    other = scores("b").sample(frac=1, random_state=1)
    assert equal_networks(pd.concat([scores("a"), other]))["scores"].tolist() == [16]


def test_one_different_score_of_one_fold_tells_them_apart():
    own = pd.concat([scores("a"), scores("b")])
    folds = pd.concat([scores("a", fold=0), scores("b", fold=0)], ignore_index=True)
    assert equal_networks(own, folds)["scores"].tolist() == [32]
    folds.loc[len(folds) - 1, "probability"] += 1e-9
    assert equal_networks(own, folds).empty


def test_of_a_longer_training_the_epochs_of_both_count():
    found = equal_networks(pd.concat([scores("a", epochs=(1,)), scores("b")]))
    assert found[["epochs", "scores"]].to_numpy().tolist() == [[1, 8]]


@pytest.mark.parametrize(
    "other",
    [scores("b", epochs=(3,)), scores("b", seed=2), scores("b").iloc[1:],
     scores("b").assign(item_id="x")],
    ids=["no epoch in common", "another seed", "an item less", "other items"],
)  # fmt: skip
def test_what_can_not_be_compared_is_not_called_equal(other):
    assert equal_networks(pd.concat([scores("a"), other])).empty


def test_networks_gather_all_their_variants():
    table = pd.concat([*map(scores, "abc"), scores("d", shift=1), scores("e", shift=1)])
    assert network_groups(equal_networks(table)) == [["a", "b", "c"], ["d", "e"]]
    assert network_groups(equal_networks(scores("a"))) == []
