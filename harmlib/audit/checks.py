"""What can be wrong with rows printed for one evaluation set: one function per kind.

Examples
--------
>>> import pandas as pd
>>> from harmlib.audit.claims import check_claims
>>> from harmlib.audit.counts import find_sets
>>> claims = check_claims(pd.DataFrame({
...     "model": ["old", "new", "new", "new"],
...     "threshold": [0.5, 0.5, 0.7, 0.9],
...     "precision": ["0.7000", "0.7778", "0.8750", "1.0000"],
...     "recall": ["1.0000", "1.0000", "1.0000", "0.8571"],
...     "f1": ["0.8235", "0.8750", "0.9333", "0.9231"],
... }))
>>> usable = np.arange(4)
>>> found = find_sets(claims.rows, max_items=60)
>>> def show_kinds(findings):
...     return [(finding.severity, finding.kind, finding.row) for finding in findings]
>>> show_kinds(set_findings(claims, usable, found, max_items=60))
[('note', 'evaluation_set', None)]
>>> show_kinds(baseline_rows(claims, usable, found))
[('warning', 'baseline', 1)]
>>> show_kinds(gain_splits(claims))
[('note', 'gain_split', 3)]
>>> show_kinds(edge_optima(claims.take(usable[:3])))
[('warning', 'edge_optimum', 3)]
>>> table = pd.DataFrame({"threshold": [0.3, 0.5, 0.7], "precision": ["0.70", "0.80", "0.90"],
...                       "recall": ["0.80", "0.90", "0.70"], "f1": ["0.75", "0.85", "0.60"]})
>>> show_kinds(impossible_rows(check_claims(table)))
[('impossible', 'f1_mismatch', 3)]
>>> show_kinds(rising_rows(check_claims(table), usable[:2]))
[('impossible', 'non_monotone', 2)]
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from harmlib.audit.claims import SET_COLUMNS, Claims, Finding, show, split_by
from harmlib.audit.counts import EvaluationSet, Printed, Row, rises

Bounds = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def impossible_rows(claims: Claims) -> list[Finding]:
    """Rows that no counts whatever can give: outside [0, 1], or an F1 other than that of P and R.

    Parameters
    ----------
    claims : Claims
        The rows of one evaluation set.

    Returns
    -------
    list of Finding
        Kinds out_of_range and f1_mismatch.
    """
    findings = []
    for i, row in enumerate(claims.rows):
        outside = [name for name in row._fields if not 0 <= getattr(row, name).value <= 1]
        for name in outside:
            value = getattr(row, name).value
            hint = "; if it is a percentage, divide by 100" if 1 < value <= 100 else ""
            message = f"{name} {value} lies outside [0, 1]{hint}."
            numbers = {"metric": name, "printed": float(value)}
            findings.append(claims.finding("impossible", "out_of_range", i, message, **numbers))
        if outside:
            continue
        low, high = _f1_range(row)
        if row.f1.high < low or row.f1.low > high:
            message = (
                f"F1 {row.f1.value} does not follow from precision {row.precision.value} and "
                f"recall {row.recall.value}, which allow {float(low):.5f} to {float(high):.5f}."
            )
            numbers = {"expected_low": float(low), "expected_high": float(high)}
            numbers["printed"] = float(row.f1.value)
            findings.append(claims.finding("impossible", "f1_mismatch", i, message, **numbers))
    return findings


def _f1_range(row: Row) -> tuple[Fraction, Fraction]:
    """Smallest and largest F1 = 2PR / (P + R) before rounding; it rises in both P and R."""
    p, r, _ = row
    low = 2 * p.low * r.low / (p.low + r.low) if p.low + r.low else p.low
    return low, 2 * p.high * r.high / (p.high + r.high)


def rising_rows(claims: Claims, usable: npt.NDArray[np.intp]) -> list[Finding]:
    """Rows whose recall or false alarms lie above those at a lower threshold, whatever the set.

    Parameters
    ----------
    claims : Claims
        The rows of one evaluation set.
    usable : ndarray of int
        Positions of the rows to compare: a row that is impossible by itself blames no other.

    Returns
    -------
    list of Finding
        Kind non_monotone.
    """
    findings = []
    for sweep in claims.sweeps():
        sweep = sweep[np.isin(sweep, usable)]
        rows = [claims.rows[i] for i in sweep]
        for metric, (low, high) in {
            "recall": _recall_bounds([row.recall for row in rows]),
            "false alarms": _false_alarm_bounds(rows),
        }.items():
            for j in np.flatnonzero(rises(low, high)):
                other = int(np.argmin(high[:j]))
                findings.append(_rising(claims, metric, sweep[j], sweep[other]))
    return findings


def _rising(claims: Claims, metric: str, position: int, other: int) -> Finding:
    below = claims.keys.iloc[other]
    message = (
        f"{metric} must have risen from row {below['row']} (threshold {show(below['threshold'])}), "
        "but a higher threshold cannot flag more items."
    )
    numbers = {"metric": metric, "other_row": below["row"], "other_threshold": below["threshold"]}
    return claims.finding("impossible", "non_monotone", position, message, **numbers)


def _recall_bounds(recalls: list[Printed]) -> Bounds:
    # Rounding keeps the order, so figures with the same digits compare as printed.
    if len({recall.scale for recall in recalls}) == 1:
        value = np.array([float(recall.value) for recall in recalls])
        return value, value
    return np.array([float(r.low) for r in recalls]), np.array([float(r.high) for r in recalls])


def _false_alarm_bounds(rows: list[Row]) -> Bounds:
    """Bounds of fp / P = recall (1 / precision - 1), a hair wider than exact."""
    low = [float(row.recall.low * (1 / row.precision.high - 1)) for row in rows]
    high = [
        float(row.recall.high * (1 / row.precision.low - 1)) if row.precision.low else np.inf
        for row in rows
    ]
    return np.array(low) * (1 - 1e-12), np.array(high) * (1 + 1e-12)


def set_findings(
    claims: Claims, usable: npt.NDArray[np.intp], found: EvaluationSet, max_items: int
) -> list[Finding]:
    """What the search for a common evaluation set says.

    Parameters
    ----------
    claims : Claims
        The rows of one evaluation set.
    usable : ndarray of int
        Positions of the rows that were searched.
    found : EvaluationSet
        As `counts.find_sets` returns it for these rows.
    max_items : int
        Largest set searched.

    Returns
    -------
    list of Finding
        Kinds misfit and evaluation_set; or no_counts or no_common_set.
    """
    if usable.size == 0:
        return []
    if found.positives.size == 0:
        return _no_set(claims, usable, found, max_items)
    size = {"positives": found.smallest, "negatives": found.negatives, "max_items": max_items}
    items = f"{found.smallest:,} harmful and at least {found.negatives:,} safe items"
    n_fit = usable.size - found.misfits.size
    findings = [
        claims.finding(
            "impossible",
            "misfit",
            usable[i],
            f"no counts print as this row, though {n_fit} other rows fit one evaluation set of "
            f"{items}, and none of a similar size but its multiples: a misprint, or another set.",
            **size,
        )
        for i in found.misfits
    ]
    others = "no other set fits"
    if found.positives.size > 1:
        others = f"{found.positives.size - 1:,} larger sets fit"
        others += " as well" if found.rivals.size else ", all of them multiples of this one"
    message = (
        f"{n_fit} rows fit one evaluation set of {items}; up to {max_items:,} items, {others}."
    )
    key = _set_key(claims) | size | {"n_sets": found.positives.size}
    return [*findings, Finding("note", "evaluation_set", message, **key)]


def _no_set(
    claims: Claims, usable: npt.NDArray[np.intp], found: EvaluationSet, max_items: int
) -> list[Finding]:
    alone = np.flatnonzero(found.ranges.n.max(axis=1) == 0)
    reason = f"up to {max_items:,} items: a misprint, or a larger set."
    findings = [
        claims.finding(
            "warning",
            "no_counts",
            usable[i],
            f"no counts print as this row, {reason}",
            max_items=max_items,
        )
        for i in alone
    ]
    if alone.size:
        return findings
    message = f"no evaluation set fits all {usable.size} rows, {reason[:-1]}, or several sets."
    return [Finding("warning", "no_common_set", message, **_set_key(claims), max_items=max_items)]


def _set_key(claims: Claims) -> dict[str, Any]:
    first = claims.keys.iloc[0]
    return {name: first[name] for name in SET_COLUMNS if name in first}


def baseline_rows(
    claims: Claims, usable: npt.NDArray[np.intp], found: EvaluationSet
) -> list[Finding]:
    """Rows with the figures of the baseline, which calls everything harmful.

    Recall is 1, and no row of the set flags more.

    Parameters
    ----------
    claims : Claims
        The rows of one evaluation set.
    usable : ndarray of int
        Positions of the rows that were searched.
    found : EvaluationSet
        As `counts.find_sets` returns it for these rows.

    Returns
    -------
    list of Finding
        Kind baseline. A warning where nothing else is printed of a model and epoch, while other
        rows flag less and allow only one set of that size. Otherwise a note: the low end of a sweep
        looks the same, and so may a good row of a larger set.
    """
    if found.positives.size == 0:
        return []
    tp_low, tp_high, _, fp_high, n = (r[:, found.smallest] for r in found.ranges)
    fits = n > 0
    everything = fits & (tp_high == found.smallest) & (fp_high >= found.negatives)
    known = found.stands_alone and (fits & (fp_high < found.negatives)).any()
    share = f" ({found.smallest:,} of {found.smallest + found.negatives:,})" if known else ""
    findings = []
    for run in claims.runs():
        places = np.flatnonzero(np.isin(usable, run))
        sure = (everything[places] & (tp_low[places] == found.smallest)).all() and known
        for i in places[everything[places]]:
            precision = claims.rows[usable[i]].precision.value
            message = (
                "these are the figures of calling everything harmful: recall is 1, no row of the "
                f"set flags more, and precision {precision} would be the share of harmful items"
                f"{share}; compare it with the data's own share."
            )
            size = {"positives": found.smallest, "negatives": found.negatives}
            severity = "warning" if sure else "note"
            findings.append(
                claims.finding(
                    severity, "baseline", usable[i], message, printed=float(precision), **size
                )
            )
    return findings


def edge_optima(claims: Claims) -> list[Finding]:
    """Best thresholds (by printed F1) that are the first or last of their grid.

    A model and epoch printed at one threshold only is taken as a printed optimum, and compared with
    the grid of the same model's other epochs.

    Parameters
    ----------
    claims : Claims
        The rows of one evaluation set.

    Returns
    -------
    list of Finding
        Kind edge_optimum.
    """
    threshold = claims.keys["threshold"].to_numpy()
    findings = []
    for run in claims.runs():
        run = run[np.isfinite(threshold[run])]
        grid = np.unique(threshold[run])
        if grid.size == 1:
            same_model = (claims.keys["model"] == claims.keys["model"].iloc[run[0]]).to_numpy()
            sweeps = [sweep for sweep in claims.sweeps() if same_model[sweep[0]]]
            grid = np.unique(threshold[np.concatenate(sweeps)]) if sweeps else grid
        if grid.size < 2:
            continue
        f1 = np.array([float(claims.rows[i].f1.value) for i in run])
        best = run[f1 == f1.max()]
        at_edge = np.isin(threshold[best], grid[[0, -1]])
        if not at_edge.all():
            continue
        for i in best:
            end = "first" if threshold[i] == grid[0] else "last"
            beyond = "below" if end == "first" else "above"
            message = (
                f"the best threshold is the {end} of its grid, {show(grid[0])} to "
                f"{show(grid[-1])}: the true optimum may lie {beyond} it."
            )
            numbers = {"grid_low": grid[0], "grid_high": grid[-1], "printed": f1.max()}
            findings.append(claims.finding("warning", "edge_optimum", i, message, **numbers))
    return findings


def gain_splits(claims: Claims) -> list[Finding]:
    """What a model's best row gains over the best row of the model printed before it.

    Where the newer model and epoch is printed at the older one's threshold too, the gain is split
    into the gain at the same threshold (another model) and the gain of moving the threshold.

    Parameters
    ----------
    claims : Claims
        The rows of one evaluation set.

    Returns
    -------
    list of Finding
        Kind gain_split. A warning where moving the threshold, which the best row displays, gives
        less than half; otherwise a note.
    """
    keys = claims.keys
    f1 = np.array([row.f1.value for row in claims.rows])
    models = [positions for _, positions in split_by(keys, ("model",))]
    findings = []
    for old, new in pairwise(models):
        before, after = old[np.argmax(f1[old])], new[np.argmax(f1[new])]
        if f1[after] <= f1[before] or keys["threshold"].iloc[[before, after]].nunique() < 2:
            continue
        same = new[
            (keys["epoch"].iloc[new] == keys["epoch"].iloc[after]).to_numpy()
            & (keys["threshold"].iloc[new] == keys["threshold"].iloc[before]).to_numpy()
        ]
        if same.size:
            findings.append(_split(claims, f1, before, same[0], after))
    return findings


def _split(
    claims: Claims, f1: npt.NDArray[np.object_], before: int, same: int, after: int
) -> Finding:
    """The finding on `after`; f1 holds the printed figures as Decimal."""
    old = claims.keys.iloc[before]
    total, retraining, moving = f1[after] - f1[before], f1[same] - f1[before], f1[after] - f1[same]
    message = (
        f"F1 is {total} above model {old['model']} (row {old['row']}); of this, {retraining} is "
        f"there at the old threshold {show(old['threshold'])}, and moving it adds {moving}."
    )
    return claims.finding(
        "warning" if 2 * moving < total else "note",
        "gain_split",
        after,
        message,
        other_row=old["row"],
        other_model=old["model"],
        other_threshold=old["threshold"],
        total_gain=float(total),
        same_threshold_gain=float(retraining),
        threshold_gain=float(moving),
    )
