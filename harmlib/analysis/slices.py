"""How a model does on slices of the judged items: each against all others, the worst first.

A slice is a value of a column, such as one camera. Its rates are those at the operating threshold;
differences are slice less all other items. A group may lie in both: it is left out of both at once
(the jackknife of `harmlib.analysis.jackknife`), with the degrees of freedom of the side that has
fewer groups. Differences of a variant are looked at together, two for each slice: their intervals
are Bonferroni's. Recall and the false-alarm rate don't depend on a slice's harmful share, as
precision and F1 do; so the order is by them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.analysis.bonferroni import corrected_level
from harmlib.analysis.checks import FloatArray, IntArray
from harmlib.analysis.group_counts import count_groups
from harmlib.analysis.groups import block_codes
from harmlib.analysis.jackknife import MIN_GROUPS, jackknife_interval
from harmlib.analysis.model_parts import choose_each
from harmlib.analysis.paired import paired_difference
from harmlib.analysis.saved_scores import join_tables
from harmlib.analysis.slice_columns import Slices

RATES = ("recall", "precision", "f1", "false_alarm_rate")
COMPARED = ("recall", "false_alarm_rate")
COLUMNS = (
    "variant", "column", "value", "is_cut", "state", "items", "harmful", "harmful_groups",
    "safe_groups",
    *(rate + end for rate in RATES for end in ("", "_low", "_high")),
    *(f"{rate}_difference{end}" for rate in COMPARED for end in ("", "_low", "_high")),
    "gain_state", "own_threshold", "gain", "gain_low", "gain_high",
)  # fmt: skip


class _Part(NamedTuple):
    """Rows of one variant on one split, n of them."""

    labels: npt.NDArray[np.int64]
    probabilities: FloatArray
    thresholds: FloatArray
    groups: IntArray
    training: IntArray  # whose threshold decides
    slices: pd.DataFrame


def slice_table(
    scored: pd.DataFrame,
    operating_points: pd.DataFrame,
    slices: Slices,
    item_ids: pd.Series,
    level: float = 0.95,
) -> pd.DataFrame:
    """Judge each slice, and what an F1 threshold of its own would gain.

    Parameters
    ----------
    scored : DataFrame
        With groups (see `harmlib.analysis.variant_tables`), of one seed; of folds with seed and
        fold: then every item is judged by the threshold of the other part.
    operating_points : DataFrame
        Of the same trainings.
    slices : Slices
    item_ids : Series of str
        Of the rows of `slices.values`.
    level : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        COLUMNS, for each variant the worst slice first: the one whose false-alarm rate lies
        furthest above, or recall furthest below, that of the others. `state` is ``ok``, or ``few``
        where the slice or the rest has fewer than MIN_GROUPS groups with a harmful or with a safe
        item: then there are no intervals, and it comes last. gain is the F1 on judged items of a
        threshold that the slice's own validation items chose, less that of the common one, its
        interval corrected for the number of gains; `gain_state` is that of the choice, or ``few``.

    Raises
    ------
    ValueError
        Scores of several seeds.
    KeyError
        An item of `scored` that isn't among `item_ids`.

    Examples
    --------
    >>> from harmlib.analysis.slice_columns import slice_columns
    >>> n = np.arange(400)
    >>> scored = pd.DataFrame({"variant": "api", "epoch": 1, "item_id": n.astype(str),
    ...     "split": np.repeat(["val", "test"], 200), "label": n % 2, "group": n,
    ...     "probability": (n % 2 + n % 3 + (n // 4 % 2) * 0.9) / 4, "logit": 0.0})
    >>> points = pd.DataFrame({"variant": ["api"], "epoch": 1, "threshold": 0.4, "chosen": True})
    >>> items = pd.DataFrame({"camera": np.where(n // 4 % 2, "night", "day")})
    >>> table = slice_table(scored, points, slice_columns(items, ["camera"]), scored["item_id"])
    >>> table[["value", "false_alarm_rate", "false_alarm_rate_difference"]].round(2)
       value  false_alarm_rate  false_alarm_rate_difference
    0    day              0.34                        -0.32
    1  night              0.66                         0.32
    """
    if "seed" in operating_points and operating_points["seed"].nunique() > 1:
        raise ValueError("scores of several seeds; pass those of one")
    places = pd.Index(item_ids).get_indexer(pd.Index(scored["item_id"]))
    if (places < 0).any():
        raise KeyError(f"item {scored['item_id'][places < 0].iloc[0]!r} has no slice values")
    tables: list[pd.DataFrame] = []
    if slices.values.columns.empty:  # a million scores need not be looked at
        return join_tables(tables, COLUMNS)[list(COLUMNS)]
    scored = scored.assign(place=places)
    for variant, points in operating_points[operating_points["chosen"]].groupby(
        "variant", sort=False
    ):
        own = scored[scored["variant"] == variant]
        judged, validation = (_part(own, points, split, slices.values) for split in ("test", "val"))
        found = _of_variant(judged, validation, slices, level)
        tables.append(found.assign(variant=variant))
    return join_tables(tables, COLUMNS)[list(COLUMNS)]


def _part(scored: pd.DataFrame, points: pd.DataFrame, split: str, values: pd.DataFrame) -> _Part:
    keys = [name for name in ("seed", "fold", "epoch") if name in points]
    numbered = points[[*keys, "threshold"]].assign(training=np.arange(len(points)))
    rows = scored[scored["split"] == split].merge(numbered, on=keys, validate="many_to_one")
    return _Part(
        rows["label"].to_numpy(np.int64),
        rows["probability"].to_numpy(np.float64),
        rows["threshold"].to_numpy(np.float64),
        pd.factorize(rows["group"])[0].astype(np.int64),
        rows["training"].to_numpy(np.int64),
        values.iloc[rows["place"].to_numpy()],
    )


def _of_variant(judged: _Part, validation: _Part, slices: Slices, level: float) -> pd.DataFrame:
    blocks, n_blocks = block_codes(judged.groups, len(judged.labels))
    tables = [
        _counted(judged, name, blocks, n_blocks, is_cut=name in slices.cut)
        for name in slices.values
    ]
    known = sum(int(one.enough.sum()) for one in tables)
    corrected = corrected_level(len(COMPARED) * known, 1 - level)
    found = join_tables(
        pd.concat(
            [
                one.judge(level, corrected),
                _gains(judged, validation, one.name, one.enough, level, max(1, known)),
            ],
            axis=1,
        )
        for one in tables
    )
    if found.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    excess = np.fmax(found["false_alarm_rate_difference"], -found["recall_difference"])
    order = pd.DataFrame({"few": found["state"] != "ok", "better": -excess})
    order = order.sort_values(["few", "better"], kind="stable", na_position="last")
    return found.loc[order.index].reset_index(drop=True)


class _Counted(NamedTuple):
    """One column's decisions: counts (blocks, slices, 4) of tp, fp, harmful, safe."""

    name: str
    is_cut: bool
    values: list[str]
    counts: FloatArray
    groups: IntArray  # (slices, 2): groups with a harmful, with a safe item
    enough: npt.NDArray[np.bool_]

    def judge(self, level: float, corrected: float) -> pd.DataFrame:
        """Rates of each slice with intervals, and differences from all others."""
        own, own_units = _rates(self.counts)
        rest, rest_units = _rates(self.counts.sum(axis=1, keepdims=True) - self.counts)
        totals = self.counts.sum(axis=0)
        columns: dict[str, Any] = {
            "column": self.name, "value": self.values, "is_cut": self.is_cut,
            "state": np.where(self.enough, "ok", "few"),
            "items": totals[:, 2:].sum(axis=1).astype(int), "harmful": totals[:, 2].astype(int),
            "harmful_groups": self.groups[:, 0], "safe_groups": self.groups[:, 1],
        }  # fmt: skip
        for rate in RATES:
            value, left_out = own[rate][0], own[rate][1:]
            ends = jackknife_interval(value, left_out, units=own_units[rate], level=level)
            columns |= self._named(rate, value, ends)
        for rate in COMPARED:
            apart = own[rate] - rest[rate]
            units = np.minimum(own_units[rate], rest_units[rate])
            ends = jackknife_interval(
                apart[0], apart[1:], scale="difference", units=units, level=corrected
            )
            columns |= self._named(f"{rate}_difference", apart[0], ends)
        return pd.DataFrame(columns)

    def _named(
        self, name: str, value: FloatArray, ends: tuple[FloatArray, FloatArray]
    ) -> dict[str, FloatArray]:
        low, high = (np.where(self.enough, end, np.nan) for end in ends)
        return {name: value, f"{name}_low": low, f"{name}_high": high}


def _counted(part: _Part, name: str, blocks: IntArray, n_blocks: int, *, is_cut: bool) -> _Counted:
    column = part.slices[name].cat
    values, codes = column.categories.astype(str).tolist(), column.codes.to_numpy(np.int64)
    flagged, harmful = part.probabilities > part.thresholds, part.labels == 1
    cell = blocks * len(values) + codes
    kinds = (flagged & harmful, flagged & ~harmful, harmful, ~harmful)
    counts = np.stack(
        [
            np.bincount(cell[own], minlength=n_blocks * len(values)).reshape(n_blocks, -1)
            for own in kinds
        ],
        axis=2,
    ).astype(np.float64)
    groups, apart = _groups_with(part, codes, len(values))
    enough = np.minimum(groups, apart).min(axis=1) >= MIN_GROUPS
    present = counts.sum(axis=(0, 2)) > 0  # a value may have no judged item
    kept = [value for value, there in zip(values, present, strict=True) if there]
    return _Counted(name, is_cut, kept, counts[:, present], groups[present], enough[present])


def _groups_with(part: _Part, codes: IntArray, n_values: int) -> tuple[IntArray, IntArray]:
    """Groups with an item of each class in each slice, and in the rest: each (slices, 2)."""
    inside, outside = [], []
    for label in (1, 0):
        own = part.labels == label
        holds = np.zeros((part.groups.max(initial=-1) + 1) * n_values, np.bool_)
        holds[part.groups[own] * n_values + codes[own]] = True
        group, value = np.divmod(np.flatnonzero(holds), n_values)
        held = np.bincount(group, minlength=1)
        alone = np.bincount(value[held[group] == 1], minlength=n_values)  # in no other slice
        inside.append(np.bincount(value, minlength=n_values))
        outside.append((held > 0).sum() - alone)
    return np.column_stack(inside), np.column_stack(outside)


def _rates(counts: FloatArray) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Each of RATES of all blocks and without each (1 + blocks, slices), and the blocks in it."""
    total = counts.sum(axis=0, keepdims=True)
    tp, fp, harmful, safe = np.moveaxis(np.concatenate([total, total - counts]), 2, 0)
    parts = {
        "recall": (tp, harmful), "precision": (tp, tp + fp),
        "f1": (2 * tp, tp + fp + harmful), "false_alarm_rate": (fp, safe),
    }  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = {name: above / below for name, (above, below) in parts.items()}
    # Without the one block that takes part a rate has no value: then too few take part anyway
    rates = {
        name: np.where(np.isnan(rate) & ~np.isnan(rate[:1]), rate[:1], rate)
        for name, rate in rates.items()
    }
    takes_part = {
        "recall": counts[..., 2], "precision": counts[..., :2].sum(axis=2),
        "f1": counts[..., 1:3].sum(axis=2), "false_alarm_rate": counts[..., 3],
    }  # fmt: skip
    return rates, {
        name: (own > 0).sum(axis=0).astype(np.float64) for name, own in takes_part.items()
    }


def _gains(
    judged: _Part,
    validation: _Part,
    name: str,
    enough: npt.NDArray[np.bool_],
    level: float,
    comparisons: int,
) -> pd.DataFrame:
    """A row a slice: what an own threshold gains."""
    here, there = (part.slices[name].cat.codes.to_numpy() for part in (judged, validation))
    present = np.flatnonzero(np.bincount(here, minlength=1) > 0)
    rows: list[dict[str, Any]] = []
    for value, known in zip(present, enough, strict=True):
        if not known:
            rows.append({"gain_state": "few"})
            continue
        parts = (_taken(judged, here == value), _taken(validation, there == value))
        rows.append(_gain(*parts, level, comparisons))
    return pd.DataFrame(rows, columns=list(COLUMNS[-5:]))


def _taken(part: _Part, own: npt.NDArray[np.bool_]) -> _Part:
    """Rows of a part, without their slices."""
    return _Part(
        part.labels[own],
        part.probabilities[own],
        part.thresholds[own],
        part.groups[own],
        part.training[own],
        part.slices[:0],
    )


def _gain(judged: _Part, validation: _Part, level: float, comparisons: int) -> dict[str, Any]:
    trainings = np.unique(judged.training)
    parts = []
    for one in trainings:
        own = validation.training == one
        labels, groups = validation.labels[own], validation.groups[own]
        if not (own.any() and count_groups(labels, groups).enough):
            return {"gain_state": "few"}
        part = {"label": labels, "probability": validation.probabilities[own]}
        parts.append(pd.DataFrame(part))
    chosen, states = choose_each(parts, "f1")
    state = next((one for one in states if one != "ok"), "ok")
    if state != "ok":
        return {"gain_state": state}
    at = chosen[np.searchsorted(trainings, judged.training)]
    scores = judged.probabilities
    found = paired_difference(
        judged.labels, scores, judged.thresholds, scores, at, judged.groups,
        metrics=["f1"], level=level, comparisons=comparisons,
    ).iloc[0]  # fmt: skip
    return {
        "gain_state": "ok", "own_threshold": float(chosen[0]), "gain": found["difference"],
        "gain_low": found["corrected_low"], "gain_high": found["corrected_high"],
    }  # fmt: skip
