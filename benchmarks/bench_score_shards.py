"""How long one pass over shards of scores takes, and how much memory: run this file, with `--rows`.

Each shard is written to a temporary file, read back and counted as `harmlib analyse` does, and
removed: no more than one is kept. The time is that of reading and counting, not of writing. Goals:
under 2 GiB at any number of rows, time linear in them. At ten million rows the same shards are read
as one table, too: its sweep at the grid must give the same counts.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harmlib.analysis.score_shards.block_table import BlockTable
from harmlib.analysis.score_shards.section_tables import tables_of
from harmlib.analysis.score_shards.shard_counter import Counter
from harmlib.analysis.score_shards.tally import sections_of
from harmlib.analysis.thresholds import sweep
from harmlib.params import ScoresParams
from harmlib.tables.shards import list_shards

SHARD_ROWS = 10_000_000
PIECE_ROWS = 1_000_000
ACCOUNTS = 2_000_000
WHOLE_ROWS = 10_000_000  # up to here the rows are read as one table, too
GOAL_GIB = 2
NAMES = pa.array([f"account{i:08d}" for i in range(ACCOUNTS)])


def write_shard(path, rows, seed):
    """A tenth of the items is harmful; each account has items of one split."""
    rng = np.random.default_rng(seed)
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for start in range(0, rows, PIECE_ROWS):
            n = min(PIECE_ROWS, rows - start)
            label = rng.random(n, np.float32) < 0.1
            account = rng.integers(0, ACCOUNTS, n)
            logit = 2 * rng.standard_normal(n, np.float32) - 3 + 3 * label
            probability = 1 / (1 + np.exp(-logit, dtype=np.float32))
            split = pa.DictionaryArray.from_arrays((account % 2).astype(np.int8), ["val", "test"])
            columns = [label.astype(np.int8), probability, NAMES.take(pa.array(account)), split]
            writer.write_batch(pa.record_batch(columns, SCHEMA))


COLUMNS = {"label": pa.int8(), "probability": pa.float32(), "group": pa.string()}
SCHEMA = pa.schema(COLUMNS | {"split": pa.dictionary(pa.int8(), pa.string())})


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_gib():
    """Of this process, in all its time; Linux counts in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def count(rows, shard_rows, folder):
    """Return the tally, seconds of wall and processor time, bytes, and the whole table's sweep."""
    counter = Counter(ScoresParams(run="bench", scores=str(folder)))
    tally, seconds, processor, size, parts = None, 0.0, 0.0, 0, []
    for i, start in enumerate(range(0, rows, shard_rows)):
        path = folder / f"{i:05d}.parquet"
        write_shard(path, min(shard_rows, rows - start), i)
        began, before = time.perf_counter(), used()
        listed = list_shards(folder)
        own = counter.count(listed.open(listed.shards[0]), path.name)
        if tally is None:
            tally = own
        else:
            tally.merge(own)
        tally.scales = counter.scales
        seconds += time.perf_counter() - began
        processor += used() - before
        size += path.stat().st_size
        if rows <= WHOLE_ROWS:
            parts.append(pd.read_parquet(path))
        path.unlink()
        if (i + 1) % 10 == 0:
            print(f"  {tally.rows:,} rows: {seconds:.0f} s, peak {peak_gib():.2f} GiB", flush=True)
    return tally, seconds, processor, size, parts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--shard-rows", type=int, default=SHARD_ROWS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = count(options.rows, options.shard_rows, Path(folder))
    tally, seconds, processor, size, parts = found
    peak = peak_gib()
    began = time.perf_counter()
    ((cells,),) = (own.values() for own in sections_of(tally).values())
    grid = Counter(ScoresParams(run="bench", scores="x"), tally.scales).bins_of("probability")
    places = (tally.counts.of_split(cells, split, 0) for split in ("val", "test"))
    val, test = (BlockTable(grid.thresholds, own) for own in places)
    tables = tables_of({"api": (val, test)}, {"api": None}, 0.01)
    analysed = time.perf_counter() - began
    load = os.getloadavg()[0]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"{tally.rows:,} rows, {size / 1e9:.2f} GB of shards")
    print(f"one pass: {seconds:.0f} s, {processor:.0f} s of processor time, ", end="")
    print(f"{tally.rows / seconds:,.0f} rows a second, {seconds / tally.rows * 1e8:.0f} s per 10^8")
    print(f"peak of the pass: {peak:.2f} GiB (goal {GOAL_GIB})")
    print(f"all tables of the page from the counts: {analysed:.1f} s, peak {peak_gib():.2f} GiB")
    print(tables["intervals"].round(5).to_string(index=False))
    if parts:
        compare(pd.concat(parts), val, test, seconds)


def compare(table, val, test, seconds):
    """The same rows as one table in memory: equal counts at every threshold of the grid."""
    for split, counted in (("val", val), ("test", test)):
        own = table[table["split"] == split]
        began = time.perf_counter()
        whole = sweep(own["label"], own["probability"], counted.thresholds)
        took = time.perf_counter() - began
        same = whole.equals(counted.sweep())
        print(f"read as one table, {split}: {took:.1f} s to sweep, the same counts: {same}")
    print(f"(counting both splits from files, with groups: {seconds:.1f} s)")
    print(f"peak with the whole table in memory: {peak_gib():.2f} GiB")


if __name__ == "__main__":
    main()
