"""The feature store: one vector per file content and backbone settings, on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harmlib.address import Address, place
from harmlib.features.store_content import held, join_parts, read_vectors
from harmlib.features.store_folder import LocalFolder, open_folder
from harmlib.features.vector_files import Shard, Vectors, part_content


class FeatureStore:
    """Vectors of one backbone under one set of settings, in a folder or at an fsspec address.

    Parameters
    ----------
    root : Path, str or Address
        Folder of all stores: a path, or an address such as ``s3://bucket/features``. This one's
        folder is made with the first vectors.
    backbone : str
        Name of the backbone.
    settings : dict
        Everything that changes a vector (weights, sampling, image size, precision, …), as JSON
        values. A hash of it is part of the folder's name.

    Attributes
    ----------
    name : str
        Of this store's folder.
    folder : StoreFolder
        Its files.

    Notes
    -----
    Vectors are keyed by the sha256 of the media file's content. What is added is one more part,
    a parquet file with the columns sha256 and vector; `compact` joins many parts into shards
    (`vector_files`). A file is never changed, and removed only when a shard holds all of it, so
    any number of processes and machines may add and read at the same time; what was added twice
    counts once.

    Everything carries checksums, which are verified for whatever is read: parts whole, the tables
    of shards whole, their vectors one by one. What is damaged is set aside (``*.damaged``), with
    one line that says so, and its vectors count as missing; of a shard with a damaged vector, the
    others are kept. Parts that earlier versions wrote are read; those without a checksum, which
    the earliest wrote, count as damaged.

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

    def __init__(self, root: Path | str | Address, backbone: str, settings: dict[str, Any]) -> None:
        text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
        self.settings = settings
        self.backbone = backbone
        self.name = f"{backbone}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        self.folder = open_folder(root, self.name)
        self._settings = text.encode()

    @property
    def dir(self) -> Path:
        """The folder of a store on this machine."""
        if not isinstance(self.folder, LocalFolder):
            raise ValueError(f"{self.folder.shown('')}: is no folder of this machine")
        return self.folder.path

    def missing(self, hashes: Iterable[str]) -> list[str]:
        """List the hashes that have no vector yet, each once, in their order."""
        lacking = dict.fromkeys(hashes)
        for _, one in held(self.folder):
            for sha256 in one.hashes:
                lacking.pop(sha256, None)
        return list(lacking)

    def add(self, vectors: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Write {sha256: (dim,) vector} as one new part, completely or not at all."""
        if not vectors:
            return
        if not self._is_described():
            self.folder.write("settings.json", self._settings)
        name = hashlib.sha256("".join(vectors).encode()).hexdigest()[:16]
        matrix = np.stack(list(vectors.values())).astype(np.float32, copy=False)
        self.folder.write(f"part-{name}.parquet", part_content(list(vectors), matrix))

    def load(self, hashes: Iterable[str]) -> Vectors:
        """Return the vectors of `hashes`, in their order, as (n, dim).

        Raises KeyError, with a count and an example, for hashes that have no vector.
        """
        hashes = list(hashes)
        row_of = {sha256: i for i, sha256 in enumerate(dict.fromkeys(hashes))}
        lacking = set(row_of)
        found = np.empty((len(row_of), 0), np.float32)
        for name, one in held(self.folder):
            rows = [row for row, sha256 in enumerate(one.hashes) if sha256 in lacking]
            if not rows or (vectors := read_vectors(self.folder, name, one, rows)) is None:
                continue
            if not found.size:
                found = np.empty((len(row_of), vectors.shape[1]), np.float32)
            asked = [one.hashes[row] for row in rows]
            found[[row_of[sha256] for sha256 in asked]] = vectors
            lacking.difference_update(asked)
        if lacking:
            first = next(sha256 for sha256 in hashes if sha256 in lacking)
            count = sum(sha256 in lacking for sha256 in hashes)
            raise KeyError(
                f"{self.backbone}: {count} of {len(hashes)} items have no vector in "
                f"{self.folder.shown('').rstrip('/')} (first: {first[:12]}…); run "
                "01_extract_features for this data"
            )
        return found if len(row_of) == len(hashes) else found[[row_of[sha256] for sha256 in hashes]]

    def compact(self) -> None:
        """Join many small parts into few large shards; a few parts are left as they are.

        Others may read and add meanwhile. A part is removed when a shard that holds it is whole,
        so a crash loses nothing. Two who compact the same parts lose nothing either; they may
        leave some vectors twice, which takes room and counts once.
        """
        join_parts(self.folder)

    def _is_described(self) -> bool:
        try:
            return self.folder.read("settings.json") == self._settings
        except FileNotFoundError:
            return False


def set_damaged_aside(where: Path | str | Address) -> None:
    """Verify all of a store; set what is damaged aside, with one line that says so.

    Parameters
    ----------
    where : Path, str or Address
        The folder of one store (`FeatureStore.name` below its root), which need not exist.

    Examples
    --------
    >>> set_damaged_aside(Path("no such folder"))
    """
    found = place(where)
    folder = open_folder(found.parent, found.name)
    for shard, one in held(folder):
        if isinstance(one, Shard):
            read_vectors(folder, shard, one, range(len(one.hashes)))


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
