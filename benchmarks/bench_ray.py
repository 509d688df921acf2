"""Extraction on Ray against extraction here: overhead, workers, deaths, and many rows.

    python benchmarks/bench_ray.py                       everything
    python benchmarks/bench_ray.py overhead workers      some of it
    python benchmarks/bench_ray.py growth --rows 1000000

Every job is a process of its own. Times are those of a large job less those of a small one, so that
starting (Ray, imports, networks) is in neither; they are of the clock: nothing else should run.
Pictures are drawn. overhead and workers compute with CLIP ViT-B/32 (seeded weights); deaths and
growth with a stub that averages colours, over pictures of 8 x 8 pixels, so that what is measured is
everything but networks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch
from PIL import Image

from harmlib.features.backbones import find_weights, load_backbone
from harmlib.features.clip import ClipBackbone
from harmlib.features.engine import TorchEngine, open_engine
from harmlib.features.extraction import extract
from harmlib.features.ray_cluster import Workers, plan_workers
from harmlib.features.ray_extraction import ParamsOpener, extract_on_ray
from harmlib.features.store import FeatureStore
from harmlib.params import ClipParams, FeatureParams

PARTS = ("overhead", "workers", "deaths", "growth")
CPU = torch.device("cpu")
PARAMS = FeatureParams(clip=ClipParams(weights="untrained"))
ITEMS = 2000


@dataclass(frozen=True)
class StubOpener:
    """The mean colour of a picture."""

    on_gpu = False

    def backbones(self) -> dict[str, Any]:
        """The stub."""
        return {"clip": StubBackbone()}

    def engine(self, backbone: Any, threads: int) -> TorchEngine:  # noqa: ARG002
        """Torch, which needs no conversion."""
        return TorchEngine(backbone, CPU, torch.float32)


class StubBackbone(ClipBackbone):
    """In CLIP's place."""

    def __init__(self) -> None:
        self.batch_size, self.unit_shape, self.key = 32, (8, 8, 3), "stub"
        self.network = torch.nn.Identity()

    def prepare(self, frames: list[np.ndarray]) -> torch.Tensor:
        """Pictures as they are."""
        return torch.from_numpy(np.stack(frames))

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The mean of each colour."""
        return (batch.float().mean(dim=(1, 2)),)

    def finish(self, *outputs: torch.Tensor) -> torch.Tensor:
        """Nothing is left to do."""
        return outputs[0]


def draw(folder: Path, count: int, width: int, height: int) -> pd.DataFrame:
    """So many pictures, no two alike, and their manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(count):
        path = folder / f"{i}.png"
        small = np.random.default_rng(i).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(small)
        if (width, height) != picture.size:
            picture, path = picture.resize((width, height)), path.with_suffix(".jpg")
        picture.save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append((str(path), "image", digest, 0.0))
    return pd.DataFrame(rows, columns=["path", "modality", "sha256", "duration_sec"])


def run_job(spec: dict[str, Any]) -> None:
    """One extraction, in this process; prints seconds and peak memory."""
    items = pd.read_parquet(spec["items"]).head(spec["count"])
    stores = {"clip": FeatureStore(Path(spec["store"]), "clip", {})}
    cache = Path(spec["cache"])
    weights = {"clip": find_weights(PARAMS, "clip", cache)}
    stub = spec.get("stub", False)
    opener = StubOpener() if stub else ParamsOpener(PARAMS, weights, CPU, torch.float32, cache)
    start = time.perf_counter()
    if spec["engine"] == "local":
        torch.set_num_threads(os.cpu_count() or 1)
        backbone = StubBackbone() if stub else load_backbone(PARAMS, "clip", weights["clip"])
        engine = (
            opener.engine(backbone, 0)
            if stub
            else open_engine(backbone, CPU, torch.float32, cache / "compiled")
        )
        extract(items, {"clip": engine}, stores, PARAMS)
    else:
        workers = Workers(**spec["workers"]) if "workers" in spec else None
        extract_on_ray(items, opener, stores, PARAMS, workers=workers)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak}))


def started(spec: dict[str, Any], **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, "--job", json.dumps(spec)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def finished(spec: dict[str, Any]) -> dict[str, float]:
    job = started(spec)
    memory: Counter[str] = Counter()
    stop = threading.Event()
    threading.Thread(target=watch, args=(memory, stop), daemon=True).start()
    out, _ = job.communicate()
    stop.set()
    if job.returncode:
        raise SystemExit(f"the job failed: {spec}")
    return json.loads(out.splitlines()[-1]) | {"worker": memory["worker"] / 1024}


def watch(memory: Counter[str], stop: threading.Event) -> None:
    """The largest resident memory of any of Ray's processes, in KiB."""
    while not stop.wait(2):
        listed = subprocess.run(["ps", "-eo", "rss,args"], capture_output=True, text=True)
        for line in listed.stdout.splitlines():
            if "ray::" in line:
                memory["worker"] = max(memory["worker"], int(line.split()[0]))


class Bench:
    """Where the parts of this benchmark keep their files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stores = folder, 0

    def manifest(self, name: str, count: int, width: int, height: int) -> str:
        """So many drawn pictures, once."""
        path = self.folder / f"{name}.parquet"
        if not path.exists() or len(pq.read_table(path)) < count:
            draw(self.folder / name, count, width, height).to_parquet(path)
        return str(path)

    def spec(self, items: str, count: int, engine: str, **more: Any) -> dict[str, Any]:
        """What a job is told."""
        self.stores += 1
        store = str(self.folder / f"store{os.getpid()}-{self.stores}")
        cache = str(self.folder / "cache")
        return {
            "items": items, "count": count, "engine": engine, "store": store, "cache": cache, **more
        }  # fmt: skip

    def net(self, items: str, engine: str, **more: Any) -> float:
        """Seconds that `ITEMS` take, beside starting."""
        small = finished(self.spec(items, ITEMS // 10, engine, **more))["seconds"]
        large = finished(self.spec(items, ITEMS + ITEMS // 10, engine, **more))["seconds"]
        print(f"  {engine} {more}: {ITEMS:,} items {large - small:.1f} s, start {small:.1f} s")
        return large - small

    def overhead(self) -> None:
        """Ray with one worker against this machine."""
        items = self.manifest("pictures", ITEMS + ITEMS // 10, 640, 480)
        finished(self.spec(items, 8, "local"))  # converts the network
        here = self.net(items, "local")
        there = self.net(items, "ray")
        print(f"overhead: Ray / local {there / here:.2f} (goal: at most 1.15)")

    def workers(self) -> None:
        """Two workers against one."""
        items = self.manifest("pictures", ITEMS + ITEMS // 10, 640, 480)
        finished(self.spec(items, 8, "local"))
        one = self.net(items, "ray", workers=_workers(1))
        two = self.net(items, "ray", workers=_workers(2))
        print(f"workers: one / two {one / two:.2f} (goal: at least 1.8)")

    def deaths(self, count: int = 2000) -> None:
        """A node of three is killed in the middle, then the driver; a new one does the rest."""
        os.environ |= {
            "RAY_idle_worker_killing_time_threshold_ms": "60000"
        }  # as docs/scale.md says
        from ray.cluster_utils import Cluster

        items = self.manifest("tiny", count, 8, 8)
        spec = self.spec(items, count, "ray", stub=True)
        store = FeatureStore(Path(spec["store"]), "clip", {})
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
        job = started(spec, RAY_ADDRESS=cluster.address)
        _wait(job, store, count // 5)
        cluster.remove_node(nodes[0], allow_graceful=False)
        at_death = len(_kept(store))
        _wait(job, store, max(count // 2, at_death + 1))
        job.kill()
        job.wait()
        left = len(_kept(store))
        again = started(spec, RAY_ADDRESS=cluster.address)
        again.communicate()
        cluster.shutdown()
        kept = Counter(_kept(store))
        wanted = set(pd.read_parquet(items)["sha256"].head(count))
        lost, doubled = len(wanted - set(kept)), sum(n - 1 for n in kept.values())
        print(
            f"deaths: a node killed at {at_death:,} of {count:,} items, the driver at {left:,}; "
            f"then {lost} lost, {doubled} doubled (goal: 0 and 0)"
        )

    def growth(self, rows: int) -> None:
        """Ten times the rows."""
        items = self.manifest("tiny", rows, 8, 8)
        for engine in ("local", "ray"):
            base = None
            for count in (rows // 10, rows):
                found = finished(self.spec(items, count, engine, stub=True))
                rate = count / found["seconds"]
                base = base or (found["seconds"], found["peak"])
                times, more = found["seconds"] / base[0], found["peak"] / base[1]
                print(
                    f"growth, {engine}: {count:,} rows {found['seconds']:.1f} s ({rate:,.0f}/s), "
                    f"driver {found['peak']:,.0f} MiB, largest worker {found['worker']:,.0f} MiB; "
                    f"time x{times:.1f}, memory x{more:.2f} (goal: x10 and x1)"
                )


def _workers(count: int) -> dict[str, Any]:
    """So many with one thread each, and a process that decodes for each."""
    return vars(plan_workers([{"CPU": 1}] * count, on_gpu=False)) | {"decoders": count}


def _kept(store: FeatureStore) -> list[str]:
    if not store.dir.exists():
        return []
    parts = [pq.read_table(p, columns=["sha256"]) for p in store.dir.rglob("*.parquet")]
    return [sha256 for part in parts for sha256 in part["sha256"].to_pylist()]


def _wait(job: subprocess.Popen[str], store: FeatureStore, count: int) -> None:
    while len(_kept(store)) < count:
        if job.poll() is not None:
            raise SystemExit("the job ended before anything was killed; give it more items")
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--rows", type=int, default=100_000, help="of the larger manifest")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        run_job(json.loads(options.job))
        return
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start")
    with tempfile.TemporaryDirectory(prefix="bench-ray-") as folder:
        bench = Bench(Path(folder))
        for part in options.parts or PARTS:
            getattr(bench, part)(*([options.rows] if part == "growth" else []))


if __name__ == "__main__":
    main()
