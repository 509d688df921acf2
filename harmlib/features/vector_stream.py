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
from harmlib.features.engine import Engine, Rows
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
    engines: dict[str, Engine],
    stores: dict[str, FeatureStore],
    params: FeatureParams,
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
            tuple(name for name in engines if row.sha256 in lacking[name]),
        )
        for row in todo.itertuples(index=False)
    )
    failed: dict[str, str] = {}
    vectors: dict[str, dict[str, np.ndarray]] = {name: {} for name in engines}
    stream = stream_vectors(spans, engines, params)
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
    spans: Iterable[Span], engines: dict[str, Engine], params: FeatureParams
) -> Iterator[tuple[Span, Vectors | MediaError]]:
    """Each span with its vectors, or why it has none, as soon as they are there.

    Takes a few spans ahead of the models, never all; batches are filled across spans, so the
    order is not that of the spans.
    """
    backbones = {name: engine.backbone for name, engine in engines.items()}
    lines = {name: _Line(engine) for name, engine in engines.items()}
    waiting: dict[str, tuple[Span, Vectors]] = {}

    def ready(last: bool = False) -> Iterator[tuple[Span, Vectors]]:
        for name, line in lines.items():
            for key, vector in line.ready(last):
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
            lines[name].add(span.key, tensor)
        yield from ready()
    yield from ready(last=True)


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
            return prepare_span(span, backbones, params)
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
        return {name: backbones[name].prepare([image]) for name in span.backbones}
    wanted = wanted_frames(span, params)
    every = sorted({w for times in wanted.values() for w in times}, key=lambda w: w[0])
    shifted = [(span.start_sec + time_sec, size) for time_sec, size in every]
    frames = dict(zip(every, sample_sizes(span.path, shifted), strict=True))
    return {
        name: backbones[name].prepare([frames[w] for w in times]) for name, times in wanted.items()
    }


def wanted_frames(span: Span, params: FeatureParams) -> dict[str, list[tuple[float, int | None]]]:
    """What each backbone wants to see of a video: times in seconds from the span's start, and the
    short side in pixels that the frame should come in, None for its own."""
    times = even_times(span.duration_sec, params.video_frames)
    wanted = {name: [(t, None) for t in times] for name in span.backbones if name != "slowfast"}
    if "slowfast" in span.backbones:
        from harmlib.features.slowfast import CLIP_FRAMES

        section = params.slowfast
        windows = clip_times(span.duration_sec, section.clips, section.clip_sec, CLIP_FRAMES)
        wanted["slowfast"] = [(t, section.image_size) for window in windows for t in window]
    return wanted


class _Line:
    """Units of one backbone on their way: in batches across files, out as whole files in order.

    One batch may compute while the next is filled.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.waiting: deque[torch.Tensor] = deque()  # units not yet in a batch
        self.running: deque[Rows] = deque()
        self.rows: list[np.ndarray] = []  # done, of files that aren't whole yet
        self.files: deque[tuple[str, int]] = deque()  # key and units, in order

    def add(self, key: str, units: torch.Tensor) -> None:
        self.waiting.append(units)
        self.files.append((key, len(units)))

    def ready(self, last: bool = False) -> Iterator[tuple[str, np.ndarray]]:
        """Key and pooled vector of each file whose batches are done, or of all that is left."""
        size = self.engine.backbone.batch_size
        while (count := sum(map(len, self.waiting))) >= size or (last and count):
            self.running.append(self.engine.start(self._take(size)))
            if len(self.running) > 1:
                self.rows.extend(self.running.popleft()())
        while last and self.running:
            self.rows.extend(self.running.popleft()())
        while self.files and len(self.rows) >= self.files[0][1]:
            key, count = self.files.popleft()
            yield key, self.engine.backbone.pool(np.stack(self.rows[:count]))
            del self.rows[:count]

    def _take(self, size: int) -> torch.Tensor:
        pieces, missing = [], size
        while self.waiting and missing:
            units = self.waiting.popleft()
            if len(units) > missing:
                self.waiting.appendleft(units[missing:])
            pieces.append(units[:missing])
            missing -= len(pieces[-1])
        return torch.cat(pieces)
