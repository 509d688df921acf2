"""The feature store: one vector per file content and backbone settings, on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from harmlib.media.sealed_table import DamagedTable, read_sealed, write_sealed
from harmlib.media.whole_file import set_aside, write_text_whole


class FeatureStore:
    """Vectors of one backbone under one set of settings, as parquet parts in a folder.

    Parameters
    ----------
    root : Path
        Folder of all stores. This one's folder is made with the first vectors.
    backbone : str
        Name of the backbone.
    settings : dict
        Everything that changes a vector (weights, sampling, image size, precision, …), as JSON
        values. A hash of it is part of the folder's name.

    Notes
    -----
    Vectors are keyed by the sha256 of the media file's content. Parts have the columns sha256 and
    vector. They are only ever added, never changed. Each carries a
    checksum, which is verified whenever the part is read: a damaged part is set aside
    (``*.damaged``), with one line that says so, and its vectors count as missing. So do those of
    parts without a checksum, which earlier versions wrote.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = FeatureStore(Path(folder.name), "clip", {"frames": 8})
    >>> store.add({"aa": np.float32([1, 2])})
    >>> store.missing(["aa", "bb"])
    ['bb']
    >>> store.load(["aa", "aa"])
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    >>> folder.cleanup()
    """

    def __init__(self, root: Path, backbone: str, settings: dict[str, Any]) -> None:
        text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
        self.settings = settings
        self.backbone = backbone
        self.dir = root / f"{backbone}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        self._settings_text = text

    def missing(self, hashes: Iterable[str]) -> list[str]:
        """List the hashes that have no vector yet, each once, in their order."""
        present = set(self._read(["sha256"])["sha256"])
        return [sha256 for sha256 in dict.fromkeys(hashes) if sha256 not in present]

    def add(self, vectors: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Write {sha256: (dim,) vector} as one new part, completely or not at all."""
        if not vectors:
            return
        settings = self.dir / "settings.json"
        if not settings.exists() or settings.read_bytes() != self._settings_text.encode():
            write_text_whole(settings, self._settings_text)
        name = hashlib.sha256("".join(vectors).encode()).hexdigest()[:16]
        table = pd.DataFrame({"sha256": list(vectors), "vector": list(vectors.values())})
        write_sealed(table, self.dir / f"part-{name}.parquet")

    def load(self, hashes: Iterable[str]) -> npt.NDArray[np.float32]:
        """Return the vectors of `hashes`, in their order, as (n, dim).

        Raises KeyError, with a count and an example, for hashes that have no vector.
        """
        hashes = list(hashes)
        table = self._read(["sha256", "vector"]).drop_duplicates("sha256").set_index("sha256")
        lacking = [sha256 for sha256 in hashes if sha256 not in table.index]
        if lacking:
            raise KeyError(
                f"{self.backbone}: {len(lacking)} of {len(hashes)} items have no vector in "
                f"{self.dir} (first: {lacking[0][:12]}…); run 01_extract_features for this data"
            )
        return np.stack(table["vector"].loc[hashes].to_list()).astype(np.float32)

    def _read(self, columns: list[str]) -> pd.DataFrame:
        parts = list(_sound_parts(self.dir, columns))
        return pd.concat(parts) if parts else pd.DataFrame(columns=columns)


def set_damaged_aside(folder: Path) -> None:
    """Verify every part of a store; set the damaged ones aside, with one line that says so.

    Parameters
    ----------
    folder : Path
        `FeatureStore.dir`, which need not exist.

    Examples
    --------
    >>> set_damaged_aside(Path("no such folder"))
    """
    for _ in _sound_parts(folder, []):
        pass


def _sound_parts(folder: Path, columns: list[str]) -> Iterator[pd.DataFrame]:
    """Yield the table of each sound part; at the end set the others aside."""
    refused: dict[Path, str] = {}
    for path in sorted(folder.glob("part-*.parquet")):
        try:
            yield read_sealed(path, columns)
        except FileNotFoundError:  # another process has set it aside
            continue
        except (DamagedTable, OSError) as error:
            refused[path] = str(error)
    set_aside(refused)


def join_features(
    stores: Mapping[str, FeatureStore], hashes: Iterable[str]
) -> tuple[npt.NDArray[np.float32], dict[str, int]]:
    """Put the vectors of all backbones side by side.

    Parameters
    ----------
    stores : mapping of str to FeatureStore
        Backbone name -> store, in the order in which the vectors are joined.
    hashes : iterable of str
        sha256 of each file.

    Returns
    -------
    features : ndarray of shape (n, sum of dims)
        One row per hash, in their order.
    dims : dict of str to int
        Backbone name -> length of its vector.

    Raises
    ------
    KeyError
        If a store lacks the vector of a hash.
    """
    hashes = list(hashes)
    blocks = {name: store.load(hashes) for name, store in stores.items()}
    return np.hstack(list(blocks.values())), {name: b.shape[1] for name, b in blocks.items()}
