"""Time of the group bootstrap: 2,000 resamples of 3 models x 3 epochs x 600 items.

Run `python benchmarks/bench_bootstrap.py`. It prints seconds and, from the same run, the ratio to a
loop that resamples items and calls scikit-learn (timed on fewer resamples, and scaled up).
"""

from time import perf_counter

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from harmlib.analysis.bootstrap import (
    best_threshold_interval,
    curve_band,
    metric_intervals,
    precision_recall_band,
)

MODELS, EPOCHS, ITEMS, GROUPS, RESAMPLES = 3, 3, 600, 240, 2000
LOOPED = 20  # resamples of the loop
GRID = np.round(np.arange(0.30, 0.71, 0.05), 2)  # the nine thresholds of the published report


def make_runs(seed=0):
    """Labels, groups, and the probabilities of each model and epoch on the same items."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, GROUPS, ITEMS)
    labels = (rng.random(GROUPS) < 0.7).astype(int)[groups]
    logits = rng.normal(size=(MODELS * EPOCHS, ITEMS)) + 2 * labels - 0.5
    return labels, groups, 1 / (1 + np.exp(-logits))


def seconds(function, runs):
    labels, groups, scores = runs
    start = perf_counter()
    for run in scores:
        function(labels, run, groups)
    return perf_counter() - start


def intervals(labels, scores, groups):
    metric_intervals(labels, scores, 0.5, groups, resamples=RESAMPLES)
    best_threshold_interval(labels, scores, GRID, groups, resamples=RESAMPLES)


def bands(labels, scores, groups):
    curve_band(labels, scores, np.linspace(0.01, 0.99, 99), groups, resamples=RESAMPLES)
    precision_recall_band(labels, scores, groups, resamples=RESAMPLES)


def loop(labels, scores, groups):
    """The intervals, one resample and one scikit-learn call at a time."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    for _ in range(LOOPED):
        drawn = rng.integers(len(members), size=len(members))
        items = np.concatenate([members[group] for group in drawn])
        average_precision_score(labels[items], scores[items])
        for threshold in GRID:
            precision_recall_fscore_support(
                labels[items], scores[items] > threshold, average="binary", zero_division=0
            )


if __name__ == "__main__":
    runs = make_runs()
    fast, slow = seconds(intervals, runs), seconds(loop, runs) * RESAMPLES / LOOPED
    print(f"{RESAMPLES} resamples of {MODELS} models x {EPOCHS} epochs x {ITEMS} items")
    print(f"  intervals of 7 metrics and of the best of {len(GRID)} thresholds: {fast:.2f} s")
    print(
        f"  bands of 6 metrics at 99 thresholds, and precision-recall: {seconds(bands, runs):.2f} s"
    )
    print(
        f"  scikit-learn in a loop (from {LOOPED} resamples): {slow:.0f} s, ratio {slow / fast:.0f}"
    )
