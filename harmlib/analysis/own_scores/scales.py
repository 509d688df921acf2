"""What a model's scores mean: probabilities, per cent, logits, or levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from harmlib.analysis.checks import FloatArray

Kind = Literal["probability", "percent", "logit", "levels"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_LEVELS = 12  # so many whole numbers, or fewer, may be levels
HIGHEST_LEVEL = 20  # above, whole numbers are per cent
_GRID = tuple(i / 20 for i in range(1, 20))
_UNCLEAR = 10.0  # a highest score between 1 and this may be a mistake among probabilities
_MOST = 0.9  # where so many of the distinct scores are probabilities
_INSIDE = 1e-6  # a logit is finite


class ScaleError(ValueError):
    """Scores that don't fit their scale; the message says which, and what to do.

    Parameters
    ----------
    message : str
    value : float
        The score that doesn't fit; NaN where it isn't about one.
    """

    def __init__(self, message: str, value: float = math.nan) -> None:
        super().__init__(message)
        self.value = value


@dataclass(frozen=True)
class Scale:
    """How scores of one model become probabilities, and thresholds become the model's own numbers.

    Attributes
    ----------
    kind : {"probability", "percent", "logit", "levels"}
    levels : tuple of float
        Ascending; only of levels.

    Examples
    --------
    >>> severity = Scale("levels", (0, 2, 4, 6))
    >>> severity.to_probability(np.array([0.0, 4.0])).round(3).tolist()
    [0.0, 0.667]
    >>> severity.to_native(0.5)
    3.0
    """

    kind: Kind
    levels: tuple[float, ...] = ()

    @classmethod
    def of_model(cls, model: pd.Series) -> Scale:
        """Return the scale of a row of ``tables/models.csv``."""
        is_levels = model["scale"] == "levels"
        levels = tuple(map(float, str(model["levels"]).split())) if is_levels else ()
        return cls(model["scale"], levels)

    def to_probability(self, values: FloatArray) -> FloatArray:
        """Bring scores to [0, 1], in the same order.

        Levels lie evenly between the lowest (0) and the highest (1). That they are probabilities
        is not said: the report's calibration tells.
        """
        match self.kind:
            case "probability":
                return values
            case "percent":
                return values / 100
            case "logit":
                return np.asarray(expit(values))
            case _:
                low, high = self.levels[0], self.levels[-1]
                return (values - low) / (high - low)

    def to_logit(self, values: FloatArray) -> FloatArray:
        """Logits of scores, finite: probabilities are kept 1e-6 away from 0 and 1."""
        if self.kind == "logit":
            return values
        return np.asarray(logit(np.clip(self.to_probability(values), _INSIDE, 1 - _INSIDE)))

    def to_native(self, threshold: float) -> float:
        """Return a threshold on probabilities as the number in the model's own scale."""
        match self.kind:
            case "probability":
                return threshold
            case "percent":
                return 100 * threshold
            case "logit":
                return float(logit(threshold))
            case _:
                low, high = self.levels[0], self.levels[-1]
                return low + threshold * (high - low)

    def native_line(self, threshold: float) -> float:
        """Return where a threshold on probabilities lies in the model's own numbers.

        What is above it is harmful; of levels, that level and those above (NaN: none).
        """
        if self.kind == "levels":
            return self.first_level_above(threshold)
        return self.to_native(threshold)

    def threshold_probability(self, native: float) -> float:
        """Return a threshold in the model's own numbers as one on probabilities.

        Above it is harmful; of levels, that level and those above.
        """
        match self.kind:
            case "probability":
                return native
            case "percent":
                return native / 100
            case "logit":
                return float(expit(native))
            case _:
                low, high = self.levels[0], self.levels[-1]
                below = [level for level in self.levels if level < native]
                middle = (native + (below[-1] if below else native)) / 2
                return (middle - low) / (high - low)

    def first_level_above(self, threshold: float) -> float:
        """Return the lowest level that a threshold on probabilities calls harmful; NaN if none."""
        above = [level for level in self.levels if level > self.to_native(threshold)]
        return above[0] if above else math.nan

    def grid(self) -> list[float]:
        """Return thresholds on probabilities to look at: between levels, else 0.05 to 0.95."""
        if self.kind != "levels":
            return list(_GRID)
        places = self.to_probability(np.array(self.levels))
        return [float(middle) for middle in (places[:-1] + places[1:]) / 2]


def read_scale(
    values: FloatArray, name: str, told: Kind | None, levels: Sequence[float] = ()
) -> Scale:
    """Find out what the scores of one model are, or check that they are what was told.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Finite.
    name : str
        The column: one that has ``logit`` in its name holds logits.
    told : {"probability", "percent", "logit", "levels"} or None
        What the params say.
    levels : sequence of float
        All levels there are, also those that no item has; only with levels.

    Returns
    -------
    Scale
        Without `told`: at most 12 whole numbers from 0 to 20, beyond 0 and 1, are levels; with a
        negative one logits; up to 1 probabilities; up to 100 per cent.

    Raises
    ------
    ScaleError
        Numbers outside of the scale, beyond 100, or all equal.

    Examples
    --------
    >>> read_scale(np.array([0.0, 2.0, 6.0]), "severity", None).levels
    (0.0, 2.0, 6.0)
    >>> read_scale(np.array([0.5, 62.0]), "score", None).kind
    'percent'
    >>> read_scale(np.array([0.5, 62.0]), "score", "probability")
    Traceback (most recent call last):
    harmlib.analysis.own_scores.scales.ScaleError: 62 is no probability (0 to 1)
    """
    distinct = np.unique(values)
    if len(distinct) < 2:
        shown = f"all scores are {distinct[0]:g}" if len(distinct) else "there is no score"
        raise ScaleError(f"{shown}: no threshold tells items apart")
    kind = told or ("levels" if levels else _found(distinct, name))
    if kind == "levels":
        known = tuple(sorted(set(levels))) if levels else tuple(distinct.tolist())
        odd = distinct[~np.isin(distinct, known)]
        if len(odd):
            raise ScaleError(f"{odd[0]:g} is none of the levels {_shown(known)}", odd[0])
        return Scale("levels", known)
    low, high = {"probability": (0, 1), "percent": (0, 100)}.get(kind, (-math.inf, math.inf))
    outside = distinct[(distinct < low) | (distinct > high)]
    if len(outside):
        what = "probability" if kind == "probability" else "percentage"
        raise ScaleError(f"{outside[0]:g} is no {what} ({low:g} to {high:g})", outside[0])
    return Scale(kind)


def _found(distinct: FloatArray, name: str) -> Kind:
    low, high = distinct[0], distinct[-1]
    if "logit" in name:
        return "logit"
    whole = bool((distinct == np.round(distinct)).all())
    few = len(distinct) <= MOST_LEVELS
    if whole and few and low >= 0 and 1 < high <= HIGHEST_LEVEL:
        return "levels"
    if low < 0:
        return "logit"
    if high <= 1:
        return "probability"
    if high <= _UNCLEAR and np.mean(distinct <= 1) > _MOST:
        raise ScaleError(
            f"{high:g} is above 1, but nearly all other scores are not: are they probabilities, "
            "with a wrong one, or per cent? Say which: scale: percent, or correct it",
            high,
        )
    if high <= 100:
        return "percent"
    raise ScaleError(
        f"scores lie between {low:g} and {high:g}: neither probabilities (0 to 1) nor per cent "
        "(0 to 100). Say what they are: scale: logit, or divide them"
    )


def _shown(levels: Sequence[float]) -> str:
    return ", ".join(f"{level:g}" for level in levels)
