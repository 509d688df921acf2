"""Bring shards of scores into a run's folder: counts, where a table would be too large."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.analysis.checks import IntArray
from harmlib.analysis.own_scores.halves import HALVES
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.own_scores.sections import distinct_plain_names
from harmlib.analysis.score_shards.block_table import BlockTable, Samples
from harmlib.analysis.score_shards.counting import count_shards
from harmlib.analysis.score_shards.counts import Split
from harmlib.analysis.score_shards.large_enough import check_same_items, large_enough
from harmlib.analysis.score_shards.shard_counter import Counter
from harmlib.analysis.score_shards.tally import Tally, keep, kept, sections_of
from harmlib.language import told
from harmlib.media.whole_file import written_whole
from harmlib.params import ScoresParams
from harmlib.tables.complaint import TableError
from harmlib.tables.shards import SUFFIX, ShardList, is_sharded, list_shards
from harmlib.workflow.paths import COUNT_TABLES, COUNTS, COUNTS_SUMMARY, GRID
from harmlib.workflow.progress import progress
from harmlib.workflow.run import Run

KEPT = ".score_counts.npz"  # the counts of all shards so far, for the next pass
_VERSION = 2  # raise it when the same shards would be counted as something else


def shards_to_count(params: ScoresParams) -> ShardList | None:
    """List the shards of a table that is too large to be read whole.

    Parameters
    ----------
    params : ScoresParams

    Returns
    -------
    ShardList or None
        None where the table has at most `count_above` rows, or is no Parquet file.

    Raises
    ------
    TableError
        There is no shard.
    """
    place = params.scores
    is_shard = isinstance(place, Path) and place.suffix.lower() == SUFFIX and place.is_file()
    if not is_shard and not is_sharded(place):
        return None
    listed = list_shards(place)
    return listed if listed.rows() > params.count_above else None


def count_scores(params: ScoresParams, listed: ShardList) -> dict[str, Any]:
    """Count the shards that aren't counted yet, and write the run's tables of counts.

    Parameters
    ----------
    params : ScoresParams
    listed : ShardList

    Returns
    -------
    dict
        What was found, as `harmlib.workflow.own_scores` records it.

    Raises
    ------
    TableError
        What can't be counted, or is too little to choose and judge a threshold.
    """
    run, reading = Run(params), _reading(params)
    file = params.run_dir / KEPT

    def save(tally: Tally) -> None:
        with written_whole(file) as part:
            keep(tally, part, reading)

    told_of = progress(told("counting scores", "점수 세기"), "MB")
    tally = count_shards(
        listed, params, kept(file, reading),
        told=lambda done, total: told_of(done >> 20, max(total >> 20, 1)), keep=save,
    )  # fmt: skip
    if not tally.used:
        reasons = "; ".join(f"{n} {why}" for (why, _), n in tally.refused.counts.items())
        raise TableError(f"{listed.place}: no row can be used: {reasons or 'there is none'}")
    sections, left_out = large_enough(tally, sections_of(tally), params.seed)
    if not sections:
        reasons = "; ".join(f"{one.section}: {one.reason}" for one in left_out.itertuples())
        raise TableError(
            f"{listed.place}: too little to choose a threshold on one part and judge it on the "
            f"other: {reasons}"
        )
    check_same_items(listed.place, tally, sections, params.seed)
    names = distinct_plain_names(tally.scales)
    _write_counts(run, params, tally, sections, names)
    run.write(left_out, "tables/left_out.csv")
    run.write(_read_as(tally), "tables/read_as.csv")
    run.write(tally.refused.table(), "tables/refused.csv")
    run.write(_shards(listed, tally), "tables/shards.csv")
    run.write(_summary(listed, tally), COUNTS_SUMMARY)
    run.write(_models(params, tally, names), "tables/models.csv")
    rule = {"threshold_rule": "exact_f1"}
    variants = {
        names[model]: rule | {"thresholds": scale.grid()} for model, scale in tally.scales.items()
    }
    return {
        "variants": variants, "sections": list(sections), "folds": None, "counted": True,
        "unreadable": len(tally.unreadable),
    }  # fmt: skip


def samples_of(run: Run, section: str) -> Samples:
    """Read the counts of a section, by model.

    Parameters
    ----------
    run : Run
        Of scores that were counted.
    section : str

    Returns
    -------
    mapping of str to (BlockTable, BlockTable)
        Each model's counts on validation and on test, in the order of the params.
    """
    grid, scales = run.read(GRID, "harmlib run"), run.read("tables/models.csv", "harmlib run")
    found: dict[str, tuple[BlockTable, BlockTable]] = {}
    # By place, since a name such as 007 is a number in a CSV file
    rows_of_models = (row for _, row in scales.iterrows())
    for variant, of_model in zip(run.params.variants, rows_of_models, strict=True):
        own = grid.loc[grid["variant"] == variant, "threshold"].to_numpy()
        rows = [("modality", "==", section), ("variant", "==", variant)]
        counts = run.read(COUNTS, "harmlib run", rows)
        if counts.empty:  # this model has no score of this section
            continue
        scale = Scale.of_model(of_model)
        levels = tuple(scale.to_probability(np.array(scale.levels)).tolist())
        val, test = (_cells(counts[counts["split"] == split], len(own) + 1) for split in HALVES)
        found[variant] = BlockTable(own, val, levels), BlockTable(own, test, levels)
    most = [max((own[at].cells.shape[1] for own in found.values()), default=0) for at in (0, 1)]
    return {
        variant: (_with_blocks(val, most[0]), _with_blocks(test, most[1]))
        for variant, (val, test) in found.items()
    }


def _with_blocks(table: BlockTable, n_blocks: int) -> BlockTable:
    """The same with blocks that hold no item of this model, but of another."""
    missing = n_blocks - table.cells.shape[1]
    return replace(table, cells=np.pad(table.cells, [(0, 0), (0, missing), (0, 0)]))


def _cells(counts: pd.DataFrame, n_bins: int) -> IntArray:
    cells = np.zeros((2, max(counts["block"], default=-1) + 1, n_bins), np.int64)
    for label, name in enumerate(("safe", "harmful")):
        cells[label, counts["block"], counts["bin"]] = counts[name]
    return cells


def _reading(params: ScoresParams) -> str:
    """What the counts depend on, beside the shards: how rows are read, and where the grid lies."""
    names = {"scores", "columns", "scale", "levels", "labels", "threshold"}
    settings = params.model_dump_json(include=names)
    return hashlib.sha256(f"{_VERSION} {settings}".encode()).hexdigest()


def _write_counts(
    run: Run,
    params: ScoresParams,
    tally: Tally,
    sections: dict[str, dict[str, IntArray]],
    names: dict[str, str],
) -> None:
    """Write the counts of each bin and block that hold an item, one model after the other."""
    counter = Counter(params, tally.scales)
    grids = {names[m]: counter.bins_of(m).thresholds for m in tally.scales}
    table = [pd.DataFrame({"variant": v, "threshold": grid}) for v, grid in grids.items()]
    run.write(pd.concat(table, ignore_index=True), GRID)
    with written_whole(run.dir / COUNTS) as part, pq.ParquetWriter(part, _SCHEMA) as writer:
        for section, models in sections.items():
            for split in HALVES:
                for names_of, rows in _rows(tally, models, split, params.seed):
                    first = {"modality": section, "variant": names[names_of], "split": split}
                    frame = rows.assign(**first)[_SCHEMA.names]
                    writer.write_table(pa.Table.from_pandas(frame, _SCHEMA, preserve_index=False))


_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("modality", "variant", "split")]
    + [("block", pa.int16()), ("bin", pa.int32()), ("safe", pa.int64()), ("harmful", pa.int64())]
)


def _rows(
    tally: Tally, models: dict[str, IntArray], split: Split, seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    of_split = {m: tally.counts.of_split(cells, split, seed) for m, cells in models.items()}
    # The same blocks for all models, so that differences leave the same out of both
    held = np.logical_or.reduce([cells.any(axis=(0, 2)) for cells in of_split.values()])
    for model, cells in of_split.items():
        own = cells[:, held]
        block, place = np.nonzero(own.any(axis=0))
        safe, harmful = own[:, block, place]
        yield (
            model,
            pd.DataFrame({"block": block, "bin": place, "safe": safe, "harmful": harmful}),
        )


def _read_as(tally: Tally) -> pd.DataFrame:
    lines = [("column", name, role) for name, role in tally.read_as.items()]
    lines += [("column", name, "unread") for name in tally.left]
    for model, scale in tally.scales.items():
        shown = ", ".join(f"{level:g}" for level in scale.levels)
        lines.append(("scale", model, f"{scale.kind} {shown}".strip()))
    return pd.DataFrame(lines, columns=["what", "name", "read_as"])


def _shards(listed: ShardList, tally: Tally) -> pd.DataFrame:
    rows = [
        (shard.name, shard.size, tally.unreadable.get(shard.name, "")) for shard in listed.shards
    ]
    return pd.DataFrame(rows, columns=["shard", "bytes", "unreadable"])


def _summary(listed: ShardList, tally: Tally) -> pd.DataFrame:
    counts = tally.counts
    row = {
        "shards": len(listed.shards),
        "unreadable": len(tally.unreadable),
        "bytes": listed.size,
        "rows": tally.rows,
        "used": tally.used,
        "refused": tally.rows - tally.used,
        "thresholds": max(cells.shape[-1] - 1 for cells in counts.cells.values()),
        "groups": np.nan if counts.n_groups is None else counts.n_groups,
        "blocks": counts.most if counts.n_groups is None else counts.n_groups,
        "has_splits": counts.has_splits,
        "seconds": round(tally.seconds, 1),
    }
    return pd.DataFrame([row])


def _models(params: ScoresParams, tally: Tally, names: dict[str, str]) -> pd.DataFrame:
    rows = []
    for model, scale in tally.scales.items():
        decided = params.threshold_of(model)
        at = np.nan if decided is None else scale.threshold_probability(decided)
        levels = " ".join(f"{level:g}" for level in scale.levels)
        rows.append((names[model], model, scale.kind, levels, at))
    return pd.DataFrame(rows, columns=["variant", "model", "scale", "levels", "fixed_threshold"])


def outputs_of(params: ScoresParams) -> str:
    """Return a text that changes when a table that `count_scores` wrote does.

    Parameters
    ----------
    params : ScoresParams
        Of the run.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for name in COUNT_TABLES:
        digest.update((params.run_dir / name).read_bytes())
    return digest.hexdigest()


def state_of(params: ScoresParams, listed: ShardList) -> str:
    """Return a text that changes when the shards do, or how they are read and halved.

    Parameters
    ----------
    params : ScoresParams
    listed : ShardList

    Returns
    -------
    str
    """
    return json.dumps([_reading(params), params.seed, listed.state])
