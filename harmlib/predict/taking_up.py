"""The first steps of a new file: what it is, whether it can be used, which windows it has."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from harmlib.address import Address
from harmlib.features.vector_stream import Window
from harmlib.media.contained import identify, probe
from harmlib.media.decode import loss_reason
from harmlib.media.decoders import DecodeLimits, decoding_threads
from harmlib.media.held_video import HeldVideo, probe_and_hold
from harmlib.media.in_hand import in_hand
from harmlib.media.ledger import Unusable
from harmlib.media.probe import Facts
from harmlib.media.tracks import MAIN, Track
from harmlib.params import Modality
from harmlib.predict.predictor import Predictor
from harmlib.predict.windows import Windowing, thin_out

Identified = tuple[Path | Address, Modality]
_PROBED_AHEAD = 3  # files; a process may hold the frames of each


class Usable(NamedTuple):
    """A file that can be used.

    Attributes
    ----------
    facts : Facts
    held : HeldVideo or None
        What holds its frames, where a process does.
    """

    facts: Facts
    held: HeldVideo | None


def identify_each(
    found: Iterable[Path | Address | Unusable],
    modalities: list[Modality],
    max_pixels: int,
    limits: DecodeLimits,
    notes: Path | None,
) -> Iterator[Identified | Unusable]:
    """Tell what each file is, and refuse what no predictor is for.

    Parameters
    ----------
    found : iterable of Path, Address or Unusable
        As `harmlib.media.find.find_files` yields them.
    modalities : list of {"image", "video"}
        That predictors are for.
    max_pixels : int
        The most pixels that an image may have.
    limits : DecodeLimits
        What decoding one file may take.
    notes : Path, optional
        A folder, where `harmlib.media.in_hand` notes what is in hand.

    Yields
    ------
    tuple of (Path or Address, {"image", "video"})
        A file of one of these modalities.
    Unusable
        Any other, and what was unusable already.
    """
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


def probe_ahead(
    identified: Iterable[Identified | Unusable],
    windowing: Windowing,
    limits: DecodeLimits,
    notes: Path | None,
) -> Iterator[Usable | Unusable]:
    """Hash and decode files in threads, a few ahead, in order.

    Parameters
    ----------
    identified : iterable of tuple or Unusable
        As `identify_each` yields them.
    windowing : Windowing
        How much of a file is looked at.
    limits, notes : DecodeLimits, Path or None
        As for `identify_each`.

    Yields
    ------
    Usable
        A file that can be used.
    Unusable
        Any other, and what was unusable already.
    """

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


def windows_of(
    predictor: Predictor, facts: Facts, limits: DecodeLimits, held: HeldVideo | None
) -> tuple[list[Window], str]:
    """Cut all video streams of one file into windows; an image is one.

    Parameters
    ----------
    predictor : Predictor
        That is to score them.
    facts : Facts
        Of a file that can be used.
    limits : DecodeLimits
        What decoding one window may take.
    held : HeldVideo or None
        What holds the file's frames.

    Returns
    -------
    windows : list of Window
        In order; the key of each is the file's name and its number.
    note : str
        What to say of the file; mostly empty.
    """
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
    path, backbones = facts.place, tuple(predictor.engines)
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
