"""The pictures of a gallery: large enough to open, and together small enough for one page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harmlib.media.thumbnails import thumbnails
from harmlib.params import Modality

HEIGHT, MAX_WIDTH = 240, 960  # pixels; the width is that of a strip of four frames
MAX_BYTES = {"image": 24_000, "video": 48_000}  # of one picture
BUDGET_BYTES = 500_000  # of a gallery's pictures together; a third more in the page, as base64


def gallery_pictures(paths: Mapping[str, str | Path], modality: Modality) -> dict[str, bytes]:
    """Draw the pictures of a gallery, each no heavier than the page can bear.

    Parameters
    ----------
    paths : mapping of str to str or Path
        Name of an item to its file; each name once, however many models it is shown for.
    modality : {"image", "video"}
        What they all are.

    Returns
    -------
    dict of str to bytes
        As `harmlib.media.thumbnails.thumbnails` returns them, 240 pixels high at most: of lower
        quality, the more there are.

    Examples
    --------
    >>> gallery_pictures({"a": "nowhere.png"}, "image")
    {}
    """
    share = BUDGET_BYTES // max(1, len(paths))
    return thumbnails(paths, modality, HEIGHT, MAX_WIDTH, min(MAX_BYTES[modality], share))
