import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.judged import judged_by_variant, judged_items
from harmlib.analysis.saved_scores import saved_scores


def two_folds():
    """Two items and two seeds; each fold tests one item, validates the other, has two epochs."""
    rows = [
        {
            "seed": seed, "fold": fold, "epoch": epoch, "split": split, "item_id": item,
            "label": int(item == "a"), "group": item,
            "probability": seed / 10 + fold / 100 + epoch / 1000,
        }
        for seed in (2, 1)
        for fold in (0, 1)
        for epoch in (1, 2)
        for split, item in zip(("test", "val"), "ba" if fold else "ab", strict=True)
    ]  # fmt: skip
    scored = pd.DataFrame(rows)
    scored["logit"] = np.log(scored["probability"] / (1 - scored["probability"]))
    points = scored[["seed", "fold", "epoch"]].drop_duplicates()
    # Fold 0 saves its first epoch and fold 1 its second; each has a threshold of its own
    points = points.assign(
        chosen=points["epoch"] == points["fold"] + 1,
        threshold=points["seed"] / 10 + 0.0101 * points["fold"] + 0.001,
    )
    return scored, points


def test_each_item_is_judged_once_per_seed_by_its_own_fold():
    judged = judged_items(*two_folds())
    assert judged["seed"].tolist() == [1, 1, 2, 2]
    assert judged["item_id"].tolist() == ["a", "b"] * 2
    assert judged["fold"].tolist() == [0, 1] * 2
    assert judged["epoch"].tolist() == [1, 2] * 2
    np.testing.assert_allclose(judged["probability"], [0.101, 0.112, 0.201, 0.212])
    np.testing.assert_allclose(judged["threshold"], [0.101, 0.1111, 0.201, 0.2111])
    assert judged["flagged"].tolist() == [False, True] * 2


def test_validation_parts_are_those_of_the_other_fold():
    judged = judged_items(*two_folds(), split="val")
    assert judged["item_id"].tolist() == ["a", "b"] * 2
    assert judged["fold"].tolist() == [1, 0] * 2


def test_an_item_that_two_operating_points_would_judge_is_refused():
    scored, points = two_folds()
    with pytest.raises(pd.errors.MergeError):
        judged_items(scored, pd.concat([points, points]))


def test_the_rows_of_all_variants_are_the_same_whatever_their_order():
    scored, points = two_folds()
    other = scored.sample(frac=1, random_state=1).assign(variant="b")
    both = pd.concat([scored.assign(variant="a"), other])
    of_both = pd.concat([points.assign(variant="a"), points.assign(variant="b")])
    found = judged_by_variant(both, of_both, "test")
    assert list(found) == ["a", "b"]
    for one, same in zip(found["a"], found["b"], strict=True):
        np.testing.assert_array_equal(one, same)
    assert found["a"].repeats.tolist() == [1, 1, 2, 2]
    assert found["a"].groups.tolist() == ["a", "b"] * 2


def test_of_one_training_it_is_what_was_saved():
    scored, points = two_folds()
    own = {"seed": 1, "fold": 0}
    scored, points = (
        table[(table[list(own)] == pd.Series(own)).all(axis=1)].assign(variant="a")
        for table in (scored, points)
    )
    judged, saved = (of(scored, points, "test")["a"] for of in (judged_by_variant, saved_scores))
    assert judged.repeats is None
    assert judged.thresholds.tolist() == [saved.threshold]
    np.testing.assert_array_equal(judged.probabilities, saved.probabilities)
