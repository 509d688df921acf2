"""What an earlier call has left of a shard, found out from the shard itself."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.address import Address, asking, look_up
from harmlib.media.remote_files import files_at
from harmlib.predict.far_outputs import beside
from harmlib.predict.outputs import PREDICTED, STATE, UNUSABLE, Part, count_of
from harmlib.predict.table_file import printable

NOTES = ".in_hand"


@dataclass(frozen=True)
class LeftShard:
    """A shard of the same files, decided by the same rule.

    Attributes
    ----------
    decisions : Counter of str
        Rows of its table, as `harmlib.predict.outputs.count_of` counts them.
    unusable : int
        Files that it has no row of.
    paths : frozenset of str
        Of the rows, as they are written in a table; none where all files have one.
    """

    decisions: Counter[str]
    unusable: int
    paths: frozenset[str]

    def lacks(self, path: str) -> bool:
        """Whether a file could not be used."""
        return self.unusable > 0 and printable(path) not in self.paths


def left_shard(out: Path | Address, part: Part) -> LeftShard | None:
    """Read what is to be known of a shard, in one pass over it.

    Parameters
    ----------
    out : Path or Address
        The shard.
    part : Part
        What it is to hold now.

    Returns
    -------
    LeftShard or None
        None where there is no shard, or one of other files, or that another rule has decided.
    """
    try:
        with _opened(out) as file:
            about = {
                name.decode(): value.decode("utf-8", "replace")
                for name, value in (file.metadata.metadata or {}).items()
            }
            unusable = _number(about, UNUSABLE)
            if about.get(STATE) != part.state:
                return None
            if _number(about, PREDICTED) + unusable != len(part.paths):
                return None
            wanted = ("decision", "band", *(["path"] if unusable else []))
            counts, paths = Counter[str](), set[str]()
            names = [name for name in wanted if name in file.schema_arrow.names]
            for batch in file.iter_batches(columns=names):
                for row in batch.to_pylist():
                    counts.update(count_of(row))
                    paths.update([row["path"]] if unusable else ())
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
    return LeftShard(counts, unusable, frozenset(paths))


def is_there(out: Path | Address) -> bool:
    """Whether there is a shard, or something else of its name.

    Parameters
    ----------
    out : Path or Address

    Returns
    -------
    bool

    Examples
    --------
    >>> is_there(Path("nowhere/part-00000.parquet"))
    False
    """
    if isinstance(out, Path):
        return out.exists()
    try:
        look_up(out)
    except FileNotFoundError:
        return False
    return True


def has_notes(out: Path | Address) -> bool:
    """Whether notes on files in hand are left beside a shard: of those that ended their decoder.

    Parameters
    ----------
    out : Path or Address
        The shard.

    Returns
    -------
    bool

    Examples
    --------
    >>> has_notes(Path("nowhere/part-00000.parquet"))
    False
    """
    notes = beside(out, NOTES)
    if isinstance(notes, Path):
        return notes.is_dir() and any(notes.iterdir())
    try:
        return next(files_at(notes), None) is not None
    except FileNotFoundError:
        return False


def _number(about: dict[str, str], name: str) -> int:
    value = about.get(name, "")
    return int(value) if value.isdigit() else -1


@contextmanager
def _opened(out: Path | Address) -> Iterator[pq.ParquetFile]:
    if isinstance(out, Path):
        with pq.ParquetFile(out) as file:
            yield file
        return
    with asking(out) as (system, path):
        content = system.cat_file(path)
    with pq.ParquetFile(io.BytesIO(content)) as file:  # what is no parquet is nobody's silence
        yield file
