import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from harmlib.analysis.average_precision import average_precision_estimate
from harmlib.analysis.over_seeds import SeedEstimates, estimate_over_seeds
from harmlib.analysis.rate_estimates import rate_estimates


def judged(seeds=(1, 2, 3), items=60, groups=12, draw=0):
    rng = np.random.default_rng(draw)
    tables = []
    for seed in seeds:
        label = np.arange(items) % 2
        logit = label + rng.normal(size=items)
        tables.append(
            pd.DataFrame(
                {"seed": seed, "item_id": [f"{i:03}" for i in range(items)], "label": label,
                 "group": [f"g{i % groups}" for i in range(items)], "logit": logit,
                 "flagged": logit > 0.5}
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def test_values_are_those_of_each_seed_and_left_out_is_their_mean():
    table = judged()
    found = estimate_over_seeds(table, "average_precision")
    own = [
        average_precision_estimate(part["label"], part["logit"], part["group"])
        for _, part in table.groupby("seed")
    ]
    assert found.values.tolist() == [one.value[0] for one in own]
    np.testing.assert_allclose(found.left_out, np.mean([one.left_out[:, 0] for one in own], axis=0))
    assert found.value == pytest.approx(found.values.mean())


def test_the_order_of_rows_does_not_matter():
    table = judged()
    shuffled = table.sample(frac=1, random_state=0)
    for metric in ("f1", "roc_auc"):
        a, b = (estimate_over_seeds(one, metric) for one in (table, shuffled))
        assert a.values.tolist() == b.values.tolist()
        assert a.interval("share") == b.interval("share")


def test_the_variance_is_that_of_groups_and_of_seeds_by_hand():
    found = SeedEstimates(np.array([0.1, 0.2, 0.3]), np.array([0.2, 0.3] * 3), 6, True)
    groups = np.sqrt(5 / 6 * 3 * 0.1**2)
    seeds = 0.1 / np.sqrt(3)
    assert found.error == pytest.approx(np.hypot(groups, seeds))
    low, high = found.interval("difference")
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 5) * np.hypot(groups, seeds))


def test_one_seed_gives_the_interval_over_groups_alone():
    table = judged(seeds=(1,))
    found = estimate_over_seeds(table, "f1").interval("share")
    flagged = table["flagged"].astype(float)
    low, high = rate_estimates(table["label"], flagged, [0.5], table["group"])["f1"].interval(
        "share"
    )
    assert found == pytest.approx((low[0], high[0]))


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_seeds_that_differ_widen_the_interval_and_shares_stay_within_their_range(draw):
    found = estimate_over_seeds(judged(draw=draw), "f1")
    alone = SeedEstimates(np.full(3, found.value), found.left_out, found.units, found.enough)
    low, high = found.interval("share")
    inner_low, inner_high = alone.interval("share")
    assert 0 <= low <= inner_low <= found.value <= inner_high <= high <= 1


def test_a_difference_with_itself_is_none():
    found = estimate_over_seeds(judged(), "f1")
    assert (found - found).interval("difference") == (0.0, 0.0)


def test_few_groups_give_no_interval():
    found = estimate_over_seeds(judged(groups=4), "roc_auc")
    assert np.isnan(found.interval("share")).all()
    assert np.isnan(found.error)


def test_seeds_of_other_items_are_refused():
    table = judged()
    with pytest.raises(ValueError, match="the seeds judged other items"):
        estimate_over_seeds(table.iloc[:-1], "f1")
