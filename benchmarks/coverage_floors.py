"""Whether floors of recall and precision hold on new groups, on average and with confidence.

Prints a GitHub table: what is promised, and what simulated validations deliver. All epochs (and
models) are equally good, which makes the choice among them as deceptive as it can be; half of the
variance of their scores is their own. Items of a group share half of the variance.

    python benchmarks/coverage_floors.py --runs 2000 --jobs 16
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy import special
from scipy.stats import norm

from harmlib.analysis.bands import Bands, choose_bands
from harmlib.analysis.groups import group_table
from harmlib.analysis.recall_floor import RecallFloor, recall_floor, single_run_shortfall
from harmlib.analysis.risk_control import GRID, METHODS, confident_recall_floor
from harmlib.analysis.selected_floors import Candidate, selected_recall_floors

THRESHOLDS = np.arange(1, 20) / 20  # among which validation chooses by F1
SHARPNESS = 2.0  # logit per standard deviation of the scores
CONFIDENCE = 0.9


class World(NamedTuple):
    """Where validations are drawn from: groups, items per group, epochs, models, classes."""

    groups: int
    size: int
    epochs: int
    models: int = 1
    harmful: float = 0.73
    apart: float = 2.5  # standard deviations between the classes

    def draw(self, rng: np.random.Generator, epochs: int | None = None):
        """Labels and groups (n,), probabilities (models, epochs, n)."""
        groups = np.repeat(np.arange(self.groups), self.size)
        labels = rng.random(len(groups)) < self.harmful
        shape = (self.models, epochs or self.epochs)

        def noise(*lead):
            shared = rng.normal(size=(*lead, self.groups))[..., groups]
            return np.sqrt(0.5) * (shared + rng.normal(size=(*lead, len(groups))))

        scores = np.sqrt(0.5) * (noise() + noise(*shape)) + self.apart * (labels - 0.5)
        return labels.astype(int), groups, special.expit(SHARPNESS * scores)

    def recall(self, threshold: float) -> float:
        """Of new groups, and of new items."""
        return norm.sf(_score(threshold) - self.apart / 2)

    def precision(self, threshold: float) -> float:
        """Of new items."""
        caught = self.harmful * self.recall(threshold)
        return caught / (caught + (1 - self.harmful) * norm.sf(_score(threshold) + self.apart / 2))

    def group_precision(self) -> np.ndarray:
        """Of new groups, at each threshold of GRID: the mean of very many."""
        big = self._replace(groups=20_000 // self.size + 4_000, models=1)
        labels, groups, probabilities = big.draw(np.random.default_rng(0), epochs=1)
        tp, fp = np.split(group_table(labels, probabilities[0, 0], GRID, groups)[:, :-2], 2, axis=1)
        flagged = tp + fp
        shares = np.divide(tp, flagged, out=np.zeros_like(tp), where=flagged > 0)
        return shares.sum(axis=0) / (flagged > 0).sum(axis=0)


def _score(threshold: float) -> float:
    return np.log(threshold / (1 - threshold)) / SHARPNESS


def _best_epoch(labels: np.ndarray, epochs: np.ndarray) -> int:
    """The epoch (epochs, n) with the highest F1."""
    flagged = epochs[:, :, None] > THRESHOLDS
    caught = (flagged & (labels == 1)[:, None]).sum(axis=1)
    return int((2 * caught / (flagged.sum(axis=1) + labels.sum())).max(axis=1).argmax())


def average_floors(world: World, min_recall: float, seed: int) -> list[tuple[str, float, float]]:
    """Recall that one validation's floors deliver, and how often they are said to fall short."""
    labels, groups, scores = world.draw(np.random.default_rng(seed))
    models = {
        str(k): Candidate(epochs, _best_epoch(labels, epochs), THRESHOLDS)
        for k, epochs in enumerate(scores)
    }
    plain = {
        name: recall_floor(labels, model.scores[model.chosen], min_recall, groups)
        for name, model in models.items()
    }
    corrected = selected_recall_floors(labels, models, min_recall, groups)
    candidates = world.epochs * world.models
    confident = {
        name: confident_recall_floor(
            labels,
            model.scores[model.chosen],
            min_recall,
            groups,
            confidence=CONFIDENCE,
            candidates=candidates,
        )
        for name, model in models.items()
    }
    rows = []
    for how, floors in (("plain", plain), ("corrected", corrected), ("confident", confident)):
        picked = min(floors.values(), key=_cost)
        rows.append((f"{how}, first model", *_delivered(world, floors["0"])))
        rows.append((f"{how}, cheapest model", *_delivered(world, picked)))
    return rows


def _cost(floor: RecallFloor) -> float:
    return floor.flagged_share if floor.feasible else np.inf


def _delivered(world: World, floor: RecallFloor) -> tuple[float, float]:
    recall = world.recall(floor.threshold) if floor.feasible else np.nan
    return recall, single_run_shortfall(floor.min_recall, floor.units)


def band_misses(
    world: World, floors: tuple[float, float], truth: np.ndarray, seed: int
) -> list[tuple[str, bool, bool, bool, bool]]:
    """For each way: whether recall and precision are missed, nothing passes, nothing is blocked."""
    labels, groups, scores = world.draw(np.random.default_rng(seed))
    own = scores[0, _best_epoch(labels, scores[0])]
    asked = {"min_recall": floors[0], "min_precision": floors[1]}

    def group_precision(threshold: float) -> float:
        return float(np.interp(-threshold, -GRID, truth))

    def misses(bands: Bands, precision: Callable[[float], float]) -> tuple[bool, ...]:
        passing, blocking = bands.pass_at, bands.block_above
        return (
            passing is not None and world.recall(max(passing, 1e-12)) < floors[0],
            blocking is not None and precision(blocking) < floors[1],
            passing is None,
            blocking is None,
        )

    rows = [("validation", *misses(choose_bands(labels, own, groups, **asked), world.precision))]
    for method in METHODS:
        bands = choose_bands(
            labels, own, groups, **asked,
            confidence=CONFIDENCE, method=method, candidates=world.epochs,
        )  # fmt: skip
        rows.append((method, *misses(bands, group_precision)))
    return rows


def table_of_averages(runs: int, jobs: int) -> None:
    """Print what recall floors deliver."""
    print("| groups of 4 | epochs × models | floor | how | delivered recall (se) | below the floor "
          "(se) | said | infeasible |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    settings = itertools.product((12, 25, 40, 100), ((1, 1), (10, 1), (10, 3)), (0.8, 0.9))
    for groups, (epochs, models), floor in settings:
        world = World(groups, 4, epochs, models)
        found = Parallel(jobs)(delayed(average_floors)(world, floor, s) for s in range(runs))
        for rows in zip(*found, strict=True):
            how = rows[0][0]
            if (models == 1) == ("cheapest" in how):
                continue
            recalls, said = np.array([row[1:] for row in rows]).T
            known = recalls[~np.isnan(recalls)]
            if len(known) < 2:
                shown = ["–", "–", "–"]
            else:
                below = (known < floor).mean()
                shown = [
                    f"{known.mean():.3f} ({known.std() / len(known) ** 0.5:.3f})",
                    f"{below:.3f} ({_error(below, len(known)):.3f})",
                    f"{1 - CONFIDENCE:.2f}" if "confident" in how else f"{np.nanmean(said):.2f}",
                ]
            missing = 1 - len(known) / len(recalls)
            cells = [groups, f"{epochs} × {models}", floor, how, *shown, f"{missing:.2f}"]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def table_of_bands(runs: int, jobs: int) -> None:
    """Print how often bands miss their floors."""
    print("\n| groups × items | epochs | harmful | floors | how | recall missed | "
          "precision missed | either (se) | nominal | nothing passes | nothing blocked |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    sizes = (12, 4), (20, 4), (50, 1), (50, 4), (50, 20), (200, 1), (200, 4), (400, 4)
    for (groups, size), epochs, harmful in itertools.product(sizes, (1, 10), (0.73, 0.3)):
        world = World(groups, size, epochs, harmful=harmful, apart=2.0 if harmful > 0.5 else 3.0)
        truth, floors = world.group_precision(), (0.95, 0.9)
        found = Parallel(jobs)(delayed(band_misses)(world, floors, truth, s) for s in range(runs))
        for rows in zip(*found, strict=True):
            recall, precision, no_pass, no_block = np.array([row[1:] for row in rows]).T
            either = (recall | precision).mean()
            nominal = "–" if rows[0][0] == "validation" else f"{1 - CONFIDENCE:.2f}"
            cells = [f"{groups} × {size}", epochs, harmful, f"{floors[0]}, {floors[1]}", rows[0][0],
                     f"{recall.mean():.3f}", f"{precision.mean():.3f}",
                     f"{either:.3f} ({_error(either, runs):.3f})", nominal,
                     f"{no_pass.mean():.2f}", f"{no_block.mean():.2f}"]  # fmt: skip
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def _error(share: float, runs: int) -> float:
    return float(np.sqrt(share * (1 - share) / runs))


def main() -> None:
    """Run both simulations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="simulated validations per row")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"{options.runs} runs per row; seeds 0 to {options.runs - 1}\n")
    table_of_averages(options.runs, options.jobs)
    table_of_bands(options.runs, options.jobs)


if __name__ == "__main__":
    main()
