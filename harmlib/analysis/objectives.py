"""What makes one threshold better than another: the objectives, and how ties are settled."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_integer_dtype

TIE = 1e-12  # of a full unit of the objective: values closer than this differ by rounding alone
_KNOWN = (
    "f1, mcc, youden, fbeta:2, cost:miss=5,alarm=1, precision@recall>=0.95, "
    "recall@precision>=0.9, recall@flagged<=0.2"
)


class UnknownObjective(ValueError):
    """An objective that cannot be read, or whose number is out of range."""


@dataclass(frozen=True)
class Objective:
    """What to look for in the rows of `harmlib.analysis.thresholds.sweep`.

    `Objective.parse` makes one from a text.

    Parameters
    ----------
    text : str
        What `parse` read.
    gain : callable
        m rows to m floats, higher is better.
    feasible : callable
        m rows to m bools: whether the threshold may be chosen. False where counts are NaN.
    sign : int
        The objective's value is sign * gain: -1 for costs, else 1.
    scale : float
        A full unit of gain: 1 for rates, the larger of the two prices for costs.
    fewest_alarms_first : bool
        True: of thresholds with equal gain, only those with the fewest false alarms are best. For
        objectives whose gain does not fall with false alarms, such as recall.
    """

    text: str
    gain: Callable[[pd.DataFrame], pd.Series]
    feasible: Callable[[pd.DataFrame], pd.Series] = lambda rows: rows["tp"] >= 0
    sign: int = 1
    scale: float = 1.0
    fewest_alarms_first: bool = False

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read an objective.

        Parameters
        ----------
        text : str
            One of these forms (the numbers are examples):

            - `f1`, `mcc` (Matthews correlation), `youden` (recall + specificity - 1).
            - `fbeta:2`: recall counts beta times as much as precision.
            - `cost:miss=5,alarm=1`: mean cost per item, (miss * fn + alarm * fp) / n; lower is
              better. With `,review=0.2` each flagged item costs that, too, and alarm may be 0.
            - `precision@recall>=0.95`, `recall@precision>=0.9`: best under an inclusive floor.
            - `recall@flagged<=0.2`: best while people can review that share of the items.

            Floors and budgets are fractions in [0, 1], with at most nine decimals. They are read
            as exact decimals and compared with integer counts, so 19 of 20 meets `recall>=0.95`.

        Returns
        -------
        Objective

        Raises
        ------
        UnknownObjective
            The text has another form, or a number is out of range.

        References
        ----------
        van Rijsbergen (1979), Information Retrieval, ch. 7 (F-beta). Youden (1950), Cancer 3:32.

        Examples
        --------
        >>> Objective.parse("recall@precision>=0.9").fewest_alarms_first
        True
        >>> Objective.parse("precision@recall>=95")
        Traceback (most recent call last):
            ...
        harmlib.analysis.objectives.UnknownObjective: '95' in objective 'precision@recall>=95' ...
        """
        known = {"f1": _f1, "mcc": _mcc, "youden": _youden}
        if text in known:
            return cls(text, known[text])
        if match := re.fullmatch(r"fbeta:(.+)", text):
            return cls(text, partial(_f_beta, beta=_positive(match[1], text)))
        if match := re.fullmatch(r"cost:miss=([^,]+),alarm=([^,]+)(?:,review=([^,]+))?", text):
            miss = _positive(match[1], text)
            review = _positive(match[3], text) if match[3] else 0.0
            free = review > 0 and match[2] == "0"  # its review is all that a false alarm costs
            alarm = 0.0 if free else _positive(match[2], text)
            gain = partial(_negative_cost, miss=miss, alarm=alarm, review=review)
            return cls(text, gain, sign=-1, scale=max(miss, alarm, review))
        if match := re.fullmatch(r"precision@recall>=(.+)", text):
            return cls(text, _precision, partial(_recall_meets, floor=_fraction(match[1], text)))
        if match := re.fullmatch(r"recall@precision>=(.+)", text):
            feasible = partial(_precision_meets, floor=_fraction(match[1], text))
            return cls(text, _recall, feasible, fewest_alarms_first=True)
        if match := re.fullmatch(r"recall@flagged<=(.+)", text):
            feasible = partial(_fits_budget, budget=_fraction(match[1], text))
            return cls(text, _recall, feasible, fewest_alarms_first=True)
        raise UnknownObjective(f"unknown objective {text!r}; known, with your numbers: {_KNOWN}")

    def best(self, gains: npt.NDArray[np.float64], alarms: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which thresholds are best; several where they tie.

        Parameters
        ----------
        gains : ndarray of float64, shape (..., m)
            What each of m thresholds gains; -inf where it is not feasible.
        alarms : array_like, shape (..., m)
            False alarms (fp) at each.

        Returns
        -------
        ndarray of bool, shape (..., m)
            At least one True along the last axis.

        Examples
        --------
        >>> recall, alarms = np.array([0.9, 0.9, 0.8]), [5, 3, 0]
        >>> Objective.parse("recall@flagged<=0.2").best(recall, alarms).tolist()
        [False, True, False]
        """
        top = gains.max(axis=-1, keepdims=True)
        tied: npt.NDArray[np.bool_] = gains >= top - TIE * self.scale
        if self.fewest_alarms_first:
            counted = np.where(tied, alarms, np.inf)
            tied = counted == counted.min(axis=-1, keepdims=True)
        return tied


def _f1(rows: pd.DataFrame) -> pd.Series:
    return rows["f1"]


def _mcc(rows: pd.DataFrame) -> pd.Series:
    return rows["mcc"]


def _precision(rows: pd.DataFrame) -> pd.Series:
    return rows["precision"]


def _recall(rows: pd.DataFrame) -> pd.Series:
    return rows["recall"]


def _youden(rows: pd.DataFrame) -> pd.Series:
    return rows["recall"] + rows["specificity"] - 1


def _f_beta(rows: pd.DataFrame, beta: float) -> pd.Series:
    hits, misses = (1 + beta**2) * rows["tp"], beta**2 * rows["fn"] + rows["fp"]
    return hits / (hits + misses).where(hits > 0, 1.0)


def _negative_cost(rows: pd.DataFrame, miss: float, alarm: float, review: float) -> pd.Series:
    cost = miss * rows["fn"] + alarm * rows["fp"] + review * (rows["tp"] + rows["fp"])
    return -cost / rows[["tp", "fp", "fn", "tn"]].sum(axis=1)


def _recall_meets(rows: pd.DataFrame, floor: Fraction) -> pd.Series:
    return _at_least(rows["tp"], rows["tp"] + rows["fn"], floor)


def _precision_meets(rows: pd.DataFrame, floor: Fraction) -> pd.Series:
    return _at_least(rows["tp"], rows["tp"] + rows["fp"], floor)


def _fits_budget(rows: pd.DataFrame, budget: Fraction) -> pd.Series:
    passed = rows["fn"] + rows["tn"]
    return _at_least(passed, passed + rows["tp"] + rows["fp"], 1 - budget)


def _at_least(part: pd.Series, whole: pd.Series, floor: Fraction) -> pd.Series:
    wanted = whole * floor.numerator
    if not is_integer_dtype(whole):  # counts of a mixture are rounded
        wanted = wanted * (1 - TIE)
    return (whole > 0) & (part * floor.denominator >= wanted)


def _positive(number: str, text: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UnknownObjective(f"{number!r} in objective {text!r} must be a positive number")
    return value


def _fraction(number: str, text: str) -> Fraction:
    # Nine decimals, so that count * denominator stays within int64 for any count below 9e9.
    if not re.fullmatch(r"[01]|[01]?\.\d{1,9}", number) or not 0 <= Fraction(number) <= 1:
        raise UnknownObjective(
            f"{number!r} in objective {text!r} must be a fraction from 0 to 1, with at most nine "
            "decimals: 0.95 for 95 percent"
        )
    return Fraction(number)
