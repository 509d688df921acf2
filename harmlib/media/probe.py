"""What each file is: content hash, size, frames, duration, or why it can't be used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from harmlib.media.decode import MediaError, load_image, video_facts

COLUMNS = [
    "path",
    "size",
    "mtime_ns",
    "sha256",
    "width",
    "height",
    "frames",
    "duration_sec",
    "reason",
]


def probe(path: Path, modality: str) -> dict:
    """Hash and decode one file completely; `reason` is empty when it can be used."""
    stat = path.stat()
    facts = {
        "path": str(path),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "sha256": "",
        "width": 0,
        "height": 0,
        "frames": 0,
        "duration_sec": 0.0,
        "reason": "",
    }
    try:
        with path.open("rb") as file:
            facts["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
        if modality == "image":
            height, width = load_image(path).shape[:2]
            frames, duration_sec = 1, 0.0
        else:
            width, height, frames, duration_sec = video_facts(path)
    except (MediaError, OSError) as error:
        return facts | {"reason": str(error)}
    return facts | {
        "width": width,
        "height": height,
        "frames": frames,
        "duration_sec": duration_sec,
    }


def probe_all(
    paths: list[Path],
    modality: str,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Probe files side by side; those unchanged since `cache` was written aren't read again.

    Unchanged means: same path, size and modification time. Returns one row a path, in order,
    with `COLUMNS`, and leaves the same facts in `cache` (a parquet file).
    """
    known = _read_cache(cache)
    stats = {path: path.stat() for path in paths}
    fresh = [
        path
        for path, stat in stats.items()
        if (str(path), stat.st_size, stat.st_mtime_ns) not in known.index
    ]
    rows = []
    if fresh:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for row in pool.map(lambda path: probe(path, modality), fresh):
                rows.append(row)
                if progress:
                    progress(len(rows), len(fresh))
        new = pd.DataFrame(rows, columns=COLUMNS).set_index(COLUMNS[:3])
        old = known[~known.index.get_level_values("path").isin({str(p) for p in fresh})]
        known = pd.concat([old, new]) if len(old) else new
        cache.parent.mkdir(parents=True, exist_ok=True)
        part = cache.with_suffix(".part")
        # What could not even be read (no hash) may be readable next time, unchanged.
        known[known["sha256"] != ""].reset_index().to_parquet(part)
        part.replace(cache)
    keys = [(str(path), stats[path].st_size, stats[path].st_mtime_ns) for path in paths]
    return known.loc[keys].reset_index()


def _read_cache(cache: Path) -> pd.DataFrame:
    if cache.exists():
        return pd.read_parquet(cache).set_index(COLUMNS[:3])
    return pd.DataFrame(columns=COLUMNS).set_index(COLUMNS[:3])
