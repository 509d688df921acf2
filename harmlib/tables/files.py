"""Read a table from a file of any of the supported kinds."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from harmlib.address import Address
from harmlib.language import told
from harmlib.tables.complaint import TableError
from harmlib.tables.headers import distinct_names
from harmlib.tables.shards import is_sharded, list_shards, read_shards
from harmlib.tables.table import Table, read_table

_READERS = {
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True, dtype=False),
}


def read_file(path: Path | Address, needed: Collection[str] = ()) -> Table:
    """Read a table from CSV, Parquet or JSON lines.

    Parameters
    ----------
    path : Path or Address
        ``.csv`` (as `harmlib.tables.table.read_table` reads it; ``.tsv`` and ``.txt`` too),
        ``.parquet`` or ``.jsonl``; or a folder, a pattern or an address of Parquet files
        (`harmlib.tables.shards.list_shards`), which are read as one table.
    needed : collection of str
        As in `read_table`.

    Returns
    -------
    Table
        The columns of a Parquet or JSON file keep their types. The index is named ``line`` (of a
        CSV) or ``row``, and counts from 1.

    Raises
    ------
    TableError
        Another ending, a file that isn't there or can't be read, or two columns of one name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.jsonl"
    ...     pd.DataFrame({"Score": [0.2, 0.9]}).to_json(path, orient="records", lines=True)
    ...     table = read_file(path)
    >>> table.frame["score"].tolist(), table.frame.index.name
    ([0.2, 0.9], 'row')
    """
    if isinstance(path, Address) or is_sharded(path):
        return read_shards(list_shards(path))
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        return read_table(path, needed)
    if suffix not in _READERS:
        endings = ", ".join((".csv", *_READERS))
        raise TableError(
            told(
                f"{path}: must end in one of {endings}; save it as one of these",
                f"{path}: 파일 이름이 {endings} 중 하나로 끝나야 합니다. 그 형식으로 저장하십시오",
            )
        )
    try:
        frame = _READERS[suffix](path)
    except FileNotFoundError:
        raise TableError(
            told(f"{path}: there is no such file", f"{path}: 그런 파일이 없습니다")
        ) from None
    except (OSError, ValueError) as error:  # those of pyarrow are among these
        what = "Parquet" if suffix == ".parquet" else "JSON lines"
        raise TableError(f"{path}: can't be read as {what}: {str(error).splitlines()[0]}") from None
    names = distinct_names(list(map(str, frame.columns)), str(path))
    frame.index = pd.RangeIndex(1, len(frame) + 1, name="row")
    return Table(path, frame.set_axis(names, axis=1))
