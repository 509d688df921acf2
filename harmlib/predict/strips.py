"""Pictures of harmful segments, drawn beside the stream of predictions.

To draw them a video is decoded once more, and one at an address perhaps fetched once more. What
predicts meanwhile goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from harmlib.media.decode import loss_reason
from harmlib.media.decoders import decoding_threads
from harmlib.media.ledger import Unusable
from harmlib.media.probe import Facts
from harmlib.media.thumbnails import segment_strips
from harmlib.predict.decision_log import Entry, log_entry
from harmlib.predict.prediction import Prediction

_AT_ONCE = 4  # videos of which strips are drawn, each in a process
_WAITING = 16  # decided videos at most whose strips aren't drawn yet


def entries_of(
    results: Iterable[Prediction | Unusable], folder: Path | None
) -> Iterator[Entry | Unusable]:
    """Turn predictions into entries of the log, with the strips of their segments.

    Parameters
    ----------
    results : iterable of Prediction or Unusable
        As a stream yields them.
    folder : Path or None
        Where strips are written; None for none.

    Yields
    ------
    dict
        The entry of a prediction, as `log_entry` makes it: at once where it has no segments, else
        when its strips are drawn, of which those of a few videos are at a time.
    Unusable
        Each other file, at once.

    Raises
    ------
    Exception
        What `results` raises, behind the entries of what was decided until then. When the caller
        ends it (Ctrl-C too), those are lost whose strips aren't drawn.
    """
    waiting: deque[Future[Entry]] = deque()
    with decoding_threads(_AT_ONCE) as pool:
        try:
            for one in results:
                if isinstance(one, Unusable):
                    yield one
                elif folder is None or one.segments.empty:
                    yield log_entry(one)
                else:
                    waiting.append(pool.submit(add_strips, log_entry(one), one.facts, folder))
                while waiting and (waiting[0].done() or len(waiting) > _WAITING):
                    yield waiting.popleft().result()
        except Exception:
            yield from _left(waiting)
            raise
        yield from _left(waiting)


def _left(waiting: deque[Future[Entry]]) -> Iterator[Entry]:
    while waiting:
        yield waiting.popleft().result()


def add_strips(entry: Entry, facts: Facts, folder: Path) -> Entry:
    """Write the strips of a video's segments, and name them in its entry.

    Parameters
    ----------
    entry : dict
        As `log_entry` makes it. Is changed: its segments, or where no strip can be drawn its note.
    facts : Facts
        Of the video.
    folder : Path
        Where strips are written.

    Returns
    -------
    dict
        `entry`.
    """
    try:
        entry["segments"] = _write_strips(entry, facts, folder)
    except Exception as error:  # noqa: BLE001 - the decision stands, whatever the file raises now
        missing = f"no pictures of its segments: {loss_reason(error)}"
        entry["note"] = "; ".join(filter(None, [entry.get("note"), missing]))
    return entry


def _write_strips(entry: Entry, facts: Facts, folder: Path) -> list[dict[str, Any]]:
    """A strip of frames for each harmful segment; the segments, each with its strip's name."""
    tracks = {one.track.stream: one.track for one in facts.tracks}
    segments: list[dict[str, Any]] = []
    for stream, own in groupby(entry["segments"], key=itemgetter("stream")):
        found = list(own)
        times_sec = [(segment["start_sec"], segment["end_sec"]) for segment in found]
        strips = segment_strips(facts.place, times_sec, tracks[stream])
        for segment, strip in zip(found, strips, strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{entry['id']}-{len(segments) + 1}.jpg"
            (folder / name).write_bytes(strip)
            segments.append(segment | {"strip": f"{folder.name}/{name}"})
    return segments
