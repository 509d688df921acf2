"""What numbers are read as, and back into a model's own numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.analysis.own_scores.scales import KINDS, Scale, ScaleError, read_scale

LEVELS = (0.0, 2.0, 4.0, 6.0)


@pytest.mark.parametrize(
    ("values", "name", "kind"),
    [
        ([0.1, 0.9], "score", "probability"),
        ([0.0, 1.0], "score", "probability"),
        ([0.1, 0.9], "logit", "logit"),
        ([-3.2, 2.0], "score", "logit"),
        ([0.0, 55.5, 100.0], "score", "percent"),
        ([1.0, 2.0, 3.0], "severity", "levels"),
        (list(range(21)), "score", "percent"),
        (LEVELS, "x", "levels"),
    ],
)
def test_what_numbers_are_read_as(values, name, kind):
    assert read_scale(np.array(values, dtype=float), name, None).kind == kind


@pytest.mark.parametrize(
    ("values", "told", "levels", "words", "about"),
    [
        ([0.2, 0.2], None, (), "all scores are 0.2", math.nan),
        ([], None, (), "there is no score", math.nan),
        ([0.5, 1.5], "probability", (), "1.5 is no probability", 1.5),
        ([-1.0, 50.0], "percent", (), "-1 is no percentage", -1.0),
        ([0.0, 3.0], None, LEVELS, "3 is none of the levels 0, 2, 4, 6", 3.0),
        ([0.0, 500.0], None, (), "neither probabilities", math.nan),
        ([*np.linspace(0, 1, 50), 1.3], None, (), "1.3 is above 1, but nearly all", 1.3),
    ],
)
def test_what_does_not_fit_is_named(values, told, levels, words, about):
    with pytest.raises(ScaleError, match=words) as found:
        read_scale(np.array(values, dtype=float), "score", told, levels)
    assert found.value.value == about or math.isnan(about)


@given(st.sampled_from(KINDS), st.floats(0.01, 0.99))
def test_a_threshold_survives_the_way_to_native_numbers_and_back(kind, threshold):
    scale = Scale(kind, LEVELS if kind == "levels" else ())
    native = scale.to_native(threshold)
    if kind == "levels":
        again = scale.threshold_probability(scale.first_level_above(threshold))
        flags = [level > native for level in LEVELS]
        assert flags == [level > scale.to_native(again) for level in LEVELS]
    else:
        assert scale.threshold_probability(native) == pytest.approx(threshold)


@given(st.sampled_from(KINDS), st.lists(st.integers(0, 3), min_size=2, max_size=20))
def test_order_is_kept(kind, steps):
    natives = {"probability": 0.25, "percent": 25.0, "logit": 2.0, "levels": 2.0}
    values = np.array(steps, dtype=float) * natives[kind]
    scale = Scale(kind, LEVELS if kind == "levels" else ())
    for moved in (scale.to_probability(values), scale.to_logit(values)):
        assert np.isfinite(moved).all()
        assert (np.argsort(moved, kind="stable") == np.argsort(values, kind="stable")).all()


def test_thresholds_to_look_at_lie_between_levels():
    assert Scale("levels", LEVELS).grid() == pytest.approx([1 / 6, 1 / 2, 5 / 6])
    assert len(Scale("percent").grid()) == 19
