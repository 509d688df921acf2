"""Time of the intervals: 3 models x 3 epochs x 600 items in 240 groups, and 20,000 items alone.

Run `python benchmarks/bench_intervals.py`. It prints seconds and, from the same run, the ratio to a
loop that leaves each group out and calls scikit-learn (timed on fewer groups, and scaled up).
"""

from time import perf_counter

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from harmlib.analysis.corrected_differences import corrected_differences
from harmlib.analysis.intervals import curve_band, metric_intervals

RUNS, ITEMS, GROUPS = 9, 600, 240
MANY_ITEMS = 20_000  # each a group of its own
LOOPED = 20  # groups that the loop leaves out
GRID = np.round(np.arange(0.30, 0.71, 0.05), 2)  # the nine thresholds of the published report


def make_runs(items, n_groups, seed=0):
    """Labels, groups, and the probabilities of each run on the same items."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, n_groups, items)
    labels = (rng.random(n_groups) < 0.7).astype(int)[groups]
    logits = rng.normal(size=(RUNS, items)) + 2 * labels - 0.5
    return labels, groups, 1 / (1 + np.exp(-logits))


def seconds(function, runs):
    labels, groups, scores = runs
    start = perf_counter()
    for run in scores:
        function(labels, run, groups)
    return perf_counter() - start


def intervals(labels, scores, groups):
    metric_intervals(labels, scores, 0.5, groups)


def bands(labels, scores, groups):
    curve_band(labels, scores, np.linspace(0.01, 0.99, 99), groups)


def tried(labels, scores, groups):
    corrected_differences(labels, scores, 0.5, scores, GRID, groups)


def loop(labels, scores, groups):
    """The intervals, one group and one scikit-learn call at a time."""
    for group in np.unique(groups)[:LOOPED]:
        kept = groups != group
        average_precision_score(labels[kept], scores[kept])
        precision_recall_fscore_support(labels[kept], scores[kept] > 0.5, average="binary")


if __name__ == "__main__":
    few, many = make_runs(ITEMS, GROUPS), make_runs(MANY_ITEMS, MANY_ITEMS)
    fast, slow = seconds(intervals, few), seconds(loop, few) * GROUPS / LOOPED
    print(f"{RUNS} runs of {ITEMS} items in {GROUPS} groups")
    print(f"  intervals of 7 metrics: {fast:.2f} s")
    print(f"  bands of 6 metrics at 99 thresholds: {seconds(bands, few):.2f} s")
    print(f"  {len(GRID)} tried thresholds, corrected: {seconds(tried, few):.2f} s")
    print(f"  scikit-learn in a loop (from {LOOPED} groups): {slow:.1f} s, ratio {slow / fast:.0f}")
    print(f"{RUNS} runs of {MANY_ITEMS:,} items, each a group")
    print(f"  intervals of 7 metrics: {seconds(intervals, many):.2f} s")
    print(f"  bands of 6 metrics at 99 thresholds: {seconds(bands, many):.2f} s")
