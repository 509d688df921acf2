"""Which stored vectors tell how alike two files look: those of trained backbones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from harmlib.features.store import FeatureStore, join_features
from harmlib.features.weights import Weights


def trained_vectors(
    stores: Mapping[str, FeatureStore], weights: Mapping[str, Weights], hashes: Iterable[str]
) -> tuple[npt.NDArray[np.float32] | None, str]:
    """Load the vectors of the backbones that were trained.

    Untrained ones spread what they see at random, and one without weights measures something else
    than looks.

    Parameters
    ----------
    stores : mapping of str to FeatureStore
        Backbone name -> store, with a vector of each hash.
    weights : mapping of str to Weights
        Backbone name -> weights.
    hashes : iterable of str
        sha256 of each file.

    Returns
    -------
    vectors : ndarray of float32, shape (n, d), or None
        Side by side, one row per hash; None where no backbone is trained.
    names : str
        Of these backbones, joined by commas.

    Examples
    --------
    >>> trained_vectors({}, {"clip": Weights("untrained", None, None, seed=0)}, ["aa"])
    (None, '')
    """
    trained = [name for name, one in weights.items() if one.kind in ("pretrained", "file")]
    if not trained:
        return None, ""
    vectors, _ = join_features({name: stores[name] for name in trained}, hashes)
    return vectors, ", ".join(trained)
