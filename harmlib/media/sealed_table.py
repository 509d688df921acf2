"""Parquet files that carry a checksum of all their bytes: damage never passes as data."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.media.whole_file import written_whole

# In the file's own metadata, so any reader of parquet can read it. The hash is that of the file's
# bytes with zeros in its place.
_NAME = b"sealed-sha256="
_SEAL = re.compile(_NAME + rb"([0-9a-f]{64})")
_ZEROS = b"0" * 64


class DamagedTable(ValueError):
    """A sealed table whose content is not what was written; the message says why."""


def seal(table: pa.Table, compression: str = "snappy", use_dictionary: bool = True) -> bytes:
    """Turn a table into the bytes of a parquet file that carries their checksum.

    Parameters
    ----------
    table : Table
        What to keep.
    compression : str
        Of the columns, as parquet names it.
    use_dictionary : bool
        Whether values that repeat are kept once.

    Returns
    -------
    bytes
        The same for the same table.

    Examples
    --------
    >>> content = seal(pa.table({"width": [8]}))
    >>> pq.read_table(io.BytesIO(content))["width"].to_pylist()
    [8]
    """
    known = table.schema.metadata or {}
    buffer = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(known | {b"seal": _NAME + _ZEROS}),
        buffer,
        compression=compression,
        use_dictionary=use_dictionary,
    )
    written = buffer.getvalue()
    digest = hashlib.sha256(written).hexdigest().encode()
    return written.replace(_NAME + _ZEROS, _NAME + digest)


def verify(content: bytes) -> None:
    """Compare the bytes of a sealed table with their checksum.

    Parameters
    ----------
    content : bytes
        What `seal` returned.

    Raises
    ------
    DamagedTable
        If a bit of it is not what was written, or it carries no checksum.

    Examples
    --------
    >>> verify(seal(pa.table({"width": [8]})))
    """
    seals = set(_SEAL.findall(content))
    if not seals:
        is_parquet = content[:4] == content[-4:] == b"PAR1"
        raise DamagedTable(
            "without a checksum: of an earlier version" if is_parquet else "cut off or damaged"
        )
    digest = seals.pop()
    zeroed = content.replace(_NAME + digest, _NAME + _ZEROS)
    if seals or hashlib.sha256(zeroed).hexdigest().encode() != digest:
        raise DamagedTable("damaged: its content is not that of its checksum")


def write_sealed(table: pd.DataFrame, path: Path) -> None:
    """Write a table as parquet with a checksum, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        What to keep. Its index is left out.
    path : Path
        The file. Its folder is made if it is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_sealed(pd.DataFrame({"width": [8]}), Path(folder, "new", "a.parquet"))
    ...     pd.read_parquet(Path(folder, "new", "a.parquet"))["width"].item()
    8
    """
    content = seal(pa.Table.from_pandas(table, preserve_index=False))
    with written_whole(path) as part:
        part.write_bytes(content)


def read_sealed(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table that `write_sealed` wrote, after its checksum is verified.

    Parameters
    ----------
    path : Path
        The file.
    columns : list of str, optional
        Those to read; all by default.

    Returns
    -------
    DataFrame

    Raises
    ------
    DamagedTable, OSError
        If a bit of it is not what was written, or it can't be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.parquet")
    ...     write_sealed(pd.DataFrame({"sha256": ["aa"], "width": [8]}), path)
    ...     print(read_sealed(path, ["width"])["width"].item())
    ...     _ = path.write_bytes(path.read_bytes()[:-1])
    ...     try:
    ...         read_sealed(path)
    ...     except DamagedTable as error:
    ...         print(error)
    8
    damaged: its content is not that of its checksum
    """
    content = path.read_bytes()
    verify(content)
    return pd.read_parquet(io.BytesIO(content), columns=columns)
