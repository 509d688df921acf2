"""One pass over the shards of a table of scores, in memory that doesn't grow with them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa

from harmlib.analysis.score_shards.shard_counter import MOST_KEYS, Counter, too_many
from harmlib.analysis.score_shards.tally import Tally
from harmlib.params import ScoresParams
from harmlib.tables.complaint import TableError
from harmlib.tables.shards import Shard, ShardList, why_unread

KEEP_SEC = 60.0  # what is counted is kept so often: a run that is killed goes on from there


def count_shards(
    listed: ShardList,
    params: ScoresParams,
    before: Tally | None = None,
    *,
    told: Callable[[int, int], None] = lambda _done, _total: None,
    keep: Callable[[Tally], None] = lambda _: None,
) -> Tally:
    """Count all shards, or those that are not yet in `before`.

    Parameters
    ----------
    listed : ShardList
    params : ScoresParams
    before : Tally, optional
        Of an earlier pass, with the same settings. If one of its shards changed or is gone, all
        are counted anew.
    told : callable
        Takes the bytes that were counted, and all.
    keep : callable
        Takes the tally from time to time and at the end.

    Returns
    -------
    Tally
        `unreadable` names the shards that can't be read: they are not counted, not in part either.

    Raises
    ------
    TableError
        What can't be counted; the message names the shard.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pyarrow.parquet as pq
    >>> from harmlib.tables.shards import list_shards
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = pa.table({"label": [1, 0, None], "score": [0.9, 0.2, 0.4]})
    ...     pq.write_table(rows, f"{folder}/a.parquet")
    ...     tally = count_shards(list_shards(Path(folder)), ScoresParams(run="x", scores=folder))
    >>> tally.rows, tally.used, tally.refused.table()["reason"].tolist()
    (3, 2, ['no label'])
    """
    now = {shard.name: shard.state for shard in listed.shards}
    if before is not None and not before.done.items() <= now.items():
        before = None
    tally, began = before, time.monotonic()
    counter = Counter(params, {} if tally is None else dict(tally.scales))
    earlier, last = (0.0 if tally is None else tally.seconds), began
    unreadable: dict[str, str] = {}
    done = 0
    for shard in listed.shards:
        if tally is None or shard.name not in tally.done:
            try:
                with listed.open(shard) as opened:
                    own = counter.count(opened, shard.name, _told(told, done, shard, listed))
            except (OSError, pa.ArrowException) as error:
                unreadable[shard.name] = why_unread(error)
            else:
                tally = _merged(tally, own, shard)
                tally.scales = counter.scales
                tally.seconds = earlier + time.monotonic() - began
                if time.monotonic() - last > KEEP_SEC:
                    keep(tally)
                    last = time.monotonic()
        done += shard.size
        told(done, listed.size)
    if tally is None:
        name, why = next(iter(unreadable.items()))
        raise TableError(f"{listed.place}: no shard can be read; {name}: {why}")
    tally.unreadable = unreadable
    keep(tally)
    return tally


def _told(
    told: Callable[[int, int], None], done: int, shard: Shard, listed: ShardList
) -> Callable[[float], None]:
    return lambda share: told(done + int(share * shard.size), listed.size)


def _merged(tally: Tally | None, own: Tally, shard: Shard) -> Tally:
    if tally is None:
        tally = own
    else:
        if tally.read_as != own.read_as:
            raise TableError(_other_columns(shard.name, tally, own))
        keys = list(dict.fromkeys([*tally.counts.cells, *own.counts.cells]))
        if len(keys) > MOST_KEYS:
            raise TableError(too_many(shard.name, keys))
        tally.merge(own)
        tally.left = list(dict.fromkeys([*tally.left, *own.left]))
    tally.done[shard.name] = shard.state
    return tally


def _other_columns(file: str, tally: Tally, own: Tally) -> str:
    odd = sorted({*tally.read_as.items()} ^ {*own.read_as.items()})
    shown = ", ".join(f"{name} ({role})" for name, role in odd)
    return (
        f"{file}: its columns are not those of the shards before: {shown}. All shards need the "
        "same columns of labels, scores, groups, splits, categories, modalities and models"
    )
