"""Bring the feature stores up to date with a manifest, and say what made the vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import torch

from harmlib.features.backbones import sampling
from harmlib.features.engine import Engine
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import Vectors, Window, stream_vectors
from harmlib.features.weights import Weights
from harmlib.media.decode import MediaError
from harmlib.params import FeatureParams

WRITE_EVERY = 64  # files; a crash loses at most the vectors of these


def extract(
    items: pd.DataFrame,
    engines: Mapping[str, Engine],
    stores: Mapping[str, FeatureStore],
    params: FeatureParams,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Compute the vectors that the stores lack, and return the items that cannot be used.

    Parameters
    ----------
    items : DataFrame
        One row per file: path, modality, sha256, duration_sec (seconds, 0 for images).
    engines : mapping of str to Engine
        Backbone name -> engine. Only these backbones' stores are brought up to date.
    stores : mapping of str to FeatureStore
        Backbone name -> store, for at least the names of `engines`.
    params : FeatureParams
        How videos are sampled.
    progress : callable, optional
        Called after each file with (files done, files in all).

    Returns
    -------
    DataFrame
        The rows of `items` that cannot be decoded, with a column `reason`.

    Notes
    -----
    Only files that lack a vector in some store are read, and each content only once.
    """
    lacking = {name: set(stores[name].missing(items["sha256"])) for name in engines}
    todo = items[items["sha256"].isin(set().union(*lacking.values()))].drop_duplicates("sha256")
    reasons: dict[str, str] = {}
    vectors: dict[str, Vectors] = {}
    stream = stream_vectors(_whole_files(todo, lacking), engines, params)
    for done, (window, found) in enumerate(stream, 1):
        if isinstance(found, MediaError):
            reasons[window.key] = str(found)
        else:
            vectors[window.key] = found
        if done % WRITE_EVERY == 0:
            _write(stores, vectors)
        if progress:
            progress(done, len(todo))
    _write(stores, vectors)
    reason = items["sha256"].map(reasons)
    return items.assign(reason=reason)[reason.notna()]


def _whole_files(items: pd.DataFrame, lacking: dict[str, set[str]]) -> Iterator[Window]:
    """One window per file, for the backbones whose stores lack its vector."""
    for row in items.itertuples(index=False):
        backbones = tuple(name for name, hashes in lacking.items() if row.sha256 in hashes)
        yield Window(row.sha256, Path(row.path), row.modality, row.duration_sec, backbones)


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
