"""Bring the feature stores up to date with a manifest, and say what made the vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from harmlib.features.backbones import sampling
from harmlib.features.engine import Engine
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import Vectors, Window, stream_vectors
from harmlib.features.weights import Weights
from harmlib.media.contained import LIMITS
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits
from harmlib.media.file_state import FileState, file_state
from harmlib.media.tracks import MAIN, Track
from harmlib.params import MAX_PIXELS, FeatureParams

WRITE_EVERY = 64  # files; a crash loses at most the vectors of these


def extract(
    items: pd.DataFrame,
    engines: Mapping[str, Engine],
    stores: Mapping[str, FeatureStore],
    params: FeatureParams,
    progress: Callable[[int, int], None] | None = None,
    limits: DecodeLimits = LIMITS,
) -> pd.DataFrame:
    """Compute the vectors that the stores lack, and return the items that cannot be used.

    Parameters
    ----------
    items : DataFrame
        One row per file: path, modality, sha256, duration_sec (seconds, 0 for images); stream and
        mended_gap_sec (`Track`), without which it is the first video stream, by its own clock.
    engines : mapping of str to Engine
        Backbone name -> engine. Only these backbones' stores are brought up to date.
    stores : mapping of str to FeatureStore
        Backbone name -> store, for at least the names of `engines`.
    params : FeatureParams
        How videos are sampled.
    progress : callable, optional
        Called after each file with (files done, files in all).
    limits : DecodeLimits
        What decoding one file may take.

    Returns
    -------
    DataFrame
        The rows of `items` that cannot be used, with a column `reason`.

    Notes
    -----
    Only files that lack a vector in some store are read, and each content only once. A file is
    hashed after it was decoded: if its content isn't that of its `sha256`, or anything changed it
    meanwhile, no vector is kept; a copy of it is taken where there is one.
    """
    lacking = {name: set(stores[name].missing(items["sha256"])) for name in engines}
    todo = items[items["sha256"].isin(set().union(*lacking.values()))]
    total, done = todo["sha256"].nunique(), 0
    reasons: dict[str, str] = {}
    vectors: dict[str, Vectors] = {}
    while len(todo):  # once, and again with the copies of files that have changed meanwhile
        first = todo.drop_duplicates("sha256")
        checked = _Unchanged(first, lacking, limits)
        for window, found in stream_vectors(checked.windows(), engines, params):
            done += 1
            reason = checked.complaint(window) or _complaint(found)
            if reason:
                reasons[window.key] = reason
            elif not isinstance(found, MediaError):
                reasons.pop(window.key, None)
                vectors[window.key] = found
            if done % WRITE_EVERY == 0:
                _write(stores, vectors)
            if progress:
                progress(min(done, total), total)
        _write(stores, vectors)
        todo = todo[todo["sha256"].isin(checked.changed)].drop(first.index, errors="ignore")
    reason_of = items["sha256"].map(reasons)
    return items.assign(reason=reason_of)[reason_of.notna()]


def _complaint(found: Vectors | MediaError) -> str:
    """Return why a file can't be used; empty where it can."""
    if isinstance(found, MediaError):
        return str(found)
    broken = [name for name, vector in found.items() if not np.isfinite(vector).all()]
    return f"{', '.join(broken)}: its vector holds NaN or infinity" if broken else ""


class _Unchanged:
    """Whole files as windows, and whether each is still what the manifest says of it.

    A vector must never be kept under the hash of another content.
    """

    def __init__(
        self, items: pd.DataFrame, lacking: dict[str, set[str]], limits: DecodeLimits
    ) -> None:
        self.items, self.lacking, self.limits = items, lacking, limits
        self.before: dict[str, FileState | None] = {}
        self.changed: set[str] = set()

    def windows(self) -> Iterator[Window]:
        """One window per file, for the backbones whose stores lack its vector."""
        for row in self.items.itertuples(index=False):
            names = tuple(name for name, hashes in self.lacking.items() if row.sha256 in hashes)
            path = Path(row.path)
            self.before[row.sha256] = file_state(path)
            track = Track(row.stream, row.mended_gap_sec) if "stream" in self.items else MAIN
            # The probe was told which size is too large; what it let pass is not.
            pixels = row.width * row.height if "width" in self.items else MAX_PIXELS
            yield Window(
                row.sha256,
                path,
                row.modality,
                row.duration_sec,
                names,
                track=track,
                max_pixels=pixels,
                limits=self.limits,
            )

    def complaint(self, window: Window) -> str:
        """Return what is wrong if the file changed before or while it was decoded, else nothing."""
        before = self.before.pop(window.key)
        try:
            with window.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            self.changed.add(window.key)
            return f"can't be read any more: {error.strerror}"
        if sha256 == window.key and file_state(window.path) == before:
            return ""
        self.changed.add(window.key)
        return "changed after its content was hashed; run again when nothing writes to it"


def _write(stores: Mapping[str, FeatureStore], vectors: dict[str, Vectors]) -> None:
    """Add the collected vectors to their stores, and forget them."""
    for name, store in stores.items():
        store.add({sha256: found[name] for sha256, found in vectors.items() if name in found})
    vectors.clear()


def weights_table(
    params: FeatureParams,
    modality: str,
    weights: Mapping[str, Weights],
    stores: Mapping[str, FeatureStore],
    precision: torch.dtype,
    hashes: Sequence[str],
) -> pd.DataFrame:
    """Tell which backbones made the vectors of a modality, with which weights.

    Parameters
    ----------
    params : FeatureParams
        With a section for each backbone of `weights`.
    modality : str
        ``image`` or ``video``.
    weights : mapping of str to Weights
        Backbone name -> weights, in the order in which the vectors are joined.
    stores : mapping of str to FeatureStore
        Backbone name -> store.
    precision : torch.dtype
        Of the computation.
    hashes : sequence of str
        sha256 of the files that are used; at least one. All have vectors.

    Returns
    -------
    DataFrame
        One row per backbone: backbone, weights, sha256 (of the weights; empty if untrained),
        sampling, precision_used, dim (length of its vector), items, store (its folder's name).
    """
    return pd.DataFrame(
        {
            "backbone": list(weights),
            "weights": [one.label for one in weights.values()],
            "sha256": [one.sha256 or "" for one in weights.values()],
            "sampling": [str(sampling(params, name, modality)) for name in weights],
            "precision_used": str(precision).removeprefix("torch."),
            "dim": [stores[name].load(hashes[:1]).shape[1] for name in weights],
            "items": len(hashes),
            "store": [stores[name].dir.name for name in weights],
        }
    )
