"""A video that was probed, held with its frames by the process that decoded it."""

from __future__ import annotations

import threading
import weakref
from contextlib import nullcontext
from pathlib import Path

from harmlib.address import Address
from harmlib.media import contained
from harmlib.media.decode import RGB, MediaError
from harmlib.media.decoders import Conversation, DecodeLimits
from harmlib.media.fetching import local_file
from harmlib.media.in_hand import in_hand
from harmlib.media.probe import Facts
from harmlib.media.probe_and_sample import Probed, Wanted, probe_and_sample
from harmlib.media.tracks import Track

MAX_KEPT_BYTES = 256 << 20  # of the frames of one file: 340 of 1280x720 pixels
_ALL_KEPT_BYTES = 1 << 30  # of the frames of all files that are held
_SHARE = 8  # of what decoding a file may take, frames that are kept take at most one part

Talk = Conversation[Probed | list[RGB]]


class HeldVideo:
    """The frames of a video, to be asked for as often as was said; then its process is let go.

    Several threads may ask. Nothing depends on the process: where it died, the video is decoded
    again.

    Parameters
    ----------
    path : Path or Address
        The video.
    limits : DecodeLimits
        What decoding it again may take.
    talk : Conversation
        With `probe_and_sample`, which has told the facts.
    room : _Room
        Which gets back what the frames take.
    kept_bytes : int
        What the frames take.
    """

    def __init__(
        self, path: Path | Address, limits: DecodeLimits, talk: Talk, room: _Room, kept_bytes: int
    ) -> None:
        self._path, self._limits, self._talk = path, limits, talk
        self._lock = threading.Lock()
        self._asks_left = 0
        self._let_go = weakref.finalize(self, _let_go, talk, room, kept_bytes)

    def expect(self, asks: int) -> None:
        """Say how often frames will be asked for."""
        self._asks_left = asks

    def sample_sizes(self, wanted: list[tuple[float, int | None]], track: Track) -> list[RGB]:
        """The frames of one track, as `harmlib.media.contained.sample_sizes` returns them.

        Raises MediaError as that does, and when the video was closed.
        """
        with self._lock:
            if not self._let_go.alive:
                raise MediaError("nobody wants it any more")
            try:
                return self._talk.say(Wanted(track.stream, wanted))  # type: ignore[arg-type,return-value]
            except Exception:  # noqa: BLE001 - decoding it again tells whose fault it is
                pass
            finally:
                self._asks_left -= 1
                if not self._asks_left:
                    self._let_go()
        return contained.sample_sizes(self._path, wanted, track, self._limits)

    def close(self) -> None:
        """Let the frames go before they were all asked for."""
        with self._lock:
            self._let_go()


def probe_and_hold(
    path: Path | Address,
    max_frames: int,
    max_pixels: int,
    limits: DecodeLimits,
    notes: Path | None,
) -> tuple[Facts, HeldVideo | None]:
    """Probe a video as `harmlib.media.contained.probe` does, and hold its frames where they fit.

    Parameters
    ----------
    path : Path or Address
    max_frames, max_pixels : int
    limits : DecodeLimits
    notes : Path or None
        As there.

    Returns
    -------
    facts : Facts
    held : HeldVideo or None
        None for a file that can't be used, and for one of too many frames, or too large ones.

    Examples
    --------
    >>> probe_and_hold(Path("no such file"), 9, 9, DecodeLimits(), None)[0].reason
    "can't be read: No such file or directory"
    """
    granted = _ROOM.take(min(MAX_KEPT_BYTES, int(limits.max_gib * (1 << 30)) // _SHARE))
    try:
        with local_file(path) as file, in_hand(path, notes, limits) if notes else nullcontext():
            sizes = max_frames, max_pixels, granted
            talk: Talk = Conversation(limits, probe_and_sample, file, *sizes)
            probed = talk.say()
    except Exception as error:  # noqa: BLE001 - whatever one file does to the process is its loss
        _ROOM.give_back(granted)
        return contained.facts_of_lost(path, error), None
    assert isinstance(probed, Probed)
    facts = contained.facts_at(path, probed.facts)
    _ROOM.give_back(granted - probed.kept_bytes)
    if probed.kept_bytes:
        return facts, HeldVideo(path, limits, talk, _ROOM, probed.kept_bytes)
    talk.close()
    if facts.reason and talk.is_spent:  # perhaps by the frames that were kept
        return contained.probe(path, "video", max_frames, max_pixels, limits, notes), None
    return facts, None


class _Room:
    """Bytes that several files share."""

    def __init__(self, total_bytes: int) -> None:
        self._left_bytes = total_bytes
        self._lock = threading.RLock()  # collecting garbage may give back while it is held

    def take(self, most: int) -> int:
        """Take as many, or as there are."""
        with self._lock:
            taken = min(most, self._left_bytes)
            self._left_bytes -= taken
        return taken

    def give_back(self, taken: int) -> None:
        with self._lock:
            self._left_bytes += taken


_ROOM = _Room(_ALL_KEPT_BYTES)


def _let_go(talk: Talk, room: _Room, kept_bytes: int) -> None:
    talk.close()
    room.give_back(kept_bytes)
