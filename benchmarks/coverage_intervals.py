"""How often the intervals hold the truth: metrics, differences, the baseline, tried thresholds.

Run `python benchmarks/coverage_intervals.py --runs 400 --jobs 2`. It prints Markdown tables, as
docs/statistics.md holds them. Groups differ in their share of harmful items and shift the scores
of their items. `mixed` groups hold both classes, `pure` groups one. A run counts where there is an
interval: both classes lie in at least five groups.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import special
from scipy.optimize import brentq

from harmlib.analysis.corrected_differences import corrected_differences
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.intervals import METRICS, metric_intervals
from harmlib.analysis.paired import baseline_difference
from harmlib.analysis.rates import rate

GROUPS, SIZES, SHARES = (9, 20, 50, 200), (1, 4, (1, 40)), (0.1, 0.5, 0.73, 0.9)
SHIFT, SPREAD = 0.7, 1.0  # standard deviations between groups: of scores, of the logit of the share
POPULATION = 100_000  # groups that stand for the truth
LEAST = 0.3  # settings where fewer of the runs have an interval are left out


def sample(rng, groups, size, share, pure, apart=2.2):
    """Labels (0 or 1), scores and group codes of one sample."""
    sizes = (
        np.full(groups, size) if np.isscalar(size) else rng.integers(size[0], size[1] + 1, groups)
    )
    codes = np.repeat(np.arange(groups), sizes)
    if pure:
        shares = (rng.random(groups) < share).astype(float)
    else:
        shares = special.expit(1.15 * special.logit(share) + SPREAD * rng.standard_normal(groups))
    labels = rng.random(len(codes)) < shares[codes]
    shifts = SHIFT * rng.standard_normal(groups)
    scores = apart * (labels - 0.5) + shifts[codes] + rng.standard_normal(len(codes))
    return labels.astype(int), scores, codes


def true_metrics(size, share, pure, apart):
    """The metrics of the population, at threshold 0."""
    known = (1, 4) if np.isscalar(size) else (1, 8)
    rng = np.random.default_rng(999)
    labels, scores, _ = sample(
        rng, POPULATION, size if np.isscalar(size) else known, share, pure, apart
    )
    harmful, flagged = labels == 1, scores > 0
    counts = [(harmful & flagged).sum(), (~harmful & flagged).sum(),
              (harmful & ~flagged).sum(), (~harmful & ~flagged).sum()]  # fmt: skip
    ranked = harmful[np.argsort(-scores)]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    found = {name: float(rate(name, counts)) for name in METRICS[:-1]}
    baseline = 2 * harmful.mean() / (1 + harmful.mean())
    return found | {"average_precision": precision[ranked].mean(), "baseline": baseline}


def percentile_f1(labels, scores, codes, rng, resamples=400):
    """The percentile interval of F1 from whole groups drawn anew, for contrast."""
    flagged, groups = scores > 0, codes.max() + 1
    table = np.stack([np.bincount(codes, weights, groups) for weights in
                      (labels * flagged, (1 - labels) * flagged, labels * ~flagged)])  # fmt: skip
    tp, fp, fn = table @ rng.multinomial(groups, np.full(groups, 1 / groups), resamples).T
    return np.nanquantile(2 * tp / (2 * tp + fp + fn), [0.025, 0.975])


def cover(setting, runs):
    """One row: the share of runs whose interval holds the truth, of each metric."""
    groups, size, share, pure, apart = setting
    truth, hits, contrast = true_metrics(size, share, pure, apart), [], []
    for run in range(runs):
        rng = np.random.default_rng([run, groups, int(100 * share), int(pure), int(10 * apart)])
        labels, scores, codes = sample(rng, groups, size, share, pure, apart)
        if not count_groups(labels, codes).enough:
            continue
        table = metric_intervals(labels, scores, 0.0, codes).set_index("metric")
        hits.append([table.at[m, "low"] - 1e-9 <= truth[m] <= table.at[m, "high"] + 1e-9
                     for m in METRICS])  # fmt: skip
        low, high = percentile_f1(labels, scores, codes, rng)
        contrast.append(low <= truth["f1"] <= high)
    if len(hits) < LEAST * runs:
        return None
    size = size if np.isscalar(size) else f"{size[0]} to {size[1]}"
    row = {"groups": groups, "of": size, "harmful": share, "kind": "pure" if pure else "mixed",
           "F1": round(truth["f1"], 2), "runs": len(hits)}  # fmt: skip
    return (
        row
        | dict(zip(METRICS, np.mean(hits, 0), strict=True))
        | {"percentile F1": np.mean(contrast)}
    )


def like_the_baseline(share):
    """The distance between the classes at which F1 at threshold 0 is the baseline's."""

    def gain(apart):
        found = true_metrics(4, share, False, apart)
        return found["f1"] - found["baseline"]

    return brentq(gain, 0.2, 4, xtol=1e-3)


def false_claims(groups, share, apart, runs):
    """How often a model that is as good as the baseline is called clearly better, or worse."""
    better = worse = n = 0
    for run in range(runs):
        rng = np.random.default_rng([run, groups, 7])
        labels, scores, codes = sample(rng, groups, 4, share, False, apart)
        if not count_groups(labels, codes).enough:
            continue
        row = baseline_difference(labels, scores, 0.0, codes, metrics=["f1"]).iloc[0]
        n, better, worse = n + 1, better + (row["low"] > 0), worse + (row["high"] < 0)
    return {"groups": groups, "harmful": share, "runs": n, "clearly better": better / n,
            "clearly worse": worse / n}  # fmt: skip


def tried(groups, runs):
    """How often the corrected intervals hold all true differences at once; zero width aside."""

    def f1(labels, scores):
        return np.array([2 * (labels * (scores > t)).sum() / ((scores > t).sum() + labels.sum())
                         for t in (0.0, *grid)])  # fmt: skip

    grid = np.linspace(-1, 1, 9)
    curve = f1(*sample(np.random.default_rng(999), POPULATION, 4, 0.73, False)[:2])
    truth, alone, together, claims, n = curve[1:] - curve[0], 0, 0, 0, 0
    for run in range(runs):
        labels, scores, codes = sample(
            np.random.default_rng([run, groups, 8]), groups, 4, 0.73, False
        )
        table = corrected_differences(labels, scores, 0.0, scores, grid, codes)
        if table["low"].isna().any():
            continue
        wide = table["high"] > table["low"]
        n += 1
        alone += (((table["low"] <= truth) & (truth <= table["high"])) | ~wide).all()
        low, high = table["corrected_low"], table["corrected_high"]
        together += (((low <= truth) & (truth <= high)) | ~wide).all()
        claims += ((low > 0) & (truth <= 0)).any()
    return {"groups": groups, "runs": n, "corrected": together / n, "each alone": alone / n,
            "a false 'better'": claims / n}  # fmt: skip


def print_table(title, rows):
    table = pd.DataFrame(rows)
    print(f"\n**{title}**\n\n| {' | '.join(table)} |\n|{'---|' * table.shape[1]}")
    for row in table.to_dict("records"):
        cells = (
            f"{value:.3f}" if isinstance(value, float) and name not in ("harmful", "F1") else value
            for name, value in row.items()
        )
        print(f"| {' | '.join(map(str, cells))} |")


def summary(found):
    """Per number of groups and metric: the lowest, mean and highest coverage of all settings."""
    rows = []
    for metric in [*METRICS, "percentile F1"]:
        for groups, own in found.groupby("groups"):
            cover = own[metric]
            rows.append(
                {"groups": groups, "metric": metric, "settings": len(own)}
                | {"lowest": cover.min(), "mean": cover.mean(), "highest": cover.max()}
                | {"below .93": int((cover < 0.93).sum()), "above .98": int((cover > 0.98).sum())}
            )
    return rows


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=400)
    options.add_argument("--jobs", type=int, default=2)
    args = options.parse_args()
    settings = [
        (groups, size, share, pure, apart)
        for apart, pure, share, size, groups in product(
            (2.2, 3.5), (False, True), SHARES, SIZES, GROUPS
        )
        if not (pure and size == 1)
    ]
    with Parallel(args.jobs) as pool:
        rows = [row for row in pool(delayed(cover)(s, args.runs) for s in settings) if row]
        apart = {share: like_the_baseline(share) for share in SHARES[1:]}
        claims = pool(
            delayed(false_claims)(groups, share, apart[share], 5 * args.runs)
            for share, groups in product(apart, GROUPS)
        )
        trials = pool(delayed(tried)(groups, args.runs) for groups in GROUPS)
    title = f"Coverage of 95 % intervals, by metric and groups ({args.runs} runs a setting)"
    print_table(title, summary(pd.DataFrame(rows)))
    print_table("Every setting", rows)
    print_table("A model as good as the baseline", claims)
    print_table("Nine tried thresholds at once", trials)
