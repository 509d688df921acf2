"""Differences with their intervals as dots beside their names: small, and in the page's own colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from harmlib.reporting.text.cited_numbers import html, plain

MOST = 6  # rows; beyond, the ones that are nearest to 0 are drawn
_MARGIN = 4.0  # per cent of the width, on both sides


def difference_plot(differences: pd.DataFrame, title: str, words: Sequence[tuple[str, str]]) -> str:
    """Draw differences, a row each, on one axis that holds 0.

    Parameters
    ----------
    differences : DataFrame
        difference, low, high (NaN where there is no interval). The first row is always drawn.
    title : str
        What is drawn, like `words` with cited numbers.
    words : sequence of (str, str)
        The name of each row, and its numbers.

    Returns
    -------
    str
        A `figure` element; a difference whose interval holds 0 is drawn hollow.

    Examples
    --------
    >>> table = pd.DataFrame({"difference": [0.1], "low": [0.05], "high": [0.2]})
    >>> difference_plot(table, "차이", [("기준선", "+0.100")])
    '<figure class="differences"><figcaption>차이</figcaption><div class="difference above"><span
    class="name">기준선</span><svg ...<line ...<circle ...</svg><span class="numbers">+0.100</span></div></figure>'
    """
    shown = _nearest(differences)
    ends = shown[["difference", "low", "high"]].fillna(0.0)
    least, most = min(0.0, float(ends.min(axis=None))), max(0.0, float(ends.max(axis=None)))
    rows = []
    for place, one in zip(shown.index, shown.itertuples(), strict=True):
        name, numbers = words[differences.index.get_loc(place)]
        values = (one.difference, one.low, one.high)
        drawn = _drawn(values, least, most, plain(f"{name}: {numbers}"))
        rows.append(
            f'<div class="difference {_side(one.low, one.high)}">'
            f'<span class="name">{html(name)}</span>{drawn}'
            f'<span class="numbers">{html(numbers)}</span></div>'
        )
    return (
        f'<figure class="differences"><figcaption>{html(title)}</figcaption>'
        f"{''.join(rows)}</figure>"
    )


def _nearest(differences: pd.DataFrame) -> pd.DataFrame:
    """The first row, and of the others those nearest to 0, in their order."""
    if len(differences) <= MOST:
        return differences
    near = differences["difference"].iloc[1:].abs().nsmallest(MOST - 1).index
    return differences[(differences.index == differences.index[0]) | differences.index.isin(near)]


def _side(low: float, high: float) -> str:
    if low > 0:
        return "above"
    return "below" if high < 0 else "around"


def _drawn(values: tuple[float, float, float], least: float, most: float, words: str) -> str:
    """One row's drawing, as wide as there is room: places are shares of the width."""
    span = (most - least) or 1.0

    def at(value: float) -> str:
        share = _MARGIN + (value - least) / span * (100 - 2 * _MARGIN)
        return f"{share:.2f}%"

    value, low, high = values
    interval = ""
    if low == low and high == high:
        interval = f'<line class="interval" x1="{at(low)}" x2="{at(high)}" y1="50%" y2="50%"/>'
    return (
        f'<svg role="img" aria-label="{escape(words, quote=True)}">'
        f'<line class="zero" x1="{at(0.0)}" x2="{at(0.0)}" y1="0" y2="100%"/>'
        f'{interval}<circle cx="{at(value)}" cy="50%" r="4.5"/></svg>'
    )
