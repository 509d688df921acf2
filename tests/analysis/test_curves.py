import numpy as np
import pytest
from sklearn import metrics

from harmlib.analysis.curves import pr_curve
from harmlib.analysis.thresholds import sweep

RNG = np.random.default_rng(7)
LABELS = RNG.integers(0, 2, 400)
SCORES = {
    "continuous": LABELS * 0.3 + RNG.random(400),
    "tied": np.round(LABELS * 0.3 + RNG.random(400), 1),
}


@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_pr_curve_is_scikit_learns(scores):
    precision, recall, _ = metrics.precision_recall_curve(LABELS, scores)
    curve = pr_curve(LABELS, scores)
    assert list(curve.columns) == ["threshold", "recall", "precision"]
    np.testing.assert_array_equal(curve["precision"], precision)
    np.testing.assert_array_equal(curve["recall"], recall)
    np.testing.assert_array_equal(curve["threshold"], sweep(LABELS, scores)["threshold"])


def test_precision_is_one_only_where_nothing_is_flagged():
    curve = pr_curve([1, 0, 0], [0.1, 0.5, 0.9])
    assert curve["precision"].tolist() == pytest.approx([1 / 3, 0, 0, 1])
    assert curve["recall"].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("label", "recall", "precision"), [(1, [1, 0.5, 0], [1, 1, 1]), (0, [0, 0, 0], [0, 0, 1])]
)
def test_one_class(label, recall, precision):
    curve = pr_curve([label, label], [0.2, 0.9])
    assert curve["recall"].tolist() == recall
    assert curve["precision"].tolist() == precision
