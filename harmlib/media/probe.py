"""Probe files: decode each one whole for its facts, or the reason why it can't be used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from harmlib.media.decode import MediaError, load_image, video_facts
from harmlib.params import Modality


@dataclass(frozen=True)
class Facts:
    """What a file is, from reading it to its end.

    Attributes
    ----------
    path : str
        The file as it was named.
    size : int
        Bytes.
    mtime_ns : int
        Modification time, nanoseconds since 1970.
    sha256 : str
        Hash of the content, 64 hexadecimal digits; empty where the file can't be read.
    width, height : int
        Pixels of the upright picture; 0 where it can't be used.
    frames : int
        1 for an image; 0 where the file can't be used.
    duration_sec : float
        0 for an image.
    reason : str
        Why the file can't be used; empty where it can.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    duration_sec: float = 0.0
    reason: str = ""


COLUMNS = [field.name for field in fields(Facts)]
_STATE = ["path", "size", "mtime_ns"]  # a file with all three unchanged isn't read again


def probe(path: Path, modality: Modality) -> Facts:
    """Hash and decode one file completely.

    Parameters
    ----------
    path : Path
        An existing file.
    modality : {"image", "video"}
        What to decode it as.

    Returns
    -------
    Facts
        With a `reason` where the file can't be read or decoded.

    Raises
    ------
    OSError
        If the file does not exist.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     Image.new("RGB", (8, 6)).save(file, "PNG")
    ...     file.flush()
    ...     facts = probe(Path(file.name), "image")
    >>> facts.width, facts.height, facts.reason
    (8, 6, '')
    """
    stat = path.stat()
    sha256 = ""
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if modality == "image":
            height, width = load_image(path).shape[:2]
            frames, duration_sec = 1, 0.0
        else:
            width, height, frames, duration_sec = video_facts(path)
    except (MediaError, OSError) as error:
        return Facts(str(path), stat.st_size, stat.st_mtime_ns, sha256, reason=str(error))
    return Facts(
        str(path), stat.st_size, stat.st_mtime_ns, sha256, width, height, frames, duration_sec
    )


def probe_all(
    paths: list[Path],
    modality: Modality,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Probe files side by side; those unchanged since `cache` was written aren't read again.

    Parameters
    ----------
    paths : list of Path
        Existing files.
    modality : {"image", "video"}
        What to decode them as.
    cache : Path
        A parquet file, which need not exist yet. The facts of all files are left in it. A file
        is unchanged if its path, size and modification time are the same.
    progress : callable, optional
        Called as ``progress(done, total)`` with counts of the files that are really read.

    Returns
    -------
    DataFrame
        One row per path, in the order of `paths`, with the fields of `Facts` as columns.
    """
    known = _read_cache(cache)
    stats = {path: path.stat() for path in paths}
    fresh = [
        path
        for path, stat in stats.items()
        if (str(path), stat.st_size, stat.st_mtime_ns) not in known.index
    ]
    rows: list[Facts] = []
    if fresh:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for row in pool.map(lambda path: probe(path, modality), fresh):
                rows.append(row)
                if progress:
                    progress(len(rows), len(fresh))
        new = pd.DataFrame(rows, columns=COLUMNS).set_index(_STATE)
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
    table = pd.read_parquet(cache) if cache.exists() else pd.DataFrame(columns=COLUMNS)
    return table.set_index(_STATE)
