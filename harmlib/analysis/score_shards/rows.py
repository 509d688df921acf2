"""One batch of a shard's rows as arrays: labels, splits, sections, groups, scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from harmlib.analysis.checks import FloatArray, IntArray
from harmlib.analysis.own_scores.columns import Columns, find_columns
from harmlib.analysis.own_scores.halves import HALVES
from harmlib.analysis.own_scores.labels import HARMFUL, SAFE, UNKNOWN, as_texts
from harmlib.analysis.own_scores.rows import SPLIT_WORDS
from harmlib.analysis.own_scores.scored_rows import FAILED
from harmlib.params import TableReading
from harmlib.tables.complaint import TableError
from harmlib.tables.headers import distinct_names, fold

NO_LABEL, ODD = -1, -2  # instead of a label
UNUSED = 2  # instead of 0 (val) and 1 (test): a row of the training split
ROLES = ("label", "split", "modality", "category", "model", "group", "item")


@dataclass(frozen=True)
class Coded:
    """A column as codes and words.

    Attributes
    ----------
    codes : ndarray of int64, shape (n,)
    words : list of str
        The last one is empty: where nothing stands.
    """

    codes: IntArray
    words: list[str]

    def mapped(self, meant: Mapping[str, int]) -> IntArray:
        """Return what each cell's word means; ODD where it isn't known."""
        return np.array([meant.get(fold(word), ODD) for word in self.words], np.int64)[self.codes]


@dataclass(frozen=True)
class ShardColumns:
    """Which of a shard's columns are read, and as what.

    Attributes
    ----------
    roles : dict of str to str
        Of `ROLES`: the column's name in the file.
    scores : dict of str to str
        The column of each model; of the one column of scores where rows name their model.
    left : tuple of str
        Columns that are not read.
    """

    roles: dict[str, str]
    scores: dict[str, str]
    left: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The columns to read."""
        return list(dict.fromkeys([*self.roles.values(), *self.scores.values()]))


def shard_columns(schema: pa.Schema, reading: TableReading, file: str) -> ShardColumns:
    """Find out which of a shard's columns is which.

    Parameters
    ----------
    schema : pyarrow.Schema
    reading : TableReading
        What the params say.
    file : str
        The shard's name, for messages.

    Returns
    -------
    ShardColumns

    Raises
    ------
    TableError
        What `find_columns` refuses, or a column of counts.

    Examples
    --------
    >>> schema = pa.schema([("ID", pa.int64()), ("label", pa.int8()), ("score_api", pa.float32())])
    >>> found = shard_columns(schema, TableReading(), "a.parquet")
    >>> found.names, list(found.scores)
    (['label', 'ID', 'score_api'], ['api'])
    """
    folded = distinct_names(schema.names, file)
    own = dict(zip(folded, schema.names, strict=True))
    found: Columns = find_columns(folded, reading.columns, Path(file))
    if "count" in found.roles:
        raise TableError(
            f"{file}: has a column of counts ({own[found.roles['count']]!r}); rows of shards are "
            "one item each. Rename the column, or analyse the table by itself"
        )
    if found.is_wide and "model" in found.roles:
        raise TableError(
            f"{file}: has a column of models and several of scores "
            f"({', '.join(found.scores)}); give one: columns: {{score: …}}"
        )
    roles = {role: own[found.roles[role]] for role in ROLES if role in found.roles}
    if "group" in roles:
        roles.pop("item", None)  # its names are many, and nothing else asks for them
    scores = {c.removeprefix("score_").removesuffix("_score"): own[c] for c in found.scores}
    read = {*roles.values(), *scores.values()}
    return ShardColumns(roles, scores, tuple(name for name in schema.names if name not in read))


def label_words(reading: TableReading) -> dict[str, int]:
    """Say what each word of a label means.

    Parameters
    ----------
    reading : TableReading
        What the params say of words.

    Returns
    -------
    dict of str to int
        The word, folded, and 1 (harmful), 0 (safe) or NO_LABEL.

    Examples
    --------
    >>> words = label_words(TableReading(labels={"Meme": "safe"}))
    >>> words["meme"], words["유해"], words["?"]
    (0, 1, -1)
    """
    known = dict.fromkeys(HARMFUL, 1) | dict.fromkeys(SAFE, 0) | dict.fromkeys(UNKNOWN, NO_LABEL)
    told = {"harmful": 1, "safe": 0, "unknown": NO_LABEL}
    return known | {fold(word): told[meant] for word, meant in reading.labels.items()}


def split_words() -> dict[str, int]:
    """Say what each word of a split means.

    Returns
    -------
    dict of str to int
        The word, folded, and 0 (val), 1 (test) or UNUSED.

    Examples
    --------
    >>> split_words()["검증"], split_words()["test"], split_words()["train"]
    (0, 1, 2)
    """
    places = {name: place for place, name in enumerate(HALVES)} | {"train": UNUSED}
    return {word: places[meant] for word, meant in SPLIT_WORDS.items()}


def coded(column: pa.Array) -> Coded:
    """Take a column as codes and words.

    Parameters
    ----------
    column : pyarrow.Array
        Of any type.

    Returns
    -------
    Coded

    Examples
    --------
    >>> coded(pa.array([1, 0, None, 1]))
    Coded(codes=array([0, 1, 2, 0]), words=['1', '0', ''])
    """
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = as_texts(column.dictionary.to_pandas()).tolist()
    codes = column.indices.fill_null(len(words)).to_numpy().astype(np.int64)
    return Coded(codes, [*words, ""])


def numbers(column: pa.Array) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Read a column of scores.

    Parameters
    ----------
    column : pyarrow.Array
        Of numbers or texts.

    Returns
    -------
    values : ndarray of float64, shape (n,)
        NaN where there is none.
    is_odd : ndarray of bool, shape (n,)
        Where something stands that is no finite number.

    Examples
    --------
    >>> values, is_odd = numbers(pa.array(["0.5", "timeout", "x"]))
    >>> values.tolist(), is_odd.tolist()
    ([0.5, nan, nan], [False, False, True])
    """
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        values = column.to_numpy(zero_copy_only=False).astype(np.float64)
        endless = np.isinf(values)
        return np.where(endless, np.nan, values), endless
    own = coded(column)
    found = pd.to_numeric(pd.Series(own.words, dtype=object), errors="coerce").to_numpy(float)
    failed = np.array([fold(word) in FAILED for word in own.words])
    odd = ~failed & ~np.isfinite(found)
    return np.where(np.isfinite(found), found, np.nan)[own.codes], odd[own.codes]
