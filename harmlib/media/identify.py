"""Identify a file by its content: an image, a video, or neither."""

from __future__ import annotations

import stat
from pathlib import Path

from PIL import Image

from harmlib.media.decode import MediaError, loss_reason, open_picture, read_picture
from harmlib.media.formats import HEAD, Format, recognise, refusal
from harmlib.media.raw_streams import is_motion_jpeg
from harmlib.media.tracks import open_video, split_streams
from harmlib.params import MAX_PIXELS, Modality

_MAY_MOVE = ("GIF", "PNG", "WEBP", "AVIF", "HEIF")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def identify(path: str | Path, max_pixels: int = MAX_PIXELS) -> Modality:
    """Tell what a file is by its content: the signature, then the header; never by its name.

    Parameters
    ----------
    path : str or Path
        A file of any name.
    max_pixels : int
        The most pixels that a picture may have.

    Returns
    -------
    {"image", "video"}
        A picture that moves (GIF or PNG of several frames) is a video: if it were scored by its
        first frame alone, the others would pass unseen. A TIFF of several pages, and a JPEG with
        more pictures behind the first, are images.

    Raises
    ------
    MediaError
        With the reason, for everything else: empty files, folders, pipes and sockets (they are
        never opened, so nothing hangs), sound, text, unknown and unsupported formats, damaged
        headers. Moving WebP, AVIF and HEIC are refused, because FFmpeg decodes one frame of them
        at most.

    Notes
    -----
    The file can still be damaged behind its header; `harmlib.media.probe.probe` decodes it whole.
    Training and predicting both ask here, and decode by the format that is found here.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
    ...     Image.new("RGB", (8, 6)).save(file, "PNG")
    ...     file.flush()
    ...     identify(file.name)
    'image'
    """
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MediaError(f"{_KINDS[stat.S_IFMT(status.st_mode)]}, not a file")
        if not status.st_size:
            raise MediaError("empty file (0 bytes)")
        return _by_content(path, max_pixels)
    except OSError as error:
        raise MediaError(f"can't be read: {error.strerror or error}") from error
    except Exception as error:  # the loss of this one file, whatever its headers make readers raise
        raise MediaError(loss_reason(error)) from error


def _by_content(path: Path, max_pixels: int) -> Modality:
    with path.open("rb") as file:
        found = recognise(file.read(HEAD))
        if found.kind in ("unsupported", "other"):
            raise MediaError(refusal(found, path.suffix))
        moves = found.reader == "JPEG" and is_motion_jpeg(file)
        if (
            found.kind == "picture"
            and not moves
            and not read_picture(
                file,
                found,
                found.name,
                lambda whole, _: _moves(open_picture(whole, found, max_pixels)),
            )
        ):
            return "image"
    _check_video(path, found)
    return "video"


def _moves(image: Image.Image) -> bool:
    """Pages of a TIFF, and the pictures behind a JPEG, are no frames."""
    return image.format in _MAY_MOVE and bool(getattr(image, "is_animated", False))


def _check_video(path: Path, found: Format) -> None:
    if not found.demuxer:
        raise MediaError(f"a moving {found.name}, which FFmpeg can't decode; convert it to MP4")
    with open_video(path) as container:
        split_streams(container)
