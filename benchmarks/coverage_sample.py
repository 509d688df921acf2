"""Whether the intervals of an audit sample hold: precision, recall, prevalence, what was missed.

Prints a GitHub table: a row per setting and measure. Populations of 20,000 decisions are drawn anew
(`POPULATIONS` of each setting), and from each many samples, exactly as `harmlib sample` draws them.
Scores are normal within a class, precision is .7. With groups (1 to 40 items, most of them a few),
half of the variance of the scores is shared by a group, and so is most of whether it is harmful.

    python benchmarks/coverage_sample.py --runs 2000
"""

from __future__ import annotations

import argparse
import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from harmlib.analysis.audit_sample.drawing import systematic
from harmlib.analysis.audit_sample.strata import allocate, doubt, stratify
from harmlib.analysis.design_estimates import MEASURES, Strata, estimate, interval, tells

ITEMS, POPULATIONS, PRECISION = 20_000, 40, 0.7


class Population(NamedTuple):
    """Decisions whose labels are known."""

    stratum: np.ndarray
    group: np.ndarray
    harmful: np.ndarray
    flagged: np.ndarray  # of each stratum
    size: np.ndarray
    drawn: np.ndarray

    def harmful_in(self, items: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Harmful items of each stratum."""
        strata, harmful = self.stratum[items], self.harmful[items]
        return np.bincount(strata, weights=harmful, minlength=len(self.size))


def population(
    rng: np.random.Generator, prevalence: float, recall: float, n: int, *, grouped: bool
) -> Population:
    """Draw decisions, and stratify them as `harmlib sample` does."""
    sizes = np.ones(ITEMS, int)
    if grouped:
        sizes = np.clip(rng.lognormal(1, 1, ITEMS), 1, 40).astype(int)
    groups = np.repeat(np.arange(ITEMS), sizes)[:ITEMS]
    shared = rng.normal(size=(2, ITEMS))[:, groups] * grouped
    spread = 2.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    middle = brentq(
        lambda a: weights @ expit(a + spread * grouped * nodes) / weights.sum() - prevalence, -30, 9
    )
    harmful = rng.random(ITEMS) < expit(middle + spread * shared[0])
    false_alarms = prevalence * recall * (1 - PRECISION) / PRECISION / (1 - prevalence)
    line = norm.isf(false_alarms)
    apart = line + norm.ppf(recall)
    own = np.sqrt(1 - grouped / 2)
    score = own * rng.normal(size=ITEMS) + np.sqrt(0.5) * shared[1] + apart * harmful
    odds = np.log(prevalence / (1 - prevalence)) - apart**2 / 2
    decisions = pd.DataFrame({"flagged": score > line, "probability": expit(apart * score + odds)})
    threshold = np.full(ITEMS, expit(apart * line + odds))
    stratum, names = pd.factorize(stratify(decisions, [], n), sort=True)
    flagged = np.array([name.startswith("flagged") for name in names])
    size = np.bincount(stratum)
    guess = np.bincount(stratum, doubt(decisions["probability"].to_numpy(), threshold)) / size
    return Population(stratum, groups, harmful, flagged, size, allocate(size, flagged, guess, n))


def samples(rng: np.random.Generator, of: Population, runs: int, *, grouped: bool) -> np.ndarray:
    """Harmful items of each stratum's sample, (runs, strata)."""
    if grouped:
        return np.array(
            [of.harmful_in(systematic(of.stratum, of.group, of.drawn, rng)) for _ in range(runs)]
        )
    harmful = of.harmful_in().astype(int)
    return rng.hypergeometric(harmful, of.size - harmful, of.drawn, (runs, len(of.size)))


def coverage(prevalence: float, recall: float, n: int, grouped: bool, runs: int) -> list[str]:
    """Simulate one setting: a row per measure."""
    rng = np.random.default_rng([int(1000 * prevalence), int(100 * recall), n, grouped])
    low: dict[str, list[np.ndarray]] = {measure: [] for measure in MEASURES}
    high, told, true = ({measure: [] for measure in MEASURES} for _ in range(3))
    for _ in range(POPULATIONS):
        world = population(rng, prevalence, recall, n, grouped=grouped)
        seen = samples(rng, world, max(1, runs // POPULATIONS), grouped=grouped)
        seen, of_run = np.unique(seen, axis=0, return_inverse=True)
        of_run, size = of_run.ravel(), world.size.astype(float)
        strata = Strata(
            size, world.flagged, np.broadcast_to(world.drawn, seen.shape) * 1.0, seen * 1.0
        )
        whole = Strata(size, world.flagged, size, world.harmful_in())
        for measure in MEASURES:
            ends = interval(strata, measure)
            low[measure].append(ends[0][of_run])
            high[measure].append(ends[1][of_run])
            told[measure].append(tells(*ends)[of_run])
            true[measure].append(np.full(len(of_run), estimate(whole, measure)))
    rows = []
    for measure in MEASURES:
        bottom, top, tell, truth = (
            np.concatenate(part[measure]) for part in (low, high, told, true)
        )
        below, above = truth < bottom - 1e-9, truth > top + 1e-9
        held = 1 - below - above
        rows.append(
            f"| {prevalence:g} | {recall:g} | {n} | {'yes' if grouped else 'no'} | {measure} | "
            f"{truth.mean():.3f} | {held.mean():.3f} | {below.mean():.3f} | {above.mean():.3f} | "
            f"{np.median(top - bottom):.3f} | {1 - tell.mean():.2f} |"
        )
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--n", type=int, nargs="+", default=[100, 200, 500])
    options = parser.parse_args()
    print("| harmful | recall | n | groups | measure | true | holds | truth below | truth above | "
          "width (median) | too few |")  # fmt: skip
    print("|---" * 11 + "|")
    for setting in itertools.product((0.01, 0.05, 0.3), (0.6, 0.95), options.n, (False, True)):
        print("\n".join(coverage(*setting, options.runs)), flush=True)


if __name__ == "__main__":
    main()
