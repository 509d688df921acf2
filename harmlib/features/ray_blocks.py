"""What travels between the stages on Ray: tables of files, of prepared units and of vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from harmlib.features.backbones import Backbone
from harmlib.features.vector_stream import Tensors, Vectors, Window
from harmlib.media.decode import MediaError

YIELD_BYTES = 16 << 20  # of prepared units that a decoding process collects before it hands on
_FILE = ("sha256", "path", "modality", "duration_sec", "backbones")
_TRACK = ("stream", "mended_gap_sec", "width", "height")
_OUTCOME = [("sha256", pa.string()), ("reason", pa.string())]
CHANGED = pa.field("changed", pa.bool_())


def file_tables(items: pd.DataFrame, rows: int) -> list[pa.Table]:
    """Cut a list of files into tables; one is decoded, and where that fails repeated, at once.

    Parameters
    ----------
    items : DataFrame
        As `harmlib.features.extraction.bring_up_to_date` has them computed.
    rows : int
        Of a table at most.

    Returns
    -------
    list of pyarrow.Table
        With those columns alone that decoding reads.
    """
    columns = [*_FILE, *(name for name in _TRACK if name in items)]
    table = pa.Table.from_pandas(items[columns], preserve_index=False)
    # A part of a table would carry the whole with it.
    return [
        pa.Table.from_batches(table.slice(start, rows).combine_chunks().to_batches())
        for start in range(0, len(table), rows)
    ]


def unit_tables(
    prepared: Iterable[tuple[str, Any, Tensors | MediaError, float]],
    names: Iterable[str],
    second: pa.Field = CHANGED,
) -> Iterator[pa.Table]:
    """Pack prepared units into tables of a bounded size.

    Parameters
    ----------
    prepared : iterable of (str, bool, Tensors or MediaError, float)
        sha256, whether the file has changed, its units or why it has none, and the seconds that
        this took. Where windows are prepared, the key of one stands for the hash.
    names : iterable of str
        All backbones.
    second : pyarrow.Field
        Of the second value: what travels with the units, its name and kind.

    Yields
    ------
    pyarrow.Table
        One row a file: sha256, reason, changed, prepare_sec, and for each backbone its units as
        bytes, null where it isn't wanted.
    """
    schema = pa.schema(
        [*_OUTCOME, second, ("prepare_sec", pa.float64())]
        + [(name, pa.large_binary()) for name in names]
    )
    rows: list[dict[str, object]] = []
    size = 0
    for sha256, told, found, seconds in prepared:
        failed = isinstance(found, MediaError)
        row: dict[str, object] = {
            "sha256": sha256,
            "reason": str(found) if failed else "",
            second.name: told,
            "prepare_sec": seconds,
        }
        units = {} if isinstance(found, MediaError) else found
        for name, tensor in units.items():
            row[name] = tensor.contiguous().numpy().tobytes()
            size += tensor.numel()
        rows.append(row)
        if size >= YIELD_BYTES:
            yield pa.Table.from_pylist(rows, schema)
            rows, size = [], 0
    yield pa.Table.from_pylist(rows, schema)


def units_of(
    table: pa.Table, backbones: Mapping[str, Backbone]
) -> Iterator[tuple[Window, Tensors | MediaError]]:
    """Unpack a table of `unit_tables`.

    Parameters
    ----------
    table : pyarrow.Table
        As `unit_tables` yields it.
    backbones : mapping of str to Backbone
        Backbone name -> backbone, for every column of units.

    Yields
    ------
    tuple of (Window, Tensors or MediaError)
        As `harmlib.features.vector_stream.prepare_ahead` does; of the window only key and
        backbones are told.
    """
    columns = {name: table[name] for name in backbones}
    for i, (sha256, reason) in enumerate(
        zip(table["sha256"].to_pylist(), table["reason"].to_pylist(), strict=True)
    ):
        units = {
            name: _tensor(column[i].as_buffer(), backbones[name].unit_shape)
            for name, column in columns.items()
            if column[i].is_valid
        }
        window = Window(sha256, Path(), "image", 0.0, tuple(units))
        yield window, MediaError(reason) if reason else units


def _tensor(content: pa.Buffer, unit_shape: tuple[int, ...]) -> torch.Tensor:
    # Copied: a table that has travelled can't be written to, and torch warns of that.
    return torch.from_numpy(np.frombuffer(content, np.uint8).copy()).reshape(-1, *unit_shape)


def vector_table(
    units: pa.Table, found: Mapping[str, Vectors], reasons: Mapping[str, str], seconds: float
) -> pa.Table:
    """Pack what came of a table of units.

    Parameters
    ----------
    units : pyarrow.Table
        As `unit_tables` yields it.
    found : mapping of str to Vectors
        sha256 -> vectors of the files that can be used.
    reasons : mapping of str to str
        sha256 -> why it can't be used, of the others.
    seconds : float
        That computing took.

    Returns
    -------
    pyarrow.Table
        One row a file: sha256, reason, changed, prepare_sec, compute_sec, and for each backbone
        its vector, null where there is none.
    """
    keys = units["sha256"].to_pylist()
    columns = {
        "sha256": units["sha256"],
        "reason": pa.array([reasons.get(key, "") for key in keys], pa.string()),
        "changed": units["changed"],
        "prepare_sec": units["prepare_sec"],
        "compute_sec": pa.array([seconds / max(1, len(keys))] * len(keys), pa.float64()),
    }
    for name in units.column_names[4:]:
        vectors = [found[key].get(name) if key in found else None for key in keys]
        columns[name] = pa.array(vectors, pa.list_(pa.float32()))
    return pa.table(columns)


def vectors_in(table: pa.Table, name: str) -> dict[str, np.ndarray]:
    """The vectors of one backbone in a table.

    Parameters
    ----------
    table : pyarrow.Table
        As `vector_table` makes it.
    name : str
        The backbone.

    Returns
    -------
    dict of str to ndarray of float32, shape (dim,)
        sha256 -> vector, sorted, so that the same files always make the same shard.
    """
    valid = table.filter(table[name].is_valid()).sort_by("sha256")
    return {
        key: np.asarray(vector.values.to_numpy())
        for key, vector in zip(valid["sha256"].to_pylist(), valid[name], strict=True)
    }
