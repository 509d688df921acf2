"""Rows of items with a score and a model each, from a table whose columns are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from harmlib.analysis.own_scores.columns import Columns
from harmlib.analysis.own_scores.labels import UNKNOWN, as_texts
from harmlib.analysis.own_scores.rows import read_splits
from harmlib.analysis.own_scores.scales import Scale, ScaleError, read_scale
from harmlib.params import TableReading
from harmlib.tables.complaint import TableError
from harmlib.tables.numbers import plain_numbers
from harmlib.tables.table import Table

FAILED = {*UNKNOWN, "error", "timeout", "failed", "none", "-"}  # instead of a score


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
    >>> from pathlib import Path
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
    >>> from pathlib import Path
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
