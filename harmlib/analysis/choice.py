"""The best threshold under an objective, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.baseline import baseline_row
from harmlib.analysis.checks import FloatArray, Scores, check_scored
from harmlib.analysis.objectives import TIE, Objective
from harmlib.analysis.prevalence import at_prevalence
from harmlib.analysis.thresholds import sweep

PLATEAU_TOLERANCE = 0.005  # of a full unit of the objective: thresholds this close are as good

State = Literal["ok", "one_class", "constant_scores", "infeasible"]
Edge = Literal["low", "high"]


@dataclass(frozen=True)
class Plateau:
    """The unbroken run of thresholds, around the chosen one, that are about as good.

    Parameters
    ----------
    low, high : float
        Of a given grid: its lowest and highest such point. Of every attainable threshold: from one
        score up to, not including, the next score where the value falls off.
    """

    low: float
    high: float

    @property
    def width(self) -> float:
        """The distance from `low` to `high`, in the unit of the scores."""
        return self.high - self.low


@dataclass(frozen=True)
class Choice:
    """A threshold, or the reason why there is none.

    Parameters
    ----------
    objective : str
        What was sought, as `Objective.parse` reads it.
    state : {"ok", "one_class", "constant_scores", "infeasible"}
        `one_class`: labels of one class cannot say where a threshold should lie.
        `constant_scores`: all scores are equal, so no threshold separates them. `infeasible`: no
        threshold meets the floor or budget. In all but `ok`, threshold, row, value, at_grid_edge
        and plateau are None, and above_baseline is False.
    threshold : float or None
        Flag what scores above it. Of equally good ones the lowest; under a recall objective the
        lowest of those with the fewest false alarms, as the others only add alarms.
    row : dict or None
        The row of `sweep` at the threshold, column to number.
    value : float or None
        What the objective is worth there; a cost is lower when better.
    at_grid_edge : {"low", "high"} or None
        Set where the first or last threshold of a given grid is best (or as good as the best) and
        thresholds beyond it would decide differently: a better one may lie outside. None when
        every attainable threshold was swept.
    plateau : Plateau or None
        Feasible thresholds within PLATEAU_TOLERANCE of the best value (for a cost: times the
        larger of its two prices).
    baseline_value : float or None
        What calling everything harmful is worth; None where that is not feasible.
    above_baseline : bool
        The value is above the baseline's, or feasible where the baseline is not. This is of the
        items that the threshold was chosen on, where even random scores often are above: evidence
        is a paired interval on other items (`paired.baseline_difference`).
    """

    objective: str
    state: State
    threshold: float | None
    row: dict[str, float] | None
    value: float | None
    at_grid_edge: Edge | None
    plateau: Plateau | None
    baseline_value: float | None
    above_baseline: bool


def choose(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    objective: str,
    *,
    thresholds: npt.ArrayLike | None = None,
    prevalence: float | None = None,
) -> Choice:
    """Choose the best threshold under an objective.

    The value is optimistic on the items it was chosen on: pass validation scores here, and
    evaluate the threshold on test scores.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        As in `harmlib.analysis.thresholds.sweep`.
    objective : str
        A text that `Objective.parse` reads.
    thresholds : array_like, shape (m,), optional
        The grid to choose from; None: every attainable threshold.
    prevalence : float, optional
        Harmful share of the traffic, in (0, 1): counts and rates are those of a mixture with that
        share. None: of the items as they are.

    Returns
    -------
    Choice

    Raises
    ------
    UnknownObjective
        The objective cannot be read.
    ScoresError
        Its subclass names the reason.

    Examples
    --------
    >>> choice = choose([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.8, 0.9], "recall@precision>=0.7")
    >>> choice.threshold, choice.row["tp"], choice.row["fp"], choice.value
    (0.25, 3, 1, 1.0)
    """
    _, checked = check_scored(labels, scores)
    rows = sweep(labels, scores, thresholds)
    if prevalence is not None:
        rows = at_prevalence(rows, prevalence)
    found = choose_row(rows, objective, is_constant=bool(checked.min() == checked.max()))
    if thresholds is not None or found.plateau is None:
        return found
    return replace(found, at_grid_edge=None, plateau=_widen(found.plateau, checked))


def choose_row(rows: pd.DataFrame, objective: str, *, is_constant: bool = False) -> Choice:
    """Choose the best of the thresholds of a sweep.

    Parameters
    ----------
    rows : DataFrame
        As `harmlib.analysis.thresholds.sweep` returns it.
    objective : str
        A text that `Objective.parse` reads.
    is_constant : bool
        Whether all scores are equal.

    Returns
    -------
    Choice
        As `choose` makes it where thresholds are given.

    Raises
    ------
    UnknownObjective
        The objective cannot be read.

    Examples
    --------
    >>> choose_row(sweep([0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9], [0.2, 0.7]), "f1").threshold
    0.2
    """
    goal = Objective.parse(objective)
    state = _state(rows, goal, is_constant=is_constant)
    baseline_gain = _baseline_gain(rows, goal)
    baseline_value = None if baseline_gain is None else goal.sign * baseline_gain
    if state != "ok":
        return Choice(objective, state, None, None, None, None, None, baseline_value, False)
    gains = np.where(goal.feasible(rows), goal.gain(rows), -np.inf)
    ties = np.flatnonzero(goal.best(gains, rows["fp"]))
    best = int(ties[0])
    plateau = _plateau(rows["threshold"].to_numpy(), gains, best, PLATEAU_TOLERANCE * goal.scale)
    better = baseline_gain is None or gains[best] > baseline_gain + TIE * goal.scale
    return Choice(
        objective=objective,
        state=state,
        threshold=rows["threshold"][best].item(),
        row={name: rows[name][best].item() for name in rows},
        value=goal.sign * gains[best].item(),
        at_grid_edge=_edge(rows, ties),
        plateau=plateau,
        baseline_value=baseline_value,
        above_baseline=bool(better),
    )


def _state(rows: pd.DataFrame, goal: Objective, *, is_constant: bool) -> State:
    if rows["tp"][0] + rows["fn"][0] == 0 or rows["fp"][0] + rows["tn"][0] == 0:
        return "one_class"
    if is_constant:
        return "constant_scores"
    return "ok" if goal.feasible(rows).any() else "infeasible"


def _baseline_gain(rows: pd.DataFrame, goal: Objective) -> float | None:
    """What calling everything harmful gains; None where the objective forbids it."""
    harmful = (rows["tp"][0] + rows["fn"][0]).item()  # a float where counts are of a mixture
    safe = (rows["fp"][0] + rows["tn"][0]).item()
    baseline = pd.DataFrame([baseline_row(harmful, safe)])
    return float(goal.gain(baseline)[0]) if goal.feasible(baseline)[0] else None


def _edge(rows: pd.DataFrame, ties: npt.NDArray[np.int64]) -> Edge | None:
    """The end of the grid that is among the best, if decisions can still change beyond it."""
    first, last = rows.iloc[0], rows.iloc[-1]
    if ties[0] == 0 and first["fn"] + first["tn"] > 0:
        return "low"
    if ties[-1] == len(rows) - 1 and last["tp"] + last["fp"] > 0:
        return "high"
    return None


def _plateau(thresholds: FloatArray, gains: FloatArray, best: int, tolerance: float) -> Plateau:
    worse = np.flatnonzero(gains < gains[best] - tolerance - TIE)
    after = np.searchsorted(worse, best)
    low = worse[after - 1] + 1 if after > 0 else 0
    high = worse[after] - 1 if after < worse.size else len(gains) - 1
    return Plateau(thresholds[low].item(), thresholds[high].item())


def _widen(plateau: Plateau, scores: Scores) -> Plateau:
    """To the neighbouring scores: between two scores, every threshold decides the same."""
    below, above = scores[scores <= plateau.low], scores[scores > plateau.high]
    return Plateau(
        below.max().item() if below.size else plateau.low,
        above.min().item() if above.size else plateau.high,
    )
