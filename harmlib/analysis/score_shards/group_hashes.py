"""A hash of each row's group, by the bytes of its name: the same in every shard."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from harmlib.analysis.own_scores.labels import as_texts
from harmlib.analysis.score_shards.counts import Hashes

_WORD = 8  # bytes that are mixed at a time


def hashes(column: pa.Array, alone: Hashes) -> Hashes:
    """Return a hash of each row's group.

    Parameters
    ----------
    column : pyarrow.Array
        The groups; a number and its text are the same group.
    alone : ndarray of uint64, shape (n,)
        For rows without a group, which are groups of their own.

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> found = hashes(pa.array(["7", None, "7"]), np.array([1, 2, 3], np.uint64))
    >>> bool(found[0] == found[2] == hashes(pa.array([7]), found[:1])[0]), int(found[1])
    (True, 2)
    """
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = column.dictionary
    if pa.types.is_integer(words.type) or pa.types.is_large_string(words.type):
        words = words.cast(pa.string())
    if not pa.types.is_string(words.type):
        words = pa.array(as_texts(words.to_pandas()).tolist(), pa.string())
    empty = np.append(np.diff(_offsets(words)) == 0, True)
    codes = column.indices.fill_null(len(words)).to_numpy()
    of_rows = np.append(text_hashes(words), np.uint64(0))[codes]
    return np.where(empty[codes], alone, of_rows)


def rows_alone(file: str, first: int, count: int) -> Hashes:
    """Return a hash of each row by its place, for rows that belong to no group.

    Parameters
    ----------
    file : str
        The shard's name.
    first : int
        Number of the first row.
    count : int

    Returns
    -------
    ndarray of uint64, shape (count,)

    Examples
    --------
    >>> bool(rows_alone("a", 1, 2)[1] == rows_alone("a", 2, 1)[0])
    True
    """
    (start,) = text_hashes(pa.array([file]))
    return _mixed(np.arange(first, first + count, dtype=np.uint64) + start)


def text_hashes(texts: pa.StringArray) -> Hashes:
    """Hash texts, eight bytes at a time.

    Parameters
    ----------
    texts : pyarrow.StringArray
        Without missing ones.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Of their bytes; equal for equal texts, on every machine.

    Examples
    --------
    >>> one, two, three = text_hashes(pa.array(["clip 1", "clip 2", "clip 1"])).tolist()
    >>> one == three, one == two
    (True, False)
    """
    offsets = _offsets(texts)
    starts, left = offsets[:-1], np.diff(offsets)
    held = texts.buffers()[2]
    data = np.append(np.frombuffer(held or b"", np.uint8), np.zeros(_WORD, np.uint8))
    # Eight bytes from any byte on, as one number
    words = np.ndarray((len(data) - _WORD + 1,), "<u8", data, strides=(1,))
    found = left.astype(np.uint64)
    for _ in range(-(-int(left.max(initial=0)) // _WORD)):
        at = np.flatnonzero(left > 0)
        word = words[starts[at]]
        short = np.flatnonzero(left[at] < _WORD)
        bits = (_WORD * left[at[short]]).astype(np.uint64)
        word[short] &= (np.uint64(1) << bits) - np.uint64(1)
        found[at] = _mixed(found[at] ^ word)
        starts, left = starts + _WORD, left - _WORD
    return found


def _offsets(texts: pa.StringArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where each text begins in the bytes, and where the last one ends."""
    if not len(texts):
        return np.zeros(1, np.int64)
    all_of_them = np.frombuffer(texts.buffers()[1], np.int32)
    return all_of_them[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)


def _mixed(values: Hashes) -> Hashes:
    """Spread the bits of each number (Steele, Lea & Flood 2014, OOPSLA: SplitMix64)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
