"""A video that was probed, held with its frames by the process that decoded it."""

from __future__ import annotations

import threading
import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from harmlib.address import Address
from harmlib.media import contained, decoders
from harmlib.media import probe as probing
from harmlib.media.decode import RGB, MediaError
from harmlib.media.decoders import Conversation, DecodeLimits, DecoderDied
from harmlib.media.fetching import local_file
from harmlib.media.in_hand import in_hand
from harmlib.media.probe import Facts
from harmlib.media.probe_and_sample import Probed, Wanted, probe_and_sample
from harmlib.media.tracks import Track

MAX_KEPT_BYTES = 256 << 20  # of the frames of one file: 340 of 1280x720 pixels
_ALL_KEPT_BYTES = 1 << 30  # of the frames of all files that are held
_WORTH_HOLDING = 2  # questions that are left; for one alone the video needn't be held
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
    ask : _Ask
        How it was asked for.
    talk : Conversation
        With `probe_and_sample`, which has told the facts.
    kept_bytes : int
        What the frames take of the room.
    """

    def __init__(self, path: Path | Address, ask: _Ask, talk: Talk, kept_bytes: int) -> None:
        self._path, self._ask = path, ask
        self._lock = threading.Lock()
        self._asks_left = 0
        self._tries_left = 1
        self._is_closed = False
        self._hold(talk, kept_bytes)

    def _hold(self, talk: Talk, kept_bytes: int) -> None:
        self._talk = talk
        self._let_go = weakref.finalize(self, _let_go, talk, _ROOM, kept_bytes)

    def expect(self, asks: int) -> None:
        """Say how often frames will be asked for."""
        self._asks_left = asks

    def sample_sizes(self, wanted: list[tuple[float, int | None]], track: Track) -> list[RGB]:
        """The frames of one track, as `harmlib.media.contained.sample_sizes` returns them.

        Raises MediaError as that does, and when the video was closed.
        """
        with self._lock:
            if self._is_closed:
                raise MediaError("nobody wants it any more")
            try:
                return self._sampled(Wanted(track.stream, wanted))  # type: ignore[arg-type]
            except Exception:  # noqa: BLE001 - decoding it again tells whose fault it is
                pass
            finally:
                self._asks_left -= 1
                if not self._asks_left:
                    self._close()
        return contained.sample_sizes(self._path, wanted, track, self._ask.limits)

    def _sampled(self, wanted: Wanted) -> list[RGB]:
        """Ask the process; where it died and more will be asked, have another hold the frames.

        Else each window would be decoded by itself, those of a mended clock from the start.
        """
        try:
            return self._talk.say(wanted)  # type: ignore[return-value]
        except Exception:
            if not self._tries_left or self._asks_left < _WORTH_HOLDING:
                raise
        self._tries_left = 0
        self._let_go()
        with local_file(self._path) as file:
            _, talk, kept_bytes = self._ask.with_frames(file)
        if talk is None:
            raise MediaError("its frames don't fit any more")
        self._hold(talk, kept_bytes)
        return talk.say(wanted)  # type: ignore[return-value]

    def close(self) -> None:
        """Let the frames go before they were all asked for."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._is_closed = True
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
    ask = _Ask(max_frames, max_pixels, limits)
    try:
        with local_file(path) as file, in_hand(path, notes, limits) if notes else nullcontext():
            try:
                facts, talk, kept_bytes = ask.with_frames(file)
            except Exception as error:  # perhaps the frames that were kept did not fit
                if isinstance(error, DecoderDied) and error.took_too_long:
                    raise
                facts, talk, kept_bytes = ask.without_frames(file), None, 0
    except Exception as error:  # noqa: BLE001 - whatever one file does to the process is its loss
        return contained.facts_of_lost(path, error), None
    facts = contained.facts_at(path, facts)
    return facts, HeldVideo(path, ask, talk, kept_bytes) if talk else None


class _Ask(NamedTuple):
    """How a video is asked for, with its frames and without."""

    max_frames: int
    max_pixels: int
    limits: DecodeLimits

    def with_frames(self, file: Path) -> tuple[Facts, Talk | None, int]:
        """The facts; where frames are kept who has them, and what they take of the room."""
        most = int(self.limits.max_gib * (1 << 30)) // _SHARE
        granted = _ROOM.take(min(MAX_KEPT_BYTES, most))
        kept_bytes = 0
        try:
            sizes = self.max_frames, self.max_pixels, granted
            talk: Talk = Conversation(self.limits, probe_and_sample, file, *sizes)
            probed = talk.say()
            assert isinstance(probed, Probed)
            kept_bytes = probed.kept_bytes
        finally:
            _ROOM.give_back(granted - kept_bytes)
        if kept_bytes:
            return probed.facts, talk, kept_bytes
        talk.close()
        if probed.facts.reason and talk.is_spent:  # perhaps by the frames that were kept
            return self.without_frames(file), None, 0
        return probed.facts, None, 0

    def without_frames(self, file: Path) -> Facts:
        """The facts alone."""
        sizes = self.max_frames, self.max_pixels
        return decoders.contained(self.limits, probing.probe, file, "video", *sizes)


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
