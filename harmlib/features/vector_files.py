"""What the files of a feature store hold: small parts as they are added, large shards of many.

A part ``part-*.parquet`` has the columns sha256 and vector, and a checksum of all its bytes. A
shard is two files: ``shard-*.npy``, which `numpy.load` opens, has the vectors (n, dim), and
``shard-*.parquet`` tells of each row its sha256 and its checksum. So a few vectors of many are
read and verified alone.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.features.store_folder import Range, StoreFolder
from harmlib.media.sealed_table import DamagedTable, seal, verify

Vectors = npt.NDArray[np.float32]  # (n, dim)

_DIM = b"dim"


def part_content(hashes: Sequence[str], vectors: Vectors) -> bytes:
    """Make the content of a part.

    Parameters
    ----------
    hashes : sequence of str
        sha256 of each file.
    vectors : ndarray of float32, shape (n, dim)
        Their vectors.

    Returns
    -------
    bytes

    Examples
    --------
    >>> part = Part(part_content(["aa"], np.float32([[1, 2]])))
    >>> part.hashes, part.vectors([0]).tolist()
    (['aa'], [[1.0, 2.0]])
    """
    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    table = pa.table({"sha256": pa.array(hashes, pa.string()), "vector": lists})
    return seal(table, compression="none", use_dictionary=False)


class Part:
    """A part, verified when it is opened.

    Parameters
    ----------
    content : bytes
        Of the file; of earlier versions as well, whose vectors are lists of any length.

    Raises
    ------
    DamagedTable
        If a bit of it is not what was written.

    Examples
    --------
    >>> Part(part_content(["aa"], np.float32([[1, 2]]))[:-1])
    Traceback (most recent call last):
    harmlib.media.sealed_table.DamagedTable: damaged: its content is not that of its checksum
    """

    def __init__(self, content: bytes) -> None:
        verify(content)
        self._content = content
        self.hashes: list[str] = self._column("sha256").to_pylist()

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """Return the vectors of some rows, in their order, as (n, dim)."""
        flat = self._column("vector").combine_chunks().flatten().to_numpy(zero_copy_only=False)
        matrix: Vectors = flat.reshape(len(self.hashes), -1)[rows].astype(np.float32, copy=False)
        return matrix

    def _column(self, name: str) -> pa.ChunkedArray:
        source = pa.BufferReader(self._content)
        return pq.read_table(source, columns=[name], use_threads=False)[name]


def write_shard(folder: StoreFolder, hashes: Sequence[str], vectors: Vectors) -> str:
    """Write a shard; it is there as soon as its table is, which is written last.

    Parameters
    ----------
    folder : StoreFolder
        Of the store.
    hashes : sequence of str
        sha256 of each file.
    vectors : ndarray of float32, shape (n, dim)
        Their vectors.

    Returns
    -------
    str
        Name of its table; the same for the same content.
    """
    rows = np.ascontiguousarray(vectors, "<f4")
    checksums = np.fromiter(map(_checksum, rows), np.uint64, len(rows))
    table = pa.table({"sha256": pa.array(hashes, pa.string()), "checksum": checksums})
    table = table.replace_schema_metadata({_DIM: str(rows.shape[1])})
    index = seal(table, compression="zstd", use_dictionary=False)
    name = f"shard-{hashlib.sha256(index).hexdigest()[:16]}.parquet"
    content = b"".join((_header(*rows.shape), rows.data.cast("B")))
    folder.write(vectors_of(name), content)
    folder.write(name, index)
    return name


def vectors_of(shard: str) -> str:
    """Return the name of the file that has a shard's vectors.

    Parameters
    ----------
    shard : str
        Name of its table.

    Returns
    -------
    str

    Examples
    --------
    >>> vectors_of("shard-0a.parquet")
    'shard-0a.npy'
    """
    return shard.replace(".parquet", ".npy")


class Shard:
    """A shard, whose table is verified when it is opened, and each vector when it is read.

    Parameters
    ----------
    folder : StoreFolder
        Where it lies.
    name : str
        Of its table.
    content : bytes
        Of its table.
    size : int
        Of its vectors' file, in bytes; 0 where there is none.

    Raises
    ------
    DamagedTable
        If a bit of its table is not what was written, or vectors are missing.
    """

    def __init__(self, folder: StoreFolder, name: str, content: bytes, size: int) -> None:
        verify(content)
        table = pq.read_table(pa.BufferReader(content), use_threads=False)
        self.hashes: list[str] = table["sha256"].to_pylist()
        self._checksums: npt.NDArray[np.uint64] = table["checksum"].to_numpy()
        self._dim = int(table.schema.metadata[_DIM])
        self._folder, self._file = folder, vectors_of(name)
        self._start = len(self._header)
        if size != self._start + len(self.hashes) * self._row_bytes:
            raise DamagedTable("damaged: its vectors are cut off or missing")

    @property
    def _header(self) -> bytes:
        return _header(len(self.hashes), self._dim)

    @property
    def _row_bytes(self) -> int:
        return 4 * self._dim

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """Return the vectors of some rows, in their order, as (n, dim).

        Raises DamagedTable if one of them is not what was written, OSError if it can't be read.
        """
        header, found, sound = self._read(rows)
        if header != self._header:
            raise DamagedTable("damaged: the head of its vectors is not what was written")
        if not sound.all():
            raise DamagedTable(f"damaged: {(~sound).sum():,} vectors are not what was written")
        return found

    def sound(self) -> tuple[list[str], Vectors]:
        """Return the vectors that are still what was written, (n, dim), and their hashes."""
        _, found, sound = self._read(range(len(self.hashes)))
        return [self.hashes[row] for row in np.flatnonzero(sound)], found[sound]

    def _read(self, rows: Sequence[int]) -> tuple[bytes, Vectors, npt.NDArray[np.bool_]]:
        """Return the file's head, some rows, and which of these are what was written."""
        wanted = np.asarray(rows, np.int64)
        found = np.empty((len(wanted), self._dim), np.float32)
        order = np.argsort(wanted, kind="stable")
        ranges, first = self._ranges(wanted[order])
        every = [(0, self._start), *ranges]
        header, *pieces = self._folder.read_ranges(self._file, every)
        if any(
            len(piece) < stop - start for piece, (start, stop) in zip(pieces, ranges, strict=True)
        ):
            raise DamagedTable("damaged: its vectors are cut off")
        ends = [*first[1:], len(order)]
        for piece, (start, _), one, end in zip(pieces, ranges, first, ends, strict=True):
            block = np.frombuffer(piece, "<f4").reshape(-1, self._dim)
            places = order[one:end]
            found[places] = block[wanted[places] - (start - self._start) // self._row_bytes]
        sums = np.fromiter(map(_checksum, found), np.uint64, len(found))
        return header, found, sums == self._checksums[wanted]

    def _ranges(self, rows: npt.NDArray[np.int64]) -> tuple[list[Range], list[int]]:
        """Bytes that hold the rows, which ascend; and the first place of each range in `rows`."""
        gaps = (np.diff(rows) - 1) * self._row_bytes
        first = [0, *(np.flatnonzero(gaps > self._folder.gap_bytes) + 1)] if len(rows) else []
        last = [*(one - 1 for one in first[1:]), len(rows) - 1]
        ranges = [
            (
                self._start + int(rows[one]) * self._row_bytes,
                self._start + (int(rows[end]) + 1) * self._row_bytes,
            )
            for one, end in zip(first, last, strict=False)
        ]
        return ranges, first


def _checksum(row: npt.NDArray[np.float32]) -> int:
    return int.from_bytes(hashlib.sha256(row.data).digest()[:8], "little")


def _header(count: int, dim: int) -> bytes:
    """Return what a file of numpy begins with, before `count` vectors of float32."""
    buffer = io.BytesIO()
    described = {"descr": "<f4", "fortran_order": False, "shape": (count, dim)}
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()
