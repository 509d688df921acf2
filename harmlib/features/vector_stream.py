"""A stream of vectors: each window decoded once for all backbones, computed in full batches."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from harmlib.address import Address
from harmlib.features.backbones import Backbone
from harmlib.features.batch_limit import is_out_of_memory
from harmlib.features.engine import Engine
from harmlib.media.contained import LIMITS, load_image, sample_sizes, stream_sizes
from harmlib.media.decode import RGB, MediaError, loss_reason
from harmlib.media.decoders import DecodeLimits, decoding_threads
from harmlib.media.held_video import HeldVideo
from harmlib.media.tracks import MAIN, Track
from harmlib.params import MAX_PIXELS, FeatureParams, Modality

PREFETCH = 6  # windows that are decoded ahead of the networks; this bounds the memory

_TOO_LARGE = "there is not enough memory to compute it, not even one unit at a time"
_SomeRows = Callable[[], Iterable[npt.NDArray[np.float32] | None]]

Tensors = dict[str, torch.Tensor]  # backbone name -> (units, *unit_shape) uint8 of one window
Vectors = dict[str, npt.NDArray[np.float32]]  # backbone name -> (dim,) of one window


@dataclass(frozen=True)
class Window:
    """What one vector of each backbone describes: a whole file, or a part of a video.

    Attributes
    ----------
    key : str
        Identifies the window within one stream; no two windows share it.
    path : Path or Address
        The media file.
    modality : str
        ``image`` or ``video``.
    duration_sec : float
        Length of the window in seconds; 0 for an image.
    backbones : tuple of str
        Names of the backbones whose vectors are wanted.
    start_sec : float
        Where the window starts in the video, in seconds.
    track : Track
        Which stream of the video, and how its clock is read.
    max_pixels : int
        The most pixels that an image may have.
    limits : DecodeLimits
        What decoding it may take.
    held : HeldVideo, optional
        The video as probing it left it, from which its frames are taken; by default it is decoded.
    """

    key: str
    path: Path | Address
    modality: Modality
    duration_sec: float
    backbones: tuple[str, ...]
    start_sec: float = 0.0
    track: Track = MAIN
    max_pixels: int = MAX_PIXELS
    limits: DecodeLimits = LIMITS
    held: HeldVideo | None = None


def stream_vectors(
    windows: Iterable[Window], engines: Mapping[str, Engine], params: FeatureParams
) -> Iterator[tuple[Window, Vectors | MediaError]]:
    """Yield each window with its vectors, or with the reason why it has none.

    Parameters
    ----------
    windows : iterable of Window
        Taken lazily: at most `PREFETCH` windows ahead of the networks.
    engines : mapping of str to Engine
        Backbone name -> engine, for every backbone that a window asks for.
    params : FeatureParams
        How videos are sampled.

    Yields
    ------
    tuple of (Window, Vectors or MediaError)
        As soon as they are computed. Batches are filled across windows, so the order can differ
        from that of `windows`.
    """
    backbones = {name: engine.backbone for name, engine in engines.items()}
    yield from compute_prepared(prepare_ahead(windows, backbones, params), engines)


def compute_prepared(
    stream: Iterable[tuple[Window, Tensors | MediaError]], engines: Mapping[str, Engine]
) -> Iterator[tuple[Window, Vectors | MediaError]]:
    """Turn windows that are decoded already into vectors: the second half of `stream_vectors`.

    Parameters
    ----------
    stream : iterable of tuple of (Window, Tensors or MediaError)
        As `prepare_ahead` yields them.
    engines : mapping of str to Engine
        Backbone name -> engine, for every backbone that a window asks for.

    Yields
    ------
    tuple of (Window, Vectors or MediaError)
        As `stream_vectors` yields them.
    """
    lines = {name: _BatchLine(engine) for name, engine in engines.items()}
    incomplete: dict[str, tuple[Window, Vectors]] = {}

    def completed(last: bool = False) -> Iterator[tuple[Window, Vectors | MediaError]]:
        for name, line in lines.items():
            for key, vector in line.completed(last):
                if key not in incomplete:  # another backbone has lost it
                    continue
                window, vectors = incomplete[key]
                if isinstance(vector, MediaError):
                    del incomplete[key]
                    yield window, vector
                    continue
                vectors[name] = vector
                if len(vectors) == len(window.backbones):
                    yield incomplete.pop(key)

    for window, prepared in stream:
        if isinstance(prepared, MediaError):
            yield window, prepared
            continue
        incomplete[window.key] = (window, {})
        for name, units in prepared.items():
            lines[name].add(window.key, units)
        yield from completed()
    yield from completed(last=True)


def prepare_window(
    window: Window, backbones: Mapping[str, Backbone], params: FeatureParams
) -> Tensors:
    """Decode one window once and preprocess it for each of its backbones.

    Parameters
    ----------
    window : Window
        What to decode.
    backbones : mapping of str to Backbone
        Backbone name -> backbone, for at least those that the window asks for.
    params : FeatureParams
        How videos are sampled.

    Returns
    -------
    dict of str to torch.Tensor
        Backbone name -> units ``(n, *unit_shape)`` uint8.

    Raises
    ------
    MediaError
        If the file cannot be decoded.
    """
    if window.modality == "image":
        image = load_image(window.path, window.max_pixels, window.limits)
        return {name: backbones[name].prepare([image]) for name in window.backbones}
    frames = decode_window(window, backbones, params)
    return {name: backbones[name].prepare(frames[name]) for name in window.backbones}


def decode_window(
    window: Window, backbones: Mapping[str, Backbone], params: FeatureParams
) -> dict[str, list[RGB]]:
    """Decode the frames of a video that each backbone wants, in one pass over the file.

    Parameters
    ----------
    window : Window
        A window of a video.
    backbones, params : mapping of str to Backbone, FeatureParams
        As in `prepare_window`.

    Returns
    -------
    dict of str to list of ndarray
        Backbone name -> RGB frames (height, width, 3) uint8. A frame that is wanted several
        times is the same array each time.

    Raises
    ------
    MediaError
        If the file cannot be decoded.
    """
    wanted = _wanted_frames(window, backbones, params)
    every = sorted({one for times in wanted.values() for one in times}, key=lambda one: one[0])
    shifted = [(window.start_sec + time_sec, short_side) for time_sec, short_side in every]
    if window.held is not None:
        sampled = window.held.sample_sizes(shifted, window.track)
    else:
        sampled = sample_sizes(window.path, shifted, window.track, window.limits)
    frames = dict(zip(every, sampled, strict=True))
    return {name: [frames[one] for one in times] for name, times in wanted.items()}


def _wanted_frames(
    window: Window, backbones: Mapping[str, Backbone], params: FeatureParams
) -> dict[str, list[tuple[float, int | None]]]:
    return {
        name: backbones[name].wanted_frames(params, window.duration_sec)
        for name in window.backbones
    }


def prepare_ahead(
    windows: Iterable[Window],
    backbones: Mapping[str, Backbone],
    params: FeatureParams,
    threads: int | None = None,
) -> Iterator[tuple[Window, Tensors | MediaError]]:
    """Decode and preprocess in threads, a few windows ahead: the first half of `stream_vectors`.

    Parameters
    ----------
    windows, backbones, params : iterable of Window, mapping of str to Backbone, FeatureParams
        As in `stream_vectors` and `prepare_window`.
    threads : int, optional
        How many; by default one for each core.

    Yields
    ------
    tuple of (Window, Tensors or MediaError)
        In the order of `windows`, save that those of a stream whose clock was mended come as they
        are decoded.
    """

    def prepare(window: Window) -> Tensors | MediaError:
        try:
            return prepare_window(window, backbones, params)
        except Exception as error:  # noqa: BLE001 - whatever one file raises is its own loss
            return _loss(error)

    queue: deque[tuple[Window, Future[Tensors | MediaError]]] = deque()
    with decoding_threads(threads or os.cpu_count() or 1) as pool:
        for (_, track, is_held), group in groupby(windows, key=_pass_of):
            in_one_pass = track.mended_gap_sec and not is_held
            for window in group if not in_one_pass else ():
                queue.append((window, pool.submit(prepare, window)))
                if len(queue) > PREFETCH:
                    first, future = queue.popleft()
                    yield first, future.result()
            if in_one_pass:
                yield from _drain(queue)
                yield from _prepare_in_one_pass(list(group), backbones, params)
        yield from _drain(queue)


def _pass_of(window: Window) -> tuple[Path | Address, Track, bool]:
    """Windows of which this is the same can be prepared in one pass over their file."""
    return window.path, window.track, window.held is not None


def _loss(error: Exception) -> MediaError:
    return MediaError(loss_reason(MemoryError() if is_out_of_memory(error) else error))


def _drain(
    queue: deque[tuple[Window, Future[Tensors | MediaError]]],
) -> Iterator[tuple[Window, Tensors | MediaError]]:
    while queue:
        first, future = queue.popleft()
        yield first, future.result()


def _prepare_in_one_pass(
    windows: list[Window], backbones: Mapping[str, Backbone], params: FeatureParams
) -> Iterator[tuple[Window, Tensors | MediaError]]:
    """Prepare all windows of a stream whose clock was mended, while it is decoded once.

    Its frames can't be sought: decoding it from the start for each window would take hours.
    """
    wanted = {window.key: _wanted_frames(window, backbones, params) for window in windows}
    missing = {key: {one for times in by.values() for one in times} for key, by in wanted.items()}
    plan = sorted(
        ((w.start_sec + one[0], one, w) for w in windows for one in missing[w.key]),
        key=lambda planned: planned[0],
    )
    frames: dict[str, dict[tuple[float, int | None], RGB]] = {key: {} for key in wanted}
    path, track = windows[0].path, windows[0].track
    try:
        times = [(at, short_side) for at, (_, short_side), _ in plan]
        sampled = stream_sizes(path, times, track, windows[0].limits)
        for (_, one, window), rgb in zip(plan, sampled, strict=True):
            frames[window.key][one] = rgb
            if len(frames[window.key]) == len(missing[window.key]):
                own = frames[window.key]
                prepared = {
                    name: backbones[name].prepare([own[one] for one in times])
                    for name, times in wanted[window.key].items()
                }
                del frames[window.key]
                yield window, prepared
    except Exception as error:  # noqa: BLE001 - whatever one file raises is its own loss
        reason = _loss(error)
        yield from ((window, reason) for window in windows if window.key in frames)


class _BatchLine:
    """Turns the units of many windows into full batches of one backbone, and back into windows.

    One batch may compute while the next one is filled. Windows come out in the order in which
    they went in.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.waiting: deque[torch.Tensor] = deque()  # units that are in no batch yet
        self.running: deque[_SomeRows] = deque()  # batches that are being computed
        # Of windows that are not complete yet; None for a unit that doesn't fit into memory
        self.rows: list[npt.NDArray[np.float32] | None] = []
        self.windows: deque[tuple[str, int]] = deque()  # key and number of units, in order

    def add(self, key: str, units: torch.Tensor) -> None:
        self.waiting.append(units)
        self.windows.append((key, len(units)))

    def completed(
        self, last: bool = False
    ) -> Iterator[tuple[str, npt.NDArray[np.float32] | MediaError]]:
        """Key and pooled vector of each window whose rows are there; with `last`, of all."""
        size = self.engine.backbone.batch_size
        while (count := sum(map(len, self.waiting))) >= size or (last and count):
            self.running.append(self._start(self._take(size)))
            if len(self.running) > 1:
                self.rows.extend(self.running.popleft()())
        while last and self.running:
            self.rows.extend(self.running.popleft()())
        while self.windows and len(self.rows) >= self.windows[0][1]:
            key, count = self.windows.popleft()
            rows = [row for row in self.rows[:count] if row is not None]
            del self.rows[:count]
            if len(rows) < count:
                yield key, MediaError(f"{self.engine.backbone.name}: {_TOO_LARGE}")
            else:
                yield key, self.engine.backbone.pool(np.stack(rows))

    def _start(self, batch: torch.Tensor) -> _SomeRows:
        """Start a batch; unit by unit where one alone doesn't fit, so that only that is lost."""
        try:
            return self.engine.start(batch)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        if len(batch) == 1:
            return lambda: [None]
        return partial(list, chain.from_iterable([self._start(one)() for one in batch.split(1)]))

    def _take(self, size: int) -> torch.Tensor:
        """Up to `size` of the waiting units as one batch."""
        parts: list[torch.Tensor] = []
        missing = size
        while self.waiting and missing:
            units = self.waiting.popleft()
            if len(units) > missing:
                self.waiting.appendleft(units[missing:])
            parts.append(units[:missing])
            missing -= len(parts[-1])
        return torch.cat(parts)
