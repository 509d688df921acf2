"""Bring the feature stores up to date with a manifest, and say what made the vectors."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from harmlib.address import place
from harmlib.features.backbones import sampling
from harmlib.features.engine import Engine
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import Vectors, Window, stream_vectors
from harmlib.features.weights import Weights
from harmlib.media.contained import LIMITS
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits
from harmlib.media.fetching import fetched_ahead, local_file
from harmlib.media.file_state import FileState, file_state
from harmlib.media.ledger import Unusable
from harmlib.media.tracks import MAIN, Track
from harmlib.params import MAX_PIXELS, FeatureParams

# Rows of a manifest that are looked at together, which bounds the memory; unless there are so many
# that looking into the store for each would take long.
ROWS_AT_ONCE = 50_000
MOST_LOOKS = 40

# A crash loses at most the vectors of the last half minute, or of as many bytes.
WRITE_EVERY_SEC = 30.0
WRITE_EVERY_BYTES = 8 << 20


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

    def compute(first: pd.DataFrame) -> Iterator[Outcome]:
        checked = Unchanged(first, limits)
        writer = _Writer(stores)
        for window, found in stream_vectors(checked.windows(), engines, params):
            reason, changed = checked.complaint(window)
            reason = reason or complaint(found)
            if not reason and not isinstance(found, MediaError):
                writer.add(window.key, found)
            yield Outcome(window.key, reason, changed)
        writer.write()

    own = {name: stores[name] for name in engines}
    return bring_up_to_date(items, own, compute, progress)


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes
    ----------
    sha256 : str
        Of the content that the manifest tells.
    reason : str
        Why it can't be used; empty where its vectors are computed.
    changed : bool
        Whether it is no longer what the manifest says; a copy of it may be.
    """

    sha256: str
    reason: str = ""
    changed: bool = False


def bring_up_to_date(
    items: pd.DataFrame,
    stores: Mapping[str, FeatureStore],
    compute: Callable[[pd.DataFrame], Iterable[Outcome]],
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Have the vectors computed that stores lack, wherever that happens, and join their parts.

    Parameters
    ----------
    items, progress : DataFrame, callable
        As in `extract`.
    stores : mapping of str to FeatureStore
        Backbone name -> store.
    compute : callable
        Called with rows of `items`, one of each content, and a column `backbones` (names, joined
        by commas) of the stores that lack it. It fills the stores, and yields what came of each.

    Returns
    -------
    DataFrame
        As `extract` returns it.
    """
    size = max(ROWS_AT_ONCE, -(-len(items) // MOST_LOOKS))
    slabs = [items.iloc[first : first + size] for first in range(0, len(items), size)]
    ahead = [_lacking(slab, stores)["sha256"].nunique() for slab in slabs[1:]]
    reasons: dict[str, str] = {}
    changed: set[str] = set()
    done = told = 0
    for slab in slabs:
        todo = _lacking(slab, stores)
        todo = todo[~todo["sha256"].isin(reasons.keys() - changed)]
        count = len(set(todo["sha256"]) - changed)
        total, step = done + count + sum(ahead), 0
        while len(todo):  # once, and again with the copies of files that have changed meanwhile
            first = todo.drop_duplicates("sha256")
            again: set[str] = set()
            for outcome in compute(first):
                if outcome.changed:
                    again.add(outcome.sha256)
                if outcome.reason:
                    reasons[outcome.sha256] = outcome.reason
                else:
                    reasons.pop(outcome.sha256, None)
                step += 1
                if progress:
                    progress(done + min(step, count), total)
                    told = total
            todo = todo[todo["sha256"].isin(again)].drop(first.index, errors="ignore")
            changed = (changed - set(first["sha256"])) | again
        done, ahead = done + count, ahead[1:]
        for store in stores.values():
            store.compact()
    if progress and told > done:  # the last files were copies of what came before
        progress(done, done)
    lost = items[items["sha256"].isin(reasons)]  # few: a reason for each row would take room
    return lost.assign(reason=lost["sha256"].map(reasons))


def _lacking(items: pd.DataFrame, stores: Mapping[str, FeatureStore]) -> pd.DataFrame:
    """Return the rows that lack a vector, with a column `backbones` of the stores that lack it."""
    hashes = items["sha256"]
    names = pd.Series("", index=items.index, dtype="str")
    for name, store in stores.items():
        lacks = hashes.isin(store.missing(hashes))
        names = names.mask(lacks, names + f",{name}")
    return items.assign(backbones=names.str.removeprefix(","))[names != ""]


def complaint(found: Vectors | MediaError) -> str:
    """Tell why a file can't be used.

    Parameters
    ----------
    found : Vectors or MediaError
        What `stream_vectors` yields of it.

    Returns
    -------
    str
        Empty where it can be used.

    Examples
    --------
    >>> complaint({"clip": np.float32([1, np.nan])})
    'clip: its vector holds NaN or infinity'
    """
    if isinstance(found, MediaError):
        return str(found)
    broken = [name for name, vector in found.items() if not np.isfinite(vector).all()]
    return f"{', '.join(broken)}: its vector holds NaN or infinity" if broken else ""


class Unchanged:
    """Whole files as windows, and whether each is still what the manifest says of it.

    A vector must never be kept under the hash of another content.

    Parameters
    ----------
    items : DataFrame
        As `bring_up_to_date` has them computed.
    limits : DecodeLimits
        What decoding one file may take.
    """

    def __init__(self, items: pd.DataFrame, limits: DecodeLimits) -> None:
        self.items, self.limits = items, limits
        self.before: dict[str, FileState | None] = {}

    def windows(self) -> Iterator[Window]:
        """One window per file, for the backbones whose stores lack its vector."""
        places = [place(path) for path in self.items["path"]]
        rows = self.items.itertuples(index=False)
        for row, own, fetched in zip(rows, places, fetched_ahead(places), strict=True):
            names = tuple(row.backbones.split(","))
            # What can't be fetched, the decoder asks for again, and says why it is lost
            path = own if isinstance(fetched, Unusable) else fetched
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

    def complaint(self, window: Window) -> tuple[str, bool]:
        """What is wrong if the file changed before or while it was decoded; whether it did."""
        before = self.before.pop(window.key)
        try:
            with local_file(window.path) as near, near.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"can't be read any more: {error.strerror or error}", True
        if sha256 == window.key and file_state(window.path) == before:
            return "", False
        return "changed after its content was hashed; run again when nothing writes to it", True


class _Writer:
    """Collects vectors, and adds them to their stores from time to time."""

    def __init__(self, stores: Mapping[str, FeatureStore]) -> None:
        self._stores = stores
        self._begin()

    def _begin(self) -> None:
        self._vectors: dict[str, Vectors] = {}
        self._bytes = 0
        self._since = time.monotonic()

    def add(self, sha256: str, found: Vectors) -> None:
        """Keep the vectors of one file, and write all that are kept if it is time to."""
        self._vectors[sha256] = found
        self._bytes += sum(vector.nbytes for vector in found.values())
        is_late = time.monotonic() - self._since > WRITE_EVERY_SEC
        if is_late or self._bytes >= WRITE_EVERY_BYTES:
            self.write()

    def write(self) -> None:
        """Add the vectors to their stores, and forget them."""
        for name, store in self._stores.items():
            store.add({sha256: one[name] for sha256, one in self._vectors.items() if name in one})
        self._begin()


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
            "store": [stores[name].name for name in weights],
        }
    )
