"""New files to predictions on the processors of a cluster: the same as `predict_stream` gives.

Files, and ranges of the windows of long videos, go out; scores of windows come back, in any order.
They are put together here, window by window in the order in which this machine alone would have
had them. What is lost with a process is repeated by Ray; what doesn't come back is sent out again.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from harmlib.address import Address
from harmlib.features.processors import NoSuchProcessor
from harmlib.features.ray_cluster import (
    Workers,
    joined_cluster,
    plan_workers,
    ray_module,
    wants_gpu,
)
from harmlib.features.ray_dataset import computed_on_ray
from harmlib.features.ray_extraction import node_resources
from harmlib.language import told
from harmlib.media.contained import LIMITS
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits
from harmlib.media.ledger import Unusable
from harmlib.predict.deciding import Scores, Undecided
from harmlib.predict.opening import Opener
from harmlib.predict.prediction import Prediction
from harmlib.predict.predictor import Predictor
from harmlib.predict.ray_stages import (
    FolderUnseen,
    Job,
    Score,
    Unseen,
    prepare_files,
    prepare_ranges,
)
from harmlib.predict.ray_tables import (
    Outcome,
    TakenUp,
    file_tables,
    outcomes_in,
    range_tables,
)
from harmlib.predict.stream import Found, Stream

_TASKS = 200  # of a stream, as far as the bounds of a task's files allow
_FILES = (4, 256)  # that a task takes up
_WINDOWS = 200_000  # of long videos that are computed at once
_DEVICES = ("auto", "cpu", "cuda")
_TRIED = "\nFailed to "  # so begins what Ray says of how often it has tried


@contextmanager
def ray_stream(opener: Opener, workers: Workers | None = None) -> Iterator[Stream]:
    """Join a cluster, or start Ray here, as `harmlib.features.ray_cluster.joined_cluster` does.

    Parameters
    ----------
    opener : Opener
        Of the predictors, wherever it arrives.
    workers : Workers, optional
        By default as many as the cluster has room for.

    Yields
    ------
    callable
        To be called as `harmlib.predict.stream.predict_stream`. It holds the names of the files it
        is called with, and what is known of those under way. The order of what it yields is any.

    Raises
    ------
    RayMissing, ConnectionError
        As `joined_cluster` does. What it yields raises CheckpointError and WeightsError where a
        node has others, and FolderUnseen where it can't read what paths name.
    NoSuchProcessor
        Where the networks can't run on what the opener names; what it yields, where a node can't.
    """
    if opener.device not in _DEVICES:
        raise NoSuchProcessor(
            told(
                f"device {opener.device!r}: on Ray use one of {', '.join(_DEVICES)}; which GPU "
                "a process has, Ray decides",
                f"device {opener.device!r}: Ray에서는 {', '.join(_DEVICES)} 중 하나로 적으십시오. "
                "각 프로세스가 쓸 GPU는 Ray가 정합니다",
            )
        )
    with joined_cluster():
        nodes = node_resources()
        on_gpu = wants_gpu(opener.device, nodes)
        shared = workers or plan_workers(nodes, on_gpu)
        yield _OnRay(opener, "cuda" if on_gpu else "cpu", shared)


class _OnRay:
    """What predicts on a cluster."""

    def __init__(self, opener: Opener, device: str, workers: Workers) -> None:
        self._opener, self._device, self._workers = opener, device, workers
        self._jobs: dict[tuple[object, ...], bytes] = {}

    def __call__(
        self,
        predictors: list[Predictor],
        found: Iterable[Found],
        limits: DecodeLimits = LIMITS,
        notes: Path | None = None,
    ) -> Iterator[Prediction | Unusable]:
        waiting: dict[int, Path | Address] = {}
        for number, one in enumerate(found):
            if isinstance(one, Unusable):
                yield one
            else:
                waiting[number] = one
        job = self._job([one.digest for one in predictors], limits)
        absolute = notes.absolute() if notes else None
        before = len(waiting) + 1
        while 0 < len(waiting) < before:  # a file that never comes back is told of by the account
            before = len(waiting)
            files = min(max(len(waiting) // _TASKS, _FILES[0]), _FILES[1])
            with tempfile.TemporaryFile() as split:  # a long video has thousands of windows
                gathered = _Gathered(predictors, waiting, split)
                tables = file_tables(waiting, files)
                for came in self._computed(tables, job, prepare_files, absolute):
                    yield from gathered.take(came)
                split.seek(0)
                while some := _next_split(split):
                    gathered.expect(some)
                    for came in self._computed(range_tables(some), job, prepare_ranges):
                        yield from gathered.take(came)

    def _job(self, digests: list[str], limits: DecodeLimits) -> bytes:
        """Pickled once: a process that has opened the predictors of a job knows it by its bytes."""
        folder = Path.cwd()
        key = (*digests, limits, folder)
        if key not in self._jobs:
            job = Job(self._opener, digests, limits, folder, self._device)
            self._jobs[key] = ray_module().cloudpickle.dumps(job)
        return self._jobs[key]

    def _computed(
        self,
        tables: list[pa.Table],
        job: bytes,
        prepare: Callable[..., Iterator[pa.Table]],
        *args: object,
    ) -> Iterator[Outcome]:
        threads = self._workers.threads
        dataset = computed_on_ray(
            tables, prepare, (job, *args), Score, (job, threads), self._workers
        )
        try:
            for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield from outcomes_in(table)
        except ValueError as error:  # Ray's own, around that of another process
            raise _as_it_was(getattr(error, "cause", None) or error) from None


def _as_it_was(error: ValueError) -> ValueError:
    """What a process has raised, without what Ray writes behind its message."""
    if error.args and isinstance(error.args[0], str):
        error.args = (error.args[0].partition(_TRIED)[0], *error.args[1:])
    return error


def _next_split(split: IO[bytes]) -> dict[int, TakenUp]:
    """The next videos, as many as are computed at once."""
    some: dict[int, TakenUp] = {}
    windows = 0
    while windows < _WINDOWS:
        try:
            number, taken = pickle.load(split)
        except EOFError:
            break
        some[number] = taken
        windows += len(taken.windows)
    return some


class _Gathered:
    """Puts together what comes back in any order, perhaps twice; done files leave `waiting`."""

    def __init__(
        self, predictors: list[Predictor], waiting: dict[int, Path | Address], split: IO[bytes]
    ) -> None:
        self._predictors, self._waiting, self._split = predictors, waiting, split
        self._under_way: dict[int, _File] = {}

    def take(self, one: Outcome) -> Iterator[Prediction | Unusable]:
        """Take what came back, and give what is decided by it."""
        if one.number not in self._waiting:  # decided early, or come a second time
            return
        content = pickle.loads(one.content)
        if isinstance(content, Unseen):
            content = _gone(self._waiting[one.number], content.unusable)
        if isinstance(content, Unusable):
            yield self._done(one.number, content)
        elif not isinstance(content, TakenUp):
            file = self._under_way.setdefault(one.number, _File())
            file.arrived[one.window or 0] = content
        elif content.is_split:
            pickle.dump((one.number, content), self._split)
        else:
            self.expect({one.number: content})
        under_way = self._under_way.get(one.number)
        if under_way is not None and (decided := under_way.decided()):
            yield self._done(one.number, decided)

    def expect(self, files: dict[int, TakenUp]) -> None:
        """Know what files are whose windows come back, or have come."""
        for number, taken in files.items():
            if number in self._waiting:
                file = self._under_way.setdefault(number, _File())
                file.take_up(self._predictors[taken.predictor], taken)

    def _done(self, number: int, one: Prediction | Unusable) -> Prediction | Unusable:
        del self._waiting[number]
        self._under_way.pop(number, None)
        return one


def _gone(file: Path | Address, unusable: Unusable) -> Unusable:
    """What a node has not seen is merely gone where this machine doesn't see it either."""
    if isinstance(file, Path) and os.path.lexists(file):
        raise FolderUnseen.of(
            file,
            "a node of the cluster has no such file, and this machine has",
            "이 컴퓨터에는 있으나 클러스터의 노드에는 없는 파일입니다.",
        )
    return unusable


class _File:
    """A file whose windows come back one by one."""

    def __init__(self) -> None:
        self.arrived: dict[int, Scores | MediaError] = {}  # by number of the window
        self._undecided: Undecided | None = None

    def take_up(self, predictor: Predictor, taken: TakenUp) -> None:
        if self._undecided is None:
            started = time.monotonic() - max(0.0, time.time() - taken.at)
            self._windows = taken.windows
            self._undecided = Undecided(predictor, taken.facts, taken.windows, taken.note, started)

    def decided(self) -> Prediction | Unusable | None:
        """Look at what has come, once it is known what the file is."""
        if self._undecided is None:
            return None
        while self.arrived:
            number, came = self.arrived.popitem()
            if decided := self._undecided.add(self._windows[number].key, came):
                return decided
        return None
