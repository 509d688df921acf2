"""Optimism that is printed against the one that is there: what validation shows minus the truth.

Groups of four, a model of which epochs of about the same worth are saved, nine thresholds; epoch
and threshold (and the variant) are chosen by F1 on the validation groups. The truth is the F1 of
the chosen epoch and threshold on endless new items. Prints a table for docs/statistics.md.

    python benchmarks/coverage_optimism.py --runs 400 --jobs 16
"""

import argparse
import itertools

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.stats import norm

from harmlib.analysis.optimism import BEST, optimism

GRID = np.round(np.arange(0.1, 0.95, 0.1), 2)
HARMFUL, APART, OFFSET, SIZE = 0.73, 1.9, 0.6, 4
# What differs between the settings: labels within a group, and the spread of the epochs' worth.
SETTINGS = list(itertools.product((9, 20, 50), ("mixed", "one label"), (0.0, 0.3), (1, 3)))
EPOCHS = 10


def make_items(rng, n_groups, labels):
    group = np.repeat(np.arange(n_groups), SIZE)
    while True:
        drawn = rng.random(len(group)) if labels == "mixed" else rng.random(n_groups)[group]
        label = (drawn < HARMFUL).astype(int)
        if label.any() and not label.all():
            return label, group


def make_scores(rng, n_groups, labels, spread, variants):
    """Scores as `optimism` takes them, and how far apart the classes of each epoch are."""
    label, group = make_items(rng, n_groups, labels)

    def noise():
        return (rng.normal(size=n_groups)[group] + rng.normal(size=len(group))) / 2

    shared, parts, apart = noise(), [], {}
    for variant, epoch in itertools.product(variants, range(EPOCHS)):
        apart[variant, epoch] = APART + spread * rng.normal()
        logit = apart[variant, epoch] * (label - 0.5) + OFFSET + shared + noise()
        columns = {"variant": variant, "epoch": epoch, "item_id": np.arange(len(group))}
        columns |= {"label": label, "group": group, "probability": 1 / (1 + np.exp(-logit))}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True), apart


def true_f1(apart, threshold):
    at = np.log(threshold / (1 - threshold)) - OFFSET
    recall, alarms = norm.sf(at - apart / 2), norm.sf(at + apart / 2)
    return 2 * HARMFUL * recall / (HARMFUL * recall + (1 - HARMFUL) * alarms + HARMFUL)


def chosen(scores):
    """The (variant, epoch) and threshold with the highest F1, the first of equals."""
    best = (-1.0, None, None)
    for key, own in scores.groupby(["variant", "epoch"]):
        for threshold in GRID:
            flagged = own["probability"] > threshold
            f1 = 2 * (flagged & (own["label"] == 1)).sum() / (flagged.sum() + own["label"].sum())
            if f1 > best[0]:
                best = (f1, key, threshold)
    return best


def one_run(seed, n_groups, labels, spread, n_variants):
    variants = [f"model{i + 1}" for i in range(n_variants)]
    scores, apart = make_scores(np.random.default_rng(seed), n_groups, labels, spread, variants)
    table = optimism(scores, dict.fromkeys(variants, GRID), seed=seed, resamples=200)
    own = table[table["variant"] == (BEST if n_variants > 1 else variants[0])]
    value = own.set_index("figure")["value"]
    shown, key, threshold = chosen(scores)
    truth = shown - true_f1(apart[key], threshold)
    return truth, value["optimism"], value["same_data"] - value["out_of_bag"], own["excluded"].max()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(
        "| groups of 4 | labels in a group | epochs differ by | variants | shown - true "
        "| printed (.632+) | standard error | out of bag alone | runs without a number |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for n_groups, labels, spread, n_variants in SETTINGS:
        runs = Parallel(options.jobs)(
            delayed(one_run)(seed, n_groups, labels, spread, n_variants)
            for seed in range(options.runs)
        )
        truth, printed, outside, _ = np.array(runs).T
        known = ~np.isnan(printed)
        error = np.std((printed - truth)[known]) / np.sqrt(known.sum())
        print(
            f"| {n_groups} | {labels} | {spread:.1f} | {n_variants} | {truth[known].mean():.3f} "
            f"| {printed[known].mean():.3f} | {error:.3f} | {outside[known].mean():.3f} "
            f"| {(~known).mean():.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
