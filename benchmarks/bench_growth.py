"""Extraction of 100, 1,000 and 10,000 pictures: time should be linear, memory flat.

The pictures of the shared media (else of the demo) are taken again and again under other keys;
CLIP and YOLO at the demo's sizes. `--largest 1000` ends earlier.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from plain_loop import real_params

from harmlib.features.backbones import find_weights, load_backbone
from harmlib.features.device import choose_precision
from harmlib.features.engine import open_engine
from harmlib.features.extraction import extract
from harmlib.features.store import FeatureStore
from harmlib.params import PROJECT_ROOT, load_params

CPU = torch.device("cpu")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=10_000)
    largest = parser.parse_args().largest
    params = load_params(PROJECT_ROOT / "params" / "demo.yaml")
    precision = choose_precision(params.features.precision, CPU)
    engines = {}
    for name in ("clip", "yolo"):
        weights = find_weights(params.features, name, params.artifacts / "weights")
        backbone = load_backbone(params.features, name, weights)
        engines[name] = open_engine(backbone, CPU, precision, params.artifacts / "compiled")
    root = real_params().data.root
    files = [str(root / path) for path in pd.read_csv(root / "images.csv")["path"]]
    for count in [n for n in (100, 1_000, 10_000) if n <= largest]:
        items = pd.DataFrame(
            {
                "path": [files[i % len(files)] for i in range(count)],
                "modality": "image",
                "sha256": [f"{i:064x}" for i in range(count)],
                "duration_sec": 0.0,
            }
        )
        with tempfile.TemporaryDirectory() as folder:
            stores = {name: FeatureStore(Path(folder), name, {}) for name in engines}
            start = time.perf_counter()
            unusable = extract(items, engines, stores, params.features)
            seconds = time.perf_counter() - start
        assert unusable.empty
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{count:>7,} pictures {seconds:8.1f} s  {seconds / count * 1000:6.1f} ms each  "
              f"peak memory {peak:,.0f} MiB", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
