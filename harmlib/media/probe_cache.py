"""Probe many files; what was probed before is known as long as it is the same."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from harmlib.address import Address
from harmlib.media.contained import LIMITS, probe
from harmlib.media.decoders import DecodeLimits, decoding_threads
from harmlib.media.fetching import AHEAD_BYTES, fetched_ahead, local_file
from harmlib.media.file_state import FileState, file_state
from harmlib.media.in_hand import noting
from harmlib.media.probe import Facts
from harmlib.media.sealed_table import DamagedTable, read_sealed, write_sealed
from harmlib.media.whole_file import set_aside
from harmlib.params import MAX_FRAMES, MAX_PIXELS, Modality

# What `Facts` tells in single values.
COLUMNS = [field.name for field in fields(Facts) if field.compare]
# A change shortly before the file was read may share its clock tick with one that came after.
_TICK_NS = 2_000_000_000
# Modules of this folder that have no say in what a file's facts are.
_OTHERS = {
    "fetching", "find", "folds", "in_hand", "ledger", "listing", "manifest", "remote_files",
    "splits", "thumbnails",
}  # fmt: skip
_DECODERS = ("av", "pillow", "pillow-heif")
_FEWEST_WAITING = 16  # files
_WRITE_EVERY_SEC = 30.0  # a run that is killed loses at most the facts of these

_Look = tuple[FileState | None, int, Facts]  # a file's state, when it was read, and what it is


def probe_all(
    paths: list[Path] | list[Address],
    modality: Modality,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    max_frames: int = MAX_FRAMES,
    max_pixels: int = MAX_PIXELS,
    limits: DecodeLimits = LIMITS,
) -> pd.DataFrame:
    """Probe files side by side; those unchanged since `cache` was written aren't read again.

    Parameters
    ----------
    paths : list of Path or Address
        Existing files.
    modality : {"image", "video"}
        What to decode them as.
    cache : Path
        A parquet file, which need not exist yet. The facts of all files are left in it. A file
        is unchanged if its `FileState` is; one with another state is hashed, and decoded only if
        its content is new.
    progress : callable, optional
        Called as ``progress(done, total)`` with counts of the files that are really read.
    max_frames, max_pixels : int
        Of a video, and of an image, as for `probe`.
    limits : DecodeLimits
        What decoding one file may take.

    Returns
    -------
    DataFrame
        One row per path, in the order of `paths`, with the fields of `Facts` as columns.
    """
    known = ProbeCache(cache, modality, max_frames, max_pixels)
    found = {path: known.find(path, file_state(path)) for path in paths}
    fresh = [path for path, facts in found.items() if facts is None]
    written = time.monotonic()
    notes = cache.with_suffix(".in_hand")
    asked = (modality, max_frames, max_pixels, limits, notes)
    threads = os.cpu_count() or 1
    with noting(notes), decoding_threads(threads) as pool:
        looked = _looks(fresh, asked, known, pool, threads)
        for done, (path, entry) in enumerate(zip(fresh, looked, strict=True), 1):
            found[path] = entry[2]
            known.add(*entry)
            if time.monotonic() - written > _WRITE_EVERY_SEC:
                known.write()
                written = time.monotonic()
            if progress:
                progress(done, len(fresh))
    if fresh:
        known.write()
    rows = [_values(found[path]) for path in paths]
    return pd.DataFrame(rows, columns=COLUMNS)


def waiting_files(threads: int) -> int:
    """How many files are taken up, being read or done, before the first of them is through.

    Files come out in their order, so that one that takes long holds up what is done behind it. With
    one file more for each thread, a thread that is done finds its next one here, fetched already
    where it lies at an address. With many more, whoever is killed would have more to read again.

    Parameters
    ----------
    threads : int
        That read.

    Returns
    -------
    int

    Examples
    --------
    >>> waiting_files(2), waiting_files(64)
    (16, 128)
    """
    return max(_FEWEST_WAITING, 2 * threads)


def _looks(
    fresh: Sequence[Path | Address],
    asked: tuple[Modality, int, int, DecodeLimits, Path],
    known: ProbeCache,
    pool: ThreadPoolExecutor,
    threads: int,
) -> Iterator[_Look]:
    """Read files side by side, in order; few wait, since each of them holds its copy."""
    waiting: deque[_Waiting] = deque()
    try:
        # What can't be fetched, `_look` asks for again, and says why it is lost
        for path, fetched in zip(fresh, fetched_ahead(fresh), strict=True):
            copy, size = ExitStack(), 0
            if isinstance(fetched, Address) and fetched.listed:
                copy.enter_context(local_file(fetched))
                size = fetched.listed.size
            future = pool.submit(_look_and_release, copy, path, asked, known)
            waiting.append(_Waiting(future, copy, size))
            while _are_enough(waiting, threads):
                yield waiting.popleft().future.result()
        while waiting:
            yield waiting.popleft().future.result()
    finally:
        for left in waiting:
            if left.future.cancel():
                left.copy.close()


class _Waiting(NamedTuple):
    """A file that is being read, or will be, with the copy that it holds and its size."""

    future: Future[_Look]
    copy: ExitStack
    size: int


def _are_enough(waiting: deque[_Waiting], threads: int) -> bool:
    """Whether the first is to be through before another is taken up.

    Files that are being read take what they take; those behind them may fill the disk.
    """
    if len(waiting) >= waiting_files(threads):
        return True
    unread = [one.size for one in waiting if not one.future.done()][threads:]
    return sum(unread) > AHEAD_BYTES


def _look_and_release(
    copy: ExitStack,
    path: Path | Address,
    asked: tuple[Modality, int, int, DecodeLimits, Path],
    known: ProbeCache,
) -> _Look:
    with copy:
        return _look(path, asked, known)


def _look(
    path: Path | Address, asked: tuple[Modality, int, int, DecodeLimits, Path], known: ProbeCache
) -> _Look:
    """Read one file; return its state before that, the time then, and its facts."""
    state, read_ns = file_state(path), time.time_ns()
    try:
        facts = known.same_content(path, state)
    except OSError:
        facts = None  # `probe` says why
    # The times of all frames of all files would fill the memory.
    facts = facts or replace(probe(path, *asked), tracks=())
    return state, read_ns, facts


class ProbeCache:
    """Facts by path, and by content: a file that was only touched or moved isn't decoded again.

    Facts of another version of the decoding code, or of another FFmpeg or Pillow, don't count.

    Parameters
    ----------
    path : Path
        A parquet file, which need not exist. One that can't be read is set aside.
    modality : {"image", "video"}
        What the files are decoded as.
    max_frames, max_pixels : int
        How many frames of a video are looked at, and how many pixels an image may have.
    """

    def __init__(
        self,
        path: Path,
        modality: Modality,
        max_frames: int = MAX_FRAMES,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.path = path
        self._code = f"{modality} {max_frames} {max_pixels} {_code()}"
        self._known: dict[str, tuple[FileState, int, Facts]] = {}
        self._contents: dict[str, Facts] = {}
        self._sizes: set[int] = set()
        for row in _rows(path, self._code):
            self._keep(*row)

    def find(self, path: Path | Address, state: FileState | None) -> Facts | None:
        """Return the facts of a file that is still as it was when it was read, else None."""
        known = self._known.get(str(path))
        if known is None or known[0] != state:
            return None
        last_change = max(known[0].mtime_ns, known[0].ctime_ns)
        return known[2] if last_change + _TICK_NS < known[1] else None

    def same_content(self, path: Path | Address, state: FileState | None) -> Facts | None:
        """Return the facts of a file whose content is known; it is hashed where its size is.

        Raises OSError if the file can't be read.
        """
        if state is None or state.size not in self._sizes:
            return None
        if isinstance(path, Path) and not path.is_file():  # a pipe would never end
            return None
        with local_file(path) as near, near.open("rb") as file:
            facts = self._contents.get(hashlib.file_digest(file, "sha256").hexdigest())
        if facts is None or (facts.reason and Path(facts.path).suffix != path.suffix):
            return None  # what is said of a file that can't be used may be about its name
        return replace(facts, path=str(path), size=state.size, mtime_ns=state.mtime_ns)

    def add(self, state: FileState | None, read_ns: int, facts: Facts) -> None:
        """Keep the facts of a file that had `state` when it was read, at the time `read_ns`.

        Facts without a hash are left out: what can't be read now, or changes while it is read, may
        be readable next time, unchanged.
        """
        if facts.sha256 and state is not None:
            self._keep(state, read_ns, Facts(*_values(facts)))

    def write(self) -> None:
        """Write all facts to the file, whole or not at all."""
        rows = [
            [*_values(facts), state.ctime_ns, state.inode, read_ns]
            for state, read_ns, facts in self._known.values()
        ]
        table = pd.DataFrame(rows, columns=[*COLUMNS, "ctime_ns", "inode", "read_ns"])
        write_sealed(table.assign(code=self._code), self.path)

    def _keep(self, state: FileState, read_ns: int, facts: Facts) -> None:
        self._known[facts.path] = (state, read_ns, facts)
        self._contents[facts.sha256] = facts
        self._sizes.add(facts.size)


def _rows(path: Path, code: str) -> Iterator[tuple[FileState, int, Facts]]:
    try:
        table = read_sealed(path)
    except FileNotFoundError:
        return
    except (DamagedTable, OSError) as error:
        set_aside({path: str(error)})
        return
    for row in table[table["code"] == code].itertuples(index=False):
        facts = Facts(*(getattr(row, name) for name in COLUMNS))
        yield FileState(facts.size, facts.mtime_ns, row.ctime_ns, row.inode), row.read_ns, facts


def _values(facts: Facts | None) -> list[Any]:
    return [getattr(facts, name) for name in COLUMNS]


@cache
def _code() -> str:
    """Return a text that changes with the code that finds out facts."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    parts = [path.read_bytes() for path in modules if path.stem not in _OTHERS]
    for package in _DECODERS:
        try:
            parts.append(f"{package} {importlib.metadata.version(package)}".encode())
        except importlib.metadata.PackageNotFoundError:
            continue
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
