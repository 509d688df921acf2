"""The table of predictions as a file: rows come one by one, and the file is whole or not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.media.whole_file import written_whole
from harmlib.tables.csv_output import RowWriter

_NUMBERS = {"logit", "probability", "threshold", "margin", "seconds"}
_ROW_GROUP = 1000


def write_table(
    decisions: Iterable[Mapping[str, Any]],
    out: Path,
    columns: list[str],
    about: Mapping[str, str] | None = None,
) -> None:
    """Write the rows a thousand at a time; whole or not at all.

    Parameters
    ----------
    decisions : iterable of mapping
        Rows, with values for some of `columns`.
    out : Path
        A .csv, .parquet or .jsonl file.
    columns : list of str
    about : mapping of str to str, optional
        What a .parquet file tells of itself.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = Path(folder, "a.parquet")
    ...     write_table([{"path": "a.jpg", "margin": 0.5}], out, ["path", "margin"], {"by": "me"})
    ...     pq.read_table(out).to_pylist(), pq.read_metadata(out).metadata[b"by"]
    ([{'path': 'a.jpg', 'margin': 0.5}], b'me')
    """
    rows = (
        {name: _text(decision.get(name, None if _is_number(name) else "")) for name in columns}
        for decision in decisions
    )
    with written_whole(out) as part:
        if out.suffix == ".parquet":
            schema = pa.schema(
                [(name, pa.float64() if _is_number(name) else pa.string()) for name in columns]
            )
            with pq.ParquetWriter(part, schema) as parquet:
                while chunk := list(islice(rows, _ROW_GROUP)):
                    parquet.write_table(pa.Table.from_pylist(chunk, schema))
                parquet.add_key_value_metadata(dict(about or {}))
        elif out.suffix == ".csv":
            with part.open("w", encoding="utf-8-sig", newline="") as file:
                writer = RowWriter(file, columns)
                for row in rows:
                    writer.write(row)
        else:
            with part.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _is_number(column: str) -> bool:
    return column in _NUMBERS or column.startswith(("probability_", "threshold_"))


def _text(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def printable(text: str) -> str:
    r"""A text as it stands in a table: a name that isn't UTF-8 with its odd bytes escaped.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> print(printable("a\udcff.jpg"))
    a\udcff.jpg
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
