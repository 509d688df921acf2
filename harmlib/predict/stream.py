"""New files to predictions, in one stream that never holds more than a few files.

A path is identified, probed and cut into windows; each window becomes vectors and a logit; the
logits of a file become its prediction. What can't be used drops out as `Unusable` at the step
that finds out.
"""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from harmlib.address import Address, Listed
from harmlib.features.vector_stream import Window, stream_vectors
from harmlib.media.contained import LIMITS
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits
from harmlib.media.fetching import fetched_ahead
from harmlib.media.ledger import Unusable
from harmlib.params import Modality
from harmlib.predict.deciding import Undecided, window_scores
from harmlib.predict.prediction import Prediction
from harmlib.predict.predictor import Predictor
from harmlib.predict.taking_up import Identified, Usable, identify_each, probe_ahead, windows_of

Found = Path | Address | Unusable  # as `harmlib.media.find.find_files` yields them
# What predicts files as they come: `predict_stream`, or what does the same elsewhere.
Stream = Callable[
    [list[Predictor], Iterable[Found], DecodeLimits, Path | None],
    Iterator[Prediction | Unusable],
]


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
    identified = identify_each(found, modalities, first.windowing.max_pixels, limits, notes)
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
    probed = probe_ahead(identified, predictor.windowing, limits, notes)
    for one in _predict(predictor, _set_aside(probed, aside), limits):
        while aside:
            yield aside.popleft()
        yield one
    yield from aside


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
    undecided: dict[str, Undecided] = {}  # by path
    windows = _cut(predictor, usable, undecided, limits)
    for window, vectors in stream_vectors(windows, predictor.engines, predictor.params):
        path = str(window.path)
        if path not in undecided:  # decided early, or given up
            continue
        came = vectors if isinstance(vectors, MediaError) else window_scores(predictor, vectors)
        if decided := undecided[path].add(window.key, came):
            del undecided[path]
            yield decided


def _cut(
    predictor: Predictor,
    usable: Iterable[Usable],
    undecided: dict[str, Undecided],
    limits: DecodeLimits,
) -> Iterator[Window]:
    """The windows of file after file; those of a file that has left `undecided` are not cut."""
    for facts, held in usable:
        windows, note = windows_of(predictor, facts, limits, held)
        if held is not None:
            held.expect(len(windows))
        undecided[facts.path] = Undecided(predictor, facts, windows, note)
        for window in windows:
            if facts.path not in undecided:
                if held is not None:
                    held.close()
                break
            yield window
