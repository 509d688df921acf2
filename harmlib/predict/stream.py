"""New files to predictions, in one stream that never holds more than a few files.

A path is identified, probed and cut into windows; each window becomes vectors and a logit; the
logits of a file become its prediction. What can't be used drops out as `Unusable` at the step
that finds out.
"""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from typing import IO, NamedTuple

from harmlib.address import Address, Listed, place
from harmlib.features.vector_stream import Window, stream_vectors
from harmlib.media.contained import LIMITS, identify, probe
from harmlib.media.decode import MediaError, loss_reason
from harmlib.media.decoders import DecodeLimits, decoding_threads
from harmlib.media.fetching import fetched_ahead
from harmlib.media.held_video import HeldVideo, probe_and_hold
from harmlib.media.in_hand import in_hand
from harmlib.media.ledger import Unusable
from harmlib.media.probe import Facts
from harmlib.media.tracks import MAIN, Track
from harmlib.params import Modality
from harmlib.predict.prediction import Prediction, ScoredFile, joined_prediction, make_prediction
from harmlib.predict.predictor import Predictor
from harmlib.predict.windows import Windowing, thin_out

Identified = tuple[Path | Address, Modality]
_PROBED_AHEAD = 3  # files; a process may hold the frames of each


class Usable(NamedTuple):
    """A file that can be used, and the process that holds its frames, where one does."""

    facts: Facts
    held: HeldVideo | None


def predict_stream(
    predictors: list[Predictor],
    found: Iterable[Path | Address | Unusable],
    limits: DecodeLimits = LIMITS,
    notes: Path | None = None,
) -> Iterator[Prediction | Unusable]:
    """Predict files as they come.

    Files are taken a few ahead, those at addresses fetched, and memory does not grow with their
    number.

    Parameters
    ----------
    predictors : list of Predictor
        One, or one for each modality.
    found : iterable of Path, Address or Unusable
        As `harmlib.media.find.find_files` yields them; no path twice.
    limits : DecodeLimits
        What decoding one file may take.
    notes : Path, optional
        A folder, where `harmlib.media.in_hand` notes what is in hand.

    Yields
    ------
    Prediction
        For each file that can be used: first those of the first predictor's modality, then those
        of the second's. Batches are filled across files, so that the order within a modality is
        not exactly that of `found`.
    Unusable
        For each other file, and for what was unusable already.
    """
    first, *others = predictors
    modalities = [predictor.modality for predictor in predictors]
    found = fetched_ahead(found)
    identified = _identify(found, modalities, first.windowing.max_pixels, limits, notes)
    if not others:
        yield from _predict_modality(first, identified, limits, notes)
        return
    (second,) = others
    with tempfile.TemporaryFile("w+") as later:  # not a list: there may be millions
        deferring = _defer(identified, second.modality, later)
        yield from _predict_modality(first, deferring, limits, notes)
        later.seek(0)
        late = _deferred(later, second.modality)
        yield from _predict_modality(second, late, limits, notes)


def _identify(
    found: Iterable[Path | Address | Unusable],
    modalities: list[Modality],
    max_pixels: int,
    limits: DecodeLimits,
    notes: Path | None,
) -> Iterator[Identified | Unusable]:
    """Tell what each file is, and refuse what no predictor is for."""
    for path in found:
        if isinstance(path, Unusable):
            yield path
            continue
        try:
            with in_hand(path, notes, limits) if notes else nullcontext():
                modality = identify(path, max_pixels, limits)
        except Exception as error:  # noqa: BLE001 - whatever one file raises is its own loss
            yield Unusable(str(path), loss_reason(error), "identify")
            continue
        if modality in modalities:
            yield path, modality
        else:
            reason = f"its modality is {modality}; this checkpoint is for {modalities[0]}s"
            yield Unusable(str(path), reason, "identify", modality)


def _defer(
    identified: Iterable[Identified | Unusable], modality: Modality, later: IO[str]
) -> Iterator[Identified | Unusable]:
    """Write the paths of files of `modality` to `later`, one per line; pass on everything else."""
    for one in identified:
        if isinstance(one, tuple) and one[1] == modality:
            # Names that aren't UTF-8 hold lone surrogates, which JSON's escapes keep.
            listed = one[0].listed if isinstance(one[0], Address) else None
            later.write(json.dumps([str(one[0]), listed]) + "\n")
        else:
            yield one


def _deferred(later: IO[str], modality: Modality) -> Iterator[Identified]:
    for line in later:
        text, listed = json.loads(line)
        yield Address(text, Listed(*listed)) if listed else Path(text), modality


def _predict_modality(
    predictor: Predictor,
    identified: Iterable[Identified | Unusable],
    limits: DecodeLimits,
    notes: Path | None,
) -> Iterator[Prediction | Unusable]:
    aside: deque[Unusable] = deque()
    probed = _probe_ahead(identified, predictor.windowing, limits, notes)
    for one in _predict(predictor, _set_aside(probed, aside), limits):
        while aside:
            yield aside.popleft()
        yield one
    yield from aside


def _probe_ahead(
    identified: Iterable[Identified | Unusable],
    windowing: Windowing,
    limits: DecodeLimits,
    notes: Path | None,
) -> Iterator[Usable | Unusable]:
    """Hash and decode files in threads, a few ahead, in order."""

    def check(one: Identified | Unusable) -> Usable | Unusable:
        if isinstance(one, Unusable):
            return one
        path, modality = one
        sizes = windowing.max_frames, windowing.max_pixels
        try:
            if modality == "video":
                facts, held = probe_and_hold(path, *sizes, limits, notes)
            else:
                facts, held = probe(path, modality, *sizes, limits, notes), None
        except Exception as error:  # noqa: BLE001 - whatever one file raises is its own loss
            return Unusable(str(path), loss_reason(error), "probe", modality)
        if facts.reason:
            return Unusable(facts.path, facts.reason, "probe", modality)
        return Usable(facts, held)

    queue: deque[Future[Usable | Unusable]] = deque()
    with decoding_threads(2) as pool:
        for one in identified:
            queue.append(pool.submit(check, one))
            if len(queue) == _PROBED_AHEAD:
                yield queue.popleft().result()
        while queue:
            yield queue.popleft().result()


def _set_aside(probed: Iterable[Usable | Unusable], aside: deque[Unusable]) -> Iterator[Usable]:
    """Pass on what can be used; the rest waits in `aside` for the next prediction to come out."""
    for one in probed:
        if isinstance(one, Unusable):
            aside.append(one)
        else:
            yield one


def _predict(
    predictor: Predictor, usable: Iterable[Usable], limits: DecodeLimits
) -> Iterator[Prediction | Unusable]:
    """Score the windows of files until each file is decided."""
    undecided: dict[str, dict[str, ScoredFile]] = {}  # path to category to what is known of it
    windows = _cut(predictor, usable, undecided, limits)
    for window, vectors in stream_vectors(windows, predictor.engines, predictor.params):
        path = str(window.path)
        scored = undecided.get(path)
        if scored is None:  # decided early, or given up
            continue
        if isinstance(vectors, MediaError):
            del undecided[path]
            yield Unusable(path, str(vectors), "extract", predictor.modality)
            continue
        for category, output in predictor.outputs.items():
            scored[category].add(window.key, *output.score(vectors))
        if all(
            scored[category].is_decided(output.threshold, output.windowing)
            for category, output in predictor.outputs.items()
        ):
            del undecided[path]
            yield joined_prediction(
                {
                    category: make_prediction(scored[category], output)
                    for category, output in predictor.outputs.items()
                }
            )


def _cut(
    predictor: Predictor,
    usable: Iterable[Usable],
    undecided: dict[str, dict[str, ScoredFile]],
    limits: DecodeLimits,
) -> Iterator[Window]:
    """The windows of file after file; those of a file that has left `undecided` are not cut."""
    for facts, held in usable:
        windows, note = _windows(predictor, facts, limits, held)
        if held is not None:
            held.expect(len(windows))
        undecided[facts.path] = {
            category: ScoredFile(facts, windows, note=note) for category in predictor.outputs
        }
        for window in windows:
            if facts.path not in undecided:
                if held is not None:
                    held.close()
                break
            yield window


def _windows(
    predictor: Predictor, facts: Facts, limits: DecodeLimits, held: HeldVideo | None
) -> tuple[list[Window], str]:
    """The windows of all video streams of one file, or the whole image; and what to say of them."""
    windowing, training_sec = predictor.windowing, predictor.checkpoint.about.duration_sec
    cuts: list[tuple[Track, list[tuple[float, float]]]] = [
        (one.track, windowing.cut(one.duration_sec, training_sec, one.times_sec))
        for one in facts.tracks
    ] or [(MAIN, windowing.cut(facts.duration_sec, training_sec))]
    total = sum(len(own) for _, own in cuts)
    kept = [
        (track, start_sec, length_sec)
        for track, own in cuts
        for start_sec, length_sec in thin_out(
            own, max(1, len(own) * windowing.max_windows // total)
        )
    ]
    note = facts.note
    if len(kept) < total:
        bound = f"of {total:,} windows {len(kept):,} were judged, spread evenly"
        note = "; ".join(filter(None, [note, bound]))
    path, backbones = place(facts.path), tuple(predictor.engines)
    windows = [
        Window(
            f"{path}#{i}",
            path,
            predictor.modality,
            length_sec,
            backbones,
            start_sec,
            track,
            windowing.max_pixels,
            limits,
            held,
        )
        for i, (track, start_sec, length_sec) in enumerate(kept)
    ]
    return windows, note
