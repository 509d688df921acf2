"""Time and memory of the threshold sweep against scikit-learn: run this file, without arguments.

Two questions, answered by ratios from one run (the candidates take turns;
the median counts, and the ratio of the fastest calls is what a busy machine distorts least):
1. The 9-point grid on 10^6 scores, against the loop of the published report: for every threshold
   `precision_recall_fscore_support` and `confusion_matrix`.
2. Every threshold of 10^7 scores, against `precision_recall_curve`, which returns three arrays;
   the table of `sweep` has 11 columns.

Peak memory is the growth of the resident set in a process of its own. Takes a few minutes.
"""

import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import (
    confusion_matrix,
    precision_recall_curve,
    precision_recall_fscore_support,
)

from harmlib.analysis.thresholds import sweep

GRID = np.round(np.arange(0.30, 0.701, 0.05), 2)


def report_loop(labels, scores):
    rows = []
    for threshold in GRID:
        flagged = (scores > threshold).astype(int)
        rates = precision_recall_fscore_support(labels, flagged, average="binary", zero_division=0)
        rows.append((*rates[:3], confusion_matrix(labels, flagged)))
    return rows


def grid_sweep(labels, scores):
    return sweep(labels, scores, GRID)


# Name, items, dtype of the scores, repeats; the first candidate is what the others compare with.
CASES = [
    ("9 thresholds", 10**6, np.float64, 5, [report_loop, grid_sweep]),
    ("9 thresholds", 10**6, np.float32, 5, [report_loop, grid_sweep]),
    ("all thresholds", 10**7, np.float64, 5, [precision_recall_curve, sweep]),
    ("all thresholds", 10**7, np.float32, 5, [precision_recall_curve, sweep]),
]


def make_items(n, dtype):
    rng = np.random.default_rng(0)
    return rng.integers(0, 2, n), rng.random(n, dtype=dtype)


def seconds(candidates, labels, scores, repeats):
    """Wall seconds of each candidate in each round, after one to warm up."""
    spent = {candidate: [] for candidate in candidates}
    for _ in range(repeats + 1):
        for candidate in candidates:
            start = time.perf_counter()
            candidate(labels, scores)
            spent[candidate].append(time.perf_counter() - start)
    return {candidate: times[1:] for candidate, times in spent.items()}


def peak_mb(candidate, n, dtype):
    """Growth of the resident set during one call; run it in a fresh process."""
    labels, scores = make_items(n, dtype)
    candidate(labels[:1000], scores[:1000])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    candidate(labels, scores)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return grown / (1e6 if sys.platform == "darwin" else 1e3)


def machine():
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        with Path("/proc/cpuinfo").open() as lines:
            model = next((x.split(":")[1].strip() for x in lines if "model name" in x), model)
    return (
        f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python "
        f"{platform.python_version()}, NumPy {np.__version__}, scikit-learn {sklearn.__version__}"
    )


def peaks_mb(candidates, n, dtype):
    peaks = {}
    for candidate in candidates:
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            peaks[candidate] = fresh.apply(peak_mb, (candidate, n, dtype))
    return peaks


def main():
    print(machine())
    # Memory first, while this process is small: a child's peak starts from its parent's.
    peaks = [peaks_mb(candidates, n, dtype) for _, n, dtype, _, candidates in CASES]
    for (name, n, dtype, repeats, candidates), peak in zip(CASES, peaks, strict=True):
        print(f"\n{name}, {n:,} scores, {dtype.__name__}, median of {repeats}")
        times = seconds(candidates, *make_items(n, dtype), repeats)
        for candidate in candidates:
            middle, fastest = (
                (pick(times[candidate]), pick(times[candidates[0]]) / pick(times[candidate]))
                for pick in (statistics.median, min)
            )
            share = peak[candidate] / peak[candidates[0]]
            print(
                f"  {candidate.__name__:24s} {middle[0]:8.4f} s ={middle[1]:6.1f} x as fast;"
                f" fastest {fastest[0]:8.4f} s ={fastest[1]:6.1f} x;"
                f" {peak[candidate]:6.1f} MB = {share:.2f} x the memory"
            )


if __name__ == "__main__":
    main()
