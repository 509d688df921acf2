"""When two items look alike: by their perceptual hashes, or by the vectors of trained backbones.

Both are rows of a matrix whose products measure likeness, so that one search serves both
(`harmlib.analysis.near_duplicates`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

BITS = 256  # of a hash
_CHUNK = 8192  # pairs that are measured at once

Matrix = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rule:
    """By which measure two items are nearly the same.

    Attributes
    ----------
    name : {"hash", "cosine"}
    rows : ndarray of float32, shape (n, d)
        Of an item that can't be compared, zeros. The product of two rows measures likeness.
    threshold : float
        As the params have it: bits, or a cosine.
    frames : ndarray of float32, shape (n, f), or None
        1 where the item has a hash of that frame; None for the rule "cosine".
    """

    name: str
    rows: Matrix
    threshold: float
    frames: Matrix | None = None

    @property
    def comparable(self) -> npt.NDArray[np.bool_]:
        """Which items can be compared, shape (n,)."""
        return np.asarray((self.frames if self.frames is not None else self.rows).any(axis=1))

    def near(self, a: slice, b: slice) -> tuple[Ints, Ints, Matrix]:
        """Return the near pairs of two blocks: rows of `a`, rows of `b`, and how alike they are."""
        products = self.rows[a] @ self.rows[b].T
        if self.frames is None:
            i, j = np.nonzero(products >= self.threshold)
            return i, j, products[i, j]
        if self.frames.shape[1] == 1:  # zeros, of what has no hash, lie below
            i, j = np.nonzero(products >= BITS - 2 * self.threshold)
            return i, j, np.asarray(products[i, j] / BITS, np.float32)
        common = self.frames[a] @ self.frames[b].T
        own, other = self.frames[a].sum(axis=1), self.frames[b].sum(axis=1)
        enough = (common > 0) & (2 * common >= np.maximum(own[:, None], other[None, :]))
        i, j = np.nonzero(enough & (products >= common * (BITS - 2 * self.threshold)))
        alike: Matrix = np.asarray(products[i, j] / (BITS * common[i, j]), np.float32)
        return i, j, alike

    def measured(self, i: Ints, j: Ints) -> npt.NDArray[np.float64]:
        """Return the distance in bits, or the cosine, of pairs; NaN where one can't be compared."""
        found = np.full(len(i), np.nan)
        for start in range(0, len(i), _CHUNK):
            part = slice(start, start + _CHUNK)
            a, b = i[part], j[part]
            value = np.einsum("ij,ij->i", self.rows[a], self.rows[b]).astype(float)
            if self.frames is not None:
                common = np.einsum("ij,ij->i", self.frames[a], self.frames[b])
                with np.errstate(invalid="ignore"):
                    value = (BITS - value / np.where(common > 0, common, np.nan)) / 2
            can = self.comparable[a] & self.comparable[b]
            found[part] = np.where(can, value, np.nan)
        return found


def hash_rule(hashes: pd.Series, distance: int) -> Rule:
    """Make the rule of perceptual hashes.

    Parameters
    ----------
    hashes : Series of str
        Hexadecimal digits; of a video those of its frames, joined by commas. Empty: none.
    distance : int
        Bits of 256 in which hashes of the same picture may differ.

    Returns
    -------
    Rule

    Examples
    --------
    >>> rule = hash_rule(pd.Series(["0" * 64, "0" * 63 + "1", ""]), 31)
    >>> rule.measured(np.array([0, 0]), np.array([1, 2])).tolist()
    [1.0, nan]
    """
    frames = [text.split(",") for text in hashes]
    width = max((len(own) for own in frames), default=1)
    signs = np.zeros((len(frames), width, BITS), np.float32)
    for signs_of_item, own in zip(signs, frames, strict=True):
        for place, text in enumerate(own):
            if text:
                bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8))
                signs_of_item[place] = bits * 2.0 - 1.0
    known: Matrix = np.asarray(signs.any(axis=2), np.float32)
    return Rule("hash", signs.reshape(len(frames), -1), float(distance), known)


def cosine_rule(vectors: npt.NDArray[np.float32], cosine: float) -> Rule:
    """Make the rule of vectors.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        As the backbones made them.
    cosine : float
        The least cosine of standardised vectors of nearly the same content.

    Returns
    -------
    Rule

    Examples
    --------
    >>> rule = cosine_rule(np.float32([[1, 9], [2, 9], [5, 1], [5, 2]]), 0.9)
    >>> rule.measured(np.array([0, 0]), np.array([1, 2])).round(2).tolist()
    [0.96, -0.98]
    """
    spread = vectors.std(axis=0)
    rows = (vectors - vectors.mean(axis=0)) / np.where(spread > 0, spread, 1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return Rule("cosine", (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32), cosine)
