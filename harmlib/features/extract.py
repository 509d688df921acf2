"""Batched extraction: each file decoded once for all backbones, vectors to the feature store."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from harmlib.features.backbones import Backbone
from harmlib.features.store import FeatureStore
from harmlib.media.decode import MediaError, clip_times, even_times, load_image, sample_sizes
from harmlib.params import FeatureParams

WRITE_EVERY = 64  # files: what a crash can lose
PREFETCH = 6  # spans decoded ahead: bounds the memory

Tensors = dict[str, torch.Tensor]  # backbone name -> (units, ...) of one span
Vectors = dict[str, np.ndarray]  # backbone name -> (dim,) float32 of one span


@dataclass(frozen=True)
class Span:
    """What one vector of each backbone is made of: a file, or a stretch of a video.

    key : a name of its own among the spans of one stream
    backbones : those whose vectors are wanted
    """

    key: str
    path: Path
    modality: str
    duration_sec: float
    backbones: tuple[str, ...]
    start_sec: float = 0.0


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
    spans = (
        Span(
            row.sha256,
            Path(row.path),
            row.modality,
            row.duration_sec,
            tuple(name for name in backbones if row.sha256 in lacking[name]),
        )
        for row in todo.itertuples(index=False)
    )
    failed: dict[str, str] = {}
    vectors: dict[str, dict[str, np.ndarray]] = {name: {} for name in backbones}
    stream = stream_vectors(spans, backbones, params, device, precision)
    for done, (span, found) in enumerate(stream, 1):
        if isinstance(found, MediaError):
            failed[span.key] = str(found)
        else:
            for name, vector in found.items():
                vectors[name][span.key] = vector
        if done % WRITE_EVERY == 0:
            _flush(stores, vectors)
        if progress:
            progress(done, len(todo))
    _flush(stores, vectors)
    reasons = items["sha256"].map(failed)
    return items.assign(reason=reasons)[reasons.notna()]


def stream_vectors(
    spans: Iterable[Span],
    backbones: dict[str, Backbone],
    params: FeatureParams,
    device: torch.device,
    precision: torch.dtype,
) -> Iterator[tuple[Span, Vectors | MediaError]]:
    """Each span with its vectors, or why it has none, as soon as they are there.

    Takes a few spans ahead of the models, never all; batches are filled across spans, so the
    order is not that of the spans.
    """
    for backbone in backbones.values():
        backbone.network.to(device, memory_format=_memory_format(backbone)).eval()
    batcher = _Batcher(backbones, device, precision)
    waiting: dict[str, tuple[Span, Vectors]] = {}

    def ready(last: bool = False) -> Iterator[tuple[Span, Vectors]]:
        for name, key, vector in batcher.ready(last):
            span, found = waiting[key]
            found[name] = vector
            if len(found) == len(span.backbones):
                yield waiting.pop(key)

    for span, prepared in _prepare_ahead(spans, backbones, params):
        if isinstance(prepared, MediaError):
            yield span, prepared
            continue
        waiting[span.key] = (span, {})
        for name, tensor in prepared.items():
            batcher.add(name, span.key, tensor)
        yield from ready()
    yield from ready(last=True)


def _memory_format(backbone: Backbone) -> torch.memory_format:
    return torch.channels_last_3d if backbone.name == "slowfast" else torch.channels_last


def _flush(stores: dict[str, FeatureStore], vectors: dict[str, dict[str, np.ndarray]]) -> None:
    for name, found in vectors.items():
        stores[name].add(found)
        found.clear()


def _prepare_ahead(
    spans: Iterable[Span], backbones: dict[str, Backbone], params: FeatureParams
) -> Iterator[tuple[Span, Tensors | MediaError]]:
    """Decode and preprocess in threads, a few spans ahead of the models, in order."""

    def prepare(span: Span) -> Tensors | MediaError:
        try:
            return prepare_span(span, {name: backbones[name] for name in span.backbones}, params)
        except MediaError as error:
            return error
        except OSError as error:
            return MediaError(f"can't be read: {error}")

    queue: deque[tuple[Span, Future]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for span in spans:
            queue.append((span, pool.submit(prepare, span)))
            if len(queue) > PREFETCH:
                first, future = queue.popleft()
                yield first, future.result()
        while queue:
            first, future = queue.popleft()
            yield first, future.result()


def prepare_span(span: Span, backbones: dict[str, Backbone], params: FeatureParams) -> Tensors:
    """Decode one file or stretch once and preprocess it for each backbone.

    Raises MediaError when it can't be decoded.
    """
    if span.modality == "image":
        image = load_image(span.path)
        return {name: backbone.prepare([image]) for name, backbone in backbones.items()}
    # What each backbone wants to see, as (time in seconds, short side in pixels or None).
    wanted = {
        name: [(t, None) for t in even_times(span.duration_sec, params.video_frames)]
        for name in backbones
        if name != "slowfast"
    }
    if "slowfast" in backbones:
        from harmlib.features.slowfast import CLIP_FRAMES

        section = params.slowfast
        windows = clip_times(span.duration_sec, section.clips, section.clip_sec, CLIP_FRAMES)
        wanted["slowfast"] = [(t, section.image_size) for window in windows for t in window]
    every = sorted({w for times in wanted.values() for w in times}, key=lambda w: w[0])
    shifted = [(span.start_sec + time_sec, size) for time_sec, size in every]
    frames = dict(zip(every, sample_sizes(span.path, shifted), strict=True))
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
