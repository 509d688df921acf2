from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from harmlib.analysis.checks import ScoresError
from harmlib.analysis.choice import choose
from harmlib.analysis.drift import (
    MIN_CHANGE,
    MIN_ITEMS,
    MOVED_SHARE,
    REASONS,
    compare_scores,
)
from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.analysis.optimism import optimism
from harmlib.analysis.rate_estimates import rate_estimates
from harmlib.analysis.thresholds import sweep


def scored(n, seed, harmful=0.5, shift=0.0, flip=0.0):
    """n items; harmful ones score higher. shift : of every logit; flip : share of wrong labels."""
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < harmful).astype(int)
    logit = rng.normal(np.where(label, 1.2, -1.2) + shift, 1.2)
    wrong = rng.random(n) < flip
    return pd.DataFrame(
        {
            "label": np.where(wrong, 1 - label, label),
            "probability": 1 / (1 + np.exp(-logit)),
            "group": np.arange(n),
        }
    )


def sharpened(table):
    """Overconfident: every logit eight times as large."""
    odds = table["probability"] / (1 - table["probability"])
    return table.assign(probability=odds**8 / (1 + odds**8))


def clustered(n_groups, each, seed):
    """Clips of one source: one label, and a logit of their own besides each clip's."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), each)
    label = (rng.random(n_groups) < 0.4)[group].astype(int)
    logit = rng.normal(2 * label - 1) + rng.normal(size=n_groups)[group]
    columns = {"label": label, "probability": 1 / (1 + np.exp(-logit)), "group": group}
    return pd.DataFrame(columns)


def few(validation, new, seed=0):
    return compare_scores(validation, new.drop(columns="label"), 0.5, seed=seed)


@pytest.mark.parametrize(
    ("old", "new"),
    [((300, 1), (300, 1)), ((30, 10), (200, 1)), ((60, 5), (10, 20)), ((9, 4), (5, 40))],
)
def test_the_same_kind_of_data_is_seldom_called_changed(old, new):
    """Also where items come in groups; taken one by one, half of these would seem changed."""
    found = [few(clustered(*old, seed), clustered(*new, 1000 + seed), seed) for seed in range(40)]
    assert [f.verdict for f in found].count("steady") > 40 - 6  # 0.999 of 5 in 100
    assert sum(f.p_value < 0.025 for f in found) < 6
    rows = [f.table.loc[1] for f in found]
    known = [row for row in rows if not np.isnan(row["low"])]
    assert sum(not row["low"] <= 0 <= row["high"] for row in known) <= 0.1 * len(known)


def chosen(n_groups, seed, epochs=10):
    """Validation of the epoch and threshold with the best F1, and the optimism of that F1."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), 4)
    label = (rng.random(len(group)) < 0.73).astype(int)

    def noise():
        return (rng.normal(size=n_groups)[group] + rng.normal(size=len(group))) / 2

    shared, tables = noise(), []
    for epoch in range(epochs):
        logit = 1.9 * (label - 0.5) + 0.6 + shared + noise()
        columns = {"label": label, "group": group, "probability": 1 / (1 + np.exp(-logit))}
        names = {"variant": "one", "epoch": epoch, "item_id": np.arange(len(group))}
        tables.append(pd.DataFrame(columns | names))
    grid = np.arange(0.1, 0.95, 0.1)
    best = [choose(t["label"], t["probability"], "f1", thresholds=grid) for t in tables]
    at = max(range(epochs), key=lambda epoch: best[epoch].value)
    found = optimism(pd.concat(tables), {"one": grid}, resamples=60).set_index("figure")["value"]
    return tables[at], best[at].threshold, found["optimism"]


def test_labels_raise_no_alarm_where_a_small_validation_chose():
    """F1 of 20 groups of 4 that chose among ten epochs promises .04 too much."""
    verdicts, uncorrected = [], []
    for seed in range(40):
        validation, threshold, too_high = chosen(20, seed)
        new = chosen(75, 900 + seed, epochs=1)[0]
        found = compare_scores(validation, new, threshold, f1_optimism=too_high)
        assert "labels_too_few" not in found.reasons
        verdicts.append(found.verdict)
        f1 = found.table.set_index("metric").loc["f1"]
        plain = compare_scores(validation, new, threshold).table.set_index("metric").loc["f1"]
        assert f1["validation"] == pytest.approx(plain["validation"] - too_high)
        assert f1["high"] - plain["high"] == pytest.approx(too_high)
        uncorrected.append(plain["difference"])
    assert verdicts.count("steady") >= 40 - 5
    assert np.mean(uncorrected) < -0.03


def test_without_sources_a_change_is_a_question():
    """Ten sources of twenty files: taken one by one, every other set would seem changed."""
    asked = []
    for seed in range(40):
        new = clustered(10, 20, 1000 + seed)
        without = new[["probability"]]
        found = compare_scores(clustered(30, 10, seed), without, 0.5, seed=seed)
        assert found.verdict in ("steady", "groups_unknown")
        assert "groups_unknown" in found.reasons
        assert found.n_sources is None
        asked.append(found.verdict == "groups_unknown")
        single = without.assign(group=np.arange(200))
        apart = compare_scores(clustered(30, 10, seed), single, 0.5, seed=seed)
        assert apart.n_sources == 200
        wide, narrow = (f.table.eval("high - low")[0] for f in (found, apart))
        assert wide > narrow
    assert sum(asked) <= 7
    broken = scored(150, 2).assign(probability=0.0)[["probability"]]
    assert compare_scores(scored(200, 1), broken, 0.5).verdict == "groups_unknown"


@pytest.mark.parametrize("side", ["validation", "new"])
def test_so_few_sources_cannot_tell(side):
    validation, new = clustered(30, 10, 1), clustered(30, 10, 2)
    found = {}
    for groups in (MIN_GROUPS - 1, MIN_GROUPS):
        tables = {"validation": validation, "new": new}
        tables[side] = tables[side].assign(group=tables[side]["group"] % groups)
        found[groups] = few(**tables).verdict
    assert found[MIN_GROUPS - 1] == "too_few"
    assert found[MIN_GROUPS] != "too_few"


@pytest.mark.parametrize("side", ["validation", "new"])
def test_labels_need_sources_of_both_classes_on_both_sides(side):
    tables = {"validation": scored(120, 1), "new": scored(80, 2, flip=0.5)}
    assert compare_scores(**tables, threshold=0.5).verdict == "choose_again"
    own = tables[side]
    group = np.where(own["label"] == 1, own.index % 4, own.index + 4)
    tables[side] = own.assign(group=group)
    found = compare_scores(**tables, threshold=0.5)
    assert "labels_too_few" in found.reasons
    assert found.level == 1 - 0.05 / 2
    low = found.table.set_index("metric").loc[["precision", "recall", "f1"], "low"]
    assert low.isna().all()


def test_labels_do_not_count_where_the_optimism_of_f1_is_unknown():
    found = compare_scores(scored(120, 1), scored(80, 2, flip=0.5), 0.5, f1_optimism=np.nan)
    assert "labels_too_few" in found.reasons
    assert found.table["validation"].notna().all()


def test_the_interval_of_a_difference_holds_both_samples_noise():
    validation, new = scored(300, 1), scored(200, 2)
    found = compare_scores(validation, new, 0.5)
    assert found.level == 1 - 0.05 / 4
    row = found.table.set_index("metric").loc["f1"]
    ends = []
    for table in (validation, new):
        f1 = rate_estimates(table["label"], table["probability"], [0.5])["f1"]
        (low,), (high,) = f1.interval("share", found.level)
        ends.append((f1.value[0], low, high))
    (a, a_low, a_high), (b, b_low, b_high) = ends
    assert row["low"] == pytest.approx(b - a - np.hypot(b - b_low, a_high - a))
    assert row["high"] == pytest.approx(b - a + np.hypot(b_high - b, a - a_low))


def test_the_level_is_shared_among_the_tests():
    """A p-value below LEVEL is no change by itself where two tests share it."""
    for seed in range(200):
        found = few(scored(100, seed), scored(90, 900 + seed), seed=seed)
        if 0.025 < found.p_value < 0.045 and found.ks > MIN_CHANGE:
            break
    assert found.level == 1 - 0.05 / 2
    assert "distribution_changed" not in found.reasons
    assert (found.n_validation, found.n_new, found.n_sources) == (100, 90, 90)
    with pytest.raises(FrozenInstanceError):
        found.verdict = "watch"


def test_calls_repeat_and_the_seed_is_that_of_the_noise():
    found = [few(scored(100, 1), scored(80, 2), seed) for seed in (3, 3, 4)]
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0].table, other.table)
    assert found[0].p_value == found[1].p_value != found[2].p_value
    assert list(found[0].table) == ["metric", "validation", "new", "difference", "low", "high"]


def test_more_groups_than_blocks_hardly_change_the_intervals():
    """1,200 items in 200 blocks: as wide as the formula for independent items."""
    found = few(scored(1200, 1), scored(1200, 2))
    row = found.table.loc[0]
    shares = row[["validation", "new"]].to_numpy(float)
    error = np.sqrt((shares * (1 - shares) / 1200).sum())
    assert row["high"] - row["low"] == pytest.approx(2 * 2.24 * error, rel=0.2)


def test_labels_raise_no_more_alarms():
    """Also where the threshold was chosen on validation, whose F1 is then optimistic."""
    verdicts = []
    for i in range(30):
        validation, new = scored(150, i), scored(150, 500 + i)
        threshold = choose(validation["label"], validation["probability"], "f1").threshold
        verdicts.append(compare_scores(validation, new, threshold).verdict)
    assert verdicts.count("steady") > 30 - 7


def test_the_same_items_without_their_groups_look_more_certain():
    new, validation = clustered(200, 1, 2), clustered(30, 10, 1)
    apart = few(validation.assign(group=np.arange(300)), new)
    grouped = few(validation, new)
    assert grouped.ks == apart.ks
    assert grouped.p_value > 2 * apart.p_value
    gathered = few(validation, new.assign(group=np.arange(200) % 40))
    assert gathered.p_value != grouped.p_value


def test_statistic_by_hand_and_as_scipy_has_it():
    validation = pd.DataFrame({"label": [0, 1] * 50, "probability": np.arange(100) / 100})
    new = pd.DataFrame({"probability": np.arange(100) / 200})
    found = compare_scores(validation.assign(group=validation.index), new, 0.5)
    assert found.ks == pytest.approx(0.5)
    for seed in range(5):
        two = scored(80, seed), scored(60, 50 + seed, shift=0.5)
        known = ks_2samp(*(t["probability"] for t in two))
        ours = compare_scores(*two, 0.5)
        assert ours.ks == pytest.approx(known.statistic, abs=0.01)
        assert ours.p_value == pytest.approx(known.pvalue, abs=0.1)


def test_a_new_proportion_is_told_from_a_new_kind():
    validation = scored(2000, 1, harmful=0.4)
    more = compare_scores(validation, scored(2000, 2, harmful=0.7), 0.5)
    share = more.table.set_index("metric").loc["harmful_share"]
    assert share["validation"] == pytest.approx(0.4, abs=0.03)
    assert share["new"] == pytest.approx(0.7, abs=0.04)
    assert share["low"] < 0.3 < share["high"]
    flagged = more.table["new"][0]
    assert more.expected_flagged_share == pytest.approx(flagged, abs=0.03)
    # Safe scores up, harmful scores down: no proportion explains it
    new = scored(2000, 2, harmful=0.4)
    worse = compare_scores(validation, new.assign(probability=0.2 + new["probability"] / 2), 0.6)
    assert abs(worse.expected_flagged_share - worse.table["new"][0]) > 0.08


def test_a_change_too_small_to_matter_is_none_however_sure():
    validation, new = scored(20_000, 1), scored(50_000, 2, shift=0.06).drop(columns="label")
    found = compare_scores(validation, new, 0.5)
    assert found.p_value < 0.05
    assert found.ks < MIN_CHANGE
    assert found.verdict == "steady"
    assert not found.table["low"][0] <= 0 <= found.table["high"][0]


def test_ties_and_one_score_for_all():
    coarse = [
        t.assign(probability=t["probability"].round(1)) for t in (scored(200, 1), scored(150, 2))
    ]
    assert few(*coarse).verdict == "steady"
    broken = few(scored(200, 1), scored(150, 2).assign(probability=0.0))
    assert broken.verdict == "choose_again"
    assert broken.p_value < 0.01
    same = few(coarse[0], coarse[0])
    assert (same.ks, same.p_value) == (0, 1)
    assert same.table["low"][0] < -0.05 < 0.05 < same.table["high"][0]  # two draws, not one


@pytest.mark.parametrize(("n", "too_few"), [(MIN_ITEMS, False), (MIN_ITEMS - 1, True)])
def test_so_many_items_and_labels_are_enough(n, too_few):
    found = compare_scores(scored(120, 1), scored(n, 2).drop(columns="label"), 0.5)
    assert (found.verdict == "too_few") == too_few
    new = scored(80, 2).astype({"label": float})
    new = new.assign(label=new["label"].where(new.index < n))
    found = compare_scores(scored(120, 1), new, 0.5)
    assert ("labels_too_few" in found.reasons) == too_few
    assert found.level == (1 - 0.05 / 2 if too_few else 1 - 0.05 / 4)
    assert found.table["metric"].tolist()[2:] == ["precision", "recall", "f1", "brier"]


def test_without_labels_none_are_too_few():
    assert few(scored(120, 1), scored(80, 2)).reasons == ()


def test_expected_flagged_share_by_hand():
    """A score at the threshold is not flagged."""
    validation = pd.DataFrame({"label": [0, 0, 0, 0, 1, 1] * 20, "group": range(120)})
    validation["probability"] = [0.1, 0.2, 0.5, 0.7, 0.5, 0.9] * 20
    found = few(validation.assign(group=range(120)), validation)
    harmful = found.table.set_index("metric").at["harmful_share", "new"]
    assert found.expected_flagged_share == pytest.approx(harmful * 1 / 2 + (1 - harmful) * 1 / 4)


def test_the_harmful_share_of_validation_is_redrawn_too():
    """Classes far apart, and many new items: the noise is that of validation's share alone."""
    label = np.arange(40) % 2
    validation = pd.DataFrame(
        {"label": label, "probability": 0.1 + 0.8 * label, "group": range(40)}
    )
    new = pd.DataFrame({"probability": np.tile([0.1, 0.9], 5000)})
    row = compare_scores(validation, new, 0.5).table.set_index("metric").loc["harmful_share"]
    error = np.sqrt(0.25 / 40)
    assert row["high"] - row["low"] == pytest.approx(2 * 2.24 * error, rel=0.25)  # level 0.975


@pytest.mark.parametrize(("end", "inwards", "other"), [(0, 1, 0.9), (1, -1, 0.1)])
def test_a_probability_of_0_or_1_counts_as_a_millionth_off(end, inwards, other):
    validation = scored(200, 1)
    shares = []
    for off in (0, 1e-6, 1e-3):
        new = pd.DataFrame({"probability": [end + inwards * off, other] * 40})
        shares.append(compare_scores(validation, new, 0.5).table["new"][1])
    assert 0.3 < shares[0] < 0.7
    assert shares[0] == shares[1]
    assert shares[2] != shares[0]


def test_groups_of_labelled_items_count_in_their_intervals():
    new = scored(80, 2)
    alone, grouped = (
        compare_scores(scored(120, 1), new.assign(group=group), 0.5).table.set_index("metric")
        for group in (np.arange(80), np.arange(80) // 2)
    )
    ends = ["low", "high"]
    for metric in ("precision", "recall", "f1", "brier"):
        assert (alone.loc[metric, ends] != grouped.loc[metric, ends]).any()


@pytest.mark.parametrize(
    ("new", "verdict", "reason"),
    [
        (scored(300, 5, shift=1.5), "choose_again", "flagged_share_moved"),
        (scored(300, 5, flip=0.35), "choose_again", "f1_fell"),
        (scored(300, 5, flip=0.35).drop(columns="label"), "steady", None),
        (scored(300, 5, harmful=0.9).drop(columns="label"), "choose_again", "flagged_share_moved"),
        (scored(MIN_ITEMS - 1, 5, shift=3), "too_few", None),
    ],
)
def test_a_real_change_is_found_and_named(new, verdict, reason):
    found = compare_scores(scored(400, 1), new, 0.5)
    assert found.verdict == verdict
    assert set(found.reasons) <= set(REASONS)
    if reason:
        assert reason in found.reasons


def test_a_sure_but_small_move_is_only_watched():
    found = few(scored(3000, 1), scored(3000, 2, shift=0.3))
    assert MIN_CHANGE < found.table["difference"][0] < MOVED_SHARE
    assert "flagged_share_shifted" in found.reasons
    assert found.verdict == "watch"


def test_overconfidence_alone_is_watched():
    found = compare_scores(scored(2000, 1), sharpened(scored(2000, 5)), 0.5)
    assert found.verdict == "watch"
    assert "calibration_worsened" in found.reasons


def test_the_table_holds_what_a_sweep_counts():
    validation, new = scored(120, 1), scored(80, 2)
    table = compare_scores(validation, new, 0.4).table.set_index("metric")
    for name, rows in (("validation", validation), ("new", new)):
        at = sweep(rows["label"], rows["probability"], [0.4]).iloc[0]
        for metric in ("flagged_share", "precision", "recall", "f1"):
            assert table.at[metric, name] == pytest.approx(at[metric])
    assert table["difference"].to_numpy() == pytest.approx(table["new"] - table["validation"])
    assert (table["low"] <= table["difference"]).all()
    assert (table["difference"] <= table["high"]).all()


def test_items_without_a_label_count_for_the_share_alone():
    new = scored(80, 2).astype({"label": float})
    new.loc[:59, "label"] = np.nan
    table = compare_scores(scored(120, 1), new, 0.5).table.set_index("metric")
    known = new.dropna()
    at = sweep(known["label"].astype(int), known["probability"], [0.5]).iloc[0]
    assert table.at["f1", "new"] == pytest.approx(at["f1"])
    assert table.at["flagged_share", "new"] == (new["probability"] > 0.5).mean()


def test_one_class_of_labels_gives_no_metrics_of_labels():
    found = compare_scores(scored(120, 1), scored(80, 2).assign(label=1), 0.5)
    assert found.table["metric"].tolist() == ["flagged_share", "harmful_share"]
    assert "labels_too_few" in found.reasons


def test_groups_of_validation_widen_the_interval():
    validation = scored(20, 1).loc[np.repeat(np.arange(20), 10)].reset_index(drop=True)
    grouped, single = (
        compare_scores(validation.assign(group=g), scored(200, 2), 0.5).table.iloc[0]
        for g in (validation["group"], np.arange(200))
    )
    assert grouped["high"] - grouped["low"] > 1.5 * (single["high"] - single["low"])


@pytest.mark.parametrize(
    ("validation", "new", "message"),
    [
        ({}, scored(0, 1), "the new scores are empty"),
        ({}, scored(50, 1).assign(probability=3.0), r"new probabilities must lie in \[0, 1\]"),
        ({}, scored(50, 1).assign(probability=np.nan), r"new probabilities must lie in \[0, 1\]"),
        ({}, scored(50, 1).assign(label=2), r"labels\[0\] is 2"),
        ({}, scored(50, 1)[["label"]], "the new scores lack probability"),
        ({}, scored(50, 1).assign(group=None), "50 missing values; name every group"),
        ({"label": np.nan}, scored(50, 1), r"labels\[0\] is nan"),
        ({"label": 1}, scored(50, 1), "all 50 labels are 1; pass both classes"),
        ({"probability": 0.3}, scored(50, 1), "the validation probabilities are all 0.3"),
    ],
)
def test_bad_input(validation, new, message):
    with pytest.raises(ValueError, match=message):
        compare_scores(scored(50, 1).assign(**validation), new, 0.5)
    with pytest.raises(ScoresError, match="the validation scores lack label, group"):
        compare_scores(scored(50, 1)[["probability"]], scored(50, 1), 0.5)
    with pytest.raises(ScoresError, match="thresholds"):
        compare_scores(scored(50, 1), scored(50, 1), np.nan)
