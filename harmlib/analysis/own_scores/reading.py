"""Read somebody's table of scores: items, their labels and splits, and the scores of each model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from harmlib.address import Address
from harmlib.analysis.own_scores.columns import Columns, find_columns
from harmlib.analysis.own_scores.halves import halves
from harmlib.analysis.own_scores.labels import read_labels
from harmlib.analysis.own_scores.rows import check_rows, repeated
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.own_scores.scored_rows import table_rows, with_scores
from harmlib.analysis.own_scores.sections import in_sections, too_small
from harmlib.params import TableReading
from harmlib.tables.complaint import TableError
from harmlib.tables.files import read_file
from harmlib.tables.table import Table

LOST_COLUMNS = ("item_id", "section", "model", "label", "split", "reason")


@dataclass(frozen=True)
class OwnScores:
    """What a table of scores holds.

    Attributes
    ----------
    items : DataFrame
        One row per item and section: item_id, section, label (0/1), group, split; label2 (0, 1
        or NaN) where there is a second label; further columns are slices.
    scores : DataFrame
        One row per item, section and model: item_id, section, model, native, probability, logit.
        Only items that all models of the table scored.
    lost : DataFrame
        With `LOST_COLUMNS`, all of them texts: items that can't be judged, each with its reason.
    left_out : DataFrame
        Sections with too little to choose or to judge (`sections.too_small`).
    scales : dict of str to Scale
        By model, in the order of the table.
    has_splits : bool
        Whether the splits are the table's own; else they are halves.
    read_as : DataFrame
        What was read as what: columns what, column, read_as.
    """

    items: pd.DataFrame
    scores: pd.DataFrame
    lost: pd.DataFrame
    left_out: pd.DataFrame
    scales: dict[str, Scale]
    has_splits: bool
    read_as: pd.DataFrame


def read_own_scores(place: Path | Address, reading: TableReading, seed: int) -> OwnScores:
    """Read a table of scores of any origin.

    Parameters
    ----------
    place : Path or Address
        The file, or the folder or address of several; see `harmlib.tables.files.read_file`.
    reading : TableReading
        What the params say of its columns, scales and labels.
    seed : int
        Decides the halves, where the table has no column of splits.

    Returns
    -------
    OwnScores

    Raises
    ------
    TableError
        What can't be read; the message names the file, the line, the column and the cure.

    Examples
    --------
    >>> import tempfile
    >>> frame = pd.DataFrame({"id": range(40), "label": [0, 1] * 20, "risk": range(0, 80, 2)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "api.csv"
    ...     frame.to_csv(path, index=False)
    ...     own = read_own_scores(path, TableReading(columns={"score": "risk"}), seed=1)
    >>> own.scales["risk"].kind, own.has_splits, own.items["split"].value_counts().to_dict()
    ('percent', False, {'val': 20, 'test': 20})
    """
    table = read_file(place, ("score", "label"))
    path = table.path
    if table.frame.empty:
        raise TableError(f"{path}: has no rows")
    columns = find_columns(list(table.frame), reading.columns, path)
    if "count" in columns.roles:
        table = repeated(table, columns)
    labels, words = read_labels(table, columns.roles["label"], reading.labels)
    rows = table_rows(table, columns).assign(label=labels.to_numpy())
    if "label2" in columns.roles:
        second, of_second = read_labels(
            table, columns.roles["label2"], reading.labels, needs_both=False
        )
        rows["label2"], words = second.to_numpy(), of_second | words
    rows, scales = with_scores(table, rows, columns, reading)
    check_rows(Table(path, rows), len(scales))
    unused = int((rows["split"] == "train").sum())
    rows = rows[rows["split"] != "train"].copy()
    rows["unit"] = rows.groupby(["item_id", "category"], sort=False).ngroup()
    units = rows.drop_duplicates("unit")
    placed = in_sections(units)
    reasons = _why_lost(rows, list(scales))
    used = units[~units["unit"].isin(reasons["unit"])]
    if "split" not in columns.roles:
        split = halves(used.merge(placed, on="unit"), seed)
        units = units.assign(split=units["group"].map(split).fillna("test"))
        used = units[units["unit"].isin(used["unit"])]
    items = used.drop(columns=["model", "native"]).merge(placed, on="unit")
    left_out = too_small(items)
    items = items[~items["section"].isin(left_out["section"])]
    if items.empty:
        raise TableError(
            f"{path}: too little to choose a threshold on one half and judge it on the other: "
            + "; ".join(f"{one.section}: {one.reason}" for one in left_out.itertuples())
        )
    return OwnScores(
        items=items.drop(columns="unit").reset_index(drop=True),
        scores=_scores(rows, items, scales),
        lost=_lost(reasons, units, placed),
        left_out=left_out,
        scales=scales,
        has_splits="split" in columns.roles,
        read_as=_read_as(columns, scales, words, unused),
    )


def _why_lost(rows: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """One row per unit and model that can't be judged: unit, model, reason."""
    unlabelled = rows[rows["label"].isna()].drop_duplicates("unit")
    parts = [unlabelled.assign(model="", reason="no label")]
    labelled = rows[rows["label"].notna()]
    empty = labelled[labelled["native"].isna()]
    parts.append(empty.assign(reason="no score"))
    if len(models) > 1:
        seen = labelled.groupby("unit")["model"].nunique()
        short = seen.index[seen < len(models)]
        has = labelled[labelled["unit"].isin(short)].groupby("unit")["model"].agg(set)
        lacking = [
            (unit, model) for unit, own in has.items() for model in models if model not in own
        ]
        parts.append(pd.DataFrame(lacking, columns=["unit", "model"]).assign(reason="no row"))
    kept = [part[["unit", "model", "reason"]] for part in parts if len(part)]
    return pd.concat(kept) if kept else pd.DataFrame(columns=["unit", "model", "reason"])


def _lost(reasons: pd.DataFrame, units: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    facts = units.set_index("unit")[["item_id", "label", "split"]]
    lost = reasons.join(facts, on="unit").merge(placed, on="unit")  # a row in each of its sections
    lost["label"] = lost["label"].map({1.0: "harmful", 0.0: "safe"}).fillna("")
    return lost[list(LOST_COLUMNS)].reset_index(drop=True)


def _scores(rows: pd.DataFrame, items: pd.DataFrame, scales: dict[str, Scale]) -> pd.DataFrame:
    keys = items[["unit", "section"]]
    tables = []
    for model, scale in scales.items():
        own = rows.loc[rows["model"] == model, ["unit", "item_id", "native"]].merge(keys, on="unit")
        values = own["native"].to_numpy()
        tables.append(
            own.drop(columns="unit").assign(
                model=model,
                probability=scale.to_probability(values),
                logit=scale.to_logit(values),
            )
        )
    return pd.concat(tables, ignore_index=True)


def _read_as(
    columns: Columns, scales: dict[str, Scale], words: dict[str, int], unused: int
) -> pd.DataFrame:
    """Tell people which column was read as what, and which word, and which scale."""
    lines = [("column", name, role) for role, name in columns.roles.items()]
    lines += [("column", name, "score") for name in columns.scores]
    lines += [("column", name, "slice") for name in columns.slices]
    meant = {1: "harmful", 0: "safe", -1: "unknown"}
    lines += [("label", word, meant[label]) for word, label in words.items()]
    if unused:
        lines.append(("split", "train", f"not used: {unused:,} rows"))
    for model, scale in scales.items():
        shown = ", ".join(f"{level:g}" for level in scale.levels)
        lines.append(("scale", model, f"{scale.kind} {shown}".strip()))
    return pd.DataFrame(lines, columns=["what", "name", "read_as"])
