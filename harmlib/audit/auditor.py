"""Audit printed claims: what a table of precision, recall and F1 gives away.

Rounded figures of one evaluation set, read together, often allow only one set of integer confusion
counts. With these, the printed table alone shows impossible rows, baseline classifiers, optima at
the edge of a grid, and gains that come from moving the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.audit.checks import (
    baseline_rows,
    edge_optima,
    gain_splits,
    impossible_rows,
    rising_rows,
    set_findings,
)
from harmlib.audit.claims import METRICS, SET_COLUMNS, Claims, Finding, check_claims, split_by
from harmlib.audit.counts import MAX_VALUE, EvaluationSet, find_sets
from harmlib.language import told
from harmlib.tables.headers import check_names
from harmlib.tables.numbers import numbers, plain_numbers
from harmlib.tables.spreadsheet import check_texts
from harmlib.tables.table import Table, read_table

MAX_ITEMS = 5_000
LARGEST_MAX_ITEMS = 20_000
SEVERITIES = ("impossible", "warning", "note")
SET_FIELDS = ("positives", "negatives", "n_sets", "next_positives", "rival_positives")


@dataclass(frozen=True)
class Audit:
    """What the printed table gives away.

    Attributes
    ----------
    findings : tuple of Finding
        Impossible rows first, then warnings, then notes.
    counts : pandas.DataFrame
        One row per claim, in the order of the table: row (from 1), the key columns of the table,
        precision, recall, f1 (as printed), then for the smallest evaluation set that fits:
        positives, negatives (at least), fits (how many counts print as this row), tp, fp, fn, tn
        (missing where several fit; tn at least), tp_low, tp_high, fp_low, fp_high, unique (True: no
        other counts fit this set, and no set of up to max_items items fits the table except
        multiples of this one).
    sets : pandas.DataFrame
        One row per evaluation set: its key columns, rows, positives (smallest that fits), negatives
        (at least), n_sets (how many numbers of positives fit, up to max_items items),
        next_positives (the second smallest), rival_positives (the smallest that is no multiple of
        the first); the last five are missing where no set fits.
    """

    findings: tuple[Finding, ...]
    counts: pd.DataFrame
    sets: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row per finding, with the fields of `Finding`; fields that a kind lacks are missing.

        Returns
        -------
        pandas.DataFrame
            Whole numbers as Int64, other numbers as float64.
        """
        frame = pd.DataFrame(self.findings, columns=Finding._fields)
        return frame.astype({name: Finding.dtype(name) for name in Finding._fields})


def read_claims(path: str | Path) -> pd.DataFrame:
    """Read a CSV of printed metrics as text, so that trailing zeros are kept.

    Parameters
    ----------
    path : str or Path
        A CSV as `harmlib.tables.table.read_table` reads it. Columns needed: precision, recall, f1.
        Used where present: modality, dataset, split (rows that agree on these were measured on one
        evaluation set), model, epoch, threshold. Others are left out.

    Returns
    -------
    pandas.DataFrame
        The columns above that the file has, as text; figures with a point, as fractions.

    Raises
    ------
    ValueError
        A file, a column or a cell that cannot be used; the message names it and its line.

    Examples
    --------
    >>> from importlib.resources import files
    >>> read_claims(files("harmlib.audit") / "published.csv").loc[0, ["recall", "f1"]].tolist()
    ['1.0000', '0.8426']
    """
    table = read_table(path, needed=METRICS)
    names = (*SET_COLUMNS, "model", "epoch", "threshold")
    check_names(table.frame.columns, METRICS, names, table.path)
    claims = table.frame[[name for name in (*names, *METRICS) if name in table.frame]].copy()
    for name in claims:
        if name in (*METRICS, "threshold"):
            claims[name] = plain_numbers(table, name, may_be_empty=name == "threshold")
            numbers(Table(table.path, claims), name, -MAX_VALUE, MAX_VALUE, may_be_empty=True)
        else:
            check_texts(table, name)
    if "epoch" in claims:  # spreadsheets make 3.0 of 3 where another cell is empty
        claims["epoch"] = claims["epoch"].str.replace(r"^([0-9]+)\.0+$", r"\1", regex=True)
    claims = claims.mask(claims == "")
    try:
        check_claims(claims)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return claims.reset_index(drop=True)


def audit(table: pd.DataFrame, *, max_items: int = MAX_ITEMS) -> Audit:
    """Audit a table of printed metrics.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per claim; columns as in `read_claims`. Give the metrics as text to keep trailing
        zeros; floats get the largest number of digits in their column. Rows that agree on modality,
        dataset and split are taken to share one evaluation set.
    max_items : int
        Largest evaluation set searched, 1 to 20,000 items. Rows from a larger set may fit none.

    Returns
    -------
    Audit
        Precision, recall and F1 never bound the number of negatives from above: `negatives` is the
        least that the table needs, and is exact only if some row calls everything harmful.

    Raises
    ------
    ValueError
        A table that cannot be read; the message names column and row.

    Examples
    --------
    >>> claims = pd.DataFrame({
    ...     "model": "a", "threshold": [0.3, 0.5, 0.7], "precision": ["0.7000", "0.8571", "1.0000"],
    ...     "recall": ["1.0000", "0.8571", "0.4286"], "f1": ["0.8235", "0.8571", "0.6000"],
    ... })
    >>> found = audit(claims, max_items=100)
    >>> found.counts[["threshold", "tp", "fp", "fn", "tn"]]
       threshold  tp  fp  fn  tn
    0        0.3   7   3   0   0
    1        0.5   6   1   1   2
    2        0.7   3   0   4   3
    >>> [(finding.severity, finding.kind, finding.row) for finding in found.findings]
    [('note', 'evaluation_set', None), ('note', 'baseline', 1)]
    """
    if not 1 <= max_items <= LARGEST_MAX_ITEMS:
        raise ValueError(f"max_items is {max_items}; allowed: 1 to {LARGEST_MAX_ITEMS}")
    claims = check_claims(table)
    findings, counts, sets = [], [], []
    for key, positions in split_by(claims.keys, SET_COLUMNS):
        part = claims.take(positions)
        bad = impossible_rows(part)
        usable = np.flatnonzero(~part.keys["row"].isin([finding.row for finding in bad]))
        found = find_sets([part.rows[i] for i in usable], max_items)
        findings += [*bad, *rising_rows(part, usable)]
        findings += set_findings(part, usable, found, max_items)
        findings += [*baseline_rows(part, usable, found), *edge_optima(part), *gain_splits(part)]
        counts.append(_counts(part, usable, found))
        sets.append({**key, "rows": len(part.rows), **_summary(found)})
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Audit(
        findings=tuple(findings),
        counts=pd.concat(counts).sort_values("row", ignore_index=True),
        sets=pd.DataFrame(sets).astype(dict.fromkeys(SET_FIELDS, "Int64")),
    )


def format_audit(audit: Audit) -> str:
    """The audit as plain text: the evaluation sets, the findings, the recovered counts.

    Parameters
    ----------
    audit : Audit
        As `audit` returns it.

    Returns
    -------
    str
        Several lines, for a terminal.

    Examples
    --------
    >>> claims = pd.DataFrame({"precision": ["0.90"], "recall": ["0.90"], "f1": ["0.80"]})
    >>> print(format_audit(audit(claims, max_items=100)))
    Evaluation sets (smallest that fits; negatives: at least)
     rows  positives  negatives  n_sets  next_positives  rival_positives
        1       <NA>       <NA>    <NA>            <NA>             <NA>
    <BLANKLINE>
    Findings
    - impossible: row 1: F1 0.80 does not follow from precision 0.90 and recall 0.90, ...
    <BLANKLINE>
    Counts in the smallest set (negatives and tn: at least)
    ...
    """
    counts = audit.counts.drop(columns=["tp_low", "tp_high", "fp_low", "fp_high"])
    return "\n".join(
        [
            told(
                "Evaluation sets (smallest that fits; negatives: at least)",
                "평가 집합(맞는 것 가운데 가장 작은 것, 음성은 최소)",
            ),
            audit.sets.to_string(index=False, na_rep="-"),
            told("\nFindings", "\n발견한 것"),
            *[f"- {finding.severity}: {finding.message}" for finding in audit.findings],
            told(
                "\nCounts in the smallest set (negatives and tn: at least)",
                "\n가장 작은 평가 집합에서의 개수(음성과 tn은 최소)",
            ),
            counts.to_string(index=False, na_rep="-"),
        ]
    )


def _summary(found: EvaluationSet) -> dict[str, object]:
    if found.positives.size == 0:
        return dict.fromkeys(SET_FIELDS, pd.NA)
    following = found.positives[1] if found.positives.size > 1 else pd.NA
    rival = found.rivals[0] if found.rivals.size else pd.NA
    values = (found.smallest, found.negatives, found.positives.size, following, rival)
    return dict(zip(SET_FIELDS, values, strict=True))


def _counts(claims: Claims, usable: npt.NDArray[np.intp], found: EvaluationSet) -> pd.DataFrame:
    counts = claims.keys.copy()
    for name in METRICS:
        counts[name] = [str(getattr(row, name).value) for row in claims.rows]
    names = ["positives", "negatives", "fits", "tp", "fp", "fn", "tn"]
    names += ["tp_low", "tp_high", "fp_low", "fp_high"]
    counts = counts.assign(**{name: pd.array([pd.NA] * len(counts), "Int64") for name in names})
    counts["fits"], counts["unique"] = 0, False
    if found.positives.size == 0:
        return counts
    ranges = {name: r[:, found.smallest] for name, r in found.ranges._asdict().items()}
    fits = ranges["n"] > 0
    rows = usable[fits]
    counts.loc[rows, "positives"] = found.smallest
    counts.loc[rows, "negatives"] = found.negatives
    counts.loc[rows, "fits"] = ranges["n"][fits]
    for name in ("tp_low", "tp_high", "fp_low", "fp_high"):
        counts.loc[rows, name] = ranges[name][fits]
    for name in ("tp", "fp"):
        low, high = counts[f"{name}_low"], counts[f"{name}_high"]
        counts[name] = low.where(low == high)
    counts["fn"] = counts["positives"] - counts["tp"]
    counts["tn"] = counts["negatives"] - counts["fp"]
    counts["unique"] = (counts["fits"] == 1) & (found.rivals.size == 0)
    return counts
