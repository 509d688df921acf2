"""Printed claims as the auditor holds them, and what it finds in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.audit.counts import Row, parse_printed

METRICS = ("precision", "recall", "f1")
SET_COLUMNS = ("modality", "dataset", "split")


class Finding(NamedTuple):
    """One finding: severity and kind, an English sentence, the row and its keys, its numbers.

    `severity` is "impossible" (no scores can give this), "warning" (the claim says less than it
    seems to) or "note" (what the table gives away). `row` counts from 1; None is the whole set.

    Notes
    -----
    The kinds, and the numbers that each fills in:

    - out_of_range: metric, printed.
    - f1_mismatch: printed, and the F1 that precision and recall allow (expected_low,
      expected_high).
    - misfit: positives, negatives, max_items; no counts of the set on which all other rows agree
      print as this row.
    - non_monotone: metric ("recall" or "false alarms"), which rises from other_threshold
      (other_row).
    - no_counts, no_common_set: max_items; no counts fit the row, or all rows, up to that size.
    - evaluation_set: positives, negatives (at least), n_sets, max_items.
    - baseline: positives, negatives, printed (precision, the share of harmful items).
    - edge_optimum: grid_low, grid_high, printed (F1).
    - gain_split: other_row, other_model, other_threshold (the model compared with), total_gain,
      which is the sum of same_threshold_gain (retraining, at the old threshold) and threshold_gain.
    """

    severity: str
    kind: str
    message: str
    row: int | None = None
    modality: object = None
    dataset: object = None
    split: object = None
    model: object = None
    epoch: object = None
    threshold: float | None = None
    metric: str | None = None
    printed: float | None = None
    expected_low: float | None = None
    expected_high: float | None = None
    positives: int | None = None
    negatives: int | None = None
    n_sets: int | None = None
    max_items: int | None = None
    grid_low: float | None = None
    grid_high: float | None = None
    other_row: int | None = None
    other_model: object = None
    other_threshold: float | None = None
    total_gain: float | None = None
    same_threshold_gain: float | None = None
    threshold_gain: float | None = None

    @classmethod
    def dtype(cls, field: str) -> str:
        """The pandas dtype of a field in a table of findings: Int64, float64 or object."""
        declared = get_type_hints(cls)[field]
        return {int | None: "Int64", float | None: "float64"}.get(declared, "object")


@dataclass(frozen=True)
class Claims:
    """Rows of printed figures.

    Attributes
    ----------
    keys : pandas.DataFrame
        One row per claim: row (from 1), those of SET_COLUMNS that the table has, model, epoch
        ("" where missing), threshold (NaN where missing).
    rows : list of Row
        The printed figures, in the same order.
    """

    keys: pd.DataFrame
    rows: list[Row]

    def take(self, positions: npt.NDArray[np.intp]) -> Claims:
        """The claims at these positions, in this order."""
        return Claims(
            self.keys.iloc[positions].reset_index(drop=True), [self.rows[i] for i in positions]
        )

    def runs(self) -> list[npt.NDArray[np.intp]]:
        """Positions of the rows of each model and epoch, by ascending threshold."""
        threshold = self.keys["threshold"].to_numpy()
        return [
            run[np.argsort(threshold[run], kind="stable")]
            for _, run in split_by(self.keys, ("model", "epoch"))
        ]

    def sweeps(self) -> list[npt.NDArray[np.intp]]:
        """The runs of two rows or more, without rows that lack a threshold."""
        threshold = self.keys["threshold"].to_numpy()
        runs = [run[np.isfinite(threshold[run])] for run in self.runs()]
        return [run for run in runs if run.size > 1]

    def name(self, position: int) -> str:
        """The row's number, and its model, epoch and threshold where they are known."""
        key = self.keys.iloc[position]
        parts = [f"{name} {key[name]}" for name in ("model", "epoch") if key[name] != ""]
        if np.isfinite(key["threshold"]):
            parts.append(f"threshold {show(key['threshold'])}")
        return f"row {key['row']}" + (f" ({', '.join(parts)})" if parts else "")

    def finding(
        self, severity: str, kind: str, position: int, message: str, **numbers: Any
    ) -> Finding:
        """A finding on one row, with the row's keys filled in and its name before the message."""
        key = self.keys.iloc[position].to_dict()
        message = f"{self.name(position)}: {message}"
        return Finding(severity, kind, message, **key, **numbers)


def show(threshold: float) -> str:
    """A threshold as people print it: two digits, more where it has more.

    Parameters
    ----------
    threshold : float
        Finite.

    Returns
    -------
    str
        The threshold in decimals.

    Examples
    --------
    >>> show(0.7), show(0.725)
    ('0.70', '0.725')
    """
    return f"{threshold:.2f}" if round(threshold, 2) == threshold else f"{threshold:g}"


def check_claims(table: pd.DataFrame) -> Claims:
    """The claims in a table.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns as in `auditor.read_claims`, at least one row. An index called ``line`` says where
        each row begins in a file, for messages.

    Returns
    -------
    Claims
        In the order of the table.

    Raises
    ------
    ValueError
        A missing column, a cell that is no number, or one model, epoch and threshold with two
        different rows; the message names it.

    Examples
    --------
    >>> table = pd.DataFrame({"model": ["a"], "precision": ["0.90"], "recall": [0.8], "f1": [0.85]})
    >>> check_claims(table).name(0)
    'row 1 (model a)'
    """
    missing = [name for name in METRICS if name not in table]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}; found: {', '.join(map(str, table))}")
    if table.empty:
        raise ValueError("no rows: a table of claims needs at least one")
    columns = [parse_printed(table[name]) for name in METRICS]
    keys = pd.DataFrame({"row": np.arange(1, len(table) + 1)})
    for name in (*SET_COLUMNS, "model", "epoch"):
        if name in table:
            keys[name] = table[name].astype(object).where(table[name].notna(), "").to_numpy()
        elif name not in SET_COLUMNS:
            keys[name] = ""
    keys["threshold"] = _thresholds(table)
    claims = Claims(keys, [Row(*figures) for figures in zip(*columns, strict=True)])
    unit = "line" if table.index.name == "line" else "row"
    lines = table.index if unit == "line" else claims.keys["row"]
    _check_repeats(claims, lines.tolist(), unit)
    return claims


def _thresholds(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    if "threshold" not in table:
        return np.full(len(table), np.nan)
    values = np.asarray(pd.to_numeric(table["threshold"], errors="coerce"), float)
    wrong = np.flatnonzero(table["threshold"].notna().to_numpy() & ~np.isfinite(values))
    if wrong.size:
        cell = table["threshold"].iloc[wrong[0]]
        raise ValueError(f"column 'threshold', row {wrong[0] + 1}: {cell!r} is not a number")
    return values


def _check_repeats(claims: Claims, lines: list[int], unit: str) -> None:
    """Raise where one model, epoch and threshold has two rows with different figures."""
    names = (*SET_COLUMNS, "model", "epoch", "threshold")
    for _, positions in split_by(claims.keys, names):
        odd = [i for i in positions if claims.rows[i] != claims.rows[positions[0]]]
        if odd:
            raise ValueError(
                f"{unit}s {lines[positions[0]]} and {lines[odd[0]]} give different figures for the "
                "same model, epoch and threshold; tell them apart in a column 'dataset' or 'split'"
            )


def split_by(
    keys: pd.DataFrame, names: tuple[str, ...]
) -> list[tuple[dict[str, Any], npt.NDArray[np.intp]]]:
    """Split rows into those that agree on the columns of `names` that exist.

    Parameters
    ----------
    keys : pandas.DataFrame
        One row per claim, as in `Claims.keys`.
    names : tuple of str
        Columns; those that `keys` lacks are left out.

    Returns
    -------
    list of tuple
        Per part, in order of appearance: the values of its columns, and its index labels. A row
        with a missing value (a threshold of NaN) is in no part.

    Examples
    --------
    >>> split_by(pd.DataFrame({"model": ["a", "b", "a"]}), ("model", "epoch"))
    [({'model': 'a'}, array([0, 2])), ({'model': 'b'}, array([1]))]
    """
    present = [name for name in names if name in keys]
    if not present:
        return [({}, keys.index.to_numpy())]
    return [
        (dict(zip(present, values, strict=True)), part.index.to_numpy())
        for values, part in keys.groupby(present, sort=False)
    ]
