"""What each of several changes does: one after the other, alone, and averaged over all orders.

How much a change seems to do depends on what was changed before it. With the settings of all
subsets of the changes at hand, no order has to be preferred.

Examples
--------
>>> from harmlib.analysis.setting_effects import measure
>>> judged = pd.DataFrame({"seed": 1, "item_id": list("abcd"), "label": [0, 0, 1, 1],
...     "group": list("abcd"), "logit": [-2.0, 0.5, 1.0, 2.0],
...     "flagged": [False, True, True, True]})
>>> better = judged.assign(flagged=judged["label"] == 1)
>>> table = factor_effects(measure({frozenset(): judged, frozenset(["rule"]): better}), ["rule"])
>>> table[table["metric"] == "f1"][["way", "factor", "difference"]].round(2)
         way factor  difference
0   in_order   rule         0.2
4   in_order  total         0.2
8      alone   rule         0.2
12   shapley   rule         0.2
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from harmlib.analysis.setting_effects import (
    DIFFERENCE_COLUMNS,
    METRICS,
    Measured,
    difference_cells,
    differences,
    weighted_sum,
)

TOTAL = "total"


def factor_effects(
    settings: Mapping[frozenset[str], Measured], factors: Sequence[str], *, level: float = 0.95
) -> pd.DataFrame:
    """Tabulate what each factor does: in the given order, alone, and on average over all orders.

    Parameters
    ----------
    settings : mapping of frozenset of str to mapping of str to SeedEstimates
        Every subset of the factors, as what is changed in it; as `measure` returns them.
    factors : sequence of str
        In the order in which they were changed.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        Columns way, factor, then DIFFERENCE_COLUMNS. The ways are "in_order" (each added to those
        before it; last the row TOTAL of all together), "alone" (each added to nothing) and
        "shapley" (the average over all orders; before and after are NaN). The corrected intervals
        of a way hold for all factors at once. The effects "in_order" sum to the total, and so do
        those of "shapley".

    Raises
    ------
    ValueError
        A subset is missing.

    Notes
    -----
    Shapley (1953), "A value for n-person games": the effect of adding a factor, averaged over all
    orders in which the factors can be added.
    """
    for subset in subsets(factors):
        if subset not in settings:
            raise ValueError(
                f"no setting with exactly {', '.join(sorted(subset)) or 'nothing'} changed; all "
                f"{2 ** len(factors)} settings of {', '.join(factors)} are needed"
            )
    nothing = settings[frozenset()]
    alone = {factor: (nothing, settings[frozenset([factor])]) for factor in factors}
    return _joined(
        [
            ("in_order", effects_in_order(settings, factors, level=level)),
            ("alone", differences(alone, level=level)),
            ("shapley", _over_all_orders(settings, factors, level)),
        ]
    )


def effects_in_order(
    settings: Mapping[frozenset[str], Measured], factors: Sequence[str], *, level: float = 0.95
) -> pd.DataFrame:
    """Tabulate what each factor does, added to those before it, and all of them together.

    Parameters
    ----------
    settings : mapping of frozenset of str to mapping of str to SeedEstimates
        Nothing changed, the first factor, the first two, and so on.
    factors : sequence of str
        In the order in which they were changed.
    level : float
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        The rows of the way "in_order" that `factor_effects` returns.
    """
    chain = {
        factor: (settings[frozenset(factors[:i])], settings[frozenset(factors[: i + 1])])
        for i, factor in enumerate(factors)
    }
    total = {TOTAL: (settings[frozenset()], settings[frozenset(factors)])}
    steps, whole = differences(chain, level=level), differences(total, level=level)
    return _joined([("in_order", steps), ("in_order", whole)])


def _joined(ways: Sequence[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    tables = [
        table.rename(columns={"name": "factor"}).assign(way=way)
        for way, table in ways
        if len(table)
    ]
    return pd.concat(tables, ignore_index=True)[["way", "factor", *DIFFERENCE_COLUMNS]]


def _over_all_orders(
    settings: Mapping[frozenset[str], Measured], factors: Sequence[str], level: float
) -> pd.DataFrame:
    rows = []
    for factor in factors:
        weights = shapley_weights(factors, factor)
        for metric in METRICS:
            # Differences first: where the factor changes nothing, the average is exactly 0
            effect = weighted_sum(
                [
                    (weight, settings[before | {factor}][metric] - settings[before][metric])
                    for before, weight in weights.items()
                ]
            )
            told = difference_cells(effect, len(factors), level)
            told |= {"before": np.nan, "after": np.nan}
            rows.append(told | {"name": factor, "metric": metric})
    return pd.DataFrame(rows, columns=["name", *DIFFERENCE_COLUMNS])


def shapley_weights(factors: Sequence[str], factor: str) -> dict[frozenset[str], float]:
    """What adding one factor to each set of the others counts in the average over all orders.

    Parameters
    ----------
    factors : sequence of str
        All factors, k of them.
    factor : str
        One of them.

    Returns
    -------
    dict of frozenset of str to float
        One entry for every set of other factors; they sum to 1.

    Notes
    -----
    Of k! orders, s! (k - s - 1)! have exactly a given set of s others before the factor.

    Examples
    --------
    >>> weights = shapley_weights(["a", "b", "c"], "a")
    >>> {"".join(sorted(before)): round(weight, 2) for before, weight in weights.items()}
    {'': 0.33, 'b': 0.17, 'c': 0.17, 'bc': 0.33}
    """
    k = len(factors)
    return {
        before: factorial(len(before)) * factorial(k - len(before) - 1) / factorial(k)
        for before in subsets([other for other in factors if other != factor])
    }


def subsets(names: Iterable[str]) -> list[frozenset[str]]:
    """List all subsets of names: the empty one first, all names last.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of frozenset of str

    Examples
    --------
    >>> [sorted(subset) for subset in subsets("ab")]
    [[], ['a'], ['b'], ['a', 'b']]
    """
    known = list(names)
    sizes = range(len(known) + 1)
    return [frozenset(chosen) for size in sizes for chosen in combinations(known, size)]
