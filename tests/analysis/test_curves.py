import numpy as np
import pytest
from sklearn import metrics

from harmlib.analysis.curves import baseline_row, pr_curve, roc_curve, summary
from harmlib.analysis.thresholds import NonFiniteThresholds

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
    np.testing.assert_array_equal(curve["precision"], precision)
    np.testing.assert_array_equal(curve["recall"], recall)
    flagged = scores > curve["threshold"][3]
    assert metrics.precision_score(LABELS, flagged) == precision[3]


@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_roc_curve_is_scikit_learns(scores):
    false_alarms, recall, _ = metrics.roc_curve(LABELS, scores, drop_intermediate=False)
    curve = roc_curve(LABELS, scores)
    np.testing.assert_array_equal(curve["false_alarm_rate"], false_alarms[::-1])
    np.testing.assert_array_equal(curve["recall"], recall[::-1])


@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_summary_is_scikit_learns(scores):
    flagged = scores > 0.7
    assert summary(LABELS, scores, 0.7) == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(LABELS, flagged),
            "precision": metrics.precision_score(LABELS, flagged),
            "recall": metrics.recall_score(LABELS, flagged),
            "f1": metrics.f1_score(LABELS, flagged),
            "average_precision": metrics.average_precision_score(LABELS, scores),
            "roc_auc": metrics.roc_auc_score(LABELS, scores),
            "n": 400,
        }
    )


@pytest.mark.parametrize(
    ("labels", "average_precision", "roc_auc", "recall", "false_alarms"),
    [([1, 1], 1.0, np.nan, [1, 0.5, 0], [0, 0, 0]), ([0, 0], np.nan, np.nan, [0] * 3, [1, 0.5, 0])],
)
def test_one_class(labels, average_precision, roc_auc, recall, false_alarms):
    row = summary(labels, [0.2, 0.9], 0.5)
    assert row["average_precision"] == pytest.approx(average_precision, nan_ok=True)
    assert row["roc_auc"] == pytest.approx(roc_auc, nan_ok=True)
    curve = roc_curve(labels, [0.2, 0.9])
    assert curve["recall"].tolist() == recall
    assert curve["false_alarm_rate"].tolist() == false_alarms


def test_baseline_row_calls_everything_harmful():
    row = baseline_row(np.repeat([1, 0], [423, 158]))
    share = pytest.approx(423 / 581)
    assert f"{row['f1']:.4f}" == "0.8426"
    assert (row["accuracy"], row["precision"], row["average_precision"]) == (share,) * 3
    assert (row["recall"], row["roc_auc"], row["n"]) == (1.0, 0.5, 581)


def test_bad_threshold_is_named():
    with pytest.raises(NonFiniteThresholds, match=r"thresholds\[0\] is nan"):
        summary([0, 1], [0.1, 0.2], np.nan)
