"""One pass over the shards of a table of scores, in memory that doesn't grow with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.analysis.checks import FloatArray
from harmlib.analysis.own_scores.scales import Scale, ScaleError, read_scale
from harmlib.analysis.score_shards.batch import Batch, Bools
from harmlib.analysis.score_shards.counts import Key, ShardCounts
from harmlib.analysis.score_shards.grid import Bins, fine_grid
from harmlib.analysis.score_shards.rows import (
    NO_LABEL,
    ODD,
    UNUSED,
    label_words,
    numbers,
    shard_columns,
    split_words,
)
from harmlib.analysis.score_shards.tally import Tally
from harmlib.params import ScoresParams
from harmlib.tables.complaint import TableError
from harmlib.tables.shards import Shard, ShardList, why_unread

BATCH_ROWS = 1 << 18
MOST_KEYS = 8  # sections times models: each takes 74 MiB, twice
KEEP_SEC = 60.0  # what is counted is kept so often: a run that is killed goes on from there
_ENDS = {"probability": (0.0, 1.0), "percent": (0.0, 100.0)}


@dataclass
class Counter:
    """Counts shards by the settings of a run.

    Parameters
    ----------
    params : ScoresParams
        How columns, scales and labels are read, and thresholds that were decided beforehand.

    Attributes
    ----------
    scales : dict of str to Scale
        By model; what the params don't say is read from the first rows with a model's scores.
    """

    params: ScoresParams
    scales: dict[str, Scale] = field(default_factory=dict)
    _bins: dict[str, Bins] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._labels, self._splits = label_words(self.params), split_words()

    def bins_of(self, model: str) -> Bins:
        """Return the bins of a model of which the scale is known."""
        if model not in self._bins:
            decided, scale = self.params.threshold_of(model), self.scales[model]
            at = None if decided is None else scale.threshold_probability(decided)
            self._bins[model] = Bins(fine_grid(scale, at))
        return self._bins[model]

    def count(
        self, opened: pq.ParquetFile, name: str, told: Callable[[float], None] = lambda _: None
    ) -> Tally:
        """Count one shard.

        Parameters
        ----------
        opened : pyarrow.parquet.ParquetFile
        name : str
            Of the shard, for messages and examples.
        told : callable
            Takes the share of its rows that were counted.

        Returns
        -------
        Tally

        Raises
        ------
        TableError
            Columns or scores that can't be read as the params say.
        OSError, pyarrow.ArrowException
            The file is damaged.
        """
        columns = shard_columns(opened.schema_arrow, self.params, name)
        found = Tally(ShardCounts(has_splits="split" in columns.roles), left=list(columns.left))
        found.read_as = {own: role for role, own in columns.roles.items()}
        found.read_as |= dict.fromkeys(columns.scores.values(), "score")
        total = opened.metadata.num_rows
        for batch in _ahead(opened.iter_batches(BATCH_ROWS, columns=columns.names)):
            self._count_batch(Batch(batch, columns, name, found.rows + 1), found)
            found.rows += len(batch)
            told(found.rows / total)
        return found

    def _count_batch(self, batch: Batch, found: Tally) -> None:
        labels = batch.coded("label").mapped(self._labels)
        splits = np.zeros(len(labels), np.int64)
        if "split" in batch.columns.roles:
            splits = batch.coded("split").mapped(self._splits)
            batch.refuse(splits == ODD, "split is no known word", found, batch.coded("split"))
            batch.refuse(splits == UNUSED, "split train", found)
        batch.refuse(labels == ODD, "label is no known word", found, batch.coded("label"))
        batch.refuse(labels == NO_LABEL, "no label", found)
        if "model" in batch.columns.roles:
            parts = self._of_named_models(batch, found)
        else:
            parts = self._of_columns(batch, found)
        slots = np.zeros(len(labels), np.int64)
        slots[batch.kept] = found.counts.slots(batch.groups()[batch.kept])
        for (modality, category), where in batch.sections():
            for model, probabilities, own in parts:
                at = np.flatnonzero(batch.kept & where & own)
                if not len(at):
                    continue
                key, bins = (modality, category, model), self.bins_of(model)
                if key not in found.counts.cells and len(found.counts.cells) >= MOST_KEYS:
                    raise TableError(_too_many(batch.file, [*found.counts.cells, key]))
                values = bins.of(probabilities[at])
                found.counts.add(key, bins.count, splits[at], labels[at], slots[at], bins=values)
        found.used += int(batch.kept.sum())

    def _of_columns(self, batch: Batch, found: Tally) -> list[tuple[str, FloatArray, Bools | bool]]:
        """Each model's probabilities; a row that lacks one is of no use."""
        parts: list[tuple[str, FloatArray, Bools | bool]] = []
        for model, column in batch.columns.scores.items():
            parts.append((model, self._probabilities(batch, found, model, column, None), True))
        return parts

    def _of_named_models(
        self, batch: Batch, found: Tally
    ) -> list[tuple[str, FloatArray, Bools | bool]]:
        (column,) = batch.columns.scores.values()
        models = batch.coded("model")
        parts: list[tuple[str, FloatArray, Bools | bool]] = []
        for code in np.unique(models.codes):
            model, own = models.words[code], models.codes == code
            if not model:
                batch.refuse(own, "no model", found)
                continue
            parts.append((model, self._probabilities(batch, found, model, column, own), own))
        return parts

    def _probabilities(
        self, batch: Batch, found: Tally, model: str, column: str, own: Bools | None
    ) -> FloatArray:
        values, odd = numbers(batch.column(column))
        mine = np.ones(len(values), np.bool_) if own is None else own
        batch.refuse(odd & mine, "score is no finite number", found, model=model)
        batch.refuse(np.isnan(values) & mine, "no score", found, model=model)
        held = values[mine & ~np.isnan(values)]
        if model not in self.scales and not len(held):  # later rows may have some
            return values
        scale = self._scale(model, column, held, batch.file)
        outside = _outside(scale, values)
        if self._is_guessed(model) and (outside & mine & batch.kept).any():
            at = int(np.flatnonzero(outside & mine & batch.kept)[0])
            raise TableError(_no_such(batch.file, batch.first + at, column, values[at], scale))
        batch.refuse(outside & mine, "score outside of its scale", found, values, model=model)
        return scale.to_probability(values)

    def _is_guessed(self, model: str) -> bool:
        return self.params.scale_of(model) is None and not self.params.levels_of(model)

    def _scale(self, model: str, column: str, values: FloatArray, file: str) -> Scale:
        if model not in self.scales:
            told, levels = self.params.scale_of(model), self.params.levels_of(model)
            if levels:
                self.scales[model] = Scale("levels", tuple(sorted(set(levels))))
            elif told is not None and told != "levels":
                self.scales[model] = Scale(told)
            else:
                try:
                    self.scales[model] = read_scale(values, column, told)
                except ScaleError as error:
                    text = f"{file}: column {column!r}, model {model!r}, the first rows: {error}"
                    raise TableError(text + _SAY) from None
        return self.scales[model]


_SAY = ". Say what the scores are: scale: probability, percent or logit, or levels: [0, 1, 2]"


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
            raise TableError(_too_many(shard.name, keys))
        tally.merge(own)
        tally.left = list(dict.fromkeys([*tally.left, *own.left]))
    tally.done[shard.name] = shard.state
    return tally


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read the next batch while one is counted."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def _outside(scale: Scale, values: FloatArray) -> Bools:
    if scale.kind == "levels":
        return ~np.isin(values, scale.levels) & ~np.isnan(values)
    low, high = _ENDS.get(scale.kind, (-np.inf, np.inf))
    return np.asarray((values < low) | (values > high))


def _no_such(file: str, row: int, column: str, value: float, scale: Scale) -> str:
    return (
        f"{file}: row {row}: column {column!r} holds {value:g}, but the first rows were read as "
        f"{scale.kind}{_SAY}; with this, rows that don't fit are left out and counted"
    )


def _other_columns(file: str, tally: Tally, own: Tally) -> str:
    odd = sorted({*tally.read_as.items()} ^ {*own.read_as.items()})
    shown = ", ".join(f"{name} ({role})" for name, role in odd)
    return (
        f"{file}: its columns are not those of the shards before: {shown}. All shards need the "
        "same columns of labels, scores, groups, splits, categories, modalities and models"
    )


def _too_many(file: str, keys: list[Key]) -> str:
    names = sorted({" ".join(filter(None, key)) for key in keys})
    return (
        f"{file}: more than {MOST_KEYS} sections and models ({', '.join(names[:MOST_KEYS])}, …), "
        "and each takes memory of its own; put the shards of some of them in a folder apart, or "
        "name fewer columns of scores: columns: {score: …}"
    )
