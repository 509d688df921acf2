import numpy as np
import pytest
from paired_samples import GRID, grouped, published_scores
from scipy.stats import norm

from harmlib.analysis import corrected_differences as module
from harmlib.analysis.corrected_differences import corrected_differences
from harmlib.analysis.paired import paired_difference


def f1_of(table):
    return table.set_index("metric").loc["f1"]


def test_the_seeds_threshold_gain_does_not_survive_having_tried_nine():
    labels, scores = published_scores()
    table = corrected_differences(labels, scores, 0.5, scores, GRID).set_index("threshold")
    assert table["difference"].idxmax() == 0.7
    best = table.loc[0.7]
    assert best["low"] > 0 > best["corrected_low"]
    assert best["p_corrected"] > 0.05
    same = table.loc[0.5]
    assert same[["difference", "corrected_low", "corrected_high"]].eq(0).all()
    assert same["p_corrected"] == 1


def test_one_threshold_needs_no_correction():
    labels, a, b, groups = grouped()
    table = corrected_differences(labels, a, 0, b, [0.3], groups).iloc[0]
    assert table["corrected_low"] == pytest.approx(table["low"], abs=0.002)
    assert table["corrected_high"] == pytest.approx(table["high"], abs=0.002)
    pair = f1_of(paired_difference(labels, a, 0, b, 0.3, groups))
    assert table[["low", "high"]].tolist() == pair[["low", "high"]].tolist()


def test_correction_widens_with_thresholds_but_less_than_bonferroni():
    labels, a, b, groups = grouped()
    grid = np.linspace(0.1, 1, 10)
    one, ten = (
        corrected_differences(labels, a, 0, b, tried, groups).set_index("threshold")
        for tried in (grid[:1], grid)
    )
    widths = [table.eval("corrected_high - corrected_low").iloc[0] for table in (one, ten)]
    assert 1.05 < widths[1] / widths[0] < 1.45
    bonferroni = f1_of(paired_difference(labels, a, 0, b, 0.1, groups, comparisons=10))
    assert widths[1] < bonferroni["corrected_high"] - bonferroni["corrected_low"]
    assert ten["p_corrected"].iloc[0] >= one["p_corrected"].iloc[0]


def test_corrected_intervals_hold_at_all_thresholds_at_once(monkeypatch):
    """Coverage of the true recall differences, which the generating law gives."""
    monkeypatch.setattr(module, "DRAWS", 2000)
    rng = np.random.default_rng(2)
    grid = np.linspace(-1.2, 1.2, 8)
    truth = norm.sf(grid) - norm.sf(0)
    alone, corrected, simulations = 0, 0, 150
    labels, groups = np.tile([1] * 7 + [0], 30), np.repeat(np.arange(30), 8)
    for _ in range(simulations):
        a, b = rng.normal(size=(2, len(labels)))
        table = corrected_differences(labels, a, 0, b, grid, groups, metric="recall")
        alone += table["low"].le(truth).all() and table["high"].ge(truth).all()
        corrected += (
            table["corrected_low"].le(truth).all() & table["corrected_high"].ge(truth).all()
        )
    assert alone / simulations < 0.88
    assert 0.92 < corrected / simulations < 0.99


def test_a_corrected_p_agrees_with_its_interval():
    labels, a, b, groups = grouped()
    b = b + 0.5 * labels
    table = corrected_differences(labels, a, 0, b, np.linspace(-2, 2, 15), groups)
    outside = (table["corrected_low"] > 0) | (table["corrected_high"] < 0)
    assert 0 < outside.sum() < len(table)
    assert (table.loc[outside, "p_corrected"] <= 0.0502).all()
    assert (table.loc[~outside, "p_corrected"] >= 0.0498).all()


def test_no_draw_beats_a_clear_difference_and_p_says_so():
    labels = np.tile([0, 1], 100)
    blind = np.random.default_rng(0).random(200)
    table = corrected_differences(labels, blind, 0.5, labels, [0.5])
    assert table["p_corrected"].item() == 1 / (1 + module.DRAWS)


def test_a_threshold_that_is_the_reference_differs_by_nothing_for_certain():
    labels, scores = [0, 0, 1, 1] * 5, [0.1, 0.6, 0.4, 0.9] * 5
    row = corrected_differences(labels, scores, 0.5, scores, [0.5]).iloc[0]
    assert row["p_corrected"] == 1
    assert (row["corrected_low"], row["corrected_high"]) == (0, 0)
