"""Columns of a table as slices: which can be one, and into which each item falls."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

MOST_VALUES = 20  # of a column whose values are slices: more are cut into bins, or left out
BINS = 4  # quantiles of a numeric column
NEARLY_ALL = 0.99  # of the items have one value: the rest is no slice to speak of
EMPTY = "(empty)"
LEFT_OUT_COLUMNS = ("column", "values", "reason")


class Slices(NamedTuple):
    """What items can be told apart by.

    Attributes
    ----------
    values : DataFrame
        One column a slice column, categorical; the rows and the index of the items.
    cut : tuple of str
        Of these columns the numbers were cut at quantiles.
    left_out : DataFrame
        LEFT_OUT_COLUMNS; `reason` is ``constant`` or ``many_values``.
    """

    values: pd.DataFrame
    cut: tuple[str, ...]
    left_out: pd.DataFrame


def slice_columns(items: pd.DataFrame, names: Sequence[str]) -> Slices:
    """Read columns as slices.

    Parameters
    ----------
    items : DataFrame
        With the columns `names`, of texts or numbers.
    names : sequence of str

    Returns
    -------
    Slices
        A column of up to MOST_VALUES values has a slice each; an empty cell is the value EMPTY. One
        of more is cut into BINS of about equal size where all its cells are numbers, and is left
        out where they aren't. One in which NEARLY_ALL items are alike is left out, too.

    Examples
    --------
    >>> items = pd.DataFrame({"camera": ["a", "b"] * 20, "size": range(40), "country": "kr"})
    >>> found = slice_columns(items, ["camera", "size", "country"])
    >>> found.values["size"].cat.categories.tolist(), found.cut
    (['0 to 9.75', '9.75 to 19.5', '19.5 to 29.25', '29.25 to 39'], ('size',))
    >>> found.left_out.to_numpy().tolist()
    [['country', 1, 'constant']]
    """
    values: dict[str, pd.Series] = {}
    cut: list[str] = []
    left_out = []
    for name in names:
        cells = items[name].astype("category")
        counts = cells.value_counts()
        distinct = int((counts > 0).sum())
        if counts.empty or max(counts.iloc[0], cells.isna().sum()) >= NEARLY_ALL * len(items):
            left_out.append((name, distinct, "constant"))
        elif distinct <= MOST_VALUES:
            values[name] = _as_values(cells)
        elif (numbers := _numbers(cells)) is not None:
            values[name] = _as_bins(numbers)
            cut.append(name)
        else:
            left_out.append((name, distinct, "many_values"))
    return Slices(
        pd.DataFrame(values, index=items.index),
        tuple(cut),
        pd.DataFrame(left_out, columns=list(LEFT_OUT_COLUMNS)),
    )


def _as_values(cells: pd.Series) -> pd.Series:
    named = cells.astype("str").mask(cells.isna() | (cells.astype("str") == ""), EMPTY)
    return named.astype("category")


def media_slice_columns(items: pd.DataFrame, further: Sequence[str]) -> Slices:
    """Read what is known of media as slices: the list's further columns, and facts of the files.

    Parameters
    ----------
    items : DataFrame
        Rows of a manifest: size (bytes), width and height (pixels), duration_sec, brightness (mean
        level of grey, 0 to 255), and the columns `further`.
    further : sequence of str
        A column of them that has a fact's name takes its place.

    Returns
    -------
    Slices
        As `slice_columns` reads them; the facts are file_size_kb, short_side_px, brightness, and,
        of videos, duration_sec.

    Examples
    --------
    >>> items = pd.DataFrame({"size": [2000] * 10, "width": 64, "height": range(50, 60),
    ...                       "duration_sec": 0.0, "brightness": 9.0, "camera": ["a", "b"] * 5})
    >>> media_slice_columns(items, ["camera"]).values.columns.tolist()
    ['camera', 'short_side_px']
    """
    facts = {
        "file_size_kb": items["size"] / 1000,
        "short_side_px": items[["width", "height"]].min(axis=1),
        "brightness": items["brightness"],
    }
    if items["duration_sec"].any():
        facts["duration_sec"] = items["duration_sec"]
    known = items[list(further)].assign(**{k: v for k, v in facts.items() if k not in further})
    return slice_columns(known, known.columns)


def _numbers(cells: pd.Series) -> pd.Series | None:
    """The cells as numbers, NaN where empty; None where one of them is something else."""
    kinds = pd.Series(cells.cat.categories)
    numbers = pd.to_numeric(kinds.replace("", np.nan), errors="coerce")
    if (numbers.isna() & (kinds.astype("str") != "")).any() or np.isinf(numbers).any():
        return None
    codes = cells.cat.codes.to_numpy()
    found = numbers.to_numpy(np.float64)[codes]
    return pd.Series(np.where(codes < 0, np.nan, found), index=cells.index)


def _as_bins(numbers: pd.Series) -> pd.Series:
    """Cut at quantiles; values that many items share may leave fewer bins."""
    known = numbers.dropna().to_numpy()
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)))
    names = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    if len(set(names)) < len(names):  # edges that differ beyond four digits
        names = [f"{low!r} to {high!r}" for low, high in pairwise(edges.tolist())]
    codes = np.searchsorted(edges[1:-1], numbers.to_numpy(), side="right")
    if numbers.isna().any():
        codes = np.where(numbers.isna(), len(names), codes)
        names = [*names, EMPTY]
    return pd.Series(pd.Categorical.from_codes(codes, names), index=numbers.index)
