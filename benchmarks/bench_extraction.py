"""Extraction against a plain loop and against the networks alone: run this without arguments.

Files go in rounds. Each round goes through all three in turn, so a machine that slows down slows
all of them: the ratios hold even where the seconds don't. `--videos`, `--images` and `--rounds`
set how many media are used: those of params/real.yaml if they are there, else the demo's.
At the end each stage runs on its own, to show where the time goes.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from plain_loop import PlainLoop, real_params

from harmlib.features.backbones import backbone_names, find_weights, load_backbone
from harmlib.features.device import choose_device, choose_precision, device_label
from harmlib.features.engine import open_engine
from harmlib.features.extraction import extract
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import Window, decode_window, prepare_window
from harmlib.media.decode import load_image
from harmlib.media.probe import probe


class Stopwatch(dict):
    """Seconds under names, added up."""

    def __call__(self, name, work, *args):
        """Do `work`, and add its seconds to those under `name`."""
        start = time.perf_counter()
        result = work(*args)
        self[name] = self.get(name, 0.0) + time.perf_counter() - start
        return result


def listed(root, modality, count):
    """`count` files spread evenly over all, with the facts that extraction needs."""
    table = pd.read_csv(root / f"{modality}s.csv")
    some = table["path"].iloc[np.linspace(0, len(table) - 1, count).astype(int)].drop_duplicates()
    facts = pd.DataFrame([probe(root / path, modality) for path in some])
    facts["modality"] = modality
    return facts[facts["reason"] == ""].drop_duplicates("sha256").reset_index(drop=True)


def windows_of(items, names):
    return [
        Window(row.sha256, Path(row.path), row.modality, row.duration_sec, tuple(names))
        for row in items.itertuples()
    ]


def one_of(loop, items):
    return getattr(loop, items["modality"].iloc[0])


def in_batches(engine, units):
    for batch in units.split(engine.backbone.batch_size):
        engine.start(batch)()


def compare(items, engines, params, loop, rounds):
    """Seconds of the plain loop, of the extraction, and of the networks on ready tensors."""
    spent, backbones = Stopwatch(), {n: e.backbone for n, e in engines.items()}
    for part in np.array_split(np.arange(len(items)), rounds):
        some = items.iloc[part]
        spent("loop", lambda paths, one: list(map(one, paths)), some["path"], one_of(loop, some))
        with tempfile.TemporaryDirectory() as folder:
            stores = {name: FeatureStore(Path(folder), name, {}) for name in engines}
            unusable = spent("extract", extract, some, engines, stores, params)
        assert unusable.empty
        ready = [prepare_window(one, backbones, params) for one in windows_of(some, engines)]
        for name, engine in engines.items():
            units = torch.cat([tensors[name] for tensors in ready])
            spent("networks", in_batches, engine, units)
    return spent


def breakdown(items, engines, params):
    """Seconds of each stage alone, one after the other."""
    spent, modality = Stopwatch(), items["modality"].iloc[0]
    backbones = {name: engine.backbone for name, engine in engines.items()}
    vectors = {name: {} for name in engines}
    frames_of = {}
    for window in windows_of(items, engines):
        if modality == "image":
            image = spent("decode", load_image, window.path)
            frames_of[window.key] = {name: [image] for name in engines}
        else:
            frames_of[window.key] = spent("decode", decode_window, window, backbones, params)
    for name, backbone in backbones.items():
        ready = [
            spent(f"prepare {name}", backbone.prepare, frames[name])
            for frames in frames_of.values()
        ]
        units = torch.cat(ready)
        batches = units.split(backbone.batch_size)
        waiting = [spent(f"{name} network", engines[name].start, batch) for batch in batches]
        rows = np.concatenate([spent(f"{name} finish", finish) for finish in waiting])
        start = 0
        for key, tensor in zip(frames_of, ready, strict=True):
            vectors[name][key] = backbone.pool(rows[start : start + len(tensor)])
            start += len(tensor)
    with tempfile.TemporaryDirectory() as folder:
        for name, found in vectors.items():
            spent("write", FeatureStore(Path(folder), name, {}).add, found)
    return spent


def report(modality, items, engines, params, loop, rounds):
    for engine in engines.values():  # the first batch allocates
        engine.start(torch.zeros(engine.backbone.batch_size, *engine.backbone.unit_shape).byte())()
    spent = compare(items, engines, params, loop, rounds)
    count = len(items)
    print(f"\n{count} {modality}s, {rounds} rounds")
    for name in ("loop", "extract", "networks"):
        print(f"  {name:<9} {spent[name]:8.1f} s   {count / spent[name]:7.2f} a second")
    print(f"  extraction against the plain loop   {spent['loop'] / spent['extract']:.2f}x")
    print(f"  extraction against the networks alone {spent['networks'] / spent['extract']:.2f}")
    alone = breakdown(items.iloc[:: max(1, rounds)], engines, params)
    total = sum(alone.values())
    print("  each stage alone: " + ", ".join(f"{k} {v / total:.1%}" for k, v in alone.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=24)
    parser.add_argument("--images", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", help="fp32, bf16 or fp16; else that of the params")
    options = parser.parse_args()
    run = real_params()
    params, device = run.features, choose_device(options.device)
    precision = choose_precision(options.precision or params.precision, device)
    print(f"{platform.platform()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
          f"{device_label(device)}, {precision}; media of {run.run}")  # fmt: skip
    for modality, count in (("image", options.images), ("video", options.videos)):
        engines = {}
        for name in backbone_names(params, modality):
            weights = find_weights(params, name, run.artifacts / "weights")
            start = time.perf_counter()
            backbone = load_backbone(params, name, weights)
            built = time.perf_counter()
            engines[name] = open_engine(backbone, device, precision, run.artifacts / "compiled")
            print(f"{name}: built in {built - start:.1f} s, "
                  f"engine opened in {time.perf_counter() - built:.1f} s")  # fmt: skip
        loop = PlainLoop(params, modality, run.artifacts / "weights")
        items = listed(run.data.root, modality, count)
        report(modality, items, engines, params, loop, options.rounds)


if __name__ == "__main__":
    main()
