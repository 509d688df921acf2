"""Read somebody's table of scores: items, their labels and splits, and the scores of each model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from harmlib.address import Address
from harmlib.analysis.own_scores.columns import Columns, find_columns
from harmlib.analysis.own_scores.halves import halves
from harmlib.analysis.own_scores.labels import UNKNOWN, as_texts, read_labels
from harmlib.analysis.own_scores.rows import check_rows, read_splits, repeated
from harmlib.analysis.own_scores.scales import Scale, ScaleError, read_scale
from harmlib.analysis.own_scores.sections import in_sections, too_small
from harmlib.params import TableReading
from harmlib.tables.complaint import TableError
from harmlib.tables.files import read_file
from harmlib.tables.numbers import plain_numbers
from harmlib.tables.table import Table

LOST_COLUMNS = ("item_id", "section", "model", "label", "split", "reason")
FAILED = {*UNKNOWN, "error", "timeout", "failed", "none", "-"}  # instead of a score


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


def table_rows(table: Table, columns: Columns) -> pd.DataFrame:
    """Name the columns by their roles; all become texts.

    Parameters
    ----------
    table : Table
    columns : Columns
        What its columns are.

    Returns
    -------
    DataFrame
        item_id, group, category, modality, split, where there are model and date, and the slices.

    Raises
    ------
    TableError
        Models without items, or a row without its model.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a", "b"], "score": ["1", "2"], "site": ["x", "y"]})
    >>> table = Table(Path("a.csv"), frame)
    >>> table_rows(table, Columns({"item": "id"}, ("score",), ("site",)))["group"].tolist()
    ['a', 'b']
    """
    roles, frame = columns.roles, table.frame
    if "item" not in roles and "model" in roles:
        raise TableError(
            f"{table.path}: has a column of models, but none of items; without one nobody knows "
            "which rows are of the same item. Say which it is: columns: {item: …}"
        )
    lines = pd.Series(frame.index.astype(str))
    if "count" in roles:  # a line stands for several items
        lines = lines + "-" + (lines.groupby(lines).cumcount() + 1).astype(str)
    lines = lines.set_axis(frame.index)
    rows = pd.DataFrame(index=frame.index)
    rows["item_id"] = as_texts(frame[roles["item"]]) if "item" in roles else lines
    rows["item_id"] = rows["item_id"].where(rows["item_id"] != "", lines)  # unnamed
    rows["group"] = as_texts(frame[roles["group"]]) if "group" in roles else rows["item_id"]
    rows["group"] = rows["group"].where(rows["group"] != "", rows["item_id"])
    for role in ("category", "modality"):
        rows[role] = as_texts(frame[roles[role]]) if role in roles else ""
    if "model" in roles:
        rows["model"] = as_texts(frame[roles["model"]])
        empty = rows["model"] == ""
        if empty.any():
            table.refuse(empty, f"column {roles['model']!r} is empty; name the model")
    rows["split"] = read_splits(table, roles["split"]) if "split" in roles else ""
    if "date" in roles:
        rows["date"] = as_texts(frame[roles["date"]])
    return rows.assign(**{name: frame[name] for name in columns.slices if name not in rows})


def with_scores(
    table: Table, rows: pd.DataFrame, columns: Columns, reading: TableReading
) -> tuple[pd.DataFrame, dict[str, Scale]]:
    """Add each row's score and model; a wide table gets a row per model.

    Parameters
    ----------
    table : Table
    rows : DataFrame
        As `table_rows` returns them.
    columns : Columns
        What the table's columns are.
    reading : TableReading
        What the params say of scales.

    Returns
    -------
    rows : DataFrame
        With model and native, the score in its own numbers; NaN where there is none.
    scales : dict of str to Scale
        By model.

    Raises
    ------
    TableError
        A score that is no number, or doesn't fit its scale.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a", "b", "c"], "api_score": ["1", "", "62"]})
    >>> table, columns = Table(Path("a.csv"), frame), Columns({"item": "id"}, ("api_score",), ())
    >>> rows, scales = with_scores(table, table_rows(table, columns), columns, TableReading())
    >>> rows["native"].tolist(), scales["api"].kind
    ([1.0, nan, 62.0], 'percent')
    """
    column = columns.scores[0]
    if columns.is_wide:
        if "model" in columns.roles:
            raise TableError(
                f"{table.path}: has a column of models and several of scores "
                f"({', '.join(columns.scores)}); give one: columns: {{score: …}}"
            )
        parts = [(_model_of(name), rows, table.frame[name], name) for name in columns.scores]
    elif "model" in columns.roles:
        masks = [(model, rows["model"] == model) for model in rows["model"].unique()]
        parts = [(model, rows[own], table.frame.loc[own, column], column) for model, own in masks]
    else:
        parts = [(_model_of(column), rows, table.frame[column], column)]
    scales, scored = {}, []
    for model, own, cells, name in parts:
        native = _numbers(Table(table.path, cells.to_frame()), name)
        told = (reading.scale_of(model), reading.levels_of(model))
        try:
            scales[model] = read_scale(native.dropna().to_numpy(), name, *told)
        except ScaleError as error:
            text = f"column {name!r}, model {model!r}: {error}"
            if (native == error.value).any():
                Table(table.path, own).refuse(native == error.value, text)
            raise TableError(f"{table.path}: {text}") from None
        scored.append(own.assign(model=model, native=native.to_numpy()))
    return pd.concat(scored), scales


def _model_of(column: str) -> str:
    """A model's name after its column: score_api and api_score are of api."""
    return column.removeprefix("score_").removesuffix("_score")


def _numbers(table: Table, column: str) -> pd.Series:
    cells = table.frame[column]
    if is_numeric_dtype(cells) and not is_bool_dtype(cells):
        values = cells.astype(np.float64)
    else:
        texts = as_texts(cells)
        failed = texts.str.lower().isin(FAILED)
        texts = texts.mask(failed, "")
        told = plain_numbers(
            Table(table.path, table.frame.assign(**{column: texts})), column, may_be_empty=True
        )
        values = pd.to_numeric(told.replace({"": None})).astype(np.float64)
    endless = np.isinf(values)
    if endless.any():
        table.refuse(endless, f"column {column!r} holds infinity; leave the cell empty")
    return values


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
