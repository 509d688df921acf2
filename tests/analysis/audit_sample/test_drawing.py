"""What is drawn: every item with its stated chance, groups spread, strata filled."""

import numpy as np
import pandas as pd
import pytest
from audit_samples import make_decisions
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.analysis.audit_sample.drawing import SAMPLE_COLUMNS, draw_sample, systematic
from harmlib.analysis.audit_sample.strata import FEWEST, TooFew, allocate, stratify


def test_a_sample_says_from_what_it_was_drawn():
    decisions = make_decisions()
    sample = draw_sample(decisions, ["site"], 200, seed=1)
    assert list(sample) == [*SAMPLE_COLUMNS[:-1], "by_site", "label"]
    assert len(sample) == 200
    assert sample["item_id"].is_unique
    weight = 1 / sample["inclusion_probability"]
    assert weight.sum() == pytest.approx(len(decisions), rel=1e-4)
    whole = stratify(decisions, ["site"], 200).value_counts()
    assert (sample.set_index("stratum")["stratum_size"] == whole[sample["stratum"]]).all()
    assert (sample.groupby("stratum").size() >= FEWEST).all()
    assert (sample["decision"] == "passed").sum() == 100
    assert draw_sample(decisions, ["site"], 200, seed=1).equals(sample)
    assert not draw_sample(decisions, ["site"], 200, seed=2)["item_id"].equals(sample["item_id"])


def test_the_nearer_to_the_threshold_the_more_is_looked_at():
    sample = draw_sample(make_decisions(20_000), [], 500, seed=1)
    chance = sample.drop_duplicates("stratum").set_index("stratum")["inclusion_probability"]
    assert chance["passed 1"] > chance["passed 2"] > chance["passed 3"]
    assert chance["flagged 1"] > chance["passed 1"]


def test_every_item_of_a_stratum_has_the_same_chance():
    rng = np.random.default_rng(0)
    strata = np.repeat([0, 1], [30, 20])
    groups = np.repeat(np.arange(10), [9, 1, 9, 1, 10, 2, 2, 2, 2, 12])
    times = np.zeros(50)
    for _ in range(4000):
        places = systematic(strata, groups, np.array([6, 10]), rng)
        assert len(set(places)) == 16
        times[places] += 1
    assert times[:30] / 4000 == pytest.approx(0.2, abs=0.03)
    assert times[30:] / 4000 == pytest.approx(0.5, abs=0.04)


def test_a_group_is_met_as_seldom_as_possible():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(50), 20)
    for _ in range(20):
        places = systematic(np.zeros(1000, int), groups, np.array([50]), rng)
        assert len(np.unique(groups[places])) == 50


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(1, 4000), st.booleans(), st.floats(0.1, 0.5)), min_size=1, max_size=12
    ),
    st.integers(1, 900),
)
def test_allocation_adds_up_and_fits(strata, n):
    size, flagged, spread = (np.array(part) for part in zip(*strata, strict=True))
    drawn = allocate(size, flagged, spread, n)
    assert drawn.sum() == min(n, size.sum())
    assert (drawn >= 0).all()
    assert (drawn <= size).all()
    if n >= 2 * FEWEST * len(size):
        assert (drawn >= np.minimum(size, FEWEST)).all()


@settings(max_examples=50)
@given(st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), min_size=1, max_size=60))
def test_equal_scores_are_never_parted(scores):
    decisions = pd.DataFrame({"probability": scores})
    decisions["flagged"] = decisions["probability"] > 0.4
    names = stratify(decisions, [], 100)
    assert names.groupby(decisions["probability"]).nunique().eq(1).all()
    assert names.str.startswith("flagged").eq(decisions["flagged"]).all()


def test_too_many_slices_for_the_sample():
    with pytest.raises(
        TooFew, match=r"60 items are too few for [\d,]+ strata \(2,000 slices of item"
    ):
        stratify(make_decisions(), ["item_id"], 60)


def test_small_samples_have_fewer_bands():
    decisions = make_decisions()
    assert [stratify(decisions, [], n).nunique() for n in (20, 40, 60)] == [2, 4, 5]


def test_fewer_decisions_than_asked_for_are_all_looked_at():
    decisions = make_decisions(30)
    sample = draw_sample(decisions, [], 200, seed=1)
    assert set(sample["item_id"]) == set(decisions["item_id"])
    assert (sample["inclusion_probability"] == 1).all()
