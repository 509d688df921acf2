"""False alarms and power of `harmlib drift`, and the coverage of its harmful share.

Sources (groups) of a size; logits of harmful and safe items 1.9 apart, with variance 1, half of it
shared by a source. Where validation chose, it chose among ten epochs of equal worth and nine
thresholds by F1, and F1 is corrected by its optimism. Prints tables for docs/predict.md and
docs/statistics.md.

    python benchmarks/coverage_drift.py --runs 400 --jobs 16
"""

import argparse
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from harmlib.analysis.drift import compare_scores
from harmlib.analysis.optimism import optimism

GRID = np.round(np.arange(0.1, 0.95, 0.1), 2)
HARMFUL, APART, OFFSET, EPOCHS = 0.73, 1.9, 0.6, 10


class Sources(NamedTuple):
    """How many sources of how many items."""

    groups: int
    size: int
    labels: str = "mixed"  # within a group: mixed, or one label

    def __str__(self):
        if self.size == 1:
            return f"{self.groups} items"
        return f"{self.groups} groups of {self.size}, {self.labels}"


ONE = "one label"
# validation, new, whether validation chose epoch and threshold (and new items have labels),
# whether the new groups are known
UNCHANGED = [
    (Sources(9, 4), Sources(75, 4), True, True),
    (Sources(9, 4), Sources(300, 1), True, True),
    (Sources(9, 4, ONE), Sources(75, 4, ONE), True, True),
    (Sources(20, 4), Sources(75, 4), True, True),
    (Sources(50, 4), Sources(75, 4), True, True),
    (Sources(60, 1), Sources(300, 1), True, True),
    (Sources(300, 1), Sources(300, 1), True, True),
    (Sources(30, 10, ONE), Sources(60, 4, ONE), True, True),
    (Sources(5, 10), Sources(5, 40), False, True),
    (Sources(10, 10, ONE), Sources(200, 1), False, True),
    (Sources(30, 10, ONE), Sources(200, 1), False, True),
    (Sources(30, 10, ONE), Sources(10, 20, ONE), False, True),
    (Sources(9, 4), Sources(10, 20, ONE), False, True),
    (Sources(100, 1), Sources(30, 1), False, True),
    (Sources(30, 10, ONE), Sources(10, 20, ONE), False, False),
    (Sources(9, 4), Sources(10, 20, ONE), False, False),
    (Sources(300, 1), Sources(10, 20, ONE), False, False),
]
# validation, new, what changed
CHANGED = [
    (old, new, change)
    for old, new in (
        (Sources(300, 1), Sources(300, 1)),
        (Sources(30, 10, ONE), Sources(200, 1)),
        (Sources(9, 4), Sources(75, 4)),
    )
    for change in ("logits + 0.5", "logits + 1.0", "harmful share 0.73 to 0.4",
                   "classes 0.6 apart, labels known")
]  # fmt: skip
SHARES = [
    (old, new, share)
    for old in (Sources(9, 4), Sources(20, 4), Sources(30, 10, ONE), Sources(300, 1))
    for new in (Sources(5, 40, ONE), Sources(10, 20, ONE), Sources(75, 4), Sources(300, 1))
    for share in (0.73, 0.2)
]


def make_items(rng, sources, harmful=HARMFUL):
    group = np.repeat(np.arange(sources.groups), sources.size)
    while True:
        mixed = sources.labels == "mixed"
        drawn = rng.random(len(group)) if mixed else rng.random(sources.groups)[group]
        label = (drawn < harmful).astype(int)
        if label.any() and not label.all():
            return label, group


def noise(rng, group):
    return (rng.normal(size=group.max() + 1)[group] + rng.normal(size=len(group))) / np.sqrt(2)


def table_of(label, group, logit):
    probability = 1 / (1 + np.exp(-logit))
    return pd.DataFrame({"label": label, "group": group, "probability": probability})


def make_new(rng, sources, harmful=HARMFUL, apart=APART, shift=0.0):
    label, group = make_items(rng, sources, harmful)
    return table_of(label, group, apart * (label - 0.5) + OFFSET + shift + noise(rng, group))


def make_validation(rng, sources, chose):
    """Validation items of the saved epoch, its threshold, and the optimism of its F1."""
    label, group = make_items(rng, sources)
    shared = noise(rng, group)
    if not chose:
        return table_of(label, group, APART * (label - 0.5) + OFFSET + shared), 0.5, 0.0
    epochs, best = [], (-1.0, None, None)
    for epoch in range(EPOCHS):
        own = (shared + noise(rng, group)) / np.sqrt(2)
        table = table_of(label, group, APART * (label - 0.5) + OFFSET + own)
        epochs.append(table.assign(variant="one", epoch=epoch, item_id=range(len(table))))
        flagged = table["probability"].to_numpy()[:, None] > GRID
        f1 = 2 * flagged[label == 1].sum(axis=0) / (flagged.sum(axis=0) + label.sum())
        if f1.max() > best[0]:
            best = (f1.max(), table, GRID[f1.argmax()])
    found = optimism(pd.concat(epochs), {"one": GRID}, resamples=100).set_index("figure")
    return best[1], best[2], found.loc["optimism", "value"]


def false_alarm(seed, old, new, chose, known):
    rng = np.random.default_rng(seed)
    validation, threshold, too_high = make_validation(rng, old, chose)
    columns = ["probability"] + ["label"] * chose + ["group"] * known
    fresh = make_new(rng, new)[columns]
    found = compare_scores(validation, fresh, threshold, f1_optimism=too_high, seed=seed)
    return found.verdict, "labels_too_few" not in found.reasons


def detection(seed, old, new, change):
    rng = np.random.default_rng(seed)
    options = {
        "logits + 0.5": {"shift": 0.5},
        "logits + 1.0": {"shift": 1.0},
        "harmful share 0.73 to 0.4": {"harmful": 0.4},
        "classes 0.6 apart, labels known": {"apart": 0.6},
    }[change]
    labelled = "labels known" in change
    validation, threshold, too_high = make_validation(rng, old, labelled)
    fresh = make_new(rng, new, **options)
    fresh = fresh if labelled else fresh.drop(columns="label")
    return compare_scores(validation, fresh, threshold, f1_optimism=too_high, seed=seed).verdict


def harmful_share(seed, old, new, share):
    """Whether the interval of the change holds the true one, and its width; NaN without one."""
    rng = np.random.default_rng(seed)
    validation, threshold, _ = make_validation(rng, old, chose=False)
    fresh = make_new(rng, new, harmful=share).drop(columns="label")
    row = compare_scores(validation, fresh, threshold).table.loc[1]
    if np.isnan(row["low"]):
        return np.nan, np.nan
    return float(row["low"] <= share - HARMFUL <= row["high"]), row["high"] - row["low"]


def percent(rate, runs):
    return f"{rate:.1%} ± {np.sqrt(rate * (1 - rate) / runs):.1%}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()

    def repeat(function, setting):
        runs = (delayed(function)(seed, *setting) for seed in range(options.runs))
        return Parallel(options.jobs)(runs)

    print("| validation | new, unchanged | validation chose, labels | groups known | nominal "
          "| watch or choose again | asks for groups | too few | labels counted |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for setting in UNCHANGED:
        verdicts, counted = zip(*repeat(false_alarm, setting), strict=True)
        share = pd.Series(verdicts).value_counts(normalize=True)
        alarms = share.get("watch", 0) + share.get("choose_again", 0)
        old, new, chose, known = setting
        print(
            f"| {old} | {new} | {'yes' if chose else 'no'} | {'yes' if known else 'no'} | ≤ 5% "
            f"| {percent(alarms, options.runs)} | {share.get('groups_unknown', 0):.1%} "
            f"| {share.get('too_few', 0):.1%} | {np.mean(counted) if chose else 0:.0%} |",
            flush=True,
        )
    print("\n| validation | new | change | noticed | choose again |\n|---|---|---|---|---|")
    for old, new, change in CHANGED:
        share = pd.Series(repeat(detection, (old, new, change))).value_counts(normalize=True)
        again = share.get("choose_again", 0)
        noticed = share.get("watch", 0) + again
        print(f"| {old} | {new} | {change} | {percent(noticed, options.runs)} | {again:.0%} |",
              flush=True)  # fmt: skip
    print("\n| validation (harmful share 0.73) | new | harmful share | nominal | delivered "
          "| median width | without interval |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for old, new, share in SHARES:
        covered, width = np.array(repeat(harmful_share, (old, new, share))).T
        known = ~np.isnan(covered)
        print(
            f"| {old} | {new} | {share} | 97.5% | {percent(covered[known].mean(), known.sum())} "
            f"| {np.median(width[known]):.2f} | {(~known).mean():.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
