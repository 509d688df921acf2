from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from harmlib.analysis.judged import judged_items
from harmlib.analysis.seed_stability import (
    epoch_choices,
    epoch_luck,
    fixed_epoch,
    flip_summary,
    item_flips,
    seed_metrics,
    spread,
    spread_values,
)

SEEDS, FOLDS, EPOCHS = (1, 2, 3), 5, (1, 2, 3)


def study(draw=0, items=60, groups=20):
    """Scores and operating points of a variant that got better with every epoch."""
    rng = np.random.default_rng(draw)
    rows, points = [], []
    for seed in SEEDS:
        for fold in range(FOLDS):
            chosen = int(rng.choice(EPOCHS))
            for epoch in EPOCHS:
                points.append((seed, fold, epoch, rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7),
                               epoch == chosen))  # fmt: skip
                for i in range(fold, items, FOLDS):
                    logit = epoch / 2 * (2 * (i // FOLDS % 2) - 1) + rng.normal()
                    rows.append((seed, fold, epoch, "test", f"{i:02}", i // FOLDS % 2, logit,
                                 1 / (1 + np.exp(-logit)), f"g{i % groups}"))  # fmt: skip
    names = ["seed", "fold", "epoch", "split", "item_id", "label", "logit", "probability", "group"]
    scored = pd.DataFrame(rows, columns=names)
    columns = ["seed", "fold", "epoch", "threshold", "best_threshold", "chosen"]
    return scored, pd.DataFrame(points, columns=columns)


def test_seed_metrics_are_of_all_folds_together():
    judged = judged_items(*study())
    found = seed_metrics(judged).set_index("seed")
    for seed, own in judged.groupby("seed"):
        assert found.loc[seed, "f1"] == pytest.approx(f1_score(own["label"], own["flagged"]))


def test_the_spread_is_that_of_the_values_with_the_others_held():
    scored, points = study()
    values = spread_values(scored, points)
    found = spread(values).set_index(["quantity", "source"])
    judged = judged_items(scored, points)
    by_seed = [f1_score(own["label"], own["flagged"]) for _, own in judged.groupby("seed")]
    assert found.loc[("f1", "seed"), "sd"] == pytest.approx(np.std(by_seed, ddof=1))
    by_fold = [
        np.var([f1_score(p["label"], p["flagged"]) for _, p in own.groupby("fold")], ddof=1)
        for _, own in judged.groupby("seed")
    ]
    assert found.loc[("f1", "fold"), "sd"] == pytest.approx(np.sqrt(np.mean(by_fold)))
    chosen = points[points["chosen"]]
    by_seed = chosen.groupby("fold")["best_threshold"].var()
    assert found.loc[("best_threshold", "seed"), "sd"] == pytest.approx(np.sqrt(by_seed.mean()))
    assert found["n"].tolist() == [3, 5, 3, 3, 5, 3]
    assert len(values[values["quantity"] == "f1"]) == 3 + 15 + 9
    assert len(values[values["quantity"] == "best_threshold"]) == 15 + 15 + 45


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=12))
def test_the_flip_rate_is_the_share_of_pairs_of_seeds_that_disagree(decisions):
    judged = pd.DataFrame(
        [
            {"seed": seed, "item_id": f"{i:02}", "label": i % 2, "group": i, "fold": 0,
             "flagged": flagged}
            for i, own in enumerate(decisions)
            for seed, flagged in enumerate(own)
        ]
    )  # fmt: skip
    found = item_flips(judged).set_index("item_id")
    for i, own in enumerate(decisions):
        apart = np.mean([a != b for a, b in combinations(own, 2)])
        assert found.loc[f"{i:02}", "flip_rate"] == pytest.approx(apart)
        assert found.loc[f"{i:02}", "wrong"] == sum(flagged != (i % 2) for flagged in own)
    assert found["flip_rate"].is_monotonic_decreasing
    summary = flip_summary(found.reset_index()).set_index("measure")["value"]
    assert summary["any"] == pytest.approx(np.mean([len(set(own)) > 1 for own in decisions]))
    assert summary["pair"] == pytest.approx(found["flip_rate"].mean())
    assert summary["pair"] <= summary["any"] + 1e-12


def test_shares_of_few_groups_have_no_interval():
    judged = judged_items(*study(groups=4))
    assert flip_summary(item_flips(judged))["low"].isna().all()


def test_a_fixed_epoch_is_judged_at_its_own_threshold():
    scored, points = study()
    found = fixed_epoch(scored, points, 2)
    assert set(found["epoch"]) == {2}
    thresholds = points[points["epoch"] == 2].set_index(["seed", "fold"])["threshold"]
    for row in found.itertuples():
        assert row.threshold == thresholds[row.seed, row.fold]


def test_choices_are_counted_and_compared_with_each_epoch():
    scored, points = study()
    found = epoch_choices(scored, points).set_index("epoch")
    chosen = points.loc[points["chosen"], "epoch"].value_counts()
    assert found["chosen"].to_dict() == {epoch: chosen.get(epoch, 0) for epoch in EPOCHS}
    assert found["best_on_test"].sum() == found["trainings"].iloc[0] == 15
    f1 = seed_metrics(judged_items(scored, points))["f1"].mean()
    assert (found["f1"] + found["gain"]).tolist() == pytest.approx([f1] * 3)
    assert (found["low"] < found["gain"]).all()
    assert found.loc[1, "gain"] > found.loc[3, "gain"], "later epochs are better here"


def test_always_choosing_the_same_epoch_gains_nothing_over_it():
    scored, points = study()
    points["chosen"] = points["epoch"] == 3
    found = epoch_choices(scored, points).set_index("epoch")
    assert found.loc[3, ["gain", "low", "high"]].tolist() == [0, 0, 0]
    luck = epoch_luck(scored, points).set_index("question")
    assert luck.loc["seeds"].tolist() == [1, 1]


def test_luck_is_the_agreement_of_trainings_by_hand():
    scored, points = study()
    picks = [1, 1, 2, 2, 3, 1, 2, 2, 3, 3, 1, 1, 2, 2, 2]  # three seeds of five folds
    keys = points[["seed", "fold"]].drop_duplicates()
    wanted = dict(zip(map(tuple, keys.to_numpy()), picks, strict=True))
    points["chosen"] = [r.epoch == wanted[r.seed, r.fold] for r in points.itertuples()]
    found = epoch_luck(scored, points).set_index("question")
    runs = list(wanted.items())
    pairs = list(combinations(runs, 2))
    same = [a == b for (k, a), (m, b) in pairs if k[1] == m[1]]
    other = [a == b for (k, a), (m, b) in pairs if k[1] != m[1]]
    assert found.loc["seeds"].tolist() == pytest.approx([np.mean(same), np.mean(other)])


def test_one_seed_says_nothing_of_seeds():
    scored, points = study()
    one = scored["seed"] == 1, points["seed"] == 1
    found = epoch_luck(scored[one[0]], points[one[1]]).set_index("question")
    assert np.isnan(found.loc["seeds", "share"])
    flips = item_flips(judged_items(scored[one[0]], points[one[1]]))
    assert flips["flip_rate"].isna().all()
