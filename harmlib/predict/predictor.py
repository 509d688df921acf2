"""One saved model, ready to judge files: its backbones, its windows, its threshold."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from harmlib.analysis.bands import Bands, choose_bands
from harmlib.analysis.segments import can_stop, harmful_segments, reduce_scores
from harmlib.features.backbones import find_weights, load_backbone, open_store
from harmlib.features.device import choose_device, choose_precision
from harmlib.features.engine import Engine, open_engine
from harmlib.features.vector_stream import PREFETCH, Span, Vectors, stream_vectors
from harmlib.media.decode import MediaError
from harmlib.media.find import Found
from harmlib.media.probe import probe
from harmlib.models.checkpoint import (
    Checkpoint,
    CheckpointError,
    checkpoint_digest,
    load_checkpoint,
)
from harmlib.models.explanation import explain, sigmoid, validation_items
from harmlib.params import PROJECT_ROOT, FeatureParams

COLUMNS = ["path", "modality", "logit", "probability", "threshold", "decision", "margin", "model",
           "seconds"]  # fmt: skip
LEDGER_COLUMNS = ["path", "modality", "reason"]
LONG = 1.5  # a video this many times as long as those of the training is judged window by window


@dataclass(frozen=True)
class Windows:
    """How long videos are judged.

    window_sec : length of a window; None: the median length of the training videos
    stride_sec : from one window's start to the next; None: half a window
    how : the file's probability is the `max` of its windows', or the mean of the `k` highest
        (`top_mean`)
    early_exit : stop once the remaining windows can't change the decision; then the segments may
        be incomplete
    """

    window_sec: float | None = None
    stride_sec: float | None = None
    how: str = "max"
    k: int = 3
    early_exit: bool = False


@dataclass
class Judged:
    """One file's verdict, and what an explanation of it needs.

    row : `COLUMNS`; facts : sha256, size, mtime_ns, duration_sec of the file
    windows : start_sec, end_sec, logit, probability of each window; one window for a short file
    segments : as `harmful_segments` returns them; empty for pictures and short videos
    contributions : backbone -> what it adds to the logit (of the window that scored highest)
    nearest : item_id, label, probability, similarity of the nearest training items
    """

    row: dict
    facts: dict
    windows: pd.DataFrame
    segments: pd.DataFrame
    contributions: dict[str, float]
    nearest: list[dict]


@dataclass
class _File:
    """A file on its way, and the logits of its windows that have come."""

    facts: dict
    spans: list[Span]
    start: float
    logits: dict[str, float] = field(default_factory=dict)
    highest: torch.Tensor | None = None  # scaled features of the highest window so far
    stopped: bool = False


class Predictor:
    """A checkpoint with its backbones, ready to judge files of its modality.

    Opening refuses weights, sampling or code other than those the model was trained with.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        *,
        weights: dict[str, str] | None = None,
        artifacts: Path = PROJECT_ROOT / "artifacts",
        device: str = "auto",
        windows: Windows | None = None,
        opened: dict[str, Engine] | None = None,
    ) -> None:
        """weights : backbone -> path or word, in place of what the checkpoint names
        opened : engines of other models' backbones; those that fit are used, new ones are added

        Raises CheckpointError for a file or a set of weights that doesn't fit, WeightsError for
        weights that aren't there.
        """
        self.path = Path(checkpoint)
        self.checkpoint = load_checkpoint(self.path)
        self.digest = checkpoint_digest(self.path)
        self.device = choose_device(device)
        self.windows = windows or Windows()
        about = self.checkpoint.about
        self.modality = about["modality"]
        self.name = f"{about['variant']}/{self.modality}@{self.digest[:12]}"
        content = dict(about["features"])
        for name, spec in (weights or {}).items():
            if content.get(name) is None:
                raise CheckpointError(f"{self.path}: it has no backbone {name!r}")
            content[name] = content[name] | {"weights": spec}
        self.params = FeatureParams.model_validate(content)
        self.precision = choose_precision(self.params.precision, self.device)
        self.engines = self._open_engines(artifacts, {} if opened is None else opened)

    def _open_engines(self, artifacts: Path, opened: dict[str, Engine]) -> dict[str, Engine]:
        """The backbones in the order in which the model takes their vectors."""
        engines = {}
        for name in self.checkpoint.model.dims:
            weights = find_weights(self.params, name, artifacts / "weights")
            store = open_store(
                self.params, name, weights, self.modality, str(self.precision), artifacts
            )
            _refuse_mismatch(self.path, name, self.checkpoint, store.settings)
            key = f"{weights.key} {self.precision} {getattr(self.params, name)!r}"
            if key not in opened:
                backbone = load_backbone(self.params, name, weights)
                opened[key] = open_engine(
                    backbone, self.device, self.precision, artifacts / "compiled"
                )
            engines[name] = opened[key]
        return engines

    def bands(self, min_recall: float, min_precision: float) -> Bands:
        """Pass, review and block for this model, from its validation items. See `choose_bands`."""
        items = validation_items(self.checkpoint)
        return choose_bands(
            items["label"].to_numpy(),
            items["probability"].to_numpy(),
            items["group"].to_numpy(),
            min_recall=min_recall,
            min_precision=min_precision,
        )

    def judge(self, found: Iterable[Found]) -> Iterator[Judged | dict]:
        """Verdicts, and ledger rows (`LEDGER_COLUMNS`) for what can't be judged, as they come.

        Streams: files are taken a few ahead, and memory doesn't grow with their number.
        """
        lost: deque[dict] = deque()
        files: dict[str, _File] = {}
        spans = self._spans(found, files, lost)
        stream = stream_vectors(spans, self.engines, self.params)
        for span, vectors in stream:
            while lost:
                yield lost.popleft()
            file = files.get(str(span.path))
            if file is None:  # given up, or decided early
                continue
            if isinstance(vectors, MediaError):
                del files[str(span.path)]
                yield _lost(span.path, self.modality, str(vectors))
                continue
            self._take(file, span, vectors)
            if len(file.logits) == len(file.spans) or self._decided(file):
                del files[str(span.path)]
                yield self._verdict(file)
        yield from lost

    def _spans(
        self, found: Iterable[Found], files: dict[str, _File], lost: deque[dict]
    ) -> Iterator[Span]:
        """The stretches to look at, file after file; probing runs a few files ahead."""
        for facts in _probe_ahead(found, self.modality, lost):
            path = Path(facts["path"])
            spans = [
                Span(f"{path}#{i}", path, self.modality, length, tuple(self.engines), start)
                for i, (start, length) in enumerate(self._stretches(facts["duration_sec"]))
            ]
            file = files[str(path)] = _File(facts, spans, time.monotonic())
            for span in spans:
                if file.stopped:
                    break
                yield span

    def _stretches(self, duration_sec: float) -> list[tuple[float, float]]:
        """(start, length) in seconds of each window; a short video is one, as in the training."""
        usual = self.windows.window_sec or self.checkpoint.about["duration_sec"]
        if self.modality == "image" or duration_sec <= LONG * usual:
            return [(0.0, duration_sec)]
        stride = self.windows.stride_sec or usual / 2
        count = math.ceil((duration_sec - usual) / stride) + 1
        last = duration_sec - usual
        return [(min(i * stride, last), usual) for i in range(count)]

    def _take(self, file: _File, span: Span, vectors: Vectors) -> None:
        joined = np.concatenate([vectors[name] for name in self.engines])
        features = self.checkpoint.scaler(joined[None])
        with torch.inference_mode():
            logit = float(self.checkpoint.model.logits(features).double())
        if not file.logits or logit > max(file.logits.values()):
            file.highest = features
        file.logits[span.key] = logit

    def _decided(self, file: _File) -> bool:
        if not self.windows.early_exit or len(file.spans) == 1:
            return False
        left = len(file.spans) - len(file.logits)
        seen = sigmoid(np.array(list(file.logits.values())))
        threshold = self.checkpoint.threshold
        file.stopped = can_stop(seen, left, threshold, self.windows.how, self.windows.k)
        return file.stopped

    def _verdict(self, file: _File) -> Judged:
        windows = _window_table(file)
        threshold = self.checkpoint.threshold
        probability = reduce_scores(
            windows["probability"].to_numpy(), self.windows.how, self.windows.k
        )
        logit = windows["logit"].max()
        if self.windows.how != "max" and len(windows) > 1:
            logit = float(np.log(probability) - np.log1p(-probability))
        row = {
            "path": file.facts["path"],
            "modality": self.modality,
            "logit": float(logit),
            "probability": float(probability),
            "threshold": threshold,
            "decision": "harmful" if probability > threshold else "safe",
            "margin": probability - threshold,
            "model": self.name,
            "seconds": round(time.monotonic() - file.start, 4),
        }
        segments = (
            harmful_segments(windows, threshold)
            if len(file.spans) > 1
            else pd.DataFrame(columns=["start_sec", "end_sec"])
        )
        return Judged(row, file.facts, windows, segments, *explain(self.checkpoint, file.highest))


def _probe_ahead(found: Iterable[Found], modality: str, lost: deque[dict]) -> Iterator[dict]:
    """Hash and check files in threads, a few ahead, in order; what can't be used goes to `lost`."""

    def check(one: Found) -> dict:
        if one.modality != modality:
            reason = one.reason or f"is {one.modality}; this model judges {modality}s"
            return _lost(one.path, one.modality or "", reason)
        try:
            return probe(Path(one.path), modality)
        except OSError as error:
            return _lost(one.path, modality, f"can't be read: {error}")

    queue: deque = deque()
    source = iter(found)
    with ThreadPoolExecutor(2) as pool:
        while True:
            while len(queue) < PREFETCH and (one := next(source, None)) is not None:
                queue.append(pool.submit(check, one))
            if not queue:
                return
            facts = queue.popleft().result()
            if facts["reason"]:
                lost.append(_lost(facts["path"], facts.get("modality", modality), facts["reason"]))
            else:
                yield facts


def _lost(path: str | Path, modality: str, reason: str) -> dict:
    return dict(zip(LEDGER_COLUMNS, (str(path), modality, reason), strict=True))


def _refuse_mismatch(path: Path, name: str, checkpoint: Checkpoint, now: dict) -> None:
    """Precision may differ: its vectors are the same within a known bound."""
    then = checkpoint.about["backbones"][name]
    differing = [
        f"{key} {now.get(key)!r}, trained with {then.get(key)!r}"
        for key in sorted(now.keys() | then.keys())
        if key != "precision" and now.get(key) != then.get(key)
    ]
    if differing:
        raise CheckpointError(
            f"{path}: {name} differs from the training: {'; '.join(differing)}. Give the weights "
            f"that the model was trained with ({name}=PATH), or train again with these"
        )


def _window_table(file: _File) -> pd.DataFrame:
    spans = [span for span in file.spans if span.key in file.logits]
    logits = np.array([file.logits[span.key] for span in spans])
    return pd.DataFrame(
        {
            "start_sec": [span.start_sec for span in spans],
            "end_sec": [span.start_sec + span.duration_sec for span in spans],
            "logit": logits,
            "probability": sigmoid(logits),
        }
    )
