"""A plateau is not narrower than what one item can change."""

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.choice import PLATEAU_TOLERANCE, choose
from harmlib.analysis.plateaus import item_plateaus, one_item
from harmlib.analysis.thresholds import sweep


def of(labels, scores):
    curves = sweep(labels, scores).assign(variant="model4")
    choice = choose(labels, scores, "f1")
    choices = pd.DataFrame(
        {"variant": ["model4", "model4"], "objective": ["f1", "mcc"],
         "threshold": choice.threshold, "plateau_low": choice.plateau.low,
         "plateau_high": choice.plateau.high}
    )  # fmt: skip
    return curves, choices, choice


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [6, 40, 2000])
def test_it_holds_every_neighbouring_threshold_that_one_item_decides(seed, size):
    rng = np.random.default_rng(seed)
    labels = np.append([0, 1], rng.integers(0, 2, size))
    curves, choices, choice = of(labels, rng.random(size + 2) + 0.3 * labels)
    (plateau,) = item_plateaus(curves, choices).itertuples()
    assert plateau.low <= choice.plateau.low <= choice.threshold <= choice.plateau.high
    assert choice.plateau.high <= plateau.high
    assert plateau.tolerance >= PLATEAU_TOLERANCE
    inside = curves[curves["threshold"].between(plateau.low, plateau.high)]
    outer = inside["threshold"].between(choice.plateau.low, choice.plateau.high)
    assert (inside.loc[~outer, "f1"] >= choice.value - plateau.tolerance - 1e-9).all()
    beyond = curves[curves["threshold"] > plateau.high].head(1)
    assert (beyond["f1"] < choice.value - plateau.tolerance).all(), "it goes no farther"


def test_with_few_items_it_is_wider_than_the_tolerance_alone():
    labels, scores = [0, 0, 1, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 0.9]
    curves, choices, choice = of(labels, scores)
    (plateau,) = item_plateaus(curves, choices).itertuples()
    assert plateau.high - plateau.low > choice.plateau.width


def test_one_item_is_the_larger_of_a_miss_and_a_false_alarm():
    assert one_item(9, 1, 1) == pytest.approx(0.9 - 16 / 19)
    assert one_item(1, 0, 0) == 1.0, "the one that was found"
    assert one_item(0, 3, 2) == 0.0


def test_of_many_items_the_tolerance_is_that_of_the_choice():
    curves = pd.DataFrame({"variant": "a", "threshold": [0.2, 0.4], "tp": [9000, 8999], "fp": 1000,
                           "fn": [1000, 1001], "f1": [0.9, 0.89995]})  # fmt: skip
    choices = pd.DataFrame({"variant": ["a"], "objective": "f1", "threshold": 0.2,
                            "plateau_low": 0.1, "plateau_high": 0.3})  # fmt: skip
    assert item_plateaus(curves, choices)["tolerance"].tolist() == [PLATEAU_TOLERANCE]


def test_a_variant_without_a_threshold_has_no_plateau():
    curves = sweep([0, 1], [0.1, 0.9]).assign(variant="model4")
    choices = pd.DataFrame({"variant": ["model4"], "objective": "f1", "threshold": [None],
                            "plateau_low": None, "plateau_high": None})  # fmt: skip
    assert item_plateaus(curves, choices).empty
