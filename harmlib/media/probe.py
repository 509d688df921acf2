"""Probe a file: decode it whole for its facts, or the reason why it can't be used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harmlib.address import Address, Listed, place
from harmlib.media.decode import MediaError, load_image, loss_reason
from harmlib.media.file_state import file_state
from harmlib.media.identify import identify
from harmlib.media.kept_frames import KeptFrames
from harmlib.media.perceptual_hash import grey_hash, small_grey
from harmlib.media.video_facts import VideoFacts, read_video
from harmlib.params import MAX_FRAMES, MAX_PIXELS, Modality


@dataclass(frozen=True)
class Facts:
    """What a file is, from reading it to its end.

    Attributes
    ----------
    path : str
        The file as it was named.
    size : int
        Bytes.
    mtime_ns : int
        Modification time, nanoseconds since 1970.
    sha256 : str
        Hash of the content, 64 hexadecimal digits; empty where the file can't be read.
    width, height : int
        Pixels of the upright picture; 0 where it can't be used.
    frames : int
        1 for an image; 0 where the file can't be used.
    duration_sec : float
        0 for an image.
    reason : str
        Why the file can't be used; empty where it can.
    note : str
        What a person should know of a file that can be used (`Video.note`); mostly empty.
    stream : int
        Number of the video stream that width, height, frames and duration_sec are of, and that
        training takes; 0 for an image.
    mended_gap_sec : float
        How that stream's clock is read, as in `Track`.
    is_whole : bool
        False for a video with more frames than were looked at.
    perceptual_hash : str
        What the picture looks like, or some frames of the video, as `harmlib.media.perceptual_hash`
        has it; empty where there is too little detail, or the file can't be used.
    brightness : float
        Mean level of grey of the picture, or of some frames of the video, 0 to 255; 0 too
        where it can't be told.
    tracks : tuple of VideoFacts
        All video streams, with the times of their frames; that of `stream` first.
    listed : Listed, optional
        Of a file at an address, what its store told of the content that was read.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    duration_sec: float = 0.0
    reason: str = ""
    note: str = ""
    stream: int = 0
    mended_gap_sec: float = 0.0
    is_whole: bool = True
    perceptual_hash: str = ""
    brightness: float = 0.0
    tracks: tuple[VideoFacts, ...] = field(default=(), repr=False, compare=False)
    listed: Listed | None = field(default=None, repr=False, compare=False)

    @property
    def place(self) -> Path | Address:
        """Where the file lies; at an address, with the state in which it was read."""
        where = place(self.path)
        return where if isinstance(where, Path) else Address(where.text, self.listed)


_OTHER: dict[Modality, str] = {
    "image": "its content is an image, and it is listed as a video",
    "video": "its content is a video (pictures that move are videos), and it is listed as an image",
}


def probe(
    path: Path,
    modality: Modality,
    max_frames: int = MAX_FRAMES,
    max_pixels: int = MAX_PIXELS,
    kept: KeptFrames | None = None,
) -> Facts:
    """Hash and decode one file completely.

    Parameters
    ----------
    path : Path
        The file.
    modality : {"image", "video"}
        What it was listed as. A file whose content is of the other one is refused, since
        predicting would judge it as that.
    max_frames : int
        Of a video; those behind them are not looked at, and `note` says so.
    max_pixels : int
        The most pixels that an image may have.
    kept : KeptFrames, optional
        Where a video's frames go as they pass; by default nowhere.

    Returns
    -------
    Facts
        With a `reason` where the file can't be read or decoded; whatever it raises is told there.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     Image.new("RGB", (8, 6)).save(file, "PNG")
    ...     file.flush()
    ...     facts = probe(Path(file.name), "image")
    >>> facts.width, facts.height, facts.reason
    (8, 6, '')
    """
    before = file_state(path)
    size, mtime_ns = (before.size, before.mtime_ns) if before else (0, 0)
    sha256 = ""
    try:
        if path.is_file():  # reading a pipe would never end
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        found = identify(path, max_pixels)
        if found != modality:
            raise MediaError(_OTHER[found])
        facts = _read(path, modality, max_frames, max_pixels, kept)
        if file_state(path) != before:
            sha256 = ""  # of one content, and the facts perhaps of another
            raise MediaError("changed while it was read; run again when nothing writes to it")
    except Exception as error:  # noqa: BLE001 - whatever one file raises is its own loss
        reason = loss_reason(error)
        if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
            sha256 = ""  # so that it isn't remembered: next time there may be enough
        return Facts(str(path), size, mtime_ns, sha256, reason=reason)
    return Facts(str(path), size, mtime_ns, sha256, **facts)


def _read(
    path: Path, modality: Modality, max_frames: int, max_pixels: int, kept: KeptFrames | None
) -> dict[str, Any]:
    """The facts that take decoding."""
    if modality == "image":
        picture = load_image(path, max_pixels)
        height, width = picture.shape[:2]
        grey = small_grey(picture)
        return {
            "width": width,
            "height": height,
            "frames": 1,
            "perceptual_hash": grey_hash(grey),
            "brightness": float(grey.mean()),
        }
    video = read_video(path, max_frames, kept)
    first = video.tracks[0]
    return {
        "width": first.width,
        "height": first.height,
        "frames": first.frames,
        "duration_sec": first.duration_sec,
        "note": video.note,
        "stream": first.track.stream,
        "mended_gap_sec": first.track.mended_gap_sec,
        "is_whole": video.is_whole,
        "perceptual_hash": first.perceptual_hash,
        "brightness": first.brightness,
        "tracks": video.tracks,
    }
