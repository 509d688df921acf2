"""Where to draw the line: the best threshold under an objective, and how far to trust it."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from harmlib.analysis.thresholds import check_scored, rates_table, sweep

PLATEAU_TOLERANCE = 0.005
_TIE = 1e-12  # values that differ by less differ by rounding alone
_KNOWN = (
    "f1, mcc, youden, fbeta:2, cost:miss=5,alarm=1, precision@recall>=0.95, "
    "recall@precision>=0.9, recall@flagged<=0.2"
)

Rows = pd.DataFrame  # rows of `sweep`


class UnknownObjective(ValueError):
    """An objective that cannot be read, or whose number is out of range."""


@dataclass(frozen=True)
class Objective:
    """What to look for in the rows of `sweep`; `Objective.parse` reads it from a text.

    gain: rows to (m,) floats, higher is better. feasible: rows to (m,) bools.
    sign: value = sign * gain, -1 for costs. scale: a full unit of gain, 1 for rates.
    """

    text: str
    gain: Callable[[Rows], pd.Series]
    feasible: Callable[[Rows], pd.Series] = lambda rows: rows["tp"] >= 0
    sign: int = 1
    scale: float = 1.0

    @classmethod
    def parse(cls, text: str) -> "Objective":
        """Read one of these forms (numbers are examples):

        - `f1`, `mcc` (Matthews correlation), `youden` (recall + specificity - 1).
        - `fbeta:2`: recall counts beta times as much as precision (van Rijsbergen 1979, ch. 7).
        - `cost:miss=5,alarm=1`: mean cost an item, (miss * fn + alarm * fp) / n; lower is better.
        - `precision@recall>=0.95`, `recall@precision>=0.9`: best under an inclusive floor.
        - `recall@flagged<=0.2`: best while people can review that share of the items.

        Floors and budgets are fractions in [0, 1], read as exact decimals and compared with
        integer counts, so that 19 of 20 meets `recall>=0.95`. Raises UnknownObjective.
        """
        known = {"f1": _f1, "mcc": _mcc, "youden": _youden}
        if text in known:
            return cls(text, known[text])
        if match := re.fullmatch(r"fbeta:(.+)", text):
            return cls(text, partial(_f_beta, beta=_positive(match[1], text)))
        if match := re.fullmatch(r"cost:miss=(.+),alarm=(.+)", text):
            miss, alarm = _positive(match[1], text), _positive(match[2], text)
            gain = partial(_negative_cost, miss=miss, alarm=alarm)
            return cls(text, gain, sign=-1, scale=max(miss, alarm))
        if match := re.fullmatch(r"precision@recall>=(.+)", text):
            return cls(text, _precision, partial(_recall_meets, floor=_fraction(match[1], text)))
        if match := re.fullmatch(r"recall@precision>=(.+)", text):
            return cls(text, _recall, partial(_precision_meets, floor=_fraction(match[1], text)))
        if match := re.fullmatch(r"recall@flagged<=(.+)", text):
            return cls(text, _recall, partial(_fits_budget, budget=_fraction(match[1], text)))
        raise UnknownObjective(f"unknown objective {text!r}; known, with your numbers: {_KNOWN}")


@dataclass(frozen=True)
class Plateau:
    """The unbroken run of thresholds, around the chosen one, that are about as good.

    Of a given grid: its lowest and highest such point. Of every attainable threshold: from one
    score up to, not including, the next score where the value falls off.
    """

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True)
class Choice:
    """A threshold, or the reason why there is none.

    state: "ok"; "one_class" (labels of one class cannot say where the line is);
        "constant_scores" (all scores are equal: there is no line); "infeasible" (no threshold
        meets the floor or budget). In all but "ok", threshold, row, value, at_grid_edge and
        plateau are None, and better_than_baseline is False.
    threshold: flag what scores above it. Of equally good ones, the lowest; but under a recall
        objective the lowest of those with the fewest false alarms, as the others only add alarms.
    row: the row of `sweep` at the threshold, column to number.
    value: what the objective is worth there; a cost is lower when better.
    at_grid_edge: "low" or "high" where the first or last threshold of a given grid is best (or as
        good as the best) and thresholds beyond it would decide differently: a better one may lie
        outside. None when every attainable threshold was swept.
    plateau: feasible thresholds within PLATEAU_TOLERANCE of the best value (for a cost: times the
        larger of its two prices).
    baseline_value: what calling everything harmful is worth; None where that is not feasible.
    better_than_baseline: the choice beats it, or is feasible where it is not.
    """

    objective: str
    state: Literal["ok", "one_class", "constant_scores", "infeasible"]
    threshold: float | None
    row: dict[str, float] | None
    value: float | None
    at_grid_edge: Literal["low", "high"] | None
    plateau: Plateau | None
    baseline_value: float | None
    better_than_baseline: bool


def choose(labels, scores, objective: str, *, thresholds=None) -> Choice:
    """The best threshold under `objective` (see `Objective.parse`), and what to know about it.

    Args:
        labels, scores: shape (n,), as for `sweep`.
        thresholds: grid to choose from; None for every attainable threshold.

    Raises:
        UnknownObjective, ScoresError.

    The value is optimistic on the items it was chosen on: give validation scores here, and judge
    the threshold on test scores.
    """
    goal = Objective.parse(objective)
    _, checked, _ = check_scored(labels, scores)
    rows = sweep(labels, scores, thresholds)
    state = _state(rows, goal, is_constant=checked.min() == checked.max())
    baseline_gain = _baseline_gain(rows, goal)
    baseline_value = None if baseline_gain is None else goal.sign * baseline_gain
    if state != "ok":
        return Choice(objective, state, None, None, None, None, None, baseline_value, False)
    gain = np.where(goal.feasible(rows), goal.gain(rows), -np.inf)
    ties = np.flatnonzero(gain >= gain.max() - _TIE * goal.scale)
    if goal.gain is _recall:
        alarms = rows["fp"].to_numpy()[ties]
        ties = ties[alarms == alarms.min()]
    best = ties[0]
    plateau = _plateau(rows["threshold"], gain, best, PLATEAU_TOLERANCE * goal.scale)
    is_grid = thresholds is not None
    better = baseline_gain is None or gain[best] > baseline_gain + _TIE * goal.scale
    return Choice(
        objective=objective,
        state=state,
        threshold=rows["threshold"][best].item(),
        row={name: rows[name][best].item() for name in rows},
        value=goal.sign * gain[best].item(),
        at_grid_edge=_edge(rows, ties) if is_grid else None,
        plateau=plateau if is_grid else _widen(plateau, checked),
        baseline_value=baseline_value,
        better_than_baseline=bool(better),
    )


def _state(rows, goal, is_constant):
    if rows["tp"][0] + rows["fn"][0] == 0 or rows["fp"][0] + rows["tn"][0] == 0:
        return "one_class"
    if is_constant:
        return "constant_scores"
    return "ok" if goal.feasible(rows).any() else "infeasible"


def _baseline_gain(rows, goal):
    """What calling everything harmful gains; None where the objective forbids it."""
    first = rows.iloc[:1]
    tp, fp = (first["tp"] + first["fn"]).to_numpy(), (first["fp"] + first["tn"]).to_numpy()
    nothing = np.zeros(1, tp.dtype)
    baseline = rates_table(np.full(1, np.nan), tp, fp, nothing, nothing)
    return goal.gain(baseline)[0].item() if goal.feasible(baseline)[0] else None


def _edge(rows, ties):
    """The end of the grid that is among the best, if decisions can still change beyond it."""
    first, last = rows.iloc[0], rows.iloc[-1]
    if ties[0] == 0 and first["fn"] + first["tn"] > 0:
        return "low"
    if ties[-1] == len(rows) - 1 and last["tp"] + last["fp"] > 0:
        return "high"
    return None


def _plateau(thresholds, gain, best, tolerance):
    worse = np.flatnonzero(gain < gain[best] - tolerance - _TIE)
    after = np.searchsorted(worse, best)
    low = worse[after - 1] + 1 if after > 0 else 0
    high = worse[after] - 1 if after < worse.size else len(gain) - 1
    return Plateau(thresholds[low].item(), thresholds[high].item())


def _widen(plateau, scores):
    """To the neighbouring scores: between two scores, every threshold decides the same."""
    below, above = scores[scores <= plateau.low], scores[scores > plateau.high]
    return Plateau(
        below.max().item() if below.size else plateau.low,
        above.min().item() if above.size else plateau.high,
    )


def _f1(rows):
    return rows["f1"]


def _mcc(rows):
    return rows["mcc"]


def _precision(rows):
    return rows["precision"]


def _recall(rows):
    return rows["recall"]


def _youden(rows):
    return rows["recall"] + rows["specificity"] - 1  # Youden (1950), Cancer 3


def _f_beta(rows, beta):
    hits, misses = (1 + beta**2) * rows["tp"], beta**2 * rows["fn"] + rows["fp"]
    return hits / (hits + misses).where(hits > 0, 1.0)


def _negative_cost(rows, miss, alarm):
    return -(miss * rows["fn"] + alarm * rows["fp"]) / rows[["tp", "fp", "fn", "tn"]].sum(axis=1)


def _recall_meets(rows, floor):
    return _at_least(rows["tp"], rows["tp"] + rows["fn"], floor)


def _precision_meets(rows, floor):
    return _at_least(rows["tp"], rows["tp"] + rows["fp"], floor)


def _fits_budget(rows, budget):
    passed = rows["fn"] + rows["tn"]
    return _at_least(passed, passed + rows["tp"] + rows["fp"], 1 - budget)


def _at_least(part, whole, floor):
    return (whole > 0) & (part * floor.denominator >= whole * floor.numerator)


def _positive(number, text):
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UnknownObjective(f"{number!r} in objective {text!r} must be a positive number")
    return value


def _fraction(number, text):
    # Nine decimals, so that count * denominator stays within int64 for any count below 9e9.
    if not re.fullmatch(r"[01]|[01]?\.\d{1,9}", number) or not 0 <= Fraction(number) <= 1:
        raise UnknownObjective(
            f"{number!r} in objective {text!r} must be a fraction from 0 to 1, with at most nine "
            "decimals: 0.95 for 95 percent"
        )
    return Fraction(number)
