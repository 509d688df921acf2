"""Level, power and coverage of what is said about probabilities and prevalence, by simulation.

Prints a GitHub table: setting, nominal, delivered, runs, standard error (the largest of the row).
Items come in groups of four whose scores and labels are alike.

    python benchmarks/coverage_calibration.py --runs 2000 --jobs 16
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy import special
from scipy.stats import norm

from harmlib.analysis.calibration import (
    calibrated_probability,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from harmlib.analysis.prevalence import precision_at, precision_at_prevalences
from harmlib.analysis.reliability import calibration_intervals, reliability_table

FloatArray = npt.NDArray[np.float64]
Sample = tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]  # labels, probabilities, groups
GROUPS = (9, 20, 50, 200)
MODELS = {
    "calibrated": lambda x: x,
    "overconfident (T = 2)": lambda x: 2 * x,
    "offset (logit + 1)": lambda x: x + 1,
}
RATES = ((0.9, 0.257, 0.72), (0.9, 0.05, 0.72), (0.97, 0.02, 0.72), (0.9, 0.257, 0.3))
SIZE = 4
COVERING = ("interval covers the error", "Brier interval", "bars of the diagram cover")


def alike(rng: np.random.Generator, groups: int, share: float) -> FloatArray:
    """Standard normal numbers (groups, SIZE), of which `share` of the variance is the group's."""
    own = rng.normal(size=(groups, SIZE))
    return np.sqrt(share) * rng.normal(size=(groups, 1)) + np.sqrt(1 - share) * own


def scored(rng: np.random.Generator, groups: int, luck: float) -> tuple[FloatArray, FloatArray]:
    """Labels and calibrated logits, (groups, SIZE); about 70 % are harmful."""
    logits = 1.35 + 2 * alike(rng, groups, 0.5)
    labels = norm.cdf(alike(rng, groups, luck)) < special.expit(logits)
    return labels.astype(float), logits


def names(groups: int) -> npt.NDArray[np.int64]:
    """The group of each item."""
    return np.repeat(np.arange(groups), SIZE)


def truths(distort: Callable[[FloatArray], FloatArray], luck: float) -> tuple[float, float]:
    """The calibration error in five bins and the Brier score, from a million items."""
    labels, logits = scored(np.random.default_rng(0), 250_000, luck)
    probabilities = special.expit(distort(logits)).ravel()
    place = np.minimum((probabilities * 5).astype(int), 4)
    gap = np.bincount(place, probabilities - labels.ravel(), minlength=5)
    error = np.sqrt((gap**2 / np.bincount(place, minlength=5)).sum() / labels.size)
    return float(error), float(((probabilities - labels.ravel()) ** 2).mean())


def calibration_run(
    seed: int, groups: int, model: str, luck: float, truth: tuple[float, float]
) -> dict[str, float]:
    """What one test set says of a model's calibration: 1 yes, 0 no."""
    rng = np.random.default_rng(seed)
    labels, logits = scored(rng, groups, luck)
    probabilities = special.expit(MODELS[model](logits)).ravel()
    sample = labels.ravel(), probabilities, names(groups)
    brier, row = (row for _, row in calibration_intervals(*sample, seed=seed).iterrows())
    bars = reliability_table(*sample).dropna()
    found = {
        "interval excludes 0": float(row["low"] > 0),
        "test rejects at .05": float(row["p_calibrated"] <= 0.05),
        "interval covers the error": float(row["low"] <= truth[0] <= row["high"]),
        "Brier interval": float(brier["low"] <= truth[1] <= brier["high"]),
    }
    if model == "calibrated" and len(bars):
        held = bars["mean_probability"].between(bars["observed_low"], bars["observed_high"])
        found["bars of the diagram cover"] = float(held.mean())
    return found


def prevalence_run(
    seed: int, groups: int, rates: tuple[float, float, float], luck: float
) -> dict[str, float]:
    """Whether the band holds precision and the flagged share where 1 % are harmful."""
    recall, alarms, share = rates
    rng = np.random.default_rng(seed)
    harmful = norm.cdf(alike(rng, groups, 0.3)) < share
    flagged = norm.cdf(alike(rng, groups, luck)) < np.where(harmful, recall, alarms)
    table = precision_at_prevalences(
        harmful.ravel(), flagged.ravel().astype(float), 0.5, [0.01], names(groups)
    )
    row = table.iloc[0]
    if np.isnan(row["low"]):
        return {"no band": 1.0}
    truth = float(precision_at(recall, alarms, 0.01))
    share_truth = 0.01 * recall + 0.99 * alarms
    return {
        "no band": 0.0,
        "precision at 1 %": float(row["low"] <= truth <= row["high"]),
        "flagged share at 1 %": float(row["flagged_low"] <= share_truth <= row["flagged_high"]),
    }


def brier_run(
    seed: int, groups: int, pos_weight: float, sharpness: float, weighted_last: bool
) -> dict[str, float]:
    """Brier score on new items after each calibration fitted on a validation of `groups`."""
    rng = np.random.default_rng(seed)

    def learned(n: int) -> tuple[FloatArray, FloatArray]:
        labels, logits = scored(rng, n, 0.2)
        scale = 1.0 if weighted_last else sharpness
        logits = sharpness * logits + scale * np.log(pos_weight)
        return labels.ravel(), logits.ravel()

    labels, logits = learned(groups)
    if labels.min() == labels.max():
        return {}
    new_labels, new = learned(1000)
    slope, offset = fit_platt(labels, logits)
    own = fit_temperature(labels, logits, pos_weight)
    methods = {
        "none": special.expit(new),
        "temperature": calibrated_probability(new, fit_temperature(labels, logits)),
        "unweighted": calibrated_probability(new, own, pos_weight),
        "Platt": special.expit(slope * new + offset),
        "isotonic": fit_isotonic(labels, logits).predict(new),
    }
    return {name: float(((p - new_labels) ** 2).mean()) for name, p in methods.items()}


def show(setting: str, runs: list[list[dict[str, float]]], nominal: dict[str, str]) -> None:
    """Print one line per figure; `runs` holds the runs of each number of groups."""
    for name in dict.fromkeys(name for run in runs[0] for name in run):
        columns = [[run[name] for run in found if name in run] for found in runs]
        means = " / ".join(f"{np.mean(values):.3f}" for values in columns)
        error = max(np.std(values) / np.sqrt(len(values)) for values in columns)
        fewest = min(map(len, columns))
        print(
            f"| {setting}: {name} | {nominal.get(name, '')} | {means} | {fewest} | {error:.4f} |",
            flush=True,
        )


def main() -> None:
    """Run every setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    groups = " / ".join(map(str, GROUPS))
    print(f"| setting | nominal | delivered with {groups} groups | runs | standard error |")
    print("|---|---|---|---|---|")
    with Parallel(n_jobs=given.jobs) as parallel:

        def run(function: Callable[..., dict[str, float]], *setting: object) -> list[Any]:
            return [
                parallel(delayed(function)(seed, n, *setting) for seed in range(given.runs))
                for n in GROUPS
            ]

        for luck in (0.0, 0.5):
            for model, distort in MODELS.items():
                truth = truths(distort, luck)
                nominal = dict.fromkeys(COVERING, "0.95")
                if model == "calibrated":
                    truth = 0.0, truth[1]
                    nominal |= {"interval excludes 0": "≤ 0.025", "test rejects at .05": "0.05"}
                found = run(calibration_run, model, luck, truth)
                show(f"{model}, labels alike {luck}", found, nominal)
        nominal = {"precision at 1 %": "0.95", "flagged share at 1 %": "0.95"}
        for rates in RATES:
            for luck in (0.2, 0.6):
                recall, alarms, share = rates
                setting = f"recall {recall}, false alarms {alarms}, {share:.0%} harmful"
                show(f"{setting}, alike {luck}", run(prevalence_run, rates, luck), nominal)
        for pos_weight, weighted_last in ((0.373, False), (3.0, False), (0.373, True)):
            found = run(brier_run, pos_weight, 2.0, weighted_last)
            order = "before" if weighted_last else "after"
            show(f"Brier, pos_weight {pos_weight}, logits doubled {order} it", found, {})


if __name__ == "__main__":
    main()
