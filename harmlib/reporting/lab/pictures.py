"""Small pictures of items for the lab, each read once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from harmlib.address import place
from harmlib.media.fetching import local_file
from harmlib.media.thumbnails import thumbnail


class Pictures:
    """The pictures of a run's items.

    Parameters
    ----------
    media : DataFrame
        Columns item_id, path, modality.

    Examples
    --------
    >>> media = pd.DataFrame({"item_id": ["a"], "path": "nowhere.jpg", "modality": "image"})
    >>> Pictures(media).of(["a"])
    {}
    """

    def __init__(self, media: pd.DataFrame) -> None:
        self._media = media.drop_duplicates("item_id").set_index("item_id")
        self._known: dict[str, bytes | None] = {}

    def of(self, item_ids: Iterable[str]) -> dict[str, bytes]:
        """Return JPEG bytes by item_id; a file that is gone or damaged by now has none.

        Parameters
        ----------
        item_ids : iterable of str
            Some of the media's.

        Returns
        -------
        dict of str to bytes
        """
        found = {}
        for item_id in item_ids:
            if item_id not in self._known:
                self._known[item_id] = self._load(item_id)
            jpeg = self._known[item_id]
            if jpeg:
                found[item_id] = jpeg
        return found

    def _load(self, item_id: str) -> bytes | None:
        item = self._media.loc[item_id]
        try:
            with local_file(place(item["path"])) as file:
                return thumbnail(file, item["modality"])
        except Exception:  # noqa: BLE001 - whatever one file raises, the lab goes on without it
            return None
