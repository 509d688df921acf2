"""Rows of a table of scores that contradict each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harmlib.analysis.own_scores.columns import Columns
from harmlib.analysis.own_scores.labels import as_texts
from harmlib.tables.complaint import TableError
from harmlib.tables.headers import fold
from harmlib.tables.numbers import numbers
from harmlib.tables.table import Table

_LABELS = {1.0: "harmful", 0.0: "safe"}
MOST_ITEMS = 20_000_000  # of a table of counts

SPLIT_WORDS = {
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "calibration": "val",
    "검증": "val", "test": "test", "eval": "test", "evaluation": "test", "시험": "test",
    "평가": "test", "train": "train", "training": "train", "학습": "train", "훈련": "train",
}  # fmt: skip


def read_splits(table: Table, column: str) -> pd.Series:
    """Read a column of splits.

    Parameters
    ----------
    table : Table
    column : str
        One of its columns.

    Returns
    -------
    Series of str
        val, test or train.

    Raises
    ------
    TableError
        Another word, an empty cell, or a table without val or without test.

    Examples
    --------
    >>> from pathlib import Path
    >>> table = Table(Path("a.csv"), pd.DataFrame({"split": ["Dev", "평가", "train"]}))
    >>> read_splits(table, "split").tolist()
    ['val', 'test', 'train']
    """
    words = as_texts(table.frame[column]).map(fold)
    splits = words.map(SPLIT_WORDS)
    if splits.isna().any():
        table.refuse(
            splits.isna(),
            f"column {column!r}: {table.first(column, splits.isna())} is no split; write val (the "
            "threshold is chosen there), test (it is judged there) or train (not used)",
        )
    for split in ("val", "test"):
        if not (splits == split).any():
            raise TableError(
                f"{table.path}: column {column!r} has no {split}; write it, or leave the column "
                "out, and halves are made"
            )
    return splits


def repeated(table: Table, columns: Columns) -> Table:
    """Write out a table whose rows stand for several items each.

    Parameters
    ----------
    table : Table
        With a column of counts.
    columns : Columns
        What its columns are.

    Returns
    -------
    Table
        As many rows as items, each with the line that it comes from.

    Raises
    ------
    TableError
        A count that is no whole number from 0, or a column of items beside it.

    Examples
    --------
    >>> from pathlib import Path
    >>> frame = pd.DataFrame({"n": ["2", "0"]}, index=pd.Index([2, 3], name="line"))
    >>> len(repeated(Table(Path("a.csv"), frame), Columns({"count": "n"}, (), ())).frame)
    2
    """
    name = columns.roles["count"]
    if "item" in columns.roles or "model" in columns.roles:
        raise TableError(
            f"{table.path}: has a column of counts ({name!r}) beside one of items or models; a row "
            "is either one item, or stands for several that nobody tells apart. Remove one"
        )
    counts = numbers(table, name, 0, MOST_ITEMS)
    odd = counts != counts.round()
    if odd.any():
        table.refuse(odd, f"column {name!r}: {table.first(name, odd)} is no whole number")
    if counts.sum() > MOST_ITEMS:
        raise TableError(
            f"{table.path}: column {name!r} adds up to {counts.sum():,.0f} items; at most "
            f"{MOST_ITEMS:,} can be analysed"
        )
    return Table(table.path, table.frame.loc[counts.index.repeat(counts.astype(int))])


def check_rows(table: Table, models: int) -> None:
    """Refuse two rows of one item and model, and rows of an item that contradict each other.

    Parameters
    ----------
    table : Table
        Columns item_id, category, model, label, group, split, modality.
    models : int
        How many models there are.

    Raises
    ------
    TableError
        Naming the lines.

    Examples
    --------
    >>> from pathlib import Path
    >>> rows = pd.DataFrame(
    ...     {"item_id": ["a", "a"], "model": ["api", "ours"], "label": [1.0, 0.0]}
    ...     | {"category": "", "group": "a", "split": "", "modality": ""},
    ...     index=pd.Index([2, 3], name="line"),
    ... )
    >>> check_rows(Table(Path("a.csv"), rows.assign(label=1.0)), 2)
    >>> check_rows(Table(Path("a.csv"), rows), 2)
    Traceback (most recent call last):
        ...
    harmlib.tables.complaint.TableError: a.csv: line 3: item 'a' has label safe here, but harmful \
before; correct one of the rows
    """
    rows = table.frame
    # Numbers instead of names: the same comparisons, several times as fast
    names = [n for n in ("item_id", "category", "model", "group", "split") if n in rows]
    codes = rows[names].apply(lambda column: pd.factorize(column)[0])
    again = codes.duplicated(["item_id", "category", "model"])
    if again.any():
        one = rows[again].iloc[0]
        first = rows.index[
            (rows["item_id"] == one["item_id"])
            & (rows["category"] == one["category"])
            & (rows["model"] == one["model"])
        ][0]
        table.refuse(
            again,
            f"item {one['item_id']!r} has a second row for model {one['model']!r} (the first is "
            f"{rows.index.name} {first}); keep one of them",
        )
    if models > 1:
        for name in ("label", "label2"):
            if name in rows:
                _require_equal(table, codes, ["item_id", "category"], name)
    if codes["item_id"].duplicated().any():
        for name in ("group", "split"):
            _require_equal(table, codes, ["item_id"], name)
    if (rows["split"] != "").any():
        _require_equal(table, codes, ["group"], "split")


def _require_equal(table: Table, codes: pd.DataFrame, by: list[str], name: str) -> None:
    rows, known = table.frame, table.frame[name].notna().to_numpy()
    unit = codes[by].groupby(by, sort=False).ngroup().to_numpy()[known]
    values = (codes if name in codes else rows)[name].to_numpy()[known]
    first = np.zeros(unit.max(initial=-1) + 1, np.int64)
    first[unit[::-1]] = np.arange(len(unit))[::-1]  # where each unit appears first
    odd = np.zeros(len(rows), np.bool_)
    odd[known] = values != values[first[unit]]
    if not odd.any():
        return
    at = int(np.flatnonzero(odd)[0])
    one = rows.iloc[at]
    alike = known & (codes[by] == codes[by].iloc[at]).all(axis=1).to_numpy()
    has = rows[name][alike].iloc[0]
    what = "group" if by == ["group"] else "item"
    why = (
        "; what is judged must come from other sources than what chose the threshold. Correct the "
        "column, or leave it out: halves that keep groups together are made"
        if by == ["group"]
        else "; correct one of the rows"
    )
    here, before = (_LABELS.get(value, value) for value in (one[name], has))
    table.refuse(
        pd.Series(odd), f"{what} {one[by[0]]!r} has {name} {here} here, but {before} before{why}"
    )
