"""What extraction itself costs at 10^4, 10^5 and 10^6 rows: memory flat, time linear from 10^4.

Nothing is decoded and nothing computed: a stub stands for the decoder (it gives back four grey
pixels), for the network (512 numbers that are the row's own) and for the comparison of a file
with its hash; all rows name one empty file. What remains is `extract` as it is: the manifest, the
stream with its threads, batches and windows, the store and its shards. Each size has a process of
its own; its memory is what it took beyond the manifest, which the caller holds. `--largest 100000`
ends earlier.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import torch
from bench_store import memory_mib

from harmlib.features import vector_stream
from harmlib.features.extraction import Unchanged, extract
from harmlib.features.store import FeatureStore
from harmlib.params import FeatureParams

SIZES = (10_000, 100_000, 1_000_000)
DIM = 512


class StubEngine:
    """Its own backbone too: what costs nothing, and gives every unit another vector."""

    name, batch_size = "clip", 64

    def __init__(self):
        self.backbone = self
        self.computed = 0

    def prepare(self, frames):
        """As a backbone."""
        return torch.zeros((len(frames), 4), dtype=torch.uint8)

    def start(self, batch):
        """As an engine."""
        first = self.computed
        self.computed += len(batch)
        return lambda: np.arange(first, self.computed, dtype=np.float32)[:, None]

    def pool(self, rows):
        """As a backbone."""
        return np.full(DIM, rows[0, 0], np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rows:
        print(json.dumps(measure(given.rows)))
        return
    print(
        f"{'rows':>10}{'seconds':>10}{'processor':>11}{'a row':>10}{'memory':>12}{'manifest':>14}"
    )
    for rows in [size for size in SIZES if size <= given.largest]:
        command = [sys.executable, __file__, "--rows", str(rows)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        each = found["processor"] / rows * 1e6
        print(
            f"{rows:>10,}{found['seconds']:10.1f}{found['processor']:11.1f}{each:7.0f} µs"
            f"{found['mib']:8,.0f} MiB{found['manifest']:10,.0f} MiB",
            flush=True,
        )


def measure(rows):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as root:
        file = Path(root, "one.jpg")
        file.touch()
        before = memory_mib("VmRSS")
        items = manifest(rows, file)
        held = memory_mib("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
        store = FeatureStore(Path(root), "clip", {})
        began, used = time.perf_counter(), time.process_time()
        with (
            mock.patch.object(vector_stream, "load_image", grey),  # a Mock would keep its calls
            mock.patch.object(Unchanged, "complaint", unread),
        ):
            unusable = extract(items, {"clip": StubEngine()}, {"clip": store}, FeatureParams())
        seconds, processor = time.perf_counter() - began, time.process_time() - used
        peak = memory_mib("VmHWM")
        assert unusable.empty
        some = items["sha256"][:: max(1, rows // 1000)]
        assert len(np.unique(store.load(some), axis=0)) == len(some)
    return {
        "seconds": seconds,
        "processor": processor,
        "mib": peak - held,
        "manifest": held - before,
    }


def manifest(rows, file):
    hashes = (hashlib.sha256(str(i).encode()).hexdigest() for i in range(rows))
    return pd.DataFrame(
        {
            "item_id": pd.array([f"folder/{i:07}.jpg" for i in range(rows)], "str"),
            "path": pd.array([str(file)] * rows, "str"),
            "modality": "image",
            "sha256": pd.array(list(hashes), "str"),
            "duration_sec": 0.0,
        }
    )


def grey(*_, **__):
    """As `load_image` of any file."""
    return np.full((2, 2, 3), 9)


def unread(checked, window):
    """As `Unchanged.complaint` of a file that is what its hash says, without reading it."""
    checked.before.pop(window.key)
    return "", False


if __name__ == "__main__":
    main()
