"""Extraction on Ray: files decoded on the processors of a cluster, networks where they run best.

Four stages, through which blocks of bounded size stream: a table of files; its units, decoded and
preprocessed (tasks); their vectors (actors, which hold the networks); shards of the store (tasks).
What is lost with a process or a node is computed again from the stage before. What a stage does
may be done twice: a vector is stored under the hash of its file.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import torch

from harmlib.features.backbones import Backbone, find_weights, load_backbone
from harmlib.features.engine import Engine, keep_compiler_cache, open_engine
from harmlib.features.extraction import Outcome, Unchanged, bring_up_to_date, complaint
from harmlib.features.ray_blocks import (
    file_tables,
    unit_tables,
    units_of,
    vector_table,
    vectors_in,
)
from harmlib.features.ray_cluster import Workers, joined_cluster, plan_workers, ray_module
from harmlib.features.ray_dataset import computed_on_ray
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import (
    Tensors,
    Vectors,
    compute_prepared,
    prepare_ahead,
)
from harmlib.features.weights import Weights, WeightsError
from harmlib.language import told
from harmlib.media.contained import LIMITS
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits
from harmlib.params import FeatureParams

_TASKS = 100  # of a job, as far as the bounds of a task's files allow
_FILES = (8, 1024)  # that a task decodes
_PARTS = 50  # of a job's vectors: what a killed job loses, and how many shards there are
_SHARD = (8, 4096)  # vectors


class VectorsUnseen(ValueError):
    """Nodes of a cluster keep vectors where the machine that began can't see them."""


class Opener(Protocol):
    """Opens backbones in another process; it travels there."""

    def backbones(self) -> dict[str, Backbone]:
        """Backbone name -> backbone, whose network nobody has built yet."""

    def engine(self, backbone: Backbone, threads: int) -> Engine:
        """What computes one of these."""

    @property
    def on_gpu(self) -> bool:
        """Whether its engines need a GPU."""


@dataclass(frozen=True)
class ParamsOpener:
    """Opens the backbones of the params, on whatever node it is.

    Attributes
    ----------
    params : FeatureParams
        With a section for each backbone of `weights`.
    weights : dict of str to Weights
        Backbone name -> the weights that its vectors are of.
    device : torch.device
        A CPU or a GPU; of a GPU any that Ray assigns.
    precision : torch.dtype
        Of the computation.
    artifacts : Path
        Folder of weights and of converted networks on each node; what is not there is downloaded,
        or made.
    """

    params: FeatureParams
    weights: dict[str, Weights]
    device: torch.device
    precision: torch.dtype
    artifacts: Path

    def backbones(self) -> dict[str, Backbone]:
        """Backbone name -> backbone; raises WeightsError where a node has other weights."""
        return {name: self._backbone(name, first) for name, first in self.weights.items()}

    def _backbone(self, name: str, first: Weights) -> Backbone:
        weights = find_weights(self.params, name, self.artifacts / "weights")
        if weights.key != first.key:
            raise WeightsError(
                f"{name}: a node has other weights ({weights.key}) than the one that began "
                f"({first.key}); put the same file there"
            )
        return load_backbone(self.params, name, weights)

    def engine(self, backbone: Backbone, threads: int) -> Engine:
        """The fastest engine for the device."""
        keep_compiler_cache(self.artifacts / "compiled")
        device = torch.device(self.device.type)  # Ray shows a process no GPU but its own
        cache = self.artifacts / "compiled"
        return open_engine(backbone, device, self.precision, cache, threads)

    @property
    def on_gpu(self) -> bool:
        """Whether its engines need a GPU."""
        return self.device.type != "cpu"


@dataclass
class Busy:
    """How long the processes of a job were busy.

    Attributes
    ----------
    files : int
        That came out.
    prepare_sec, compute_sec : float
        Of all processes together: to decode and prepare, and to compute.
    """

    files: int = 0
    prepare_sec: float = 0.0
    compute_sec: float = 0.0

    def sec_per_file(self, workers: Workers) -> float:
        """How long a file takes with so many workers, whose slower stage holds up the other.

        Examples
        --------
        >>> workers = plan_workers([{"CPU": 4}, {"CPU": 4}], on_gpu=False)
        >>> Busy(100, prepare_sec=20.0, compute_sec=50.0).sec_per_file(workers)
        0.25
        """
        stages = self.compute_sec / workers.count, self.prepare_sec / workers.decoders
        return max(stages) / max(1, self.files)


def extract_on_ray(
    items: pd.DataFrame,
    opener: Opener,
    stores: Mapping[str, FeatureStore],
    params: FeatureParams,
    progress: Callable[[int, int], None] | None = None,
    limits: DecodeLimits = LIMITS,
    *,
    workers: Workers | None = None,
    busy: Busy | None = None,
) -> pd.DataFrame:
    """Do as `harmlib.features.extraction.extract`, with the processors of a cluster.

    Parameters
    ----------
    items, params, progress, limits : DataFrame, FeatureParams, callable, DecodeLimits
        As in `extract`. Paths are read where a file is decoded.
    opener : Opener
        Opens the backbones of `stores` wherever it arrives.
    stores : mapping of str to FeatureStore
        Backbone name -> store. All are brought up to date.
    workers : Workers, optional
        By default as many as the cluster has room for.
    busy : Busy, optional
        Is added to.

    Returns
    -------
    DataFrame
        As `extract` returns it.

    Raises
    ------
    RayMissing
        If Ray is not installed.
    VectorsUnseen
        If nodes have written vectors to where this machine sees nothing.

    Notes
    -----
    The vectors are those of `extract` to the last bit where the processors are of one kind: a
    row of a batch doesn't depend on the others. What a killed job has stored stays, and a new one
    computes the rest.
    """
    with joined_cluster():
        shared = workers or plan_workers(node_resources(), opener.on_gpu)

        def compute(first: pd.DataFrame) -> Iterator[Outcome]:
            yield from _outcomes(first, opener, stores, params, limits, shared, busy or Busy())

        unusable = bring_up_to_date(items, stores, compute, progress)
    done = items["sha256"][~items["sha256"].isin(unusable["sha256"])]
    for store in stores.values():
        _check_seen(store, done)
    return unusable


def _check_seen(store: FeatureStore, hashes: pd.Series) -> None:
    """Make sure that what the nodes have stored is in the store of this machine."""
    if unseen := store.missing(hashes):
        where = store.folder.shown("").rstrip("/")
        raise VectorsUnseen(
            told(
                f"{where}: {len(unseen):,} vectors that the nodes of the cluster have computed are "
                "not in this folder: nodes write to a folder of their own, which this machine does "
                "not see. Set features_at to an address (s3://bucket/features) or to a folder that "
                "all nodes share",
                f"{where}: 클러스터의 노드가 계산한 벡터 {len(unseen):,}개가 이 폴더에 없습니다. "
                "노드가 이 컴퓨터에서 보이지 않는 자기 폴더에 쓰고 있습니다. features_at을 "
                "주소(s3://bucket/features)나 모든 노드가 함께 쓰는 폴더로 정하십시오",
            )
        )


def node_resources() -> list[dict[str, float]]:
    """What each node of the joined cluster has.

    Returns
    -------
    list of dict of str to float
        As Ray counts it; only nodes that are alive.
    """
    return [node["Resources"] for node in ray_module().nodes() if node["Alive"]]


def _outcomes(
    first: pd.DataFrame,
    opener: Opener,
    stores: Mapping[str, FeatureStore],
    params: FeatureParams,
    limits: DecodeLimits,
    workers: Workers,
    busy: Busy,
) -> Iterator[Outcome]:
    """Stream the files through the four stages; what comes of each, as its shard is written."""
    ray = ray_module()
    # It takes an opener that a notebook or a script defines, too
    job = ray.cloudpickle.dumps((opener, params, limits))
    files = _within(len(first) // _TASKS, _FILES)
    dataset = computed_on_ray(
        file_tables(first, files),
        _prepare,
        (job, list(stores)),
        _Compute,
        (job, list(stores), workers.threads),
        workers,
    ).map_batches(
        _store,
        fn_args=(dict(stores),),
        batch_size=_within(len(first) // _PARTS, _SHARD),
        batch_format="pyarrow",
        compute=ray.data.TaskPoolStrategy(size=workers.count),
        num_cpus=0,  # it mostly waits for a disk, and must never wait for a place
    )
    for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
        for row in table.to_pylist():
            busy.files += 1
            busy.prepare_sec += row["prepare_sec"]
            busy.compute_sec += row["compute_sec"]
            yield Outcome(row["sha256"], row["reason"], row["changed"])


def _within(count: int, bounds: tuple[int, int]) -> int:
    return min(max(count, bounds[0]), bounds[1])


@lru_cache(maxsize=1)
def _opened(job: bytes) -> tuple[Opener, FeatureParams, DecodeLimits, dict[str, Backbone]]:
    """What all tasks of a job in one process share."""
    opener, params, limits = pickle.loads(job)
    return opener, params, limits, opener.backbones()


def _prepare(files: pa.Table, job: bytes, names: list[str]) -> Iterator[pa.Table]:
    """Decode files and prepare them for the networks."""
    _, params, limits, backbones = _opened(job)
    checked = Unchanged(files.to_pandas(), limits)

    def prepared() -> Iterator[tuple[str, bool, Tensors | MediaError, float]]:
        start = time.perf_counter()
        for window, found in prepare_ahead(checked.windows(), backbones, params, threads=2):
            reason, changed = checked.complaint(window)
            seconds = time.perf_counter() - start
            yield window.key, changed, MediaError(reason) if reason else found, seconds
            start = time.perf_counter()

    yield from unit_tables(prepared(), names)


class _Compute:
    """Holds the networks, and computes the vectors of one table of units after another."""

    def __init__(self, job: bytes, names: list[str], threads: int) -> None:
        torch.set_num_threads(threads)
        opener, _, _, backbones = _opened(job)
        self.engines = {name: opener.engine(backbones[name], threads) for name in names}

    def __call__(self, units: pa.Table) -> pa.Table:
        start = time.perf_counter()
        found: dict[str, Vectors] = {}
        reasons: dict[str, str] = {}
        backbones = {name: engine.backbone for name, engine in self.engines.items()}
        for window, vectors in compute_prepared(units_of(units, backbones), self.engines):
            reason = complaint(vectors)
            if reason:
                reasons[window.key] = reason
            elif not isinstance(vectors, MediaError):
                found[window.key] = vectors
        return vector_table(units, found, reasons, time.perf_counter() - start)


def _store(vectors: pa.Table, stores: dict[str, FeatureStore]) -> pa.Table:
    """Write one shard of each store; what came of each file goes on."""
    for name, store in stores.items():
        store.add(vectors_in(vectors, name))
    rest: Any = vectors.drop_columns(list(stores))
    return rest
