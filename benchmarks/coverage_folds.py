"""How often the intervals of pooled folds hold the truth, where classifiers really are trained.

Run `OMP_NUM_THREADS=1 python benchmarks/coverage_folds.py --runs 67 --jobs 2`. It prints Markdown
tables, as docs/statistics.md holds them. Groups of items shift the features of their items and
differ in their share of harmful ones. A logistic regression is trained in each of five folds, its
threshold chosen on the fold's validation part; a seed draws the training items with replacement.
Scores are normal within a class, so the figures of a trained classifier on endless new groups are
known exactly. `recipe` is their mean over all runs: what training anew on as many groups is worth.
"""

from __future__ import annotations

import argparse
import warnings
from itertools import product

import numpy as np
import pandas as pd
from coverage_intervals import print_table
from joblib import Parallel, delayed
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from harmlib.analysis.comparison_tables import against_baseline, differences, intervals_on_test
from harmlib.media.folds import assign_folds, fold_splits

SETTINGS = ((20, "4"), (20, "1 to 40"), (53, "4"), (53, "1 to 40"), (200, "4"))  # items in each
FOLDS, SEEDS = 5, 3
GRID = np.round(np.arange(0.30, 0.71, 0.05), 2)
SHARE, SPREAD, SHIFT = 0.6, 1.0, 0.7  # of harmful items; between groups: of its logit, of features
USEFUL, USELESS, APART = 8, 24, 1.9  # features; distance of the classes in standard deviations
METRICS = ("f1", "precision", "recall", "average_precision")
SHORT = ("F1", "precision", "recall", "AP")
VARIANTS = {  # the last two are worth the same
    "useful": np.arange(USEFUL),
    "useless too": np.arange(USEFUL + USELESS),
    "other useless": np.r_[:USEFUL, USEFUL + USELESS : USEFUL + 2 * USELESS],
}
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
CENTRE = 1.15 * logit(SHARE)
HARMFUL = float(expit(CENTRE + SPREAD * NODES) @ WEIGHTS / WEIGHTS.sum())  # in the population
BASELINE = 2 * HARMFUL / (1 + HARMFUL)


def sample(rng, groups, size, apart=APART):
    """Items (label, group, item_id, sha256) and their features."""
    if size == "4":
        sizes = np.full(groups, 4)
    else:  # many of one or two items, a few of dozens
        sizes = np.exp(0.7 + 1.1 * rng.standard_normal(groups)).round().clip(1, 40).astype(int)
    codes = np.repeat(np.arange(groups), sizes)
    shares = expit(CENTRE + SPREAD * rng.standard_normal(groups))
    labels = (rng.random(len(codes)) < shares[codes]).astype(int)
    width = USEFUL + 2 * USELESS
    features = rng.standard_normal((len(codes), width))
    features += SHIFT * rng.standard_normal((groups, width))[codes]
    step = apart * np.hypot(1, SHIFT) / np.sqrt(USEFUL)
    features[:, :USEFUL] += step * (labels[:, None] - 0.5)
    items = {"label": labels, "group": codes, "item_id": np.arange(len(codes))}
    return pd.DataFrame(items | {"sha256": [f"{row:05}" for row in range(len(codes))]}), features


def best_threshold(labels, probabilities):
    """The threshold of the grid with the highest F1, the lowest of equals, as `choose` takes it."""
    flagged = probabilities[:, None] > GRID
    f1 = 2 * (labels @ flagged) / (flagged.sum(0) + labels.sum())
    return float(GRID[np.argmax(f1 > f1.max() - 1e-12)])


def train(rng, items, features, fold_of, variants, seeds, apart=APART):
    """The tables that the product makes of its folds, and the figures of each classifier."""
    labels, step = items["label"].to_numpy(), apart * np.hypot(1, SHIFT) / np.sqrt(USEFUL)
    parts, logits, keys, points, known = [], [], [], [], []
    for fold, seed in product(range(FOLDS), range(seeds)):
        splits = fold_splits(fold_of, fold).to_numpy()
        learn, seen, validate = splits == "train", splits != "train", splits == "val"
        drawn = rng.multinomial(learn.sum(), np.full(learn.sum(), 1 / learn.sum()))
        for variant in variants:
            own = features[:, VARIANTS[variant]]
            model = LogisticRegression(solver="newton-cholesky")
            model.fit(own[learn], labels[learn], sample_weight=drawn)
            weights, found = model.coef_[0], own @ model.coef_[0] + model.intercept_[0]
            at = best_threshold(labels[validate], expit(found[validate]))
            key = {"variant": variant, "seed": seed, "fold": fold, "epoch": 1}
            parts.append(np.flatnonzero(seen))
            logits.append(found[seen])
            keys.append([len(points)] * seen.sum())
            points.append(key | {"threshold": at, "chosen": True})
            known.append(key | {"middle": model.intercept_[0], "at": logit(at),
                                "reach": step / 2 * weights[:USEFUL].sum(),
                                "deviation": np.hypot(1, SHIFT) * np.linalg.norm(weights),
                                "items": (splits == "test").sum()})  # fmt: skip
    points, rows, keys = pd.DataFrame(points), np.concatenate(parts), np.concatenate(keys)
    scored = {name: points[name].to_numpy()[keys] for name in ("variant", "seed", "fold", "epoch")}
    tested = fold_of.to_numpy()[rows] == scored["fold"]
    scored |= {name: items[name].to_numpy()[rows] for name in ("item_id", "label", "group")}
    scored |= {"split": np.where(tested, "test", "val"), "logit": np.concatenate(logits)}
    scored |= {"probability": expit(scored["logit"])}
    return pd.DataFrame(scored), points, pd.DataFrame(known)


def figures(known):
    """What these classifiers do on endless new groups, dealt out among the folds."""
    share = known["items"] / known["items"].sum()
    recall, alarms = _above(known, known["at"].to_numpy()[:, None])
    tp, fp = HARMFUL * share @ recall[:, 0], (1 - HARMFUL) * share @ alarms[:, 0]
    found = {"f1": 2 * tp / (tp + fp + HARMFUL), "precision": tp / (tp + fp)}
    found |= {"recall": tp / HARMFUL, "average_precision": 0.0}
    for _, own in known.groupby("seed"):
        weight = own["items"] / own["items"].sum()
        ends = (own["middle"].abs() + own["reach"].abs() + 6 * own["deviation"]).max()
        recall, alarms = (weight @ rates for rates in _above(own, np.linspace(ends, -ends, 600)))
        hits = HARMFUL * (recall[1:] + recall[:-1]) / 2
        false = (1 - HARMFUL) * (alarms[1:] + alarms[:-1]) / 2
        area = np.diff(recall) @ (hits / np.maximum(hits + false, 1e-300))
        found["average_precision"] += area / known["seed"].nunique()
    return found


def _above(known, logits):
    """Recall and false-positive rate of each classifier (rows) at the logits (columns)."""
    middle, reach, deviation = known[["middle", "reach", "deviation"]].to_numpy().T[:, :, None]
    return (norm.sf((logits - middle - sign * reach) / deviation) for sign in (1, -1))


def one_run(groups, size, run):
    """All intervals of one sample, below each other, with what these classifiers are worth."""
    rng = np.random.default_rng([run, groups, len(size)])
    items, features = sample(rng, groups, size)
    fold_of = assign_folds(items, FOLDS, run)
    scored, points, known = train(rng, items, features, fold_of, VARIANTS, SEEDS)
    rows = []
    for seeds in (1, SEEDS):
        tables = [table[table["seed"] < seeds] for table in (scored, points, known)]
        rows += _intervals(*tables, "folds, 1 seed" if seeds == 1 else f"folds, {seeds} seeds")
    single = [table[(table["seed"] == 0) & (table["fold"] == 0)] for table in (scored, points)]
    alone = [table[table["variant"] == "useful"].drop(columns=["seed", "fold"]) for table in single]
    truth = known.query("variant == 'useful' and seed == 0 and fold == 0")
    rows += _metrics(intervals_on_test(*alone), figures(truth), "one test split")
    return [row | {"groups": groups, "of": size, "run": run} for row in rows]


def _metrics(table, truth, how):
    table = table.set_index("metric").loc[list(METRICS)]
    return [{"how": how, "what": row.Index, "low": row.low, "high": row.high, "value": row.value,
             "these": truth[row.Index]} for row in table.itertuples()]  # fmt: skip


PAIRS = (("useful", "useless too"), ("useless too", "other useless"))


def _intervals(scored, points, known, how):
    truth = {variant: figures(own) for variant, own in known.groupby("variant")}
    own = [table[table["variant"] == "useful"] for table in (scored, points)]
    rows = _metrics(intervals_on_test(*own), truth["useful"], how)
    for a, b in PAIRS:
        pair = [table[table["variant"].isin([a, b])] for table in (scored, points)]
        for row in differences(*pair).query("split == 'test'").itertuples():
            rows.append({"how": how, "what": f"{a} - {b}: {row.metric}", "low": row.corrected_low,
                         "high": row.corrected_high, "value": row.difference,
                         "these": truth[b][row.metric] - truth[a][row.metric]})  # fmt: skip
    return rows


def gain_over_baseline(groups, size, apart, run, table=False):
    """F1 of the recipe on new groups less the baseline's; with a table, what the product says."""
    rng = np.random.default_rng([run, groups, len(size), 7])
    items, features = sample(rng, groups, size, apart)
    fold_of = assign_folds(items, FOLDS, run)
    scored, points, known = train(rng, items, features, fold_of, ["useful"], 1, apart)
    gain = figures(known)["f1"] - BASELINE
    if not table:
        return gain
    row = against_baseline(scored, points).iloc[0]
    return {"groups": groups, "of": size, "gain": gain, "low": row["corrected_low"],
            "high": row["corrected_high"]}  # fmt: skip


def like_the_baseline(groups, size, runs):
    """The distance between the classes at which the recipe is worth what the baseline is."""

    def gain(apart):
        return np.mean([gain_over_baseline(groups, size, apart, 10_000 + i) for i in range(runs)])

    return brentq(gain, 0.2, 2.5, xtol=0.05)


def coverage(found):
    """Per setting, interval and figure: how often it holds the truth; then over all settings."""
    key = ["groups", "of", "how", "what"]
    found = found.dropna(subset=["low", "high"]).copy()
    found["recipe"] = found.groupby(key)["these"].transform("mean")
    for a, b in PAIRS[1:]:  # worth the same, exactly
        found.loc[found["what"].str.startswith(f"{a} - {b}: "), "recipe"] = 0.0
    for name in ("recipe", "these"):
        held = (found["low"] <= found[name] + 1e-9) & (found[name] <= found["high"] + 1e-9)
        found[f"holds {name}"] = held.astype(float)
    found["width"] = found["high"] - found["low"]
    found["told"] = ((found["low"] > 0) | (found["high"] < 0)).astype(float)
    found["runs"] = 1
    columns = dict.fromkeys(["recipe", "holds recipe", "holds these", "width", "told"], "mean")
    columns |= {"runs": "sum"}
    several = found[found["how"] != "one test split"].assign(groups="all", of="")
    parts = [part.groupby(key, sort=False).agg(columns) for part in (found, several)]
    return pd.concat(parts).reset_index()


def metric_rows(mean):
    rows = []
    for (groups, of, how), own in mean.groupby(["groups", "of", "how"], sort=False):
        figures_of = own.set_index("what")
        row = {"groups": groups, "of": of, "interval of": how}
        row |= {
            "runs": figures_of.at["f1", "runs"],
            "true F1": f"{figures_of.at['f1', 'recipe']:.2f}",
        }
        for name, short in zip(METRICS, SHORT, strict=True):
            recipe, these, width = figures_of.loc[name, ["holds recipe", "holds these", "width"]]
            row[short] = f"{recipe:.3f} / {these:.3f} ({width:.2f})"
        rows.append(row)
    return rows


def difference_rows(mean, pair):
    rows, start = [], f"{pair[0]} - {pair[1]}: "
    own = mean[mean["what"].str.startswith(start)]
    for (groups, of, how), part in own.groupby(["groups", "of", "how"], sort=False):
        row = {"groups": groups, "of": of, "interval of": how, "runs": part["runs"].iloc[0]}
        part = part.set_index(part["what"].str.removeprefix(start))
        for name, short in zip(METRICS, SHORT, strict=True):
            recipe, these, width = part.loc[name, ["holds recipe", "holds these", "width"]]
            if pair == PAIRS[1]:
                row[f"{short} claimed"] = f"{part.at[name, 'told']:.3f} ({width:.2f})"
            elif name in ("f1", "average_precision"):
                row[f"{short} true"] = f"{part.at[name, 'recipe']:+.3f}"
                row[f"{short} holds"] = f"{recipe:.3f} / {these:.3f} ({width:.2f})"
                row[f"{short} claimed"] = float(part.at[name, "told"])
        rows.append(row)
    return rows


def baseline_rows(tables):
    tables, rows = tables.dropna(), []
    for (groups, of), own in [
        *tables.groupby(["groups", "of"], sort=False),
        (("all", ""), tables),
    ]:
        better, worse = (own["low"] > 0).mean(), (own["high"] < 0).mean()
        rows.append({"groups": groups, "of": of, "runs": len(own),
                     "true difference": f"{own['gain'].mean():+.3f}",
                     "clearly better": float(better), "clearly worse": float(worse)})  # fmt: skip
    return rows


if __name__ == "__main__":
    warnings.filterwarnings("ignore", module="sklearn")
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--runs", type=int, default=67)
    options.add_argument("--jobs", type=int, default=2)
    args = options.parse_args()
    with Parallel(args.jobs) as pool:
        runs = pool(delayed(one_run)(*s, run) for s in SETTINGS for run in range(args.runs))
        apart = pool(delayed(like_the_baseline)(*s, 20) for s in SETTINGS)
        tables = pool(
            delayed(gain_over_baseline)(*s, at, run, table=True)
            for s, at in zip(SETTINGS, apart, strict=True)
            for run in range(args.runs)
        )
    mean = coverage(pd.DataFrame([row for rows in runs for row in rows]))
    print_table("Metrics: coverage of 95 % intervals", metric_rows(mean))
    print_table("A difference that is there: 24 useless features", difference_rows(mean, PAIRS[0]))
    print_table("No difference: other useless features", difference_rows(mean, PAIRS[1]))
    print_table("A recipe worth what the baseline is", baseline_rows(pd.DataFrame(tables)))
