"""Where features are computed: on this machine, or on a cluster of Ray, as the params say."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import pandas as pd
import torch

from harmlib.features.backbones import load_backbone
from harmlib.features.device import choose_device, choose_precision, device_label
from harmlib.features.engine import open_engine
from harmlib.features.extraction import extract
from harmlib.features.job_cost import MEASURED, WORTH_IT, JobCost, bytes_of, spread
from harmlib.features.ray_cluster import (
    ADDRESS,
    joined_cluster,
    plan_workers,
    ray_module,
    require_ray,
    wants_gpu,
)
from harmlib.features.ray_extraction import Busy, ParamsOpener, extract_on_ray, node_resources
from harmlib.features.store import FeatureStore
from harmlib.features.weights import Weights
from harmlib.media.decoders import DecodeLimits
from harmlib.params import Params

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Computing:
    """What computes, and how exactly; `choose_computing` makes it.

    Attributes
    ----------
    params : Params
        Of the run.
    device : torch.device
        A CPU or a GPU, of this machine or of each node.
    precision : torch.dtype
        Of the computation; it is part of what a vector is stored under.
    label : str
        The device, for the report.
    """

    params: Params
    device: torch.device
    precision: torch.dtype
    label: str

    def extract(
        self,
        items: pd.DataFrame,
        weights: Mapping[str, Weights],
        stores: Mapping[str, FeatureStore],
        progress: Progress | None = None,
        tell: Callable[[str], None] = print,
    ) -> pd.DataFrame:
        """Compute the vectors that stores lack, and return the items that can't be used.

        Parameters
        ----------
        items : DataFrame
            As `harmlib.features.extraction.extract` takes them.
        weights : mapping of str to Weights
            Backbone name -> weights, for each store.
        stores : mapping of str to FeatureStore
            Backbone name -> store; none where nothing is lacking.
        progress : callable, optional
            Called with (files done, files in all).
        tell : callable
            Is told what a long job will take and cost, after its first files.

        Returns
        -------
        DataFrame
            As `harmlib.features.extraction.extract` returns it.
        """
        lacking = {sha256 for store in stores.values() for sha256 in store.missing(items["sha256"])}
        todo = items[items["sha256"].isin(lacking)].drop_duplicates("sha256")
        if todo.empty:
            return items.assign(reason="").head(0)
        with self._opened(weights, stores) as job:
            if len(todo) < WORTH_IT:
                return job.run(items, progress)
            first = spread(todo, MEASURED)
            job.run(first, _behind(progress, 0, len(todo)))
            rest = todo.drop(first.index)
            cost = JobCost(
                len(rest), bytes_of(rest), job.sec_per_file(), self.params.price_per_hour
            )
            tell(cost.text())
            return job.run(items, _behind(progress, len(first), len(todo)))

    @contextmanager
    def _opened(
        self, weights: Mapping[str, Weights], stores: Mapping[str, FeatureStore]
    ) -> Iterator[_Job]:
        artifacts, features = self.params.artifacts, self.params.features
        limits = DecodeLimits.of(self.params.data)
        if self.params.engine == "local":
            engines = {
                name: open_engine(
                    load_backbone(features, name, weights[name]),
                    self.device,
                    self.precision,
                    artifacts / "compiled",
                )
                for name in stores
            }
            yield _Here(
                partial(extract, engines=engines, stores=stores, params=features, limits=limits)
            )
            return
        needed = {name: weights[name] for name in stores}
        opener = ParamsOpener(features, needed, self.device, self.precision, artifacts)
        with joined_cluster():
            yield _OnRay(
                partial(
                    extract_on_ray, opener=opener, stores=stores, params=features, limits=limits
                ),
                opener.on_gpu,
            )


class _Job(Protocol):
    """Something that is ready to extract, and knows how fast it was."""

    def run(self, items: pd.DataFrame, progress: Progress | None) -> pd.DataFrame: ...

    def sec_per_file(self) -> float: ...


class _Here:
    """Extraction on this machine."""

    def __init__(self, extraction: Callable[..., pd.DataFrame]) -> None:
        self._extract, self._files, self._seconds = extraction, 0, 0.0

    def run(self, items: pd.DataFrame, progress: Progress | None) -> pd.DataFrame:
        start = time.perf_counter()
        unusable = self._extract(items, progress=progress)
        self._seconds += time.perf_counter() - start
        self._files += len(items)
        return unusable

    def sec_per_file(self) -> float:
        return self._seconds / self._files


class _OnRay:
    """Extraction on a cluster that was joined."""

    def __init__(self, extraction: Callable[..., pd.DataFrame], on_gpu: bool) -> None:
        self._extract, self._busy = extraction, Busy()
        self._workers = plan_workers(node_resources(), on_gpu)

    def run(self, items: pd.DataFrame, progress: Progress | None) -> pd.DataFrame:
        return self._extract(items, progress=progress, workers=self._workers, busy=self._busy)

    def sec_per_file(self) -> float:
        """Of all workers together: the first files alone don't keep them all busy."""
        return self._busy.sec_per_file(self._workers)


def _behind(progress: Progress | None, done: int, total: int) -> Progress | None:
    """Progress of a part of a job, as that of the whole."""
    if progress is None:
        return None
    report = progress
    return lambda own, _: report(min(done + own, total), total)


def choose_computing(params: Params) -> Computing:
    """Find out what the params' engine computes with.

    Parameters
    ----------
    params : Params
        With engine, device and the features' precision.

    Returns
    -------
    Computing

    Raises
    ------
    RayMissing
        If the engine is Ray, and Ray is not installed.
    ValueError
        If there is no such device.

    Notes
    -----
    The nodes of a cluster are asked, since this machine may have another processor; nodes should
    be of one kind.
    """
    if params.engine == "ray":
        require_ray()
        if os.environ.get(ADDRESS):
            with joined_cluster():
                return Computing(params, *_ask_a_node(params.device, params.features.precision))
    return Computing(params, *_facts(params.device, params.features.precision))


def _facts(device: str, precision: str) -> tuple[torch.device, torch.dtype, str]:
    chosen = choose_device(device)
    return chosen, choose_precision(precision, chosen), device_label(chosen)


def _ask_a_node(device: str, precision: str) -> tuple[torch.device, torch.dtype, str]:
    nodes = node_resources()
    on_gpu = wants_gpu(device, nodes)
    workers = plan_workers(nodes, on_gpu)
    ray = ray_module()
    ask = ray.remote(num_cpus=0, num_gpus=workers.gpus)(_facts)
    chosen, used, label = ray.get(ask.remote("cuda" if on_gpu else device, precision))
    return chosen, used, f"Ray: {workers.count} x {label}"
