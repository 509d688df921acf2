"""What reads files, each call in a process that may die: the same as its namesake elsewhere.

A file may lie at an address, too: the process reads a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from harmlib.address import Address
from harmlib.media import decode, video
from harmlib.media import identify as identifying
from harmlib.media import probe as probing
from harmlib.media.decode import RGB, loss_reason
from harmlib.media.decoders import DecodeLimits, contained, contained_stream
from harmlib.media.fetching import local_file
from harmlib.media.file_state import file_state
from harmlib.media.in_hand import in_hand
from harmlib.media.probe import Facts
from harmlib.media.tracks import MAIN, Track
from harmlib.params import MAX_FRAMES, MAX_PIXELS, Modality

LIMITS = DecodeLimits()


def identify(
    path: Path | Address, max_pixels: int = MAX_PIXELS, limits: DecodeLimits = LIMITS
) -> Modality:
    """Tell what a file is, as `harmlib.media.identify.identify` does.

    Parameters
    ----------
    path : Path or Address
        A file of any name.
    max_pixels : int
        The most pixels that a picture may have.
    limits : DecodeLimits
        What it may take.

    Returns
    -------
    {"image", "video"}

    Raises
    ------
    MediaError
        With the reason, for everything else; `DecoderDied` where the process died.

    Examples
    --------
    >>> identify(Path("."))
    Traceback (most recent call last):
    harmlib.media.decode.MediaError: a folder, not a file
    """
    with local_file(path) as file:
        return contained(limits, identifying.identify, file, max_pixels)


def probe(
    path: Path | Address,
    modality: Modality,
    max_frames: int = MAX_FRAMES,
    max_pixels: int = MAX_PIXELS,
    limits: DecodeLimits = LIMITS,
    notes: Path | None = None,
) -> Facts:
    """Hash and decode one file completely, as `harmlib.media.probe.probe` does.

    Parameters
    ----------
    path : Path or Address
        The file.
    modality : {"image", "video"}
        What it was listed as.
    max_frames, max_pixels : int
        Of a video, and of an image.
    limits : DecodeLimits
        What it may take.
    notes : Path, optional
        Where `harmlib.media.in_hand` notes what is in hand.

    Returns
    -------
    Facts
        With a `reason` where the file can't be used. Where the process died it has no hash, so
        that it isn't remembered: next time there may be more time or memory.

    Examples
    --------
    >>> probe(Path("no such file"), "image").reason
    "can't be read: No such file or directory"
    """
    try:
        with local_file(path) as file, in_hand(path, notes, limits) if notes else nullcontext():
            facts = contained(limits, probing.probe, file, modality, max_frames, max_pixels)
        return facts_at(path, facts)
    except Exception as error:  # noqa: BLE001 - whatever one file does to the process is its loss
        return facts_of_lost(path, error)


def facts_at(path: Path | Address, facts: Facts) -> Facts:
    """Say of a file at an address what was found out from its copy.

    Parameters
    ----------
    path : Path or Address
        The file.
    facts : Facts
        Of the copy, or of the file itself.

    Returns
    -------
    Facts
        With the file's own name and times, and as it was listed.

    Examples
    --------
    >>> facts = Facts("a.jpg", size=3, mtime_ns=5)
    >>> facts_at(Path("a.jpg"), facts) is facts
    True
    """
    if isinstance(path, Path):
        return facts
    state = file_state(path)
    mtime_ns = state.mtime_ns if state else 0
    return replace(facts, path=str(path), mtime_ns=mtime_ns, listed=path.listed)


def facts_of_lost(path: Path | Address, error: Exception) -> Facts:
    """What is known of a file that no process could probe.

    Parameters
    ----------
    path : Path or Address
        The file.
    error : Exception
        What happened to the process.

    Returns
    -------
    Facts
        Without a hash.

    Examples
    --------
    >>> facts_of_lost(Path("no such file"), decode.MediaError("odd")).reason
    'odd'
    """
    state = file_state(path)
    size, mtime_ns = (state.size, state.mtime_ns) if state else (0, 0)
    return Facts(str(path), size, mtime_ns, reason=loss_reason(error))


def load_image(
    path: Path | Address, max_pixels: int = MAX_PIXELS, limits: DecodeLimits = LIMITS
) -> RGB:
    """Decode a picture, as `harmlib.media.decode.load_image` does.

    Parameters
    ----------
    path : Path or Address
        A file that begins as a picture does.
    max_pixels : int
        The most pixels that it may have.
    limits : DecodeLimits
        What it may take.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    MediaError
        If it can't be decoded; `DecoderDied` where the process died.

    Examples
    --------
    >>> load_image(Path("no such file"))
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'no such file'
    """
    with local_file(path) as file:
        return contained(limits, decode.load_image, file, max_pixels)


def sample_sizes(
    path: Path | Address,
    wanted: list[tuple[float, int | None]],
    track: Track = MAIN,
    limits: DecodeLimits = LIMITS,
) -> list[RGB]:
    """Decode frames in several sizes in one pass, as `harmlib.media.video.sample_sizes` does.

    Parameters
    ----------
    path : Path or Address
        A video.
    wanted : list of (float, int or None)
        For each frame its time and its short side.
    track : Track
        Which stream.
    limits : DecodeLimits
        What it may take.

    Returns
    -------
    list of ndarray of uint8, shape (height, width, 3)
        RGB, one for each wanted frame.

    Raises
    ------
    MediaError
        If it can't be decoded; `DecoderDied` where the process died.

    Examples
    --------
    >>> sample_sizes(Path("no such file"), [])
    []
    """
    with local_file(path) as file:
        return contained(limits, video.sample_sizes, file, wanted, track)


def stream_sizes(
    path: Path | Address,
    wanted: list[tuple[float, int | None]],
    track: Track,
    limits: DecodeLimits = LIMITS,
) -> Iterator[RGB]:
    """Yield what `sample_sizes` returns one frame at a time.

    Parameters
    ----------
    path, wanted, track, limits : Path or Address, list of (float, int or None), Track, DecodeLimits
        As in `sample_sizes`.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    MediaError
        As `sample_sizes` does.

    Examples
    --------
    >>> list(stream_sizes(Path("no such file"), [], MAIN))
    []
    """
    with local_file(path) as file:
        yield from contained_stream(limits, video.stream_sizes, file, wanted, track)
