"""How one shard of a table of scores is counted, a batch of rows at a time."""

from __future__ import annotations

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

BATCH_ROWS = 1 << 18
MOST_KEYS = 8  # sections times models: each takes 74 MiB, twice
_ENDS = {"probability": (0.0, 1.0), "percent": (0.0, 100.0)}
_SAY = ". Say what the scores are: scale: probability, percent or logit, or levels: [0, 1, 2]"


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
                    raise TableError(too_many(batch.file, [*found.counts.cells, key]))
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


def too_many(file: str, keys: list[Key]) -> str:
    """Say that there are more sections and models than memory is planned for.

    Parameters
    ----------
    file : str
        The shard.
    keys : list of Key
        All that were found.

    Returns
    -------
    str

    Examples
    --------
    >>> too_many("a.parquet", [("image", "", "api"), ("image", "", "own")])[:56]
    'a.parquet: more than 8 sections and models (image api, i'
    """
    names = sorted({" ".join(filter(None, key)) for key in keys})
    return (
        f"{file}: more than {MOST_KEYS} sections and models ({', '.join(names[:MOST_KEYS])}, …), "
        "and each takes memory of its own; put the shards of some of them in a folder apart, or "
        "name fewer columns of scores: columns: {score: …}"
    )
