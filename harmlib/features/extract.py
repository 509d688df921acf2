"""Batched extraction: each file decoded once for all backbones, vectors to the feature store."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from harmlib.features.backbones import Backbone
from harmlib.features.store import FeatureStore
from harmlib.media.decode import MediaError, clip_times, even_times, load_image, sample_sizes
from harmlib.params import FeatureParams

WRITE_EVERY = 64  # files: what a crash can lose
PREFETCH = 6  # files decoded ahead: bounds the memory

Tensors = dict[str, torch.Tensor]  # backbone name -> (units, ...) of one file


def extract(
    items: pd.DataFrame,
    backbones: dict[str, Backbone],
    stores: dict[str, FeatureStore],
    params: FeatureParams,
    device: torch.device,
    precision: torch.dtype,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Bring the stores up to date with `items`, and return the files that failed.

    items : columns path, modality, sha256, duration_sec; one row a file
    Returns the rows of `items` that could not be used, with a column `reason`.
    Only files that lack a vector in some store are read.
    """
    lacking = {name: set(store.missing(items["sha256"])) for name, store in stores.items()}
    todo = items[items["sha256"].isin(set().union(*lacking.values()))].drop_duplicates("sha256")
    for backbone in backbones.values():
        backbone.network.to(device, memory_format=_memory_format(backbone)).eval()
    batcher = _Batcher(backbones, device, precision)
    failed: dict[str, str] = {}
    vectors: dict[str, dict[str, np.ndarray]] = {name: {} for name in backbones}

    for done, (sha, prepared) in enumerate(_prepare_ahead(todo, backbones, lacking, params), 1):
        if isinstance(prepared, MediaError):
            failed[sha] = str(prepared)
        else:
            for name, tensor in prepared.items():
                batcher.add(name, sha, tensor)
        for name, ready_sha, vector in batcher.ready():
            vectors[name][ready_sha] = vector
        if done % WRITE_EVERY == 0:
            _flush(stores, vectors)
        if progress:
            progress(done, len(todo))
    for name, sha, vector in batcher.ready(last=True):
        vectors[name][sha] = vector
    _flush(stores, vectors)
    reasons = items["sha256"].map(failed)
    return items.assign(reason=reasons)[reasons.notna()]


def _memory_format(backbone: Backbone) -> torch.memory_format:
    return torch.channels_last_3d if backbone.name == "slowfast" else torch.channels_last


def _flush(stores: dict[str, FeatureStore], vectors: dict[str, dict[str, np.ndarray]]) -> None:
    for name, found in vectors.items():
        stores[name].add(found)
        found.clear()


def _prepare_ahead(
    todo: pd.DataFrame,
    backbones: dict[str, Backbone],
    lacking: dict[str, set[str]],
    params: FeatureParams,
) -> Iterator[tuple[str, Tensors | MediaError]]:
    """Decode and preprocess in threads, a few files ahead of the models, in order."""

    def prepare(row: tuple) -> Tensors | MediaError:
        wanted = {name: b for name, b in backbones.items() if row.sha256 in lacking[name]}
        try:
            return prepare_file(Path(row.path), row.modality, row.duration_sec, wanted, params)
        except MediaError as error:
            return error
        except OSError as error:
            return MediaError(f"can't be read: {error}")

    queue: deque[tuple[str, Future]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for row in todo.itertuples(index=False):
            queue.append((row.sha256, pool.submit(prepare, row)))
            if len(queue) > PREFETCH:
                sha, future = queue.popleft()
                yield sha, future.result()
        while queue:
            sha, future = queue.popleft()
            yield sha, future.result()


def prepare_file(
    path: Path,
    modality: str,
    duration_sec: float,
    backbones: dict[str, Backbone],
    params: FeatureParams,
) -> Tensors:
    """Decode one file once and preprocess it for each backbone.

    Raises MediaError when it can't be decoded.
    """
    if modality == "image":
        image = load_image(path)
        return {name: backbone.prepare([image]) for name, backbone in backbones.items()}
    # What each backbone wants to see, as (time in seconds, short side in pixels or None).
    wanted = {
        name: [(t, None) for t in even_times(duration_sec, params.video_frames)]
        for name in backbones
        if name != "slowfast"
    }
    if "slowfast" in backbones:
        from harmlib.features.slowfast import CLIP_FRAMES

        section = params.slowfast
        windows = clip_times(duration_sec, section.clips, section.clip_sec, CLIP_FRAMES)
        wanted["slowfast"] = [(t, section.image_size) for window in windows for t in window]
    every = sorted({w for times in wanted.values() for w in times}, key=lambda w: w[0])
    frames = dict(zip(every, sample_sizes(path, every), strict=True))
    return {
        name: backbones[name].prepare([frames[w] for w in times]) for name, times in wanted.items()
    }


class _Batcher:
    """Fills batches across files, runs them, and hands back whole files in order."""

    def __init__(
        self, backbones: dict[str, Backbone], device: torch.device, precision: torch.dtype
    ) -> None:
        self.backbones, self.device, self.precision = backbones, device, precision
        self.waiting: dict[str, list[tuple[str, torch.Tensor]]] = {name: [] for name in backbones}

    def add(self, name: str, sha: str, units: torch.Tensor) -> None:
        self.waiting[name].append((sha, units))

    def ready(self, last: bool = False) -> Iterator[tuple[str, str, np.ndarray]]:
        """(backbone, sha256, pooled vector) of each file whose batches are full, or of all."""
        for name, backbone in self.backbones.items():
            waiting = self.waiting[name]
            while waiting and (last or sum(len(u) for _, u in waiting) >= backbone.batch_size):
                group, count = [], 0
                while waiting and count < backbone.batch_size:
                    group.append(waiting.pop(0))
                    count += len(group[-1][1])
                yield from self._run(backbone, group)

    def _run(
        self, backbone: Backbone, group: list[tuple[str, torch.Tensor]]
    ) -> Iterator[tuple[str, str, np.ndarray]]:
        units = torch.cat([tensor for _, tensor in group])
        out = []
        with (
            torch.inference_mode(),
            torch.autocast(
                self.device.type, self.precision, enabled=self.precision != torch.float32
            ),
        ):
            for batch in units.split(backbone.batch_size):
                batch = batch.to(self.device, memory_format=_memory_format(backbone))
                out.append(backbone.forward(batch).float().cpu().numpy())
        rows = np.concatenate(out)  # (units of the group, dim)
        start = 0
        for sha, tensor in group:
            yield backbone.name, sha, backbone.pool(rows[start : start + len(tensor)])
            start += len(tensor)
