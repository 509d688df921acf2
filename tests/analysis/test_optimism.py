"""What choosing on the same items adds: repeated in each resample, judged out of the bag."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import f1_score

from harmlib.analysis.optimism import BEST, FIGURES, optimism
from harmlib.analysis.resampling import draw_groups
from harmlib.analysis.thresholds import sweep

GRID = np.round(np.arange(0.1, 0.95, 0.1), 2)
HARMFUL, APART = 0.73, 1.9


def scored(n_groups, seed, epochs=10, size=4, variants=("model4",), apart=APART):
    """Epochs of equal worth, as far as noise tells them apart: half of each logit's is shared."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), size)
    label = (rng.random(len(group)) < HARMFUL).astype(int)
    label[0], label[-1] = 0, 1
    columns = {"item_id": np.arange(len(group)), "label": label, "group": group}

    def noise():
        return (rng.normal(size=n_groups)[group] + rng.normal(size=len(group))) / 2

    shared, parts = noise(), []
    for variant in variants:
        for epoch in range(1, epochs + 1):
            logit = apart * (label - 0.5) + 0.6 + shared + noise()
            names = {"variant": variant, "epoch": epoch, "probability": 1 / (1 + np.exp(-logit))}
            parts.append(pd.DataFrame(columns | names))
    return pd.concat(parts, ignore_index=True)


def true_f1(threshold):
    """Of any epoch, on endless new items."""
    at = np.log(threshold / (1 - threshold)) - 0.6
    recall, alarms = norm.sf(at - APART / 2), norm.sf(at + APART / 2)
    return 2 * HARMFUL * recall / (HARMFUL * recall + (1 - HARMFUL) * alarms + HARMFUL)


def values(table, variant="model4"):
    return table[table["variant"] == variant].set_index("figure")["value"]


@pytest.mark.parametrize(("n_groups", "shortfall"), [(9, 0.3), (20, 0.4)])
def test_what_is_printed_is_what_is_lost(n_groups, shortfall):
    """Resampling the threshold alone, of the chosen epoch, printed half of it and less."""
    lost, printed, most = [], [], []
    for seed in range(80):
        table = optimism(scored(n_groups, seed), {"model4": GRID}, resamples=60, seed=seed)
        found = values(table)
        lost.append(found["same_data"] - true_f1(table["threshold"][0]))
        printed.append(found["optimism"])
        most.append(found["same_data"] - found["out_of_bag"])
    lost, printed, most = np.mean(lost), np.mean(printed), np.mean(most)
    assert 0.04 < lost < 0.08
    assert (1 - shortfall) * lost < printed < 1.1 * lost
    assert 0.95 * lost < most < 1.4 * lost, "out of the bag alone is the cautious figure"


def test_the_best_of_several_variants_is_more_optimistic_than_one():
    variants = ("model2", "model3", "model4")
    tables = [
        optimism(
            scored(20, seed, 3, variants=variants), {v: [0.5] for v in variants}, resamples=100
        )
        for seed in range(20)
    ]
    single = np.mean([values(t, v)["optimism"] for t in tables for v in variants])
    best = np.mean([values(t, BEST)["optimism"] for t in tables])
    assert best > 1.4 * single > 0
    for table in tables:
        assert values(table, BEST)["same_data"] == max(
            values(table, v)["same_data"] for v in variants
        )
    assert tables[0]["variant"].unique().tolist() == [*variants, BEST]
    assert tables[0]["figure"].tolist() == [*FIGURES] * 4


def test_out_of_bag_by_hand():
    """Each group's counts are averaged over the bags without it, then F1 is taken once."""
    scores = scored(8, 1, epochs=2)
    table = optimism(scores, {"model4": [0.3, 0.5, 0.7]}, resamples=40, seed=5)
    first = scores[scores["epoch"] == 1]
    label, group = first["label"].to_numpy(), first["group"].to_numpy()
    sums, times, lacking = np.zeros((8, 2)), np.zeros(8), 0
    for counts in np.concatenate(list(draw_groups(8, 40, seed=5)))[1:]:
        drawn = counts[group]
        if not 0 < (label * drawn).sum() < drawn.sum():
            lacking += 1
            continue
        options = [
            (f1_score(label, own["probability"] > t, sample_weight=drawn), -epoch, -t)
            for epoch, own in scores.groupby("epoch")
            for t in (0.3, 0.5, 0.7)
        ]
        _, epoch, threshold = max(options)
        own = scores[scores["epoch"] == -epoch]
        flagged = (own["probability"] > -threshold).to_numpy()
        for g in np.flatnonzero(counts == 0):
            times[g] += 1
            sums[g] += (
                (flagged & (label == 1) & (group == g)).sum(),
                (flagged & (label == 0) & (group == g)).sum(),
            )
    tp, fp = (sums / times[:, None]).sum(axis=0)
    found = values(table)
    assert found["out_of_bag"] == pytest.approx(2 * tp / (tp + fp + label.sum()))
    assert (table["excluded"] == lacking).all()
    best = [sweep(own["label"], own["probability"], [0.3, 0.5, 0.7])["f1"].max()
            for _, own in scores.groupby("epoch")]  # fmt: skip
    assert found["same_data"] == pytest.approx(max(best))
    assert found["optimism"] == found["same_data"] - found["corrected"]


def test_correction_is_that_of_efron_and_tibshirani():
    """Eq. 29 to 32, with errors 1 - F1, as they print them."""
    scores = scored(12, 3)
    table = optimism(scores, {"model4": GRID}, resamples=100)
    found, threshold = values(table), table["threshold"][0]
    sweeps = (sweep(o["label"], o["probability"], [threshold]) for _, o in scores.groupby("epoch"))
    row = max((s.iloc[0] for s in sweeps), key=lambda r: r["f1"])
    harmful, flagged = scores["label"].mean(), row["flagged_share"]
    apparent, left_out = 1 - found["same_data"], 1 - found["out_of_bag"]
    no_information = 1 - 2 * harmful * flagged / (harmful + flagged)
    rate = (left_out - apparent) / (no_information - apparent)
    weight = 0.632 / (1 - 0.368 * rate)
    assert 0 < rate < 1
    assert found["corrected"] == pytest.approx(1 - (1 - weight) * apparent - weight * left_out)


def test_scores_without_information_keep_no_better_f1_than_chance():
    """Random scores: out of the bag is worse than chance, where .632+ stops near it."""
    found = values(optimism(scored(10, 2, apart=0.0), {"model4": GRID}, resamples=200))
    chance = 2 * HARMFUL / (1 + HARMFUL)
    assert found["same_data"] > found["corrected"] >= found["out_of_bag"]
    assert found["corrected"] < chance + 0.06


def test_without_a_choice_there_is_next_to_no_optimism():
    table = optimism(scored(60, 0, epochs=1), {"model4": [0.5]}, resamples=400)
    assert abs(values(table)["optimism"]) < 0.005


@pytest.mark.parametrize("alone", ["one safe group", "one class", "one group"])
def test_what_cannot_be_left_out_leaves_no_number(alone):
    scores = scored(6, 0, epochs=2)
    if alone == "one safe group":
        scores["label"] = (scores["group"] > 0).astype(int)
    elif alone == "one class":
        scores["label"] = 1
    else:
        scores["group"] = 0
    found = values(optimism(scores, {"model4": GRID}, resamples=50))
    assert found["same_data"] > 0.8
    assert found.drop("same_data").isna().all()


def test_the_order_of_rows_does_not_matter_and_the_seed_does():
    scores = scored(9, 0, epochs=3)
    one, same, other = (
        optimism(table, {"model4": GRID}, seed=seed, **options)
        for table, seed, options in (
            (scores, 0, {}),
            (scores.sample(frac=1, random_state=1), 0, {"resamples": 1000}),
            (scores, 1, {}),
        )
    )
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)
    assert list(one) == ["variant", "figure", "threshold", "value", "excluded"]
    assert abs(values(one)["optimism"] - values(other)["optimism"]) < 0.004


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.drop(columns=["group", "label"]), r"lack the columns \['group', 'label'\]"),
        (lambda s: s.iloc[:0], "scores are empty"),
        (lambda s: s.iloc[1:], "differ in items, labels or groups"),
        (
            lambda s: s.assign(label=s["label"].where(s.index > 0, 1 - s["label"])),
            "differ in items, labels or groups",
        ),
        (lambda s: pd.concat([s, s.iloc[:1]]), "duplicate"),
    ],
)
def test_every_epoch_must_score_the_same_items(change, message):
    with pytest.raises(ValueError, match=message):
        optimism(change(scored(6, 0, epochs=2)), {"model4": GRID}, resamples=5)
