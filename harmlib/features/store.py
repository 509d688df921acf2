"""The feature store: one vector for each file content and backbone setting, on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd


class FeatureStore:
    """Vectors of one backbone under one set of settings, as parquet parts in a folder.

    The folder's name carries a hash of `settings`, which must name everything that changes a
    vector (weights, sampling, image size, precision, …); vectors are keyed by the sha256 of the
    media file's content. Parts hold the columns sha256 and vector, and are only ever added.
    """

    def __init__(self, root: Path, backbone: str, settings: dict) -> None:
        text = json.dumps(settings, sort_keys=True, ensure_ascii=False)
        self.settings = settings
        self.backbone = backbone
        self.dir = root / f"{backbone}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        self._settings_text = text

    def missing(self, hashes: Iterable[str]) -> list[str]:
        """The distinct hashes that have no vector yet, in their order."""
        have = set(self._read(["sha256"])["sha256"])
        return [sha for sha in dict.fromkeys(hashes) if sha not in have]

    def add(self, vectors: dict[str, np.ndarray]) -> None:
        """Write {sha256: (dim,) float32 vector} as one new part; whole or not at all."""
        if not vectors:
            return
        self.dir.mkdir(parents=True, exist_ok=True)
        (self.dir / "settings.json").write_text(self._settings_text, encoding="utf-8")
        table = pd.DataFrame({"sha256": list(vectors), "vector": list(vectors.values())})
        name = hashlib.sha256("".join(vectors).encode()).hexdigest()[:16]
        part = self.dir / f"{name}.{os.getpid()}.tmp"
        table.to_parquet(part)
        part.replace(self.dir / f"part-{name}.parquet")

    def load(self, hashes: Iterable[str]) -> np.ndarray:
        """The vectors of `hashes`, in their order, as (n, dim) float32.

        Raises KeyError, with a count and an example, for hashes that were never extracted.
        """
        hashes = list(hashes)
        table = self._read(["sha256", "vector"]).drop_duplicates("sha256").set_index("sha256")
        lacking = [sha for sha in hashes if sha not in table.index]
        if lacking:
            raise KeyError(
                f"{self.backbone}: {len(lacking)} of {len(hashes)} items have no vector in "
                f"{self.dir} (first: {lacking[0][:12]}…); run 01_extract_features for this data"
            )
        return np.stack(table["vector"].loc[hashes].to_list()).astype(np.float32)

    def _read(self, columns: list[str]) -> pd.DataFrame:
        parts = sorted(self.dir.glob("part-*.parquet"))
        if not parts:
            return pd.DataFrame(columns=columns)
        return pd.concat([pd.read_parquet(part, columns=columns) for part in parts])


def join_features(
    stores: dict[str, FeatureStore], hashes: Iterable[str]
) -> tuple[np.ndarray, dict[str, int]]:
    """The vectors of all backbones side by side, (n, sum of dims), and the length of each."""
    hashes = list(hashes)
    blocks = {name: store.load(hashes) for name, store in stores.items()}
    return np.hstack(list(blocks.values())), {name: b.shape[1] for name, b in blocks.items()}
