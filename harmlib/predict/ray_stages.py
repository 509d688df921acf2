"""Predicting on Ray, what its processes do: windows of new files prepared, and scored.

A file's windows are prepared where it is probed. A long video whose frames no process can hold is
sought in for each of its windows, which any other process can do as well: of such a one only the
windows are told, to be prepared in ranges by as many processes as there are.
"""

from __future__ import annotations

import os
import pickle
import time
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import torch

from harmlib.address import Address
from harmlib.features.ray_blocks import unit_tables, units_of
from harmlib.features.vector_stream import Tensors, Window, compute_prepared, prepare_ahead
from harmlib.language import told
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits
from harmlib.media.fetching import fetched_ahead
from harmlib.media.ledger import Unusable
from harmlib.media.probe import Facts
from harmlib.models.checkpoint import CheckpointError
from harmlib.predict.deciding import window_scores
from harmlib.predict.opening import Opener
from harmlib.predict.predictor import Predictor
from harmlib.predict.ray_tables import (
    OF_FILE,
    TakenUp,
    file_key,
    files_in,
    parsed_key,
    ranges_in,
    window_key,
    window_ranges,
)
from harmlib.predict.taking_up import Identified, identify_each, probe_ahead, windows_of


class FolderUnseen(ValueError):
    """A node of the cluster doesn't have what paths name, or are relative to."""

    @classmethod
    def of(cls, place: Path, english: str, korean: str) -> FolderUnseen:
        """Say what isn't seen, and what to do."""
        return cls(
            told(
                f"{place}: {english}; give paths that all nodes can read (a folder of the same "
                "path everywhere), or addresses",
                f"{place}: {korean} 모든 노드에서 읽을 수 있는 경로(어디서나 경로가 같은 폴더)나 "
                "주소를 적으십시오",
            )
        )


@dataclass(frozen=True)
class Unseen:
    """Of a file that a node has not seen, as none of those of its task; perhaps it is gone."""

    unusable: Unusable


@dataclass(frozen=True)
class Job:
    """What all processes of a job are told.

    Attributes
    ----------
    opener : Opener
        Of the predictors.
    digests : list of str
        Of those that began the job.
    limits : DecodeLimits
        What decoding one file may take.
    folder : Path
        That relative paths are of.
    device : str
        Where the networks run.
    """

    opener: Opener
    digests: list[str]
    limits: DecodeLimits
    folder: Path
    device: str

    def open(self, *, computes: bool, threads: int | None = None) -> list[Predictor]:
        """The predictors; raises CheckpointError where this machine has others."""
        opened = self.opener.open(computes=computes, threads=threads, device=self.device)
        if [one.digest for one in opened] != self.digests:
            raise CheckpointError(
                told(
                    f"{opened[0].path}: a node has another checkpoint there than the one that "
                    "began; put the same file there",
                    f"{opened[0].path}: 이 위치의 체크포인트가 시작한 컴퓨터의 것과 다른 노드가 "
                    "있습니다. 같은 파일을 두십시오",
                )
            )
        return opened


def prepare_files(files: pa.Table, job: bytes, notes: Path | None) -> Iterator[pa.Table]:
    """Take files up, and prepare their windows for the networks.

    Parameters
    ----------
    files : pyarrow.Table
        As `file_tables` makes it.
    job : bytes
        A pickled `Job`, which a process knows again by its bytes.
    notes : Path or None
        A folder, where `harmlib.media.in_hand` notes what is in hand.

    Yields
    ------
    pyarrow.Table
        As `harmlib.features.ray_blocks.unit_tables` does: a row for each file, which is told of,
        and behind it one for each of its windows, if it isn't split.
    """
    opened, predictors = _preparing(job)
    found = files_in(files)
    _go_to(opened.folder, found.values())
    units = _units_of_files(found, opened, notes, predictors)
    yield from unit_tables(units, _names(predictors), OF_FILE)


def prepare_ranges(ranges: pa.Table, job: bytes) -> Iterator[pa.Table]:
    """Prepare ranges of windows for the networks.

    Parameters
    ----------
    ranges : pyarrow.Table
        As `range_tables` makes it.
    job : bytes
        A pickled `Job`.

    Yields
    ------
    pyarrow.Table
        As `harmlib.features.ray_blocks.unit_tables` does: a row for each window.
    """
    opened, predictors = _preparing(job)

    def units() -> Iterator[tuple[str, None, Tensors | MediaError, float]]:
        for i, number, windows in ranges_in(ranges):
            _go_to(opened.folder, [windows[0].path])
            for window, found in _prepared(predictors[i], iter(windows)):
                yield window_key(i, number, window), None, found, 0.0

    yield from unit_tables(units(), _names(predictors), OF_FILE)


class Score:
    """Holds the networks, and scores one table of windows after another.

    Parameters
    ----------
    job : bytes
        A pickled `Job`.
    threads : int
        Of a CPU.
    """

    def __init__(self, job: bytes, threads: int) -> None:
        torch.set_num_threads(threads)
        self.predictors = pickle.loads(job).open(computes=True, threads=threads)

    def __call__(self, units: pa.Table) -> pa.Table:
        """What is told of files goes on as it is."""
        scores: dict[str, bytes] = {}
        keys = units["sha256"].to_pylist()
        for i, predictor in enumerate(self.predictors):
            own = units.filter(pa.array([parsed_key(key)[0] == i for key in keys], pa.bool_()))
            backbones = {name: engine.backbone for name, engine in predictor.engines.items()}
            for window, vectors in compute_prepared(units_of(own, backbones), predictor.engines):
                came = (
                    vectors
                    if isinstance(vectors, MediaError)
                    else window_scores(predictor, vectors)
                )
                scores[window.key] = pickle.dumps(came)
        return pa.table(
            {
                "sha256": units["sha256"],
                OF_FILE.name: units[OF_FILE.name],
                "scores": pa.array([scores.get(key) for key in keys], pa.binary()),
            }
        )


@lru_cache(maxsize=1)
def _preparing(job: bytes) -> tuple[Job, list[Predictor]]:
    """What all tasks of a job in one process share."""
    opened: Job = pickle.loads(job)
    return opened, opened.open(computes=False)


def _names(predictors: list[Predictor]) -> list[str]:
    return list(dict.fromkeys(name for one in predictors for name in one.engines))


def _go_to(folder: Path, files: Iterable[Path | Address]) -> None:
    """Relative paths are of the folder where the job began, for the processes that decode, too."""
    try:
        os.chdir(folder)
    except OSError as error:
        if not any(isinstance(one, Path) and not one.is_absolute() for one in files):
            return
        raise FolderUnseen.of(
            folder,
            "a node of the cluster has no such folder, and paths are relative to it",
            "클러스터의 노드에 이 폴더가 없어 상대 경로를 읽을 수 없습니다.",
        ) from error


def _units_of_files(
    found: dict[int, Path | Address], job: Job, notes: Path | None, predictors: list[Predictor]
) -> Iterator[tuple[str, bytes | None, Tensors | MediaError, float]]:
    """What `unit_tables` packs, of all files of a task."""
    max_pixels = predictors[0].windowing.max_pixels
    modalities = [one.modality for one in predictors]
    numbers = {str(file): number for number, file in found.items()}
    fetched = fetched_ahead(found.values())
    near = [file for file in found.values() if isinstance(file, Path)]
    sees_some = any(map(os.path.lexists, near))
    by_modality: dict[str, list[Identified]] = {name: [] for name in modalities}
    for one in identify_each(fetched, modalities, max_pixels, job.limits, notes):
        if isinstance(one, Unusable):
            number = numbers[one.path]
            is_unseen = isinstance(found[number], Path) and not sees_some
            yield file_key(number), pickle.dumps(Unseen(one) if is_unseen else one), {}, 0.0
        else:
            by_modality[one[1]].append(one)
    for i, predictor in enumerate(predictors):
        files_first: deque[tuple[int, TakenUp | Unusable]] = deque()
        own = by_modality[predictor.modality]
        windows = _windows(i, predictor, own, numbers, job, notes, files_first)
        for window, units in _prepared(predictor, windows):
            yield from _tell(files_first)
            yield window_key(i, numbers[str(window.path)], window), None, units, 0.0
        yield from _tell(files_first)


def _tell(
    waiting: deque[tuple[int, TakenUp | Unusable]],
) -> Iterator[tuple[str, bytes, Tensors, float]]:
    while waiting:
        number, one = waiting.popleft()
        yield file_key(number), pickle.dumps(one), {}, 0.0


def _windows(
    i: int,
    predictor: Predictor,
    identified: list[Identified],
    numbers: dict[str, int],
    job: Job,
    notes: Path | None,
    files_first: deque[tuple[int, TakenUp | Unusable]],
) -> Iterator[Window]:
    """The windows of files that aren't split; what is to be told of all goes into `files_first`."""
    for one in probe_ahead(identified, predictor.windowing, job.limits, notes):
        if isinstance(one, Unusable):
            files_first.append((numbers[one.path], one))
            continue
        windows, note = windows_of(predictor, one.facts, job.limits, one.held)
        bare = [replace(window, held=None) for window in windows]
        is_split = one.held is None and len(window_ranges(bare)) > 1
        facts, now = _without_times(one.facts), time.time()
        taken = TakenUp(i, facts, bare, note, now, is_split)
        files_first.append((numbers[facts.path], taken))
        if not is_split:
            if one.held is not None:
                one.held.expect(len(windows))
            yield from windows


def _without_times(facts: Facts) -> Facts:
    """They may be millions, and served to cut the windows."""
    return replace(facts, tracks=tuple(one._replace(times_sec=array("d")) for one in facts.tracks))


def _prepared(
    predictor: Predictor, windows: Iterator[Window]
) -> Iterator[tuple[Window, Tensors | MediaError]]:
    backbones = {name: engine.backbone for name, engine in predictor.engines.items()}
    yield from prepare_ahead(windows, backbones, predictor.params, threads=2)
