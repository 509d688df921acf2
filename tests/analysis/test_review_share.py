"""Recall by the share that people look at, and which groups hold the errors."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.group_errors import group_errors
from harmlib.analysis.intervals import metric_intervals
from harmlib.analysis.pooled import pooled_results
from harmlib.analysis.rate_estimates import rates_at
from harmlib.analysis.review_share import COLUMNS, SHARES, review_share


def made(seeds=(), size=120):
    """Scores of two variants: val and test, with seeds two folds of each."""
    rng = np.random.default_rng(3)
    tables = []
    trainings = [{"seed": s, "fold": f} for s in seeds for f in (0, 1)] or [{}]
    for training in trainings:
        for variant in ("model2", "model4"):
            count = np.arange(size)
            count = count[count % 2 == training["fold"]] if training else count
            label = (count % 3 > 0).astype(int)
            probability = np.clip(0.3 * label + rng.random(len(count)) * 0.7, 0, 1)
            for split in ("val", "test"):
                tables.append(
                    pd.DataFrame(
                        {"variant": variant, **training, "epoch": 1, "split": split,
                         "item_id": [f"i{c}" for c in count], "label": label,
                         "logit": probability, "probability": probability,
                         "group": [f"g{c // 4}" for c in count]}
                    )
                )  # fmt: skip
    points = [
        {"variant": variant, **training, "epoch": 1, "threshold": 0.5, "chosen": True, "f1": 0.5}
        for training in trainings
        for variant in ("model2", "model4")
    ]
    return pd.concat(tables, ignore_index=True), pd.DataFrame(points)


@pytest.mark.parametrize("seeds", [(), (1, 2)])
def test_it_goes_from_nothing_to_everything(seeds):
    table = review_share(*made(seeds))
    assert tuple(table.columns) == COLUMNS
    for _, own in table.groupby("variant"):
        assert own["flagged_share"].is_monotonic_increasing
        assert own["recall"].is_monotonic_increasing
        ends = own.iloc[[0, -1]][["flagged_share", "recall", "low", "high"]]
        assert ends.to_numpy().tolist() == [[0.0] * 4, [1.0] * 4]
        middle = own.iloc[1:-1]
        assert len(middle) <= len(SHARES)
        assert (middle["low"] <= middle["recall"]).all()
        assert (middle["recall"] <= middle["high"]).all()


def test_a_row_is_what_its_threshold_decides_on_test():
    scored, points = made()
    one = review_share(scored, points).query("variant == 'model4'").iloc[8]
    test = scored.query("variant == 'model4' and split == 'test'")
    flagged = test["probability"] > one.threshold
    assert one.flagged_share == pytest.approx(flagged.mean())
    assert one.recall == pytest.approx(flagged[test["label"] == 1].mean())
    expected = metric_intervals(
        test["label"], test["probability"], one.threshold, test["group"], metrics=["recall"]
    ).iloc[0]
    assert (one.low, one.high) == pytest.approx((expected["low"], expected["high"]))


def test_seeds_widen_the_band_as_they_widen_every_interval():
    scored, points = made((1, 2))
    one = review_share(scored, points).query("variant == 'model4'").iloc[8]
    test = scored.query("variant == 'model4' and split == 'test'")
    rates = rates_at(
        test["label"], test["probability"], one.threshold, test["group"], repeats=test["seed"]
    )
    low, high = rates["recall"].interval("share")
    assert (one.low, one.high) == pytest.approx((low[0], high[0]))


def test_equal_scores_are_looked_at_together():
    scored, points = made()
    table = review_share(scored.assign(probability=0.5), points)
    assert table["flagged_share"].tolist() == [0.0, 1.0] * 2


def test_too_few_groups_have_no_band():
    scored, points = made()
    table = review_share(scored.assign(group="one"), points)
    middle = table[table["threshold"].notna()]
    assert middle["low"].isna().all()
    assert middle["recall"].notna().all()


@pytest.mark.parametrize("seeds", [(), (1, 2)])
def test_errors_by_group_add_up_to_the_errors_of_the_results(seeds):
    scored, points = made(seeds)
    counted = group_errors(scored, points)
    sums = counted.groupby("variant")[["misses", "false_alarms", "n"]].sum()
    if seeds:
        results = pooled_results(scored, points).set_index("variant")
        for variant in ("model2", "model4"):
            assert sums.loc[variant, "misses"] == results.loc[variant, "fn"]
            assert sums.loc[variant, "false_alarms"] == results.loc[variant, "fp"]
    test = scored[scored["split"] == "test"]
    flagged = test["probability"] > 0.5
    assert sums["misses"].sum() == (~flagged & (test["label"] == 1)).sum()
    assert sums["n"].sum() == len(test)


def test_the_groups_with_the_most_errors_come_first():
    for _, own in group_errors(*made()).groupby("variant"):
        assert (own["misses"] + own["false_alarms"]).is_monotonic_decreasing
