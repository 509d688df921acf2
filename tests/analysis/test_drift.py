from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import ks_2samp

from harmlib.analysis.bootstrap import metric_intervals
from harmlib.analysis.checks import ScoresError
from harmlib.analysis.choice import choose
from harmlib.analysis.drift import (
    MIN_CHANGE,
    MIN_ITEMS,
    MOVED_SHARE,
    REASONS,
    calibrated_probabilities,
    compare_scores,
    harmful_share,
)
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
    return compare_scores(validation, new.drop(columns="label"), 0.5, resamples=200, seed=seed)


@pytest.mark.parametrize(
    ("old", "new"), [((300, 1), (300, 1)), ((30, 10), (200, 1)), ((60, 5), (60, 5))]
)
def test_the_same_kind_of_data_is_seldom_called_changed(old, new):
    """Also where items come in groups; taken one by one, half of these would seem changed."""
    found = [few(clustered(*old, seed), clustered(*new, 1000 + seed), seed) for seed in range(40)]
    verdicts = [f.verdict for f in found]
    assert verdicts.count("steady") > 40 - 8  # 0.999 of 5 in 100
    assert sum(f.p_value < 0.05 for f in found) in range(8)
    shares = [f.table.loc[1] for f in found]
    assert sum(not row["low"] <= 0.4 - row["validation"] <= row["high"] for row in shares) < 8


def test_labels_raise_no_more_alarms():
    """Also where the threshold was chosen on validation, whose F1 is then optimistic."""
    verdicts = []
    for i in range(30):
        validation, new = scored(150, i), scored(150, 500 + i)
        threshold = choose(validation["label"], validation["probability"], "f1").threshold
        verdicts.append(compare_scores(validation, new, threshold, resamples=200).verdict)
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
        ours = compare_scores(*two, 0.5, resamples=500)
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
    validation, new = scored(40_000, 1), scored(200_000, 2, shift=0.04).drop(columns="label")
    found = compare_scores(validation, new, 0.5, resamples=200)
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


def test_a_handful_of_labels_has_no_say():
    new = scored(80, 2).astype({"label": float})
    wrong = new["label"].where(new.index >= 76, 1 - new["label"])
    found = compare_scores(scored(120, 1), new.assign(label=wrong.where(new.index < 20)), 0.5)
    assert "f1" in set(found.table["metric"])
    assert {"labels_too_few"} == set(found.reasons)
    assert found.verdict == "steady"
    assert "f1_fell" in compare_scores(scored(120, 1), new.assign(label=wrong), 0.5).reasons
    alone = new.assign(label=new["label"].where(new.index < 9), group=np.maximum(new.index, 8))
    assert "labels_too_few" in compare_scores(scored(120, 1), alone, 0.5).reasons
    one_source = new.assign(label=wrong, group=np.arange(80) % 29)
    assert compare_scores(scored(120, 1), one_source, 0.5).verdict == "too_few"
    found = few(scored(120, 1), scored(80, 2).assign(group="a"))
    assert found.verdict == "too_few", "one source of all, which can't be redrawn"


def test_the_interval_of_a_difference_holds_both_samples_noise():
    validation, new = scored(300, 1), scored(200, 2)
    found = compare_scores(validation, new, 0.5, seed=3)
    assert found.level == 1 - 0.05 / 4
    row = found.table.set_index("metric").loc["f1"]
    a, b = (
        metric_intervals(t["label"], t["probability"], 0.5, level=found.level, seed=seed)
        .set_index("metric")
        .loc["f1"]
        for t, seed in ((validation, 3), (new, 4))
    )
    below = (b["value"] - b["low"]) ** 2 + (a["high"] - a["value"]) ** 2
    above = (b["high"] - b["value"]) ** 2 + (a["value"] - a["low"]) ** 2
    assert row["low"] == pytest.approx(row["difference"] - below**0.5)
    assert row["high"] == pytest.approx(row["difference"] + above**0.5)


def test_the_level_is_shared_among_the_tests():
    """p is 0.04: below LEVEL, but not below LEVEL / 2, as two tests are made."""
    found = few(scored(100, 21), scored(90, 921), seed=21)
    assert found.level == 1 - 0.05 / 2
    assert 0.025 < found.p_value < 0.05
    assert found.ks > MIN_CHANGE
    assert found.reasons == ()
    assert (found.n_validation, found.n_new) == (100, 90)
    with pytest.raises(FrozenInstanceError):
        found.verdict = "watch"


def test_a_p_value_at_its_level_is_no_change():
    """Of 39 resamples the smallest possible p is 1/40, the level itself."""
    options = {"threshold": 0.5, "seed": 0}
    validation, new = scored(200, 1), scored(200, 2, shift=2).drop(columns="label")
    few_draws = compare_scores(validation, new, resamples=39, **options)
    assert few_draws.p_value == 1 / 40
    assert "distribution_changed" not in few_draws.reasons
    more = compare_scores(validation, new, resamples=79, **options)
    assert more.p_value == 1 / 80
    assert "distribution_changed" in more.reasons


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


def test_one_resample_in_ten_estimates_the_harmful_share():
    validation, new = scored(60, 1), scored(50, 2).drop(columns="label")
    widths = [
        compare_scores(validation, new, 0.5, resamples=n).table.eval("high - low")[1]
        for n in (5, 19, 20)
    ]
    assert widths[0] == widths[1] == 0  # one draw
    assert widths[2] > 0


@pytest.mark.parametrize(("end", "inwards", "other"), [(0, 1, 0.9), (1, -1, 0.1)])
def test_a_probability_of_0_or_1_counts_as_a_millionth_off(end, inwards, other):
    validation = scored(200, 1)
    shares = []
    for off in (0, 1e-6, 1e-3):
        new = pd.DataFrame({"probability": [end + inwards * off, other] * 40})
        shares.append(compare_scores(validation, new, 0.5, resamples=20).table["new"][1])
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


def test_defaults_are_those_documented():
    validation, new = scored(60, 1), scored(50, 2)
    found, again = (
        compare_scores(validation, new, 0.5, **options)
        for options in ({}, {"resamples": 2000, "seed": 0})
    )
    pd.testing.assert_frame_equal(found.table, again.table)
    assert found.p_value == again.p_value
    assert list(found.table) == ["metric", "validation", "new", "difference", "low", "high"]


def test_calls_repeat():
    tables = [few(scored(100, 1), scored(80, 2), seed).table for seed in (3, 3, 4)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert not tables[0].equals(tables[2])


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
    found = compare_scores(scored(400, 1), new, 0.5, resamples=500)
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
    found = compare_scores(scored(2000, 1), sharpened(scored(2000, 5)), 0.5, resamples=300)
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
        ({"group": "a"}, scored(50, 1), "all items are of one group"),
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


# The harmful share of new items


def calibration_sample(n, seed, harmful):
    rng = np.random.default_rng(seed)
    label = rng.random(n) < harmful
    return label, rng.normal(np.where(label, 1.0, -1.0))  # logit(p) = 2 x + log prior odds


def test_probabilities_mean_what_they_say_after_calibration():
    label, x = calibration_sample(4000, 0, 0.3)
    distorted = 3 * x + 2  # overconfident, and shifted as by a pos_weight
    calibrated = calibrated_probabilities(label, distorted, distorted)
    assert calibrated.mean() == pytest.approx(label.mean(), abs=1e-3)
    np.testing.assert_allclose(calibrated, expit(2 * x + np.log(0.3 / 0.7)), atol=0.03)


def test_calibration_is_the_regression_without_a_penalty():
    label, x = calibration_sample(60, 0, 0.4)

    def loss(parameters):
        return np.logaddexp(0, np.where(label, -1, 1) * (parameters[0] + parameters[1] * x)).sum()

    offset, slope = minimize(loss, [0, 1], tol=1e-10).x
    found = calibrated_probabilities(label, x, x)
    np.testing.assert_allclose(found, expit(offset + slope * x), atol=2e-4)


def test_where_every_share_is_equally_likely_it_is_the_lowest():
    assert harmful_share(0.25, [0.25, 0.25]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_the_share_of_new_items_is_found(share):
    label, x = calibration_sample(4000, 0, 0.3)
    new_label, new_x = calibration_sample(4000, 1, share)
    calibrated = calibrated_probabilities(label, x, new_x)
    found = harmful_share(label.mean(), calibrated)
    assert found == pytest.approx(new_label.mean(), abs=0.03)


def em(prior, calibrated, weights, steps=20_000):
    """Saerens, Latinne & Decaestecker (2002), eq. 2.4 and 2.5, as printed."""
    share = prior
    for _ in range(steps):
        harm = share / prior * calibrated
        posterior = harm / (harm + (1 - share) / (1 - prior) * (1 - calibrated))
        share = (weights * posterior).sum() / weights.sum()
    return share


@settings(max_examples=25, deadline=None)
@given(
    calibrated=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=12),
    prior=st.floats(0.05, 0.95),
    seed=st.integers(0, 99),
)
def test_the_new_share_is_where_em_arrives(calibrated, prior, seed):
    calibrated = np.array(calibrated)
    weights = np.random.default_rng(seed).integers(1, 9, calibrated.size)
    found = harmful_share(prior, calibrated, weights)

    def likelihood(share):
        mixture = share * calibrated / prior + (1 - share) * (1 - calibrated) / (1 - prior)
        return (weights * np.log(mixture)).sum()

    arrived = em(prior, calibrated, weights)
    assert likelihood(found) >= likelihood(arrived) - 1e-9
    if weights @ (calibrated - prior) ** 2 > 0.1:  # else the likelihood is all but flat
        assert found == pytest.approx(arrived, abs=0.01)


@pytest.mark.parametrize(
    ("row", "share"), [([1, 1, 1], None), ([5, 0, 0], 0), ([0, 0, 2], 1), ([2, 1, 3], None)]
)
def test_a_weight_is_so_many_items(row, share):
    calibrated = np.array([0.1, 0.4, 0.9])
    found = harmful_share(0.5, calibrated, row)
    assert found == pytest.approx(harmful_share(0.5, np.repeat(calibrated, row)), abs=1e-9)
    assert share is None or found == pytest.approx(share, abs=1e-9)
    labels, logits, weights = [0, 1, 0, 1], np.array([-1.0, 0.5, 1.0, 2.0]), [1, 2, 3, 2]
    weighted = calibrated_probabilities(labels, logits, [0.0, 1.0], weights)
    repeated = calibrated_probabilities(
        np.repeat(labels, weights), np.repeat(logits, weights), [0.0, 1.0]
    )
    np.testing.assert_allclose(weighted, repeated, rtol=1e-6)


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_scores_without_doubt(certain):
    ends = logit([1e-6, 1 - 1e-6])
    calibrated = calibrated_probabilities([0, 0, 1, 1], ends.repeat(2), [ends[int(certain)]] * 3)
    assert abs(calibrated - certain).max() < 0.01
    assert harmful_share(0.5, np.full(3, certain)) == pytest.approx(certain)


def test_calibration_needs_both_classes_and_finite_logits():
    with pytest.raises(ValueError, match="all 2 labels are 1; pass both classes"):
        calibrated_probabilities([1, 1], [0.1, 0.2], [0.3])
    with pytest.raises(ScoresError, match=r"scores\[1\] is nan"):
        calibrated_probabilities([1, 0], [0.1, np.nan], [0.3])
