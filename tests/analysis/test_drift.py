import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.drift import MIN_ITEMS, REASONS, compare_scores
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


def test_the_same_kind_of_data_is_seldom_called_changed():
    verdicts = [
        compare_scores(scored(200, seed), scored(200, 1000 + seed), 0.5).verdict
        for seed in range(60)
    ]
    assert verdicts.count("choose_again") <= 4
    assert verdicts.count("steady") >= 44


@pytest.mark.parametrize(
    ("new", "verdict", "reason"),
    [
        (scored(300, 5, shift=1.5), "choose_again", "flagged_share_moved"),
        (scored(300, 5, flip=0.35), "choose_again", "f1_fell"),
        (scored(300, 5, flip=0.35).drop(columns="label"), "steady", None),
        (scored(300, 5, harmful=0.9).drop(columns="label"), "choose_again", "flagged_share_moved"),
        (scored(MIN_ITEMS - 1, 5, shift=3), "too_few", None),
        (sharpened(scored(300, 5)), "watch", "calibration_worsened"),
    ],
)
def test_a_real_change_is_found_and_named(new, verdict, reason):
    found = compare_scores(scored(400, 1), new, 0.5)
    assert found.verdict == verdict
    assert set(found.reasons) <= set(REASONS)
    if reason:
        assert reason in found.reasons


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
    new = scored(80, 2).assign(label=1)
    assert compare_scores(scored(120, 1), new, 0.5).table["metric"].tolist() == ["flagged_share"]


def test_groups_of_validation_widen_the_interval():
    validation = scored(20, 1).loc[np.repeat(np.arange(20), 10)].reset_index(drop=True)
    grouped, single = (
        compare_scores(validation.assign(group=g), scored(200, 2), 0.5).table.iloc[0]
        for g in (validation["group"], np.arange(200))
    )
    assert grouped["high"] - grouped["low"] > 1.5 * (single["high"] - single["low"])


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (scored(0, 1), "the new scores are empty"),
        (scored(50, 1).assign(probability=3.0), r"new probabilities must lie in \[0, 1\]"),
        (scored(50, 1).assign(probability=np.nan), r"new probabilities must lie in \[0, 1\]"),
    ],
)
def test_bad_input(new, message):
    with pytest.raises(ValueError, match=message):
        compare_scores(scored(50, 1), new, 0.5)
