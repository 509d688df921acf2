"""The shards of a table: Parquet files in a folder, by a pattern, or at any fsspec address."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.address import FULL, Address, AddressError, Unreachable, asking, listed_as, why
from harmlib.language import told
from harmlib.tables.complaint import TableError
from harmlib.tables.headers import distinct_names
from harmlib.tables.table import Table

SUFFIX = ".parquet"


@dataclass(frozen=True)
class Shard:
    """One file of scores.

    Attributes
    ----------
    name : str
        Its path below the folder.
    path : str
        For the file system.
    size : int
        Bytes.
    state : str
        Changes when its content does: size, and time of the last change or the store's own tag.
    """

    name: str
    path: str
    size: int
    state: str


@dataclass(frozen=True)
class ShardList:
    """The shards at an address, in the order of their names.

    Attributes
    ----------
    place : Path or Address
        As a person gave it.
    files : fsspec.AbstractFileSystem
        Where they lie.
    shards : tuple of Shard
    """

    place: Path | Address
    files: Any
    shards: tuple[Shard, ...]

    @property
    def size(self) -> int:
        """Bytes of all shards."""
        return sum(shard.size for shard in self.shards)

    @property
    def state(self) -> str:
        """Changes when any shard does, or their number."""
        text = "\n".join(f"{shard.name} {shard.state}" for shard in self.shards)
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

    def open(self, shard: Shard) -> pq.ParquetFile:
        """Open one shard, without reading its rows.

        Texts are read as codes and a list of words: most columns here have few different ones.

        Raises
        ------
        OSError, pyarrow.ArrowException
            It is gone, can't be read, or is no Parquet file. What the file system of an address
            raises is `harmlib.address.Unreachable`, also later when rows are read.
        """
        if isinstance(self.place, Path):
            return pq.ParquetFile(shard.path, read_dictionary=_texts(pq.read_schema(shard.path)))
        source = _Source(self.files, shard.path)
        texts = _texts(pq.read_schema(source))
        source.seek(0)
        return pq.ParquetFile(source, read_dictionary=texts, pre_buffer=True)

    def rows(self) -> int:
        """Rows of all shards that can be opened, as their footers tell; no row is read."""
        return sum(rows for _, rows in self._footers())

    def _footers(self) -> Iterator[tuple[Shard, int]]:
        for shard in self.shards:
            try:
                with self.open(shard) as opened:
                    yield shard, opened.metadata.num_rows
            except (OSError, pa.ArrowException):  # the pass itself says so, in its ledger
                continue


def list_shards(place: Path | Address) -> ShardList:
    """List the shards of a table.

    Parameters
    ----------
    place : Path or Address
        A folder, a file, or a pattern with ``*``, on this machine or as ``s3://bucket/scores/``.
        Below a folder all that ends in ``.parquet`` counts, but for names that begin with ``_`` or
        ``.``.

    Returns
    -------
    ShardList

    Raises
    ------
    TableError
        There is none, or the place can't be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pq.write_table(pa.table({"score": [0.5]}), f"{folder}/one.parquet")
    ...     found = list_shards(Path(folder))
    ...     [shard.name for shard in found.shards], found.rows()
    (['one.parquet'], 1)
    """
    try:
        with _asking(place) as (files, path):
            if "*" in path:
                found = files.glob(path, detail=True)
                start = path[: path.index("*")].rpartition("/")[0]
            else:
                found, start = files.find(path, detail=True), path.rstrip("/")
    except (OSError, AddressError) as error:
        raise TableError(str(error)) from None
    shards = [
        Shard(_name(own, start), own, int(about["size"] or 0), _state(about))
        for own, about in sorted(found.items())
        if about["type"] == "file" and own.endswith(SUFFIX) and not _is_hidden(own, start)
    ]
    if not shards:
        raise TableError(_none(place))
    return ShardList(place, files, tuple(shards))


def _asking(place: Path | Address) -> AbstractContextManager[tuple[Any, str]]:
    if isinstance(place, Address):
        return asking(place)
    return nullcontext(fsspec.core.url_to_fs(str(place)))


def is_sharded(place: Path | Address) -> bool:
    """Whether a table is given as a folder, a pattern or an address, and not as a file.

    Parameters
    ----------
    place : Path or Address

    Returns
    -------
    bool

    Examples
    --------
    >>> is_sharded(Path("scores/*.parquet")), is_sharded(Path("a.csv"))
    (True, False)
    """
    if isinstance(place, Address):
        return True
    return place.is_dir() or ("*" in str(place) and not place.exists())


def read_shards(listed: ShardList) -> Table:
    """Read all shards as one table.

    Parameters
    ----------
    listed : ShardList

    Returns
    -------
    Table
        The shards below each other, in the order of their names; the index is named ``row``, and
        counts on from shard to shard.

    Raises
    ------
    TableError
        A shard that can't be read, or two columns of one name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i in range(2):
    ...         pq.write_table(pa.table({"Score": [0.5 + i / 4]}), f"{folder}/{i}.parquet")
    ...     table = read_shards(list_shards(Path(folder)))
    >>> table.frame["score"].tolist()
    [0.5, 0.75]
    """
    parts = []
    for shard in listed.shards:
        try:
            with listed.open(shard) as opened:
                frame = opened.read().to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise TableError(f"{shard.name}: can't be read: {why_unread(error)}") from None
        codes = frame.select_dtypes("category")
        frame = frame.assign(**{name: codes[name].astype("str") for name in codes})
        parts.append(frame.set_axis(distinct_names(list(map(str, frame)), shard.name), axis=1))
    whole = pd.concat(parts, ignore_index=True)
    whole.index = pd.RangeIndex(1, len(whole) + 1, name="row")
    return Table(listed.place, whole)


def why_unread(error: BaseException) -> str:
    """Say in a few words why a shard couldn't be read.

    Parameters
    ----------
    error : OSError or pyarrow.ArrowException
        Of `ShardList.open`, or of reading what it opened.

    Returns
    -------
    str
        One line without credentials.

    Examples
    --------
    >>> why_unread(OSError()), why_unread(TimeoutError())
    ('OSError: OSError', 'no answer in time (TimeoutError)')
    """
    return str(error) if isinstance(error, Unreachable) else why(error)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # botocore, aiohttp and others have trees of errors of their own
        if isinstance(error, OSError) and error.errno in FULL:  # of this machine
            raise
        raise Unreachable(why(error)) from None


class _Source(io.RawIOBase):
    """A file of an address; whatever its file system raises comes out as `Unreachable`."""

    def __init__(self, files: Any, path: str) -> None:
        with _refusals():
            self._file = files.open(path, "rb")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _refusals():
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def read(self, size: int = -1) -> bytes:
        with _refusals():
            return bytes(self._file.read(size))

    def close(self) -> None:
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
        super().close()


def _texts(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if pa.types.is_string(field.type)]


def _name(path: str, start: str) -> str:
    return path.removeprefix(start).lstrip("/") or PurePosixPath(path).name


def _is_hidden(path: str, start: str) -> bool:
    return any(part[0] in "._" for part in PurePosixPath(_name(path, start)).parts)


def _state(about: dict[str, Any]) -> str:
    size, changed, tag = listed_as(about)
    return f"{size} {changed} {tag}"


def _none(place: Path | Address) -> str:
    return told(
        f"{place}: there is no {SUFFIX} file; give a folder of them, a pattern such as "
        f"scores/2026-*{SUFFIX}, or an address such as s3://bucket/scores/",
        f"{place}: {SUFFIX} 파일이 없습니다. 그런 파일이 든 폴더나 "
        f"scores/2026-*{SUFFIX} 같은 패턴, s3://bucket/scores/ 같은 주소를 주십시오",
    )
