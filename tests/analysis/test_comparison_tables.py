"""The tables that compare variants, on made-up scores: right rows, corrected, and no claims."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from harmlib.analysis import comparison_tables
from harmlib.analysis.comparison_tables import COMPARED_METRICS, DIFFERENCE_COLUMNS, GAIN_COLUMNS
from harmlib.analysis.gain_parts import matched_threshold
from harmlib.analysis.intervals import metric_intervals
from harmlib.analysis.mcnemar import mcnemar
from harmlib.analysis.operating_points import operating_points as make_operating_points
from harmlib.analysis.paired import baseline_difference, paired_difference
from harmlib.analysis.power import detectable_difference, groups_needed
from harmlib.analysis.saved_scores import saved_scores
from harmlib.analysis.thresholds import sweep

GRID = [0.3, 0.4, 0.5, 0.6, 0.7]
FIXED = {"model2": 0.5, "model3": 0.4, "model4": None}
STRENGTH = {"model2": 0.5, "model3": 0.5, "model4": 1.5}


def make_scored(seed=5, groups=30, size=4, strength=STRENGTH):
    """Three models, two epochs; model3 has the weights of model2."""
    frames = []
    for split, own_seed in (("val", seed), ("test", seed + 1000)):
        rng = np.random.default_rng(own_seed)
        n = groups * size
        labels = (np.arange(n) % 4 > 0).astype(int)
        weights = {v: rng.normal(0, 1, (2, n)) for v in ("model2", "model4")}
        weights["model3"] = weights["model2"]
        for variant, noise in weights.items():
            for epoch in (1, 2):
                logit = (labels - 0.5) * strength[variant] * epoch + noise[epoch - 1] + 0.4
                columns = {"variant": variant, "epoch": epoch, "split": split, "label": labels,
                           "item_id": [f"{split}{i:03d}" for i in range(n)], "logit": logit,
                           "probability": 1 / (1 + np.exp(-logit)),
                           "group": [f"{split}{i // size}" for i in range(n)]}  # fmt: skip
                frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def points_of(scored, variants=tuple(FIXED), chosen=None):
    """The operating points; `chosen` overrides the saved epoch of variants."""
    validation = scored[scored["split"] == "val"]
    tables = []
    for v in variants:
        own = make_operating_points(validation[validation["variant"] == v], GRID, FIXED[v])
        if chosen and v in chosen:
            own["chosen"] = own["epoch"] == chosen[v]
        tables.append(own.assign(variant=v, pos_weight=1.0))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def scored():
    return make_scored()


@pytest.fixture(scope="module")
def points(scored):
    return points_of(scored, chosen={"model2": 2, "model3": 1, "model4": 2})


@pytest.fixture(scope="module")
def differences(scored, points):
    return comparison_tables.differences(scored, points)


@pytest.fixture(scope="module")
def gains(scored, points):
    return comparison_tables.gains(scored, points)


def test_intervals_are_of_the_test_items_at_the_threshold_validation_chose(scored, points):
    table = comparison_tables.intervals_on_test(scored, points)
    for variant, test in saved_scores(scored, points, "test").items():
        expected = metric_intervals(test.labels, test.probabilities, test.threshold, test.groups)
        found = table[table["variant"] == variant].drop(columns="variant")
        pd.testing.assert_frame_equal(found.reset_index(drop=True), expected)
    assert table["variant"].drop_duplicates().tolist() == list(FIXED)


def test_the_baseline_is_paired_on_test_and_corrected_for_the_variants(scored, points):
    table = comparison_tables.against_baseline(scored, points)
    assert list(table) == [
        "variant", "baseline", "value", "difference", "low", "high", "corrected_low",
        "corrected_high", "groups", "detectable", "groups_needed",
    ]  # fmt: skip
    for row in table.itertuples():
        test = saved_scores(scored, points, "test")[row.variant]
        expected = baseline_difference(
            test.labels, test.probabilities, test.threshold, test.groups, comparisons=3
        ).set_index("metric").loc["f1"]  # fmt: skip
        assert (row.baseline, row.value) == (expected["a"], expected["b"])
        ends = ["difference", "low", "high", "corrected_low", "corrected_high", "groups"]
        assert [getattr(row, name) for name in ends] == expected[ends].tolist()
        of_power = {"error": expected["error"], "groups": 30, "level": 1 - 0.05 / 3}
        assert row.detectable == detectable_difference(**of_power)
        assert row.groups_needed == groups_needed(row.difference, **of_power)
        if row.corrected_low <= 0 <= row.corrected_high:
            assert row.groups_needed > 30


@pytest.mark.parametrize("split", ["test", "val"])
def test_every_pair_is_compared_with_a_correction(scored, points, differences, split):
    assert list(differences) == list(DIFFERENCE_COLUMNS)
    own = differences[differences["split"] == split]
    pairs = [("model2", "model3"), ("model2", "model4"), ("model3", "model4")]
    assert list(own[["a", "b"]].drop_duplicates().itertuples(index=False, name=None)) == pairs
    saved = saved_scores(scored, points, split)
    for (a, b), table in own.groupby(["a", "b"]):
        old, new = saved[a], saved[b]
        arguments = (old.labels, old.probabilities, old.threshold, new.probabilities,
                     new.threshold, old.groups)  # fmt: skip
        expected = paired_difference(*arguments, metrics=COMPARED_METRICS, comparisons=3)
        assert table["metric"].tolist() == list(COMPARED_METRICS)
        for name, other in (("value_a", "a"), ("value_b", "b"), *((n, n) for n in (
            "difference", "low", "high", "corrected_low", "corrected_high"))):  # fmt: skip
            assert table[name].tolist() == expected[other].tolist()
        decisions = mcnemar(*arguments)
        told = table[["only_a", "only_b", "p_mid"]].drop_duplicates().to_numpy().tolist()
        assert told == [[decisions.only_a, decisions.only_b, decisions.p_mid]]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_told_apart_needs_more_groups_than_there_are(seed):
    scored = make_scored(seed, groups=20, strength=dict.fromkeys(FIXED, 1.0))
    table = comparison_tables.differences(scored, points_of(scored))
    untold = table[(table["corrected_low"] <= 0) & (table["corrected_high"] >= 0)]
    needed = untold["groups_needed"].dropna()
    assert len(needed) > 4
    assert (needed > 20).all()


def test_one_model_has_nothing_to_compare(scored, points):
    one = points[points["variant"] == "model4"]
    for made, columns in (
        (comparison_tables.differences, DIFFERENCE_COLUMNS),
        (comparison_tables.gains, GAIN_COLUMNS),
    ):
        table = made(scored, one)
        assert table.empty
        assert list(table) == list(columns)
    assert len(comparison_tables.against_baseline(scored, one)) == 1
    assert len(comparison_tables.drops(scored, one)) == 1


def test_parts_add_up_to_the_difference_of_the_pair(gains, differences):
    assert list(gains) == list(GAIN_COLUMNS)
    f1 = differences[(differences["split"] == "test") & (differences["metric"] == "f1")]
    f1 = f1.set_index(["a", "b"])
    for pair, own in gains.groupby(["a", "b"]):
        parts = own.set_index("part")["value"]
        assert parts.index.tolist() == ["weights", "epoch", "threshold", "total"]
        assert parts.iloc[:3].sum() == pytest.approx(parts["total"], abs=1e-12)
        assert parts["total"] == pytest.approx(f1.loc[pair, "difference"], abs=1e-12)
        assert own["low"].iloc[-1] == pytest.approx(f1.loc[pair, "low"], abs=1e-12)


def test_the_same_weights_at_another_epoch_are_no_retraining(gains):
    same = gains.drop_duplicates(["a", "b"]).set_index(["a", "b"])["same_weights"]
    assert same.to_dict() == {
        ("model2", "model3"): True, ("model2", "model4"): False, ("model3", "model4"): False,
    }  # fmt: skip
    own = gains[(gains["a"] == "model2") & (gains["b"] == "model3")].set_index("part")
    assert own.loc["weights", ["value", "low", "high"]].tolist() == [0, 0, 0]
    assert own.loc["epoch", "value"] != 0


def test_the_same_weights_are_the_same_between_two_thresholds_that_flag_as_many(scored, points):
    """An item of test lies between the old threshold and another one that flags as many."""
    seen = saved_scores(scored, points, "val")["model2"]
    at = matched_threshold(seen.probabilities, int((seen.probabilities > seen.threshold).sum()))
    moved = scored.copy()
    own = moved["variant"].isin(["model2", "model3"]) & (moved["item_id"] == "test001")
    moved.loc[own, "probability"] = (at + seen.threshold) / 2
    table = comparison_tables.gains(moved, points)
    own = table[(table["a"] == "model2") & (table["b"] == "model3")].set_index("part")
    assert at != seen.threshold
    assert own.loc["weights", "value"] == 0


def test_weights_that_differ_on_one_item_are_not_the_same(scored, points):
    changed = scored.copy()
    at = changed.index[(changed["variant"] == "model3") & (changed["split"] == "val")
                       & (changed["epoch"] == 2)][0]  # fmt: skip
    changed.loc[at, "logit"] += 1e-9
    table = comparison_tables.gains(changed, points)
    assert not table["same_weights"].any()


def test_new_weights_are_compared_at_the_flagged_share_of_the_old(scored, points, gains):
    """A new scale alone is no gain: all logits of model4 moved by 2, its threshold with them."""
    own = gains[(gains["a"] == "model2") & (gains["b"] == "model4")].set_index("part")
    val, test = (saved_scores(scored, points, split) for split in ("val", "test"))
    flagged = (val["model2"].probabilities > val["model2"].threshold).sum()
    at = matched_threshold(val["model4"].probabilities, flagged)
    rows = sweep(test["model4"].labels, test["model4"].probabilities, [at])
    before = sweep(test["model2"].labels, test["model2"].probabilities, [0.5])
    assert own.loc["weights", "value"] == pytest.approx(rows["f1"][0] - before["f1"][0])
    moved = scored.copy()
    moved.loc[moved["variant"] == "model4", "logit"] += 2
    moved["probability"] = 1 / (1 + np.exp(-moved["logit"]))
    again = comparison_tables.gains(moved, points)
    again = again[(again["a"] == "model2") & (again["b"] == "model4")].set_index("part")
    for part in ("weights", "epoch"):
        assert again.loc[part, "value"] == pytest.approx(own.loc[part, "value"], abs=1e-12)
    assert again.loc["threshold", "value"] != own.loc["threshold", "value"]


def test_a_variant_with_fewer_epochs_is_taken_at_its_last(scored, points):
    short = scored[(scored["variant"] != "model4") | (scored["epoch"] == 1)]
    own = points[(points["variant"] != "model4") | (points["epoch"] == 1)].copy()
    own.loc[own["variant"] == "model4", "chosen"] = True
    table = comparison_tables.gains(short, own)
    table = table[(table["a"] == "model2") & (table["b"] == "model4")].set_index("part")
    assert table.loc["epoch", "value"] == 0


def test_drops_are_of_f1_between_the_splits(scored, points):
    table = comparison_tables.drops(scored, points).set_index("variant")
    assert list(table) == ["validation", "test", "difference", "low", "high"]
    for variant in FIXED:
        seen, tested = (saved_scores(scored, points, split)[variant] for split in ("val", "test"))
        f1 = [
            sweep(own.labels, own.probabilities, [own.threshold])["f1"][0] for own in (seen, tested)
        ]
        row = table.loc[variant]
        assert row[["validation", "test"]].tolist() == pytest.approx(f1)
        assert row["difference"] == pytest.approx(f1[1] - f1[0])
        assert row["low"] < row["difference"] < row["high"]


def test_a_drop_is_rarely_told_where_nothing_was_chosen():
    """One epoch, a fixed threshold: validation and test are two samples of the same law."""
    told = []
    for seed in range(60):
        scored = make_scored(seed, groups=12)
        scored = scored[(scored["variant"] == "model2") & (scored["epoch"] == 2)]
        row = comparison_tables.drops(scored, points_of(scored, ["model2"])).iloc[0]
        told.append(row["high"] < 0 or row["low"] > 0)
    assert np.mean(told) <= 0.1


@pytest.mark.parametrize("groups", [1, 4])
def test_too_few_groups_give_values_and_claim_nothing(groups):
    scored = make_scored(groups=groups, size=20)
    points = points_of(scored)
    ends = {
        "against_baseline": ["low", "corrected_low", "corrected_high", "detectable",
                             "groups_needed"],
        "differences": ["low", "corrected_low", "corrected_high", "groups_needed"],
        "gains": ["low", "high"],
        "drops": ["low", "high"],
        "intervals_on_test": ["low", "high"],
    }  # fmt: skip
    values = {"gains": "value", "intervals_on_test": "value"}
    for name, columns in ends.items():
        table = getattr(comparison_tables, name)(scored, points)
        assert table[columns].isna().all(axis=None), name
        assert table[values.get(name, "difference")].notna().all(), name


def on_folds(*trainings):
    """Several samples as the folds of one run: the same variants, each with its own points."""
    scored = [make_scored(**own).assign(seed=1, fold=i) for i, own in enumerate(trainings)]
    scored = [
        own.assign(item_id=f"{i}" + own["item_id"], group=f"{i}" + own["group"])
        for i, own in enumerate(scored)
    ]
    points = [points_of(own).assign(seed=1, fold=i) for i, own in enumerate(scored)]
    return pd.concat(scored, ignore_index=True), pd.concat(points, ignore_index=True)


@pytest.fixture(scope="module")
def folds():
    return on_folds({"seed": 5}, {"seed": 6}, {"seed": 7, "groups": 20})


def decided(folds, variant, split="test"):
    """Labels and decisions of all folds, each at the epoch and threshold of its own."""
    scored, points = folds
    keys = ["variant", "fold", "epoch"]
    rows = scored[(scored["variant"] == variant) & (scored["split"] == split)]
    rows = rows.merge(points.loc[points["chosen"], [*keys, "threshold"]], on=keys)
    return rows["label"], rows["probability"] > rows["threshold"]


@pytest.mark.parametrize("split", ["val", "test"])
def test_folds_are_compared_on_all_their_items_at_their_own_thresholds(folds, split):
    table = comparison_tables.differences(*folds).query("split == @split and metric == 'f1'")
    for pair in table.itertuples():
        f1 = [f1_score(*decided(folds, v, split)) for v in (pair.a, pair.b)]
        assert (pair.value_a, pair.value_b) == pytest.approx(f1)
    f1 = comparison_tables.intervals_on_test(*folds).query("metric == 'f1'").set_index("variant")
    baseline = comparison_tables.against_baseline(*folds).set_index("variant")
    for v in FIXED:
        expected = f1_score(*decided(folds, v))
        assert f1.at[v, "value"] == baseline.at[v, "value"] == pytest.approx(expected)
    assert (baseline["groups"] == 80).all()
    dropped = comparison_tables.drops(*folds).set_index("variant")
    assert dropped.at["model4", "validation"] == pytest.approx(
        f1_score(*decided(folds, "model4", "val"))
    )


def test_thresholds_of_one_fold_are_not_anothers(folds):
    """Each fold with the first one's thresholds gives other decisions: the test above can fail."""
    scored, points = folds
    moved = points.assign(threshold=0.6)
    before, after = (comparison_tables.intervals_on_test(scored, p) for p in (points, moved))
    assert (before["value"] != after["value"]).any()


def test_gains_of_folds_sum_to_the_difference_and_know_the_same_weights(folds):
    gains = comparison_tables.gains(*folds)
    whole = comparison_tables.differences(*folds).query("split == 'test' and metric == 'f1'")
    for pair in whole.itertuples():
        own = gains[(gains["a"] == pair.a) & (gains["b"] == pair.b)].set_index("part")
        assert own.at["total", "value"] == pytest.approx(pair.difference)
        assert own["value"].drop("total").sum() == pytest.approx(pair.difference)
        same = (pair.a, pair.b) == ("model2", "model3")
        assert own["same_weights"].eq(same).all()
    assert gains.query("same_weights and part == 'weights'")["value"].eq(0).all()


def test_weights_that_differ_in_one_fold_are_not_the_same(folds):
    scored, points = folds
    other = scored["logit"].where((scored["variant"] != "model3") | (scored["fold"] != 1), 0.3)
    gains = comparison_tables.gains(scored.assign(logit=other), points)
    assert not gains["same_weights"].any()
