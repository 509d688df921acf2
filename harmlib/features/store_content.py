"""What a feature store holds: read while others write, mended where it is damaged, joined."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harmlib.features.store_folder import StoreFolder
from harmlib.features.vector_files import Part, Shard, Vectors, vectors_of, write_shard
from harmlib.media.sealed_table import DamagedTable

COMPACT_PARTS = 32  # fewer parts than these are left as they are
SHARD_BYTES = 64 << 20  # of parts that are joined into one shard, about

_LEFT_SEC = 24 * 3600.0

_PARTS, _SHARDS, _VECTORS = "part-*.parquet", "shard-*.parquet", "shard-*.npy"


def held(folder: StoreFolder) -> Iterator[tuple[str, Part | Shard]]:
    """Yield the parts and shards of a store, by name; set aside what is damaged.

    Parameters
    ----------
    folder : StoreFolder
        Of the store; it need not exist.

    Yields
    ------
    tuple of (str, Part or Shard)
        A part that is gone by the time it is read is in a shard by then: what has appeared in the
        meantime is yielded too. So a vector can be yielded twice, but not missed.
    """
    seen: set[str] = set()
    while True:
        parts = folder.sizes(_PARTS)  # before the shards, into which they may go meanwhile
        shards = folder.sizes(_SHARDS)
        vectors = folder.sizes(_VECTORS)  # after their tables, before which they are written
        fresh = {name: size for name, size in (parts | shards).items() if name not in seen}
        if not fresh:
            return
        seen |= fresh.keys()
        yield from _opened(folder, fresh, vectors)


def _opened(
    folder: StoreFolder, sizes: Mapping[str, int], vectors: Mapping[str, int]
) -> Iterator[tuple[str, Part | Shard]]:
    """Open parts and shards; at the end set the damaged ones aside."""
    refused: dict[str, str] = {}
    for name, content in folder.read_all(sizes):
        try:
            if isinstance(content, OSError):
                raise content
            if name.startswith("part-"):
                yield name, Part(content)
            else:
                yield name, Shard(folder, name, content, vectors.get(vectors_of(name), 0))
        except FileNotFoundError:  # another process has set it aside, or joined it
            continue
        except (DamagedTable, OSError) as error:
            if not _is_damage(error):
                raise
            refused |= _with_vectors(name, error)
    if refused:
        folder.set_aside(refused)


def _is_damage(error: Exception) -> bool:
    """Whether the file is at fault, or its disk; not its place, this process or the network."""
    return isinstance(error, DamagedTable) or getattr(error, "errno", None) == errno.EIO


def _with_vectors(name: str, error: Exception) -> dict[str, str]:
    """Return what is to be set aside with a file: first the table, without which nothing counts."""
    names = [name] if name.startswith("part-") else [name, vectors_of(name)]
    return dict.fromkeys(names, str(error))


def read_vectors(
    folder: StoreFolder, name: str, one: Part | Shard, rows: Sequence[int]
) -> Vectors | None:
    """Read some vectors of a part or shard; a damaged shard is replaced by its sound vectors.

    Parameters
    ----------
    folder : StoreFolder
        Of the store.
    name : str
        Of the part or shard.
    one : Part or Shard
        As `held` yields it.
    rows : sequence of int
        Which of its vectors.

    Returns
    -------
    ndarray of float32, shape (n, dim), or None
        None where one of them is damaged, or it is there no more. `held` yields what replaces it.
    """
    try:
        return one.vectors(rows)
    except FileNotFoundError:
        return None
    except (DamagedTable, OSError) as error:
        if not _is_damage(error):
            raise
        damage = error
    if isinstance(one, Shard) and _write_sound(folder, one) == name:
        return one.vectors(rows)  # none of its vectors was damaged, and it is whole again
    folder.set_aside(_with_vectors(name, damage))
    return None


def _write_sound(folder: StoreFolder, shard: Shard) -> str:
    """Write the sound vectors of a damaged shard; return the name of what holds them, if any."""
    try:
        hashes, vectors = shard.sound()
    except FileNotFoundError:
        return ""
    except (DamagedTable, OSError) as error:
        if not _is_damage(error):
            raise
        return ""  # none of it can be read
    return write_shard(folder, hashes, vectors) if hashes else ""


def join_parts(folder: StoreFolder) -> None:
    """Join the parts of a store into shards, once there are `COMPACT_PARTS` of them.

    Parameters
    ----------
    folder : StoreFolder
        Of the store. A part is removed when a shard that holds it is whole.
    """
    sizes = folder.sizes(_PARTS)
    if len(sizes) < COMPACT_PARTS:
        return
    _remove_leftovers(folder)
    group: dict[str, Part] = {}
    total = 0
    for name, part in _opened(folder, sizes, {}):
        if isinstance(part, Part):
            group[name] = part
            total += sizes[name]
        if total >= SHARD_BYTES:
            _join(folder, group)
            total = 0
    if len(group) > 1:
        _join(folder, group)


def _remove_leftovers(folder: StoreFolder) -> None:
    """Remove what killed processes have left: vectors without their table, and half files.

    A table follows its vectors within seconds; whoever writes now is left a day.
    """
    vectors = folder.older(_VECTORS, _LEFT_SEC)
    tables = folder.sizes(_SHARDS)  # after the vectors: one may have got its table meanwhile
    told_of = {vectors_of(name) for name in tables}
    orphans = [name for name in vectors if name not in told_of]
    folder.remove([*orphans, *folder.older("*.part", _LEFT_SEC)])


def _join(folder: StoreFolder, parts: dict[str, Part]) -> None:
    """Write one shard of parts, each hash once; then remove them. `parts` is empty by then."""
    names = list(parts)
    most = sum(len(part.hashes) for part in parts.values())
    rows: dict[str, int] = {}  # sha256 -> row of the shard
    vectors = np.empty((0, 0), np.float32)
    for name in names:
        part = parts.pop(name)
        fresh = {sha256: row for row, sha256 in enumerate(part.hashes) if sha256 not in rows}
        block = part.vectors(list(fresh.values()))
        if not rows:
            vectors = np.empty((most, block.shape[1]), np.float32)
        vectors[len(rows) : len(rows) + len(fresh)] = block
        rows |= {sha256: len(rows) + place for place, sha256 in enumerate(fresh)}
    write_shard(folder, list(rows), vectors[: len(rows)])
    folder.remove(names)
