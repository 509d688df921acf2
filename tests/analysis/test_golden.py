"""The published Model 3, epoch 1 (423 harmful and 158 safe clips), through the sweep."""

import numpy as np
import pytest

from harmlib.analysis.choice import choose
from harmlib.analysis.thresholds import sweep

# threshold, tp, fp, then precision, recall, f1 as printed in section 3.1
PUBLISHED = [
    (0.30, 419, 75, "0.8482", "0.9905", "0.9138"),
    (0.35, 419, 66, "0.8639", "0.9905", "0.9229"),
    (0.40, 418, 62, "0.8708", "0.9882", "0.9258"),
    (0.45, 417, 60, "0.8742", "0.9858", "0.9267"),
    (0.50, 417, 57, "0.8797", "0.9858", "0.9298"),
    (0.55, 417, 54, "0.8854", "0.9858", "0.9329"),
    (0.60, 415, 48, "0.8963", "0.9811", "0.9368"),
    (0.65, 413, 44, "0.9037", "0.9764", "0.9386"),
    (0.70, 411, 40, "0.9113", "0.9716", "0.9405"),
]
GRID = [row[0] for row in PUBLISHED]
HARMFUL, SAFE = 423, 158


@pytest.fixture(scope="module")
def clips():
    """Labels and scores of 581 clips with those counts: each score in the middle of its bin."""
    middles = np.append(np.array([0.0, *GRID]) + 0.025, 0.85)[[0, *range(1, 9), 10]]
    scores = []
    for total, column in ((HARMFUL, 1), (SAFE, 2)):
        above = [total, *(row[column] for row in PUBLISHED), 0]
        scores.append(np.repeat(middles, -np.diff(above)))
    labels = np.repeat([1, 0], [HARMFUL, SAFE])
    order = np.random.default_rng(0).permutation(labels.size)
    return labels[order], np.concatenate(scores)[order]


def test_section_3_1_to_four_digits(clips):
    table = sweep(*clips, thresholds=GRID)
    printed = [
        tuple(f"{rate:.4f}" for rate in row)
        for row in table[["precision", "recall", "f1"]].to_numpy()
    ]
    assert printed == [row[3:] for row in PUBLISHED]
    assert list(zip(table["tp"], table["fp"], strict=True)) == [row[1:3] for row in PUBLISHED]
    assert (table["tp"] + table["fn"]).eq(HARMFUL).all()
    assert (table["fp"] + table["tn"]).eq(SAFE).all()


def test_best_of_the_grid_is_its_edge(clips):
    choice = choose(*clips, "f1", thresholds=GRID)
    assert (choice.state, choice.threshold, choice.at_grid_edge) == ("ok", 0.70, "high")
    assert f"{choice.value:.4f}" == "0.9405"
    assert (choice.plateau.low, choice.plateau.high) == (0.60, 0.70)
    assert f"{choice.baseline_value:.4f}" == "0.8426"  # Model 2, as printed
    assert choice.above_baseline
