"""Guess groups where nobody gave any: files of one source, and pictures that are nearly equal.

A source whose files fall into training and test makes test figures look better than they are, and
whoever brings files of their own seldom names the sources. The guess rather joins too much than too
little. It is a guess: what it found stands in the manifest's column ``group_by``, and `00_data`
shows it for confirmation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from harmlib.media.source_names import ALONE, source_names

NEAR = "near"
GIVEN = "given"
_CELLS = 1 << 20  # pairs that are compared at once
_WORDS = 4  # of 64 bits in a hash

Places = npt.NDArray[np.int64]


def guess_groups(
    items: pd.DataFrame, hash_distance: int | None = 31, max_comparisons: int = 5_000_000_000
) -> pd.DataFrame:
    """Guess which items of one modality come from one source.

    Parameters
    ----------
    items : DataFrame
        Columns path and perceptual_hash (without it names alone tell).
    hash_distance : int, optional
        Bits of 256 in which hashes of nearly equal pictures may differ; None: they don't count.
    max_comparisons : int
        Of pictures. Of more, each is compared with those that follow it in the order of paths.

    Returns
    -------
    DataFrame
        With the index of `items`: group (a name; None for an item that is alone) and group_by
        (how that was found: as `source_names` says, or ``near``; ``file`` for an item that is
        alone). It doesn't depend on the rows' order.

    Examples
    --------
    >>> items = pd.DataFrame({"path": ["a/cam1_1.jpg", "b/cam1_2.jpg", "b/x.jpg"],
    ...                       "perceptual_hash": ["", "0" * 64, "0" * 63 + "1"]})
    >>> guess_groups(items)
      group group_by
    0  cam1   camera
    1  cam1   camera
    2  cam1     near
    """
    ordered = items.sort_values("path")
    named = source_names(ordered["path"].tolist()).set_index(ordered.index)
    ends = [_of_equal_names(named["source"])]
    if hash_distance is not None and "perceptual_hash" in items and len(items) > 1:
        ends.append(near_pictures(ordered["perceptual_hash"], hash_distance, max_comparisons))
    i, j = (np.concatenate(side) for side in zip(*ends, strict=True))
    n = len(ordered)
    links = scipy.sparse.coo_array((np.ones(len(i)), (i, j)), shape=(n, n))
    _, component = scipy.sparse.csgraph.connected_components(links, directed=False)
    size = np.bincount(component, minlength=1)[component]
    name = _names(component, named["source"], ordered["path"])
    alone = size == 1
    by = named["by"].mask(named["by"] == ALONE, NEAR).mask(alone, ALONE)
    group = pd.Series(np.where(alone, None, name), index=ordered.index, dtype=object)
    return pd.DataFrame({"group": group, "group_by": by}).loc[items.index]


def group_table(manifest: pd.DataFrame) -> pd.DataFrame:
    """List the groups of several files, the largest first, for a person to confirm.

    Parameters
    ----------
    manifest : DataFrame
        Columns modality, group, group_by, label (0/1) and item_id.

    Returns
    -------
    DataFrame
        One row per group: modality, group, group_by (joined by commas), files, harmful, safe, first
        and last (the first and the last item_id in their order).

    Examples
    --------
    >>> group_table(pd.DataFrame({"modality": "image", "group": ["cam1", "cam1", "x"],
    ...     "group_by": ["camera", "camera", "file"], "label": [1, 0, 1],
    ...     "item_id": ["a.jpg", "b.jpg", "c.jpg"]}))
      modality group group_by  files  harmful  safe  first   last
    0    image  cam1   camera      2        1     1  a.jpg  b.jpg
    """
    groups = manifest.groupby(["modality", "group"])
    table = groups.agg(
        group_by=("group_by", lambda by: ", ".join(sorted(set(by)))),
        files=("label", "size"),
        harmful=("label", "sum"),
        first=("item_id", "min"),
        last=("item_id", "max"),
    )
    table.insert(3, "safe", table["files"] - table["harmful"])
    table = table[table["files"] > 1].sort_values("files", ascending=False, kind="stable")
    return table.reset_index()


def _of_equal_names(source: pd.Series) -> tuple[Places, Places]:
    """Link each item with the first one of its source."""
    codes, _ = pd.factorize(source)
    places = np.flatnonzero(codes >= 0)
    _, first, inverse = np.unique(codes[places], return_index=True, return_inverse=True)
    return places, places[first][inverse]


def _names(component: npt.NDArray[np.int32], source: pd.Series, path: pd.Series) -> pd.Series:
    """Name each component: by the source of most of its items, else by its first path."""
    table = pd.DataFrame({"component": component, "source": source.to_numpy()})
    counts = table.dropna().value_counts().reset_index()
    counts = counts.sort_values(["count", "source"], ascending=[False, True], kind="stable")
    by_source = counts.drop_duplicates("component").set_index("component")["source"]
    first = pd.Series(path.to_numpy()).groupby(component).min()
    chosen = by_source.reindex(first.index).fillna(first)
    # Two components never share a name: those of equal sources are one
    return pd.Series(chosen.loc[component].to_numpy())


def near_pictures(
    hashes: pd.Series, distance: int, max_comparisons: int = 5_000_000_000
) -> tuple[Places, Places]:
    """Find pairs of nearly equal pictures, by their perceptual hashes.

    Parameters
    ----------
    hashes : Series of str
        As the manifest has them; of a video those of its frames, joined by commas.
    distance : int
        Bits of 256 that may differ; of videos on average over the frames that both have, and these
        must be half of the longer one's.
    max_comparisons : int
        With more pairs than these, each is compared with as many followers as that leaves.

    Returns
    -------
    i, j : ndarray of int
        Places of the two of each pair.

    Examples
    --------
    >>> i, j = near_pictures(pd.Series(["0" * 64, "", "0" * 63 + "1", "f" * 64]), 31)
    >>> list(zip(i.tolist(), j.tolist()))
    [(0, 2)]
    """
    words, there = _words(hashes)
    counts = there.sum(axis=1)
    n = len(words)
    reach = n if n * (n - 1) // 2 <= max_comparisons else max(1, max_comparisons // n)
    found: list[tuple[Places, Places]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    step = max(1, min(_CELLS // max(n, 1), reach))
    for start in range(0, n, step):
        stop = min(start + step, n)
        rows, others = slice(start, stop), slice(start, min(stop + reach, n))
        differing = np.zeros((stop - start, others.stop - start), np.int32)
        common = np.zeros_like(differing)
        for frame in range(words.shape[1]):
            both = there[rows, None, frame] & there[None, others, frame]
            bits = np.bitwise_count(words[rows, None, frame] ^ words[None, others, frame])
            differing += bits.sum(axis=2, dtype=np.int32) * both
            common += both
        longer = np.maximum(counts[rows, None], counts[None, others])
        ahead = np.arange(start, others.stop)[None, :] - np.arange(start, stop)[:, None]
        near = (common > 0) & (2 * common >= longer) & (differing <= distance * common)
        near &= (ahead > 0) & (ahead <= reach)
        i, j = np.nonzero(near)
        found.append((i + start, j + start))
    i, j = (np.concatenate(side) for side in zip(*found, strict=True))
    return i, j


def _words(hashes: pd.Series) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """All hashes, shape (items, frames, 4), and which of them are there, shape (items, frames)."""
    frames = [text.split(",") for text in hashes]
    width = max((len(own) for own in frames), default=1)
    words = np.zeros((len(frames), width, _WORDS), np.uint64)
    there = np.zeros((len(frames), width), bool)
    for item, own in enumerate(frames):
        for place, text in enumerate(own):
            if text:
                words[item, place] = np.frombuffer(bytes.fromhex(text), np.uint64)
                there[item, place] = True
    return words, there
